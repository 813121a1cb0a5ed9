"""distsys: distributed systems, small enough to read and real enough to run.

Every protocol is written once, as a pure state machine (`distsys.core.Node`); the same class is quoted in the
prose, run in a notebook, and simulated under faults. `import distsys` needs the standard library alone.

>>> from distsys import simulate
>>> trace = simulate("causal-broadcast", seed=7, nodes=3)
>>> trace.violation is None
True
"""

from .core import MS, US, S, Trace, systems
from .core.trace import show_with
from .drivers import Simulator, replay, simulate

__version__ = "0.1.0"
__all__ = ["MS", "US", "S", "Simulator", "Trace", "replay", "simulate", "systems"]

systems.declare(
    {
        "lamport-clock": "distsys.algorithms.clocks:LAMPORT",
        "vector-clock": "distsys.algorithms.clocks:VECTOR",
        "hybrid-clock": "distsys.algorithms.hybridclock:HYBRID",
        "truetime": "distsys.algorithms.truetime:TRUETIME",
        "snapshot": "distsys.algorithms.snapshot:SNAPSHOT",
        "fifo-links": "distsys.algorithms.fifolinks:FIFO_LINKS",
        "best-effort-broadcast": "distsys.algorithms.broadcast:BEST_EFFORT",
        "reliable-broadcast": "distsys.algorithms.broadcast:RELIABLE",
        "causal-broadcast": "distsys.algorithms.causal:CAUSAL",
        "heartbeat-detector": "distsys.algorithms.detector:HEARTBEAT",
        "membership": "distsys.algorithms.membership:MEMBERSHIP",
        "swim": "distsys.algorithms.swim:SWIM",
        "gossip": "distsys.algorithms.gossip:GOSSIP",
        "abd": "distsys.protocols.abd_systems:ABD",
        "abd-multi": "distsys.protocols.abd_systems:ABD_MULTI",
        "peterson": "distsys.models.mutual_exclusion:PETERSON",
        "bakery": "distsys.models.mutual_exclusion:BAKERY",
        "paxos": "distsys.protocols.paxos_systems:PAXOS",
        "multi-paxos": "distsys.protocols.multipaxos_systems:MULTI_PAXOS",
        "raft": "distsys.protocols.raft_systems:RAFT",
        "raft-members": "distsys.protocols.raft_systems:RAFT_MEMBERS",
        "raft-kv": "distsys.services.raft_kv:RAFT_KV",
        "zab": "distsys.protocols.zab_systems:ZAB",
        "multipaxos-kv": "distsys.services.systems:MULTIPAXOS_KV",
        "zab-kv": "distsys.services.systems:ZAB_KV",
        "raft-locks": "distsys.services.systems:RAFT_LOCKS",
        "multipaxos-locks": "distsys.services.systems:MULTIPAXOS_LOCKS",
        "zab-locks": "distsys.services.systems:ZAB_LOCKS",
        "zookeeper": "distsys.services.zookeeper.systems:ZOOKEEPER",
        "zab-zookeeper": "distsys.services.zookeeper.systems:ZAB_ZOOKEEPER",
        "zab-zookeeper-locks": "distsys.services.zookeeper.systems:ZAB_ZOOKEEPER_LOCKS",
        "raft-etcd": "distsys.services.etcd.systems:RAFT_ETCD",
        "raft-etcd-locks": "distsys.services.etcd.systems:RAFT_ETCD_LOCKS",
        "multipaxos-chubby": "distsys.services.chubby.systems:CHUBBY",
        "multipaxos-chubby-locks": "distsys.services.chubby.systems:CHUBBY_LOCKS",
    },
    mutant_modules=(
        "distsys.mutants.clocks",
        "distsys.mutants.hybrid",
        "distsys.mutants.truetime",
        "distsys.mutants.snapshot",
        "distsys.mutants.links",
        "distsys.mutants.broadcast",
        "distsys.mutants.detector",
        "distsys.mutants.swim",
        "distsys.mutants.gossip",
        "distsys.mutants.hashing",
        "distsys.mutants.raft",
        "distsys.mutants.raft_parts",
        "distsys.mutants.raft_found",
        "distsys.mutants.abd",
        "distsys.mutants.paxos",
        "distsys.mutants.multipaxos",
        "distsys.mutants.zab",
        "distsys.mutants.etcd",
        "distsys.mutants.chubby",
        "distsys.mutants.zookeeper",
        "distsys.mutants.shared_memory",
    ),
    scopes="distsys.lab.scopes:scope_of",
)

show_with("distsys.views.figure:mimebundle")
