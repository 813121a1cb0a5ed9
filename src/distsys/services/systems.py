"""Systems of a service on Multi-Paxos or on Zab, with clients; and the locks on all three protocols.

The key-value store on Raft has more to it, and stands in `raft_kv`. All of these have replicas of the same names,
clients of the same names, and tolerate the same faults: so one fault script drives them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.units import S
from distsys.protocols import multipaxos_systems, raft_systems, zab_systems
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS
from distsys.protocols.multipaxos_messages import Lacks
from distsys.protocols.multipaxos_messages import Members as Change
from distsys.protocols.raft_laws import RAFT_LAWS
from distsys.protocols.raft_progress import STABILITY
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, noted, received
from distsys.protocols.replication import Propose
from distsys.protocols.zab_laws import ZAB_LAWS
from distsys.protocols.zab_messages import Inform, Snap

from . import service_laws
from .kv_client import KvClient
from .locks_client import LocksClient
from .replicas import PaxosLocks, PaxosStore, RaftLocks, ZabLocks, ZabStore
from .replicated import Replica

Settings = Callable[[tuple[str, ...], Mapping[str, Any]], Mapping[str, Any]]
CLIENTS = {"clients": 2, "operations": 12, "keys": 2, "snapshot_every": 4}
SNAPSHOTS = (0, 2, 4, 10)


def members_of(replica: type[Replica], client: type[Node], settings: Settings) -> Any:
    """Return a `members` function: replicas with the settings of their protocol, and clients that know all of them."""

    def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
        whole_number("clients", options["clients"], at_least=1)
        for_server = {**settings(names, options), "snapshot_every": options["snapshot_every"]}
        for_client = {"servers": names, "operations": options["operations"], "keys": options["keys"]}
        replica(names[0], **for_server)  # a wrong option is answered here, before anything runs
        client("c1", **for_client)
        clients = (f"c{number}" for number in range(1, options["clients"] + 1))
        return {
            **dict.fromkeys(names, ("server", for_server)),
            **dict.fromkeys(clients, ("client", for_client)),
        }

    return members


# The settings of each protocol.


def on_raft(names: tuple[str, ...], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a server of Raft: all vote."""
    return {"voters": names, **{option: options[option] for option in raft_systems.TIMING}}


def on_multipaxos(names: tuple[str, ...], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a replica of Multi-Paxos: all are members at first."""
    whole_number("changes", options["changes"])
    return {"members": names, **{option: options[option] for option in multipaxos_systems.TIMING}}


def on_zab(names: tuple[str, ...], options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a server of Zab: all vote but the last few, the observers."""
    timing = {option: options[option] for option in zab_systems.TIMING}
    return {**zab_systems.parts(names, options["observers"]), **timing}


def changes(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return what operators ask of Multi-Paxos: other members, told to all replicas."""
    dice = Dice(derive(seed, "changes"))
    requests: list[Request] = []
    for _ in range(options["changes"]):
        at, dice = dice.below(5 * S)
        order, dice = dice.shuffle(names)
        count, dice = dice.below(len(names))
        change = Change(tuple(sorted(order[: count + 1])))
        requests += [Request(at, name, Propose(change)) for name in names]
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


# The systems.


def on_each(name: str, **settings: Any) -> System:
    """Return a system with what all of these have in common."""
    return System(
        name=name,
        tolerates=CONSENSUS_FAULTS,
        clients=("client",),
        settle=90 * S,
        settles_early=True,
        untimed=True,
        **settings,
    )


PAXOS_SIGHTS = (
    *service_laws.SIGHTS,
    Sight("leader", "A replica has the promises of a quorum.", noted("leads ballot")),
    Sight("catch-up", "A replica asks for decisions that it lacks.", received(Lacks)),
    Sight("snapshot sent", "A replica sends a snapshot.", noted("sends")),
    Sight("snapshot installed", "A replica installs a snapshot.", noted("installs a snapshot")),
    Sight("change", "A change of the members is decided.", noted("members from slot")),
)
PAXOS_OPTIONS = {**CLIENTS, "changes": 0, **multipaxos_systems.TIMING}
PAXOS_VARIANTS = {"alpha": (8, 8, 1, 2), "changes": (0, 0, 2), "snapshot_every": SNAPSHOTS}

MULTIPAXOS_KV = on_each(
    "multipaxos-kv",
    says="A key-value store on Multi-Paxos, with sessions, snapshots, members that change, and clients.",
    classes={"server": PaxosStore, "client": KvClient},
    members=members_of(PaxosStore, KvClient, on_multipaxos),
    laws=(*MULTIPAXOS_LAWS, *service_laws.LAWS),
    options=PAXOS_OPTIONS,
    workload=changes,
    history="key-value",
    variants=PAXOS_VARIANTS,
    sights=PAXOS_SIGHTS,
)

SELDOM = ("wrong leader", "asked the wrong server")  # the second shows only where no host keeps it for itself
ZAB_SIGHTS = (
    *service_laws.SIGHTS,
    *(sight for sight in zab_systems.SIGHTS if sight.name not in SELDOM),
    Sight("SNAP", "A follower lacks what its leader has dropped.", received(Snap)),
    Sight("observer", "An observer hears of a commit.", received(Inform)),
)
ZAB_OPTIONS = {**CLIENTS, "observers": 0, **zab_systems.TIMING}
ZAB_VARIANTS = {"observers": (0, 0, 1), "snapshot_every": SNAPSHOTS}

ZAB_KV = on_each(
    "zab-kv",
    says="A key-value store on Zab, with sessions, snapshots, observers, and clients.",
    classes={"server": ZabStore, "client": KvClient},
    members=members_of(ZabStore, KvClient, on_zab),
    laws=(*ZAB_LAWS, *service_laws.LAWS),
    options=ZAB_OPTIONS,
    history="key-value",
    variants=ZAB_VARIANTS,
    sights=ZAB_SIGHTS,
)

RAFT_LOCKS = on_each(
    "raft-locks",
    says="Locks with fencing tokens on Raft, and clients.",
    classes={"server": RaftLocks, "client": LocksClient},
    members=members_of(RaftLocks, LocksClient, on_raft),
    laws=(*RAFT_LAWS, *STABILITY, *service_laws.LAWS),
    options={**CLIENTS, **raft_systems.TIMING},
    history="lock",
    variants={"batch": (64, 64, 1, 2), "snapshot_every": SNAPSHOTS},
    sights=service_laws.SIGHTS,
)

MULTIPAXOS_LOCKS = on_each(
    "multipaxos-locks",
    says="Locks with fencing tokens on Multi-Paxos, and clients.",
    classes={"server": PaxosLocks, "client": LocksClient},
    members=members_of(PaxosLocks, LocksClient, on_multipaxos),
    laws=(*MULTIPAXOS_LAWS, *service_laws.LAWS),
    options=PAXOS_OPTIONS,
    workload=changes,
    history="lock",
    variants=PAXOS_VARIANTS,
    sights=service_laws.SIGHTS,
)

ZAB_LOCKS = on_each(
    "zab-locks",
    says="Locks with fencing tokens on Zab, and clients.",
    classes={"server": ZabLocks, "client": LocksClient},
    members=members_of(ZabLocks, LocksClient, on_zab),
    laws=(*ZAB_LAWS, *service_laws.LAWS),
    options=ZAB_OPTIONS,
    history="lock",
    variants=ZAB_VARIANTS,
    sights=service_laws.SIGHTS,
)
