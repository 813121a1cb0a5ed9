"""The clients in the stories of the pages on Chubby: they do what a script says, and nothing else.

`Reader` reads and writes a file. `Holder` takes a lock as soon as it can, and sends one request under it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.operations import INVOKE, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.services.chubby.calls import Acquired, Contents
from distsys.services.chubby.clients import FileClient, LockClient
from distsys.services.chubby.library import Standing
from distsys.services.chubby.locking import Mode
from distsys.services.chubby.talk import FailOver, Modified
from distsys.services.chubby.tree import Stat


@record
class Look:
    """Somebody outside says: read this file."""

    path: str


@record
class Put:
    """Somebody outside says: write this into a file."""

    path: str
    contents: str


@record
class Seen:
    """A client has read this; `cached` from its own copy."""

    contents: str
    cached: bool


class Reader(FileClient):
    """Has its file open, and reads and writes it when it is told to; what cannot be done now waits.

    A session that is over for this client is begun anew only when there is something to do.
    """

    declared: ClassVar[dict[str, str]] = {"copy": "copies", "session": "session", "standing": "stands"}
    PATH: ClassVar[str] = "/primary"

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, begin_ms: int = 450, **settings: Any
    ) -> None:
        super().__init__(name, disk, operations=0, files=1, think_ms=0, **settings)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.wanted: tuple[Look | Put, ...] = ()

    @property
    def copies(self) -> dict[str, str]:
        """What the cache holds."""
        return {path: contents.contents for path, contents in self.cache.items()}

    @property
    def stands(self) -> str:
        """How it stands with the session, in a word."""
        return str(self.standing.value)

    def paths(self) -> tuple[str, ...]:
        """Return its only file."""
        return (self.PATH,)

    def on_start(self) -> None:
        """Begin a little later, when there is a master."""
        super().on_start()
        self.set_timer("next", self.begin_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Note what is to be done."""
        super().on_message(sender, message)
        if isinstance(message, (Look, Put)):
            self.wanted += (message,)
            self.think()

    def think(self) -> None:
        """Do the next thing at once, if that is possible."""
        if self.open is not None or not self.wanted:
            return
        if self.standing is Standing.NONE:
            self.set_timer("next", 0)
        elif self.is_safe() and self.handles:
            self.go_on()

    def go_on(self) -> None:
        """Do the next thing that it was told."""
        if not self.wanted:
            return
        told, self.wanted = self.wanted[0], self.wanted[1:]
        if isinstance(told, Look):
            self.report(Operation(self.session, INVOKE, "get", told.path, None, self.now))
            self.read(self.handles[told.path], told.path)
        else:
            self.report(Operation(self.session, INVOKE, "put", told.path, told.contents, self.now))
            self.write(self.handles[told.path], told.path, told.contents)

    def on_read(self, path: str, contents: Contents, *, cached: bool) -> None:
        """Say what was read."""
        self.note(f"reads {contents.contents or 'nothing'}" + (" in its copy" if cached else ""))
        self.output(Seen(contents.contents, cached))
        super().on_read(path, contents, cached=cached)

    def on_done(self, request: Any, result: Any) -> None:
        """Say what was written."""
        if isinstance(result, Stat):
            self.note(f"has written {request.contents}")
        super().on_done(request, result)

    def on_event(self, event: Any) -> None:
        """Say what it heard."""
        if isinstance(event, FailOver):
            self.note("hears of a new master")
        elif isinstance(event, Modified):
            self.note("hears that the file has changed")
        super().on_event(event)

    def on_jeopardy(self) -> None:
        """Say so."""
        self.note("is in jeopardy")

    def on_safe(self) -> None:
        """Say so, and go on."""
        self.note("is safe again")
        self.set_timer("next", 0)

    def on_expired(self) -> None:
        """Say so."""
        self.note("has no session any more")
        super().on_expired()


class Holder(LockClient):
    """Takes the lock as soon as it can, sends one request under it, and keeps the lock."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, begin_ms: int, **settings: Any) -> None:
        super().__init__(name, disk, rounds=1, requests=1, think_ms=0, **settings)
        self.begin_ms = whole_number("begin_ms", begin_ms)

    def on_start(self) -> None:
        """Begin when it is told to."""
        super().on_start()
        self.set_timer("next", self.begin_ms * MS)

    def choose_a_mode(self) -> Mode:
        """Return exclusive."""
        return Mode.EXCLUSIVE

    def think(self) -> None:
        """Do nothing more: it was told to do one thing."""

    def on_done(self, request: Any, result: Any) -> None:
        """Say that it has the lock, and work under it."""
        if isinstance(result, Acquired):
            self.note(f"has the lock, generation {result.sequencer.generation}")
        super().on_done(request, result)
