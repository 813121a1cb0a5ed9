"""Servers that fail and are repaired, simulated by events: when each is up, and when enough of them are.

A lane is a tuple of (from, to): the times in which something is up. Times are whole numbers of any unit; the pages
count seconds. Every draw comes from the package's dice, and durations from its exponential distribution, so a seed
gives the same lanes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import log
from typing import NamedTuple

from distsys.core.dice import GOLDEN, MASK, derive, mix
from distsys.core.errors import ArgumentError, shown, whole_number

HOUR, DAY = 3_600, 86_400
Lane = tuple[tuple[int, int], ...]
Uniform = Callable[[], float]
Draw = Callable[[Uniform], int]


class Measured(NamedTuple):
    """A mean over independent runs, and its standard error."""

    mean: float
    error: float

    def agrees(self, formula: float, errors: float = 4) -> bool:
        """Return whether a formula lies within so many standard errors.

        >>> Measured(1.0, 0.1).agrees(1.3), Measured(1.0, 0.1).agrees(1.5)
        (True, False)
        """
        return abs(self.mean - formula) <= errors * self.error


def measured(once: Callable[[int], float], seeds: int = 40) -> Measured:
    """Return the mean of `once(seed)` over so many seeds, and its standard error.

    >>> measured(lambda seed: float(seed % 2), seeds=4)
    Measured(mean=0.5, error=0.28867513459481287)
    """
    whole_number("seeds", seeds, at_least=2)
    values = [once(seed) for seed in range(seeds)]
    mean = sum(values) / seeds
    error = (sum((value - mean) ** 2 for value in values) / (seeds - 1) / seeds) ** 0.5
    return Measured(mean, error)


def uniform(seed: int, *labels: str | int) -> Uniform:
    """Return a source of numbers in [0, 1), for one use of a seed.

    >>> uniform(1, "a")() == uniform(1, "a")() != uniform(1, "b")()
    True
    """
    state = derive(seed, *labels)

    def draw() -> float:
        nonlocal state
        state = (state + GOLDEN) & MASK
        return (mix(state) >> 11) / (1 << 53)

    return draw


# Distributions of a duration, all with the same mean.


def exponential(mean: int) -> Draw:
    """Return a duration without memory, by the inverse of its distribution.

    >>> exponential(100)(lambda: 0.5)
    69
    """
    return lambda random: int(-mean * log(1 - random()))


def always(mean: int) -> Draw:
    """Return a duration that is the same each time.

    >>> always(5)(lambda: 0.3)
    5
    """
    return lambda random: mean


def mostly_short(mean: int) -> Draw:
    """Return a duration that is a tenth of the mean nine times in ten, and 9.1 times the mean else.

    >>> mostly_short(100)(lambda: 0.5), mostly_short(100)(lambda: 0.95)
    (10, 910)
    """
    return lambda random: mean // 10 if random() < 0.9 else mean * 91 // 10


# One server, by itself.


def life(random: Uniform, up: Draw, down: Draw, until: int) -> Lane:
    """Return when a server is up, which begins up: up for a drawn time, down for a drawn time, and so on.

    >>> life(uniform(1), always(9), always(1), 25)
    ((0, 9), (10, 19), (20, 25))
    """
    whole_number("until", until, at_least=1)
    lane, now = [], 0
    while now < until:
        end = now + up(random)
        lane.append((now, min(end, until)))
        now = end + down(random)
    return tuple(lane)


def lives(
    seed: int, n: int, mttf: int, mttr: int, until: int, *, down: Callable[[int], Draw] = exponential
) -> tuple[Lane, ...]:
    """Return the lanes of n servers that know nothing of each other, each repaired as soon as it fails."""
    return tuple(life(uniform(seed, "server", one), exponential(mttf), down(mttr), until) for one in range(n))


# Several.


def together(k: int, lanes: Sequence[Lane]) -> Lane:
    """Return when at least k of the lanes are up.

    >>> together(2, (((0, 5), (7, 9)), ((3, 8),)))
    ((3, 5), (7, 8))
    """
    whole_number("k", k, at_least=1)
    changes = sorted((at, -1 if i else 1) for lane in lanes for span in lane for i, at in enumerate(span))
    found: list[tuple[int, int]] = []
    count = 0
    begin = 0
    for at, by in changes:
        before, count = count, count + by
        if before < k <= count:
            begin = at
        elif count < k <= before and at > begin:
            if found and found[-1][1] == begin:  # it was gone for no time at all
                begin = found.pop()[0]
            found.append((begin, at))
    return tuple(found)


def share(lane: Lane, until: int) -> float:
    """Return the share of the time up to `until` in which a lane is up.

    >>> share(((0, 5), (7, 9)), 10)
    0.7
    """
    return sum(end - start for start, end in lane) / until


def outages(lane: Lane) -> tuple[int, ...]:
    """Return how long each outage between two times of work took.

    >>> outages(((0, 5), (7, 9), (10, 11)))
    (2, 1)
    """
    return tuple(start - end for (_, end), (start, _) in pairwise(lane))


# A group whose repairers are few.


def crew(
    seed: int,
    n: int,
    mttf: int,
    mttr: int,
    until: int,
    *,
    repairers: int,
    down: Callable[[int], Draw] = exponential,
) -> tuple[Lane, ...]:
    """Return the lanes of n servers that wait in line for a repairer, the first that failed first."""
    whole_number("repairers", repairers)
    random, up, repair = uniform(seed, "crew"), exponential(mttf), down(mttr)
    due: list[tuple[int, int, str]] = []
    for server in range(n):
        heappush(due, (up(random), server, "fails"))
    began: dict[int, int] = dict.fromkeys(range(n), 0)
    lanes: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    line: list[int] = []
    free = repairers
    while due and due[0][0] < until:
        now, server, what = heappop(due)
        if what == "fails":
            lanes[server].append((began.pop(server), now))
            line.append(server)
        else:
            began[server] = now
            free += 1
            heappush(due, (now + up(random), server, "fails"))
        while free and line:
            free -= 1
            heappush(due, (now + repair(random), line.pop(0), "works again"))
    for server, start in began.items():
        lanes[server].append((start, until))
    return tuple(tuple(lane) for lane in lanes)


def first_loss(seed: int, k: int, n: int, mttf: int, mttr: int, *, repairers: int = 1) -> int:
    """Return when fewer than k of n servers are up for the first time; all begin up.

    >>> first_loss(1, 1, 1, 100, 10, repairers=0) > 0
    True
    """
    if not 1 <= k <= n:
        raise ArgumentError(f"k must lie from 1 to n, but k is {shown(k)} and n is {shown(n)}")
    until = 50 * mttf
    while True:
        lane = together(k, crew(seed, n, mttf, mttr, until, repairers=repairers))
        if lane[0][1] < until:
            return lane[0][1]
        until *= 4


# A cause that they share.


def struck(
    seed: int, n: int, own: tuple[int, int], common: tuple[int, int], until: int
) -> tuple[tuple[Lane, ...], Lane]:
    """Return the lanes of n servers that a common cause takes down together, and the lane of its absence.

    `own` and `common` are (MTTF, MTTR): of each server by itself, and of the cause that takes all.
    """
    quiet = life(uniform(seed, "common"), exponential(common[0]), exponential(common[1]), until)
    return tuple(together(2, (lane, quiet)) for lane in lives(seed, n, *own, until)), quiet


def mean_share(lanes: Iterable[Lane], until: int) -> float:
    """Return the mean share of several lanes.

    >>> mean_share([((0, 5),), ((0, 10),)], 10)
    0.75
    """
    found = [share(lane, until) for lane in lanes]
    return sum(found) / len(found)


def in_days(lane: Lane) -> list[tuple[float, float]]:
    """Return a lane that counts seconds in days, for a picture.

    >>> in_days(((0, 43_200),))
    [(0.0, 0.5)]
    """
    return [(start / DAY, end / DAY) for start, end in lane]
