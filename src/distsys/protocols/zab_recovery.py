"""Zab, phases 1 and 2: a new leader learns in which epoch it may lead, and gives a quorum its history.

*Discovery.* A quorum tells which epochs it has accepted; the leader proposes a later one. Who accepts it will never
again follow a leader of an earlier epoch, and says what it has. If one of the quorum has more than the leader, the
election went wrong and starts anew: every committed transaction is in some history of every quorum, so a leader that
no member of a quorum surpasses has all of them.

*Synchronisation.* Each follower gets what makes its history equal to the leader's: DIFF, what it lacks; TRUNC, where
to cut what the leader has not (so it was never committed), and what comes then; SNAP, a snapshot, when the leader
has dropped what the follower lacks. NEWLEADER closes it. A follower writes the new history and the new epoch in one
record, and only then acknowledges. With a quorum of these the whole initial history is committed, and the leader may
broadcast.
"""

from __future__ import annotations

from typing import Any

from distsys.core.log import Log
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .zab_broadcast import ZabBroadcast
from .zab_messages import (
    AckEpoch,
    AckNewLeader,
    Diff,
    FollowerInfo,
    Link,
    NewEpoch,
    NewLeader,
    Phase,
    Snap,
    State,
    Transaction,
    Trunc,
    UpToDate,
    ZabSnapshot,
    Zxid,
)


@record
class Incoming:
    """The leader's history as far as it has come; it takes the place of one's own with NEWLEADER."""

    snapshot: ZabSnapshot
    history: Log[Transaction]


