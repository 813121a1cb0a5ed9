"""Where the operations of clients stand in a picture: time runs to the right, one row for each process.

Each position at which something begins or ends is a column. A column is as far from the one before as the words and the
points of the witness between them need, so nothing overlaps and no type shrinks. `player/calls.js` does the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .calls import Call, Fault
from .verdicts import Placed

GAP, POINT, PAD = 24, 22, 10  # px: between two columns, for a point of the witness, beside a label
SPAN, UNDER = 44, 62  # px: the least length of an interval, and what stands under one that was not answered
ROW, STRIP = 50, 20  # px: a row of operations, a line of faults


@dataclass
class Timeline:
    """The places of a history: `columns` are positions, `xs` their px, `points` the witness as (x, call)."""

    columns: list[int]
    xs: list[float]
    end: float  # px where the history ends
    processes: list[str]
    points: list[tuple[float, int]] = field(default_factory=list)
    strips: list[tuple[Fault, int]] = field(default_factory=list)  # each fault with its line

    def x(self, position: int) -> float:
        """Return where a position stands; between two columns, its share of the way."""
        place = bisect_left(self.columns, position)
        if place == len(self.columns):
            return self.xs[-1] if self.xs else 0
        if self.columns[place] == position or place == 0:
            return self.xs[place]
        before, after = self.columns[place - 1], self.columns[place]
        share = (position - before) / (after - before)
        return self.xs[place - 1] + share * (self.xs[place] - self.xs[place - 1])

    def stop(self, call: Call) -> float:
        """Return where an operation ends: the end of the picture where it is open."""
        return max(self.x(call.stop), self.x(call.start) + 8) if call.stop else self.end


def timeline(
    calls: Sequence[Call], faults: Sequence[Fault], found: Placed | None, wide: Callable[[str], float]
) -> Timeline:
    """Return the places of everything; `wide` tells how wide a text is."""
    columns = sorted(
        {at for call in calls for at in (call.start, call.stop, call.gave_up) if at}
        | {at for fault in faults for at in (fault.start, fault.stop) if at}
    )
    column = {at: place for place, at in enumerate(columns)}
    slots = _slots(calls, found, column)
    xs: list[float] = []
    free: dict[str, float] = {}  # process -> px up to which its row is taken
    starting: dict[int, list[Call]] = {}
    began = {
        call.stop: max(call.start, 1) for call in calls if call.stop
    }  # where something ends: when it began
    for call in calls:
        starting.setdefault(call.start, []).append(call)
    for place, at in enumerate(columns):
        crowd = sum(slot == place - 1 for slot, _ in slots)
        x = xs[-1] + max(GAP, POINT * crowd + 2) if xs else PAD
        if at in began and began[at] < at:
            x = max(x, xs[column[began[at]]] + SPAN)
        here = starting.get(at, ())
        xs.append(max([x, *(free.get(call.process, 0.0) for call in here)]))
        for call in here:
            free[call.process] = xs[-1] + max(wide(call.label), 0 if call.ending == "ok" else UNDER) + PAD
    crowd = sum(slot == len(columns) - 1 for slot, _ in slots)
    last = xs[-1] if xs else 0
    end = max([last + max(GAP, POINT * crowd + 2), *free.values()])
    result = Timeline(columns, xs, end, list(dict.fromkeys(call.process for call in calls)))
    result.points = _points(slots, [*xs, end])
    result.strips = _strips(result, faults, wide)
    return result


def _slots(calls: Sequence[Call], found: Placed | None, column: dict[int, int]) -> list[tuple[int, int]]:
    """Return (column after which it stands, call) of each operation of the order: as early as the order lets it."""
    slots: list[tuple[int, int]] = []
    slot = 0
    for number in found.order if found else ():
        call = calls[number]
        slot = max(slot, column[call.start])
        before_end = max(column[call.stop] - 1, column[call.start]) if call.stop else slot
        slots.append((min(slot, before_end), number))
    return slots


def _points(slots: list[tuple[int, int]], xs: list[float]) -> list[tuple[float, int]]:
    points = []
    for place, (slot, number) in enumerate(slots):
        same = [index for index, (other, _) in enumerate(slots) if other == slot]
        share = (same.index(place) + 1) / (len(same) + 1)
        points.append((xs[slot] + (xs[slot + 1] - xs[slot]) * share, number))
    return points


def _strips(
    result: Timeline, faults: Sequence[Fault], wide: Callable[[str], float]
) -> list[tuple[Fault, int]]:
    """Give each fault the first line in which nothing stands at its place."""
    taken: list[float] = []
    strips = []
    for fault in faults:
        start = result.x(fault.start)
        stop = result.x(fault.stop) if fault.stop else result.end
        line = next((place for place, until in enumerate(taken) if until <= start), len(taken))
        if line == len(taken):
            taken.append(0)
        taken[line] = max(stop, start + wide(fault.words) + 2 * PAD)
        strips.append((fault, line))
        result.end = max(result.end, taken[line])
    return strips
