"""As much of HTTP/1.1 as a JSON gateway needs, and a bound on everything that a stranger may send.

    request line and headers   16 KiB, 10 s
    body                       3 MiB, its length announced, 30 s
    between two requests       120 s
    answers                    written as fast as the client reads; one that reads nothing for 30 s is closed

Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from distsys.core.errors import DistsysError

HEAD_MAX, BODY_MAX = 16 * 1024, 3 * 2**20
HEAD_S, BODY_S, IDLE_S, WRITE_S = 10.0, 30.0, 120.0, 30.0


class BadRequestError(DistsysError):
    """A request cannot be read; `status` is the answer, and the connection is closed."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A request: method, path without the query, headers with lower-case names, body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def keeps_open(self) -> bool:
        """Whether the client may send another request on this connection."""
        return self.headers.get("connection", "").lower() != "close"


@dataclass(frozen=True)
class Response:
    """An answer: a body at once, or pieces of one as they come."""

    status: int
    body: bytes | AsyncIterator[bytes]
    kind: str = "application/json"


def parsed_head(head: bytes) -> Request:
    r"""Return the request that a head begins.

    >>> parsed_head(b"POST /v3/kv/put?x HTTP/1.1\r\nContent-Length: 2\r\n\r\n")
    Request(method='POST', path='/v3/kv/put', headers={'content-length': '2'}, body=b'')
    """
    try:
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, version = first.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.lower(): value.strip() for name, value in pairs}
    except ValueError:
        raise BadRequestError(400, "the head of the request cannot be read") from None
    if version not in ("HTTP/1.1", "HTTP/1.0") or not method.isalpha() or not target.startswith("/"):
        raise BadRequestError(400, "the request line cannot be read")
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(method, target.partition("?")[0], headers)


def body_length(request: Request) -> int:
    """Return how many bytes the body of a request has.

    >>> body_length(Request("POST", "/", {"content-length": "17"}))
    17
    """
    if "transfer-encoding" in request.headers:
        raise BadRequestError(411, "the length of the body must be announced")
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadRequestError(400, "the length of the body must be a number")
    if int(text) > BODY_MAX:
        raise BadRequestError(413, f"the body must have at most {BODY_MAX} bytes")
    return int(text)


async def read_request(reader: asyncio.StreamReader, wait_s: float = IDLE_S) -> Request | None:
    """Return the next request; None where the client has nothing more to say."""
    try:
        async with asyncio.timeout(wait_s):
            first = await reader.readexactly(1)
        async with asyncio.timeout(HEAD_S):
            head = first + await reader.readuntil(b"\r\n\r\n")
        if len(head) > HEAD_MAX:
            raise asyncio.LimitOverrunError("too long", len(head))
        request = parsed_head(head)
        length = body_length(request)
        async with asyncio.timeout(BODY_S):
            body = await reader.readexactly(length)
    except asyncio.LimitOverrunError:
        raise BadRequestError(431, f"the head must have at most {HEAD_MAX} bytes") from None
    except (TimeoutError, asyncio.IncompleteReadError):
        return None
    return Request(request.method, request.path, request.headers, body)


async def write_response(
    writer: asyncio.StreamWriter, response: Response, keeps_open: bool, with_body: bool = True
) -> None:
    """Write an answer, no faster than the client reads."""
    head = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Content-Type: {response.kind}",
        *(() if keeps_open else ("Connection: close",)),
    ]
    if isinstance(response.body, bytes):
        head.append(f"Content-Length: {len(response.body)}")
        writer.write("\r\n".join([*head, "", ""]).encode() + (response.body if with_body else b""))
        await _drained(writer)
        return
    writer.write("\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode())
    async for piece in response.body:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await _drained(writer)
    writer.write(b"0\r\n\r\n")
    await _drained(writer)


async def _drained(writer: asyncio.StreamWriter) -> None:
    """Return when the client has read, or raise a TimeoutError."""
    async with asyncio.timeout(WRITE_S):
        await writer.drain()


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    answer: Callable[[Request], Awaitable[Response]],
) -> None:
    """Answer the requests of one connection, one after the other, until either side closes it."""
    try:
        keeps_open = True
        while keeps_open:
            try:
                request = await read_request(reader)
            except BadRequestError as problem:
                await write_response(
                    writer, Response(problem.status, f"{problem}\n".encode(), "text/plain"), False
                )
                return
            if request is None:
                return
            keeps_open = request.keeps_open
            response = await answer(request)
            if isinstance(response.body, bytes):
                await write_response(writer, response, keeps_open, request.method != "HEAD")
            else:
                await _until_gone(reader, write_response(writer, response, keeps_open))
                return
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.transport.abort() if writer.transport.get_write_buffer_size() > HEAD_MAX else writer.close()


async def _until_gone(reader: asyncio.StreamReader, writing: Awaitable[None]) -> None:
    """Write a stream of pieces until it ends, or the client goes."""
    gone, written = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(writing)
    try:
        await asyncio.wait({gone, written}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (gone, written):
            task.cancel()
        await asyncio.gather(gone, written, return_exceptions=True)
