"""Processes of single-decree Paxos for tests: brought into a state by the messages that lead there.

`a1` is the process under test, `a2` and `a3` are its peers. What is asked of them is in `raft_nodes`.
"""

from distsys.core import MS, CancelTimer, Persist, Send, SetTimer, Start
from distsys.core.values import EMPTY, Map
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_messages import Ballot, Promise, Propose
from raft_nodes import ask, hear

THREE = ("a1", "a2", "a3")
FIVE = ("a1", "a2", "a3", "a4", "a5")
RETRY = SetTimer("retry", 150 * MS, 300 * MS)
NO_RETRY = CancelTimer("retry")


def b(round, name="a1"):
    """Return a ballot."""
    return Ballot(round, name)


def process(kind=Paxos, disk=EMPTY, name="a1", acceptors=THREE, **settings):
    """Return a process that has started."""
    node = kind(name, disk, acceptors=acceptors, **settings)
    node.handle(Start(0))
    return node


def voter(ballot, value, promised=None):
    """Return a disk on which a vote stands."""
    return Map({"promised": promised or ballot, "voted_ballot": ballot, "voted_value": value})


def preparing(value="x", **settings):
    """Return a proposer in phase 1 of ballot 1, which nobody has answered."""
    node = process(**settings)
    ask(node, Propose(value))
    return node


def accepting(value="x", **settings):
    """Return a proposer in phase 2 of ballot 1."""
    node = preparing(value, **settings)
    hear(node, "a2", Promise(node.ballot))
    return node


def saved(**changes):
    """Return the record of these changes."""
    return Persist(Map(changes))


def to_others(message, names=("a2", "a3")):
    """Return the message to each of the other processes."""
    return tuple(Send(name, message) for name in names)
