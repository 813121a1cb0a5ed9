"""A range request: which keys, at which revision, filtered, sorted and cut to a limit.

Three things surprise. `count` is that of the whole range, whatever limit and filters leave of it. `more` says that the
limit cut something off. And a range that is sorted by something else than the key is sorted upwards unless it says
otherwise, but only after the limit has been applied: "the first ten keys, by version", not "the ten smallest versions".

Source: the functions Range of server/etcdserver/apply.go, Revisions of server/mvcc/index.go (the count) and
checkRangeRequest of server/etcdserver/api/v3rpc/key.go of etcd 3.5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any

from . import mvcc
from .api import KeyValue, RangeRequest, RangeResponse, SortOrder, SortTarget
from .errors import EMPTY_KEY, RejectedError

BY: dict[SortTarget, Callable[[KeyValue], Any]] = {
    SortTarget.KEY: attrgetter("key"),
    SortTarget.VERSION: attrgetter("version"),
    SortTarget.CREATE: attrgetter("create_revision"),
    SortTarget.MOD: attrgetter("mod_revision"),
    SortTarget.VALUE: attrgetter("value"),
}


def check(request: RangeRequest) -> None:
    """Raise the error that a server gives before it looks at its state."""
    if not request.key:
        raise RejectedError(EMPTY_KEY)


def answer(store: mvcc.Store, request: RangeRequest) -> RangeResponse:
    """Return the response to a range request.

    >>> write = mvcc.Write(mvcc.Store())
    >>> _ = write.put(b"a", b"1"), write.put(b"b", b"2")
    >>> response = answer(write.store, RangeRequest(b"a", b"z", limit=1))
    >>> [kv.key for kv in response.kvs], response.more, response.count, response.header_revision
    ([b'a'], True, 2, 2)
    """
    found = tuple(mvcc.select(store, request.key, request.range_end, request.revision))
    if request.count_only:
        return RangeResponse(store.revision, (), False, len(found))
    limit = request.limit if request.limit > 0 else len(found)
    kvs = in_order(request, fetched(request, found, limit))
    more, kvs = len(kvs) > limit, kvs[:limit]
    if request.keys_only:
        kvs = tuple(replace(kv, value=b"") for kv in kvs)
    return RangeResponse(store.revision, kvs, more, len(found))


def fetched(request: RangeRequest, found: tuple[KeyValue, ...], limit: int) -> tuple[KeyValue, ...]:
    """Return the keys that are sorted: the first ones only, and one more, unless all must be looked at.

    All must be where a direction is given, or a filter may leave some out. So without a direction a limit cuts first.
    """
    if request.sort_order is SortOrder.NONE and not is_filtered(request):
        return found[: limit + 1]
    return tuple(kv for kv in found if passes(request, kv))


def is_filtered(request: RangeRequest) -> bool:
    """Return whether a request asks for certain revisions only."""
    return any(
        (
            request.min_mod_revision,
            request.max_mod_revision,
            request.min_create_revision,
            request.max_create_revision,
        )
    )


def passes(request: RangeRequest, kv: KeyValue) -> bool:
    """Return whether a key is of the revisions that are asked for; 0 asks for nothing."""
    return (
        kv.mod_revision >= request.min_mod_revision
        and not 0 < request.max_mod_revision < kv.mod_revision
        and kv.create_revision >= request.min_create_revision
        and not 0 < request.max_create_revision < kv.create_revision
    )


def in_order(request: RangeRequest, kvs: tuple[KeyValue, ...]) -> tuple[KeyValue, ...]:
    """Return the keys in the order that is asked for; equal ones stay in the order of their keys."""
    order, target = request.sort_order, request.sort_target
    if order is SortOrder.NONE and target is SortTarget.KEY:
        return kvs
    return tuple(sorted(kvs, key=BY[target], reverse=order is SortOrder.DESCEND))
