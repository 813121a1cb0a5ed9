"""Frames and what is in them: requests are read, replies are written, and the other way round for a client.

    length (int) | ConnectRequest                     the first frame of a client
    length (int) | RequestHeader | request            all others
    length (int) | ConnectResponse                    the first frame of a server
    length (int) | ReplyHeader | response             a reply; after an error there is no response
    length (int) | ReplyHeader(-1, -1, 0) | WatcherEvent     a notification

A header that cannot be read ends the connection, and so does a request for a key that cannot be read (`JuteError`). Any
other request that cannot be read is answered with an error, in its turn: it comes out as `Unreadable`. Bytes behind a
request are not looked at, as in the real server.

Source: ZooKeeperServer.processPacket, PrepRequestProcessor.pRequest, FinalRequestProcessor.processRequest,
ServerCnxn.serialize.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .codes import NOTIFICATION_XID, Code, OpCode
from .jute import INT, JuteError, NullError, Reader, Writer, packed, put, take
from .schema import (
    SHAPES,
    ConnectRequest,
    ConnectResponse,
    ErrorResponse,
    MultiHeader,
    MultiOperationRecord,
    MultiResponse,
    Op,
    OpResult,
    ReplyHeader,
    RequestHeader,
    WatcherEvent,
)

Data = bytes | bytearray | memoryview
READS = {OpCode.GET_DATA, OpCode.GET_CHILDREN}  # that may stand in a MULTI_READ
WRITES = {
    OpCode.CREATE,
    OpCode.CREATE2,
    OpCode.CREATE_CONTAINER,
    OpCode.CREATE_TTL,
    OpCode.DELETE,
    OpCode.SET_DATA,
    OpCode.CHECK,
}  # that may stand in a MULTI
BARE = {OpCode.DELETE, OpCode.CHECK}  # whose result in a MULTI has no bytes
NO_PATH: dict[int, Code] = {
    OpCode.SET_DATA: Code.BAD_ARGUMENTS,
    OpCode.SET_ACL: Code.BAD_ARGUMENTS,
    OpCode.CHECK: Code.BAD_ARGUMENTS,
    OpCode.REMOVE_WATCHES: Code.NO_WATCHER,
}  # what a path that is null is answered with, where that is not the usual error
LAST = MultiHeader(-1, True, -1)
NO_SESSION = ConnectResponse(
    0, 0, 0, bytes(16), False
)  # to who asks for a session that is not there any more


@dataclass(frozen=True)
class Unreadable:
    """A request whose record cannot be read: the server answers it with this `Code`, in its turn."""

    code: int


def framed(data: bytes) -> bytes:
    """Return `data` as a frame."""
    return INT.pack(len(data)) + data


# What a server does.


def connect_request_of(data: Data) -> ConnectRequest:
    """Return the request in the first frame of a client. Which version it names is not looked at."""
    return take(Reader(data), ConnectRequest)


def request_of(data: Data) -> tuple[RequestHeader, Any]:
    """Return the header and the record of a request: None where it has none, or where nobody knows what it asks.

    >>> request_of(bytes.fromhex("00000001 00000003 00000002 2f61 00"))
    (RequestHeader(xid=1, type=3), ExistsRequest(path='/a', watch=False))
    >>> request_of(bytes.fromhex("00000001 00000003 00000009 2f61 00"))
    (RequestHeader(xid=1, type=3), Unreadable(code=<Code.MARSHALLING_ERROR: -5>))
    """
    reader = Reader(data)
    header = take(reader, RequestHeader)
    kind = SHAPES.get(header.type, (None, None))[0]
    if header.type == OpCode.DELETE_CONTAINER:  # a real server takes it from itself only
        return header, Unreadable(Code.BAD_ARGUMENTS)
    if kind is None:
        return header, None
    try:
        if kind is MultiOperationRecord:
            return header, _take_ops(reader, READS if header.type == OpCode.MULTI_READ else WRITES)
        return header, take(reader, kind)
    except JuteError as problem:
        if header.type in (OpCode.AUTH, OpCode.SASL):
            raise
        missing = problem.field if isinstance(problem, NullError) else None
        if missing == "scheme":
            return header, Unreadable(Code.INVALID_ACL)
        err = NO_PATH.get(header.type) if missing == "path" else None
        return header, Unreadable(err or Code.MARSHALLING_ERROR)


def _take_ops(reader: Reader, allowed: Collection[int]) -> MultiOperationRecord:
    """Return the parts of a multi. A real server refuses reads among writes, and so does this."""
    ops = []
    while not (header := take(reader, MultiHeader)).done:
        kind = SHAPES[header.type][0] if header.type in allowed else None
        if kind is None:
            raise JuteError(f"the operation {header.type} cannot stand here in a multi")
        ops.append(Op(header.type, take(reader, kind)))
    return MultiOperationRecord(tuple(ops))


def connect_response_frame(response: ConnectResponse) -> bytes:
    """Return the first frame of a server."""
    return framed(packed(response))


def reply_frame(header: ReplyHeader, response: Any = None) -> bytes:
    """Return a reply as a frame.

    >>> reply_frame(ReplyHeader(1, 7, Code.NO_NODE)).hex(" ", 4)
    '00000010 00000001 00000000 00000007 ffffff9b'
    """
    writer = Writer()
    put(writer, header)
    if isinstance(response, MultiResponse):
        _put_results(writer, response)
    elif response is not None:
        put(writer, response)
    return framed(bytes(writer.data))


def _put_results(writer: Writer, response: MultiResponse) -> None:
    for result in response.results:
        err = result.response.err if result.type == OpCode.ERROR else Code.OK
        put(writer, MultiHeader(result.type, False, err))
        if result.response is not None:
            put(writer, result.response)
    put(writer, LAST)


def notification_frame(event: WatcherEvent) -> bytes:
    """Return what a watch saw as a frame."""
    return framed(packed(ReplyHeader(NOTIFICATION_XID, -1, Code.OK), event))


# What a client does.


def request_frame(header: RequestHeader, request: Any = None) -> bytes:
    """Return a request as a frame."""
    writer = Writer()
    put(writer, header)
    if isinstance(request, MultiOperationRecord):
        for op in request.ops:
            put(writer, MultiHeader(op.type, False, -1))
            put(writer, op.request)
        put(writer, LAST)
    elif request is not None:
        put(writer, request)
    return framed(bytes(writer.data))


def connect_response_of(data: Data) -> ConnectResponse:
    """Return the response in the first frame of a server."""
    return take(Reader(data), ConnectResponse)


def reply_of(data: Data, type: int) -> tuple[ReplyHeader, Any]:
    """Return the header and the record of a reply to a request of this type, or of a notification."""
    reader = Reader(data)
    header = take(reader, ReplyHeader)
    kind = WatcherEvent if header.xid == NOTIFICATION_XID else SHAPES.get(type, (None, None))[1]
    if kind is None or not reader.left:
        return header, None
    return header, _take_results(reader) if kind is MultiResponse else take(reader, kind)


def _take_results(reader: Reader) -> MultiResponse:
    results = []
    while not (header := take(reader, MultiHeader)).done:
        results.append(OpResult(header.type, _take_result(reader, header.type)))
    return MultiResponse(tuple(results))


def _take_result(reader: Reader, type: int) -> Any:
    if type in BARE:
        return None
    if type == OpCode.ERROR:
        return take(reader, ErrorResponse)
    kind = SHAPES[type][1] if type in READS | WRITES else None
    if kind is None:
        raise JuteError(f"there is no result of the operation {type} in a multi")
    return take(reader, kind)
