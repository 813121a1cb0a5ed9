"""Runs of ZooKeeper on Zab for its pages: each shows one idea, by the clock, and is the same on every call.

The servers are those of the system `zab-zookeeper`, correct or one of its mutants; the clients stand in
`zookeeper_cast`. Three servers begin with empty histories, so n3, the one with the greatest name, leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import several
from distsys.core.events import Output
from distsys.core.systems import Cluster, Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Heal, Simulator, link
from distsys.drivers.faults import Cut, SetLink
from distsys.mutants import zookeeper as zookeeper_mutants
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.services.zookeeper import reading, watches
from distsys.services.zookeeper.forwarding import Forward, zxid_of
from distsys.services.zookeeper.laws import SERVICE_LAWS
from distsys.services.zookeeper.preparing import Asker, Preparer
from distsys.services.zookeeper.requests import (
    CHANGES,
    CreateRequest,
    CreateSessionRequest,
    DataResponse,
    DeleteRequest,
    Event,
    GetDataRequest,
    SetDataRequest,
    SyncRequest,
    WatchMode,
)
from distsys.services.zookeeper.server import ZooKeeperServer
from distsys.services.zookeeper.systems import FASTER
from distsys.services.zookeeper.tree import DataTree, Header, apply
from distsys.services.zookeeper.watch_laws import WATCH_LAWS
from distsys.services.zookeeper.watches import CHILDREN, DATA, Watches
from distsys.services.zookeeper.witness import Shown, Told

from .zookeeper_cast import HOST, PORT, READY, Ask, Configured, Crowd, Move, Reader, Teller, Waiter

CORRECT, TRUSTING, DELAY_MS = "correct", "trusting", 5
BEGIN_MS = 150  # by then a leader serves
LIMIT = "/limit"
QUIET = {"heartbeat_ms": 400, "election_ms": 1_200, "tick_ms": 2_000}


class TrustingServer(ZooKeeperServer):
    """Answers a `sync` as ZooKeeper 3.8 does: the leader asks nobody whether it still leads.

    What it has proposed and not committed is waited for, as there (`Leader.processSync`).
    """

    def on_sync_point(self, server: str, forward: Forward) -> None:
        """Answer at once."""
        self.give(server, forward, zxid_of(self.zab.last_zxid()))


MUTANTS = {one.id: one.classes["server"] for one in zookeeper_mutants.MUTANTS if "server" in one.classes}


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the servers, and of the clients those that the option `cast` names, each with its home."""
    settings = {"voters": names, **{one: options[one] for one in FASTER}}
    found: Members = dict.fromkeys(names, (options["server"], settings))
    for number, one in enumerate(several("cast", options["cast"], "names")):
        role, _, home = one.partition("@")
        client = {
            "servers": names,
            "home": home or names[0],
            "begin_ms": options["begin_ms"] + 40 * number,
            "timeout_ms": options["timeout_ms"],
            "connect_ms": 200,
        }
        kind = options["bob"] if role == "bob" else "teller"
        if role.startswith("c"):
            kind, client = options["waiter"], {**client, "hold_ms": options["hold_ms"]}
        found = {**found, role: (kind, client)}
    return found


SYSTEM = systems.register(
    System(
        name="zookeeper-story",
        says="ZooKeeper on Zab, and clients that do as they are told.",
        classes={
            CORRECT: ZooKeeperServer,
            TRUSTING: TrustingServer,
            **MUTANTS,
            "teller": Teller,
            "reader": Reader,
            "waiter": Waiter,
            "crowd": Crowd,
        },
        members=_members,
        laws=(*ZAB_LAWS, *SERVICE_LAWS, *WATCH_LAWS),
        options={
            "server": CORRECT,
            "cast": ("ann",),
            "bob": "teller",
            "waiter": "waiter",
            "hold_ms": 400,
            "begin_ms": BEGIN_MS,
            "timeout_ms": 12_000,
            **FASTER,
            **QUIET,
        },
        clients=("teller", "reader", "waiter", "crowd"),
    )
)


def cluster(*cast: str, server: str | None = None, nodes: int = 3, **options: Any) -> Cluster:
    """Return servers, correct or of a mutant, and clients: "ann@n2" begins at n2."""
    return systems.build("zookeeper-story", nodes=nodes, cast=cast, server=server or CORRECT, **options)


def run(
    who: Cluster,
    until_ms: float,
    *told: tuple[float, str, Any],
    script: Iterable[Any] = (),
    goes_on: bool = False,
) -> Trace:
    """Return a run without chance in its delays; `told` says (when in ms, to whom, what).

    It ends when a law is broken, unless it `goes_on`.
    """
    return Simulator(
        who,
        seed=1,
        network=link(delay=DELAY_MS * MS, fifo=True),
        script=tuple(script),
        requests=[Request(int(at * MS), name, what) for at, name, what in told],
        until=int(until_ms * MS),
        settle=0,
        stop_on_violation=not goes_on,
    ).run()


def slow(sender: str, to: str, delay_ms: int, at_ms: int) -> SetLink:
    """Return the action that makes one link slow."""
    return SetLink(at_ms * MS, sender, to, link(delay=delay_ms * MS, fifo=True))


