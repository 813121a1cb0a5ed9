"""The lines that make a run again: what they look like, and what they say where there are none."""

import importlib
import json
import pkgutil
import subprocess
import sys
from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from distsys import lab
from distsys.core import EMPTY, MS, ArgumentTypeError, Dice, Log, Map, Node, S, Trace, law, record, systems
from distsys.core.systems import Request, System, alike
from distsys.drivers import After, Crash, Cut, Heal, Simulator, fork, link, simulate
from distsys.lab.scenarios import overtaking_reply
from distsys.views import play
from distsys.views.reproduce import code_of
from distsys.views.source import Writer, written


@record
class Colour(Enum):
    RED = 1


class Outer:
    @record
    class Box:
        inside: Any
        at: int = 7  # no time: only faults and delays hold times


class Quiet(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)


systems.register(
    System(
        "unit-reproduced", "does nothing", {"process": Quiet}, alike(), (),
        options={"seed": 5, "box": EMPTY, "on": True},
    )
)  # fmt: skip


def run_of(code):
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope["trace"]


def test_what_a_run_took_by_default_is_left_out():
    assert code_of(simulate("lamport-clock", seed=7)) == (
        'from distsys import simulate\ntrace = simulate("lamport-clock", seed=7)'
    )


def test_a_run_without_faults_says_so_and_times_have_units():
    trace = simulate("lamport-clock", seed=7, faults=False, nodes=4, until=1500 * MS, settle=2 * S)
    assert code_of(trace) == (
        "from distsys import MS, S, simulate\n"
        'trace = simulate("lamport-clock", seed=7, nodes=4, faults=False, until=1500 * MS, settle=2 * S)'
    )


def test_what_does_not_fit_stands_on_a_line_of_its_own_or_on_several():
    trace = simulate("causal-broadcast", 1, faults=False, until=60 * MS, settle=1500 * MS, steps_max=2000)
    assert (
        code_of(trace)
        == """\
from distsys import MS, simulate
trace = simulate(
    "causal-broadcast", seed=1, faults=False, until=60 * MS, settle=1500 * MS, steps_max=2000
)"""
    )
    script = [Cut(n * MS, "n1", "n2") for n in range(1, 9)]
    code = code_of(Simulator(systems.build("lamport-clock"), script=script, until=50 * MS).run())
    assert code.count("\n        Cut(") == 8


def test_a_mutant_is_named_and_its_own_options_are_left_out():
    # Where a seed draws options (`variants`), those are named, too.
    mutant = next(m for m in systems.mutants() if m.options and not systems.find(m.system).variants)
    code = code_of(simulate(mutant.system, seed=1, mutant=mutant.id, until=50 * MS, settle=0))
    assert f'simulate("{mutant.system}", seed=1, mutant="{mutant.id}", until=50 * MS, settle=0)' in code


def test_a_run_by_hand_names_all_that_was_chosen_one_thing_a_line():
    assert (
        code_of(overtaking_reply(mutant="CB-01"))
        == """\
from distsys import MS, Simulator, systems
from distsys.algorithms.broadcast_messages import Broadcast
from distsys.core.systems import Request
from distsys.drivers import Cut, link
trace = Simulator(
    systems.build("causal-broadcast", nodes=("ann", "bob", "cyd"), relay=False, mutant="CB-01"),
    seed=1,
    network=link(delay=10 * MS),
    script=[Cut(2 * MS, "ann", "cyd")],
    requests=[
        Request(5 * MS, "ann", Broadcast("Lunch?")),
        Request(22 * MS, "bob", Broadcast("Yes, at one")),
    ],
    until=40 * MS,
    settle=60 * MS,
    stop_on_violation=False,
).run()"""
    )


def test_a_fork_is_a_fork_of_the_run_that_it_comes_from():
    trace = simulate("causal-broadcast", seed=7)
    assert code_of(fork(trace, 12, Crash(0, "n2"))) == (
        "from distsys import simulate\n"
        "from distsys.drivers import Crash, fork\n"
        'trace = fork(simulate("causal-broadcast", seed=7), 12, Crash(0, "n2"))'
    )
    twice = fork(fork(trace, 12, Crash(0, "n2")), 20, Cut(0, "n1", "n3"), Heal(5 * MS))
    assert code_of(twice).count("fork(") == 2
    assert run_of(code_of(twice)).digest() == twice.digest()


def test_what_is_bound_to_the_step_that_stopped_a_run_never_happened_and_is_no_fork():
    broken = overtaking_reply(mutant="CB-01")
    number = broken.violation.step
    cluster = systems.build("causal-broadcast", mutant="CB-01", nodes=broken.header.names, relay=False)
    driver = broken.header.driver
    given = {key: driver[key] for key in ("network", "requests", "until", "settle")}
    trace = Simulator(cluster, 1, script=(After(number, Crash(0, "ann")), *driver["script"]), **given).run()
    assert (trace.ended, trace.violation.step) == ("violation", number)
    code = code_of(trace)
    assert f'After({number}, Crash(0, "ann"))' in code
    assert run_of(code).digest() == trace.digest()


def test_a_run_that_was_judged_by_other_laws_of_its_system_names_them():
    cluster = systems.build("causal-broadcast")
    for laws in ((), cluster.laws[:1], cluster.laws[::-1]):
        trace = Simulator(cluster, laws=laws, until=30 * MS, settle=0).run()
        assert run_of(code_of(trace)).digest() == trace.digest()


