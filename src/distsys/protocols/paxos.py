"""Paxos: processes that may stop, over a network that may lose, choose one value and never another.

This is the single-decree protocol of "Paxos Made Simple" (Lamport 2001), section 2. To read it beside the paper:
each handler names its phase, the fields of an acceptor are those of the paper, and the line order inside a handler is
the order on the disk and on the wire. A process plays all three parts here: proposer, acceptor and learner.

How it works. A proposer picks a new *ballot* and asks acceptors to promise that they will not vote in any smaller one
(phase 1). With the promises it hears for what they voted last. When a quorum has promised, it asks for votes for one
value: that of the highest ballot it heard of, or its own where nobody had voted (phase 2). A value for which a
quorum votes in one ballot is *chosen*.

What makes this safe is one line, `value_to_propose`. It keeps the invariant that the paper calls P2c: for each
proposal there is a quorum of acceptors of which either none voted in a smaller ballot, or those who voted last
voted for this value. Quorums meet, so once a value is chosen, every later ballot hears of it and asks for the same.

Progress is another matter: two proposers can outbid each other for ever. Here they wait for a random time before they
try again; `multipaxos` elects a leader.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .paxos_messages import (
    ZERO,
    Accept,
    Accepted,
    Ballot,
    Chosen,
    Learned,
    Phase,
    Prepare,
    Promise,
    Propose,
    Reject,
)
from .quorums import MAJORITY, Quorums, names_of, quorums_of


class Paxos(Node):
    """A process of Paxos.

    State, durable: as an acceptor `promised`, `voted_ballot`, `voted_value`. Volatile: as a proposer `proposal`
    (the value of the host), `ballot`, `phase`, `promises`, and `beaten_by`, the highest ballot that refused it;
    as a learner `votes` (the last vote it has heard of each acceptor) and `chosen`.
    Messages: Prepare, Promise, Accept, Accepted, Reject, Learned; from the host Propose. Outputs: Chosen, once, and
    once more after a crash.
    Timers: "retry", drawn from [retry_ms, 2 retry_ms]: a process that does not know the outcome by then begins a
    ballot, with the value of its host, or with none to find out what the others know.
    Keeps: the laws of `paxos_laws`.
    Assumes: crash and recovery, a disk that keeps what it said it has; messages may be lost, doubled, late and
    overtaken. Progress needs a quorum of each kind that is up, and an end to duels.
    Source: Lamport 2001, "Paxos Made Simple", section 2. Reject and Learned are courtesies that it lacks.
    """

    declared = {
        "phase": "phase",
        "ballot": "ballot.round",
        "promised": "promised",
        "vote": "voted_value",
        "voted ballot": "voted_ballot",
        "promises": "promises",
        "accepted": "accepted",
        "chosen": "chosen",
    }

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        acceptors: tuple[str, ...],
        quorums: tuple[Any, ...] = MAJORITY,
        retry_ms: int = 150,
    ) -> None:
        super().__init__(name, disk)
        self.acceptors = names_of("acceptors", acceptors)
        self.quorums = self.choose_quorums(quorums)
        self.retry_ms = whole_number("retry_ms", retry_ms, at_least=1)
        # An acceptor, durable.
        self.promised: Ballot = disk.get("promised", ZERO)
        self.voted_ballot: Ballot = disk.get("voted_ballot", ZERO)
        self.voted_value: Any = disk.get("voted_value")
        # A proposer.
        self.proposal: Any = None
        self.ballot = ZERO
        self.phase = Phase.IDLE
        self.promises: Map[str, Promise] = EMPTY
        self.beaten_by = ZERO
        # A learner.
        self.votes: Map[str, Accepted] = EMPTY
        self.chosen: Chosen | None = None

    def choose_quorums(self, choice: tuple[Any, ...]) -> Quorums:
        """Return the quorums of the choice; an error where two of them need not meet."""
        return quorums_of(choice, self.acceptors)

    def quorums_at(self, slot: int) -> Quorums:
        """Return the quorums that decide; here there is one decision, and `multipaxos` has one for each slot."""
        return self.quorums

    # Events.

    def on_start(self) -> None:
        self.restart_retry_timer()

    def on_timeout(self, timer: str) -> None:
        if timer == "retry" and self.chosen is None:
            self.prepare()

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
            case Learned():
                self.learn(message.value)

    # The proposer.

    def on_propose(self, message: Propose) -> None:
        """Take the host's value, the first one only, and begin at once."""
        if self.proposal is None and self.chosen is None:
            self.proposal = message.value
            if self.phase is Phase.IDLE:
                self.prepare()

    def prepare(self) -> None:
        """Phase 1a: begin a ballot that this process has never used, and ask for promises.

        Its own acceptor promises first, and durably: after a crash no smaller ballot is used again, nor this one.
        """
        self.ballot = self.next_ballot()
        self.phase = Phase.PREPARE
        self.promise(self.ballot)
        self.promises = EMPTY
        self.broadcast(self.others(), Prepare(self.ballot))
        self.restart_retry_timer()
        self.on_promise(self.name, Promise(self.ballot, self.voted_ballot, self.voted_value))

    def next_ballot(self) -> Ballot:
        """Return a ballot above all that this process has heard of."""
        return Ballot(max(self.promised, self.beaten_by).round + 1, self.name)

    def on_promise(self, sender: str, message: Promise) -> None:
        """Phase 2a, as soon as a quorum has promised: ask for votes for the one value that is safe."""
        if message.ballot != self.ballot or self.phase is not Phase.PREPARE:
            return
        self.promises = self.promises.set(sender, message)
        if not self.quorums.is_phase1_quorum(self.promises):
            return
        value = self.value_to_propose()
        if value is None:
            self.phase = Phase.IDLE  # nobody wants anything yet
            return
        self.note(f"asks for votes in ballot {self.ballot}")
        self.phase = Phase.ACCEPT
        accept = Accept(self.ballot, value)
        self.broadcast(self.others(), accept)
        self.on_accept(self.name, accept)

    def value_to_propose(self) -> Any:
        """Return the value of the highest ballot that the promises tell of, else the host's (P2c)."""
        last = max(self.promises.values(), key=lambda promise: promise.voted_ballot)
        return self.proposal if last.voted_ballot == ZERO else last.voted_value

    def on_reject(self, message: Reject) -> None:
        """Give a ballot up that cannot win any more; the next one must be higher than who refused it."""
        self.beaten_by = max(self.beaten_by, message.promised)
        if message.ballot == self.ballot and self.phase is not Phase.IDLE and self.chosen is None:
            self.note(f"gives up ballot {self.ballot}")
            self.phase = Phase.IDLE
            self.restart_retry_timer()

    # The acceptor.

    def on_prepare(self, sender: str, message: Prepare) -> None:
        """Phase 1b: promise, and tell the last vote. A Prepare that was doubled gets its answer again."""
        if self.chosen is not None:
            self.send(sender, Learned(self.chosen.value))
        elif message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
        else:
            self.promise(message.ballot)
            self.send(sender, Promise(message.ballot, self.voted_ballot, self.voted_value))

    def promise(self, ballot: Ballot) -> None:
        """Promise durably to vote in no ballot below this one."""
        self.promised = ballot
        self.persist(promised=ballot)

    def on_accept(self, sender: str, message: Accept) -> None:
        """Phase 2b: vote, unless a higher ballot was promised, and tell all learners."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        self.vote(message)
        accepted = Accepted(message.ballot, message.value)
        self.broadcast(self.others(), accepted)
        self.on_accepted(self.name, accepted)

    def vote(self, accept: Accept) -> None:
        """Make the vote durable; who votes in a ballot has also promised it."""
        self.promised = self.voted_ballot = accept.ballot
        self.voted_value = accept.value
        self.persist(promised=accept.ballot, voted_ballot=accept.ballot, voted_value=accept.value)

    # The learner.

    def on_accepted(self, sender: str, message: Accepted) -> None:
        """Learn a value once a quorum has voted for it in one ballot."""
        known = self.votes.get(sender)
        if self.chosen is None and (known is None or known.ballot < message.ballot):
            self.votes = self.votes.set(sender, message)
            if self.quorums.is_phase2_quorum(self.voters(message.ballot)):
                self.learn(message.value)

    def voters(self, ballot: Ballot) -> frozenset[str]:
        """Return who is known to have voted last in this ballot."""
        return frozenset(name for name, vote in self.votes.items() if vote.ballot == ballot)

    def learn(self, value: Any) -> None:
        """Take the value for chosen; there is nothing left to do but to answer."""
        if self.chosen is None:
            self.chosen = Chosen(value)
            self.phase = Phase.IDLE
            self.cancel_timer("retry")
            self.output(self.chosen)

    # Who is there, and when to try again.

    def others(self) -> tuple[str, ...]:
        """Return the other processes."""
        return tuple(name for name in self.acceptors if name != self.name)

    @property
    def accepted(self) -> frozenset[str]:
        """Who has voted in the ballot of this proposer, as far as it knows."""
        return self.voters(self.ballot) if self.ballot != ZERO else frozenset()

    def restart_retry_timer(self) -> None:
        """Wait before the next ballot; the range is random, so that of two duellists one soon has time enough."""
        self.set_timer("retry", self.retry_ms * MS, 2 * self.retry_ms * MS)
