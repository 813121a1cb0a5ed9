"""Breadth-first search through a state space, every state once. So the first bad state found is the nearest.

The search knows nothing of nodes or messages. It walks through states that are hashable, level by level: first all
that one action leads to, then all that two lead to. It stops at a bad state, when nothing is left, or at a bound.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

GO_ON, CUT_OFF, BAD = 0, 1, 2  # what `look` says of a new state

Progress = Callable[[int, int, int], None]  # distinct states, transitions, depth
EVERY = 1000  # expanded states between two calls of `progress`


class Found:
    """What a search has seen. States are numbered in the order in which they were found."""

    def __init__(self) -> None:
        self.states: list[Any] = []
        self.parents = array("q")  # number of the state before, -1 for an initial one
        self.transitions = 0
        self.depth = 0  # the largest number of actions that a state needs
        self.pruned = 0  # states below which nothing was explored
        self.beyond = 0  # states at the bound on depth: their next states were not looked at
        self.bad: int | None = None  # number of the first bad state
        self.exhausted = False

    def path(self, number: int) -> list[Any]:
        """Return the states from an initial one to this one."""
        states = []
        while number >= 0:
            states.append(self.states[number])
            number = self.parents[number]
        return states[::-1]


def search(
    initial: Iterable[Any],
    successors: Callable[[Any], Sequence[tuple[Any, Any]]],
    look: Callable[[Any], int],
    *,
    states_max: int,
    depth_max: int | None = None,
    progress: Progress | None = None,
    key: Callable[[Any], Any] | None = None,
) -> Found:
    """Return what a breadth-first search finds; `successors(state)` lists (action, next state).

    With `key`, states of equal keys are one state: of these only the first that is found is explored.
    """
    found = Found()
    known: set[Any] = set()
    level = _first_level(found, known, initial, look, key)
    while level and found.bad is None:
        if found.depth == depth_max:
            found.beyond = len(level)
            break
        following = _next_level(found, known, level, successors, look, states_max, progress, key)
        if following is None:
            return found
        level = following
    found.exhausted = found.bad is None
    return found


def _first_level(
    found: Found,
    known: set[Any],
    initial: Iterable[Any],
    look: Callable[[Any], int],
    key: Callable[[Any], Any] | None,
) -> list[int]:
    level: list[int] = []
    for state in initial:
        mark = state if key is None else key(state)
        if mark not in known:
            known.add(mark)
            _add(found, level, state, -1, look)
    return level


def _add(found: Found, level: list[int], state: Any, parent: int, look: Callable[[Any], int]) -> bool:
    """Number a new state, and return whether it is bad."""
    number = len(found.states)
    found.states.append(state)
    found.parents.append(parent)
    said = look(state)
    if said == GO_ON:
        level.append(number)
    elif said == CUT_OFF:
        found.pruned += 1
    elif found.bad is None:
        found.bad = number
    return said == BAD


def _next_level(
    found: Found,
    known: set[Any],
    level: list[int],
    successors: Callable[[Any], Sequence[tuple[Any, Any]]],
    look: Callable[[Any], int],
    states_max: int,
    progress: Progress | None,
    key: Callable[[Any], Any] | None,
) -> list[int] | None:
    """Expand the states of a level, and return the next; None when there are more states than allowed."""
    following: list[int] = []
    states = found.states
    found.depth += 1
    deepest = len(states)
    for expanded, parent in enumerate(level):
        if progress is not None and expanded % EVERY == 0:
            progress(len(states), found.transitions, found.depth)
        choices = successors(states[parent])
        found.transitions += len(choices)
        for _, state in choices:
            mark = state if key is None else key(state)
            if mark in known:
                continue
            if len(states) >= states_max:
                return None
            known.add(mark)
            if _add(found, following, state, parent, look):
                return following
    if len(states) == deepest:
        found.depth -= 1
    return following
