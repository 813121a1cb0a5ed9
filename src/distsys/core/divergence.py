"""Divergence: where two runs part, so that they can be laid side by side."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import ArgumentTypeError, shown
from .trace import Trace


def divergence(a: Trace, b: Trace) -> int | None:
    """Return the number of the first step in which two traces differ; None when all their steps are equal.

    Where one run is the beginning of the other, that is the first step that only the longer one has. A step
    counts with all that is known of it in the end: one that hung at a disk differs when its later effects
    were carried out in one run and lost in the other. Headers and verdicts are not compared.

    >>> from distsys import simulate
    >>> one, other = simulate("lamport-clock", seed=1), simulate("lamport-clock", seed=2)
    >>> divergence(one, one) is None
    True
    >>> divergence(one, other)  # the nodes start with seeds of their own
    1
    """
    for argument, trace in (("a", a), ("b", b)):
        if not isinstance(trace, Trace):
            raise ArgumentTypeError(
                f"{argument} must be a Trace, but it is {shown(trace)} of type {type(trace).__name__}"
            )
    return first_difference(a.steps, b.steps)


def first_difference(a: Iterable[object], b: Iterable[object]) -> int | None:
    """Return the number, from 1, of the first place where two sequences differ, or None."""
    left, right = iter(a), iter(b)
    number = 0
    while True:
        number += 1
        one, other = next(left, None), next(right, None)
        if one != other:
            return number
        if one is None:
            return None
