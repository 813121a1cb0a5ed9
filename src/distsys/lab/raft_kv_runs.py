"""A replicated store whose clients do as they are told, for the pages on reads and on snapshots of Raft.

The servers are those of the system `raft-kv`, correct or one of its mutants; the clients ask what a script says, one
command at a time, so that a run shows one idea. Each function that makes a run returns the same `Trace` on every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from distsys.checkers import History, Verdict, linearizable
from distsys.core import Log, systems
from distsys.core.events import Note, Send
from distsys.core.operations import INFO, INVOKE, OK
from distsys.core.systems import Cluster, Members, Request
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import record
from distsys.drivers import Heal, Partition, Simulator, Skew, link, perform, states
from distsys.drivers.schedules import crash, deliver, flow, request
from distsys.mutants import raft_parts
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry
from distsys.protocols.raft_reads import Confirm, Confirmed
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_snapshots import InstallSnapshot, Snapshot
from distsys.protocols.raft_systems import TIMING
from distsys.services import kv
from distsys.services.kv_client import KvClient
from distsys.services.raft_kv import RAFT_KV
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicated import Reply

from . import raft_words
from .raft_words import Story

SERVERS = ("n1", "n2", "n3")
CORRECT = "correct"
MUTANTS = {
    one.id: one.classes["server"]
    for one in raft_parts.MUTANTS
    if one.system == "raft-kv" and "server" in one.classes
}


@record
class Ask:
    """Somebody outside says: ask `server` to do `command`."""

    server: str
    command: Any


@record
class AskAgain:
    """Somebody outside says: ask `server` for what is still open."""

    server: str


@record
class GiveUp:
    """Somebody outside says: wait no longer; nobody knows whether it was done."""


class Teller(KvClient):
    """A client that asks what it is told, sends nothing again by itself, and outputs each `Operation`."""

    def on_start(self) -> None:
        """Wait to be told."""
        self.begin_a_life()

    def session(self) -> str:
        """Return the name, and after giving up a new one."""
        return self.name if self.life == 1 else super().session()

    def on_message(self, sender: str, message: Any) -> None:
        """Do what a script says, or take an answer."""
        match message:
            case Ask(server, command) if self.open is None:
                self.sequence += 1
                self.open = kv.Call(self.session(), self.sequence, command)
                self.report(INVOKE)
                self.send(server, self.open)
            case AskAgain(server) if self.open is not None:
                self.send(server, self.open)
            case GiveUp() if self.open is not None:
                self.report(INFO)
                self.begin_a_life()
            case Reply(session, sequence, result) if self.open is not None and (session, sequence) == (
                self.open.session,
                self.open.sequence,
            ):
                self.report(OK, result)
                self.open = None


class TakesAnySnapshot(RaftServer):
    """One half of RAFT-17: a snapshot that is older than the own state is installed, too."""

    def on_install_snapshot(self, sender: str, message: InstallSnapshot) -> None:
        """Install what comes late, before anything else."""
        if message.term == self.current_term and message.snapshot.last_index < self.commit_index:
            self.install(message.snapshot)
        super().on_install_snapshot(sender, message)


class KeepsNoRest(RaftServer):
    """The other half of RAFT-17: a snapshot that is installed leaves an empty log."""

    def write_snapshot(self, snapshot: Snapshot, log: Log[Entry]) -> None:
        """Throw away what the leader's snapshot leaves; what the server takes itself is written as it should be."""
        taken = snapshot.last_index <= self.last_applied
        super().write_snapshot(snapshot, log if taken else Log(before_index=snapshot.last_index))


class StoreThatTakesAnySnapshot(ReplicatedStore):
    """A replica with the one half of RAFT-17."""

    below = TakesAnySnapshot


class StoreThatKeepsNoRest(ReplicatedStore):
    """A replica with the other half."""

    below = KeepsNoRest


