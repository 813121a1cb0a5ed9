"""Raft gone wrong as we had it ourselves: bugs that reviews, tests and the swarm found in this book's own code."""

from __future__ import annotations

from distsys.core.systems import NodeMutant
from distsys.protocols.raft_reads import ReadingRaft
from distsys.protocols.raft_server import RaftServer
from distsys.services.replicated import ReplicatedStore

DISSERTATION = "Ongaro 2014"


class WhoLeavesDoesNotStand(RaftServer):
    """RAFT-41."""

    def may_stand(self) -> bool:
        return self.is_voter()


class LeasesAfterAHandOver(RaftServer):
    """RAFT-42."""

    def holds_a_lease(self) -> bool:
        return self.successor is None and ReadingRaft.holds_a_lease(self)


class KeepsItsPreVotes(RaftServer):
    """RAFT-43."""

    def maybe_become_leader(self) -> None:
        asked = self.pre_votes
        super().maybe_become_leader()
        self.pre_votes = asked


class StoreWithLeasesAfterAHandOver(ReplicatedStore):
    """RAFT-42."""

    below = LeasesAfterAHandOver


MUTANTS = (
    NodeMutant(
        id="RAFT-41",
        title="Who leaves does not stand for election",
        system="raft-members",
        classes={"server": WhoLeavesDoesNotStand},
        breaks="one leader in the end",
        source=f"{DISSERTATION}, section 4.2.2; found by the swarm while this book was written",
        story="The one that leaves has the longest log and refuses all others its vote: nobody leads.",
        options={"nodes": 2, "voters": 2, "changes": 30, "joint": False},
        klass="L",
    ),
    NodeMutant(
        id="RAFT-42",
        title="A lease after a hand-over that failed",
        system="raft-kv",
        classes={"server": StoreWithLeasesAfterAHandOver},
        breaks="linearizability",
        source="tikv/raft-rs issue 234; etcd-io/raft issue 99",
        story="The leader gave up and reads by lease again. Its order comes late, and a second leader is elected.",
        options={"reads": "lease", "upkeep": 0, "keys": 1},
        klass="X",
        depth=30,
        scenario="distsys.lab.raft_found_runs:STALE_LEASE",
    ),
    NodeMutant(
        id="RAFT-43",
        title="A new leader goes on to ask for pre-votes",
        system="raft-members",
        classes={"server": KeepsItsPreVotes},
        breaks="a leader does not campaign",
        source="found in a review while this book was written",
        story="It had asked again just before the last vote came; the answers make it campaign against itself.",
        klass="X",
        depth=8,
        scenario="distsys.lab.raft_found_runs:AGAINST_ITSELF",
    ),
)
