"""The runs of the page on snapshots of Raft, on the scripted store of `raft_kv_runs`.

Each function that makes a run returns the same `Trace` on every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distsys.core.events import Persist
from distsys.core.systems import Request
from distsys.core.trace import Step, Trace, apply_to_disk
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.drivers import Crash, Cut, Restart, SetLink, Simulator, link, perform
from distsys.drivers.schedules import Flowed, Move, crash, deliver, flow, request, restart, timeout
from distsys.services import kv

from .raft_kv_runs import FIRST_LEADER, Ask, AskAgain, elected, store


def disks(trace: Trace, name: str) -> Iterator[tuple[Step, Map[str, Any]]]:
    """Yield each step at which a server writes, with what its disk holds after it."""
    disk: Map[str, Any] = EMPTY
    for step in trace:
        if step.node == name and any(isinstance(e, Persist) for e in step.effects[: step.kept]):
            for effect in step.effects[: step.kept]:
                if isinstance(effect, Persist):
                    disk = apply_to_disk(disk, effect.changes)
            yield step, disk


def writing(commands: int, keys: int, snapshot_every: int) -> Trace:
    """Return a run in which ann puts `commands` values under `keys` keys in turn; n1 takes snapshots as it may."""
    story: list[Move | Flowed] = [*FIRST_LEADER, timeout("n1", "compact")]
    for number in range(commands):
        story += [request("ann", Ask("n1", kv.Put(f"k{number % keys}", number))), flow("ann", "n1", "n2")]
        story.append(timeout("n1", "compact"))
    return perform(store(snapshot_every=snapshot_every), story, laws=(), skip=True)


def entries_to_replay(trace: Trace, name: str = "n1") -> list[int]:
    """Return, for each command in the log, how many entries a restart right after it would apply again."""
    lengths: dict[int, int] = {}
    for _, disk in disks(trace, name):
        if "raft/log" in disk:
            log = disk["raft/log"]
            lengths[log.last_index] = log.last_index - log.before_index
    return [lengths[index] for index in sorted(lengths) if index > 1]


def snapshot_records(trace: Trace, name: str = "n1") -> int:
    """Return how many records a server has written for its snapshots: each holds a value for each key."""
    return sum(
        len(effect.changes["raft/snapshot"].state.data)
        for step in trace
        if step.node == name
        for effect in step.effects
        if isinstance(effect, Persist) and "raft/snapshot" in effect.changes
    )


def catching_up() -> Trace:
    """Return a run in which n3 is down while n1 and n2 go on and drop the beginning of their logs; it comes back."""
    return Simulator(
        store(snapshot_every=3, heartbeat_ms=100),
        seed=1,
        network=link(delay=5 * MS),
        script=(Crash(390 * MS, "n3"), Restart(560 * MS, "n3")),
        requests=[
            Request(at * MS, "ann", Ask("n1", kv.Put("x", value))) for at, value in ((400, 1), (440, 2))
        ],
        until=650 * MS,
        settle=0,
    ).run()


def late_snapshot(server: str | None = None) -> Trace:
    """Return the run of `catching_up`, with a snapshot that is on its way for 100 ms.

    Meanwhile n3 gets a second one and an entry after it, which is committed by n1 and n3, for n2 is cut off; then the
    first arrives. n1 crashes, and n2 and n3 elect a leader.
    """
    return Simulator(
        store(server, snapshot_every=3, heartbeat_ms=100),
        seed=1,
        network=link(delay=5 * MS),
        script=(
            Crash(390 * MS, "n3"),
            Restart(560 * MS, "n3"),
            SetLink(634 * MS, "n1", "n3", link(delay=100 * MS)),
            SetLink(640 * MS, "n1", "n3", None),
            Cut(646 * MS, "n1", "n2"),
            Crash(740 * MS, "n1"),
        ),
        requests=[
            *(
                Request(at * MS, "ann", Ask("n1", kv.Put("x", value)))
                for at, value in ((400, 1), (440, 2), (660, 3))
            ),
        ],
        until=1_400 * MS,
        settle=0,
    ).run()


def uncommitted(server: str | None = None) -> Trace:
    """Return a run in which n1 is about to take a snapshot while its log ends with an entry that nobody else has."""
    story = (
        *FIRST_LEADER,
        request("ann", Ask("n1", kv.Put("x", 1))),
        deliver("ann", "n1"),
        timeout("n1", "compact"),
        crash("n1"),
        *elected("n2", "n3", forget=("n2", "n3")),
        flow("n2", "n3"),
        restart("n1"),
    )
    return perform(store(server, snapshot_every=1), story)


def two_writes(server: str | None = None) -> Trace:
    """Return a run in which n1 crashes after the first write of a snapshot, and starts again."""
    story = (*FIRST_LEADER, timeout("n1", "compact", keep=1), restart("n1"))
    return perform(store(server, snapshot_every=1), story)


def forgotten_session(server: str | None = None, *, laws: bool = True) -> Trace:
    """Return a run in which a command is done, goes into a snapshot, and is asked for again after a restart."""
    story = (
        *FIRST_LEADER,
        request("ann", Ask("n1", kv.Append("x", "a"))),
        deliver("ann", "n1"),
        flow("n1", "n2"),  # done; the answer is slow
        timeout("n1", "compact"),
        crash("n1"),
        restart("n1"),
        *elected("n1", "n2", forget=("n2",)),
        flow("n1", "n2"),
        request("ann", AskAgain("n1")),
        deliver("ann", "n1"),
        flow("n1", "n2"),
        deliver("n1", "ann"),
        request("bob", Ask("n1", kv.Get("x"))),
        flow("bob", "n1", "n2"),
    )
    return perform(store(server, snapshot_every=2), story, laws=None if laws else ())
