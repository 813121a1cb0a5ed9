"""`shrink`: the shortest schedule that still breaks the same law.

A run that broke a law is turned into a schedule (drivers.schedules) and made shorter, in passes:

1. Cut what comes after the violation. Take away whole groups: all moves of one node, of one kind, one timer,
   all that is not in the causal past of the end.
2. Delta debugging (ddmin, Zeller and Hildebrandt 2002): take away halves, quarters, ..., single moves.
   What is left is *1-minimal*: no single move can be spared.
3. Delta debugging ends in a local minimum. So pairs are taken away, moves are exchanged for others that could happen
   at the same place (another message, another timer) while a second move goes, and deliveries are moved to another
   place in the hope that a third becomes needless. Each success starts the passes again.
4. Simplify: fewer nodes, a crash at the end of a step in place of one in its middle, even times.

A candidate counts only if it breaks the law of the same *name*; of a mutant, only if the correct code under the same
schedule does not break it, so that what is left is the fault of the mutant and not of an impossible
schedule. The search draws no chance and is bounded by the number of moves performed, not by time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from distsys.core import systems
from distsys.core.errors import (
    ArgumentError,
    DistsysError,
    UnknownNameError,
    callback,
    instance,
    several,
    shown,
    whole_number,
)
from distsys.core.laws import Law, Violation
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.core.units import MS

from .hunt import Hunt, Judging, Moves
from .network import Link
from .passes import changed, coarse, ddmin, second
from .replay import cluster_of
from .schedules import events_in, length, node_of, schedule_of
from .settings import checked_cluster
from .swarm import Swarm, simulate

BUDGET = 200_000  # moves performed for one run
FINISHED = 2  # of several runs, so many of the shortest are taken through the second passes


# Simpler, at the same length.


def _simplified(hunt: Hunt, moves: Moves) -> tuple[Cluster, Moves]:
    """Return a smaller cluster and even times, where the law breaks with them, too."""
    hunt.budget = max(hunt.budget, 50 * (len(moves) + 10))  # this is worth a few runs more
    cluster = hunt.cluster
    while (smaller := _smaller(cluster)) is not None:
        fitting = tuple(
            move
            for move in moves
            if node_of(move) in smaller.names and getattr(move, "sender", node_of(move)) in smaller.names
        )
        hunt.tried.discard(fitting)
        found = hunt.fails(fitting, smaller)
        if found is None:
            break
        cluster, moves = smaller, found
    even = tuple(
        changed(move, at=number * MS, **({"now": None} if hasattr(move, "now") else {}))
        for number, move in enumerate(moves, 1)
    )
    hunt.tried.discard(even)
    found = hunt.fails(even, cluster)
    return cluster, moves if found is None else found


def _smaller(cluster: Cluster) -> Cluster | None:
    """Return the cluster with a node less, or None."""
    nodes = cluster.options["nodes"]
    if not isinstance(nodes, int) or nodes < 2:
        return None
    options = {**dict(cluster.options.items()), "nodes": nodes - 1}
    mutant = cluster.mutant.id if cluster.mutant else None
    try:
        smaller = systems.build(cluster.system.name, mutant=mutant, **options)
    except DistsysError:
        return None
    return smaller if set(smaller.names) < set(cluster.names) else None


# The front door.


def broken_law(trace: Trace, judge: Judging | None = None) -> Violation | None:
    """Return the first broken law of a run; where the laws of the system hold, ask the judge."""
    if trace.violation is not None or judge is None:
        return trace.violation
    return next(iter(judge(trace)), None)


def shrink(trace: Trace, *, judge: Judging | None = None, budget: int = BUDGET) -> Trace:
    """Return a short run that breaks the same law as `trace`, and is 1-minimal unless the budget ran out.

    trace   a run, simulated or performed, that broke a law
    judge   what else may find fault with a whole run, such as a checker of linearizability
    budget  how many moves may be performed; more gives a shorter run now and then

    The result is a performed schedule, so `reperform` and `replay` give its bytes again.
    """
    instance("trace", trace, Trace)
    whole_number("budget", budget, at_least=1)
    if judge is not None:
        callback("judge", judge)
    violation = broken_law(trace, judge)
    if violation is None:
        raise ArgumentError("trace must have broken a law: there is nothing to shrink")
    return _Shrinking(trace, violation, judge, budget).finished()


class _Shrinking:
    """One run on its way to a short one: the first passes when it is made, the second ones when it is finished."""

    def __init__(
        self,
        trace: Trace,
        violation: Violation,
        judge: Judging | None,
        budget: int,
        laws: tuple[Law, ...] | None = None,
    ) -> None:
        self.hunt = _hunt(trace, violation, judge, budget, laws)
        self.moves = ddmin(self.hunt, coarse(self.hunt, _first_schedule(self.hunt, trace, violation)))

    def finished(self) -> Trace:
        """Return the shortest run that all passes lead to."""
        cluster, moves = _simplified(self.hunt, second(self.hunt, self.moves))
        _, shortest = self.hunt.performed(cluster, moves)
        assert shortest is not None, "a schedule that failed a moment ago does not fail now"
        if not shortest.violations and self.hunt.judge is not None:
            return replace(shortest, violations=self.hunt.judge(shortest), ended="violation")
        return shortest


def _hunt(
    trace: Trace, violation: Violation, judge: Judging | None, budget: int, laws: tuple[Law, ...] | None
) -> Hunt:
    cluster, driver = cluster_of(trace), trace.header.driver
    finally_ = {law.name for law in cluster.laws if law.when == "finally"}
    settle = driver.get("settle", 0) if violation.law in finally_ else 0
    network = driver.get("network") or Link()
    calm = Link(delay=network.delay)  # losses are moves that are missing; what is healed loses nothing
    return Hunt(cluster, trace.header.seed, violation.law, calm, settle, judge, budget, laws)


def _first_schedule(hunt: Hunt, trace: Trace, violation: Violation) -> Moves:
    """Return the moves of the run up to the violation, which must break the law when they are performed."""
    heal = (step.number for step in trace if step.kind == "heal" and step.detail.get("phase") == "settle")
    healed = next(heal, len(trace))
    ends = [violation.step] if violation.step else []
    if hunt.judge is not None and violation.law not in {law.name for law in hunt.cluster.laws}:
        ends = [_prefix(trace, violation.law, hunt.judge)]
    for last in (*ends, healed, len(trace)):
        moves = schedule_of(trace, last=last)
        hunt.budget += len(moves) + len(trace)
        found = hunt.fails(moves)
        if found is not None:
            return found
    raise ArgumentError(
        f"the run of seed {trace.header.seed} breaks {violation.law!r}, but its schedule without the clock does not: "
        "what breaks the law is a matter of time, and cannot be shrunk this way"
    )


def _prefix(trace: Trace, law: str, judge: Judging) -> int:
    """Return how many steps of a run the judge must see to find fault: what is wrong stays wrong in a longer run."""
    good, bad = 0, len(trace)
    while bad - good > 1:
        middle = (good + bad) // 2
        found = judge(replace(trace, steps=trace.steps[:middle]))
        good, bad = (good, middle) if any(v.law == law for v in found) else (middle, bad)
    return bad


def shrink_best(
    system: str,
    mutant: str | None = None,
    *,
    seeds: Iterable[int] = range(200),
    restarts: int = 5,
    law: str | None = None,
    judge: Judging | None = None,
    budget: int = BUDGET,
    swarm: Swarm | None = None,
    until: int | None = None,
    settle: int | None = None,
    **options: Any,
) -> Trace | None:
    """Return the shortest run that shrinking from the first `restarts` failing seeds leads to; None if none fails.

    With `law`, only runs that break this one count.
    """
    whole_number("restarts", restarts, at_least=1)
    whole_number("budget", budget, at_least=1)
    if judge is not None:
        callback("judge", judge)
    cluster = systems.build(system, mutant=mutant, **options) if isinstance(system, str) else system
    _check_law(checked_cluster(cluster), law, judge)
    found = (
        simulate(system, seed, mutant=mutant, swarm=swarm, until=until, settle=settle, **options)
        for seed in several("seeds", seeds, "whole numbers, such as range(200)")
    )
    return best_of(found, restarts=restarts, law=law, judge=judge, budget=budget)


def _check_law(cluster: Cluster, law: Any, judge: Judging | None) -> None:
    """Raise an error unless a run can break a law of that name; which ones a judge has, nobody else knows."""
    known = [one.name for one in cluster.laws] + ["assertion"]
    if law is not None and instance("law", law, str) not in known and judge is None:
        raise UnknownNameError(
            f"{cluster.system.name} has no law named {shown(law)}; it has: {', '.join(known)}"
        )


def best_of(
    traces: Iterable[Trace],
    *,
    restarts: int = 5,
    law: str | None = None,
    judge: Judging | None = None,
    budget: int = BUDGET,
    laws: tuple[Law, ...] | None = None,
) -> Trace | None:
    """Return the shortest run that failing ones among `traces` shrink to.

    The first passes are made for `restarts` runs, or for fewer when these have used up the `budget` of one; the
    second ones for the shortest of these. With `laws`, only these are asked, in place of all laws of the system.
    """
    begun: list[_Shrinking] = []
    left = budget
    for trace in traces:
        violation = broken_law(trace, judge)
        if violation is None or law not in (None, violation.law):
            continue
        try:
            begun.append(_Shrinking(trace, violation, judge, budget, laws))
        except ArgumentError:  # a matter of time: another seed may do better
            continue
        left -= budget - begun[-1].hunt.budget
        if len(begun) == restarts or left <= 0:
            break
    begun.sort(key=lambda shrinking: events_in(shrinking.moves))  # stable, so the earlier seed wins a tie
    return min((shrinking.finished() for shrinking in begun[:FINISHED]), key=length, default=None)
