"""Whose is a connection that has just come? Two languages on one port are told apart by their first bytes.

A frame of our own members and clients is four bytes of length and a text in JSON. So neither a letter can begin it, for
no such length is allowed, nor can its fifth byte be 0.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum


class Claim(Enum):
    """What a guest says of the first bytes of a connection: it is mine, it is not, or I cannot know yet."""

    MINE = "mine"
    NOT_MINE = "not mine"
    NOT_YET = "not yet"


Claims = Callable[[bytes], Claim]


def letters(first: bytes) -> Claim:
    """Claim what begins with a letter, as HTTP does.

    >>> letters(b"G").value, letters(bytes(4)).value
    ('mine', 'not mine')
    """
    if not first:
        return Claim.NOT_YET
    return Claim.MINE if first[:1].isalpha() else Claim.NOT_MINE
