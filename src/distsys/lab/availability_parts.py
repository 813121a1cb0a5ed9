"""How often a whole works, computed from how often its parts work: in series, in parallel, k of n, and any other way.

All of it but `enumerated` and `placed` takes the parts to be independent, and none to be multiplied twice.

>>> round(majority(3, 0.99), 6), round(majority(5, 0.99), 8)
(0.999702, 0.99999015)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import comb, prod

from distsys.core.errors import ArgumentError, shown, whole_number

MINUTES_A_YEAR = 365 * 24 * 60


def shares(name: str, values: Iterable[float]) -> tuple[float, ...]:
    """Return the values, if each is a share from 0 to 1.

    >>> shares("parts", [0.5, 1])
    (0.5, 1)
    """
    found = tuple(values)
    for value in found:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ArgumentError(f"{name} must be shares from 0 to 1, but one of them is {shown(value)}")
    return found


def series(*parts: float) -> float:
    """Return how often all of the parts work.

    >>> series(0.5, 0.5)
    0.25
    """
    return prod(shares("parts", parts))


def parallel(*parts: float) -> float:
    """Return how often at least one of the parts works.

    >>> parallel(0.5, 0.5)
    0.75
    """
    return 1 - prod(1 - part for part in shares("parts", parts))


def k_of_n(k: int, n: int, p: float) -> float:
    """Return how often at least k of n parts work, which work a share p of the time each.

    >>> k_of_n(2, 3, 0.5)
    0.5
    """
    shares("p", (p,))
    whole_number("k", k)
    whole_number("n", n, at_least=1)
    return sum(comb(n, up) * p**up * (1 - p) ** (n - up) for up in range(k, n + 1))


def majority(n: int, p: float) -> float:
    """Return how often more than half of n parts work.

    >>> majority(1, 0.9)
    0.9
    """
    return k_of_n(n // 2 + 1, n, p)


def at_least(k: int, parts: Iterable[float]) -> float:
    """Return how often at least k of the parts work, which may differ: part by part, by how many work so far.

    >>> round(at_least(2, (0.9, 0.99, 0.999)), 6)
    0.998892
    """
    counts = [1.0]
    for part in shares("parts", parts):
        up = [0.0, *(chance * part for chance in counts)]
        down = [*(chance * (1 - part) for chance in counts), 0.0]
        counts = [one + other for one, other in zip(up, down, strict=True)]
    return sum(counts[max(0, k) :])


def enumerated(works: Callable[[tuple[bool, ...]], bool], parts: Iterable[float]) -> float:
    """Return how often `works(which parts are up)` is true, by adding up all 2^n cases: slow, and always right.

    >>> enumerated(lambda up: up[0] and (up[1] or up[2]), (0.5, 0.5, 0.5))
    0.375
    """
    each = shares("parts", parts)
    return sum(
        prod(part if up else 1 - part for part, up in zip(each, state, strict=True))
        for state in product((True, False), repeat=len(each))
        if works(state)
    )


def placed(racks: Sequence[int], server: float, rack: float) -> float:
    """Return how often a majority works, if `racks` says how many servers stand in each rack.

    A rack takes all its servers down with it; racks are independent, and so are the servers but for that.

    >>> round(placed((1, 1, 1), 0.5, 1.0), 6), round(placed((3,), 1.0, 0.9), 6)
    (0.5, 0.9)
    """
    total = sum(whole_number("servers in a rack", count, at_least=1) for count in racks)
    return sum(
        prod(rack if up else 1 - rack for up in state)
        * at_least(
            total // 2 + 1, [server] * sum(count for count, up in zip(racks, state, strict=True) if up)
        )
        for state in product((True, False), repeat=len(racks))
    )


def with_common_cause(k: int, n: int, own: float, common: float) -> float:
    """Return how often k of n servers work, each down by itself a share `own` of the time, and all a share `common`.

    >>> with_common_cause(2, 3, 0.5, 0.2)
    0.4
    """
    return series(1 - common, k_of_n(k, n, 1 - own))


def minutes_down(available: float) -> float:
    """Return the minutes in a year of 365 days in which something is down.

    >>> round(minutes_down(0.999), 1)
    525.6
    """
    return (1 - available) * MINUTES_A_YEAR
