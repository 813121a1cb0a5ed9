"""What acceptors have really done: every promise on a disk and every vote that was ever cast, read from the steps.

The laws of Paxos speak of acceptors, so they must not believe what a proposer or a learner says. A `Ledger` is kept
beside the run, by nobody's word: it reads each record that reached a disk and each message that left. A vote counts
as cast when it is durable or when somebody was told of it. It stays in the ledger also when a disk is lost, for a
value that was chosen stays chosen.

Single-decree Paxos is the case of one slot, which has the number 0 here; Multi-Paxos counts from 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.events import Effect, Output, Persist, Send
from distsys.core.laws import World
from distsys.core.node import Node
from distsys.core.values import EMPTY, Map, record

from . import multipaxos_messages as many
from .multipaxos import MultiPaxos
from .paxos_messages import ZERO, Accept, Accepted, Ballot, Chosen, Prepare, Promise, Vote
from .paxos_world import changes_of, is_host, paxos_of, told_to_host
from .quorums import Quorums
from .raft_world import message_of
from .replication import Committed, Restored

SLOT = 0  # the only one of single-decree Paxos


NO_VOTES: Map[int, Vote] = Map()
Ballots = Map[Ballot, Map[Any, frozenset[str]]]  # of a slot: ballot -> value -> who voted for it
NO_BALLOTS: Ballots = Map()


@record
class Asked:
    """A step asks for votes: an Accept left."""

    slot: int
    ballot: Ballot
    value: Any


@record
class Cast:
    """A step casts a vote: it became durable, or was told."""

    slot: int
    ballot: Ballot
    value: Any


@record
class Learnt:
    """A step hands a chosen value to the host."""

    slot: int
    value: Any


@record
class Promised:
    """A step makes a promise durable."""

    ballot: Ballot


@record
class Told:
    """A message leaves that tells of a promise, and of last votes (slot -> vote)."""

    what: str
    ballot: Ballot
    votes: Map[int, Vote] = NO_VOTES


Act = Asked | Cast | Learnt | Promised | Told


@record
class Ledger:
    """Promises and last votes on the disks, and all votes that were ever cast, by slot."""

    promised: Map[str, Ballot] = EMPTY
    disks: Map[str, Map[int, Vote]] = EMPTY
    votes: Map[int, Ballots] = Map()
    quorums: Map[int, Quorums] = Map()
    told: Map[str, int] = EMPTY  # how far each embedded replica has told its host

    def add(self, name: str, act: Act) -> Ledger:
        """Return the ledger after an act of `name`."""
        match act:
            case Promised(ballot):
                return replace(self, promised=self.promised.set(name, ballot))
            case Cast(slot, ballot, value):
                ballots = self.votes.get(slot, NO_BALLOTS)
                cast: Map[Any, frozenset[str]] = ballots.get(ballot, EMPTY)
                cast = cast.set(value, cast.get(value, frozenset()) | {name})
                return replace(self, votes=self.votes.set(slot, ballots.set(ballot, cast)))
        return self

    def last_vote_below(self, slot: int, ballot: Ballot, name: str) -> Vote | None:
        """Return the last vote of an acceptor in a slot, of those below a ballot."""
        mine = [
            Vote(at, value)
            for at, cast in self.votes.get(slot, NO_BALLOTS).items()
            for value, voters in cast.items()
            if at < ballot and name in voters
        ]
        return max(mine, key=lambda vote: vote.ballot, default=None)

    def chosen(self, slot: int) -> list[Vote]:
        """Return each (ballot, value) for which a phase-2 quorum voted in a slot."""
        quorums = self.quorums.get(slot)
        if quorums is None:
            return []  # nobody knows yet who decides
        return [
            Vote(ballot, value)
            for ballot, cast in self.votes.get(slot, NO_BALLOTS).items()
            for value, voters in cast.items()
            if quorums.is_phase2_quorum(voters)
        ]


def follow(ledger: Ledger, world: World) -> tuple[Ledger, list[tuple[Ledger, Act]]]:
    """Return the ledger after the last step, and each act of the step with the ledger just before it."""
    step, name = world.step, world.step.node
    done: list[tuple[Ledger, Act]] = []
    if step.kind == "wipe":
        ledger = replace(ledger, promised=ledger.promised.remove(name), disks=ledger.disks.remove(name))
    for effect in step.effects[: step.kept]:
        for act in acts_of(effect, ledger.disks.get(name, NO_VOTES)):
            if isinstance(act, (Asked, Cast, Learnt)):
                ledger = meet(ledger, world, act.slot)
            done.append((ledger, act))
            ledger = ledger.add(name, act)
        if isinstance(effect, Persist) and (written := votes_on_disk(effect)) is not None:
            ledger = replace(ledger, disks=ledger.disks.set(name, written))
    return ledger, done


def follow_hosts(ledger: Ledger, world: World) -> tuple[Ledger, list[tuple[Ledger, Act]]]:
    """Return the same for what an embedded replica has told its host, which no effect shows: at the end of the step."""
    step, name = world.step, world.step.node
    if not is_host(world.nodes.get(name)):
        return ledger, []
    last = 0 if step.kind in ("start", "restart") else ledger.told.get(name, 0)
    done: list[tuple[Ledger, Act]] = []
    for value in told_to_host(world, last):
        match value:
            case Restored(snapshot):
                last = snapshot.last_index
            case Committed(last, entry):
                ledger = meet(ledger, world, last)
                done.append((ledger, Learnt(last, entry.command)))
    return replace(ledger, told=ledger.told.set(name, last)), done


def meet(ledger: Ledger, world: World, slot: int) -> Ledger:
    """Return the ledger with the quorums of a slot, if somebody knows them."""
    if slot in ledger.quorums:
        return ledger
    known = (quorums_at(world.nodes[name], slot) for name in world.names if name in world.nodes)
    quorums = next((quorums for quorums in known if quorums is not None), None)
    if quorums is None:
        return ledger
    return replace(ledger, quorums=ledger.quorums.set(slot, quorums))


def quorums_at(node: Node, slot: int) -> Quorums | None:
    """Return the quorums by which a process decides a slot; None where it is none of Paxos or does not know."""
    paxos = paxos_of(node)
    return None if paxos is None else paxos.quorums_at(slot)


def votes_on_disk(effect: Persist) -> Map[int, Vote] | None:
    """Return the last votes that a record writes, by slot; None where it is about something else."""
    changes = changes_of(effect)
    if "votes" in changes:
        votes: Map[int, Vote] = changes["votes"]
        return votes
    if "voted_ballot" in changes:
        return Map({SLOT: Vote(changes["voted_ballot"], changes.get("voted_value"))})
    return None


def in_memory(node: Node | None) -> tuple[Ballot, Map[int, Vote]] | None:
    """Return the promise and the last votes that a process knows of itself; None where it is none of Paxos."""
    paxos = paxos_of(node)
    if paxos is None:
        return None
    if isinstance(paxos, MultiPaxos):
        return paxos.promised, paxos.votes
    voted = paxos.voted_ballot != ZERO
    return paxos.promised, Map({SLOT: Vote(paxos.voted_ballot, paxos.voted_value)} if voted else {})


def acts_of(effect: Effect, disk: Map[int, Vote]) -> list[Act]:
    """Return what an effect means in the words of the ledger; `disk` holds the last votes before it."""
    match effect:
        case Persist():
            changes = changes_of(effect)
            acts: list[Act] = [Promised(changes["promised"])] if "promised" in changes else []
            written = votes_on_disk(effect) or NO_VOTES
            news = (slot for slot in written if written[slot] != disk.get(slot))
            return acts + [Cast(slot, written[slot].ballot, written[slot].value) for slot in news]
        case Send():
            match message_of(effect):
                case Prepare(ballot):
                    return [Told("Prepare", ballot)]
                case Promise(ballot, voted_ballot, voted_value):
                    votes = Map({SLOT: Vote(voted_ballot, voted_value)} if voted_ballot != ZERO else {})
                    return [Told("Promise", ballot, votes)]
                case Accept(ballot, value):
                    return [Asked(SLOT, ballot, value)]
                case Accepted(ballot, value):
                    vote = Vote(ballot, value)
                    return [Told("Accepted", ballot, Map({SLOT: vote})), Cast(SLOT, ballot, value)]
                case many.Prepare(ballot):
                    return [Told("Prepare", ballot)]
                case many.Promise(ballot, _, votes):
                    return [Told("Promise", ballot, votes)]
                case many.Accept(ballot, slot, value):
                    return [Asked(slot, ballot, value)]
                case many.Accepted(ballot, slot, value):
                    vote = Vote(ballot, value)
                    return [Told("Accepted", ballot, Map({slot: vote})), Cast(slot, ballot, value)]
        case Output(Chosen(value)):
            return [Learnt(SLOT, value)]
        case Output(Committed(index, entry)):
            return [Learnt(index, entry.command)]
    return []
