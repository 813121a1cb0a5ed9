"""What a cluster of etcd promises beside the guarantees of its watches: members, revisions, leases, locks."""

from __future__ import annotations

from typing import Any

from distsys.core.events import Deliver, Send
from distsys.core.laws import World, acted, law_with_memory, outputs
from distsys.core.units import S
from distsys.core.values import EMPTY, Map, record

from ..kv import Call
from ..replicated import Reply
from .api import LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse
from .applier import State
from .lessor import LeasingMember, is_expiry
from .lock_client import Locked
from .truth import Truth, acting, keys_at, learned


@law_with_memory(
    "revision monotonic",
    "The revision of the store never goes back as more entries are applied.",
    start=Map(),
)
def revision_monotonic(memory: Map[int, int], world: World) -> tuple[Map[int, int], str | None]:
    """It is a function of the entries that were applied, in all members and all their lives."""
    member = acting(world)
    if member is None or member.applied == 0:
        return memory, None
    revision, known = member.state.store.revision, memory.get(member.applied)
    if known is None:
        earlier = [index for index in memory if index < member.applied]
        known = memory[earlier[-1]] if earlier else 1
        memory = memory.set(member.applied, revision)
    if revision < known:
        return (
            memory,
            f"{member.name} is at revision {revision} after entry {member.applied}, and was at {known}",
        )
    return memory, None


@law_with_memory(
    "members agree", "Two members that have applied the same entries hold the same.", start=Map()
)
def members_agree(memory: Map[int, State], world: World) -> tuple[Map[int, State], str | None]:
    """Versions, leases and alarms are compared, and all else follows from them; the revision has a law of its own."""
    member = acting(world)
    if member is None or member.applied == 0:
        return memory, None
    known = memory.get(member.applied)
    if known is None:
        return memory.set(member.applied, member.state), None
    if known is not member.state and held(known) != held(member.state):
        return memory, (
            f"after entry {member.applied} {member.name} is at revision {member.state.store.revision}, another member "
            f"or life was at {known.store.revision}, and they do not hold the same"
        )
    return memory, None


def held(state: State) -> tuple[Any, ...]:
    """Return what members must have in common."""
    return state.store.backend, state.store.compacted, state.leases, state.alarms


# Leases.


@record
class LeaseMemory:
    """When each open request about a lease reached a member, until when leases must live, what members had applied."""

    asked: Map[tuple[str, int], int] = Map()
    until: Map[int, int] = Map()
    applied: Map[str, int] = EMPTY


@law_with_memory(
    "lease contract",
    "A lease that was granted or kept alive is not ended by time before its ttl is over.",
    start=LeaseMemory(),
)
def lease_contract(memory: LeaseMemory, world: World) -> tuple[LeaseMemory, str | None]:
    """The time is counted from when the request came; a clock may be a fifth too fast."""
    step = world.step
    node = world.nodes.get(step.node)
    asked, until, applied = memory.asked, memory.until, memory.applied
    match step.event:
        case Deliver(_, Call(session, sequence, LeaseKeepAliveRequest() | LeaseGrantRequest())):
            if (session, sequence) not in asked:
                asked = asked.set((session, sequence), world.at)
    for effect in step.effects[: step.kept]:
        match effect:
            case Send(
                _, Reply(session, sequence, LeaseKeepAliveResponse() | LeaseGrantResponse() as response)
            ):
                if (session, sequence) in asked and response.ttl:
                    end = asked[session, sequence] + response.ttl * S * 5 // 6
                    until = until.set(response.id, max(end, until.get(response.id, 0)))
    evidence = None
    if isinstance(node, LeasingMember) and node.applied != applied.get(node.name):
        log = node.raft.log
        for index in range(max(applied.get(node.name, 0) + 1, log.first_index), node.applied + 1):
            entry = log[index] if index <= log.last_index else None
            if entry is not None and is_expiry(entry.command):
                id = entry.command.request.id
                if world.at < until.get(id, 0):
                    evidence = evidence or (
                        f"{node.name} ends lease {id} at {world.at} us, but it was to live until {until[id]} us"
                    )
        applied = applied.set(node.name, node.applied)
    if (asked, until, applied) != (memory.asked, memory.until, memory.applied):
        memory = LeaseMemory(asked, until, applied)
    return memory, evidence


# Locks.


@record
class LockMemory:
    """The truth; whether some step was cut short, so that what was applied in it is not in the truth yet; who waits.

    A member can commit, apply, answer and crash in one step. The others have the entry, and apply it later.
    """

    truth: Truth = Truth()
    unseen: bool = False
    waiting: tuple[Locked, ...] = ()


@law_with_memory(
    "lock exclusivity",
    "Who gets a lock owns it: its key is in the store, and is the oldest under the name of the lock.",
    start=LockMemory(),
)
def lock_exclusivity(memory: LockMemory, world: World) -> tuple[LockMemory, str | None]:
    """So two have it at the same revision of the store never, whatever their leases do afterwards.

    Where a step was not seen whole, who is told of a revision beyond the truth is judged when that is known.
    """
    truth = learned(memory.truth, world)
    unseen = memory.unseen or (world.step.event is not None and acted(world) is None)
    told = (*memory.waiting, *outputs(world.step, Locked))
    waiting = tuple(locked for locked in told if unseen and locked.revision > truth.revision)
    objections = (not_the_owner(truth, locked) for locked in told if locked not in waiting)
    evidence = next(filter(None, objections), None)
    if truth is not memory.truth or (unseen, waiting) != (memory.unseen, memory.waiting):
        memory = LockMemory(truth, unseen, waiting)
    return memory, evidence


def not_the_owner(truth: Truth, locked: Locked) -> str | None:
    """Return who has the lock that somebody is told to have, if that is somebody else."""
    keys = [kv.key for kv in keys_at(truth, locked.name + b"/", locked.revision)]
    if keys[:1] == [locked.key]:
        return None
    owner = f"{keys[0]!r} has it" if keys else "nobody has it"
    return f"{locked.key!r} is told that it has the lock at revision {locked.revision}, but {owner}"


MEMBER_LAWS = (members_agree, revision_monotonic)
LOCK_LAWS = (lease_contract, lock_exclusivity)
