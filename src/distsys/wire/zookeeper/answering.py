"""`Answering`: what stands behind the door, and is told of every client and asked what each asks.

Nothing here waits: a request is answered by calling `Client.reply` once, at once or later. Replies leave in the order
of the requests, however they come; notifications leave when they are said. So a client that is told of a change by a
watch, before the reply that shows the change, hears of it first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .schema import ConnectRequest, ConnectResponse, RequestHeader, WatcherEvent


@dataclass(eq=False)
class Asked:
    """One request of one client.

    record  the request, None if it has none, or `codec.Unreadable`, which says with which error to answer it
    size    how many bytes its frame has
    """

    header: RequestHeader
    record: Any
    size: int = 0
    frame: bytes | None = None  # the answer, while earlier requests wait for theirs
    is_last: bool = False  # after its answer the connection is closed


class Client(Protocol):
    """One connection, as who answers sees it. After its end all of these do nothing.

    address   "host:port" of the other side
    received, sent  how many frames
    """

    address: str
    received: int
    sent: int

    @property
    def outstanding(self) -> int:
        """How many requests are not answered."""

    def welcome(self, response: ConnectResponse) -> None:
        """Answer the request to connect. If the session in it is 0, the connection is closed then."""

    def reply(self, asked: Asked, zxid: int, err: int = 0, response: Any = None) -> None:
        """Answer a request. After the answer to closeSession, or to a key that is refused, the connection is closed."""

    def notify(self, event: WatcherEvent) -> None:
        """Say what a watch saw."""

    def close(self) -> None:
        """Close the connection, after what was said has been sent."""


class Answering(Protocol):
    """Answers clients."""

    def connected(self, client: Client, request: ConnectRequest) -> None:
        """A client wants a session, a new one (session 0) or its own: call `client.welcome`, or `client.close`."""

    def asked(self, client: Client, asked: Asked) -> None:
        """A client with a session asks something: call `client.reply` for each, in any order."""

    def closed(self, client: Client) -> None:
        """A client that was connected is gone; its session is not."""

    def word(self, word: str, argument: bytes) -> str:
        """Return the answer to a four-letter word that is allowed. Only "stmk" has an argument, of eight bytes."""
