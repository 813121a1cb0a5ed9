"""The gRPC side: a server of grpcio on a socket of its own in the file system, with one handler for each call.

Bounds: a request of at most `REQUEST_MAX` bytes, `STREAMS_MAX` calls at a time on one connection, and a connection that
does not answer a ping is closed. How many connections there are is the business of the `door` before it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from .answering import Answering
from .messages import CallShape, calls, message, needed
from .refusals import RefusedError

REQUEST_MAX = 2 * 2**20  # bytes; etcd takes requests of 1.5 MiB, and a little around them
STREAMS_MAX = 1000
OPTIONS = (
    ("grpc.max_receive_message_length", REQUEST_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", STREAMS_MAX),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.so_reuseport", 0),
)


def grpc_server(answering: Answering, path: str) -> Any:
    """Return a server that will answer on the Unix socket `path`; `await server.start()` starts it."""
    grpc = needed("grpc")
    server = needed("grpc.aio").server(options=OPTIONS)
    by_service: dict[str, dict[str, Any]] = {}
    for call in calls().values():
        by_service.setdefault(call.service, {})[call.name] = _handler(grpc, answering, call)
    server.add_generic_rpc_handlers(
        [
            *(grpc.method_handlers_generic_handler(service, them) for service, them in by_service.items()),
            _unknown(grpc, by_service),
        ]
    )
    server.add_insecure_port(f"unix:{path}")
    return server


def _handler(grpc: Any, answering: Answering, call: CallShape) -> Any:
    """Return the handler of one call."""

    async def one(request: Any, context: Any) -> Any:
        try:
            return await answering.answer(call, parsed(call, request))
        except RefusedError as refusal:
            return await _abort(grpc, context, refusal)

    async def many(requests: Any, context: Any) -> AsyncIterator[Any]:
        source = _each(call, requests) if call.requests_stream else _alone(call, requests)
        try:
            async for response in answering.stream(call, source):
                yield response
        except RefusedError as refusal:
            await _abort(grpc, context, refusal)

    kind = f"{'stream' if call.requests_stream else 'unary'}_{'stream' if call.responses_stream else 'unary'}"
    return getattr(grpc, f"{kind}_rpc_method_handler")(
        many if call.responses_stream else one,
        request_deserializer=None,  # a failure in there would be answered, and printed, by grpcio
        response_serializer=message(call.response).SerializeToString,
    )


def parsed(call: CallShape, data: bytes) -> Any:
    """Return the request in these bytes; a `RefusedError` where it is none."""
    try:
        return message(call.request).FromString(data)
    except needed("google.protobuf.message").DecodeError:
        text = f"grpc: error unmarshalling request: it is no {call.request}"
        raise RefusedError("INTERNAL", text) from None


async def _each(call: CallShape, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for data in requests:
        yield parsed(call, data)


async def _alone(call: CallShape, request: bytes) -> AsyncIterator[Any]:
    yield parsed(call, request)


async def _abort(grpc: Any, context: Any, refusal: RefusedError) -> None:
    await context.abort(grpc.StatusCode[refusal.code], refusal.text)


def _unknown(grpc: Any, by_service: dict[str, Any]) -> Any:
    """Return the handler of what there is not: it says so as the server of Go does."""

    class Unknown(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            service, _, name = details.method.lstrip("/").partition("/")
            text = f"unknown method {name} for service {service}"
            if service not in by_service:
                text = f"unknown service {service}"

            async def refuse(request: Any, context: Any) -> Any:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)

            return grpc.unary_unary_rpc_method_handler(refuse)

    return Unknown()
