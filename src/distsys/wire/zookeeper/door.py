"""The door for clients of ZooKeeper: knows by the first bytes who is one, and how many there may be.

    four letters               one of ZooKeeper's words
    length (int), 0, …         a ConnectRequest: its first number, the version of the protocol, is 0

Each client is a `Visitor`, and what it asks goes to an `Answering`. One too many is sent away without a word, as by the
real server, which counts the connections of each address too, and allows 60.

Source: NIOServerCnxnFactory.java, FourLetterCommands.java.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from distsys.wire.claims import Claim

from .answering import Answering
from .visitor import Visitor


@dataclass(frozen=True)
class Bounds:
    """What a server bears of its clients. A request of tiny parts takes thirty times its bytes when it is read.

    clients        connections at a time
    per_address    of them from one address, 0 for no bound; 60 is maxClientCnxns of the real server
    per_loopback   the same for this machine, where all clients have one address
    requests, request_bytes  unanswered requests of one client, before no more are taken
    request_bytes_all  those of all clients, before none are taken from who waits for an answer
    long_answers   unanswered requests of one client for data or names, before no more are taken: what comes of them can
                   have a megabyte each, and only when it is written shows whether the client reads
    untaken_bytes_all  bytes of all clients that came and are no whole request yet, or one whose turn has not come;
                   before who has sent the most of them is sent away
    unread_pause   bytes that a client has not read, before no more requests are taken
    unread_bytes   the same, before it is closed: as when it reads nothing, and its watches see much
    connect_s      seconds until a session must have been asked for; frame_s: until a frame that began must have ended
    close_s        seconds for a client to read the last words
    """

    clients: int = 2000
    per_address: int = 60
    per_loopback: int = 0
    requests: int = 1000
    request_bytes: int = 2 * 2**20
    request_bytes_all: int = 16 * 2**20
    long_answers: int = 4
    untaken_bytes_all: int = 32 * 2**20
    unread_pause: int = 128 * 1024
    unread_bytes: int = 8 * 2**20
    connect_s: float = 10.0
    frame_s: float = 10.0
    close_s: float = 5.0


USUAL = Bounds()


class Door:
    """Lets clients in to `answering`.

    words  the four-letter words that are answered; the real server answers "srvr" unless more are allowed
    """

    def __init__(
        self, answering: Answering, *, bounds: Bounds = USUAL, words: Collection[str] = ("srvr",)
    ) -> None:
        self.answering, self.bounds, self.words = answering, bounds, frozenset(words)
        self.visitors: dict[Visitor, None] = {}  # in the order in which they came
        self.refused = 0  # who came when there were too many
        self.dropped = 0  # who did not read, or had sent the most of what could not be taken
        self.waiting_bytes = 0  # of requests that are not answered
        self.untaken_bytes = 0  # that came and were not taken
        self._by_host: Counter[str] = Counter()

    def guest(self) -> Visitor:
        """Return the protocol for a connection that has just come."""
        return Visitor(self)

    @staticmethod
    def claims(first: bytes) -> Claim:
        """Say whether a connection with these first bytes is a client's.

        >>> [Door.claims(first).value for first in (b"ruok", bytes(4), bytes(5), bytes(4) + b"{")]
        ['mine', 'not yet', 'mine', 'not mine']
        """
        if not first:
            return Claim.NOT_YET
        if first[:1].isalpha():
            return Claim.MINE
        if first[0] != 0:
            return Claim.NOT_MINE
        if len(first) < 5:
            return Claim.NOT_YET
        return Claim.MINE if first[4] == 0 else Claim.NOT_MINE

    def admit(self, visitor: Visitor) -> bool:
        """Take in who has just come, and return whether there was room."""
        bounds, host = self.bounds, visitor.host
        most = bounds.per_loopback if _is_loopback(host) else bounds.per_address
        if len(self.visitors) >= bounds.clients or 0 < most <= self._by_host[host]:
            self.refused += 1
            return False
        self.visitors[visitor] = None
        self._by_host[host] += 1
        return True

    def forget(self, visitor: Visitor) -> None:
        """Drop what is known of a connection that is gone."""
        if visitor in self.visitors:
            del self.visitors[visitor]
            self._by_host[visitor.host] -= 1
            if not self._by_host[visitor.host]:
                del self._by_host[visitor.host]

    def mind_untaken(self) -> None:
        """Send who has sent the most of it away, while too much has come that could not be taken."""
        while self.untaken_bytes > self.bounds.untaken_bytes_all:
            self.dropped += 1
            max(self.visitors, key=lambda visitor: visitor.untaken).abort()

    async def close(self) -> None:
        """Send all clients away."""
        for visitor in tuple(self.visitors):
            visitor.close()
        await asyncio.sleep(0)
        for visitor in tuple(self.visitors):
            visitor.abort()
        while self.visitors:
            await asyncio.sleep(0)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True  # it did not come over a network
