"""Broken broadcasts, each a few lines on top of the correct class, and the law that each one breaks."""

from __future__ import annotations

from typing import Any

from distsys.algorithms.broadcast import BestEffortBroadcast, Copy, ReliableBroadcast
from distsys.algorithms.broadcast_laws import BEST_EFFORT_LAWS, CAUSAL_LAWS
from distsys.algorithms.broadcast_messages import Broadcast, Delivery
from distsys.algorithms.causal import CausalBroadcast, Stamped, Waiting
from distsys.algorithms.links import Ack, Arrival, Packet, PerfectLinks, Post
from distsys.core.systems import NodeMutant

from .catalogue import class_by_law

# Broken links, from which the broadcasts above them suffer.


class LinksThatSendOnce(PerfectLinks):
    """A lost packet stays lost."""

    def on_timeout(self, timer: str) -> None:
        self.note(f"gives up on {len(self.unacknowledged)} packets")


class LinksThatDeliverCopies(PerfectLinks):
    """Every copy of a packet is handed on."""

    def on_packet(self, sender: str, packet: Packet) -> None:
        self.send(sender, Ack(packet.number))
        self.output(Arrival(sender, packet.body))


# BEB: best-effort broadcast.


class SendsOnce(BestEffortBroadcast):
    """BEB-01: stands on links that do not send again."""

    below = LinksThatSendOnce


class DeliversCopies(BestEffortBroadcast):
    """BEB-02: stands on links that do not remember what has come."""

    below = LinksThatDeliverCopies


class NamesItself(BestEffortBroadcast):
    """BEB-03: says that the receiver broadcast what it received."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Arrival(_, body):
                self.output(Delivery(self.name, body))


class ForgetsItself(BestEffortBroadcast):
    """BEB-04: posts to its peers and does not deliver to itself."""

    def on_broadcast(self, body: Any) -> None:
        for peer in self.peers:
            self.tell("links", Post(peer, body))


# RB: reliable broadcast.


class DoesNotRelay(ReliableBroadcast):
    """RB-01: trusts the sender to reach everybody."""

    def on_first(self, copy: Copy) -> None:
        self.delivered |= {(copy.origin, copy.number)}
        self.output(Delivery(copy.origin, copy.body))


class ForgetsDelivered(ReliableBroadcast):
    """RB-02: remembers only what it delivered last, so an older copy that comes late is new again."""

    def on_first(self, copy: Copy) -> None:
        self.delivered = frozenset()
        super().on_first(copy)


class NamesTheRelay(ReliableBroadcast):
    """RB-03: takes whoever passed a copy on for its origin."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Delivery(sender, Copy(origin, number, body)) if (origin, number) not in self.delivered:
                self.on_first(Copy(sender, number, body))


class MarksTooEarly(ReliableBroadcast):
    """RB-04: marks a message of its own as delivered when it sends it, and then takes it for an old one."""

    def on_broadcast(self, body: Any) -> None:
        self.number += 1
        self.delivered |= {(self.name, self.number)}
        self.tell("best_effort", Broadcast(Copy(self.name, self.number, body)))


# CB: causal broadcast.


class DeliversAtOnce(CausalBroadcast):
    """CB-01: delivers what comes, when it comes."""

    def ready(self) -> tuple[Waiting, ...]:
        return self.waiting


class KeepsOnlyTheOrderOfEachSender(CausalBroadcast):
    """CB-02: waits for earlier messages of the same origin, and not for those that the origin had heard."""

    def ready(self) -> tuple[Waiting, ...]:
        return tuple(w for w in self.waiting if w.stamped.vector[w.origin] == self.delivered[w.origin] + 1)


class ForgetsToLookAgain(CausalBroadcast):
    """CB-03: looks at each message once, when it comes; what is held back then is held back for ever."""

    def deliver_what_may(self) -> None:
        for first in self.ready()[-1:]:
            self.waiting = tuple(waiting for waiting in self.waiting if waiting != first)
            self.delivered = self.delivered.tick(first.origin)
            self.output(Delivery(first.origin, first.stamped.body))


