"""A space-time diagram as SVG: the same bytes for the same trace, light and dark, safe inside any page.

Places across the page are shares of the width, so the lanes move apart on a wide page and text is never
scaled; the smallest width is that of a phone. All rules are scoped to a class that is made from a hash of the
content, and ids begin with it, so two figures on a page cannot disturb each other.
"""

from __future__ import annotations

import hashlib

from .cone import Cone
from .layout import GAP, HEAD, LANES_AT, LINE, Label, Layout, cross_of, ends
from .markup import escaped
from .measure import SIZE, shortened, width
from .scene import AFTER, BEFORE, Arrow, Mark, Row, Spell
from .theme import FONT, HUES, LIGHT, colour, style

KEY = "\x01"  # stands for the class until the content is known; no text can hold it

RULES = {
    "": f"font:{SIZE}px {FONT};fill:{colour('ink')};background:{colour('ground')};display:block",
    " text": f"paint-order:stroke;stroke:{colour('ground')};stroke-width:3px;stroke-linejoin:round",
    " .g": f"fill:{colour('ground')}",
    f" .n,.{KEY} .q,.{KEY} .quiet": f"fill:{colour('quiet')}",
    " .n": "font-weight:bold",
    " .b": f"font-weight:bold;font-size:{SIZE + 1}px;stroke:none",
    " .p": f"fill:{colour('panel')};stroke:{colour('quiet')}",
    " .l": f"stroke:{colour('quiet')};stroke-width:1.5",
    " .c-past": f"stroke:{colour('1')};stroke-width:12;opacity:.4",
    " .c-next": f"stroke:{colour('2')};stroke-width:12;stroke-dasharray:7 5;opacity:.4",
    " .what": f"fill:{colour('ink')}",
    " .out": f"fill:{colour('good')}",
    " .state": f"fill:{colour('1')}",
    " .note": f"fill:{colour('quiet')};font-style:italic",
    " .fault": f"fill:{colour('warn')}",
    " .bad": f"fill:{colour('bad')};font-weight:bold",
    " .m": f"stroke:{colour('ink')};stroke-width:1.4;fill:none",
    " .thin": f"stroke:{colour('quiet')};stroke-width:1",
    " .copy": "stroke-dasharray:9 3",
    " .flying": f"stroke:{colour('quiet')};stroke-dasharray:2 3",
    f" .lost,.{KEY} .refused": f"stroke:{colour('warn')};stroke-dasharray:5 4",
    " .x": f"stroke:{colour('warn')};stroke-width:2.5;fill:none",
    " .o": f"stroke:{colour('ink')};stroke-width:1.6;fill:{colour('ground')}",
    " .w": f"stroke:{colour('warn')};stroke-width:1.6;fill:{colour('ground')}",
    " .k": f"stroke:{colour('bad')};stroke-width:3;fill:none",
    " .ring": f"stroke:{colour('bad')};stroke-width:2.5;fill:none",
    " .down": f"fill:url(#{KEY}-h);stroke:{colour('bad')};stroke-width:1",
    " .hatch": f"fill:{colour('crash')}",
    " .hatch-line": f"stroke:{colour('bad')};stroke-width:1.5",
    " .pause": f"fill:{colour('pause')};stroke:{colour('warn')};stroke-width:1.2",
    " .stall": f"fill:{colour('pause')};stroke:{colour('warn')};stroke-width:1.2;stroke-dasharray:5 3",
    " .full": f"fill:none;stroke:{colour('warn')};stroke-width:2;stroke-dasharray:1 4",
    " .split": f"fill:{colour('partition')}",
    " .wall": f"stroke:{colour('4')};stroke-width:3;stroke-dasharray:10 4 2 4",
    " .edge": f"stroke:{colour('4')};stroke-width:1;stroke-dasharray:10 4 2 4",
}
ROLES = {"leader": 7, "primary": 7, "coordinator": 7, "candidate": 4}  # px: role is shown by width


class Picture:
    """Collects the elements of one figure and closes it into a text."""

    def __init__(self, plan: Layout) -> None:
        self.plan = plan
        self.parts: list[str] = []

    def add(self, *parts: str) -> None:
        """Add elements."""
        self.parts.extend(parts)

    def share(self, lane: float) -> str:
        """Return the place of a lane as a share of the width, measured from the first lane."""
        return f"{lane * GAP * 100 / self.plan.width:.3f}".rstrip("0").rstrip(".") + "%"


def write(plan: Layout, *, title: str, alt: str, cone: Cone | None = None) -> str:
    """Return the SVG of a layout; with the causal past and future of a step, where its `cone` is given."""
    picture = Picture(plan)
    _ground(picture)
    _gutter(picture)
    picture.add(f'<g transform="translate({LANES_AT} 0)">')
    _bands(picture)
    _lanes(picture)
    for spell in plan.scene.spells:
        _spell(picture, spell)
    if cone is not None:
        _cone(picture, cone)
    for arrow in plan.scene.arrows:
        _arrow(picture, arrow)
    for number, row in enumerate(plan.scene.rows):
        _row(picture, number, row)
    picture.add("</g>")
    return _closed(picture, title, alt)


