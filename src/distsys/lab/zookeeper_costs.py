"""What the page on ZooKeeper measures in runs: how long a request takes, how long an ephemeral outlives its client."""

from __future__ import annotations

from typing import Any

from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Pause, Resume, states
from distsys.services.zookeeper.requests import CreateRequest, Kind
from distsys.services.zookeeper.server import ZooKeeperServer
from distsys.services.zookeeper.witness import Shown

from .zookeeper_cast import Ask
from .zookeeper_runs import BEGIN_MS, LIMIT, cluster, run, timed

TIMEOUT_MS, TICK_MS = 1_200, 200
WORKER = "/worker"
BEGINS_MS = BEGIN_MS + 150  # by then the client has its znode


ASKED_MS = 350


def _asks(home: str, requests: tuple[Any, ...], server: str | None) -> Trace:
    """Return a run in which a client at a server of three asks for all of these at once; n3 leads."""
    return run(
        cluster(f"ann@{home}", server=server),
        450,
        (250, "ann", Ask((CreateRequest(LIMIT, b"10"),))),
        (ASKED_MS, "ann", Ask(requests)),
    )


def takes_ms(home: str, *requests: Any, server: str | None = None) -> float:
    """Return how long a client waits for all of these, when each message takes 5 ms.

    >>> takes_ms("n1", CreateRequest("/a"))
    30.0
    """
    last, _, _ = timed(_asks(home, requests, server), Shown, "ann")[-1]
    return (last - ASKED_MS * MS) / MS


def messages(home: str, *requests: Any, server: str | None = None) -> dict[str, int]:
    """Return how many messages each server takes in because of these requests; no ping falls into that time.

    >>> messages("n1", CreateRequest("/a"))
    {'n1': 3, 'n2': 2, 'n3': 3}
    """
    trace = _asks(home, requests, server)
    taken = [step.node for step in trace if step.kind == "deliver" and step.at > ASKED_MS * MS]
    return {name: taken.count(name) for name in ("n1", "n2", "n3")}


def _worker(until_ms: float, home: str, late_ms: int, *faults: Any) -> Trace:
    """Return a run in which ann begins a session, so late, has an ephemeral znode, and is not well."""
    return run(
        cluster(f"ann@{home}", timeout_ms=TIMEOUT_MS, tick_ms=TICK_MS, begin_ms=BEGIN_MS + late_ms),
        until_ms,
        (BEGINS_MS + late_ms - 60, "ann", Ask((CreateRequest(WORKER, kind=Kind.EPHEMERAL),))),
        script=faults,
    )


def _ends(trace: Trace) -> float | None:
    """Return when, in ms, the leader has removed the znode that it had; None if it has not."""
    there = states(
        trace, lambda node: isinstance(node, ZooKeeperServer) and node.state.get(WORKER) is not None
    )
    seen = False
    for step, at in zip(trace, there, strict=True):
        if seen and not at.get("n3"):
            return step.at / MS
        seen = seen or bool(at.get("n3"))
    return None


def outlives_ms(crash_ms: float, late_ms: int = 0, home: str = "n1") -> float:
    """Return for how long the ephemeral znode outlives a client that crashes so long after its session has begun.

    The session begins `late_ms` later than it might, so that it meets its servers between two of their ticks.
    """
    at = BEGINS_MS + late_ms + crash_ms
    ends = _ends(_worker(at + 2 * TIMEOUT_MS, home, late_ms, Crash(int(at * MS), "ann")))
    assert ends is not None, "the znode never ended"
    return ends - at


def survives(pause_ms: float, after_ms: float = 0, late_ms: int = 0, home: str = "n1") -> bool:
    """Return whether a session survives a pause of its client that begins so long after the session has."""
    at = BEGINS_MS + late_ms + after_ms
    faults = Pause(int(at * MS), "ann"), Resume(int((at + pause_ms) * MS), "ann")
    return _ends(_worker(at + pause_ms + TIMEOUT_MS, home, late_ms, *faults)) is None
