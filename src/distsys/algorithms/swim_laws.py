"""The laws of SWIM, over what members output: what they come to believe of each other.

Processes are crash-stop, so at the end of a run those that are up are the correct ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distsys.core import EMPTY, FINALLY, Map, Send, SetTimer, Timeout, World, law, law_with_memory
from distsys.core.laws import outputs
from distsys.core.trace import Step

from .broadcast_laws import correct
from .swim_messages import News, Ping, Status


def believed(values: Sequence[Any], member: str) -> News:
    """Return what a process with these outputs believes of a member in the end.

    >>> believed([News("a", 0, Status.SUSPECT), News("a", 1, Status.ALIVE)], "a").status
    <Status.ALIVE: 0>
    """
    said = [value for value in values if value.member == member]
    return said[-1] if said else News(member, 0, Status.ALIVE)


@law(
    "crashed are faulty", "In the end every correct member takes every crashed one for faulty.", when=FINALLY
)
def crashed_are_faulty(world: World) -> str | None:
    """Strong completeness (Chandra and Toueg 1996; Das, Gupta and Motivala 2002, section 2)."""
    for name in correct(world):
        for peer in world.names:
            belief = believed(world.outputs[name], peer)
            if peer not in world.nodes and belief.status is not Status.FAULTY:
                return f"{peer} crashed, and {name} believes {belief}"
    return None


@law(
    "alive are alive",
    "In the end every correct member takes every other correct one for alive.",
    when=FINALLY,
)
def alive_are_alive(world: World) -> str | None:
    """Eventual strong accuracy; the paper itself promises less, for there a verdict is for ever."""
    for name in correct(world):
        for peer in correct(world):
            belief = believed(world.outputs[name], peer)
            if belief.status is not Status.ALIVE:
                return f"{peer} is up, and {name} believes {belief}"
    return None


@law_with_memory("news go up", "What a member believes of another only goes up.", start=EMPTY)
def news_go_up(memory: Map[Any, News], world: World) -> tuple[Map[Any, News], str | None]:
    """By incarnation first, and then alive, suspect, faulty; and so do the incarnations of each member."""
    for item in outputs(world.step, News):
        place = (world.step.node, item.member)
        before = memory.get(place, News(item.member, 0, Status.ALIVE))
        if item.rank <= before.rank:
            return memory, f"{place[0]} believes {item} after {before}"
        memory = memory.set(place, item)
    return memory, None


@law_with_memory("own incarnation", "Only a member itself raises its incarnation.", start=EMPTY)
def own_incarnation(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """Whoever speaks of an incarnation speaks of one that its owner has announced (section 4.2 of the paper)."""
    for item in outputs(world.step, News):
        if item.member == world.step.node:
            memory = memory.set(item.member, item.incarnation)
        elif item.incarnation > memory.get(item.member, 0):
            owner = memory.get(item.member, 0)
            return memory, f"{world.step.node} believes {item}, but {item.member} has announced only {owner}"
    return memory, None


@law_with_memory(
    "time to refute",
    "A suspect whose time runs out had all of it in this incarnation.",
    start=EMPTY,
)
def time_to_refute(memory: Map[Any, Any], world: World) -> tuple[Map[Any, Any], str | None]:
    """The timer that fires was set when this incarnation was suspected, and not for an older suspicion."""
    step = world.step
    for item in outputs(step, News):
        place = (step.node, item.member)
        if item.status is Status.SUSPECT and sets_timer_for(step, item.member):
            memory = memory.set(place, item.incarnation)
        elif item.status is Status.FAULTY and isinstance(step.event, Timeout):
            incarnation = memory.get(place)
            if incarnation != item.incarnation:
                return (
                    memory,
                    f"{step.node} believes {item}; the timer that fired is of incarnation {incarnation}",
                )
    return memory, None


def sets_timer_for(step: Step, member: str) -> bool:
    """Return whether the time of a suspect begins in this step."""
    timers = [effect.timer for effect in step.effects[: step.kept] if isinstance(effect, SetTimer)]
    return f"suspect:{member}" in timers


@law_with_memory(
    "everybody in turn",
    "Between two pings to a peer a member pings at most 2(n-1)-2 times another.",
    start=EMPTY,
)
def everybody_in_turn(memory: Map[str, Any], world: World) -> tuple[Map[str, Any], str | None]:
    """So a crash is noticed in bounded time (section 4.3 of the paper); pings for others do not count."""
    step = world.step
    if step is None or step.node not in world.names:
        return memory, None
    for effect in step.effects[: step.kept]:
        if (
            isinstance(effect, Send)
            and isinstance(effect.message, Ping)
            and effect.message.asker == step.node
        ):
            own = memory.get(step.node, EMPTY)
            number = effect.message.number
            bound = 2 * (len(world.names) - 1) - 1
            for peer in world.names:
                if peer != step.node and peer != effect.to and number - own.get(peer, 0) > bound:
                    return memory, f"{step.node} has not pinged {peer} in {bound + 1} periods"
            memory = memory.set(step.node, own.set(effect.to, number))
    return memory, None


SWIM_LAWS = (
    news_go_up,
    own_incarnation,
    time_to_refute,
    everybody_in_turn,
    crashed_are_faulty,
    alive_are_alive,
)
