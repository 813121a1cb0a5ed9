"""What the page on time and order measures: pairs of events, clocks that run ahead, waits, and sums of money.

>>> shares(seeds=3, nodes=3)["before a after b"]
0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

from distsys.algorithms.clock_messages import Stamp
from distsys.algorithms.snapshot_messages import BEGIN, Marker
from distsys.algorithms.truetime import (
    TRUETIME_LAWS,
    Begin,
    Committed,
    errors,
    external_consistency,
    transactions,
)
from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.events import Deliver, Send
from distsys.core.laws import outputs
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import simulate, states

from .timeorder_cast import Front
from .timeorder_runs import recorded


def stamped(trace: Trace) -> dict[int, Any]:
    """Return {step: stamp} of all events that were stamped."""
    return {step.number: value.time for step in trace for value in outputs(step, Stamp)}


def shares(seeds: int, nodes: int, events: int = 40) -> Counter[str]:
    """Count pairs of events of Lamport clocks: how they happened, and how their numbers stand.

    Keys: "ordered", "concurrent", and of the concurrent ones "told apart" (their numbers differ); and, which must not
    be, "before a after b": ordered pairs whose numbers are not.
    """
    found: Counter[str] = Counter()
    for seed in range(seeds):
        trace = simulate("lamport-clock", seed, faults=False, nodes=nodes, events=events, settle=0, laws=())
        pasts, numbers = trace.happened_before(), stamped(trace)
        for a, b in combinations(numbers, 2):
            ordered = a in pasts[b - 1]
            found["ordered" if ordered else "concurrent"] += 1
            found["told apart"] += not ordered and numbers[a] != numbers[b]
            found["before a after b"] += ordered and numbers[a] >= numbers[b]
    return found


def lamport_ties(trace: Trace) -> list[tuple[int, str, int]]:
    """Return the total order of Lamport: (number, node, step), smallest first."""
    return sorted((number, trace.step(step).node, step) for step, number in stamped(trace).items())


def ahead_us(trace: Trace) -> int:
    """Return by how much, at most, the hybrid time of an event was ahead of the clock of its own node."""
    clocks = {step.number: step.event.now for step in trace if step.event is not None}
    most: int = max(stamp.time - clocks[step] for step, stamp in stamped(trace).items())
    return most


def greatest_count(trace: Trace) -> int:
    """Return the greatest count of a hybrid clock in a run."""
    most: int = max(stamp.count for stamp in stamped(trace).values())
    return most


# TrueTime.


def _fronts(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    wait = {"wait_percent": options["wait_percent"]}
    return {name: ("front", {**told, **wait}) for name, (_, told) in errors(names, options).items()}


systems.register(
    System(
        name="time-servers",
        says="The servers of truetime, which wait for a part of commit-wait.",
        classes={"front": Front},
        members=_fronts,
        laws=TRUETIME_LAWS,
        options={
            "transactions": 30,
            "epsilon": 7 * MS,
            "errors_percent": (100, -100, 30),
            "wait_percent": 100,
        },
        workload=transactions,
    )
)


def served(seed: int, wait_percent: int = 100, epsilon: int = 7 * MS) -> Trace:
    """Return a run of three servers without other faults than their clocks, which are off by up to epsilon."""
    return simulate(
        "time-servers",
        seed,
        faults=False,
        wait_percent=wait_percent,
        epsilon=epsilon,
        until=1_000 * MS,
        settle=0,
        laws=(external_consistency,),
    )


def inverted(seeds: int, wait_percent: int) -> int:
    """Return in how many runs a transaction that began later has the smaller timestamp."""
    return sum(served(seed, wait_percent).violation is not None for seed in range(seeds))


def waits_us(trace: Trace) -> list[int]:
    """Return how long each client waited from the begin of its transaction until it was told."""
    begun: dict[Any, int] = {}
    waits = []
    for step in trace:
        if isinstance(step.event, Deliver) and isinstance(step.event.message, Begin):
            begun[step.event.message.transaction] = step.at
        waits += [step.at - begun[c.transaction] for c in outputs(step, Committed)]
    return waits


# Money.


def paying(seed: int, nodes: int = 3) -> Trace:
    """Return a run of accounts that pay each other, and take the snapshots 1 and 2."""
    return simulate("snapshot", seed, faults=False, nodes=nodes, until=1_000 * MS, settle=0, laws=())


def asked_around(trace: Trace, seed: int, within: int = 50 * MS) -> int:
    """Return the sum that somebody finds who asks each account for its balance, at moments of his own.

    He begins at a random moment of the run and has asked the last one `within` microseconds later.
    """
    dice = Dice(derive(seed, "audit"))
    begin, dice = dice.below(trace.steps[-1].at)
    shots: tuple[dict[str, int], ...] = states(trace, lambda node: node.balance)  # type: ignore[attr-defined]
    total = 0
    for name in trace.header.names:
        wait, dice = dice.below(within)
        seen = [
            shot[name]
            for step, shot in zip(trace, shots, strict=True)
            if step.at <= begin + wait and name in shot
        ]
        total += seen[-1] if seen else BEGIN
    return total


def audits(seeds: int, nodes: int = 3) -> list[int]:
    """Return what asking around finds, once in each of so many runs."""
    return [asked_around(paying(seed, nodes), seed) for seed in range(seeds)]


def snapshots(seeds: int, nodes: int = 3, take: Callable[[int, int], Trace] = paying) -> list[int]:
    """Return what the two snapshots of each of so many runs hold."""
    return [
        recorded(trace, number) for trace in (take(seed, nodes) for seed in range(seeds)) for number in (1, 2)
    ]


def markers(trace: Trace, snapshot: int = 1) -> int:
    """Return how many markers of a snapshot were sent."""
    sent = [effect.message for step in trace for effect in step.effects if isinstance(effect, Send)]
    return sum(isinstance(message, Marker) and message.snapshot == snapshot for message in sent)
