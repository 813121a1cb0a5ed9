"""What ABD costs: messages, round trips, time, how often a read writes back; and what a dead leader costs.

>>> phase_mean(3, 2)
Fraction(5, 6)
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.events import Deliver, Note
from distsys.core.laws import outputs
from distsys.core.operations import INVOKE, OK, Operation
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, SetLink, Simulator, link
from distsys.drivers.network import Exponential, Link
from distsys.protocols.abd import UNLESS_AGREED
from distsys.protocols.abd_messages import ANSWERS, QUESTIONS, Read, Write

from .abd_runs import PATIENT, durations_us

MEAN_MS = 10


# Messages and round trips.


def cost(system: str, nodes: int, what: Read | Write) -> tuple[int, float]:
    """Return how many messages an operation takes, and how many round trips, where nothing fails.

    >>> cost("abd", 3, Write("x")), cost("abd", 3, Read())
    ((6, 1.0), (12, 2.0))
    """
    cluster = systems.build(system, nodes=nodes, **PATIENT)
    client = {"abd": "w" if isinstance(what, Write) else "r1"}.get(system, "c1")
    trace = Simulator(
        cluster, 1, network=link(delay=MEAN_MS * MS), requests=(Request(0, client, what),), until=1_000 * MS,
        settle=0,
    ).run()  # fmt: skip
    sent = sum(
        isinstance(step.event, Deliver) and isinstance(step.event.message, (*QUESTIONS, *ANSWERS))
        for step in trace
    )
    return sent, durations_us(trace)[0] / (2 * MEAN_MS * MS)


# The time of a phase.


def phase_mean(nodes: int, answers: int) -> Fraction:
    """Return the mean time until so many of n answers are there, each exponential with mean 1.

    >>> phase_mean(5, 3), phase_mean(5, 5)
    (Fraction(47, 60), Fraction(137, 60))
    """
    return sum((Fraction(1, nodes - arrived) for arrived in range(answers)), Fraction(0))


def write_times_ms(nodes: int, writes: int, seed: int) -> list[float]:
    """Return how long writes take where an answer needs an exponential time, 10 ms on average, a question none.

    One write begins each second, so that none disturbs the next.
    """
    cluster = systems.build("abd", nodes=nodes, **PATIENT)
    script = [SetLink(0, name, "*", link(delay=Exponential(MEAN_MS * MS))) for name in cluster.servers]
    requests = tuple(Request(number * 1_000 * MS, "w", Write(number)) for number in range(1, writes + 1))
    trace = Simulator(
        cluster, seed, network=link(delay=1), script=script, requests=requests, laws=(),
        until=(writes + 1) * 1_000 * MS, settle=0,
    ).run()  # fmt: skip
    return [us / 1_000 for us in durations_us(trace)]


# How often a read must write back.


def write_back_share(gap_ms: int, seed: int, reads: int = 400, delay: Link | None = None) -> float:
    """Return the share of reads that write back, where w writes once in `gap_ms` on average.

    Three copies; a message takes an exponential time, 10 ms on average, unless a link is given. A read begins
    every 200 ms.
    """
    dice = Dice(derive(seed, "contention"))
    requests: list[Request] = []
    for number in range(reads):
        at, dice = dice.below(200)
        requests.append(Request((200 * number + at) * MS, f"r{1 + number % 2}", Read()))
    at = 0
    while True:
        more, dice = dice.below(2 * gap_ms)
        at += more + 1
        if at >= 200 * reads:
            break
        requests.append(Request(at * MS, "w", Write(at)))
    cluster = systems.build("abd", write_back=UNLESS_AGREED, **PATIENT)
    trace = Simulator(
        cluster, seed, network=delay or link(delay=Exponential(MEAN_MS * MS)), laws=(),
        requests=tuple(sorted(requests, key=lambda one: one.at)), until=(200 * reads + 1_000) * MS, settle=0,
    ).run()  # fmt: skip
    return noted(trace, "writes ") / reads


def window_ms(seed: int, samples: int = 20_000) -> float:
    """Return the mean length of the time in which a write must begin so that the two answers of a read disagree.

    Copy i tells of the new value if the write's question took no longer to it than the read's, less the head start of
    the read. So the two copies that answer first, i and j, disagree where that head start lies between x_i and x_j, and
    x is the time of the read's question less that of the write's.
    """
    random = Random(derive(seed, "window")).random
    draw = Exponential(MEAN_MS * MS).draw
    total = 0
    for _ in range(samples):
        ways = sorted(
            (asked + draw(random), asked - draw(random)) for asked in (draw(random) for _ in range(3))
        )
        total += abs(ways[0][1] - ways[1][1])
    return total / samples / MS


def noted(trace: Trace, beginning: str) -> int:
    """Return how many notes of a run begin so."""
    return sum(
        isinstance(effect, Note) and effect.text.startswith(beginning)
        for step in trace
        for effect in step.effects[: step.kept]
    )


# What a dead leader costs.

CRASH_MS, UNTIL_MS = 2_000, 5_000
NETWORK = link(delay=5 * MS)


def longest_ms(system: str, seed: int, **options: Any) -> tuple[str, float]:
    """Return who was killed after 2 s, and the longest time that an operation took from then on, in ms.

    Under Raft the leader is killed, under ABD the first replica: there is nobody whose loss is worse.
    """
    cluster = systems.build(system, **{"operations": 40, **options})
    name = leader_at(cluster, seed) if system == "raft-kv" else "n1"
    trace = _killed(cluster, seed, name)
    return name, max(durations_from(trace, CRASH_MS * MS)) / 1_000


def leader_at(cluster: Cluster, seed: int) -> str:
    """Return who led last before the kill: the run is the same up to then."""
    trace = _killed(cluster, seed, None)
    leads = [
        step.node
        for step in trace
        if step.at < CRASH_MS * MS
        and any("leads term" in e.text for e in step.effects if isinstance(e, Note))
    ]
    return leads[-1]


def _killed(cluster: Cluster, seed: int, name: str | None) -> Trace:
    script = () if name is None else (Crash(CRASH_MS * MS, name),)
    return Simulator(
        cluster, seed, network=NETWORK, script=script, requests=(), laws=(), until=UNTIL_MS * MS, settle=0
    ).run()


def durations_from(trace: Trace, since: int) -> list[int]:
    """Return how long operations took that ended after a moment, in microseconds."""
    began: dict[str, int] = {}
    found: list[int] = []
    for step in trace:
        for operation in outputs(step, Operation):
            if operation.type == INVOKE:
                began[operation.process] = step.at
            elif operation.type == OK and step.at >= since:
                found.append(step.at - began[operation.process])
    return found
