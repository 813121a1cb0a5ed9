"""The clients in the stories of the pages on ZooKeeper: each does one thing that people do with it.

`Teller` asks what a script, or somebody on the phone, says. `Reader` reads a configuration of two znodes behind a
third, "ready", that says when they belong together. `Waiter` stands in line for a lock, once; `Crowd` is one that
watches the first in the line.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.mutants.zookeeper import WatchesTheFirst
from distsys.services.zookeeper.lock_client import DIGITS, LockClient
from distsys.services.zookeeper.requests import (
    ChildrenResponse,
    DataResponse,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetDataRequest,
    StatResponse,
    SyncRequest,
)
from distsys.services.zookeeper.server import HangUp
from distsys.services.zookeeper.session_client import SessionClient
from distsys.services.zookeeper.witness import Witness

HOST, PORT, READY = "/config/host", "/config/port", "/config/ready"
HAPPENED = {
    EventType.CREATED: "is made",
    EventType.DELETED: "is deleted",
    EventType.DATA_CHANGED: "has new data",
    EventType.CHILDREN_CHANGED: "has other children",
}


@record
class Ask:
    """Somebody says: ask your server for these, without waiting in between; when all are answered call `tell`."""

    requests: tuple[Any, ...]
    tell: str = ""
    call: Any = None


@record
class Move:
    """Somebody says: go to this server, with your session."""

    server: str


class AtHome(SessionClient):
    """A client that begins at a server of its choice, `home`, and not before `begin_ms`.

    Without a choice of chance: who goes elsewhere takes the next server in the list.
    """

    declared: ClassVar[dict[str, str]] = {"server": "server", "zxid": "zxid"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, home: str, begin_ms: int = 0, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.bound_for = home
        self.begin_ms = whole_number("begin_ms", begin_ms)

    def on_start(self) -> None:
        """Wait until it is time."""
        self.dice = Dice(self.seed)
        self.set_timer("begin", self.begin_ms * MS)

    def connect(self) -> None:
        """Open a connection to the server that it is bound for, or to the next."""
        if self.bound_for:  # the next one is taken, so stand before it
            self.server = self.servers[self.servers.index(self.bound_for) - 1]
            self.bound_for = ""
        super().connect()

    def on_message(self, sender: str, message: Any) -> None:
        """Try the next server at once when one does not take it."""
        if message == HangUp(self.connection) and not self.is_connected:
            self.note("is sent away")
            self.connect()
        else:
            super().on_message(sender, message)

    def on_timeout(self, timer: str) -> None:
        """Begin."""
        if timer == "begin":
            self.connect()
        else:
            super().on_timeout(timer)


class Teller(AtHome, Witness):
    """Asks what it is told to, and says what it hears.

    State, volatile: `due`, what is to be said to whom when nothing is open any more.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.due: tuple[str, Any] | None = None

    def on_message(self, sender: str, message: Any) -> None:
        """Do as it is told."""
        match message:
            case Ask(requests, tell, call):
                self.due = (tell, call) if tell else None
                for request in requests:
                    self.ask(request)
            case Move(server):
                self.bound_for = server
                self.disconnect()
            case _:
                super().on_message(sender, message)

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        """Say it, and call somebody if nothing is open any more."""
        self.note(said_of(request, response))
        if self.due is not None and not self.open:
            (to, call), self.due = self.due, None
            self.send(to, call)

    def on_event(self, event: Event) -> None:
        """Say it."""
        self.note(f"is told: {event.path} {HAPPENED[event.type]}")

    def on_expired(self) -> None:
        """Say it."""
        self.note("learns that its session has ended")


def said_of(request: Any, response: Any) -> str:
    """Return an answer in few words.

    >>> said_of(GetDataRequest("/limit"), DataResponse(b"10", None))
    'reads 10'
    """
    match response:
        case DataResponse(data):
            return f"reads {(data or b'').decode()}"
        case ChildrenResponse(children):
            return f"sees {', '.join(children) or 'no children'}"
        case StatResponse(stat):
            return f"version {stat.version}"
        case ErrorResponse(code):
            return code.name.lower().replace("_", " ")
    return "its server has caught up" if isinstance(request, SyncRequest) else "done"


@record
class Configured:
    """A reader goes to work with this configuration."""

    host: str
    port: str


class Reader(AtHome, Witness):
    """Reads host and port behind "ready": looks whether it is there, with a watch, and begins anew when that is told.

    State, volatile: `host`, once it is read; `is_told`, whether the watch has fired since it was set.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.host = ""
        self.is_told = False

    def on_session(self) -> None:
        """Begin."""
        self.look()

    def look(self) -> None:
        """Begin anew."""
        self.host, self.is_told = "", False
        self.ask(ExistsRequest(READY, watch=True))

    def on_event(self, event: Event) -> None:
        """The configuration is being changed, or is ready again."""
        self.note(f"is told: {event.path} {HAPPENED[event.type]}")
        self.is_told = True
        if not self.open:
            self.look()

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        """Go on with the next question, or begin anew."""
        self.note(said_of(request, response))
        if self.is_told:
            self.look()
        elif isinstance(request, ExistsRequest):
            if isinstance(response, StatResponse):
                self.ask(GetDataRequest(HOST))
        elif request == GetDataRequest(HOST):
            self.host = response.data.decode()
            self.ask(GetDataRequest(PORT))
        else:
            self.output(Configured(self.host, response.data.decode()))
            self.note("goes to work")


class Waiter(AtHome, LockClient):
    """Takes the lock once and holds it for `hold_ms`; it does not sleep."""

    declared: ClassVar[dict[str, str]] = {"doing": "stage", "number": "number", "zxid": "zxid"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, rounds=1, **settings)

    @property
    def stage(self) -> str:
        """What it is doing."""
        return self.doing or "nothing"

    @property
    def number(self) -> int:
        """The number of its znode, -1 while it has none."""
        return int(self.mine[-DIGITS:]) if self.mine else -1

    def rest(self) -> None:
        """Begin at once."""
        self.set_timer("next", 0)

    def hold(self) -> None:
        """Let the lock go when the time is over."""
        self.note("has the lock")
        self.set_timer("release", self.hold_ms * MS)

    def maybe_sleep(self) -> None:
        """Never."""

    def on_event(self, event: Event) -> None:
        """Do what the recipe says."""
        self.note("wakes up")
        super().on_event(event)


class Crowd(Waiter, WatchesTheFirst):
    """A waiter that watches the first in the line (ZK-07)."""
