"""What the pages on Chubby measure in runs: how long leases outlive clients, and what KeepAlives and copies cost."""

from __future__ import annotations

from dataclasses import dataclass

from distsys.core import systems
from distsys.core.events import Send
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import SetLink, Simulator, Skew, link, states
from distsys.services.chubby.clients import FileWritten
from distsys.services.chubby.library import Jeopardy, Library, Standing
from distsys.services.chubby.server import ChubbyServer
from distsys.services.chubby.talk import Answer, Ask, Invalidate, KeepAlive, KeptAlive

from .chubby_cast import Look, Put
from .chubby_stories import FILE, cluster, run, timed

PPM = 1_000_000
CLIENT = "c1"


def margin_ms(
    client_ppm: int,
    master_ppm: int,
    *,
    there_ms: int = 5,
    back_ms: int = 5,
    drift_ppm: int = 200_000,
    mutant: str | None = None,
) -> float:
    """Return how long the master's lease outlives the client's at least, in true time, when clocks run so fast or slow.

    A message takes `there_ms` to the master and `back_ms` to the client. Both clocks show 0 at the beginning, so what
    they show later, divided by their rate, is the true time.
    """
    who = systems.build("multipaxos-chubby-locks", nodes=1, clients=1, mutant=mutant, drift_ppm=drift_ppm)
    script = (
        Skew(0, CLIENT, client_ppm),
        Skew(0, "n1", master_ppm),
        SetLink(0, CLIENT, "n1", link(delay=there_ms * MS)),
        SetLink(0, "n1", CLIENT, link(delay=back_ms * MS)),
    )
    trace = Simulator(who, seed=1, script=script, laws=(), until=4_000 * MS, settle=0).run()
    found = states(trace, _end_of_lease)
    rates = {CLIENT: 1 + client_ppm / PPM, "n1": 1 + master_ppm / PPM}
    ends = [{name: end / rates[name] for name, end in one.items() if end is not None} for one in found]
    shortest: float = min(one["n1"] - one[CLIENT] for one in ends if len(one) == 2)
    return shortest / MS


def _end_of_lease(node: object) -> int | None:
    """Return when a lease ends by the clock of who counts it."""
    if isinstance(node, Library):
        return node.lease_until if node.standing is Standing.SAFE else None
    return max(node.leases.values(), default=None) if isinstance(node, ChubbyServer) else None


@dataclass(frozen=True)
class Kept:
    """What it took to keep a session for a while.

    keep_alives  how many were sent
    jeopardies   how often the client was in jeopardy
    entries      how many entries the log has at the end
    """

    keep_alives: int
    jeopardies: int
    entries: int


def kept(hold_ms: int, seconds: int = 10, drift_ppm: int = 1_000, lease_ms: int = 1_000) -> Kept:
    """Return what an idle client costs, if the master lets each KeepAlive wait for `hold_ms` after its last answer."""
    trace = run(
        cluster("ann", hold_ms=hold_ms, drift_ppm=drift_ppm, lease_ms=lease_ms, heartbeat_ms=50),
        500 + 1_000 * seconds,
    )
    sent = [step for step, one in _sent(trace, KeepAlive) if step >= 500 * MS]
    jeopardies = timed(trace, "ann", Jeopardy)
    return Kept(len(sent), len(jeopardies), _entries(trace))


def _entries(trace: Trace) -> int:
    """Return how many entries the log of the first replica has at the end."""
    found = states(trace, lambda node: node.paxos.last_applied if isinstance(node, ChubbyServer) else 0)
    return int(found[-1]["n1"])


def _sent(trace: Trace, *kinds: type) -> list[tuple[int, object]]:
    """Return when messages of some classes were sent, and which."""
    return [
        (step.at, effect.message)
        for step in trace
        for effect in step.effects
        if isinstance(effect, Send) and isinstance(effect.message, kinds)
    ]


@dataclass(frozen=True)
class Written:
    """What a write took: ms until its client heard of it, and the messages of calls and of invalidations."""

    ms: float
    calls: int
    invalidations: int


def written(copies: int, reads: int = 1, nodes: int = 3) -> Written:
    """Return what one write costs when so many clients have a copy, after each has read `reads` times."""
    readers = tuple(f"r{number}" for number in range(2, 2 + copies))
    looks = [(600 + 10 * n, name, Look(FILE)) for n in range(reads) for name in readers]
    at = 600 + 10 * reads + 100
    trace = run(cluster("bob", *readers, nodes=nodes), at + 500, *looks, (at, "bob", Put(FILE, "n8")))
    begun = [(when, one) for when, one in _sent(trace, Ask, Answer) if when >= 600 * MS]
    told = [
        one
        for _, one in _sent(trace, KeptAlive)
        if isinstance(one, KeptAlive) and any(isinstance(event, Invalidate) for _, event in one.events)
    ]
    (done,) = [when for when, _ in timed(trace, "bob", FileWritten)]
    return Written((done - at * MS) / MS, len(begun), 2 * len(told))
