"""What the pages on etcd measure in runs: how late pollers and watchers are, how long reads take and leases live."""

from __future__ import annotations

from dataclasses import dataclass

from distsys.core.dice import Dice, derive
from distsys.core.events import Send
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers import Crash, states
from distsys.services.etcd import leases
from distsys.services.etcd.api import LeaseGrantRequest, PutRequest, RangeRequest
from distsys.services.etcd.member import Member

from .etcd_cast import Heard, Shown
from .etcd_runs import BEGIN_MS, LIMIT, cluster, run, timed

READY_MS = BEGIN_MS + 50  # the cache watches by then


@dataclass(frozen=True)
class Followed:
    """How a client followed the changes of a setting.

    delays    ms from each change in the store until the client knew of it, or of a later one
    shown     how many of the changes it has shown as the newest
    messages  how many it sent and received
    """

    delays: tuple[float, ...]
    shown: int
    messages: int

    @property
    def mean_ms(self) -> float:
        """The mean delay."""
        return sum(self.delays) / len(self.delays)


def followed(every_ms: int, changes: int, gap_ms: int, seed: int) -> dict[str, Followed]:
    """Return how a poller and a cache followed so many changes at random moments, on average `gap_ms` apart."""
    dice, span = Dice(derive(seed, "changes")), changes * gap_ms * 1000
    moments: list[int] = []
    for _ in range(changes):
        at, dice = dice.below(span)
        moments.append(at)
    told = [
        (READY_MS + at / 1000, "ann", "n1", PutRequest(LIMIT, b"%d" % n))
        for n, at in enumerate(sorted(moments))
    ]
    who = cluster("ann", "poller", "cache", every_ms=every_ms, quiet_ms=60_000)
    trace = run(who, READY_MS + span // 1000 + 2 * every_ms, *told)
    return {name: _followed(trace, name) for name in ("poller", "cache")}


def _followed(trace: Trace, name: str) -> Followed:
    made = {revision: at for at, revision in _revisions(trace)}
    known = [(at, value.revision) for at, value in timed(trace, name, Shown)]
    delays, place = [], 0
    for revision, at in made.items():
        while place < len(known) and known[place][1] < revision:
            place += 1
        if place < len(known):
            delays.append((known[place][0] - at) / MS)
    shown = {revision for _, revision in known} & set(made)
    return Followed(tuple(delays), len(shown), _messages(trace, name))


def _revisions(trace: Trace) -> list[tuple[int, int]]:
    """Return when the store came to each revision, from the first change on."""
    found, last = [], 1
    revisions = states(trace, lambda node: node.state.store.revision if isinstance(node, Member) else 0)
    for step, at in zip(trace, revisions, strict=True):
        if at["n1"] > last:
            last = at["n1"]
            found.append((step.at, last))
    return found


def _messages(trace: Trace, name: str) -> int:
    """Return how many messages a client sent and got once its watch was there."""
    sends = [(step, effect) for step in trace for effect in step.effects if isinstance(effect, Send)]
    return sum(name in (step.node, send.to) for step, send in sends if step.at >= READY_MS * MS)


def read_ms(server: str, serializable: bool = False) -> float:
    """Return how long a read at a member of three takes, when n1 leads and each message takes 5 ms."""
    trace = run(
        cluster("ann", nodes=3), 1_000, (700, "ann", server, RangeRequest(LIMIT, serializable=serializable))
    )
    heard, _ = timed(trace, "ann", Heard)[0]
    return (heard - 700 * MS) / MS


def lease_lives(crash_ms: int | None = None, ttl: int = 2) -> float:
    """Return for how many seconds a lease lives that nobody renews, if its leader crashes so long after the grant."""
    faults = () if crash_ms is None else (Crash((700 + crash_ms) * MS, "n1"),)
    trace = run(cluster("ann", nodes=3), 8_000, (700, "ann", "n1", LeaseGrantRequest(ttl, 7)), script=faults)
    there = states(trace, lambda node: isinstance(node, Member) and leases.ids(node.state.leases) != ())
    granted = next(step.at for step, who in zip(trace, there, strict=True) if who.get("n1"))
    ended = max(step.at for step, who in zip(trace, there, strict=True) if who.get("n2") and who.get("n3"))
    return (ended - granted) / S
