"""Laws that are asked of a run after it has ended say what they said in the run."""

import dataclasses

import pytest

from distsys import Simulator, simulate, systems
from distsys.core.laws import ALWAYS, law
from distsys.drivers.judged import judged


def bare(trace):
    """Return a run that nobody has judged."""
    return dataclasses.replace(trace, header=dataclasses.replace(trace.header, laws=()), violations=())


@pytest.mark.parametrize(
    ("mutant", "seeds"), [("RAFT-02", 40), ("RAFT-09", 40), ("RAFT-12", 40), (None, 10)], ids=str
)
def test_the_first_broken_law_is_the_one_of_the_run(mutant, seeds):
    laws = tuple(one for one in systems.build("raft").laws if one.when == ALWAYS)
    broken = 0
    for seed in range(seeds):
        run = simulate("raft", seed, mutant=mutant, laws=laws, settle=0)
        again = judged(bare(run))
        assert again.violation == run.violation
        assert again.header.laws == tuple(one.name for one in laws)
        broken += run.violation is not None
    assert (broken > 0) == (mutant is not None)


def test_a_law_sees_what_clients_asked_and_what_nodes_said():
    seen = []

    @law("look", "It looks.")
    def look(world):
        seen.append((dict(world.asked), {name: list(said) for name, said in world.outputs.items()}, world.at))

    run = Simulator(systems.build("raft", nodes=3), 1, laws=()).run()
    judged(run, (look,))
    assert len(seen) == len(run)
    asked, outputs, at = seen[-1]
    assert {name: tuple(said) for name, said in outputs.items()} == run.outputs()
    assert sum(map(len, asked.values())) == sum(step.kind == "invoke" for step in run)
    assert at == run.steps[-1].at
