"""Duels of two proposers by the clock: how many ballots it takes until one of them is chosen.

Two proposers stand in one place, p1 and p2; three more acceptors are a message of time d away. Each proposer begins a
ballot when its timer fires, drawn from [R, 2R], and nothing else tells it to: as in "Paxos Made Simple", nobody
answers a Prepare or an Accept that comes too late. So a ballot fails if the other proposer begins one within 2d
after it.

>>> round(expected_ballots(1, 1), 3), expected_ballots(2, 1)
(3.408, 1.0)
>>> duel(seed=1, delay=10_000, gap=18_000)
3
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, sin
from typing import Any

from distsys.core import S, systems
from distsys.core.errors import ArgumentError, shown
from distsys.core.laws import Law
from distsys.core.systems import Members, Request, System
from distsys.core.trace import Trace
from distsys.drivers import SetLink, Simulator, link
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_laws import agreement
from distsys.protocols.paxos_messages import Propose, Reject
from distsys.views.ballots import chosen_on
from distsys.views.rungs import rungs_of

PROPOSERS, FAR = ("p1", "p2"), ("a3", "a4", "a5")


class Unanswered(Paxos):
    """Paxos without the courtesy of a refusal: who is outbid finds out when its timer fires."""

    def on_reject(self, message: Reject) -> None:
        """Take no notice."""


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two proposers with short timers, and acceptors whose timers never fire within a run."""
    return {
        name: (
            "process",
            {
                "acceptors": names,
                "retry_ms": options["retry_ms"] if name in PROPOSERS else 10**6,
            },
        )
        for name in names
    }


SYSTEM = systems.register(
    System(
        name="paxos-duel",
        says="Two proposers of Paxos that only their timers tell to try again.",
        classes={"process": Unanswered},
        members=members,
        laws=(agreement,),
        options={"retry_ms": 20},
    )
)


def duel_run(
    seed: int, *, delay: int, gap: int, retry_ms: int = 20, laws: tuple[Law, ...] | None = None
) -> Trace:
    """Return the run in which p2 begins `gap` after p1; messages to and from the others take the time `delay`."""
    near = link(delay=1)
    return Simulator(
        systems.build("paxos-duel", nodes=(*PROPOSERS, *FAR), retry_ms=retry_ms),
        seed,
        network=link(delay=delay),
        script=(SetLink(0, "p1", "p2", near), SetLink(0, "p2", "p1", near)),
        requests=(Request(1, "p1", Propose("x")), Request(1 + gap, "p2", Propose("y"))),
        laws=laws,
        until=10 * S,
        settle=0,
    ).run()


def duel(seed: int, *, delay: int, gap: int, retry_ms: int = 20) -> int:
    """Return how many ballots began after the first one, up to the first that is chosen."""
    run = duel_run(seed, delay=delay, gap=gap, retry_ms=retry_ms, laws=())
    rungs = rungs_of(run)
    decided = chosen_on(rungs, run.header.names)
    return next(place for place, rung in enumerate(rungs) if rung.ballot in decided)


def expected_ballots(r: float, x: float) -> float:
    """Return how many more ballots a duel takes on average, with r = R/2d, when the second began 2dx after the first.

    For r from 1 to 2 and x from 0 to 1; the first ballot, which the second has spoilt, is not counted.
    """
    if not 1 <= r <= 2 or not 0 <= x <= 1:
        raise ArgumentError(
            f"r must be from 1 to 2 and x from 0 to 1, but they are {shown(r)} and {shown(x)}"
        )
    if x <= r - 1:
        return 1.0
    here, known = x / r - 1 / 2, 1 / 2 - 1 / r
    return (cos(here) + sin(here)) / (cos(known) + sin(known))
