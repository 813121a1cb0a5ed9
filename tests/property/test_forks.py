"""Forks of random runs of every system: the same up to a step, the fault next, and a run as any other."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from determinism import busy
from distsys.core import MS, Trace, systems
from distsys.core.divergence import divergence
from distsys.core.systems import Request
from distsys.core.trace import HANDLED, Step
from distsys.drivers import (
    After,
    ClockStep,
    Crash,
    Cut,
    Partition,
    Pause,
    SetLink,
    Simulator,
    Skew,
    Stall,
    Swarm,
    fork,
    link,
    replay,
    resimulate,
    simulate,
)
from distsys.drivers.faults import DiskFull, Heal, Restart, Wipe

assert busy.BUSY.name == "busy"
SYSTEMS = ("busy", *(name for name in systems.shipped() if name != "peterson"))  # which is for two
NAMES = ("n1", "n2", "n3")
UNTIL, SETTLE = 120 * MS, 60 * MS
NODES = st.sampled_from(NAMES)

RECORDED = {  # kinds of fault that leave a step whatever the state of the node, and the kind of that step
    ClockStep(0, "n1", 5 * MS): "clock",
    Cut(0, "n1", "n2"): "cut",
    Partition(0, (("n2",),)): "partition",
    SetLink(0, "n3", "*", link(delay=1 * MS)): "link",
    Skew(0, "n3", 500): "skew",
}


def run(system: str, seed: int, *, service: int = 0, stop: bool = True) -> Trace:
    cluster = systems.build(system, nodes=3)
    network, script = Swarm(cluster.system.tolerates).draw(cluster.names, seed, UNTIL)
    back = cluster.system.restarts
    return Simulator(
        cluster,
        seed,
        network=network,
        script=[action for action in script if back or not isinstance(action, Restart)],
        until=UNTIL,
        settle=SETTLE,
        service=service,
        stop_on_violation=stop,
    ).run()


RUNS = st.builds(run, st.sampled_from(SYSTEMS), st.integers(0, 400), service=st.sampled_from([0, 0, 3 * MS]))


def before_healing(trace: Trace) -> int:
    """Return the last step of the phase with faults."""
    return next((s.number - 1 for s in trace if s.detail.get("phase") == "settle"), len(trace))


# Which step is meant is drawn as a large number, and not from the steps of the run: what is drawn depends on no run.
PLACES = st.integers(0, 10**6)


def step_at(trace: Trace, place: int) -> int:
    """Return a step of the phase with faults."""
    number = 1 + place % before_healing(trace)
    assume(trace.step(number).at < UNTIL)
    return number


def runs_and_steps() -> Any:
    return st.builds(lambda trace, place: (trace, step_at(trace, place)), RUNS, PLACES)


def begun(steps: Any) -> list[Step]:
    """Return steps without what only later steps decide: how much of one that hung was carried out."""
    return [replace(step, kept=0) for step in steps]


def belongs(step: Step, to: Step) -> bool:
    """Return whether a step only records what an earlier one did at once."""
    return step.at == to.at and (
        step.kind in ("drop", "duplicate", "wipe") or (step.kind == "crash" and step.detail["why"] != "crash")
    )


def check_prefix(trace: Trace, other: Trace, number: int) -> int:
    """Check that two runs are the same up to `number` and what belongs to it; return the first other step."""
    assert begun(trace.steps[:number]) == begun(other.steps[:number])
    place = number
    while (
        place < min(len(trace), len(other))
        and begun([trace[place]]) == begun([other[place]])
        and belongs(trace[place], trace.step(number))
    ):
        place += 1
    return place + 1


@settings(max_examples=250)
@given(runs_and_steps(), st.sampled_from(sorted(RECORDED, key=str)))
def test_a_fork_is_the_same_up_to_its_step_and_the_next_step_is_the_fault(chosen, fault):
    trace, number = chosen
    other = fork(trace, number, fault)
    first = check_prefix(trace, other, number)
    assert other.step(first).kind == RECORDED[fault]
    assert other.step(first).at == trace.step(number).at
    assert not {s.kind for s in other.steps[number : first - 1]} & set(HANDLED)


@settings(max_examples=150)
@given(runs_and_steps(), NODES)
def test_a_node_that_is_up_crashes_next_and_one_that_is_down_changes_nothing(chosen, name):
    trace, number = chosen
    other = fork(trace, number, Crash(0, name))
    first = check_prefix(trace, other, number)
    up = False
    for step in other.steps[: first - 1]:
        if step.node == name and step.kind in ("start", "restart", "crash"):
            up = step.kind != "crash"
    if up:
        assert (other.step(first).kind, other.step(first).node) == ("crash", name)
        assert other.step(first).at == trace.step(number).at
    else:
        assert other.steps == trace.steps
        assert divergence(trace, other) is None


ANY = st.one_of(
    st.sampled_from(sorted(RECORDED, key=str)),
    st.builds(lambda kind, name, at: kind(at, name), st.sampled_from([Crash, Pause, Stall, DiskFull, Wipe]), NODES,
              st.sampled_from([0, 0, 5 * MS])),
    st.builds(Crash, st.just(0), NODES, st.integers(0, 3)),
    st.builds(Heal, st.sampled_from([0, 7 * MS, 900 * MS])),
)  # fmt: skip


@settings(max_examples=150)
@given(runs_and_steps(), st.lists(ANY, min_size=1, max_size=3), PLACES)
def test_a_fork_and_its_fork_replay_save_load_and_simulate_to_the_same_bytes(chosen, faults, place):
    trace, number = chosen
    assume(trace.step(number).at + 5 * MS < UNTIL)
    other = fork(trace, number, *faults)
    again = step_at(other, place)
    twice = fork(other, again, Cut(0, "n1", "n2"))
    assert begun(twice.steps[:again]) == begun(other.steps[:again])
    first = check_prefix(other, twice, again)
    while (
        number < again
        and twice.step(first) == other.step(first)
        and twice.step(first).at == trace.step(number).at
    ):
        first += (
            1  # what the first fork has bound to an earlier step is due at this moment, and was there before
        )
    assert twice.step(first).kind == "cut"
    for made in (other, twice):
        text = made.text()
        assert Trace.loads(text).text() == replay(made).text() == resimulate(made).text() == text
        assert any(isinstance(entry, After) for entry in made.header.driver["script"])


@settings(max_examples=60)
@given(RUNS, PLACES)
def test_a_request_may_come_after_any_step_and_reaches_its_node_there(trace, place):
    number = 1 + place % len(trace)
    asked = next((s.event.message for s in trace if s.kind == "invoke"), None)
    assume(asked is not None)
    other = fork(trace, number, Request(0, "n1", asked))
    first = check_prefix(trace, other, number)
    waits = {s.kind for s in trace.steps[:number] if s.node == "n1"} & {"pause", "stall"}
    if not waits and not trace.header.driver["service"]:
        assert (other.step(first).node, other.step(first).at) == ("n1", trace.step(number).at)
        assert other.step(first).kind == "invoke" or other.step(first).detail["from"] == "client"


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_chance_is_drawn_for_a_fork_that_changes_nothing(system):
    trace = simulate(system, 3, until=UNTIL, settle=SETTLE)
    number = before_healing(trace)
    assert fork(trace, number, Heal(900 * MS)).steps == trace.steps  # it ends what has ended by then
