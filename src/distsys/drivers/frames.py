"""Frames: what goes over a connection of a real run, and a reader that believes nothing it is sent.

    length (4 bytes, big-endian) | one record in canonical JSON (UTF-8)

The first frame of whoever connects is a `Hello`; the other side answers with `Welcome`, or with `Goodbye`, which says
why, and closes. After that a peer and a client send `Post`. Data is all that can arrive: canonical JSON makes values
of declared record classes, checked field by field, and nothing in it can name code to run.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from distsys.core.canonical import encode, parse, value_of
from distsys.core.errors import DistsysError, shown, whole_number
from distsys.core.values import EMPTY, Map, record

LENGTH = struct.Struct(">I")
FRAME_MAX = 16 * 2**20


class FrameError(DistsysError, ValueError):
    """The other side sent something that is no frame; the text is the reason with which the connection is closed."""


@record
class Hello:
    """Who connects: `role` is "peer", "client" or "control"; all but clients show the token of the cluster."""

    role: str
    name: str
    token: str = ""


@record
class Welcome:
    """Who answered, and the addresses of all nodes as "host:port"."""

    name: str
    addresses: Map[str, str] = EMPTY


@record
class Goodbye:
    """Why this connection is closed."""

    reason: str


@record
class Post:
    """A message of a node or a client. `id` names the step that sent it, "n2#17", and `place` the effect in it."""

    id: str
    place: int
    message: Any


@record
class Block:
    """Control: let nothing through from or to these peers from now on; none of them ends it."""

    peers: tuple[str, ...] = ()


@record
class Look:
    """Control: say how you are."""


@record
class Seen:
    """How a node is: its declared fields, as texts, and its counters."""

    name: str
    fields: Map[str, str] = EMPTY
    counters: Map[str, int] = EMPTY


Frame = Hello | Welcome | Goodbye | Post | Block | Look | Seen
FRAMES = (Hello, Welcome, Goodbye, Post, Block, Look, Seen)
KINDS: dict[str, type] = {  # what a field must be, in whichever frame it stands
    **dict.fromkeys(("role", "name", "token", "reason", "id"), str),
    **dict.fromkeys(("addresses", "fields", "counters"), Map),
    "place": int,
    "peers": tuple,
}
OF_TEXTS = ("addresses", "fields", "peers")  # fields whose parts are texts


def problem_of(frame: Frame) -> str | None:
    """Return what is wrong with the fields of a frame: a form names the class, and says nothing of their types.

    A node that is asked by a client named 5 could not answer it, and would stop.

    >>> problem_of(Hello("client", "ann")), problem_of(Hello("client", 5))
    (None, 'name of a Hello must be of type str, but it is 5')
    """
    for field, kind in KINDS.items():
        value = getattr(frame, field, None)
        if hasattr(frame, field) and type(value) is not kind:
            what = f"{field} of a {type(frame).__name__}"
            return f"{what} must be of type {kind.__name__}, but it is {shown(value)}"
        if field in OF_TEXTS and not all(isinstance(part, str) for part in _parts(value)):
            return f"{field} of a {type(frame).__name__} must hold texts, but it is {shown(value)}"
    return None


def _parts(value: Any) -> tuple[Any, ...]:
    return (*value, *value.values()) if isinstance(value, Map) else value or ()


def framed(frame: Frame, bytes_max: int = FRAME_MAX) -> bytes:
    r"""Return a frame as bytes; a `FrameError` where it would be longer than `bytes_max`.

    >>> framed(Look())
    b'\x00\x00\x00\x13{"$":"frames.Look"}'
    """
    payload = encode(frame).encode()
    if len(payload) > bytes_max:
        raise FrameError(f"a frame must have at most {bytes_max} bytes, but this one has {len(payload)}")
    return LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Cuts what arrives into frames. It holds at most one frame and what came with its last bytes.

    >>> reader = FrameReader()
    >>> list(reader.feed(framed(Look()) + framed(Hello("client", "ann"))[:9]))
    [Look()]
    >>> reader.is_amid
    True
    """

    def __init__(self, bytes_max: int = FRAME_MAX) -> None:
        self.bytes_max = whole_number("bytes_max", bytes_max, at_least=1)
        self._waiting = bytearray()

    @property
    def is_amid(self) -> bool:
        """Whether a frame has begun to arrive and has not ended."""
        return bool(self._waiting)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with `data`; a `FrameError` says why this connection must be closed."""
        self._waiting += data
        while len(self._waiting) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._waiting)
            if not 0 < length <= self.bytes_max:
                raise FrameError(
                    f"a frame must have 1 to {self.bytes_max} bytes, but this one announces {length}"
                )
            end = LENGTH.size + length
            if len(self._waiting) < end:
                return
            payload = bytes(self._waiting[LENGTH.size : end])
            del self._waiting[:end]
            yield self._frame(payload)

    def _frame(self, payload: bytes) -> Frame:
        try:
            text = payload.decode()
            frame = value_of(parse(text))
            if "\\u" in text:  # half a surrogate pair can come this way alone, and no disk takes it
                encode(frame)
        except (DistsysError, ValueError) as error:
            raise FrameError(f"a frame cannot be read: {shown(str(error), 200)}") from None
        if not isinstance(frame, FRAMES):
            raise FrameError(f"unknown frame {shown(frame)}")
        if (problem := problem_of(frame)) is not None:
            raise FrameError(problem)
        return frame
