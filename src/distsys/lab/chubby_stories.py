"""Runs of Chubby for its pages: each shows one idea, by the clock, and is the same on every call.

The replicas are those of the system `multipaxos-chubby`, correct or one of its mutants; the clients stand in
`chubby_cast`. Messages take 5 ms unless a story says otherwise, and clocks are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import several
from distsys.core.events import Note
from distsys.core.laws import outputs
from distsys.core.systems import Cluster, Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Cut, Heal, Partition, SetLink, Simulator, link
from distsys.mutants import chubby as mutants
from distsys.protocols.multipaxos_leases import Leads
from distsys.protocols.paxos_messages import ZERO
from distsys.services.chubby.calls import BeginSession, Expire, FreeLock, Ordered
from distsys.services.chubby.cell import Applier, Cell
from distsys.services.chubby.clients import Resource, Stored
from distsys.services.chubby.laws import FILE_LAWS, SESSION_LAWS, applications_are_served
from distsys.services.chubby.lock_laws import LOCK_LAWS
from distsys.services.chubby.server import ChubbyServer
from distsys.services.chubby.systems import LOG_LAWS, RESOURCE, TIMING
from distsys.services.chubby.talk import KeptAlive

from .chubby_cast import Holder, Look, Put, Reader, Seen

CORRECT, DELAY_MS = "correct", 5
RESOURCES = {"fenced": Resource, "LOCK-01": mutants.LooksAtNoSequencer}
REPLICAS = {one.id: one.classes["server"] for one in mutants.MUTANTS if "server" in one.classes}
FILE = Reader.PATH
LAWS = (
    *LOG_LAWS,
    *(one for one in SESSION_LAWS if one is not applications_are_served),
    *FILE_LAWS,
    *LOCK_LAWS,
)
LEASES = {"lease_ms": 1_000, "drift_ppm": 1_000}


class LateReader(mutants.KeepsWhatCameLate, Reader):
    """LOCK-08."""


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas, and of the clients those that the option `cast` names."""
    leases = {option: options[option] for option in LEASES}
    replica = {**{one: options[one] for one in TIMING}, **leases, "hold_ms": options["hold_ms"]}
    members: Members = {
        name: (options["server"], {"members": names, "snapshot_every": 0, **replica}) for name in names
    }
    client = {"servers": names, **leases, "grace_ms": options["grace_ms"], "retry_ms": options["retry_ms"]}
    clients: Members = {
        **dict.fromkeys(("bob", *(f"r{n}" for n in range(2, 40))), ("reader", client)),
        "ann": (options["reader"], client),
        "c1": ("holder", {**client, "begin_ms": 450, "delay_ms": options["delay_ms"]}),
        "c2": ("holder", {**client, "begin_ms": 650, "delay_ms": options["delay_ms"]}),
        RESOURCE: (options["resource"], {}),
    }
    return {**members, **{name: clients[name] for name in several("cast", options["cast"], "names")}}


SYSTEM = systems.register(
    System(
        name="chubby-story",
        says="Chubby on Multi-Paxos, and clients that do as they are told.",
        classes={
            "LOCK-08": LateReader,
            "reader": Reader,
            CORRECT: ChubbyServer,
            **REPLICAS,
            "holder": Holder,
            **RESOURCES,
        },
        members=_members,
        laws=LAWS,
        options={
            "server": CORRECT,
            "cast": ("ann",),
            "reader": "reader",
            "resource": "fenced",
            "delay_ms": 0,
            "hold_ms": 400,
            "grace_ms": 3_000,
            "retry_ms": 150,
            **LEASES,
            **TIMING,
        },
        clients=("reader", "LOCK-08", "holder", *RESOURCES),
    )
)


def cluster(*cast: str, server: str | None = None, nodes: int = 1, **options: Any) -> Cluster:
    """Return replicas, correct or of a mutant, and these clients; a replica alone sends no heartbeats to see."""
    options.setdefault("heartbeat_ms", 299 if nodes == 1 else 100)
    return systems.build("chubby-story", nodes=nodes, cast=cast, server=server or CORRECT, **options)


def run(who: Cluster, until_ms: int, *told: tuple[float, str, Any], script: Any = (), seed: int = 1) -> Trace:
    """Return a run without chance in its delays; `told` says (when in ms, to whom, what to do)."""
    return Simulator(
        who,
        seed=seed,
        network=link(delay=DELAY_MS * MS, fifo=True),
        script=script,
        requests=[Request(int(at * MS), name, what) for at, name, what in told],
        until=until_ms * MS,
        settle=0,
    ).run()


# What happened.


def timed(trace: Trace, name: str, kind: type) -> list[tuple[int, Any]]:
    """Return what a node output, of one class: (when, what)."""
    return [(step.at, value) for step in trace if step.node == name for value in outputs(step, kind)]


def said(trace: Trace, *names: str) -> list[str]:
    """Return what these nodes noted, each with the time in milliseconds."""
    return [
        f"{step.at / MS:6.0f} ms  {step.node} {effect.text}"
        for step in trace
        if step.node in names
        for effect in step.effects
        if isinstance(effect, Note)
    ]


def read(trace: Trace, name: str) -> list[tuple[str, bool]]:
    """Return what a client has read: (contents, whether in its own copy)."""
    return [(value.contents, value.cached) for _, value in timed(trace, name, Seen)]


