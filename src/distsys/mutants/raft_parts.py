"""Raft gone wrong: members that change, leaders that are deposed, snapshots, reads and retries."""

from __future__ import annotations

from typing import Any

from distsys.core.log import Log
from distsys.core.systems import NodeMutant
from distsys.core.values import EMPTY
from distsys.protocols.raft_membership import Configuration
from distsys.protocols.raft_messages import Entry, Role
from distsys.protocols.raft_reads import PendingRead
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_snapshots import Compact, InstallSnapshot, Restored, Snapshot
from distsys.protocols.raft_stability import PreVote
from distsys.services import kv
from distsys.services.replicated import ReplicatedStore, Reply

DISSERTATION = "Ongaro 2014"


# Members, and leaders that stay.


class ChangesBeforeItsTermBegan(RaftServer):
    """RAFT-19."""

    def has_committed_in_its_term(self) -> bool:
        return True


class ChangesTwiceAtOnce(RaftServer):
    """RAFT-20."""

    def is_changing(self) -> bool:
        return False


class CampaignsWithoutAsking(RaftServer):
    """RAFT-24."""

    def on_election_timeout(self) -> None:
        if self.is_voter():
            self.campaign()

    def has_a_leader(self) -> bool:
        return False


class RefusesWithoutItsTerm(RaftServer):
    """RAFT-31."""

    def send(self, to: str, message: Any) -> None:
        super().send(
            to, PreVote(0, message.next_term, message.granted) if isinstance(message, PreVote) else message
        )


class NewMajorityOnly(RaftServer):
    """RAFT-34."""

    def configure(self) -> None:
        super().configure()
        self.configuration = Configuration(self.configuration.voters, self.configuration.learners)


# Snapshots.


class GoesBackToAnOldSnapshot(RaftServer):
    """RAFT-17."""

    def on_install_snapshot(self, sender: str, message: InstallSnapshot) -> None:
        if message.term == self.current_term and message.snapshot.last_index < self.commit_index:
            self.install(message.snapshot)
        super().on_install_snapshot(sender, message)

    def install(self, snapshot: Snapshot) -> None:
        self.write_snapshot(snapshot, Log(before_index=snapshot.last_index))
        self.commit_index = self.last_applied = snapshot.last_index
        self.output(Restored(snapshot))


class CompactsWhatItWasTold(RaftServer):
    """RAFT-18: the guard in Raft is gone; see CompactsItsWholeLog."""

    def on_compact(self, message: Compact) -> None:
        self.commit_index = self.last_applied = max(self.last_applied, message.index)
        super().on_compact(message)


class WritesTheLogFirst(RaftServer):
    """RAFT-32."""

    def write_snapshot(self, snapshot: Snapshot, log: Log[Entry]) -> None:
        self.persist(log=log)
        super().write_snapshot(snapshot, log)


class CompactsItsWholeLog(ReplicatedStore):
    """RAFT-18."""

    below = CompactsWhatItWasTold

    def compact(self) -> None:
        log, state = self.raft.log, self.state
        if log.last_index - log.before_index < self.snapshot_every:
            return
        for index in range(self.raft.last_applied + 1, log.last_index + 1):
            state, _, _ = kv.apply(state, index, log[index].command)
        self.state = state
        self.tell("raft", Compact(log.last_index, state))


class SnapshotsGoBack(ReplicatedStore):
    """RAFT-17."""

    below = GoesBackToAnOldSnapshot


class TwoRecords(ReplicatedStore):
    """RAFT-32."""

    below = WritesTheLogFirst


class LeavesSessionsOutOfSnapshots(ReplicatedStore):
    """RAFT-16."""

    def compact(self) -> None:
        if self.raft.last_applied - self.raft.log.before_index >= self.snapshot_every:
            self.tell("raft", Compact(self.raft.last_applied, kv.Store(self.state.data)))

    def on_output(self, inner: str, value: Any) -> None:
        super().on_output(inner, value)
        if isinstance(value, Restored):
            self.state = kv.Store(self.state.data, EMPTY)


# Reads, retries, answers.


class AnswersFromItsOwnState(ReplicatedStore):
    """RAFT-13."""

    def on_call(self, client: str, call: kv.Call) -> None:
        if isinstance(call.command, kv.Get) and self.raft.role is Role.LEADER:
            self.send(client, Reply(call.session, call.sequence, self.state.data.get(call.command.key)))
        else:
            super().on_call(client, call)


class ReadsBeforeItsTermBegan(RaftServer):
    """RAFT-14."""

    def begin_reads(self) -> None:
        if self.reads and not self.has_committed_in_its_term():
            self.ask_for_confirmation()
            self.reads = tuple(
                read if read.round else PendingRead(read.id, self.commit_index, self.round)
                for read in self.reads
            )
        super().begin_reads()


class ReadsTooEarly(ReplicatedStore):
    """RAFT-14."""

    below = ReadsBeforeItsTermBegan


class KnowsNoSessions(ReplicatedStore):
    """RAFT-15."""

    def apply(self, index: int, command: Any) -> tuple[kv.Store, Any]:
        if not isinstance(command, kv.Call):
            return self.state, None
        data, result = kv.execute(self.state.data, command.command)
        return kv.Store(data), result


