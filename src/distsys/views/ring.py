"""A hash ring as a picture: tokens, the arcs that each node owns, keys, and the keys that moved.

    from distsys.views.ring import ring_picture
    ring_picture(ring.join("d"), keys=hashes, before=ring, alt="...")

The ring is any object with `tokens`, a sequence of (token, owner) clockwise from 0, and `bits`, so that
positions run from 0 to 2**bits. 0 is at the top. A key belongs to the first token at or after it, clockwise.
Nodes differ by hue, by the pattern of their arcs and by their names; a moved key is a large dot with a ring
around it, the others are small.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number

from .drawing import Drawing
from .markup import escaped
from .measure import SIZE, shortened
from .svg import KEY
from .table import table
from .theme import FONT, HUES, LIGHT, colour, style

SIDE, RADIUS, BAND = 348, 114, 14  # px
WIDEST = 440  # px on a wide page
KEYS_AT = RADIUS - 24
LABELS_MOST = 24  # more tokens than this have no names at their ticks
TICKS_MOST = 60  # more than this have no ticks: the arcs show where they are
DASHES = ("", "9 3", "3 3", "14 3 3 3", "6 6", "1.5 3")


class RingLike(Protocol):
    """What a ring must have to be drawn."""

    @property
    def tokens(self) -> Sequence[tuple[int, str]]:
        """(token, owner) pairs, clockwise from 0."""

    @property
    def bits(self) -> int:
        """Positions run from 0 to 2**bits."""


@dataclass(frozen=True)
class _Ring:
    """A ring as numbers."""

    tokens: tuple[int, ...]
    owners: tuple[str, ...]
    size: int

    def owner(self, position: int) -> str:
        return self.owners[bisect_left(self.tokens, position) % len(self.tokens)]

    def share(self, name: str) -> float:
        widths = (
            (token - self.tokens[place - 1]) % self.size or self.size
            for place, token in enumerate(self.tokens)
            if self.owners[place] == name
        )
        return sum(widths) / self.size


def ring_picture(
    ring: RingLike,
    keys: Iterable[int] = (),
    before: RingLike | None = None,
    *,
    alt: str,
    caption: str | None = None,
    title: str = "",
) -> Drawing:
    """Return the picture of a ring.

    `keys` are positions (hashes) of keys. With `before`, the ring as it was, keys whose owner changed stand
    out, and the caption counts them unless `caption` says something else.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ArgumentError(
            f"alt must be a sentence for those who cannot see the picture, but it is {shown(alt)}"
        )
    now = _read("ring", ring)
    old = now if before is None else _read("before", before)
    if old.size != now.size:
        raise ArgumentError("before must have as many bits as ring, else no position means the same on both")
    positions = [whole_number("a key", key, at_most=now.size - 1) for key in keys]
    moved = [key for key in positions if old.owner(key) != now.owner(key)]
    names = tuple(sorted({*old.owners, *now.owners}))
    count = "" if before is None else _count(old, now, len(positions), len(moved))
    parts = [_arcs(now, names), _ticks(now), _keys(now, names, positions, set(moved)), *_legend(now, names)]
    height = SIDE + 22 * -(-len(set(now.owners)) // 2)
    return Drawing(
        svg=_whole("".join(parts), height, title or "A hash ring", alt),
        text=f"{alt}\n{count}".strip(),
        alt=alt,
        caption=count if caption is None else caption,
        words=_words(old, now, names, positions).html,
        heading="The ring in numbers",
    )


def _read(argument: str, ring: Any) -> _Ring:
    pairs, bits = getattr(ring, "tokens", None), getattr(ring, "bits", None)
    if pairs is None or bits is None:
        raise ArgumentTypeError(
            f"{argument} must have `tokens` and `bits`, as a Ring has, but it is {shown(ring)}"
        )
    pairs = sorted(pairs)
    if not pairs:
        raise ArgumentError(f"{argument} must have at least one token, but it is empty")
    return _Ring(tuple(token for token, _ in pairs), tuple(owner for _, owner in pairs), 2**bits)


def _count(old: _Ring, now: _Ring, keys: int, moved: int) -> str:
    """Return the sentence that counts the moved keys, beside what is expected of one join or leave."""
    joined, left = sorted(set(now.owners) - set(old.owners)), sorted(set(old.owners) - set(now.owners))
    if not keys:
        return ""
    who = (
        f"{joined[0]} joins"
        if (len(joined), len(left)) == (1, 0)
        else f"{left[0]} leaves"
        if (len(joined), len(left)) == (0, 1)
        else ""
    )
    most = max(len(set(now.owners)), len(set(old.owners)))
    expected = f"; 1/{most} = {1 / most:.3f}" if who else ""
    return f"{who + ': ' if who else ''}moved {moved} of {keys} keys = {moved / keys:.3f}{expected}."


def _point(ring: _Ring, position: float, radius: float) -> tuple[str, str]:
    """Return the place of a position on a circle around the middle: 0 is at the top, clockwise."""
    angle = 2 * math.pi * position / ring.size
    return _px(SIDE / 2 + radius * math.sin(angle)), _px(SIDE / 2 - radius * math.cos(angle))


def _px(value: float) -> str:
    return f"{value:.1f}"


def _arcs(ring: _Ring, names: tuple[str, ...]) -> str:
    """Draw what each token owns: from the token before it to itself."""
    drawn = []
    for start, end, owner in _runs(ring):
        width = (end - start) % ring.size or ring.size
        form = _owner_class(names, owner)
        if width == ring.size:
            shape = f'<circle class="{form}" cx="{SIDE // 2}" cy="{SIDE // 2}" r="{RADIUS}"/>'
        else:
            (x1, y1), (x2, y2) = _point(ring, start, RADIUS), _point(ring, end, RADIUS)
            large = int(width * 2 > ring.size)
            shape = f'<path class="{form}" d="M{x1} {y1}A{RADIUS} {RADIUS} 0 {large} 1 {x2} {y2}"/>'
        drawn.append(
            f"<g><title>{escaped(owner)}: {start} to {end}, {width / ring.size:.1%}</title>{shape}</g>"
        )
    return "".join(drawn)


def _runs(ring: _Ring) -> list[tuple[int, int, str]]:
    """Return (start, end, owner) of the longest arcs with one owner."""
    arcs = [(ring.tokens[place - 1], token, ring.owners[place]) for place, token in enumerate(ring.tokens)]
    if len(set(ring.owners)) == 1:
        return [(0, 0, ring.owners[0])]
    runs: list[tuple[int, int, str]] = []
    for start, end, owner in arcs:
        if runs and runs[-1][2] == owner and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end, owner)
        else:
            runs.append((start, end, owner))
    if len(runs) > 1 and runs[0][2] == runs[-1][2]:
        last = runs.pop()
        runs[0] = (last[0], runs[0][1], last[2])
    return runs


