"""`sweep`: many seeds, on as many processes as there are, and one line for each that breaks a law.

    sweep("causal-broadcast", range(300)).ok

Seeds are cut into chunks, and each chunk is work for an executor of `concurrent.futures`: a pool of processes on this
machine by default, or any other with the same interface, such as that of a cluster. What comes back is small
(no traces), sorted by seed, and the same for every number of workers. A run is repeated from its line.

A sweep is *ok* only if no law was broken, every run came to its end, and every declared sight was reached.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from distsys.core import systems
from distsys.core.errors import (
    ArgumentError,
    ArgumentTypeError,
    callback,
    duration,
    several,
    shown,
    whole_number,
    yes_or_no,
)
from distsys.core.laws import Violation
from distsys.core.systems import System
from distsys.core.trace import Trace
from distsys.core.units import MS, US, S

from .judge import HandlerError, LawError
from .pool import Progress, in_order
from .sights import kinds_of, sights_of
from .swarm import Swarm, checked_swarm, simulate
from .walk import check_untimed, walk

Judging = Callable[[Trace], tuple[Violation, ...]]
CHUNK = 25  # seeds; small enough for a progress bar, large enough that the way to a worker costs nothing
STEPS_MAX = 100_000


@dataclass(frozen=True)
class Outcome:
    """What came of one seed.

    steps       how many the run had
    ended       why it stopped: complete, violation, budget
    violations  what was broken, the first law first; of a handler or law that failed by a bug, with its name
    """

    seed: int
    steps: int
    ended: str
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True)
class _Chunk:
    """Work for one worker: all that it needs, by name."""

    system: str
    mutant: str | None
    options: Mapping[str, Any]
    seeds: tuple[int, ...]
    until: int
    settle: int
    steps_max: int
    swarm: Swarm | None
    judge: Judging | None
    walks: bool


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep; the outcomes are sorted by seed."""

    system: str
    mutant: str | None
    options: Mapping[str, Any]
    until: int
    settle: int
    outcomes: tuple[Outcome, ...]
    sights: Counter[str] = field(default_factory=Counter)  # declared ones, and kinds of steps
    declared: tuple[str, ...] = ()
    walks: bool = False

    @property
    def runs(self) -> int:
        """How many seeds were run."""
        return len(self.outcomes)

    @property
    def steps(self) -> int:
        """How many steps all runs had together."""
        return sum(outcome.steps for outcome in self.outcomes)

    @property
    def violations(self) -> dict[str, tuple[Outcome, ...]]:
        """The runs that broke a law, by the law that was broken first."""
        found: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            if outcome.violations:
                found.setdefault(outcome.violations[0].law, []).append(outcome)
        return {law: tuple(found[law]) for law in sorted(found)}

    @property
    def unfinished(self) -> tuple[Outcome, ...]:
        """The runs that used up their budget of steps: nobody knows what they would have done."""
        return tuple(outcome for outcome in self.outcomes if outcome.ended == "budget")

    @property
    def unreached(self) -> tuple[str, ...]:
        """The declared sights that no run reached."""
        return tuple(name for name in self.declared if not self.sights[name])

    @property
    def ok(self) -> bool:
        """Whether no law was broken, every run came to its end, and every sight was reached."""
        return not (self.violations or self.unfinished or self.unreached)

    def line(self, outcome: Outcome) -> str:
        """Return the command that repeats a run and says what it breaks."""
        line = repeating(self.system, outcome.seed, self.mutant, self.options, self.until, self.settle)
        return f"{line} --walk" if self.walks else line

    def text(self) -> str:
        """Return the summary, for people."""
        head = f"{self.system}{f' ({self.mutant})' if self.mutant else ''}: {self.runs:,} runs, {self.steps:,} steps"
        lines = [head]
        for law, outcomes in self.violations.items():
            first = outcomes[0]
            lines += [
                f"broken: {law}, in {len(outcomes)} runs; seed {first.seed}: {first.violations[0].evidence}",
                f"  {self.line(first)}",
            ]
        if not self.violations:
            lines.append(f"no violation in {self.runs:,} seeds")
        if self.unfinished:
            first = self.unfinished[0]
            lines += [
                f"UNKNOWN: {len(self.unfinished)} runs used up their budget of steps, such as seed {first.seed}",
                f"  {self.line(first)}",
            ]
        if self.declared:
            reached = ", ".join(
                f"{name} {self.sights[name]:,}" for name in self.declared if self.sights[name]
            )
            lines.append(f"reached: {reached or 'nothing that was declared'}")
        if self.unreached:
            lines.append(f"never reached: {', '.join(self.unreached)}; more seeds or longer runs are needed")
        return "\n".join(lines)


def repeating(
    system: str, seed: int, mutant: str | None, options: Mapping[str, Any], until: int, settle: int
) -> str:
    """Return the command that repeats a simulated run."""
    parts = ["python -m distsys simulate", system]
    if mutant:
        parts.append(f"--mutant {shlex.quote(mutant)}")
    parts.append(f"--seed {seed}")
    for name in sorted(options):
        value = options[name]
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        text = {"True": "yes", "False": "no"}.get(text, text)
        parts.append(
            f"--nodes {shlex.quote(text)}" if name == "nodes" else f"--option {shlex.quote(f'{name}={text}')}"
        )
    usual = systems.find(system)
    for name, us, same in (("until", until, usual.until), ("settle", settle, usual.settle)):
        if us != same:
            parts.append(f"--{name} {typed_time(us)}")
    return " ".join(parts)


