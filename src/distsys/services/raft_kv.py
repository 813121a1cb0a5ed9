"""The system `raft-kv`: a key-value store on Raft, its clients, and operators who change the members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.units import S
from distsys.protocols.raft_laws import RAFT_LAWS
from distsys.protocols.raft_membership import AddServer, RemoveServer
from distsys.protocols.raft_progress import STABILITY
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, SIGHTS, TIMING, noted
from distsys.protocols.raft_transfer import TransferLeadership

from . import service_laws
from .kv_client import KvClient
from .raft_store import ReplicatedStore


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas, and as many clients as the options say."""
    replica = {option: options[option] for option in (*TIMING, "reads", "snapshot_every", "joint")}
    client = {"servers": names, "operations": options["operations"], "keys": options["keys"]}
    whole_number("clients", options["clients"], at_least=1)
    whole_number("upkeep", options["upkeep"])
    ReplicatedStore(
        names[0], voters=names, **replica
    )  # a wrong option is answered here, before anything runs
    KvClient("c1", **client)
    replicas = {name: ("server", {"voters": names, **replica}) for name in names}
    return {**replicas, **{f"c{number}": ("client", client) for number in range(1, options["clients"] + 1)}}


def upkeep(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return what operators ask: to hand over, to take a server out and to put it back."""
    dice = Dice(derive(seed, "upkeep"))
    requests: list[Request] = []
    for _ in range(options["upkeep"]):
        at, dice = dice.below(5 * S)
        name, dice = dice.choose(names)
        kind, dice = dice.choose((TransferLeadership, RemoveServer, AddServer))
        requests += [Request(at, server, kind(name)) for server in names]
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


RAFT_KV = System(
    name="raft-kv",
    says="A key-value store on Raft, with sessions, snapshots, members that change, and clients.",
    classes={"server": ReplicatedStore, "client": KvClient},
    members=members,
    laws=(*RAFT_LAWS, *STABILITY, *service_laws.LAWS),
    options={
        "clients": 2,
        "operations": 12,
        "keys": 2,
        "upkeep": 2,
        "reads": "index",
        "snapshot_every": 4,
        "joint": True,
        **TIMING,
    },
    workload=upkeep,
    tolerates=CONSENSUS_FAULTS,
    clients=("client",),
    history="key-value",
    variants={
        "batch": (64, 64, 1, 2),
        "reads": ("index", "index", "log"),
        "snapshot_every": (0, 2, 4, 10),
        "joint": (True, False),
    },
    sights=(
        *SIGHTS[:-1],
        *service_laws.SIGHTS,
        Sight("snapshot sent", "A leader sends a snapshot.", noted("sends")),
        Sight("snapshot installed", "A follower installs a snapshot.", noted("installs a snapshot")),
        Sight("change", "A leader begins to change the members.", noted("changes the members")),
        Sight("hand-over", "A leader hands over.", noted("hands over")),
    ),
    settle=90 * S,
    settles_early=True,
    untimed=True,
)
