"""A client that watches: takes in what comes on its stream, sometimes slowly, and resumes where it was cut off."""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.raft import server_names

from .api import Filter, WatchCreateRequest, WatchProgressRequest, WatchResponse
from .streams import Received, ToClient, ToMember


@record
class Watched:
    """What a client has seen: the name of the watch, how it was created, and a response on it."""

    watch: str
    request: WatchCreateRequest
    response: WatchResponse


class StreamReader(Node):
    """One end of a stream: opens it, takes responses in in their order, and opens another when nothing comes for long.

    A subclass says what to watch (`wanted`) and what a response means to it (`on_response`).
    State, durable: `stream`, the number of the last stream. Volatile: `server`, `expected` (the next response), `early`
    (responses that overtook it), `request`, `next_revision` (what to resume from; 0 before anything is known).
    Timers: "quiet", when nothing comes; "receive", while a response is being taken in.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        servers: tuple[str, ...],
        quiet_ms: int = 400,
        slow_ms: int = 200,
    ) -> None:
        super().__init__(name, disk)
        self.servers = server_names("servers", servers)
        self.quiet_ms = whole_number("quiet_ms", quiet_ms, at_least=1)
        self.slow_ms = whole_number("slow_ms", slow_ms)
        self.stream: int = disk.get("stream", 0)
        self.server = servers[0]
        self.expected = 1
        self.early: Map[int, WatchResponse] = Map()
        self.request: WatchCreateRequest | None = None
        self.next_revision = 0
        self.slow = False
        self.dice = Dice(0)

    def on_start(self) -> None:
        self.dice = Dice(self.seed)

    def wanted(self) -> WatchCreateRequest | None:
        """Return what to watch; None for nothing."""
        raise NotImplementedError(f"{self.name} reads a stream of nothing: a subclass says what it watches")

    def on_response(self, response: WatchResponse) -> None:
        """React to a response."""

    def open_stream(self) -> None:
        """Open a new stream at the next server, and create the watch there, if there is one."""
        self.stream += 1
        self.persist(stream=self.stream)
        self.expected, self.early, self.slow = 1, Map(), False
        self.cancel_timer("receive")
        self.server = self.servers[(self.servers.index(self.server) + 1) % len(self.servers)]
        self.request = self.wanted()
        if self.request is not None:
            self.send(self.server, ToMember(self.stream, 1, self.request))
            self.wait()

    def wait(self) -> None:
        """Give the server up if nothing comes."""
        self.set_timer("quiet", self.quiet_ms * MS, 2 * self.quiet_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, ToClient) and message.stream == self.stream and self.request is not None:
            self.early = self.early.set(message.sequence, message.response)
            self.take_in()

    def take_in(self) -> None:
        """Take in what has come, in order, and say so; a slow client stops after each response."""
        stream = self.stream
        while self.expected in self.early and not self.slow and stream == self.stream:
            response = self.early[self.expected]
            self.early = self.early.remove(self.expected)
            self.expected += 1
            self.wait()
            self.follow(response)
            self.dawdle()
            self.on_response(response)
        if stream == self.stream and not self.slow:
            self.send(self.server, Received(stream, self.expected - 1))

    def follow(self, response: WatchResponse) -> None:
        """Remember from where to resume."""
        at = response.header_revision
        if response.canceled:
            self.next_revision = max(self.next_revision, response.compact_revision)
        elif response.events:
            newest = response.events[-1].kv.mod_revision
            self.next_revision = max(self.next_revision, newest if response.fragment else newest + 1)
        elif not response.created or (self.request is not None and not self.request.start_revision):
            self.next_revision = max(self.next_revision, at + 1)

    def dawdle(self) -> None:
        """Be slow, sometimes."""
        chance, self.dice = self.dice.below(4)
        if self.slow_ms and chance == 0:
            self.slow = True
            self.set_timer("receive", 0, self.slow_ms * MS)

    def on_timeout(self, timer: str) -> None:
        if timer == "receive":
            self.slow = False
            self.take_in()
        elif timer == "quiet":
            self.note("resumes elsewhere")
            self.open_stream()


class WatchClient(StreamReader):
    """Watches the keys that begin with "k", or one of them, and outputs each response as `Watched`.

    It asks for its progress now and then (with an `ask_ms` of 0 never), and sometimes begins again from a revision in
    the past.
    Timers, beside those of a reader: "ask", for a progress request.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, ask_ms: int = 300, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.ask_ms = whole_number("ask_ms", ask_ms)
        self.asked = 0

    def on_start(self) -> None:
        super().on_start()
        self.open_stream()
        if self.ask_ms:
            self.set_timer("ask", 0, self.ask_ms * MS)

    def wanted(self) -> WatchCreateRequest:
        """Return a watch that goes on where the last one ended, or begins a little before."""
        back, self.dice = self.dice.below(8)
        one, self.dice = self.dice.below(4)
        form, self.dice = self.dice.below(8)
        start = max(0, self.next_revision - max(0, back - 3)) if self.next_revision else back // 4
        key, end = (b"k0", b"") if one == 0 else (b"k", b"l")
        filters = {0: (Filter.NOPUT,), 1: (Filter.NODELETE,)}.get(form, ())
        return WatchCreateRequest(
            key, end, start, progress_notify=form == 2 and self.ask_ms > 0, filters=filters, prev_kv=form == 3
        )

    def on_response(self, response: WatchResponse) -> None:
        assert self.request is not None, f"{self.name} watches nothing"
        self.output(Watched(f"{self.name}.{self.stream}", self.request, response))
        if response.canceled:
            self.open_stream()

    def on_timeout(self, timer: str) -> None:
        if timer == "ask":
            if self.expected > 1:  # the watch is there
                self.asked += 1
                self.send(self.server, ToMember(self.stream, 1 + self.asked, WatchProgressRequest()))
            self.set_timer("ask", self.ask_ms * MS // 2, 2 * self.ask_ms * MS)
        else:
            super().on_timeout(timer)
