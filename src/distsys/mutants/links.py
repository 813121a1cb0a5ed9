"""Broken links that keep the order: each forgets, mixes up or is too early with one number."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.fifolinks import FifoLinks, Segment, Upto
from distsys.algorithms.link_laws import LINK_LAWS
from distsys.algorithms.links import Arrival
from distsys.core import EMPTY, Map
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law


class UsesNumbersAgain(FifoLinks):
    """LINK-01: does not count its starts, so a number of before the crash stands for something else after it."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk, peers=peers)
        self.incarnation = 1


class ForgetsMarks(FifoLinks):
    """LINK-02: keeps in memory only what has come."""

    def deliver(self, sender: str, mark: tuple[int, int], ready: tuple[Any, ...]) -> None:
        self.marks = self.marks.set(sender, mark)
        for body in ready:
            self.output(Arrival(sender, body))


class HandsOnFirst(FifoLinks):
    """LINK-03: hands on first and marks then."""

    def deliver(self, sender: str, mark: tuple[int, int], ready: tuple[Any, ...]) -> None:
        for body in ready:
            self.output(Arrival(sender, body))
        super().deliver(sender, mark, ())


class DoesNotWait(FifoLinks):
    """LINK-04: hands on what comes before its turn, and remembers that it did."""

    def on_segment(self, sender: str, segment: Segment) -> None:
        incarnation, number = self.marks.get(sender, (0, 0))
        new = segment.incarnation > incarnation or segment.number > number
        if new and (sender, segment.number) not in self.early:
            self.output(Arrival(sender, segment.body))
        super().on_segment(sender, segment)

    def deliver(self, sender: str, mark: tuple[int, int], ready: tuple[Any, ...]) -> None:
        super().deliver(sender, mark, ())


class JumpsOverGaps(FifoLinks):
    """LINK-05: takes the greatest number that has come for all that have come."""

    def on_segment(self, sender: str, segment: Segment) -> None:
        mark = self.marks.get(sender, (0, 0))
        if (segment.incarnation, segment.number) > mark:
            mark = (segment.incarnation, segment.number)
            self.deliver(sender, mark, (segment.body,))
        self.send(sender, Upto(*mark))


class HearsOlderSelves(FifoLinks):
    """LINK-06: begins anew for any incarnation that is another one, also an older one."""

    def on_segment(self, sender: str, segment: Segment) -> None:
        incarnation, _ = self.marks.get(sender, (0, 0))
        if segment.incarnation < incarnation:
            self.marks = self.marks.remove(sender)
        super().on_segment(sender, segment)


class SharesItsShelf(FifoLinks):
    """LINK-07: keeps what came early by its number alone, whoever sent it."""

    def on_segment(self, sender: str, segment: Segment) -> None:
        self.early = Map({(sender, number): body for (_, number), body in self.early.items()})
        super().on_segment(sender, segment)


def mutant(id: str, title: str, kind: type, breaks: str, source: str, story: str) -> NodeMutant:
    """Return the mutant that swaps the one class of the system."""
    klass = class_by_law(breaks, LINK_LAWS)
    return NodeMutant(id, title, "fifo-links", {"process": kind}, breaks, source, story, klass=klass)


CACHIN = "Cachin, Guerraoui and Rodrigues 2011, "

MUTANTS = (
    mutant(
        "LINK-01",
        "Numbers used again after a restart",
        UsesNumbersAgain,
        "reliable delivery",
        "RFC 9293, section 3.4",
        (
            "A process counts what it posts and does not count its starts. It crashes, comes back, and numbers "
            "from 1 again. The receiver has had these numbers already: it drops the new messages as copies, and "
            "acknowledges them. They are lost, and nobody notices."
        ),
    ),
    mutant(
        "LINK-02",
        "The receiver forgets what has come",
        ForgetsMarks,
        "no duplication",
        CACHIN + "algorithm 2.2",
        (
            "What has come is kept in memory only. A message arrives and is handed on; its acknowledgement is "
            "lost, or late. The receiver crashes and comes back, the sender sends again, and the message is "
            "handed on a second time."
        ),
    ),
    mutant(
        "LINK-03",
        "Handed on before it is marked",
        HandsOnFirst,
        "no duplication",
        "Saltzer, Reed and Clark 1984",
        (
            "The receiver hands a message on, and writes to its disk then that it has come. A crash between the "
            "two: the disk does not know of it, the sender sends again, and the message is handed on twice."
        ),
    ),
    mutant(
        "LINK-04",
        "No waiting for what is missing",
        DoesNotWait,
        "FIFO order",
        "RFC 9293, section 3.4",
        (
            "A message that comes before its turn is handed on at once. The first of two is lost and sent again, "
            "and the second has arrived meanwhile: the receiver gets them in the wrong order."
        ),
    ),
    mutant(
        "LINK-05",
        "The greatest number stands for all",
        JumpsOverGaps,
        "reliable delivery",
        "RFC 9293, section 3.4",
        (
            "The receiver remembers the greatest number that has come, and acknowledges all up to it. One was "
            "lost before it. The sender takes the acknowledgement for both and stops sending, so the lost one "
            "never arrives."
        ),
    ),
    mutant(
        "LINK-06",
        "An older self is heard",
        HearsOlderSelves,
        "FIFO order",
        "RFC 9293, section 3.4.3",
        (
            "The receiver begins a new count for any incarnation that differs from the last one. A packet from "
            "before the sender's crash comes late, after the sender's new messages, and is handed on after them. "
            "Had it come before as well, it would be handed on twice."
        ),
    ),
    mutant(
        "LINK-07",
        "One shelf for all senders",
        SharesItsShelf,
        "no creation",
        "our own, as the smallest bug of a number without its owner",
        (
            "What comes before its turn is kept by its number alone. The second message of one sender waits there. "
            "A copy of another sender's first comes, the receiver looks for that one's second, finds the other's, "
            "and hands it on in the wrong name."
        ),
    ),
)