def _closed(picture: Picture, title: str, alt: str) -> str:
    plan = picture.plan
    body = "".join(picture.parts)
    used = {name: rule for name, rule in RULES.items() if _is_used(name, body)}
    rules = "".join(f".{KEY}{name}{{{rule}}}" for name, rule in used.items()) + _hues(body)
    size = f'width="{plan.width_most}" height="{plan.height}"'
    shape = f"width:100%;min-width:{plan.width}px;max-width:{plan.width_most}px"
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{KEY}" {size} style="{shape}" role="img" '
        f'aria-labelledby="{KEY}-t {KEY}-d"><title id="{KEY}-t">{escaped(title)}</title>'
        f'<desc id="{KEY}-d">{escaped(alt)}</desc>'
        f"<style>{style(KEY, rules, LIGHT)}</style><defs>{_definitions(body)}</defs>{body}</svg>"
    )
    return whole.replace(KEY, "k" + hashlib.sha256(whole.encode()).hexdigest()[:10])


def _is_used(selector: str, body: str) -> bool:
    names = [part.rsplit(".", 1)[-1] for part in selector.split(",") if "." in part]
    if "hatch" in selector:
        return 'class="down"' in body
    return not names or any(f'class="{name}"' in body or f" {name}" in body for name in names)


def _hues(body: str) -> str:
    return "".join(f".{KEY} .h{hue}{{stroke:{colour(hue)}}}" for hue in HUES if f"h{hue}" in body)


def _definitions(body: str) -> str:
    """Return the arrow heads and the hatching that the body refers to."""
    found = ""
    for name, rule in (("a", "ink"), ("r", "warn")):
        if f"#{KEY}-{name})" in body:
            found += (
                f'<marker id="{KEY}-{name}" viewBox="0 0 10 10" refX="16" refY="5" markerWidth="9" '
                'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
                f'<path d="M0 1L10 5L0 9z" style="fill:{colour(rule)}"/></marker>'
            )
    if 'class="down"' in body:
        found += (
            f'<pattern id="{KEY}-h" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)">'
            '<rect class="hatch" width="6" height="6"/><line class="hatch-line" y2="6"/></pattern>'
        )
    return found


# What lies under the events.


def _ground(picture: Picture) -> None:
    picture.add('<rect class="g" width="100%" height="100%"/>')


def _gutter(picture: Picture) -> None:
    """Write step numbers, and the time where it changes."""
    rows = picture.plan.scene.rows
    unit, digits, size = time_unit([row.at for row in rows])
    picture.add(f'<text class="q" x="26" y="{HEAD - 2}" text-anchor="end">step</text>')
    picture.add(f'<text class="q" x="67" y="{HEAD - 2}" text-anchor="end">{unit}</text>')
    before = ""
    for number, row in enumerate(rows):
        y = picture.plan.row_y(number) + 4
        if row.numbers:
            shown = numbers(row.numbers[:1] if row.flat else row.numbers)
            picture.add(f'<text class="n" x="26" y="{y}" text-anchor="end">{shown}</text>')
        now = f"{row.at / size:.{digits}f}"
        if now != before:
            picture.add(f'<text class="q" x="67" y="{y}" text-anchor="end">{now}</text>')
        before = now


def time_unit(times: list[int]) -> tuple[str, int, int]:
    """Return (unit, decimals, microseconds per unit) in which all these times are short.

    >>> time_unit([0, 12_345]), time_unit([0, 25_000_000])
    (('ms', 1, 1000), ('s', 2, 1000000))
    """
    most = max(times, default=0)
    if most < 1_000_000:
        return "ms", 0 if all(at % 1000 == 0 for at in times) else 1, 1_000
    return "s", 3 if most < 10_000_000 else 2, 1_000_000


def numbers(steps: tuple[int, ...]) -> str:
    """Return step numbers: '7', or '1-3'."""
    return str(steps[0]) if len(steps) == 1 else f"{steps[0]}-{steps[-1]}"


def _bands(picture: Picture) -> None:
    plan = picture.plan
    for band in plan.scene.bands:
        top = HEAD if band.start == BEFORE else plan.tops[band.start] + 1
        low = plan.bottom if band.stop == AFTER else plan.tops[band.stop] - 1
        left, wide, right = "-12", "100%", "100%"
        if band.lanes is not None:
            left, right = picture.share(band.lanes[0]), picture.share(band.lanes[1])
            wide = picture.share(band.lanes[1] - band.lanes[0])
        picture.add(f'<rect class="split" x="{left}" y="{top}" width="{wide}" height="{low - top}"/>')
        for y in (top, low):
            picture.add(f'<line class="edge" x1="{left}" y1="{y}" x2="{right}" y2="{y}"/>')
        for lane in band.walls:
            x = picture.share(lane + 0.5)
            picture.add(f'<line class="wall" x1="{x}" y1="{top}" x2="{x}" y2="{low}"/>')


