"""All small histories of a memory, judged by every model: which model allows what another forbids, counted.

A *program* is a history without its clock: for each process its reads and writes, in order. Only the order of each
process and what each read returned count in it, and that is all that most models look at. Linearizability looks at the
clock as well: `timings` gives every way in which the intervals of a program can lie to each other.

    w1 r2 | w2 r1

is a program of two processes: `w1` writes 1 to x, `r2` reads 2 from x, `r0` reads what was there at the beginning; on
the second key it is `W` and `R`. Two programs that differ only by the names of processes, keys or values are one. What
cannot happen in time is left out: that a read returns what is written only because of it, or later by its own process.

>>> [str(program) for program in programs(1)]
['r0', 'w1']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, permutations, product
from typing import Any

from distsys.checkers import CONSISTENCIES, History, linearizable, sequential
from distsys.core.errors import ArgumentError, shown, whole_number
from distsys.core.operations import INVOKE, OK, Operation

Op = tuple[str, str, int]  # "w" or "r", "x" or "y", the value; 0 is what was there at the beginning
Lanes = tuple[tuple[Op, ...], ...]
NAMES = ("ann", "bob", "cyd")
KEYS = ("x", "y")
LETTERS = {"w": ("w", "x"), "W": ("w", "y"), "r": ("r", "x"), "R": ("r", "y")}
MODELS = (
    "sequential",
    "causal-memory",
    "causal-convergence",
    "causal",
    "coherent",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
)


@dataclass(frozen=True, order=True)
class Program:
    """A history without its clock."""

    lanes: Lanes

    @classmethod
    def of(cls, text: str) -> Program:
        """Return the program that a text such as 'w1 r2 | w2 r1' shows.

        >>> Program.of("w1 | R0").lanes
        ((('w', 'x', 1),), (('r', 'y', 0),))
        """
        if not isinstance(text, str):
            raise ArgumentError(f"text must be a program such as 'w1 r2 | w2 r1', but it is {shown(text)}")
        lanes = []
        for lane in text.split("|"):
            words = lane.split()
            if not words or any(word[0] not in LETTERS or not word[1:].isdecimal() for word in words):
                raise ArgumentError(
                    f"a process does w, W, r or R, each with a number, but there is {shown(lane.strip())}"
                )
            lanes.append(tuple((*LETTERS[word[0]], int(word[1:])) for word in words))
        return cls(tuple(lanes))

    def __str__(self) -> str:
        return " | ".join(" ".join(map(_word, lane)) for lane in self.lanes)

    def __len__(self) -> int:
        return sum(map(len, self.lanes))

    def history(self, timing: tuple[int, ...] | None = None) -> History:
        """Return the history with a clock: `timing` names the process of each event; without one, all overlap."""
        events, done = [], [0] * len(self.lanes)
        for lane in timing or _all_overlap(self.lanes):
            place, ends = divmod(done[lane], 2)
            events.append(_event(NAMES[lane], self.lanes[lane][place], bool(ends)))
            done[lane] += 1
        return History(events)

    def only(self, key: str) -> Program:
        """Return what happened to one key."""
        lanes = (tuple(op for op in lane if op[1] == key) for lane in self.lanes)
        return Program(tuple(lane for lane in lanes if lane))


def _word(op: Op) -> str:
    letter = op[0] if op[1] == KEYS[0] else op[0].upper()
    return f"{letter}{op[2]}"


def _event(process: str, op: Op, ends: bool) -> Operation:
    kind, key, value = op
    told = kind == "w" if not ends else kind == "r"
    return Operation(process, OK if ends else INVOKE, "put" if kind == "w" else "get", key,
                     (value or None) if told else None)  # fmt: skip


def _all_overlap(lanes: Lanes) -> tuple[int, ...]:
    longest = max(map(len, lanes))
    return tuple(
        lane
        for place in range(longest)
        for _ in range(2)
        for lane in range(len(lanes))
        if place < len(lanes[lane])
    )


def programs(count: int, processes: int = 3) -> tuple[Program, ...]:
    """Return all programs of so many operations on at most so many processes and two keys, sorted.

    >>> [len(programs(count)) for count in (1, 2, 3)]
    [2, 16, 114]
    """
    whole_number("count", count, at_least=1, at_most=5)
    whole_number("processes", processes, at_least=1, at_most=3)
    return _programs(count, processes)


@cache
def _programs(count: int, processes: int) -> tuple[Program, ...]:
    found: set[Lanes] = set()
    for shape in _shapes(count, processes):
        for kinds in product("wr", repeat=count):
            for rest in product(KEYS, repeat=count - 1):
                filled = _filled(shape, kinds, (KEYS[0], *rest))
                found.update(_smallest(lanes) for lanes in filled if _can_happen(lanes))
    return tuple(map(Program, sorted(found)))


def _shapes(count: int, processes: int, most: int = 9) -> Iterator[tuple[int, ...]]:
    """Yield how many operations each process does, the busiest first."""
    if not count:
        yield ()
    elif processes:
        for first in range(min(count, most), 0, -1):
            for rest in _shapes(count - first, processes - 1, first):
                yield (first, *rest)


def _filled(shape: tuple[int, ...], kinds: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[Lanes]:
    """Yield the programs of a shape: writes are numbered, reads return any write to their key, or nothing."""
    values, writes = [], 0
    for kind in kinds:
        if kind == "w":
            writes += 1
            values.append([writes])
        else:
            values.append([0])
    numbers = [value[0] for value in values]
    for place, (kind, key) in enumerate(zip(kinds, keys, strict=True)):
        if kind == "r":
            values[place] += [
                n for n, k, o in zip(numbers, kinds, keys, strict=True) if k == "w" and o == key
            ]
    for chosen in product(*values):
        ops = iter(zip(kinds, keys, chosen, strict=True))
        yield tuple(tuple(next(ops) for _ in range(size)) for size in shape)


def _can_happen(lanes: Lanes) -> bool:
    """Return whether the operations have an order in which each value is written before it is read."""
    done, written = [0] * len(lanes), {0}
    while True:
        ready = [
            lane
            for lane, place in enumerate(done)
            if place < len(lanes[lane]) and (lanes[lane][place][0] == "w" or lanes[lane][place][2] in written)
        ]
        if not ready:
            return all(place == len(lane) for place, lane in zip(done, lanes, strict=True))
        for lane in ready:
            kind, _, value = lanes[lane][done[lane]]
            done[lane] += 1
            if kind == "w":
                written.add(value)


def _smallest(lanes: Lanes) -> Lanes:
    """Return the one of all namings of a program that sorts first."""
    return min(_renamed(order) for order in permutations(lanes) if _falls(order))


def _falls(lanes: Lanes) -> bool:
    return all(len(one) >= len(two) for one, two in pairwise(lanes))


def _renamed(lanes: Lanes) -> Lanes:
    keys: dict[str, str] = {}
    values = {0: 0}
    for lane in lanes:
        for kind, key, value in lane:
            if key not in keys:
                keys[key] = KEYS[len(keys)]
            if kind == "w":
                values[value] = len(values)
    return tuple(tuple((kind, keys[key], values[value]) for kind, key, value in lane) for lane in lanes)


@cache
def timings(program: Program) -> tuple[tuple[int, ...], ...]:
    """Return every way in which the intervals can lie, one for each relation of what ended before what began.

    >>> len(timings(Program.of("w1 | r0")))
    3
    """
    found: dict[Any, tuple[int, ...]] = {}
    left = [2 * len(lane) for lane in program.lanes]

    def go_on(timing: tuple[int, ...]) -> None:
        if not any(left):
            calls = program.history(timing).calls
            relation = frozenset(
                (str(one), str(two))
                for one in calls
                for two in calls
                if one.process != two.process and one.before(two)
            )
            found.setdefault(relation, timing)
            return
        for lane, events in enumerate(left):
            if events:
                left[lane] -= 1
                go_on((*timing, lane))
                left[lane] += 1

    go_on(())
    return tuple(found.values())


def coherent(program: Program) -> bool:
    """Return whether each key, taken alone, is sequentially consistent."""
    return all(sequential(part.history(), "key-value").ok for key in KEYS if len(part := program.only(key)))


@cache
def allowed(program: Program) -> frozenset[str]:
    """Return the names of the models that allow a program.

    >>> sorted(allowed(Program.of("w1 r0")))
    ['monotonic-reads', 'monotonic-writes', 'writes-follow-reads']
    """
    history = program.history()
    judges: dict[str, Callable[..., Any]] = {
        name: CONSISTENCIES[name] for name in MODELS if name != "coherent"
    }
    found = {name for name, judge in judges.items() if judge(history, "key-value").ok}
    return frozenset(found | ({"coherent"} if coherent(program) else set()))


def family(most: int, processes: int = 3) -> tuple[Program, ...]:
    """Return all programs of at most so many operations, short ones first."""
    return tuple(program for count in range(1, most + 1) for program in programs(count, processes))


def between(stronger: str, weaker: str, most: int) -> tuple[Program, ...]:
    """Return the programs that `weaker` allows and `stronger` forbids, short ones first.

    >>> str(between("read-your-writes", "monotonic-reads", 2)[0])
    'w1 r0'
    """
    return tuple(p for p in family(most) if weaker in allowed(p) and stronger not in allowed(p))


def linearizable_timings(program: Program) -> tuple[int, int]:
    """Return with how many of its timings a program is linearizable, and how many timings there are.

    >>> linearizable_timings(Program.of("w1 | r0"))
    (2, 3)
    """
    all_of = timings(program)
    return sum(linearizable(program.history(timing), "key-value").ok for timing in all_of), len(all_of)
