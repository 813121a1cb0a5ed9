"""Raft, part six: reads that see every write which was acknowledged before they began.

A leader that answers from its own state may be a leader no longer: others may have elected a new one and written
on. So a read needs evidence that this server still leads, and it needs a state that holds all that is committed.

- *Read-index* (Ongaro 2014, section 6.4): the leader notes its commit index, asks a majority "do I still lead?",
  and lets the read go once they say yes and that index is applied. One round trip, and no write to a disk. It
  rests on no clock. A leader that has not committed an entry of its own term does not know how far the log is
  committed: reads wait for that.
- *Lease* (section 6.4.1): those who confirmed will vote for nobody for an election timeout, so for that long,
  less what clocks may differ, the leader need not ask again. No round trip; but it rests on clocks whose *rates*
  differ by at most `drift_ppm` and which go on while a process is paused, on a look at the clock that comes after
  the read, and on voters that wait one timeout after a restart.

The lease runs from the moment at which the question was **sent**, not from the moment of the answer. Where all
rates are within d of true time, a slow clock of the leader and a fast one of a voter together shorten it by the
factor (1 - d) / (1 + d), which is at least 1 - 2d.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number, yes_or_no
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .raft_messages import Role
from .raft_stability import StableRaft


@record
class Read:
    """From the host: tell me when a read that begins now may look at the state."""

    id: Any


@record
class Announce:
    """From the host: tell the followers at once how far the log is committed, and not with the next heartbeat."""


@record
class ReadReady:
    """To the host: this read may look at a state that has applied `index`."""

    id: Any
    index: int


@record
class ReadFailed:
    """To the host: this server does not lead, or leads no longer; `leader` may know."""

    id: Any
    leader: str | None


@record
class Confirm:
    """The leader of `term` asks, in its round `round`, whether it still leads."""

    term: int
    round: int


@record
class Confirmed:
    """Yes, `round` was begun by the leader of `term`; or a no from a later `term`, which confirms no round and says 0.

    Who asked may lead that later term by the time the no arrives, and count its rounds from 1 again.
    """

    term: int
    round: int


@record
class PendingRead:
    """A read, the index that it must see, and the round that must be confirmed; 0 and 0 while it waits for a commit."""

    id: Any
    index: int = 0
    round: int = 0


class ReadingRaft(StableRaft):
    """Raft with linearizable reads outside the log.

    State, volatile, at a leader: `reads`, `round`, `confirmed` (peer -> last round), and for leases `sent` (round
    -> when, by the own clock) and `lease_until`. Messages: Confirm, Confirmed; from the host Read. Outputs:
    ReadReady, ReadFailed.
    Assumes for leases: rates of clocks within `drift_ppm`. Clocks need not agree on the time.
    Source: Ongaro 2014, section 6.4.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        lease: bool = False,
        drift_ppm: int = 1_000,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.lease = yes_or_no("lease", lease)
        self.drift_ppm = whole_number("drift_ppm", drift_ppm, at_most=499_999)  # at half, no lease is left
        self.reads: tuple[PendingRead, ...] = ()
        self.round = 0
        self.confirmed: Map[str, int] = EMPTY
        self.sent: Map[int, int] = Map()
        self.lease_until = 0

    def on_start(self) -> None:
        super().on_start()
        if self.lease:  # it may have confirmed a leader just before it stopped
            self.leader_is_alive = True
            self.set_timer("alive", self.election_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case Read(id):
                self.on_read(id)
            case Announce() if self.role is Role.LEADER:
                self.send_heartbeats()
            case Confirm():
                self.on_confirm(sender, message)
            case Confirmed():
                self.on_confirmed(sender, message)

    # The leader.

    def on_read(self, id: Any) -> None:
        """Take a read in, or say who may."""
        if self.role is not Role.LEADER:
            self.output(ReadFailed(id, self.leader))
            return
        self.reads = (*self.reads, PendingRead(id))
        self.begin_reads()

    def begin_reads(self) -> None:
        """Give each read that waits the index that it must see, and ask whether this server still leads."""
        if not self.has_committed_in_its_term() or all(read.round for read in self.reads):
            return
        if self.holds_a_lease():
            for read in self.reads:
                self.output(ReadReady(read.id, read.index or self.commit_index))
            self.reads = ()
            return
        self.ask_for_confirmation()
        self.reads = tuple(
            read if read.round else PendingRead(read.id, self.commit_index, self.round) for read in self.reads
        )
        self.maybe_answer()

    def ask_for_confirmation(self) -> None:
        """Begin a round: who answers it still took this server for the leader after the round began."""
        self.round += 1
        self.confirmed = self.confirmed.set(self.name, self.round)
        if self.lease:
            self.sent = self.sent.set(self.round, self.now)
        self.broadcast(self.electors(), Confirm(self.current_term, self.round))

    def on_confirmed(self, sender: str, message: Confirmed) -> None:
        if self.role is Role.LEADER and message.term == self.current_term:
            self.heard |= {sender}
            self.confirmed = self.confirmed.set(sender, max(self.confirmed.get(sender, 0), message.round))
            self.maybe_answer()

    def maybe_answer(self) -> None:
        """Let the reads go whose round a majority has confirmed, and renew the lease."""
        for round in reversed(tuple(self.sent)):
            if self.is_confirmed(round):
                length = self.election_ms * MS * (1_000_000 - 2 * self.drift_ppm) // 1_000_000
                self.lease_until = max(self.lease_until, self.sent[round] + length)
                self.sent = Map({later: at for later, at in self.sent.items() if later > round})
                break
        for read in self.reads:
            if read.round and self.is_confirmed(read.round):
                self.output(ReadReady(read.id, read.index))
        self.reads = tuple(read for read in self.reads if not read.round or not self.is_confirmed(read.round))

    def is_confirmed(self, round: int) -> bool:
        """Return whether a majority took this server for the leader after that round began."""
        return self.is_quorum(name for name in self.confirmed if self.confirmed[name] >= round)

    def holds_a_lease(self) -> bool:
        """Return whether nobody else can have been elected yet."""
        return self.lease and self.now < self.lease_until

    def end_lease(self) -> None:
        """Rely on no promise any more that was given up to now."""
        self.sent, self.lease_until = Map(), 0

    def commit(self, index: int) -> None:
        super().commit(index)
        if self.role is Role.LEADER and self.reads:
            self.begin_reads()

    def send_heartbeats(self) -> None:
        super().send_heartbeats()
        if self.role is Role.LEADER and (self.lease or self.reads):
            self.ask_for_confirmation()  # renews the lease, and stands in for questions that were lost
            self.maybe_answer()  # who votes alone needs no answer

    def become_follower(self, leader: str | None) -> None:
        waiting = self.reads
        self.reads, self.confirmed = (), EMPTY
        self.end_lease()
        super().become_follower(leader)
        for read in waiting:
            self.output(ReadFailed(read.id, leader))

    # The voter.

    def on_confirm(self, sender: str, message: Confirm) -> None:
        """Say yes to the leader of this term, and with it that it is heard; say the own term to an older one."""
        leads = message.term == self.current_term
        if leads:
            self.become_follower(sender)
            self.restart_election_timer()
        self.send(sender, Confirmed(self.current_term, message.round if leads else 0))
