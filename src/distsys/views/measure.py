"""How wide a text is, where it breaks, and how it is cut: without a browser, and the same on every machine.

The figures ask for Arial or a font of the same widths, so the widths below (thousandths of the type size) are
those of Arial. A little is added, for a reader whose browser has none of them.
"""

from __future__ import annotations

import re
import unicodedata

SIZE = 12  # px, 9 pt: the smallest type of a figure
SAFETY = 1.06
NO_BREAK = "\N{NO-BREAK SPACE}"

_NARROW = {222: "ijl", 191: "'", 260: "|", 278: f" {NO_BREAK}ftI,.:;/[]!", 333: "r()-`", 334: "{}", 355: '"'}
_WIDE = {
    500: "cksvxyzJ",
    556: "abdeghnopquL_?$#0123456789",
    584: "+=<>~",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    889: "%",
    944: "W",
    1015: "@",
}
_WIDTHS = {c: width for table in (_NARROW, _WIDE) for width, letters in table.items() for c in letters}


def _letter(c: str) -> int:
    known = _WIDTHS.get(c)
    if known is not None:
        return known
    if unicodedata.combining(c):
        return 0
    return 1000 if unicodedata.east_asian_width(c) in "WF" or ord(c) > 0xFFFF else 667


def width(text: str, size: int = SIZE) -> int:
    """Return the width of a text in px, rounded up.

    >>> width("Ping(3)")
    41
    """
    return -(-int(sum(map(_letter, text)) * size * SAFETY) // 1000)


def shortened(text: str, most: int, size: int = SIZE) -> str:
    """Return the text, cut and ended by three dots where it is wider than `most` px.

    >>> shortened("a long message that nobody can read here", 90)
    'a long messa...'
    """
    if width(text, size) <= most:
        return text
    while text and width(text + "...", size) > most:
        text = text[:-1]
    return text.rstrip(" ,(") + "..."


def lines(text: str, most: int, count: int, size: int = SIZE) -> tuple[str, ...]:
    """Return the text as at most `count` lines of at most `most` px; what does not fit is cut.

    A vector of numbers, such as [1 0 2], stays whole as long as it fits.

    >>> lines("outputs the value of the register", 90, 2)
    ('outputs the', 'value of the r...')
    """
    pieces: list[str] = []
    rest = re.sub(r"\[[\d ]+\]", lambda vector: vector[0].replace(" ", NO_BREAK), " ".join(text.split()))
    while rest and len(pieces) < count - 1 and width(rest, size) > most:
        cut = _break(rest, most, size)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pieces.append(shortened(rest, most, size))
    return tuple(piece.replace(NO_BREAK, " ") for piece in pieces)


def _break(text: str, most: int, size: int) -> int:
    """Return where to break: at the last blank that fits, else after a sign, else where it is full."""
    full = 1
    while full < len(text) and width(text[: full + 1].rstrip(), size) <= most:
        full += 1
    for signs in (" ", ",:;", "([{."):
        for place in range(full, 1, -1):
            if text[place - 1] in signs or (signs == " " and text[place : place + 1] == " "):
                return place
    return full
