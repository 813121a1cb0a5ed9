"""The system `multi-paxos`, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import whole_number
from distsys.core.systems import Members, Request, Sight, System
from distsys.core.units import MS, S

from .multipaxos_laws import MULTIPAXOS_LAWS
from .multipaxos_members import ReconfigurableMultiPaxos
from .multipaxos_messages import Lacks, Reject
from .multipaxos_messages import Members as Change
from .quorums import MAJORITY
from .raft_systems import CONSENSUS_FAULTS, noted, received, refused_command
from .replication import Compact, Propose

TIMING = {"quorums": MAJORITY, "alpha": 8, "election_ms": 300, "heartbeat_ms": 50}


def replicas(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return replicas that are all members at first."""
    settings = {option: options[option] for option in TIMING}
    for option in ("commands", "changes", "compactions"):
        whole_number(option, options[option])
    ReconfigurableMultiPaxos(names[0], members=names, **settings)  # a wrong option is answered here
    return {name: ("server", {"members": names, **settings}) for name in names}


def bursts(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return what clients and operators ask: commands, changes of the members, snapshots.

    Commands come in bursts, so that several slots are open at once, and are told to every replica.
    """
    dice = Dice(derive(seed, "bursts"))
    requests: list[Request] = []
    at = 0
    for number in range(1, options["commands"] + 1):
        if number % 4 == 1:
            at, dice = dice.below(5 * S)
        wait, dice = dice.below(MS)
        requests += [Request(at + wait, name, Propose(f"c{number}@{name}")) for name in names]
    for _ in range(options["changes"]):
        at, dice = dice.below(5 * S)
        order, dice = dice.shuffle(names)
        count, dice = dice.below(len(names))
        change = Change(tuple(sorted(order[: count + 1])))
        requests += [Request(at, name, Propose(change)) for name in names]
    for _ in range(options["compactions"]):
        at, dice = dice.below(5 * S)
        name, dice = dice.choose(names)
        index, dice = dice.below(options["commands"] + 1)
        requests.append(Request(at, name, Compact(index, f"the state after {index}")))
    return tuple(sorted(requests, key=lambda request: (request.at, request.node)))


MULTI_PAXOS = System(
    name="multi-paxos",
    says="A leader runs phase 1 once, and then each command is decided in a slot of its own (Multi-Paxos).",
    classes={"server": ReconfigurableMultiPaxos},
    members=replicas,
    laws=MULTIPAXOS_LAWS,
    options={"commands": 8, "changes": 0, "compactions": 0, **TIMING},
    workload=bursts,
    tolerates=CONSENSUS_FAULTS,
    variants={"alpha": (8, 8, 1, 2), "changes": (0, 0, 3), "compactions": (0, 6)},
    sights=(
        Sight("leader", "A replica has the promises of a quorum.", noted("leads ballot")),
        Sight("outbid", "A replica gives up a ballot.", noted("gives up")),
        Sight("out of order", "A decision waits, for an earlier slot is open.", noted("waits for slot")),
        Sight("catch-up", "A replica asks for decisions that it lacks.", received(Lacks)),
        Sight("too late", "A message of an old ballot is refused.", received(Reject)),
        Sight("snapshot", "A replica begins again from a snapshot of another.", noted("installs a snapshot")),
        Sight("change", "A change of the members is decided.", noted("members from slot")),
        Sight("asked the wrong server", "A replica that does not lead is asked.", refused_command),
    ),
    settle=90 * S,  # as for Raft, but measured, not derived: each run of the tests is at rest within 60 s
    settles_early=True,
    untimed=True,
)