def typed_time(us: int) -> str:
    """Return a time as it is typed.

    >>> typed_time(1_500_000), typed_time(2_000_000)
    ('1500ms', '2s')
    """
    for unit, size in (("s", S), ("ms", MS)):
        if us % size == 0:
            return f"{us // size}{unit}"
    return f"{us // US}us"


def run_chunk(chunk: _Chunk) -> tuple[tuple[Outcome, ...], Counter[str]]:
    """Run the seeds of a chunk, in a worker; return what came of each, and what was reached."""
    outcomes, seen = [], Counter[str]()
    for seed in chunk.seeds:
        try:
            trace = walk(chunk.system, seed, mutant=chunk.mutant, **chunk.options) if chunk.walks else simulate(
                chunk.system, seed, mutant=chunk.mutant, swarm=chunk.swarm, until=chunk.until,
                settle=chunk.settle, steps_max=chunk.steps_max, **chunk.options,
            )  # fmt: skip
        except (HandlerError, LawError) as problem:  # a bug in the code of the protocol or of a law
            broken = Violation(f"no {type(problem).__name__}", str(problem), 0)
            outcomes.append(Outcome(seed, 0, "violation", (broken,)))
            continue
        violations = trace.violations
        if not violations and chunk.judge is not None:
            violations = tuple(chunk.judge(trace))
        outcomes.append(Outcome(seed, len(trace), trace.ended, violations))
        seen.update(kinds_of(trace))
        seen.update(sights_of(trace))
    return tuple(outcomes), seen


def sweep(
    system: str,
    seeds: Iterable[int] = range(300),
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    mutant: str | None = None,
    judge: Judging | None = None,
    progress: Progress | None = None,
    swarm: Swarm | None = None,
    until: int | None = None,
    settle: int | None = None,
    steps_max: int | None = None,
    walks: bool = False,
    **options: Any,
) -> SweepResult:
    """Run a system with many seeds, judge each run, and return what came of it.

    seeds     different whole numbers, such as range(1000)
    until     length of the phase with faults, and `settle` of the healed one; None: as the system says
    steps_max how many steps a run may have; None: 100,000
    executor  any of `concurrent.futures`, or of dask: `Client(...).get_executor()`; it stays open
    workers   without an executor: how many processes; None takes one for each core, 1 runs here
    judge     a function that can be pickled: it finds fault with a whole run that kept its laws
    progress  called with (seeds done, seeds in all)
    walks     walk (drivers.walk) in place of simulating: no clock, far more happens in a run; without a healed phase.
              It takes no `until`, `settle`, `steps_max` and `swarm`, for a walk has its own length and faults

    A system that you registered yourself must be registered in the workers as well, by an import of theirs.
    """
    usual = _usual(system)
    if yes_or_no("walks", walks):
        check_untimed(system)
        _check_walks(until=until, settle=settle, steps_max=steps_max, swarm=swarm)
    until = usual.until if until is None else duration("until", until)
    settle = usual.settle if settle is None else duration("settle", settle)
    steps_max = STEPS_MAX if steps_max is None else whole_number("steps_max", steps_max, at_least=1)
    work = _checked(system, seeds, mutant, until, settle, steps_max, swarm, judge, walks, options)
    sizes = [len(chunk.seeds) for chunk in work]
    results = in_order(run_chunk, work, executor=executor, workers=workers, progress=progress, sizes=sizes)
    seen: Counter[str] = Counter()
    outcomes: list[Outcome] = []
    for some, reached in results:
        outcomes.extend(some)
        seen.update(reached)
    outcomes.sort(key=lambda outcome: outcome.seed)
    declared = tuple(sight.name for sight in systems.find(system).sights)
    return SweepResult(system, mutant, dict(options), until, settle, tuple(outcomes), seen, declared, walks)


def _usual(system: Any) -> System:
    """Return the system of that name."""
    if not isinstance(system, str):
        raise ArgumentTypeError(
            f"system must be the name of a system, for workers build it by that, but it is {shown(system)}"
        )
    return systems.find(system)


def _check_walks(**settings: Any) -> None:
    """Raise an error that names what only a simulation takes."""
    for name, value in settings.items():
        if value is not None:
            raise ArgumentError(
                f"{name} must not be given for walks, which have a length and faults of their own, "
                f"but it is {shown(value)}"
            )


def _checked(
    system: str, seeds: Iterable[int], mutant: str | None, until: int, settle: int, steps_max: int,
    swarm: Swarm | None, judge: Judging | None, walks: bool, options: Mapping[str, Any],
) -> tuple[_Chunk, ...]:  # fmt: skip
    """Return the work in chunks, or complain before any of it is done."""
    systems.build(system, mutant=mutant, **options)
    checked_swarm(swarm)
    if judge is not None:
        callback("judge", judge)
    given = several("seeds", seeds, "whole numbers, such as range(300)")
    numbers = sorted(whole_number("a seed", seed, at_most=2**64 - 1) for seed in given)
    if not numbers:
        raise ArgumentError("seeds must hold at least one seed, but there is none")
    if len(set(numbers)) < len(numbers):
        raise ArgumentError("seeds must be different, but one stands there twice")
    return tuple(
        _Chunk(
            system,
            mutant,
            options,
            tuple(numbers[i : i + CHUNK]),
            until,
            settle,
            steps_max,
            swarm,
            judge,
            walks,
        )
        for i in range(0, len(numbers), CHUNK)
    )
