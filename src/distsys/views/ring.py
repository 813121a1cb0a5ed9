"""The ring of consistent hashing as a picture: who owns which arc, where keys fall, and which of them moved.

`rings(before, after, hashes=...)` draws one circle or two. Clockwise from the top, as in the text: 0 is at twelve
o'clock. An arc has the hue and the dash of its owner and carries the owner's name at its token; a key is a
dot on the inner circle, and a key whose owner changes is a diamond with a border. The ring is given as it is: anything
with `bits`, `tokens`, `members`, `arcs()` and `lookup_hash(hash)` can be drawn.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError

from .drawing import Drawing
from .theme import FONT, HUES, colour, style

SIDE, CENTRE, RADIUS, INNER = 320, 160, 98, 78
LABEL_APART = 0.045  # of a full turn: the width of a short name at that distance
PATTERNS = ("", "10 3", "3 3", "12 3 3 3", "6 2", "14 4")  # dashes of the arcs, beside the hue


def rings(
    before: Any, after: Any = None, *, hashes: Iterable[int] = (), alt: str, caption: str = "", names: Sequence[str] = ()
) -> Drawing:
    """Return the picture of one ring, or of a ring before and after a change of its members.

    `hashes` are those of the keys to show. `alt` says in words what is to be seen. With `after`, the words under the
    picture count the keys that moved. `names` fixes the order of the hues; by default the members, in order.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentTypeError("alt must say in words what the picture shows, but it is empty")
    if not before.members or (after is not None and not after.members):
        raise ArgumentError("a ring must have at least one member to be drawn, but it is empty")
    keys = list(hashes)
    shown = list(names) or list(dict.fromkeys([*before.members, *(after.members if after is not None else ())]))
    moved = {h for h in keys if after is not None and before.lookup_hash(h) != after.lookup_hash(h)}
    circles = [("before" if after is not None else "", before)] + ([("after", after)] if after is not None else [])
    bodies = ["".join(_circle(title, ring, keys, moved, shown)) for title, ring in circles]
    svg = "".join(_svg(body, title or "the ring", alt) for body, (title, _) in zip(bodies, circles, strict=True))
    rows = _rows(before, after, shown, keys)
    header = ["member", *(["share", "keys"] if after is None else ["share before", "after", "keys before", "after"])]
    counted = _counted(before, after, keys, moved)
    return Drawing(
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{svg}</div>',
        _text(header, rows) + (f"\n{counted}" if counted else ""),
        alt,
        " ".join(part for part in (caption, counted) if part),
        _table(header, rows),
        "The numbers",
    )


def _counted(before: Any, after: Any, keys: Sequence[int], moved: set[int]) -> str:
    if after is None or not keys:
        return ""
    joined = [name for name in after.members if name not in before.members]
    due = f"; 1/{len(after.members)} of them is {len(keys) / len(after.members):.1f}" if len(joined) == 1 else ""
    return f"Of {len(keys)} keys {sum(h in moved for h in keys)} moved{due}."


def _circle(title: str, ring: Any, keys: Sequence[int], moved: set[int], shown: Sequence[str]) -> Iterable[str]:
    space = 1 << ring.bits
    yield f'<circle class="in" cx="{CENTRE}" cy="{CENTRE}" r="{INNER}"/>'
    for arc in ring.arcs():
        place = shown.index(arc.owner)
        yield (
            f'<path class="a h{place % len(HUES)}" d="{_arc(arc.start / space, arc.end / space)}" '
            f'stroke-dasharray="{PATTERNS[place % len(PATTERNS)] or "none"}"><title>{escape(arc.owner)} owns '
            f"{arc.width / space:.1%} here</title></path>"
        )
    turns = [token / space for token, _ in ring.tokens]
    for turn, label, (_, owner) in zip(turns, _spread(turns), ring.tokens, strict=True):
        (x1, y1), (x2, y2), (x3, y3) = _at(turn, RADIUS - 9), _at(turn, RADIUS + 7), _at(label, RADIUS + 17)
        yield f'<polyline class="t" points="{x1},{y1} {x2},{y2} {x3},{y3}"/>'
        x, y = _at(label, RADIUS + 31)
        place = shown.index(owner) % len(HUES)
        yield f'<text class="n f{place}" x="{x}" y="{y}" text-anchor="middle" dy="4">{escape(owner)}</text>'
    for h in sorted(keys):
        x, y = _at(h / space, INNER)
        place = shown.index(ring.lookup_hash(h)) % len(HUES)
        if h in moved:
            yield f'<path class="m f{place}" d="M{x},{_less(y)}l6,6l-6,6l-6,-6z"/>'
        else:
            yield f'<circle class="k f{place}" cx="{x}" cy="{y}" r="3.2"/>'
    (x0, y0), (x3, y3) = _at(0, RADIUS - 30), _at(0, RADIUS - 4)
    yield f'<line class="z" x1="{x0}" y1="{y0}" x2="{x3}" y2="{y3}"/>'
    yield f'<text class="q" x="{CENTRE}" y="{CENTRE - RADIUS + 44}" text-anchor="middle">0</text>'
    if title:
        yield f'<text class="b" x="{CENTRE}" y="{CENTRE + 4}" text-anchor="middle">{title}</text>'


