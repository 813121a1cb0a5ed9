"""The simulated network: how long a message takes, and what may happen to it on the way.

A `Link` is a record of whole numbers, so that it stands in the header of a trace; `link(...)` builds one from what
a person would write (`loss=0.1`), and refuses what makes no sense. Draws use only comparisons,
divisions and square roots of IEEE doubles, which give the same bits on every platform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, duration, probability, shown, whole_number
from distsys.core.units import MS
from distsys.core.values import record

Uniform01 = Callable[[], float]
PPM = 1_000_000


@record
class Fixed:
    """Every message takes `us` microseconds."""

    us: int

    def __post_init__(self) -> None:
        duration("delay", self.us)

    def draw(self, random: Uniform01) -> int:
        """Return the delay; no draw is made."""
        return self.us


@record
class Uniform:
    """A delay uniform in [low, high], in microseconds."""

    low: int
    high: int

    def __post_init__(self) -> None:
        duration("delay.high", self.high, at_least=duration("delay.low", self.low))

    def draw(self, random: Uniform01) -> int:
        """Return a delay."""
        return self.low + int(random() * (self.high - self.low + 1))


@record
class Exponential:
    """A delay of `low` plus an exponential time with the given mean, in microseconds."""

    mean: int
    low: int = 0

    def __post_init__(self) -> None:
        duration("delay.mean", self.mean, at_least=1)
        duration("delay.low", self.low)

    def draw(self, random: Uniform01) -> int:
        """Return a delay, by von Neumann's comparison method (1951): no logarithm, so no rounding of a library.

        Draw u1 > u2 > ... until the sequence rises; an odd length accepts u1 as the fractional
        part, an even one adds one whole mean and tries again.
        """
        whole = 0
        while True:
            first = last = random()
            length = 1
            while (following := random()) < last:
                last = following
                length += 1
            if length % 2:
                return self.low + int((whole + first) * self.mean)
            whole += 1


@record
class HeavyTail:
    """A Pareto delay with exponent 2: at least `low`, twice that on average, and now and then very long."""

    low: int
    most: int = 10_000 * MS

    def __post_init__(self) -> None:
        duration("delay.most", self.most, at_least=duration("delay.low", self.low, at_least=1))

    def draw(self, random: Uniform01) -> int:
        """Return a delay, at most `most`."""
        return min(self.most, int(self.low / math.sqrt(1.0 - random())))


Delay = Fixed | Uniform | Exponential | HeavyTail
DISTRIBUTIONS = (Fixed, Uniform, Exponential, HeavyTail)


@record
class Link:
    """How messages travel from one node to another. Probabilities are in parts per million.

    delay             time on the way, drawn for each message
    loss_ppm          the message never arrives
    duplicate_ppm     it arrives twice, each copy with a delay of its own
    reorder_ppm       it is held back for up to `reorder_by` microseconds more
    fifo              no message overtakes an earlier one on this link
    bytes_per_second  the canonical JSON of a message takes this long to transmit, one after the other; 0: no limit
    """

    delay: Delay = Uniform(1 * MS, 10 * MS)
    loss_ppm: int = 0
    duplicate_ppm: int = 0
    reorder_ppm: int = 0
    reorder_by: int = 50 * MS
    fifo: bool = False
    bytes_per_second: int = 0

    def __post_init__(self) -> None:
        if type(self.delay) not in DISTRIBUTIONS:
            raise ArgumentTypeError(
                "delay must be Fixed, Uniform, Exponential or HeavyTail (or use link(...)), "
                f"but it is {shown(self.delay)} of type {type(self.delay).__name__}"
            )
        for field in ("loss_ppm", "duplicate_ppm", "reorder_ppm"):
            whole_number(field, getattr(self, field), at_most=PPM)
        duration("reorder_by", self.reorder_by)
        whole_number("bytes_per_second", self.bytes_per_second)
        if not isinstance(self.fifo, bool):
            raise ArgumentTypeError(f"fifo must be True or False, but it is {shown(self.fifo)}")
        if self.fifo and self.reorder_ppm:
            raise ArgumentError("reorder must be 0 on a fifo link: nothing overtakes there")


def link(
    *,
    delay: Any = (1 * MS, 10 * MS),
    loss: float = 0.0,
    duplicate: float = 0.0,
    reorder: float = 0.0,
    reorder_by: int = 50 * MS,
    fifo: bool = False,
    bytes_per_second: int = 0,
) -> Link:
    """Return a `Link`; `delay` is microseconds, a pair (low, high), or one of the distributions above.

    >>> link(delay=5 * MS, loss=0.25)
    Link(delay=Fixed(us=5000), loss_ppm=250000, duplicate_ppm=0, reorder_ppm=0, reorder_by=50000, fifo=False, \
bytes_per_second=0)
    >>> link(loss=2)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: loss must be a probability between 0 and 1, but it is 2
    """
    return Link(
        delay=_delay(delay),
        loss_ppm=round(probability("loss", loss) * PPM),
        duplicate_ppm=round(probability("duplicate", duplicate) * PPM),
        reorder_ppm=round(probability("reorder", reorder) * PPM),
        reorder_by=reorder_by,
        fifo=fifo,
        bytes_per_second=bytes_per_second,
    )


def _delay(delay: Any) -> Delay:
    match delay:
        case Fixed() | Uniform() | Exponential() | HeavyTail():
            return delay
        case (int() | float() as low, int() | float() as high):
            return Uniform(duration("delay.low", low), duration("delay.high", high))
        case int() | float():
            return Fixed(duration("delay", delay))
    raise ArgumentTypeError(
        "delay must be whole microseconds, a pair (low, high), or Fixed, Uniform, Exponential or HeavyTail, "
        f"but it is {shown(delay)} of type {type(delay).__name__}"
    )
