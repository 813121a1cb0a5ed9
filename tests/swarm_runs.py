"""Runs of a swarm over many seeds, and the one line that reproduces a run."""

from collections import Counter
from collections.abc import Callable
from functools import cache

from distsys import MS, S, Trace, simulate, systems
from distsys.checkers.judging import judge_of
from distsys.drivers import kinds_of, sights_of, walk
from distsys.drivers.pool import in_order
from distsys.drivers.shrinker import broken_law

UNTIL, SETTLE = 1 * S, 1500 * MS  # long enough for every fault and every recovery of these systems
SEEDS = 300  # in every run of the tests; the long ones take more
SEEDS_LONG, FEWER_LONG = 2_000, 500
HUNDRED = ("zab-kv", "multipaxos-kv", "raft-kv", "raft-locks", "raft-etcd", "raft-etcd-locks")
SIXTY = (
    "multipaxos-locks",
    "zab-locks",
    "multipaxos-chubby",
    "multipaxos-chubby-locks",
    "zab-zookeeper",
    "zab-zookeeper-locks",
)
# In every run of the tests, where 300 take half a minute and more: a service on a protocol tested by itself.
FEWER = {**dict.fromkeys(HUNDRED, 100), **dict.fromkeys(SIXTY, 60)}
SLOW_LONG = {"zab-zookeeper": 300, "zab-zookeeper-locks": 200}  # a run takes most of a second
CHUNK = 100  # seeds for a worker at a time
WALKS = 30  # the same for walks, of the systems whose laws do not lean on time
WALKS_LONG = 200

# The systems that this suite answers for: all that are declared.
SYSTEMS = systems.shipped()

UNTIMED = tuple(name for name in SYSTEMS if systems.find(name).untimed)

Notice = Callable[[Trace], Counter[str]]


def seeds_of(system: str, long: bool = False) -> int:
    """Return how many seeds a system gets in every run of the tests, or in the long ones."""
    if long:
        return SLOW_LONG.get(system, FEWER_LONG if system in FEWER else SEEDS_LONG)
    return FEWER.get(system, SEEDS)


def run(system: str, seed: int, mutant: str | None = None) -> Trace:
    """Return one run of the generic swarm: its faults come from the seed and from nothing else."""
    return simulate(system, seed, mutant=mutant, **times_of(system))


def times_of(system: str) -> dict[str, int]:
    """Return the phases of a run, where they are not those that the system itself asks for."""
    return {} if systems.find(system).settles_early else {"until": UNTIL, "settle": SETTLE}


def rested(trace: Trace) -> int:
    """Return how long after the last fault the run ended, which it does soon after what must come about has."""
    heals = (step.at for step in trace if step.kind == "heal" and step.detail.get("phase") == "settle")
    return trace.steps[-1].at - next(heals, trace.steps[-1].at)


def reproduce(system: str, seed: int, mutant: str | None = None) -> str:
    """Return the command that repeats a run and says what it violates."""
    broken = f" --mutant {mutant}" if mutant else ""
    times = "".join(f" --{phase} {us // MS}ms" for phase, us in times_of(system).items())
    return f"python -m distsys simulate {system}{broken} --seed {seed}{times}"


def survey(system: str, seeds: range, notice: Notice | None = None) -> tuple[Counter[str], list[str]]:
    """Return what was seen in runs of correct code, and a line for each that broke a law or did not end."""
    seen: Counter[str] = Counter()
    bad = []
    judge = judge_of(system)
    for seed in seeds:
        trace = run(system, seed)
        seen += kinds_of(trace)
        seen += sights_of(trace)
        seen["at rest late"] += rested(trace) > 60 * S
        if notice is not None:
            seen += notice(trace)
        violation = broken_law(trace, judge)
        if violation is not None or trace.ended != "complete":
            bad.append(f"{reproduce(system, seed)}  # {trace.ended}: {violation}")
    return seen, bad


def walked(system: str, seeds: range) -> list[str]:
    """Return a line for each walk of correct code that broke a law or did not end."""
    bad = []
    for seed in seeds:
        trace = walk(system, seed)
        violation = broken_law(trace, judge_of(system))
        if violation is not None or trace.ended != "complete":
            line = f"python -m distsys simulate {system} --seed {seed} --walk"
            bad.append(f"{line}  # {trace.ended}: {violation}")
    return bad


def long_walked(system: str, count: int) -> list[str]:
    """Return what `walked` says of many seeds, from all cores."""
    work = [(system, range(first, min(first + CHUNK, count))) for first in range(0, count, CHUNK)]
    return [line for some in in_order(_walked, work) for line in some]


def _walked(work: tuple[str, range]) -> list[str]:
    return walked(*work)


def long_survey(system: str, count: int, notice: Notice | None = None) -> tuple[Counter[str], list[str]]:
    """Return the survey of many seeds, from all cores."""
    work = [(system, range(first, min(first + CHUNK, count)), notice) for first in range(0, count, CHUNK)]
    seen: Counter[str] = Counter()
    bad: list[str] = []
    for some_seen, some_bad in in_order(_survey, work):
        seen += some_seen
        bad += some_bad
    return seen, bad


def _survey(work: tuple[str, range, Notice | None]) -> tuple[Counter[str], list[str]]:
    return survey(*work)


@cache
def usual_survey(system: str, notice: Notice) -> tuple[Counter[str], tuple[str, ...]]:
    """Return the survey of the seeds that every run of the tests looks at."""
    seen, bad = survey(system, range(seeds_of(system)), notice)
    return seen, tuple(bad)
