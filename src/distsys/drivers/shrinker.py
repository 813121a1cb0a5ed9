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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, shown, whole_number
from distsys.core.laws import Violation
from distsys.core.systems import Cluster
from distsys.core.trace import Trace
from distsys.core.units import MS, S

from .network import Link
from .performer import Performer
from .replay import cluster_of
from .schedules import Delivered, Move, TimedOut, class_name, events_in, length, node_of, schedule_of
from .swarm import Swarm, simulate

Moves = tuple[Move, ...]
Judging = Callable[[Trace], tuple[Violation, ...]]
BUDGET = 400_000  # moves performed for one run


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
    ) -> None:
        self.cluster, self.seed, self.law = cluster, seed, law
        self.network, self.settle, self.judge, self.budget = network, settle, judge, budget
        self.tried: set[Moves] = set()
        self.correct = _without_mutant(cluster)

    def performed(self, cluster: Cluster, moves: Moves) -> tuple[Performer, Trace | None]:
        """Perform moves as far as they can happen; the trace is None where a node or a law failed by a bug."""
        self.budget -= len(moves) + len(cluster.names)
        performer = Performer(
            cluster, moves, seed=self.seed, network=self.network, settle=self.settle, skip=True, checked=True
        )
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
        performer, trace = self.performed(cluster or self.cluster, moves)
        if not self.breaks(trace):
            return None
        done = tuple(performer.done)
        correct = self.correct if cluster is None else _without_mutant(cluster)
        if correct is not None and self.breaks(self.performed(correct, done)[1]):
            return None
        return done


def _without_mutant(cluster: Cluster) -> Cluster | None:
    if cluster.mutant is None:
        return None
    return systems.build(cluster.system.name, **dict(cluster.options.items()))


# The first passes: less of everything.


def groups(moves: Moves) -> Iterator[tuple[int, ...]]:
    """Yield positions that belong together: by node, by kind, by class of message or timer, by link."""
    families: dict[tuple[Any, ...], list[int]] = {}
    for place, move in enumerate(moves):
        kind = type(move).__name__
        about = move.what if isinstance(move, Delivered) else getattr(move, "timer", "")
        keys: list[tuple[Any, ...]] = [
            ("node", node_of(move)), ("kind", kind), ("kind", kind, node_of(move)), (kind, about),
            (kind, about, node_of(move)),
        ]  # fmt: skip
        if isinstance(move, Delivered):
            keys += [("from", move.sender), ("link", move.sender, move.to)]
        for key in keys:
            families.setdefault(key, []).append(place)
    yield from sorted((tuple(places) for places in families.values()), key=lambda g: (-len(g), g))


def past(moves: Moves, ends: Iterable[int]) -> frozenset[int]:
    """Return the positions of the moves that happened before those at `ends`, and these."""
    by_id = {move.id: place for place, move in enumerate(moves)}
    before: list[list[int]] = []
    last_at: dict[str, int] = {}
    for place, move in enumerate(moves):
        node = node_of(move)
        sources = [last_at[node]] if node in last_at else []
        if isinstance(move, Delivered) and move.source in by_id:
            sources.append(by_id[move.source])
        before.append(sources)
        last_at[node] = place
    seen: set[int] = set()
    left = list(ends)
    while left:
        place = left.pop()
        if place not in seen:
            seen.add(place)
            left.extend(before[place])
    return frozenset(seen)


def without(moves: Moves, gone: Iterable[int]) -> Moves:
    """Return the moves but for those at these positions."""
    out = frozenset(gone)
    return tuple(move for place, move in enumerate(moves) if place not in out)


def _coarse(hunt: Hunt, moves: Moves) -> Moves:
    """Keep the causal past of the end where that is enough; then take away whole groups."""
    if moves:
        ends = {node_of(move): place for place, move in enumerate(moves)}
        order = sorted(ends.values(), reverse=True)
        for count in range(1, len(order) + 1):
            found = hunt.fails(without(moves, frozenset(range(len(moves))) - past(moves, order[:count])))
            if found is not None:
                moves = found
                break
    again = True
    while again:
        again = False
        for group in groups(moves):
            found = hunt.fails(without(moves, group)) if len(group) > 1 else None
            if found is not None:
                moves, again = found, True
                break
    return moves


