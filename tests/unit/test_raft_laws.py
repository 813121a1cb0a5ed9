"""The laws of Raft raise no alarm where nothing is wrong: each case is a run, or a seed, that once did."""

import pytest

from distsys import S, simulate, systems
from distsys.checkers import History, linearizable
from distsys.core import Persist
from distsys.core.systems import Request
from distsys.drivers import Crash, Restart, Simulator, Stall, Unstall
from distsys.mutants.raft_found import MUTANTS, PROPOSED, KeepsItsPreVotes, LeasesAfterAHandOver
from distsys.protocols.raft_messages import Propose, Role, Vote
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.raft_transfer import TransferLeadership
from raft_nodes import ask, candidate, fire, hear, settled_leader


def test_what_a_stalled_disk_has_not_taken_was_never_committed():
    """One server alone commits in the step that writes. While its disk stalls, only its memory says so."""
    cluster = systems.build("raft", nodes=1)
    script = (Stall(2 * S, "n1"), Crash(3 * S, "n1"), Unstall(3 * S + 1, "n1"), Restart(3 * S + 2, "n1"))
    requests = (Request(1 * S, "n1", Propose("kept")), Request(2 * S + 1, "n1", Propose("lost")))
    trace = Simulator(cluster, 1, script=script, requests=requests).run()
    cut = [step for step in trace.steps if step.kept < len(step.effects)]
    assert [type(step.effects[step.kept]) for step in cut] == [Persist]
    applied = [value.entry.command for value in trace.outputs()["n1"] if value.entry.command]
    assert applied == ["kept", "kept"]
    assert trace.violations == ()


def test_a_step_that_hung_is_judged_when_it_is_whole():
    cluster = systems.build("raft", nodes=1)
    requests = (Request(2 * S + 1, "n1", Propose("late")),)
    trace = Simulator(cluster, 1, script=(Stall(2 * S, "n1"), Unstall(3 * S, "n1")), requests=requests).run()
    assert "late" in [value.entry.command for value in trace.outputs()["n1"]]
    assert trace.violations == ()


@pytest.mark.parametrize(
    ("system", "seed", "options"),
    [
        ("raft", 20040, {"nodes": 1}),  # what a stalled disk has not taken
        ("raft-kv", 20045, {"nodes": 1}),
        ("raft-members", 20014, {}),  # who leaves must stand
        ("raft-members", 20028, {}),
        ("raft-kv", 20013, {"nodes": 2, "upkeep": 8}),
        ("raft-kv", 20174, {"upkeep": 12, "snapshot_every": 2}),  # the term of who left
        ("raft", 20375, {"nodes": 1}),  # a pause while a step hangs
        ("raft-kv", 20329, {"upkeep": 12, "snapshot_every": 2}),  # a look at the majority across the healing
        ("raft-kv", 20501, {"reads": "lease", "upkeep": 8}),  # a leader that is taken out after the healing
    ],
)
def test_seeds_that_once_failed_keep_every_law(system, seed, options):
    trace = simulate(system, seed, **options)
    assert trace.violations == ()
    if system == "raft-kv":
        assert linearizable(History.of(trace), "key-value")


# The bugs, put back.


def test_put_back_a_new_leader_that_goes_on_to_ask_deposes_itself():
    node = candidate(KeepsItsPreVotes)
    fire(node, "election")
    hear(node, "s2", Vote(1, True))
    assert node.role is Role.LEADER
    hear(node, "s2", PreVote(1, 2, True))
    assert (node.role, node.current_term) == (Role.CANDIDATE, 2)


def test_put_back_a_leader_that_gave_up_to_hand_over_takes_a_lease_again():
    node = settled_leader(LeasesAfterAHandOver, lease=True)
    ask(node, TransferLeadership("s2"), now=20_000)
    fire(node, "transfer", now=320_000)
    node.lease_until = 900_000
    fire(node, "heartbeat", now=350_000)
    assert node.holds_a_lease()


def test_the_rows_of_the_gallery_name_laws_of_their_systems():
    for mutant in (*MUTANTS, *PROPOSED):
        system = systems.find(mutant.system)
        assert mutant.breaks in {"linearizability", *(law.name for law in system.laws)}
        for role, kind in mutant.classes.items():
            assert issubclass(kind, system.classes[role])
