"""What has really happened in the store, for the laws: the events of each revision, as the members applied them.

A law sees one step at a time. It keeps the events here as soon as the first member has applied them; members are equal,
which is a law of its own. A revision that was compacted before a law saw it is missing, and nothing is expected of it.
"""

from __future__ import annotations

from itertools import groupby

from distsys.core.laws import World, acted
from distsys.core.values import Map, record

from . import mvcc, watches
from .api import Event, KeyValue, WatchCreateRequest
from .member import Member


@record
class Truth:
    """The events by revision, up to `revision`."""

    events: Map[int, tuple[Event, ...]] = Map()
    revision: int = 1


def acting(world: World) -> Member | None:
    """Return the member that handled the last step, if it is up and the step is whole."""
    node = acted(world)
    return node if isinstance(node, Member) else None


def learned(truth: Truth, world: World) -> Truth:
    """Return what is known after a step; one that a fault cut short is not looked at."""
    member = acting(world)
    if member is None:
        return truth
    store = member.state.store
    if store.revision <= truth.revision:
        return truth
    news = mvcc.changes(store, truth.revision + 1, store.revision)
    grouped = {
        revision: tuple(events) for revision, events in groupby(news, key=lambda event: event.kv.mod_revision)
    }
    gaps = {revision: () for revision in grouped if revision < store.compacted}
    return Truth(truth.events.update({**grouped, **gaps}), store.revision)


def matching(truth: Truth, request: WatchCreateRequest, first: int, last: int) -> tuple[Event, ...]:
    """Return the events that a watch asked for, of the revisions from `first` to `last`, in order."""
    return tuple(
        event
        for revision in range(max(first, 2), min(last, truth.revision) + 1)
        for event in truth.events.get(revision, ())
        if watches.matches(request, event)
    )


def keys_at(truth: Truth, prefix: bytes, revision: int) -> tuple[KeyValue, ...]:
    """Return the keys under a prefix as they were at `revision`, the oldest first."""
    request = WatchCreateRequest(prefix, mvcc.prefix_end(prefix))
    alive: dict[bytes, KeyValue] = {}
    for event in matching(truth, request, 2, revision):
        if event.kv.version:
            alive[event.kv.key] = event.kv
        else:
            alive.pop(event.kv.key, None)
    return tuple(sorted(alive.values(), key=lambda kv: kv.create_revision))
