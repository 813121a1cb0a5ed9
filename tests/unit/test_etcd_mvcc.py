"""The store with revisions, beside what etcd's documentation says of it (learning: data model, API, API guarantees)."""

import pytest

from distsys.services import ordered
from distsys.services.etcd import mvcc, ranges
from distsys.services.etcd.api import EventType, KeyValue, RangeRequest, RangeResponse, SortOrder, SortTarget
from distsys.services.etcd.errors import COMPACTED, EMPTY_KEY, FUTURE_REVISION, RejectedError
from distsys.services.etcd.mvcc import FROM_KEY, Store, Write


def stored(*changes):
    """Return a store after changes, each of a revision of its own: (key, value) puts, a key alone deletes."""
    store = Store()
    for change in changes:
        write = Write(store)
        if isinstance(change, tuple):
            write.put(*change)
        else:
            write.delete_range(change)
        store = write.store
    return store


def keys(store, *arguments, **options):
    return [kv.key for kv in ranges.answer(store, RangeRequest(*arguments, **options)).kvs]


def rejected(call):
    with pytest.raises(RejectedError) as error:
        call()
    return error.value.error


# Data model: "the store has a revision for each modification; a key has versions, from its creation to its deletion".


def test_an_empty_store_is_at_revision_1_and_each_change_raises_it_by_one():
    assert Store().revision == 1
    assert stored((b"a", b"1"), (b"b", b"1"), b"a").revision == 4


def test_a_put_keeps_the_revision_of_creation_and_counts_versions():
    store = stored((b"a", b"1"), (b"b", b"x"), (b"a", b"2"))
    assert mvcc.get(store, b"a") == KeyValue(b"a", 2, 4, 2, b"2")


def test_a_deletion_ends_a_life_of_a_key_and_the_next_put_begins_another():
    store = stored((b"a", b"1"), (b"a", b"2"), b"a", (b"a", b"3"))
    assert mvcc.get(store, b"a") == KeyValue(b"a", 5, 5, 1, b"3")
    assert mvcc.get(store, b"a", 4) is None


def test_a_deletion_of_nothing_changes_nothing():
    store = stored((b"a", b"1"))
    write = Write(store)
    assert write.delete_range(b"b", b"z") == ()
    assert write.store == store


def test_a_transaction_sees_its_own_changes_which_have_one_revision_and_places_in_it():
    write = Write(stored((b"a", b"1")))
    write.put(b"b", b"2")
    assert [kv.key for kv in write.delete_range(b"a", b"c")] == [b"a", b"b"]
    assert [place for place, _ in ordered.items(write.store.backend)] == [(2, 0), (3, 0), (3, 1), (3, 2)]


def test_every_revision_can_be_read_and_one_that_is_not_there_yet_cannot():
    store = stored((b"a", b"1"), (b"a", b"2"), b"a")
    values = [mvcc.get(store, b"a", revision) for revision in (1, 2, 3, 4)]
    assert [kv and kv.value for kv in values] == [None, b"1", b"2", None]
    assert rejected(lambda: mvcc.get(store, b"a", 5)) is FUTURE_REVISION


# API reference: the range request.

ABC = stored((b"a", b"3"), (b"ab", b"2"), (b"b", b"1"), (b"c", b"0"), (b"b", b"9"))


def test_a_range_is_one_key_or_from_a_key_to_before_another_or_without_an_end():
    assert keys(ABC, b"a") == [b"a"]
    assert keys(ABC, b"a", b"b") == [b"a", b"ab"]
    assert keys(ABC, b"ab", FROM_KEY) == [b"ab", b"b", b"c"]
    assert keys(ABC, FROM_KEY, FROM_KEY) == [b"a", b"ab", b"b", b"c"]
    assert keys(ABC, b"b", b"a") == []


@pytest.mark.parametrize(
    ("prefix", "end"),
    [(b"a", b"b"), (b"a\xff", b"b"), (b"ab\xff\xff", b"ac"), (b"", FROM_KEY), (b"\xff", FROM_KEY)],
)
def test_the_end_of_a_prefix_is_the_first_key_behind_it(prefix, end):
    assert mvcc.prefix_end(prefix) == end


def test_a_limit_says_whether_there_is_more_and_the_count_is_that_of_the_whole_range():
    response = ranges.answer(ABC, RangeRequest(b"a", b"z", limit=3))
    assert (len(response.kvs), response.more, response.count) == (3, True, 4)
    response = ranges.answer(ABC, RangeRequest(b"a", b"z", limit=4))
    assert (len(response.kvs), response.more, response.count) == (4, False, 4)
    assert ranges.answer(ABC, RangeRequest(b"a", b"z", count_only=True)) == RangeResponse(6, (), False, 4)


def test_a_range_is_sorted_by_what_is_asked():
    def by(target, order=SortOrder.DESCEND):
        return keys(ABC, b"a", b"z", sort_target=target, sort_order=order)

    assert by(SortTarget.KEY) == [b"c", b"b", b"ab", b"a"]
    assert by(SortTarget.VERSION) == [b"b", b"a", b"ab", b"c"]
    assert by(SortTarget.CREATE, SortOrder.ASCEND) == [b"a", b"ab", b"b", b"c"]
    assert by(SortTarget.MOD) == [b"b", b"c", b"ab", b"a"]
    assert by(SortTarget.VALUE, SortOrder.ASCEND) == [b"c", b"ab", b"a", b"b"]


