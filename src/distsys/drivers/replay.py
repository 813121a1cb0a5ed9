"""Replay: hand the recorded events to freshly built nodes, and see the same effects.

`replay` trusts nothing but the events: it makes the nodes of the header's system, feeds them, and compares what
they want with what the trace says. It works for every trace, whoever drove the run. `resimulate` runs the
simulator again from the header alone. `states` is how viewers learn the fields of a node at a step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from distsys.core import systems
from distsys.core.errors import ReplayError, callback, instance, shown
from distsys.core.events import Persist
from distsys.core.laws import Law
from distsys.core.node import Node
from distsys.core.systems import Cluster
from distsys.core.trace import HANDLED, MEMORY_EVENTS, OTHER, Step, Trace, apply_to_disk
from distsys.core.values import EMPTY, Map

from .simulator import Simulator


def cluster_of(trace: Trace) -> Cluster:
    """Return the cluster that the header of a trace names."""
    head = instance("trace", trace, Trace).header
    return systems.build(head.system, mutant=head.mutant, **dict(head.options.items()))


def replayed(trace: Trace) -> Iterator[tuple[Step, dict[str, Node], tuple[Any, ...]]]:
    """Yield (step, nodes that are up, effects that the node wanted now) for each step in order."""
    cluster = cluster_of(trace)
    nodes: dict[str, Node] = {}
    disks: dict[str, Map[str, Any]] = {}
    for step in trace.steps:
        effects: tuple[Any, ...] = ()
        if step.kind in (*HANDLED, *MEMORY_EVENTS) and step.event is not None:
            effects = _handled(cluster, nodes, disks.get(step.node, EMPTY), step, trace)
            for effect in effects[: step.kept]:
                if isinstance(effect, Persist):
                    disks[step.node] = apply_to_disk(disks.get(step.node, EMPTY), effect.changes)
        elif step.kind in OTHER and step.node not in trace.header.names:
            effects = step.effects  # what a client tells, who is no node of the system
        elif step.kind == "crash":
            nodes.pop(step.node, None)
        elif step.kind == "wipe":
            disks[step.node] = EMPTY
        yield step, nodes, effects


def _handled(
    cluster: Cluster, nodes: dict[str, Node], disk: Map[str, Any], step: Step, trace: Trace
) -> tuple[Any, ...]:
    """Let the node of a step handle its event again, and return its effects."""
    assert step.event is not None, f"step {step.number} has no event"
    try:
        if step.kind in ("start", "restart"):
            nodes[step.node] = cluster.make(step.node, disk)
        elif step.node not in nodes:
            raise ReplayError(
                f"step {step.number}: {step.node} handles {shown(step.event)}, but it is not up"
            )
        return nodes[step.node].handle(step.event)
    except ReplayError:
        raise
    except Exception as problem:
        failed = any(v.law == "assertion" and v.step <= step.number for v in trace.violations)
        if isinstance(problem, AssertionError) and failed and not step.effects:
            return ()  # it failed in that run, too
        raise ReplayError(
            f"step {step.number}: {step.node} handled {shown(step.event)} and failed "
            f"({type(problem).__name__}: {problem}): the code is not the code of that run"
        ) from problem


def replay(trace: Trace) -> Trace:
    """Return the trace as the nodes do it again; a `ReplayError` names the first step where they differ."""
    steps = []
    for step, _, effects in replayed(trace):
        if effects != step.effects:
            raise ReplayError(
                f"step {step.number}: {step.node} handled {shown(step.event)} and wanted {shown(effects, 200)}, "
                f"but the trace says {shown(step.effects, 200)}: the code is not the code of that run"
            )
        steps.append(dataclasses.replace(step, effects=effects))
    return Trace(trace.header, tuple(steps), trace.violations, trace.ended)


def states(trace: Trace, of: Callable[[Node], Any] = Node.fields) -> tuple[dict[str, Any], ...]:
    """Return, for each step, {name: `of(node)`} of the nodes that are up after it (their fields, by default)."""
    callback("of", of)
    shots: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    for step, nodes, _ in replayed(trace):
        if step.node in nodes:
            current = {**current, step.node: of(nodes[step.node])}
        elif step.node in current:
            current = {name: shot for name, shot in current.items() if name != step.node}
        shots.append(current)
    return tuple(shots)


def resimulate(trace: Trace) -> Trace:
    """Run the simulator again with the settings in the header; the result has the same bytes."""
    return simulator_of(trace).run()


def laws_of(trace: Trace, cluster: Cluster) -> tuple[Law, ...]:
    """Return the laws by which a trace was judged."""
    laws = {law.name: law for law in cluster.laws}
    for name in trace.header.laws:
        if name not in laws:
            raise ReplayError(
                f"{cluster.system.name} has no law named {name!r} now, but the trace was judged by it"
            )
    return tuple(laws[name] for name in trace.header.laws)


def simulator_of(trace: Trace, **changes: Any) -> Simulator:
    """Return a simulator with the settings in the header of a simulated run, but for the `changes`."""
    settings = {**dict(instance("trace", trace, Trace).header.driver.items()), **changes}
    if settings.pop("kind", None) != "simulator":
        raise ReplayError(
            f"only a simulated run can be simulated again, but this trace comes from "
            f"{shown(trace.header.driver.get('kind'))}: use replay"
        )
    cluster = cluster_of(trace)
    laws = laws_of(trace, cluster)
    try:
        return Simulator(cluster, trace.header.seed, laws=laws, **settings)
    except TypeError as problem:
        raise ReplayError(f"the simulator cannot run with the settings in the header: {problem}") from problem
