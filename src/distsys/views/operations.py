"""Operations of clients as intervals: who asked what from when to when, what came back, and the order a checker found.

    from distsys.views import operations
    operations(history, verdict, alt="c1 puts 1 while c2 reads; c2 reads the old value after c1 has its answer.")

Time runs to the right; each process has a row, each operation an interval from its invoke to its answer. An operation
that never got an answer is dashed and goes on to the end; one that failed is struck through. The numbered points are
the witness: the moment at which each operation could have happened, joined by a line in that order. What has no
place in any order has a thick bar with crosses and says so. The table under the picture says the same in words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from distsys.core.errors import ArgumentError, shown
from distsys.core.trace import Trace

from .calls import Call, calls_of, faults_of, positioned
from .drawing import Drawing
from .markup import escaped
from .measure import SIZE, shortened, width
from .svg import KEY
from .table import table
from .theme import FONT, LIGHT, colour, style
from .timeline import ROW, STRIP, Timeline, timeline
from .verdicts import Placed, placed, sentence

NAMES_MOST = 76  # px for the names of processes
ENDINGS = {"ok": "", "fail": "failed", "info": "no answer"}


def operations(
    history: Any,
    verdict: Any = None,
    *,
    alt: str,
    caption: str = "",
    title: str = "",
    name: str = "",
) -> Drawing:
    """Return the picture of a history: a `Trace`, or any iterable of `Operation` records.

    verdict  what a checker said of it: a verdict of `distsys.checkers`, or a `Placed`
    alt      what the picture shows, for those who cannot see it
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError(
            f"alt must be a sentence for those who cannot see the picture, but it is {shown(alt)}"
        )
    calls = calls_of(positioned(history))
    if not calls:
        raise ArgumentError("history must hold at least one operation, but it holds none")
    found = None if verdict is None else placed(verdict, calls)
    faults = faults_of(history) if isinstance(history, Trace) else ()
    plan = timeline(calls, faults, found, width)
    drawing = Drawing(
        svg=_Writer(plan, calls, found, bool(faults)).svg(title or caption or "Operations of clients", alt),
        text=text(calls, found),
        alt=alt,
        caption=caption,
        words=f"<p>{escaped(sentence(found, calls))}</p>{words(calls, found)}",
        heading="The operations in words",
        title=title,
    )
    return drawing.named(name, title) if name else drawing


def rows(calls: Sequence[Call], found: Placed | None) -> list[tuple[str, ...]]:
    """Return the operations as a table: process, operation, from, to, result, place in the order."""
    places = {number: str(place) for place, number in enumerate(found.order, 1)} if found else {}
    for number in found.stuck if found else ():
        places[number] = "no place"
    return [
        (
            call.process,
            call.label,
            str(call.start),
            str(call.stop) if call.stop else "open",
            ENDINGS[call.ending] or "ok",
            places.get(number, ""),
        )
        for number, call in enumerate(calls)
    ]


HEADER = ("process", "operation", "from", "to", "result", "order")


def words(calls: Sequence[Call], found: Placed | None) -> str:
    """Return the operations as an HTML table."""
    return table(rows(calls, found), HEADER).html


def text(calls: Sequence[Call], found: Placed | None) -> str:
    """Return the operations for a terminal."""
    return f"{table(rows(calls, found), HEADER).text}\n{sentence(found, calls)}"


