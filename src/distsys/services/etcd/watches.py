"""A watch: a place in the history of the store, which moves on as its events are handed out.

There is no queue of events behind a watch. The store keeps them anyhow, under their revisions; a watch only remembers
the revision from which on it has handed out nothing (`next_revision`). So a watcher that is slow, a watcher that begins
in the past and one that was cut off are the same thing, and none of them loses an event: when it has room it reads on.
Only a compaction can overtake it, and then it is told so and ends.

The events of one revision are handed out together. A response without events says how far a watch has come, and may be
made only when all of its events up to there are handed out.

Source: watchable_store.go and watcher_group.go in server/mvcc, server/etcdserver/api/v3rpc/watch.go of etcd 3.5.1; https://etcd.io/docs/v3.5/learning/api/#watch-streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from distsys.core.values import record

from . import mvcc
from .api import Event, EventType, Filter, KeyValue, WatchCreateRequest, WatchResponse
from .errors import DUPLICATE_WATCH_ID, EMPTY_WATCHER_RANGE, RejectedError

REVISIONS_MAX = 1000  # whose events are in one response
FRAGMENT_BYTES = 2**21  # of a response that may be cut into pieces
# Of one that may not, and a revision more. etcd has no such bound, and many clients take no message beyond 4 MiB.
RESPONSE_BYTES = 2**21
NO_WATCH = -1  # the id of a response that belongs to no watch


@record
class Watch:
    """A watch with its id; all events before `next_revision` are handed out. `told` says whether any were lately."""

    id: int
    request: WatchCreateRequest
    next_revision: int
    told: bool = False


def created(
    store: mvcc.Store, request: WatchCreateRequest, taken: frozenset[int], next_id: int
) -> tuple[Watch | None, WatchResponse]:
    """Return a new watch and the response that says so; no watch where its range is empty or its id is taken."""
    low, high = mvcc.bounds(request.key or b"\0", request.range_end)
    reason = ""
    if high is not None and high <= low:
        reason = EMPTY_WATCHER_RANGE
    elif request.watch_id and request.watch_id in taken:
        reason = DUPLICATE_WATCH_ID
    if reason:
        return None, WatchResponse(
            store.revision, NO_WATCH, created=True, canceled=True, cancel_reason=reason
        )
    id = request.watch_id or next_id
    start = request.start_revision or store.revision + 1
    return Watch(id, request, start), WatchResponse(store.revision, id, created=True)


def is_behind(store: mvcc.Store, watch: Watch) -> bool:
    """Return whether there may be events that a watch has not handed out."""
    return watch.next_revision <= store.revision


def compacted(store: mvcc.Store, watch: Watch) -> WatchResponse | None:
    """Return the response that ends a watch which a compaction has overtaken (its header is empty), else None."""
    if not is_behind(store, watch) or watch.next_revision >= store.compacted:
        return None
    return WatchResponse(0, watch.id, canceled=True, compact_revision=store.compacted)


def advanced(store: mvcc.Store, watch: Watch, most: int = REVISIONS_MAX) -> tuple[Watch, tuple[Event, ...]]:
    """Return the watch further on, and the events on its way: those of at most `most` revisions, and not too long."""
    events: list[Event] = []
    count = size = 0
    for revision, changes in groupby(
        mvcc.changes(store, watch.next_revision, store.revision), key=lambda event: event.kv.mod_revision
    ):
        shown = tuple(seen(store, watch.request, changes))
        is_long = size >= RESPONSE_BYTES and not watch.request.fragment
        if shown and (count == most or is_long):
            return replace(watch, next_revision=revision, told=True), tuple(events)
        count += bool(shown)
        events.extend(shown)
        size += sum(map(size_of, shown))
    moved = max(watch.next_revision, store.revision + 1)
    return replace(watch, next_revision=moved, told=watch.told or bool(events)), tuple(events)


def size_of(event: Event) -> int:
    """Return about how many bytes an event takes."""
    return mvcc.size_of(event.kv) + (mvcc.size_of(event.prev_kv) if event.prev_kv else 0)


def seen(store: mvcc.Store, request: WatchCreateRequest, changes: Iterator[Event]) -> Iterator[Event]:
    """Yield the changes that a watch asked for, with the version before each where it asked for that too."""
    for event in changes:
        if matches(request, event):
            yield replace(event, prev_kv=previous(store, event)) if request.prev_kv else event


def matches(request: WatchCreateRequest, event: Event) -> bool:
    """Return whether a watch asked for this event.

    >>> from .api import KeyValue
    >>> gone = Event(EventType.DELETE, KeyValue(b"a/1", mod_revision=5))
    >>> matches(WatchCreateRequest(b"a/", b"a0"), gone)
    True
    >>> matches(WatchCreateRequest(b"a/", b"a0", filters=(Filter.NODELETE,)), gone)
    False
    """
    left_out = Filter.NOPUT if event.type is EventType.PUT else Filter.NODELETE
    return left_out not in request.filters and mvcc.covers(
        request.key or b"\0", request.range_end, event.kv.key
    )


def previous(store: mvcc.Store, event: Event) -> KeyValue | None:
    """Return what a key was before an event; None where it was absent, or that is forgotten.

    A put that begins a life of the key has nothing before it, even where the same transaction has ended another life.
    """
    if event.kv.version == 1:
        return None
    try:
        return mvcc.get(store, event.kv.key, event.kv.mod_revision - 1)
    except RejectedError:
        return None


def progress(store: mvcc.Store, id: int) -> WatchResponse:
    """Return the response that says: all events up to the current revision are handed out."""
    return WatchResponse(store.revision, id)


def fragments(response: WatchResponse, bytes_max: int) -> tuple[WatchResponse, ...]:
    """Return a response cut into pieces of less than `bytes_max`, or of one event; all but the last say so."""
    pieces: list[list[Event]] = [[]]
    left = bytes_max
    for event in response.events:
        size = size_of(event)
        left -= size
        if left <= 0 and pieces[-1]:
            pieces.append([])
            left = bytes_max - size
        pieces[-1].append(event)
    return tuple(
        replace(response, events=tuple(piece), fragment=number < len(pieces))
        for number, piece in enumerate(pieces, 1)
    )
