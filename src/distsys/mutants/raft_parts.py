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
from distsys.services.kv_client import KvClient
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicated import Reply

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


class AsksOnce(KvClient):
    """RAFT-35."""

    def on_timeout(self, timer: str) -> None:
        if timer != "retry":
            super().on_timeout(timer)


MUTANTS = (
    NodeMutant(
        id="RAFT-13",
        title="A leader answers reads from its own state",
        system="raft-kv",
        classes={"server": AnswersFromItsOwnState},
        breaks="linearizability",
        depth=11,
        source=f"etcd before 0.5, in Kingsbury 2014; {DISSERTATION}, section 6.4",
        story=(
            "A leader answers reads from its own state and asks nobody. Others elect a new leader and it has "
            "not heard of that yet, for messages are slow or the network is split. A client writes at the "
            "new leader, and another one reads at the old one what is no longer so."
        ),
        scenario="distsys.lab.scenarios_raft:STALE_READ",
        klass="D",
        seeds_max=5_000,
    ),
    NodeMutant(
        id="RAFT-14",
        title="Reads begin before the term does",
        system="raft-kv",
        classes={"server": ReadsTooEarly},
        breaks="linearizability",
        klass="X",
        depth=16,
        source=f"etcd-io/etcd issue 7331; {DISSERTATION}, section 6.4, step 1",
        story=(
            "A new leader serves reads before an entry of its own term is committed. Its log has all that the "
            "last leader committed, but it does not know yet how far that went, and has not applied it. A "
            "client reads a state in which a write that was answered is missing."
        ),
        options={"reads": "index"},
        scenario="distsys.lab.scenarios_raft:NOT_YET_KNOWN",
    ),
    NodeMutant(
        id="RAFT-15",
        title="No sessions: a retry is done twice",
        system="raft-kv",
        classes={"server": KnowsNoSessions},
        breaks="linearizability",
        depth=9,
        source=f"{DISSERTATION}, section 6.3",
        story=(
            "The store has no sessions and does not know which commands it has done. A command comes twice: "
            "here the network makes a second copy of it, and a client that asks again after a lost answer "
            "has the same effect. It is done twice, and no order of the operations explains what clients "
            "read afterwards."
        ),
        scenario="distsys.lab.scenarios_raft:ASKED_TWICE",
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
        story=(
            "A snapshot holds the data and not the table of sessions. A server that starts from a snapshot "
            "has the data and no longer knows which commands it has done. It would do a retry again, and "
            "the others would not: they are in different states."
        ),
        seeds_max=5_000,
        options={"snapshot_every": 2},
        scenario="distsys.lab.scenarios_raft:SESSIONS_LOST",
    ),
    NodeMutant(
        id="RAFT-17",
        title="An old snapshot is installed",
        system="raft-kv",
        classes={"server": SnapshotsGoBack},
        breaks="leader completeness",
        klass="D",
        depth=16,
        source="etcd-io/etcd pull request 1763",
        story=(
            "A follower installs each snapshot of its leader, also one that is older than its own state, "
            "and drops its log. A copy that comes late takes the server back in time, and what it has "
            "acknowledged since is gone. It may then vote for a server that never had it."
        ),
        seeds_max=5_000,
        options={"snapshot_every": 2},
        scenario="distsys.lab.scenarios_raft:BACK_IN_TIME",
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
        story=(
            "A server puts its whole log into a snapshot, with the tail that is not committed. Another "
            "leader commits other entries in those places. The snapshot keeps what never happened, and the "
            "replicas differ."
        ),
        seeds_max=5_000,
        options={"snapshot_every": 2},
        scenario="distsys.lab.scenarios_raft:SNAPSHOT_OF_A_TAIL",
    ),
    NodeMutant(
        id="RAFT-19",
        title="A new leader changes the members at once",
        system="raft-members",
        classes={"server": ChangesBeforeItsTermBegan},
        breaks="leader completeness",
        klass="X",
        depth=20,
        source="Ongaro, raft-dev, 10 July 2015",
        story=(
            "A new leader changes the members before it has committed an entry of its term. The last leader "
            "had begun a change that this one has never seen. The two configurations are two steps apart, "
            "so their majorities need not meet, and what the one commits the other may lose."
        ),
        options={"joint": False, "voters": 4},
        scenario="distsys.lab.raft_member_runs:TWO_CHANGES",
    ),
    NodeMutant(
        id="RAFT-20",
        title="A change before the last one is committed",
        system="raft-members",
        classes={"server": ChangesTwiceAtOnce},
        breaks="leader completeness",
        klass="X",
        depth=18,
        source=f"{DISSERTATION}, section 4.1",
        story=(
            "A leader begins a change of members while the last one is not committed. Servers that have heard "
            "of neither change still count by the old configuration, two steps from that of the leader. A "
            "majority of the one and a majority of the other need not have a server in common: one commits "
            "what the other never sees."
        ),
        options={"joint": False},
        scenario="distsys.lab.raft_member_runs:TWO_AT_ONCE",
    ),
    NodeMutant(
        id="RAFT-21",
        title="The client hears OK too early",
        system="raft-kv",
        classes={"server": AnswersBeforeItIsCommitted},
        breaks="linearizability",
        depth=11,
        source="Ongaro and Ousterhout 2014, section 8; Jepsen on Redis-Raft 1b3fbf6",
        story=(
            "A leader answers when it has the entry itself, and not when it is committed and applied. Others "
            "elect a leader that has never seen the entry, and a client reads there. What was acknowledged "
            "is not in what it reads."
        ),
        scenario="distsys.lab.scenarios_raft:NEVER_COMMITTED",
    ),
    NodeMutant(
        id="RAFT-24",
        title="Who was removed goes on to campaign",
        system="raft-members",
        classes={"server": CampaignsWithoutAsking},
        breaks="an agreed leader stays",
        klass="L",
        source=f"Ongaro and Ousterhout 2014, section 6; {DISSERTATION}, section 9.6",
        story=(
            "A server campaigns without asking first whether it could win, and voters listen although they "
            "hear a leader. One that was removed, and was not told, hears nobody, so it raises the term again "
            "and again. Each time a leader steps down with whom nothing was wrong. In the stored run it does "
            "so just before the end, so the end finds no leader at all."
        ),
    ),
    NodeMutant(
        id="RAFT-31",
        title="A pre-vote is refused without a term",
        system="raft-members",
        classes={"server": RefusesWithoutItsTerm},
        breaks="one leader in the end",
        klass="L",
        source="our own code: found while this book was written",
        story=(
            "Who refuses a pre-vote does not say which term it is in. The server with the good log asks for "
            "a term that others have passed, and nobody tells it. It asks for the same term for ever, the "
            "others cannot win, and nobody leads."
        ),
        seeds_max=5_000,
        options={"nodes": 2, "voters": 2},
        depth=10,
        scenario="distsys.lab.scenarios_raft:NOBODY_TELLS_THE_TERM",
    ),
    NodeMutant(
        id="RAFT-32",
        title="Log and snapshot are two records",
        system="raft-kv",
        classes={"server": TwoRecords},
        breaks="assertion",
        klass="D",
        source=f"{DISSERTATION}, section 5.1",
        story=(
            "Log and snapshot are written one after the other, as two records, and the server crashes in "
            "between. It comes back with a log that begins where no snapshot ends, and what lies between is "
            "gone."
        ),
        seeds_max=5_000,
        options={"snapshot_every": 2},
        depth=12,
        scenario="distsys.lab.scenarios_raft:BETWEEN_TWO_RECORDS",
    ),
    NodeMutant(
        id="RAFT-34",
        title="The new majority decides alone",
        system="raft-members",
        classes={"server": NewMajorityOnly},
        breaks="leader completeness",
        klass="D",
        source="Ongaro and Ousterhout 2014, section 6",
        story=(
            "While members change, only a majority of the new ones is asked. Servers that have not heard of "
            "the change still count by the old ones. The two majorities need not meet, and a leader can be "
            "elected that lacks what was committed."
        ),
        options={"joint": True},
        depth=18,
        scenario="distsys.lab.raft_member_runs:NEW_DECIDE",
    ),
    NodeMutant(
        id="RAFT-35",
        title="A client asks once",
        system="raft-kv",
        classes={"client": AsksOnce},
        breaks="clients are served in the end",
        klass="L",
        source="Ongaro and Ousterhout 2014, section 8",
        story=(
            "A client sends its call once and then only waits. Here no leader is elected yet when the call "
            "comes, and the server says so; a call that is lost, or a leader that crashes with it, has the "
            "same effect. A moment later there is a leader, ready to serve, and nobody asks it."
        ),
    ),
)