def test_a_sort_without_an_order_comes_after_the_limit_and_one_with_an_order_before():
    assert keys(ABC, b"a", b"z", limit=2, sort_target=SortTarget.VALUE) == [b"ab", b"a"]
    in_order = {"limit": 2, "sort_target": SortTarget.VALUE, "sort_order": SortOrder.ASCEND}
    assert keys(ABC, b"a", b"z", **in_order) == [b"c", b"ab"]


def test_revisions_filter_and_the_count_does_not_mind():
    assert keys(ABC, b"a", b"z", min_mod_revision=4) == [b"b", b"c"]
    assert keys(ABC, b"a", b"z", max_mod_revision=4) == [b"a", b"ab"]
    assert keys(ABC, b"a", b"z", min_create_revision=3, max_create_revision=4) == [b"ab", b"b"]
    assert ranges.answer(ABC, RangeRequest(b"a", b"z", min_mod_revision=5)).count == 4


def test_keys_only_leaves_the_values_out():
    (kv,) = ranges.answer(ABC, RangeRequest(b"a", keys_only=True)).kvs
    assert kv == KeyValue(b"a", 2, 2, 1, b"")


def test_a_range_needs_a_key():
    assert rejected(lambda: ranges.check(RangeRequest(b""))) is EMPTY_KEY


# Compaction.


def test_a_compaction_keeps_the_last_version_of_each_key_and_no_old_tombstone():
    store = stored((b"a", b"1"), (b"a", b"2"), (b"b", b"1"), b"b", (b"c", b"1"))
    compacted = mvcc.compact(store, 6)
    assert [kv.key for _, kv in ordered.items(compacted.backend)] == [b"a", b"c"]
    assert mvcc.get(compacted, b"a") == mvcc.get(store, b"a")
    assert compacted.revision == store.revision


def test_a_revision_is_compacted_once_and_a_future_one_never():
    store = mvcc.compact(stored((b"a", b"1"), (b"a", b"2")), 2)
    for revision in (1, 2):
        assert rejected(lambda revision=revision: mvcc.compact(store, revision)) is COMPACTED
    assert rejected(lambda: mvcc.compact(store, 4)) is FUTURE_REVISION


def test_what_is_before_the_compacted_revision_cannot_be_read_and_that_revision_can():
    store = mvcc.compact(stored((b"a", b"1"), (b"a", b"2"), (b"a", b"3")), 3)
    assert mvcc.get(store, b"a", 3).value == b"2"
    assert rejected(lambda: mvcc.get(store, b"a", 2)) is COMPACTED


def test_a_tombstone_of_the_compacted_revision_stays_so_the_revision_survives_a_restart():
    store = mvcc.compact(stored((b"a", b"1"), (b"b", b"1"), b"a"), 4)
    assert [(event.type, event.kv.key) for event in mvcc.changes(store, 4, 4)] == [(EventType.DELETE, b"a")]
    assert mvcc.restored(store.backend, store.compacted) == store


def test_a_member_that_restarts_rebuilds_the_same_store():
    store = stored(*[(b"k%d" % (n % 7), b"v%d" % n) for n in range(200)], b"k3", b"k5")
    assert mvcc.restored(store.backend, store.compacted) == store


def test_a_hash_may_not_be_asked_for_at_the_compacted_revision_which_can_be_read():
    store = mvcc.compact(stored((b"a", b"1"), (b"a", b"2"), (b"a", b"3")), 3)
    for revision in (2, 3):
        assert rejected(lambda revision=revision: mvcc.hash_kv(store, revision)) is COMPACTED
    assert mvcc.hash_kv(store, 4) == mvcc.hash_kv(store)
    assert rejected(lambda: mvcc.hash_kv(store, 5)) is FUTURE_REVISION


def test_a_hash_of_an_earlier_revision_stays_what_it_was():
    early = stored((b"a", b"1"), (b"b", b"1"))
    late = stored((b"a", b"1"), (b"b", b"1"), (b"a", b"2"), b"b")
    assert mvcc.hash_kv(late, 3) == mvcc.hash_kv(early) != mvcc.hash_kv(late)


def test_the_size_is_that_of_all_versions_and_a_compaction_makes_it_smaller():
    store = stored((b"a", b"12345"), (b"a", b"1"), b"a")
    assert store.size == sum(map(mvcc.size_of, (kv for _, kv in ordered.items(store.backend)))) == 129
    assert mvcc.compact(store, 4).size == 41


def test_the_hash_is_the_same_before_and_after_a_compaction_that_it_stands_above():
    store = stored((b"a", b"1"), (b"a", b"2"), (b"b", b"1"), b"b", (b"c", b"1"))
    compacted = mvcc.compact(store, 4)
    marked = Store(store.backend, store.index, store.revision, 4)
    assert mvcc.hash_kv(compacted) == mvcc.hash_kv(marked)
    assert mvcc.hash_kv(store) != mvcc.hash_kv(stored((b"a", b"1"), (b"a", b"2")))


def test_a_change_shares_all_but_a_few_nodes_with_the_store_before_it():
    store = stored(*[(b"k%04d" % n, b"") for n in range(2000)])
    before = {id(leaf) for leaf in leaves(store.index)}
    write = Write(store)
    write.put(b"k1000", b"new")
    assert len([leaf for leaf in leaves(write.store.index) if id(leaf) not in before]) == 1


def leaves(tree):
    if isinstance(tree, ordered.Leaf):
        return [tree]
    return [leaf for child in tree.children for leaf in leaves(child)]
