"""The light cone of an event: what happened before it, and what it happened before.

At each node the causal past is a first part of the lane and the causal future a last part, so two steps a lane say it
all. `player/pane.js` holds the twin of this for figures that play.
"""

from __future__ import annotations

from dataclasses import dataclass

from distsys.core.errors import ArgumentError
from distsys.core.trace import Trace


@dataclass(frozen=True)
class Cone:
    """The cone of step `step`.

    past    node -> the last step there that happened before it (at its own node: the step itself)
    future  node -> the first step there that it happened before (at its own node: the step itself)
    before  how many events happened before it, and `after` how many it happened before
    """

    step: int
    past: dict[str, int]
    future: dict[str, int]
    before: int
    after: int


def cone_of(trace: Trace, number: int) -> Cone:
    """Return the cone of step `number`, by `Trace.happened_before`."""
    chosen = trace.step(number)
    if chosen.event is None:
        raise ArgumentError(
            f"at must be a step at which a node handles an event, but step {number} is a fault"
        )
    pasts = trace.happened_before()
    before = sorted(pasts[number - 1])
    after = [step.number for step in trace if number in pasts[step.number - 1]]
    past = {trace.step(one).node: one for one in (*before, number)}
    future = {trace.step(one).node: one for one in (*reversed(after), number)}
    return Cone(number, past, future, len(before), len(after))
