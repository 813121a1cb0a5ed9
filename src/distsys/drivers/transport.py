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
import ipaddress
import random
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from distsys.core.errors import ArgumentError
from distsys.core.values import Map

from .frames import (
    FRAME_MAX,
    Block,
    Frame,
    FrameError,
    FrameReader,
    Goodbye,
    Hello,
    Look,
    Post,
    Welcome,
    framed,
)

DIAL_FIRST_S, DIAL_LAST_S = 0.02, 1.0


@dataclass(frozen=True)
class Limits:
    """What a process bears. A client that goes beyond is closed; a message to a peer that does is dropped.

    clients              connections of clients at a time
    client_frame_bytes   the longest frame of a client; `peer_frame_bytes` of a peer (a snapshot is one)
    client_unread_bytes  answers that a client has not read; `peer_unread_bytes` messages on the way to a peer
    hello_s, frame_s     seconds until a new connection must have said hello, and a frame that began must have ended
    """

    clients: int = 1000
    client_frame_bytes: int = 2**20
    peer_frame_bytes: int = FRAME_MAX
    client_unread_bytes: int = 2**22
    peer_unread_bytes: int = 2 * FRAME_MAX
    hello_s: float = 5.0
    frame_s: float = 10.0


USUAL = Limits()


class Connection(asyncio.Protocol):
    """One connection, dialled by us (then `peer` says whom) or by the other side (then its Hello says who it is)."""

    def __init__(self, owner: Transport, peer: str | None = None) -> None:
        self.owner = owner
        self.peer = peer
        self.hello: Hello | None = None
        self.welcomed = False
        self.reason: str | None = None  # why it ended
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._limits = owner.limits
        self._reader = FrameReader(owner.limits.client_frame_bytes)
        self._wire: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._out: list[bytes] = []

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello, or wait for it."""
        self._wire = cast(asyncio.Transport, transport)
        self._start_clock(self._limits.hello_s, "no hello in time")
        if self.peer is not None:
            self.send(Hello("peer", self.owner.name, self.owner.token))
        else:
            self.owner.admit(self)

    def data_received(self, data: bytes) -> None:
        """Take in all frames that are complete now."""
        was_amid = self._reader.is_amid
        try:
            for frame in self._reader.feed(data):
                was_amid = False
                self._take(frame)
                if self.reason is not None:
                    return
        except FrameError as problem:
            self.close(str(problem))
            return
        finally:
            self.owner.on_batch()
        if self.hello is not None or self.welcomed:
            if not self._reader.is_amid:
                self._stop_clock()
            elif not was_amid:
                self._start_clock(self._limits.frame_s, "a frame that began did not end in time")

    def connection_lost(self, problem: Exception | None) -> None:
        """Forget it."""
        self.reason = self.reason or "the other side closed it"
        self._stop_clock()
        self.owner.forget(self)
        if not self.gone.done():
            self.gone.set_result(None)

    # What the owner uses.

    def send(self, frame: Frame) -> None:
        """Write one frame at once."""
        self.put(framed(frame, self._limits.peer_frame_bytes))
        self.flush()

    def put(self, data: bytes) -> None:
        """Have `data` written with the next flush."""
        self._out.append(data)

    def flush(self) -> None:
        """Write what was put."""
        if self._out and self._wire is not None and not self._wire.is_closing():
            self._wire.write(b"".join(self._out))
        self._out.clear()

    @property
    def unread_bytes(self) -> int:
        """What the other side has not read, as far as it lies in this process."""
        return self._wire.get_write_buffer_size() if self._wire is not None else 0

    def close(self, reason: str, tell: bool = True) -> None:
        """Close it, and tell the other side why."""
        if self.reason is not None:
            return
        self.reason = reason
        self.owner.refusals.append(reason)
        if self._wire is None:
            return
        if tell and self.unread_bytes == 0:
            self.send(Goodbye(reason))
            self._wire.close()
        else:
            self._wire.abort()  # who does not read would keep a polite close waiting for ever

    def hold(self, on: bool) -> None:
        """Stop reading, or go on."""
        if self._wire is not None and not self._wire.is_closing():
            (self._wire.pause_reading if on else self._wire.resume_reading)()

    # The conversation.

    def _take(self, frame: Frame) -> None:
        if self.peer is not None:
            self._take_answer(frame)
        elif self.hello is None:
            if not isinstance(frame, Hello):
                raise FrameError(f"the first frame must be a Hello, but it is a {type(frame).__name__}")
            self.owner.greet(self, frame)
        elif isinstance(frame, Post) and self.hello.role != "control":
            self.owner.deliver(self.hello, frame)
        elif isinstance(frame, (Block, Look)) and self.hello.role == "control":
            self.owner.control(self, frame)
        else:
            raise FrameError(f"a {self.hello.role} may not send a {type(frame).__name__}")

    def _take_answer(self, frame: Frame) -> None:
        """Whom we dialled says who it is, or why not; nothing else comes this way."""
        if isinstance(frame, Welcome) and frame.name == self.peer:
            self.welcomed = True
            self._stop_clock()
        else:
            self.close(f"{self.peer} was dialled, but the answer is {frame}", tell=False)

    def welcome(self, hello: Hello) -> None:
        """Accept who connects."""
        self.hello = hello
        self._stop_clock()
        if hello.role == "peer":
            self._reader.bytes_max = self._limits.peer_frame_bytes
        self.send(Welcome(self.owner.name, self.owner.addresses))

    def _start_clock(self, seconds: float, reason: str) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(seconds, self.close, reason)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


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
        self.deliver, self.on_batch, self._on_control = self._checked(on_post), on_batch, on_control
        self._incoming: dict[Connection, None] = {}
        self._clients: dict[str, Connection] = {}
        self._outgoing: dict[str, Connection] = {}
        self._fresh: dict[Connection, None] = {}  # to be flushed
        self._held = False
        self._server: asyncio.Server | None = None
        self._diallers: list[asyncio.Task[None]] = []

    async def start(self, listening: socket.socket) -> None:
        """Accept connections on a socket that is bound, and dial the peers."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listening, backlog=1024)
        peers = [peer for peer in self.addresses if peer != self.name]
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
        for connection in connections:
            await connection.gone

    # Sending.

    def post(self, to: str, post: Post) -> str | None:
        """Have `post` sent to a peer or a client with the next flush; return why it is dropped, or None."""
        is_peer = to in self.addresses
        if is_peer and to in self.blocked:
            return "partition"
        connection = (self._outgoing if is_peer else self._clients).get(to)
        if connection is None:
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

    def hold(self, on: bool) -> None:
        """Read nothing more for now (the disk cannot keep up), or go on."""
        if on is not self._held:
            self._held = on
            for connection in self._incoming:
                connection.hold(on)

    async def _dial(self, peer: str) -> None:
        """Keep a connection to `peer`, with growing pauses between failures, none the same at two nodes."""
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
            await asyncio.sleep(pause * (0.5 + random.random()))
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

    def _checked(self, on_post: Callable[[Hello, Post], None]) -> Callable[[Hello, Post], None]:
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

    Several sockets may be bound to one port (SO_REUSEPORT), and only one that listens gets connections: a supervisor
    that keeps such a socket keeps the port for a process that is down for a moment. Anything but the loopback
    interface is refused unless `beyond_loopback` says so: there is no encryption, and whoever reaches the port can
    read and write.
    """
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
            "and write everything; say explicitly that you want that"
        )
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound
