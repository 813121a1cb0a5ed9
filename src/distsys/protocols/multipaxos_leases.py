"""Multi-Paxos, part four: a lease for the leader, so that it knows for a while that nobody else leads.

Ballots keep Multi-Paxos safe, whoever believes to lead. A leader that answers from its own state, without a decision
in a slot, needs more: evidence that no later leader has decided anything. So it asks, round after round, whether it
still leads. Who says yes will promise no other replica anything for an election timeout, by its own clock. A phase-2
quorum that has said so meets each phase-1 quorum, so nobody else can lead before one of them is free again.

The lease runs from the moment at which the question was **sent**, and it is shorter than the promise by what clocks
may differ: where all rates are within d of true time, by the factor (1 - d) / (1 + d).

Which line closes which race:

- Who restarts has forgotten what it said yes to, so for one timeout it promises nobody anything.
- The leader says yes to itself as well, or its own promise could make another one's quorum.
- A question of a ballot that is outbid gets a no, so who has promised to a later one never lets the earlier go on.

The members are fixed here: a lease that rests on the members of one slot says nothing about those of another.

Source: Burrows 2006, "The Chubby lock service", section 2.2: who becomes master gets votes of a majority, and with each
a promise to elect nobody else for the time of the master lease; Chandra, Griesemer, Redstone 2007, "Paxos Made Live",
section 5.2.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .multipaxos_messages import Prepare, Reject
from .multipaxos_snapshots import SnapshotMultiPaxos
from .paxos_messages import Ballot
from .replication import Role


@record
class AskLease:
    """The leader of `ballot` asks, in its round `round`, that nobody else be promised anything for a while."""

    ballot: Ballot
    round: int


@record
class GrantLease:
    """Yes to that round."""

    ballot: Ballot
    round: int


@record
class Leads:
    """The first command of a leader: when it is applied, all that was chosen before is applied, too.

    With the ballot, for a replica that leads again later finds an old one of its own in the log, and perhaps behind it
    what another leader has decided meanwhile.
    """

    leader: str
    ballot: Ballot


def local(length: int, drift_ppm: int) -> int:
    """Return for how long one may rely on a promise of so many microseconds on a clock of another.

    The own clock may be slow and the other one fast, each by `drift_ppm`.

    >>> local(1_000_000, 0), local(1_000_000, 200_000)
    (1000000, 666666)
    """
    return length * (1_000_000 - drift_ppm) // (1_000_000 + drift_ppm)


class LeasedMultiPaxos(SnapshotMultiPaxos):
    """Multi-Paxos with a lease for the leader.

    State, volatile: `promised_to` and `promised_until`, whom alone this replica promises anything and until when; at a
    leader `round`, `sent` (round -> when, by the own clock), `grants` (replica -> its last round), `lease_until`.
    Messages: AskLease, GrantLease. The first command of a leader is Leads.
    Assumes beside the heart's: rates of clocks within `drift_ppm` of true time, and clocks that never jump.
    """

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, drift_ppm: int = 1_000, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.drift_ppm = whole_number("drift_ppm", drift_ppm, at_most=999_999)
        self.promised_to: str | None = None
        self.promised_until = 0
        self.round = 0
        self.sent: Map[int, int] = Map()
        self.grants: Map[str, int] = EMPTY
        self.lease_until = 0

    def on_start(self) -> None:
        super().on_start()
        self.promise_only(None)  # whom it may have said yes to before it stopped, it does not know

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case AskLease():
                self.on_ask_lease(sender, message)
            case GrantLease():
                self.on_grant_lease(sender, message)

    # Who may be promised something.

    def promise_only(self, leader: str | None) -> None:
        """Promise nobody but `leader` anything for one election timeout."""
        self.promised_to, self.promised_until = leader, self.now + self.election_ms * MS

    def may_promise(self, candidate: str) -> bool:
        """Return whether no other replica relies on this one now."""
        return self.promised_to == candidate or self.now >= self.promised_until

    def on_election_timeout(self) -> None:
        if self.may_promise(self.name):
            super().on_election_timeout()
        else:
            self.restart_election_timer()

    def on_prepare(self, sender: str, message: Prepare) -> None:
        """Phase 1b, unless another one relies on this replica; who prepares asks again."""
        if self.may_promise(sender):
            super().on_prepare(sender, message)
        else:
            self.note(f"keeps what it has said to {self.promised_to or 'somebody'}, against {sender}")

    def on_ask_lease(self, sender: str, message: AskLease) -> None:
        """Say yes to a leader that is not outbid here."""
        if message.ballot < self.promised:
            self.send(sender, Reject(message.ballot, self.promised))
            return
        self.follow(sender)
        self.promise_only(sender)
        self.send(sender, GrantLease(message.ballot, message.round))

    # The leader.

    def become_leader(self) -> None:
        super().become_leader()
        self.waiting = (Leads(self.name, self.ballot), *self.waiting)

    def send_heartbeats(self) -> None:
        super().send_heartbeats()
        self.ask_for_lease()

    def ask_for_lease(self) -> None:
        """Begin a round; this replica's own yes comes first."""
        self.round += 1
        self.sent = self.sent.set(self.round, self.now)
        self.promise_only(self.name)
        self.broadcast(self.others(), AskLease(self.ballot, self.round))
        self.on_grant_lease(self.name, GrantLease(self.ballot, self.round))

    def on_grant_lease(self, sender: str, message: GrantLease) -> None:
        """Extend the lease once a phase-2 quorum has said yes to a round."""
        if self.role is not Role.LEADER or message.ballot != self.ballot:
            return
        self.grants = self.grants.set(sender, max(self.grants.get(sender, 0), message.round))
        for round in reversed(tuple(self.sent)):
            yes = frozenset(name for name, last in self.grants.items() if last >= round)
            if self.quorums.is_phase2_quorum(yes):
                self.lease_until = max(self.lease_until, self.sent[round] + self.lease_length())
                self.sent = Map({later: at for later, at in self.sent.items() if later > round})
                return

    def lease_length(self) -> int:
        """Return how long a lease is, counted from the question."""
        return local(self.election_ms * MS, self.drift_ppm)

    def is_own(self, command: Leads) -> bool:
        """Return whether it is this replica that leads, in that very ballot."""
        return self.role is Role.LEADER and command.ballot == self.ballot

    def holds_lease(self, now: int) -> bool:
        """Return whether nobody else can lead yet, when the own clock shows `now`."""
        return self.role is Role.LEADER and now < self.lease_until

    def become_follower(self, leader: str | None) -> None:
        super().become_follower(leader)
        self.sent, self.grants, self.lease_until = Map(), EMPTY, 0