def _owner_class(names: tuple[str, ...], owner: str) -> str:
    place = names.index(owner)
    return f"arc h{HUES[place % len(HUES)]} d{(place + place // len(HUES)) % len(DASHES)}"


def _ticks(ring: _Ring) -> str:
    """Draw the tokens; name them where there is room."""
    drawn = []
    top = SIDE // 2 - RADIUS
    drawn.append(f'<path class="zero" d="M{SIDE // 2} {top + BAND + 6}V{top + BAND}"/>')
    drawn.append(f'<text class="q" x="{SIDE // 2}" y="{top + BAND + 20}" text-anchor="middle">0</text>')
    last_angle = -1.0
    for token, owner in zip(ring.tokens, ring.owners, strict=True):
        if len(ring.tokens) > TICKS_MOST:
            break
        (x1, y1), (x2, y2) = (
            _point(ring, token, RADIUS - BAND / 2 - 2),
            _point(ring, token, RADIUS + BAND / 2 + 5),
        )
        drawn.append(
            f"<g><title>token {token} of {escaped(owner)}</title>"
            f'<path class="tick" d="M{x1} {y1}L{x2} {y2}"/></g>'
        )
        angle = token / ring.size
        if len(ring.tokens) <= LABELS_MOST and (angle - last_angle) * 2 * math.pi * (RADIUS + 22) >= SIZE:
            last_angle = angle
            drawn.append(_tick_name(ring, token, owner, angle))
    return "".join(drawn)


def _tick_name(ring: _Ring, token: int, owner: str, angle: float) -> str:
    x, y = _point(ring, token, RADIUS + BAND / 2 + 12)
    side = math.sin(2 * math.pi * angle)
    anchor = "middle" if abs(side) < 0.25 else "start" if side > 0 else "end"
    drop = 4 - 5 * math.cos(2 * math.pi * angle)
    return f'<text x="{x}" y="{_px(float(y) + drop)}" text-anchor="{anchor}">{escaped(shortened(owner, 50))}</text>'


