"""Broadcast: one process speaks, all shall hear. Best-effort while it lives, reliable if it may crash.

Each layer is a node that embeds the layer below it and adds one promise:

    PerfectLinks            from one process to another, over a network that loses
    BestEffortBroadcast     to all; when the sender crashes, perhaps only to some
    ReliableBroadcast       to all correct processes or to none of them
    CausalBroadcast         and never an answer before its question (in `causal.py`)

All have the same interface: a request `Broadcast(body)`, an output `Delivery(origin, body)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from distsys.core import EMPTY, MS, Deliver, Dice, Map, Node, Output, Send, derive, record
from distsys.core.systems import Members, Request, Sight, System, alike
from distsys.core.trace import Step

from .broadcast_laws import BEST_EFFORT_LAWS, RELIABLE_LAWS
from .broadcast_messages import Broadcast, Delivery
from .links import Arrival, PerfectLinks, Post

TOLERATED = (  # nothing here is durable and nobody comes back, so faults of the disk add nothing
    *("loss", "duplicate", "reorder", "slow", "partition", "cut"),
    *("crash", "crash-in-step", "pause", "skew", "clock-step"),
)


class BestEffortBroadcast(Node):
    """Delivers what a correct process broadcasts at every correct process.

    State, all volatile: that of the embedded `links`, no more.
    Messages: those of the links, whose packets carry the body. Timers: theirs.
    Keeps: validity for all receivers, no duplication, no creation.
    Assumes: crash-stop processes, fair-loss links, and that a process broadcasts each body once.
    Leaves out: agreement. When the sender crashes, some may have delivered what others never will.
    Source: Cachin, Guerraoui and Rodrigues 2011, algorithm 3.1 (Basic Broadcast).
    """

    below: ClassVar[type[PerfectLinks]] = PerfectLinks

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.embed("links", self.below(name, disk.under("links")))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Broadcast(body):
                self.on_broadcast(body)

    def on_broadcast(self, body: Any) -> None:
        """Deliver to ourselves at once, and post a copy to each peer."""
        self.output(Delivery(self.name, body))
        for peer in self.peers:
            self.tell("links", Post(peer, body))

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Arrival(sender, body):
                self.output(Delivery(sender, body))


@record
class Copy:
    """A body with its origin and the number that the origin gave it; whoever passes it on keeps both."""

    origin: str
    number: int
    body: Any


class ReliableBroadcast(Node):
    """Delivers at every correct process what any correct process delivers, even if the sender crashed.

    State, all volatile: `number` of our last broadcast; `delivered` copies as (origin, number).
    Messages: Copy, by the embedded `best_effort`. Timers: those of its links.
    Keeps: validity, no duplication, no creation, agreement among correct processes.
    Assumes: crash-stop processes, any number of which may crash; fair-loss links.
    Leaves out: uniform agreement (a process may deliver and crash before its copies get through), and thrift:
    it passes on every message without waiting for a suspicion, so a broadcast costs n(n-1) packets.
    With `relay` off it does not pass on at all: fewer arrows in a picture, and agreement only while no
    sender crashes.
    Source: Cachin, Guerraoui and Rodrigues 2011, algorithm 3.3 (Eager Reliable Broadcast), and with the
    laws as Hadzilacos and Toueg 1994 state them.
    """

    declared = {"delivered": "delivered"}
    below: ClassVar[type[BestEffortBroadcast]] = BestEffortBroadcast

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], relay: bool = True
    ) -> None:
        super().__init__(name, disk)
        self.relay = relay
        self.number = 0
        self.delivered: frozenset[tuple[str, int]] = frozenset()
        self.embed("best_effort", self.below(name, disk.under("best_effort"), peers=peers))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Broadcast(body):
                self.on_broadcast(body)

    def on_broadcast(self, body: Any) -> None:
        """Broadcast the body under a new number; our own copy comes back to us at once."""
        self.number += 1
        self.tell("best_effort", Broadcast(Copy(self.name, self.number, body)))

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Delivery(_, Copy() as copy) if (copy.origin, copy.number) not in self.delivered:
                self.on_first(copy)

    def on_first(self, copy: Copy) -> None:
        """Deliver, and do for the others what a sender that has crashed cannot do any more."""
        self.delivered |= {(copy.origin, copy.number)}
        self.output(Delivery(copy.origin, copy.body))
        if self.relay and copy.origin != self.name:
            self.tell("best_effort", Broadcast(copy))


def chatter(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return requests of a lively group: broadcasts with distinct bodies, at random nodes, in bursts."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    at = 0
    for number in range(1, options["broadcasts"] + 1):
        name, dice = dice.choose(names)
        gap, dice = dice.choose((2 * MS, 15 * MS, 80 * MS))
        pause, dice = dice.below(gap)
        at += pause
        requests.append(Request(at, name, Broadcast(f"m{number}")))
    return tuple(requests)


def with_relay(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the members of a cluster whose nodes know their peers and whether to relay."""
    plain = alike()(names, options)
    return {name: (role, {**settings, "relay": options["relay"]}) for name, (role, settings) in plain.items()}


def sent_again(step: Step) -> bool:
    """Return whether a timer makes a node send."""
    return step.kind == "timeout" and any(isinstance(effect, Send) for effect in step.effects[: step.kept])


def by_relay(step: Step) -> bool:
    """Return whether a node delivers what it has from another than the origin."""
    return isinstance(step.event, Deliver) and any(
        isinstance(effect, Output)
        and isinstance(effect.value, Delivery)
        and effect.value.origin not in (step.event.sender, step.node)
        for effect in step.effects[: step.kept]
    )


RETRY = Sight("sent again", "A packet that was not acknowledged is sent again.", sent_again)
RELAY = Sight("relay came first", "A process delivers the copy of a relay.", by_relay)

BEST_EFFORT = System(
    name="best-effort-broadcast",
    says="Every correct process delivers what a correct process broadcasts.",
    classes={"process": BestEffortBroadcast},
    members=alike(),
    laws=BEST_EFFORT_LAWS,
    options={"broadcasts": 12},
    workload=chatter,
    tolerates=TOLERATED,
    restarts=False,
    sights=(RETRY,),
)

RELIABLE = System(
    name="reliable-broadcast",
    says="All correct processes deliver the same messages, even if a sender crashes half-way.",
    classes={"process": ReliableBroadcast},
    members=with_relay,
    laws=RELIABLE_LAWS,
    options={"broadcasts": 12, "relay": True},
    workload=chatter,
    tolerates=TOLERATED,
    restarts=False,
    sights=(RETRY, RELAY),
)
