"""TrueTime: a clock that says how wrong it may be, and what one gains by waiting that long.

`now()` is an interval that contains the true time, as long as the clock is off by at most `epsilon`. A server takes
the upper end as the timestamp of a transaction and tells nobody before the lower end has passed it: then the
timestamp certainly lies in the past, for everybody, and whoever begins later gets a greater one. Servers
exchange no message for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Deliver, Dice, Law, Map, Node, World, derive, law_with_memory, record
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.trace import Step

EPSILON = 7 * MS


@record
class Interval:
    """What TrueTime says: the true time lies between `earliest` and `latest`, both included."""

    earliest: int
    latest: int

    def after(self, time: int) -> bool:
        """Return whether this time has certainly passed.

        >>> Interval(3, 17).after(2), Interval(3, 17).after(3)
        (True, False)
        """
        return self.earliest > time


@record
class Begin:
    """Request: commit the transaction `transaction`, which begins now."""

    transaction: Any


@record
class Committed:
    """Output: the client is told that the transaction is committed, at this timestamp."""

    transaction: Any
    timestamp: int


class CommitServer(Node):
    """Gives each transaction a timestamp, and tells of it when the timestamp has certainly passed.

    State: `last` timestamp given (durable, so that none is given twice); `waiting` transactions as
    {transaction: timestamp}, lost in a crash: their clients are never told.
    Messages: Begin. Timer: wait, runs while a transaction waits.
    Keeps: external consistency: whoever begins after the answer to another gets a greater timestamp.
    Assumes: the clock is off by at most `epsilon`; `error_us` is by how much, which the code itself never uses but
    to read the clock.
    Leaves out: locks, replication and two-phase commit, below which Spanner does the same.
    Source: Corbett and others 2012, sections 3 and 4.1.2.
    """

    declared = {"last": "last", "waiting": "waiting"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, epsilon: int = EPSILON, error_us: int = 0
    ) -> None:
        super().__init__(name, disk)
        self.epsilon = epsilon
        self.error_us = error_us
        self.last: int = disk.get("last", 0)
        self.waiting: Map[Any, int] = Map()

    def clock(self) -> Interval:
        """Return the interval that contains the true time."""
        reading = self.now + self.error_us
        return Interval(reading - self.epsilon, reading + self.epsilon)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Begin(transaction):
                self.on_begin(transaction)

    def on_begin(self, transaction: Any) -> None:
        """Choose a timestamp that has not come yet for anybody, and wait for it to pass."""
        self.last = max(self.last + 1, self.clock().latest)
        self.persist(last=self.last)
        self.waiting = self.waiting.set(transaction, self.last)
        self.commit_what_may()

    def on_timeout(self, timer: str) -> None:
        self.commit_what_may()

    def wait_us(self, timestamp: int) -> int:
        """Commit-wait: return how long it takes until the timestamp has certainly passed; 0 where it has."""
        clock = self.clock()
        return 0 if clock.after(timestamp) else timestamp - clock.earliest + 1

    def commit_what_may(self) -> None:
        """Tell of the transactions whose wait is over, in the order of their timestamps; wait for the others."""
        for transaction, timestamp in sorted(self.waiting.items(), key=lambda item: item[1]):
            if wait := self.wait_us(timestamp):
                self.set_timer("wait", wait)
                return
            self.waiting = self.waiting.remove(transaction)
            self.output(Committed(transaction, timestamp))


@record
class Told:
    """What the law remembers: the greatest timestamp told of, and what each transaction found at its begin."""

    greatest: int = 0
    begun: Map[Any, int] = Map()


@law_with_memory(
    "external consistency",
    "A transaction that begins after the answer to another has a greater timestamp.",
    start=Told(),
)
def external_consistency(memory: Told, world: World) -> tuple[Told, str | None]:
    """Judged by the order of steps in the run, which is true time and known to no server (Corbett and others 2012)."""
    step = world.step
    greatest, begun = memory.greatest, memory.begun
    if isinstance(step.event, Deliver) and isinstance(step.event.message, Begin):
        asked = step.event.message.transaction
        begun = begun.set(asked, begun.get(asked, greatest))  # a step that hung is looked at twice
    for committed in outputs(step, Committed):
        before = begun.get(committed.transaction, 0)
        if committed.timestamp <= before:
            evidence = (
                f"{committed.transaction} has timestamp {committed.timestamp}, but when it began a client "
                f"had been told of one with {before}"
            )
            return memory, evidence
        greatest = max(greatest, committed.timestamp)
    return Told(greatest, begun), None


@law_with_memory("one timestamp each", "No server gives a timestamp twice.", start=Map())
def one_timestamp_each(memory: Map[Any, str], world: World) -> tuple[Map[Any, str], str | None]:
    """Also across its crashes."""
    for committed in outputs(world.step, Committed):
        place = (world.step.node, committed.timestamp)
        if place in memory:
            return memory, f"{place[0]} gives {place[1]} to {committed.transaction} and to {memory[place]}"
        memory = memory.set(place, committed.transaction)
    return memory, None


TRUETIME_LAWS: tuple[Law, ...] = (external_consistency, one_timestamp_each)


def errors(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return servers whose clocks are off by the shares of epsilon that `errors_percent` names, in turn."""
    shares = options["errors_percent"]
    epsilon = options["epsilon"]
    return {
        name: ("server", {"epsilon": epsilon, "error_us": epsilon * shares[place % len(shares)] // 100})
        for place, name in enumerate(names)
    }


def transactions(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return transactions at random servers, many of which begin just after another."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    at = 2 * options["epsilon"]
    for number in range(1, options["transactions"] + 1):
        pause, dice = dice.below(20 * MS)
        at += pause
        name, dice = dice.choose(names)
        requests.append(Request(at, name, Begin(f"T{number}")))
    return tuple(requests)


def waits(step: Step) -> bool:
    """Return whether a transaction is told of at the end of a wait."""
    return step.kind == "timeout" and bool(outputs(step, Committed))


TRUETIME = System(
    name="truetime",
    says="Timestamps of servers that never talk agree with the order in which clients see things happen.",
    classes={"server": CommitServer},
    members=errors,
    laws=TRUETIME_LAWS,
    options={"transactions": 30, "epsilon": EPSILON, "errors_percent": (100, -100, 30)},
    workload=transactions,
    # no fault of a clock beyond epsilon: that is what TrueTime promises
    tolerates=("crash", "crash-in-step", "disk-full", "pause", "stall"),
    variants={"errors_percent": ((100, -100, 30), (-100, 100), (0,), (60, -20, -100))},
    sights=(Sight("waits", "A client is told when the wait is over.", waits),),
)
