"""Causal broadcast: whoever hears an answer has heard the question.

Reliable broadcast says nothing of order, so a reply may overtake what it replies to. Each message therefore
carries a vector: how many messages of each process its sender had delivered before. A receiver that
lacks one of them holds the message back until it has come.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core import EMPTY, Map, Node, Note, Output, record
from distsys.core.systems import Sight, System
from distsys.core.trace import Step

from .broadcast import RETRY, TOLERATED, ReliableBroadcast, chatter, with_relay
from .broadcast_laws import CAUSAL_LAWS
from .broadcast_messages import Broadcast, Delivery
from .vectorclock import VectorClock


@record
class Stamped:
    """A body with its place in causal order: what its origin had delivered before, and this message."""

    vector: VectorClock
    body: Any


@record
class Waiting:
    """A message that has come and is not delivered yet."""

    origin: str
    stamped: Stamped


def is_next(vector: VectorClock, delivered: VectorClock, origin: str) -> bool:
    """Return whether a message of `origin` with this vector may be delivered where `delivered` has been.

    It is the next message of its origin, and all that its origin had delivered of others is there.

    >>> nothing, question = VectorClock(), VectorClock().tick("ann")
    >>> answer = question.tick("bob")
    >>> is_next(answer, nothing, "bob"), is_next(answer, question, "bob")
    (False, True)
    """
    return vector[origin] == delivered[origin] + 1 and all(
        count <= delivered[name] for name, count in vector.counts.items() if name != origin
    )


class CausalBroadcast(Node):
    """Delivers messages reliably, and each only after all messages that happened before it.

    State, all volatile: `delivered`, a vector that counts the messages delivered of each origin; the
    messages that are `waiting`, in the order in which they came.
    Messages: Stamped, by the embedded `reliable`. Timers: those of its links.
    Keeps: causal order, and all that reliable broadcast keeps.
    Assumes: what reliable broadcast assumes. A vector has an entry for each process that ever spoke.
    Leaves out: an order between concurrent messages; two processes may deliver them in two orders.
    Source: Birman, Schiper and Stephenson 1991 (the CBCAST protocol); Cachin, Guerraoui and Rodrigues 2011,
    algorithm 3.15 (Waiting Causal Broadcast).
    """

    declared = {"delivered": "delivered", "waiting": "waiting"}
    below: ClassVar[type[ReliableBroadcast]] = ReliableBroadcast

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], relay: bool = True
    ) -> None:
        super().__init__(name, disk)
        self.delivered = VectorClock()
        self.waiting: tuple[Waiting, ...] = ()
        self.embed("reliable", self.below(name, disk.under("reliable"), peers=peers, relay=relay))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Broadcast(body):
                self.on_broadcast(body)

    def on_broadcast(self, body: Any) -> None:
        """Stamp the body as our next message; our copy comes back at once, and the same rule lets it pass."""
        self.tell("reliable", Broadcast(Stamped(self.delivered.tick(self.name), body)))

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Delivery(origin, Stamped() as stamped):
                self.waiting = (*self.waiting, Waiting(origin, stamped))
                self.deliver_what_may()
                if any(waiting.stamped is stamped for waiting in self.waiting):
                    self.note(f"holds back {stamped.body!r} of {origin}")

    def deliver_what_may(self) -> None:
        """Deliver all that waits for nothing; each delivery may set free what came before it."""
        while ready := self.ready():
            first = ready[0]
            self.waiting = tuple(waiting for waiting in self.waiting if waiting != first)
            self.delivered = self.delivered.tick(first.origin)
            self.output(Delivery(first.origin, first.stamped.body))

    def ready(self) -> tuple[Waiting, ...]:
        """Return the messages that may be delivered now, in the order in which they came."""
        return tuple(w for w in self.waiting if is_next(w.stamped.vector, self.delivered, w.origin))


def held_back(step: Step) -> bool:
    """Return whether a message has to wait for an earlier one."""
    return any(isinstance(effect, Note) for effect in step.effects[: step.kept])


def set_free(step: Step) -> bool:
    """Return whether one message sets others free."""
    return sum(isinstance(effect, Output) for effect in step.effects[: step.kept]) > 1


CAUSAL = System(
    name="causal-broadcast",
    says="Reliable broadcast that delivers no answer before its question.",
    classes={"process": CausalBroadcast},
    members=with_relay,
    laws=CAUSAL_LAWS,
    options={"broadcasts": 12, "relay": True},
    workload=chatter,
    tolerates=TOLERATED,
    restarts=False,
    sights=(
        RETRY,
        Sight("held back", "A message waits for one that comes before it.", held_back),
        Sight("set free", "A message sets free what waited for it.", set_free),
    ),
)