def _spread(turns: Sequence[float]) -> list[float]:
    """Return where the labels of the tokens stand: pushed apart until neighbours do not touch."""
    count = len(turns)
    apart = min(LABEL_APART, 1 / max(count, 1) * 0.98)
    places = list(turns)
    for _ in range(200):
        for here in range(count):
            there = (here + 1) % count
            lack = apart - (places[there] - places[here]) % 1
            if count > 1 and 0 < lack < apart + 0.5:
                places[here] -= lack / 2
                places[there] += lack / 2
    return places


def _less(y: str) -> str:
    return f"{float(y) - 6:.1f}"


def _at(turn: float, radius: float) -> tuple[str, str]:
    """Return the place on the circle after `turn` of a full turn, clockwise from the top, with one decimal."""
    angle = 2 * math.pi * turn
    return f"{CENTRE + radius * math.sin(angle):.1f}", f"{CENTRE - radius * math.cos(angle):.1f}"


def _arc(start: float, end: float) -> str:
    (x1, y1), (x2, y2) = _at(start, RADIUS), _at(end, RADIUS)
    turn = (end - start) % 1 or 1
    if turn == 1:  # one token: the whole circle, which a path can only draw in two halves
        x, y = _at(start + 0.5, RADIUS)
        return f"M{x1},{y1}A{RADIUS},{RADIUS} 0 1 1 {x},{y}A{RADIUS},{RADIUS} 0 1 1 {x1},{y1}"
    return f"M{x1},{y1}A{RADIUS},{RADIUS} 0 {int(turn > 0.5)} 1 {x2},{y2}"


def _svg(body: str, title: str, alt: str) -> str:
    mark = "r" + hashlib.sha256((body + alt).encode()).hexdigest()[:10]
    m = f".{mark}"
    rules = "".join(
        [
            f"{m} .in{{fill:none;stroke:{colour('quiet')};stroke-width:1}}",
            f"{m} .a{{fill:none;stroke-width:10}}",
            f"{m} .t{{fill:none;stroke:{colour('ink')};stroke-width:1.6}}",
            f"{m} .z{{stroke:{colour('quiet')};stroke-width:1}}",
            f"{m} .m{{stroke:{colour('ink')};stroke-width:1.6}}",
            f"{m} text{{font:13px {FONT};fill:{colour('ink')}}}{m} .b{{font-weight:bold}}{m} .n{{font-weight:bold}}",
            f"{m} .q{{fill:{colour('quiet')}}}",
            *(f"{m} .h{place}{{stroke:{colour(hue)}}}{m} .f{place}{{fill:{colour(hue)}}}" for place, hue in enumerate(HUES)),
        ]
    )
    sheet = style(mark, rules, ("ink", "quiet", *HUES))
    label = escape(f"{alt} ({title})", quote=True)
    return (
        f'<svg class="{mark}" role="img" aria-label="{label}" width="{SIDE}" height="{SIDE}" '
        f'viewBox="0 0 {SIDE} {SIDE}" xmlns="http://www.w3.org/2000/svg"><style>{sheet}</style>{body}</svg>'
    )


def _rows(before: Any, after: Any, shown: Sequence[str], keys: Sequence[int]) -> list[list[str]]:
    stages = [before] if after is None else [before, after]
    shares = [ring.shares() for ring in stages]
    owners = [[ring.lookup_hash(h) for h in keys] for ring in stages]
    return [
        [
            name,
            *(f"{share[name]:.1%}" if name in share else "-" for share in shares),
            *(str(list(owner).count(name)) for owner in owners),
        ]
        for name in shown
    ]


def _text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows])
    return "\n".join(line.rstrip() for line in lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
