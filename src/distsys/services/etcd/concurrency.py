"""Locks and elections on top of the store: who asks what, in which order. There is nothing about them in the server.

Each who wants a lock puts a key of its own under the name of the lock, with its lease: `name/lease`. The keys stand in
the order in which they were created, and the first has the lock. The others wait, each for the key just before its own
to be deleted; so a release wakes one and not all. When a holder dies its lease runs out, its key is deleted, and the
next has the lock.

One step is easily left out. Who has waited long may have lost its own lease meanwhile, and with it its key; it must
look whether its key is still there before it believes that it has the lock. And even then the lease may end the moment
after: who does something with a lock shows the revision of its key, which only grows, as a fencing token.

An election is a lock whose key has a value: what the leader proclaims.

These are functions: each returns a request, or what a response means. `LockClient` sends and waits.
Source: client/v3/concurrency (key.go, mutex.go, election.go) and server/etcdserver/api/v3lock of etcd 3.5.1.
"""

from __future__ import annotations

from distsys.core.values import record

from .api import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRangeRequest,
    KeyValue,
    PutRequest,
    RangeRequest,
    RangeResponse,
    SortOrder,
    SortTarget,
    TxnRequest,
    TxnResponse,
    WatchCreateRequest,
)
from .mvcc import prefix_end


@record
class Claim:
    """A key that stands for a claim to a lock or an election, and the revision that created it: a fencing token."""

    key: bytes
    revision: int


def prefix_of(name: bytes) -> bytes:
    """Return what the keys of a lock begin with."""
    return name + b"/"


def key_of(name: bytes, lease: int) -> bytes:
    """Return the key of who has this lease.

    >>> key_of(b"lock", 0x2A)
    b'lock/2a'
    """
    return prefix_of(name) + f"{lease:x}".encode()


def first(name: bytes) -> RangeRequest:
    """Ask for the oldest key of a lock, whose owner has it."""
    prefix = prefix_of(name)
    return RangeRequest(
        prefix,
        prefix_end(prefix),
        limit=1,
        sort_order=SortOrder.ASCEND,
        sort_target=SortTarget.CREATE,
    )


def claim(name: bytes, lease: int, value: bytes = b"") -> TxnRequest:
    """Put the own key unless it is there, and ask for it and for the oldest."""
    key = key_of(name, lease)
    absent = Compare(CompareResult.EQUAL, CompareTarget.CREATE, key, 0)
    put = PutRequest(key, value, lease)
    return TxnRequest((absent,), (put, first(name)), (RangeRequest(key), first(name)))


def claimed(name: bytes, lease: int, response: TxnResponse) -> tuple[Claim, bool]:
    """Return the claim that a response to `claim` stands for, and whether it has the lock at once."""
    mine, oldest = response.responses
    revision = response.header_revision if response.succeeded else mine.kvs[0].create_revision
    at_once = not oldest.kvs or oldest.kvs[0].create_revision == revision
    return Claim(key_of(name, lease), revision), at_once


def predecessor(name: bytes, mine: Claim) -> RangeRequest:
    """Ask for the youngest key that is older than the own one."""
    prefix = prefix_of(name)
    return RangeRequest(
        prefix,
        prefix_end(prefix),
        limit=1,
        sort_order=SortOrder.DESCEND,
        sort_target=SortTarget.CREATE,
        max_create_revision=mine.revision - 1,
    )


def awaited(response: RangeResponse) -> WatchCreateRequest | None:
    """Return the watch that tells when the predecessor goes; None where there is none, and the lock may be had."""
    if not response.kvs:
        return None
    return WatchCreateRequest(response.kvs[0].key, start_revision=response.header_revision + 1)


def still_there(mine: Claim) -> RangeRequest:
    """Ask for the own key, before it is believed to have the lock."""
    return RangeRequest(mine.key)


def is_held(mine: Claim, response: RangeResponse) -> bool:
    """Return whether the own key is there, and still the same."""
    return bool(response.kvs) and response.kvs[0].create_revision == mine.revision


def release(mine: Claim) -> DeleteRangeRequest:
    """Give a lock back, or a claim up."""
    return DeleteRangeRequest(mine.key)


# Elections.


def _same(mine: Claim) -> Compare:
    return Compare(CompareResult.EQUAL, CompareTarget.CREATE, mine.key, mine.revision)


def proclaim(mine: Claim, lease: int, value: bytes) -> TxnRequest:
    """Let the leader say something else, if it still leads."""
    return TxnRequest((_same(mine),), (PutRequest(mine.key, value, lease),))


def resign(mine: Claim) -> TxnRequest:
    """Give the leadership up, and nobody else's."""
    return TxnRequest((_same(mine),), (DeleteRangeRequest(mine.key),))


def leader(response: RangeResponse) -> KeyValue | None:
    """Return the key of who leads, from a response to `first`; None where nobody does."""
    return response.kvs[0] if response.kvs else None
