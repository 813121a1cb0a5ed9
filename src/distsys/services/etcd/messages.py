"""What members say to each other and to Raft below them; what clients ask stands in `api`, streams in `streams`."""

from __future__ import annotations

from typing import Any

from distsys.core.values import record

from ..kv import Call
from .errors import EtcdError


@record
class Proposal:
    """An entry of the log: a request, who proposed it, and the number that it has there; no two have both the same."""

    member: str
    number: int
    request: Any


@record
class Forward:
    """A member that does not lead sends a proposal on."""

    proposal: Proposal


@record
class ReadIndex:
    """Ask which index a read that begins now must have seen."""


@record
class Ask:
    """A member asks the leader something that only a leader knows; `number` belongs to the answer."""

    number: int
    request: Any


@record
class NotSent:
    """Of the driver, to a member: there was no connection, and this message of yours to another has not left."""

    message: Forward | Ask


@record
class Answer:
    """The answer to `Ask`."""

    number: int
    response: Any


@record
class Asked:
    """For the protocol: the read that an `Ask` of a member leads to."""

    member: str
    number: int
    request: Any


@record
class Waiting:
    """Who waits for an answer, since which period, and for a read the index that must be applied (0: not known yet).

    Where `refusal` is given it is the answer, whatever comes of the request that is waited for.
    """

    client: str
    call: Call
    since: int
    index: int = 0
    refusal: EtcdError | None = None
