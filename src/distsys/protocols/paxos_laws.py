"""What Paxos promises: the two requirements of the paper, the invariant that gives them, and what acceptors owe.

The paper asks that only a proposed value is chosen, that only one is, and that nobody learns of a value that was not
chosen (section 2.1). It then proves these from one invariant, P2c, and that is the law which speaks up first: at the
moment when somebody asks for votes, and judged by what the acceptors have done, not by what the proposer believes.

The laws read a `Ledger` of promises and votes (`paxos_ledger`); they are the same for each slot of Multi-Paxos.
"""

from __future__ import annotations

from typing import Any

from distsys.core.laws import FINALLY, Law, World, law, law_with_memory
from distsys.core.values import EMPTY, Map

from . import replication
from .multipaxos_messages import NOOP
from .paxos import Paxos
from .paxos_ledger import (
    NO_VOTES,
    SLOT,
    Asked,
    Cast,
    Learnt,
    Ledger,
    Promised,
    Told,
    follow,
    follow_hosts,
    in_memory,
)
from .paxos_messages import ZERO, Ballot, Propose
from .paxos_world import paxos_of, said_to_host

# Section 2.1: safety.


@law_with_memory("agreement", "At most one value is chosen.", start=Ledger())
def agreement(memory: Ledger, world: World) -> tuple[Ledger, str | None]:
    """A value is chosen when a phase-2 quorum has voted for it in one ballot; nobody need know."""
    ledger, acts = follow(memory, world)
    for slot in dict.fromkeys(act.slot for _, act in acts if isinstance(act, Cast)):
        chosen = ledger.chosen(slot)
        if len({vote.value for vote in chosen}) > 1:
            told = " and ".join(f"{vote.value!r} in ballot {vote.ballot}" for vote in chosen)
            return ledger, f"quorums have voted for {told}{of(slot)}"
    return ledger, None


def of(slot: int) -> str:
    """Return which slot, in words; nothing for the only one."""
    return "" if slot == SLOT else f", slot {slot}"


@law_with_memory(
    "only what is proposed",
    "Nobody asks for votes for a value that no client has proposed.",
    start=frozenset(),
)
def only_what_is_proposed(memory: frozenset[Any], world: World) -> tuple[frozenset[Any], str | None]:
    """Section 2.1, the first requirement: only a value that has been proposed may be chosen.

    What a host proposes to the replica inside is what clients say to the host: they are remembered.
    """
    step = world.step
    memory = memory.union(said_to_host(step, world.nodes.get(step.node)))
    for _, act in follow(Ledger(), world)[1]:
        if isinstance(act, Asked) and act.value not in memory and not is_proposed(world, act.value):
            return memory, f"{step.node} asks for votes for {act.value!r}, which nobody has proposed"
    return memory, None


def is_proposed(world: World, value: Any) -> bool:
    """Return whether a client has proposed a value, or it is the no-op of a leader of Multi-Paxos."""
    asked = (message for name in world.names for message in world.asked.get(name, ()))
    return value is NOOP or any(
        (isinstance(message, Propose) and message.value == value)
        or (isinstance(message, replication.Propose) and message.command == value)
        for message in asked
    )


@law_with_memory(
    "only what is chosen is learned", "Nobody tells its host of a value that is not chosen.", start=Ledger()
)
def only_what_is_chosen(memory: Ledger, world: World) -> tuple[Ledger, str | None]:
    """Section 2.1, the third requirement."""
    ledger, acts = follow(memory, world)
    ledger, heard = follow_hosts(ledger, world)
    for before, act in (*acts, *heard):
        if isinstance(act, Learnt) and act.value not in [vote.value for vote in before.chosen(act.slot)]:
            return ledger, (
                f"{world.step.node} tells its host that {act.value!r} is chosen{of(act.slot)}, "
                "but no quorum has voted for it in one ballot"
            )
    return ledger, None


# Section 2.2: P2c, and that a proposal is one value.


@law_with_memory(
    "P2c",
    "When somebody asks for votes for v in ballot b, a phase-1 quorum has promised b, and in it nobody has voted "
    "below b, or who voted last below b voted for v.",
    start=Ledger(),
)
def p2c(memory: Ledger, world: World) -> tuple[Ledger, str | None]:
    """The acceptors that have promised b and do not speak against v must hold such a quorum.

    A quorum is allowed when its highest vote below b is for v. So for each vote for v, take all who voted no higher,
    and for nothing else in that ballot; and those who have not voted at all.
    """
    ledger, acts = follow(memory, world)
    for before, act in acts:
        if isinstance(act, Asked) and not is_safe(before, act):
            return ledger, (
                f"{world.step.node} asks for votes for {act.value!r} in ballot {act.ballot}{of(act.slot)}, "
                f"but {votes_told(before, act)}"
            )
    return ledger, None


def is_safe(ledger: Ledger, asked: Asked) -> bool:
    """Return whether some phase-1 quorum allows this value in this ballot."""
    quorums = ledger.quorums.get(asked.slot)
    if quorums is None:
        return True  # who asked has crashed in this step, and nobody else knows yet who decides
    last = {
        name: ledger.last_vote_below(asked.slot, asked.ballot, name)
        for name in quorums.names
        if ledger.promised.get(name, ZERO) >= asked.ballot
    }
    if quorums.is_phase1_quorum(name for name in last if last[name] is None):
        return True
    highest = {vote.ballot for vote in last.values() if vote is not None and vote.value == asked.value}
    return any(
        quorums.is_phase1_quorum(
            name
            for name, vote in last.items()
            if vote is None or vote.ballot < ballot or (vote.ballot == ballot and vote.value == asked.value)
        )
        for ballot in highest
    )


