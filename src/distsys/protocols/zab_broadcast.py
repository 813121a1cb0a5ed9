"""Zab, phase 3: the leader of an epoch broadcasts transactions, and a quorum of histories keeps them.

It looks like a two-phase commit without an abort: the leader numbers a transaction and proposes it, each follower
appends it to its history and acknowledges, and with the acknowledgements of a quorum all up to there is committed.
Nothing here looks at what a follower has before it appends: that a proposal fits is the work of the links, which keep
the order, and of the synchronisation, which gave leader and follower the same beginning. That is why a transaction
may depend on the one before it, which has not been committed yet: where it is delivered, that one was delivered first.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import EMPTY, Map

from .replication import NotLeader, Propose, Role
from .zab_links import ZabLinks
from .zab_messages import Ack, Commit, Inform, Phase, Proposal, State, Transaction, UpToDate, Zxid


class ZabBroadcast(ZabLinks):
    """The broadcast.

    State, volatile: at a follower `entered`, whether it has entered the epoch in this connection. At a leader `epoch`;
    `forwarding`, those that were sent NEWLEADER (followers among them get proposals, observers what is committed);
    `synchronised`, those that acknowledged it (followers among them get commits); `acked`, how far each history surely
    equals the leader's.
    Messages: Proposal, Ack, Commit; Inform to observers; from the host Propose. Outputs: NotLeader, Committed.
    Keeps: primary order (see `zab_laws`), given FIFO links and a history that a quorum shares at the beginning.
    Source: Junqueira, Reed and Serafini 2011, phase 3. To whom proposals go, the paper leaves open:
    were it only those that acknowledged NEWLEADER, one that is about to do so would miss some (ZAB-06).
    """

    # A leader's proposals may leave while it writes them itself: after a crash it leads a later epoch, or none.
    sent_early = ((Proposal, "history"),)

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.entered = False
        self.epoch = 0
        self.forwarding: frozenset[str] = frozenset()
        self.synchronised: frozenset[str] = frozenset()
        self.acked: Map[str, Zxid] = EMPTY

    @property
    def role(self) -> Role:
        """What this server is, in the words that all protocols share."""
        if self.state is State.LEADING and self.phase is Phase.BROADCAST:
            return Role.LEADER
        return Role.FOLLOWER if self.state in (State.FOLLOWING, State.OBSERVING) else Role.CANDIDATE

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case Propose():
                self.on_propose(message)
            case Ack():
                self.on_ack(sender, message)

    def on_next(self, sender: str, message: Any) -> None:
        super().on_next(sender, message)
        if not self.entered:
            return  # it could not use what it was sent for its synchronisation, and has asked for more
        match message:
            case Proposal():
                self.on_proposal(sender, message)
            case UpToDate():
                self.phase, self.pinged = Phase.BROADCAST, max(self.pinged, message.link.number)
                self.deliver(message.zxid)
            case Commit():
                self.deliver(message.zxid)
            case Inform():
                self.on_inform(message)

    # The leader.

    def on_propose(self, message: Propose) -> None:
        if self.may_broadcast():
            self.broadcast_command(message.command)
        else:
            self.output(NotLeader(message.command, self.leader))

    def may_broadcast(self) -> bool:
        """Return whether this server leads, and a quorum holds all that it began with."""
        return self.role is Role.LEADER

    def broadcast_command(self, command: Any) -> None:
        """Number the command, write it down, and propose it."""
        transaction = Transaction(self.next_zxid(), command)
        self.write_history(self.history.append(transaction))
        self.acked = self.acked.set(self.name, transaction.zxid)
        for peer in self.proposed_to():
            self.send_in_order(peer, Proposal(self.epoch, transaction))
        self.maybe_commit()

    def proposed_to(self) -> tuple[str, ...]:
        """Return the followers that get proposals: all that were sent NEWLEADER, for they have what came before."""
        return tuple(peer for peer in self.voters if peer in self.forwarding)

    def next_zxid(self) -> Zxid:
        """Return the zxid of the next transaction: counters begin at 1 in each epoch."""
        last = self.last_zxid()
        return Zxid(self.epoch, last.counter + 1 if last.epoch == self.epoch else 1)

    def on_ack(self, sender: str, message: Ack) -> None:
        if self.state is State.LEADING and message.epoch == self.epoch and sender in self.synchronised:
            self.heard |= {sender}
            self.acked = self.acked.set(sender, max(self.acked.get(sender, Zxid()), message.zxid))
            self.maybe_commit()

    def maybe_commit(self) -> None:
        """Commit all up to the last transaction that a quorum has, and tell who needs to know."""
        index, before = self.history.last_index, self.last_applied
        while index > before and not self.is_held(self.zxid_at(index)):
            index -= 1
        if index <= before or self.phase is not Phase.BROADCAST:
            return
        self.deliver(self.zxid_at(index))
        for peer in self.voters:
            if peer in self.synchronised and peer != self.name:
                self.send_in_order(peer, Commit(self.epoch, self.zxid_at(index)))
        for peer in self.observers:
            if peer in self.forwarding:
                for transaction in self.history.slice(before + 1, index):
                    self.send_in_order(peer, Inform(self.epoch, transaction))

    def is_held(self, zxid: Zxid) -> bool:
        """Return whether a quorum has all up to `zxid`."""
        return self.is_quorum(name for name in self.acked if self.acked[name] >= zxid)

    # The follower.

    def on_proposal(self, sender: str, message: Proposal) -> None:
        self.write_history(self.history.append(message.transaction))
        self.acknowledge(sender, message.epoch)

    def acknowledge(self, leader: str, epoch: int) -> None:
        """Say how far the history goes: all of it is on the disk, and equal to the leader's."""
        self.send(leader, Ack(epoch, self.last_zxid()))

    def on_alive(self, leader: str) -> None:
        if self.phase is Phase.BROADCAST and self.state is State.FOLLOWING:
            self.acknowledge(leader, self.current_epoch)  # an earlier one may be lost

    # The observer.

    def on_inform(self, message: Inform) -> None:
        """Append and deliver at once; it may have come already, with the synchronisation."""
        if message.transaction.zxid > self.last_zxid():
            self.write_history(self.history.append(message.transaction))
        self.deliver(message.transaction.zxid)
