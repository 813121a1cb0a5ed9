"""The vector clock as a value: a count of events for each process, and a comparison with four answers."""

from __future__ import annotations

import enum

from distsys.core import EMPTY, Map, record


@record
class Order(enum.Enum):
    """How one event stands to another."""

    BEFORE = "before"
    AFTER = "after"
    EQUAL = "equal"
    CONCURRENT = "concurrent"


@record
class VectorClock:
    """How many events of each process are known; who is not named has none (Fidge 1988; Mattern 1989).

    >>> ann = VectorClock().tick("ann")
    >>> bob = VectorClock().tick("bob")
    >>> ann.compare(bob)
    <Order.CONCURRENT: 'concurrent'>
    >>> ann.compare(bob.receive(ann, "bob"))
    <Order.BEFORE: 'before'>
    """

    counts: Map[str, int] = EMPTY

    def __getitem__(self, name: str) -> int:
        """Return how many events of `name` are known."""
        return self.counts.get(name, 0)

    def tick(self, name: str) -> VectorClock:
        """Return the clock after one more event at `name`."""
        return type(self)(self.counts.set(name, self[name] + 1))

    def merge(self, other: VectorClock) -> VectorClock:
        """Return the clock that knows what either knows: the greater count for each process."""
        return type(self)(self.counts.update({name: max(n, self[name]) for name, n in other.counts.items()}))

    def receive(self, stamp: VectorClock, name: str) -> VectorClock:
        """Return the clock after the event at `name` that receives a message with this stamp."""
        return self.merge(stamp).tick(name)

    def covers(self, other: VectorClock) -> bool:
        """Return whether this clock knows every event that the other knows."""
        return all(self[name] >= count for name, count in other.counts.items())

    def compare(self, other: VectorClock) -> Order:
        """Return how an event with this stamp stands to one with the other stamp."""
        match self.covers(other), other.covers(self):
            case True, True:
                return Order.EQUAL
            case False, True:
                return Order.BEFORE
            case True, False:
                return Order.AFTER
            case _:
                return Order.CONCURRENT