class _Writer:
    """Writes the SVG of one history."""

    def __init__(self, plan: Timeline, calls: Sequence[Call], found: Placed | None, steps: bool) -> None:
        self.plan, self.calls, self.found, self.steps = plan, calls, found, steps
        self.left = 14 + max(min(width(name, SIZE), NAMES_MOST) for name in plan.processes)
        self.top = 4 + STRIP * (1 + max((line for _, line in plan.strips), default=-1))
        self.bottom = self.top + ROW * len(plan.processes)

    def svg(self, title: str, alt: str) -> str:
        """Return the whole picture."""
        wide, high = int(self.left + self.plan.end + 14), self.bottom + 24
        thread, points = self._witness()
        calls = map(self._call, range(len(self.calls)))
        body = f'<path class="ground" d="M0 0H{wide}V{high}H0z"/>'
        body += "".join([*self._faults(), *self._rows(), thread, *calls, *points, *self._axis()])
        rules = "".join(
            f".{KEY} {name}{{{rule}}}" for name, rule in RULES.items() if name.rpartition(".")[2] in body
        )
        first = (
            f".{KEY}{{font:{SIZE}px {FONT};fill:{colour('ink')};background:{colour('ground')};display:block}}"
        )
        first += f".{KEY} text{{paint-order:stroke;stroke:{colour('ground')};stroke-width:3px;stroke-linejoin:round}}"
        whole = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{KEY}" width="{wide}" height="{high}" '
            f'viewBox="0 0 {wide} {high}" role="img" aria-labelledby="{KEY}-t {KEY}-d">'
            f'<title id="{KEY}-t">{escaped(title)}</title><desc id="{KEY}-d">{escaped(alt)}</desc>'
            f"<style>{style(KEY, first + rules, LIGHT)}</style>{body}</svg>"
        )
        return whole.replace(KEY, "k" + hashlib.sha256(whole.encode()).hexdigest()[:10])

    def _x(self, x: float) -> str:
        return f"{self.left + x:.1f}".removesuffix(".0")

    def _y(self, process: str) -> int:
        return self.top + ROW * self.plan.processes.index(process) + 25

    def _faults(self) -> list[str]:
        drawn = []
        for fault, line in self.plan.strips:
            x1, y = self.plan.x(fault.start), 4 + STRIP * line
            x2 = self.plan.x(fault.stop) if fault.stop else self.plan.end
            if fault.kind == "mark":
                drawn.append(f'<path class="sign" d="M{self._x(x1 - 5)} {y + 15}l5 -10l5 10z"/>')
            else:
                low = self.bottom if fault.kind == "split" else y + STRIP - 3
                drawn.append(
                    f'<path class="{fault.kind}" d="M{self._x(x1)} {y}H{self._x(x2)}V{low}H{self._x(x1)}z"/>'
                )
            shift = 8 if fault.kind == "mark" else 4
            drawn.append(_text("fault", self._x(x1 + shift), y + 13, fault.words))
        return drawn

    def _rows(self) -> list[str]:
        drawn = []
        for name in self.plan.processes:
            y = self._y(name)
            drawn.append(f'<path class="row" d="M{self._x(0)} {y}H{self._x(self.plan.end)}"/>')
            drawn.append(_text("name", "6", y + 4, shortened(name, NAMES_MOST)))
        return drawn

    def _call(self, number: int) -> str:
        call, plan = self.calls[number], self.plan
        x1, x2, y = plan.x(call.start), plan.stop(call), self._y(call.process)
        stuck = self.found is not None and number in self.found.stuck
        kind = "bar stuck" if stuck else "bar open" if not call.stop else "bar"
        a, b = self._x(x1), self._x(x2)
        end = f"M{b} {y - 7}V{y + 7}" if call.stop else f"M{self._x(x2 - 7)} {y - 5}l7 5l-7 5"
        caps = f"M{a} {y - 7}V{y + 7}{end}"
        shape = f'<path class="{kind}" d="M{a} {y}H{b}"/><path class="cap" d="{caps}"/>'
        under = "no place" if stuck else ENDINGS[call.ending]
        if stuck:
            shape += f'<path class="cross" d="{_crosses(self.left + x1, self.left + x2, y)}"/>'
        elif call.ending == "fail":
            shape += f'<path class="cap" d="M{self._x((x1 + x2) / 2 - 5)} {y + 7}l10 -14"/>'
        label = f'<text x="{a}" y="{y - 11}">{escaped(call.label)}</text>'
        if call.ending == "fail":
            label += f'<path class="strike" d="M{a} {y - 15}h{width(call.label)}"/>'
        title = f"{call.label} by {call.process}{f', {under}' if under else ''}"
        below = _text("bad" if stuck else "quiet", self._x(x1 + 4), y + 20, under) if under else ""
        return f"<g><title>{escaped(title)}</title>{shape}{label}{below}</g>"

    def _witness(self) -> tuple[str, list[str]]:
        """Return the line through the points, which lies under the words, and the points."""
        points = [(self.left + x, self._y(self.calls[number].process)) for x, number in self.plan.points]
        line = "L".join(f"{x:.1f} {y}" for x, y in points)
        drawn = []
        for place, (x, y) in enumerate(points, 1):
            half = max(18, width(str(place)) + 8) / 2
            drawn.append(
                f'<rect class="point" x="{x - half:.1f}" y="{y - 9}" width="{2 * half:.0f}" height="18" rx="9"/>'
                f'<text class="place" x="{x:.1f}" y="{y + 4}" text-anchor="middle">{place}</text>'
            )
        return f'<path class="thread" d="M{line}"/>' if len(points) > 1 else "", drawn

    def _axis(self) -> list[str]:
        y, right = self.bottom + 16, self.left + self.plan.end
        if not self.steps:
            arrow = f"M{right - 34:.1f} {y - 4}h30M{right - 10:.1f} {y - 8}l6 4l-6 4"
            return [_text("quiet", f"{right - 40:.1f}", y, "time", "end"), f'<path class="cap" d="{arrow}"/>']
        drawn, free = [_text("quiet", "6", y, "step")], 0.0
        for at, x in zip(self.plan.columns, self.plan.xs, strict=True):
            half = width(str(at)) / 2
            if x - half >= free:
                drawn.append(_text("quiet", self._x(x), y, str(at), "middle"))
                free = x + half + 6
        return drawn