class AnswersBeforeItIsCommitted(ReplicatedStore):
    """RAFT-21."""

    def on_call(self, client: str, call: kv.Call) -> None:
        leads = self.raft.role is Role.LEADER
        super().on_call(client, call)
        if leads and not isinstance(call.command, kv.Get):
            _, result, _ = kv.apply(self.state, 0, call)
            self.send(client, Reply(call.session, call.sequence, result))


MUTANTS = (
    NodeMutant(
        id="RAFT-13",
        title="A leader answers reads from its own state",
        system="raft-kv",
        classes={"server": AnswersFromItsOwnState},
        breaks="linearizability",
        depth=11,
        source=f"etcd before 0.5, in Kingsbury 2014; {DISSERTATION}, section 6.4",
        story="It was the leader a moment ago. Others have elected a new one, and a client reads what is no longer so.",
    ),
    NodeMutant(
        id="RAFT-14",
        title="Reads begin before the term does",
        system="raft-kv",
        classes={"server": ReadsTooEarly},
        breaks="linearizability",
        klass="D",
        depth=16,
        source=f"etcd-io/etcd issue 7331; {DISSERTATION}, section 6.4, step 1",
        story="A new leader does not know how far the last one had committed, and its reads miss the end.",
        options={"reads": "index"},
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-15",
        title="No sessions: a retry is done twice",
        system="raft-kv",
        classes={"server": KnowsNoSessions},
        breaks="linearizability",
        depth=8,
        source=f"{DISSERTATION}, section 6.3",
        story="The answer was lost, the client asks again, and its text stands there twice.",
    ),
    NodeMutant(
        id="RAFT-16",
        title="The sessions are not in the snapshot",
        system="raft-kv",
        classes={"server": LeavesSessionsOutOfSnapshots},
        breaks="replicas agree",
        klass="D",
        depth=14,
        source=f"{DISSERTATION}, section 6.3 with chapter 5",
        story="After a restart the store knows the data, and no longer which commands it has done.",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-17",
        title="An old snapshot is installed",
        system="raft-kv",
        classes={"server": SnapshotsGoBack},
        breaks="state machine safety",
        klass="D",
        depth=16,
        source="etcd-io/etcd pull request 1763",
        story="A snapshot that was long on its way takes a server back in time, and what came since is gone.",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-18",
        title="A snapshot of what is not committed",
        system="raft-kv",
        classes={"server": CompactsItsWholeLog},
        breaks="replicas agree",
        klass="D",
        depth=14,
        source=f"{DISSERTATION}, section 5.1",
        story="The tail of a log goes into a snapshot, another leader replaces the tail, and the snapshot keeps it.",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-19",
        title="A new leader changes the members at once",
        system="raft-members",
        classes={"server": ChangesBeforeItsTermBegan},
        breaks="leader completeness",
        source="Ongaro, raft-dev, 10 July 2015",
        story="A change of the last leader, unknown to this one, and one of its own are two steps: no overlap is left.",
        options={"joint": False, "voters": 4},
        scenario="distsys.lab.raft_member_runs:TWO_CHANGES",
    ),
    NodeMutant(
        id="RAFT-20",
        title="A change before the last one is committed",
        system="raft-members",
        classes={"server": ChangesTwiceAtOnce},
        breaks="leader completeness",
        klass="D",
        depth=18,
        source=f"{DISSERTATION}, section 4.1",
        story="Two steps in a row at a leader that is then cut off: its majority and the others' do not meet.",
        options={"joint": False},
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-21",
        title="The client hears OK too early",
        system="raft-kv",
        classes={"server": AnswersBeforeItIsCommitted},
        breaks="linearizability",
        depth=10,
        source="Ongaro and Ousterhout 2014, section 8; Jepsen on Redis-Raft 1b3fbf6",
        story="The leader has the entry, and is the only one. It is deposed, and what was acknowledged never was.",
    ),
    NodeMutant(
        id="RAFT-24",
        title="Who was removed goes on to campaign",
        system="raft-members",
        classes={"server": CampaignsWithoutAsking},
        breaks="an agreed leader stays",
        klass="L",
        source=f"Ongaro and Ousterhout 2014, section 6; {DISSERTATION}, section 9.6",
        story="A server that is no member hears no leader, raises its term, and deposes one leader after another.",
    ),
    NodeMutant(
        id="RAFT-31",
        title="A pre-vote is refused without a term",
        system="raft-members",
        classes={"server": RefusesWithoutItsTerm},
        breaks="one leader in the end",
        klass="L",
        source="found while this book was written",
        story="The one with the good log asks for a term that others have passed; nobody tells it, and nobody leads.",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-32",
        title="Log and snapshot are two records",
        system="raft-kv",
        classes={"server": TwoRecords},
        breaks="assertion",
        klass="D",
        source=f"{DISSERTATION}, section 5.1",
        story="Between the two writes the server crashes: the log begins where no snapshot ends.",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-34",
        title="The new majority decides alone",
        system="raft-members",
        classes={"server": NewMajorityOnly},
        breaks="leader completeness",
        klass="D",
        source="Ongaro and Ousterhout 2014, section 6",
        story="Between old and new only the new servers are asked, while others still count by the old ones.",
        options={"joint": True},
        seeds_max=5_000,
    ),
)
