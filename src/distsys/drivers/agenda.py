"""The agenda of a run: what its script and its clients want, put where it is due.

Most entries of a script name a time. An `After` names a step: it waits until that step is written, and then
happens before all else that is due. It takes no draw and no place in the queue before, so up to that
step the run is the same as without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from distsys.core.errors import ArgumentError
from distsys.core.systems import Request

from .faults import Action, After, Entry, ends_a_fault

if TYPE_CHECKING:
    from .simulator import Simulator


def bound_to_steps(script: Iterable[Entry]) -> deque[After]:
    """Return what a script binds to steps, the earliest step first; at one step, in the order of the script."""
    return deque(
        sorted((entry for entry in script if isinstance(entry, After)), key=lambda entry: entry.step)
    )


def schedule(sim: Simulator, end: int) -> None:
    """Put the starts of the nodes, what has a time, and the healing into the queue of a run that ends at `end`."""
    for name in sim.names:
        sim.at_time(0, sim.start, name, "start")
    timed = (entry for entry in sim.script if not isinstance(entry, After))
    for action in sorted((*sim.requests, *timed), key=lambda action: action.at):
        if action.at <= (end if isinstance(action, Request) else sim.until):
            sim.at_time(action.at, sim.act, action)
    if sim.settle:
        sim.at_time(sim.until, sim.heal)
    if sim.bound:
        sim.at_time(end + 1, _nothing)  # while something is due, the loop looks whether a step has its turn


def _nothing() -> None:
    """Never called: the run ends before."""


def next_mark(sim: Simulator) -> int:
    """Return the number of steps at which the loop looks up: the budget, or a step that something is bound to."""
    return min(sim.steps_max, sim.bound[0].step) if sim.bound else sim.steps_max


def branch(sim: Simulator) -> int:
    """Let happen what the script binds to the steps that are written by now; return the next mark."""
    while sim.bound and sim.bound[0].step <= len(sim.steps) < sim.steps_max and not sim.stopped:
        sim.look()  # at the faults so far, before there is another one
        if not sim.stopped:
            _let_happen(sim, sim.bound.popleft())
    return next_mark(sim)


def _let_happen(sim: Simulator, entry: After) -> None:
    """Let the action of an entry happen, now or as much later as it says."""
    action: Action = replace(entry.action, at=sim.now + entry.action.at)
    if not (ends_a_fault(action) or isinstance(action, Request)):
        _check_begins_in_time(sim, entry, action)
    if not entry.action.at:
        sim.act(action)
    elif action.at <= (sim.until + sim.settle if isinstance(action, Request) else sim.until):
        sim.at_time(action.at, sim.act, action)


def _check_begins_in_time(sim: Simulator, entry: After, action: Action) -> None:
    """Refuse a fault that would begin when everything has been healed."""
    later = entry.action.at > 0  # it joins the queue behind the healing
    if sim.healed or (action.at >= sim.until if later and sim.settle else action.at > sim.until):
        raise ArgumentError(
            f"{type(action).__name__} must begin before until ({sim.until}), when everything is healed, "
            f"but step {entry.step} and the time after it make it {action.at}"
        )
