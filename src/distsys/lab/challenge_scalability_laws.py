"""Small models of work that is shared: tasks on workers, and pages that all must pass one lock.

    makespan([3, 1, 2], workers=2)
    pages_per_s(12, fetch=95.0, first=5.0, each=0.5)

All of it is computed; nothing waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heapreplace
from random import Random

from distsys.core.errors import ArgumentError, shown, whole_number


def makespan(tasks: Sequence[float], workers: int) -> float:
    """Return when the last task ends, if each worker that is free takes the next task of the list.

    >>> makespan([3, 1, 2], 2), makespan([1, 1, 1, 3], 3)
    (3, 4)
    """
    free: list[float] = [0] * whole_number("workers", workers, at_least=1)
    for task in tasks:
        heapreplace(free, free[0] + task)
    return max(free)


def drawn_tasks(count: int, seed: int) -> list[int]:
    """Return the lengths of so many tasks, from 1 to 9 ms.

    >>> drawn_tasks(5, 1)
    [3, 2, 5, 2, 8]
    """
    random = Random(seed)
    return [random.randint(1, 9) for _ in range(whole_number("count", count, at_least=1))]


def amdahl(workers: float, serial: float) -> float:
    """Return the speed-up, if this share of the time on *one* worker cannot be divided.

    >>> amdahl(4, 0.25)
    2.2857142857142856
    """
    return 1 / (serial + (1 - serial) / workers)


def gustafson(workers: float, serial: float) -> float:
    """Return the speed-up, if this share of the time on *all* workers cannot be divided.

    >>> gustafson(4, 0.25)
    3.25
    """
    return serial + (1 - serial) * workers


def pages_per_s(
    workers: int, *, fetch: float, first: float, each: float, together: bool = False, pages: int = 4_000
) -> float:
    """Return the pages a second of a modelled crawl; times are in ms.

    A worker fetches for `fetch` and then holds the lock for `first`, and `each` more for every other worker. The lock
    is given in the order in which it is asked for. `together` lets all begin each page at the same moment.

    >>> pages_per_s(1, fetch=8, first=2, each=1), pages_per_s(2, fetch=8, first=2, each=1, together=True)
    (100.0, 142.85714285714286)
    """
    if min(fetch, first, each) < 0 or fetch + first <= 0:
        raise ArgumentError(f"times must not be negative, but they are {shown((fetch, first, each))}")
    hold = first + each * (workers - 1)
    ready = [float(fetch)] * whole_number("workers", workers, at_least=1)
    heapify(ready)
    lock = 0.0  # free from then on
    rounds = max(2, -(-pages // workers))
    for number in range(1, rounds * workers + 1):
        begin = max(lock, ready[0])
        lock = begin + hold
        heapreplace(ready, lock + fetch)
        if together and number % workers == 0:
            ready = [lock + fetch] * workers
        if number == rounds // 2 * workers:
            half = lock  # what comes before is left out: there the queue finds its length
    return (rounds - rounds // 2) * workers * 1_000 / (lock - half)
