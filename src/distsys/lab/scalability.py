"""The universal scalability law: fitted to measured throughput by least squares, with the standard library alone.

    fit = fitted([(1, 90.9), (2, 100.0), (4, 198.0)])
    fit.rate, fit.contention, fit.coherency, fit.peak

The law (Gunther 2008) says that N clients reach X(N) = rate N / (1 + contention (N-1) + coherency N (N-1)). Turned
over, N / X is a straight sum of 1, N-1 and N(N-1) with the coefficients 1/rate, contention/rate and coherency/rate: so
it is fitted without a search. Each point is weighted so that its *relative* error counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from distsys.core.errors import ArgumentError

Points = Sequence[tuple[int, float]]  # clients, throughput


@dataclass(frozen=True)
class Law:
    """A fitted law; `coherency` is None where the fit was told to leave it out."""

    rate: float
    contention: float
    coherency: float

    def throughput(self, clients: float) -> float:
        """Return what the law says of so many clients.

        >>> Law(100, 0.5, 0).throughput(3)
        150.0
        """
        more = clients - 1
        return self.rate * clients / (1 + self.contention * more + self.coherency * clients * more)

    @property
    def peak(self) -> float:
        """The number of clients with the greatest throughput; infinite where more always help.

        >>> round(Law(1, 0.05, 0.0001).peak, 1)
        97.5
        """
        if self.coherency <= 0 or self.contention >= 1:
            return math.inf if self.coherency <= 0 else 1.0
        return math.sqrt((1 - self.contention) / self.coherency)


def fitted(points: Points, *, coherent: bool = True) -> Law:
    """Return the law that is nearest to the points; without `coherent` its third number is 0.

    >>> made = [(n, Law(90, 0.02, 0.001).throughput(n)) for n in (1, 2, 4, 8, 16, 32)]
    >>> law = fitted(made)
    >>> round(law.rate, 6), round(law.contention, 6), round(law.coherency, 6)
    (90.0, 0.02, 0.001)
    """
    wanted = 3 if coherent else 2
    if len({clients for clients, _ in points}) < wanted:
        raise ArgumentError(f"points must hold at least {wanted} numbers of clients for {wanted} unknowns")
    rows = []
    for clients, rate in points:
        weight = rate / clients  # 1 over the value that is fitted: the error counts relative to it
        rows.append([weight * term for term in (1, clients - 1, clients * (clients - 1))[:wanted]])
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(wanted)] for i in range(wanted)]
    right = [sum(row[i] for row in rows) for i in range(wanted)]  # the weighted value is 1 at each point
    first, *others = solved(normal, right)
    contention, coherency = (*(other / first for other in others), 0.0)[:2]
    return Law(1 / first, contention, coherency)


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Return x with matrix x = right, by elimination with the largest pivot.

    >>> solved([[2, 1], [1, 3]], [3, 5])
    [0.8, 1.4]
    """
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        best = max(range(column, size), key=lambda place: abs(rows[place][column]))
        rows[column], rows[best] = rows[best], rows[column]
        for place in range(column + 1, size):
            factor = rows[place][column] / rows[column][column]
            rows[place] = [a - factor * b for a, b in zip(rows[place], rows[column], strict=True)]
    found = [0.0] * size
    for place in reversed(range(size)):
        known = sum(rows[place][other] * found[other] for other in range(place + 1, size))
        found[place] = (rows[place][size] - known) / rows[place][place]
    return found


def relative_errors(points: Points, law: Law) -> list[float]:
    """Return by how much each point lies above the law, as a share of what the law says.

    >>> relative_errors([(1, 110.0)], Law(100, 0, 0))
    [0.1]
    """
    return [round(rate / law.throughput(clients) - 1, 12) for clients, rate in points]


def medians(points: Points) -> list[tuple[int, float]]:
    """Return one point for each number of clients: the median of its repeats, which no single bad one moves far.

    >>> medians([(1, 9.0), (1, 10.0), (1, 40.0), (2, 20.0)])
    [(1, 10.0), (2, 20.0)]
    """
    of_clients: dict[int, list[float]] = {}
    for clients, rate in points:
        of_clients.setdefault(clients, []).append(rate)
    return [(clients, median(rates)) for clients, rates in of_clients.items()]


def bootstrapped(points: Points, times: int = 500, seed: int = 1) -> list[Law]:
    """Return a law for the medians of each of many samples, drawn with replacement among points of the same clients.

    How far they lie apart says how sure the fit is. It knows of the scatter of repeated measurements, and of
    nothing else.
    """
    random = Random(seed)
    of_clients: dict[int, list[float]] = {}
    for clients, rate in points:
        of_clients.setdefault(clients, []).append(rate)
    laws = []
    for _ in range(times):
        sample = [(clients, random.choice(rates)) for clients, rates in of_clients.items() for _ in rates]
        laws.append(fitted(medians(sample)))
    return laws


def left_out(points: Points, *, coherent: bool = True) -> dict[int, float]:
    """Return, for each number of clients, by how much its median lies above a law that never saw it (as a share).

    For the smallest and the greatest number the law had to go beyond what it saw.

    >>> made = [(n, Law(90, 0.1, 0).throughput(n)) for n in (1, 2, 4, 8, 16)]
    >>> left_out(made) == dict.fromkeys((1, 2, 4, 8, 16), 0)
    True
    """
    whole = medians(points)
    found = {}
    for clients, rate in whole:
        law = fitted([point for point in whole if point[0] != clients], coherent=coherent)
        found[clients] = round(rate / law.throughput(clients) - 1, 9) + 0.0
    return found


def band(laws: Sequence[Law], counts: Sequence[int], share: float = 0.9) -> list[tuple[float, float]]:
    """Return, for each number of clients, between which rates the middle part of the laws lies there.

    >>> band([Law(10, 0, 0), Law(12, 0, 0)], [1, 2], share=1)
    [(10.0, 12.0), (20.0, 24.0)]
    """
    return [middle([law.throughput(clients) for law in laws], share) for clients in counts]


def middle(numbers: Sequence[float], share: float = 0.9) -> tuple[float, float]:
    """Return the ends of the middle part of the numbers that holds such a share of them.

    >>> middle([1, 2, 3, 4, math.inf], 0.5)
    (2, 4)
    """
    ranked = sorted(numbers)
    outside = round((1 - share) / 2 * (len(ranked) - 1))
    return ranked[outside], ranked[-1 - outside]
