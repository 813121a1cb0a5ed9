"""What Multi-Paxos promises beyond Paxos in each slot: replicas apply the same, in order, and in the end everything.

The laws of `paxos_laws` hold for each slot; `MULTIPAXOS_LAWS` begins with them.
"""

from __future__ import annotations

from typing import Any

from distsys.core.laws import FINALLY, World, law_with_memory
from distsys.core.values import EMPTY, Map, record

from .multipaxos import MultiPaxos
from .multipaxos_messages import Members
from .paxos_laws import SAFETY
from .paxos_world import is_host, paxos_of, replicas, told_to_host
from .raft_world import message_of
from .replication import Propose, Role
from .replication_laws import in_the_end, outputs, told


@record
class Applied:
    """What was applied in each slot, by whoever was first, and how far each replica has come."""

    values: Map[int, tuple[Any]] = Map()
    last: Map[str, int] = EMPTY


@law_with_memory(
    "state machine safety",
    "Each replica applies slots 1, 2, 3 and so on without a gap, and no two apply different commands in a slot.",
    start=Applied(),
)
def state_machine_safety(memory: Applied, world: World) -> tuple[Applied, str | None]:
    """Section 3: "all servers execute the same sequence of state machine commands"."""
    inside = is_host(world.nodes.get(world.step.node))
    now = told(world, memory.last, "slot", told_to_host if inside else outputs)
    if now.evidence is not None:
        return memory, now.evidence
    values = memory.values
    for commit in now.commits:
        command = commit.entry.command
        known = values.get(commit.index, (command,))
        if known != (command,):
            return memory, (
                f"{world.step.node} applies {command!r} in slot {commit.index}, "
                f"where {known[0]!r} was applied before"
            )
        values = values.set(commit.index, known)
    if values is memory.values and now.last is memory.last:
        return memory, None
    return Applied(values, now.last), None


@law_with_memory(
    "everything is applied in the end",
    "When faults have ended, one replica leads, and all members have applied all that it has asked votes for.",
    when=FINALLY,
    start=None,
)
def everything_is_applied(memory: str | None, world: World) -> tuple[str | None, str | None]:
    """Progress: the bound is the `settle` of the system. A leader has taken what it was asked for.

    Not each run applies something: where all commands come while nobody leads, each is refused and none comes again.
    So an empty log is no fault by itself. It is one where a leader was asked, and neither asks for votes nor waits to.
    """
    return in_the_end(memory, world, not_taken, not_applied)


def not_taken(world: World) -> str | None:
    """Return which command a leader was asked for in this step and does not care for."""
    node = paxos_of(world.nodes.get(world.step.node))
    if world.step.kept < len(world.step.effects) or not isinstance(node, MultiPaxos):
        return None
    message = message_of(world.step.event) if node.role is Role.LEADER else None
    if not isinstance(message, Propose) or isinstance(message.command, Members):
        return None  # a change of the members may be refused
    if message.command in (*node.waiting, *node.proposals.values(), *node.chosen.values()):
        return None
    return (
        f"{node.name} led ballot {node.ballot} when it was asked for {message.command!r}, and did not take it"
    )


def not_applied(world: World) -> str | None:
    """Return what is not as it should be when all has settled."""
    up = {node.name: node for node in replicas(world)}
    leaders = [node for node in up.values() if node.role is Role.LEADER]
    if len(leaders) != 1:
        return f"at the end {' and '.join(node.name for node in leaders) or 'nobody'} leads"
    (leader,) = leaders
    if leader.waiting or leader.acceptances:
        return f"at the end {leader.name} leads, and has not decided all that it was asked for"
    for name in leader.others():
        if name in up and up[name].last_applied != leader.next_slot - 1:
            return (
                f"at the end {leader.name} leads and has decided {leader.next_slot - 1} slots, "
                f"but {name} has applied {up[name].last_applied}"
            )
        if name in up and up[name].leader != leader.name:
            return f"at the end {leader.name} leads, but {name} follows {up[name].leader}"
    return None


MULTIPAXOS_LAWS = (*SAFETY, state_machine_safety, everything_is_applied)
