"""Runs of the page on failure detectors and gossip: each shows one idea, and is the same on every call.

>>> alike(crash=True).violation is None, alike(crash=False).violation is None
(True, True)
"""

from __future__ import annotations

from distsys.algorithms.detector_messages import Restore, Suspect
from distsys.algorithms.gossip_messages import Rumour, Tell
from distsys.algorithms.swim_messages import News
from distsys.core import systems
from distsys.core.laws import outputs
from distsys.core.systems import Request
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Pause, Resume, SetLink, Simulator, link
from distsys.drivers.faults import Action

PAIR = ("ann", "bob")
FOUR = ("ann", "bob", "cyd", "dan")
SIX = ("ann", "bob", "cyd", "dan", "eve", "fay")
DELAY = 10 * MS


def _run(
    system: str,
    nodes: tuple[str, ...],
    script: tuple[Action, ...],
    until: int,
    *,
    seed: int = 1,
    settle: int = 0,
    mutant: str | None = None,
    requests: tuple[Request, ...] | None = None,
    **options: object,
) -> Trace:
    cluster = systems.build(system, mutant=mutant, nodes=nodes, **options)
    return Simulator(
        cluster,
        seed,
        network=link(delay=DELAY),
        script=script,
        requests=requests,
        until=until,
        settle=settle,
        stop_on_violation=False,
    ).run()


# Heartbeats.


def alike(crash: bool, late_ms: int = 200) -> Trace:
    """Return a run in which bob crashes, or in which from the same moment on what he sends takes `late_ms`."""
    fault = Crash(95 * MS, "bob") if crash else SetLink(95 * MS, "bob", "*", link(delay=late_ms * MS))
    return _run("heartbeat-detector", PAIR, (fault,), 340 * MS)


def slow_for_good(late_ms: int = 2_000) -> Trace:
    """Return a run in which from 200 ms on each message of bob takes between 10 and `late_ms`, for ever."""
    slow = link(delay=(10 * MS, late_ms * MS))
    return _run("heartbeat-detector", PAIR, (SetLink(200 * MS, "bob", "*", slow),), 60_000 * MS)


def mistakes(trace: Trace, name: str = "ann") -> list[tuple[int, int]]:
    """Return the mistakes of a node, as (begin, end) in microseconds; one that did not end ends with the run."""
    found: list[tuple[int, int]] = []
    begin = None
    for step in trace:
        for value in outputs(step) if step.node == name else ():
            if isinstance(value, Suspect):
                begin = step.at
            elif isinstance(value, Restore) and begin is not None:
                found.append((begin, step.at))
                begin = None
    return found if begin is None else [*found, (begin, trace.steps[-1].at)]


def slow_reader(late_ms: int = 400) -> Trace:
    """Return a run of five detectors in which messages *to* cyd take 10 to `late_ms`, and nobody crashes."""
    slow = link(delay=(10 * MS, late_ms * MS))
    return _run("heartbeat-detector", SIX[:5], (SetLink(1, "*", "cyd", slow),), 1_000 * MS)


def accusations(trace: Trace) -> list[tuple[str, str]]:
    """Return who suspected whom, each pair once, in the order of names."""
    found = {
        (step.node, value.peer) for step in trace for value in outputs(step) if isinstance(value, Suspect)
    }
    return sorted(found)


# SWIM.


def crashed(seed: int = 4) -> Trace:
    """Return a run of SWIM in which dan crashes."""
    return _run("swim", FOUR, (Crash(430 * MS, "dan"),), 2_000 * MS, seed=seed)


def asleep(mutant: str | None = None, seed: int = 1) -> Trace:
    """Return a run of SWIM in which cyd sleeps for 700 ms; with SWIM-01 nobody refutes."""
    script = (Pause(430 * MS, "cyd"), Resume(1_130 * MS, "cyd"))
    return _run("swim", FOUR[:3], script, 2_000 * MS, seed=seed, mutant=mutant)


def beliefs(trace: Trace, about: str) -> list[tuple[int, str, int, str, int]]:
    """Return who came to believe what of a member: (step, at in ms, who, status, incarnation)."""
    return [
        (step.number, step.node, step.at // MS, item.status.name.lower(), item.incarnation)
        for step in trace
        for item in outputs(step, News)
        if item.member == about
    ]


# Gossip.


def rumour(
    mode: str = "push", seed: int = 4, nodes: tuple[str, ...] = SIX, mutant: str | None = None
) -> Trace:
    """Return a run in which ann is told something, and gossips."""
    requests = (Request(1 * MS, "ann", Tell("rain")),)
    return _run("gossip", nodes, (), 700 * MS, seed=seed, requests=requests, mode=mode, mutant=mutant)


def learned(trace: Trace) -> list[tuple[int, int, str]]:
    """Return when each process learned a rumour: (step, at in ms, who)."""
    return [(step.number, step.at // MS, step.node) for step in trace if outputs(step, Rumour)]
