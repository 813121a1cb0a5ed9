"""The cells of a shared memory, and what a process may ask of one: read, write, compare-and-set, exchange.

A cell is a node that handles one operation at a time, so what it does is atomic: no other operation comes between
its look at the value and its change of it. Two kinds of memory are weaker. An `OverlappedCell` takes its time for a
write, and a read in the meantime may see what it likes (safe) or the old or the new value (regular). A `StoreBuffer`
holds back the writes of one process, as a processor does.
"""

from __future__ import annotations

from typing import Any

from distsys.core import EMPTY, MS, Map, Node
from distsys.core.errors import ArgumentError, shown
from distsys.core.values import record

SAFE, REGULAR = "safe", "regular"


@record
class Read:
    """Ask what is in the cell."""


@record
class Glimpse:
    """A read that meets a write in an `OverlappedCell`, and sees `value`."""

    value: Any


@record
class Write:
    """Put `value` into the cell, whatever is there."""

    value: Any


@record
class CompareAndSet:
    """Put `value` into the cell if `expected` is there; the answer is what was there."""

    expected: Any
    value: Any


@record
class Exchange:
    """Put `value` into the cell, whatever is there; the answer is what was there. With True: test-and-set."""

    value: Any


@record
class Answer:
    """What a process gets back: the value that was read or was there before; None after a write."""

    value: Any


@record
class Through:
    """An operation on the way through a store buffer to a cell."""

    cell: str
    operation: Any


@record
class Fence:
    """Answer when all writes of this process are in the memory."""


@record
class Fetch:
    """A store buffer passes a read on; the cell answers to `reader`."""

    reader: str


@record
class Store:
    """A store buffer lets go of a write; nobody waits for an answer."""

    value: Any


KIND_OF: dict[type, str] = {  # the kind of the step in a trace
    Read: "read",
    Glimpse: "read",
    Fetch: "read",
    Write: "write",
    Store: "write",
    CompareAndSet: "swap",
    Exchange: "swap",
}


class Cell(Node):
    """One cell of atomic memory. State: `value`. Answers each operation in the step in which it arrives."""

    declared = {"value": "value"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, value: Any = None) -> None:
        super().__init__(name, disk)
        self.value = value

    def choices(self, operation: Any) -> tuple[Any, ...]:
        """Return the operation in each form in which it may turn out now; an atomic cell leaves no choice."""
        return (operation,)

    def on_message(self, sender: str, message: Any) -> None:
        before = self.value
        match message:
            case Read():
                self.send(sender, Answer(before))
            case Fetch(reader):
                self.send(reader, Answer(before))
            case Write(value):
                self.value = value
                self.send(sender, Answer(None))
            case Store(value):
                self.value = value
            case CompareAndSet(expected, value):
                self.value = value if before == expected else before
                self.send(sender, Answer(before))
            case Exchange(value):
                self.value = value
                self.send(sender, Answer(before))


class OverlappedCell(Cell):
    """A safe or regular register: a write has a beginning and an end, and reads may come in between.

    State: `value`, and `coming`: writer -> the value that it is writing.
    A read that meets no write sees the value. One that meets a write sees anything of `domain` (safe), or the value
    before or one that is coming (regular). With several writers the last one that ends decides; Lamport's definitions
    have one writer only.
    A read is one step here. Nothing is lost by that: a longer read that meets a write has a moment in common with it.
    Source: Lamport 1986, part II.
    """

    declared = {"value": "value", "writing": "coming"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        value: Any = None,
        kind: str = SAFE,
        domain: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(name, disk, value=value)
        if kind not in (SAFE, REGULAR):
            raise ArgumentError(f"kind must be {SAFE!r} or {REGULAR!r}, but it is {shown(kind)}")
        self.kind = kind
        self.domain = domain
        self.coming: Map[str, Any] = EMPTY

    def choices(self, operation: Any) -> tuple[Any, ...]:
        """Return a read once for each value that it may see."""
        if not self.coming or not isinstance(operation, Read):
            return (operation,)
        seen = self.domain if self.kind == SAFE else (self.value, *self.coming.values())
        return tuple(Glimpse(value) for value in dict.fromkeys(seen))

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Write(value):
                self.coming = self.coming.set(sender, value)
                self.set_timer(f"end {sender}", 1 * MS)
            case Glimpse(value):
                self.send(sender, Answer(value))
            case Read():
                self.send(sender, Answer(self.value))
            case _:
                raise ArgumentError(f"{self.name} can be read and written, but it is asked {shown(message)}")

    def on_timeout(self, timer: str) -> None:
        writer = timer.removeprefix("end ")
        self.value = self.coming[writer]
        self.coming = self.coming.remove(writer)
        self.send(writer, Answer(None))


class StoreBuffer(Node):
    """The store buffer of one process, first in, first out: total store order.

    State: `waiting`, the writes that are not in the memory yet, as (cell, value), the oldest first.
    A write is answered at once and waits here. A read sees the newest waiting write to its cell, else the cell itself.
    Source: Sewell, Sarkar, Owens, Zappa Nardelli and Myreen 2010, without the lock that their memory has.
    """

    declared = {"waiting": "waiting"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, owner: str) -> None:
        super().__init__(name, disk)
        self.owner = owner
        self.waiting: tuple[tuple[str, Any], ...] = ()

    def choices(self, operation: Any) -> tuple[Any, ...]:
        """Return the operation: a buffer leaves no choice."""
        return (operation,)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Through(cell, Write(value)):
                self.waiting = (*self.waiting, (cell, value))
                self.set_timer("flush", 1 * MS)
                self.send(self.owner, Answer(None))
            case Through(cell, Read()):
                own = [value for name, value in self.waiting if name == cell]
                self.send(self.owner, Answer(own[-1])) if own else self.send(cell, Fetch(self.owner))
            case Fence():
                while self.waiting:
                    self.flush()
                self.cancel_timer("flush")
                self.send(self.owner, Answer(None))
            case _:
                raise ArgumentError(
                    f"{self.name} takes reads, writes and fences, but it gets {shown(message)}"
                )

    def on_timeout(self, timer: str) -> None:
        self.flush()
        if self.waiting:
            self.set_timer("flush", 1 * MS)

    def flush(self) -> None:
        """Let the oldest write go to its cell."""
        (cell, value), *rest = self.waiting
        self.waiting = tuple(rest)
        self.send(cell, Store(value))
