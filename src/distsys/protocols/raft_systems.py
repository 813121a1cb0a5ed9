"""The systems `raft` (the heart) and `raft-members` (all parts, and members that change), and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.events import Deliver, Note, Output
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S

from .raft import Raft
from .raft_laws import RAFT_LAWS
from .raft_membership import AddServer, ChangeMembers, RemoveServer
from .raft_messages import NotLeader, Propose, Refused
from .raft_progress import STABILITY
from .raft_server import RaftServer
from .raft_transfer import TransferLeadership

CONSENSUS_FAULTS = (
    *("loss", "duplicate", "reorder", "slow", "partition", "cut", "crash", "crash-in-step"),
    *("disk-full", "pause", "stall", "skew", "clock-step"),
)  # all but "wipe": a server that forgets its disk may break its word
TIMING = {"election_ms": 300, "heartbeat_ms": 50, "batch": 64}


def voters(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return servers that all vote from the start."""
    settings = {option: options[option] for option in TIMING}
    whole_number("commands", options["commands"])
    Raft(names[0], voters=names, **settings)  # a wrong option is answered here, before anything runs
    return {name: ("server", {"voters": names, **settings}) for name in names}


def commands(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return commands at random times; a client that knows no leader tells each server, in words of its own."""
    dice = Dice(derive(seed, "commands"))
    requests: list[Request] = []
    for number in range(1, options["commands"] + 1):
        at, dice = dice.below(5 * S)
        requests += [Request(at, name, Propose(f"c{number}@{name}")) for name in names]
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


def noted(beginning: str) -> Callable[[Step], bool]:
    """Return a test for steps whose node notes something that begins so, itself or in an embedded node."""

    def seen(step: Step) -> bool:
        return any(
            isinstance(effect, Note)
            and (effect.text.startswith(beginning) or f": {beginning}" in effect.text)
            for effect in step.effects[: step.kept]
        )

    return seen


def received(*kinds: type) -> Callable[[Step], bool]:
    """Return a test for steps in which a message of one of these classes arrives, embedded or not."""

    def seen(step: Step) -> bool:
        message = step.event.message if isinstance(step.event, Deliver) else None
        return isinstance(getattr(message, "message", message), kinds)

    return seen


def refused_command(step: Step) -> bool:
    """Return whether a server that does not lead was asked."""
    return any(isinstance(e, Output) and isinstance(e.value, NotLeader) for e in step.effects[: step.kept])


SIGHTS = (
    Sight("leader", "A server wins an election.", noted("leads term")),
    Sight(
        "later leader", "A server wins an election in term 3 or later.", lambda step: later_leader(step, 3)
    ),
    Sight(
        "conflicting tail", "A follower cuts its log, for a leader has other entries.", noted("cuts its log")
    ),
    Sight("gap", "A follower refuses entries that do not fit its log.", received(Refused)),
    Sight("asked the wrong server", "A server that does not lead is asked.", refused_command),
)


def later_leader(step: Step, term: int) -> bool:
    """Return whether a server begins to lead a term of at least this number."""
    notes = [effect.text for effect in step.effects[: step.kept] if isinstance(effect, Note)]
    terms = [int(text.partition("leads term ")[2]) for text in notes if "leads term " in text]
    return max(terms, default=0) >= term


RAFT = System(
    name="raft",
    says="One leader orders commands, and a majority of logs keeps them (Raft, the heart).",
    classes={"server": Raft},
    members=voters,
    laws=RAFT_LAWS,
    options={"commands": 8, **TIMING},
    workload=commands,
    tolerates=CONSENSUS_FAULTS,
    variants={"batch": (64, 64, 1, 2)},
    sights=SIGHTS,
    settle=90 * S,  # derived for three servers on the page 3-algorithms/raft-elections
    settles_early=True,
    untimed=True,
)


# Members that change.


def first_voters(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return servers of which the first few vote; the others wait until somebody adds them."""
    settings = {option: options[option] for option in (*TIMING, "joint")}
    whole_number("commands", options["commands"])
    whole_number("changes", options["changes"])
    whole_number("voters", options["voters"], at_least=1, at_most=len(names))
    RaftServer(names[0], voters=names, **settings)
    return {name: ("server", {"voters": names[: options["voters"]], **settings}) for name in names}


def changes(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return commands, changes of members and hand-overs at random times, each told to every server."""
    dice = Dice(derive(seed, "changes"))
    requests = list(commands(names, options, seed))
    for _ in range(options["changes"]):
        at, dice = dice.below(5 * S)
        name, dice = dice.choose(names)
        kind, dice = dice.below(5)
        message: Any = (AddServer, AddServer, RemoveServer, TransferLeadership)[kind - 1](name)
        if kind == 0:
            order, dice = dice.shuffle(names)
            count, dice = dice.below(len(names))
            message = ChangeMembers(tuple(sorted(order[: count + 1])))
        requests += [Request(at, server, message) for server in names]
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


RAFT_MEMBERS = System(
    name="raft-members",
    says="Raft with pre-vote, check-quorum and hand-over, whose members change while it runs.",
    classes={"server": RaftServer},
    members=first_voters,
    laws=(*RAFT_LAWS, *STABILITY),
    options={"nodes": 5, "voters": 3, "commands": 4, "changes": 8, "joint": True, **TIMING},
    workload=changes,
    tolerates=CONSENSUS_FAULTS,
    variants={"batch": (64, 64, 1, 2), "joint": (True, False)},
    sights=(
        *SIGHTS,
        Sight("change", "A leader begins to change the members.", noted("changes the members")),
        Sight("hand-over", "A leader hands over.", noted("hands over")),
        Sight("stepping down", "A leader gives up: no majority answers, or it left.", noted("steps down")),
    ),
    settle=90 * S,  # as above; for more servers and parts this is measured, not derived
    settles_early=True,
    untimed=True,
)
