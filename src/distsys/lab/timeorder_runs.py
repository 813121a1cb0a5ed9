"""Runs of the page on time and order: each shows one idea, by the clock, and is the same on every call.

>>> parcel().violation is None, photo(wait_percent=0).violation.law
(True, 'external consistency')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.algorithms.clock_messages import Talk, Work
from distsys.algorithms.snapshot_laws import worth
from distsys.algorithms.snapshot_messages import Pay, Report, Take
from distsys.algorithms.truetime import TRUETIME_LAWS, Committed
from distsys.core import systems
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import ClockStep, Simulator, link, simulate
from distsys.drivers.faults import Action

from .timeorder_cast import Caller, Desk, Do, Front, Line

PARCEL = (
    ("charge 7", "takes the money for 7", "depot", "7 is paid"),
    ("7 is paid", "sends parcel 7", "shop", "7 is sent"),
)
WRONG_MS = {"bank": -300, "depot": 120}  # how far these clocks are off; the shop's is right
FRIENDS = ("ann", "bob", "cyd", "dan")


def _desks(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {name: ("desk", {"kind": options["kind"], "rules": options["rules"]}) for name in names}


systems.register(
    System(
        name="time-desks",
        says="Desks that write a log, each with a stamp of one kind of clock.",
        classes={"desk": Desk},
        members=_desks,
        laws=(),
        options={"kind": "wall", "rules": PARCEL},
    )
)


def parcel(kind: str = "wall") -> Trace:
    """Return a run in which an order is placed, paid and sent, at three desks of which two have wrong clocks."""
    requests = (
        Request(1_000 * MS, "depot", Do("counts its stock")),
        Request(1_010 * MS, "shop", Do("order 7 comes", "bank", "charge 7")),
        Request(1_035 * MS, "shop", Do("order 8 comes")),
        Request(1_075 * MS, "bank", Do("closes its books")),
    )
    script = tuple(ClockStep(1, name, by * MS) for name, by in WRONG_MS.items() if by > 0)
    late = tuple(ClockStep(900 * MS, name, by * MS) for name, by in WRONG_MS.items() if by < 0)
    return Simulator(
        systems.build("time-desks", nodes=("bank", "depot", "shop"), kind=kind),
        1,
        network=link(delay=20 * MS),
        script=(*script, *late),
        requests=requests,
        until=1_200 * MS,
        settle=0,
    ).run()


def log(trace: Trace) -> list[tuple[Any, int, str, str]]:
    """Return the lines of all logs, in the order in which they really happened: (stamp, step, where, what)."""
    return [(line.stamp, step.number, step.node, line.text) for step in trace for line in outputs(step, Line)]


def talk(system: str = "lamport-clock", seed: int = 4) -> Trace:
    """Return a run in which four friends write letters to each other; one clock or the other stamps the same events."""
    return simulate(system, seed, faults=False, nodes=FRIENDS, events=14, until=600 * MS, settle=0)


# Hybrid clocks.


def set_back(mutant: str | None = None) -> Trace:
    """Return a run of two hybrid clocks, in which the wall clock of ann is set back by 50 ms between two letters."""
    requests = (
        Request(1_000 * MS, "ann", Talk("bob")),
        Request(1_015 * MS, "bob", Work()),
        Request(1_030 * MS, "ann", Work()),
        Request(1_040 * MS, "ann", Talk("bob")),
        Request(1_080 * MS, "bob", Talk("ann")),
    )
    return Simulator(
        systems.build("hybrid-clock", nodes=("ann", "bob"), mutant=mutant),
        1,
        network=link(delay=10 * MS),
        script=(ClockStep(1_020 * MS, "ann", -50 * MS),),
        requests=requests,
        until=1_120 * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def skewed(seed: int, epsilon_ms: int, nodes: int = 4, events: int = 60) -> Trace:
    """Return a run of hybrid clocks that show times up to `epsilon_ms` apart; the first is right, the last is ahead."""
    cluster = systems.build("hybrid-clock", nodes=nodes, events=events)
    script: list[Action] = [
        ClockStep(1, name, epsilon_ms * MS * place // (nodes - 1))
        for place, name in enumerate(cluster.names)
        if epsilon_ms and place
    ]
    return Simulator(
        cluster,
        seed,
        network=link(delay=(1 * MS, 5 * MS)),
        script=script,
        laws=(),
        until=1_000 * MS,
        settle=0,
    ).run()


# TrueTime.


def _photo(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    epsilon, wait = options["epsilon"], options["wait_percent"]
    worst = {"east": epsilon, "west": -epsilon}
    servers: Members = {
        name: ("front", {"epsilon": epsilon, "error_us": error, "wait_percent": wait})
        for name, error in worst.items()
    }
    ann = {"server": "east", "asks": "unlist boss", "next": "bob", "begins": True}
    bob = {"server": "west", "asks": "post photo", "next": "", "begins": False}
    return {"ann": ("caller", ann), "bob": ("caller", bob), **servers}


systems.register(
    System(
        name="time-photo",
        says="Ann changes who may see her photos, calls bob, and bob posts one.",
        classes={"front": Front, "caller": Caller},
        members=_photo,
        laws=TRUETIME_LAWS,
        options={"epsilon": 7 * MS, "wait_percent": 100},
        clients=("caller",),
    )
)


def photo(wait_percent: int = 100, delay_us: int = 1 * MS, epsilon: int = 7 * MS) -> Trace:
    """Return the run of ann and bob, with the worst clocks and servers that wait for a part of commit-wait."""
    return Simulator(
        systems.build("time-photo", wait_percent=wait_percent, epsilon=epsilon),
        1,
        network=link(delay=delay_us),
        requests=(),
        until=200 * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def committed(trace: Trace) -> dict[str, int]:
    """Return the timestamps of the transactions whose clients have been told, in the order of the telling."""
    return {c.transaction: c.timestamp for step in trace for c in outputs(step, Committed)}


def seen_at(trace: Trace, timestamp: int) -> list[str]:
    """Return what a reader of the state at this timestamp sees: all that has no greater one."""
    return [name for name, at in committed(trace).items() if at <= timestamp]


# Snapshots.


def stocktaking(mutant: str | None = None, fifo: bool = True) -> Trace:
    """Return a run of three accounts that pay each other while a snapshot is taken; ann begins it."""
    requests = (
        Request(10 * MS, "bob", Pay("ann", 30)),
        Request(12 * MS, "cyd", Pay("bob", 5)),
        Request(14 * MS, "ann", Take(1)),
        Request(16 * MS, "ann", Pay("cyd", 40)),
        Request(18 * MS, "cyd", Pay("ann", 20)),
    )
    return Simulator(
        systems.build("snapshot", nodes=("ann", "bob", "cyd"), mutant=mutant),
        1,
        network=link(delay=10 * MS, fifo=fifo),
        requests=requests,
        until=100 * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def reports(trace: Trace, snapshot: int = 1) -> dict[str, Report]:
    """Return what each process reports of a snapshot."""
    return {
        step.node: report for step in trace for report in outputs(step, Report) if report.snapshot == snapshot
    }


def recorded(trace: Trace, snapshot: int = 1) -> int:
    """Return the money in a snapshot: balances, and what was on its way."""
    return worth(tuple(reports(trace, snapshot).values()))
