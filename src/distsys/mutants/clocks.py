"""Broken logical clocks: as nodes, whose runs break a law, and as values, whose comparison lies."""

from __future__ import annotations

from typing import Any

from distsys.algorithms import clock_laws
from distsys.algorithms.clock_messages import Letter, Stamp, Talk
from distsys.algorithms.clocks import LamportClock, VectorClocked, tick
from distsys.algorithms.vectorclock import Order, VectorClock
from distsys.core import Node, record
from distsys.core.systems import NodeMutant

from .catalogue import SubjectMutant


class ReceivesWithoutMaximum(LamportClock):
    """CLK-01: counts its own events, and does not look at the stamp of a letter."""

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Letter():
                self.stamp(tick(self.clock))
            case _:
                super().on_message(sender, message)


class ReceivesWithoutTick(LamportClock):
    """CLK-02: takes the maximum on receipt and does not add one."""

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Letter(stamp):
                self.stamp(max(self.clock, stamp))
            case _:
                super().on_message(sender, message)


class SendsBeforeTick(LamportClock):
    """CLK-02b: puts the clock into the letter before it counts the event that sends it."""

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Talk(to):
                self.send(to, Letter(self.clock - 1))
                self.stamp(tick(self.clock))
            case _:
                super().on_message(sender, message)


class ForgetsInACrash(LamportClock):
    """LAM-01: keeps its clock in memory only."""

    def stamp(self, time: int) -> None:
        self.clock = time
        self.output(Stamp(time))


class VectorWithoutMerge(VectorClocked):
    """VEC-01: counts its own events and does not learn from letters."""

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Letter():
                self.stamp(self.clock.tick(self.name))
            case _:
                super().on_message(sender, message)


class VectorCountsForOthers(VectorClocked):
    """VEC-02: counts the receipt of a letter as an event of the sender too."""

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Letter(stamp):
                self.stamp(self.clock.receive(stamp, self.name).tick(sender))
            case _:
                super().on_message(sender, message)


class VectorForgetsInACrash(VectorClocked):
    """VEC-03: keeps its clock in memory only."""

    def stamp(self, time: VectorClock) -> None:
        self.clock = time
        self.output(Stamp(time))


@record
class AnyIsEnough(VectorClock):
    """CLK-03: is before another as soon as any entry is smaller."""

    def compare(self, other: VectorClock) -> Order:
        """Return BEFORE where one entry is smaller, whatever the others say."""
        if self.counts == other.counts:
            return Order.EQUAL
        return Order.AFTER if self.covers(other) else Order.BEFORE


@record
class Lexicographic(VectorClock):
    """CLK-03b: compares entry by entry and stops at the first difference, as tuples do."""

    def compare(self, other: VectorClock) -> Order:
        """Return the order of the first entries that differ."""
        for name in sorted({*self.counts, *other.counts}):
            if self[name] != other[name]:
                return Order.BEFORE if self[name] < other[name] else Order.AFTER
        return Order.EQUAL


@record
class SharedEntriesOnly(VectorClock):
    """CLK-04: compares the entries that both have, as `zip` does; a newcomer's entry goes unseen."""

    def covers(self, other: VectorClock) -> bool:
        """Return whether no shared entry is smaller."""
        return all(self[name] >= count for name, count in other.counts.items() if name in self.counts)


def mutant(id: str, title: str, kind: type[Node], breaks: str, source: str, story: str) -> NodeMutant:
    """Return the mutant that swaps the one class of its system."""
    system = "lamport-clock" if issubclass(kind, LamportClock) else "vector-clock"
    klass, depth = ("U", 2) if id.startswith("CLK") else ("Q", 0)
    return NodeMutant(id, title, system, {"process": kind}, breaks, source, story, klass=klass, depth=depth)


