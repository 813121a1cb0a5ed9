"""`Visitor`: one connection of a client of ZooKeeper, from its first byte to its end.

Nobody asks anything before the session is there, and replies leave in the order of the requests. Who sends more than
can be answered is not heard for a while: when too many requests wait, when their bytes are too many, or when the client
does not read what it is sent. A length that is not allowed, a header that cannot be read or a first frame that is none
ends the connection without a word, as in the real server. A type of request that there is not is answered with an
error, and ends it too.

Source: NIOServerCnxn.java; UnimplementedRequestProcessor.java; processPacket, processSasl and finishSessionInit in
ZooKeeperServer.java.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from .answering import Asked
from .codec import (
    connect_request_of,
    connect_response_frame,
    notification_frame,
    reply_frame,
    request_of,
)
from .codes import FRAME_MAX, PING_XID, Code, OpCode
from .jute import INT, JuteError
from .schema import SHAPES, ConnectResponse, ReplyHeader, SetSASLResponse, WatcherEvent

if TYPE_CHECKING:
    from .door import Door

WORDS = frozenset({
    "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro",
    "mntr", "ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs",
})  # fmt: skip
CONNECT_MAX = 4096  # bytes: a ConnectRequest has 45; the real server would let anybody send it a megabyte
SET_TRACE_MASK, MASK_BYTES = "stmk", 8  # the one word with something behind it
UNTAKEN_BYTES = 64 * 1024  # that lie here while no request can be taken
UNKNOWN_ZXID = -1  # in the reply to a type of request that there is not


class Stage(Enum):
    """How far a connection has come."""

    FIRST = "nothing is known of it"
    CONNECTING = "it has asked for a session"
    OPEN = "it has a session"
    ENDED = "it is closed, or will be when what was said is sent"


class Visitor(asyncio.Protocol):
    """A connection; for who answers it is a `Client`."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.host = self.address = ""
        self.received = self.sent = 0
        self._wire: asyncio.Transport | None = None
        self._stage = Stage.FIRST
        self._is_connected = False  # who answers knows it
        self._is_old = False  # it does not know of servers that may only be read
        self._in = bytearray()
        self._waiting: deque[Asked] = deque()  # requests that are not answered, or whose turn has not come
        self._waiting_bytes = self._held_bytes = 0
        self._long = 0  # of the waiting ones, how many may have a long answer
        self._is_full = False  # what was written and is not sent
        self._is_taking = False
        self._clock: asyncio.TimerHandle | None = None
        self._clock_of = -1  # the number of the frame that it waits for

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it in, unless there are too many."""
        self._wire = cast(asyncio.Transport, transport)
        self._wire.set_write_buffer_limits(self.door.bounds.unread_pause)
        name = transport.get_extra_info("peername")
        if isinstance(name, tuple):
            self.host = name[0]
            self.address = f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
        if self.door.admit(self):
            self._start_clock(self.door.bounds.connect_s)
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Take in what is complete now."""
        if self._stage is not Stage.ENDED:
            self._in += data
            self.door.untaken_bytes += len(data)
            self._read_on()
            self.door.mind_untaken()

    def pause_writing(self) -> None:
        """Read nothing more, for the client does not read either."""
        self._is_full = True
        self._read_on()

    def resume_writing(self) -> None:
        """Read on."""
        self._is_full = False
        self._read_on()

    def connection_lost(self, problem: Exception | None) -> None:
        """Forget it."""
        self._stage = Stage.ENDED
        self._stop_clock()
        self._waiting.clear()
        self._count(-self._waiting_bytes)
        self._drop_untaken(self.untaken)
        self.door.forget(self)
        if self._is_connected:
            self._is_connected = False
            self.door.answering.closed(self)

    # What who answers uses.

    @property
    def outstanding(self) -> int:
        """How many requests are not answered."""
        return len(self._waiting)

    @property
    def untaken(self) -> int:
        """How many bytes have come and were not taken."""
        return len(self._in)

    def welcome(self, response: ConnectResponse) -> None:
        """Answer the request to connect. If the session in it is 0, the connection is closed then."""
        if self._stage is Stage.ENDED:
            return
        assert self._stage is Stage.CONNECTING, f"{self.address}: a welcome to who did not ask for a session"
        read_only = None if self._is_old else bool(response.read_only)
        self._write(connect_response_frame(replace(response, read_only=read_only)))
        if response.session_id == 0:
            self.close()
        elif self._wire is not None and not self._wire.is_closing():
            self._stage = Stage.OPEN
            self._read_on()

    def reply(self, asked: Asked, zxid: int, err: int = 0, response: Any = None) -> None:
        """Answer a request, when its turn comes. After the last words the connection is closed."""
        if self._stage is Stage.ENDED:
            return
        assert asked.frame is None, f"{self.address}: request {asked.header.xid} is answered twice"
        xid = PING_XID if asked.header.type == OpCode.PING else asked.header.xid
        asked.frame = reply_frame(ReplyHeader(xid, zxid, err), response)
        asked.is_last = _is_last(asked.header.type, err)
        self._held_bytes += len(asked.frame)
        while self._waiting and self._waiting[0].frame is not None and self._stage is Stage.OPEN:
            self._send_first()
        self._read_on()

    def notify(self, event: WatcherEvent) -> None:
        """Say what a watch saw."""
        if self._stage is not Stage.ENDED:
            assert self._stage is Stage.OPEN, f"{self.address}: a notification to who has no session"
            self._write(notification_frame(event))

    def close(self) -> None:
        """Close it, after what was said has been sent."""
        if self._stage is Stage.ENDED:
            return
        self._stage = Stage.ENDED
        self._stop_clock()
        if self._wire is not None and not self._wire.is_closing():
            self._wire.close()
            # Who does not read would keep this polite end waiting for ever.
            self._clock = asyncio.get_running_loop().call_later(self.door.bounds.close_s, self.abort)

    def abort(self) -> None:
        """End it at once."""
        self._stage = Stage.ENDED
        self._stop_clock()
        self._drop_untaken(self.untaken)
        if self._wire is not None:
            self._wire.abort()

    # Reading.

    @property
    def _may_read(self) -> bool:
        """Whether one more request can be borne."""
        if self._stage is Stage.FIRST:
            return True
        bounds = self.door.bounds
        return (
            self._stage is Stage.OPEN
            and not self._is_full
            and len(self._waiting) < bounds.requests
            and self._long < bounds.long_answers
            and self._waiting_bytes < bounds.request_bytes
            and not (self._waiting and self.door.waiting_bytes >= bounds.request_bytes_all)
            and not (self._waiting and self._waiting[-1].header.type not in LASTING)
        )

    def _read_on(self) -> None:
        """Take what is complete, as far as it can be borne, and have more read if there is room."""
        if self._is_taking:  # who answers at once, in the middle of this
            return
        self._is_taking = True
        try:
            while self._may_read and (frame := self._next_frame()) is not None:
                self._take(frame)
        except JuteError:
            self.abort()
        finally:
            self._is_taking = False
        if self._stage is Stage.ENDED or self._wire is None or self._wire.is_closing():
            return
        # A little is read in any case, or it would not be noticed that a client is gone.
        reads = self._may_read or len(self._in) < UNTAKEN_BYTES
        (self._wire.resume_reading if reads else self._wire.pause_reading)()
        self._mind_the_clock()

    def _next_frame(self) -> bytes | None:
        """Return the next frame without its length, None if it is not there yet."""
        if len(self._in) < 4:
            return None
        if self._stage is Stage.FIRST and self._in[:1].isalpha():
            self._answer_word(bytes(self._in[:4]).decode("latin-1"))
            return None
        length: int = INT.unpack_from(self._in)[0]
        most = CONNECT_MAX if self._stage is Stage.FIRST else FRAME_MAX
        if not 0 <= length <= most:
            raise JuteError(f"a frame must have 0 to {most} bytes, but this one announces {length}")
        if len(self._in) < 4 + length:
            return None
        frame = bytes(self._in[4 : 4 + length])
        self._drop_untaken(4 + length)
        self.received += 1
        return frame

    def _take(self, frame: bytes) -> None:
        """Take one frame: the request for a session, or any other."""
        if self._stage is Stage.FIRST:
            connect = connect_request_of(frame)
            self._is_old = connect.read_only is None
            self._stage, self._is_connected = Stage.CONNECTING, True
            self._stop_clock()
            self.door.answering.connected(self, connect)
            return
        header, record = request_of(frame)
        asked = Asked(header, record, len(frame))
        self._waiting.append(asked)
        self._long += header.type in LONG
        self._count(asked.size)
        if header.type == OpCode.SASL:  # it is off
            self.reply(asked, 0, Code.OK, SetSASLResponse(None))
        elif header.type in SHAPES or header.type == OpCode.DELETE_CONTAINER:
            self.door.answering.asked(self, asked)
        else:
            self.reply(asked, UNKNOWN_ZXID, Code.UNIMPLEMENTED)

    def _answer_word(self, word: str) -> None:
        """Answer a four-letter word, and close the connection."""
        if word not in WORDS:
            raise JuteError(f"there is no word {word!r}")
        argument = bytes(self._in[4 : 4 + MASK_BYTES])
        if word not in self.door.words:
            said = f"{word} is not executed because it is not in the whitelist.\n"
        elif word == SET_TRACE_MASK and len(argument) < MASK_BYTES:
            return  # the rest is still on its way
        else:
            said = self.door.answering.word(word, argument if word == SET_TRACE_MASK else b"")
        assert self._wire is not None, "a word from nowhere"
        self._wire.write(said.encode())
        self.close()

    def _drop_untaken(self, count: int) -> None:
        """Forget the first bytes that came."""
        del self._in[:count]
        self.door.untaken_bytes -= count

    def _count(self, size: int) -> None:
        """Count bytes of requests that wait."""
        self._waiting_bytes += size
        self.door.waiting_bytes += size

    # Writing.

    def _send_first(self) -> None:
        """Send the reply whose turn has come."""
        asked = self._waiting.popleft()
        assert asked.frame is not None, "its turn has come, and it has no answer"
        self._long -= asked.header.type in LONG
        self._count(-asked.size)
        self._held_bytes -= len(asked.frame)
        self._write(asked.frame)
        if asked.is_last:
            self.close()

    def _write(self, frame: bytes) -> None:
        """Write a frame, unless the client reads so little that it is better closed."""
        if self._wire is None or self._wire.is_closing():
            return
        if self._wire.get_write_buffer_size() + self._held_bytes > self.door.bounds.unread_bytes:
            self.door.dropped += 1
            self.abort()
            return
        self._wire.write(frame)
        self.sent += 1

    # Time.

    def _mind_the_clock(self) -> None:
        """See that a frame that began ends in time, while it is read."""
        if self._stage is Stage.FIRST:
            return  # the clock runs since the connection came
        if not self._in or not self._may_read:
            self._stop_clock()
        elif self._clock_of != self.received:
            self._start_clock(self.door.bounds.frame_s)

    def _start_clock(self, seconds: float) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(seconds, self.abort)
        self._clock_of = self.received

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock, self._clock_of = None, -1


LONG = frozenset({
    OpCode.GET_DATA, OpCode.GET_CHILDREN, OpCode.GET_CHILDREN2, OpCode.GET_EPHEMERALS, OpCode.MULTI_READ,
})  # fmt: skip
LASTING = {*SHAPES, OpCode.DELETE_CONTAINER} - {OpCode.CLOSE_SESSION}  # after any other nothing is read


def _is_last(type: int, err: int) -> bool:
    """Return whether the connection is closed after this answer."""
    return type not in LASTING or (type == OpCode.AUTH and err != Code.OK)