def _lanes(picture: Picture) -> None:
    plan = picture.plan
    for lane, name in enumerate(plan.scene.names):
        x = picture.share(lane)
        picture.add(f'<line class="l" x1="{x}" y1="26" x2="{x}" y2="{plan.bottom}"/>')
        _reigns(picture, lane)
        _name(picture, x, name, 4)
        if plan.height > 700:
            _name(picture, x, name, plan.bottom)
    if plan.height > 700:
        plan.height = plan.bottom + 30


def _cone(picture: Picture, cone: Cone) -> None:
    """Draw the past as the first part of each lane, and the future as the last part."""
    plan = picture.plan
    rows = [row.numbers[-1] for row in plan.scene.rows if row.numbers]
    row_of = {n: place for place, row in enumerate(plan.scene.rows) for n in row.numbers}
    for lane, name in enumerate(plan.scene.names):
        x = picture.share(lane)
        last = max((n for n in row_of if n <= cone.past.get(name, 0)), default=None)
        if last is not None:
            picture.add(
                f'<line class="c-past" x1="{x}" y1="{HEAD}" x2="{x}" y2="{plan.row_y(row_of[last])}"/>'
            )
        first = min((n for n in row_of if n >= cone.future.get(name, rows[-1] + 1)), default=None)
        if first is not None:
            low = plan.bottom
            picture.add(
                f'<line class="c-next" x1="{x}" y1="{plan.row_y(row_of[first])}" x2="{x}" y2="{low}"/>'
            )


def _name(picture: Picture, x: str, name: str, top: int) -> None:
    shown = shortened(name, GAP - 16, SIZE + 1)
    wide = width(shown, SIZE + 1) + 16
    picture.add(
        f'<g><title>{escaped(name)}</title><rect class="p" x="{x}" y="{top}" width="{wide}" height="22" rx="5" '
        f'transform="translate({-wide // 2} 0)"/>'
        f'<text class="b" x="{x}" y="{top + 15}" text-anchor="middle">{escaped(shown)}</text></g>'
    )


def _reigns(picture: Picture, lane: int) -> None:
    """Draw role and term over a life line: the role by its width, the term by its hue."""
    plan = picture.plan
    for reign in plan.scene.reigns:
        if reign.lane == lane:
            x, y1, y2 = picture.share(lane), plan.row_y(reign.start), plan.row_y(reign.stop)
            hue = f" h{HUES[reign.term % len(HUES)]}" if reign.term is not None else ""
            size = ROLES.get(reign.role.lower(), 2)
            label = f"{reign.role}{f', term {reign.term}' if reign.term is not None else ''}".lstrip(", ")
            picture.add(
                f'<g><title>{escaped(label)}</title><line class="l{hue}" style="stroke-width:{size}" '
                f'x1="{x}" y1="{y1}" x2="{x}" y2="{y2}"/></g>'
            )


def _spell(picture: Picture, spell: Spell) -> None:
    """Draw what a node suffers for a while as a bar over its life line."""
    plan = picture.plan
    y1 = plan.row_y(spell.start)
    y2 = max(plan.row_y(spell.stop), y1 + 2)
    wide = {"down": 10, "pause": 14, "stall": 14, "full": 20}[spell.kind]
    name = {"down": "down", "pause": "paused", "stall": "the disk hangs", "full": "the disk is full"}[
        spell.kind
    ]
    x = picture.share(spell.lane)
    picture.add(
        f'<g><title>{name}</title><rect class="{spell.kind}" x="{x}" y="{y1}" width="{wide}" '
        f'height="{y2 - y1}" transform="translate({-wide // 2} 0)"/></g>'
    )


# Messages.


def _arrow(picture: Picture, arrow: Arrow) -> None:
    (lane1, y1), (lane2, y2) = ends(picture.plan, arrow)
    title = f"<title>{escaped(arrow.title)}</title>"
    if arrow.sender == arrow.receiver:
        picture.add(_to_itself(picture, arrow, title, y1, y2))
        return
    x1, x2 = picture.share(lane1), picture.share(lane2)
    kind = _kind(arrow)
    head = f' marker-end="url(#{KEY}-a)"' if arrow.end in ("delivered", "copy") else ""
    if arrow.end == "refused":
        head = f' marker-end="url(#{KEY}-r)"'
    line = f'<line class="{f"m {kind}".strip()}" x1="{x1}" y1="{y1:g}" x2="{x2}" y2="{y2:g}"{head}/>'
    if arrow.stop == AFTER:
        line += f'<circle class="o" cx="{x2}" cy="{y2:g}" r="3"/>'
    if arrow.start == BEFORE:
        line += f'<circle class="o" cx="{x1}" cy="{y1:g}" r="3"/>'
    picture.add(f'<g data-step="{arrow.step}">{title}{line}</g>')


