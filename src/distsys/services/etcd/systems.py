"""The systems `raft-etcd` (clients, watches, compactions) and `raft-etcd-locks` (leases and a lock)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.units import S
from distsys.protocols import raft_systems
from distsys.protocols.raft_laws import RAFT_LAWS
from distsys.protocols.raft_progress import STABILITY
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, noted

from .. import service_laws
from .api import CompactionRequest
from .kv_client import EtcdClient
from .laws import LOCK_LAWS, MEMBER_LAWS
from .lock_client import LockClient, Locked
from .quota import QUOTA_BYTES
from .streams import EtcdServer
from .watch_client import WatchClient, Watched
from .watch_laws import WATCH_LAWS

SERVER = {"snapshot_every": 8, "commit_ms": 100, "quota_bytes": QUOTA_BYTES, **raft_systems.TIMING}
STREAMS = {"window": 2, "progress_ms": 200}
TOLERATES = tuple(kind for kind in CONSENSUS_FAULTS if kind != "duplicate")  # connections deliver once


def servers(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the members of the cluster: all vote."""
    settings = {option: options[option] for option in (*SERVER, *STREAMS)}
    EtcdServer(names[0], voters=names, **settings)  # a wrong option is answered here, before anything runs
    return dict.fromkeys(names, ("server", {"voters": names, **settings}))


def numbered(letter: str, count: int) -> tuple[str, ...]:
    """Return names for so many clients."""
    return tuple(f"{letter}{number}" for number in range(1, count + 1))


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return members, clients that write and read, and clients that watch."""
    for option in ("clients", "watchers", "compactions"):
        whole_number(option, options[option])
    asks = {"servers": names, "operations": options["operations"], "keys": options["keys"]}
    watches = {"servers": names, "ask_ms": options["ask_ms"]}
    EtcdClient("c1", **asks)
    WatchClient("w1", **watches)
    return {
        **servers(names, options),
        **dict.fromkeys(numbered("c", options["clients"]), ("client", asks)),
        **dict.fromkeys(numbered("w", options["watchers"]), ("watcher", watches)),
    }


def compactions(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return what an operator asks: to forget what is older than some revision."""
    dice = Dice(derive(seed, "compactions"))
    requests: list[Request] = []
    for _ in range(options["compactions"]):
        at, dice = dice.below(5 * S)
        name, dice = dice.choose(names)
        revision, dice = dice.below(2 + 4 * at // S)
        requests.append(Request(at, name, CompactionRequest(2 + revision)))
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


def saw(test: Any) -> Any:
    """Return a test for steps in which a client sees such a response on a watch."""

    def seen(step: Any) -> bool:
        return any(test(value.response) for value in outputs(step, Watched))

    return seen


def has_locked(step: Any) -> bool:
    """Return whether a client gets the lock."""
    return outputs(step, Locked) != ()


SNAPSHOTS = (
    Sight("snapshot sent", "A leader sends a snapshot.", noted("sends")),
    Sight("snapshot installed", "A follower installs a snapshot.", noted("installs a snapshot")),
)

RAFT_ETCD = System(
    name="raft-etcd",
    says="etcd on Raft: a store with revisions, transactions, compaction and watches, and clients.",
    classes={"server": EtcdServer, "client": EtcdClient, "watcher": WatchClient},
    members=members,
    laws=(*RAFT_LAWS, *STABILITY, *MEMBER_LAWS, *WATCH_LAWS, service_laws.clients_are_served),
    options={
        "clients": 2,
        "operations": 16,
        "keys": 2,
        "watchers": 1,
        "ask_ms": 300,
        "compactions": 2,
        **SERVER,
        **STREAMS,
    },
    workload=compactions,
    tolerates=TOLERATES,
    clients=("client", "watcher"),
    history="revisions",
    variants={"commit_ms": (100, 0, 1000), "snapshot_every": (0, 4, 8), "window": (1, 2)},
    sights=(
        *raft_systems.SIGHTS[:-1],
        *SNAPSHOTS,
        Sight("unknown", "A client gives up, and nobody knows what came of it.", service_laws.ended_unknown),
        Sight("watch overtaken", "A compaction overtakes a watch.", saw(lambda r: r.compact_revision > 0)),
        Sight("catching up", "A watch shows two revisions at once.", saw(lambda r: len(r.events) > 1)),
        Sight("resumed", "A watch is resumed elsewhere.", noted("resumes elsewhere")),
    ),
    settle=90 * S,
    settles_early=True,
    untimed=True,
)


def lockers(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return members, and clients that take a lock."""
    whole_number("lockers", options["lockers"])
    takes = {"servers": names, "rounds": options["rounds"], "ttl": options["ttl"]}
    LockClient("c1", **takes)
    clients = dict.fromkeys(numbered("c", options["lockers"]), ("client", takes))
    return {**servers(names, options), **clients}


RAFT_ETCD_LOCKS = System(
    name="raft-etcd-locks",
    says="A lock on etcd on Raft, by keys with leases, and clients that sometimes fall asleep.",
    classes={"server": EtcdServer, "client": LockClient},
    members=lockers,
    laws=(*RAFT_LAWS, *STABILITY, *MEMBER_LAWS, *LOCK_LAWS),
    options={"lockers": 3, "rounds": 6, "ttl": 1, **SERVER, **STREAMS},
    tolerates=TOLERATES,
    clients=("client",),
    variants={"commit_ms": (100, 0, 1000), "snapshot_every": (0, 8)},
    sights=(
        *raft_systems.SIGHTS[:1],
        Sight("locked", "A client gets the lock.", has_locked),
        Sight(
            "lease lost",
            "A client finds that its lease ran out while it waited.",
            noted("has lost its lease"),
        ),
    ),
    until=8 * S,
    settle=90 * S,
    settles_early=True,
)
