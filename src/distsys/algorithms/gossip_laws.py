"""The laws of gossip, over what clients told and what each process learned.

Processes are crash-stop, so at the end of a run those that are up are the correct ones.
"""

from __future__ import annotations

from distsys.core import FINALLY, World, law

from .broadcast_laws import correct, first_again, on_new_output
from .gossip_messages import Rumour, Tell


def told_to(world: World, name: str) -> tuple[Rumour, ...]:
    """Return the rumours that began at a process."""
    texts = [ask.text for ask in world.asked[name] if isinstance(ask, Tell)]
    return tuple(Rumour(name, number, text) for number, text in enumerate(texts, 1))


@law(
    "all know all",
    "In the end every correct process knows what began at a correct one, and what a correct one knows.",
    when=FINALLY,
)
def all_know_all(world: World) -> str | None:
    """Validity and agreement; a rumour that only crashed processes knew binds nobody."""
    for one in correct(world):
        for rumour in (*told_to(world, one), *world.outputs[one]):
            for other in correct(world):
                if rumour not in world.outputs[other]:
                    return f"{other} does not know {rumour}, and {one} does; neither crashed"
    return None


@on_new_output("no invention", "Whoever knows a rumour knows one that began where it says.")
def no_invention(world: World) -> str | None:
    """The text is the one that its origin was told, letter by letter."""
    told = {rumour for name in world.names for rumour in told_to(world, name)}
    for name in world.names:
        for rumour in world.outputs[name]:
            if rumour not in told:
                return f"{name} knows {rumour}, which {rumour.origin} was never told"
    return None


@on_new_output("learned once", "No process learns a rumour twice.")
def learned_once(world: World) -> str | None:
    """What is known is no news."""
    for name in world.names:
        twice = first_again([(rumour.origin, rumour.number) for rumour in world.outputs[name]])
        if twice is not None:
            return f"{name} learns rumour {twice[1]} of {twice[0]} twice"
    return None


GOSSIP_LAWS = (no_invention, learned_once, all_know_all)
