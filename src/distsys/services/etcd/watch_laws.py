"""The six guarantees of watches, as etcd's API states them and as its robustness tests check them.

Each is judged by what a client saw on one watch, beside what has really happened in the store (`truth`).
Source: https://etcd.io/docs/v3.5/learning/api_guarantees/ (Watch APIs);
tests/robustness/validate/watch.go in the main branch of etcd.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from distsys.core.laws import Law, World, law_with_memory, outputs
from distsys.core.values import Map, record

from .api import Event
from .truth import Truth, learned, matching
from .watch_client import Watched

Id = tuple[int, bytes]  # of an event: no key is changed twice in one revision


@record
class Progress:
    """What one watch has shown so far.

    start     the revision from which on it must show everything
    seen      the events that it has shown
    newest    the revision of the newest of these
    bookmark  it has said that everything up to this revision is shown
    parts     events of a response that came in pieces, so far
    """

    start: int = 0
    seen: frozenset[Id] = frozenset()
    newest: int = 0
    bookmark: int = 0
    parts: tuple[Event, ...] = ()


@record
class Memory:
    """The truth, and the progress of each watch."""

    truth: Truth = Truth()
    watches: Map[str, Progress] = Map()


Check = Callable[[Truth, Progress, Watched], str | None]


def id_of(event: Event) -> Id:
    """Return the revision and the key of an event."""
    return event.kv.mod_revision, event.kv.key


def moved(progress: Progress, watched: Watched) -> Progress:
    """Return the progress of a watch after a response."""
    response = watched.response
    if response.created:
        return replace(progress, start=watched.request.start_revision or response.header_revision + 1)
    if response.events:
        shown = frozenset(map(id_of, response.events))
        newest = max(progress.newest, *(event.kv.mod_revision for event in response.events))
        parts = progress.parts + response.events if response.fragment else ()
        return replace(progress, seen=progress.seen | shown, newest=newest, parts=parts)
    if response.canceled:
        return progress
    return replace(progress, bookmark=max(progress.bookmark, response.header_revision))


def watch_law(name: str, says: str) -> Callable[[Check], Law]:
    """Make a law of a check of one response, given the truth and the progress of its watch."""

    def wrap(check: Check) -> Law:
        def fold(memory: Memory, world: World) -> tuple[Memory, str | None]:
            truth, known = learned(memory.truth, world), memory.watches
            evidence = None
            for watched in outputs(world.step, Watched):
                progress = known.get(watched.watch, Progress())
                evidence = evidence or check(truth, progress, watched)
                known = known.set(watched.watch, moved(progress, watched))
            if truth is not memory.truth or known is not memory.watches:
                memory = Memory(truth, known)
            return memory, evidence and f"watch {watched.watch} {evidence}"

        made: Any = law_with_memory(name, says, start=Memory())(fold)
        return made  # type: ignore[no-any-return]

    return wrap


@watch_law("watch ordered", "The events of a watch are ordered by revision.")
def ordered(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """An event never appears after one that came later."""
    newest = progress.newest
    for event in watched.response.events:
        revision = event.kv.mod_revision
        if revision < newest:
            return f"shows an event of revision {revision} after one of revision {newest}"
        newest = max(newest, revision)
    return None


@watch_law("watch unique", "An event never appears on a watch twice.")
def unique(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """The same key at the same revision is the same event."""
    seen = progress.seen
    for event in watched.response.events:
        if id_of(event) in seen:
            return f"shows the change of {event.kv.key!r} in revision {event.kv.mod_revision} twice"
        seen |= {id_of(event)}
    return None


@watch_law("watch atomic", "The events of one revision come together.")
def atomic(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """A list of events holds whole revisions, as far as the watch asked for them."""
    if watched.response.fragment:
        return None
    events = progress.parts + watched.response.events
    for revision in sorted({event.kv.mod_revision for event in events}):
        shown = {id_of(event) for event in events if event.kv.mod_revision == revision}
        all_of_it = {id_of(event) for event in matching(truth, watched.request, revision, revision)}
        if all_of_it - shown:
            return f"shows {len(shown)} of {len(all_of_it)} events of revision {revision} in one response"
    return None


@watch_law("watch reliable", "A watch that shows an earlier and a later event shows all between them.")
def reliable(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """What is missing between the first event and the last was dropped."""
    shown = progress.seen | frozenset(map(id_of, watched.response.events))
    if not watched.response.events or not progress.seen:
        return None
    first, last = min(shown)[0], max(shown)[0]
    for event in matching(truth, watched.request, first + 1, last - 1):
        if id_of(event) not in shown:
            return f"shows revisions {first} and {last}, but not what happened in {event.kv.mod_revision}"
    return None


@watch_law(
    "watch resumable", "A watch that begins at a revision shows first what happened first from there on."
)
def resumable(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """So a watch that broke is resumed from the revision after its last event without a gap."""
    start = watched.request.start_revision
    if progress.seen or not watched.response.events or not start:
        return None
    first = min(map(id_of, watched.response.events))[0]
    missing = matching(truth, watched.request, start, first - 1)
    if missing:
        return (
            f"begins at revision {start} and shows {first} first, "
            f"but not what happened in {missing[0].kv.mod_revision}"
        )
    return None


@watch_law("watch bookmarkable", "When a watch says how far it has come, it has shown all up to there.")
def bookmarkable(truth: Truth, progress: Progress, watched: Watched) -> str | None:
    """A progress notification is not overtaken by events, and overtakes none."""
    response = watched.response
    for event in response.events:
        if event.kv.mod_revision <= progress.bookmark:
            return (
                f"said that it had come to revision {progress.bookmark}, "
                f"and then shows an event of revision {event.kv.mod_revision}"
            )
    if response.events or response.created or response.canceled or not progress.start:
        return None
    for event in matching(truth, watched.request, progress.start, response.header_revision):
        if id_of(event) not in progress.seen:
            return (
                f"says that it has come to revision {response.header_revision}, "
                f"but has not shown revision {event.kv.mod_revision}"
            )
    return None


WATCH_LAWS = (ordered, unique, atomic, reliable, resumable, bookmarkable)
