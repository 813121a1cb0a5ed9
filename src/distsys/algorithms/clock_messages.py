"""What a clocked process is asked to do, what it sends, and how it stamps an event."""

from __future__ import annotations

from typing import Any

from distsys.core import record


@record
class Work:
    """Request: do something that concerns nobody else."""


@record
class Talk:
    """Request: send a letter to `to`."""

    to: str


@record
class Letter:
    """A message with the stamp of the event that sent it."""

    stamp: Any


@record
class Stamp:
    """Output: the time that the clock gives to the event that is being handled."""

    time: Any
