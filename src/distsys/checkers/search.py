"""The search: is there an order of the operations that the object allows? After Wing & Gong 1993 and Lowe 2017.

A *configuration* is what was placed so far and the state after it. From a configuration, each operation that may come
next gives another one. The search goes depth first and remembers where it has been, so that it never
looks at a configuration twice (Lowe). An `Order` says which operations may come next: by real time (linearizability) or
by each process alone (sequential consistency).

Operations whose answer was heard are *required*: the search ends when all of them are placed. Crashed operations
(`info`) are *optional*: they are placed where that helps and never because they are there. Three rules keep them,
and reads, from multiplying the work. Each keeps every verdict:

1. *Dominance.* Two configurations with the same required operations placed and the same state differ only in
   the crashed operations they used. If one used a subset of the other's, it can do all that the other can: what
   is not used is still there to be used. So the memo keeps, for (required placed, state), the smallest sets of
   used operations that were seen, and a configuration that used a superset of one of them is dropped. A crashed
   operation that changes nothing *now* is dropped by the same rule, and stays unused. To count it as done
   instead would be wrong, for it may change something later: a compare-and-set from 1 to 2 does nothing while
   the value is 0.
2. *Twins.* Of two crashed operations that ask the same, the one that was invoked first is used first.
3. *Reads at once.* A required operation that can change no state, in whatever state, is placed as soon as it may come
   next and its answer is right; nothing else is tried there. Any order that places it later still works without
   it there, and works with it here.

Before the search, a spec leaves out crashed operations that cannot help (`Spec.helpful`), such as a write of a value
that nobody ever saw.

In which order the next operations are tried changes no verdict, but may change the work: first those that keep the
state on the way to what a coming read saw, where the spec can tell (`Spec.leads`), then by their invokes. A crashed
operation may also be what brings the state on that way; of the required ones, which must all be placed, it may as well
be the last.

The cost is counted in steps: one for each time that the spec is asked. A search that has used up its steps gives
up, and that is the verdict UNKNOWN. There is no clock, so the same history gives the same verdict on every machine.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from ..core.errors import ArgumentTypeError, shown
from .history import Call
from .spec import Spec

AHEAD = 8  # coming reads that are looked at for a hint what to try first
Path = tuple[Any, ...]  # () or (path before, call): grows at the end and shares its beginning


class Order(Protocol):
    """Which operations may come next. A position says which required operations were placed."""

    required: tuple[Call, ...]
    optional: tuple[Call, ...]
    twins: tuple[int, ...]  # for each optional one, the set (bits) of its twins that go first

    def first(self) -> Hashable:
        """The position at the beginning."""

    def next(self, position: Any) -> tuple[Sequence[int], Sequence[int]]:
        """The required and the optional operations that may come next, as indexes."""

    def place(self, position: Any, index: int) -> Hashable:
        """The position after the required operation `index`."""

    def ahead(self, position: Any) -> Iterator[int]:
        """The required operations that come soon, those first that end first."""

    def count(self, position: Any) -> int:
        """How many required operations were placed."""


class RealTime:
    """The order of real time: an operation comes after all that had ended when it began.

    Required operations are numbered by their ends. A position is (n, rest): all before n were placed, n was not, and
    bit i of `rest` says whether n + i was. An operation may come next when it began before n ended.
    """

    def __init__(self, required: Sequence[Call], optional: Sequence[Call]) -> None:
        self.required = tuple(sorted(required, key=lambda call: call.end or 0))
        self.optional = tuple(sorted(optional, key=lambda call: call.start))
        self.twins = _twins(self.optional)
        starts = [call.start for call in self.optional]
        ends = [call.end or 0 for call in self.required]
        self._windows: list[list[int]] = [[] for _ in ends]
        for index, call in enumerate(self.required):
            for n in range(bisect_left(ends, call.start), index + 1):
                self._windows[n].append(index)
        for window in self._windows:
            window.sort(key=lambda index: self.required[index].start)
        self._optional = [range(bisect_left(starts, end)) for end in ends]

    def first(self) -> tuple[int, int]:
        """The position at the beginning."""
        return (0, 0)

    def next(self, position: tuple[int, int]) -> tuple[Sequence[int], Sequence[int]]:
        """The required and the optional operations that may come next, as indexes."""
        n, rest = position
        return [i for i in self._windows[n] if not rest >> (i - n) & 1], self._optional[n]

    def place(self, position: tuple[int, int], index: int) -> tuple[int, int]:
        """The position after the required operation `index`."""
        n, rest = position
        rest |= 1 << (index - n)
        while rest & 1:
            rest >>= 1
            n += 1
        return n, rest

    def count(self, position: tuple[int, int]) -> int:
        """How many required operations were placed."""
        return position[0] + position[1].bit_count()

    def ahead(self, position: tuple[int, int]) -> Iterator[int]:
        """The required operations that were not placed, by their ends."""
        n, rest = position
        return (i for i in range(n, len(self.required)) if not rest >> (i - n) & 1)


class ProgramOrder:
    """The order of each process alone: an operation comes after the earlier ones of its process.

    A position holds, for each process, how many of its required operations were placed. A crashed operation is the
    last of its process.
    """

    def __init__(self, required: Sequence[Call], optional: Sequence[Call]) -> None:
        self.required = tuple(required)
        self.optional = tuple(optional)
        self.twins = (0,) * len(self.optional)
        names = tuple(dict.fromkeys(call.process for call in (*required, *optional)))
        self._lanes = [[i for i, call in enumerate(required) if call.process == name] for name in names]
        self._lane_of = [names.index(call.process) for call in required]
        self._last: list[int | None] = [None] * len(names)
        for index, call in enumerate(optional):
            self._last[names.index(call.process)] = index

    def first(self) -> tuple[int, ...]:
        """The position at the beginning."""
        return (0,) * len(self._lanes)

    def next(self, position: tuple[int, ...]) -> tuple[Sequence[int], Sequence[int]]:
        """The required and the optional operations that may come next, as indexes."""
        required, optional = [], []
        for lane, done in enumerate(position):
            if done < len(self._lanes[lane]):
                required.append(self._lanes[lane][done])
            elif (last := self._last[lane]) is not None:
                optional.append(last)
        return sorted(required, key=lambda index: self.required[index].start), optional

    def place(self, position: tuple[int, ...], index: int) -> tuple[int, ...]:
        """The position after the required operation `index`."""
        lane = self._lane_of[index]
        return (*position[:lane], position[lane] + 1, *position[lane + 1 :])

    def count(self, position: tuple[int, ...]) -> int:
        """How many required operations were placed."""
        return sum(position)

    def ahead(self, position: tuple[int, ...]) -> Iterator[int]:
        """The next required operation of each process."""
        return iter(self.next(position)[0])


def _twins(optional: Sequence[Call]) -> tuple[int, ...]:
    """Return for each call the bits of those before it that ask the same."""
    seen: dict[Any, int] = {}
    twins = []
    for index, call in enumerate(optional):
        asks = (call.f, call.key, call.asked)
        twins.append(seen.get(asks, 0))
        seen[asks] = twins[-1] | 1 << index
    return tuple(twins)


@dataclass(frozen=True)
class Found:
    """What a search found: the calls it placed, in order, and whether these are enough.

    complete  all required calls were placed
    given_up  the steps were used up before the answer was known
    placed    the order that was found, or the longest one (by required calls) that the object allows
    state     the state after it
    missing   how many required calls were not placed
    stuck     those of them that may come next after `placed`
    """

    complete: bool
    given_up: bool
    steps: int
    placed: tuple[Call, ...]
    state: Any
    missing: int
    stuck: tuple[Call, ...]


def search(order: Order, spec: Spec, steps_max: int) -> Found:
    """Look for an order of all required calls of `order` that `spec` allows, in at most `steps_max` steps."""
    return _Search(order, spec, steps_max).run()


class _Search:
    """One search; its fields change as it goes."""

    def __init__(self, order: Order, spec: Spec, steps_max: int) -> None:
        self.order = order
        self.spec = spec
        self.steps = 0
        self.steps_max = steps_max
        self.reads = [spec.reads(call) for call in order.required]
        self.seen: dict[Any, list[int]] = {}
        self.best: tuple[int, Any, Any, Path] = (-1, None, None, ())

    def run(self) -> Found:
        order, goal = self.order, len(self.order.required)
        stack = [self._open(order.first(), 0, self.spec.initial, ())]
        while stack and self.best[0] < goal:
            try:
                child = next(stack[-1], None)
            except _UsedUpError:
                return self._found(given_up=True)
            if child is None:
                stack.pop()
            elif self._is_new(*child[:3]):
                stack.append(self._open(*child))
        return self._found(given_up=False)

    def _is_new(self, position: Any, used: int, state: Any) -> bool:
        """Remember a configuration; say no where one that used a subset of its crashed calls was seen."""
        try:
            sets = self.seen.get((position, state))
        except TypeError:
            raise ArgumentTypeError(
                f"apply of {self.spec.name!r} must return states that are hashable, but one is {shown(state)}"
            ) from None
        if sets is None:
            self.seen[(position, state)] = [used]
            return True
        for other in sets:
            if other & used == other:
                return False
        sets[:] = [other for other in sets if other & used != used]
        sets.append(used)
        return True

    def _open(self, position: Any, used: int, state: Any, path: Path) -> Iterator[tuple[Any, int, Any, Path]]:
        """Return the configurations that follow, and keep this one if it is the farthest so far."""
        count = self.order.count(position)
        if count > self.best[0]:
            self.best = (count, position, state, path)
        if count == len(self.order.required):
            return iter(())
        return self._following(position, used, state, path)

    def _following(
        self, position: Any, used: int, state: Any, path: Path
    ) -> Iterator[tuple[Any, int, Any, Path]]:
        order = self.order
        required, optional = order.next(position)
        later = []
        for index in required:
            call = order.required[index]
            if not self.reads[index]:
                later.append((index, call))
            elif self._step(state, call)[1]:
                yield order.place(position, index), used, state, (path, call)
                return
        coming = self._coming(position)
        soon = next((read for read in coming if self._may_lead(state, read)), None)
        for index, call, after in self._sorted(later, state, soon):
            yield order.place(position, index), used, after, (path, call)
        unused = ((index, order.optional[index]) for index in optional if self._may_use(used, index))
        for index, call, after in self._sorted(unused, state, soon or next(iter(coming), None)):
            yield position, used | 1 << index, after, (path, call)

    def _may_use(self, used: int, index: int) -> bool:
        """Return whether a crashed call was not used, and its twins before it were."""
        return not used >> index & 1 and not self.order.twins[index] & ~used

    def _may_lead(self, state: Any, read: Call) -> bool:
        """Return whether the state may grow into what the read saw, as far as the spec can tell."""
        return self.spec.leads is None or self.spec.leads(state, read)

    def _sorted(
        self, calls: Iterable[tuple[int, Call]], state: Any, soon: Call | None
    ) -> Iterator[tuple[int, Call, Any]]:
        """Yield those calls that are allowed here, with the next states; first what may lead to a coming read."""
        last = []
        for index, call in calls:
            after, legal = self._step(state, call)
            if not legal:
                continue
            if soon is None or self._may_lead(after, soon):
                yield index, call, after
            else:
                last.append((index, call, after))
        yield from last

    def _coming(self, position: Any) -> list[Call]:
        """Return the next few reads that are not placed, by their ends; none where no spec tells what leads there."""
        found: list[Call] = []
        ahead = self.order.ahead(position) if self.spec.leads is not None else ()
        for index in islice(ahead, 8 * AHEAD):
            if self.reads[index]:
                found.append(self.order.required[index])
                if len(found) == AHEAD:
                    break
        return found

    def _step(self, state: Any, call: Call) -> tuple[Any, bool]:
        if self.steps == self.steps_max:
            raise _UsedUpError
        self.steps += 1
        return self.spec.step(state, call)

    def _found(self, given_up: bool) -> Found:
        count, position, state, path = self.best
        missing = len(self.order.required) - max(count, 0)
        complete = not missing
        placed: list[Call] = []
        while path:
            path, call = path
            placed.append(call)
        stuck: tuple[Call, ...] = ()
        if not complete:
            stuck = tuple(self.order.required[i] for i in self.order.next(position)[0])
        return Found(
            complete, given_up and not complete, self.steps, tuple(placed[::-1]), state, missing, stuck
        )


class _UsedUpError(Exception):
    """The steps are used up."""
