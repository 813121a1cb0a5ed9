"""Runs of a replicated store in real processes, for the page that runs it for real: stories, measures, recordings.

A story is a function of a served cluster and of the list into which its clients write their history. The page tells the
same stories live, where they come out a little differently each time. `recorded` gives runs that were recorded once,
by `tools/record_runs.py`, on the day and the kind of machine that their headers name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from distsys.core.errors import DistsysError, UnknownNameError, shown
from distsys.core.events import Note, Timeout
from distsys.core.operations import OK, Operation
from distsys.core.trace import Step, Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Simulator
from distsys.serve.client import Answer, Client
from distsys.serve.processes import ProcessCluster
from distsys.serve.supervisor import served_cluster

FOLDER = Path(__file__).resolve().parent / "data"
QUICK = ("election_ms=400", "heartbeat_ms=150")  # short runs to be looked at
PATIENCE_S = 60.0

Story = Callable[[ProcessCluster, list[Operation]], None]


# The stories.


def leader_killed(cluster: ProcessCluster, history: list[Operation]) -> None:
    """Ann writes, the leader is killed with kill -9, bob writes, the killed one comes back, cyd reads."""
    leader = leader_of(cluster)
    with asking(cluster, history, leader, "ann", "bob", "cyd") as (ann, bob, cyd):
        _must_be(OK, ann.put("x", 1))
        catch_up(cluster, *cluster.addresses)
        cluster.kill(leader)
        _must_be(OK, bob.put("x", 2))
        cluster.wait_until_up(leader)
        _must_be(OK, cyd.get("x"))
        catch_up(cluster, leader)


def leader_cut_off(cluster: ProcessCluster, history: list[Operation]) -> None:
    """Ann writes; the leader is cut off, and ann asks it for another write; bob reads on the other side.

    Ann waits for less than an election timeout, so that she asks the old leader alone.
    """
    leader = leader_of(cluster)
    others = [name for name in cluster.addresses if name != leader]
    with (
        asking(cluster, history, leader, "ann") as (ann,),
        asking(cluster, history, others[0], "bob") as (bob,),
    ):
        _must_be(OK, ann.put("x", 1))
        catch_up(cluster, *others)
        cluster.block([[leader], others])
        ann.timeout_s = ann.try_s = 0.3
        ann.put("x", 2)
        leader_of(cluster, *others)
        _must_be(OK, bob.get("x"))
        cluster.heal()
        catch_up(cluster, leader)


STORIES: dict[str, tuple[Story, str | None]] = {
    "leader-killed": (leader_killed, None),
    "leader-cut-off": (leader_cut_off, None),
    "answers-too-early": (leader_cut_off, "RAFT-21"),
}


@contextmanager
def asking(
    cluster: ProcessCluster, history: list[Operation], server: str, *names: str
) -> Iterator[list[Client]]:
    """Give clients that ask `server` first, under these very names: each must be new to the data of the cluster."""
    addresses = (cluster.addresses[server], *cluster.addresses.values())
    made = [Client(addresses, name, history=history, alone=True, timeout_s=60.0) for name in names]
    try:
        yield made
    finally:
        for client in made:
            client.close()


def _must_be(type_: str, answer: Answer) -> None:
    if answer.type != type_:
        raise DistsysError(
            f"an answer must be {type_!r} here, but it is {shown(answer)}: tell the story again"
        )


def leader_of(cluster: ProcessCluster, *among: str, after: int = -1) -> str:
    """Return who leads the highest term later than `after`, `among` some or all; if nobody does, wait for somebody."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        seen = {name: cluster.look(name).fields for name in among or cluster.addresses}
        found = [
            name
            for name, fields in seen.items()
            if fields["role"] == "LEADER" and int(fields["term"]) > after
        ]
        if found:
            return max(found, key=lambda name: int(seen[name]["term"]))
    raise DistsysError("the cluster has no leader")


def catch_up(cluster: ProcessCluster, *names: str) -> None:
    """Return when these nodes have committed as much as the leader."""
    deadline = time.monotonic() + PATIENCE_S
    for name in names:
        while cluster.look(name).fields["commit"] != cluster.look(leader_of(cluster)).fields["commit"]:
            if time.monotonic() > deadline:
                raise DistsysError(f"{name} does not catch up")


# Under load.


class Load:
    """Clients in threads that ask without a pause. `more(n)` returns when n more calls have been answered.

    Each key takes a few dozen calls only: the checker judges each key apart, and a short history is judged soon.
    `history` may be a list to which other clients of the cluster add as well. The `settings` are those of a client.
    """

    def __init__(
        self,
        cluster: ProcessCluster,
        count: int = 3,
        *,
        history: list[Operation] | None = None,
        a_key: int = 40,
        patience_s: float = 120.0,
        **settings: Any,
    ) -> None:
        self.history = history if history is not None else []
        self.answered, self.a_key, self.patience_s = 0, a_key, patience_s
        self.problems: list[Exception] = []
        self._news = threading.Condition()
        self._stopping = threading.Event()
        made = [
            cluster.client(f"c{number}", history=self.history, **settings) for number in range(1, count + 1)
        ]
        self._threads = [threading.Thread(target=self._work, args=(client,)) for client in made]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int) -> None:
        """Return when `count` more calls have been answered."""
        with self._news:
            enough = self.answered + count
            if not self._news.wait_for(lambda: self.answered >= enough or self.problems, self.patience_s):
                raise DistsysError(f"{count} more calls were to be answered, but the cluster did not in time")
        if self.problems:
            raise self.problems[0]

    def one(self, client: Client, number: int, key: str, seen: Any) -> tuple[Answer, Any]:
        """Do one operation; return its answer, and what this client has read last."""
        if number % 3 == 0:
            answer = client.get(key)
            return answer, answer.value
        return client.append(key, f"{client.session}:{number} "), seen

    def _work(self, client: Client) -> None:
        number, seen = 0, None
        try:
            with client:
                while not self._stopping.is_set():
                    number += 1
                    answer, seen = self.one(client, number, f"k{self.answered // self.a_key}", seen)
                    with self._news:
                        self.answered += answer.ok
                        self._news.notify_all()
        except Exception as problem:
            with self._news:
                self.problems.append(problem)
                self._news.notify_all()


