"""TrueTime: the two rules of commit-wait, and what goes wrong with less."""

import pytest

from distsys.algorithms.truetime import Begin, CommitServer, Committed, Interval
from distsys.core import MS, Deliver, Map, Output, Persist, SetTimer, Start, Timeout
from distsys.lab import timeorder_measures as measures
from distsys.lab import timeorder_runs as runs


def test_an_interval_says_what_has_certainly_passed():
    assert Interval(3, 17).after(2)
    assert not Interval(3, 17).after(3)


def test_start_and_commit_wait_as_the_paper_says():
    node = CommitServer("n1", epsilon=7 * MS, error_us=2 * MS)
    node.handle(Start(0))
    begun = node.handle(Deliver("client", Begin("T1"), 100 * MS))
    assert begun == (Persist(Map({"last": 109 * MS})), SetTimer("wait", 14 * MS + 1, 14 * MS + 1))
    assert node.handle(Timeout("wait", 114 * MS)) == (SetTimer("wait", 1, 1),)
    assert node.handle(Timeout("wait", 114 * MS + 1)) == (Output(Committed("T1", 109 * MS)),)


def test_two_transactions_at_one_moment_get_two_timestamps_and_are_told_in_their_order():
    node = CommitServer("n1", epsilon=0)
    node.handle(Start(0))
    node.handle(Deliver("client", Begin("T1"), 5))
    node.handle(Deliver("client", Begin("T2"), 5))
    assert node.handle(Timeout("wait", 7)) == (Output(Committed("T1", 5)), Output(Committed("T2", 6)))


def test_a_server_that_restarts_gives_no_timestamp_again():
    node = CommitServer("n1", Map({"last": 900}), epsilon=0)
    node.handle(Start(0))
    assert node.handle(Deliver("client", Begin("T9"), 5))[0] == Persist(Map({"last": 901}))


@pytest.mark.parametrize("epsilon_ms", [1, 4, 7])
def test_the_wait_is_twice_epsilon_whatever_the_error_of_the_clock(epsilon_ms):
    waits = [
        w for seed in range(3) for w in measures.waits_us(measures.served(seed, epsilon=epsilon_ms * MS))
    ]
    assert len(waits) > 50
    assert {round(wait / 10) for wait in waits} == {2 * epsilon_ms * 100}


def test_the_wait_is_tight():
    assert measures.inverted(60, 100) == 0
    assert 0 < measures.inverted(100, 99) < measures.inverted(100, 50)
    tight = runs.photo(wait_percent=50, delay_us=10)
    assert tight.violation.law == "external consistency"


@pytest.mark.parametrize(
    ("wait_percent", "seen"), [(100, ["unlist boss", "post photo"]), (0, ["post photo"])]
)
def test_without_the_wait_a_reader_sees_the_photo_and_the_old_list(wait_percent, seen):
    trace = runs.photo(wait_percent)
    assert runs.seen_at(trace, runs.committed(trace)["post photo"]) == seen
