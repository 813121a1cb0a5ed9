"""Multi-Paxos: one decision after another, and phase 1 only once for all of them.

Section 3 of "Paxos Made Simple": a state machine needs a sequence of commands, so each *slot* 1, 2, 3 ... is a
decision of its own. A leader runs phase 1 for all slots at once, from the first that it does not know to be chosen;
from then on a command costs one phase 2. To read it beside `paxos`: the handlers have the same names and the same
order, and the same line keeps it safe, `vote_to_keep`.

How a leader begins. The promises tell of votes in some slots. In these it asks for the value of the highest ballot
(P2c, slot by slot). Between them there may be *gaps*, slots in which no promise tells of a vote: nothing was chosen
there, and it fills them with no-ops, so that what comes after can be applied. Behind the last of them come new
commands.

Up to `alpha` slots are open at once, so decisions may come out of order; each replica applies them in order. A
replica that lacks decisions asks for them (`Lacks`) when a heartbeat says that there are more.

Who leads is decided by the ballot alone. Two that both believe they lead harm nobody: that is Paxos. The election timer
is only there so that in the end one of them is left alone.

The other parts are small subclasses: `multipaxos_snapshots`, and `multipaxos_members`, which has it all.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import ArgumentError, whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .multipaxos_messages import (
    NOOP,
    Accept,
    Accepted,
    Decided,
    Heartbeat,
    Lacks,
    Prepare,
    Promise,
    Reject,
)
from .paxos_messages import ZERO, Ballot, Vote
from .quorums import MAJORITY, Quorums, names_of, quorums_of
from .raft_messages import Entry
from .replication import Committed, NotLeader, Propose, Role


class MultiPaxos(Node):
    """A replica of Multi-Paxos: proposer, acceptor and learner.

    State, durable: `promised`, `votes` (slot -> last vote). Volatile: `chosen` (slot -> value, as far as known),
    `last_applied`, `role`, `leader`, `beaten_by`; as a candidate or leader `ballot`, `promises`; as a leader
    `next_slot` (the first in which it has not asked), `proposals` (its open slots), `acceptances` (who has voted in
    them), `waiting` (commands for which no slot is free).
    Messages: Prepare, Promise, Accept, Accepted, Reject, Decided, Heartbeat, Lacks; from the host Propose. Outputs:
    Committed, NotLeader.
    Timers: "election", drawn from [election_ms, 2 election_ms]; "heartbeat", at which open slots are asked for again.
    Keeps: for each slot the laws of `paxos_laws`, and those of `multipaxos_laws`.
    Assumes: crash and recovery, a disk that keeps what it said it has; messages may be lost, doubled, late and
    overtaken. Progress needs a quorum of each kind that is up.
    Leaves out: pre-vote; a replica that was cut off deposes the leader when it comes back.
    Source: Lamport 2001, "Paxos Made Simple", section 3. How a leader is found, heartbeats and catch-up are ours.
    """

    declared = {
        "role": "role",
        "ballot": "ballot.round",
        "promised": "promised",
        "votes cast": "votes",
        "chosen": "chosen",
        "commit": "last_applied",
        "promises": "promises",
    }

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        members: tuple[str, ...],
        quorums: tuple[Any, ...] = MAJORITY,
        alpha: int = 8,
        election_ms: int = 300,
        heartbeat_ms: int = 50,
    ) -> None:
        super().__init__(name, disk)
        self.members = names_of("members", members)
        self.choice = quorums
        self.quorums = quorums_of(quorums, members)
        self.alpha = whole_number("alpha", alpha, at_least=1)
        self.election_ms = whole_number("election_ms", election_ms, at_least=2)
        self.heartbeat_ms = whole_number("heartbeat_ms", heartbeat_ms, at_least=1)
        if heartbeat_ms >= election_ms:
            raise ArgumentError(
                f"heartbeat_ms must be less than election_ms ({election_ms}), or others give up a leader "
                f"between two heartbeats, but it is {heartbeat_ms}"
            )
        # An acceptor, durable.
        self.promised: Ballot = disk.get("promised", ZERO)
        self.votes: Map[int, Vote] = disk.get("votes", Map())
        # A learner.
        self.chosen: Map[int, Any] = Map()
        self.last_applied = 0
        # Who leads.
        self.role = Role.FOLLOWER
        self.leader: str | None = None
        self.beaten_by = ZERO
        # A candidate, a leader.
        self.ballot = ZERO
        self.promises: Map[str, Promise] = EMPTY
        self.next_slot = 1
        self.proposals: Map[int, Any] = Map()
        self.acceptances: Map[int, frozenset[str]] = Map()
        self.waiting: tuple[Any, ...] = ()

    # Events.

    def on_start(self) -> None:
        self.restart_election_timer()

    def on_timeout(self, timer: str) -> None:
        if timer == "election":
            self.on_election_timeout()
        elif timer == "heartbeat":
            self.send_heartbeats()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Propose():
                self.on_propose(message)
            case Prepare():
                self.on_prepare(sender, message)
            case Promise():
                self.on_promise(sender, message)
            case Accept():
                self.on_accept(sender, message)
            case Accepted():
                self.on_accepted(sender, message)
            case Reject():
                self.on_reject(message)
            case Decided():
                self.on_decided(message)
            case Heartbeat():
                self.on_heartbeat(sender, message)
            case Lacks():
                self.on_lacks(sender, message)

    # Phase 1, for all slots from the first that is not applied.

    def on_election_timeout(self) -> None:
        """No leader was heard: try to become one."""
        self.prepare()

    def prepare(self) -> None:
        """Phase 1a: begin a ballot that this replica has never used; its own acceptor promises first, and durably."""
        self.become_follower(None)
        self.role = Role.CANDIDATE
        self.ballot = Ballot(max(self.promised, self.beaten_by).round + 1, self.name)
        self.promise(self.ballot)
        self.next_slot = self.last_applied + 1
        self.restart_election_timer()
        self.broadcast(self.others(), Prepare(self.ballot, self.next_slot))
        self.on_promise(self.name, self.promise_for(self.ballot, self.next_slot))

    def on_prepare(self, sender: str, message: Prepare) -> None:
        """Phase 1b: promise for all slots, and tell the last votes."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        if message.ballot > self.promised:
            self.become_follower(None)
            self.promise(message.ballot)
        self.restart_election_timer()
        self.send(sender, self.promise_for(message.ballot, message.first_slot))

    def promise(self, ballot: Ballot) -> None:
        """Promise durably to vote in no ballot below this one, whatever the slot."""
        self.promised = ballot
        self.persist(promised=ballot)

    def promise_for(self, ballot: Ballot, first_slot: int) -> Promise:
        """Return the promise, with all last votes from `first_slot` on."""
        votes = Map({slot: vote for slot, vote in self.votes.items() if slot >= first_slot})
        return Promise(ballot, first_slot, votes)

    def on_promise(self, sender: str, message: Promise) -> None:
        """Lead once a quorum has promised, and begin with what the promises tell of."""
        if message.ballot != self.ballot or self.role is Role.FOLLOWER:
            return
        self.promises = self.promises.set(sender, message)
        if self.role is Role.CANDIDATE and self.may_ask(self.next_slot):
            self.become_leader()
        if self.role is Role.LEADER:
            self.ask_for_votes()

    def become_leader(self) -> None:
        """Begin to lead; from now on a command costs one phase 2."""
        self.note(f"leads ballot {self.ballot}")
        self.role, self.leader = Role.LEADER, self.name
        self.cancel_timer("election")
        self.send_heartbeats()

    # Phase 2a: the leader.

    def on_propose(self, message: Propose) -> None:
        if self.role is Role.LEADER:
            self.waiting += (message.command,)
            self.ask_for_votes()
        else:
            self.output(NotLeader(message.command, self.leader))

    def ask_for_votes(self) -> None:
        """Phase 2a, for each slot in turn: what must be kept, a no-op in a gap, or the next command that waits."""
        while self.role is Role.LEADER and self.may_ask(self.next_slot):
            slot = self.next_slot
            vote = self.vote_to_keep(slot)
            if vote is not None:
                value = vote.value
            elif slot < self.last_slot_told():
                self.note(f"fills the gap at {slot}")
                value = NOOP
            elif self.waiting:
                value, self.waiting = self.waiting[0], self.waiting[1:]
            else:
                return
            self.next_slot = slot + 1
            self.ask(slot, value)

    def may_ask(self, slot: int) -> bool:
        """Return whether a quorum has promised for this slot, and no more than alpha slots are open with it.

        A promise counts from its `first_slot` on, and in one ballot `next_slot` only grows: none is for later slots.
        """
        quorums = self.quorums_at(slot) if slot <= self.last_applied + self.alpha else None
        return quorums is not None and quorums.is_phase1_quorum(self.promises)

    def vote_to_keep(self, slot: int) -> Vote | None:
        """Return the vote of the highest ballot in this slot that the promises tell of (P2c)."""
        told = [promise.votes[slot] for promise in self.promises.values() if slot in promise.votes]
        return max(told, key=lambda vote: vote.ballot, default=None)

    def last_slot_told(self) -> int:
        """Return the last slot in which a promise tells of a vote."""
        return max((max(promise.votes, default=0) for promise in self.promises.values()), default=0)

    def ask(self, slot: int, value: Any) -> None:
        """Ask all for their votes in a slot, this replica's own acceptor last."""
        accept = Accept(self.ballot, slot, value)
        self.proposals = self.proposals.set(slot, value)
        self.acceptances = self.acceptances.set(slot, frozenset())
        self.broadcast(self.others(), accept)
        self.on_accept(self.name, accept)

    # Phase 2b: the acceptor, and the leader as the learner that counts.

    def on_accept(self, sender: str, message: Accept) -> None:
        """Phase 2b: vote, unless a higher ballot was promised."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        accepted = Accepted(message.ballot, message.slot, message.value)
        if sender == self.name:
            self.vote(message)
            self.on_accepted(sender, accepted)
        else:
            self.follow(sender)
            self.vote(message)
            self.send(sender, accepted)

    def vote(self, accept: Accept) -> None:
        """Make the vote durable; who votes in a ballot has also promised it."""
        self.promised = accept.ballot
        self.votes = self.votes.set(accept.slot, Vote(accept.ballot, accept.value))
        self.persist(promised=self.promised, votes=self.votes)

    def on_accepted(self, sender: str, message: Accepted) -> None:
        """Learn that a value is chosen once a quorum has voted for it, and tell the others."""
        slot = message.slot
        if self.role is not Role.LEADER or message.ballot != self.ballot or slot not in self.acceptances:
            return
        self.acceptances = self.acceptances.set(slot, self.acceptances[slot] | {sender})
        quorums = self.quorums_at(slot)
        if quorums is not None and quorums.is_phase2_quorum(self.acceptances[slot]):
            self.close(slot)
            self.broadcast(self.others(), Decided(slot, (message.value,)))
            self.learn(slot, message.value)
            self.apply()
            if sender != self.name:  # with its own vote it is in the middle of `ask_for_votes`, which goes on
                self.ask_for_votes()

    def close(self, slot: int) -> None:
        """Ask no more for votes in this slot."""
        self.acceptances, self.proposals = self.acceptances.remove(slot), self.proposals.remove(slot)

    def on_reject(self, message: Reject) -> None:
        """Give up a ballot that cannot win any more; the next one must be higher than who refused it."""
        self.beaten_by = max(self.beaten_by, message.promised)
        if message.ballot == self.ballot and self.role is not Role.FOLLOWER:
            self.note(f"gives up ballot {self.ballot}")
            self.become_follower(None)
            self.restart_election_timer()

    # The learner: decisions come in any order, and are applied in theirs.

    def on_decided(self, message: Decided) -> None:
        for offset, value in enumerate(message.values):
            self.learn(message.first_slot + offset, value)
        self.apply()
        self.ask_for_votes()
        if self.last_applied < message.first_slot:
            self.note(f"waits for slot {self.last_applied + 1}")

    def learn(self, slot: int, value: Any) -> None:
        """Take a value for chosen, if that is news."""
        if slot > self.last_applied and slot not in self.chosen:
            self.chosen = self.chosen.set(slot, value)

    def apply(self) -> None:
        """Hand decisions to the host up to the first slot that is open; a leader may open further ones then.

        It asks in none of these any more. Others may have decided slots in which it has not asked yet, and a command
        that it asked for there would be lost.
        """
        while self.last_applied + 1 in self.chosen:
            self.last_applied += 1
            value = self.chosen[self.last_applied]
            self.close(self.last_applied)  # others may have decided it before this leader has the votes
            self.output(Committed(self.last_applied, Entry(0, value)))  # a choice belongs to no ballot
            self.on_applied(self.last_applied, value)
        # Also where the loop does nothing: a snapshot may have brought this replica beyond what it has asked for.
        self.next_slot = max(self.next_slot, self.last_applied + 1)

    def on_applied(self, slot: int, value: Any) -> None:
        """React to a decision; a subclass whose members change does."""

    def on_lacks(self, sender: str, message: Lacks) -> None:
        """Tell what is chosen from a slot on, as far as nothing is missing in between."""
        values, slot = [], message.first_slot
        while slot in self.chosen:
            values.append(self.chosen[slot])
            slot += 1
        if values:
            self.send(sender, Decided(message.first_slot, tuple(values)))

    # Who leads.

    def send_heartbeats(self) -> None:
        """Say that the leader is there, and ask again for what was not answered."""
        self.broadcast(self.others(), Heartbeat(self.ballot, self.last_applied))
        for slot, names in self.acceptances.items():
            missing = tuple(name for name in self.others() if name not in names)
            self.broadcast(missing, Accept(self.ballot, slot, self.proposals[slot]))
        self.set_timer("heartbeat", self.heartbeat_ms * MS)

    def on_heartbeat(self, sender: str, message: Heartbeat) -> None:
        """Follow a leader that is not outdated, and ask it for what is missing here."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        self.follow(sender)
        if message.applied_through > self.last_applied:
            self.send(sender, Lacks(self.last_applied + 1))

    def follow(self, leader: str) -> None:
        """Follow a leader from which there is word."""
        self.become_follower(leader)
        self.restart_election_timer()

    def become_follower(self, leader: str | None) -> None:
        """Follow `leader`, or nobody; commands for which no votes were asked go back to the host."""
        waiting, self.waiting = self.waiting, ()
        if self.role is Role.LEADER:
            self.cancel_timer("heartbeat")
            self.restart_election_timer()
        self.role, self.leader = Role.FOLLOWER, leader
        self.promises = EMPTY
        self.proposals, self.acceptances = Map(), Map()
        for command in waiting:
            if command is not NOOP:
                self.output(NotLeader(command, leader))

    def restart_election_timer(self) -> None:
        """Wait for a leader once more; the range is random, so that two replicas seldom wake together."""
        self.set_timer("election", self.election_ms * MS, 2 * self.election_ms * MS)

    # Who decides. A subclass that changes the members overrides these.

    def quorums_at(self, slot: int) -> Quorums | None:
        """Return the quorums that decide a slot; None where that is not known yet."""
        return self.quorums

    def others(self) -> tuple[str, ...]:
        """Return the other replicas."""
        return tuple(name for name in self.members if name != self.name)
