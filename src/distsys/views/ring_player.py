"""`RingPlayer`: a hash ring that a reader changes on the page, without a server and without a hash function there.

The page can sort, search and count. Whatever is hashed is computed before, by the package, and stands in the
figure as `RingNumbers`; `distsys.lab.ring_player` fills them in. Servers are numbered from 0 in the order of
their names (UTF-8 bytes), so wherever the package lets the first name win, the page lets the smaller number win.

In the figure the numbers are text of the 64 digits of base64, the most significant digit first. All of a kind
have the same width:

    tokens    3   for each server its tokens number 0, 1, 2, ...; with v virtual nodes and weight w the first
                  v w of them are on the ring
    places    3   for each key where it falls on the ring
    residues  2   for each key hash mod 840, a number that 1 to 8 divide; so hash mod n is residue mod n
    jumps     2   for each key a set of bits, bit b if bucket b is one of its `jump_points`; its bucket among n is
                  the highest bit below n
    slots     2   for each key hash mod the size of the Maglev table
    turns     -   for each server its (offset, skip) in that table, two plain numbers
    bids      1   for each key all pairs of a server and a weight from 1 to 4, the best bid first; a digit is two
                  servers of 3 bits. Where a server stands the first time it has weight 4, the last time weight 1,
                  for a larger weight never bids worse. The first server that stands there with the weight that it
                  has is the winner

Why 18 bits: a place is three digits, so eight servers with 1,024 tokens each take 25 KB. And among 262,144
places keys do fall exactly on tokens, and two servers do claim one token, so that a wrong boundary shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from distsys.core.errors import ArgumentError, shown

from .drawing import Drawing
from .embedding import image_address, live_script
from .markup import escaped
from .theme import colour

KIND = "ring"  # which script plays it
BITS = 18
SERVERS_MOST = 8
WEIGHT_MOST = 4
VNODES_MOST = 256
RESIDUES = 840  # the least common multiple of 1 to 8
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")

# The height of the controls, so that nothing on the page moves when they appear: in a narrow column a picture
# as wide as the column and the rest under it (in lines that break more often), in a wide one two columns.
WIDE_FROM_PX, WIDE_PX, UNDER_PICTURE_PX = 636, 668, 830
ROOM = (
    ".ds-ring{container-type:inline-size}"
    ".ds-ring dist-ring{display:block;min-height:"
    f"calc(min(100cqw,370px)*.944 + max(0px,330px - 100cqw)*.6 + {UNDER_PICTURE_PX}px)}}"
    f"@container(min-width:{WIDE_FROM_PX}px){{.ds-ring dist-ring{{min-height:{WIDE_PX}px}}}}"
    "@media print,(scripting:none){.ds-ring dist-ring{min-height:0}}"
)


@dataclass(frozen=True)
class RingNumbers:
    """What the page must know of servers and keys; the module says what each number is."""

    pool: tuple[str, ...]
    keys: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    places: tuple[int, ...]
    residues: tuple[int, ...]
    jumps: tuple[int, ...]
    table: int
    slots: tuple[int, ...]
    turns: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, ...], ...]


def digits(numbers: Iterable[int], width: int) -> str:
    """Return numbers below 64**width as digits of base64, `width` for each.

    >>> digits([0, 65, 4095], 2)
    'AABB//'
    """
    return "".join(
        DIGITS[number >> 6 * place & 63] for number in numbers for place in range(width - 1, -1, -1)
    )


def setting(
    pool: tuple[str, ...],
    method: str,
    vnodes: int,
    now: Mapping[str, int],
    was: Mapping[str, int] | None = None,
) -> str:
    """Return the text that names a setting, as it stands in a link: what is now, and what was before the last change.

    >>> setting(("ann", "bob", "cid"), "ring", 8, {"cid": 1, "ann": 3}, {"cid": 1})
    'ring-v8-ca3-v8-c'
    """
    letters = dict(zip(pool, "abcdefgh", strict=False))
    for side in (now, *([] if was is None else [was])):
        servers = (letters[name] + str(weight) * (weight > 1) for name, weight in side.items())
        method += f"-v{vnodes}-{''.join(servers)}"
    return method


@dataclass(frozen=True)
class RingPlayer:
    """A ring to play with: a picture of its first setting, and what the page needs for all the others."""

    name: str
    still: Drawing
    numbers: RingNumbers
    first: str

    def __post_init__(self) -> None:
        """Refuse a name that cannot stand in a link."""
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ArgumentError(
                "name must be a letter and then letters, digits, '_', '.' or '-', because it stands in links, "
                f"but it is {shown(self.name)}"
            )

    def __repr__(self) -> str:
        return f"<RingPlayer: {self.still.alt}>"

    def __str__(self) -> str:
        return str(self.still)

    def payload(self) -> str:
        """Return the numbers as JSON that can stand inside a script element."""
        n = self.numbers
        content = {
            "version": 1, "name": self.name, "first": self.first, "bits": BITS, "pool": n.pool, "keys": n.keys,
            "tokens": [digits(tokens, 3) for tokens in n.tokens], "places": digits(n.places, 3),
            "residues": digits(n.residues, 2), "jumps": digits(n.jumps, 2), "table": n.table,
            "slots": digits(n.slots, 2), "turns": n.turns,
            "bids": digits((one << 3 | two for bid in n.bids for one, two in zip(bid[::2], bid[1::2], strict=True)), 1),
        }  # fmt: skip
        text = json.dumps(content, separators=(",", ":"))  # ASCII, so no line separator is in it
        for c in "<>&":
            text = text.replace(c, f"\\u{ord(c):04x}")
        return text

    def _repr_html_(self) -> str:
        """The figure: a picture until the script is there, in print, and wherever scripts are taken away."""
        still = self.still
        caption = f"<figcaption>{escaped(still.caption)}</figcaption>" if still.caption else ""
        words = re.sub(r";padding:[^\"]*", "", still.words)  # a page has its own style, and bytes count here
        fold = f"<details><summary>{escaped(still.heading)}</summary>{words}</details>"
        return (
            f'<figure class="ds-run ds-ring" id="{self.name}" style="margin:1em 0;padding:0"><style>{ROOM}</style>'
            f'<dist-ring>{_image(still)}<script type="application/json">{self.payload()}</script></dist-ring>'
            f"{caption}{fold}{live_script(KIND)}</figure>"
        )


def _image(still: Drawing) -> str:
    """Return a picture as an image, which stays where inline SVG is taken away."""
    svg = _without_parts(still.svg).replace('"', "'")
    found = re.search(r"viewBox='0 0 (\d+) (\d+)' width='(\d+)'", svg)
    assert found, "a picture of a ring says how large it is"
    side, height, width = map(int, found.groups())
    return (
        f'<img src="{image_address(svg)}" alt="{escaped(still.alt)}" width="{width}" '
        f'height="{height * width // side}" style="max-width:100%;height:auto;display:block">'
    )


def _without_parts(svg: str) -> str:
    """Return the picture of a ring in half the bytes: nobody points at the parts of an image."""
    svg = re.sub(r"<g><title>[^<]*</title>(.*?)</g>", r"\1", svg)
    svg = re.sub(r'<title id.*?</desc>|role="img" aria-labelledby="[^"]*" ', "", svg)
    dots: dict[tuple[str, str], str] = {}

    def keep(part: re.Match[str]) -> str:
        name, x, y, r = part.groups()
        dots[name, r] = dots.get((name, r), "") + f"M{x} {y}h0"
        return ""

    svg = re.sub(r'<circle class="(moved|f\d)" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"/>', keep, svg)
    ticks = "".join(re.findall(r'<path class="tick" d="([^"]*)"/>', svg))
    svg = re.sub(r'<path class="tick" d="[^"]*"/>', "", svg)
    drawn = f'<path class="tick" d="{ticks}"/><g stroke-linecap="round">'
    for (name, r), d in dots.items():  # in the old order: moved keys on top, each ring under its dot
        if name == "moved":
            drawn += f'<path style="stroke:{colour("ink")}" stroke-width="13.8" d="{d}"/>'
            drawn += f'<path style="stroke:{colour("ground")}" stroke-width="10.2" d="{d}"/>'
        else:
            drawn += f'<path class="h{name[1]}" stroke-width="{2 * float(r):g}" d="{d}"/>'
    return svg.replace("</svg>", f"{drawn}</g></svg>")
