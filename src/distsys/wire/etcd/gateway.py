"""The JSON gateway: each call has a path, its request is the body of a POST, and so is its response.

Bytes are base64, integers of 64 bits are strings, a field that has its default is left out: the JSON of protocol
buffers. A response of a stream is a line `{"result": …}`, and an error is an object with the code of gRPC.

Source: etcd's server/embed/serve.go; grpc-gateway 1.16.
"""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator
from typing import Any

from .answering import Answering
from .http import Request, Response
from .messages import CallShape, calls, message, needed
from .refusals import RefusedError

EARLIER = ("revoke", "timetolive", "leases")
PLAIN = "text/plain; charset=utf-8"
DEPTH_MAX = 40  # messages in messages


@functools.cache
def paths() -> dict[str, CallShape]:
    """Return path -> call. Three calls have a second path, of an earlier version."""
    found = {call.path: call for call in calls().values()}
    return found | {f"/v3/kv/lease/{name}": found[f"/v3/lease/{name}"] for name in EARLIER}


class Gateway:
    """Answers requests of HTTP by asking `answering`."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request."""
        if request.path == "/version":
            return _json(200, self.answering.version())
        if request.path == "/health":
            healthy, reason = await self.answering.health()
            said = {"health": "true" if healthy else "false", "reason": reason}
            return Response(200 if healthy else 503, _json(200, said).body, PLAIN)
        call = paths().get(request.path)
        if call is None:
            text = b"Not Found\n" if request.path.startswith("/v3/") else b"404 page not found\n"
            return Response(404, text, PLAIN)
        if request.method != "POST":
            return Response(405, b"Method Not Allowed\n", PLAIN)
        try:
            asked = read_messages(call, request.body)
            if call.responses_stream:
                return Response(200, self._pieces(call, asked))
            return _json(200, written(await self.answering.answer(call, asked[0])))
        except RefusedError as refusal:
            return _refused(refusal)

    async def _pieces(self, call: CallShape, asked: list[Any]) -> AsyncIterator[bytes]:
        """Yield a line for each response of a stream."""
        try:
            async for response in self.answering.stream(call, _each(asked, call)):
                yield json.dumps({"result": written(response)}, separators=(",", ":")).encode() + b"\n"
        except RefusedError as refusal:
            error = {"grpc_code": refusal.number, "http_code": refusal.status, "message": refusal.text}
            yield json.dumps({"error": error}, separators=(",", ":")).encode() + b"\n"


async def _each(asked: list[Any], call: CallShape) -> AsyncIterator[Any]:
    for each in asked:
        yield each


def read_messages(call: CallShape, body: bytes) -> list[Any]:
    """Return the requests in a body: one, or where the client may stream, one after the other."""
    json_format = needed("google.protobuf.json_format")
    decoder, found = json.JSONDecoder(), list[Any]()
    try:
        text = body.decode().strip()
        while text or not found:
            said, end = decoder.raw_decode(text or "{}")
            if not isinstance(said, dict):
                raise ValueError("a request is an object")
            made = message(call.request)()
            json_format.ParseDict(said, made, ignore_unknown_fields=True, max_recursion_depth=DEPTH_MAX)
            found.append(made)
            text = text[end:].strip()
    except (ValueError, RecursionError, json_format.Error) as problem:
        raise RefusedError("INVALID_ARGUMENT", " ".join(str(problem).split())[:200]) from None
    return found if call.requests_stream else found[:1]


def written(said: Any) -> dict[str, Any]:
    """Return a message as JSON has it."""
    json_format = needed("google.protobuf.json_format")
    form: dict[str, Any] = json_format.MessageToDict(said, preserving_proto_field_name=True)
    return form


def _json(status: int, said: Any) -> Response:
    return Response(status, json.dumps(said, separators=(",", ":")).encode())


def _refused(refusal: RefusedError) -> Response:
    said = {"error": refusal.text, "code": refusal.number, "message": refusal.text}
    return _json(refusal.status, said)
