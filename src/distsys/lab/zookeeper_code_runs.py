"""Runs and calls of ZooKeeper's servers for the page on their code; each is the same on every call.

A setting of two znodes, /host and /port, is changed while somebody reads it. /ready says that the two belong together:
who changes them deletes it first and makes it again at the end, and who reads them watches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.events import Output
from distsys.core.systems import Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Simulator, link
from distsys.mutants.zookeeper import TellsLater
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.services.zookeeper import tree, watches
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.preparing import Asker, Preparer
from distsys.services.zookeeper.requests import (
    CreateRequest,
    DataResponse,
    DeleteRequest,
    ErrorResponse,
    Event,
    ExistsRequest,
    GetDataRequest,
    SetDataRequest,
)
from distsys.services.zookeeper.server import ZooKeeperServer
from distsys.services.zookeeper.systems import FASTER
from distsys.services.zookeeper.systems import members as servers
from distsys.services.zookeeper.tree import DataTree, Happened, Header
from distsys.services.zookeeper.watch_laws import WATCH_LAWS
from distsys.services.zookeeper.witness import Witness

CORRECT, DELAY_MS = "correct", 5
TIMEOUT_MS, BEGIN_MS = (
    4_000,
    700,
)  # nobody pings while the story is told; by then both clients have their sessions
READY, HOST, PORT = "/ready", "/host", "/port"
FIRST = (CreateRequest(HOST, b"a"), CreateRequest(PORT, b"1"), CreateRequest(READY))
SECOND = (
    DeleteRequest(READY),
    SetDataRequest(HOST, b"b"),
    SetDataRequest(PORT, b"2"),
    CreateRequest(READY),
)


# Who is there.


@record
class Tell:
    """Somebody outside says: ask for all of these, and do not wait in between."""

    requests: tuple[Any, ...]


@record
class Look:
    """Somebody outside says: read the setting."""


@record
class Used:
    """A client takes the setting to be this."""

    host: str
    port: str


class Writer(Witness):
    """Asks for what it is told to ask for."""

    def on_message(self, sender: str, message: Any) -> None:
        """Do what it is told, or take what a server says."""
        if isinstance(message, Tell):
            for request in message.requests:
                self.ask(request)
        else:
            super().on_message(sender, message)


class Reader(Witness):
    """Reads the setting, part by part, and begins again when it is told that /ready is gone.

    State, volatile: `host`, what it has read so far.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.host: str | None = None
        self.reads = False

    def on_message(self, sender: str, message: Any) -> None:
        """Begin to read, or take what a server says."""
        if isinstance(message, Look):
            self.look()
        else:
            super().on_message(sender, message)

    def look(self) -> None:
        """Watch /ready: what is read before it is told of belongs together."""
        self.reads, self.host = True, None
        self.ask(ExistsRequest(READY, watch=True))

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        """Ask for the next part, or use both."""
        missing = isinstance(response, ErrorResponse) and response.code is not Code.OK
        match request, response:
            case ExistsRequest(), _ if not missing:
                self.ask(GetDataRequest(HOST))
            case GetDataRequest(path), DataResponse(data) if path == HOST and self.reads:
                self.host = (data or b"").decode()
                self.note(f"host is {self.host}")
                self.ask(GetDataRequest(PORT))
            case GetDataRequest(path), DataResponse(data) if path == PORT and self.host is not None:
                used = Used(self.host, (data or b"").decode())
                self.note(f"uses {used.host}:{used.port}")
                self.output(used)
                self.reads, self.host = False, None

    def on_event(self, event: Event) -> None:
        """Forget what was read, if anything is being read, and begin again."""
        self.note(f"is told: {event.path} {event.type.name.lower()}")
        if self.reads:
            self.look()


class TellsLaterWhoWatches(TellsLater):
    """ZK-04, who waits with an event only where somebody watches: so its run is the correct one until it matters."""

    def tell_watchers(self, events: tuple[Happened, ...]) -> None:
        """Tell them later, if there is anybody to tell."""
        if any(watches.told(self.watches, happened.event)[1] for happened in events):
            super().tell_watchers(events)


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return one server or more, who reads, and who writes."""
    asks = {"servers": names, "timeout_ms": TIMEOUT_MS}
    kinds = {name: (options["server"], settings) for name, (_, settings) in servers(names, options).items()}
    return {**kinds, "ann": ("reader", asks), "bob": ("writer", asks)}


SYSTEM = systems.register(
    System(
        name="zookeeper-code-story",
        says="ZooKeeper on Zab, a client that changes a setting of two parts, and one that reads it.",
        classes={CORRECT: ZooKeeperServer, "ZK-04": TellsLaterWhoWatches, "reader": Reader, "writer": Writer},
        members=_members,
        laws=(*ZAB_LAWS, *WATCH_LAWS),
        options={**FASTER, "tick_ms": 1_000, "reap_ms": 60_000, "observers": 0, "server": CORRECT},
        clients=("reader", "writer"),
    )
)


# The story.


def setting_changes(server: str | None = None) -> Trace:
    """Return a run in which a setting of two parts changes between the reads of its parts (ZK-04)."""
    told = (
        (BEGIN_MS, "bob", Tell(FIRST)),
        (BEGIN_MS + 30, "ann", Look()),
        (BEGIN_MS + 49.5, "bob", Tell(SECOND)),  # ann's second read comes half a millisecond after it
    )
    return Simulator(
        systems.build(SYSTEM.name, nodes=1, server=server or CORRECT, heartbeat_ms=299),
        seed=1,
        network=link(delay=DELAY_MS * MS, fifo=True),
        requests=[Request(int(at * MS), name, what) for at, name, what in told],
        until=(BEGIN_MS + 110) * MS,
        settle=0,
    ).run()


def used(trace: Trace) -> list[str]:
    """Return what ann took the setting to be, in order."""
    return [
        f"{effect.value.host}:{effect.value.port}"
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, Used)
    ]


# The tree as a function.


class OneTree:
    """The replicated part of ZooKeeper alone: a tree, and the primary that is ahead of it.

    >>> one = OneTree()
    >>> one.prepare(7, CreateRequest("/a")).path, one.state.get("/a"), one.ahead.get("/a") is not None
    ('/a', None, True)
    >>> one.apply()
    [PathResponse(path='/a')]
    """

    def __init__(self, preparer: Preparer | None = None, sessions: tuple[int, ...] = (7,)) -> None:
        self.preparer = preparer or Preparer()
        self.state = DataTree()
        for number, session in enumerate(sessions, 1):
            begun = tree.CreateSessionChange(TIMEOUT_MS)
            self.state, _, _ = tree.apply(self.state, number, Header(session, 0), begun)
        self.ahead = self.state
        self.proposed: tuple[tuple[int, Header, Any], ...] = ()

    def prepare(self, session: int, request: Any) -> Any:
        """Return the change that comes of a request; it is proposed, and not applied yet."""
        zxid, header = self.ahead.zxid + 1, Header(session, 0)
        change = self.preparer.change(self.ahead, zxid, header.time, Asker(session), request)
        self.ahead, _, _ = tree.apply(self.ahead, zxid, header, change)
        self.proposed = (*self.proposed, (zxid, header, change))
        return change

    def apply(self) -> list[Any]:
        """Apply all that is proposed, and return the answers."""
        answers = []
        for zxid, header, change in self.proposed:
            self.state, answer, _ = tree.apply(self.state, zxid, header, change)
            answers.append(answer)
        self.proposed = ()
        return answers
