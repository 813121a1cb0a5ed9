"""The explorer: every order of events in a small cluster, within declared bounds.

A simulation draws one order of events from a seed. An exploration tries all of them: from each state it takes every
action that is possible, and asks the laws about each state that it reaches.

    deliver    any message in flight, whatever was sent before it
    timeout    any timer that runs
    invoke     a request of a client that was not made yet
    crash      of a node that is up, between two events or between two effects of one event
    restart    of a node that is down, from its disk, where the system restarts nodes
    lose, duplicate, wipe, tick     where the bounds allow them

What is covered, and what is not:

* Durations are ignored. Any timer that runs may fire before any message arrives, so every order of timeouts is
  tried, also those that the durations of the timers would rule out.
* Clocks stand still at 0, unless `Bounds.ticks` lets the clock of all nodes move on together. A protocol that
  reads its clock is explored for these readings only; clocks that differ are not explored.
* The seed of `Start` is derived from `seed`: of what a protocol draws with its dice, one sequence is explored.
* All nodes start before anything else happens. A crash before the first effect of a step is not tried, for it
  is the same as a crash before an event that never came. Nor is a delivery to a node that is down: a message
  that never arrives is as good as lost. What a node sends to itself is neither lost nor doubled, and is gone
  after a crash.
* Cuts and partitions are orders in which some messages come late or never, so they are all covered.
* Laws that hold finally are not checked: within bounds a run has no end. State what must be reachable as a goal.
* Clients are nodes that do not crash. Whether their operations are linearizable is no law, so it is not checked.
* States are equal when their values are: a field that holds now 1 and now True would be one state.

A HOLDS is no proof. It says that no run within these bounds breaks these laws. Bugs that need more nodes, more
requests or more faults are beyond it.

The design follows explicit-state model checkers (TLC; Stateright; the search of DSLabs, whose word for goals and
prunes we use). States are interned and local steps remembered: see `nodespace`, `localsteps` and `lookout`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, shown, whole_number
from distsys.core.events import SetTimer, Start
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.node import Node
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Trace
from distsys.core.values import Map

from .bounds import Bounds, limits
from .exploration import Exploration, verdict_of
from .explorer_input import (
    Predicate,
    Predicates,
    allowed_requests,
    answer,
    checked_laws,
    checked_progress,
    explored_cluster,
    named,
)
from .localsteps import Entry, Keeping, LocalSteps, LookAgain
from .lookout import Lookout, SeenWorld
from .model_explorer import explore_model
from .nodespace import Act, NodeSpace, State
from .search import BAD, CUT_OFF, GO_ON, Found, Progress, search
from .settings import collector_paused
from .symmetry import Symmetry
from .witness import header_of, path_of, trace_of

__all__ = ["Bounds", "Exploration", "explore", "explore_model"]


def explore(
    system: str | Cluster,
    *,
    bounds: Bounds | None = None,
    requests: Iterable[Request] | None = None,
    laws: Iterable[Law] | None = None,
    goals: Predicates = (),
    prunes: Predicates = (),
    symmetry: bool = False,
    states_max: int = 1_000_000,
    progress: Progress | None = None,
    seed: int = 0,
    mutant: str | None = None,
    **options: Any,
) -> Exploration:
    """Return what happens in every run of a small cluster within `bounds`.

    system      the name of a system (then `mutant` and `options` are those of `systems.build`), or a cluster
    bounds      see `Bounds`; without it messages are delivered, and nothing else happens
    requests    what clients may ask, whatever their `at`; None takes the workload of the system for `seed`
    laws        None takes the laws of the system; those that hold finally are left out
    goals       what must be reachable: functions of the `World` (laws look at it too), by name, or as sights
    prunes      functions of the `World`; where one is true, nothing is explored below
    symmetry    take states that differ only in the names of nodes that are alike for one (see `symmetry`)
    states_max  the budget: with more distinct states the verdict is UNKNOWN
    progress    called now and then with (distinct states, transitions, depth)

    >>> found = explore("reliable-broadcast", nodes=2, bounds=Bounds(duplicates=1))
    >>> found.verdict, found.states
    ('HOLDS', 35)
    """
    cluster = explored_cluster(system, mutant, options)
    within = bounds if bounds is not None else Bounds()
    if not isinstance(within, Bounds):
        raise ArgumentTypeError(f"bounds must be Bounds(...), but it is {shown(bounds)}")
    for name in sorted(within.named - set(cluster.names)):
        raise ArgumentError(f"bounds must name nodes of {', '.join(cluster.names)}, but they name {name!r}")
    whole_number("seed", seed, at_most=2**64 - 1)
    whole_number("states_max", states_max, at_least=1)
    if not isinstance(symmetry, bool):
        raise ArgumentTypeError(f"symmetry must be True or False, but it is {shown(symmetry)}")
    chosen = checked_laws(cluster.laws if laws is None else laws)
    asked = allowed_requests(cluster, requests, within, seed)
    checked_progress(progress)
    wanted, unwanted = named("goals", goals), named("prunes", prunes)
    keeping = Keeping()
    while True:
        run = _Run(cluster, within, asked, chosen, wanted, unwanted, seed, keeping, symmetry)
        try:
            with collector_paused():
                return run.explore(states_max, progress)
        except LookAgain as again:  # a law looks at more than the states kept: keep it, and begin again
            setattr(keeping, again.what, True)


class _Run:
    """One exploration that knows what its states must keep."""

    def __init__(
        self,
        cluster: Cluster,
        bounds: Bounds,
        requests: tuple[Request, ...],
        laws: tuple[Law, ...],
        goals: dict[str, Predicate],
        prunes: dict[str, Predicate],
        seed: int,
        keeping: Keeping,
        symmetry: bool,
    ) -> None:
        self.cluster, self.bounds, self.seed, self.laws, self.goals = cluster, bounds, seed, laws, goals
        self.prunes = prunes
        self.table = LocalSteps(cluster, seed, keeping)
        self.lookout = Lookout(laws, goals, self.table)
        self.space = NodeSpace(cluster, bounds, requests, self.table, self.lookout, keeping)
        self._cut_off: dict[int, bool] = {}
        self.symmetry = Symmetry(self.space) if symmetry else None
        if symmetry and (keeping.causes or keeping.starts):
            what = "numbers of steps" if keeping.causes else "dice"
            raise ArgumentError(f"symmetry must be off: {what} tell nodes apart that are alike else")

    def explore(self, states_max: int, progress: Progress | None) -> Exploration:
        """Search, and return what was found."""
        _, states = self.space.initial()
        if self.symmetry is not None:  # but not before: the nodes start in the order of their names
            self.lookout.look_under_all_names(self.symmetry.views)
        found = search(
            states[-1:],
            self.space.successors,
            self.look,
            states_max=states_max,
            depth_max=self.bounds.depth,
            progress=progress,
            key=None if self.symmetry is None else self.symmetry.canonical,
        )
        self.lookout.views = None
        goals = self._goals(found)
        violation, trace = self._violation(found)
        return Exploration(
            verdict=verdict_of(found, violation, goals),
            name=self._name(),
            bounds=f"{len(self.cluster.names)} nodes, {self.bounds.said(len(self.space.requests))}",
            laws=tuple(law.name for law in self.lookout.laws),
            states=len(found.states),
            transitions=found.transitions,
            depth=found.depth,
            handler_calls=self.table.handler_calls,
            unchecked=tuple(law.name for law in self.laws if law.when == FINALLY),
            violation=violation,
            trace=trace,
            goals=goals,
            witnesses=self._witnesses(found),
            pruned=found.pruned,
            beyond=found.beyond,
            notes=self._notes(found),
        )

    def _goals(self, found: Found) -> dict[str, bool | None]:
        """Return for each goal whether it was reached; None where that cannot be said."""
        goals: dict[str, bool | None] = {name: name not in self.lookout.unreached for name in self.goals}
        if found.exhausted:
            goals.update((name, None) for name in self.lookout.apart if not goals[name])
        return goals

    def look(self, state: State) -> int:
        """Say whether the search goes on below a state."""
        if state[3] in self.lookout.broken:
            return BAD
        if self.prunes and self._pruned(state[0]):
            return CUT_OFF
        return GO_ON

    def _pruned(self, conf: int) -> bool:
        found = self._cut_off.get(conf)
        if found is None:
            found = self._cut_off[conf] = self._cuts(conf)
            images = () if self.symmetry is None else self.symmetry.images(conf)
            if any(self._cuts(image) != found for image in images):
                raise ArgumentError(
                    f"symmetry must be off: the prunes ({', '.join(self.prunes)}) tell names apart. "
                    "They cut off a state, and not the same state where nodes that are alike have changed names"
                )
        return found

    def _cuts(self, conf: int) -> bool:
        world = SeenWorld(self.table, self.space.confs[conf], None, 0)
        found = any(answer("prune", name, cut, world) for name, cut in self.prunes.items())
        if world.looked_at_step:
            raise ArgumentError("prunes must look at the state of the nodes, not at the step or the time")
        return found

    def _violation(self, found: Found) -> tuple[Violation | None, Trace | None]:
        if found.bad is None:
            return None, None
        states = found.path(found.bad)
        violation = self.lookout.broken[states[-1][3]]
        trace = trace_of(self.space, path_of(self.space, states), self._header(), violation)
        return trace.violations[0], trace

    def _witnesses(self, found: Found) -> dict[str, Trace]:
        """Return a shortest run to each goal that was reached."""
        numbers: dict[State, int] = {}
        if self.lookout.reached:
            numbers = {state: number for number, state in enumerate(found.states)}
        runs = {}
        for name, (before, entry, kept) in sorted(self.lookout.reached.items()):
            acts: list[Act] = []
            if before in numbers:
                acts = path_of(self.space, found.path(numbers[before]))
                acts.append(self._act(before, entry, kept))
            runs[name] = trace_of(self.space, acts, self._header())
        return runs

    def _act(self, before: State, seen: Entry, kept: int) -> Act:
        """Return the action after which the laws saw this step."""
        for act, after in self.space.successors(before):
            entry = act.entry
            if entry is None:
                continue
            whole = len(entry.effects) if act.kept is None else act.kept
            if (entry is seen and whole == kept) or (act.what == "wipe" and seen.name == entry.name):
                return act
            if act.kept is not None and self.space.crash_after(entry, after[0]) is seen:
                return act
        raise AssertionError("a goal is reached by an action")

    def _header(self) -> Any:
        names = tuple(law.name for law in self.lookout.laws)
        return header_of(self.space, self.seed, Map({"bounds": self.bounds.settings()}), names)

    def _name(self) -> str:
        mutant = self.cluster.mutant
        return self.cluster.system.name + (f" with {mutant.id}" if mutant is not None else "")

    def _notes(self, found: Found) -> tuple[str, ...]:
        notes: tuple[str, ...] = () if self.symmetry is None else (self.symmetry.said(),)
        notes += tuple(
            f"the goal {goal!r} is reached only where nodes that are alike have changed names: "
            "explore without symmetry to know whether it is reached"
            for goal, reached in self._goals(found).items()
            if reached is None
        )
        if self.bounds.timers and found.bad is None:
            notes += self._idle_limits()
        nodes = [self.cluster.make(name) for name in self.cluster.names]
        if not self.bounds.timeouts and any(_waits_for_a_timer(node) for node in nodes):
            notes = (
                *notes,
                "no timer may fire within these bounds, and nodes wait for theirs from the start",
            )
        clocks = ", ".join(sorted({type(node).__name__ for node in nodes if _reads_clock(node)}))
        if not clocks:
            return notes
        readings = ", ".join(str(n * self.bounds.tick) for n in range(self.bounds.ticks + 1))
        showed = f"showed {readings} microseconds" if self.bounds.ticks else "stood still at 0"
        return (*notes, f"clocks: read by {clocks}; they {showed}")

    def _idle_limits(self) -> tuple[str, ...]:
        """Return a note for each limit on a timer that no node ever set: perhaps its name is misspelt."""
        ran = {(timer, self.cluster.names[x.place]) for x in self.table.locals for timer, _ in x.timers}
        return tuple(
            f"no timer {name} ever ran, so its limit limited nothing"
            for name in self.bounds.timers
            if not any(limits(name, timer, node) for timer, node in ran)
        )


def _waits_for_a_timer(node: Node) -> bool:
    """Return whether a node sets a timer when it starts."""
    return any(isinstance(effect, SetTimer) for effect in node.handle(Start(0)))


def _reads_clock(node: Node) -> bool:
    """Return whether some method of a node, or of a node inside it, names `now`."""
    for kind in type(node).__mro__:
        if kind not in (Node, object):
            for method in vars(kind).values():
                if "now" in getattr(getattr(method, "__code__", None), "co_names", ()):
                    return True
    return any(_reads_clock(value) for value in vars(node).values() if isinstance(value, Node))
