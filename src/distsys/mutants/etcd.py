"""etcd gone wrong: bugs of the real one, and of locks and watches that people built on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.systems import NodeMutant
from distsys.services import ordered
from distsys.services.etcd import mvcc, transactions, watches
from distsys.services.etcd.api import Compare, CompareResult, CompareTarget, LeaseRevokeRequest, TxnRequest
from distsys.services.etcd.applier import Applier, State
from distsys.services.etcd.lock_client import LockClient
from distsys.services.etcd.member import Member
from distsys.services.etcd.messages import Proposal
from distsys.services.etcd.streams import EtcdServer, Stream, ToMember
from distsys.services.etcd.watches import Watch

API = "https://etcd.io/docs/v3.5/learning/api_guarantees/"


class WaitedLongEnough(LockClient):
    """ETCD-01."""

    def on_turn(self, revision: int) -> None:
        self.has_the_lock(revision)


class DeposedLeaderCounts(EtcdServer):
    """ETCD-02."""

    def on_expired(self, id: int) -> None:
        if ordered.get(self.state.leases.granted, id):
            self.propose(LeaseRevokeRequest(id, expired=True))

    def on_not_leader(self, proposal: Proposal, leader: str | None) -> None:
        Member.on_not_leader(self, proposal, leader)


class IndexBeforeData(EtcdServer):
    """ETCD-03."""

    def save_soon(self) -> None:
        self.persist(applied=self.applied)
        super().save_soon()


class CompactedWatchGoesOn(EtcdServer):
    """ETCD-04."""

    def push_watch(self, client: str, watch: Watch) -> bool:
        store = self.state.store
        if watches.compacted(store, watch) is not None:
            watch = replace(watch, next_revision=store.revision + 1)
            self.keep(client, self.streams[client].having(watch))
        return super().push_watch(client, watch)


class SlowWatcherLosesEvents(EtcdServer):
    """ETCD-05."""

    def push(self, client: str) -> None:
        super().push(client)
        if not self.has_room(client):
            stream, revision = self.streams[client], self.state.store.revision
            moved = tuple(replace(watch, next_revision=revision + 1) for watch in stream.watches)
            self.keep(client, replace(stream, watches=moved))


class ProgressOvertakesEvents(EtcdServer):
    """ETCD-06."""

    def push(self, client: str) -> None:
        if self.streams[client].asked:
            self.push_progress(client)
        super().push(client)


class ComparesOnArrival(EtcdServer):
    """ETCD-07."""

    def prepared(self, request: Any) -> Any:
        if isinstance(request, TxnRequest) and request.compare:
            never = Compare(CompareResult.LESS, CompareTarget.VERSION, request.compare[0].key, 0)
            holds = transactions.path(self.state.store, request)[0]
            return replace(request, compare=() if holds else (never,))
        return super().prepared(request)


class DropsTheNewestTombstone(Applier):
    """ETCD-08."""

    def compact(self, store: mvcc.Store, revision: int) -> mvcc.Store:
        found = ordered.items(super().compact(store, revision).backend)
        backend = ordered.built((place, kv) for place, kv in found if kv.version or place[0] > revision)
        return replace(mvcc.restored(backend, revision), revision=store.revision)


class ForgetsItsRevision(EtcdServer):
    """ETCD-08."""

    applier = DropsTheNewestTombstone()


class SnapshotRewindsWatches(EtcdServer):
    """ETCD-09."""

    def on_restored(self, index: int, state: State) -> None:
        for client, stream in self.streams.items():
            back = (replace(watch, next_revision=watch.request.start_revision) for watch in stream.watches)
            self.keep(client, replace(stream, watches=tuple(back)))
        super().on_restored(index, state)


class SplitsRevisions(EtcdServer):
    """ETCD-10."""

    def respond(self, client: str, response: Any) -> None:
        for piece in watches.fragments(response, 1):
            super().respond(client, replace(piece, fragment=False))


class ResumesAtTheLastRevision(EtcdServer):
    """ETCD-11."""

    def push_watch(self, client: str, watch: Watch) -> bool:
        sent = super().push_watch(client, watch)
        for moved in self.streams[client].watches:
            if sent and moved.id == watch.id and not self.has_room(client):
                last = replace(moved, next_revision=moved.next_revision - 1)
                self.keep(client, self.streams[client].having(last))
        return sent


class HalfAStream(EtcdServer):
    """ETCD-12."""

    def opens(self, stream: Stream, message: ToMember) -> bool:
        return message.stream > stream.number


class CatchesUpKeyByKey(EtcdServer):
    """ETCD-13."""

    def respond(self, client: str, response: Any) -> None:
        found = tuple(sorted(response.events, key=lambda event: event.kv.key))
        super().respond(client, replace(response, events=found))


MUTANTS = (
    NodeMutant(
        id="ETCD-01",
        title="A lock after its lease has ended",
        system="raft-etcd-locks",
        classes={"client": WaitedLongEnough},
        breaks="lock exclusivity",
        source="etcd-io/etcd issues 11456 and 9921, pull request 11408; Jepsen's report on etcd 3.4.3",
        story=(
            "A client waits for a lock, and the key before its own is deleted: it takes the lock without a look "
            "at its own key. While it waited it did not renew its lease, the lease ran out, and its key is gone "
            "as well, so two clients may believe that they have the lock. etcd's own lock service did this until pull "
            "request 11408. The check narrows the gap only: the lease may end while the answer is under way, and only "
            "a fencing token helps."
        ),
        options={"nodes": 1, "lockers": 2},
        depth=30,
    ),
    NodeMutant(
        id="ETCD-02",
        title="A deposed leader goes on to end leases",
        system="raft-etcd-locks",
        classes={"server": DeposedLeaderCounts},
        breaks="lease contract",
        source="etcd-io/etcd issues 15247 and 12528, pull request 16822",
        story=(
            "A member leads and counts the time of a lease; then another is elected, and clients renew the lease "
            "there. The old leader does not hear of that. When its own timer fires it asks for the revocation all "
            "the same, and as any member does that does not lead, it sends the request on to the leader. A lease "
            "that was renewed a moment ago ends, and with it a lock that somebody holds."
        ),
        klass="D",
        seeds_max=5_000,
        depth=40,
    ),
    NodeMutant(
        id="ETCD-03",
        title="The applied index without its data",
        system="raft-etcd",
        classes={"server": IndexBeforeData},
        breaks="members agree",
        source="etcd-io/etcd issue 13766, pull request 13854, and the post-mortem on it (pull request 13967)",
        story=(
            "A member writes the index of each entry to its disk at once and the data some time later, and "
            "crashes in between. When it comes up again Raft hands it the entries once more, and the index says "
            "that they are in the data already, so it skips them. From now on it lacks what all others have, and "
            "nothing tells unless hashes are compared. One member alone is enough to see it: its two lives differ."
        ),
        options={"nodes": 1, "watchers": 0, "compactions": 0},
        depth=8,
    ),
    NodeMutant(
        id="ETCD-04",
        title="A watch that skips what was compacted",
        system="raft-etcd",
        classes={"server": CompactedWatchGoesOn},
        breaks="watch resumable",
        source=f"the guarantees of etcd's watch API, which rule it out ({API})",
        story=(
            "A client was cut off, and creates its watch again from a revision in the past. That revision has "
            "been compacted meanwhile. The server lets the watch begin at the current revision in "
            "place of an error, so the client never learns that it has missed something, and what it built from "
            "the events is wrong for good."
        ),
        options={"nodes": 1, "compactions": 6, "ask_ms": 0},
        depth=20,
    ),
    NodeMutant(
        id="ETCD-05",
        title="A slow watcher loses events",
        system="raft-etcd",
        classes={"server": SlowWatcherLosesEvents},
        breaks="watch reliable",
        source="etcd-io/etcd issue 17529, where events were lost only after a compaction",
        story=(
            "A client takes its events in slowly, and the server has as many on their way to it as it will keep. "
            "The next events are dropped. When the client reads on it gets what comes later, and nothing says "
            "that something in between is missing."
        ),
        options={"nodes": 1, "ask_ms": 0, "window": 2},
        depth=20,
    ),
    NodeMutant(
        id="ETCD-06",
        title="A progress notification overtakes events",
        system="raft-etcd",
        classes={"server": ProgressOvertakesEvents},
        breaks="watch bookmarkable",
        source="etcd-io/etcd issue 15220",
        story=(
            "A client asks how far its watch has come while the watch is behind. The server answers at once, with "
            "the current revision of the store. The client believes that it has seen all up to there, and if it "
            "is cut off now it resumes after that revision: the events in between are lost. Kubernetes asks "
            "this of etcd to know how fresh its caches are."
        ),
        options={"nodes": 1},
        depth=20,
    ),
    NodeMutant(
        id="ETCD-07",
        title="Compares are evaluated too early",
        system="raft-etcd",
        classes={"server": ComparesOnArrival},
        breaks="linearizability",
        source=f"the guarantees of etcd's API, which rule it out: a transaction is atomic ({API})",
        story=(
            "A member evaluates the compares of a transaction when the request arrives, and lets the log order "
            "only what is to be done. A client asks to change a key if nobody has changed it since it looked, "
            "which is so at that moment. Another change has its turn in the log first, and is overwritten: a lost "
            "update, which is what transactions are there to prevent."
        ),
        options={"nodes": 2, "watchers": 0, "compactions": 0, "keys": 1},
        depth=25,
    ),
    NodeMutant(
        id="ETCD-08",
        title="A compaction forgets the current revision",
        system="raft-etcd",
        classes={"server": ForgetsItsRevision},
        breaks="revision monotonic",
        source="etcd-io/etcd issue 17780, pull requests 17815 and 6633",
        story=(
            "The last change of the store is a deletion, and a compaction at that very revision drops the "
            "tombstone, as it does with old ones. The member goes on with the right revision in memory. When it "
            "restarts it takes the revision from the newest version that it finds, which is an older one: the "
            "number that clients rely on to grow goes back."
        ),
        options={"nodes": 1, "watchers": 0, "compactions": 8, "keys": 1},
        klass="D",
        seeds_max=5_000,
        depth=12,
    ),
    NodeMutant(
        id="ETCD-09",
        title="A snapshot rewinds the watches",
        system="raft-etcd",
        classes={"server": SnapshotRewindsWatches},
        breaks="watch unique",
        source="etcd-io/etcd issue 15271",
        story=(
            "A member is cut off for so long that the leader sends it a snapshot. It installs it, and lets the "
            "watches that are connected to it begin again where they were created. They get events that they have "
            "had already, after later ones, and a client that follows them sees a key go back to an old value."
        ),
        klass="D",
        seeds_max=5_000,
        options={"snapshot_every": 2, "commit_ms": 0, "ask_ms": 0, "clients": 1, "keys": 1, "compactions": 0},
        depth=40,
    ),
    NodeMutant(
        id="ETCD-10",
        title="Events of one revision come apart",
        system="raft-etcd",
        classes={"server": SplitsRevisions},
        breaks="watch atomic",
        source=f"the guarantees of etcd's watch API, which rule it out ({API})",
        story=(
            "A transaction changes two keys, and the server sends the two events in two responses that do not say "
            "that they belong together. A client that acts between them sees half of a transaction, a state that "
            "the store was never in."
        ),
        options={"nodes": 1},
        depth=12,
    ),
    NodeMutant(
        id="ETCD-11",
        title="A watch resumes one revision too early",
        system="raft-etcd",
        classes={"server": ResumesAtTheLastRevision},
        breaks="watch unique",
        source=f"the guarantees of etcd's watch API, which rule it out ({API}); a classic off by one",
        story=(
            "A watch that has to wait for its client remembers the last revision that it has sent, and not the "
            "one after it. When the client reads on it gets the events of that revision a second time. Who counts "
            "events, or applies them to something, is wrong by one."
        ),
        options={"nodes": 1},
        depth=12,
    ),
    NodeMutant(
        id="ETCD-12",
        title="A restarted member goes on with half a stream",
        system="raft-etcd",
        classes={"server": HalfAStream},
        breaks="watch bookmarkable",
        source="our own code: found by this law while this book was written",
        story=(
            "A member restarts and has forgotten its streams. A client does not know and asks how far its watch "
            "has come, and the member takes this for the first request of a new stream. It has no watch on it, so "
            "nothing is behind, and it answers with the current revision: the client believes that it has seen "
            "events that nobody will ever send. A real connection breaks when a process dies; here that had to be "
            "said."
        ),
        options={"nodes": 1},
        depth=20,
    ),
    NodeMutant(
        id="ETCD-13",
        title="A watch catches up key by key",
        system="raft-etcd",
        classes={"server": CatchesUpKeyByKey},
        breaks="watch ordered",
        source=f"the guarantees of etcd's watch API, which rule it out ({API}); our own variant",
        story=(
            "A store can find what a watch lacks in two ways: in its history, change by change, or in its index, "
            "key by key. A server that takes the index shows all changes of one key, and then those of the next, so "
            "an older change comes after a newer one. Nothing is lost or comes twice; but a client that notes the "
            "revision of the last event, to resume after it, goes back in time."
        ),
        options={"nodes": 1},
        depth=12,
    ),
)