class ZabRecovery(ZabBroadcast):
    """Discovery and synchronisation.

    State, volatile: at a leader `epochs` (who has connected, and the epoch that it had accepted), `acked_epoch` (who
    accepted this leader's epoch, so that it counts), `waiting` (who waits for the leader's history, and the last
    zxid that it has); at a follower `promised_to` (the leader from whom it accepted `accepted_epoch`, unless that was
    before a restart) and `incoming`.
    Messages: FollowerInfo, NewEpoch, AckEpoch; Diff, Trunc, Snap, NewLeader, AckNewLeader, UpToDate.
    Outputs: Restored, when a snapshot was installed.
    Source: Junqueira, Reed and Serafini 2011, phases 1 and 2; the messages are those of "Zab 1.0" in the
    wiki of ZooKeeper. There a follower that has accepted a later epoch abandons the leader; here the leader, too,
    gives up when it hears of one, or that follower would stay outside for as long as the leader stays.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.epochs: Map[str, int] = EMPTY
        self.acked_epoch: frozenset[str] = frozenset()
        self.waiting: Map[str, Zxid] = EMPTY
        self.promised_to: str | None = None
        self.incoming: Incoming | None = None

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if self.state is not State.LEADING:
            return
        match message:
            case FollowerInfo():
                self.on_follower_info(sender, message)
            case AckEpoch():
                self.on_ack_epoch(sender, message)
            case AckNewLeader():
                self.on_ack_new_leader(sender, message)

    def on_next(self, sender: str, message: Any) -> None:
        match message:
            case NewEpoch():
                self.on_new_epoch(sender, message)
            case Diff() | Trunc():
                self.on_diff(sender, message)
            case Snap():
                self.incoming = Incoming(
                    message.snapshot, Log(message.transactions, before_index=message.snapshot.last_index)
                )
            case NewLeader():
                self.on_new_leader(sender, message)
            case _:
                super().on_next(sender, message)

    # How it begins.

    def lead(self) -> None:
        """Be the leader that was elected, of no epoch yet."""
        self.state, self.phase, self.leader = State.LEADING, Phase.DISCOVERY, self.name
        self.epochs = Map({self.name: self.accepted_epoch})
        self.begin_to_listen()
        self.send_pings()
        self.maybe_propose_epoch()

    def follow(self, leader: str) -> None:
        """Follow the leader that was elected, if it is one."""
        self.state = State.FOLLOWING if self.name in self.voters else State.OBSERVING
        self.leader = leader
        self.set_timer("patience", self.election_ms * MS)
        self.connect()

    def connect(self) -> None:
        self.incoming, self.entered = None, False
        super().connect()

    def hang_up(self) -> None:
        super().hang_up()
        self.epoch, self.epochs, self.waiting, self.acked = 0, EMPTY, EMPTY, EMPTY
        self.acked_epoch = self.forwarding = self.synchronised = frozenset()
        self.incoming, self.entered = None, False

    # Phase 1, the leader.

    def on_follower_info(self, sender: str, message: FollowerInfo) -> None:
        """Take a new connection; what was said to this follower in an earlier one is void."""
        if sender in self.links and message.connection <= self.links[sender].connection:
            return
        if 0 < self.epoch < message.accepted_epoch:
            self.note(f"gives up epoch {self.epoch}, for {sender} has accepted {message.accepted_epoch}")
            self.look_for_leader()
            return
        self.links = self.links.set(sender, Link(message.connection))
        self.forwarding, self.synchronised = self.forwarding - {sender}, self.synchronised - {sender}
        self.waiting = self.waiting.remove(sender)
        self.epochs = self.epochs.set(sender, message.accepted_epoch)
        if self.epoch:
            self.send_in_order(sender, NewEpoch(self.epoch))
        else:
            self.maybe_propose_epoch()

    def maybe_propose_epoch(self) -> None:
        """With a quorum connected, propose an epoch that is later than all that they have accepted."""
        if not self.is_quorum(self.epochs):
            return
        self.epoch = self.accepted_epoch = max(self.epochs.values()) + 1
        self.promised_to = self.name
        self.persist(accepted_epoch=self.accepted_epoch)
        self.acked_epoch = frozenset({self.name})
        for peer in self.links:
            self.send_in_order(peer, NewEpoch(self.epoch))
        self.maybe_enter_epoch()

    def on_ack_epoch(self, sender: str, message: AckEpoch) -> None:
        """Note what a follower has; the first quorum decides whether this server may lead."""
        if message.epoch != self.epoch or not self.is_from_its_connection(sender, message.connection):
            return
        if self.phase is not Phase.DISCOVERY:
            self.synchronise(sender, message.last_zxid)
            return
        counts = message.counts and sender in self.voters
        mine = self.recency(self.current_epoch, self.last_zxid())
        if counts and self.recency(message.current_epoch, message.last_zxid) > mine:
            self.note(f"gives up, for {sender} has {message.last_zxid} of epoch {message.current_epoch}")
            self.look_for_leader()
            return
        self.waiting = self.waiting.set(sender, message.last_zxid)
        self.acked_epoch |= {sender} if counts else frozenset()
        self.maybe_enter_epoch()

    def recency(self, current_epoch: int, zxid: Zxid) -> tuple[int, Zxid]:
        """Return what makes one history more recent than another: first the epoch that was entered, then the zxid."""
        return (current_epoch, zxid)

    def is_from_its_connection(self, sender: str, connection: int) -> bool:
        """Return whether `connection` is the one that `sender` has open here."""
        return sender in self.links and self.links[sender].connection == connection

    # Phase 1, the follower.

    def on_new_epoch(self, sender: str, message: NewEpoch) -> None:
        """Promise to follow no leader of an earlier epoch; a promise to another server stays with that one."""
        if message.epoch < self.accepted_epoch:
            self.look_for_leader()
            return
        if message.epoch > self.accepted_epoch:
            self.accepted_epoch, self.promised_to = message.epoch, sender
            self.persist(accepted_epoch=message.epoch)
        self.phase = Phase.SYNCHRONISATION
        self.tell_history(sender, self.last_zxid())

    def tell_history(self, leader: str, last_zxid: Zxid) -> None:
        """Say that the epoch is accepted, and with which transaction the leader may begin to compare."""
        counts = self.promised_to == leader
        epoch = self.accepted_epoch
        self.send(leader, AckEpoch(self.link.connection, epoch, self.current_epoch, last_zxid, counts))

    # Phase 2, the leader.

    def maybe_enter_epoch(self) -> None:
        """With a quorum that has accepted the epoch, enter it, and give all that wait the history."""
        if self.phase is not Phase.DISCOVERY or not self.is_accepted():
            return
        self.note(f"leads epoch {self.epoch}")
        self.phase, self.current_epoch = Phase.SYNCHRONISATION, self.epoch
        self.persist(current_epoch=self.current_epoch)
        self.synchronised = frozenset({self.name})
        self.acked = Map({self.name: self.last_zxid()})
        for peer, last_zxid in self.waiting.items():
            self.synchronise(peer, last_zxid)
        self.waiting = EMPTY
        self.maybe_begin_broadcast()

    def is_accepted(self) -> bool:
        """Return whether a quorum has accepted this leader's epoch from it, and so from nobody else."""
        return self.is_quorum(self.acked_epoch)

    def synchronise(self, peer: str, last_zxid: Zxid) -> None:
        """Send `peer`, whose history ends with `last_zxid`, what makes it equal to this one."""
        index = self.index_up_to(last_zxid)
        common = self.zxid_at(index)  # of the last transaction here that the follower may have as well
        transactions = self.history.slice(index + 1, self.history.last_index)
        if common > last_zxid:
            self.note(f"sends {peer} a snapshot")
            self.send_in_order(peer, Snap(self.epoch, self.last_snapshot, transactions))
        elif common == last_zxid:
            self.send_in_order(peer, Diff(self.epoch, common, transactions))
        else:
            self.send_in_order(peer, Trunc(self.epoch, common, transactions))
        self.send_in_order(peer, NewLeader(self.epoch, self.last_zxid()))
        self.forwarding |= {peer}

    def on_ack_new_leader(self, sender: str, message: AckNewLeader) -> None:
        """Count who has the history; a quorum commits it, and each that has it may serve."""
        if message.epoch != self.epoch or not self.is_from_its_connection(sender, message.connection):
            return
        if sender not in self.forwarding or sender in self.synchronised:
            return
        self.synchronised |= {sender}
        self.acked = self.acked.set(sender, message.zxid)
        if self.phase is Phase.BROADCAST:
            self.send_in_order(sender, UpToDate(self.epoch, self.zxid_at(self.last_applied)))
            self.maybe_commit()
        else:
            self.maybe_begin_broadcast()

    def maybe_begin_broadcast(self) -> None:
        """With a quorum that has the initial history, deliver it, and begin to take commands."""
        if not self.is_quorum(self.synchronised):
            return
        self.phase = Phase.BROADCAST
        self.deliver(self.last_zxid())
        for peer in self.links:
            if peer in self.synchronised:
                self.send_in_order(peer, UpToDate(self.epoch, self.last_zxid()))

    # Phase 2, the follower.

    def on_diff(self, sender: str, message: Diff | Trunc) -> None:
        """Take over what the leader has; where it begins with a transaction that is not here, step back and ask."""
        begin = message.after if isinstance(message, Diff) else message.to
        index = self.index_up_to(begin)
        if self.zxid_at(index) != begin:
            self.tell_history(sender, self.zxid_at(index))
            return
        if index < self.history.last_index:
            self.note(f"cuts its history after {begin}")
        history = self.history.truncate(index).append(*message.transactions)
        self.incoming = Incoming(self.last_snapshot, history)

    def on_new_leader(self, sender: str, message: NewLeader) -> None:
        """Enter the epoch, with the leader's history."""
        if self.incoming is None:
            return
        self.enter_epoch(message.epoch, self.incoming)
        self.incoming, self.entered = None, True
        self.send(sender, AckNewLeader(self.link.connection, message.epoch, self.last_zxid()))
        if self.last_applied < self.last_snapshot.last_index:
            self.restore()

    def enter_epoch(self, epoch: int, incoming: Incoming) -> None:
        """Write the history and the epoch as one record: a crash leaves both or neither."""
        self.current_epoch = epoch
        self.last_snapshot, self.history = incoming.snapshot, incoming.history
        self.persist(current_epoch=epoch, snapshot=self.last_snapshot, history=self.history)
