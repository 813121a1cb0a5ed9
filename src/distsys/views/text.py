"""A run as text for a terminal: lanes as columns, a line for each step, and what it did in words.

    step     ms  n1    n2    n3
       4    2.1  T     |     |    the timer t of n1 fires; it sends Ping(1) to n2 and n3
       5    2.1  |--x  |     |    Ping(1) from n1 to n2 is lost (on the way)
       6    7.9  |---------->*    n3 receives Ping(1) from n1, sent at step 4

A message is drawn on the line where it arrives or is lost. Signs are plain ASCII letters; colour only repeats
what they say. Words are broken to the width that the caller gives.
"""

from __future__ import annotations

import textwrap

from distsys.core.errors import whole_number
from distsys.core.trace import MEMORY_EVENTS, Step, Trace

from .scene import AFTER, BEFORE, Scene, Spell
from .staging import carries
from .svg import time_unit
from .words import in_atomic_steps, printable, sent_by, sentence, verdict

CELL = 6
SIGNS = {
    "start": "S",
    "restart": "R",
    "deliver": "*",
    "timeout": "T",
    "invoke": "Q",
    "crash": "X",
    "duplicate": "2",
    "note": "C",
    "return": "C",
}
LEGEND = {
    "S": "start",
    "R": "restart",
    "*": "delivery",
    "T": "timer",
    "Q": "request from outside",
    "X": "crash",
    "x": "message lost",
    "2": "second copy",
    "C": "what a client tells",
    "o": "operation on a cell",
    "!": "fault",
    "#": "law broken",
    ".": "down",
    ":": "paused, or its disk hangs",
    "~": "network split",
}
COLOURS = {"dim": "2", "x": "33", "X": "31", "!": "33", "#": "1;31", "2": "33"}


def write(trace: Trace, scene: Scene, *, columns: int = 100, colour: bool = False) -> str:
    """Return the scene as lines, without a blank at the end of any."""
    whole_number("columns", columns, at_least=40)
    page = _Page(trace, scene, columns, colour)
    lines = [page.head(), *(page.line(trace.step(number)) for row in scene.rows for number in row.numbers)]
    used = [f"{sign} {LEGEND[sign]}" for sign in LEGEND if sign in page.signs]
    found = [
        page.painted("#", printable(f"Law broken {_where(v.step)}: {v.law}. {v.evidence}"))
        for v in trace.violations
        if scene.first <= v.step <= scene.last or (v.step == 0 and scene.last >= len(trace))
    ]
    return "\n".join([*lines, "", *found, *([] if found else [verdict(trace)]), "Signs: " + ", ".join(used)])


