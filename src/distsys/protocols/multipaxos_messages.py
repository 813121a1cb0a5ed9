"""What replicas of Multi-Paxos say to each other.

The names are those of `paxos_messages`, with a slot where one is meant. Whoever reads both should see one difference:
Prepare and Promise speak of all slots from one on, at once.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import Map, record

from .paxos_messages import Ballot, Vote
from .raft_snapshots import Snapshot

NOOP = None  # the command that does nothing, with which a leader closes a gap


# Phase 1, once for a leader.


@record
class Prepare:
    """Phase 1a, for all slots from `first_slot` on."""

    ballot: Ballot
    first_slot: int


@record
class Promise:
    """Phase 1b, with the last vote in each of these slots in which the acceptor has voted."""

    ballot: Ballot
    first_slot: int
    votes: Map[int, Vote]


# Phase 2, once for a slot.


@record
class Accept:
    """Phase 2a: the leader asks for votes for `value` in `slot`."""

    ballot: Ballot
    slot: int
    value: Any


@record
class Accepted:
    """Phase 2b: the acceptor has voted. It tells the leader, who is the learner that tells all others."""

    ballot: Ballot
    slot: int
    value: Any


@record
class Reject:
    """`ballot` comes too late, for the sender has promised `promised`."""

    ballot: Ballot
    promised: Ballot


# What the leader knows, and what others lack.


@record
class Decided:
    """These values are chosen, in the slots from `first_slot` on."""

    first_slot: int
    values: tuple[Any, ...]


@record
class Heartbeat:
    """The leader of `ballot` is there, and has applied all slots up to `applied_through`."""

    ballot: Ballot
    applied_through: int


@record
class Lacks:
    """The sender has applied all before `first_slot`, and asks what is chosen there and beyond."""

    first_slot: int


@record
class InstallSnapshot:
    """The state after the slots that the sender no longer holds."""

    snapshot: Snapshot


# Who the members are, as a command like any other.


@record
class Members:
    """A command: let these be the members, from alpha slots after this one on."""

    names: tuple[str, ...]


@record
class ChangeRefused:
    """To the host: this cannot be, and why."""

    change: Members
    why: str
