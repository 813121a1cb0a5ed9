"""What a space-time diagram shows, before any pixel: rows, marks, messages, spells and bands.

A picture has a lane for each node and a row for each step, so no two events stand at the same height and
each can be cited by its number. Nodes that start at the same moment share a row. `distsys.views.staging` makes
a scene of a trace, `layout` gives it places.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Line = tuple[str, str]  # (role of the text: what, quiet, out, state, note, fault, bad; the text)
BEFORE, AFTER = -1, -2  # rows of what lies outside the picture


@dataclass(frozen=True)
class Mark:
    """An event at a node: its lane, its shape, and the lines of text beside it.

    A message that is lost on its way has its cross half way between two lanes; one that is refused, beside
    the lane of the receiver: `toward` is the lane on whose side the cross stands.
    """

    step: int
    lane: int
    shape: str  # dot, timeout, start, restart, invoke, crash, fault, clock, cell, copy, lost, refused
    lines: tuple[Line, ...]
    title: str
    broken: bool = False
    toward: int = 0


@dataclass(frozen=True)
class Row:
    """One height of the picture. `wide` is text that runs over all lanes.

    A `flat` row is one atomic step of a shared memory: its arrows lie, so its labels stand below them.
    """

    at: int
    numbers: tuple[int, ...]
    marks: tuple[Mark, ...] = ()
    wide: tuple[Line, ...] = ()
    flat: bool = False


@dataclass(frozen=True)
class Arrow:
    """A message. `end` says how: delivered, copy, lost (underway), refused (at the receiver), flying."""

    sender: int
    receiver: int
    start: int  # row, or BEFORE
    stop: int  # row, or AFTER
    end: str
    title: str
    step: int  # where it was sent
    quiet: bool = False  # one of many that say little: drawn thin


@dataclass(frozen=True)
class Spell:
    """A condition of a node from one row to another: down, pause, stall, full."""

    lane: int
    start: int
    stop: int
    kind: str


@dataclass(frozen=True)
class Band:
    """A split network from one row to another; `walls` are the lanes that have a wall to their right.

    A cut stops messages in one direction only: its band has no wall, and reaches from lane to lane.
    """

    start: int
    stop: int
    walls: tuple[int, ...] = ()
    lanes: tuple[int, int] | None = None  # None: all of them


@dataclass(frozen=True)
class Reign:
    """The role and the term of a node from one row to another."""

    lane: int
    start: int
    stop: int
    role: str
    term: int | None


@dataclass
class Scene:
    """All that a picture of the steps `first` to `last` shows."""

    names: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    reigns: list[Reign] = field(default_factory=list)
    first: int = 1
    last: int = 0
