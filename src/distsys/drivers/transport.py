"""`Transport`: the connections of one process. Everything has a bound, and what cannot be sent is dropped.

One port serves peers, clients and control. To each peer a node keeps one connection of its own for what it sends, and
dials again with growing pauses when it is gone. A message for a peer that cannot be reached, that is blocked, or
that reads too slowly is dropped at once: the protocols bear loss, and no memory could hold what a dead peer missed.

A connection that sends what is no frame, a frame that is too long, or one that does not end in time is closed with a
reason; nobody else notices. There is no encryption, and the token that peers show keeps clusters apart but stops nobody
who reads the traffic: so a transport listens on the loopback interface unless it is told otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
from collections.abc import Callable, Mapping
from typing import Any

from distsys.core.errors import ArgumentError
from distsys.core.values import Map

from ..wire.claims import Claims, letters
from .connection import USUAL, Connection, Limits
from .frames import Block, Frame, FrameError, Hello, Look, Post, framed

DIAL_FIRST_S, DIAL_LAST_S = 0.02, 1.0
STOP_S = 1.0  # for a polite end


class Transport:
    """All connections of the node `name`.

    addresses  node -> "host:port", for all nodes
    token      what peers and control must show
    on_post    (hello, post): a message arrived; `on_batch` is called after each batch of them
    on_control (frame) -> answer
    """

    def __init__(
        self,
        name: str,
        addresses: Mapping[str, str],
        token: str,
        *,
        on_post: Callable[[Hello, Post], None],
        on_batch: Callable[[], None],
        on_control: Callable[[Frame], Frame],
        limits: Limits = USUAL,
    ) -> None:
        self.name = name
        self.addresses: Map[str, str] = Map(addresses)
        self.token = token
        self.limits = limits
        self.blocked: frozenset[str] = frozenset()
        self.refusals: list[str] = _Last(100)
        self.guest: Callable[[], asyncio.Protocol] | None = None  # for who speaks another tongue,
        self.claims: Claims = letters  # as the first bytes show
        self.deliver, self.on_batch, self._on_control = self._unblocked(on_post), on_batch, on_control
        self._incoming: dict[Connection, None] = {}
        self._clients: dict[str, Connection] = {}
        self._outgoing: dict[str, Connection] = {}
        self._fresh: dict[Connection, None] = {}  # to be flushed
        self._held = False
        self._server: asyncio.Server | None = None
        self._diallers: list[asyncio.Task[None]] = []
        self._knocks: dict[str, asyncio.Event] = {}
        self.waiting: tuple[str, ...] = ()  # peers that are dialled again after a pause

    async def start(self, listening: socket.socket) -> None:
        """Accept connections on a socket that is bound, and dial the peers."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listening, backlog=1024)
        peers = [peer for peer in self.addresses if peer != self.name]
        self._knocks = {peer: asyncio.Event() for peer in peers}
        self._diallers = [loop.create_task(self._dial(peer)) for peer in peers]

    async def stop(self) -> None:
        """Close all connections."""
        connections = [*self._incoming, *self._outgoing.values()]
        for task in self._diallers:
            task.cancel()
        await asyncio.gather(*self._diallers, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for connection in connections:
            connection.close("this node stops")
        if connections:
            await asyncio.wait([connection.gone for connection in connections], timeout=STOP_S)
        for connection in connections:
            connection.abort()  # who did not read our goodbye

    # Sending.

    def post(self, to: str, post: Post) -> str | None:
        """Have `post` sent to a peer or a client with the next flush; return why it is dropped, or None."""
        is_peer = to in self.addresses
        if is_peer and to in self.blocked:
            return "partition"
        connection = (self._outgoing if is_peer else self._clients).get(to)
        if connection is None or connection.reason is not None:
            return "down"
        limits = self.limits
        if connection.unread_bytes > (limits.peer_unread_bytes if is_peer else limits.client_unread_bytes):
            if not is_peer:
                connection.close("it does not read its answers")
            return "queue full"
        try:
            connection.put(framed(post, limits.peer_frame_bytes))
        except FrameError:
            return "too long"
        self._fresh[connection] = None
        return None

    def flush(self) -> None:
        """Write what was posted."""
        for connection in self._fresh:
            connection.flush()
        self._fresh.clear()

    def forget_posts(self) -> None:
        """Drop what was posted and not yet written."""
        for connection in self._fresh:
            connection.forget()
        self._fresh.clear()

    def hold(self, on: bool) -> None:
        """Read nothing more for now (the disk cannot keep up), or go on."""
        if on is not self._held:
            self._held = on
            for connection in self._incoming:
                connection.hold(on)

    async def _dial(self, peer: str) -> None:
        """Keep a connection to `peer`, with growing pauses between failures, none the same at two nodes.

        A pause ends when the peer comes by itself: then it is up.
        """
        host, port = parted(self.addresses[peer])
        pause = DIAL_FIRST_S
        while True:
            connection = None
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self, peer), host, port
                )
                self._outgoing[peer] = connection
                await asyncio.shield(connection.gone)
            except OSError:
                pass
            finally:
                self._outgoing.pop(peer, None)
            if connection is not None and connection.welcomed:
                pause = DIAL_FIRST_S
            self.waiting = (*self.waiting, peer)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * (0.5 + random.random())):
                    await self._knocks[peer].wait()
            self.waiting = tuple(other for other in self.waiting if other != peer)
            self._knocks[peer].clear()
            pause = min(2 * pause, DIAL_LAST_S)

    # What connections ask of their owner.

    def admit(self, connection: Connection) -> None:
        """Take in a new connection, unless there are too many."""
        if len(self._incoming) >= self.limits.clients + 4 * len(self.addresses):
            connection.close("too many connections")
            return
        self._incoming[connection] = None
        if self._held:
            connection.hold(True)

    def greet(self, connection: Connection, hello: Hello) -> None:
        """Welcome who may come in; a `FrameError` says why somebody may not."""
        if hello.role not in ("peer", "client", "control"):
            raise FrameError("a Hello must come from a peer, a client or control")
        if hello.role != "client" and hello.token != self.token:
            raise FrameError("the token is not that of this cluster")
        if (hello.role == "peer") != (hello.name in self.addresses) or not hello.name:
            raise FrameError(f"the name {hello.name!r} does not suit a {hello.role} here")
        if hello.role == "client":
            if len(self._clients) >= self.limits.clients:
                raise FrameError("too many clients")
            before = self._clients.get(hello.name)
            self._clients[hello.name] = connection
            if before is not None:
                before.close("another connection has this name now")
        connection.welcome(hello)
        if hello.role == "peer" and hello.name not in self._outgoing:
            self._knocks[hello.name].set()

    def control(self, connection: Connection, frame: Block | Look) -> None:
        """Do what control asks."""
        if isinstance(frame, Block):
            self.blocked = frozenset(frame.peers)
        connection.send(self._on_control(frame))

    def forget(self, connection: Connection) -> None:
        """Drop what is known of a connection that is gone."""
        self._incoming.pop(connection, None)
        self._fresh.pop(connection, None)
        hello = connection.hello
        if hello is not None and self._clients.get(hello.name) is connection:
            del self._clients[hello.name]

    def _unblocked(self, on_post: Callable[[Hello, Post], None]) -> Callable[[Hello, Post], None]:
        """Return `on_post` for those who are not blocked."""

        def deliver(hello: Hello, post: Post) -> None:
            if hello.name not in self.blocked:
                on_post(hello, post)

        return deliver


