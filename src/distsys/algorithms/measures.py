"""Numbers to judge a placement by, measured and predicted: load, movement, and the formulas they should meet.

All counts are exact, and the few square roots and divisions at the end are single operations of IEEE 754
doubles, so the numbers are the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from ..core.errors import ArgumentError, whole_number
from .arrays import numpy
from .keyhash import K, Key, key_hashes, key_list
from .placement import Placement


def loads(placement: Placement, keys: Iterable[Key] | Mapping[Key, int]) -> dict[str, int]:
    """Return how many of `keys` each member owns, in member order; a dict gives a count for each key.

    >>> from .modulo import Modulo
    >>> loads(Modulo(["x", "y"]), ["a", "b", "c", "d"])
    {'x': 3, 'y': 1}
    >>> loads(Modulo(["x", "y"]), {"a": 10, "b": 1, "d": 2})
    {'x': 11, 'y': 2}
    """
    counts = dict.fromkeys(placement.members, 0)
    if isinstance(keys, Mapping):
        for owner, count in zip(placement.lookup_many(keys), keys.values(), strict=True):
            counts[owner] += count
        return counts
    return loads_of_hashes(placement, key_hashes(keys, placement.hash))


def loads_of_hashes(placement: Placement, hashes: Iterable[int]) -> dict[str, int]:
    """Return how many of `hashes` each member owns, in member order."""
    np, indexes = numpy(), placement.indexes_at(hashes)
    if np is not None and isinstance(indexes, np.ndarray):
        counted: list[int] = np.bincount(indexes, minlength=len(placement)).tolist()
    else:
        counted = [0] * len(placement)
        for index in indexes:
            counted[index] += 1
    return dict(zip(placement.members, counted, strict=True))


def moved(before: Placement, after: Placement, keys: Iterable[K]) -> list[K]:
    """Return the keys whose owner is another one in `after`, in order."""
    keys = key_list(keys)
    pairs = zip(keys, before.lookup_many(keys), after.lookup_many(keys), strict=True)
    return [key for key, source, target in pairs if source != target]


def moved_share(before: Placement, after: Placement, keys: Collection[Key]) -> float:
    """Return the part of `keys` whose owner changes.

    >>> from .modulo import Modulo
    >>> ten = Modulo([f"n{number}" for number in range(10)])
    >>> moved_share(ten, ten.join("n10"), [f"key:{number}" for number in range(1000)])
    0.905
    """
    if not keys:
        raise ArgumentError("keys must hold at least one key, but it is empty")
    return len(moved(before, after, keys)) / len(keys)


def coefficient_of_variation(loads: Mapping[str, int]) -> float:
    """Return the standard deviation of the loads (divided by n, not n - 1) over their mean.

    >>> coefficient_of_variation({"a": 1, "b": 3})
    0.5
    """
    total, squares = _total(loads), sum(load * load for load in loads.values())
    return math.sqrt(len(loads) * squares - total * total) / total


def max_over_mean(loads: Mapping[str, int]) -> float:
    """Return the largest load divided by the mean load: 1.0 is perfect.

    >>> max_over_mean({"a": 1, "b": 3})
    1.5
    """
    return max(loads.values()) * len(loads) / _total(loads)


def _total(loads: Mapping[str, int]) -> int:
    total = sum(loads.values())
    if not total:
        raise ArgumentError(f"loads must add up to more than 0, but they are {dict(loads)}")
    return total


def harmonic(count: int) -> Fraction:
    """Return H_n = 1 + 1/2 + ... + 1/n: the mean of max/mean at one token a node, and of jump's steps.

    >>> harmonic(4), round(float(harmonic(100)), 3)
    (Fraction(25, 12), 5.187)
    """
    whole_number("count", count)
    return sum((Fraction(1, number) for number in range(1, count + 1)), Fraction(0))


def ring_share_cv(members: int, vnodes: int) -> float:
    """Return the coefficient of variation of one member's share of a ring: sqrt((n - 1)/(n v + 1)).

    The n v tokens cut the circle into spacings that are uniform on the simplex, so the share of v of them is
    a Beta variable with parameters v and (n - 1) v: mean 1/n, variance (n - 1)/(n**2 (n v + 1)).

    >>> [round(ring_share_cv(100, vnodes), 4) for vnodes in (1, 10, 100, 1000)]
    [0.99, 0.3145, 0.0995, 0.0315]
    """
    whole_number("members", members, at_least=1)
    whole_number("vnodes", vnodes, at_least=1)
    return math.sqrt(Fraction(members - 1, members * vnodes + 1))


def balls_cv(members: int, keys: int) -> float:
    """Return the coefficient of variation of one member's load when keys fall evenly: sqrt((n - 1)/m).

    A binomial load has mean m/n and variance m (1/n)(1 - 1/n). On a ring both sources of spread add:
    the squared variation of the load is that of the share times (1 - 1/m), plus this one squared.
    """
    whole_number("members", members, at_least=1)
    whole_number("keys", keys, at_least=1)
    return math.sqrt(Fraction(members - 1, keys))