def _keys(ring: _Ring, names: tuple[str, ...], keys: list[int], moved: set[int]) -> str:
    """Draw the keys inside the ring, the moved ones on top of the others."""
    drawn = []
    for key in sorted(keys, key=lambda key: (key in moved, key)):
        x, y = _point(ring, key, KEYS_AT)
        owner = ring.owner(key)
        words = f"key at {key}, {'moved to' if key in moved else 'owned by'} {escaped(owner)}"
        hue = HUES[names.index(owner) % len(HUES)]
        if key in moved:
            (x1, y1), (x2, y2) = _point(ring, key, KEYS_AT + 7), _point(ring, key, RADIUS - BAND / 2)
            shape = f'<circle class="moved" cx="{x}" cy="{y}" r="6"/>'
            shape += f'<circle class="f{hue}" cx="{x}" cy="{y}" r="3"/>'
            shape += f'<path class="tick" d="M{x1} {y1}L{x2} {y2}"/>'
        else:
            shape = f'<circle class="f{hue}" cx="{x}" cy="{y}" r="2.5"/>'
        drawn.append(f"<g><title>{words}</title>{shape}</g>")
    return "".join(drawn)


def _legend(ring: _Ring, names: tuple[str, ...]) -> list[str]:
    """Return a line for each node: its pattern, its name, its part of the ring; two side by side."""
    drawn = []
    for place, name in enumerate(name for name in names if name in ring.owners):
        x, y = 16 + place % 2 * (SIDE // 2), SIDE + 8 + place // 2 * 22
        drawn.append(f'<path class="{_owner_class(names, name)}" d="M{x} {y}h34"/>')
        words = f"{shortened(name, 76)} {ring.share(name):.1%}"
        drawn.append(f'<text x="{x + 42}" y="{y + 4}">{escaped(words)}</text>')
    return drawn


def _words(old: _Ring, now: _Ring, names: tuple[str, ...], keys: list[int]) -> Any:
    rows = []
    for name in names:
        had, has = (sum(ring.owner(key) == name for key in keys) for ring in (old, now))
        rows.append((name, now.owners.count(name), f"{now.share(name):.1%}", had, has))
    return table(rows, ("Node", "Tokens", "Share of the ring", "Keys before", "Keys now"))


def _whole(body: str, height: int, title: str, alt: str) -> str:
    rules = "".join(f".{KEY} {name}{{{rule}}}" for name, rule in _RULES.items())
    hues = [hue for hue in HUES if f"h{hue} " in body or f'"f{hue}"' in body]
    rules += "".join(
        f".{KEY} .h{hue}{{stroke:{colour(hue)}}}.{KEY} .f{hue}{{fill:{colour(hue)}}}" for hue in hues
    )
    rules += "".join(
        f".{KEY} .d{place}{{stroke-dasharray:{dash}}}"
        for place, dash in enumerate(DASHES)
        if dash and f" d{place}" in body
    )
    first = f".{KEY}{{font:{SIZE}px {FONT};fill:{colour('ink')};background:{colour('ground')};display:block}}"
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{KEY}" viewBox="0 0 {SIDE} {height}" '
        f'width="{WIDEST}" style="width:100%;min-width:{SIDE}px;max-width:{WIDEST}px;height:auto" '
        f'role="img" aria-labelledby="{KEY}-t {KEY}-d"><title id="{KEY}-t">{escaped(title)}</title>'
        f'<desc id="{KEY}-d">{escaped(alt)}</desc><style>{style(KEY, first + rules, LIGHT)}</style>'
        f'<rect class="g" width="100%" height="100%"/>{body}</svg>'
    )
    return whole.replace(KEY, "k" + hashlib.sha256(whole.encode()).hexdigest()[:10])


_RULES = {
    ".g": f"fill:{colour('ground')}",
    ".q": f"fill:{colour('quiet')}",
    ".arc": f"fill:none;stroke-width:{BAND}",
    ".tick": f"stroke:{colour('ink')};stroke-width:1.6;fill:none",
    ".zero": f"stroke:{colour('quiet')};stroke-width:1.5",
    ".moved": f"fill:{colour('ground')};stroke:{colour('ink')};stroke-width:1.8",
}
