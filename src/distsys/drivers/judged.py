"""`judged`: the laws asked of a run after it has ended, whoever drove it; for real runs, which nobody judged meanwhile.

The nodes are made anew and handed their events, as in a replay, and the laws look after each step. Where several
diaries were merged, the order is one that the run may have had: every state in it is a *consistent cut*, one that the
cluster may have been in, so a law that must hold always must hold there. What must hold in the end is not asked: a real
run stops at some moment, with messages on their way.

A replay shows what a node did, not what its disk did. That a message waited for the disk cannot be seen here: the
effects come in the right order in any case. What is seen is what the disk had kept when the node came up again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from distsys.core.errors import instance
from distsys.core.events import Deliver, Output
from distsys.core.laws import ALWAYS, Law
from distsys.core.node import Node
from distsys.core.trace import Step, Trace

from .judge import Judge
from .replay import cluster_of, replayed


class _Seen:
    """The world that laws look at, as far as the replay has come."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.at = 0
        self.step: Step | None = None
        self.nodes: Mapping[str, Node] = {}
        self._outputs: dict[str, list[Any]] = {name: [] for name in names}
        self._asked: dict[str, list[Any]] = {name: [] for name in names}

    @property
    def outputs(self) -> Mapping[str, Sequence[Any]]:
        """All that each node has output."""
        return self._outputs

    @property
    def asked(self) -> Mapping[str, Sequence[Any]]:
        """All that clients have asked of each node."""
        return self._asked

    def go_on(self, step: Step, nodes: Mapping[str, Node]) -> None:
        """Take in the next step."""
        self.at, self.step, self.nodes = step.at, step, nodes
        if step.node not in self._outputs:
            return
        self._outputs[step.node] += [
            effect.value for effect in step.effects[: step.kept] if isinstance(effect, Output)
        ]
        if isinstance(step.event, Deliver) and step.event.sender not in self._outputs:
            self._asked[step.node].append(step.event.message)


def judged(trace: Trace, laws: Iterable[Law] | None = None) -> Trace:
    """Return the trace with what the `laws` say of it; None takes those of its system that must hold always."""
    cluster = cluster_of(instance("trace", trace, Trace))
    asked = tuple(law for law in cluster.laws if law.when == ALWAYS) if laws is None else tuple(laws)
    judge = Judge(asked, trace.header.seed)
    world = _Seen(trace.header.names)
    for step, nodes, _ in replayed(trace):
        world.go_on(step, nodes)
        judge.after(step.number, world)
    header = dataclasses.replace(trace.header, laws=tuple(law.name for law in judge.laws))
    return dataclasses.replace(trace, header=header, violations=tuple(judge.violations))
