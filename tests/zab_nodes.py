"""Zab servers for tests: brought into a state by the messages that lead there, and asked what they want.

`s1` is the server under test, `s2` and `s3` are its peers. Every helper returns the effects in the order
in which the node wanted them.
"""

from dataclasses import replace

from distsys.core import MS, Log, Persist, SetTimer, Start
from distsys.core.values import EMPTY, Map
from distsys.protocols.zab import Zab
from distsys.protocols.zab_messages import (
    AckEpoch,
    AckNewLeader,
    Diff,
    FollowerInfo,
    Link,
    NewEpoch,
    NewLeader,
    Notification,
    State,
    Transaction,
    UpToDate,
    Vote,
    Zxid,
)
from raft_nodes import ask, fire, hear, notes, outputs, persisted, sends

__all__ = ["ask", "fire", "hear", "notes", "outputs", "persisted", "sends"]

THREE = ("s1", "s2", "s3")
ZERO = Zxid()
PATIENCE = SetTimer("patience", 300 * MS, 300 * MS)
PING = SetTimer("ping", 50 * MS, 50 * MS)
CONNECT = SetTimer("connect", 50 * MS, 50 * MS)
NOTIFY = SetTimer("notify", 50 * MS, 50 * MS)
DECIDE = SetTimer("decide", 50 * MS, 50 * MS)


def z(text):
    """Return the zxid that is written "epoch.counter"."""
    epoch, counter = text.split(".")
    return Zxid(int(epoch), int(counter))


def transactions(*zxids):
    """Return transactions whose commands say their zxid."""
    return tuple(Transaction(z(text), f"c{text}") for text in zxids)


def history_of(*zxids):
    """Return a history of these transactions."""
    return Log(transactions(*zxids))


def disk_of(accepted=0, current=0, history=Log(), **more):  # noqa: B008
    """Return a disk that has these epochs and this history."""
    return Map({"accepted_epoch": accepted, "current_epoch": current, "history": history, **more})


def server(disk=EMPTY, name="s1", kind=Zab, voters=THREE, **settings):
    """Return a server that has started, and looks for a leader."""
    node = kind(name, disk, voters=voters, **settings)
    node.handle(Start(0))
    return node


def numbered(node, message, number=None):
    """Return `message` as the next one of the connection that `node` has open, or as the one of that number."""
    return replace(
        message, link=Link(node.link.connection, node.link.number + 1 if number is None else number)
    )


def told(node, leader, *messages):
    """Return the effects of messages of the leader that arrive in order."""
    return [effect for message in messages for effect in hear(node, leader, numbered(node, message))]


def vote_for(node, leader, zxid=ZERO, epoch=0):
    """Return a vote for `leader` in the round of `node`."""
    return Notification(Vote(epoch, zxid, leader), node.round, State.LOOKING)


def follower(disk=EMPTY, leader="s3", **settings):
    """Return a server that follows `leader`, which a quorum named, and has opened a connection."""
    node = server(disk, **settings)
    hear(node, "s2", Notification(Vote(9, ZERO, leader), 5, State.FOLLOWING))
    hear(node, leader, Notification(Vote(9, ZERO, leader), 5, State.LEADING))
    return node


def in_epoch(epoch=1, disk=EMPTY, leader="s3", having=(), **settings):
    """Return a follower that has entered the epoch with these transactions of the leader beyond its own."""
    node = follower(disk, leader, **settings)
    last = having[-1].zxid if having else node.last_zxid()
    told(node, leader, NewEpoch(epoch), Diff(epoch, node.last_zxid(), having), NewLeader(epoch, last))
    told(node, leader, UpToDate(epoch, last))
    return node


def elected(disk=EMPTY, **settings):
    """Return a server that has won the election, and waits for followers."""
    node = server(disk, **settings)
    hear(node, "s2", vote_for(node, "s1", node.last_zxid(), node.current_epoch))
    fire(node, "decide")
    return node


def established(disk=EMPTY, **settings):
    """Return a leader whose epoch s2 has accepted, with the same history."""
    node = elected(disk, **settings)
    hear(node, "s2", FollowerInfo(7, node.accepted_epoch))
    hear(node, "s2", AckEpoch(7, node.epoch, node.current_epoch, node.last_zxid()))
    return node


def leader(disk=EMPTY, **settings):
    """Return a leader that may broadcast: s2 has its history."""
    node = established(disk, **settings)
    hear(node, "s2", AckNewLeader(7, node.epoch, node.last_zxid()))
    return node


def saved(**changes):
    """Return the record of these keys."""
    return Persist(Map(changes))
