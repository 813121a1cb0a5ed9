"""Replicas of Multi-Paxos for tests: brought into a state by the messages that lead there.

`r1` is the replica under test, `r2` and `r3` are its peers. What is asked of them is in `raft_nodes`.
"""

from distsys.core import MS, CancelTimer, SetTimer, Start
from distsys.core.values import EMPTY, Map
from distsys.protocols.multipaxos import MultiPaxos
from distsys.protocols.multipaxos_messages import Promise
from distsys.protocols.paxos_messages import Ballot, Vote
from distsys.protocols.replication import Committed
from raft_nodes import fire, hear, outputs, sends

THREE = ("r1", "r2", "r3")
FIVE = ("r1", "r2", "r3", "r4", "r5")
ELECTION = SetTimer("election", 300 * MS, 600 * MS)
HEARTBEAT = SetTimer("heartbeat", 50 * MS, 50 * MS)
NO_ELECTION = CancelTimer("election")
NO_HEARTBEAT = CancelTimer("heartbeat")


def b(round, name="r1"):
    """Return a ballot."""
    return Ballot(round, name)


def votes(**slots):
    """Return votes: votes(s2=(ballot, value)) is one in slot 2."""
    return Map({int(slot[1:]): Vote(*vote) for slot, vote in slots.items()})


def replica(kind=MultiPaxos, disk=EMPTY, name="r1", members=THREE, **settings):
    """Return a replica that has started."""
    node = kind(name, disk, members=members, **settings)
    node.handle(Start(0))
    return node


def candidate(kind=MultiPaxos, disk=EMPTY, **settings):
    """Return a replica in phase 1."""
    node = replica(kind, disk, **settings)
    fire(node, "election")
    return node


def leader(kind=MultiPaxos, disk=EMPTY, told=EMPTY, **settings):
    """Return a leader, to which r2 (and, of five, r3) has promised with the votes `told`."""
    node = candidate(kind, disk, **settings)
    for name in ("r2", "r3")[: len(node.members) // 2]:
        hear(node, name, Promise(node.ballot, node.next_slot, told))
    return node


def applied(effects):
    """Return {slot: command} of what the host is told to apply, in order."""
    return [(value.index, value.entry.command) for value in outputs(effects) if isinstance(value, Committed)]


def asked(effects, of):
    """Return the messages of one class that leave for r2."""
    return [message for to, message in sends(effects) if to == "r2" and isinstance(message, of)]
