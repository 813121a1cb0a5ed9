"""Logical clocks: time that is made of messages. Lamport's numbers, and vectors that know what is concurrent.

Both clocks are pure values first (Lamport's here, the vector in `vectorclock.py`), then a node each whose
every event is stamped. The events of such a node are its starts, the requests of clients, and the letters
it handles; each outputs a `Stamp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Deliver, Dice, Map, Node, derive
from distsys.core.systems import Request, Sight, System, alike
from distsys.core.trace import Step

from .clock_laws import LAMPORT_LAWS, VECTOR_LAWS
from .clock_messages import Letter, Stamp, Talk, Work
from .vectorclock import Order, VectorClock

__all__ = ["LAMPORT", "VECTOR", "LamportClock", "Order", "VectorClock", "VectorClocked", "receive", "tick"]

# Lamport's clock as a value: a whole number.


def tick(time: int) -> int:
    """Return the clock after one more event at its process (Lamport 1978, IR1).

    >>> tick(4)
    5
    """
    return time + 1


def receive(time: int, stamp: int) -> int:
    """Return the clock after the event that receives a message with this stamp (Lamport 1978, IR2).

    >>> receive(4, 9), receive(9, 4)
    (10, 10)
    """
    return tick(max(time, stamp))


# The clocks at work.


class LamportClock(Node):
    """Stamps each of its events with a number that grows along every chain of messages.

    State: `clock` (durable: a clock that starts anew would stamp a later event with a smaller number).
    Messages: Letter, which carries the stamp of its sending. Timers: none.
    Keeps: the clock condition: a -> b implies C(a) < C(b).
    Assumes: a disk that keeps what was persisted; any loss, doubling and delay of letters.
    Leaves out: the converse. C(a) < C(b) does not say that a happened before b.
    Source: Lamport 1978, rules IR1 and IR2.
    """

    declared = {"clock": "clock"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.clock: int = disk.get("clock", 0)

    def on_start(self) -> None:
        self.stamp(tick(self.clock))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Work():
                self.stamp(tick(self.clock))
            case Talk(to):
                self.stamp(tick(self.clock))
                self.send(to, Letter(self.clock))
            case Letter(stamp):
                self.stamp(receive(self.clock, stamp))

    def stamp(self, time: int) -> None:
        """Set the clock, on disk before anyone can learn of it, and stamp the event with it."""
        self.clock = time
        self.persist(clock=time)
        self.output(Stamp(time))


class VectorClocked(Node):
    """Stamps each of its events with a vector that says which events happened before it, and which did not.

    State: `clock` (durable, as for `LamportClock`).
    Messages: Letter, which carries the stamp of its sending. Timers: none.
    Keeps: the strong clock condition: a -> b if and only if V(a) < V(b).
    Assumes: what `LamportClock` assumes; names of processes are never used again by others.
    Leaves out: a bound on the size: a stamp has an entry for each process that ever took a step.
    Source: Fidge 1988; Mattern 1989.
    """

    declared = {"clock": "clock"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.clock: VectorClock = disk.get("clock", VectorClock())

    def on_start(self) -> None:
        self.stamp(self.clock.tick(self.name))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Work():
                self.stamp(self.clock.tick(self.name))
            case Talk(to):
                self.stamp(self.clock.tick(self.name))
                self.send(to, Letter(self.clock))
            case Letter(stamp):
                self.stamp(self.clock.receive(stamp, self.name))

    def stamp(self, time: VectorClock) -> None:
        """Set the clock, on disk before anyone can learn of it, and stamp the event with it."""
        self.clock = time
        self.persist(clock=time)
        self.output(Stamp(time))


def letters(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return requests at random nodes: one in four is work without a message, the others send a letter."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    at = 0
    for _ in range(options["events"]):
        pause, dice = dice.below(30 * MS)
        at += pause
        name, dice = dice.choose(names)
        others = tuple(other for other in names if other != name)
        kind, dice = dice.below(4)
        if kind == 0 or not others:
            requests.append(Request(at, name, Work()))
        else:
            to, dice = dice.choose(others)
            requests.append(Request(at, name, Talk(to)))
    return tuple(requests)


def gets_letter(step: Step) -> bool:
    """Return whether a letter arrives."""
    return isinstance(step.event, Deliver) and isinstance(step.event.message, Letter)


RECEIPT = Sight("receipt", "A letter arrives, so that two clocks have something to agree on.", gets_letter)

TOLERATED = (  # all but the loss of the disk, on which the clock stands
    *("loss", "duplicate", "reorder", "slow", "partition", "cut"),
    *("crash", "crash-in-step", "disk-full", "pause", "stall", "skew", "clock-step"),
)

LAMPORT = System(
    name="lamport-clock",
    says="Every event has a number, and it grows along every chain of messages.",
    classes={"process": LamportClock},
    members=alike(),
    laws=LAMPORT_LAWS,
    options={"events": 30},
    workload=letters,
    tolerates=TOLERATED,
    sights=(RECEIPT,),
)

VECTOR = System(
    name="vector-clock",
    says="Every event has a vector, and vectors compare exactly as events happened.",
    classes={"process": VectorClocked},
    members=alike(),
    laws=VECTOR_LAWS,
    options={"events": 30},
    workload=letters,
    tolerates=TOLERATED,
    sights=(RECEIPT,),
)
