"""The laws of logical clocks, checked against what really happened before what.

The laws look at a run from outside: from the steps and their causes they derive, by the definition of Lamport
1978, which events happened before which, and then ask whether the stamps agree. They never use a stamp to
find the truth. An event whose step a crash cut off before its first effect left no trace on any disk, in
any message or output: it counts as not having happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core import ALWAYS, Deliver, Dice, Law, Map, World, derive, record
from distsys.core.events import Output

from .vectorclock import Order, VectorClock


@record
class Happened:
    """One event: the number of its step, where, its stamp, and the numbers of all events before it."""

    number: int
    node: str
    stamp: Any
    past: frozenset[int]


History = Map[int, Happened]
Judge = Callable[[Happened, Happened], str | None]


def event_of(world: World, history: History) -> Happened | None:
    """Return the event that was just handled, with its true past; None where nothing happened."""
    step = world.step
    if step.event is None or step.kept == 0:
        return None
    stamp = next((effect.value.time for effect in step.effects if isinstance(effect, Output)), None)
    past: frozenset[int] = frozenset()
    for cause in causes(step, history):
        past |= history[cause].past | {cause}
    return Happened(step.number, step.node, stamp, past)


def causes(step: Any, history: History) -> tuple[int, ...]:
    """Return the events just before this one: the last at its node, and the one that sent its message."""
    here = tuple(event.number for event in history.values() if event.node == step.node)[-1:]
    if isinstance(step.event, Deliver) and step.cause is not None and step.cause[0] in history:
        return (*here, step.cause[0])
    return here


def law_on_pairs(name: str, says: str, judge: Judge) -> Law:
    """Make a law of a function that judges each new event against each earlier one."""

    def fold(history: History, world: World) -> tuple[History, str | None]:
        event = event_of(world, history)
        if event is None:
            return history, None
        found = (judge(earlier, event) for earlier in history.values())
        return history.set(event.number, event), next((evidence for evidence in found if evidence), None)

    return Law(name, says, fold, ALWAYS, Map())


def told(event: Happened) -> str:
    """Return an event in a sentence of evidence."""
    stamp = dict(event.stamp.counts.items()) if isinstance(event.stamp, VectorClock) else event.stamp
    return f"step {event.number} at {event.node} (stamp {stamp})"


def number_grows(earlier: Happened, later: Happened) -> str | None:
    """Judge a pair by a -> b implies C(a) < C(b)."""
    if earlier.number in later.past and not earlier.stamp < later.stamp:
        return f"{told(earlier)} happened before {told(later)}, but its stamp is not smaller"
    return None


def vector_grows(earlier: Happened, later: Happened) -> str | None:
    """Judge a pair by a -> b implies V(a) < V(b)."""
    if earlier.number in later.past and earlier.stamp.compare(later.stamp) is not Order.BEFORE:
        return f"{told(earlier)} happened before {told(later)}, but its stamp is not smaller"
    return None


def vector_knows_concurrent(earlier: Happened, later: Happened) -> str | None:
    """Judge a pair by V(a) < V(b) implies a -> b, and likewise for the other order."""
    if earlier.number not in later.past and earlier.stamp.compare(later.stamp) is not Order.CONCURRENT:
        order = earlier.stamp.compare(later.stamp).value
        return f"{told(earlier)} and {told(later)} are concurrent, but their stamps say {order}"
    return None


LAMPORT_LAWS = (law_on_pairs("clock condition", "If a happened before b, then C(a) < C(b).", number_grows),)

VECTOR_LAWS = (
    law_on_pairs("clock condition", "If a happened before b, then V(a) < V(b).", vector_grows),
    law_on_pairs("concurrency", "Of concurrent events, neither vector is smaller.", vector_knows_concurrent),
)


# The same two laws for the value alone, without a run.


def history_of(kind: type[VectorClock], seed: int, events: int = 14) -> tuple[Happened, ...]:
    """Return a random history of three processes, stamped with clocks of this class; the past stands beside.

    An event either is local or receives the message that an earlier event of another process sent.
    """
    dice = Dice(derive(seed, "history"))
    happened: tuple[Happened, ...] = ()
    for number in range(1, events + 1):
        node, dice = dice.choose(("a", "b", "c"))
        here = [event for event in happened if event.node == node][-1:]
        others = [event for event in happened if event.node != node]
        local, dice = dice.below(2)
        clock = here[0].stamp if here else kind()
        if local or not others:
            happened += (Happened(number, node, clock.tick(node), past_of(here)),)
        else:
            sent, dice = dice.choose(others)
            stamp = clock.receive(sent.stamp, node)
            happened += (Happened(number, node, stamp, past_of([*here, sent])),)
    return happened


def past_of(before: list[Happened]) -> frozenset[int]:
    """Return the numbers of these events and of all before them."""
    return frozenset(number for event in before for number in (*event.past, event.number))


def verdicts(kind: type[VectorClock] = VectorClock, seeds: int = 20) -> dict[str, str | None]:
    """Return, for each law of the vector clock as a value, None while it holds or the first evidence.

    >>> verdicts()
    {'clock condition': None, 'concurrency': None}
    """
    result: dict[str, str | None] = {"clock condition": None, "concurrency": None}
    judges: dict[str, Judge] = {"clock condition": vector_grows, "concurrency": vector_knows_concurrent}
    for seed in range(seeds):
        events = history_of(kind, seed)
        for law, judge in judges.items():
            for place, later in enumerate(events):
                for earlier in events[:place]:
                    result[law] = result[law] or judge(earlier, later)
    return result
