"""A client of the tree that does at random what clients do: its changes and synchronised reads make a history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core.errors import ArgumentError, whole_number
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .errors import Code
from .requests import (
    ANY_VERSION,
    CloseSessionRequest,
    CreateRequest,
    DataResponse,
    DeleteRequest,
    ErrorResponse,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    Kind,
    PathResponse,
    SetDataRequest,
    StatResponse,
    SyncRequest,
)
from .witness import Witness

QUEUE = "/s"  # under it everything is sequential
DEEDS = (
    *("get", "get", "get", "get", "create", "create", "set", "set", "set", "delete"),
    *("read", "watch", "watch", "watch", "children", "sequential", "sequential", "sequential", "remove"),
    *("ephemeral", "burst", "burst", "move", "move", "move", "leave", "sleep"),
)
IS_SURE = (Code.NO_NODE, Code.NODE_EXISTS, Code.BAD_VERSION)  # errors that are answers, others are failures


@record
class Wish:
    """An operation of the history that is open; its request is the last that was asked for it."""

    f: str
    key: str
    asked: Any = None

    def answer(self, response: Any) -> Any:
        """Return what stands in a history for a response (`checkers.spec_znodes`)."""
        if isinstance(response, ErrorResponse):
            return None if self.f == "get" else False
        match response:
            case DataResponse(data, stat):
                return ((data or b"").decode(), stat.version)
            case StatResponse(stat):
                return stat.version
        return True


class StoreClient(Witness):
    """Does `operations` of the deeds that `deeds` names (all, if it is empty), one after the other.

    Operations of the history are get (a `sync` and a read behind it, in flight together), create, set and delete, on a
    few znodes /k0, /k1, ...; one is open at a time. Beside it there are reads of whatever the server has, watches,
    sequential znodes under /s, ephemeral ones, several changes in flight at once, sessions that are closed, and sleep.
    Every value that is written says which session wrote it, and the how-manieth change of the session it is.
    State, durable: `life`, how many names it has used in the history. Volatile: `wish`, the open operation; `done`;
    `seen` (path -> the version that this client knows); `last`, the sequential znode that it made last; `has_queue`,
    whether the parent of these is there; `is_leaving`, whether it goes to another server after the next answer.
    Timers: "next", before a deed.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        operations: int = 30,
        deeds: tuple[str, ...] = (),
        keys: int = 2,
        think_ms: int = 50,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.operations = whole_number("operations", operations)
        self.deeds = deeds or DEEDS
        if unknown := sorted({*self.deeds} - {*DEEDS}):
            raise ArgumentError(
                f"deeds must be among {', '.join(dict.fromkeys(DEEDS))}, but {unknown[0]!r} is not"
            )
        self.keys = whole_number("keys", keys, at_least=1)
        self.think_ms = whole_number("think_ms", think_ms)
        self.life: int = disk.get("life", 0)
        self.wish: Wish | None = None
        self.done = 0
        self.seen: Map[str, int] = EMPTY
        self.last = ""
        self.has_queue = False
        self.is_leaving = False

    def on_start(self) -> None:
        self.begin_a_life()
        super().on_start()

    def begin_a_life(self) -> None:
        """Go on under a new name, for nobody knows what becomes of the open operation."""
        self.life += 1
        self.persist(life=self.life)

    # What it does.

    def on_session(self) -> None:
        self.on_connected()

    def on_connected(self) -> None:
        if not self.has_queue:
            self.ask(CreateRequest(QUEUE))
        if self.is_leaving:
            self.is_leaving = False
            self.ask(GetChildrenRequest(QUEUE))
        self.do_next()

    def do_next(self) -> None:
        """Do something in a while."""
        self.set_timer("next", 0, self.think_ms * MS)

    def on_timeout(self, timer: str) -> None:
        if timer == "next" and not self.is_asleep:
            if self.is_connected and not self.is_busy() and self.done < self.operations:
                self.done += 1
                deed, self.dice = self.dice.choose(self.deeds)
                self.do(deed)
        else:
            super().on_timeout(timer)

    def is_busy(self) -> bool:
        """Return whether something is asked and not answered, beside pings."""
        return self.wish is not None or any(hasattr(request, "path") for _, request in self.open)

    def do(self, deed: str) -> None:
        """Do something."""
        number, self.dice = self.dice.below(self.keys)
        path = f"/k{number}"
        deeds: dict[str, Callable[[str], None]] = {
            "get": self.get,
            "create": self.create,
            "set": self.set,
            "delete": self.delete,
            "read": lambda path: self.ask(GetDataRequest(path)),
            "watch": self.watch,
            "children": lambda path: self.ask(GetChildrenRequest(QUEUE, watch=True)),
            "sequential": lambda path: self.add(Kind.PERSISTENT_SEQUENTIAL, f"{QUEUE}/n-"),
            "remove": self.remove,
            "ephemeral": lambda path: self.add(Kind.EPHEMERAL_SEQUENTIAL, f"{QUEUE}/e-"),
            "burst": self.burst,
            "move": self.move,
            "leave": self.leave,
            "sleep": lambda path: self.sleep(self.timeout_ms, 2 * self.timeout_ms),
        }
        deeds[deed](path)

    # Operations of the history.

    def invoke(self, f: str, path: str, asked: Any, *requests: Any) -> None:
        """Begin an operation."""
        self.wish = Wish(f, path, asked)
        self.output(Operation(self.process(), INVOKE, f, path, asked, self.now))
        for request in requests:
            self.ask(request)

    def process(self) -> str:
        """Return the name of this life."""
        return f"{self.name}.{self.life}"

    def end(self, type: str, value: Any = None) -> None:
        """End the open operation."""
        assert self.wish is not None, f"{self.name} has nothing to end"
        self.output(Operation(self.process(), type, self.wish.f, self.wish.key, value, self.now))
        self.wish = None
        if type == INFO:
            self.begin_a_life()

    def get(self, path: str) -> None:
        """Read what is committed: let the server catch up, and read then."""
        self.invoke("get", path, None, SyncRequest(path), GetDataRequest(path))

    def create(self, path: str) -> None:
        """Make a znode."""
        text = self.text()
        self.invoke("create", path, text, CreateRequest(path, text.encode()))

    def set(self, path: str) -> None:
        """Write, sometimes only if nobody else has."""
        text, version = self.text(), self.version_for(path)
        self.invoke("set", path, (text, version), SetDataRequest(path, text.encode(), version))

    def delete(self, path: str) -> None:
        """Delete, sometimes only if nobody else has written."""
        version = self.version_for(path)
        self.invoke("delete", path, version, DeleteRequest(path, version))

    def version_for(self, path: str) -> int:
        """Return a version to expect: the one that is known, or any."""
        any_will_do, self.dice = self.dice.below(2)
        return ANY_VERSION if any_will_do else self.seen.get(path, 0)

    # The rest.

    def watch(self, path: str) -> None:
        """Look, and ask to be told of the next change."""
        exists, self.dice = self.dice.below(2)
        self.ask(ExistsRequest(path, watch=True) if exists else GetDataRequest(path, watch=True))

    def add(self, kind: Kind, path: str) -> None:
        """Make a sequential znode."""
        self.ask(CreateRequest(path, self.text().encode(), kind=kind))

    def remove(self, path: str) -> None:
        """Remove the sequential znode that was made last, and make another."""
        if self.last:
            self.ask(DeleteRequest(self.last))
        self.add(Kind.PERSISTENT_SEQUENTIAL, f"{QUEUE}/n-")

    def burst(self, path: str) -> None:
        """Have several requests in flight: a look after a `sync` may not see what was asked for after it."""
        self.add(Kind.PERSISTENT_SEQUENTIAL, f"{QUEUE}/n-")
        self.ask(SyncRequest(QUEUE))
        self.ask(GetChildrenRequest(QUEUE))
        for _ in range(3):
            self.add(Kind.PERSISTENT_SEQUENTIAL, f"{QUEUE}/n-")

    def move(self, path: str) -> None:
        """Go to another server with the session, and leave something behind: under way, or just answered."""
        self.add(Kind.PERSISTENT_SEQUENTIAL, f"{QUEUE}/n-")
        waits, self.dice = self.dice.below(2)
        if waits:
            self.is_leaving = True
        else:
            self.disconnect()

    def leave(self, path: str) -> None:
        """Close the session while something is in flight, and after that ask on."""
        self.add(Kind.EPHEMERAL_SEQUENTIAL, f"{QUEUE}/e-")
        self.ask(CloseSessionRequest())
        self.add(Kind.EPHEMERAL_SEQUENTIAL, f"{QUEUE}/e-")

    def on_awake(self) -> None:
        """Do at once what may come too late."""
        if self.is_connected:
            self.add(Kind.EPHEMERAL_SEQUENTIAL, f"{QUEUE}/e-")
        self.do_next()

    # What comes of it.

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        if self.wish is not None and not isinstance(request, SyncRequest):
            self.on_end(response)
        match request, response:
            case CreateRequest(path), _ if path == QUEUE:
                self.has_queue = True
            case CreateRequest(), PathResponse(path) if path.startswith(f"{QUEUE}/n-"):
                self.last = path
            case DeleteRequest(path), _ if path == self.last:
                self.last = ""
            case (GetDataRequest(path), DataResponse(_, stat)) | (SetDataRequest(path), StatResponse(stat)):
                self.seen = self.seen.set(path, stat.version)
        if self.is_leaving:
            self.disconnect()
        elif not self.is_busy():
            self.do_next()

    def on_end(self, response: Any) -> None:
        """The open operation is answered."""
        assert self.wish is not None, f"{self.name} has nothing to end"
        if isinstance(response, ErrorResponse) and response.code not in IS_SURE:
            self.end(FAIL)
        else:
            self.end(OK, self.wish.answer(response))

    def on_unknown(self, request: Any) -> None:
        """Nobody knows what becomes of the open operation; but a read that nobody heard has not happened."""
        if self.wish is not None:
            self.end(FAIL if self.wish.f == "get" else INFO)

    def on_expired(self) -> None:
        self.last = ""
