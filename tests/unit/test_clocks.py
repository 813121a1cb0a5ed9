"""Logical clocks as values, as nodes, and against what really happened."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys import Trace
from distsys.algorithms.clock_messages import Letter, Stamp, Talk, Work
from distsys.algorithms.clocks import LamportClock, Order, VectorClock, VectorClocked, receive, tick
from distsys.core import Deliver, Map, Output, Persist, Send, Start
from swarm_runs import reproduce, run

NAMES = ("a", "b", "c")
COUNTS = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3))
CLOCKS = COUNTS.map(lambda counts: VectorClock(Map(counts)))


def clock(**counts: int) -> VectorClock:
    return VectorClock(Map(counts))


def naive_compare(one: VectorClock, other: VectorClock) -> Order:
    """Return the order as the definition says, over tuples with an entry for everybody."""
    first, second = tuple(one[name] for name in NAMES), tuple(other[name] for name in NAMES)
    if first == second:
        return Order.EQUAL
    if all(a <= b for a, b in zip(first, second, strict=True)):
        return Order.BEFORE
    if all(a >= b for a, b in zip(first, second, strict=True)):
        return Order.AFTER
    return Order.CONCURRENT


def test_a_number_ticks_and_receives():
    assert (tick(0), receive(3, 7), receive(7, 3), receive(5, 5)) == (1, 8, 8, 6)


@given(CLOCKS, CLOCKS)
def test_compare_is_the_componentwise_order(one, other):
    assert one.compare(other) is naive_compare(one, other)


@given(CLOCKS, CLOCKS, CLOCKS)
def test_merge_is_the_least_upper_bound(one, other, third):
    merged = one.merge(other)
    assert merged.covers(one)
    assert merged.covers(other)
    assert merged == other.merge(one)
    assert one.merge(one) == one
    assert merged.merge(third) == one.merge(other.merge(third))
    assert all(merged[name] == max(one[name], other[name]) for name in NAMES)


@given(CLOCKS, CLOCKS)
def test_compare_has_a_mirror(one, other):
    mirror = {Order.BEFORE: Order.AFTER, Order.AFTER: Order.BEFORE}
    answer = one.compare(other)
    assert other.compare(one) is mirror.get(answer, answer)


def test_a_missing_entry_is_zero():
    assert clock(a=1).compare(clock(a=1, b=1)) is Order.BEFORE
    assert clock(b=1).compare(clock(a=1)) is Order.CONCURRENT
    assert clock()["nobody"] == 0


def test_a_lamport_clock_persists_before_it_sends():
    node = LamportClock("n1", peers=("n2",))
    assert node.handle(Start(0)) == (Persist(Map({"clock": 1})), Output(Stamp(1)))
    assert node.handle(Deliver("client", Work())) == (Persist(Map({"clock": 2})), Output(Stamp(2)))
    sent = node.handle(Deliver("client", Talk("n2")))
    assert sent == (Persist(Map({"clock": 3})), Output(Stamp(3)), Send("n2", Letter(3)))
    assert node.handle(Deliver("n2", Letter(9))) == (Persist(Map({"clock": 10})), Output(Stamp(10)))


def test_a_clock_goes_on_from_its_disk():
    node = LamportClock("n1", Map({"clock": 41}), peers=())
    node.handle(Start(0))
    assert node.clock == 42
    vector = VectorClocked("n1", Map({"clock": clock(n1=4, n2=2)}), peers=())
    vector.handle(Start(0))
    assert vector.clock == clock(n1=5, n2=2)


def test_a_vector_clock_learns_from_a_letter():
    node = VectorClocked("n1", peers=("n2",))
    node.handle(Start(0))
    assert node.handle(Deliver("n2", Letter(clock(n2=4, n3=1))))[1] == Output(Stamp(clock(n1=2, n2=4, n3=1)))


def stamped_events(trace: Trace) -> tuple[dict[int, object], tuple[frozenset[int], ...]]:
    """Return the stamps of all events that took effect, and the ground truth of what happened before what.

    A step that a crash cut off before its first effect has not happened: it leaves the truth too.
    """
    steps = tuple(s if s.kept or s.event is None else replace(s, event=None) for s in trace)
    stamps = {
        step.number: effect.value.time
        for step in steps
        if step.event is not None
        for effect in step.effects
        if isinstance(effect, Output)
    }
    return stamps, replace(trace, steps=steps).happened_before()


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_lamport_clock_condition_against_what_happened(first):
    ordered = 0
    for seed in range(first, first + 20):
        stamps, past = stamped_events(run("lamport-clock", seed))
        for earlier, later in combinations(sorted(stamps), 2):
            if earlier in past[later - 1]:
                ordered += 1
                assert stamps[earlier] < stamps[later], reproduce("lamport-clock", seed)
    assert ordered > 1000


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_strong_clock_condition_against_what_happened(first):
    seen = dict.fromkeys(Order, 0)
    for seed in range(first, first + 20):
        stamps, past = stamped_events(run("vector-clock", seed))
        for earlier, later in combinations(sorted(stamps), 2):
            truth = Order.BEFORE if earlier in past[later - 1] else Order.CONCURRENT
            seen[truth] += 1
            assert stamps[earlier].compare(stamps[later]) is truth, reproduce("vector-clock", seed)
    assert seen[Order.BEFORE] > 1000
    assert seen[Order.CONCURRENT] > 1000
