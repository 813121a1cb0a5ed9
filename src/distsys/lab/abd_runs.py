"""Runs of the page on memory from messages: each shows one idea, by the clock, and is the same on every call.

>>> inversion("ABD-01").violation.law, inversion().violation
('order of tags', None)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.checkers import History, Verdict, linearizable
from distsys.checkers.judging import judge_history
from distsys.core import systems
from distsys.core.operations import INVOKE, OK, Operation
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Partition, SetLink, Simulator, link, perform, simulate, states, walk
from distsys.drivers.faults import Action
from distsys.drivers.network import Link
from distsys.protocols.abd_messages import Read, Write

from . import scenarios_abd

FAST, SLOW = link(delay=5 * MS), link(delay=200 * MS)
PATIENT: dict[str, Any] = {
    "operations": 0,
    "retry_ms": 10_000,
}  # clients that do what they are asked, and do not ask twice


def one_writer(mutant: str | None = None, **options: Any) -> Cluster:
    """Return three replicas, the writer w and the readers r1 and r2, who do what they are asked."""
    return systems.build("abd", mutant=mutant, **{**PATIENT, **options})


def many_writers(mutant: str | None = None, **options: Any) -> Cluster:
    """Return three replicas and the clients c1, c2 and c3, who do what they are asked."""
    return systems.build("abd-multi", mutant=mutant, **{**PATIENT, **options})


def run(
    cluster: Cluster,
    asked: Iterable[tuple[int, str, Read | Write]],
    until_ms: int,
    script: Iterable[Action] = (),
    *,
    seed: int = 1,
    network: Link = FAST,
) -> Trace:
    """Return a run in which each message takes 5 ms, unless a network or the script says otherwise."""
    requests = tuple(Request(at * MS, client, what) for at, client, what in asked)
    return Simulator(
        cluster, seed, network=network, script=script, requests=requests,
        until=until_ms * MS, settle=0, stop_on_violation=False,
    ).run()  # fmt: skip


def verdict(trace: Trace) -> Verdict:
    """Return whether the operations of the clients fit one memory cell."""
    return linearizable(History.of(trace), "register")


def results(trace: Trace) -> list[tuple[str, str, Any]]:
    """Return the operations that ended with an answer, in the order in which they ended: (client, what, value)."""
    return [
        (step.node, effect.value.f, effect.value.value)
        for step, effect in _outputs(trace)
        if effect.value.type == OK
    ]


def durations_us(trace: Trace, f: str | None = None) -> list[int]:
    """Return how long each operation took that ended with an answer; of one kind, where it is named."""
    began: dict[str, int] = {}
    found: list[int] = []
    for step, effect in _outputs(trace):
        operation: Operation = effect.value
        if operation.type == INVOKE:
            began[operation.process] = step.at
        elif operation.type == OK and f in (None, operation.f):
            found.append(step.at - began[operation.process])
    return found


def _outputs(trace: Trace) -> list[tuple[Any, Any]]:
    return [
        (step, effect)
        for step in trace
        for effect in step.effects[: step.kept]
        if isinstance(getattr(effect, "value", None), Operation)
    ]


# New, then old.


def inversion(mutant: str | None = None, write_back: str = "always") -> Trace:
    """Return a run in which a write is slow to two of three copies; r1 reads, and when it has its answer r2 reads.

    r1 hears n1 and n2 first, r2 hears n2 and n3 first.
    """
    script = (
        *(SetLink(0, "w", name, SLOW) for name in ("n2", "n3")),
        SetLink(0, "n3", "r1", SLOW),
        SetLink(0, "n1", "r2", SLOW),
        SetLink(0, "r1", "n3", SLOW),
    )
    cluster = one_writer(mutant, **({} if write_back == "always" else {"write_back": write_back}))
    return run(cluster, [(5, "w", Write("new")), (15, "r1", Read()), (50, "r2", Read())], 240, script)


# Many writers.


def same_number(mutant: str | None = None) -> Trace:
    """Return a run in which c1 and c2 write at the same time, and hear of the same newest number.

    The value of c1 reaches n1 first, that of c2 n3 first; then c3 reads twice, from other copies.
    """
    script = (
        SetLink(0, "c1", "n3", SLOW),
        SetLink(0, "c2", "n1", SLOW),
        SetLink(0, "c1", "n2", link(delay=6 * MS)),
        SetLink(20 * MS, "n3", "c3", SLOW),
        SetLink(55 * MS, "n3", "c3", None),
        SetLink(55 * MS, "n1", "c3", SLOW),
        SetLink(0, "c3", "n3", link(delay=30 * MS)),
        SetLink(55 * MS, "c3", "n3", None),
    )
    asked: list[tuple[int, str, Read | Write]] = [
        (5, "c1", Write("x")), (5, "c2", Write("y")), (35, "c3", Read()), (62, "c3", Read()),
    ]  # fmt: skip
    return run(many_writers(mutant), asked, 110, script)


def behind(mutant: str | None = None) -> Trace:
    """Return a run in which c1 writes twice, and then c2 for the first time; then c3 reads."""
    asked: list[tuple[int, str, Read | Write]] = [
        (5, "c1", Write("a")), (30, "c1", Write("b")), (60, "c2", Write("c")), (90, "c3", Read()),
    ]  # fmt: skip
    return run(many_writers(mutant), asked, 130)


# How many may be down.


def halves(mutant: str | None = None) -> Trace:
    """Return a run of four copies, cut into two halves: w writes in one, r1 reads in the other."""
    cluster = one_writer(mutant, nodes=4, readers=1)
    cut = Partition(2 * MS, (("n1", "n2", "w"), ("n3", "n4", "r1")))
    return run(cluster, [(5, "w", Write("new")), (30, "r1", Read())], 60, (cut,))


def with_down(nodes: int, down: int) -> int:
    """Return how many of three operations end within a second, where so many copies are down from the start.

    >>> with_down(5, 2), with_down(5, 3)
    (3, 0)
    """
    names = [f"n{number}" for number in range(1, down + 1)]
    asked: list[tuple[int, str, Read | Write]] = [
        (5, "w", Write("x")),
        (10, "r1", Read()),
        (300, "r2", Read()),
    ]
    script = tuple(Crash(1 * MS, name) for name in names)
    return len(results(run(one_writer(nodes=nodes), asked, 1_000, script)))


def half_written() -> Trace:
    """Return a run in which the writer crashes when its value is on the way to n1 alone; then r1 reads three times."""
    return perform(one_writer(), scenarios_abd.HALF_WRITE)


# The laws of the copies.


def held(trace: Trace) -> dict[str, str]:
    """Return the tag of each copy at the end."""
    last = states(trace, lambda node: getattr(node, "tag", None) if hasattr(node, "is_news") else None)[-1]
    return {name: str(tag) for name, tag in sorted(last.items()) if tag is not None}


def swarm_finds(mutant: str, seeds: int = 200) -> int | None:
    """Return after how many seeds of the generic swarm the history of the clients alone shows the bug, or None.

    >>> swarm_finds("ABD-02")
    1
    """
    system = next(one.system for one in systems.mutants() if one.id == mutant)
    for seed in range(seeds):
        for drawn in (walk, simulate):
            if judge_history(drawn(system, seed, mutant=mutant, laws=())):
                return seed + 1
    return None
