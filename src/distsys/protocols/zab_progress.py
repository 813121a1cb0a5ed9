"""What must come about when faults have ended: one leader that all follow, and everything delivered everywhere."""

from __future__ import annotations

from distsys.core.laws import FINALLY, World, law, law_with_memory

from .raft_world import message_of
from .replication import Propose, Role
from .replication_laws import in_the_end
from .zab_world import acting, servers


@law(
    "one leader in the end",
    "When faults have ended, one server leads and all others follow it in its epoch.",
    when=FINALLY,
)
def one_leader_in_the_end(world: World) -> str | None:
    """Progress: the bound is the `settle` of the system."""
    up = list(servers(world))
    leaders = [zab for zab in up if zab.role is Role.LEADER]
    if len(leaders) != 1:
        return f"at the end {' and '.join(zab.name for zab in leaders) or 'nobody'} leads"
    leader = leaders[0]
    for zab in up:
        if zab.leader != leader.name or zab.current_epoch != leader.epoch:
            return (
                f"at the end {leader.name} leads epoch {leader.epoch}, "
                f"but {zab.name} is in epoch {zab.current_epoch} and follows {zab.leader}"
            )
    return None


@law_with_memory(
    "everything is delivered in the end",
    "When faults have ended, every server has delivered all that stands in the leader's history.",
    when=FINALLY,
    start=None,
)
def everything_is_delivered(memory: str | None, world: World) -> tuple[str | None, str | None]:
    """Progress: nothing that the leader has stays open, observers hear of it too, and a leader takes what it is asked.

    Not each run delivers something: where all commands come while nobody leads, each is refused and none comes again.
    So an empty history is no fault by itself. It is one where a leader was asked, and did not write the command down.
    """
    return in_the_end(memory, world, not_taken, not_delivered)


def not_taken(world: World) -> str | None:
    """Return which command a leader was asked for in this step and has not in its history."""
    zab = acting(world)
    message = message_of(world.step.event) if zab is not None and zab.role is Role.LEADER else None
    if zab is None or not isinstance(message, Propose):
        return None
    newest = zab.history.slice(zab.history.last_index, zab.history.last_index)
    if any(transaction.command == message.command for transaction in newest):
        return None
    return f"{zab.name} led epoch {zab.epoch} when it was asked for {message.command!r}, and did not take it"


def not_delivered(world: World) -> str | None:
    """Return who has not delivered what the leader has."""
    leader = next((zab for zab in servers(world) if zab.role is Role.LEADER), None)
    if leader is None:
        return "at the end nobody leads"
    for zab in servers(world):
        if zab.last_applied != leader.history.last_index:
            return (
                f"at the end the history of {leader.name} has {leader.history.last_index} transactions, "
                f"but {zab.name} has delivered {zab.last_applied}"
            )
    return None


PROGRESS = (one_leader_in_the_end, everything_is_delivered)
