"""Multi-Paxos gone wrong. Each class is one small change that somebody has made, or that we had ourselves."""

from __future__ import annotations

from typing import Any

from distsys.core.systems import NodeMutant
from distsys.core.values import Map
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.multipaxos_messages import Lacks, Members, Promise
from distsys.protocols.multipaxos_snapshots import SnapshotMultiPaxos
from distsys.protocols.paxos_messages import Ballot
from distsys.protocols.raft_messages import Entry
from distsys.protocols.replication import Committed

PAPER = "Lamport 2001, Paxos Made Simple"


class AppliesWhatIsChosen(ReconfigurableMultiPaxos):
    """PAX-08."""

    def apply(self) -> None:
        for slot, value in self.chosen.items():
            if slot > self.last_applied:
                self.last_applied = slot
                self.output(Committed(slot, Entry(0, value)))
        super().apply()


class TellsOfOneSlot(ReconfigurableMultiPaxos):
    """PAX-10."""

    def promise_for(self, ballot: Ballot, first_slot: int) -> Promise:
        told = super().promise_for(ballot, first_slot)
        votes = {slot: vote for slot, vote in told.votes.items() if slot == first_slot}
        return Promise(ballot, first_slot, Map(votes))


class WhoLeftKeepsItToItself(ReconfigurableMultiPaxos):
    """PAX-14."""

    def on_election_timeout(self) -> None:
        if self.name in self.electorate():
            super().on_election_timeout()
        else:
            self.restart_election_timer()

    def on_lacks(self, sender: str, message: Lacks) -> None:
        SnapshotMultiPaxos.on_lacks(self, sender, message)


class AsksWhereItHasApplied(ReconfigurableMultiPaxos):
    """PAX-15."""

    def apply(self) -> None:
        before = self.next_slot
        super().apply()
        self.next_slot = before


class MembersCountAtOnce(ReconfigurableMultiPaxos):
    """PAX-16."""

    def on_applied(self, slot: int, value: Any) -> None:
        if isinstance(value, Members):
            self.configurations = self.configurations.set(slot + 1, value.names)


MUTANTS = (
    NodeMutant(
        id="PAX-08",
        title="A decision is applied before an earlier one",
        system="multi-paxos",
        classes={"server": AppliesWhatIsChosen},
        breaks="state machine safety",
        depth=12,
        source=f"{PAPER}, section 3, gaps; DSLabs lab 3, the test of logs with holes",
        story=(
            "A replica applies each decision as soon as it hears of it. The second slot is decided before the "
            "first, and the replica goes on without the first. Another replica applies both."
        ),
    ),
    NodeMutant(
        id="PAX-10",
        title="Phase 1 for one slot only",
        system="multi-paxos",
        classes={"server": TellsOfOneSlot},
        breaks="P2c",
        depth=14,
        source=f"{PAPER}, section 3",
        story=(
            "A promise tells of the first open slot only. There are votes in later ones, and one of these values "
            "may be chosen. The new leader takes these slots for free and asks for votes for other commands."
        ),
    ),
    NodeMutant(
        id="PAX-14",
        title="Who has left keeps the last decision to itself",
        system="multi-paxos",
        classes={"server": WhoLeftKeepsItToItself},
        breaks="everything is applied in the end",
        klass="L",
        depth=26,
        source="our own code: found by the swarm while this book was written",
        story=(
            "The last members of an old configuration decide who the new ones are, and with that they are no "
            "members any more and fall silent. Nobody among the new ones has heard of the decision. They wait "
            "for somebody to lead, and nobody does."
        ),
        options={"nodes": 5, "alpha": 2, "changes": 4},
    ),
    NodeMutant(
        id="PAX-15",
        title="A leader asks in a slot that it has applied",
        system="multi-paxos",
        classes={"server": AsksWhereItHasApplied},
        breaks="everything is applied in the end",
        klass="L",
        depth=14,
        scenario="distsys.lab.multi_paxos_runs:STALE_SLOT",
        source="our own code: found by the swarm while this book was written",
        story=(
            "Others decide the first slot, and the leader of an older ballot hears of the decision and applies it. "
            "Its next slot is still the first one. That decision said that it is the only member now, so nobody "
            "else asks for votes any more. It asks for votes in the first slot, whose members are the old ones, "
            "and waits for theirs for ever."
        ),
        options={"alpha": 1, "changes": 4, "nodes": 3},
    ),
    NodeMutant(
        id="PAX-16",
        title="New members count at once",
        system="multi-paxos",
        classes={"server": MembersCountAtOnce},
        breaks="P2c",
        depth=16,
        source=f"{PAPER}, section 3, the last paragraph",
        story=(
            "A change of the members counts from the next slot on. But the leader has opened that slot already, "
            "and asks the old members. The new ones, who have heard of nothing but the change, decide it as well."
        ),
        options={"alpha": 2, "changes": 4, "nodes": 5},
        scenario="distsys.lab.multi_paxos_runs:AT_ONCE",
    ),
)
