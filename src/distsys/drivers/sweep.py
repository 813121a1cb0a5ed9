"""`sweep`: many seeds, on as many processes as there are, and one line for each that breaks a law.

    sweep("causal-broadcast", range(300)).ok

Seeds are cut into chunks, and each chunk is work for an executor of `concurrent.futures`: a pool of processes on this
machine by default, or any other with the same interface, such as that of a cluster. What comes back is small
(no traces), sorted by seed, and the same for every number of workers. A run is repeated from its line.

A sweep is *ok* only if no law was broken, every run came to its end, and every declared sight was reached.
"""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, duration, shown, whole_number
from distsys.core.laws import Violation
from distsys.core.systems import System
from distsys.core.trace import Trace
from distsys.core.units import MS, US, S

from .judge import HandlerError, LawError
from .sights import kinds_of, sights_of
from .swarm import Swarm, simulate

Judging = Callable[[Trace], tuple[Violation, ...]]
Progress = Callable[[int, int], None]
CHUNK = 25  # seeds; small enough for a progress bar, large enough that the way to a worker costs nothing
STEPS_MAX = 100_000


class SweepError(DistsysError):
    """The executor failed, not a run: a worker died, or could not be started."""


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
        return repeating(self.system, outcome.seed, self.mutant, self.options, self.until, self.settle)

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


class Serial(Executor):
    """An executor that does the work itself, at once: for tests, and where processes cannot be had."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and return the future with its result."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        return future


def run_chunk(chunk: _Chunk) -> tuple[tuple[Outcome, ...], Counter[str]]:
    """Run the seeds of a chunk, in a worker; return what came of each, and what was reached."""
    outcomes, seen = [], Counter[str]()
    for seed in chunk.seeds:
        try:
            trace = simulate(
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
    steps_max: int = STEPS_MAX,
    **options: Any,
) -> SweepResult:
    """Run a system with many seeds, judge each run, and return what came of it.

    seeds     different whole numbers, such as range(1000)
    until     length of the phase with faults, and `settle` of the healed one; None: as the system says
    executor  any of `concurrent.futures`, or of dask: `Client(...).get_executor()`; it stays open
    workers   without an executor: how many processes; None takes one for each core, 1 runs here
    judge     a function that can be pickled: it finds fault with a whole run that kept its laws
    progress  called with (seeds done, seeds in all)

    A system that you registered yourself must be registered in the workers as well, by an import of theirs.
    """
    usual = _usual(system)
    until = usual.until if until is None else duration("until", until)
    settle = usual.settle if settle is None else duration("settle", settle)
    work = _checked(system, seeds, mutant, until, settle, steps_max, swarm, judge, options)
    sizes = [len(chunk.seeds) for chunk in work]
    results = in_order(run_chunk, work, executor=executor, workers=workers, progress=progress, sizes=sizes)
    seen: Counter[str] = Counter()
    outcomes: list[Outcome] = []
    for some, reached in results:
        outcomes.extend(some)
        seen.update(reached)
    outcomes.sort(key=lambda outcome: outcome.seed)
    declared = tuple(sight.name for sight in systems.find(system).sights)
    return SweepResult(system, mutant, dict(options), until, settle, tuple(outcomes), seen, declared)


def _usual(system: Any) -> System:
    """Return the system of that name."""
    if not isinstance(system, str):
        raise ArgumentTypeError(
            f"system must be the name of a system, for workers build it by that, but it is {shown(system)}"
        )
    return systems.find(system)


def _checked(
    system: str, seeds: Iterable[int], mutant: str | None, until: int, settle: int, steps_max: int,
    swarm: Swarm | None, judge: Judging | None, options: Mapping[str, Any],
) -> tuple[_Chunk, ...]:  # fmt: skip
    """Return the work in chunks, or complain before any of it is done."""
    systems.build(system, mutant=mutant, **options)
    whole_number("steps_max", steps_max, at_least=1)
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise ArgumentTypeError(f"seeds must be whole numbers, such as range(300), but it is {shown(seeds)}")
    numbers = sorted(whole_number("a seed", seed, at_most=2**64 - 1) for seed in seeds)
    if not numbers:
        raise ArgumentError("seeds must hold at least one seed, but there is none")
    if len(set(numbers)) < len(numbers):
        raise ArgumentError("seeds must be different, but one stands there twice")
    return tuple(
        _Chunk(system, mutant, options, tuple(numbers[i : i + CHUNK]), until, settle, steps_max, swarm, judge)
        for i in range(0, len(numbers), CHUNK)
    )


def in_order(
    function: Callable[[Any], Any],
    work: Sequence[Any],
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    sizes: Sequence[int] | None = None,
) -> list[Any]:
    """Return `function` of each piece of work, in the order of the work, whoever does it and when it is done.

    `sizes` says how much each piece counts for the `progress`.
    """
    if executor is not None and not hasattr(executor, "submit"):
        raise ArgumentTypeError(f"executor must be one of concurrent.futures, but it is {shown(executor)}")
    if workers is not None:
        whole_number("workers", workers, at_least=1)
    count = min(workers or (32 if executor else os.cpu_count() or 1), max(1, len(work)))
    weights = [1] * len(work) if sizes is None else list(sizes)
    if executor is not None:
        return _handed_out(executor, function, work, count, progress, weights)
    with Serial() if count == 1 else ProcessPoolExecutor(count) as pool:
        return _handed_out(pool, function, work, count, progress, weights)


def _handed_out(
    pool: Executor, function: Callable[[Any], Any], work: Sequence[Any], workers: int,
    progress: Progress | None, weights: Sequence[int],
) -> list[Any]:  # fmt: skip
    """Hand out the work, a few pieces at a time, so that an error ends it soon."""
    total, done = sum(weights), 0
    results: dict[int, Any] = {}
    pending: dict[Future[Any], int] = {}
    left = list(reversed(range(len(work))))
    try:
        while left or pending:
            while left and len(pending) < 2 * workers:
                place = left.pop()
                pending[pool.submit(function, work[place])] = place
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                place = pending.pop(future)
                results[place] = future.result()
                done += weights[place]
                if progress is not None:
                    progress(done, total)
    except BrokenExecutor as problem:
        raise SweepError(
            f"a worker died ({problem}) with {done} of {total} done; with `workers=1` the work is done here, where a "
            "crash shows what it comes from"
        ) from problem
    finally:
        for future in pending:
            future.cancel()
    return [results[place] for place in range(len(work))]