HALVES = {"takes any snapshot": StoreThatTakesAnySnapshot, "keeps no rest": StoreThatKeepsNoRest}


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    server = {one: options[one] for one in (*TIMING, "reads", "snapshot_every", "drift_ppm")}
    clients: Members = {name: ("client", {"servers": names, "operations": 0}) for name in ("ann", "bob")}
    return {**{name: (options["server"], {"voters": names, **server}) for name in names}, **clients}


def nothing(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return no requests: a script asks."""
    return ()


SYSTEM = systems.register(
    replace(
        RAFT_KV,
        name="kv-story",
        says="A key-value store on Raft, and two clients that ask what a script says.",
        classes={CORRECT: ReplicatedStore, "client": Teller, **MUTANTS, **HALVES},
        members=_members,
        laws=tuple(law for law in RAFT_KV.laws if law.name != "clients are served in the end"),
        options={"server": CORRECT, "reads": "index", "snapshot_every": 0, "drift_ppm": 1_000, **TIMING},
        workload=nothing,
        variants={},
        sights=(),
    )
)


def store(server: str | None = None, **options: Any) -> Cluster:
    """Return n1, n2 and n3, correct or of a mutant, and the clients ann and bob."""
    return systems.build("kv-story", server=server or CORRECT, **options)


def judged(trace: Trace) -> Verdict:
    """Return whether what the clients of a run heard is linearizable to a key-value store."""
    return linearizable(History.of(trace), "key-value")


# Words for schedules: the store embeds its Raft server under the name "raft".


elected = partial(raft_words.elected, inside="raft/")
FIRST_LEADER: Story = (*elected("n1", "n2"), flow("n1", "n2", "n3"))


# Reads.


def stale_read(server: str | None = None) -> Trace:
    """Return a run by the clock: n1 and bob are cut off, n2 and ann go on, and bob reads what ann has overwritten.

    When the cut has healed, bob asks n2, if he has no answer yet.
    """
    return Simulator(
        store(server, heartbeat_ms=200),
        seed=1,
        network=link(delay=5 * MS),
        script=(Partition(460 * MS, (("n1", "bob"), ("n2", "n3", "ann"))), Heal(940 * MS)),
        requests=(
            Request(400 * MS, "ann", Ask("n1", kv.Put("x", 1))),
            Request(820 * MS, "ann", Ask("n2", kv.Put("x", 2))),
            Request(870 * MS, "bob", Ask("n1", kv.Get("x"))),
            Request(950 * MS, "bob", AskAgain("n2")),
        ),
        until=980 * MS,
        settle=0,
    ).run()


EARLY_READ: Story = (
    *FIRST_LEADER,
    request("ann", Ask("n1", kv.Put("x", 1))),
    deliver("ann", "n1"),
    deliver("n1", "n2", AppendEntries),
    deliver("n2", "n1", Appended),  # n1 and n2 have it: committed, and n2 does not know that yet
    deliver("n1", "ann"),
    crash("n1"),
    *elected("n2", "n3", forget=("n2", "n3")),
    request("bob", Ask("n2", kv.Get("x"))),
    deliver("bob", "n2"),
    deliver("n2", "n3", Confirm),
    deliver("n3", "n2", Confirmed),
    flow("n2", "n3", "bob"),
)


def early_read(server: str | None = None) -> Trace:
    """Return a run in which a new leader is asked for a value before it has committed anything (RAFT-14)."""
    return perform(store(server), EARLY_READ, skip=server is None)


def messages_per_read(reads: str, nodes: int) -> int:
    """Return how many messages one read costs at a leader that has served one before, without heartbeats."""
    cluster = store(nodes=nodes, reads=reads)
    voters = cluster.servers[1 : nodes // 2 + 1]
    everybody = flow(*cluster.names, most=1_000)
    start = (*elected("n1", *voters, forget=voters if reads == "lease" else ()), everybody)
    ask = (request("ann", Ask("n1", kv.Get("x"))), everybody)
    before = perform(cluster, (*start, *ask))
    after = perform(cluster, (*start, *ask, *ask))
    return sum(isinstance(e, Send) for step in after.steps[len(before) :] for e in step.effects)


def time_of_read(reads: str, delay_ms: int = 5) -> int:
    """Return how many milliseconds a client waits for its second read, when each message takes `delay_ms`."""
    trace = Simulator(
        store(reads=reads),
        seed=1,
        network=link(delay=delay_ms * MS),
        requests=[Request(at * MS, "ann", Ask("n1", kv.Get("x"))) for at in (600, 680)],
        until=720 * MS,
        settle=0,
    ).run()
    asked, heard = [value.at for value in trace.outputs()["ann"]][-2:]
    return int((heard - asked) // MS)


def lease_read(skew_ppm: int, drift_ppm: int = 1_000, seed: int = 1) -> Trace:
    """Return a run with lease reads in which the clock of n1, the leader, runs slow by `skew_ppm`.

    n1 and bob are cut off; n2 is elected as soon as the others' promise ends, ann overwrites x, and bob reads at n1.
    """
    return Simulator(
        store(reads="lease", drift_ppm=drift_ppm, heartbeat_ms=100),
        seed,
        network=link(delay=1 * MS),
        script=(
            Skew(0, "n1", -skew_ppm),
            Partition(700 * MS, (("n1", "bob"), ("n2", "n3", "ann"))),
        ),
        requests=(
            Request(600 * MS, "ann", Ask("n1", kv.Put("x", 1))),
            Request(1_000 * MS, "ann", Ask("n2", kv.Put("x", 2))),
            Request(1_020 * MS, "bob", Ask("n1", kv.Get("x"))),
        ),
        until=1_060 * MS,
        settle=0,
    ).run()


def lease_margin(slow_ppm: int, fast_ppm: int = 0, drift_ppm: int = 1_000, seed: int = 1) -> int | None:
    """Return the microseconds of true time from the end of n1's lease to the election of another leader.

    The clock of n1 is slow by `slow_ppm`, those of the others are fast by `fast_ppm`, and n1 is cut off at 700 ms. Less
    than 0: two servers lead and one of them answers from its lease. None: nobody was elected while n1 led.
    """
    trace = Simulator(
        store(reads="lease", drift_ppm=drift_ppm, heartbeat_ms=100),
        seed,
        network=link(delay=1 * MS),
        script=(
            Skew(0, "n1", -slow_ppm),
            *(Skew(0, name, fast_ppm) for name in ("n2", "n3")),
            Partition(700 * MS, (("n1",), ("n2", "n3"))),
        ),
        laws=(),
        until=1_400 * MS,
        settle=0,
    ).run()
    ends = states(trace, lambda node: node.raft.lease_until if isinstance(node, ReplicatedStore) else 0)
    for step, end in zip(trace, ends, strict=True):
        if step.at > 700 * MS and any("leads term" in e.text for e in step.effects if isinstance(e, Note)):
            if step.node != "n1" and end["n1"]:
                return int(step.at - end["n1"] * 1_000_000 // (1_000_000 - slow_ppm))
            return None
    return None


# Retries.


def retry(server: str | None = None) -> Trace:
    """Return a run in which the answer to an append is slow, and ann asks again, and bob reads (RAFT-15)."""
    story = (
        *FIRST_LEADER,
        request("ann", Ask("n1", kv.Append("x", "a"))),
        deliver("ann", "n1"),
        flow("n1", "n2"),  # committed and applied; the first answer never arrives
        request("ann", AskAgain("n1")),
        deliver("ann", "n1"),
        flow("n1", "n2"),
        deliver("n1", "ann"),
        request("bob", Ask("n1", kv.Get("x"))),
        deliver("bob", "n1"),
        flow("n1", "n2", "bob"),
    )
    return perform(store(server), story)
