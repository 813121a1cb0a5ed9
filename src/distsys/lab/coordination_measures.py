"""What the page that compares etcd, ZooKeeper and Chubby measures beside single requests: see `coordination_runs`.

>>> stale("etcd").age_ms is None, stale("ZooKeeper").age_ms, stale("Chubby").age_ms
(True, 190.0, 0.0)
"""

from __future__ import annotations

from dataclasses import dataclass

from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Partition

from .coordination_cast import LOCKS, NEAR, TOLD, UNLOCK, WATCH, WRITE, Do
from .coordination_runs import (
    DELAY_MS,
    FOLLOWER,
    HEARTBEAT_MS,
    LEADER,
    LIFE_MS,
    READY_MS,
    SERVERS,
    Told,
    did,
    homes_of,
    run,
    sent,
)


def after(trace: Trace, at: float, user: str, what: str) -> float:
    """Return when a user has done something for the first time after a moment, in ms."""
    found = [when for when, _, _ in did(trace, user, what) if when > at]
    assert found, f"{user} has not done it: {what}"
    return found[0]


PHASES_MS = range(5, HEARTBEAT_MS, 10)  # so long after a heartbeat a task may come


def mean(numbers: list[float]) -> float:
    """Return the mean."""
    return sum(numbers) / len(numbers)


# Watches.


@dataclass(frozen=True)
class Watched:
    """What a change took that so many users watch, in delays of a message, on average over five phases.

    writes    until its writer was answered
    knows     until the last watcher had the new value
    messages  the fewest of these runs, in which no heartbeat comes in between, less those without the change
    """

    writes: float
    knows: float
    messages: int


def watched(service: str, watchers: int, place: str = "leader") -> Watched:
    """Return what a change takes that so many users watch, who are connected to a leader or a follower."""
    names = [f"u{number}" for number in range(2, 2 + watchers)]
    homes = homes_of(service, "leader", *[place] * watchers)
    sets: list[Told] = [(READY_MS, "u1", Do(WRITE, "0"))]
    sets += [(READY_MS + 100, name, Do(WATCH)) for name in names]
    writes, knows, messages = [], [], []
    for phase in PHASES_MS:
        at = READY_MS + 200 + phase
        busy = run(service, homes, at + 300, [*sets, (at, "u1", Do(WRITE, "1"))])
        calm = run(service, homes, at + 300, sets)
        writes += [(after(busy, at, "u1", WRITE) - at) / DELAY_MS]
        knows += [max([after(busy, at, name, TOLD) for name in names] or [at]) / DELAY_MS - at / DELAY_MS]
        messages += [len(sent(busy)) - len(sent(calm))]
    return Watched(mean(writes), mean(knows), min(messages))


# Locks.


@dataclass(frozen=True)
class Handed:
    """What it took to hand a lock over: delays from the release to the next holder, and messages, as in `Watched`."""

    delays: float
    messages: int


def handing(
    service: str, waiters: int = 1, place: str = "leader", *, phase_ms: int = 0, release: bool = True
) -> Trace:
    """Return a run in which u1 has the lock, the others wait in line, and u1 lets it go at `release_ms`."""
    homes = homes_of(service, "leader", *[place] * waiters)
    told: list[Told] = [(READY_MS + 60 * n, f"u{n + 1}", Do(LOCKS)) for n in range(waiters + 1)]
    at = release_ms(waiters, phase_ms)
    return run(service, homes, at + 250, [*told, (at, "u1", Do(UNLOCK))] if release else told)


def release_ms(waiters: int = 1, phase_ms: int = 0) -> int:
    """Return when u1 lets the lock go."""
    return READY_MS + 60 * waiters + 300 + phase_ms


def handed_over(service: str, waiters: int = 1, place: str = "leader") -> Handed:
    """Return what it takes to hand a lock over to the first of so many who wait."""
    delays, messages = [], []
    for phase in PHASES_MS:
        at = release_ms(waiters, phase)
        busy, calm = (handing(service, waiters, place, phase_ms=phase, release=yes) for yes in (True, False))
        delays += [(after(busy, at, "u2", LOCKS) - at) / DELAY_MS]
        messages += [len(sent(busy)) - len(sent(calm))]
    return Handed(mean(delays), min(messages))


def dies(service: str, phase_ms: int, life_ms: int = LIFE_MS) -> float:
    """Return how long after the crash of a holder the next one has the lock, in ms."""
    homes = homes_of(service, "leader", "leader")
    crash = READY_MS + 1_000 + phase_ms
    told: list[Told] = [(READY_MS, "u1", Do(LOCKS)), (READY_MS + 100, "u2", Do(LOCKS))]
    trace = run(service, homes, crash + 2 * life_ms, told, [Crash(crash * MS, "u1")], life_ms=life_ms)
    return after(trace, crash, "u2", LOCKS) - crash


def idle(service: str, users: int = 4, seconds: int = 10, life_ms: int = LIFE_MS) -> float:
    """Return how many messages a second it costs that a user lives and does nothing."""
    end = READY_MS + 1_000 * seconds

    def count(number: int) -> int:
        trace = run(service, homes_of(service, *["leader"] * number), end, life_ms=life_ms)
        early = run(service, homes_of(service, *["leader"] * number), READY_MS, life_ms=life_ms)
        return len(sent(trace)) - len(sent(early))

    return (count(users) - count(1)) / (users - 1) / seconds


# Old values.

WRITTEN_MS = READY_MS + 300


@dataclass(frozen=True)
class Stale:
    """What a user read while it was cut off, when somebody else had written something new.

    age_ms    how long after the write was answered the old value was read last; None: to the end of the run
    silent    whether it was answered no more in the end
    write_ms  how long the write took
    """

    age_ms: float | None
    silent: bool
    write_ms: float


def staling(
    service: str, seconds: float = 4, every_ms: int = 50, *, what: str = NEAR, server: str = "server"
) -> Trace:
    """Return a run in which u2 reads again and again, is cut off with its server if it follows, and u1 writes."""
    home = FOLLOWER[service] if service != "Chubby" else ""
    side = tuple(name for name in (home, "u2") if name)
    rest = tuple(name for name in (*SERVERS, "u1") if name not in side)
    told: list[Told] = [(READY_MS, "u1", Do(WRITE, "old")), (WRITTEN_MS, "u1", Do(WRITE, "new"))]
    told += [
        (at, "u2", Do(what)) for at in range(READY_MS + 100, READY_MS + 100 + int(1_000 * seconds), every_ms)
    ]
    homes = (LEADER[service], home or LEADER[service])
    end = READY_MS + 100 + 1_000 * seconds
    return run(service, homes, end, told, [Partition((WRITTEN_MS - 50) * MS, (side, rest))], server=server)


def stale(service: str, seconds: float = 4, *, what: str = NEAR, server: str = "server") -> Stale:
    """Return how old what u2 reads becomes, in cheap reads or new ones; the servers may be those of a mutant."""
    trace = staling(service, seconds, what=what, server=server)
    done = after(trace, WRITTEN_MS, "u1", WRITE)
    olds = [when for when, _, value in did(trace, "u2", what) if value.value == "old" and when > WRITTEN_MS]
    silent = not olds or olds[-1] < READY_MS + 1_000 * seconds - 400
    age = max(0.0, olds[-1] - done) if olds else 0.0
    return Stale(age if silent else None, silent, done - WRITTEN_MS)
