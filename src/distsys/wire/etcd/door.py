"""The door for strangers: tells by the first bytes of a connection what it speaks, and leads it there.

Who speaks our own frames, another member or `distsys.serve.Client`, does not come here: the transport of the member
keeps them, since no frame begins with a letter.

    "PRI "                     HTTP/2, that is gRPC: its bytes go to the server of grpcio and back, unread
    "GET ", "POST", "HEAD", …  HTTP/1.1: the JSON gateway
    anything else              is sent away

Both sides of a splice are read only as fast as the other takes it, so a client that does not read costs what fits into
two buffers. A connection that says nothing in time is closed, and so is one too many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from .http import HEAD_MAX, Request, Response, converse

HTTP2, HTTP1 = b"PRI ", (b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC")
FIRST_S = 5.0  # until the first four bytes are there
BUFFER_BYTES = 128 * 1024  # written and not yet taken, before the other side of a splice is read no more


class Door:
    """Leads connections to the server of gRPC at the Unix socket `path`, or to `answer`, which answers HTTP.

    most  how many connections may be open at a time
    """

    def __init__(
        self, path: str, answer: Callable[[Request], Awaitable[Response]], *, most: int = 2000
    ) -> None:
        self.path, self.answer, self.most = path, answer, most
        self.guests: set[Guest] = set()
        self.refused = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def guest(self) -> Guest:
        """Return the protocol for a connection that has just come."""
        return Guest(self)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for a guest."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """Send all guests away."""
        for guest in tuple(self.guests):
            guest.leave()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Side(asyncio.Protocol):
    """One of the two sides of a splice: what it receives, the other sends."""

    def __init__(self) -> None:
        self.wire: asyncio.Transport | None = None
        self.other: Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport, and let little lie in it."""
        self.wire = cast(asyncio.Transport, transport)
        self.wire.set_write_buffer_limits(BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        if self.other is not None and self.other.wire is not None:
            self.other.wire.write(data)

    def pause_writing(self) -> None:
        """Read nothing from the other side, for this one does not take more."""
        if self.other is not None and self.other.wire is not None and not self.other.wire.is_closing():
            self.other.wire.pause_reading()

    def resume_writing(self) -> None:
        """Read on, for this side takes more again."""
        if self.other is not None and self.other.wire is not None and not self.other.wire.is_closing():
            self.other.wire.resume_reading()

    def connection_lost(self, problem: Exception | None) -> None:
        """Close the other side too. What it has not read is of no use to it any more."""
        if self.other is not None and self.other.wire is not None:
            self.other.wire.abort() if problem else self.other.wire.close()


class Guest(Side):
    """A connection from outside: at first nobody knows what it speaks."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self.door = door
        self._first = bytearray()
        self._reader: asyncio.StreamReader | None = None
        self._speaks: asyncio.StreamReaderProtocol | None = None
        self._clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it in, unless there are too many."""
        super().connection_made(transport)
        if len(self.door.guests) >= self.door.most:
            self.leave()
            self.door.refused += 1
            return
        self.door.guests.add(self)
        self._clock = asyncio.get_running_loop().call_later(FIRST_S, self.leave)

    def data_received(self, data: bytes) -> None:
        """Find out what it speaks; then hand on."""
        if self.other is not None:
            super().data_received(data)
            return
        if self._wire_is_closing():
            return
        self._first += data
        if len(self._first) >= 4:
            if self._clock is not None:
                self._clock.cancel()
            self._lead()

    def _wire_is_closing(self) -> bool:
        return self.wire is None or self.wire.is_closing()

    def _lead(self) -> None:
        """Lead it to whom it wants."""
        assert self.wire is not None, "a guest without a connection"
        if self._first.startswith(HTTP2):
            self.wire.pause_reading()
            self.door.run(self._splice())
        elif self._first.startswith(HTTP1):
            self._speak_http()
        else:
            self.door.refused += 1
            self.leave()

    async def _splice(self) -> None:
        """Connect it with the server of gRPC."""
        loop = asyncio.get_running_loop()
        try:
            _, inside = await loop.create_unix_connection(Side, self.door.path)
        except OSError:
            self.leave()
            return
        if self._wire_is_closing() or self.wire is None:
            inside.connection_lost(None)
            if inside.wire is not None:
                inside.wire.abort()
            return
        self.other, inside.other = inside, self
        Side.data_received(self, bytes(self._first))
        self._first.clear()
        self.wire.resume_reading()

    def _speak_http(self) -> None:
        """Hand the connection over to the gateway."""
        assert self.wire is not None, "a guest without a connection"
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(HEAD_MAX, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        protocol.connection_made(self.wire)
        self._reader, self._speaks = reader, protocol
        self.wire.set_protocol(protocol)
        protocol.data_received(bytes(self._first))
        writer = asyncio.StreamWriter(self.wire, protocol, reader, loop)
        self.door.run(self._converse(reader, writer))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(reader, writer, self.door.answer)
        finally:
            self.door.guests.discard(self)

    def leave(self) -> None:
        """Close it at once."""
        self.door.guests.discard(self)
        if self._clock is not None:
            self._clock.cancel()
        if self.wire is not None:
            self.wire.abort()

    def connection_lost(self, problem: Exception | None) -> None:
        """Forget it."""
        self.leave()
        super().connection_lost(problem)
