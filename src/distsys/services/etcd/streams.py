"""Streams of watches: a client opens one at a member, creates watches on it, and receives their responses in order.

A stream stands for one of gRPC. What a member sends on it is numbered; the client takes it in this order and says how
far it has come (`Received`). A new response is begun only while fewer than `window` are on their way; one that is cut
into fragments is sent whole. That is all the flow control there is: while a client is silent its watches stay where
they are, and when it reads on they go on from there, in turn.

A stream lives in the memory of a member and of a client. If either has heard nothing for long, it is gone: the client
opens another, perhaps at another member, and creates its watches again from the revision after the last that it saw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from . import watches
from .api import WatchCancelRequest, WatchCreateRequest, WatchProgressRequest, WatchResponse
from .applier import State
from .lessor import LeasingMember
from .watches import NO_WATCH, Watch
from .wellformed import is_well_formed


@record
class ToMember:
    """A client says something on its stream, number `sequence` from 1; a later stream has a higher number.

    The first request opens the stream, and takes the place of an earlier stream of this client. Any other on a stream
    that the member does not know is passed over: the member has restarted, and the stream is broken.
    """

    stream: int
    sequence: int
    request: Any


@record
class ToClient:
    """A member sends response number `sequence` on a stream."""

    stream: int
    sequence: int
    response: WatchResponse


@record
class Received:
    """A client has taken in all responses up to `sequence`."""

    stream: int
    sequence: int


@record
class Closed:
    """A stream is over: the client has gone."""

    stream: int


@record
class Stream:
    """A stream at a member: what was sent and received, its watches, and how many progress requests are open.

    The watch that was served last is the last of `watches`.
    """

    number: int
    sent: int = 0
    received: int = 0
    watches: tuple[Watch, ...] = ()
    next_id: int = 0
    asked: int = 0

    def having(self, watch: Watch) -> Stream:
        """Return the stream in which a watch has moved on."""
        return replace(self, watches=tuple(watch if w.id == watch.id else w for w in self.watches))

    def served(self, id: int) -> Stream:
        """Return the stream in which a watch has had its turn: the others come before it."""
        return replace(self, watches=tuple(sorted(self.watches, key=lambda watch: watch.id == id)))

    def without(self, id: int) -> Stream:
        """Return the stream without a watch."""
        return replace(self, watches=tuple(watch for watch in self.watches if watch.id != id))


class EtcdServer(LeasingMember):
    """A whole member of the cluster.

    State, volatile, beside that of the parts: `streams` (client -> its stream).
    Messages: ToMember, Received and Closed from a client, ToClient to it.
    Timers: "progress", after which watches that asked for it are told how far they have come.
    Keeps: the six guarantees of watches (`laws`).
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        window: int = 2,
        revisions_max: int = watches.REVISIONS_MAX,
        fragment_bytes: int = watches.FRAGMENT_BYTES,
        progress_ms: int = 600_000,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.window = whole_number("window", window, at_least=1)
        self.revisions_max = whole_number("revisions_max", revisions_max, at_least=1)
        self.fragment_bytes = whole_number("fragment_bytes", fragment_bytes, at_least=1)
        self.progress_ms = whole_number("progress_ms", progress_ms, at_least=1)
        self.streams: Map[str, Stream] = EMPTY

    def on_start(self) -> None:
        super().on_start()
        self.set_timer("progress", self.progress_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case ToMember():
                self.on_stream(sender, message)
            case Received(number, sequence):
                stream = self.streams.get(sender)
                if stream is not None and stream.number == number:
                    self.keep(sender, replace(stream, received=max(stream.received, sequence)))
                    self.push(sender)
            case Closed(number):
                if sender in self.streams and self.streams[sender].number == number:
                    self.streams = self.streams.remove(sender)
            case _:
                super().on_message(sender, message)

    # What a client asks for on its stream.

    def on_stream(self, client: str, message: ToMember) -> None:
        """Take a request in."""
        stream = self.streams.get(client, Stream(0))
        if self.opens(stream, message):
            stream = Stream(message.stream)
        if message.stream != stream.number or not is_well_formed(message.request):
            return
        self.keep(client, stream)
        match message.request:
            case WatchCreateRequest() as request:
                self.create(client, stream, request)
            case WatchCancelRequest(id):
                self.cancel(client, stream, id)
            case WatchProgressRequest():
                self.keep(client, replace(stream, asked=stream.asked + 1))
        self.push(client)

    def opens(self, stream: Stream, message: ToMember) -> bool:
        """Return whether a request is the first of a stream that is newer than this one."""
        return message.sequence == 1 and message.stream > stream.number

    def create(self, client: str, stream: Stream, request: WatchCreateRequest) -> None:
        """Create a watch, under the id that the client chose or the next one that is free."""
        taken = frozenset(watch.id for watch in stream.watches)
        free = stream.next_id
        while free in taken:
            free += 1
        watch, response = watches.created(self.state.store, request, taken, free)
        if watch is not None:
            next_id = free if request.watch_id else free + 1
            stream = replace(stream, watches=(*stream.watches, watch), next_id=next_id)
        self.keep(client, stream)
        self.respond(client, response)

    def cancel(self, client: str, stream: Stream, id: int) -> None:
        """End a watch, where there is one of this id."""
        if any(watch.id == id for watch in stream.watches):
            self.keep(client, stream.without(id))
            self.respond(client, WatchResponse(self.state.store.revision, id, canceled=True))

    # What is sent.

    def push(self, client: str) -> None:
        """Send what the watches of a client have, in turn and as long as it takes it.

        Without turns, a watch with much to show would keep those after it from showing anything.
        """
        while self.has_room(client):
            stream = self.streams[client]
            for watch in stream.watches:
                if self.push_watch(client, watch):
                    self.keep(client, self.streams[client].served(watch.id))
                    break
            else:
                if stream.asked:
                    self.push_progress(client)
                else:
                    return

    def has_room(self, client: str) -> bool:
        """Return whether the client takes another response."""
        stream = self.streams[client]
        return stream.sent - stream.received < self.window

    def push_watch(self, client: str, watch: Watch) -> bool:
        """Send the next events of a watch, and return whether there were any."""
        store, stream = self.state.store, self.streams[client]
        ended = watches.compacted(store, watch)
        if ended is not None:
            self.keep(client, stream.without(watch.id))
            self.respond(client, ended)
            return True
        if not watches.is_behind(store, watch):
            return False
        moved, events = watches.advanced(store, watch, self.revisions_max)
        self.keep(client, stream.having(moved))
        if not events:
            return False
        response = WatchResponse(store.revision, watch.id, events=events)
        whole = (response,)
        for piece in watches.fragments(response, self.fragment_bytes) if watch.request.fragment else whole:
            self.respond(client, piece)
        return True

    def push_progress(self, client: str) -> None:
        """Answer a progress request: no watch of this stream is behind now."""
        stream = self.streams[client]
        self.keep(client, replace(stream, asked=stream.asked - 1))
        self.respond(client, watches.progress(self.state.store, NO_WATCH))

    def respond(self, client: str, response: WatchResponse) -> None:
        """Send a response as the next on its stream."""
        stream = self.streams[client]
        self.keep(client, replace(stream, sent=stream.sent + 1))
        self.send(client, ToClient(stream.number, stream.sent + 1, response))

    def keep(self, client: str, stream: Stream) -> None:
        """Remember a stream."""
        self.streams = self.streams.set(client, stream)

    # When.

    def on_applied(self, before: State, command: Any, response: Any) -> None:
        super().on_applied(before, command, response)
        if self.state.store is not before.store:
            self.push_all()

    def on_restored(self, index: int, state: State) -> None:
        """After a snapshot each watch reads on where it was: what it lacks stands in the store that came."""
        super().on_restored(index, state)
        self.push_all()

    def push_all(self) -> None:
        """Send what all clients may have."""
        for client in self.streams:
            self.push(client)

    def on_timeout(self, timer: str) -> None:
        if timer == "progress":
            self.set_timer("progress", self.progress_ms * MS)
            for client in self.streams:
                self.notify_progress(client)
        else:
            super().on_timeout(timer)

    def notify_progress(self, client: str) -> None:
        """Tell the watches that asked for it, and have had no events since the last time, how far they have come."""
        for watch in self.streams[client].watches:
            due = watch.request.progress_notify and not watch.told and self.has_room(client)
            if due and watch.next_revision == self.state.store.revision + 1:
                self.respond(client, watches.progress(self.state.store, watch.id))
            self.keep(client, self.streams[client].having(replace(watch, told=False)))
