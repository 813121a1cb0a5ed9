"""Which sets of acceptors may decide: majorities, sets of chosen sizes, rows and columns of a grid.

Paxos asks two things of quorums. A *phase-1 quorum* promises, a *phase-2 quorum* votes, and what makes Paxos safe is
that each of the first kind meets each of the second: whoever begins a new ballot hears of every value that may have
been chosen. Two quorums of the same kind need not meet (Howard, Malkhi and Spiegelman 2016, "Flexible Paxos").
With n acceptors and quorums of q1 and q2 of them that is the one inequality q1 + q2 > n.

>>> quorums = quorums_of(("sizes", 4, 2), ("a", "b", "c", "d", "e"))
>>> quorums.is_phase1_quorum({"a", "b", "c"}), quorums.is_phase2_quorum({"d", "e"})
(False, True)
>>> quorums_of(("sizes", 3, 2), ("a", "b", "c", "d", "e"))
Traceback (most recent call last):
...
distsys.core.errors.ArgumentError: quorums must meet: with 5 acceptors 3 + 2 must be more than 5
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, name_text, shown, whole_number
from distsys.core.values import record

MAJORITY = ("majority",)
KNOWN = '("majority",), ("sizes", q1, q2) or ("grid", columns)'


def names_of(argument: str, names: Any) -> tuple[str, ...]:
    """Return `names` if it is a tuple of at least one name, each once, else raise an error that names `argument`."""
    if not isinstance(names, tuple):
        raise ArgumentTypeError(f"{argument} must be a tuple of names, but it is {shown(names)}")
    for name in names:
        name_text(f"a name in {argument}", name)
    if not names or len(set(names)) < len(names):
        raise ArgumentError(
            f"{argument} must name at least one process, and each once, but it is {shown(names)}"
        )
    return names


def held(names: Iterable[str]) -> set[str]:
    """Return `names` as a set, or raise an error if it is no collection of names."""
    try:
        if not isinstance(names, str):
            return set(names)
    except TypeError:  # the error below says more
        pass
    raise ArgumentTypeError(f"names must be a set or another collection of names, but it is {shown(names)}")


@record
class Sizes:
    """Any `q1` of the acceptors promise, any `q2` of them vote."""

    names: tuple[str, ...]
    q1: int
    q2: int

    def is_phase1_quorum(self, names: Iterable[str]) -> bool:
        """Return whether the promises of `names` are enough to begin phase 2."""
        return len(held(names) & set(self.names)) >= self.q1

    def is_phase2_quorum(self, names: Iterable[str]) -> bool:
        """Return whether a value for which all `names` voted in one ballot is chosen."""
        return len(held(names) & set(self.names)) >= self.q2


@record
class Grid:
    """The acceptors stand in rows of `columns`: a whole row promises, a whole column votes; they meet in one place."""

    names: tuple[str, ...]
    columns: int

    def rows(self) -> list[set[str]]:
        """Return the rows, from above."""
        starts = range(0, len(self.names), self.columns)
        return [set(self.names[start : start + self.columns]) for start in starts]

    def is_phase1_quorum(self, names: Iterable[str]) -> bool:
        """Return whether `names` hold a whole row."""
        promised = held(names)
        return any(row <= promised for row in self.rows())

    def is_phase2_quorum(self, names: Iterable[str]) -> bool:
        """Return whether `names` hold a whole column."""
        voted = held(names)
        columns = (set(self.names[first :: self.columns]) for first in range(self.columns))
        return any(column <= voted for column in columns)


Quorums = Sizes | Grid


def majority(names: tuple[str, ...]) -> Sizes:
    """Return the quorums of the papers: more than half, in both phases."""
    half = len(names_of("names", names)) // 2 + 1
    return Sizes(names, half, half)


def sizes(names: tuple[str, ...], q1: int, q2: int) -> Sizes:
    """Return quorums of q1 and q2 acceptors; an error unless they always meet."""
    names_of("names", names)
    whole_number("q1", q1, at_least=1, at_most=len(names))
    whole_number("q2", q2, at_least=1, at_most=len(names))
    if q1 + q2 <= len(names):
        raise ArgumentError(
            f"quorums must meet: with {len(names)} acceptors {q1} + {q2} must be more than {len(names)}"
        )
    return Sizes(names, q1, q2)


def grid(names: tuple[str, ...], columns: int) -> Grid:
    """Return quorums that are rows and columns; an error unless the grid is full."""
    names_of("names", names)
    whole_number("columns", columns, at_least=1)
    if len(names) % columns:
        raise ArgumentError(f"columns must divide {len(names)}, the number of acceptors, but it is {columns}")
    return Grid(names, columns)


MAKERS: dict[str, tuple[Callable[..., Quorums], int]] = {
    "majority": (majority, 0),
    "sizes": (sizes, 2),
    "grid": (grid, 1),
}


def quorums_of(choice: Any, names: tuple[str, ...]) -> Quorums:
    """Return the quorums of `names` for a choice: ("majority",), ("sizes", q1, q2) or ("grid", columns)."""
    if not isinstance(choice, tuple):
        raise ArgumentTypeError(f"quorums must be {KNOWN}, but it is {shown(choice)}")
    kind = choice[0] if choice and isinstance(choice[0], str) else ""
    maker, count = MAKERS.get(kind, (majority, None))
    if len(choice) - 1 != count:
        raise ArgumentError(f"quorums must be {KNOWN}, but it is {shown(choice)}")
    return maker(names, *choice[1:])
