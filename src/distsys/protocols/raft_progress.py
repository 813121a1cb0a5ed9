"""What must come about when faults have ended: one leader, everything committed, and a leader that stays.

How long that may take is derived for three servers on the page `3-algorithms/raft-elections`; a system says it
as `settle`.
"""

from __future__ import annotations

from dataclasses import replace

from distsys.core.events import Send
from distsys.core.laws import FINALLY, World, law, law_with_memory
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .raft_messages import RequestVote, Role
from .raft_transfer import TimeoutNow
from .raft_world import acting, message_of, servers

CALM_AFTER = (
    4  # election timeouts after the last fault: a leader may still step down for what was lost before
)


@law(
    "one leader in the end",
    "When faults have ended, one server leads and all other members follow it.",
    when=FINALLY,
)
def one_leader_in_the_end(world: World) -> str | None:
    """Progress: the bound is the `settle` of the system."""
    up = list(servers(world))
    leaders = [raft for raft in up if raft.role is Role.LEADER]
    if len(leaders) != 1:
        return f"at the end {' and '.join(r.name for r in leaders) or 'nobody'} leads"
    members = {leaders[0].name, *leaders[0].followers()}
    for raft in up:
        if raft.name not in members:
            continue
        if raft.leader != leaders[0].name or raft.current_term != leaders[0].current_term:
            return (
                f"at the end {leaders[0].name} leads term {leaders[0].current_term}, "
                f"but {raft.name} is in term {raft.current_term} and follows {raft.leader}"
            )
    return None


@law(
    "everything is committed in the end",
    "When faults have ended, every member has applied all that stands in the leader's log.",
    when=FINALLY,
)
def everything_is_committed(world: World) -> str | None:
    """Progress: nothing that the leader has stays open."""
    leader = next((raft for raft in servers(world) if raft.role is Role.LEADER), None)
    if leader is None:
        return "at the end nobody leads"
    members = {leader.name, *leader.followers()}
    for raft in servers(world):
        if raft.name in members and raft.last_applied != leader.log.last_index:
            return (
                f"at the end the log of {leader.name} has {leader.log.last_index} entries, "
                f"but {raft.name} has applied {raft.last_applied}"
            )
    return None


@record
class Calm:
    """How quiet it is since faults ended (`since`, -1 before): the `term` agreed on, and `broken` when it went on."""

    since: int = -1
    term: int = 0
    members: tuple[str, ...] = ()
    broken: str | None = None


@law_with_memory(
    "an agreed leader stays",
    "When faults have ended, all members follow one leader and none is about to leave, the term stays as it is.",
    start=Calm(),
    when=FINALLY,
)
def an_agreed_leader_stays(memory: Calm, world: World) -> tuple[Calm, str | None]:
    """Progress: a leader that does nothing wrong is not deposed (Ongaro 2014, sections 4.2.3 and 9.6).

    A server that was removed may count terms as it likes, as long as no member follows it there. That all agree
    counts from a look of the leader at its majority: what the last look saw came in part from the time of the faults.
    """
    step = world.step
    if step is None or memory.broken:
        return memory, memory.broken
    if memory.since < 0:
        healed = step.kind == "heal" and step.detail.get("phase") == "settle"
        return (Calm(since=world.at) if healed else memory), None
    raft = acting(world)
    if raft is None:
        return memory, None
    if isinstance(message_of(step.event), TimeoutNow):
        return Calm(memory.since), None  # a leader that hands over asks for a new term
    if raft.role is Role.LEADER and raft.is_changing():
        return Calm(memory.since), None  # and so may one that leaves
    if raft.name in memory.members and raft.current_term > memory.term:
        broken = (
            f"all members had agreed on the leader of term {memory.term}, and then {raft.name} entered term "
        )
        return replace(memory, broken=f"{broken}{raft.current_term}"), None
    settled = world.at - memory.since >= CALM_AFTER * raft.election_ms * MS
    stays = settled and raft.role is Role.LEADER and raft.is_voter() and not raft.is_changing()
    if not memory.term and stays and one_leader_in_the_end.fold(None, world)[1] is None:
        members = (raft.name, *raft.followers())
        return Calm(memory.since, raft.current_term, members), None
    return memory, None


@law_with_memory(
    "a leader does not campaign", "A server never begins an election while it leads.", start=EMPTY
)
def a_leader_does_not_campaign(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """Progress: a leader gives up for a later term, for want of a majority, or because it leaves."""
    step, raft = world.step, acting(world)
    if raft is None:
        return memory.remove(step.node), None
    term = memory.get(raft.name)
    asks = any(isinstance(message_of(e), RequestVote) for e in step.effects if isinstance(e, Send))
    if term is not None and asks and step.kind not in ("start", "restart"):
        return memory, f"{raft.name} leads term {term}, and asks for votes in term {raft.current_term}"
    if raft.role is Role.LEADER:
        return memory.set(raft.name, raft.current_term), None
    return memory.remove(raft.name), None


PROGRESS = (one_leader_in_the_end, everything_is_committed)
STABILITY = (an_agreed_leader_stays, a_leader_does_not_campaign)