def stored(trace: Trace) -> list[tuple[str, int]]:
    """Return what the server behind the lock has done: (for whom, the generation of its lock)."""
    return [(value.by, value.place[1]) for _, value in timed(trace, RESOURCE, Stored)]


# The stories.


def cut_off(server: str | None = None) -> Trace:
    """Return a run in which ann has a copy and is cut off, and bob writes (LOCK-05)."""
    return run(
        cluster("ann", "bob", server=server, retry_ms=300),
        2_100,
        (480, "bob", Put(FILE, "n7")),
        (500, "ann", Look(FILE)),
        (540, "ann", Look(FILE)),
        (600, "bob", Put(FILE, "n8")),
        (700, "ann", Look(FILE)),
        (2_000, "ann", Look(FILE)),
        script=(Partition(560 * MS, (("ann",), ("n1", "bob"))), Heal(1_700 * MS)),
    )


def fail_over(grace_ms: int = 3_000, server: str | None = None, until_ms: int = 2_450) -> Trace:
    """Return a run in which the master crashes; ann has a session, a handle and a copy."""
    return run(
        cluster(
            "ann", server=server, nodes=3, grace_ms=grace_ms, lease_ms=600, hold_ms=200, heartbeat_ms=150
        ),
        until_ms,
        (600, "ann", Put(FILE, "n7")),
        (700, "ann", Look(FILE)),
        (1_400, "ann", Look(FILE)),
        script=(Crash(900 * MS, "n1"),),
        seed=9,  # n1 is the first master, and the next one comes after the lease of ann
    )


def slow_request(resource: str = "fenced", delay_ms: int = 0, slow_ms: int = 1_600) -> Trace:
    """Return a run in which the request of a holder is slow, the holder is cut off, and the lock passes on."""
    return run(
        cluster("c1", "c2", RESOURCE, resource=resource, delay_ms=delay_ms, retry_ms=400),
        2_500,
        script=(
            SetLink(0, "c1", RESOURCE, link(delay=slow_ms * MS)),
            Cut(520 * MS, "c1", "n1"),
            Cut(520 * MS, "n1", "c1"),
        ),
    )


def late_copy(reader: str = "reader") -> Trace:
    """Return a run in which the answer to a read of ann is slow, and bob writes meanwhile (LOCK-08)."""
    slow, usual = link(delay=200 * MS), link(delay=DELAY_MS * MS)
    return run(
        cluster("ann", "bob", reader=reader),
        800,
        (480, "bob", Put(FILE, "n7")),
        (500, "ann", Look(FILE)),
        (520, "bob", Put(FILE, "n8")),
        (740, "ann", Look(FILE)),
        (770, "ann", Look(FILE)),
        script=(SetLink(504 * MS, "n1", "ann", slow), SetLink(506 * MS, "n1", "ann", usual)),
    )


def split(server: str | None = None, seed: int = 9) -> Trace:
    """Return a run in which the master n1 is cut off from the other replicas, ann reaches only it, bob only them."""
    sides = (Partition(900 * MS, (("n1", "ann"), ("n2", "n3", "bob"))),)
    return run(cluster("ann", "bob", server=server, nodes=3, hold_ms=50), 2_500, script=sides, seed=seed)


def spoke(trace: Trace) -> dict[str, tuple[float, float]]:
    """Return when each replica has answered a KeepAlive for the first and for the last time, in ms."""
    found: dict[str, tuple[float, float]] = {}
    for step in trace:
        if any(isinstance(getattr(effect, "message", None), KeptAlive) for effect in step.effects):
            found[step.node] = (found.get(step.node, (step.at / MS, 0))[0], step.at / MS)
    return found


def masters(trace: Trace) -> list[tuple[float, str]]:
    """Return when which replica became the master, in ms."""
    return [
        (step.at / MS, step.node)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Note) and "is the master of epoch" in effect.text
    ]


class OneCell:
    """The replicated part of a cell alone, without replicas and time: what a client asks is done at once.

    >>> from distsys.services.chubby.calls import Acquire, Open
    >>> cell = OneCell("ann", "bob")
    >>> handle = cell.ask("ann", Open("/lock", create="file")).handle
    >>> cell.ask("ann", Acquire(handle)).sequencer.generation
    1
    """

    def __init__(self, *clients: str) -> None:
        self.applier, self.state, self.index = Applier(), Cell(), 0
        self._enter(Leads("n1", ZERO))
        for client in clients:
            self._enter(Ordered(1, f"{client}.1", 1, BeginSession(client, 1)))

    def _enter(self, command: Any) -> Any:
        self.index += 1
        self.state, result, _ = self.applier.apply(self.state, self.index, command)
        return result

    def ask(self, client: str, request: Any) -> Any:
        """Return the answer to a call."""
        session = f"{client}.1"
        sequence = self.state.sessions[session].sequence + 1
        return self._enter(Ordered(1, session, sequence, request))

    def lose(self, client: str) -> None:
        """Let the lease of a client be over."""
        self._enter(Ordered(1, "", 0, Expire(f"{client}.1")))

    def free(self, path: str, lost_at: int) -> None:
        """Let the lock-delay be over for a lock that was lost in entry `lost_at`."""
        self._enter(Ordered(1, "", 0, FreeLock(path, lost_at)))
