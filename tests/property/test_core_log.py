"""`Log` against the plainest thing that could work: a list with an offset."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsys.core import Log
from distsys.core.errors import ArgumentError, ArgumentTypeError, MutableValueError
from distsys.core.log import CHUNK

ENTRIES = st.lists(st.integers(0, 3), max_size=3 * CHUNK)


class Naive:
    """The oracle: all entries in a list, from the index after `before`."""

    def __init__(self, entries, before=0):
        self.entries, self.before = list(entries), before

    @property
    def last(self):
        return self.before + len(self.entries)


def same(log, naive):
    assert tuple(log) == tuple(naive.entries)
    assert (log.before_index, log.first_index, log.last_index) == (naive.before, naive.before + 1, naive.last)
    assert len(log) == len(naive.entries)
    fresh = Log(naive.entries, before_index=naive.before)
    assert log == fresh
    assert hash(log) == hash(fresh)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), ENTRIES),
        st.tuples(st.just("truncate"), st.integers(0, 100)),
        st.tuples(st.just("compact"), st.integers(0, 100)),
    ),
    max_size=8,
)


@given(ENTRIES, st.integers(0, 200), STEPS)
def test_any_history_of_appends_truncates_and_compactions_gives_what_a_list_gives(start, before, steps):
    log, naive = Log(start, before_index=before), Naive(start, before)
    for action, argument in steps:
        old, was = log, tuple(log)
        if action == "append":
            log = log.append(*argument)
            naive = Naive(naive.entries + argument, naive.before)
        else:
            index = naive.before + len(naive.entries) * argument // 100
            if action == "truncate":
                log = log.truncate(index)
                naive = Naive(naive.entries[: index - naive.before], naive.before)
            else:
                log = log.compact(index)
                naive = Naive(naive.entries[index - naive.before :], index)
        same(log, naive)
        assert tuple(old) == was


@given(ENTRIES, st.integers(0, 99), st.integers(-5, 400), st.integers(-5, 400))
def test_a_slice_holds_the_entries_between_two_indexes_as_far_as_there_are_any(entries, before, first, last):
    log = Log(entries, before_index=before)
    assert log.slice(first, last) == tuple(
        entry for index, entry in enumerate(entries, before + 1) if first <= index <= last
    )


@given(ENTRIES, ENTRIES, st.integers(0, 3 * CHUNK), st.sampled_from([0, 5]))
def test_since_says_how_to_get_from_an_earlier_log_to_this_one(entries, others, kept, before):
    earlier = Log(entries, before_index=before)
    later = earlier.truncate(before + min(kept, len(entries))).append(*others)
    shared, added = later.since(earlier)
    assert earlier.truncate(shared).append(*added) == later
    agree = 0
    while agree < min(len(earlier), len(later)) and tuple(earlier)[agree] == tuple(later)[agree]:
        agree += 1
    assert shared == before + agree


def test_since_a_log_that_begins_elsewhere_is_the_whole_log():
    assert Log("abc").compact(1).since(Log("abc")) == (1, ("b", "c"))


@given(ENTRIES, ENTRIES, st.integers(0, 2), st.integers(0, 2))
def test_logs_are_equal_exactly_when_their_entries_and_their_beginning_are(
    one, other, before_one, before_other
):
    left, right = Log(one, before_index=before_one), Log(other, before_index=before_other)
    assert (left == right) == (one == other and before_one == before_other)
    if left == right:
        assert hash(left) == hash(right)


@given(ENTRIES, st.integers(0, 50))
def test_a_log_survives_pickle(entries, before):
    log = Log(entries, before_index=before)
    assert pickle.loads(pickle.dumps(log)) == log


def test_an_index_that_is_not_held_is_refused_with_the_range():
    log = Log("abcd").compact(2)
    assert (log[3], log[4]) == ("c", "d")
    for index in (-1, 0, 2, 5):
        with pytest.raises(IndexError, match=f"holds the indexes 3 to 4, but {index} was asked for"):
            log[index]


def test_truncating_below_the_snapshot_and_compacting_beyond_the_end_are_refused():
    log = Log("abcd").compact(2)
    with pytest.raises(
        ArgumentError, match="last_index must be at least 2, the last compacted index, but it is 1"
    ):
        log.truncate(1)
    with pytest.raises(ArgumentError, match="through_index must be at most 4, the last index, but it is 5"):
        log.compact(5)
    assert log.truncate(9) is log
    assert log.compact(1) is log


@pytest.mark.parametrize("index", [True, 1.0, "1", None])
def test_an_index_that_is_no_int_is_refused_by_name(index):
    with pytest.raises(ArgumentTypeError, match="last_index must be a whole number"):
        Log("ab").truncate(index)
    with pytest.raises(ArgumentTypeError, match="through_index must be a whole number"):
        Log("ab").compact(index)
    with pytest.raises(ArgumentTypeError, match="before_index must be a whole number"):
        Log("ab", before_index=index)


def test_a_mutable_entry_is_refused():
    with pytest.raises(MutableValueError, match="an entry of Log"):
        Log().append([1])


def test_a_log_cannot_be_assigned_to():
    with pytest.raises(AttributeError):
        Log("ab").before_index = 3
    with pytest.raises(TypeError):
        Log("ab")[1] = "c"


class Counted:
    """An entry that counts how often it is hashed and compared."""

    work = 0

    def __hash__(self):
        Counted.work += 1
        return 7

    def __eq__(self, other):
        Counted.work += 1
        return self is other


def test_an_append_costs_the_same_however_long_the_log_is(monkeypatch):
    monkeypatch.setattr("distsys.core.log.FROZEN", {Counted})
    costs = []
    for length in (CHUNK, 40 * CHUNK):
        log = Log(Counted() for _ in range(length))
        Counted.work = 0
        for _ in range(CHUNK):
            log = log.append(Counted())
        costs.append(Counted.work)
    assert costs[0] == costs[1] <= 2 * CHUNK


def test_a_hash_and_a_truncation_touch_one_chunk_at_most(monkeypatch):
    monkeypatch.setattr("distsys.core.log.FROZEN", {Counted})
    log = Log(Counted() for _ in range(40 * CHUNK))
    Counted.work = 0
    hash(log)
    assert Counted.work == 0
    log.truncate(20 * CHUNK + 10)
    assert Counted.work <= CHUNK


def test_versions_of_a_log_share_their_chunks():
    log = Log(range(10 * CHUNK))
    longer = log.append(1, 2, 3)
    assert all(a is b for a, b in zip(log._chunks, longer._chunks, strict=True))
