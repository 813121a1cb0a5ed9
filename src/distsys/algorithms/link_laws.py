"""The laws of a link, over nothing but its interface: what was posted, and what arrived.

Bodies are distinct, so that two equal arrivals are of one message. Processes may crash and come back; what was posted
before a crash of its sender or its receiver need not arrive.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from distsys.core import FINALLY, Map, World, law_with_memory

from .broadcast_laws import first_again, on_new_output
from .links import Arrival, Post


def posted(world: World, sender: str, to: str) -> list[Any]:
    """Return the bodies that `sender` was asked to bring to `to`, in the order of asking."""
    return [ask.body for ask in world.asked[sender] if isinstance(ask, Post) and ask.to == to]


def arrived(world: World, sender: str, to: str) -> list[Any]:
    """Return the bodies of `sender` that arrived at `to`, in the order of arrival."""
    return [
        value.body for value in world.outputs[to] if isinstance(value, Arrival) and value.sender == sender
    ]


@on_new_output("no creation", "From another arrives only what that one posted to us.")
def no_creation(world: World) -> str | None:
    """No creation (Cachin, Guerraoui and Rodrigues 2011, section 2.4)."""
    for to in world.names:
        for value in world.outputs[to]:
            if isinstance(value, Arrival) and Post(to, value.body) not in world.asked[value.sender]:
                return f"{value.body!r} arrived at {to} from {value.sender}, who never posted it"
    return None


@on_new_output("no duplication", "Nothing arrives twice.")
def no_duplication(world: World) -> str | None:
    """No duplication (Cachin, Guerraoui and Rodrigues 2011, section 2.4)."""
    for to in world.names:
        for sender in world.names:
            twice = first_again(arrived(world, sender, to))
            if twice is not None:
                return f"{twice!r} of {sender} arrived at {to} twice"
    return None


@on_new_output("FIFO order", "What a process posts to another arrives in the order of posting.")
def fifo_order(world: World) -> str | None:
    """Of two that arrive, the one that was posted first arrives first; one may be missing."""
    for to in world.names:
        for sender in world.names:
            places = {body: place for place, body in enumerate(posted(world, sender, to))}
            came = [body for body in arrived(world, sender, to) if body in places]
            for one, other in pairwise(came):
                if places[one] > places[other]:
                    return f"{other!r} of {sender} arrived at {to} after {one!r}, which was posted later"
    return None


Excused = Map[tuple[str, str], int]  # (sender, to) -> how many of the first posts need not arrive


@law_with_memory(
    "reliable delivery",
    "What is posted arrives, if neither its sender nor its receiver crashes from then on.",
    start=Map(),
    when=FINALLY,
)
def reliable_delivery(excused: Excused, world: World) -> tuple[Excused, str | None]:
    """Reliable delivery (Cachin, Guerraoui and Rodrigues 2011, section 2.4), for processes that come back."""
    if world.step is not None:
        if world.step.kind in ("crash", "wipe"):
            for other in world.names:
                for sender, to in ((world.step.node, other), (other, world.step.node)):
                    excused = excused.set((sender, to), len(posted(world, sender, to)))
        return excused, None
    for sender in world.names:
        for to in world.names:
            came = arrived(world, sender, to)
            for body in posted(world, sender, to)[excused.get((sender, to), 0) :]:
                if body not in came and sender in world.nodes and to in world.nodes:
                    told = f"{sender} posted {body!r} to {to}, and it never arrived"
                    return excused, f"{told}; neither has crashed since"
    return excused, None


LINK_LAWS = (no_creation, no_duplication, fifo_order, reliable_delivery)
