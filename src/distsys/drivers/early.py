"""Messages that need not wait for the disk: what a node lets leave while its own write is under way.

A handler persists, then sends, and the runtime keeps a message back until all that stands before it is durable. That is
always right, and for some messages it is more than is needed. A Raft leader that sends an entry promises nothing of its
own disk: a crash that loses the entry leaves a server that has sent something in a term in which it will not lead
again, for the term itself is durable and a restarted server leads only a later one. Followers may hold the entry then;
it is committed only where a majority has it, as after any other crash of a leader. So the leader's disk and
those of its followers work at the same time, and a write costs one fsync of waiting and not two in a row.

A class says this in `sent_early`, as pairs (class of messages, key of the disk): such a message may leave before *that
key* is durable, as far as the *same step* has persisted it, and before no other key. What earlier steps have persisted
it waits for. A leader of Zab sends its proposals so, for the same reason with epochs for terms. So what a leader
reveals in the message beside the entries (its term, how far the log is committed) rests on what is durable, and a
leader whose term is not durable yet does not get ahead of it.

`reordered` says the same as an order of effects: in a step, early messages come first, then the write. A crash keeps a
beginning of the effects of a step, so the simulator can crash a node between the two, and the laws of Raft are judged
there, and those of Zab (`tests/unit/test_early.py`). That a leader handles the answers to an early message before its
own write is durable, and counts itself among those who have the entry, can be seen by nobody: whatever it says after
that stands behind the write, and waits for it. (Ongaro allows more: a leader may commit with a majority of followers
before its own disk has the entry. This runtime waits for its own write all the same.)

Source: Ongaro 2014, section 10.2.1. server/etcdserver/raft.go of etcd 3.5 does the same, and so does ZooKeeper, where
ProposalRequestProcessor proposes and only then hands the request to its own disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distsys.core.events import Effect, Persist, Send
from distsys.core.node import Inner, Node

Early = tuple[tuple[type, str], ...]


def is_early(node: Node, message: Any, persisted: Iterable[str]) -> bool:
    """Return whether a message of `node` may leave before the keys `persisted` of its disk are durable."""
    prefix, sender = "", node
    while isinstance(message, Inner):  # an embedded node has a disk of its own under its name
        sender, prefix = getattr(sender, message.name), f"{prefix}{message.name}/"
        message = message.message
    early: Early = getattr(sender, "sent_early", ())
    outrun = {f"{prefix}{key}" for kind, key in early if type(message) is kind}
    return outrun.issuperset(persisted)


def reordered(node: Node, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Return the effects of one step of `node` in an order in which they may be carried out: early messages first."""
    first = next((place for place, effect in enumerate(effects) if isinstance(effect, Persist)), None)
    if first is None or not any(isinstance(effect, Send) for effect in effects[first:]):
        return effects
    persisted: set[str] = set()
    ahead: list[Effect] = []
    behind: list[Effect] = []
    for effect in effects[first:]:
        if isinstance(effect, Persist):
            persisted.update(effect.changes)
        is_ahead = isinstance(effect, Send) and is_early(node, effect.message, persisted)
        (ahead if is_ahead else behind).append(effect)
    return (*effects[:first], *ahead, *behind)
