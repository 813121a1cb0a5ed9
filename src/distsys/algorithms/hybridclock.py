"""The hybrid logical clock: close to the clock on the wall, and yet never against the order of cause and effect.

It is a pair. `time` is the greatest reading of any physical clock that this event can have heard of; `count` tells
apart the events that share it. The pair is a pure value first, then a node whose every event is stamped.
"""

from __future__ import annotations

from typing import Any

from distsys.core import EMPTY, Map, Node, record
from distsys.core.errors import ArgumentError
from distsys.core.systems import Sight, System, alike
from distsys.core.trace import Step

from .clock_messages import Letter, Stamp, Talk, Work
from .clocks import RECEIPT, TOLERATED, letters
from .hybridclock_laws import HYBRID_LAWS

TIME_BITS, COUNT_BITS = 48, 16


@record
class HybridTime:
    """A reading of a hybrid clock: `time` in microseconds, and a `count` of events that share it.

    >>> HybridTime(5, 1) < HybridTime(5, 2) < HybridTime(6, 0)
    True
    """

    time: int
    count: int

    def __lt__(self, other: HybridTime) -> bool:
        """Return whether this reading is earlier: by time first, then by count."""
        return (self.time, self.count) < (other.time, other.count)

    def tick(self, now: int) -> HybridTime:
        """Return the clock after an event of its own, at which the physical clock shows `now`.

        >>> HybridTime(5, 1).tick(8), HybridTime(5, 1).tick(3)
        (HybridTime(time=8, count=0), HybridTime(time=5, count=2))
        """
        time = max(self.time, now)
        return HybridTime(time, self.count + 1 if time == self.time else 0)

    def receive(self, stamp: HybridTime, now: int) -> HybridTime:
        """Return the clock after the event that receives a message with this stamp.

        >>> HybridTime(5, 1).receive(HybridTime(9, 4), 7)
        HybridTime(time=9, count=5)
        """
        time = max(self.time, stamp.time, now)
        shared = [clock.count for clock in (self, stamp) if clock.time == time]
        return HybridTime(time, max(shared) + 1 if shared else 0)

    def packed(self) -> int:
        """Return 64 bits whose order as a number is the order of readings: 48 of time, then 16 of count.

        >>> hex(HybridTime(0xabc, 2).packed())
        '0xabc0002'
        """
        if not (0 <= self.time < 1 << TIME_BITS and 0 <= self.count < 1 << COUNT_BITS):
            raise ArgumentError(f"time must fit into 48 bits and count into 16, but the reading is {self}")
        return self.time << COUNT_BITS | self.count

    @classmethod
    def unpacked(cls, bits: int) -> HybridTime:
        """Return the reading that has been packed.

        >>> HybridTime.unpacked(0xabc0002)
        HybridTime(time=2748, count=2)
        """
        if not 0 <= bits < 1 << TIME_BITS + COUNT_BITS:
            raise ArgumentError(f"bits must be a number of 64 bits, but it is {bits}")
        return cls(bits >> COUNT_BITS, bits & (1 << COUNT_BITS) - 1)


NEVER = HybridTime(-1, -1)  # the clock of a process before its first event


class HybridClocked(Node):
    """Stamps each of its events with a time that grows along every chain of messages, close to its own clock.

    State: `clock` (durable: a physical clock that was set back must not take the stamps back with it).
    Messages: Letter, which carries the stamp of its sending. Timers: none.
    Keeps: the clock condition, whatever the physical clocks do; `time` is the greatest reading in the past.
    Assumes: what `LamportClock` assumes; nothing of the clocks. A bound on their skew bounds the distance.
    Leaves out: a refusal of stamps that lie far ahead, by which one broken clock drags all others along.
    Source: Kulkarni, Demirbas, Madappa, Avva and Leone 2014 (the clock HLC).
    """

    declared = {"clock": "clock"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.clock: HybridTime = disk.get("clock", NEVER)

    def on_start(self) -> None:
        self.stamp(self.tick())

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Work():
                self.stamp(self.tick())
            case Talk(to):
                self.stamp(self.tick())
                self.send(to, Letter(self.clock))
            case Letter(stamp):
                self.stamp(self.receive(stamp))

    def tick(self) -> HybridTime:
        """Return the time of an event of our own."""
        return self.clock.tick(self.now)

    def receive(self, stamp: HybridTime) -> HybridTime:
        """Return the time of a receipt."""
        return self.clock.receive(stamp, self.now)

    def stamp(self, time: HybridTime) -> None:
        """Set the clock, on disk before anyone can learn of it, and stamp the event with it."""
        self.clock = time
        self.persist(clock=time)
        self.output(Stamp(time))


def counts(step: Step) -> bool:
    """Return whether an event shares its time with the one before, because the physical clock is behind."""
    return any(isinstance(value, HybridTime) and value.count for value in stamps(step))


def stamps(step: Step) -> tuple[Any, ...]:
    """Return the times that a step gave."""
    outputs = (getattr(effect, "value", None) for effect in step.effects[: step.kept])
    return tuple(value.time for value in outputs if isinstance(value, Stamp))


HYBRID = System(
    name="hybrid-clock",
    says="Every event has a time close to that of the wall, and it grows along every chain of messages.",
    classes={"process": HybridClocked},
    members=alike(),
    laws=HYBRID_LAWS,
    options={"events": 30},
    workload=letters,
    tolerates=TOLERATED,
    sights=(
        RECEIPT,
        Sight("clock behind", "The physical clock lies behind the greatest reading heard of.", counts),
    ),
)
