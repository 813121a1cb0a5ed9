"""Zab gone wrong: bugs that ZooKeeper has had, that the paper warns of, or that model checkers found in the text.

A depth here counts events of this code, of which one change of the leader alone takes about a dozen. It is an estimate:
book/bug-gallery.md says how those of ZAB-03, 05, 06, 07 and 15 were chosen.
"""

from __future__ import annotations

from typing import Any

from distsys.core.systems import NodeMutant
from distsys.core.units import MS
from distsys.protocols.zab import Zab
from distsys.protocols.zab_messages import (
    Diff,
    NewLeader,
    Notification,
    Phase,
    Ping,
    Proposal,
    State,
    Trunc,
    Zxid,
)
from distsys.protocols.zab_recovery import Incoming

PAPER = "Junqueira, Reed and Serafini 2011"


class AcknowledgesBeforeTheDisk(Zab):
    """ZAB-01."""

    def enter_epoch(self, epoch: int, incoming: Incoming) -> None:
        self.current_epoch = epoch
        self.last_snapshot, self.history = incoming.snapshot, incoming.history
        self.set_timer("sync", 20 * MS)

    def on_timeout(self, timer: str) -> None:
        super().on_timeout(timer)
        if timer == "sync":
            self.persist(current_epoch=self.current_epoch, snapshot=self.last_snapshot, history=self.history)


class WritesTheEpochFirst(Zab):
    """ZAB-02."""

    def enter_epoch(self, epoch: int, incoming: Incoming) -> None:
        self.current_epoch = epoch
        self.last_snapshot, self.history = incoming.snapshot, incoming.history
        self.persist(current_epoch=epoch)
        self.persist(snapshot=self.last_snapshot, history=self.history)


class ComparesCountersOnly(Zab):
    """ZAB-03."""

    def recency(self, current_epoch: int, zxid: Zxid) -> tuple[int, Zxid]:
        return (0, Zxid(0, zxid.counter))


class BroadcastsTooEarly(Zab):
    """ZAB-04."""

    def may_broadcast(self) -> bool:
        return self.state is State.LEADING and self.phase in (Phase.SYNCHRONISATION, Phase.BROADCAST)


class AcceptsOldProposals(Zab):
    """ZAB-05."""

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if isinstance(message, Proposal) and self.entered and message.epoch < self.current_epoch:
            self.on_proposal(sender, message)


class ProposesToTheSynchronised(Zab):
    """ZAB-06."""

    def proposed_to(self) -> tuple[str, ...]:
        return tuple(peer for peer in super().proposed_to() if peer in self.synchronised)


class KeepsItsTail(Zab):
    """ZAB-07."""

    def tell_history(self, leader: str, last_zxid: Zxid) -> None:
        super().tell_history(leader, min(last_zxid, self.zxid_at(self.last_applied)))

    def on_diff(self, sender: str, message: Diff | Trunc) -> None:
        new = (other for other in message.transactions if other.zxid > self.last_zxid())
        self.incoming = Incoming(self.last_snapshot, self.history.append(*new))


class AcknowledgesProposalsBeforeTheDisk(Zab):
    """ZAB-08."""

    def on_proposal(self, sender: str, message: Proposal) -> None:
        self.history = self.history.append(message.transaction)
        self.acknowledge(sender, message.epoch)
        self.persist(history=self.history)


class RemembersOneEpoch(Zab):
    """ZAB-09."""

    def on_start(self) -> None:
        self.accepted_epoch = self.current_epoch
        super().on_start()


class CountsFromTheLastDelivered(Zab):
    """ZAB-10."""

    def next_zxid(self) -> Zxid:
        last = self.zxid_at(self.last_applied)
        return Zxid(self.epoch, last.counter + 1 if last.epoch == self.epoch else 1)


class TakesProposalsAsTheyCome(Zab):
    """ZAB-11."""

    def on_numbered(self, sender: str, message: Any) -> None:
        if isinstance(message, Proposal) and self.entered and message.link.number > self.link.number:
            self.link = message.link
            self.on_next(sender, message)
        super().on_numbered(sender, message)


class EntersBeforeAQuorumAccepts(Zab):
    """ZAB-12."""

    def is_accepted(self) -> bool:
        return self.name in self.acked_epoch


class DoesNotLookForALeaderInOffice(Zab):
    """ZAB-13."""

    def on_news(self, sender: str, message: Notification) -> None:
        pass


class WaitsForWhatIsLost(Zab):
    """ZAB-14."""

    def on_ping(self, sender: str, message: Ping) -> None:
        super().on_ping(sender, message)
        self.pinged = 0


class DeliversWhatItWasSent(Zab):
    """ZAB-15."""

    def on_new_leader(self, sender: str, message: NewLeader) -> None:
        super().on_new_leader(sender, message)
        if self.entered and self.state is State.OBSERVING:
            self.deliver(message.last_zxid)