def votes_told(ledger: Ledger, asked: Asked) -> str:
    """Return, for the evidence, who has promised the ballot and how each of them voted last below it."""
    told = []
    for name in ledger.quorums[asked.slot].names:
        if ledger.promised.get(name, ZERO) >= asked.ballot:
            vote = ledger.last_vote_below(asked.slot, asked.ballot, name)
            last = "not voted" if vote is None else f"voted for {vote.value!r} in {vote.ballot}"
            told.append(f"{name} has {last}")
    return f"of those who promised {', '.join(told)}" if told else "nobody has promised it"


@law_with_memory(
    "one value in a ballot", "All who ask for votes in a ballot ask for the same value.", start=EMPTY
)
def one_value_in_a_ballot(
    memory: Map[tuple[int, Ballot], tuple[Any]], world: World
) -> tuple[Map[tuple[int, Ballot], tuple[Any]], str | None]:
    """Section 2.2: proposals have different numbers, so a number has one value."""
    for _, act in follow(Ledger(), world)[1]:
        if isinstance(act, Asked):
            known = memory.get((act.slot, act.ballot), (act.value,))
            if known != (act.value,):
                return memory, (
                    f"{world.step.node} asks for votes for {act.value!r} in ballot {act.ballot}{of(act.slot)}, "
                    f"in which votes for {known[0]!r} were asked for"
                )
            memory = memory.set((act.slot, act.ballot), known)
    return memory, None


# Sections 2.2 and 2.5: what an acceptor owes.


@law_with_memory(
    "promises are kept",
    "No acceptor votes below what it has promised, and what its disk says of promises and votes is never taken back.",
    start=Ledger(),
)
def promises_are_kept(memory: Ledger, world: World) -> tuple[Ledger, str | None]:
    """Section 2.2, P1a, and there: "an acceptor must remember this information even if it fails and then restarts"."""
    step = world.step
    ledger, acts = follow(memory, world)
    known = in_memory(world.nodes.get(step.node))
    if step.kind in ("start", "restart") and known is not None:
        kept = memory.promised.get(step.node, ZERO)
        if known[0] < kept:
            return ledger, f"{step.node} had promised {kept}, and comes back with {known[0]}"
        if known[1] != memory.disks.get(step.node, NO_VOTES):
            return ledger, f"{step.node} comes back without the votes that it has cast"
    for before, act in acts:
        kept = before.promised.get(step.node, ZERO)
        if isinstance(act, Cast) and act.ballot < kept:
            return (
                ledger,
                f"{step.node} votes in ballot {act.ballot}{of(act.slot)}, but it has promised {kept}",
            )
        if isinstance(act, Promised) and act.ballot < kept:
            return ledger, f"{step.node} goes back from the promise {kept} to {act.ballot}"
    return ledger, None


@law_with_memory(
    "durable before revealed",
    "No message leaves an acceptor before the promise and the vote that it speaks of are on the disk.",
    start=Ledger(),
)
def durable_before_revealed(memory: Ledger, world: World) -> tuple[Ledger, str | None]:
    """Section 2.5: an acceptor "records its intended response in stable storage before actually sending" it."""
    ledger, acts = follow(memory, world)
    for before, act in acts:
        if isinstance(act, Told) and (evidence := not_durable(world.step.node, act, before)) is not None:
            return ledger, evidence
    return ledger, None


def not_durable(name: str, told: Told, ledger: Ledger) -> str | None:
    """Return what a message tells of that is not on the disk at that moment."""
    says = f"{name} sends {told.what} of ballot {told.ballot}"
    promised = ledger.promised.get(name, ZERO)
    if promised < told.ballot:
        return f"{says}, but the promise on its disk is {promised}"
    disk = ledger.disks.get(name, NO_VOTES)
    for slot, vote in told.votes.items():
        if disk.get(slot) != vote:
            return f"{says}, which tells of a vote for {vote.value!r}{of(slot)} that is not on its disk"
    return None


# Progress.


@law(
    "everybody learns in the end",
    "When faults have ended and somebody has voted, every process that is up knows the chosen value.",
    when=FINALLY,
)
def everybody_learns(world: World) -> str | None:
    """Progress: there is a leader by chance, for who loses a duel waits for a random time."""
    up = [paxos for node in world.nodes.values() if isinstance(paxos := paxos_of(node), Paxos)]
    if all(node.voted_ballot == ZERO and node.proposal is None for node in up):
        return None  # whoever was asked has crashed since, before anybody heard of it
    for node in up:
        if node.chosen is None:
            return f"at the end {node.name} does not know of any value that is chosen"
    return None


SAFETY: tuple[Law, ...] = (
    p2c,
    agreement,
    one_value_in_a_ballot,
    only_what_is_proposed,
    only_what_is_chosen,
    promises_are_kept,
    durable_before_revealed,
)
PAXOS_LAWS = (*SAFETY, everybody_learns)
