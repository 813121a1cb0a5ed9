"""`Connection`: one TCP connection of a process, from first byte to the reason why it ended; and the `Limits` of all.

Who connects says hello in time, then sends whole frames of an allowed length, each in time, and reads its answers. Who
does not is sent away with a `Goodbye` that says why.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ..wire.claims import Claim
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

if TYPE_CHECKING:
    from .transport import Transport


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
        self._is_ours = peer is not None  # and no guest's
        self._first = b""  # until that is known
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
        if not self._is_ours:
            data = self._first + data
            if not self._is_claimed_by_us(data):
                return
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

    # A port may serve clients of another protocol too.

    def _is_claimed_by_us(self, data: bytes) -> bool:
        """Return whether who connected speaks our language; if a guest's, the guest goes on with it."""
        guest = self.owner.guest
        claim = Claim.NOT_MINE if guest is None else self.owner.claims(data)
        self._is_ours = claim is Claim.NOT_MINE
        self._first = data if claim is Claim.NOT_YET else b""
        if guest is not None and claim is Claim.MINE:
            self._hand_over(guest(), data)
        return self._is_ours

    def _hand_over(self, guest: asyncio.Protocol, data: bytes) -> None:
        """Let `guest` go on with the connection, from its first bytes on."""
        wire, self._wire, self.reason = self._wire, None, "it speaks another language"
        self.connection_lost(None)
        assert wire is not None, "no connection"
        wire.set_protocol(guest)
        guest.connection_made(wire)
        guest.data_received(data)

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

    def forget(self) -> None:
        """Drop what was put and not yet written."""
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
            self._stop_clock()
            self._clock = asyncio.get_running_loop().call_later(self._limits.hello_s, self._wire.abort)
        else:
            self._wire.abort()  # who does not read would keep a polite close waiting for ever

    def abort(self) -> None:
        """End it at once."""
        if self._wire is not None:
            self._wire.abort()

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