def ddmin(hunt: Hunt, moves: Moves) -> Moves:
    """Return a 1-minimal schedule: chunks are taken away, the biggest and the latest first."""
    size = max(1, len(moves) // 2)
    while moves:
        shorter = False
        start = len(moves) - size
        while start > -size:
            found = hunt.fails(without(moves, range(max(0, start), start + size)))
            if found is not None:
                moves, shorter = found, True
                start = min(start, len(moves)) - size
            else:
                start -= size
        if size == 1 and not shorter:
            break
        size = max(1, min(size // 2, len(moves) // 2)) if size > 1 else 1
    return moves


# The second passes: other moves, in another order.


def possible(hunt: Hunt, moves: Moves) -> list[list[Move]]:
    """Return, for each position, the moves that could happen there: a message under way, a running timer."""
    performer = _Watching(hunt.cluster, moves, seed=hunt.seed, network=hunt.network, skip=True, checked=True)
    performer.run()
    hunt.budget -= len(moves)
    return performer.choices


class _Watching(Performer):
    """Notes before each move what else could happen."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.choices: list[list[Move]] = []

    def _take(self, position: int, move: Any) -> None:
        here: list[Move] = [
            Delivered(s.sender, s.to, class_name(s.message), s.source, s.place, at=self.now)
            for s in self.under_way()
            if self.hosts[s.to].node is not None
        ]
        here += [
            TimedOut(name, timer, at=self.now)
            for name, host in self.hosts.items()
            if host.node is not None
            for timer in host.timers
        ]
        self.choices.append(here)
        super()._take(position, move)


def _pairs(hunt: Hunt, moves: Moves) -> Moves | None:
    for last in range(len(moves) - 1, 0, -1):
        for first in range(last - 1, -1, -1):
            found = hunt.fails(without(moves, (first, last)))
            if found is not None:
                return found
    return None


def _softened(hunt: Hunt, moves: Moves) -> Moves | None:
    """A step without its crash in the middle, if that will do."""
    for place, move in enumerate(moves):
        if getattr(move, "keep", None) is not None:
            whole = changed(move, keep=None)
            found = hunt.fails((*moves[:place], whole, *moves[place + 1 :]))
            if found is not None:
                return found
    return None


def _exchanged(hunt: Hunt, moves: Moves) -> Moves | None:
    """Another move in the place of one, while a second one goes."""
    fresh = max((move.id for move in moves), default=0) + 1
    choices = possible(hunt, moves)
    for place in range(min(len(moves), len(choices))):
        for other in choices[place]:
            new = changed(other, id=fresh)
            for gone in range(len(moves) - 1, -1, -1):
                if gone == place or hunt.budget <= 0:
                    continue
                found = hunt.fails(without((*moves[:place], new, *moves[place + 1 :]), (gone,)))
                if found is not None:
                    return found
    return None


def _reordered(hunt: Hunt, moves: Moves) -> Moves | None:
    """A move at another place, so that a further one can go."""
    for place, move in enumerate(moves):
        for to in range(len(moves)):
            if abs(to - place) < 1 or hunt.budget <= 0:
                continue
            rest = without(moves, (place,))
            found = hunt.fails(retimed((*rest[:to], move, *rest[to:])))
            if found is None:
                continue
            if len(found) < len(moves):
                return found
            for gone in range(len(found)):
                shorter = hunt.fails(without(found, (gone,)))
                if shorter is not None:
                    return shorter
    return None


def changed(move: Move, **fields: Any) -> Move:
    """Return the move with other values in some fields."""
    new: Move = replace(move, **fields)
    return new


def retimed(moves: Moves) -> Moves:
    """Return the moves with times that never go back: the driver's, and each node's own."""
    at, clocks, done = 0, dict[str, int](), []
    for move in moves:
        at = max(at, move.at)
        changes: dict[str, Any] = {"at": at}
        now = getattr(move, "now", None)
        if now is not None:
            node = node_of(move)
            changes["now"] = clocks[node] = max(now, clocks.get(node, 0))
        done.append(changed(move, **changes))
    return tuple(done)


def _second(hunt: Hunt, moves: Moves) -> Moves:
    """Pass by pass; whatever makes the schedule shorter starts again with the cheapest."""
    passes = (_softened, _pairs, _reordered, _exchanged)
    again = True
    while again and hunt.budget > 0:
        again = False
        for one in passes:
            found = one(hunt, moves)
            if found is not None and events_in(found) < events_in(moves):
                moves, again = ddmin(hunt, found), True
                break
    return moves


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
    if not isinstance(trace, Trace):
        raise ArgumentTypeError(
            f"trace must be a Trace, but it is {shown(trace)} of type {type(trace).__name__}"
        )
    whole_number("budget", budget, at_least=1)
    violation = broken_law(trace, judge)
    if violation is None:
        raise ArgumentError("trace must have broken a law: there is nothing to shrink")
    hunt = _hunt(trace, violation, judge, budget)
    moves = _first_schedule(hunt, trace, violation)
    moves = ddmin(hunt, _coarse(hunt, moves))
    moves = _second(hunt, moves)
    cluster, moves = _simplified(hunt, moves)
    _, shortest = hunt.performed(cluster, moves)
    assert shortest is not None, "a schedule that failed a moment ago does not fail now"
    if not shortest.violations and judge is not None:
        return replace(shortest, violations=judge(shortest), ended="violation")
    return shortest


def _hunt(trace: Trace, violation: Violation, judge: Judging | None, budget: int) -> Hunt:
    cluster, driver = cluster_of(trace), trace.header.driver
    finally_ = {law.name for law in cluster.laws if law.when == "finally"}
    settle = driver.get("settle", 0) if violation.law in finally_ else 0
    network = driver.get("network") or Link()
    calm = Link(delay=network.delay)  # losses are moves that are missing; what is healed loses nothing
    return Hunt(cluster, trace.header.seed, violation.law, calm, settle, judge, budget)


def _first_schedule(hunt: Hunt, trace: Trace, violation: Violation) -> Moves:
    """Return the moves of the run up to the violation, which must break the law when they are performed."""
    heal = (step.number for step in trace if step.kind == "heal" and step.detail.get("phase") == "settle")
    healed = next(heal, len(trace))
    for last in (violation.step, healed, len(trace)) if violation.step else (healed, len(trace)):
        moves = schedule_of(trace, last=last)
        hunt.budget += len(moves) + len(trace)
        found = hunt.fails(moves)
        if found is not None:
            return found
    raise ArgumentError(
        f"the run of seed {trace.header.seed} breaks {violation.law!r}, but its schedule without the clock does not: "
        "what breaks the law is a matter of time, and cannot be shrunk this way"
    )


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
    until: int = 5 * S,
    settle: int = 5 * S,
    **options: Any,
) -> Trace | None:
    """Return the shortest run that shrinking from the first `restarts` failing seeds leads to; None if none fails.

    With `law`, only runs that break this one count.
    """
    whole_number("restarts", restarts, at_least=1)
    found = (
        simulate(system, seed, mutant=mutant, swarm=swarm, until=until, settle=settle, **options)
        for seed in seeds
    )
    return best_of(found, restarts=restarts, law=law, judge=judge, budget=budget)


def best_of(
    traces: Iterable[Trace],
    *,
    restarts: int = 5,
    law: str | None = None,
    judge: Judging | None = None,
    budget: int = BUDGET,
) -> Trace | None:
    """Return the shortest run among those that the failing ones of `traces` shrink to."""
    best: Trace | None = None
    left = restarts
    for trace in traces:
        violation = broken_law(trace, judge)
        if violation is None or law not in (None, violation.law):
            continue
        try:
            short = shrink(trace, judge=judge, budget=budget)
        except ArgumentError:  # a matter of time: another seed may do better
            continue
        if best is None or length(short) < length(best):
            best = short
        left -= 1
        if not left:
            break
    return best
