"""A group with repair as a birth-death chain: how many servers are down, when at most so many are repaired at a time.

The state is d, how many are down. It goes up with rate (n - d) / MTTF, and down with rate min(d, repairers) / MTTR.
Assumes times to failure and to repair without memory; with as many repairers as servers the first alone would do.
"""

from __future__ import annotations

from collections.abc import Sequence

from distsys.core.errors import ArgumentError, shown, whole_number


def steady(n: int, mttf: float, mttr: float, repairers: int) -> tuple[float, ...]:
    """Return the share of time in which 0, 1, ... n servers are down, by the balance of neighbouring states.

    >>> [round(one, 3) for one in steady(1, 9, 1, 1)]
    [0.9, 0.1]
    """
    whole_number("n", n, at_least=1)
    whole_number("repairers", repairers, at_least=1)
    weights = [1.0]
    for down in range(n):
        fails, repaired = (n - down) / mttf, min(down + 1, repairers) / mttr
        weights.append(weights[-1] * fails / repaired)
    return tuple(weight / sum(weights) for weight in weights)


def balance_of(chain: Sequence[float], n: int, mttf: float, mttr: float, repairers: int) -> float:
    """Return the greatest net flow into any state of the chain, which is 0 in the steady state.

    >>> balance_of(steady(3, 9, 1, 1), 3, 9, 1, 1) < 1e-12
    True
    """

    def into(down: int) -> float:
        flow = 0.0
        if down > 0:
            flow += chain[down - 1] * (n - down + 1) / mttf - chain[down] * min(down, repairers) / mttr
        if down < n:
            flow += chain[down + 1] * min(down + 1, repairers) / mttr - chain[down] * (n - down) / mttf
        return flow

    return max(abs(into(down)) for down in range(n + 1))


def group(k: int, n: int, mttf: float, mttr: float, repairers: int) -> float:
    """Return how often at least k of n servers are up.

    >>> round(group(2, 3, 99, 1, 3), 6), round(group(2, 3, 99, 1, 1), 6)
    (0.999702, 0.9994)
    """
    return sum(steady(n, mttf, mttr, repairers)[: n - k + 1])


def mean_first_loss(k: int, n: int, mttf: float, mttr: float, repairers: int = 1) -> float:
    """Return the mean time until fewer than k of n are up, when all begin up; `repairers` 0 means no repair.

    The time from d servers down to d + 1 for the first time is h(d) = (1 + r h(d - 1)) / f, with r and f the rates of
    repair and failure there: wait, and if a repair comes first, come back and try again.

    >>> mean_first_loss(2, 3, 1_000, 10), round(mean_first_loss(2, 3, 1_000, 10, 0))
    (17500.0, 833)
    """
    if not 1 <= k <= n:
        raise ArgumentError(f"k must lie from 1 to n, but k is {shown(k)} and n is {shown(n)}")
    total = step = 0.0
    for down in range(n - k + 1):
        fails, repaired = (n - down) / mttf, min(down, repairers) / mttr
        step = (1 + repaired * step) / fails
        total += step
    return round(total, 9)
