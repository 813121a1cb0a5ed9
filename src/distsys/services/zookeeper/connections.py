"""A client's connection at a server: what the two say to each other on it, and what the server keeps of it.

A connection stands for one of TCP. What is said on it is numbered at both ends, and taken in this order. Beside that a
server gives each a *ticket*, for the network may double a message, and the copy may come when the server has forgotten
the connection: what TCP's random numbers are good for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.values import Map, record

from .preparing import Asker
from .requests import Event, Id

# Of a client to its server.


@record
class Connect:
    """Open connection `connection`: with a new session (0), or one that the client has.

    zxid  the newest that the client has been shown
    ids   what the client is known as from where it comes
    """

    connection: int
    session: int = 0
    password: bytes = b""
    timeout_ms: int = 1_000
    zxid: int = 0
    ids: tuple[Id, ...] = ()


@record
class Say:
    """Request `sequence` (from 1) in a connection; `ticket` is the one that the server gave, 0 if it need not look."""

    connection: int
    sequence: int
    request: Any
    ticket: int = 0


@record
class HangUp:
    """A connection is over; of either side."""

    connection: int


# Of a server to a client.


@record
class Hear:
    """Message `sequence` (from 1) in a connection: one of the three below."""

    connection: int
    sequence: int
    message: Any


@record
class Connected:
    """The session goes on here. A timeout of 0: it has ended, or the password is wrong.

    Each connection gets a `ticket` of its own. TCP draws a random number for that: a copy of what was said before the
    server began anew, or in a connection that was opened by a copy of `Connect`, must not be done again.
    """

    session: int
    timeout_ms: int
    password: bytes
    ticket: int = 0


@record
class Answered:
    """The answer to request `sequence`; `zxid` is the newest change that this server has."""

    sequence: int
    zxid: int
    response: Any


@record
class Noticed:
    """A watch is told."""

    event: Event


@record
class Task:
    """A request in the queue of a connection, and its answer when there is one; `is_asked` of the leader."""

    sequence: int
    request: Any
    is_asked: bool = False
    response: Any = None


@record
class Connection:
    """A client's connection at a server.

    session   0 until it is accepted, and `wanted` the one that the client brings
    ticket    what marks a request of this connection
    ids       what the client is known as
    queue     requests that are not answered, in order
    taken     the last request that was taken, and `early` those that overtook others
    sent      how many messages were sent on it
    """

    number: int
    ticket: int = 0
    wanted: int = 0
    session: int = 0
    timeout_ms: int = 0
    ids: tuple[Id, ...] = ()
    queue: tuple[Task, ...] = ()
    taken: int = 0
    early: Map[int, Any] = Map()
    sent: int = 0

    @property
    def asker(self) -> Asker:
        """Who asks on it."""
        return Asker(self.session, self.ids)

    def having(self, task: Task) -> Connection:
        """Return the connection with this task in the place of the one of its number."""
        queue = (task if other.sequence == task.sequence else other for other in self.queue)
        return replace(self, queue=tuple(queue))
