"""Raft gone wrong as we had it ourselves: bugs that reviews, tests and the swarm found in this book's own code."""

from __future__ import annotations

from distsys.core.systems import NodeMutant
from distsys.protocols.raft_reads import Confirm, Confirmed, ReadingRaft
from distsys.protocols.raft_server import RaftServer
from distsys.services.raft_store import ReplicatedStore

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


class NamesTheRoundInANo(RaftServer):
    """RAFT-44."""

    def on_confirm(self, sender: str, message: Confirm) -> None:
        if message.term == self.current_term:
            self.become_follower(sender)
            self.restart_election_timer()
        self.send(sender, Confirmed(self.current_term, message.round))


class StoreWithRoundsInANo(ReplicatedStore):
    """RAFT-44."""

    below = NamesTheRoundInANo


MUTANTS = (
    NodeMutant(
        id="RAFT-41",
        title="Who leaves does not stand for election",
        system="raft-members",
        classes={"server": WhoLeavesDoesNotStand},
        breaks="one leader in the end",
        source=f"{DISSERTATION}, section 4.2.2; found by the swarm while this book was written",
        story=(
            "A leader that leaves the group does not stand for election any more, although its removal is "
            "not committed yet. Here it crashes, and is back as a follower. It has the longest log and refuses "
            "all others its vote, and without its vote nobody can win. So nobody leads, and the removal is "
            "never finished."
        ),
        options={"nodes": 2, "voters": 2, "changes": 30, "joint": False},
        klass="L",
    ),
    NodeMutant(
        id="RAFT-42",
        title="A lease after a hand-over that failed",
        system="raft-kv",
        classes={"server": StoreWithLeasesAfterAHandOver},
        breaks="linearizability",
        source="our own code, where a test found it; also tikv/raft-rs issue 234, etcd-io/raft issue 99",
        story=(
            "A leader hands over, the successor does not answer in time, and the leader goes on and reads "
            "by its lease again. Its order to take over comes late all the same, and the successor is "
            "elected without waiting for the lease to end. Two servers believe that they lead, and the old "
            "one answers a read with what is no longer so."
        ),
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
        source="our own code: found in a review while this book was written",
        story=(
            "A new leader does not forget that it was asking for pre-votes. It had asked once more just "
            "before it won, and answers to that come in now. They make it campaign against itself, and an "
            "agreed leader is gone."
        ),
        depth=8,
        scenario="distsys.lab.raft_found_runs:AGAINST_ITSELF",
    ),
    NodeMutant(
        id="RAFT-44",
        title="A no that is counted as a yes",
        system="raft-kv",
        classes={"server": StoreWithRoundsInANo},
        breaks="linearizability",
        source="our own code: found in a review while this book was written",
        story=(
            'A server that is asked "do I still lead?" by the leader of an earlier term answers with its own '
            "term, which is a no, and repeats the number of the round. The answer is late. Meanwhile the "
            "asker restarts, counts its rounds from 1 again and wins that very term: now the answer looks like "
            "the yes to a round that has not begun. Cut off from all others, it takes one such yes for the "
            "majority that it no longer has, and answers a read with what is no longer so."
        ),
        options={"reads": "index", "upkeep": 0, "keys": 1},
        klass="X",
        depth=45,
        scenario="distsys.lab.raft_found_runs:LATE_NO",
    ),
)
