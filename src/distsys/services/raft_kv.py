"""The system `raft-kv`: a replicated key-value store and its clients, and what it keeps beside the laws of Raft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.events import Output
from distsys.core.laws import FINALLY, World, law, law_with_memory
from distsys.core.operations import INFO, Operation
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S
from distsys.core.values import Map
from distsys.protocols.raft_laws import RAFT_LAWS
from distsys.protocols.raft_membership import AddServer, RemoveServer
from distsys.protocols.raft_progress import STABILITY
from distsys.protocols.raft_systems import CONSENSUS_FAULTS, SIGHTS, TIMING, noted
from distsys.protocols.raft_transfer import TransferLeadership
from distsys.protocols.raft_world import acting

from .kv import Store
from .kv_client import KvClient
from .replicated import ReplicatedStore


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


@law_with_memory(
    "replicas agree", "Two replicas that have applied the same entries are in the same state.", start=Map()
)
def replicas_agree(memory: Map[int, Store], world: World) -> tuple[Map[int, Store], str | None]:
    """State machine safety, seen from above: data and sessions are equal, also where a snapshot brought them."""
    node = world.nodes.get(world.step.node)
    if not isinstance(node, ReplicatedStore) or node.raft.last_applied == 0 or acting(world) is None:
        return memory, None
    index = node.raft.last_applied
    known = memory.get(index)
    if known is None:
        return memory.set(index, node.state), None
    if known is not node.state and known != node.state:
        return (
            memory,
            f"after entry {index}, {node.name} holds {node.state}, and another replica held {known}",
        )
    return memory, None


@law("clients are served in the end", "When faults have ended, no call of a client stays open.", when=FINALLY)
def clients_are_served(world: World) -> str | None:
    """Progress, as the clients see it."""
    for node in world.nodes.values():
        if isinstance(node, KvClient) and (node.open is not None or node.done < node.operations):
            return (
                f"at the end {node.name} has done {node.done} of {node.operations}, and {node.open} is open"
            )
    return None


def ended_unknown(step: Step) -> bool:
    """Return whether an operation ends, and nobody knows whether it happened."""
    values = [effect.value for effect in step.effects[: step.kept] if isinstance(effect, Output)]
    return any(isinstance(value, Operation) and value.type == INFO for value in values)


RAFT_KV = System(
    name="raft-kv",
    says="A key-value store on Raft, with sessions, snapshots, members that change, and clients.",
    classes={"server": ReplicatedStore, "client": KvClient},
    members=members,
    laws=(*RAFT_LAWS, *STABILITY, replicas_agree, clients_are_served),
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
        Sight("retry", "A client asks again.", noted("asks again")),
        Sight("unknown", "A client gives up, and nobody knows whether its command was done.", ended_unknown),
        Sight("snapshot sent", "A leader sends a snapshot.", noted("sends")),
        Sight("snapshot installed", "A follower installs a snapshot.", noted("installs a snapshot")),
        Sight("change", "A leader begins to change the members.", noted("changes the members")),
        Sight("hand-over", "A leader hands over.", noted("hands over")),
    ),
    settle=90 * S,
    settles_early=True,
    untimed=True,
)
