"""What one node can know of a run: two runs that look alike to it are alike in all that it does."""

from __future__ import annotations

from distsys.core.divergence import first_difference
from distsys.core.events import Event
from distsys.core.trace import HANDLED, Step, Trace


def view(trace: Trace, name: str, until: int | None = None) -> list[Event]:
    """Return the events that a node handled, each with what its clock showed; those up to a time in microseconds.

    >>> from distsys import simulate
    >>> trace = simulate("lamport-clock", seed=1)
    >>> len(view(trace, "n1", until=0)), view(trace, "n1")[0] == trace.step(1).event
    (1, True)
    """
    steps = steps_of(trace, name)
    return [step.event for step in steps if step.event is not None and (until is None or step.at <= until)]


def steps_of(trace: Trace, name: str) -> list[Step]:
    """Return the steps in which a node handled an event."""
    return [step for step in trace if step.node == name and step.kind in HANDLED]


def parted(one: Trace, other: Trace, name: str) -> int | None:
    """Return the step of `other` at which a node first sees what it does not see in `one`; None if there is none.

    If its view in one run is the beginning of that in the other, the step is the first that only the longer has.
    """
    place = first_difference(view(one, name), view(other, name))
    steps = steps_of(other, name)
    return None if place is None or place > len(steps) else steps[place - 1].number
