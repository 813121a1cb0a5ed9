"""Zab, the links: what a leader says to a follower arrives in order and without a gap, or not at all.

Zab assumes FIFO channels, and ZooKeeper gets them from TCP: a follower opens a connection, and when something is
lost, the connection is gone. The network here loses, doubles and delays each message by itself. So every message of
a leader to a follower carries the connection and its number in it. A follower takes the numbers in order, keeps those
that came early, and throws away what it has had and what belongs to another connection. Where a number stays away,
nothing that comes later is taken. A ping tells how far the leader has come: what it spoke of must be there when the
next ping comes, or the follower opens another connection and is synchronised anew.

The number of a connection is on the disk before it is used. TCP draws a random number instead, so that segments
from before a crash do not fit; a number that is never used twice needs no luck.

What a follower says to its leader needs no numbers: each answer waits for what it answers, or says more than the one
before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from distsys.core.errors import ArgumentError, shown, whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .raft import server_names
from .zab_history import ZabHistory
from .zab_messages import FollowerInfo, Link, Phase, Ping, State


class ZabLinks(ZabHistory):
    """The two ends of a connection, and how each notices that the other is gone.

    State, durable: `connection`, the number of the last one that was opened here. Volatile: `state`, `phase`,
    `leader`; at a follower `link` (the last message that was taken), `early` (those that overtook others) and
    `pinged` (how far the leader is known to have come); at a leader `links` (for each follower the last message
    that was sent) and `heard` (who has acknowledged something since it last looked).
    Messages: FollowerInfo opens a connection, Ping keeps it.
    Timers: "connect", to ask once more until the leader speaks; "ping", at a leader; "patience", after which a
    follower that heard no ping or is not up to date yet, or a leader that heard no quorum, looks for a leader.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        voters: tuple[str, ...],
        observers: tuple[str, ...] = (),
        election_ms: int = 300,
        heartbeat_ms: int = 50,
    ) -> None:
        super().__init__(name, disk)
        self.voters = server_names("voters", voters)
        self.observers = server_names("observers", observers) if observers != () else ()
        if both := sorted({*voters} & {*observers}):
            raise ArgumentError(f"observers must not vote, but {both[0]!r} is among the voters")
        if name not in self.voters and name not in self.observers:
            raise ArgumentError(
                f"name must be among the voters or the observers, for a leader tells nobody else what is committed, "
                f"but it is {shown(name)}"
            )
        self.election_ms = whole_number("election_ms", election_ms, at_least=2)
        self.heartbeat_ms = whole_number("heartbeat_ms", heartbeat_ms, at_least=1)
        if heartbeat_ms >= election_ms:
            raise ArgumentError(
                f"heartbeat_ms must be less than election_ms ({election_ms}), or followers give up a leader "
                f"between two pings, but it is {heartbeat_ms}"
            )
        self.connection: int = disk.get("connection", 0)
        self.state = State.LOOKING
        self.phase = Phase.ELECTION
        self.leader: str | None = None
        self.link = Link()
        self.early: Map[int, Any] = Map()
        self.pinged = 0
        self.links: Map[str, Link] = EMPTY
        self.heard: frozenset[str] = frozenset()

    def on_message(self, sender: str, message: Any) -> None:
        """Let a message that has a number wait for its turn."""
        if isinstance(message, Ping):
            self.on_ping(sender, message)
        elif not hasattr(message, "link"):
            super().on_message(sender, message)
        elif self.is_connected(sender, message.link):
            self.on_numbered(sender, message)

    def on_timeout(self, timer: str) -> None:
        if timer == "connect" and self.link.number == 0:
            self.knock()
        elif timer == "ping":
            self.send_pings()
        elif timer == "patience":
            self.on_patience()

    # The follower's end.

    def connect(self) -> None:
        """Open a new connection to the leader: nothing of an earlier one counts any more."""
        self.connection += 1
        self.persist(connection=self.connection)
        self.link, self.early, self.pinged = Link(self.connection), Map(), 0
        self.phase = Phase.DISCOVERY
        self.knock()

    def knock(self) -> None:
        """Ask the leader to speak; it may not know yet that it leads."""
        if self.leader is not None:
            self.send(self.leader, FollowerInfo(self.connection, self.accepted_epoch))
            self.set_timer("connect", self.heartbeat_ms * MS)

    def is_connected(self, sender: str, link: Link) -> bool:
        """Return whether `sender` is the leader, and `link` is of the connection that is open now."""
        return sender == self.leader and link.connection == self.link.connection

    def on_numbered(self, sender: str, message: Any) -> None:
        """Take the message in its turn, and with it those that waited for it."""
        if message.link.number > self.link.number:
            self.early = self.early.set(message.link.number, message)
        while (number := self.link.number + 1) in self.early:
            message, self.early = self.early[number], self.early.remove(number)
            self.link = message.link
            self.on_next(sender, message)  # which may close the connection, and then nothing waits any more

    def on_next(self, sender: str, message: Any) -> None:
        """React to the next message of the leader; subclasses know what it means."""

    def on_ping(self, sender: str, message: Ping) -> None:
        """Go on following, or open another connection when what the last ping spoke of has not come.

        One that speaks of less than an earlier one is late. Or the leader has begun anew: a FollowerInfo of this
        connection came to it a second time, and it believes the connection to be new. Who went on following would
        stay in the old epoch for ever.
        """
        if not self.is_connected(sender, message.last) or message.last.number < self.pinged:
            return
        if self.phase is Phase.BROADCAST:  # before that, its answers may be lost: it has one timeout in all
            self.set_timer("patience", self.election_ms * MS)
        if self.link.number < self.pinged:
            self.note(f"misses message {self.link.number + 1}")
            self.connect()
        else:
            self.pinged = message.last.number
            self.on_alive(sender)

    def on_alive(self, leader: str) -> None:
        """React to a ping that shows nothing missing."""

    # The leader's end.

    def send_in_order(self, peer: str, message: Any) -> None:
        """Send `message` to `peer` as the next one of its connection."""
        link = Link(self.links[peer].connection, self.links[peer].number + 1)
        self.links = self.links.set(peer, link)
        self.send(peer, replace(message, link=link))

    def send_pings(self) -> None:
        """Say to all that are connected how far this leader has come."""
        for peer, link in self.links.items():
            self.send(peer, Ping(link))
        self.set_timer("ping", self.heartbeat_ms * MS)

    # Both.

    def on_patience(self) -> None:
        """Go on leading where a quorum was heard meanwhile; else look for a leader."""
        if self.state is State.LEADING and self.phase is Phase.BROADCAST and self.is_quorum(self.heard):
            self.begin_to_listen()
        elif self.state is not State.LOOKING:
            self.look_for_leader()

    def begin_to_listen(self) -> None:
        """Give the other side one election timeout to be heard."""
        self.heard = frozenset({self.name})
        self.set_timer("patience", self.election_ms * MS)

    def hang_up(self) -> None:
        """Close all connections, at either end."""
        self.link, self.early, self.pinged, self.links = Link(), Map(), 0, EMPTY
        for timer in ("connect", "ping", "patience"):
            self.cancel_timer(timer)

    def look_for_leader(self) -> None:
        """Begin an election; see `zab_election`."""
        self.hang_up()
        self.state, self.phase, self.leader = State.LOOKING, Phase.ELECTION, None

    def is_quorum(self, names: Iterable[str]) -> bool:
        """Return whether `names` hold a majority of the voters; observers do not count."""
        return len(set(names) & set(self.voters)) >= len(self.voters) // 2 + 1
