"""`Hunt`: what a candidate of the shrinker is judged by. It breaks the law of the same name, or it does not count."""

from __future__ import annotations

from collections.abc import Callable

from distsys.core import systems
from distsys.core.errors import DistsysError
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.core.units import S

from .network import Link
from .performer import Performer
from .schedules import Move

Moves = tuple[Move, ...]
Judging = Callable[[Trace], tuple[Violation, ...]]


BRIEF = 3 * S  # what does not recover in so long is looked at for the whole time that the system may take


class Hunt:
    """What a candidate is judged by: the cluster, the law, and how much may still be tried."""

    def __init__(
        self,
        cluster: Cluster,
        seed: int,
        law: str,
        network: Link,
        settle: int,
        judge: Judging | None,
        budget: int,
        laws: tuple[Law, ...] | None = None,
    ) -> None:
        self.cluster, self.seed, self.law = cluster, seed, law
        self.network, self.settle, self.judge, self.budget = network, settle, judge, budget
        self.tried: set[Moves] = set()
        self.correct = without_mutant(cluster)
        self.laws = cluster.laws if laws is None else laws
        # What fails, fails by one law. Only where that one is broken are the others asked whether it was the first.
        lasts = any(known.name == law and known.when == FINALLY for known in self.laws)
        self.first = self.laws if lasts else tuple(known for known in self.laws if known.name == law)

    def performed(
        self, cluster: Cluster, moves: Moves, laws: tuple[Law, ...] | None = None, brief: bool = False
    ) -> tuple[Performer, Trace | None]:
        """Perform moves as far as they can happen; the trace is None where a node or a law failed by a bug."""
        self.budget -= len(moves) + len(cluster.names)
        performer = Performer(
            cluster, moves, seed=self.seed, network=self.network, skip=True, checked=True,
            settle=min(self.settle, BRIEF) if brief else self.settle,
            laws=self.laws if laws is None else laws,
        )  # fmt: skip
        try:
            trace = performer.run()
        except DistsysError:
            return performer, None
        self.budget -= max(0, len(trace) - len(moves)) // 2  # the healed phase
        return performer, trace

    def breaks(self, trace: Trace | None) -> bool:
        """Return whether a performed run breaks the law that we are after."""
        if trace is None:
            return False
        if trace.violations or self.judge is None:
            return any(violation.law == self.law for violation in trace.violations)
        return any(violation.law == self.law for violation in self.judge(trace))

    def fails(self, moves: Moves, cluster: Cluster | None = None) -> Moves | None:
        """Return the moves that really happened if they break the law, else None."""
        if moves in self.tried or self.budget <= 0:
            return None
        self.tried.add(moves)
        performer, trace = self.performed(cluster or self.cluster, moves, self.first, brief=True)
        if not self.breaks(trace):
            return None
        if len(self.first) < len(self.laws) or self.settle > BRIEF:
            before = self.budget  # a second look costs nothing: it is not another candidate
            performer, trace = self.performed(cluster or self.cluster, moves)
            self.budget = before
            if not self.breaks(trace):
                return None
        done = tuple(performer.done)
        correct = self.correct if cluster is None else without_mutant(cluster)
        if correct is not None and self.breaks(self.performed(correct, done, self.first)[1]):
            return None
        return done


def without_mutant(cluster: Cluster) -> Cluster | None:
    """Return the same cluster with the correct code; None where it is that already."""
    if cluster.mutant is None:
        return None
    return systems.build(cluster.system.name, **dict(cluster.options.items()))
