"""The store: every version of every key, under the revision that made it.

A *revision* is a number of the whole store. It begins at 1 and grows by one with every transaction that changes
something; within a transaction the changes are numbered from 0, so each change has a place (main, sub). Two maps make
up the store, as in etcd:

    backend   place -> KeyValue       what was written, in this order; a tombstone where a key was deleted
    index     key -> places           where to look for a key, as it was at any revision

All else follows from the backend: a member that restarts reads it, and rebuilds the index from it (`restored`).

*Compaction* forgets what nobody can ask for any more: of each key the versions before the last one at that revision,
and that one too if it is a tombstone. A tombstone made by the very revision of the compaction stays: a watch may begin
there, and the newest place in the backend is where the revision of the store comes from after a restart.

That it stays is as in etcd from 3.5.16 on (etcd-io/etcd pull request 18474). 3.5.1 drops it, and a client can tell: a
watch that begins at the revision of such a compaction is not shown the deletion (issue 18089). We keep the promise of
the API and not the bug.

Source: https://etcd.io/docs/v3.5/learning/data_model/; index.go, key_index.go and kvstore.go in server/mvcc of etcd
3.5.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from distsys.core.log import Log
from distsys.core.values import record

from .. import ordered
from ..ordered import EMPTY_TREE, Tree
from .api import Event, EventType, KeyValue
from .errors import COMPACTED, FUTURE_REVISION, RejectedError

Place = tuple[int, int]  # a revision, and the number of the change in it
FROM_KEY = b"\0"  # as the end of a range: no end


@record
class Store:
    """The backend, the index, the current revision, and the revision of the last compaction (-1: there was none).

    `size` is about how many bytes the backend takes.
    """

    backend: Tree = EMPTY_TREE
    index: Tree = EMPTY_TREE
    revision: int = 1
    compacted: int = -1
    size: int = 0


# Keys and ranges.


def bounds(key: bytes, range_end: bytes) -> tuple[bytes, bytes | None]:
    """Return the first key of a range and the first after it; None where it has no end.

    >>> bounds(b"a", b"b"), bounds(b"a", FROM_KEY)
    ((b'a', b'b'), (b'a', None))
    """
    if not range_end:
        return key, key + b"\0"
    return key, None if range_end == FROM_KEY else range_end


def prefix_end(prefix: bytes) -> bytes:
    """Return the `range_end` that makes a range of all keys with this prefix.

    >>> prefix_end(b"ab"), prefix_end(b"") == FROM_KEY
    (b'ac', True)
    """
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else FROM_KEY


def covers(key: bytes, range_end: bytes, other: bytes) -> bool:
    """Return whether the key `other` lies in the range."""
    low, high = bounds(key, range_end)
    return low <= other and (high is None or other < high)


# Reading.


def place_at(places: Log[Place], revision: int) -> Place | None:
    """Return the last place of a key that is no later than `revision`."""
    low, high = places.first_index, places.last_index
    if low <= high and places[high][0] <= revision:
        return places[high]
    while low <= high:
        middle = (low + high) // 2
        if places[middle][0] <= revision:
            low = middle + 1
        else:
            high = middle - 1
    return places[high] if high >= places.first_index else None


def select(store: Store, key: bytes, range_end: bytes = b"", revision: int = 0) -> Iterator[KeyValue]:
    """Yield what the keys of a range were at `revision` (0: are now), in the order of the keys."""
    at = checked(store, revision)
    low, high = bounds(key, range_end)
    for _, places in ordered.items(store.index, low, high):
        place = place_at(places, at)
        if place is not None:
            found: KeyValue = ordered.get(store.backend, place)
            if found.version:
                yield found


def checked(store: Store, revision: int) -> int:
    """Return the revision to read at; an error where it is forgotten or not there yet."""
    if revision <= 0:
        return store.revision
    if revision > store.revision:
        raise RejectedError(FUTURE_REVISION)
    if revision < store.compacted:
        raise RejectedError(COMPACTED)
    return revision


def get(store: Store, key: bytes, revision: int = 0) -> KeyValue | None:
    """Return what `key` was at `revision` (0: is now), or None where it was absent."""
    return next(select(store, key, b"", revision), None)


def changes(store: Store, first: int, last: int) -> Iterator[Event]:
    """Yield the changes of the revisions from `first` to `last`, in order."""
    for _, kv in ordered.items(store.backend, (first, 0), (last + 1, 0)):
        yield Event(EventType.PUT if kv.version else EventType.DELETE, kv)


# Writing.


class Write:
    """A transaction that writes. It sees its own changes, and all of them get one revision."""

    def __init__(self, store: Store) -> None:
        self.store = store  # as it is with the changes so far
        self.begun_at = store.revision
        self.count = 0

    def put(self, key: bytes, value: bytes, lease: int = 0) -> KeyValue:
        """Set `key`, and return what it is now."""
        old = get(self.store, key)
        main = self.begun_at + 1
        created, version = (old.create_revision, old.version) if old else (main, 0)
        kv = KeyValue(key, created, main, version + 1, value, lease)
        self._write(kv)
        return kv

    def delete_range(self, key: bytes, range_end: bytes = b"") -> tuple[KeyValue, ...]:
        """Delete the keys of a range, and return what they were."""
        gone = tuple(select(self.store, key, range_end))
        for kv in gone:
            self._write(KeyValue(kv.key, mod_revision=self.begun_at + 1))
        return gone

    def _write(self, kv: KeyValue) -> None:
        place = (kv.mod_revision, self.count)
        places: Log[Place] = ordered.get(self.store.index, kv.key, _NOWHERE)
        self.count += 1
        self.store = Store(
            ordered.put(self.store.backend, place, kv),
            ordered.put(self.store.index, kv.key, places.append(place)),
            kv.mod_revision,
            self.store.compacted,
            self.store.size + size_of(kv),
        )


_NOWHERE: Log[Place] = Log()


# Compaction, and what a member has after a restart.


def compact(store: Store, revision: int) -> Store:
    """Forget what is superseded at `revision`; an error where that has been done, or is not there yet."""
    if revision <= store.compacted:
        raise RejectedError(COMPACTED)
    if revision > store.revision:
        raise RejectedError(FUTURE_REVISION)
    backend = ordered.built(
        (place, kv)
        for place, kv in ordered.items(store.backend)
        if place[0] >= revision or is_kept(store, kv, place, revision)
    )
    return restored(backend, revision)


def is_kept(store: Store, kv: KeyValue, place: Place, revision: int) -> bool:
    """Return whether a version before a compaction can still be read: it is its key's last, and no tombstone."""
    return kv.version > 0 and place_at(ordered.get(store.index, kv.key), revision) == place


