"""Broken hybrid clocks: each forgets one half of what makes the pair both causal and close to the wall."""

from __future__ import annotations

from distsys.algorithms.hybridclock import HybridClocked, HybridTime
from distsys.core import Node
from distsys.core.systems import NodeMutant


class CountStandsStill(HybridClocked):
    """CLK-05: does not raise the count where the physical clock has not moved on."""

    def tick(self) -> HybridTime:
        return HybridTime(max(self.clock.time, self.now), 0)


class GoesBackWithTheWall(HybridClocked):
    """CLK-05b: takes the physical clock as it is for an event of its own, also where it was set back."""

    def tick(self) -> HybridTime:
        return HybridTime(self.now, self.clock.count + 1 if self.now == self.clock.time else 0)


class RunsAhead(HybridClocked):
    """HLC-01: counts in the time itself, as Lamport does."""

    def tick(self) -> HybridTime:
        return HybridTime(max(self.clock.time + 1, self.now), 0)

    def receive(self, stamp: HybridTime) -> HybridTime:
        return HybridTime(max(self.clock.time + 1, stamp.time + 1, self.now), 0)


class NeverBeginsAnew(HybridClocked):
    """HLC-02: counts on when the time moves."""

    def tick(self) -> HybridTime:
        return HybridTime(max(self.clock.time, self.now), self.clock.count + 1)


def mutant(id: str, title: str, kind: type[Node], breaks: str, source: str, story: str) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    return NodeMutant(id, title, "hybrid-clock", {"process": kind}, breaks, source, story, depth=4)


MUTANTS = (
    mutant(
        "CLK-05",
        "A count that stands still",
        CountStandsStill,
        "clock condition",
        "Kulkarni and others 2014; a clock step in cockroachdb/cockroach#31124",
        (
            "The clock of the wall has not moved on since the last event, or it was set back. The time stays "
            "where it was, as it should, but the count is not raised. Two events of one process get the same "
            "stamp, and nobody can tell which came first."
        ),
    ),
    mutant(
        "CLK-05b",
        "Back with the wall",
        GoesBackWithTheWall,
        "clock condition",
        "Kulkarni and others 2014; a clock step in cockroachdb/cockroach#31124",
        (
            "A process stamps its own events with the clock of the wall and does not compare it with the last "
            "stamp. Somebody sets the clock back, or a letter has come from a process whose clock is ahead. "
            "A later event gets an earlier stamp."
        ),
    ),
    mutant(
        "HLC-01",
        "A time that counts",
        RunsAhead,
        "greatest reading",
        "Kulkarni and others 2014 (the naive algorithm, without a count)",
        (
            "There is no count: every event adds one to the time, as Lamport's clock does. The order is right. "
            "But where events come faster than the clock ticks, or keep hearing of each other, the time runs "
            "ahead of every clock that there is, without any bound."
        ),
    ),
    mutant(
        "HLC-02",
        "A count that never begins anew",
        NeverBeginsAnew,
        "short count",
        "Kulkarni and others 2014 (the reset of c)",
        (
            "The count goes on when the time moves. The order is right, and nothing is noticed for long. But "
            "16 bits of count last for 65,536 events, and then the stamp no longer fits."
        ),
    ),
)