def _kind(arrow: Arrow) -> str:
    """Return the class of a message's line beside that of every message."""
    kind = arrow.end if arrow.end != "delivered" else ""
    return f"{kind} thin".strip() if arrow.quiet and kind in ("", "copy") else kind


def _to_itself(picture: Picture, arrow: Arrow, title: str, y1: float, y2: float) -> str:
    """Return a message of a node to itself: a bow beside its lane."""
    kind = _kind(arrow)
    y2 = min(y2, y1 + 20) if arrow.stop == AFTER else y2
    return (
        f'<svg x="{picture.share(arrow.sender)}" y="0" width="1" height="1" overflow="visible"><g>{title}'
        f'<path class="{f"m {kind}".strip()}" d="M4 {y1:g}C26 {y1:g} 26 {y2:g} 4 {y2:g}" '
        f'marker-end="url(#{KEY}-a)"/></g></svg>'
    )


# Events and their labels.


def _row(picture: Picture, number: int, row: Row) -> None:
    plan = picture.plan
    y = plan.row_y(number)
    for place, mark in enumerate(row.marks):
        picture.add(
            f'<g data-step="{mark.step}"><title>{escaped(mark.title)}</title>{_shape(picture, mark, y)}'
        )
        if (number, place) in plan.labels:
            picture.add(_label(picture, plan.labels[number, place]))
        picture.add("</g>")
    for position, (role, part) in enumerate(plan.wide[number]):
        picture.add(f'<text class="{role}" x="-8" y="{y + 4 + position * LINE}">{escaped(part)}</text>')


def _label(picture: Picture, label: Label) -> str:
    x = picture.share(label.lane)
    anchor = ' text-anchor="end"' if label.anchor == "end" else ""
    return "".join(
        f'<text class="{role}" x="{x}" dx="{label.dx}" y="{label.y + position * LINE}"{anchor}>'
        f"{escaped(part)}</text>"
        for position, (role, part) in enumerate(label.lines)
    )


SHAPES = {
    "dot": '<circle cx="{x}" cy="{y}" r="4.5"/>',
    "copy": '<circle class="o" cx="{x}" cy="{y}" r="4"/>',
    "timeout": '<circle class="o" cx="{x}" cy="{y}" r="6"/>'
    + "{in}"
    + '<path class="m" d="M0 -4V0L3 2"/>'
    + "{out}",
    "clock": '<circle class="w" cx="{x}" cy="{y}" r="6"/>'
    + "{in}"
    + '<path class="x" d="M0 -4V0L3 2"/>'
    + "{out}",
    "start": "{in}" + '<path class="m" style="stroke-width:3" d="M-8 0H8"/>' + "{out}",
    "restart": "{in}" + '<path class="m" style="stroke-width:3" d="M-8 0H8"/>' + "{out}",
    "invoke": "{in}"
    + '<rect x="-5" y="-5" width="10" height="10"/><path class="m" d="M-18 -14L-7 -6M-12 -5L-6 -5L-8 -11"/>'
    + "{out}",
    "crash": "{in}" + '<path class="k" d="M-7 -7L7 7M-7 7L7 -7"/>' + "{out}",
    "fault": "{in}" + '<path class="w" d="M-6 5L0 -6L6 5z"/>' + "{out}",
    "cell": "{in}" + '<rect class="o" x="-5" y="-5" width="10" height="10"/>' + "{out}",
}
OCTAGON = '<path class="ring" d="M-4.6 -11H4.6L11 -4.6V4.6L4.6 11H-4.6L-11 4.6V-4.6z"/>'


def _shape(picture: Picture, mark: Mark, y: int) -> str:
    """Return the sign of an event; an event that breaks a law stands in an octagon."""
    lane, dx = cross_of(mark) if mark.shape in ("lost", "refused") else (float(mark.lane), 0)
    x = picture.share(lane)
    inside = f'<svg x="{x}" y="{y}" width="1" height="1" overflow="visible">'
    if mark.shape in ("lost", "refused"):
        drawn = f'{inside}<path class="x" transform="translate({dx} 0)" d="M-5 -5L5 5M-5 5L5 -5"/></svg>'
    else:
        form = SHAPES[mark.shape].replace("{x}", x).replace("{y}", str(y))
        drawn = form.replace("{in}", inside).replace("{out}", "</svg>")
    return drawn + (f"{inside}{OCTAGON}</svg>" if mark.broken else "")
