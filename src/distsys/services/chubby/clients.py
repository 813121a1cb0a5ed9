"""Applications on the library: one reads and writes files, one takes a lock and works under it; and what it works on.

The server that the lock protects is no part of Chubby. It looks at the sequencer that comes with each request and
refuses what is older than the newest that it has seen (section 2.4). The other way of the paper, to ask Chubby whether
the sequencer is still valid (`CheckSequencer`), needs a session of its own.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from . import calls
from .calls import Acquired, Contents, Opened, Refused
from .library import Library, Standing
from .locking import Mode, Sequencer
from .talk import Modified
from .tree import Stat


@record
class FileRead:
    """A client has read this version of a file; `cached` without asking anybody."""

    path: str
    version: tuple[int, int]
    cached: bool


@record
class FileWritten:
    """A client has heard that its write made this version of a file."""

    path: str
    version: tuple[int, int]


@record
class Guarded:
    """A request to a server that a lock protects."""

    sequencer: Sequencer
    value: str


@record
class Stored:
    """The server has done a request of `by`."""

    path: str
    place: tuple[int, int]
    by: str


@record
class TooOld:
    """The server has refused a request: it has seen a later sequencer than this one."""

    sequencer: Sequencer


def version(stat: Stat) -> tuple[int, int]:
    """Return where a file stands among all that were there under its path."""
    return stat.instance, stat.generation


class Application(Library):
    """A client that begins a session, opens its files, and does one thing after another as long as there are any.

    Timers: "next", before each of them.
    """

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, think_ms: int = 100, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.think_ms = whole_number("think_ms", think_ms)
        self.handles: Map[str, int] = EMPTY

    def on_start(self) -> None:
        super().on_start()
        self.think()

    def think(self) -> None:
        """Go on in a moment."""
        self.set_timer("next", 0, self.think_ms * MS)

    def on_timeout(self, timer: str) -> None:
        super().on_timeout(timer)
        if timer != "next" or self.open is not None:
            return
        if self.standing is Standing.NONE:
            self.begin()
        elif not self.is_safe():
            self.think()
        elif missing := [path for path in self.paths() if path not in self.handles]:
            self.ask(calls.Open(missing[0], create="file", events=True))
        else:
            self.go_on()

    def on_session(self) -> None:
        self.go_on_at_once()

    def go_on_at_once(self) -> None:
        """Open what is not open yet, without a pause."""
        missing = [path for path in self.paths() if path not in self.handles]
        if missing and self.open is None:
            self.ask(calls.Open(missing[0], create="file", events=True))
        else:
            self.begin_to_work()

    def on_result(self, request: Any, result: Any) -> None:
        if isinstance(result, Opened):
            self.handles = self.handles.set(result.path, result.handle)
            self.go_on_at_once()
        else:
            self.on_done(request, result)
            self.think()

    def on_safe(self) -> None:
        self.think()

    def on_expired(self) -> None:
        self.handles = EMPTY
        self.think()

    # What a subclass says.

    def paths(self) -> tuple[str, ...]:
        """Return the files that it works with."""
        raise NotImplementedError(f"{self.name} is an application without files: a subclass names them")

    def begin_to_work(self) -> None:
        """Do the first thing, all files being open."""
        self.think()

    def go_on(self) -> None:
        """Do the next thing."""

    def on_done(self, request: Any, result: Any) -> None:
        """React to the result of a call."""


class FileClient(Application):
    """Reads and writes files at random, and outputs what it did as operations of a history.

    A session is a process of the history. What is open when it expires has ended unknown. Outputs: Operation, FileRead,
    FileWritten, and Modified, an event.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        operations: int = 12,
        files: int = 2,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.operations = whole_number("operations", operations)
        self.files = whole_number("files", files, at_least=1)
        self.done = 0
        self.doing: Operation | None = None

    def paths(self) -> tuple[str, ...]:
        return tuple(f"/f{number}" for number in range(1, self.files + 1))

    def go_on(self) -> None:
        """Read, or write something that was never written before."""
        if self.done == self.operations:
            return
        self.done += 1
        path, self.dice = self.dice.choose(self.paths())
        kind, self.dice = self.dice.choose(("read", "read", "write"))
        if kind == "read":
            self.report(Operation(self.session, INVOKE, "get", path, None, self.now))
            self.read(self.handles[path], path)
        else:
            value = f"{self.session}:{self.done}"
            self.report(Operation(self.session, INVOKE, "put", path, value, self.now))
            self.write(self.handles[path], path, value)

    def report(self, operation: Operation) -> None:
        """Output an end of an operation."""
        self.doing = operation if operation.type == INVOKE else None
        self.output(operation)

    def finish(self, type: str, value: Any) -> None:
        """Output the end of the operation that is under way."""
        if self.doing is not None:
            self.report(Operation(self.doing.process, type, self.doing.f, self.doing.key, value, self.now))

    def on_read(self, path: str, contents: Contents, *, cached: bool) -> None:
        self.output(FileRead(path, version(contents.stat), cached))
        self.finish(OK, contents.contents or None)
        self.think()

    def on_done(self, request: Any, result: Any) -> None:
        if isinstance(result, Refused):
            self.finish(FAIL, None)
        elif isinstance(request, calls.SetContents) and self.doing is not None:
            self.output(FileWritten(self.doing.key, version(result)))
            self.finish(OK, request.contents)

    def on_event(self, event: Any) -> None:
        if isinstance(event, Modified):
            self.output(event)

    def on_expired(self) -> None:
        if self.doing is not None:
            self.finish(INFO, self.doing.value)
        super().on_expired()


