"""The hybrid clock as a value and as a node, against its two theorems, and under clocks that are set back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys.algorithms.clock_messages import Letter, Stamp, Talk, Work
from distsys.algorithms.hybridclock import HybridClocked, HybridTime
from distsys.core import Deliver, Map, Output, Persist, Send, Start
from distsys.core.errors import ArgumentError
from distsys.lab import timeorder_measures as measures
from distsys.lab import timeorder_runs as runs

TIMES = st.builds(HybridTime, st.integers(0, 4), st.integers(0, 3))
WALLS = st.integers(0, 5)


@given(TIMES, WALLS)
def test_an_event_of_its_own_is_greater_and_no_earlier_than_the_wall(clock, now):
    later = clock.tick(now)
    assert clock < later
    assert later.time == max(clock.time, now)


@given(TIMES, TIMES, WALLS)
def test_a_receipt_is_greater_than_both_and_the_least_that_is(clock, stamp, now):
    later = clock.receive(stamp, now)
    assert clock < later
    assert stamp < later
    assert later.time == max(clock.time, stamp.time, now)
    if later.count:
        assert HybridTime(later.time, later.count - 1) in (clock, stamp)


@given(TIMES, TIMES)
def test_the_packed_order_is_the_order_of_the_pairs(one, other):
    assert (one.packed() < other.packed()) == (one < other)
    assert HybridTime.unpacked(one.packed()) == one


@pytest.mark.parametrize("reading", [HybridTime(1 << 48, 0), HybridTime(0, 1 << 16), HybridTime(-1, 0)])
def test_what_does_not_fit_is_refused(reading):
    with pytest.raises(ArgumentError, match="48 bits and count into 16"):
        reading.packed()


@pytest.mark.parametrize("bits", [-1, 1 << 64])
def test_bits_beyond_64_are_refused(bits):
    with pytest.raises(ArgumentError, match="a number of 64 bits"):
        HybridTime.unpacked(bits)


def test_a_hybrid_clock_persists_before_it_sends_and_goes_on_from_its_disk():
    node = HybridClocked("n1", Map({"clock": HybridTime(50, 2)}), peers=("n2",))
    assert node.handle(Start(0, 20)) == (
        Persist(Map({"clock": HybridTime(50, 3)})),
        Output(Stamp(HybridTime(50, 3))),
    )
    sent = node.handle(Deliver("client", Talk("n2"), 60))
    assert sent[-1] == Send("n2", Letter(HybridTime(60, 0)))
    assert node.handle(Deliver("client", Work(), 60))[-1] == Output(Stamp(HybridTime(60, 1)))
    assert node.handle(Deliver("n2", Letter(HybridTime(90, 7)), 61))[-1] == Output(Stamp(HybridTime(90, 8)))


@pytest.mark.parametrize("epsilon_ms", [0, 1, 3, 10, 40])
def test_hybrid_time_is_ahead_of_its_wall_by_at_most_the_skew_less_the_delay(epsilon_ms):
    most = max(measures.ahead_us(runs.skewed(seed, epsilon_ms)) for seed in range(10))
    bound = max(0, epsilon_ms - 1) * 1000
    assert bound - 50 <= most <= bound


def test_a_clock_that_is_set_back_is_survived_and_its_mutants_are_not():
    assert runs.set_back().violation is None
    assert runs.set_back("CLK-05").violation.law == "clock condition"
    assert runs.set_back("CLK-05b").violation.law == "clock condition"
