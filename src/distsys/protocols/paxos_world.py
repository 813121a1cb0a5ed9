"""How a law looks at the acceptors of a run: what a node is, what reaches its disk, what it tells its host.

A replica of Multi-Paxos is found also where it is embedded in a host under the name `paxos`. Then its disk is the part
of the host's disk under this name, and what it tells its host is heard by nobody else: it is read from its state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distsys.core.events import Deliver, Output, Persist, Send
from distsys.core.laws import World
from distsys.core.node import Inner, Node
from distsys.core.trace import Step
from distsys.core.values import Map

from .multipaxos import MultiPaxos
from .paxos import Paxos
from .raft_messages import Entry
from .raft_snapshots import Snapshot
from .replication import Committed, Restored

INSIDE = "paxos"


def paxos_of(node: Node | None) -> Paxos | MultiPaxos | None:
    """Return what of Paxos a node is or embeds as `paxos`; None for a client, or a node that is down."""
    inner = node if isinstance(node, (Paxos, MultiPaxos)) else getattr(node, INSIDE, None)
    return inner if isinstance(inner, (Paxos, MultiPaxos)) else None


def is_host(node: Node | None) -> bool:
    """Return whether a node is up and embeds a replica."""
    return node is not None and paxos_of(node) not in (None, node)


def replicas(world: World) -> Iterator[MultiPaxos]:
    """Yield all replicas of Multi-Paxos that are up."""
    for node in world.nodes.values():
        if isinstance(paxos := paxos_of(node), MultiPaxos):
            yield paxos


def changes_of(effect: Persist) -> Map[str, Any]:
    """Return what an effect writes of Paxos, without the name under which it is embedded."""
    inner = f"{INSIDE}/"
    return Map({key.removeprefix(inner): value for key, value in effect.changes.items()})


def said_to_host(step: Step, node: Node | None) -> tuple[Any, ...]:
    """Return the message from outside that a step brings to a host, if it does; the host may have crashed in it."""
    message = step.event.message if isinstance(step.event, Deliver) else None
    from_inside = any(isinstance(e, Send) and isinstance(e.message, Inner) for e in step.effects)
    if message is None or isinstance(message, Inner) or not (from_inside or is_host(node)):
        return ()
    return (message,)


def told_to_host(world: World, reached: int) -> list[Any]:
    """Return what a node has told its host in the last step, in order; `reached` is the last slot it told of before.

    A host keeps for itself what an embedded replica outputs. So Committed and Restored are made up again, from the
    state after the step; a step that a fault cut short is looked at later, with the next one that is whole.
    """
    step = world.step
    node = world.nodes.get(step.node)
    paxos = paxos_of(node)
    if not is_host(node) or not isinstance(paxos, MultiPaxos):
        return [effect.value for effect in step.effects[: step.kept] if isinstance(effect, Output)]
    if step.event is None or step.kept < len(step.effects):
        return []
    snapshot: Snapshot = getattr(paxos, "last_snapshot", Snapshot())
    told: list[Any] = [Restored(snapshot)] if snapshot.last_index > reached else []
    slots = range(max(reached, snapshot.last_index) + 1, paxos.last_applied + 1)
    # A slot that was left out is not there, and the law of the order of slots speaks up.
    told += [Committed(slot, Entry(0, paxos.chosen[slot])) for slot in slots if slot in paxos.chosen]
    return told
