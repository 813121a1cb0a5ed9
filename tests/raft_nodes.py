"""Raft servers for tests: brought into a state by the messages that lead there, and asked what they want.

`s1` is the server under test, `s2` and `s3` are its peers. Every helper returns the effects in the order
in which the node wanted them.
"""

from distsys.core import (
    MS,
    CancelTimer,
    Deliver,
    Inner,
    Log,
    Note,
    Output,
    Persist,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, Vote
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_stability import PreVote, StableRaft

THREE = ("s1", "s2", "s3")
FIVE = ("s1", "s2", "s3", "s4", "s5")
ELECTION = SetTimer("election", 300 * MS, 600 * MS)
HEARTBEAT = SetTimer("heartbeat", 50 * MS, 50 * MS)
ALIVE = SetTimer("alive", 300 * MS, 300 * MS)
QUORUM = SetTimer("quorum", 300 * MS, 300 * MS)
NO_HEARTBEAT = CancelTimer("heartbeat")
NO_ELECTION = CancelTimer("election")
NO_QUORUM = CancelTimer("quorum")


def log_of(*terms):
    """Return a log with an entry of each term; the command says the index and the term."""
    return Log([Entry(term, f"{index}@{term}") for index, term in enumerate(terms, 1)])


def disk_of(term=0, vote=None, log=Log(), **more):  # noqa: B008
    """Return a disk that holds this term, vote and log."""
    return Map({"current_term": term, "voted_for": vote, "log": log, **more})


def server(kind=Raft, disk=EMPTY, name="s1", voters=THREE, **settings):
    """Return a server that has started."""
    node = kind(name, disk, voters=voters, **settings)
    node.handle(Start(0))
    return node


def hear(node, sender, message, now=0):
    """Return the effects of a message that arrives."""
    return node.handle(Deliver(sender, message, now))


def ask(node, message, now=0):
    """Return the effects of a request of the host."""
    return hear(node, "client", message, now)


def fire(node, timer, now=0):
    """Return the effects of a timer that fires."""
    return node.handle(Timeout(timer, now))


def candidate(kind=Raft, disk=EMPTY, **settings):
    """Return a server that campaigns; one with pre-vote has been told by all that they would vote for it."""
    node = server(kind, disk, **settings)
    fire(node, "election")
    if isinstance(node, StableRaft):
        for peer in node.electors():
            if node.pre_votes:
                hear(node, peer, PreVote(node.current_term, node.current_term + 1, True))
    return node


def leader(kind=Raft, disk=EMPTY, **settings):
    """Return a server that all others have elected, and whose first entry is not committed yet."""
    node = candidate(kind, disk, **settings)
    for peer in node.electors():
        hear(node, peer, Vote(node.current_term, True))
    return node


def settled_leader(kind=RaftServer, disk=EMPTY, **settings):
    """Return a leader that has committed an entry of its term, which all its peers hold."""
    node = leader(kind, disk, **settings)
    for peer in node.followers():
        hear(node, peer, Appended(node.current_term, node.log.last_index))
    return node


def follower(kind=Raft, disk=EMPTY, of="s2", **settings):
    """Return a server that has heard a leader of its term."""
    node = server(kind, disk, **settings)
    hear(node, of, AppendEntries(max(1, node.current_term), 0, 0, (), 0))
    return node


def sends(effects):
    """Return (to, message) of each message."""
    return [(effect.to, effect.message) for effect in effects if isinstance(effect, Send)]


def outputs(effects):
    """Return what the host is told."""
    return [effect.value for effect in effects if isinstance(effect, Output)]


def persisted(effects):
    """Return the changes of each record for the disk."""
    return [dict(effect.changes.items()) for effect in effects if isinstance(effect, Persist)]


def notes(effects):
    """Return the remarks."""
    return [effect.text for effect in effects if isinstance(effect, Note)]


def saved(term, vote):
    """Return the record of a term and a vote."""
    return Persist(Map({"current_term": term, "voted_for": vote}))


def stored(log):
    """Return the record of a log."""
    return Persist(Map({"log": log}))


def flow(nodes, under_way, now=0, held=()):
    """Deliver messages among `nodes` until none is under way; return those that nobody took, in order.

    `under_way` is (sender, to, message). What goes to another name, or is of a class in `held`, stays.
    """
    left, waiting = [], list(under_way)
    while waiting:
        sender, to, message = waiting.pop(0)
        inner = message.message if isinstance(message, Inner) else message
        if to not in nodes or isinstance(inner, held):
            left.append((sender, to, message))
            continue
        effects = nodes[to].handle(Deliver(sender, message, now))
        waiting += [(to, other, answer) for other, answer in sends(effects)]
    return left
