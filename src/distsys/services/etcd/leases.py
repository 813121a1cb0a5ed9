"""Leases: a key that is put with a lease is deleted when the lease ends.

This is the replicated part: which leases there are, how long they were granted for, and which keys they have. When a
lease runs out is not in it, for members have no common clock: the leader alone counts (`lessor`), and what it finds
goes through the log as a revocation, like one that a client asks for.

Source: server/lease/lessor.go of etcd 3.5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from distsys.core.values import record

from .. import ordered
from ..ordered import EMPTY_TREE, Tree
from .errors import LEASE_EXISTS, LEASE_NOT_FOUND, LEASE_TTL_TOO_LARGE, RejectedError

TTL_MAX = 9_000_000_000  # seconds


@record
class Leases:
    """`granted`: id -> ttl in seconds; `attached`: (id, key) for each key that has a lease."""

    granted: Tree = EMPTY_TREE
    attached: Tree = EMPTY_TREE


def ttl_of(leases: Leases, id: int) -> int:
    """Return the seconds that a lease was granted for; an error where it is not there."""
    ttl: int = ordered.get(leases.granted, id, 0)
    if not ttl:
        raise RejectedError(LEASE_NOT_FOUND)
    return ttl


def ids(leases: Leases) -> tuple[int, ...]:
    """Return the ids of all leases, in order."""
    return tuple(id for id, _ in ordered.items(leases.granted))


def keys_of(leases: Leases, id: int) -> tuple[bytes, ...]:
    """Return the keys of a lease, in order."""
    return tuple(key for (_, key), _ in ordered.items(leases.attached, (id, b""), (id + 1, b"")))


def grant(leases: Leases, id: int, ttl: int, ttl_min: int) -> Leases:
    """Return the leases with a new one; it lasts at least `ttl_min` seconds, or an election would end it.

    >>> ids(grant(grant(Leases(), 7, 60, 2), 5, 60, 2))
    (5, 7)
    """
    if not id:
        raise RejectedError(LEASE_NOT_FOUND)
    if ttl > TTL_MAX:
        raise RejectedError(LEASE_TTL_TOO_LARGE)
    if ordered.get(leases.granted, id):
        raise RejectedError(LEASE_EXISTS)
    return Leases(ordered.put(leases.granted, id, max(ttl, ttl_min)), leases.attached)


def without(leases: Leases, id: int) -> Leases:
    """Return the leases without one; its keys are detached already."""
    return Leases(ordered.remove(leases.granted, id), leases.attached)


def moved(leases: Leases, key: bytes, old: int, new: int) -> Leases:
    """Return the leases after `key`, which had the lease `old`, got `new`; 0 is none."""
    if old == new:
        return leases
    attached = leases.attached
    if old:
        attached = ordered.remove(attached, (old, key))
    if new:
        attached = ordered.put(attached, (new, key), True)
    return Leases(leases.granted, attached)


def restored(granted: Tree, keys: Iterator[tuple[bytes, int]]) -> Leases:
    """Return the leases of a member that restarts, from what it has of them and the (key, lease) of its store."""
    leases = Leases(granted)
    for key, id in keys:
        leases = moved(leases, key, 0, id)
    return leases
