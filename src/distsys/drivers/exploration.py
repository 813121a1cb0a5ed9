"""`Exploration`: what an exploration found, and within which bounds. It never says more than that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from distsys.core.laws import Violation
from distsys.core.trace import Trace

from .search import Found

HOLDS, VIOLATED, UNREACHED, UNKNOWN = "HOLDS", "VIOLATED", "UNREACHED", "UNKNOWN"


@dataclass(frozen=True)
class Exploration:
    """The result of `explore` and `explore_model`.

    verdict        HOLDS: every state within the bounds was seen, and no law was broken in any.
                   VIOLATED: a law was broken; `trace` (or `path`) is a shortest way there.
                   UNREACHED: every state was seen, no law was broken, and some goal was never reached, so
                   the bounds are too tight for what was to be shown.
                   UNKNOWN: there were more states than `states_max`; or, with symmetry, a goal was reached
                   only where nodes have changed names.
    name           the system or the model
    bounds         the bounds in words
    laws           the names of the laws that were checked in every state
    unchecked      the laws that hold finally: an exploration has no end at which to check them
    states         distinct states
    transitions    actions that were tried, those that led to known states included
    depth          actions on the longest of the shortest ways to a state
    handler_calls  calls of `Node.handle`; all other local steps were remembered. 0 for a model
    violation      the broken law, with its evidence
    trace          a shortest run that breaks it
    path           for a model: the (action, state) pairs from an initial state to the broken invariant
    goals          goal -> whether it was reached; None where the verdict is UNKNOWN for its sake
    witnesses      goal -> a run (for a model, a path) that reaches it in the fewest actions
    pruned         states below which a prune stopped the search
    beyond         states at the bound on depth, whose next states were not looked at
    notes          what else limits what this result says
    """

    verdict: str
    name: str
    bounds: str
    laws: tuple[str, ...]
    states: int
    transitions: int
    depth: int
    handler_calls: int = 0
    unchecked: tuple[str, ...] = ()
    violation: Violation | None = None
    trace: Trace | None = None
    path: tuple[tuple[str, Any], ...] = ()
    goals: Mapping[str, bool | None] = field(default_factory=dict)
    witnesses: Mapping[str, Any] = field(default_factory=dict, repr=False)
    pruned: int = 0
    beyond: int = 0
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the verdict is HOLDS; every other verdict is red."""
        return self.verdict == HOLDS

    @property
    def unreached(self) -> tuple[str, ...]:
        """The goals that were not reached."""
        return tuple(goal for goal, reached in self.goals.items() if reached is False)

    @property
    def actions(self) -> int | None:
        """The number of actions of the shortest run that breaks a law; None when none was broken."""
        return self.depth if self.violation is not None else None

    def __str__(self) -> str:
        lines = [f"{self.verdict} {self._headline()}"]
        lines.append(f"bounds: {self.bounds}")
        lines.append(
            f"{self.states:,} distinct states, {self.transitions:,} transitions, depth {self.depth}"
            + (f", {self.handler_calls:,} calls of a handler" if self.handler_calls else "")
        )
        if self.goals:
            words = {True: "reached", False: UNREACHED, None: UNKNOWN}
            lines.append("goals: " + ", ".join(f"{g} {words[r]}" for g, r in self.goals.items()))
        if self.pruned:
            lines.append(f"pruned: nothing was explored below {self.pruned:,} states")
        if self.beyond:
            lines.append(f"cut: nothing was explored below {self.beyond:,} states at the bound on depth")
        if self.unchecked:
            lines.append("not checked, for they hold finally: " + ", ".join(self.unchecked))
        lines.extend(self.notes)
        return "\n".join(lines)

    def _headline(self) -> str:
        laws = ", ".join(self.laws) or "no law"
        if self.verdict == HOLDS:
            return f"within these bounds: {self.name}: {laws}"
        if self.verdict == VIOLATED:
            assert self.violation is not None, "a violated law has evidence"
            return f"in {self.depth} actions: {self.name}: {self.violation.law}: {self.violation.evidence}"
        if self.verdict == UNREACHED:
            goals = ", ".join(self.unreached)
            return f"within these bounds: {self.name}: no law was broken, but these goals were never reached: {goals}"
        if None in self.goals.values():
            return f"{self.name}: no law was broken, but whether all goals are reached is not known: {laws}"
        return f"{self.name}: more states than allowed; no law was broken in those that were seen: {laws}"


def told(value: Any) -> str:
    """Return a value as text that is the same in every process: sets are sorted.

    >>> told(frozenset({"b", "a"}))
    "{'a', 'b'}"
    """
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(told(item) for item in value)) + "}"
    if isinstance(value, tuple):
        items = [told(item) for item in value]
        if names := getattr(value, "_fields", None):
            pairs = (f"{name}={item}" for name, item in zip(names, items, strict=True))
            return f"{type(value).__name__}({', '.join(pairs)})"
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    return repr(value)


def changes(before: Any, after: Any) -> str:
    """Return in what the state of a model differs from the one before it.

    >>> changes((1, frozenset({"a"})), (1, frozenset({"a", "b"})))
    "(1, {'a', 'b'})"
    """
    names = getattr(after, "_fields", None)
    if names is None or type(before) is not type(after):
        return told(after)
    words = []
    for name, old, new in zip(names, before, after, strict=True):
        if isinstance(old, frozenset) and isinstance(new, frozenset) and old < new:
            words.append(f"{name} + {', '.join(sorted(told(item) for item in new - old))}")
        elif old != new:
            words.append(f"{name} = {told(new)}")
    return "; ".join(words) or "nothing changes"


def verdict_of(found: Found, violation: Violation | None, goals: Mapping[str, bool | None]) -> str:
    """Return the verdict of a search; `goals` says which were reached, None where that is not known."""
    if violation is not None:
        return VIOLATED
    if not found.exhausted:
        return UNKNOWN
    if False in goals.values():
        return UNREACHED
    return UNKNOWN if None in goals.values() else HOLDS
