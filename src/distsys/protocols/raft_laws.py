"""What Raft promises: the five properties of figure 3, that nothing leaves before it is durable, and progress.

Each law looks only at the server that handled the last step, for nothing else has changed. The names and the
sentences of the first five are those of the paper. Two things are easy to get wrong in a checker:

- *Leader Completeness* speaks of leaders of **later** terms than the one in which the entry was committed. A leader
  of an older term that still believes in itself need not have the entry: to ask for it raises a false alarm.
- An entry is *committed* when a leader of its term says so. What a follower believes comes from there.

The laws find the Raft server also where it is embedded in a host under the name `raft`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from distsys.core.events import Effect, Event, Persist, Send
from distsys.core.laws import FINALLY, World, law, law_with_memory
from distsys.core.log import Log
from distsys.core.node import Inner, Node
from distsys.core.trace import apply_to_disk
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .raft import Raft
from .raft_messages import Appended, Entry, RequestVote, Role, Vote
from .raft_transfer import TimeoutNow

CALM_AFTER = (
    4  # election timeouts after the last fault: a leader may still step down for what was lost before
)
Memory = Map[str, Map[str, Any]]  # of a law: the Raft part of each server's disk


def raft_of(node: Node | None) -> Raft | None:
    """Return the Raft server that a node is or embeds as `raft`; None for a client, or a node that is down."""
    inner = node if isinstance(node, Raft) else getattr(node, "raft", None)
    return inner if isinstance(inner, Raft) else None


def acting(world: World) -> Raft | None:
    """Return the Raft server that handled the last step, if it is up and the step is whole; None after a fault.

    While a disk stalls in the middle of a step, the memory of the server is ahead of all that it has done: it does
    nothing else until the disk goes on, and then the laws look again.
    """
    step = world.step
    if step is None or step.event is None or step.kept < len(step.effects):
        return None
    return raft_of(world.nodes.get(step.node))


def servers(world: World) -> Iterator[Raft]:
    """Yield all Raft servers that are up."""
    for node in world.nodes.values():
        if (raft := raft_of(node)) is not None:
            yield raft


def agree(one: Log[Any], other: Log[Any], last_index: int) -> bool:
    """Return whether two logs hold the same entries up to `last_index`, as far as both still hold them."""
    if last_index <= max(one.before_index, other.before_index):
        return True
    if one.before_index == other.before_index:
        return one.truncate(last_index) == other.truncate(last_index)
    first = max(one.first_index, other.first_index)
    return one.slice(first, last_index) == other.slice(first, last_index)


# Figure 3.


@law_with_memory("election safety", "At most one leader is elected in a term.", start=EMPTY)
def election_safety(memory: Map[int, str], world: World) -> tuple[Map[int, str], str | None]:
    """Figure 3; section 5.2."""
    raft = acting(world)
    if raft is None or raft.role is not Role.LEADER:
        return memory, None
    known = memory.get(raft.current_term)
    if known is None:
        return memory.set(raft.current_term, raft.name), None
    if known != raft.name:
        return memory, f"{known} and {raft.name} both lead term {raft.current_term}"
    return memory, None


@law_with_memory(
    "leader append-only",
    "A leader never overwrites or deletes entries in its log; it only appends.",
    start=EMPTY,
)
def leader_append_only(
    memory: Map[str, tuple[int, Log[Entry]]], world: World
) -> tuple[Map[str, tuple[int, Log[Entry]]], str | None]:
    """Figure 3; section 5.3."""
    raft = acting(world)
    if raft is None or raft.role is not Role.LEADER:
        return memory, None
    term, log = memory.get(raft.name, (0, raft.log))
    if term == raft.current_term and log is raft.log:
        return memory, None
    kept = raft.log.last_index >= log.last_index and agree(raft.log, log, log.last_index)
    if term == raft.current_term and not kept:
        return memory, f"{raft.name}, leader of term {term}, no longer has its log up to {log.last_index}"
    return memory.set(raft.name, (raft.current_term, raft.log)), None


@law_with_memory(
    "log matching",
    "If two logs have an entry with the same index and term, they are the same up to that index.",
    start=EMPTY,
)
def log_matching(memory: Map[str, Log[Entry]], world: World) -> tuple[Map[str, Log[Entry]], str | None]:
    """Figure 3; section 5.3. What does not match is found from the end of the shorter log."""
    raft = acting(world)
    if raft is None or memory.get(raft.name) is raft.log:
        return memory, None
    for other in servers(world):
        if other is not raft and (evidence := mismatch(raft, other)) is not None:
            return memory, evidence
    return memory.set(raft.name, raft.log), None


def mismatch(one: Raft, other: Raft) -> str | None:
    """Return where two logs agree on an index and a term but not on what comes before."""
    a, b = one.log, other.log
    index = min(a.last_index, b.last_index)
    first = max(a.first_index, b.first_index)
    while index >= first and a[index].term != b[index].term:
        index -= 1
    if index < first or agree(a, b, index):
        return None
    return (
        f"the logs of {one.name} and {other.name} both have an entry of term {a[index].term} at {index}, "
        "but they differ up to there"
    )


@record
class Committed:
    """What leaders have committed: the entries, the term of the leader for each, and the leaders that were checked."""

    entries: Log[Entry] = Log()
    terms: Log[int] = Log()
    checked: Map[str, int] = EMPTY


@law_with_memory(
    "leader completeness",
    "If an entry is committed in a term, it is in the logs of the leaders of all later terms.",
    start=Committed(),
)
def leader_completeness(memory: Committed, world: World) -> tuple[Committed, str | None]:
    """Figure 3; section 5.4. Entries count as committed when a leader has committed them."""
    raft = acting(world)
    if raft is None or raft.role is not Role.LEADER:
        return memory, None
    new_leader = memory.checked.get(raft.name) != raft.current_term
    if raft.commit_index <= memory.entries.last_index and not new_leader:
        return memory, None
    entries = without_gap(memory.entries, raft.log, raft.commit_index)
    new = raft.log.slice(entries.last_index + 1, raft.commit_index)
    entries = entries.append(*new)
    memory = Committed(
        entries,
        memory.terms.append(*(raft.current_term for _ in range(len(entries) - len(memory.terms)))),
        memory.checked.set(raft.name, raft.current_term),
    )
    leaders = [raft] if new_leader else []
    if new:
        leaders += [other for other in servers(world) if other.role is Role.LEADER and other is not raft]
    for leader in leaders:
        if (evidence := incomplete(leader, memory)) is not None:
            return memory, evidence
    return memory, None


def without_gap(entries: Log[Any], log: Log[Entry], last_index: int) -> Log[Any]:
    """Return `entries` with None for places up to `last_index` that a log has dropped before anybody saw them."""
    missing = min(log.before_index, last_index) - entries.last_index
    return entries.append(*(None for _ in range(missing))) if missing > 0 else entries


def incomplete(leader: Raft, memory: Committed) -> str | None:
    """Return which entry, committed in an earlier term, a leader lacks."""
    for index in range(leader.log.first_index, memory.entries.last_index + 1):
        if memory.terms[index] >= leader.current_term or memory.entries[index] is None:
            continue
        if index > leader.log.last_index or leader.log[index] != memory.entries[index]:
            return (
                f"{leader.name} leads term {leader.current_term} without the entry {index} "
                f"({memory.entries[index].command!r} of term {memory.entries[index].term}), "
                f"which was committed in term {memory.terms[index]}"
            )
    return None


@record
class Applied:
    """What servers have applied: the entries that all agree on, and how far each server has come."""

    entries: Log[Entry] = Log()
    last: Map[str, int] = EMPTY


@law_with_memory(
    "state machine safety",
    "If a server has applied an entry at an index, no other server ever applies a different one there.",
    start=Applied(),
)
def state_machine_safety(memory: Applied, world: World) -> tuple[Applied, str | None]:
    """Figure 3; section 5.4.3."""
    raft = acting(world)
    if raft is None or memory.last.get(raft.name) == raft.last_applied:
        return memory, None
    begun = world.step.kind in ("start", "restart")
    first = 1 if begun else memory.last.get(raft.name, 0) + 1
    entries = without_gap(memory.entries, raft.log, raft.last_applied)
    for index in range(max(first, raft.log.first_index), raft.last_applied + 1):
        entry = raft.log[index]
        if index > entries.last_index:
            entries = entries.append(entry)
        elif entries[index] not in (entry, None):
            return (
                memory,
                f"{raft.name} applies {entry} at {index}, where {entries[index]} was applied before",
            )
    return Applied(entries, memory.last.set(raft.name, raft.last_applied)), None


# What the paper says in the box "Persistent state", and in section 5: "before responding to RPCs".


@law_with_memory(
    "durable before revealed",
    "No message leaves a server before the term, the vote and the entries that it speaks of are on the disk.",
    start=EMPTY,
)
def durable_before_revealed(memory: Memory, world: World) -> tuple[Memory, str | None]:
    """Figure 2: "Updated on stable storage before responding to RPCs"."""
    step = world.step
    if step.kind == "wipe":
        return memory.remove(step.node), None
    disk = before = memory.get(step.node, EMPTY)
    raft = raft_of(world.nodes.get(step.node))
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Persist):
            disk = apply_to_disk(disk, raft_keys(effect))
        elif (evidence := revealed(step.node, effect, disk, raft)) is not None:
            return memory, evidence
    return (memory if disk is before else memory.set(step.node, disk)), None


def message_of(carrier: Event | Send | None) -> Any:
    """Return the message of a Send or a Deliver, without the wrapping of an embedded node; else None."""
    message = getattr(carrier, "message", None)
    return message.message if isinstance(message, Inner) else message


def raft_keys(effect: Persist) -> Map[str, Any]:
    """Return what a step persists of Raft, without the name under which Raft is embedded."""
    return Map({key.rpartition("/")[2]: value for key, value in effect.changes.items()})


def revealed(name: str, effect: Effect, disk: Map[str, Any], raft: Raft | None) -> str | None:
    """Return what an effect reveals that is not on the disk at that moment; `raft` is the server after the step."""
    if not isinstance(effect, Send):
        return None
    message = message_of(effect)
    term = getattr(message, "term", None)
    if term is None:
        return None
    says = f"{name} sends {type(message).__name__} of term {term} to {effect.to}"
    if disk.get("current_term", 0) < term:
        return f"{says}, but the term on its disk is {disk.get('current_term', 0)}"
    log: Log[Entry] = disk.get("log", Log())
    match message:
        case Vote(granted=True) if disk.get("voted_for") != effect.to:
            return f"{says}, a vote that is not on its disk"
        case RequestVote() if disk.get("voted_for") != name:
            return f"{says}, but its vote for itself is not on its disk"
        case RequestVote(last_index=last_index) if last_index > log.last_index:
            return f"{says} with a log up to {last_index}, but its disk ends at {log.last_index}"
        case Appended(match_index=match_index) if match_index > log.last_index:
            return f"{says} for the entries up to {match_index}, but its disk ends at {log.last_index}"
        case Appended(match_index=match_index) if raft is not None and not agree(log, raft.log, match_index):
            return f"{says} for the entries up to {match_index}, but its disk holds others there"
    return None


@law_with_memory(
    "terms and votes are kept",
    "On its disk the term of a server never goes back and a vote never changes; a restart finds both again.",
    start=EMPTY,
)
def terms_and_votes_are_kept(memory: Memory, world: World) -> tuple[Memory, str | None]:
    """Figure 2, "Persistent state on all servers"; what a crash takes from memory alone was never promised."""
    step = world.step
    kept = memory.get(step.node, EMPTY)
    raft = acting(world)
    if raft is not None and step.kind in ("start", "restart"):
        found = Map({"current_term": raft.current_term, "voted_for": raft.voted_for})
        if (evidence := taken_back(step.node, kept, found)) is not None:
            return memory, evidence
    disk = kept
    for effect in step.effects[: step.kept]:
        if isinstance(effect, Persist):
            changed = apply_to_disk(disk, raft_keys(effect))
            if (evidence := taken_back(step.node, disk, changed)) is not None:
                return memory, evidence
            disk = changed
    return (memory if disk is kept else memory.set(step.node, disk)), None


def taken_back(name: str, kept: Map[str, Any], now: Map[str, Any]) -> str | None:
    """Return how a server breaks its word, when `now` follows on what its disk `kept`."""
    term, vote = kept.get("current_term", 0), kept.get("voted_for")
    if now.get("current_term", 0) < term:
        return f"{name} goes back from term {term} to {now.get('current_term', 0)}"
    if now.get("current_term", 0) == term and vote is not None and now.get("voted_for") != vote:
        return f"{name} voted for {vote} in term {term}, and now holds {now.get('voted_for')}"
    return None


# Progress, once all faults are healed.


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


SAFETY = (
    election_safety,
    leader_append_only,
    log_matching,
    leader_completeness,
    state_machine_safety,
)
DURABILITY = (durable_before_revealed, terms_and_votes_are_kept)
PROGRESS = (one_leader_in_the_end, everything_is_committed)
STABILITY = (an_agreed_leader_stays, a_leader_does_not_campaign)
RAFT_LAWS = (*SAFETY, *DURABILITY, *PROGRESS)