class TakesALatePingForAnAnswer(Zab):
    """ZAB-16."""

    def on_ping(self, sender: str, message: Ping) -> None:
        self.pinged = min(self.pinged, message.last.number)
        super().on_ping(sender, message)


MUTANTS = (
    NodeMutant(
        id="ZAB-01",
        title="NEWLEADER is acknowledged before the disk has it",
        system="zab",
        classes={"server": AcknowledgesBeforeTheDisk},
        breaks="an acknowledged NEWLEADER is durable",
        depth=20,
        source="ZOOKEEPER-3911 and ZOOKEEPER-4646 (apache/zookeeper pull requests 1445 and 1993)",
        story=(
            "A follower acknowledges NEWLEADER, and the history that came before it goes to the disk a little later. "
            "With a quorum of such acknowledgements the leader serves clients. When the followers crash in between, "
            "what was committed is in no history of theirs, and one of them may lead the next epoch."
        ),
        leads_to="leader completeness",
        leads_to_by="distsys.lab.scenarios_zab:LOST_HISTORY",
    ),
    NodeMutant(
        id="ZAB-02",
        title="The epoch is written before its history",
        system="zab",
        classes={"server": WritesTheEpochFirst},
        breaks="history before epoch",
        depth=14,
        source="ZOOKEEPER-4643 (apache/zookeeper pull request 2028)",
        story=(
            "A follower enters the epoch with two writes: first its number, then its history. A crash between them "
            "leaves a server that has entered the latest epoch with a short history. It wins the next election, for "
            "the epoch counts first, and others cut off what was committed."
        ),
    ),
    NodeMutant(
        id="ZAB-03",
        title="Histories are compared by their counters",
        system="zab",
        classes={"server": ComparesCountersOnly},
        breaks="leader completeness",
        depth=24,
        scenario="distsys.lab.scenarios_zab:EQUAL_COUNTERS",
        source=f"{PAPER}; the order of votes in FastLeaderElection of ZooKeeper 3.4.6",
        story=(
            "Election and discovery look only at the counters, not at the epochs before them. A server that was "
            "away has as many transactions of an old epoch as the others have of a newer one, or more. It may win, "
            "and then leads without what they had committed."
        ),
    ),
    NodeMutant(
        id="ZAB-04",
        title="A leader broadcasts before a quorum has its history",
        system="zab",
        classes={"server": BroadcastsTooEarly},
        breaks="primary integrity",
        depth=14,
        source=f"{PAPER}, phase 2",
        story=(
            "A leader takes commands as soon as a quorum has accepted its epoch, while the history that it began with "
            "is not committed yet. So it broadcasts a change that was made on a state without those transactions. "
            "They are delivered all the same, before it."
        ),
    ),
    NodeMutant(
        id="ZAB-05",
        title="A follower accepts proposals of an older epoch",
        system="zab",
        classes={"server": AcceptsOldProposals},
        breaks="global primary order",
        depth=21,
        scenario="distsys.lab.scenarios_zab:OLD_PROPOSAL",
        source=f"{PAPER}, phase 3",
        story=(
            "A follower has entered a new epoch, and appends a proposal of the epoch before, which comes late. Its "
            "history is not that of its leader any more: a transaction of the old epoch stands behind one of the new "
            "one. It delivers both with the next commit."
        ),
    ),
    NodeMutant(
        id="ZAB-06",
        title="Proposals go only to those who acknowledged NEWLEADER",
        system="zab",
        classes={"server": ProposesToTheSynchronised},
        breaks="a commit finds its proposal",
        depth=18,
        scenario="distsys.lab.scenarios_zab:PASSED_OVER",
        source="Disalg-ICS-NJU/zookeeper-tla-spec, protocol-spec/issues.md, issue 3",
        story=(
            "A leader broadcasts a transaction while a follower is on its way between NEWLEADER and its "
            "acknowledgement. What was sent with NEWLEADER does not have the transaction yet, and the proposal does "
            "not go to this follower. It is told of the commit, and never gets what is committed."
        ),
    ),
    NodeMutant(
        id="ZAB-07",
        title="A server that returns keeps its uncommitted tail",
        system="zab",
        classes={"server": KeepsItsTail},
        breaks="total order",
        depth=28,
        scenario="distsys.lab.scenarios_zab:KEPT_TAIL",
        source="ZOOKEEPER-2845 and ZOOKEEPER-1154",
        story=(
            "A server says how far it has delivered, not how far its history goes, and nothing is cut when it takes "
            "over what it lacks. A leader that wrote a transaction which nobody else has returns with it. What "
            "others have at this place is appended behind it."
        ),
    ),
    NodeMutant(
        id="ZAB-08",
        title="A proposal is acknowledged before the disk has it",
        system="zab",
        classes={"server": AcknowledgesProposalsBeforeTheDisk},
        breaks="durable before revealed",
        depth=14,
        source=f"{PAPER}, phase 3",
        story=(
            "A follower acknowledges a proposal first and writes it down then. A crash between the two leaves an "
            "acknowledgement that counts, and no transaction. The leader commits with it, and a quorum may be without "
            "what was committed."
        ),
    ),
    NodeMutant(
        id="ZAB-09",
        title="A server remembers only the epoch that it entered",
        system="zab",
        classes={"server": RemembersOneEpoch},
        breaks="epochs never go back",
        depth=14,
        source="ZOOKEEPER-3608, which tells why versions up to 3.3.3, without the two epochs, had trouble",
        story=(
            "After a restart a server takes the epoch that it had entered for the last one that it accepted. The "
            "promise in between is forgotten, and it may accept the same epoch from another leader."
        ),
    ),
    NodeMutant(
        id="ZAB-10",
        title="A primary counts from what is delivered",
        system="zab",
        classes={"server": CountsFromTheLastDelivered},
        breaks="integrity",
        depth=14,
        source="our own variant of the numbering in phase 3",
        story=(
            "A primary numbers a transaction after the last one that it delivered, and not after the last one that "
            "it broadcast. As long as one at a time is on its way, nobody notices. With two, both have the same number."
        ),
    ),
    NodeMutant(
        id="ZAB-11",
        title="Proposals are taken as they come",
        system="zab",
        classes={"server": TakesProposalsAsTheyCome},
        breaks="local primary order",
        depth=14,
        source=f"{PAPER}: channels are FIFO",
        story=(
            "A follower takes a proposal when it comes, also when the one before it is lost or late. Its history has "
            "the change without the one that it was made on. When both are committed, it delivers the later one alone."
        ),
    ),
    NodeMutant(
        id="ZAB-12",
        title="A leader enters its epoch before a quorum has accepted it",
        system="zab",
        classes={"server": EntersBeforeAQuorumAccepts},
        breaks="one leader in an epoch",
        depth=14,
        source=f"{PAPER}, phase 1",
        story=(
            "A leader hears from a quorum which epochs were accepted, and enters the next one at once. Another "
            "candidate has heard the same, and enters the same epoch. The acceptances, of which each server gives only "
            "one, would have stopped one of them."
        ),
    ),
    NodeMutant(
        id="ZAB-13",
        title="Who comes late does not find the leader",
        system="zab",
        classes={"server": DoesNotLookForALeaderInOffice},
        breaks="one leader in the end",
        klass="L",
        source="our own variant of FastLeaderElection of ZooKeeper 3.4.6",
        story=(
            "A server that looks for a leader counts only votes of others that look too. The others follow a leader "
            "and say so, but it does not listen. It is outside for as long as they are content."
        ),
    ),
    NodeMutant(
        id="ZAB-14",
        title="A follower waits for a message that is lost",
        system="zab",
        classes={"server": WaitsForWhatIsLost},
        breaks="everything is delivered in the end",
        klass="L",
        depth=14,
        scenario="distsys.lab.scenarios_zab:LOST_PROPOSAL",
        source="our own variant of a FIFO link over a network that loses messages",
        story=(
            "A follower does not compare what has come with what a ping speaks of. When a message is lost, all that "
            "come later wait with it. The pings tell it that the leader is there, so it waits for ever."
        ),
    ),
    NodeMutant(
        id="ZAB-15",
        title="An observer delivers what it was sent at once",
        system="zab",
        classes={"server": DeliversWhatItWasSent},
        breaks="only what a quorum has is delivered",
        depth=20,
        scenario="distsys.lab.scenarios_zab:TOLD_TOO_MUCH",
        source="our own variant of the synchronisation of observers",
        story=(
            "An observer hears of transactions when they are committed, so a server that observes delivers whatever "
            "comes. But what it gets when it connects is the whole history of the leader, and the end of that may be "
            "on no other disk yet. It is delivered here, and may be cut off everywhere."
        ),
        options={"nodes": 4, "observers": 1},
    ),
    NodeMutant(
        id="ZAB-16",
        title="A ping that speaks of less counts as well",
        system="zab",
        classes={"server": TakesALatePingForAnAnswer},
        breaks="one leader in the end",
        klass="X",
        depth=40,
        scenario="distsys.lab.scenarios_zab:KNOCKED_TWICE",
        source="our own code: found by a review while this book was written",
        story=(
            "A leader restarts and leads a new epoch with one follower. A FOLLOWERINFO of the other follower comes to "
            "it, which was sent to it in the old epoch, and the leader takes that connection for a new one. It answers "
            "with fewer messages than the follower has heard already, and all but the pings are thrown away. So this "
            "follower hears that its leader is there, and stays in the old epoch for ever."
        ),
    ),
)
