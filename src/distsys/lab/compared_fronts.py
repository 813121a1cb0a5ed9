"""One front: any service on Raft, on Multi-Paxos or on Zab, under one script of faults, judged by what its clients saw.

The replicas and the clients have the same names in all six systems and bear the same faults, so a seed draws the same
network and the same script for each of them. The store on Raft has more to it than the others; its operators are left
out here, and its reads go through the log as they do on the two others.

>>> judged(front("Zab", "locks", seed=1))
Served(answered=24, unknown=0, messages=571, verdict='linearizable')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distsys.checkers import History, Outcome, linearizable
from distsys.core import Trace, systems
from distsys.core.errors import ArgumentError, UnknownNameError, shown
from distsys.core.events import Send
from distsys.core.systems import Cluster
from distsys.drivers import Simulator
from distsys.drivers.replay import cluster_of as cluster_of_trace
from distsys.drivers.swarm import drawn

SERVICES = {
    "key-value store": {"Raft": "raft-kv", "Multi-Paxos": "multipaxos-kv", "Zab": "zab-kv"},
    "locks": {"Raft": "raft-locks", "Multi-Paxos": "multipaxos-locks", "Zab": "zab-locks"},
}
ALIKE: dict[str, dict[str, Any]] = {"raft-kv": {"upkeep": 0, "reads": "log"}}  # what makes it like the others
VERDICTS = {Outcome.ILLEGAL: "not linearizable", Outcome.UNKNOWN: "not decided"}


@dataclass(frozen=True)
class Served:
    """What the clients of a service got, and what it took.

    answered  operations whose answer was heard
    unknown   operations of which nobody heard whether they happened
    messages  between the replicas, while there are faults
    verdict   of the checker: "linearizable", "not linearizable", or "not decided" where it gave up
    """

    answered: int
    unknown: int
    messages: int
    verdict: str


def cluster_of(protocol: str, service: str) -> Cluster:
    """Return the replicas of a service on a protocol, and its clients."""
    if service not in SERVICES:
        raise UnknownNameError(f"service must be one of {', '.join(SERVICES)}, but it is {shown(service)}")
    if protocol not in SERVICES[service]:
        known = ", ".join(SERVICES[service])
        raise UnknownNameError(f"protocol must be one of {known}, but it is {shown(protocol)}")
    name = SERVICES[service][protocol]
    return systems.build(name, **ALIKE.get(name, {}))


def front(protocol: str, service: str = "key-value store", *, seed: int) -> Trace:
    """Return the run under the network and the script that the seed draws; then all is healed, and all laws judge."""
    cluster = cluster_of(protocol, service)
    until, settle = cluster.system.until, cluster.system.settle
    network, script = drawn(cluster, seed, until)
    return Simulator(cluster, seed, network=network, script=script, until=until, settle=settle).run()


def judged(trace: Trace) -> Served:
    """Return what the clients saw in a run of a service, and whether that is linearizable."""
    cluster, history = cluster_of_trace(trace), History.of(trace)
    model = cluster.system.history
    if model is None:
        raise ArgumentError(f"trace must be of a system whose clients record a history, not {shown(cluster)}")
    known = sum(call.known for call in history.calls)
    verdict = linearizable(history, model)
    words = verdict.consistency if verdict.ok else VERDICTS[verdict.outcome]
    return Served(known, len(history.calls) - known, _between(cluster.servers, trace), words)


def _between(servers: tuple[str, ...], trace: Trace) -> int:
    """Return how many messages the servers sent to each other before everything was healed."""
    ends = trace.header.driver["until"]
    return sum(
        isinstance(effect, Send) and effect.to in servers
        for step in trace
        if step.node in servers and step.at < ends
        for effect in step.effects[: step.kept]
    )
