"""The lines of Python under a figure make its run again, byte for byte, whatever the run was given."""

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from determinism import busy
from distsys.core import MS, DistsysError, Trace, systems
from distsys.core.systems import Request
from distsys.drivers import (
    After,
    Crash,
    Cut,
    Exponential,
    Heal,
    HeavyTail,
    Link,
    Partition,
    Pause,
    SetLink,
    Simulator,
    Skew,
    Swarm,
    during,
    fork,
    link,
    simulate,
)
from distsys.views.reproduce import code_of

assert busy.BUSY.name == "busy"
OF_CELLS = ("bakery", "peterson")  # their nodes have names of their own, and their number is not free
SYSTEMS = ("busy", *(name for name in systems.shipped() if name not in OF_CELLS))
UNTIL, SETTLE = 80 * MS, 40 * MS


def run_of(code: str) -> Trace:
    """Return what the code calls `trace`."""
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope["trace"]


def check(trace: Trace) -> str:
    code = code_of(trace)
    compile(code, "the code", "exec")
    assert max(map(len, code.splitlines())) <= 120
    assert run_of(code).digest() == trace.digest(), code
    return code


MUTANTS = [(one.system, one.id) for one in systems.mutants() if one.system in SYSTEMS]
CODED = st.sampled_from([(name, None) for name in SYSTEMS]) | st.sampled_from(MUTANTS)


def fewest_of(system: str, mutant: str | None) -> int:
    """Return how many servers there must be: those that vote at first, and one beside those that never do."""
    own = {one.id: one.options for one in systems.mutants()}.get(mutant, {})
    options = {**systems.find(system).options, **own}
    return max(options.get("voters", 1), options.get("observers", 0) + 1)


def fits(coded: tuple[str, str | None]) -> bool:
    """Return whether the system can run on the servers that a run by hand has."""
    return fewest_of(*coded) <= len(NAMES)


@settings(max_examples=120)
@example(("truetime", None), 1, 1, False, 80 * MS, 100_000)  # a seed that draws no fault but other options
@given(CODED, st.integers(0, 2**64 - 1) | st.integers(0, 500), st.integers(1, 4), st.booleans(),
       st.sampled_from([80 * MS, 80_001]), st.sampled_from([100_000, 60]))  # fmt: skip
def test_a_drawn_run_is_one_call_of_simulate(coded, seed, nodes, faults, until, steps_max):
    system, mutant = coded
    trace = simulate(
        system,
        seed,
        mutant=mutant,
        nodes=max(nodes, fewest_of(system, mutant)),
        faults=faults,
        until=until,
        settle=SETTLE,
        steps_max=steps_max,
    )
    code = check(trace)
    assert len(code) < 250
    assert "trace = simulate(" in code


NAMES = ("ann", "bob", "cyd")
NODES = st.sampled_from(NAMES)
TIMES = st.integers(0, UNTIL) | st.integers(0, 80).map(lambda ms: ms * MS)
DELAYS = st.sampled_from(
    [0, 7, 3 * MS, (1 * MS, 10 * MS), (1, 9 * MS), Exponential(3 * MS, 7), HeavyTail(1 * MS, 50_001)]
)
RATES = st.integers(0, 400_000).map(lambda ppm: ppm / 1e6)
LINKS = st.builds(
    lambda delay, rates, by: link(
        delay=delay, loss=rates[0], duplicate=rates[1], reorder=rates[2], reorder_by=by
    ),
    DELAYS,
    st.tuples(RATES, RATES, RATES),
    st.sampled_from([50 * MS, 9]),
) | st.builds(
    lambda delay, rate: link(delay=delay, fifo=True, bytes_per_second=rate),
    DELAYS,
    st.sampled_from([0, 20_000]),
)
ACTIONS = st.one_of(
    st.builds(Crash, TIMES, NODES, st.none() | st.integers(0, 3)),
    st.builds(Pause, TIMES, NODES),
    st.builds(Skew, TIMES, NODES, st.integers(-500, 500)),
    st.builds(Cut, TIMES, st.just("ann"), st.sampled_from(["bob", "cyd"])),
    st.builds(Heal, TIMES),
    st.builds(Partition, TIMES, st.sampled_from([(("ann",),), (("ann",), ("bob", "cyd")), ()])),
    st.builds(SetLink, TIMES, NODES, st.just("*"), st.none() | LINKS),
)


@st.composite
def by_hand(draw: Any) -> Trace:
    """Return a run to which everything was given that a simulator takes."""
    system, mutant = draw(CODED.filter(fits))
    cluster = systems.build(system, mutant=mutant, nodes=NAMES)
    ask = next((request.message for request in cluster.workload(3)), None)
    asks = st.builds(Request, TIMES, NODES, st.just(ask))
    bound = st.builds(
        After,
        st.integers(1, 30),
        st.builds(Cut, st.sampled_from([0, 5 * MS]), st.just("bob"), st.just("cyd")),
    )
    laws = draw(st.sampled_from([None, (), cluster.laws[:1], cluster.laws[::-1]]))
    simulator = Simulator(
        cluster,
        draw(st.integers(0, 99)),
        network=draw(st.none() | LINKS),
        script=draw(st.lists(ACTIONS | bound, max_size=5)),
        requests=draw(st.none() | (st.just([]) if ask is None else st.lists(asks, max_size=4))),
        laws=laws,
        until=UNTIL,
        settle=draw(st.sampled_from([0, SETTLE])),
        service=draw(st.sampled_from([0, 2 * MS, {"ann": 5}, {"ann": 5, "bob": 5, "cyd": 1 * MS}])),
        steps_max=draw(st.sampled_from([100_000 if mutant is None else 3_000, 80])),  # RB-02 never ends
        stop_on_violation=draw(st.booleans()),
    )
    try:
        return simulator.run()
    except DistsysError:  # something bound to a step came too late
        assume(False)
        raise


@settings(max_examples=150)
@given(by_hand())
def test_a_run_by_hand_is_written_with_all_that_it_was_given(trace):
    check(trace)


@settings(max_examples=80)
@given(st.sampled_from(SYSTEMS), st.integers(0, 99), st.booleans(), st.data())
def test_a_fork_and_a_fork_of_it_are_written_as_forks(system, seed, drawn, data):
    trace = simulate(system, seed, faults=drawn, until=UNTIL, settle=SETTLE)
    actions = [
        Crash(0, "n2"),
        Cut(0, "n1", "n3"),
        Heal(9 * MS),
        Pause(0, "n1"),
        Partition(1 * MS, (("n3",),)),
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        steps = [step.number for step in trace if step.at + 1 * MS < UNTIL]
        chosen = data.draw(st.lists(st.sampled_from(actions), min_size=1, max_size=3))
        trace = fork(trace, data.draw(st.sampled_from(steps)), *chosen)
    code = check(trace)
    assert "trace = fork(" in code


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_script_that_the_swarm_drew_for_another_run_is_written_out(system):
    cluster = systems.build(system)
    network, script = Swarm(("partition", "pause", "slow")).draw(cluster.names, 5, UNTIL)
    trace = Simulator(
        cluster, 6, network=network, script=(*script, *during(0, 5, Pause, "n1")), until=UNTIL
    ).run()
    assert "script=[" in check(trace)
    assert network != Link()
