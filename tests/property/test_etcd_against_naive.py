"""The store and its ordered map against the plainest things that could work: a dict, and a list of dicts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from distsys.services import ordered
from distsys.services.etcd import mvcc, ranges
from distsys.services.etcd.api import KeyValue, RangeRequest
from distsys.services.etcd.applier import Applier, State, kept, recovered
from distsys.services.etcd.errors import COMPACTED, FUTURE_REVISION, EtcdError, RejectedError

NUMBERS = st.integers(0, 300)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "remove"]), NUMBERS), max_size=400)


@given(STEPS, NUMBERS, NUMBERS)
def test_an_ordered_map_is_a_dict_in_order_and_old_ones_stay_what_they_were(steps, low, high):
    tree, naive, versions = ordered.EMPTY_TREE, {}, []
    for number, (kind, key) in enumerate(steps):
        if number % 50 == 0:
            versions.append((tree, dict(naive)))
        if kind == "put":
            tree, naive[key] = ordered.put(tree, key, number), number
        else:
            tree = ordered.remove(tree, key)
            naive.pop(key, None)
    for found, expected in [*versions, (tree, naive)]:
        assert list(ordered.items(found)) == sorted(expected.items())
        assert ordered.size(found) == len(expected)
        assert list(ordered.items(found, low, high)) == sorted(
            (key, value) for key, value in expected.items() if low <= key < high
        )
        assert ordered.last(found) == max(expected, default=None)
        assert [ordered.get(found, key) for key in range(0, 300, 7)] == [
            expected.get(key) for key in range(0, 300, 7)
        ]
        assert found == ordered.built(sorted(expected.items()))
        assert hash(found) == hash(ordered.built(sorted(expected.items())))


KEYS = st.sampled_from([b"a", b"ab", b"b", b"c"])
ENDS = st.sampled_from([b"", b"b", b"z", b"\0"])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.binary(max_size=2)),
        st.tuples(st.just("delete"), KEYS, ENDS),
        st.tuples(st.just("compact"), st.integers(0, 30), st.just(None)),
    ),
    max_size=40,
)


class Naive:
    """Every revision as a whole dict of its own."""

    def __init__(self):
        self.revisions = [None, {}]
        self.compacted = -1

    def change(self, kind, key, argument):
        if kind == "compact":
            if self.compacted < key < len(self.revisions):
                self.compacted = key
            return
        now, revision = dict(self.revisions[-1]), len(self.revisions)
        if kind == "put":
            old = now.get(key, KeyValue(key, revision))
            now[key] = KeyValue(key, old.create_revision, revision, old.version + 1, argument)
        else:
            gone = [name for name in now if mvcc.covers(key, argument, name)]
            if not gone:
                return
            for name in gone:
                del now[name]
        self.revisions.append(now)

    def at(self, revision):
        if revision >= len(self.revisions):
            return FUTURE_REVISION
        if revision < self.compacted:
            return COMPACTED
        return sorted(self.revisions[revision].values(), key=lambda kv: kv.key)


def change(store, kind, key, argument):
    write = mvcc.Write(store)
    if kind == "compact":
        try:
            return mvcc.compact(store, key)
        except RejectedError:
            return store
    if kind == "put":
        write.put(key, argument)
    else:
        write.delete_range(key, argument)
    return write.store


@given(CHANGES)
def test_every_revision_reads_as_if_each_had_been_copied(changes):
    store, naive = mvcc.Store(), Naive()
    for step in changes:
        store = change(store, *step)
        naive.change(*step)
    assert (store.revision, store.compacted) == (len(naive.revisions) - 1, naive.compacted)
    for revision in range(1, store.revision + 2):
        try:
            found = list(ranges.answer(store, RangeRequest(b"\0", b"\0", revision=revision)).kvs)
        except RejectedError as error:
            found = error.error
        assert found == naive.at(revision)
    assert mvcc.restored(store.backend, store.compacted) == store


@given(CHANGES)
def test_the_changes_lead_from_each_revision_that_is_left_to_the_next(changes):
    store, naive = mvcc.Store(), Naive()
    for step in changes:
        store = change(store, *step)
        naive.change(*step)
    for revision in range(max(2, store.compacted + 1), store.revision + 1):
        now = dict(naive.revisions[revision - 1])
        for event in mvcc.changes(store, revision, revision):
            if event.kv.version:
                now[event.kv.key] = event.kv
            else:
                del now[event.kv.key]
        assert now == naive.revisions[revision]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=3), st.integers(), st.none(), st.text(max_size=2)), max_size=6))
def test_the_applier_answers_whatever_stands_in_the_log(values):
    from distsys.services.etcd import api

    state = State()
    for kind in (api.PutRequest, api.RangeRequest, api.DeleteRangeRequest, api.CompactionRequest):
        for value in values:
            state, response = Applier().apply(state, kind(value))
            assert response is not None
    for value in values:
        assert isinstance(Applier().apply(state, value)[1], EtcdError)
    assert recovered(kept(state)) == state