def test_an_option_that_simulate_would_take_for_its_own_is_given_to_the_system():
    cluster = systems.build("unit-reproduced", nodes=1, seed=6, box=Map({"a": (1,)}), on=False)
    trace = Simulator(cluster, until=5 * MS).run()
    code = code_of(trace)
    assert 'systems.build("unit-reproduced", box=Map({"a": (1,)}), nodes=1, on=False, seed=6)' in code
    assert run_of(code).digest() == trace.digest()


VALUES = [
    None, True, -3, 2**70, "n1", 'say "no"', "it's", "", b"\x00a", (), (1,), (1, (2, "x")), frozenset(),
    frozenset({"b", "a"}), EMPTY, Map({"a": 1, "b": (Map({3: "x"}),)}), Log(["x", ("y",)]), Log([1], before_index=4),
    Dice(99), Colour.RED, Outer.Box(1), Outer.Box((Colour.RED, Outer.Box(2, at=1000)), at=1 * S),
    link(delay=(1, 2), loss=0.000001, fifo=True, bytes_per_second=9),
    Request(7, "n1", Map({"k": Outer.Box(frozenset({1}))})),
    tuple("a long text number " + str(n) for n in range(20)), Map(dict.fromkeys(range(5), "another long text" * 3)),
]  # fmt: skip


def in_order(value: object) -> str:
    """Return the name of a value in the list of tests, the same in any process: a set has no order."""
    return f"set {sorted(value)}" if isinstance(value, frozenset) else repr(value)[:30]


@pytest.mark.parametrize("value", VALUES, ids=in_order)
def test_every_value_that_a_run_may_hold_is_written_so_that_it_comes_back(value):
    writer = Writer()
    text = "value = " + written(writer.value(value), before=8)
    scope: dict[str, Any] = {}
    exec("\n".join([*writer.imports(), text]), scope)
    assert scope["value"] == value
    assert type(scope["value"]) is type(value)
    assert all(len(line) <= 120 for line in text.splitlines())


def test_two_classes_of_one_name_are_told_apart():
    writer = Writer()
    asked = [("a", "Crash"), ("b", "Crash"), ("c", "trace"), ("a", "Crash")]
    assert [writer.name(*pair) for pair in asked] == ["Crash", "Crash2", "trace2", "Crash"]
    assert writer.imports() == [
        "from a import Crash",
        "from b import Crash as Crash2",
        "from c import trace as trace2",
    ]


def test_what_was_made_in_the_notebook_is_not_imported():
    writer = Writer()
    writer.name("__main__", "Ask")
    assert writer.imports() == []


def test_a_run_that_no_code_makes_is_loaded_from_a_file_and_the_lines_say_why(tmp_path, monkeypatch):
    @law("own", "A law of this test.")
    def own(world):
        return None

    @record
    class Local:
        pass

    judged = Simulator(systems.build("lamport-clock"), laws=[own], until=5 * MS).run()
    plain = Simulator(systems.build("lamport-clock"), until=5 * MS).run()
    real = replace(plain, header=replace(plain.header, driver=Map({"kind": "runtime"})))
    odd = replace(plain, header=replace(plain.header, options=plain.header.options.set("sails", 3)))
    local = Simulator(
        systems.build("unit-reproduced"), requests=[Request(9000, "n1", Local())], until=10, settle=9000
    ).run()
    monkeypatch.chdir(tmp_path)
    for trace, why in (
        (judged, "This run was judged by a law of its own, 'own', that its system does not have"),
        (real, "A run of the driver 'runtime' is not repeated by code"),
        (odd, "This run cannot be made here (lamport-clock has no option 'sails';"),
        (local, "is made in a function, where no import reaches it"),
    ):
        code = code_of(trace)
        assert why in code
        assert code.endswith('trace = replay(Trace.load("run.trace"))')
        trace.save("run.trace")
        if trace is not odd:
            assert run_of(code).digest() == trace.digest()


FRESH = """
import sys
from distsys.core import systems

def fresh():
    for name in [name for name in sys.modules if name.startswith("distsys.lab")]:
        del sys.modules[name]
    for name in set(systems.names()) - set(systems.shipped()):
        del systems._SYSTEMS[name]
"""


def test_the_lines_of_a_run_import_what_makes_its_system_known():
    """Each system of the lab is asked for in a Python that has imported nothing but what the lines import."""
    for module in pkgutil.iter_modules(lab.__path__):
        importlib.import_module(f"distsys.lab.{module.name}")
    made = {
        name: systems.find(name).members.__module__ for name in set(systems.names()) - set(systems.shipped())
    }
    asked = [
        f"fresh(); import {module}; systems.find({name!r})"
        for name, module in sorted(made.items())
        if module.startswith("distsys.lab.")
    ]
    assert len(asked) > 10
    subprocess.run([sys.executable, "-c", "\n".join([FRESH, *asked])], check=True)


def test_a_figure_carries_the_lines_of_each_of_its_runs():
    trace = simulate("lamport-clock", seed=7, until=50 * MS)
    runs = {"one": trace, "other": fork(trace, 3, Crash(0, "n2"))}
    held = json.loads(play(runs, name="fig-x", alt="x").data)["runs"]
    assert [run["code"] for run in held] == [code_of(run) for run in runs.values()]


def test_only_a_trace_has_code():
    with pytest.raises(ArgumentTypeError, match="trace must be a Trace, but it is 5 of type int"):
        code_of(5)


def test_the_lines_come_from_the_trace_alone_also_after_it_was_loaded():
    trace = fork(overtaking_reply(), 9, Crash(0, "bob"))
    assert code_of(Trace.loads(trace.text())) == code_of(trace)
