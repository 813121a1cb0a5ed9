"""What waiting for more copies costs, and how often the nearest one is old: formulas, and runs beside them."""

from __future__ import annotations

import random
from math import exp

from distsys.checkers import History
from distsys.core.errors import whole_number
from distsys.core.units import MS

from .consistency_replicas import Step
from .consistency_runs import store_run


def waited_ms(
    runs: int, copies: int, wait_for: int, base_ms: float, mean_ms: float, seed: int = 1
) -> list[float]:
    """Return how long it took until so many of the copies had answered, in many tries.

    Each answers after `base_ms` and an exponential time with mean `mean_ms`, each by itself.
    """
    whole_number("wait_for", wait_for, at_least=1, at_most=copies)
    dice = random.Random(seed)
    return [
        base_ms + sorted(dice.expovariate(1 / mean_ms) for _ in range(copies))[wait_for - 1]
        for _ in range(runs)
    ]


def mean_wait_ms(copies: int, wait_for: int, base_ms: float, mean_ms: float) -> float:
    """Return the mean of that: of exponential times the k-th of n takes the sum of 1/i for i from n-k+1 to n.

    >>> round(mean_wait_ms(3, 2, 0, 6), 9)
    5.0
    """
    return base_ms + mean_ms * sum(1 / i for i in range(copies - wait_for + 1, copies + 1))


def share_old(writes_per_s: float, delay_ms: float) -> float:
    """Return how often a copy that hears of a write after `delay_ms` is old: there was a write within that time.

    >>> round(share_old(10, 40), 3)
    0.33
    """
    return 1 - exp(-writes_per_s * delay_ms / 1000)


def old_reads(writes_per_s: float, reads: int, seed: int = 1) -> int:
    """Return how many of so many reads in the south, 100 ms apart, missed the newest write of the north.

    The writes come at moments drawn by chance, so many in a second on average, each by a client of its own.
    """
    dice = random.Random(seed)
    times: list[int] = []
    now = 0.0
    while now < 100 * (reads + 1):
        now += dice.expovariate(writes_per_s) * 1000
        times.append(round(now) + 1)
    plan: dict[str, tuple[Step, ...]] = {
        f"w{number}": ((at, "put", "x", number, "north"),) for number, at in enumerate(times, 1)
    }
    plan["reader"] = tuple((100 * number, "get", "x", None, "south") for number in range(1, reads + 1))
    trace = store_run(plan, until_ms=100 * (reads + 1))
    events = History.of(trace).operations
    old = 0
    for call in History.of(trace).calls:
        if call.process == "reader":
            asked = events[call.start - 1].at
            written = [number for number, at in enumerate(times, 1) if at * MS <= asked]
            old += call.answer != (written[-1] if written else None)
    return old
