"""The fencing tokens that our etcd, ZooKeeper and Chubby give to the holders of a lock, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distsys.core import systems
from distsys.core.errors import UnknownNameError, shown
from distsys.core.events import Deliver
from distsys.core.laws import Violation, outputs
from distsys.core.systems import NodeMutant
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers import Crash, Restart, Simulator, link, perform, states
from distsys.drivers.schedules import Scenario
from distsys.mutants.chubby import MUTANTS
from distsys.services.chubby.calls import Acquired
from distsys.services.chubby.locking import Mode
from distsys.services.chubby.talk import Answer
from distsys.services.etcd.lock_client import Locked
from distsys.services.zookeeper.lock_client import LockTaken
from distsys.services.zookeeper.requests import PathResponse
from distsys.services.zookeeper.server import Answered, Hear

from . import chubby_runs

__all__ = ["MUTANTS", "SERVICES", "STORIES", "broken_by", "tokens"]
Held = Iterator[tuple[str, Any]]


def of_etcd(trace: Trace) -> Held:
    """Yield (who, the revision that created the key of the holder)."""
    claims = states(trace, lambda node: getattr(node, "claim", None))
    for step, known in zip(trace, claims, strict=True):
        for _ in outputs(step, Locked):
            yield step.node, known[step.node].revision


def of_zookeeper(trace: Trace) -> Held:
    """Yield (who, the zxid that created the znode of the holder: its czxid)."""
    made: dict[str, int] = {}
    for step in trace:
        said = step.event.message if isinstance(step.event, Deliver) else None
        if isinstance(said, Hear) and isinstance(said.message, Answered):
            response = said.message.response
            if isinstance(response, PathResponse):
                made.setdefault(response.path, said.message.zxid)
        for taken in outputs(step, LockTaken):
            yield step.node, made.get(taken.path)


def of_chubby(trace: Trace) -> Held:
    """Yield (who, the place of its sequencer: instance of the file, generation of the lock)."""
    for step in trace:
        said = step.event.message if isinstance(step.event, Deliver) else None
        if isinstance(said, Answer) and isinstance(said.result, Acquired):
            sequencer = said.result.sequencer
            if sequencer.mode is Mode.EXCLUSIVE:
                yield step.node, sequencer.place


SERVICES: dict[str, tuple[str, Callable[[Trace], Held], dict[str, Any]]] = {
    "etcd": ("raft-etcd-locks", of_etcd, {"lockers": 3}),
    "ZooKeeper": ("zab-zookeeper-locks", of_zookeeper, {"clients": 3}),
    "Chubby": ("multipaxos-chubby-locks", of_chubby, {"clients": 3, "requests": 0}),
}


def tokens(service: str, *, seed: int = 1, until: int = 12 * S) -> tuple[tuple[str, Any], ...]:
    """Return who held the lock by which token, in a run in which each server crashes once and comes up again."""
    if service not in SERVICES:
        raise UnknownNameError(f"service must be one of {', '.join(SERVICES)}, but it is {shown(service)}")
    system, held, options = SERVICES[service]
    cluster = systems.build(system, nodes=3, **options)
    crashes = [
        action
        for number, name in enumerate(("n3", "n1", "n2"))
        for action in (Crash((2 + 2 * number) * S, name), Restart((3 + 2 * number) * S, name))
    ]
    trace = Simulator(
        cluster, seed, network=link(delay=5 * MS, fifo=True), script=crashes, laws=(), until=until, settle=0
    ).run()
    return tuple(dict.fromkeys(held(trace)))  # an answer may come twice


STORIES = {
    "LOCK-01": chubby_runs.SLOW_REQUEST,
    "LOCK-03": chubby_runs.LOST_HOLDER,
    "LOCK-04": Scenario(chubby_runs.SLOW_ANSWER),
}


def broken_by(mutant: NodeMutant) -> Violation:
    """Return which law a mutant of Chubby breaks, in the schedule that the bug gallery shows.

    >>> [broken_by(mutant).law for mutant in MUTANTS if mutant.id in STORIES]
    ['fencing', 'lock-delay', 'client lease ends first']
    """
    story = STORIES[mutant.id]
    cluster = systems.build(mutant.system, mutant=mutant.id, **mutant.options)
    found = perform(cluster, story.moves, seed=story.seed).violation
    assert found is not None, f"{mutant.id} breaks nothing"
    return found
