"""A client's end of a session: connects, goes elsewhere when a server is silent, and takes its watches along.

Requests of a connection that broke have an unknown outcome: they may be done, or may yet be. What the client is sure
of is its session. It brings the newest zxid that it has been shown, so that no server shows it an older tree, and for
each watch that has not been told it asks again, so that nothing that happened meanwhile is missed.

Source: org.apache.zookeeper.ClientCnxn of ZooKeeper 3.8.
"""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft import server_names

from .errors import Code
from .requests import (
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    PingRequest,
    SetWatchesRequest,
)
from .server import Answered, Connect, Connected, HangUp, Hear, Noticed, Say

EVENTS_OF = {
    "data": (EventType.DATA_CHANGED, EventType.DELETED, EventType.CREATED),
    "exist": (EventType.CREATED, EventType.DATA_CHANGED, EventType.DELETED),
    "child": (EventType.CHILDREN_CHANGED, EventType.DELETED),
}


class SessionClient(Node):
    """One session after the other, each over one connection after the other.

    A subclass says what to ask: it overrides the `on_` methods and calls `ask`.
    State, durable: `connection`, the number of the last one. Volatile: `session` (0: none), its password, `zxid`, the
    newest that was shown; `server`; `open`, requests without an answer, in order; `watched`, (kind, path) of watches
    that are not told yet; `expected` and `early`, of what the server says.
    Timers: "connect", while nobody accepts; "ping"; "silent", when the server is given up.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        servers: tuple[str, ...],
        timeout_ms: int = 800,
        connect_ms: int = 300,
    ) -> None:
        super().__init__(name, disk)
        self.servers = server_names("servers", servers)
        self.timeout_ms = whole_number("timeout_ms", timeout_ms, at_least=3)
        self.connect_ms = whole_number("connect_ms", connect_ms, at_least=1)
        self.connection: int = disk.get("connection", 0)
        self.server = servers[0]
        self.granted_ms = timeout_ms  # the timeout that the servers gave the session; they have bounds
        self.session = 0
        self.ticket = 0
        self.password = b""
        self.zxid = 0
        self.is_connected = False
        self.said = 0
        self.open: tuple[tuple[int, Any], ...] = ()
        self.watched: frozenset[tuple[str, str]] = frozenset()
        self.expected = 1
        self.early: Map[int, Any] = Map()
        self.dice = Dice(0)

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        self.server, self.dice = self.dice.choose(self.servers)
        self.connect()

    # What a subclass hears.

    def on_session(self) -> None:
        """React to a session that begins."""

    def on_connected(self) -> None:
        """React to a session that goes on, at this server or another."""

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        """React to an answer."""

    def on_unknown(self, request: Any) -> None:
        """React to a request whose outcome nobody knows: the connection has broken."""

    def on_event(self, event: Event) -> None:
        """React to a watch that is told."""

    def on_expired(self) -> None:
        """React to the end of the session: the servers have closed it."""

    # Connections.

    def connect(self) -> None:
        """Open a connection to the next server."""
        self.connection += 1
        self.persist(connection=self.connection)
        self.server = self.servers[(self.servers.index(self.server) + 1) % len(self.servers)]
        self.is_connected, self.said, self.expected, self.early = False, 0, 1, Map()
        self.send(
            self.server,
            Connect(self.connection, self.session, self.password, self.timeout_ms, self.zxid),
        )
        self.cancel_timer("ping")
        self.cancel_timer("silent")
        self.set_timer("connect", self.connect_ms * MS // 2, self.connect_ms * MS)

    def disconnect(self) -> None:
        """Give a connection up, and open another."""
        self.send(self.server, HangUp(self.connection))
        lost, self.open = self.open, ()
        self.connect()
        for _, request in lost:
            self.on_unknown(request)

    def ask(self, request: Any) -> None:
        """Send a request; its answer, or that nobody knows it, follows."""
        self.said += 1
        self.open = (*self.open, (self.said, request))
        self.send(self.server, Say(self.connection, self.said, request, self.ticket))

    def begin(self, session: int) -> None:
        """A server has accepted this client."""
        is_new = session != self.session
        self.is_connected = True
        self.cancel_timer("connect")
        self.set_timer("ping", self.granted_ms * MS // 3)
        self.hear()
        self.session = session
        if is_new:
            self.watched = frozenset()
            self.on_session()
        else:
            self.watch_again()
            self.on_connected()

    def watch_again(self) -> None:
        """Ask for the watches that an earlier connection had."""
        if self.watched:
            kinds = {
                kind: tuple(sorted(path for k, path in self.watched if k == kind))
                for kind in ("data", "exist", "child")
            }
            self.ask(SetWatchesRequest(self.since(), kinds["data"], kinds["exist"], kinds["child"]))

    def since(self) -> int:
        """Return as of which zxid the watches are to be compared: the newest that this client has been shown."""
        return self.zxid

    def expire(self) -> None:
        """Begin anew without a session."""
        self.session, self.password, self.watched = 0, b"", frozenset()
        lost, self.open = self.open, ()
        self.on_expired()
        self.connect()
        for _, request in lost:
            self.on_unknown(request)

    def hear(self) -> None:
        """Note that the server is there."""
        self.set_timer("silent", self.granted_ms * MS * 2 // 3)

    # What a server says.

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Hear(connection, sequence, said) if connection == self.connection:
                if sequence >= self.expected:
                    self.early = self.early.set(sequence, said)
                while connection == self.connection and self.expected in self.early:
                    said = self.early[self.expected]
                    self.early = self.early.remove(self.expected)
                    self.expected += 1
                    self.hear()
                    self.take(said)
            case HangUp(connection) if connection == self.connection:
                if self.is_connected:
                    self.disconnect()

    def take(self, said: Any) -> None:
        """React to the next message of the server."""
        match said:
            case Connected(session, timeout_ms, password, ticket):
                if timeout_ms:
                    self.granted_ms, self.password, self.ticket = timeout_ms, password, ticket
                    self.begin(session)
                else:
                    self.expire()
            case Answered(sequence, zxid, response):
                ((number, request), *rest) = self.open
                assert number == sequence, f"{self.name} waits for {number} and hears {sequence}"
                self.open = tuple(rest)
                self.zxid = max(self.zxid, zxid)
                self.remember(request, response)
                if not isinstance(request, PingRequest | SetWatchesRequest):
                    self.on_answer(request, response, zxid)
            case Noticed(event):
                told = frozenset(
                    (kind, event.path) for kind, types in EVENTS_OF.items() if event.type in types
                )
                self.watched -= told
                self.on_event(event)

    def remember(self, request: Any, response: Any) -> None:
        """Remember a watch that was set."""
        if not getattr(request, "watch", False):
            return
        failed = isinstance(response, ErrorResponse) and response.code is not Code.OK
        match request:
            case GetDataRequest(path) if not failed:
                self.watched |= {("data", path)}
            case GetChildrenRequest(path) if not failed:
                self.watched |= {("child", path)}
            case ExistsRequest(path):
                self.watched |= {("exist" if failed else "data", path)}

    def on_timeout(self, timer: str) -> None:
        match timer:
            case "connect" if not self.is_connected:
                self.connect()
            case "ping" if self.is_connected:
                self.ask(PingRequest())
                self.set_timer("ping", self.granted_ms * MS // 3)
            case "silent":
                self.note("its server is silent")
                self.disconnect()
