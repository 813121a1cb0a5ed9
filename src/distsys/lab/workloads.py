"""Requests for the notebooks: who asks for what, how often; from a seed, the same on every machine."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ..core.dice import Dice, derive
from ..core.errors import ArgumentError, whole_number

UNIT = 10**12  # the weight of the most popular key; whole numbers, so that no platform rounds otherwise


def zipf_weights(count: int, exponent: int = 1) -> list[int]:
    """Return the weights UNIT // rank**exponent for the ranks 1 to `count` (Zipf's law).

    >>> zipf_weights(4)[:3] == [10**12, 5 * 10**11, 333333333333]
    True
    """
    whole_number("count", count, at_least=1)
    whole_number("exponent", exponent)
    return [UNIT // rank**exponent for rank in range(1, count + 1)]


def zipf_requests(keys: Sequence[str], count: int, *, seed: int, exponent: int = 1) -> list[str]:
    """Return `count` requests for `keys`, whose popularity follows Zipf's law; the seed says which key is popular.

    >>> requests = zipf_requests(["a", "b", "c"], 1000, seed=1)
    >>> sorted(requests.count(key) for key in "abc") == [183, 270, 547]
    True
    """
    if not keys:
        raise ArgumentError("keys must hold at least one key, but it is empty")
    whole_number("count", count)
    ranked, dice = Dice(derive(seed, "zipf")).shuffle(keys)
    bounds = list(accumulate(zipf_weights(len(keys), exponent)))
    requests = []
    for _ in range(count):
        draw, dice = dice.below(bounds[-1])
        requests.append(ranked[bisect_right(bounds, draw)])
    return requests
