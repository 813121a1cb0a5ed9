"""What must come about when faults have ended: one leader that all follow, and everything delivered everywhere."""

from __future__ import annotations

from distsys.core.laws import FINALLY, World, law

from .replication import Role
from .zab_world import servers


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


@law(
    "everything is delivered in the end",
    "When faults have ended, every server has delivered all that stands in the leader's history.",
    when=FINALLY,
)
def everything_is_delivered(world: World) -> str | None:
    """Progress: nothing that the leader has stays open, and observers hear of it too."""
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
