"""What the page on failure detectors and gossip measures, and the formulas beside it.

>>> round(first_noticed(1_000), 2)
1.58
>>> round(residue(1), 2), round(residue(2), 2)
(0.2, 0.06)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from distsys.algorithms.detector import PERIOD as BEAT
from distsys.algorithms.swim import PERIOD
from distsys.algorithms.swim_messages import Ack, News, Status
from distsys.core import systems
from distsys.core.dice import derive
from distsys.core.errors import ArgumentError
from distsys.core.events import Deliver, Send, Timeout
from distsys.core.laws import outputs
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import SetLink, Simulator, link

# What a period costs.


def messages(system: str, nodes: int, periods: int = 20) -> float:
    """Return how many messages all members of a system together send in a period, without faults."""
    period = {"heartbeat-detector": BEAT, "swim": PERIOD}[system]
    cluster = systems.build(system, nodes=nodes)
    network = link(delay=10 * MS)
    trace = Simulator(cluster, 1, network=network, laws=(), until=periods * period - 1, settle=0).run()
    return sum(isinstance(effect, Send) for step in trace for effect in step.effects) / periods


# When somebody notices.


def first_noticed(nodes: int) -> float:
    """Return after how many periods, on average, one of the others first pings a crashed member, if all draw."""
    return 1 / (1 - (1 - 1 / (nodes - 1)) ** (nodes - 1))


def noticed(nodes: int, runs: int, seed: int = 1) -> float:
    """Return the mean of the periods until one of the others first draws a crashed member."""
    random = Random(derive(seed, "noticed", nodes)).random
    others = nodes - 1
    total = 0
    for _ in range(runs):
        total += 1
        while not any(random() * others < 1 for _ in range(others)):
            total += 1
    return total / runs


def waits(nodes: int, periods: int, in_turn: bool, seed: int = 1) -> list[int]:
    """Return how long a member waited between two pings to the same peer, in periods, in turn or drawn each time."""
    random = Random(derive(seed, "waits", nodes, int(in_turn)))
    last: dict[int, int] = {}
    gaps: list[int] = []
    order: list[int] = []
    for period in range(periods):
        if in_turn and not order:
            order = list(range(nodes - 1))
            random.shuffle(order)
        peer = order.pop() if in_turn else int(random.random() * (nodes - 1))
        if peer in last:
            gaps.append(period - last[peer])
        last[peer] = period
    return gaps


# False alarms.


def false_alarm(loss: float, helpers: int) -> float:
    """Return how probable it is that a period ends without an answer of a target that is alive.

    Two messages must arrive, or four on the way over a helper; `loss` is the share of messages that are lost.
    """
    return (1 - (1 - loss) ** 2) * (1 - (1 - loss) ** 4) ** helpers


def alarms(loss: float, helpers: int, nodes: int = 6, seconds: int = 120, seed: int = 1) -> tuple[int, int]:
    """Return in how many of how many probes of SWIM no answer came, in a run where nobody crashes."""
    cluster = systems.build("swim", nodes=nodes, helpers=helpers)
    trace = Simulator(
        cluster,
        seed,
        network=link(delay=10 * MS, loss=loss),
        laws=(),
        until=seconds * 1_000 * MS,
        settle=0,
    ).run()
    answered = {
        (step.node, step.event.message.number)
        for step in trace
        if isinstance(step.event, Deliver)
        and isinstance(step.event.message, Ack)
        and step.event.message.asker == step.node
    }
    probes = sum(isinstance(step.event, Timeout) and step.event.timer == "period" for step in trace)
    late = probes - len([1 for _, number in answered if number <= probes // nodes])
    return late, probes


# A slow member.


def verdicts(trace: Trace, sick: str) -> dict[str, int]:
    """Count who came to take whom for faulty, in a run where nobody crashes.

    Keys: "by the slow one", "of the slow one", "among the others".
    """
    found = {"by the slow one": 0, "of the slow one": 0, "among the others": 0}
    for step in trace:
        for item in outputs(step, News):
            if item.status is Status.FAULTY:
                place = "by the slow one" if step.node == sick else "among the others"
                found["of the slow one" if item.member == sick else place] += 1
    return found


def with_a_slow_reader(late_ms: int, nodes: int = 8, seconds: int = 30, seed: int = 1) -> Trace:
    """Return a run of SWIM in which each message *to* n1 takes 10 to `late_ms`, and nobody crashes."""
    cluster = systems.build("swim", nodes=nodes)
    slow = link(delay=(10 * MS, late_ms * MS))
    return Simulator(
        cluster,
        seed,
        network=link(delay=10 * MS),
        script=(SetLink(1, "*", "n1", slow),),
        until=seconds * 1_000 * MS,
        laws=(),
        settle=0,
    ).run()


# The trade between speed and mistakes.


class Quality(NamedTuple):
    """What a timeout gives: mistakes in an hour, and the mean time from a crash to the suspicion, in ms."""

    mistakes: float
    detection_ms: float


def arrivals(beats: int, interval_ms: float, low_ms: float, mean_ms: float, seed: int = 1) -> list[float]:
    """Return when heartbeats arrive, in order, in ms; each takes `low_ms` and an exponential time on its way."""
    random = Random(derive(seed, "arrivals")).random
    return sorted(beat * interval_ms + low_ms - mean_ms * math.log(1 - random()) for beat in range(beats))


def gaps(times: Sequence[float]) -> list[float]:
    """Return the times between arrivals."""
    return [later - earlier for earlier, later in pairwise(times)]


def measured(times: Sequence[float], timeout_ms: float, interval_ms: float) -> Quality:
    """Return the quality of a timeout on these arrivals; after each beat in turn the sender is made to crash.

    The crash comes half an interval after a beat left, on average; what counts is the beat that arrives last.
    """
    wrong = sum(gap > timeout_ms for gap in gaps(times))
    hours = len(times) * interval_ms / 3_600_000
    late = [time + timeout_ms - (beat + 0.5) * interval_ms for beat, time in enumerate(times)]
    return Quality(wrong / hours, sum(late) / len(late))


def expected(timeout_ms: float, interval_ms: float, low_ms: float, mean_ms: float) -> Quality:
    """Return the quality by formula: the gap is the interval and the difference of two exponential delays.

    It holds where no beat overtakes another, so for an interval of several means, and a timeout above the interval.
    """
    wrong = 0.5 * math.exp(-(timeout_ms - interval_ms) / mean_ms)
    return Quality(wrong * 3_600_000 / interval_ms, low_ms + mean_ms + timeout_ms - interval_ms / 2)


def phi(silence_ms: float, seen: Sequence[float], shape: str = "normal") -> float:
    """Return how surprising a silence is: minus the logarithm (base 10) of the chance that a gap is longer.

    The gaps `seen` are taken to be normal, as in the paper, or exponential, as in Cassandra.
    """
    mean = sum(seen) / len(seen)
    if shape == "exponential":
        return silence_ms / mean / math.log(10)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in seen) / len(seen))
    later = 0.5 * math.erfc((silence_ms - mean) / deviation / math.sqrt(2))
    return -math.log10(later) if later else math.inf


def timeout_for(level: float, seen: Sequence[float], shape: str = "normal") -> float:
    """Return the silence, in ms, at which phi reaches a level."""
    low, high = 0.0, 100 * max(seen)
    while high - low > 0.01:
        middle = (low + high) / 2
        if phi(middle, seen, shape) < level:
            low = middle
        else:
            high = middle
    return high


# Rounds of gossip.


def spread(nodes: int, mode: str, seed: int = 1) -> list[int]:
    """Return how many know a rumour after each round, until all know it; the first entry is 1.

    In a round each process turns to one other: to tell (those who know), to ask (those who do not), or both.
    """
    if mode not in ("push", "pull", "push-pull"):
        raise ArgumentError(f"mode must be push, pull or push-pull, but it is {mode!r}")
    random = Random(derive(seed, "spread", mode, nodes)).random
    known = bytearray(nodes)
    known[0] = 1
    counts = [1]
    while counts[-1] < nodes:
        before = bytes(known)
        for one in range(nodes):
            if (mode == "push" and not before[one]) or (mode == "pull" and before[one]):
                continue
            other = int(random() * (nodes - 1))
            other += other >= one
            if before[one]:
                known[other] = 1
            elif before[other]:
                known[one] = 1
        counts.append(sum(known))
    return counts


def rounds(nodes: int, mode: str, runs: int) -> float:
    """Return the mean number of rounds until all know."""
    return sum(len(spread(nodes, mode, seed)) - 1 for seed in range(runs)) / runs


def mongered(nodes: int, k: int, seed: int = 1) -> float:
    """Return what share never hears a rumour that is told until interest is lost.

    One who knows it calls a random other; if that one knew it, the caller loses interest with probability 1/k.
    """
    random = Random(derive(seed, "mongered", k, nodes)).random
    knows = bytearray(nodes)
    knows[0] = 1
    active = [0]
    while active:
        place = int(random() * len(active))
        one = active[place]
        other = int(random() * (nodes - 1))
        other += other >= one
        if not knows[other]:
            knows[other] = 1
            active.append(other)
        elif random() * k < 1:
            active[place] = active[-1]
            active.pop()
    return 1 - sum(knows) / nodes


def residue(k: int) -> float:
    """Return the share that never hears, by the formula s = exp(-(k+1)(1-s)): its solution below 1."""
    share = 0.5
    for _ in range(200):
        share = math.exp(-(k + 1) * (1 - share))
    return share
