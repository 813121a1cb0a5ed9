"""The matrix: each mutant against each way to catch it, by the law that its row names.

A check that catches nothing proves nothing, so every law has mutants, and every mutant has a row here:

    unit             a law over values, or a directed schedule (`NodeMutant.scenario`)
    swarm            random runs break a law of safety: per seed a walk, where the system allows it, and a simulation
    explorer         every order of events within a scope: the mutant's own, or the one declared for it
    linearizability  random runs whose history no order of operations explains
    liveness         random runs break what must hold finally

A bug that breaks a law of safety often keeps a cluster from recovering as well. Runs in which that is all one sees
do not count, neither for such a row nor against it.

Another law may complain of the same bug, and earlier. Then the law that the row names is asked by itself in that run:
it must break as well, or the run does not count. The row keeps which law spoke first (`Row.before`).

A row is *red* when the law that it names was not broken within the budget of its class, when the shortest run is longer
than max(12, 2 x depth) events, when the correct code breaks the same law under the same schedule, or when a law of
safety complains of a mutant that only harms liveness.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from distsys.core import systems
from distsys.core.errors import DistsysError, UnknownNameError, shown
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.systems import NodeMutant, SubjectMutant
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers.bounds import Bounds
from distsys.drivers.exploration import Exploration
from distsys.drivers.explorer import explore
from distsys.drivers.performer import perform
from distsys.drivers.pool import in_order
from distsys.drivers.schedules import Scenario, length, schedule_of
from distsys.drivers.shrinker import BUDGET, best_of, broken_law
from distsys.drivers.swarm import simulate
from distsys.drivers.walk import walk

from .judging import LINEARIZABILITY, judge_of

CAUGHT, MISSED, NOT_TRIED = "caught", "missed", ""
WAYS = ("unit", "swarm", "explorer", "linearizability", "liveness")
SEEDS = {"Q": 200, "D": 5_000, "X": 0, "L": 200, "U": 200}  # the budget of a class
RESTARTS = 6  # failing seeds that are shrunk
CONSEQUENCES = 2  # of these, where a consequence is looked for
SIMULATED = 300  # seeds that are simulated as well, where a walk would do
UNTIL, SETTLE = 1 * S, 1500 * MS  # of a system that does not say how soon it settles: enough for every fault


@dataclass(frozen=True)
class Row:
    """One mutant, and what became of it.

    caught   way -> "caught", "missed" or "" (not tried); see `WAYS`
    seeds    how many seeds the swarm needed until the law of the row was broken; None where it was not, or not tried
    law      the law that the shortest run breaks: that of the row, or else the one that speaks first
    before   another law that spoke first in random runs: (its name, after how many seeds, at which step, and at which
             step of that run the law of the row is broken where it is asked by itself; None: it is not); None: no other
    length   events of the shortest run; None for a mutant that is no node
    explored (actions, states, bounds) of the exploration that caught it: within these bounds no run has fewer actions
    reds     what is wrong with the row; empty is green
    trace    the shortest run
    consequence  a short run that breaks what the bug leads to, judged by that law alone (`NodeMutant.leads_to`)
    """

    mutant: NodeMutant | SubjectMutant
    caught: Mapping[str, str]
    seeds: int | None = None
    law: str | None = None
    length: int | None = None
    explored: tuple[int, int, str] | None = None
    reds: tuple[str, ...] = ()
    before: tuple[str, int, int, int | None] | None = None
    trace: Trace | None = field(default=None, repr=False)
    consequence: Trace | None = field(default=None, repr=False)

    @property
    def green(self) -> bool:
        """Whether all that the row promises was found."""
        return not self.reds

    def plain(self) -> dict[str, Any]:
        """Return the row as JSON types."""
        mutant = self.mutant
        return {
            "id": mutant.id, "title": mutant.title, "system": mutant.system, "class": mutant.klass,
            "breaks": mutant.breaks, "source": mutant.source, "story": mutant.story,
            "caught": {way: self.caught.get(way, NOT_TRIED) for way in WAYS},
            "seeds": self.seeds, "law": self.law, "length": self.length, "reds": list(self.reds),
            "explored": None if self.explored is None else list(self.explored),
            "before": None if self.before is None else list(self.before),
            "digest": self.trace.digest() if self.trace is not None else None,
            "consequence": None if self.consequence is None else {
                "law": self.consequence.violations[0].law, "length": length(self.consequence),
                "digest": self.consequence.digest(),
            },
        }  # fmt: skip


def all_mutants(
    system: str | None = None, only: Iterable[str] = ()
) -> tuple[NodeMutant | SubjectMutant, ...]:
    """Return the mutants of a system, or all, or those named; an error that lists what there is."""
    every: tuple[NodeMutant | SubjectMutant, ...] = (
        *systems.mutants(system), *systems.value_mutants(system),
    )  # fmt: skip
    known = {mutant.id: mutant for mutant in every}
    for id in only:
        if id not in known:
            raise UnknownNameError(
                f"there is no mutant {shown(id)} here; there are: {', '.join(sorted(known))}"
            )
    if not known:
        places = sorted({m.system for m in systems.mutants()} | {m.system for m in systems.value_mutants()})
        raise UnknownNameError(f"{shown(system)} has no mutants; these have: {', '.join(places)}")
    return tuple(known[id] for id in sorted(set(only) or known))


def row_of(
    mutant: NodeMutant | SubjectMutant,
    *,
    seeds: int | None = None,
    restarts: int = RESTARTS,
    budget: int = BUDGET,
    until: int | None = None,
    settle: int | None = None,
) -> Row:
    """Return the row of one mutant; `seeds` replaces the budget of its class."""
    if isinstance(mutant, SubjectMutant):
        return _row_of_value(mutant)
    return _Hunted(mutant, seeds, restarts, budget, until, settle).row()


def _row_of_value(mutant: SubjectMutant) -> Row:
    """Judge a mutant that is no node by its laws over values; the correct class must keep them."""
    found = mutant.verdicts(mutant.subject)
    evidence = found.get(mutant.breaks)
    if evidence is None:
        others = ", ".join(law for law, said in found.items() if said) or "nothing"
        return Row(mutant, {"unit": MISSED}, reds=(f"{mutant.breaks!r} holds; broken: {others}",))
    return Row(mutant, {"unit": CAUGHT}, law=mutant.breaks)


def told(place: str) -> tuple[tuple[Any, ...], int]:
    """Return the schedule that stands at "module:ATTRIBUTE", and the seed that it is performed with."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    return (found.moves, found.seed) if isinstance(found, Scenario) else (found, 0)


