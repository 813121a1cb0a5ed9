"""Sights: what runs reached. "No violation" in runs in which nothing happened says nothing.

A system declares what its runs must have reached (`System.sights`): a change of leader, a conflict of two logs, a
retry. Beside these, every run has kinds of steps that mean the same in all systems.
"""

from __future__ import annotations

from collections import Counter

from distsys.core import systems
from distsys.core.errors import instance
from distsys.core.systems import System
from distsys.core.trace import Trace


def sights_of(trace: Trace, system: System | None = None) -> Counter[str]:
    """Return how many steps of a run reach each declared sight of its system (0 where none does)."""
    header = instance("trace", trace, Trace).header
    declared = (systems.find(header.system) if system is None else instance("system", system, System)).sights
    return Counter({sight.name: sum(sight.seen(step) for step in trace.steps) for sight in declared})


def kinds_of(trace: Trace) -> Counter[str]:
    """Return what befell a run, whatever the system: steps by kind, drops by reason, overtaken messages."""
    seen: Counter[str] = Counter()
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for step in instance("trace", trace, Trace).steps:
        seen[f"drop: {step.detail['why']}" if step.kind == "drop" else step.kind] += 1
        if step.event is not None and step.kept < len(step.effects):
            seen["step cut off"] += 1
        if step.kind == "deliver" and step.cause is not None:
            way = (trace.steps[step.cause[0] - 1].node, step.node)
            last = newest.get(way, (0, 0))
            if step.cause < last:
                seen["overtaken"] += 1
            else:
                newest[way] = step.cause
    seen["steps"] = len(trace)
    return seen
