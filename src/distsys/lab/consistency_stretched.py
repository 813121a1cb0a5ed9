"""The history that the reader stretches on the page on consistency models, and what happens when one end moves.

>>> [ok for _, ok in moved_left(STALE, "bob", 1)]
[False, False, False, True, True, True, True]
"""

from __future__ import annotations

from distsys.checkers import History, linearizable
from distsys.core.errors import ArgumentError, shown
from distsys.core.operations import INVOKE

from .drawn_histories import drawn

STALE = drawn("""
    ann  [write 1]  [write 2]
    cyd                        [read -> 2]
    bob                                     [read -> 1]  [read -> 2]
""")


def moved_left(history: History, process: str, which: int) -> tuple[tuple[History, bool], ...]:
    """Return the histories in which the invoke of an operation moves left by 0, 1, 2, ... places, and each verdict.

    It stops before an end of its own process. `which` counts the operations of the process from 1.
    """
    events = list(history.operations)
    places = [i for i, event in enumerate(events) if event.process == process and event.type == INVOKE]
    if not 1 <= which <= len(places):
        raise ArgumentError(f"which must be 1 to {len(places)}, but it is {shown(which)}")
    at = places[which - 1]
    found = [(history, linearizable(history, "register").ok)]
    while at and events[at - 1].process != process:
        events[at - 1], events[at] = events[at], events[at - 1]
        at -= 1
        one = History(events)
        found.append((one, linearizable(one, "register").ok))
    return tuple(found)
