"""Arcs of the ring of hashes: from just after one token up to and including the next.

The hashes 0 .. 2**bits - 1 lie on a circle, clockwise, and 0 follows the last. An arc `(start, end]` leaves
its start out and holds its end, because a key whose hash equals a token belongs to that token. Router and
migrator must both mean this; half the bugs of consistent hashing are about which end an arc holds.
"""

from __future__ import annotations

from typing import NamedTuple


class Arc(NamedTuple):
    """The hashes after `start` up to and including `end`, clockwise, and the `owner` of their keys.

    `width` is the number of hashes in it. The arc runs over 0 when `end` is not greater than `start`; it is
    the whole circle when they are equal (a ring with one token).

    >>> arc = Arc(start=250, end=3, width=9, owner="a")
    >>> arc.holds(250), arc.holds(3)
    (False, True)
    """

    start: int
    end: int
    width: int
    owner: str

    def holds(self, hash: int) -> bool:
        """Return whether a key with this hash lies in the arc."""
        return in_arc(self.start, self.end, hash)


def in_arc(start: int, end: int, hash: int) -> bool:
    """Return whether `hash` lies in (start, end], clockwise; equal ends mean the whole circle."""
    if start < end:
        return start < hash <= end
    return hash > start or hash <= end


def arc_width(start: int, end: int, bits: int) -> int:
    """Return the number of hashes in (start, end] on a circle of 2**bits.

    >>> arc_width(250, 3, bits=8), arc_width(3, 250, bits=8), arc_width(3, 3, bits=8)
    (9, 247, 256)
    """
    space = 1 << bits
    return (end - start - 1) % space + 1