class _Last(list[Any]):
    """The last few of many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def append(self, item: Any) -> None:
        super().append(item)
        del self[: -self.most]


def parted(address: str) -> tuple[str, int]:
    """Return the host and the port of an address.

    >>> parted("127.0.0.1:80"), parted("[::1]:80")
    (('127.0.0.1', 80), ('::1', 80))
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise ArgumentError(f"address must be an IP address and a port, such as 127.0.0.1:0, not {address!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def listen(address: str, *, beyond_loopback: bool = False) -> socket.socket:
    """Return a socket bound to "host:port" (port 0: any), not listening yet.

    Anything but the loopback interface is refused unless `beyond_loopback` says so: there is no encryption, and whoever
    reaches the port can read and write.
    """
    return _bound(_checked(address, beyond_loopback), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))


def keep_port(address: str, *, beyond_loopback: bool = False) -> socket.socket:
    """Return a socket that keeps a port for a process that will `listen` there, also while that is down for a moment.

    Several sockets may be bound to one port (SO_REUSEPORT), and only one that listens gets connections. The same would
    let another cluster of the same user in: so first a socket that shares with nobody must get the port.
    """
    host, port = _checked(address, beyond_loopback)
    if port:
        _bound((host, port), (socket.SO_REUSEADDR,)).close()
    return _bound((host, port), (socket.SO_REUSEPORT,))


def _checked(address: str, beyond_loopback: bool) -> tuple[str, int]:
    host, port = parted(address)
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ArgumentError(
            f"address must be an IP address and a port, such as 127.0.0.1:0, not {address!r}"
        ) from None
    if not is_loopback and not beyond_loopback:
        raise ArgumentError(
            f"address must be on the loopback interface (127.0.0.1), but it is {host}: anybody who reaches it can read "
            "and write everything; if you want that, say beyond_loopback=True (--beyond-loopback)"
        )
    return host, port


def _bound(place: tuple[str, int], options: tuple[int, ...]) -> socket.socket:
    # Named, for asyncio sets TCP_NODELAY on what it accepts only where it sees the protocol. Without it an answer in
    # two writes can wait 40 ms for an acknowledgement of the first.
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind(place)
    except BaseException:
        bound.close()
        raise
    return bound
