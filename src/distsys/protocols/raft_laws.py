"""What Raft promises at every moment: the five properties of figure 3, and that nothing leaves before it is durable.

What must come about in the end stands in `raft_progress`; `RAFT_LAWS` is all of it.

Each law looks only at the server that handled the last step, for nothing else has changed. The names and the
sentences of the first five are those of the paper. Two things are easy to get wrong in a checker:

- *Leader Completeness* speaks of leaders of **later** terms than the one in which the entry was committed. A leader
  of an older term that still believes in itself need not have the entry: to ask for it raises a false alarm.
- An entry is *committed* when a leader of its term says so. What a follower believes comes from there.
"""

from __future__ import annotations

from typing import Any

from distsys.core.events import Effect, Persist, Send
from distsys.core.laws import World, law_with_memory
from distsys.core.log import Log
from distsys.core.trace import apply_to_disk
from distsys.core.values import EMPTY, Map, record

from .raft import Raft
from .raft_messages import Appended, Entry, RequestVote, Role, Vote
from .raft_progress import PROGRESS
from .raft_world import acting, agree, message_of, raft_of, servers

Memory = Map[str, Map[str, Any]]  # of a law: the Raft part of each server's disk


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


SAFETY = (
    election_safety,
    leader_append_only,
    log_matching,
    leader_completeness,
    state_machine_safety,
)
DURABILITY = (durable_before_revealed, terms_and_votes_are_kept)
RAFT_LAWS = (*SAFETY, *DURABILITY, *PROGRESS)
