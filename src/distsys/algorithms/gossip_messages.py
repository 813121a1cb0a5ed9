"""What is told of, and what processes that gossip send each other."""

from __future__ import annotations

from distsys.core import record


@record
class Tell:
    """Request: spread `text`."""

    text: str


@record
class Rumour:
    """Output: a rumour is known now. It is the `number`-th, from 1, that began at `origin`."""

    origin: str
    number: int
    text: str


Name = tuple[str, int]  # of a rumour: where it began, and its number there


@record
class Push:
    """Here are rumours."""

    rumours: tuple[Rumour, ...]


@record
class Pull:
    """I know these rumours; send me the others."""

    known: tuple[Name, ...]


@record
class Exchange:
    """Here are all that I know; send me the others."""

    rumours: tuple[Rumour, ...]
