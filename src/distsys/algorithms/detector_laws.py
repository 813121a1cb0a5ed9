"""The laws of a failure detector, over what it outputs: suspicions, and suspicions taken back.

Processes are crash-stop, so at the end of a run those that are up are the correct ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distsys.core import FINALLY, Deliver, World, law

from .broadcast_laws import correct, on_new_output
from .detector_messages import Restore, Suspect


def suspected_by(outputs: Sequence[Any]) -> frozenset[str]:
    """Return whom a process with these outputs suspects.

    >>> sorted(suspected_by([Suspect("a"), Suspect("b"), Restore("a")]))
    ['b']
    """
    suspected: frozenset[str] = frozenset()
    for value in outputs:
        match value:
            case Suspect(peer):
                suspected |= {peer}
            case Restore(peer):
                suspected -= {peer}
    return suspected


@law("strong completeness", "In the end every correct process suspects every crashed one.", when=FINALLY)
def strong_completeness(world: World) -> str | None:
    """Strong completeness (Chandra and Toueg 1996)."""
    for name in correct(world):
        for peer in world.names:
            if peer not in world.nodes and peer not in suspected_by(world.outputs[name]):
                return f"{peer} crashed, and {name} does not suspect it"
    return None


@law("eventual strong accuracy", "In the end no correct process suspects a correct one.", when=FINALLY)
def eventual_strong_accuracy(world: World) -> str | None:
    """Eventual strong accuracy (Chandra and Toueg 1996)."""
    for name in correct(world):
        for peer in correct(world):
            if peer in suspected_by(world.outputs[name]):
                return f"{name} still suspects {peer}, and neither crashed"
    return None


@on_new_output("news only", "Suspect is said of a trusted peer only, and Restore of a suspected one.")
def news_only(world: World) -> str | None:
    """Each output changes what the listener believes, and nobody suspects itself."""
    for name in world.names:
        outputs = world.outputs[name]
        for position, value in enumerate(outputs):
            suspected = suspected_by(outputs[:position])
            match value:
                case Suspect(peer) if peer in suspected or peer == name:
                    return f"{name} says {value}, and suspects {sorted(suspected)} already"
                case Restore(peer) if peer not in suspected:
                    return f"{name} says {value}, and suspects {sorted(suspected)} only"
    return None


@law("heard is alive", "Right after a process hears from a peer, it does not suspect that peer.")
def heard_is_alive(world: World) -> str | None:
    """A message from a peer ends the suspicion of it at once."""
    step = world.step
    if not isinstance(step.event, Deliver) or step.node not in world.nodes:
        return None
    if step.event.sender in suspected_by(world.outputs[step.node]):
        return f"{step.node} has just heard from {step.event.sender}, and still suspects it"
    return None


DETECTOR_LAWS = (heard_is_alive, news_only, strong_completeness, eventual_strong_accuracy)
