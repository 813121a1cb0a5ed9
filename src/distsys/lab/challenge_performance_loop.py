"""Retries as a loop: the share of attempts that fails decides the load, and the load decides the share that fails.

>>> [round(point, 2) for point in fixed_points(0.5)]
[0.0, 0.61, 1.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from distsys.core.units import S

from .challenge_performance_runs import ATTEMPTS, SERVICE_US, TIMEOUT_US, goodput, run

CAPACITY = S / SERVICE_US  # requests a second
ROOM = 150  # a queue of three seconds of work: far too long, but it ends
LEVEL_S = 10


def asked_per_request(fails: float, attempts: int = ATTEMPTS) -> float:
    """Return how often a request is asked on average, if each attempt fails with that probability.

    >>> asked_per_request(0), asked_per_request(0.5), asked_per_request(1)
    (1, 1.75, 3)
    """
    return sum(fails**number for number in range(attempts))


def fails_next(fails: float, load: float, attempts: int = ATTEMPTS) -> float:
    """Return which share of attempts fails at the load that such a share of failures makes.

    The server is taken for a queue of the kind M/M/1 that has come to rest; `load` is that of the new requests alone.
    """
    asked = load * CAPACITY * asked_per_request(fails, attempts)
    return math.exp(-(CAPACITY - asked) * TIMEOUT_US / S) if asked < CAPACITY else 1.0


def fixed_points(load: float, attempts: int = ATTEMPTS) -> list[float]:
    """Return the shares of failures that bring about themselves, in order."""
    grid = [number / 10_000 for number in range(10_001)]
    gaps = [fails_next(share, load, attempts) - share for share in grid]
    found = []
    for number in range(len(grid) - 1):
        low, high = grid[number], grid[number + 1]
        if (gaps[number] > 0) != (gaps[number + 1] > 0) and gaps[number + 1] != 0:
            for _ in range(40):
                middle = (low + high) / 2
                if (fails_next(middle, load, attempts) > middle) == (gaps[number] > 0):
                    low = middle
                else:
                    high = middle
            found.append(low)
    return [*found, 1.0] if gaps[-1] == 0 else found


@cache
def sweep(loads: Sequence[float], seed: int = 1) -> list[int]:
    """Return how many requests a second are answered at each load, one level after the other in one run.

    Each level lasts ten seconds, of which the last five count. The queue has room for three seconds of work.
    """
    gaps = tuple((number * LEVEL_S * S, round(SERVICE_US / load)) for number, load in enumerate(loads))
    trace = run(seed, len(loads) * LEVEL_S * S, gaps=gaps, limit=ROOM)
    good = goodput(trace)
    return [round(sum(good[end - 5 : end]) / 5) for end in range(LEVEL_S, len(good) + 1, LEVEL_S)]
