"""Whether a number that was measured agrees with one that was computed: within four standard errors."""

from __future__ import annotations

from collections.abc import Sequence

from distsys.core.errors import probability, several, whole_number


def share_agrees(count: int, runs: int, expected: float) -> bool:
    """Return whether `count` of so many independent runs agree with a probability.

    >>> share_agrees(81, 400, 0.2), share_agrees(120, 400, 0.2), share_agrees(0, 400, 0.0)
    (True, False, True)
    """
    whole_number("runs", runs, at_least=1)
    p = probability("expected", expected)
    return bool(abs(count / runs - p) <= 4 * (p * (1 - p) / runs) ** 0.5)


def mean_agrees(values: Sequence[float], expected: float) -> bool:
    """Return whether the mean of independent values agrees with an expectation; the error is that of the values.

    >>> mean_agrees([1, 2, 1, 2], 1.6), mean_agrees([1, 2, 1, 2], 4.0)
    (True, False)
    """
    found = [float(value) for value in several("values", values, "numbers")]
    count = whole_number("the number of values", len(found), at_least=2)
    mean = sum(found) / count
    variance = sum((value - mean) ** 2 for value in found) / (count - 1)
    return bool(abs(mean - expected) <= 4 * (variance / count) ** 0.5)
