"""What the page on availability measures of a real group: how long a failover takes, and what clients see of faults."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from distsys.core.dice import Dice, derive
from distsys.core.errors import UnknownNameError, shown
from distsys.core.events import Deliver, Note
from distsys.core.trace import Step, Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Cut, Restart, SetLink, link
from distsys.drivers.faults import Action
from distsys.protocols.raft_messages import Appended

from .availability_cast import CORRECT, LIAR, cluster
from .availability_lives import Lane, exponential, life, share, together, uniform
from .availability_runs import DELAY_MS, judged, leader_of, probed, run

ELECTION_MS, HEARTBEAT_MS = 300, 100
BEGIN_MS = 1_500  # the first election is over, and its leader known to the client


# The time of a failover.


def failover_ms(seed: int, election_ms: int = ELECTION_MS, heartbeat_ms: int = HEARTBEAT_MS) -> float:
    """Return how long after the crash of a leader, at a drawn moment, another one of three begins to lead."""
    who = cluster(election_ms=election_ms, heartbeat_ms=heartbeat_ms, every_ms=60_000)
    begin = 5 * election_ms
    phase, _ = Dice(derive(seed, "phase")).below(heartbeat_ms * MS)
    first = leader_of(run(who, begin, seed=seed))
    crash = begin * MS + phase
    for timeouts in (2, 20):  # the longer run only where the vote was split
        trace = run(who, begin + timeouts * election_ms, (Crash(crash, first),), seed=seed)
        for step in trace:
            if step.at > crash and any("leads term" in e.text for e in step.effects if isinstance(e, Note)):
                return (step.at - crash) / MS
    return float("inf")


def failover_formula_ms(election_ms: int = ELECTION_MS, heartbeat_ms: int = HEARTBEAT_MS) -> float:
    """Return the mean of that: the first of two timeouts, half a beat less, a heartbeat's way, two rounds, split votes.

    A vote is split where the second timeout ends within one message of the first, with a chance of about
    2 DELAY_MS / election_ms, and then the two wait again.

    >>> round(failover_formula_ms(300, 100), 1)
    388.3
    """
    first_of_two = election_ms + election_ms / 3
    split = 2 * DELAY_MS / election_ms * first_of_two
    return first_of_two - heartbeat_ms / 2 + DELAY_MS + 4 * DELAY_MS + split


# A group that lives for long.


MTTF_MS, MTTR_MS, UNTIL_MS = 10_000, 1_000, BEGIN_MS + 20_000


def crashes(seed: int) -> tuple[Action, ...]:
    """Return a script in which each of n1, n2 and n3 crashes and comes up again, on its own."""
    script: list[Action] = []
    for name in ("n1", "n2", "n3"):
        for start, end in lane(seed, name):
            if start > 0:
                script.append(Restart(start, name))
            if end < UNTIL_MS * MS:
                script.append(Crash(end, name))
    return tuple(script)


def lane(seed: int, name: str) -> Lane:
    """Return when a server is up, in microseconds; in the first 1.5 s it does not crash."""
    up, down = exponential(MTTF_MS * MS), exponential(MTTR_MS * MS)
    later = life(uniform(seed, name), up, down, (UNTIL_MS - BEGIN_MS) * MS)
    moved = [(start + BEGIN_MS * MS, end + BEGIN_MS * MS) for start, end in later]
    return ((0, moved[0][1]), *moved[1:])


@cache
def lived(seed: int, patience_ms: int = 200) -> Trace:
    """Return a run of three servers that crash and come up again, and of a client that probes them."""
    who = cluster(heartbeat_ms=HEARTBEAT_MS, every_ms=patience_ms)
    return run(who, UNTIL_MS, crashes(seed), seed=seed)


def majority_up(seed: int) -> float:
    """Return the share of that time, without the beginning, in which two of three servers are up."""
    up = together(2, [lane(seed, name) for name in ("n1", "n2", "n3")])
    return (share(up, UNTIL_MS * MS) * UNTIL_MS - BEGIN_MS) / (UNTIL_MS - BEGIN_MS)


def led(seed: int) -> float:
    """Return the share of that time in which two of three servers are up, and one of them leads."""
    begin, end = BEGIN_MS * MS, UNTIL_MS * MS
    changes = [(max(at, begin), on) for at, on in _leading(lived(seed))]
    ends = [*(at for at, _ in changes[1:]), end]
    leading = tuple((at, to) for (at, on), to in zip(changes, ends, strict=True) if on and to > at)
    up = together(2, [lane(seed, name) for name in ("n1", "n2", "n3")])
    return share(together(2, (up, leading)), end - begin)


def _leading(trace: Trace) -> Iterator[tuple[int, bool]]:
    """Yield when somebody begins or ends to lead, and whether anybody leads from then on, by the notes of the run."""
    leaders: set[str] = set()
    for step in trace:
        notes = [effect.text for effect in step.effects if isinstance(effect, Note)]
        if step.kind == "crash" or any("steps down" in text for text in notes):
            leaders.discard(step.node)
        elif any("leads term" in text for text in notes):
            leaders.add(step.node)
        else:
            continue
        yield step.at, bool(leaders)


def failovers(seed: int) -> int:
    """Return how often in that run the leader crashes while both others are up."""
    return sum(1 for _ in _losses(lived(seed)))


def _losses(trace: Trace) -> Iterator[Step]:
    """Yield the steps at which a leader crashes, and leaves a majority."""
    up, leader = {"n1", "n2", "n3"}, ""
    for step in trace:
        if any("leads term" in e.text for e in step.effects if isinstance(e, Note)):
            leader = step.node
        if step.kind == "restart":
            up.add(step.node)
        if step.kind == "crash":
            up.discard(step.node)
            if step.node == leader and len(up) == 2:
                yield step


# Kinds of faults.


KINDS = ("none", "crash", "omission", "timing", "gray", "Byzantine")
WATCH_MS = 300


def fault(kind: str, leader: str, at: int) -> tuple[Action, ...]:
    """Return the script of a fault at the leader, from a moment on."""
    slow = link(delay=120 * MS)
    scripts: dict[str, tuple[Action, ...]] = {
        "none": (),
        "crash": (Crash(at, leader),),
        "omission": (SetLink(at, leader, "*", link(delay=DELAY_MS * MS, loss=0.5)),),
        "timing": (SetLink(at, leader, "*", slow), SetLink(at, "*", leader, slow)),
        "gray": (Cut(at, "ann", leader),),
        "Byzantine": (),
    }
    if kind not in scripts:
        raise UnknownNameError(f"kind must be one of {', '.join(KINDS)}, but it is {shown(kind)}")
    return scripts[kind]


@cache
def under(kind: str, seed: int = 1, until_ms: int = 11_500) -> Trace:
    """Return a run in which the leader has that fault from 1,500 ms on."""
    who = cluster(LIAR if kind == "Byzantine" else CORRECT, heartbeat_ms=HEARTBEAT_MS, every_ms=200)
    leader = leader_of(run(who, BEGIN_MS, seed=seed))
    return run(who, until_ms, fault(kind, leader, BEGIN_MS * MS), seed=seed)


def watched(trace: Trace, from_ms: int = BEGIN_MS) -> float:
    """Return the share of time in which the group looks well from inside.

    It looks well while somebody leads and a follower has answered it within the last 300 ms: what an alarm sees that
    counts the group's own heartbeats.
    """
    heard = [step.at for step in trace if isinstance(step.event, Deliver) and _answers(step.event.message)]
    end = trace.steps[-1].at
    spans = [(at, min(at + WATCH_MS * MS, end)) for at in heard]
    well, last = 0, from_ms * MS
    for start, stop in spans:
        well += max(0, stop - max(start, last))
        last = max(last, stop)
    return well / (end - from_ms * MS)


def _answers(message: Any) -> bool:
    """Return whether this is a follower's answer to its leader, wrapped as it travels between replicas."""
    inner = getattr(message, "message", message)
    return isinstance(inner, Appended)


def seen(kind: str, seed: int = 1) -> tuple[float, float, str]:
    """Return what the alarm sees, what the client sees, and whether the answers can be true."""
    trace = under(kind, seed)
    return watched(trace), probed(trace, BEGIN_MS), judged(trace).outcome.name
