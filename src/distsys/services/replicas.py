"""Replicas on Raft, on Multi-Paxos and on Zab: what each protocol is called inside, and what its picture shows.

That is all there is to say. A service on one of them is a class of one line:

    class ZabLocks(ZabReplica):
        service = locks.SERVICE
"""

from __future__ import annotations

from typing import ClassVar

from distsys.core.node import Node
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.zab import Zab

from . import kv, locks
from .replicated import Replica


class RaftReplica(Replica):
    """A replica of a service on Raft."""

    inside = "raft"
    below: ClassVar[type[Node]] = RaftServer
    raft: RaftServer

    declared = {
        "role": "raft.role",
        "term": "raft.current_term",
        "vote": "raft.voted_for",
        "log": "raft.log",
        "commit": "raft.commit_index",
        "votes": "raft.votes",
        "match": "raft.match_index",
        "voters": "raft.configuration",
    }


class PaxosReplica(Replica):
    """A replica of a service on Multi-Paxos."""

    inside = "paxos"
    below: ClassVar[type[Node]] = ReconfigurableMultiPaxos
    paxos: ReconfigurableMultiPaxos

    declared = {name: f"paxos.{field}" for name, field in ReconfigurableMultiPaxos.declared.items()}


class ZabReplica(Replica):
    """A replica of a service on Zab."""

    inside = "zab"
    below: ClassVar[type[Node]] = Zab
    zab: Zab

    declared = {name: f"zab.{field}" for name, field in Zab.declared.items()}


class PaxosStore(PaxosReplica):
    """The key-value store on Multi-Paxos."""

    service = kv.SERVICE


class ZabStore(ZabReplica):
    """The key-value store on Zab."""

    service = kv.SERVICE


class RaftLocks(RaftReplica):
    """Locks on Raft."""

    service = locks.SERVICE


class PaxosLocks(PaxosReplica):
    """Locks on Multi-Paxos."""

    service = locks.SERVICE


class ZabLocks(ZabReplica):
    """Locks on Zab."""

    service = locks.SERVICE
