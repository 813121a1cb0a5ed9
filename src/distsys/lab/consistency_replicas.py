"""A small replicated store whose replicas answer at once, and clients whose sessions may ask for more.

A replica answers from its own copy and tells the others afterwards. Of two writes to a key the one with the later stamp
stays, and a stamp is (count, name), as in Lamport's clocks. So all copies agree when all updates have arrived: eventual
consistency, and by itself nothing more.

A client that moves from one replica to another can see time run backwards. Against that it may carry two *version
vectors*, as Terry et al. 1994 describe: `wrote` covers its writes, `read` what its reads may have seen. It sends with
each request what the replica must have (`need`), and a replica that has less waits until it has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from distsys.checkers.sessions import (
    GUARANTEES,
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    READ_YOUR_WRITES,
    WRITES_FOLLOW_READS,
)
from distsys.core.errors import UnknownNameError, several, shown
from distsys.core.node import Node
from distsys.core.operations import INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

Vector = Map[str, int]
Step = tuple[int, str, str, Any, str]  # at which ms, "put" or "get", key, value, which replica


@record
class Put:
    """A client wants a replica that has what it needs to write a value."""

    key: str
    value: Any
    need: Vector = EMPTY


@record
class Get:
    """A client asks for a value."""

    key: str
    need: Vector = EMPTY


@record
class Done:
    """The value is written here; and what this replica has now."""

    has: Vector


@record
class Value:
    """What this copy holds, and what this replica has."""

    value: Any
    has: Vector


@record
class Update:
    """A write of one replica, for the others: its number there, its stamp, and what must come before it."""

    number: int
    key: str
    value: Any
    count: int
    need: Vector


def covers(has: Vector, need: Vector) -> bool:
    """Return whether a version vector has all that another one needs.

    >>> covers(Map({"north": 2}), Map({"north": 1})), covers(EMPTY, Map({"north": 1}))
    (True, False)
    """
    return all(has.get(name, 0) >= number for name, number in need.items())


def joined(one: Vector, two: Vector) -> Vector:
    """Return the least vector that covers both.

    >>> joined(Map({"north": 2}), Map({"north": 1, "south": 1})) == Map({"north": 2, "south": 1})
    True
    """
    for name, number in two.items():
        if number > one.get(name, 0):
            one = one.set(name, number)
    return one


class Replica(Node):
    """One copy of all keys.

    State: `held_values`, key -> (value, stamp); `has`, how many updates of each replica are in it; `waiting`, what
    must not be done yet, in order of arrival. Left out: crashes, and that an update is lost for good.
    """

    declared: ClassVar[dict[str, str]] = {"holds": "shown", "has": "has"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, others: tuple[str, ...] = ()) -> None:
        super().__init__(name, disk)
        self.others = others
        self.held_values: Map[str, tuple[Any, tuple[int, str]]] = EMPTY
        self.has: Vector = EMPTY
        self.count = 0
        self.waiting: tuple[tuple[str, Any], ...] = ()

    @property
    def shown(self) -> Map[str, Any]:
        """The values alone."""
        return Map({key: value for key, (value, _) in self.held_values.items()})

    def on_message(self, sender: str, message: Any) -> None:
        """Do what can be done, the new message last."""
        self.waiting = (*self.waiting, (sender, message))
        while ready := [pair for pair in self.waiting if self.may(*pair)]:
            self.waiting = tuple(pair for pair in self.waiting if pair is not ready[0])
            self.do(*ready[0])

    def may(self, sender: str, message: Any) -> bool:
        """Return whether all that a message needs is here; updates of one replica also wait for their turn."""
        if isinstance(message, Update) and message.number != self.has.get(sender, 0) + 1:
            return False
        return covers(self.has, message.need)

    def do(self, sender: str, message: Any) -> None:
        """Read, write, or take over a write."""
        match message:
            case Get(key):
                self.send(sender, Value(self.held_values.get(key, (None, (0, "")))[0], self.has))
            case Put(key, value, need):
                self.count += 1
                number = self.has.get(self.name, 0) + 1
                self.take(self.name, number, key, value, self.count)
                self.send(sender, Done(self.has))
                self.broadcast(self.others, Update(number, key, value, self.count, need))
            case Update(number, key, value, count, _):
                self.count = max(self.count, count)
                self.take(sender, number, key, value, count)

    def take(self, origin: str, number: int, key: str, value: Any, count: int) -> None:
        """Keep the later of two values, and note that this update is here."""
        if (count, origin) > self.held_values.get(key, (None, (0, "")))[1]:
            self.held_values = self.held_values.set(key, (value, (count, origin)))
        self.has = self.has.set(origin, number)


class Caller(Node):
    """A client that does its `steps`, one after the other: each at its time, or later, when the one before is answered.

    guarantees  which of the session guarantees it asks for; each adds one of the two vectors to reads or to writes
    """

    declared: ClassVar[dict[str, str]] = {"wrote": "wrote", "read": "read"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        steps: tuple[Step, ...] = (),
        guarantees: Iterable[str] = (),
    ) -> None:
        super().__init__(name, disk)
        self.steps = steps
        self.guarantees = tuple(several("guarantees", guarantees, "names of session guarantees"))
        for one in self.guarantees:
            if one not in GUARANTEES:
                raise UnknownNameError(
                    f"guarantees must be of {', '.join(GUARANTEES)}, but one is {shown(one)}"
                )
        self.wrote: Vector = EMPTY
        self.read: Vector = EMPTY
        self.place = 0

    def on_start(self) -> None:
        """Wait for the first step."""
        self.wait()

    def wait(self) -> None:
        """Wait until the next step is due."""
        if self.place < len(self.steps):
            self.set_timer("next", max(self.steps[self.place][0] * MS - self.now, 1))

    def on_timeout(self, timer: str) -> None:
        """Ask."""
        _, f, key, value, replica = self.steps[self.place]
        self.output(Operation(self.name, INVOKE, f, key, value, self.now))
        self.send(replica, Put(key, value, self.need_of(f)) if f == "put" else Get(key, self.need_of(f)))

    def need_of(self, f: str) -> Vector:
        """Return what a replica must have: the table of Terry et al. in four lines."""
        for_wrote, for_read = (
            (MONOTONIC_WRITES, WRITES_FOLLOW_READS) if f == "put" else (READ_YOUR_WRITES, MONOTONIC_READS)
        )
        need = self.wrote if for_wrote in self.guarantees else EMPTY
        return joined(need, self.read) if for_read in self.guarantees else need

    def on_message(self, sender: str, message: Any) -> None:
        """Hear the answer, note what it covers, and go on."""
        _, f, key, _, _ = self.steps[self.place]
        match message:
            case Done(has):
                self.wrote = joined(self.wrote, Map({sender: has.get(sender, 0)}))
                self.output(Operation(self.name, OK, f, key, None, self.now))
            case Value(value, has):
                self.read = joined(self.read, has)
                self.output(Operation(self.name, OK, f, key, value, self.now))
        self.place += 1
        self.wait()
