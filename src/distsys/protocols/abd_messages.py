"""What the clients and the replicas of ABD say to each other, and what a client is asked by its host.

Two questions are enough. `Query` asks a replica what it holds, `Store` asks it to hold something unless it
holds something
newer. Newer means: a greater *tag*. Each answer carries the round of its question, so that a client knows which one it
answers; a late answer to an earlier question says nothing about now.
"""

from __future__ import annotations

import enum
import functools
from typing import Any

from distsys.core.values import record


@functools.total_ordering
@record
class Tag:
    """The age of a value: a number, and who wrote it, so that no two writes have the same tag.

    >>> Tag(2, "a") < Tag(2, "b") < Tag(3, "a")
    True
    """

    number: int = 0
    writer: str = ""

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Tag):
            return NotImplemented
        return (self.number, self.writer) < (other.number, other.writer)

    def __str__(self) -> str:
        return f"{self.number}.{self.writer}" if self.number else "0"


ZERO = Tag()  # of the value None that every replica holds at the beginning


@record
class Round:
    """The number of a question: in which life of the client, and which one in it."""

    life: int = 0
    number: int = 0


@record
class Phase(enum.Enum):
    """What a client waits for."""

    IDLE = "idle"
    QUERY = "query"  # for a majority that says what it holds
    STORE = "store"  # for a majority that holds at least this


@record
class Query:
    """A client asks what a replica holds."""

    round: Round


@record
class Held:
    """A replica answers: this."""

    round: Round
    tag: Tag
    value: Any


@record
class Store:
    """A client asks: hold this, unless you hold something newer."""

    round: Round
    tag: Tag
    value: Any


@record
class Stored:
    """A replica answers: I hold that, or something newer, and a crash does not take it from me."""

    round: Round


QUESTIONS, ANSWERS = (Query, Store), (Held, Stored)


# From the host of a client.


@record
class Read:
    """Read the register."""


@record
class Write:
    """Write this value."""

    value: Any
