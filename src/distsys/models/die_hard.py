"""Die Hard: four gallons of water from a jug of three and a jug of five. The first model in Lamport's course.

It has no processes and no messages, so that nothing hides what an exploration does: it tries everything in every
order, and the broken invariant "nobody gets four gallons" comes with the shortest way to four gallons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from distsys.core.errors import whole_number
from distsys.core.models import Model


class Jugs(NamedTuple):
    """Gallons in the small jug and in the big one."""

    small: int
    big: int


def die_hard(small: int = 3, big: int = 5, wanted: int = 4) -> Model[Jugs]:
    """Return the model of two jugs that hold `small` and `big` gallons; `wanted` is what must be measured."""
    whole_number("small", small, at_least=1)
    whole_number("big", big, at_least=1)
    whole_number("wanted", wanted, at_least=1)

    def next_states(jugs: Jugs) -> Iterator[tuple[str, Jugs]]:
        yield "FillSmallJug", jugs._replace(small=small)
        yield "FillBigJug", jugs._replace(big=big)
        yield "EmptySmallJug", jugs._replace(small=0)
        yield "EmptyBigJug", jugs._replace(big=0)
        moved = min(jugs.small, big - jugs.big)
        yield "SmallToBig", Jugs(jugs.small - moved, jugs.big + moved)
        moved = min(jugs.big, small - jugs.small)
        yield "BigToSmall", Jugs(jugs.small + moved, jugs.big - moved)

    def not_solved(jugs: Jugs) -> str | None:
        return f"the big jug holds {wanted} gallons" if jugs.big == wanted else None

    return Model(
        name="die-hard",
        says="Two jugs, and a number of gallons that must be measured with them.",
        initial=(Jugs(0, 0),),
        next_states=next_states,
        invariants={"NotSolved": not_solved},
        source="Lamport, DieHard.tla (TLA+ examples)",
    )
