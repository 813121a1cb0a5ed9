"""What the page on failure detectors and gossip measures, against formulas and slower ways to count."""

import math
from itertools import pairwise

import pytest

from distsys.core.errors import ArgumentError
from distsys.core.units import MS
from distsys.lab import detectors_measures as measures
from distsys.lab import detectors_runs as runs
from distsys.lab.local_views import view


def test_only_the_slow_reader_accuses():
    assert runs.accusations(runs.slow_reader()) == [("cyd", name) for name in ("ann", "bob", "dan", "eve")]


def test_three_mistakes_and_then_none():
    assert [(begin // MS, end // MS) for begin, end in runs.mistakes(runs.slow_for_good())] == [
        (245, 464),
        (687, 920),
        (2852, 2914),
    ]


@pytest.mark.parametrize("late_ms", [200, 1_000, 60_000])
def test_until_a_late_beat_arrives_slow_and_crashed_look_the_same(late_ms):
    until = min(320, 120 + late_ms - 1) * MS
    slow = view(runs.alike(crash=False, late_ms=late_ms), "ann", until - 1)
    assert slow == view(runs.alike(crash=True), "ann", until - 1)


@pytest.mark.parametrize("nodes", [2, 5, 9])
def test_the_messages_of_a_period(nodes):
    assert measures.messages("heartbeat-detector", nodes) == nodes * (nodes - 1)
    assert measures.messages("swim", nodes) == 2 * nodes


def test_somebody_notices_after_one_and_a_half_periods():
    assert measures.first_noticed(2) == 1
    assert measures.first_noticed(100_000) == pytest.approx(math.e / (math.e - 1), abs=1e-4)
    assert measures.noticed(50, 3_000) == pytest.approx(measures.first_noticed(50), rel=0.05)


@pytest.mark.parametrize("nodes", [2, 3, 10])
def test_in_turn_the_wait_is_bounded_and_the_bound_is_reached(nodes):
    assert max(measures.waits(nodes, 5_000, in_turn=True)) == 2 * (nodes - 1) - 1


def test_by_lot_the_wait_has_no_such_bound():
    assert max(measures.waits(10, 20_000, in_turn=False)) == 89


def test_a_probe_without_helpers_fails_if_one_of_two_messages_is_lost():
    assert measures.false_alarm(0.5, 0) == 0.75
    assert measures.false_alarm(0.5, 1) == 0.75 * (1 - 1 / 16)
    assert measures.false_alarm(0, 3) == 0
    assert measures.alarms(0, 2, seconds=5)[0] == 0


def test_phi_is_one_at_the_silence_that_one_gap_in_ten_exceeds():
    seen = [90.0, 110.0] * 50
    assert measures.phi(100 + 1.281552 * 10, seen) == pytest.approx(1, abs=1e-4)
    assert measures.phi(230.2585, seen, "exponential") == pytest.approx(1, abs=1e-5)
    assert measures.phi(100_000, seen) == math.inf
    assert measures.phi(measures.timeout_for(3, seen), seen) == pytest.approx(3, abs=1e-2)
    assert measures.timeout_for(8, seen, "exponential") == pytest.approx(8 * math.log(10) * 100, abs=0.1)


@pytest.mark.parametrize("mode", ["push", "pull", "push-pull"])
def test_a_rumour_never_gets_lost_and_at_most_doubles_by_telling(mode):
    counts = measures.spread(500, mode)
    assert (counts[0], counts[-1]) == (1, 500)
    assert counts == sorted(counts)
    if mode == "push":
        assert all(later <= 2 * earlier for earlier, later in pairwise(counts))


def test_an_unknown_mode_is_refused():
    with pytest.raises(ArgumentError, match="mode must be push, pull or push-pull"):
        measures.spread(10, "shout")


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_residue_solves_its_equation(k):
    share = measures.residue(k)
    assert share == pytest.approx(math.exp(-(k + 1) * (1 - share)))
    assert 0 < share < 0.25


def test_messages_to_one_member_that_are_slow_harm_the_others():
    found = measures.verdicts(measures.with_a_slow_reader(1_200), "n1")
    assert found["by the slow one"] > 0
    assert found["among the others"] > 0