# Measures.

FAULTS = ("kill -9", "pause", "disk full", "cut off")


def fail(cluster: ProcessCluster, name: str, fault: str) -> None:
    """Let a node fail in one of the four ways."""
    match fault:
        case "kill -9":
            cluster.kill(name)
        case "pause":
            cluster.pause(name)
        case "disk full":
            cluster.fill_disk(name)
        case "cut off":
            cluster.block([[name], [other for other in cluster.addresses if other != name]])
        case _:
            raise UnknownNameError(f"fault must be one of {', '.join(FAULTS)}, but it is {shown(fault)}")


def mend(cluster: ProcessCluster, name: str, fault: str) -> None:
    """End what `fail` began; a process that ended is started again by its supervisor."""
    match fault:
        case "pause":
            cluster.resume(name)
        case "cut off":
            cluster.heal()
        case _:
            cluster.wait_until_up(name)


@dataclass(frozen=True)
class Outage:
    """What the failure of `leader` cost: milliseconds until another one led, and until a client had written again."""

    leader: str
    led_ms: int
    wrote_ms: int


def outage(cluster: ProcessCluster, fault: str, history: list[Operation] | None = None) -> Outage:
    """Let the leader fail while a client writes, and measure; then mend what failed.

    The client reads as well what it has written, so that its part of the `history` can be wrong. The others are asked
    again and again whether they lead, which takes a little of their time.
    """
    with (
        cluster.client("writer", history=history, timeout_s=PATIENCE_S, try_s=0.5) as client,
        ThreadPoolExecutor(1) as thread,
    ):
        _must_be(OK, client.put(fault, "before"))
        leader = leader_of(cluster)
        others = [name for name in cluster.addresses if name != leader]
        term = int(cluster.look(leader).fields["term"])
        began = time.monotonic_ns()
        fail(cluster, leader, fault)
        writing = thread.submit(_put, client, fault, "after")
        leader_of(cluster, *others, after=term)
        seen = time.monotonic_ns()
        wrote = writing.result()
        _must_be(OK, client.get(fault))
    led = min(seen, wrote)  # who acknowledged a write leads, even where the client saw it first
    mend(cluster, leader, fault)
    return Outage(leader, (led - began) // 1_000_000, (wrote - began) // 1_000_000)


def _put(client: Client, key: str, value: str) -> int:
    """Write, and return when that was acknowledged."""
    _must_be(OK, client.put(key, value))
    return time.monotonic_ns()


def expected_ms(election_ms: int, heartbeat_ms: int, others: int = 2) -> float:
    """Return the mean time from a leader's death to the first candidate: see the page for the derivation.

    >>> round(expected_ms(1000, 100))
    1283
    """
    return election_ms * (1 + 1 / (others + 1)) - heartbeat_ms / 2


def simulated_ms(seed: int, election_ms: int, heartbeat_ms: int) -> float:
    """Return the time from the crash of a leader to the next candidate, in a simulation of a cluster as it is served.

    >>> 400 < simulated_ms(1, 500, 50) < 1000
    True
    """
    cluster = served_cluster(
        "raft-kv", clients=1, operations=0, upkeep=0, election_ms=election_ms, heartbeat_ms=heartbeat_ms
    )
    at = (3 * election_ms + seed * 37 % heartbeat_ms) * MS  # anywhere between two heartbeats
    calm = Simulator(cluster, seed, until=at, settle=0, laws=()).run()
    leader = [step.node for step in calm if _leads(step)][-1]
    run = Simulator(
        cluster, seed, until=at + 5 * election_ms // 2 * MS, settle=0, laws=(), script=[Crash(at, leader)]
    ).run()
    return (next(step.at for step in run if step.at > at and _stands(step)) - at) / MS


def _leads(step: Step) -> bool:
    return any(isinstance(effect, Note) and "leads term" in effect.text for effect in step.effects)


def _stands(step: Step) -> bool:
    return isinstance(step.event, Timeout) and step.event.timer == "raft/election"


# Recordings.


@cache
def recorded(name: str) -> Trace:
    """Return a run that was recorded once.

    >>> recorded("leader-killed").header.driver["kind"]
    'runtime'
    """
    if name not in STORIES:
        raise UnknownNameError(
            f"there is no recorded run named {shown(name)}; there are: {', '.join(STORIES)}"
        )
    return Trace.load(FOLDER / f"run-{name}.jsonl")


def made(trace: Trace) -> str:
    """Return when, and on what kind of machine, a run was recorded."""
    driver = trace.header.driver
    return f"recorded on {driver['date']}, {driver['machine']}"
