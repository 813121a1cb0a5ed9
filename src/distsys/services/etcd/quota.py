"""The quota: how large the store may become before a member refuses what makes it larger.

A member looks at each request that may need room before it does anything else with it. Where there is none it raises
an alarm, by way of the log, and from then on all members refuse such requests, until an operator has made room (by
deletions and a compaction) and ends the alarm. What was under way when the quota was reached is done all the same, so
the store may become a little larger than the quota says.

The real one compares the size of its file, which shrinks by defragmentation only; here a compaction is enough.

Source: server/etcdserver/quota.go and server/etcdserver/api/v3rpc/quota.go of etcd 3.5.1.
"""

from __future__ import annotations

from typing import Any

from .api import LeaseGrantRequest, PutRequest, TxnRequest
from .mvcc import Store

QUOTA_BYTES = 2 * 2**30  # unless a member is told otherwise
KEY_BYTES, LEASE_BYTES = 256, 64  # what a key or a lease costs beside its contents


def cost(request: Any) -> int:
    """Return about how many bytes a request adds.

    A put inside a nested transaction costs nothing: the real one overlooks it too.

    >>> cost(PutRequest(b"key", b"value")), cost(LeaseGrantRequest(60)), cost(TxnRequest())
    (264, 64, 0)
    """
    match request:
        case PutRequest(key, value):
            return KEY_BYTES + len(key) + len(value)
        case LeaseGrantRequest():
            return LEASE_BYTES
        case TxnRequest(_, success, failure):
            puts = (
                [inner for inner in branch if isinstance(inner, PutRequest)] for branch in (success, failure)
            )
            return max(sum(map(cost, branch)) for branch in puts)
    return 0


def fits(store: Store, request: Any, quota_bytes: int) -> bool:
    """Return whether there is room for a request; of those that may need any, which all transactions do."""
    asks = isinstance(request, PutRequest | TxnRequest | LeaseGrantRequest)
    return not asks or store.size + cost(request) < quota_bytes