class LockClient(Application):
    """Takes a lock, sends requests to the server that it protects, and gives it back, `rounds` times.

    What it sends it sends while it holds the lock, as far as it can know; what becomes of it then is the server's
    affair. One round in four it takes the lock in shared mode, and sends nothing.
    """

    LOCK = "/lock"

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        rounds: int = 6,
        requests: int = 2,
        delay_ms: int = 500,
        resource: str = "r1",
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.rounds = whole_number("rounds", rounds)
        self.requests = whole_number("requests", requests)
        self.delay_ms = whole_number("delay_ms", delay_ms, at_most=calls.DELAY_MAX_MS)
        self.resource = resource
        self.done = 0
        self.held: Acquired | None = None
        self.left = 0  # requests to send before the lock is given back

    def paths(self) -> tuple[str, ...]:
        return (self.LOCK,)

    def go_on(self) -> None:
        handle = self.handles[self.LOCK]
        if self.held is not None and self.left > 0:
            self.work()
            self.think()
        elif self.held is not None:
            self.held = None  # from now on this client sends nothing under it
            self.ask(calls.Release(handle))
        elif self.done < self.rounds:
            self.ask(calls.Acquire(handle, self.choose_a_mode(), self.delay_ms, wait=True))

    def begin_to_work(self) -> None:
        """Ask for the lock without a pause."""
        self.go_on()

    def choose_a_mode(self) -> Mode:
        """Return exclusive, mostly."""
        chance, self.dice = self.dice.below(4)
        return Mode.SHARED if chance == 0 else Mode.EXCLUSIVE

    def work(self) -> None:
        """Send a request to the server, under the lock."""
        assert self.held is not None, f"{self.name} works without a lock"
        self.left -= 1
        if self.held.sequencer.mode is Mode.EXCLUSIVE:
            value = f"{self.session}:{self.done}:{self.left}"
            self.send(self.resource, Guarded(self.held.sequencer, value))

    def on_done(self, request: Any, result: Any) -> None:
        if isinstance(result, Acquired):
            self.held, self.left = result, self.requests
            if self.is_safe():
                self.work()
        elif isinstance(request, calls.Release):
            self.done += 1

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if isinstance(message, TooOld):
            self.note("is told that its sequencer is too old")

    def on_expired(self) -> None:
        self.held = None
        super().on_expired()


class Resource(Node):
    """A server that a lock protects.

    State, durable: `latest` (path of a lock -> the place of the latest sequencer that was seen).
    Messages: Guarded; TooOld to who sent it. Outputs: Stored.
    Keeps: no request of an earlier holder after one of a later.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.latest: Map[str, tuple[int, int]] = disk.get("latest", EMPTY)

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, Guarded):
            self.on_guarded(sender, message)

    def on_guarded(self, sender: str, message: Guarded) -> None:
        """Do what is asked, unless somebody has held the lock since."""
        path, place = message.sequencer.path, message.sequencer.place
        if self.is_too_old(path, place):
            self.send(sender, TooOld(message.sequencer))
            return
        self.latest = self.latest.set(path, place)
        self.persist(latest=self.latest)
        self.output(Stored(path, place, sender))

    def is_too_old(self, path: str, place: tuple[int, int]) -> bool:
        """Return whether a later sequencer was seen."""
        return place < self.latest.get(path, (0, 0))