MUTANTS = (
    mutant(
        "CLK-01",
        "Receive without the maximum",
        ReceivesWithoutMaximum,
        "clock condition",
        "Lamport 1978, IR2",
        (
            "A receiver counts its own events and does not look at the stamp of the letter. A process that "
            "has counted further writes to one that has not. The receipt gets a number that is no larger "
            "than that of the sending, although the sending came first."
        ),
    ),
    mutant(
        "CLK-02",
        "Receive without a tick",
        ReceivesWithoutTick,
        "clock condition",
        "Lamport 1978, IR2",
        (
            "The receiver takes the larger of the two numbers and does not add one. The receipt of a letter "
            "has the same number as its sending, so the numbers no longer say that the sending came first."
        ),
    ),
    mutant(
        "CLK-02b",
        "Send before the tick",
        SendsBeforeTick,
        "clock condition",
        "Lamport 1978, IR1",
        (
            "The sender puts its clock into the letter before it counts the sending. The letter carries the "
            "number of an earlier event, and the receiver counts on from there. The receipt gets a number "
            "that is no larger than that of the sending."
        ),
    ),
    mutant(
        "LAM-01",
        "A clock that is not on disk",
        ForgetsInACrash,
        "clock condition",
        "Lamport 1978 (crashes are our addition)",
        (
            "The clock stands in memory only. The process crashes, comes back, and counts from one again. "
            "An event after the crash has a number that an earlier event of the same process has already."
        ),
    ),
    mutant(
        "VEC-01",
        "A vector that does not learn",
        VectorWithoutMerge,
        "clock condition",
        "Mattern 1989",
        (
            "A receiver counts its own event and does not take over what the letter knows. Its vector lacks "
            "the sending, so the two look concurrent, although one caused the other."
        ),
    ),
    mutant(
        "VEC-02",
        "Counting for somebody else",
        VectorCountsForOthers,
        "concurrency",
        "Fidge 1988",
        (
            "A receiver counts the receipt as an event of the sender too. Its vector claims to know an "
            "event of the sender that has not happened yet. When the sender has its next event, the vectors "
            "put two events in order that know nothing of each other."
        ),
    ),
    mutant(
        "VEC-03",
        "A vector that is not on disk",
        VectorForgetsInACrash,
        "clock condition",
        "Mattern 1989 (crashes are our addition)",
        (
            "The vector stands in memory only. After a crash the process counts its events from one again. "
            "Two of its events have the same vector, and nobody can tell which came first."
        ),
    ),
    SubjectMutant(
        id="CLK-03",
        title="Any smaller entry makes it earlier",
        subject=AnyIsEnough,
        breaks="concurrency",
        source="Fidge 1988; Mattern 1989",
        story=(
            "A vector counts as earlier as soon as any entry is smaller, whatever the others say. Two "
            "writers change a value and do not know of each other. The vectors call one change older than "
            "the other, and a store that believes them drops it."
        ),
        system="vector-clock",
        verdicts=clock_laws.verdicts,
    ),
    SubjectMutant(
        id="CLK-03b",
        title="Vectors compared like words",
        subject=Lexicographic,
        breaks="concurrency",
        source="Fidge 1988; Mattern 1989",
        story=(
            "Vectors are compared entry by entry, and the first difference decides, as with words in a "
            "dictionary. What the other entries say is not read. Two concurrent events get an order that "
            "they do not have."
        ),
        system="vector-clock",
        verdicts=clock_laws.verdicts,
    ),
    SubjectMutant(
        id="CLK-04",
        title="Entries that one side lacks are ignored",
        subject=SharedEntriesOnly,
        breaks="clock condition",
        source="riak-users mailing list, April 2011 (a client without a vector clock)",
        story=(
            "Only entries that both vectors have are compared. A new process writes for the first time, and "
            "its entry is one that the other vector lacks. It goes unseen, so the update looks no newer "
            "than the value that it read."
        ),
        system="vector-clock",
        verdicts=clock_laws.verdicts,
    ),
)