def _text(role: str, x: str, y: float, words_: str, anchor: str = "") -> str:
    end = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{role}" x="{x}" y="{y:g}"{end}>{escaped(words_)}</text>'


def _crosses(x1: float, x2: float, y: int) -> str:
    """Return crosses along a bar: what has no place is told by shape as well."""
    count = max(1, int((x2 - x1) / 26))
    middles = (x1 + (x2 - x1) * (place + 0.5) / count for place in range(count))
    return "".join(f"M{x - 5:.1f} {y - 5}l10 10m0 -10l-10 10" for x in middles)


RULES = {
    ".ground": f"fill:{colour('ground')}",
    ".row": f"stroke:{colour('quiet')};stroke-width:1;stroke-dasharray:1 5",
    ".name": "font-weight:bold",
    ".quiet": f"fill:{colour('quiet')}",
    ".bad": f"fill:{colour('bad')};font-weight:bold",
    ".bar": f"stroke:{colour('ink')};stroke-width:2.5;fill:none",
    ".bar.open": "stroke-dasharray:7 5",
    ".bar.stuck": f"stroke:{colour('bad')};stroke-width:5",
    ".cap": f"stroke:{colour('ink')};stroke-width:2;fill:none",
    ".cross": f"stroke:{colour('bad')};stroke-width:2.5;fill:none",
    ".strike": f"stroke:{colour('ink')};stroke-width:1.2",
    ".thread": f"stroke:{colour('1')};stroke-width:1.6;fill:none",
    ".point": f"fill:{colour('ground')};stroke:{colour('1')};stroke-width:2",
    ".place": "font-weight:bold;stroke:none",
    ".fault": f"fill:{colour('warn')}",
    ".sign": f"fill:{colour('ground')};stroke:{colour('warn')};stroke-width:1.6",
    ".down": f"fill:{colour('crash')};stroke:{colour('bad')}",
    ".pause": f"fill:{colour('pause')};stroke:{colour('warn')}",
    ".stall": f"fill:{colour('pause')};stroke:{colour('warn')};stroke-dasharray:5 3",
    ".full": f"fill:none;stroke:{colour('warn')};stroke-width:2;stroke-dasharray:1 4",
    ".split": f"fill:{colour('partition')};stroke:{colour('4')};stroke-dasharray:10 4 2 4",
}
