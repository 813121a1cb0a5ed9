"""The system `paxos`: single-decree Paxos, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.events import Deliver, Output
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S

from .paxos import Paxos
from .paxos_laws import PAXOS_LAWS
from .paxos_messages import ZERO, Chosen, Learned, Promise, Propose
from .quorums import MAJORITY
from .raft_systems import CONSENSUS_FAULTS, noted, received

TIMING = {"quorums": MAJORITY, "retry_ms": 150}


def acceptors(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return processes that all propose, accept and learn."""
    settings = {option: options[option] for option in TIMING}
    whole_number("commands", options["commands"])
    Paxos(names[0], acceptors=names, **settings)  # a wrong option is answered here, before anything runs
    return {name: ("process", {"acceptors": names, **settings}) for name in names}


def proposals(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return proposals at random times, each of another value, told to one process; many come too late to matter."""
    dice = Dice(derive(seed, "proposals"))
    requests: list[Request] = []
    for number in range(1, options["commands"] + 1):
        name, dice = dice.choose(names)
        at, dice = dice.below(2 * S if number > 2 else S // 20)  # the first two meet in a duel
        requests.append(Request(at, name, Propose(f"v{number}@{name}")))
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


def told_of_a_vote(step: Step) -> bool:
    """Return whether a promise arrives that tells of a vote: what P2c is about."""
    message = step.event.message if isinstance(step.event, Deliver) else None
    return isinstance(message, Promise) and message.voted_ballot != ZERO


def learned_late(step: Step) -> bool:
    """Return whether a process learns after a restart, or from another that knew."""
    learns = any(isinstance(e, Output) and isinstance(e.value, Chosen) for e in step.effects[: step.kept])
    return learns and received(Learned)(step)


PAXOS = System(
    name="paxos",
    says="Processes that may stop choose one value and never another (single-decree Paxos).",
    classes={"process": Paxos},
    members=acceptors,
    laws=PAXOS_LAWS,
    options={"commands": 8, **TIMING},
    workload=proposals,
    tolerates=CONSENSUS_FAULTS,
    sights=(
        Sight("phase 2", "A proposer has the promises of a quorum.", noted("asks for votes")),
        Sight("duel", "A proposer gives up a ballot, for a higher one was promised.", noted("gives up")),
        Sight("an earlier vote", "A promise tells of a vote in an earlier ballot.", told_of_a_vote),
        Sight("told the outcome", "A process learns from one that knew.", learned_late),
    ),
    settle=90 * S,  # as for Raft, but measured, not derived: each run of the tests is at rest within 60 s
    settles_early=True,
    untimed=True,
)