class StampsTooEarly(CausalBroadcast):
    """CB-04: counts its message as delivered before it is, so that it then waits for itself."""

    def on_broadcast(self, body: Any) -> None:
        self.delivered = self.delivered.tick(self.name)
        self.tell("reliable", Broadcast(Stamped(self.delivered, body)))


class KeepsWhatItDelivered(CausalBroadcast):
    """CB-05: leaves a delivered message in the buffer, and takes anything that is not too new for ready."""

    def deliver_what_may(self) -> None:
        for waiting in self.waiting:
            if self.delivered.tick(waiting.origin).covers(waiting.stamped.vector):
                self.delivered = self.delivered.merge(waiting.stamped.vector)
                self.output(Delivery(waiting.origin, waiting.stamped.body))


class NamesWhoeverIsLast(CausalBroadcast):
    """CB-06: names the origin of the message that came last for all that it set free."""

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Delivery(origin, Stamped() as stamped):
                self.waiting = (*self.waiting, Waiting(origin, stamped))
                while ready := self.ready():
                    self.waiting = tuple(waiting for waiting in self.waiting if waiting != ready[0])
                    self.delivered = self.delivered.tick(ready[0].origin)
                    self.output(Delivery(origin, ready[0].stamped.body))


class StandsOnBestEffort(CausalBroadcast):
    """CB-07: is causal, and stands on a broadcast that does not relay."""

    below = DoesNotRelay


def mutant(
    id: str, title: str, system: str, kind: type, breaks: str, source: str, story: str, seeds_max: int = 200
) -> NodeMutant:
    """Return the mutant that swaps the one class of a system."""
    klass = class_by_law(breaks, (*BEST_EFFORT_LAWS, *CAUSAL_LAWS))
    return NodeMutant(
        id, title, system, {"process": kind}, breaks, source, story, seeds_max=seeds_max, klass=klass
    )


CRASH_IN_A_BROADCAST = 1000  # the sender must crash between two sends: about 3 seeds in 200 do it


CACHIN = "Cachin, Guerraoui and Rodrigues 2011, "

