"""Counting with quorums: which families meet, how surely one is up, how busy a server is, how long an answer takes.

A *family* is a tuple of quorums, each a tuple of server numbers from 0. Only its smallest quorums are listed, for
whoever has a quorum and one server more has a quorum. What could be said by a formula is counted here, set by set, so
that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import combinations, permutations
from math import comb, log10
from random import Random

from distsys.core.errors import ArgumentError, whole_number
from distsys.models.voting import quorums_of
from distsys.protocols.quorums import Quorums, grid

Quorum = tuple[int, ...]
Family = tuple[Quorum, ...]


def subsets(n: int) -> Family:
    """Return all sets of servers that are not empty, the small ones first.

    >>> subsets(2)
    ((0,), (1,), (0, 1))
    """
    return tuple(some for size in range(1, n + 1) for some in combinations(range(n), size))


def smallest(quorums: Iterable[Iterable[int]]) -> Family:
    """Return the quorums that contain no other one, sorted.

    >>> smallest([(0, 1), (0, 1, 2), (2,)])
    ((0, 1), (2,))
    """
    sets = {frozenset(quorum) for quorum in quorums}
    return tuple(sorted(tuple(sorted(one)) for one in sets if not any(other < one for other in sets)))


@cache
def families(n: int) -> tuple[Family, ...]:
    """Return all families of quorums of n servers; there are 1, 4, 18, 166 for n from 1 to 4.

    >>> families(2)
    (((0,),), ((0,), (1,)), ((0, 1),), ((1,),))
    """
    found: set[Family] = {()}
    for quorum in subsets(n):
        found |= {smallest((*family, quorum)) for family in found}
    return tuple(sorted(found - {()}))


def family_of(quorums: Quorums, phase: int) -> Family:
    """Return the smallest quorums of a phase, by asking about every set of the servers.

    >>> from distsys.protocols.quorums import grid
    >>> family_of(grid(("a", "b", "c", "d"), 2), 1)
    ((0, 1), (2, 3))
    """
    ask = quorums.is_phase1_quorum if phase == 1 else quorums.is_phase2_quorum
    names = quorums.names
    return smallest(some for some in subsets(len(names)) if ask([names[place] for place in some]))


def grid_of(n: int, columns: int) -> tuple[Family, Family]:
    """Return the rows and the columns of a grid of n servers.

    >>> grid_of(6, 3)
    (((0, 1, 2), (3, 4, 5)), ((0, 3), (1, 4), (2, 5)))
    """
    quorums = grid(tuple(f"n{number:02d}" for number in range(n)), columns)
    return family_of(quorums, 1), family_of(quorums, 2)


def meet(first: Family, second: Family) -> bool:
    """Return whether each quorum of the one family has a server in common with each of the other.

    >>> meet(((0, 1), (2, 3)), ((0, 2), (1, 3))), meet(((0, 1),), ((2,),))
    (True, False)
    """
    return all(set(one) & set(other) for one in first for other in second)


def partner(family: Family, n: int) -> Family:
    """Return the largest family that meets this one: the smallest sets that meet each of its quorums.

    >>> partner(((0, 1), (2,)), 3)
    ((0, 2), (1, 2))
    """
    return smallest(some for some in subsets(n) if meet((some,), family))


def shape(n: int, first: Family, second: Family) -> tuple[Family, Family]:
    """Return the same two families for all that differ only in the names of the servers.

    >>> shape(2, ((1,),), ((0, 1),))
    (((0,),), ((0, 1),))
    """
    renamed = (
        tuple(
            tuple(sorted(tuple(sorted(order[a] for a in quorum)) for quorum in family))
            for family in (first, second)
        )
        for order in permutations(range(n))
    )
    return min(renamed)  # type: ignore[return-value]  # two families each


def three_meet(n: int, classic: int, fast: int) -> bool:
    """Return whether any two fast quorums and any classic one have a server in common, by trying them all.

    >>> three_meet(4, 3, 3), three_meet(4, 2, 3)
    (True, False)
    """
    slow = [set(one) for one in combinations(range(n), classic)]
    first = set(range(fast))  # without loss of generality
    return all(first & set(other) & one for other in combinations(range(n), fast) for one in slow)


def fast_size(n: int, classic: int | None = None) -> int:
    """Return the smallest fast quorum that goes with a classic one of this size, by default a majority.

    >>> [fast_size(n) for n in range(3, 10)]
    [3, 3, 4, 5, 6, 6, 7]
    """
    classic = n // 2 + 1 if classic is None else classic
    return next(size for size in range(1, n + 1) if three_meet(n, classic, size))


def epaxos_fast_size(f: int) -> int:
    """Return the fast quorum of EPaxos with 2f + 1 replicas, the command leader included.

    >>> [epaxos_fast_size(f) for f in (1, 2, 3)]
    [2, 3, 5]
    """
    return f + (f + 1) // 2


def witnesses(f: int) -> int:
    """Return how many of any f + 1 replicas, without the command leader, were in its fast quorum, at least.

    >>> [witnesses(f) for f in (1, 2, 3)]
    [1, 1, 2]
    """
    others = range(2 * f)  # the command leader is down
    heard = set(range(epaxos_fast_size(f) - 1))
    return min(len(heard & set(asked)) for asked in combinations(others, f + 1))


def compared(f: int, q2: int = 2) -> list[tuple[str, int, int, int, int]]:
    """Return for each protocol, with 2f + 1 servers: its name, how many must promise, how many must vote.

    Then how many may be down: for a decision as it should be, and for the phase 1 that follows a crash.

    >>> compared(2)[1]
    ('Flexible Paxos', 4, 2, 3, 1)
    """
    n, half = 2 * f + 1, f + 1
    sizes = {
        "Paxos, Multi-Paxos": (half, half),
        "Flexible Paxos": (n + 1 - q2, q2),
        "Fast Paxos": (half, fast_size(n)),
        "EPaxos": (half, epaxos_fast_size(f)),
        "CASPaxos": (half, half),
    }
    return [
        (name, q1, vote, tolerated(quorums_of(n, vote), n), tolerated(quorums_of(n, q1), n))
        for name, (q1, vote) in sizes.items()
    ]


# How surely, how busy, how long.


def at_least(k: int, n: int, p: float) -> float:
    """Return the probability that at least k of n servers are up, each with probability p, independently.

    >>> round(at_least(2, 3, 0.99), 6), round(at_least(3, 5, 0.99), 8)
    (0.999702, 0.99999015)
    """
    return sum(comb(n, up) * p**up * (1 - p) ** (n - up) for up in range(k, n + 1))


def availability(family: Family, n: int, p: float) -> float:
    """Return the probability that all servers of some quorum are up, summed over all sets of servers.

    >>> round(availability(((0, 1), (0, 2), (1, 2)), 3, 0.99), 6)
    0.999702
    """
    return sum(
        p ** len(up) * (1 - p) ** (n - len(up))
        for up in subsets(n)
        if any(set(quorum) <= set(up) for quorum in family)
    )


def nines(p: float) -> float:
    """Return how many nines an availability has: 3 where it fails once in a thousand.

    >>> round(nines(0.999), 9)
    3.0
    """
    return -log10(1 - p)


def drawn(family: Family, n: int, p: float, draws: int, seed: int) -> float:
    """Return in which share of so many draws, each server up with probability p, some quorum was up.

    >>> abs(drawn(((0,), (1,)), 2, 0.5, 1000, seed=1) - 0.75) < 0.05
    True
    """
    dice = Random(seed)
    ups = ({server for server in range(n) if dice.random() < p} for _ in range(draws))
    return sum(any(up.issuperset(quorum) for quorum in family) for up in ups) / draws


def busiest(family: Family, n: int) -> float:
    """Return in which share of the decisions the busiest server takes part, if each quorum is asked equally often.

    >>> busiest(((0, 1), (0, 2), (1, 2)), 3)
    0.6666666666666666
    """
    return max(sum(server in quorum for quorum in family) for server in range(n)) / len(family)


def tolerated(family: Family, n: int) -> int:
    """Return how many servers may be down, whichever they are, and a quorum is still up.

    >>> tolerated(((0, 1), (0, 2), (1, 2)), 3)
    1
    """
    return min(len(one) for one in partner(family, n)) - 1


def kth_exponential(k: int, m: int, mean: float) -> tuple[float, float]:
    """Return the mean and the variance of the k-th smallest of m independent exponential times.

    >>> kth_exponential(1, 4, 8.0)
    (2.0, 4.0)
    """
    checked_place(k, m)
    waits = [mean / (m - i) for i in range(k)]
    return sum(waits), sum(wait * wait for wait in waits)


def kth_uniform(k: int, m: int, low: float, high: float) -> tuple[float, float]:
    """Return the mean and the variance of the k-th smallest of m independent times, uniform between low and high.

    >>> kth_uniform(1, 4, 0.0, 10.0)[0]
    2.0
    """
    checked_place(k, m)
    wide = high - low
    return low + wide * k / (m + 1), wide**2 * k * (m + 1 - k) / ((m + 1) ** 2 * (m + 2))


def checked_place(k: int, m: int) -> None:
    """Refuse a place that m times do not have; the 0-th is the beginning."""
    whole_number("m", m)
    whole_number("k", k)
    if k > m:
        raise ArgumentError(f"k must be at most m, {m}, but it is {k}")
