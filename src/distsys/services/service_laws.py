"""What a replicated service promises, whichever it is and on whichever protocol."""

from __future__ import annotations

from typing import Any

from distsys.core.laws import FINALLY, World, law, law_with_memory, outputs
from distsys.core.operations import INFO, Operation
from distsys.core.systems import Sight
from distsys.core.trace import Step
from distsys.core.values import Map
from distsys.protocols.raft_systems import noted

from .client import Client
from .replicated import Replica


@law_with_memory(
    "replicas agree", "Two replicas that have applied the same entries are in the same state.", start=Map()
)
def replicas_agree(memory: Map[int, Any], world: World) -> tuple[Map[int, Any], str | None]:
    """State machine safety, seen from above: data and sessions are equal, also where a snapshot brought them.

    A step that a fault cut short is not looked at: memory may be ahead of what was done.
    """
    step = world.step
    node = world.nodes.get(step.node)
    if not isinstance(node, Replica) or step.event is None or step.kept < len(step.effects):
        return memory, None
    index = node.protocol.last_applied
    if index == 0:
        return memory, None
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
        if isinstance(node, Client) and (node.open is not None or node.done < node.operations):
            return (
                f"at the end {node.name} has done {node.done} of {node.operations}, and {node.open} is open"
            )
    return None


def ended_unknown(step: Step) -> bool:
    """Return whether an operation ends, and nobody knows whether it happened."""
    return any(operation.type == INFO for operation in outputs(step, Operation))


LAWS = (replicas_agree, clients_are_served)
SIGHTS = (
    Sight("retry", "A client asks again.", noted("asks again")),
    Sight("unknown", "A client gives up, and nobody knows whether its command was done.", ended_unknown),
)
