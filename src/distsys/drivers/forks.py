"""Forks: the same run up to a step, and then another way, because something else happens there.

    from distsys.drivers import Crash, during, fork
    fork(trace, 12, Crash(0, "n2"))                        from step 12, now n2 crashes
    fork(trace, 12, *during(0, 50 * MS, Crash, "n2"))      and comes up again 50 ms later

A fork is a run as any other: its header holds the whole script, in which the new actions are bound to a step
(`faults.After`), so it replays, saves, loads and forks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.divergence import first_difference
from distsys.core.errors import ArgumentError, ArgumentTypeError, ReplayError, shown, whole_number
from distsys.core.systems import Request
from distsys.core.trace import Step, Trace
from distsys.core.units import shown_time

from .faults import Action, After, Entry, checked, ends_a_fault
from .replay import simulator_of


def fork(trace: Trace, at_step: int, *actions: Action) -> Trace:
    """Return the run that is `trace` up to step `at_step`, and in which then the `actions` happen.

    The times of the actions count from that step: 0 is directly after it, before all else that is due. What the
    step does at once (losses and copies of what it sends, a crash in its midst) still belongs to it. The laws
    judge the new run as they judged the old one.

    A step that hangs at a stalled disk is completed only later; in the fork it may stay as it is, cut off.

    >>> from distsys import simulate
    >>> from distsys.core.divergence import divergence
    >>> from distsys.drivers import Crash
    >>> trace = simulate("causal-broadcast", seed=7, nodes=3)
    >>> other = fork(trace, 12, Crash(0, "n2"))
    >>> divergence(trace, other), other.step(13).kind, other.step(13).node
    (13, 'crash', 'n2')
    """
    check_fork(trace, at_step, actions)
    simulator = simulator_of(trace, script=forked_script(trace, at_step, actions))
    new = simulator.run()
    if first_difference(map(_begun, trace.steps[:at_step]), map(_begun, new.steps[:at_step])):
        raise ReplayError(
            "the simulator gives another run for this seed and these settings, so it cannot be forked: the code, or "
            "the system's workload, is not that of the recorded run"
        )
    if any(entry.step == at_step for entry in simulator.bound):
        why = "a broken law" if new.ended == "violation" else "its budget of steps"
        raise ArgumentError(
            f"at_step must be before the run was stopped by {why} at step {len(new)}, but it is {at_step}"
        )
    return new


def check_fork(trace: Any, at_step: Any, actions: tuple[Any, ...]) -> None:
    """Raise an error that says what is wrong, unless the actions can happen after that step of the trace."""
    if not isinstance(trace, Trace):
        raise ArgumentTypeError(
            f"trace must be a Trace, but it is {shown(trace)} of type {type(trace).__name__}"
        )
    if trace.header.driver.get("kind") != "simulator":
        raise ArgumentError(
            "trace must come from the simulator, for only a simulated run can go another way, but it comes from "
            f"{shown(trace.header.driver.get('kind'))}"
        )
    whole_number("at_step", at_step, at_least=1, at_most=len(trace))
    if not actions:
        raise ArgumentError(
            "actions must hold at least one action such as Crash(0, node): nothing would change"
        )
    for action in checked(actions, trace.header.names):
        if isinstance(action, After):
            raise ArgumentTypeError(f"actions must be bare actions: give {shown(action.action)} and at_step")
        _check_time(trace, at_step, action)


def _check_time(trace: Trace, at_step: int, action: Action) -> None:
    """Refuse what would come too late in the run."""
    until, settle = trace.header.driver["until"], trace.header.driver["settle"]
    what, now = type(action).__name__, trace.step(at_step).at
    at = now + action.at
    if isinstance(action, Request):
        if at > until + settle:
            raise ArgumentError(
                f"Request.at must be at most {until + settle - now}, when the run ends, but it is {action.at}"
            )
    elif not ends_a_fault(action) and (
        _healed(trace, at_step) or at > until or (settle and action.at and at == until)
    ):
        raise ArgumentError(
            f"{what} must happen before {shown_time(until)}, when everything is healed, but {shown_time(action.at)} "
            f"after step {at_step} it is {shown_time(at)}"
        )


def _healed(trace: Trace, number: int) -> bool:
    """Return whether the healed phase has begun by step `number`."""
    return any(step.detail.get("phase") == "settle" for step in trace.steps[:number])


def forked_script(trace: Trace, at_step: int, actions: tuple[Action, ...]) -> tuple[Entry, ...]:
    """Return the script of a run with `actions` after step `at_step`: they come before what else is bound there.

    What the old script binds to a later step keeps its time: that step may be another one in the new run.
    """
    entries: list[Entry] = [After(at_step, action) for action in actions]
    for entry in trace.header.driver["script"]:
        if not isinstance(entry, After) or entry.step <= at_step:
            entries.append(entry)
        elif entry.step <= len(trace):
            at = entry.action.at + trace.step(entry.step).at
            keeps = ends_a_fault(entry.action) or isinstance(entry.action, Request)
            if keeps or at < trace.header.driver["until"]:  # else it would be healed at once
                entries.append(After(at_step, replace(entry.action, at=at - trace.step(at_step).at)))
    return tuple(entries)


def _begun(step: Step) -> Step:
    """Return a step as it was when it began, before it was known how much of it would be carried out."""
    return replace(step, kept=0)
