"""The systems `multipaxos-chubby` (files and caches) and `multipaxos-chubby-locks` (locks, and a server behind them).

Clients are part of the protocol here: they keep leases by their own clocks. So faults of nodes fall on them too,
and they pause, crash, and have clocks that run fast or slow. No clock jumps: all leases rest on that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.laws import outputs
from distsys.core.systems import Members, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS
from distsys.protocols.paxos_laws import only_what_is_proposed
from distsys.protocols.quorums import MAJORITY
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, noted

from ..service_laws import replicas_agree
from .calls import Acquired
from .clients import Application, FileClient, FileRead, LockClient, Resource, TooOld
from .laws import FILE_LAWS, SESSION_LAWS, sends
from .library import Expired, Jeopardy, Safe
from .lock_laws import LOCK_LAWS
from .server import ChubbyServer
from .talk import FailOver, Invalidate, KeptAlive

TOLERATES = (*(kind for kind in CONSENSUS_FAULTS if kind != "clock-step"), "storm")
TIMING = {"quorums": MAJORITY, "alpha": 8, "election_ms": 400, "heartbeat_ms": 100}
LEASES = {"lease_ms": 1_000, "drift_ppm": 200_000}  # the swarm lets a clock run a fifth too fast or too slow
# A local lease is a third shorter than the master's then, so the master answers early, or it would be over each time.
CELL = {**TIMING, **LEASES, "hold_ms": 250, "grace_ms": 3_000, "snapshot_every": 0}
RESOURCE = "r1"
# That law takes what clients say to a host for what is proposed. A master wraps it, and decides things by itself.
LOG_LAWS = tuple(law for law in MULTIPAXOS_LAWS if law is not only_what_is_proposed)


def servers(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas of a cell."""
    settings = {option: options[option] for option in (*TIMING, *LEASES, "hold_ms", "snapshot_every")}
    ChubbyServer(names[0], members=names, **settings)  # a wrong option is answered here, before anything runs
    return dict.fromkeys(names, ("server", {"members": names, **settings}))


def clients(
    kind: type[Application], names: tuple[str, ...], options: Mapping[str, Any], own: tuple[str, ...]
) -> Members:
    """Return clients of a cell."""
    whole_number("clients", options["clients"], at_least=1)
    settings = {option: options[option] for option in (*LEASES, "grace_ms", *own)}
    kind("c1", servers=names, **settings)
    called = (f"c{number}" for number in range(1, options["clients"] + 1))
    return dict.fromkeys(called, ("client", {"servers": names, **settings}))


def with_files(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return a cell, and clients that read and write files."""
    return {
        **servers(names, options),
        **clients(FileClient, names, options, ("operations", "files", "think_ms")),
    }


def with_locks(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return a cell, clients that take a lock, and the server that it protects."""
    takers = clients(LockClient, names, options, ("rounds", "requests", "delay_ms", "think_ms"))
    return {**servers(names, options), **takers, RESOURCE: ("resource", {})}


# What runs must have reached.


def output(kind: type, **having: Any) -> Any:
    """Return a test for steps in which such a value is output."""

    def seen(step: Step) -> bool:
        return any(
            all(getattr(value, name) == wanted for name, wanted in having.items())
            for value in outputs(step, kind)
        )

    return seen


def told(kind: type) -> Any:
    """Return a test for steps in which a master tells a client of such an event."""

    def seen(step: Step) -> bool:
        answers = (message for message in sends(step) if isinstance(message, KeptAlive))
        return any(isinstance(event, kind) for answer in answers for _, event in answer.events)

    return seen


def answered(kind: type) -> Any:
    """Return a test for steps in which a call is answered so."""

    def seen(step: Step) -> bool:
        return any(isinstance(m, kind) or isinstance(getattr(m, "result", None), kind) for m in sends(step))

    return seen


SIGHTS = (
    Sight("master", "A replica becomes the master.", noted("is the master")),
    Sight("fail-over", "A session is told of a new master.", told(FailOver)),
    Sight("jeopardy", "A local lease runs out.", output(Jeopardy)),
    Sight("safe again", "A session in jeopardy lives after all.", output(Safe)),
    Sight("expired", "A session is over for its client.", output(Expired)),
    Sight(
        "promise kept", "A replica refuses a candidate, for another one relies on it.", noted("keeps what")
    ),
)

CHUBBY = System(
    name="multipaxos-chubby",
    says="Chubby on Multi-Paxos: files in a cell, sessions, consistent caches, and clients with clocks of their own.",
    classes={"server": ChubbyServer, "client": FileClient},
    members=with_files,
    laws=(*LOG_LAWS, replicas_agree, *SESSION_LAWS, *FILE_LAWS),
    options={"clients": 2, "operations": 20, "files": 2, "think_ms": 400, **CELL},
    tolerates=TOLERATES,
    history="key-value",
    variants={"files": (1, 2), "snapshot_every": (0, 0, 4, 10)},
    sights=(
        *SIGHTS,
        Sight("cached", "A client reads its own copy.", output(FileRead, cached=True)),
        Sight("invalidation", "A client is told to forget a file.", told(Invalidate)),
    ),
    until=8 * S,
    settle=90 * S,
    settles_early=True,
)

CHUBBY_LOCKS = System(
    name="multipaxos-chubby-locks",
    says="Locks of Chubby on Multi-Paxos: lock-delay, sequencers, and a server that looks at them.",
    classes={"server": ChubbyServer, "client": LockClient, "resource": Resource},
    members=with_locks,
    laws=(*LOG_LAWS, replicas_agree, *SESSION_LAWS, *LOCK_LAWS),
    options={"clients": 2, "rounds": 5, "requests": 2, "delay_ms": 500, "think_ms": 200, **CELL},
    tolerates=TOLERATES,
    variants={"delay_ms": (500, 0, 2_000), "snapshot_every": (0, 0, 4, 10)},
    sights=(
        *SIGHTS,
        Sight("acquired", "A client gets the lock.", answered(Acquired)),
        Sight("too old", "The server refuses a request of an earlier holder.", answered(TooOld)),
    ),
    until=8 * S,
    settle=90 * S,
    settles_early=True,
)
