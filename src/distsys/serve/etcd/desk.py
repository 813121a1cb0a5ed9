"""`Desk`: where requests of real clients become messages to the member in this process, and its replies come back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

from distsys.drivers.runtime import Runtime
from distsys.protocols.raft_reads import Announce
from distsys.protocols.replication import Role
from distsys.services.etcd import transactions
from distsys.services.etcd.api import WatchResponse
from distsys.services.etcd.errors import NO_LEADER, EtcdError
from distsys.services.etcd.messages import Ask, Forward, NotSent
from distsys.services.etcd.streams import Closed, Received, ToClient, ToMember
from distsys.services.kv import Call
from distsys.services.replicated import Reply
from distsys.wire.etcd.refusals import TOO_MANY, RefusedError

OPEN_MAX, STREAMS_MAX = 5_000, 5_000  # requests without an answer, and streams of watches
LOST_S = (
    1.0  # after which a read is asked again: a message to the leader may be lost, and a read does no harm
)
ANNOUNCE_S = 0.003  # after a commit; more entries that come until then say it by themselves
AGAIN_S, PATIENCE_S = 0.05, 7.0  # how often and how long a request is asked again while nobody leads


class Desk:
    """Asks the member that `runtime` runs."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.name = "desk"
        runtime.residents[self.name] = self._on_reply
        runtime.on_unsent = self._on_unsent
        runtime.on_drained = self._on_drained
        self._announced = 0
        self._is_announcing = False
        self._numbers = count(1)
        self._open: dict[int, asyncio.Future[Any]] = {}
        self._streams = 0

    async def ask(self, request: Any) -> Any:
        """Return the response to a request; a `RefusedError` where it is an error.

        Where nobody leads a request has certainly not happened, so it is asked again for a while.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            response = await self._once(request)
            if response != NO_LEADER or loop.time() > deadline:
                break
            await asyncio.sleep(AGAIN_S)
        if isinstance(response, EtcdError):
            raise RefusedError(response.code, response.message)
        return response

    async def _once(self, request: Any) -> Any:
        if len(self._open) >= OPEN_MAX:
            raise RefusedError(*TOO_MANY)
        number = next(self._numbers)
        self._open[number] = asyncio.get_running_loop().create_future()
        try:
            while True:
                self.runtime.deliver(self.name, Call(self.name, number, request))
                waiting = asyncio.shield(self._open[number])
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOST_S if transactions.reads_only(request) else None):
                        return await waiting
        finally:
            del self._open[number]

    def _on_reply(self, message: Any) -> None:
        waiting = self._open.get(message.sequence) if isinstance(message, Reply) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(message.result)

    def _on_drained(self) -> None:
        """Let the followers know soon what is committed: who asked them waits until they have applied it."""
        raft = self.runtime.node.protocol  # type: ignore[attr-defined]
        if raft.role is Role.LEADER and raft.commit_index > self._announced and not self._is_announcing:
            self._is_announcing = True
            asyncio.get_running_loop().call_later(ANNOUNCE_S, self._announce)

    def _announce(self) -> None:
        self._is_announcing = False
        self._announced = self.runtime.node.protocol.commit_index  # type: ignore[attr-defined]
        self.runtime.deliver(self.name, Announce())

    def _on_unsent(self, to: str, message: Any) -> None:
        """Tell the member what has not left, while peers are being dialled, so that nobody waits for it in vain."""
        if isinstance(message, (Forward, Ask)):
            self.runtime.deliver(self.name, NotSent(message))

    def open_stream(self) -> WatchStream:
        """Return a new stream of watches."""
        if self._streams >= STREAMS_MAX:
            raise RefusedError(*TOO_MANY)
        self._streams += 1
        return WatchStream(self.runtime, f"watcher {next(self._numbers)}", self._closed)

    def _closed(self) -> None:
        self._streams -= 1


class WatchStream:
    """A stream of watches at the member.

    A response is confirmed when the next is asked for, so no more lie here than the member sends unconfirmed.
    """

    def __init__(self, runtime: Runtime, name: str, on_close: Callable[[], None]) -> None:
        self.runtime, self.name = runtime, name
        self._on_close = on_close
        self._sequence = 0
        self._came: asyncio.Queue[ToClient | None] = asyncio.Queue()
        runtime.residents[name] = self._on_message

    def _on_message(self, message: Any) -> None:
        if isinstance(message, ToClient):
            self._came.put_nowait(message)

    def say(self, request: Any) -> None:
        """Ask for something on this stream."""
        self._sequence += 1
        self.runtime.deliver(self.name, ToMember(1, self._sequence, request))

    async def responses(self) -> AsyncIterator[WatchResponse]:
        """Yield the responses in order, until the stream is closed."""
        while (message := await self._came.get()) is not None:
            yield message.response
            self.runtime.deliver(self.name, Received(1, message.sequence))

    def end(self) -> None:
        """Let `responses` end."""
        self._came.put_nowait(None)

    def close(self) -> None:
        """Close it: the member forgets its watches."""
        if self.runtime.residents.pop(self.name, None) is not None:
            self.runtime.deliver(self.name, Closed(1))
            self._on_close()
