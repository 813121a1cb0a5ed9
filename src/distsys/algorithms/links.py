"""Links, one derived from the other: fair-loss, stubborn, perfect; links that keep the order are in `fifolinks`.

The network may lose, double, delay and overtake, but it is fair: what is sent again and again arrives at
last. Two old ideas make a perfect link of it (Cachin, Guerraoui and Rodrigues 2011, algorithms 2.1 and 2.2):
send again until an acknowledgement comes, and deliver a packet only the first time. Every broadcast in
this room stands on `PerfectLinks`, as a node that is embedded in a node. All links have the same interface:
a request `Post(to, body)`, an output `Arrival(sender, body)`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core import EMPTY, MS, Map, Node, record

RETRY = 50 * MS


@record
class Post:
    """Request: bring `body` to the process `to`."""

    to: str
    body: Any


@record
class Arrival:
    """Output: `body`, which `sender` posted, has come."""

    sender: str
    body: Any


@record
class Packet:
    """`body` on its way; the sender gives each packet a number of its own."""

    number: int
    body: Any


@record
class Ack:
    """The packet with this number has come."""

    number: int


class FairLossLinks(Node):
    """Sends each body once, and hands on whatever comes: all that the network does to a message is seen above.

    State, volatile: `number` of the last packet. Messages: Packet. Timers: none.
    Keeps: no creation. What is posted again and again arrives again and again, as far as the network is fair.
    Source: Cachin, Guerraoui and Rodrigues 2011, section 2.4.
    """

    declared: ClassVar[dict[str, str]] = {}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.number = 0

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Post(to, body):
                self.number += 1
                self.send(to, Packet(self.number, body))
            case Packet(_, body):
                self.output(Arrival(sender, body))


class StubbornLinks(Node):
    """Sends each body again and again, for ever, and hands on every copy.

    State, volatile: `posted`, all that was ever posted, as (to, packet). Messages: Packet. Timer: retry.
    Keeps: what a process that does not crash posts to another such one arrives infinitely often; no creation.
    Leaves out: an end, and so it keeps all messages and sends more and more of them.
    Source: Cachin, Guerraoui and Rodrigues 2011, algorithm 2.1 (Retransmit Forever).
    """

    declared: ClassVar[dict[str, str]] = {}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.posted: tuple[tuple[str, Packet], ...] = ()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Post(to, body):
                self.on_post(to, body)
            case Packet(_, body):
                self.output(Arrival(sender, body))

    def on_post(self, to: str, body: Any) -> None:
        """Send the body, and never stop."""
        if not self.posted:
            self.set_timer("retry", RETRY)
        self.posted = (*self.posted, (to, Packet(len(self.posted) + 1, body)))
        self.send(*self.posted[-1])

    def on_timeout(self, timer: str) -> None:
        for to, packet in self.posted:
            self.send(to, packet)
        self.set_timer("retry", RETRY)


class PerfectLinks(Node):
    """Brings each posted body to its receiver, once.

    State, all volatile: `number` of the last packet sent; `unacknowledged` packets as {number: (to, packet)};
    `received` packets as (sender, number).
    Messages: Packet, Ack. Timer: retry, runs while a packet is unacknowledged.
    Keeps: reliable delivery between correct processes, no duplication, no creation.
    Assumes: crash-stop processes (a restarted one would give old numbers to new packets) and fair-loss links.
    Leaves out: an end. It sends to a crashed process for ever, and never forgets a number it has received.
    Source: Cachin, Guerraoui and Rodrigues 2011, algorithms 2.1 (Retransmit Forever) and 2.2 (Eliminate
    Duplicates); the acknowledgement, which lets the sender stop, is added here.
    """

    declared = {"unacknowledged": "unacknowledged"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.number = 0
        self.unacknowledged: Map[int, tuple[str, Packet]] = Map()
        self.received: frozenset[tuple[str, int]] = frozenset()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Post(to, body):
                self.on_post(to, body)
            case Packet():
                self.on_packet(sender, message)
            case Ack(number):
                self.on_ack(number)

    def on_post(self, to: str, body: Any) -> None:
        """Send the body in a new packet, and remember to send it again."""
        self.number += 1
        packet = Packet(self.number, body)
        if not self.unacknowledged:
            self.set_timer("retry", RETRY)
        self.unacknowledged = self.unacknowledged.set(self.number, (to, packet))
        self.send(to, packet)

    def on_packet(self, sender: str, packet: Packet) -> None:
        """Acknowledge every copy, for the acknowledgement of another may be lost; deliver the first."""
        self.send(sender, Ack(packet.number))
        if (sender, packet.number) not in self.received:
            self.received |= {(sender, packet.number)}
            self.output(Arrival(sender, packet.body))

    def on_ack(self, number: int) -> None:
        """Stop sending this packet."""
        self.unacknowledged = self.unacknowledged.remove(number)
        if not self.unacknowledged:
            self.cancel_timer("retry")

    def on_timeout(self, timer: str) -> None:
        for to, packet in self.unacknowledged.values():
            self.send(to, packet)
        self.set_timer("retry", RETRY)
