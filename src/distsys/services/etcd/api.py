"""The words of etcd's API: requests, responses and events, with the names and the order of its `rpc.proto`.

A response says in `header_revision` what stands in the header of the real one; the other parts of a header (cluster,
member, term) belong to the member that answers, not to the state. Keys and values are bytes. A number that is 0, bytes
that are empty and a flag that is off mean "not given", as in protocol buffers.

Source: https://etcd.io/docs/v3.5/learning/api/ and the file api/etcdserverpb/rpc.proto of etcd 3.5.1.
"""

from __future__ import annotations

import enum
from typing import Any

from distsys.core.values import record

# The store: what it holds.


@record
class KeyValue:
    """One version of a key. A tombstone, which marks that the key was deleted, has version 0."""

    key: bytes
    create_revision: int = 0  # of the put that began this life of the key
    mod_revision: int = 0  # of the last change
    version: int = 0  # how many puts in this life of the key
    value: bytes = b""
    lease: int = 0


@record
class EventType(enum.Enum):
    """What happened to a key."""

    PUT = 0
    DELETE = 1


@record
class Event:
    """A change of a key; a deletion carries the key and its revision only."""

    type: EventType
    kv: KeyValue
    prev_kv: KeyValue | None = None


# KV: range, put, delete.


@record
class SortOrder(enum.Enum):
    """In which direction a range is sorted."""

    NONE = 0
    ASCEND = 1
    DESCEND = 2


@record
class SortTarget(enum.Enum):
    """By what a range is sorted."""

    KEY = 0
    VERSION = 1
    CREATE = 2
    MOD = 3
    VALUE = 4


@record
class RangeRequest:
    """Ask for the keys in [key, range_end); without an end for `key` alone, from `key` on where the end is a zero."""

    key: bytes
    range_end: bytes = b""
    limit: int = 0
    revision: int = 0
    sort_order: SortOrder = SortOrder.NONE
    sort_target: SortTarget = SortTarget.KEY
    serializable: bool = False
    keys_only: bool = False
    count_only: bool = False
    min_mod_revision: int = 0
    max_mod_revision: int = 0
    min_create_revision: int = 0
    max_create_revision: int = 0


@record
class RangeResponse:
    """The keys; `count` is how many are in the range, whatever limit and filters left of them."""

    header_revision: int
    kvs: tuple[KeyValue, ...] = ()
    more: bool = False
    count: int = 0


@record
class PutRequest:
    """Set a key."""

    key: bytes
    value: bytes = b""
    lease: int = 0
    prev_kv: bool = False
    ignore_value: bool = False
    ignore_lease: bool = False


@record
class PutResponse:
    """The key is set."""

    header_revision: int
    prev_kv: KeyValue | None = None


@record
class DeleteRangeRequest:
    """Delete the keys of a range."""

    key: bytes
    range_end: bytes = b""
    prev_kv: bool = False


@record
class DeleteRangeResponse:
    """So many keys were deleted."""

    header_revision: int
    deleted: int = 0
    prev_kvs: tuple[KeyValue, ...] = ()


# KV: transactions and compaction.


@record
class CompareResult(enum.Enum):
    """How the two sides of a compare must stand to each other."""

    EQUAL = 0
    GREATER = 1
    LESS = 2
    NOT_EQUAL = 3


@record
class CompareTarget(enum.Enum):
    """What of a key is compared."""

    VERSION = 0
    CREATE = 1
    MOD = 2
    VALUE = 3
    LEASE = 4


@record
class Compare:
    """`target` of `key`, or of each key in the range, stands to `value` as `result` says."""

    result: CompareResult
    target: CompareTarget
    key: bytes
    value: int | bytes = 0
    range_end: bytes = b""


@record
class TxnRequest:
    """If all compares hold do `success`, else `failure`: all of it at one revision."""

    compare: tuple[Compare, ...] = ()
    success: tuple[Any, ...] = ()
    failure: tuple[Any, ...] = ()


@record
class TxnResponse:
    """Which branch was taken, and a response for each of its requests."""

    header_revision: int
    succeeded: bool = False
    responses: tuple[Any, ...] = ()


@record
class CompactionRequest:
    """Forget all revisions before `revision` that are superseded there."""

    revision: int
    physical: bool = False


@record
class CompactionResponse:
    """It is forgotten."""

    header_revision: int


# Leases.


@record
class LeaseGrantRequest:
    """Make a lease of `ttl` seconds; the server chooses the id where it is 0."""

    ttl: int
    id: int = 0


@record
class LeaseGrantResponse:
    """The lease is there; its ttl may be longer than what was asked."""

    header_revision: int
    id: int
    ttl: int


@record
class LeaseRevokeRequest:
    """End a lease and delete its keys. A leader asks the same when a lease has run out, and says so in `expired`."""

    id: int
    expired: bool = False


@record
class LeaseRevokeResponse:
    """The lease has ended."""

    header_revision: int


@record
class LeaseKeepAliveRequest:
    """Let a lease begin anew."""

    id: int


@record
class LeaseKeepAliveResponse:
    """The lease has `ttl` seconds again; 0 where there is no such lease."""

    header_revision: int
    id: int
    ttl: int


@record
class LeaseTimeToLiveRequest:
    """Ask how long a lease has left, and which keys it has."""

    id: int
    keys: bool = False


@record
class LeaseTimeToLiveResponse:
    """Seconds left (-1 where there is no such lease), seconds at first, and the keys."""

    header_revision: int
    id: int
    ttl: int
    granted_ttl: int = 0
    keys: tuple[bytes, ...] = ()


@record
class LeaseLeasesRequest:
    """Ask which leases there are."""


@record
class LeaseLeasesResponse:
    """The ids of all leases."""

    header_revision: int
    leases: tuple[int, ...] = ()


# Watch.


@record
class Filter(enum.Enum):
    """What a watch leaves out."""

    NOPUT = 0
    NODELETE = 1


@record
class WatchCreateRequest:
    """Tell me all changes in a range from `start_revision` on (0: from now on); the server chooses an id of 0."""

    key: bytes
    range_end: bytes = b""
    start_revision: int = 0
    progress_notify: bool = False
    filters: tuple[Filter, ...] = ()
    prev_kv: bool = False
    watch_id: int = 0
    fragment: bool = False


@record
class WatchCancelRequest:
    """Tell me no more."""

    watch_id: int


@record
class WatchProgressRequest:
    """Tell me how far my watches have come."""


@record
class WatchResponse:
    """Events of whole revisions, or that a watch was created or canceled, or (nothing of these) how far it has come."""

    header_revision: int
    watch_id: int
    created: bool = False
    canceled: bool = False
    compact_revision: int = 0
    cancel_reason: str = ""
    fragment: bool = False
    events: tuple[Event, ...] = ()