MUTANTS = (
    mutant(
        "BEB-01",
        "Links that send once",
        "best-effort-broadcast",
        SendsOnce,
        "validity for all",
        CACHIN + "algorithm 2.1",
        (
            "The links send each packet once and forget it. A packet is lost, and when the timer fires "
            "nobody sends it again. A process that never crashed misses for ever what another one "
            "broadcast."
        ),
    ),
    mutant(
        "BEB-02",
        "Links without a memory",
        "best-effort-broadcast",
        DeliversCopies,
        "no duplication",
        CACHIN + "algorithm 2.2",
        (
            "The links do not remember which packets have come. The acknowledgement is late, the sender "
            "sends the packet again, and the receiver hands the same message to its application a second "
            "time."
        ),
    ),
    mutant(
        "BEB-03",
        "The receiver is taken for the sender",
        "best-effort-broadcast",
        NamesItself,
        "no creation",
        CACHIN + "algorithm 3.1",
        (
            "When a message comes, the receiver names itself as the sender. The application is told that a "
            "process said what it never said."
        ),
    ),
    mutant(
        "BEB-04",
        "The sender is left out",
        "best-effort-broadcast",
        ForgetsItself,
        "validity for all",
        CACHIN + "algorithm 3.1",
        (
            "The sender posts its message to its peers and not to itself. They deliver it. The author is "
            "one of the group as well, and never does."
        ),
    ),
    mutant(
        "RB-01",
        "Nobody passes a message on",
        "reliable-broadcast",
        DoesNotRelay,
        "agreement",
        CACHIN + "algorithm 3.3",
        (
            "A process delivers what comes and does not pass it on. The sender crashes when one peer has "
            "its message and the other has not. Nobody is left who would tell the other, so two correct "
            "processes differ for ever."
        ),
        CRASH_IN_A_BROADCAST,
    ),
    mutant(
        "RB-02",
        "Only the last delivery is remembered",
        "reliable-broadcast",
        ForgetsDelivered,
        "no duplication",
        CACHIN + "algorithm 3.3",
        (
            "Only the last delivered message is remembered. A process broadcasts two messages, and then a "
            "copy of the first comes back from a peer that passed it on. The first is no longer known, so "
            "it is delivered once more."
        ),
    ),
    mutant(
        "RB-03",
        "The relay is taken for the origin",
        "reliable-broadcast",
        NamesTheRelay,
        "no creation",
        CACHIN + "algorithm 3.3",
        (
            "A copy says who broadcast the message, but this code looks at who passed it on. The copy of "
            "the relay comes before that of the origin, and the message is delivered under the name of the "
            "relay, who never broadcast it."
        ),
    ),
    mutant(
        "RB-04",
        "Own messages count as delivered before they are",
        "reliable-broadcast",
        MarksTooEarly,
        "validity",
        "Hadzilacos and Toueg 1994",
        (
            "The sender marks its own message as delivered when it sends it. The copy that it sends to "
            "itself then looks like an old one and is dropped. All others deliver the message, and its "
            "author never does."
        ),
    ),
    mutant(
        "CB-01",
        "No waiting",
        "causal-broadcast",
        DeliversAtOnce,
        "causal order",
        "Birman, Schiper and Stephenson 1991",
        (
            "Each message is delivered when it comes, and nothing is held back. The second of two messages "
            "overtakes the first. The receiver delivers it alone, like a reply without its question, "
            "although its sender had delivered the first before."
        ),
    ),
    mutant(
        "CB-02",
        "First in, first out is not enough",
        "causal-broadcast",
        KeepsOnlyTheOrderOfEachSender,
        "causal order",
        "Birman, Schiper and Stephenson 1991",
        (
            "A message waits only for earlier ones of the same sender. One process asks, a second reads the "
            "question and answers, and the answer is the first to reach a third. Question and answer have "
            "different senders, so the third delivers an answer to nothing."
        ),
    ),
    mutant(
        "CB-03",
        "The buffer is looked at once",
        "causal-broadcast",
        ForgetsToLookAgain,
        "agreement",
        CACHIN + "algorithm 3.15",
        (
            "A message that must wait is looked at once, when it comes. The later of two messages comes "
            "first and is held back; then the earlier one comes and is delivered. Nobody looks at the one "
            "that waits again, so one process never delivers what the others have."
        ),
    ),
    mutant(
        "CB-04",
        "The clock ticks too early",
        "causal-broadcast",
        StampsTooEarly,
        "validity",
        CACHIN + "algorithm 3.15",
        (
            "The sender counts a message as delivered when it sends it. When its own copy comes, the count "
            "says that it is there already, and the copy is held back for ever. All others deliver the "
            "message, and its author never does."
        ),
    ),
    mutant(
        "CB-05",
        "What is delivered stays in the buffer",
        "causal-broadcast",
        KeepsWhatItDelivered,
        "no duplication",
        CACHIN + "algorithm 3.15",
        (
            "A delivered message stays in the buffer, and the test asks only that nothing before it is "
            "missing. When the next message comes the old one is tested again, passes, and is delivered a "
            "second time."
        ),
    ),
    mutant(
        "CB-06",
        "Whoever comes last signs for all",
        "causal-broadcast",
        NamesWhoeverIsLast,
        "no creation",
        CACHIN + "algorithm 3.15",
        (
            "All that a message sets free is delivered under the name of its sender. An answer waits for "
            "its question. The question comes at last, and both are delivered as the words of the one who "
            "asked, who never broadcast the answer."
        ),
    ),
    mutant(
        "CB-07",
        "Causal over best effort",
        "causal-broadcast",
        StandsOnBestEffort,
        "agreement",
        CACHIN + "algorithm 3.15",
        (
            "The order is kept, but the broadcast below does not pass messages on. The sender crashes when "
            "one peer has its message and the other has not. Two correct processes differ for ever, each of "
            "them in perfect order."
        ),
        CRASH_IN_A_BROADCAST,
    ),
)