def said_of(trace: Trace, law: str) -> tuple[Violation, ...]:
    """Return the broken laws of a run, the one of this name first: laws that break in one step break together."""
    return tuple(sorted(trace.violations, key=lambda violation: violation.law != law))


class _Hunted:
    """The work on one mutant of nodes."""

    def __init__(
        self, mutant: NodeMutant, seeds: int | None, restarts: int, budget: int,
        until: int | None, settle: int | None,
    ) -> None:  # fmt: skip
        self.mutant, self.restarts, self.budget = mutant, restarts, budget
        early = systems.find(mutant.system).settles_early
        self.until = UNTIL if until is None and not early else until
        self.settle = SETTLE if settle is None and not early else settle
        self.seeds = seeds if seeds is not None else max(mutant.seeds_max, SEEDS[mutant.klass])
        if mutant.klass == "X" and seeds is None:
            self.seeds = 0
        self.judge = judge_of(mutant.system)
        laws = systems.find(mutant.system).laws
        self.finally_ = {law.name for law in laws if law.when == FINALLY}
        # What a run is judged by where the law of the row is asked by itself. That of no system is left to the judge
        # or to the code, and the run must end: so what holds in the end is looked at.
        named = tuple(law for law in laws if law.name == mutant.breaks)
        self.named = named or tuple(law for law in laws if law.when == FINALLY)
        self.caught: dict[str, str] = {}
        self.reds: list[str] = []
        self.short: list[Trace] = []
        self.within: list[Trace] = []  # a run that the explorer found; it is kept if nothing is as short
        self.explored: tuple[int, int, str] | None = None
        self.before: tuple[str, int, int, int | None] | None = None
        self.seeds_needed: int | None = None

    def row(self) -> Row:
        """Try every way that the mutant offers, and say what came of it."""
        if self.mutant.scenario is not None:
            self._direct()
        self._explore()
        if self.seeds:
            self._swarm()
        if CAUGHT not in self.caught.values():
            tried = f"{self.seeds} seeds" if self.seeds else "its schedule"
            self.reds.append(f"not caught by {tried}")
        best = min([*self.short, *self.within], key=length, default=None)
        count = None if best is None else length(best)
        if count is not None and count > self.mutant.length_max:
            self.reds.append(f"{count} events, more than {self.mutant.length_max}")
        led_to = self._consequence() if self.mutant.leads_to else None
        said = () if best is None else said_of(best, self.mutant.breaks)
        law = said[0].law if said else self.mutant.breaks
        found = self.seeds_needed, law if CAUGHT in self.caught.values() else None, count, self.explored
        return Row(self.mutant, self.caught, *found, tuple(self.reds), self.before, best, led_to)

    def way_of(self, law: str) -> str:
        """Return the way by which random runs find a broken law of this name."""
        if law == LINEARIZABILITY:
            return "linearizability"
        return "liveness" if law in self.finally_ else "swarm"

    def _is_aftermath(self, law: str) -> bool:
        """Return whether a run only did not recover, while the row names a law that must hold always: it goes on."""
        return law in self.finally_ and self.mutant.breaks not in self.finally_

    def _own(self, trace: Trace, again: Callable[[tuple[Law, ...]], Trace]) -> Violation | None:
        """Return how a run breaks the law of the row; `again` gives the same run, judged by these laws alone."""
        if trace.violations and all(violation.law != self.mutant.breaks for violation in trace.violations):
            trace = again(self.named)
        said = trace.violations or (self.judge(trace) if self.judge is not None else ())
        return next((violation for violation in said if violation.law == self.mutant.breaks), None)

    def _found(self, way: str, trace: Trace, again: Callable[[tuple[Law, ...]], Trace]) -> bool:
        """Note what a run says; return whether it breaks the law that the row names."""
        if self._own(trace, again) is not None:
            self.caught[way] = CAUGHT
            return True
        violation = broken_law(trace, self.judge)
        said = "nothing" if violation is None else repr(violation.law)
        self.caught[way] = MISSED
        self.reds.append(f"{way} found {said} in place of {self.mutant.breaks!r}")
        return False

    def _consequence(self) -> Trace | None:
        """Return a short run that breaks the law to which the bug leads, where no other law is asked before."""
        name = self.mutant.leads_to
        laws = tuple(law for law in systems.find(self.mutant.system).laws if law.name == name)
        best = best_of(self._leading_to(laws), restarts=CONSEQUENCES, law=name, budget=self.budget, laws=laws)
        if best is None:
            tried = f"{SEEDS['D']} seeds" if self.mutant.leads_to_by is None else "its schedule"
            self.reds.append(f"no run breaks {name!r} in {tried}")
        elif length(best) > self.mutant.length_max:
            self.reds.append(
                f"{name!r} takes {length(best)} events to break, more than {self.mutant.length_max}"
            )
        return best

    def _leading_to(self, laws: tuple[Law, ...]) -> Iterator[Trace]:
        """Yield runs that are judged by the consequence alone: the schedule that shows it, or random ones."""
        id = self.mutant.id
        if self.mutant.leads_to_by is not None:
            schedule, seed = told(self.mutant.leads_to_by)
            yield perform(systems.build(self.mutant.system, mutant=id), schedule, seed=seed, laws=laws)
            return
        for seed in range(SEEDS["D"]):
            yield walk(self.mutant.system, seed, mutant=id, laws=laws)

    def _direct(self) -> None:
        """Perform the directed schedule, with the mutant and with the correct code."""
        schedule, seed = told(str(self.mutant.scenario))
        settle = systems.find(self.mutant.system).settle if self.mutant.breaks in self.finally_ else 0
        broken = systems.build(self.mutant.system, mutant=self.mutant.id)

        def performed(laws: tuple[Law, ...] | None = None) -> Trace:
            return perform(broken, schedule, seed=seed, settle=settle, laws=laws)

        trace = performed()
        if self._found("unit", trace, performed):
            if not trace.violations and self.judge is not None:
                trace = replace(trace, violations=self.judge(trace), ended="violation")
            self.short.append(trace)
        correct = systems.build(self.mutant.system, **dict(broken.options.items()))
        kept = perform(correct, schedule, seed=seed, settle=settle, skip=True)
        violation = broken_law(kept, self.judge)
        if violation is not None:
            self.reds.append(f"under its schedule the correct code breaks {violation.law!r}, too")

    def _exploration(self) -> Exploration | None:
        """Return what the explorer says of the law of the row, where there is a scope and the law holds always."""
        laws = [law for law in self.named if law.name not in self.finally_]
        if not laws:
            return None
        if self.mutant.scope:  # it says the bounds, and may fix options
            bounds = dict(self.mutant.scope)
            options = dict(bounds.pop("options", {}))
            return explore(
                self.mutant.system, mutant=self.mutant.id, laws=laws, bounds=Bounds(**bounds), **options
            )
        scope = systems.scope_of(self.mutant.id)
        found: Exploration | None = None if scope is None else scope.explore(self.mutant.id, laws=laws)
        return found

    def _explore(self) -> None:
        """Explore the scope of the mutant, and perform the run that was found as a schedule."""
        found = self._exploration()
        if found is None:
            return
        if found.trace is None:
            self.caught["explorer"] = MISSED
            self.reds.append(f"the explorer says {found.verdict}")
        else:  # nothing but the law of the row was asked
            self.caught["explorer"] = CAUGHT
            self.explored = found.actions or 0, found.states, found.bounds
            moves, options = schedule_of(found.trace), dict(found.trace.header.options.items())
            broken, kept = (
                perform(systems.build(self.mutant.system, mutant=id, **options), moves, skip=id is None)
                for id in (self.mutant.id, None)
            )
            if {*broken.violations} & {*found.trace.violations} and not kept.violations:
                self.within.append(broken)

    def _run(self, seed: int) -> Trace:
        """Return the walk of a seed if it breaks a law, else its simulation."""
        system, id = self.mutant.system, self.mutant.id
        if systems.find(system).untimed and self.mutant.klass != "L":  # no walk shows what never happens
            walked = walk(system, seed, mutant=id)
            if broken_law(walked, self.judge) is not None:
                return walked
            if seed >= SIMULATED and self.way_of(self.mutant.breaks) != "liveness":
                return walked  # in a walk far more happens: what is rare is looked for there
        return self._simulated(seed)

    def _simulated(self, seed: int, laws: tuple[Law, ...] | None = None) -> Trace:
        system, id = self.mutant.system, self.mutant.id
        return simulate(system, seed, mutant=id, until=self.until, settle=self.settle, laws=laws)

    def _broken_at(self, seed: int, trace: Trace, violation: Violation) -> Violation | None:
        """Return how the run of a seed breaks the law of the row, and note which law spoke before it."""

        def again(laws: tuple[Law, ...]) -> Trace:
            if trace.header.driver["kind"] == "simulator":
                return self._simulated(seed, laws)
            return walk(self.mutant.system, seed, mutant=self.mutant.id, laws=laws)

        own = self._own(trace, again)
        other_first = own is None or own not in (violation, *trace.violations)
        if self.before is None and self.seeds_needed is None and other_first:
            self.before = violation.law, seed + 1, violation.step, None if own is None else own.step
        return own

    def _swarm(self) -> None:
        """Run seeds until the first that breaks the law; shrink it, and a few more, and keep the shortest.

        What is shrunk are runs that break this law before any other. Only where there is none in the whole budget,
        the others are.
        """
        failing: list[Trace] = []
        others: list[Trace] = []
        last = self.seeds
        for seed in range(self.seeds):
            if seed >= last or len(failing) >= self.restarts:
                break
            trace = self._run(seed)
            violation = broken_law(trace, self.judge)
            if violation is None or self._is_aftermath(violation.law):
                continue
            if self.mutant.klass == "L" and self.way_of(violation.law) == "swarm":
                self.caught["swarm"] = MISSED
                self.reds.append(f"seed {seed} breaks {violation.law!r}, which is a law of safety")
                return
            own = self._broken_at(seed, trace, violation)
            if own is None:
                continue
            if self.seeds_needed is None:
                self.seeds_needed = seed + 1
                self.caught[self.way_of(self.mutant.breaks)] = CAUGHT
                if self.short:
                    return  # a short run is there already: that of the directed schedule
            if violation.law == self.mutant.breaks:
                # Looking for more must not cost more than looking for one.
                last = last if failing else min(self.seeds, 2 * seed + 30)
                failing.append(trace)
            else:
                others.append(trace)
        if self.seeds_needed is None:
            self._missed()
            return
        best = best_of(failing or others, restarts=self.restarts, judge=self.judge, budget=self.budget)
        if best is not None:
            self.short.append(best)

    def _missed(self) -> None:
        """Note that no seed broke the law of the row, and which other law did."""
        way = self.way_of(self.mutant.breaks)
        self.caught.setdefault(way, MISSED)
        if self.before is not None:
            self.reds.append(f"{way} found {self.before[0]!r} in place of {self.mutant.breaks!r}")
        elif self.mutant.klass in "QDL":
            self.reds.append(f"no violation in {self.seeds} seeds")


