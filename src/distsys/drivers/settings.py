"""The settings of a simulation: what it may be given, and what its trace says of it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError, duration, several, shown
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Header
from distsys.core.values import Map

from .faults import After, Entry, Restart, checked, ends_a_fault
from .network import Link

if TYPE_CHECKING:
    from .simulator import Simulator


def checked_cluster(cluster: Any) -> Cluster:
    """Return the cluster, if it was built."""
    if not isinstance(cluster, Cluster):
        raise ArgumentTypeError(f"cluster must come from systems.build(...), but it is {shown(cluster)}")
    return cluster


def checked_network(network: Any) -> Link:
    """Return the link that messages take; None is the usual one."""
    if network is None:
        return Link()
    if not isinstance(network, Link):
        raise ArgumentTypeError(f"network must be a Link, made by link(...), but it is {shown(network)}")
    return network


def checked_script(script: Iterable[Any], cluster: Cluster, until: int) -> tuple[Entry, ...]:
    """Return the script for a run whose faults are healed at `until`, else raise an error."""
    entries = checked(several("script", script, "actions such as Crash(at, node)"), cluster.names)
    for entry in entries:
        action = entry.action if isinstance(entry, After) else entry
        if isinstance(action, Restart) and not cluster.system.restarts:
            raise ArgumentError(
                f"script must not hold a Restart: {cluster.system.name} is a crash-stop system, "
                "where a node that crashed stays down"
            )
        if action.at > until and not ends_a_fault(action) and not isinstance(action, Request):
            raise ArgumentError(
                f"{type(action).__name__}.at must be at most until ({until}), when everything is healed, "
                f"but it is {action.at}"
            )
    return entries


def checked_requests(asked: Any, cluster: Cluster, end: int | None) -> tuple[Request, ...]:
    """Return what clients ask in a run up to `end` (None: whatever lies beyond is left out later)."""
    requests = checked(several("requests", asked, "Request(at, node, message)"), cluster.names)
    for request in requests:
        if not isinstance(request, Request):
            raise ArgumentTypeError(
                f"requests must hold Request(at, node, message), but hold {shown(request)}"
            )
        if end is not None and request.at > end:
            raise ArgumentError(f"Request.at must be at most until + settle ({end}), but it is {request.at}")
    return requests  # type: ignore[return-value]  # each was looked at


def checked_service(service: int | Mapping[str, int], cluster: Cluster) -> Map[str, int]:
    """Return the service time of each node that has one."""
    per_node = service if isinstance(service, Mapping) else dict.fromkeys(cluster.names, service)
    for name, us in per_node.items():
        duration(f"service of {name}", us)
        if name not in cluster.names:
            raise UnknownNameError(f"service must name nodes of {', '.join(cluster.names)}, not {name!r}")
    return Map({name: us for name, us in per_node.items() if us})


def header_of(sim: Simulator) -> Header:
    """Return the header of a run: enough to build its nodes anew and to simulate it again."""
    cluster = sim.cluster
    settings: dict[str, Any] = {
        "kind": "simulator",
        "network": sim.network,
        "script": sim.script,
        "requests": sim.requests if sim.own_requests else None,
        "service": sim.service,
        "until": sim.until,
        "settle": sim.settle,
        "steps_max": sim.steps_max,
        "stop_on_violation": sim.stop_on_violation,
    }
    return Header(
        system=cluster.system.name,
        options=cluster.options,
        mutant=cluster.mutant.id if cluster.mutant else None,
        seed=sim.seed,
        names=cluster.names,
        declared=Map({name: Map(cluster.kind_of(name).declared) for name in cluster.names}),
        driver=Map(settings),
        laws=tuple(law.name for law in sim.judge.laws),
    )


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, over a growing trace that nobody drops.

    Only cycles need a collector, and a run makes none; this is a third of its time. `steps_max` bounds its memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
