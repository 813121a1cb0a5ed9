"""Fast queues for statistics: one server, several servers, with intervals; times are in units of one mean service time.

    times = mean_times(0.9, seeds=range(20))
    middle, half = interval(times)                 # contains 1 / (1 - 0.9)

The nodes of `challenge_performance_cast` show single runs, step by step. Here a customer is two random numbers and a
line of arithmetic (the next one waits as long as this one and its service, less the gap between them), so that
hundreds of thousands of them are quick. A test holds the one against the other.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from heapq import heapreplace
from random import Random
from statistics import fmean, stdev

from distsys.core.errors import ArgumentError, UnknownNameError, shown

Draw = Callable[[Random], float]
T_99 = {10: 3.250, 20: 2.861}  # quantile 0.995 of Student's distribution, by the number of samples


def _uneven(random: Random) -> float:
    return 10.5 if random.random() < 0.05 else 0.5


# The services, each with mean 1, and the mean of its square.
SERVICES: dict[str, tuple[Draw, float]] = {
    "constant": (lambda random: 1.0, 1.0),
    "exponential": (lambda random: random.expovariate(1.0), 2.0),
    "one in 20 long": (_uneven, 0.95 * 0.5**2 + 0.05 * 10.5**2),
}
DISPATCH = ("one queue", "at random", "the shorter of two", "the shortest")


def service_of(name: str) -> tuple[Draw, float]:
    """Return how a service is drawn, and the mean of its square."""
    if name not in SERVICES:
        raise UnknownNameError(f"service must be one of {', '.join(SERVICES)}, but it is {shown(name)}")
    return SERVICES[name]


def checked_load(load: float) -> float:
    """Return a load at which a queue is stable."""
    if isinstance(load, bool) or not isinstance(load, (int, float)) or not 0 < load < 1:
        raise ArgumentError(f"load must be more than 0 and less than 1, but it is {shown(load)}")
    return load


def waits(gaps: Iterable[float], services: Iterable[float]) -> list[float]:
    """Return how long each customer waits, in order; the first comes after the first gap and finds nobody.

    >>> waits([5, 1, 1, 9], [4, 4, 4, 4])
    [0.0, 3.0, 6.0, 1.0]
    """
    found, left = [], 0.0
    for gap, service in zip(gaps, services, strict=True):
        left = max(0.0, left - gap)
        found.append(left)
        left += service
    return found


def mean_times(
    load: float, service: str = "exponential", *, seeds: Iterable[int] = range(20), customers: int = 20_000
) -> list[float]:
    """Return for each seed the mean time in the system, waiting and service; the first tenth is left out.

    >>> round(mean_times(0.5, seeds=[1])[0])
    2
    """
    checked_load(load)
    draw, _ = service_of(service)
    result = []
    for seed in seeds:
        random = Random(seed)
        wait = total = 0.0
        begin = customers // 10
        for number in range(customers):
            own = draw(random)
            if number >= begin:
                total += wait + own
            wait = max(0.0, wait + own - random.expovariate(load))
        result.append(total / (customers - begin))
    return result


def computed_time(load: float, service: str = "exponential") -> float:
    """Return the mean time in the system by the formula of Pollaczek and Khinchine.

    >>> round(computed_time(0.9), 6), round(computed_time(0.9, "constant"), 6)
    (10.0, 5.5)
    """
    _, square = service_of(service)
    return 1 + checked_load(load) * square / (2 * (1 - load))


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Return mean and half width of the 99 % interval of the mean of independent samples (10 or 20 of them).

    >>> middle, half = interval([1.0, 2.0] * 5)
    >>> middle, round(half, 2)
    (1.5, 0.54)
    """
    if len(samples) not in T_99:
        raise ArgumentError(f"samples must be 10 or 20 numbers, but there are {len(samples)}")
    return fmean(samples), T_99[len(samples)] * stdev(samples) / math.sqrt(len(samples))


def percentile(ranked: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted numbers such that at least that share of them is not greater.

    >>> percentile([10, 20, 30, 40], 0.5), percentile([10, 20, 30, 40], 0.99)
    (20, 40)
    """
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def farm(load: float, servers: int, dispatch: str, *, seed: int, customers: int = 10_000) -> float:
    """Return the mean time in the system with several servers, each of which is busy for that share of the time.

    dispatch  "one queue" for all, or a queue for each: chosen "at random", "the shorter of two" that are drawn at
              random, or "the shortest" of all

    The first quarter of the customers is left out, for all begins empty.
    """
    checked_load(load)
    if dispatch not in DISPATCH:
        raise UnknownNameError(f"dispatch must be one of {', '.join(DISPATCH)}, but it is {shown(dispatch)}")
    random = Random(seed)
    now = total = 0.0
    free = [0.0] * servers  # for one queue: when each server is free, as a heap
    leaves: list[deque[float]] = [deque() for _ in range(servers)]  # when those who are there will leave
    begin = customers // 4
    for number in range(customers):
        now += random.expovariate(load * servers)
        own = random.expovariate(1.0)
        if dispatch == "one queue":
            left = max(now, free[0]) + own
            heapreplace(free, left)
        else:
            queue = _chosen(leaves, dispatch, random, now)
            left = max(now, queue[-1] if queue else now) + own
            queue.append(left)
        if number >= begin:
            total += left - now
    return total / (customers - begin)


def one_queue_time(load: float, servers: int) -> float:
    """Return the mean time in the system with one queue for several servers and exponential work: Erlang's formula C.

    >>> round(one_queue_time(0.9, 1), 6), round(one_queue_time(0.9, 10), 3)
    (10.0, 1.669)
    """
    offered, lost = checked_load(load) * servers, 1.0
    for number in range(1, servers + 1):  # Erlang's formula B: the share that would be lost without a queue
        lost = offered * lost / (number + offered * lost)
    waits_at_all = lost / (1 - load * (1 - lost))
    return 1 + waits_at_all / (servers * (1 - load))


def _chosen(leaves: list[deque[float]], dispatch: str, random: Random, now: float) -> deque[float]:
    """Return the queue that a customer joins."""
    asked = {"at random": 1, "the shorter of two": 2}.get(dispatch, len(leaves))
    queues = random.sample(leaves, asked)
    for queue in queues:
        while queue and queue[0] <= now:
            queue.popleft()
    return min(queues, key=len)


def share_above(ranked: Sequence[float], value: float) -> float:
    """Return which share of sorted numbers is at least that value.

    >>> share_above([1, 2, 3, 4], 3)
    0.5
    """
    return 1 - bisect_left(ranked, value) / len(ranked)
