"""What a checker said of a history, as a picture needs it: the outcome, the order it found, what it could not place."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distsys.core.errors import ArgumentError, shown, whole_number

from .calls import Call

OUTCOMES = ("OK", "ILLEGAL", "UNKNOWN")


@dataclass(frozen=True)
class Placed:
    """A verdict over operations that are numbered from 0 in the order in which they began.

    outcome  "OK", "ILLEGAL" or "UNKNOWN"
    order    the operations as they could have happened one after the other; where the verdict is ILLEGAL, the longest
             such order that the checker found
    stuck    operations that could come next, none of which the object allows
    """

    outcome: str
    order: tuple[int, ...] = ()
    stuck: tuple[int, ...] = ()


def placed(verdict: Any, calls: Sequence[Call]) -> Placed:
    """Return a verdict, checked against the operations: one of `distsys.checkers`, or a `Placed`.

    An order that contradicts real time is refused: one operation had ended before another, placed before it, began.
    """
    if hasattr(verdict, "witness"):
        verdict = _numbered(verdict, calls)
    outcome = getattr(verdict, "outcome", None)
    outcome = outcome.name if isinstance(outcome, enum.Enum) else str(outcome)
    if outcome not in OUTCOMES:
        raise ArgumentError(
            f"verdict must have an outcome, one of {', '.join(OUTCOMES)}, but it is {shown(verdict)}"
        )
    found = Placed(outcome, tuple(verdict.order or ()), tuple(verdict.stuck or ()))
    for number in (*found.order, *found.stuck):
        whole_number("an operation of verdict", number, at_most=len(calls) - 1)
    if len(set(found.order)) < len(found.order):
        raise ArgumentError("order of verdict must name each operation once")
    latest = 0
    for number in found.order:
        call = calls[number]
        if call.stop and call.stop < latest:
            raise ArgumentError(
                f"order of verdict contradicts real time: {call.label!r} of {call.process} ended at {call.stop}, "
                f"but it stands after one that began at {latest}"
            )
        latest = max(latest, call.start)
    return found


def _numbered(verdict: Any, calls: Sequence[Call]) -> Placed:
    """Return a verdict of `distsys.checkers`, whose calls know at which event they began, with numbers."""
    numbers = {call.place: number for number, call in enumerate(calls)}
    try:
        order = tuple(numbers[call.start] for call in verdict.witness or verdict.partial)
        stuck = tuple(numbers[call.start] for call in verdict.stuck)
    except KeyError as missing:
        raise ArgumentError(
            f"verdict must be of this history, but it speaks of an operation that began at event {missing}"
        ) from None
    return Placed(verdict.outcome.name, order, stuck)


def sentence(found: Placed | None, calls: Sequence[Call]) -> str:
    """Return what the verdict says, in words."""
    if found is None:
        return "No checker has judged this history."
    if found.outcome == "OK":
        return "Linearizable: the numbers are an order that explains every answer."
    if found.outcome == "UNKNOWN":
        return "Not known: the checker stopped at its budget of steps."
    names = ", ".join(f"{calls[number].label} by {calls[number].process}" for number in found.stuck)
    rest = f", and none of these can come next: {names}" if names else ""
    return f"Not linearizable: the longest order has {len(found.order)} of {len(calls)} operations{rest}."