def restored(backend: Tree, compacted: int) -> Store:
    """Return the store that has this backend: the revision is that of the newest place."""
    index: dict[bytes, list[Place]] = {}
    size = 0
    for place, kv in ordered.items(backend):
        index.setdefault(kv.key, []).append(place)
        size += size_of(kv)
    newest: Any = ordered.last(backend)
    pairs = ((key, Log(index[key])) for key in sorted(index))
    return Store(backend, ordered.built(pairs), newest[0] if newest else 1, compacted, size)


def size_of(kv: KeyValue) -> int:
    """Return about how many bytes a version takes."""
    return len(kv.key) + len(kv.value) + 40


def hash_kv(store: Store, revision: int = 0) -> int:
    """Return a hash of what can be read up to `revision`, the same on all members.

    It covers what the last compaction leaves, whether or not superseded versions are still there. Other than a range,
    which may be read at the revision of a compaction, a hash may not be asked for there.
    """
    if 0 < revision <= store.compacted:
        raise RejectedError(COMPACTED)
    at = checked(store, revision)
    found = 0
    for place, kv in ordered.items(store.backend, None, (at + 1, 0)):
        if place[0] >= store.compacted or is_kept(store, kv, place, store.compacted):
            text = repr((place, kv.key, kv.create_revision, kv.version, kv.value, kv.lease))
            found = crc32(text.encode(), found)
    return found
