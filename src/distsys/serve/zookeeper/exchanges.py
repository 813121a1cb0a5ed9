"""What clients of ZooKeeper write down, as records, and the requests that were answered, made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from distsys.core.values import record
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.requests import (
    CHANGES,
    ErrorResponse,
)


@record
class Sent:
    """At `at` (microseconds) a client sent request `number` of a session, counted over all its connections."""

    session: int
    number: int
    request: Any
    at: int


@record
class Heard:
    """At `at` a client heard the answer to this request, given as of `zxid`."""

    session: int
    number: int
    zxid: int
    response: Any
    at: int


@record
class Began:
    """A client asked at `at` for a session, or for its own at another server, and was told that it has `timeout_ms`."""

    session: int
    timeout_ms: int
    at: int


@record
class Refused:
    """A client was told at `at` that its session is not there any more."""

    session: int
    at: int


@record
class Stands:
    """What a server says at the end: which znodes there are under one path."""

    server: str
    path: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Exchange:
    """A request and its answer.

    change  how many changes the session had asked for, this one included
    newest  the newest zxid that anybody had been shown when this was asked for
    """

    sent: Sent
    heard: Heard
    change: int
    newest: int

    @property
    def code(self) -> Code:
        """The error, OK where there is none."""
        response = self.heard.response
        return response.code if isinstance(response, ErrorResponse) else Code.OK


def exchanges_of(said: Iterable[Any]) -> list[Exchange]:
    """Return all requests that were answered, in the order of the answers."""
    asked: dict[tuple[int, int], tuple[Sent, int, int]] = {}
    changes: dict[int, int] = defaultdict(int)
    newest, found = 0, list[Exchange]()
    for each in said:
        if isinstance(each, Sent):
            changes[each.session] += isinstance(each.request, CHANGES)
            asked[each.session, each.number] = each, changes[each.session], newest
        elif isinstance(each, Heard):
            sent, change, before = asked.pop((each.session, each.number))
            found.append(Exchange(sent, each, change, before))
            newest = max(newest, each.zxid)
    return found
