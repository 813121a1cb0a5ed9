"""Zab, phase 0: fast leader election finds a server that nobody in a quorum surpasses.

The rest of Zab is right whoever leads: a server that is wrong for it is turned away in the discovery. The election
only sees to it that this seldom happens. Each server that looks for a leader votes, at first for itself, and tells all
others; one that hears a better vote takes it over and tells it on. Better is the later current epoch, then the higher
zxid, then the name. When a quorum has the same vote, a server waits a moment for a better one to come, and then leads
or follows. Votes belong to a *round*, so that those of an earlier election do not count; who is behind joins the
later round.

A server that does not look answers with its vote and with what it is. So one that comes late finds the leader: a
quorum names it, and it says itself that it leads.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .zab_messages import Notification, State, Vote, Zxid
from .zab_recovery import ZabRecovery


class ZabElection(ZabRecovery):
    """Fast leader election.

    State, volatile: `round`, `vote`, `received` (votes of this round), `outside` (what servers say that do not look),
    `agreed` (the vote that a quorum shares).
    Messages: Notification.
    Timers: "notify", to tell the vote again; "decide", the wait for a better vote.
    Leaves out: ZooKeeper tells its vote more and more seldom, and has weights and groups of servers.
    Source: `FastLeaderElection` of ZooKeeper 3.4.6.
    """

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, decide_ms: int = 50, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.decide_ms = whole_number("decide_ms", decide_ms)
        self.round = 0
        self.vote = Vote(0, Zxid(), "")
        self.received: Map[str, Vote] = EMPTY
        self.outside: Map[str, Notification] = EMPTY
        self.agreed: Vote | None = None

    def on_start(self) -> None:
        super().on_start()
        self.look_for_leader()

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if isinstance(message, Notification):
            self.on_notification(sender, message)

    def on_timeout(self, timer: str) -> None:
        super().on_timeout(timer)
        if timer == "notify" and self.state is State.LOOKING:
            self.tell_vote()
        elif timer == "decide" and self.state is State.LOOKING and self.agreed == self.vote:
            self.decide(self.vote.leader)

    # Looking.

    def look_for_leader(self) -> None:
        """Begin a round of the election; an observer has no vote, and asks."""
        super().look_for_leader()
        self.outside = self.received = EMPTY
        if self.name in self.voters:
            self.enter_round(self.round + 1, self.own_vote())
        else:
            self.tell_vote()

    def own_vote(self) -> Vote:
        """Return this server's vote for itself."""
        return Vote(self.current_epoch, self.last_zxid(), self.name)

    def enter_round(self, round: int, vote: Vote) -> None:
        """Forget the votes of another round, and vote in this one."""
        self.round, self.received = round, EMPTY
        self.change_vote(vote)

    def change_vote(self, vote: Vote) -> None:
        """Vote, and tell all."""
        self.vote, self.agreed = vote, None
        self.received = self.received.set(self.name, vote)
        self.tell_vote()
        self.maybe_agree()

    def tell_vote(self) -> None:
        """Tell all voters, again and again: what was told may be lost."""
        for peer in self.voters:
            if peer != self.name:
                self.send(peer, self.notification())
        self.set_timer("notify", self.heartbeat_ms * MS)

    def notification(self) -> Notification:
        """Return what this server tells others now."""
        return Notification(self.vote, self.round, self.state)

    def is_better(self, vote: Vote, other: Vote) -> bool:
        """Return whether a vote beats another one: the more recent history, then the greater name."""
        mine, theirs = self.recency(vote.epoch, vote.zxid), self.recency(other.epoch, other.zxid)
        return (mine, vote.leader) > (theirs, other.leader)

    def on_notification(self, sender: str, message: Notification) -> None:
        if self.state is not State.LOOKING:
            if message.state is State.LOOKING:
                self.send(sender, self.notification())
        elif message.state is State.LOOKING:
            self.on_vote(sender, message)
        else:
            self.on_news(sender, message)

    def on_vote(self, sender: str, message: Notification) -> None:
        """Count the vote of another server that looks, and take it over if it is better."""
        if message.round < self.round:
            self.send(sender, self.notification())
            return
        if sender not in self.voters or self.name not in self.voters:
            return
        if message.round > self.round:
            mine = self.own_vote()
            self.enter_round(message.round, message.vote if self.is_better(message.vote, mine) else mine)
        elif self.is_better(message.vote, self.vote):
            self.change_vote(message.vote)
        self.received = self.received.set(sender, message.vote)
        self.maybe_agree()

    def maybe_agree(self) -> None:
        """When a quorum has this server's vote, wait a moment for a better one."""
        same = [name for name, vote in self.received.items() if vote == self.vote]
        if self.agreed != self.vote and self.is_quorum(same):
            self.agreed = self.vote
            self.set_timer("decide", self.decide_ms * MS)

    # Coming late.

    def on_news(self, sender: str, message: Notification) -> None:
        """Join a leader that a quorum follows, and that says itself that it leads."""
        self.outside = self.outside.set(sender, message)
        leader = message.vote.leader
        followers = [name for name, other in self.outside.items() if other.vote.leader == leader]
        word = self.outside.get(leader)
        if word is not None and word.state is State.LEADING and self.is_quorum(followers):
            self.round, self.vote = word.round, word.vote
            self.decide(leader)

    def decide(self, leader: str) -> None:
        """End the election: lead or follow."""
        self.cancel_timer("notify")
        self.cancel_timer("decide")
        self.received = self.outside = EMPTY
        self.agreed = None
        if leader == self.name:
            self.lead()
        else:
            self.follow(leader)
