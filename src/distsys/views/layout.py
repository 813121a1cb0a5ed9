"""Where everything of a scene stands: heights in px, lanes as places that stretch with the width of the page.

Time runs down, so a picture is as wide as its nodes and as long as its run: three nodes fit a phone without
scaled type. On a wider page the lanes move apart (their places are shares of the width) while text keeps its
size; all decisions are made for the smallest width, where room is scarcest.

A label stands to the right or to the left of its event, where fewer messages cross it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from .measure import SIZE, lines, width
from .scene import AFTER, BEFORE, Arrow, Line, Mark, Row, Scene

LANES_AT = 80  # px from the left edge to the first lane: numbers and times stand there
GAP, GAP_MOST = 88, 170  # px between two lanes, at the smallest and the largest width
RIGHT = 94  # px right of the last lane
HEAD = 44  # px for the names
LINE = 15  # px from one line of text to the next
ROW = 24  # px of a row with one line
MARK = 9  # px from the middle of a mark to its text
LABEL = 104  # px that a label may be wide between two lanes
STUB = (40, 15)  # px of a message that leaves the picture or comes from outside

Segment = tuple[float, float, float, float]  # x1, y1, x2, y2 in px
Point = tuple[float, float]  # lane (may lie between two), px from the top


@dataclass(frozen=True)
class Label:
    """Text beside a mark: `dx` px from `lane`, left- or right-aligned, first base line at `y`."""

    lane: float
    dx: int
    y: int
    anchor: str  # start, end
    lines: tuple[Line, ...]


@dataclass
class Layout:
    """The scene with places. Heights are px; `lane_x` gives px at the smallest width."""

    scene: Scene
    tops: list[int] = field(default_factory=list)
    wide: dict[int, tuple[Line, ...]] = field(default_factory=dict)  # row -> its lines over all lanes
    texts: dict[tuple[int, int], tuple[Line, ...]] = field(default_factory=dict)  # (row, mark) -> lines
    sides: dict[tuple[int, int], str] = field(default_factory=dict)  # labels that stand to the left
    labels: dict[tuple[int, int], Label] = field(default_factory=dict)
    bottom: int = 0
    height: int = 0

    @property
    def width(self) -> int:
        """The smallest width in px."""
        return (
            LANES_AT + max((len(self.scene.names) - 1) * GAP, 160 if len(self.scene.names) < 2 else 0) + RIGHT
        )

    @property
    def width_most(self) -> int:
        """The largest width in px."""
        lanes = max(len(self.scene.names) - 1, 1)
        return max(
            self.width, min(760, self.width * GAP_MOST // GAP, LANES_AT + RIGHT + lanes * GAP_MOST + 90)
        )

    def lane_x(self, lane: float) -> float:
        """Return the px of a lane from the left, at the smallest width."""
        return LANES_AT + lane * GAP

    def row_y(self, row: int) -> int:
        """Return the height of the marks of a row; of the edge for what lies outside."""
        if row == BEFORE:
            return HEAD
        if row == AFTER:
            return self.bottom
        return self.tops[row] + 12


def cross_of(mark: Mark) -> tuple[float, int]:
    """Return (lane, px beside it) of the cross of a lost message."""
    side = (mark.toward > mark.lane) - (mark.toward < mark.lane)
    if mark.shape == "lost":
        return mark.lane + 0.5 * side, 0 if side else 18
    return float(mark.lane), 13 * (side or 1)


def layout(scene: Scene, scale: str = "order") -> Layout:
    """Return the places of a scene; with `scale` "time" heights grow with the time between steps.

    The side of a label decides how its lines break, and so the height of the rows, and so which messages
    cross it. Two rounds settle it: the first with all labels on the right, the second on the sides that it
    found best.
    """
    plan = Layout(scene)
    extra = _extra_heights(scene) if scale == "time" else [0] * len(scene.rows)
    _set_heights(plan, extra, {})
    _set_heights(plan, extra, _sides(plan))
    for number, row in enumerate(scene.rows):
        for place, mark in enumerate(row.marks):
            if plan.texts[number, place]:
                plan.labels[number, place] = _label(plan, number, place, mark)
    return plan


def _set_heights(plan: Layout, extra: list[int], sides: dict[tuple[int, int], str]) -> None:
    """Break all texts for the sides given, and set the heights."""
    plan.sides = sides
    plan.tops = []
    y = HEAD + 6
    for number, row in enumerate(plan.scene.rows):
        y += extra[number]
        plan.tops.append(y)
        y += _set_texts(plan, number, row)
    plan.bottom = y + 4
    plan.height = plan.bottom + 12


def _set_texts(plan: Layout, number: int, row: Row) -> int:
    """Break the texts of a row into lines, and return the height of the row."""
    room = plan.width - LANES_AT
    most = 4 if any(role == "bad" for role, _ in row.wide) else 2
    plan.wide[number] = tuple(
        (role, part) for role, text in row.wide for part in lines(text, room, most, SIZE + 1)
    )
    tallest = len(plan.wide[number])
    for place, mark in enumerate(row.marks):
        side = plan.sides.get((number, place), "start")
        plan.texts[number, place] = _broken(plan, mark, side, len(row.marks) > 1)
        tallest = max(tallest, len(plan.texts[number, place]))
    tallest += row.flat and tallest > 0
    broken = 6 if any(mark.broken for mark in row.marks) else 0
    return max(ROW, tallest * LINE + 9) + broken


def _broken(plan: Layout, mark: Mark, side: str, shared: bool) -> tuple[Line, ...]:
    """Return the lines of a label on one side of its mark."""
    room = LABEL
    if mark.shape in ("lost", "refused", "copy"):
        room = 150
    elif shared:
        room = GAP - 2 * MARK
    elif side == "start" and mark.lane == len(plan.scene.names) - 1:
        room = plan.width - LANES_AT - mark.lane * GAP - _gap(mark) - 2
    parts = [(role, part) for role, text in mark.lines for part in lines(text, room, 2)]
    return tuple(_joined(parts, room))


def _joined(parts: list[Line], room: int) -> list[Line]:
    """Put two short texts of the same kind on one line."""
    joined: list[Line] = []
    for role, text in parts:
        if joined and joined[-1][0] == role == "state" and width(f"{joined[-1][1]}, {text}") <= room:
            joined[-1] = (role, f"{joined[-1][1]}, {text}")
        else:
            joined.append((role, text))
    return joined


def _extra_heights(scene: Scene) -> list[int]:
    """Return the px to add above each row, so that a long wait is seen as one."""
    times = [row.at for row in scene.rows]
    total = max(times[-1] - times[0], 1) if times else 1
    spread = len(times) * ROW
    waits = [0, *(later - earlier for earlier, later in pairwise(times))]
    return [max(0, wait * spread // total - ROW) for wait in waits]


def ends(plan: Layout, arrow: Arrow) -> tuple[Point, Point]:
    """Return where a message begins and ends, as (lane, y)."""
    y1, y2 = plan.row_y(arrow.start), plan.row_y(arrow.stop)
    side = (arrow.receiver > arrow.sender) - (arrow.receiver < arrow.sender)
    if arrow.stop == AFTER:
        return (arrow.sender, y1), (arrow.sender + side * STUB[0] / GAP, y1 + STUB[1])
    if arrow.start == BEFORE:
        return (arrow.receiver - side * STUB[0] / GAP, y2 - STUB[1]), (arrow.receiver, y2)
    if arrow.end == "lost":
        return (arrow.sender, y1), (arrow.sender + 0.5 * side, y2)
    return (arrow.sender, y1), (arrow.receiver, y2)


def _crossing(plan: Layout) -> list[list[Segment]]:
    """Return, for each row, the messages that pass through its height, as segments in px."""
    rows: list[list[Segment]] = [[] for _ in plan.scene.rows]
    for arrow in plan.scene.arrows:
        (lane1, y1), (lane2, y2) = ends(plan, arrow)
        first = max(arrow.start, 0) if arrow.start != BEFORE else max(arrow.stop - 1, 0)
        last = arrow.stop if arrow.stop != AFTER else min(arrow.start + 1, len(rows) - 1)
        for row in range(first, last + 1):
            rows[row].append((plan.lane_x(lane1), y1, plan.lane_x(lane2), y2))
    return rows


def _gap(mark: Mark) -> int:
    return MARK + (4 if mark.broken or mark.shape in ("start", "restart") else 0)


def _anchor(mark: Mark) -> tuple[float, int]:
    """Return (lane, px beside it) of the middle of a mark."""
    return cross_of(mark) if mark.shape in ("lost", "refused") else (float(mark.lane), 0)


def _sides(plan: Layout) -> dict[tuple[int, int], str]:
    """Return the labels that stand better to the left of their marks."""
    crossing = _crossing(plan)
    better: dict[tuple[int, int], str] = {}
    for number, row in enumerate(plan.scene.rows):
        if len(row.marks) == 1 and row.marks[0].lines:
            costs = [_cost(plan, number, row.marks[0], side, crossing[number]) for side in ("start", "end")]
            if costs[1] < costs[0]:
                better[number, 0] = "end"
    return better


def _label(plan: Layout, number: int, place: int, mark: Mark) -> Label:
    lane, dx = _anchor(mark)
    side = plan.sides.get((number, place), "start")
    shift = _gap(mark) if side == "start" else -_gap(mark)
    below = LINE if plan.scene.rows[number].flat else 0
    return Label(lane, dx + shift, plan.row_y(number) + 4 + below, side, plan.texts[number, place])


def _cost(plan: Layout, number: int, mark: Mark, side: str, segments: list[Segment]) -> float:
    """Return how bad a side is for a label: px of messages under it, lanes under it, px outside, lines."""
    texts = _broken(plan, mark, side, False)
    wide = max(width(text) for _, text in texts)
    lane, dx = _anchor(mark)
    y = plan.row_y(number)
    left = plan.lane_x(lane) + dx + (_gap(mark) if side == "start" else -_gap(mark) - wide)
    box = (left, y - 8, left + wide, y + 8 + (len(texts) - 1) * LINE)
    outside = max(0.0, LANES_AT - 6 - left) + max(0.0, left + wide - plan.width)
    lanes = sum(left < plan.lane_x(lane) < left + wide for lane in range(len(plan.scene.names)))
    messages = sum(_inside(segment, box) for segment in segments)
    return outside * 50 + lanes * 8 + messages + len(texts) * 10 + (side == "end")


def _inside(segment: Segment, box: Segment) -> float:
    """Return how many px of a segment lie in a box (Liang and Barsky's clipping).

    >>> round(_inside((0, 5, 10, 5), (2, 0, 6, 10)), 6)
    4.0
    """
    x1, y1, x2, y2 = segment
    dx, dy = x2 - x1, y2 - y1
    enter, leave = 0.0, 1.0
    for step, room in ((-dx, x1 - box[0]), (dx, box[2] - x1), (-dy, y1 - box[1]), (dy, box[3] - y1)):
        if step == 0:
            if room < 0:
                return 0.0
        elif step < 0:
            enter = max(enter, room / step)
        else:
            leave = min(leave, room / step)
    return max(0.0, leave - enter) * (abs(dx) + abs(dy))
