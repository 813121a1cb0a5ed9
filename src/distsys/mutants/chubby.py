"""Chubby gone wrong: locks without fences, leases that are trusted too long, caches that are not told."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from distsys.core.node import Node
from distsys.core.systems import NodeMutant
from distsys.core.values import Map
from distsys.protocols.multipaxos_leases import LeasedMultiPaxos, local
from distsys.protocols.replication import Role
from distsys.services.chubby.calls import Acquire
from distsys.services.chubby.cell import Applier, Cell, Done, service
from distsys.services.chubby.clients import FileClient, LockClient, Resource
from distsys.services.chubby.library import Standing
from distsys.services.chubby.locking import Lock
from distsys.services.chubby.server import Asker, ChubbyServer, Write
from distsys.services.chubby.talk import Answer, Ask

PAPER = "Burrows 2006, The Chubby lock service"
KLEPPMANN = "Kleppmann 2016, How to do distributed locking"
OUR_OWN = "our own code: found by this law while this book was written"
OUR_DESIGN = "our own design: seen on paper before it was written"


class LooksAtNoSequencer(Resource):
    """LOCK-01."""

    def is_too_old(self, path: str, place: tuple[int, int]) -> bool:
        return False


class CountsNothing(Applier):
    """LOCK-02."""

    def next_lock(self, lock: Lock, request: Acquire) -> Lock:
        return replace(super().next_lock(lock, request), generation=1)


class SameGeneration(ChubbyServer):
    """LOCK-02."""

    service = service(CountsNothing())


class EveryEndIsClean(Applier):
    """LOCK-03."""

    def ended(self, state: Cell, index: int, session: str, *, clean: bool) -> Done:
        return super().ended(state, index, session, clean=True)


class NoLockDelay(ChubbyServer):
    """LOCK-03."""

    service = service(EveryEndIsClean())


class CountsFromTheAnswer(LockClient):
    """LOCK-04."""

    def lease_end(self, sent_at: int, held: int, lease: int) -> int:
        return self.now + local(lease, self.drift_ppm)


class WritesAtOnce(ChubbyServer):
    """LOCK-05."""

    def may_enter(self, write: Write) -> bool:
        return True


class NoNewLeases(ChubbyServer):
    """LOCK-06."""

    def first_leases(self) -> Map[str, int]:
        return Map(dict.fromkeys(self.state.sessions, self.now))


class LeadsAsLongAsItLikes(LeasedMultiPaxos):
    """LOCK-06b."""

    def holds_lease(self, now: int) -> bool:
        return self.role is Role.LEADER


class TwoMasters(ChubbyServer):
    """LOCK-06b."""

    below: ClassVar[type[Node]] = LeadsAsLongAsItLikes


class NeverInJeopardy(FileClient):
    """LOCK-07."""

    def look_at_the_clock(self) -> None:
        """Time does not matter."""

    def is_safe(self) -> bool:
        return self.standing is Standing.SAFE


class KeepsWhatCameLate(FileClient):
    """LOCK-08."""

    def may_keep(self, answer: Answer) -> bool:
        return answer.epoch == self.epoch


class LookedAtTheLockBefore(Applier):
    """LOCK-10."""

    def obstacle(self, lock: Lock, request: Acquire) -> str:
        return ""


class GrantsWhatLookedFree(ChubbyServer):
    """LOCK-10."""

    service = service(LookedAtTheLockBefore())


class BeginsWhatEnds(ChubbyServer):
    """LOCK-11."""

    def answer_begun(self, session: str, asker: Asker) -> None:
        ending, self.ending = self.ending, frozenset()
        super().answer_begun(session, asker)
        self.ending = ending


class WaitsForTheDead(ChubbyServer):
    """LOCK-12."""

    def forget(self, session: str) -> None:
        before = self.unflushed
        super().forget(session)
        self.unflushed = before


class TakesASnapshotAsAFollower(ChubbyServer):
    """LOCK-13."""

    def on_restored(self, state: Cell) -> None:
        self.state = state


class ForgetsANewerCopy(ChubbyServer):
    """LOCK-14."""

    def is_to_forget(self, session: str, path: str) -> bool:
        return False


class TakesLateCopiesOfCalls(ChubbyServer):
    """LOCK-15."""

    def is_overtaken(self, ask: Ask) -> bool:
        return False


LOCKS, FILES = "multipaxos-chubby-locks", "multipaxos-chubby"
MUTANTS = (
    NodeMutant(
        id="LOCK-01",
        title="A server that looks at no sequencer",
        system=LOCKS,
        classes={"resource": LooksAtNoSequencer},
        breaks="fencing",
        source=f"{KLEPPMANN}; {PAPER}, section 2.4",
        story=(
            "A client sends a request under a lock, and the request is slow. Meanwhile the lock passes to another "
            "client, whose requests are done. Then the slow one arrives, and the server does it, too: what the "
            "second client has written under its lock is overwritten by the first."
        ),
        options={"nodes": 1, "delay_ms": 0},
        depth=10,
        scenario="distsys.lab.chubby_runs:SLOW_REQUEST",
    ),
    NodeMutant(
        id="LOCK-02",
        title="Sequencers that are all the same",
        system=LOCKS,
        classes={"server": SameGeneration},
        breaks="lock generation grows",
        source=f"{PAPER}, section 2.4",
        story=(
            "The lock generation is set when the lock is first acquired and stays what it is when the lock passes "
            "on. Each holder has the same sequencer. A server that compares them carefully cannot tell an earlier "
            "holder from a later one."
        ),
        options={"nodes": 1, "clients": 1, "requests": 0},
        depth=7,
    ),
    NodeMutant(
        id="LOCK-03",
        title="No lock-delay",
        system=LOCKS,
        classes={"server": NoLockDelay},
        breaks="lock-delay",
        source=f"{PAPER}, section 2.4",
        story=(
            "A session ends because its lease is over, and its lock is free at once, as if it had been released. The "
            "next client has it a moment later. Requests of the first one may still be under way to a server that "
            "looks at no sequencers."
        ),
        options={"nodes": 1, "delay_ms": 2_000},
        depth=8,
        scenario="distsys.lab.chubby_runs:LOST_HOLDER",
    ),
    NodeMutant(
        id="LOCK-04",
        title="A lease that begins when the answer arrives",
        system=LOCKS,
        classes={"client": CountsFromTheAnswer},
        breaks="client lease ends first",
        source=f"{PAPER}, section 2.8",
        story=(
            "A client counts its lease from the moment at which the answer to its KeepAlive arrives. The answer was "
            "slow, and for that long the lease of the master had been running already. The master ends the session, "
            "and the client goes on as if it had one."
        ),
        options={"nodes": 1, "lease_ms": 300, "hold_ms": 60},
        klass="D",
        seeds_max=5_000,
        depth=7,
        scenario="distsys.lab.chubby_runs:SLOW_ANSWER",
    ),
    NodeMutant(
        id="LOCK-05",
        title="A write that waits for no cache",
        system=FILES,
        classes={"server": WritesAtOnce},
        breaks="cache consistency",
        source=f"{PAPER}, section 2.7",
        story=(
            "A file is written while a client has a copy of it. The master tells the client to forget the copy, and "
            "does not wait until it has. The write is acknowledged, and after that the client reads its copy."
        ),
        options={"nodes": 1, "files": 1},
        depth=9,
        scenario="distsys.lab.chubby_runs:OLD_READ",
    ),
    NodeMutant(
        id="LOCK-06",
        title="A new master that ends all sessions",
        system=FILES,
        classes={"server": NoNewLeases},
        breaks="session survives fail-over",
        source=f"{PAPER}, sections 2.8 and 2.9",
        story=(
            "A master fails, and a new one takes over. It finds the sessions in the log, but no leases, which were "
            "never written down. It takes them for over and ends all sessions, whose clients rely on leases of the "
            "old master."
        ),
        options={"nodes": 1},
        klass="D",
        seeds_max=5_000,
        depth=10,
        scenario="distsys.lab.chubby_runs:NO_LEASES",
    ),
    NodeMutant(
        id="LOCK-06b",
        title="A master that looks at no lease",
        system=FILES,
        classes={"server": TwoMasters},
        breaks="single master",
        source=f"{PAPER}, section 2.2",
        story=(
            "A master is cut off from the other replicas, but not from the clients. The others elect a new one. The "
            "old one has heard of no later ballot and takes itself for the master, so it extends a session and "
            "answers a read, while the new one takes writes."
        ),
        options={"clients": 1},
        klass="Q",
        depth=14,
        scenario="distsys.lab.chubby_runs:OLD_MASTER",
    ),
    NodeMutant(
        id="LOCK-07",
        title="A client that knows no jeopardy",
        system=FILES,
        classes={"client": NeverInJeopardy},
        breaks="no operation on an expired session",
        source=f"{PAPER}, section 2.8",
        story=(
            "A client hears nothing of the master until its lease is over, and does not look at the clock. Its "
            "session has ended long ago, and others may have written the files of which it has copies. It goes on "
            "reading these copies."
        ),
        options={"nodes": 1, "files": 1},
        depth=6,
        scenario="distsys.lab.chubby_runs:OLD_COPY",
    ),
    NodeMutant(
        id="LOCK-08",
        title="A copy that comes after its invalidation",
        system=FILES,
        classes={"client": KeepsWhatCameLate},
        breaks="cache consistency",
        source=OUR_DESIGN,
        story=(
            "The master answers a read, and the answer is slow. Then the file is written: the client is told to "
            "forget its copy, has none, says so, and the write goes on. Now the slow answer arrives, and the client "
            "keeps what it brings. Nobody will ever tell it to forget that copy."
        ),
        options={"nodes": 1, "files": 1},
        klass="D",
        seeds_max=5_000,
        depth=11,
        scenario="distsys.lab.chubby_runs:LATE_COPY",
    ),
    NodeMutant(
        id="LOCK-10",
        title="A lock that looked free",
        system=LOCKS,
        classes={"server": GrantsWhatLookedFree},
        breaks="lock exclusivity",
        source="our own variant of ETCD-07, a compare that is evaluated when the request arrives",
        story=(
            "Two clients wait for a lock, and the master looks whether it is free before it enters their calls into "
            "the log. It is, for both of them. When the second entry is applied nobody looks again, so both have the "
            "lock."
        ),
        options={"clients": 3},
        depth=16,
        scenario="distsys.lab.chubby_runs:BOTH_HAVE_IT",
    ),
    NodeMutant(
        id="LOCK-11",
        title="A session begins while it ends",
        system=LOCKS,
        classes={"server": BeginsWhatEnds},
        breaks="client lease ends first",
        source=OUR_OWN,
        story=(
            "A client asks for a session, and as the answer is slow it asks again. The lease of the session is over "
            "before the second call is answered, so the master has entered the end of the session into the log "
            "already. It answers that the session has begun, and an entry later it has ended."
        ),
        klass="Q",
        depth=12,
        scenario="distsys.lab.chubby_runs:ASKED_TWICE",
    ),
    NodeMutant(
        id="LOCK-12",
        title="A new master waits for the dead",
        system=LOCKS,
        classes={"server": WaitsForTheDead},
        breaks="clients are served in the end",
        source=f"{PAPER}, section 2.9, step 6: until each session acknowledges the fail-over or ends",
        story=(
            "A new master takes no calls until all sessions have said that they know of the fail-over. The client of "
            "one of them is gone, and its session ends. The master goes on to wait for its answer, and takes no "
            "calls ever again."
        ),
        klass="L",
        options={"nodes": 1, "clients": 1},
        depth=12,
        scenario="distsys.lab.chubby_runs:DEAD_CLIENT",
    ),
    NodeMutant(
        id="LOCK-13",
        title="A leader that gets its own first entry in a snapshot",
        system=LOCKS,
        classes={"server": TakesASnapshotAsAFollower},
        breaks="clients are served in the end",
        source=OUR_OWN,
        story=(
            "A new leader is behind: its first entry is decided, and an earlier one is not known to it yet. Another "
            "replica has applied both and sends a snapshot in place of the entries. The leader never sees its first "
            "entry applied, so it does not become the master. As it leads, nobody else does."
        ),
        klass="L",
        options={"clients": 1, "snapshot_every": 2},
        depth=9,
        scenario="distsys.lab.chubby_runs:FIRST_ENTRY_IN_A_SNAPSHOT",
    ),
    NodeMutant(
        id="LOCK-14",
        title="A word about an old copy takes a new one away",
        system=FILES,
        classes={"server": ForgetsANewerCopy},
        breaks="cache consistency",
        source=OUR_OWN,
        story=(
            "A client is told to forget its copy. It writes the file itself, and reads it again, before its word that "
            "it has forgotten arrives. The master takes that word for one about the new copy. The next write of "
            "another client waits for nobody, and the first client reads what was there before it."
        ),
        options={"nodes": 1, "files": 1},
        depth=22,
        scenario="distsys.lab.chubby_runs:NEWER_COPY",
    ),
    NodeMutant(
        id="LOCK-15",
        title="A late copy of a call takes the place of the open one",
        system=FILES,
        classes={"server": TakesLateCopiesOfCalls},
        breaks="clients are served in the end",
        source=OUR_OWN,
        story=(
            "A session has one open call, and the master notes who waits for its answer. While that call is in the log "
            "a copy of an earlier one arrives, which was slow. The master enters it, to answer it once more, and notes "
            "it in the place of the other. That one is applied, and nobody is there to be answered."
        ),
        klass="L",
        options={"clients": 1, "files": 1, "think_ms": 20, "operations": 60},
        depth=22,
        scenario="distsys.lab.chubby_runs:LATE_CALL",
    ),
)