def matrix(
    system: str | None = None,
    *,
    only: Iterable[str] = (),
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> tuple[Row, ...]:
    """Return the rows of the mutants of a system (None: of all), in the order of their ids.

    `executor`, `workers` and `progress` are those of `drivers.sweep`, with rows in place of seeds; the
    `settings` are those of `row_of`.
    """
    mutants = all_mutants(system, only)
    work = [(mutant.id, settings) for mutant in mutants]
    return tuple(in_order(_row_by_id, work, executor=executor, workers=workers, progress=progress))


def _row_by_id(work: tuple[str, Mapping[str, Any]]) -> Row:
    """Work of one worker. A mutant travels by its id: it holds classes and functions."""
    id, settings = work
    (mutant,) = all_mutants(only=(id,))
    try:
        return row_of(mutant, **settings)
    except DistsysError as problem:
        return Row(mutant, {}, reds=(f"{type(problem).__name__}: {problem}",))


def stored(row: Row) -> dict[str, Trace]:
    """Return the runs of a row that are kept, by the names of their files."""
    runs = {f"{row.mutant.id}.jsonl": row.trace, f"{row.mutant.id}-consequence.jsonl": row.consequence}
    return {name: trace for name, trace in runs.items() if trace is not None}


def store(rows: Iterable[Row], folder: str | Path) -> tuple[Path, ...]:
    """Write the runs of each green row into `folder`, and return the paths."""
    return tuple(
        trace.save(Path(folder) / name) for row in rows if row.green for name, trace in stored(row).items()
    )
