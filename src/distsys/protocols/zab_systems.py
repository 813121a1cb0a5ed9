"""The system `zab`: voters and observers, commands told to all, and hosts that hand over their state now and then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import ArgumentError, whole_number
from distsys.core.events import Deliver
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.trace import Step
from distsys.core.units import S

from .raft_systems import CONSENSUS_FAULTS, commands, noted, received, refused_command
from .raft_world import message_of
from .replication import Compact
from .zab import Zab
from .zab_laws import ZAB_LAWS
from .zab_messages import Diff, Inform, Snap, Trunc, UpToDate

TIMING = {"election_ms": 300, "heartbeat_ms": 50, "decide_ms": 50}
TIMES = 3  # how often each host hands over its state


def parts(names: tuple[str, ...], observers: int) -> dict[str, tuple[str, ...]]:
    """Return who votes, and who does not: the last few, the observers.

    >>> parts(("n1", "n2", "n3"), 1)
    {'voters': ('n1', 'n2'), 'observers': ('n3',)}
    """
    servers = len(names)
    if whole_number("observers", observers) >= servers:
        raise ArgumentError(
            f"observers must be fewer than the servers, for one at least has to vote: of {servers} at most "
            f"{servers - 1} can be observers, but observers is {observers}"
        )
    voters = servers - observers
    return {"voters": names[:voters], "observers": names[voters:]}


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return servers of which all vote but the last few, the observers."""
    whole_number("commands", options["commands"])
    whole_number("snapshot_every", options["snapshot_every"])
    settings = {**parts(names, options["observers"]), **{option: options[option] for option in TIMING}}
    Zab(names[0], **settings)  # a wrong option is answered here, before anything runs
    return dict.fromkeys(names, ("server", settings))


def requests(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return the commands, and at random times the states that hosts hand over, if they have come so far."""
    found = list(commands(names, options, seed))
    if every := options["snapshot_every"]:
        dice = Dice(derive(seed, "snapshots"))
        for name in names:
            for number in range(1, TIMES + 1):
                at, dice = dice.below(5 * S)
                found.append(Request(at, name, Compact(number * every, f"the first {number * every}")))
    return tuple(sorted(found, key=lambda request: (request.at, request.node)))


def lacking(step: Step) -> bool:
    """Return whether a DIFF arrives that is not empty."""
    message = message_of(step.event) if isinstance(step.event, Deliver) else None
    return isinstance(message, Diff) and message.transactions != ()


SIGHTS = (
    Sight("leader", "A server leads an epoch.", noted("leads epoch")),
    Sight("up to date", "A follower has the history of its leader.", received(UpToDate)),
    Sight(
        "DIFF",
        "A follower lacks something.",
        lacking,
    ),
    Sight("TRUNC", "A follower has what its leader has not.", received(Trunc)),
    Sight("history cut", "A follower cuts its history.", noted("cuts its history")),
    Sight("broken link", "A follower misses a message and opens a new connection.", noted("misses message")),
    Sight("wrong leader", "A leader gives up for one that has more.", noted("gives up")),
    Sight("asked the wrong server", "A server that does not lead is asked.", refused_command),
)


ZAB = System(
    name="zab",
    says="A leader of an epoch broadcasts transactions in order, and a quorum of histories keeps them (Zab).",
    classes={"server": Zab},
    members=members,
    laws=ZAB_LAWS,
    options={"commands": 8, "observers": 0, "snapshot_every": 0, **TIMING},
    workload=requests,
    tolerates=CONSENSUS_FAULTS,
    variants={"snapshot_every": (0, 1, 2, 4), "observers": (0, 0, 1)},
    sights=(
        *SIGHTS,
        Sight("SNAP", "A follower lacks what its leader has dropped.", received(Snap)),
        Sight("observer", "An observer hears of a commit.", received(Inform)),
    ),
    settle=90 * S,  # as for Raft, but measured, not derived: each run of the tests is at rest within 60 s
    settles_early=True,
    untimed=True,
)