class _Page:
    """Knows where a column stands, and which nodes are down at which row."""

    def __init__(self, trace: Trace, scene: Scene, columns: int, colour: bool) -> None:
        self.trace, self.scene, self.columns, self.colour = trace, scene, columns, colour
        self.lanes = {name: lane for lane, name in enumerate(scene.names)}
        longest = max((len(name) for name in scene.names), default=1)
        self.cell = max(CELL, min(longest + 1, 12))
        self.unit, self.digits, self.size = time_unit([row.at for row in scene.rows])
        self.row_of = {number: place for place, row in enumerate(scene.rows) for number in row.numbers}
        self.signs: set[str] = set()

    def painted(self, sign: str, words: str) -> str:
        """Return `words` in the colour of a sign, where colour is wanted."""
        code = COLOURS.get(sign)
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour and code else words

    def head(self) -> str:
        """Return the line of names."""
        names = "".join(printable(name)[: self.cell - 1].ljust(self.cell) for name in self.scene.names)
        return self.painted("dim", f"{'step':>5} {self.unit:>8}  {names}".rstrip())

    def line(self, step: Step) -> str:
        """Return the line of one step."""
        row = self.row_of[step.number]
        cells = self.background(row)
        sign = self.draw(step, cells)
        if any(v.step == step.number for v in self.trace.violations):
            sign = "#"
            if step.node:
                cells[self.lanes[step.node] * self.cell] = sign
        self.signs.update(sign)
        self.signs.update(c for c in cells if c in ".:~")
        words = sentence(self.trace, step).split(": ", 1)[1].split(" Here the law ")[0].rstrip(".")
        drawn = "".join(cells)
        start = self.painted("dim", f"{step.number:>5} {step.at / self.size:>8.{self.digits}f}")
        first, *more = textwrap.wrap(words, max(self.columns - 17 - len(drawn), 20)) or [""]
        after = "".join(self.background(row, after=True))
        lines = [
            f"{start}  {self.painted(sign, drawn)} {first}",
            *(f"{'':>16}{after} {part}" for part in more),
        ]
        return "\n".join(line.rstrip() for line in lines)

    def background(self, row: int, *, after: bool = False) -> list[str]:
        """Return the life lines of all nodes at a row, or just after it, as single characters."""
        bands = [
            band for band in self.scene.bands if band.lanes is None and _covers(band.start, band.stop, row)
        ]
        walls = {lane for band in bands for lane in band.walls or range(len(self.scene.names) - 1)}
        cells: list[str] = []
        for lane in range(len(self.scene.names)):
            kinds = {
                spell.kind for spell in self.scene.spells if spell.lane == lane and _spans(spell, row, after)
            }
            line = "." if "down" in kinds else ":" if kinds & {"pause", "stall"} else "|"
            cells.extend(line + " " * (self.cell - 1))
            if lane in walls:
                cells[-self.cell // 2] = "~"
        return cells

    def draw(self, step: Step, cells: list[str]) -> str:
        """Put the sign of a step, and the message that it ends, over the life lines; return the sign."""
        if not step.node:
            return "!"
        here = self.lanes[step.node] * self.cell
        cause = sent_by(self.trace, step)
        if step.kind == "drop":
            self._loss(step, cells)
            return "x"
        if in_atomic_steps(self.trace):
            self._value(step, cells, here)
        elif step.kind in ("deliver", "return") and cause is not None and step.cause is not None:
            self._shaft(cells, self.lanes[self.trace.step(step.cause[0]).node] * self.cell, here)
        on_a_cell = step.kind in MEMORY_EVENTS and step.event is not None
        sign = "o" if on_a_cell else SIGNS.get(step.kind, "!")
        cells[here] = sign
        return sign

    def _value(self, step: Step, cells: list[str], here: int) -> None:
        """Draw how a value goes in an atomic step: from the process to the cell, or back."""
        source = None if step.cause is None else self.trace.step(step.cause[0])
        if source is not None and carries(source, step):
            self._shaft(cells, self.lanes[source.node] * self.cell, here)

    def _shaft(self, cells: list[str], start: int, stop: int) -> None:
        if start == stop:
            return
        side = 1 if stop > start else -1
        for place in range(start + side, stop, side):
            cells[place] = "-"
        cells[stop - side] = ">" if side > 0 else "<"

    def _loss(self, step: Step, cells: list[str]) -> None:
        sender, to = str(step.detail.get("from")), str(step.detail.get("to"))
        if sender not in self.lanes or to not in self.lanes or sender == to:
            cells[self.lanes[step.node] * self.cell + 1] = "x"
            return
        start, stop = self.lanes[sender] * self.cell, self.lanes[to] * self.cell
        side = 1 if stop > start else -1
        refused = step.node == to
        end = stop - side if refused else start + side * (self.cell // 2)
        for place in range(start + side, end, side):
            cells[place] = "-"
        cells[end] = "x"


def _where(step: int) -> str:
    return f"at step {step}" if step else "at the end"


def _covers(start: int, stop: int, row: int) -> bool:
    return (start == BEFORE or start <= row) and (stop == AFTER or row < stop)


def _spans(spell: Spell, row: int, after: bool) -> bool:
    begun = spell.start == BEFORE or spell.start < row or (after and spell.start == row)
    return begun and (spell.stop == AFTER or row < spell.stop)
