"""Replay: hand the recorded events to freshly built nodes, and see the same effects.

`replay` trusts nothing but the events: it makes the nodes of the header's system, feeds them, and compares what
they want with what the trace says. It works for every trace, whoever drove the run. `resimulate` runs the
simulator again from the header alone. `states` is how viewers learn the fields of a node at a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distsys.core import systems
from distsys.core.errors import ReplayError, shown
from distsys.core.events import Persist
from distsys.core.node import Node
from distsys.core.trace import HANDLED, Step, Trace, apply_to_disk
from distsys.core.values import EMPTY, Map

from .simulator import Simulator


def cluster_of(trace: Trace) -> systems.Cluster:
    """Return the cluster that the header of a trace names."""
    head = trace.header
    return systems.build(head.system, mutant=head.mutant, **dict(head.options.items()))


def replayed(trace: Trace) -> Iterator[tuple[Step, dict[str, Node], tuple[Any, ...]]]:
    """Yield (step, nodes that are up, effects that the node wanted now) for each step in order."""
    cluster = cluster_of(trace)
    nodes: dict[str, Node] = {}
    disks: dict[str, Map[str, Any]] = {}
    for step in trace.steps:
        effects: tuple[Any, ...] = ()
        if step.kind in ("start", "restart"):
            nodes[step.node] = cluster.make(step.node, disks.get(step.node, EMPTY))
        if step.kind in HANDLED and step.event is not None:
            if step.node not in nodes:
                raise ReplayError(f"step {step.number}: {step.node} handles {shown(step.event)}, but it is not up")
            effects = _effects(nodes[step.node], step, trace)
            for effect in effects[: step.kept]:
                if isinstance(effect, Persist):
                    disks[step.node] = apply_to_disk(disks.get(step.node, EMPTY), effect.changes)
        elif step.kind == "crash":
            nodes.pop(step.node, None)
        elif step.kind == "wipe":
            disks[step.node] = EMPTY
        yield step, nodes, effects


def _effects(node: Node, step: Step, trace: Trace) -> tuple[Any, ...]:
    assert step.event is not None, f"step {step.number} has no event"
    try:
        return node.handle(step.event)
    except AssertionError:
        if any(v.law == "assertion" and v.step == step.number for v in trace.violations):
            return ()
        raise


def replay(trace: Trace) -> Trace:
    """Return the trace as the nodes do it again; a `ReplayError` names the first step where they differ."""
    steps = []
    for step, _, effects in replayed(trace):
        if effects != step.effects:
            raise ReplayError(
                f"step {step.number}: {step.node} handled {shown(step.event)} and wanted {shown(effects, 200)}, "
                f"but the trace says {shown(step.effects, 200)}: the code is not the code of that run"
            )
        steps.append(
            Step(
                step.number,
                step.at,
                step.kind,
                step.node,
                step.event,
                effects,
                step.kept,
                step.cause,
                step.detail,
            )
        )
    return Trace(trace.header, tuple(steps), trace.violations, trace.ended)


def states(trace: Trace, of: Callable[[Node], Any] = Node.fields) -> tuple[dict[str, Any], ...]:
    """Return, for each step, {name: `of(node)`} of the nodes that are up after it (their fields, by default)."""
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
    settings = dict(trace.header.driver.items())
    if settings.pop("kind", None) != "simulator":
        raise ReplayError(
            f"only a simulated run can be simulated again, but this trace comes from "
            f"{shown(trace.header.driver.get('kind'))}: use replay"
        )
    cluster = cluster_of(trace)
    wanted = set(trace.header.laws)
    laws = [law for law in cluster.laws if law.name in wanted]
    return Simulator(cluster, trace.header.seed, laws=laws, **settings).run()