class OneTree:
    """The tree, its primary and its watches, without servers and messages: `ask` does a request at once.

    `log` holds what came of each request that may change something, as (zxid, header, change); `told`, as (session,
    event), what watches were told.

    >>> one = OneTree()
    >>> one.ask(CreateRequest("/a", b"x")).path, one.ask(GetDataRequest("/a")).data
    ('/a', b'x')
    """

    def __init__(self, *sessions: int) -> None:
        self.tree, self.preparer, self.watches = DataTree(), Preparer(), Watches()
        self.log: list[tuple[int, Header, Any]] = []
        self.told: list[tuple[int, Event]] = []
        for session in sessions or (1,):
            self.ask(CreateSessionRequest(1_000), session)

    def ask(self, request: Any, session: int = 1, at_ms: int = 0) -> Any:
        """Return the answer to a request of a session."""
        asker = Asker(session)
        if not isinstance(request, CHANGES):
            response = reading.answer(self.tree, asker, request)
            table = reading.watch_of(request, response)
            if table is not None:
                self.watches = watches.added(self.watches, table, request.path, str(session))
            return response
        zxid, header = self.tree.zxid + 1, Header(session, at_ms)
        change = self.preparer.change(self.tree, zxid, at_ms, asker, request)
        self.log.append((zxid, header, change))
        self.tree, response, events = apply(self.tree, zxid, header, change)
        for happened in events:
            self.watches, hearers = watches.told(self.watches, happened.event)
            self.told += [(int(hearer), happened.event) for hearer in hearers]
        return response

    def watch(self, path: str, mode: WatchMode, session: int = 1) -> None:
        """Set a watch that stays."""
        for table in (DATA, CHILDREN):
            self.watches = watches.added(self.watches, table, path, str(session), mode)


# What was seen.


def timed(trace: Trace, kind: type, name: str = "") -> list[tuple[int, str, Any]]:
    """Return what clients output, of one class: (when, who, what)."""
    return [
        (step.at, step.node, effect.value)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, kind) and name in ("", step.node)
    ]


def read_by(trace: Trace, name: str) -> list[str]:
    """Return the data that a client was shown, one after the other."""
    return [
        (shown.response.data or b"").decode()
        for _, _, shown in timed(trace, Shown, name)
        if isinstance(shown.response, DataResponse)
    ]


def configured(trace: Trace, name: str = "bob") -> list[tuple[str, str]]:
    """Return the configurations that a reader went to work with."""
    return [(value.host, value.port) for _, _, value in timed(trace, Configured, name)]


def wake_ups(trace: Trace) -> int:
    """Return how often a client was told that a watch has fired."""
    return len(timed(trace, Told))


# The stories.


def phone(sync: bool = False) -> Trace:
    """Return a run in which ann sets a limit, phones bob, and bob reads at a server that has not heard of it yet."""
    asks = (SyncRequest(LIMIT), GetDataRequest(LIMIT)) if sync else (GetDataRequest(LIMIT),)
    return run(
        cluster("ann@n3", "bob@n1"),
        415,
        (250, "ann", Ask((CreateRequest(LIMIT, b"10"),))),
        (300, "ann", Ask((SetDataRequest(LIMIT, b"20"),), "bob", Ask(asks))),
        script=(slow("n3", "n1", 60, 290),),
    )


def back_in_time(server: str | None = None) -> Trace:
    """Return a run in which bob has read the new limit, and goes to a server that has not heard of it yet (ZK-02)."""
    read = Ask((GetDataRequest(LIMIT),))
    return run(
        cluster("ann@n2", "bob@n3", server=server),
        420,
        (250, "ann", Ask((CreateRequest(LIMIT, b"10"),))),
        (300, "ann", Ask((SetDataRequest(LIMIT, b"20"),))),
        (320, "bob", read),
        (335, "bob", Move("n1")),
        (390, "bob", read),
        script=(Cut(301 * MS, "n3", "n1"), Heal(322 * MS)),
    )


def ready(server: str | None = None) -> Trace:
    """Return a run in which a configuration of two znodes is changed while bob reads it (ZK-04)."""
    first = (
        CreateRequest("/config"),
        CreateRequest(HOST, b"a.example"),
        CreateRequest(PORT, b"80"),
        CreateRequest(READY),
    )
    second = (
        DeleteRequest(READY),
        SetDataRequest(HOST, b"b.example"),
        SetDataRequest(PORT, b"443"),
        CreateRequest(READY),
    )
    return run(
        cluster("ann", "bob", nodes=1, bob="reader", server=server),
        260,
        (165, "ann", Ask(first)),
        (219.6, "ann", Ask(second)),
    )


def line(clients: int, herd: bool = False) -> Trace:
    """Return a run in which so many clients want one lock, and come 40 ms apart, all before the first lets go.

    Each watches the one before it, or as a herd (ZK-07) the first.
    """
    hold_ms = 40 * clients + 20
    cast = tuple(f"c{number}" for number in range(1, clients + 1))
    who = cluster(*cast, nodes=1, waiter="crowd" if herd else "waiter", hold_ms=hold_ms, heartbeat_ms=1_199)
    return run(who, BEGIN_MS + 40 + clients * (hold_ms + 40))


def old_leader(server: str | None = None) -> Trace:
    """Return a run in which bob asks a leader to synchronise that is cut off from the others, and does not know it yet.

    The telephone works. `server` is "trusting" for one that answers like ZooKeeper 3.8.
    """
    apart = [Cut(1_700 * MS, *pair) for one in ("n1", "n2", "ann") for pair in ((one, "n3"), ("n3", one))]
    read = (SyncRequest(LIMIT), GetDataRequest(LIMIT))
    return run(
        cluster("ann@n1", "bob@n3", server=server),
        4_000,
        (250, "ann", Ask((CreateRequest(LIMIT, b"10"),))),
        (3_200, "ann", Ask((SetDataRequest(LIMIT, b"20"),), "bob", Ask(read))),
        script=apart,
        goes_on=True,
    )
