"""The laws of broadcast, over nothing but the interface: what clients asked, and what each node output.

Processes are crash-stop, so the *correct* ones are those that are up when the run ends. Laws of safety hold
after each step; those that need time hold at the end, when all faults but the crashes are healed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from distsys.core import FINALLY, Law, World, law, law_with_memory

from .broadcast_messages import Broadcast, Delivery


def on_new_output(name: str, says: str) -> Callable[[Callable[[World], str | None]], Law]:
    """Make a law that is checked when some node has output something: nothing else can break it."""

    def wrap(check: Callable[[World], str | None]) -> Law:
        @law_with_memory(name, says, start=0)
        def fold(seen: int, world: World) -> tuple[int, str | None]:
            count = sum(len(values) for values in world.outputs.values())
            return (count, check(world)) if count != seen else (seen, None)

        return fold

    return wrap


def correct(world: World) -> tuple[str, ...]:
    """Return the names of the processes that never crashed."""
    return tuple(name for name in world.names if name in world.nodes)


def first_again(values: Iterable[Any]) -> Any:
    """Return the first of the values that was there before, or None.

    >>> first_again("abcacb"), first_again("abc")
    ('a', None)
    """
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def broadcast_by(world: World, name: str) -> tuple[Delivery, ...]:
    """Return what `name` was asked to broadcast, as the deliveries that it should lead to."""
    return tuple(Delivery(name, ask.body) for ask in world.asked[name] if isinstance(ask, Broadcast))


@law("validity for all", "What a correct process broadcasts, every correct process delivers.", when=FINALLY)
def validity_for_all(world: World) -> str | None:
    """Validity of best-effort broadcast (Cachin, Guerraoui and Rodrigues 2011, chapter 3)."""
    for origin in correct(world):
        for delivery in broadcast_by(world, origin):
            for name in correct(world):
                if delivery not in world.outputs[name]:
                    return f"{name} never delivered {delivery.body!r} of {origin}; neither crashed"
    return None


@law("validity", "A correct process delivers what it broadcasts.", when=FINALLY)
def validity(world: World) -> str | None:
    """Validity (Hadzilacos and Toueg 1994)."""
    for origin in correct(world):
        for delivery in broadcast_by(world, origin):
            if delivery not in world.outputs[origin]:
                return f"{origin} broadcast {delivery.body!r}, did not crash, and never delivered it"
    return None


@law("agreement", "What one correct process delivers, every correct process delivers.", when=FINALLY)
def agreement(world: World) -> str | None:
    """Agreement among the correct, not uniform: what a crashed process delivered binds nobody."""
    for one in correct(world):
        for delivery in world.outputs[one]:
            for other in correct(world):
                if delivery not in world.outputs[other]:
                    told = f"{delivery.body!r} of {delivery.origin}"
                    return f"{one} delivered {told}, {other} never did; neither crashed"
    return None


@on_new_output("no duplication", "No process delivers a message twice.")
def no_duplication(world: World) -> str | None:
    """No duplication; bodies are distinct, so that two equal deliveries are of one message."""
    for name in world.names:
        twice = first_again(world.outputs[name])
        if twice is not None:
            return f"{name} delivered {twice.body!r} of {twice.origin} twice"
    return None


@on_new_output("no creation", "A process delivers from another only what that one broadcast.")
def no_creation(world: World) -> str | None:
    """No creation: the origin that is named was asked to broadcast this body before."""
    known = {delivery for origin in world.names for delivery in broadcast_by(world, origin)}
    for name in world.names:
        for delivery in world.outputs[name]:
            if delivery not in known:
                return f"{name} delivered {delivery.body!r} of {delivery.origin}, who never broadcast it"
    return None


@on_new_output("causal order", "Before a message, a process delivers all that its origin had delivered.")
def causal_order(world: World) -> str | None:
    """Causal order (Hadzilacos and Toueg 1994): what an origin had delivered when it spoke comes first.

    An origin delivers its own message at the moment when it broadcasts it, so the past of a message
    is what stands before it in the outputs of its origin.
    """
    for name in world.names:
        delivered = world.outputs[name]
        for position, delivery in enumerate(delivered):
            history = world.outputs[delivery.origin]
            past = history[: history.index(delivery)] if delivery in history else ()
            for earlier in past:
                if earlier not in delivered[:position]:
                    effect, cause = (f"{d.body!r} of {d.origin}" for d in (delivery, earlier))
                    return f"{name} delivered {effect} without {cause}, which {delivery.origin} knew before"
    return None


BEST_EFFORT_LAWS = (no_duplication, no_creation, validity_for_all)
RELIABLE_LAWS = (no_duplication, no_creation, validity, agreement)
CAUSAL_LAWS = (causal_order, no_duplication, no_creation, validity, agreement)
