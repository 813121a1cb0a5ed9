"""The laws of hybrid clocks: exact ones, which no trouble of the physical clocks can excuse.

What is often said, that the time stays close to the wall, follows from the second law and a bound on the skew: the
greatest reading in the past was read no later than now, so it is ahead of this clock by no more than the skew.
"""

from __future__ import annotations

from distsys.core import ALWAYS, Law, Map, World, record

from .clock_laws import Happened, History, event_of, law_on_pairs, number_grows, told

Read = Map[int, int]  # number of an event -> what the physical clock of its node showed


@record
class Seen:
    """What the laws remember: the events so far, and the readings of the clocks at them."""

    history: History = Map()
    read: Read = Map()


def law_on_pasts(name: str, says: str, judge: object) -> Law:
    """Make a law of a function that judges an event by the events before it and by the readings at them."""

    def fold(seen: Seen, world: World) -> tuple[Seen, str | None]:
        event = event_of(world, seen.history)
        if event is None:
            return seen, None
        read = seen.read.set(event.number, world.step.event.now)
        evidence = judge(event, seen.history, read)  # type: ignore[operator]
        return Seen(seen.history.set(event.number, event), read), evidence

    return Law(name, says, fold, ALWAYS, Seen())


def greatest(event: Happened, history: History, read: Read) -> str | None:
    """Judge an event by: its time is the greatest reading of a clock at it or at an event before it."""
    most = max(read[number] for number in (*event.past, event.number))
    if event.stamp.time != most:
        return f"{told(event)} should have the time {most}, the greatest reading in its past"
    return None


def counted(event: Happened, history: History, read: Read) -> str | None:
    """Judge an event by: its count is at most the number of events before it that have the same time."""
    same = sum(history[number].stamp.time == event.stamp.time for number in event.past)
    if event.stamp.count > same:
        return f"{told(event)} counts more than the {same} events in its past that share its time"
    return None


HYBRID_LAWS = (
    law_on_pairs(
        "clock condition", "If a happened before b, then the reading of a is smaller.", number_grows
    ),
    law_on_pasts("greatest reading", "The time is the greatest clock reading in the past.", greatest),
    law_on_pasts("short count", "The count is at most the number of earlier events with that time.", counted),
)
