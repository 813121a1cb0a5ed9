"""Transactions: compares, and one of two lists of requests, done as a whole at one revision.

Four things to know. All compares are evaluated before anything is done, those of nested transactions too: a nested
compare does not see what the outer transaction writes. A range in the list does see it. What cannot be done (a lease
that does not exist, a revision that was compacted) makes the whole transaction fail with no effect. And no key may be
written twice, since both would have the same revision; in branches that exclude each other it may stand twice.

Source: server/etcdserver/apply.go (compareToPath, applyTxn, checkRequests), server/etcdserver/v3_server.go
(isTxnReadonly) and server/etcdserver/api/v3rpc/key.go (checkTxnRequest, checkIntervals) of etcd 3.5.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import mvcc, ranges
from .api import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRangeRequest,
    KeyValue,
    PutRequest,
    RangeRequest,
    TxnRequest,
)
from .errors import (
    DUPLICATE_KEY,
    EMPTY_KEY,
    LEASE_PROVIDED,
    TOO_MANY_OPS,
    UNKNOWN_REQUEST,
    VALUE_PROVIDED,
    RejectedError,
)

OPS_MAX = 128  # in a list; a nested transaction has what is left of them
ABSENT = KeyValue(b"")
Spans = tuple[tuple[bytes, bytes], ...]


# Before a request enters the log.


def check(request: Any) -> None:
    """Raise the error that a server gives before it looks at its state: each part first, then all as a whole."""
    check_parts(request)
    if isinstance(request, TxnRequest):
        written(request.success)
        written(request.failure)


def check_parts(request: Any, most: int = OPS_MAX) -> None:
    """Raise an error where a request, or one inside it, makes no sense by itself, or has more than `most` parts."""
    match request:
        case RangeRequest():
            ranges.check(request)
        case PutRequest(key, value, lease):
            if not key:
                raise RejectedError(EMPTY_KEY)
            if request.ignore_value and value:
                raise RejectedError(VALUE_PROVIDED)
            if request.ignore_lease and lease:
                raise RejectedError(LEASE_PROVIDED)
        case DeleteRangeRequest(key):
            if not key:
                raise RejectedError(EMPTY_KEY)
        case TxnRequest(compare, success, failure):
            count = max(len(compare), len(success), len(failure))
            if count > most:
                raise RejectedError(TOO_MANY_OPS)
            if not all(asked.key for asked in compare):
                raise RejectedError(EMPTY_KEY)
            for inner in (*success, *failure):
                check_parts(inner, most - count)
        case _:
            raise RejectedError(UNKNOWN_REQUEST)


def written(requests: Iterable[Any]) -> tuple[frozenset[bytes], Spans]:
    """Return the keys that a list puts and the ranges that it deletes; an error where a key might be written twice.

    A range without an end is overlooked, as it is by the real one: a key that it deletes may be put as well.
    """
    requests = tuple(requests)
    deletes = (request for request in requests if isinstance(request, DeleteRangeRequest))
    spans = tuple((r.key, r.range_end) for r in deletes if r.range_end != mvcc.FROM_KEY)
    puts: frozenset[bytes] = frozenset()
    inner_spans: Spans = ()
    for request in requests:
        if isinstance(request, TxnRequest):
            then_puts, then_spans = written(request.success)
            else_puts, else_spans = written(request.failure)
            alone(then_puts | else_puts, puts, spans + inner_spans)
            puts |= then_puts | else_puts
            inner_spans += then_spans + else_spans
    spans += inner_spans
    for request in requests:
        if isinstance(request, PutRequest):
            alone(frozenset({request.key}), puts, spans)
            puts |= {request.key}
    return puts, spans


def alone(keys: frozenset[bytes], puts: frozenset[bytes], spans: Spans) -> None:
    """Raise an error where one of `keys` is also put, or deleted."""
    if keys & puts or any(mvcc.covers(*span, key) for span in spans for key in keys):
        raise RejectedError(DUPLICATE_KEY)


def reads_only(request: Any) -> bool:
    """Return whether a request can change nothing, so that it need not go through the log.

    A transaction with another inside it goes through the log, whatever they do, as with the real one.

    >>> reads_only(TxnRequest((), (RangeRequest(b"a"),))), reads_only(TxnRequest((), (PutRequest(b"a"),)))
    (True, False)
    """
    match request:
        case RangeRequest():
            return True
        case TxnRequest(_, success, failure):
            return all(isinstance(inner, RangeRequest) for inner in (*success, *failure))
    return False


def is_serializable(request: Any) -> bool:
    """Return whether each range in a request may be answered by a member that is behind."""
    match request:
        case RangeRequest():
            return request.serializable
        case TxnRequest(_, success, failure):
            return all(map(is_serializable, (*success, *failure)))
    return False


# Compares.


def path(store: mvcc.Store, request: TxnRequest) -> tuple[bool, ...]:
    """Return which branches are taken, by the state before the transaction: its own, then those of nested ones."""
    taken = all(holds(store, compare) for compare in request.compare)
    found: tuple[bool, ...] = (taken,)
    for inner in request.success if taken else request.failure:
        if isinstance(inner, TxnRequest):
            found += path(store, inner)
    return found


def holds(store: mvcc.Store, compare: Compare) -> bool:
    """Return whether a compare is true of each key in its range; an absent key is all zeros, and has no value."""
    found = tuple(mvcc.select(store, compare.key, compare.range_end))
    if not found and compare.target is CompareTarget.VALUE:
        return False
    return all(stands(compare, kv) for kv in found or (ABSENT,))


def stands(compare: Compare, kv: KeyValue) -> bool:
    """Return whether one key compares as asked.

    >>> stands(Compare(CompareResult.LESS, CompareTarget.VERSION, b"k", 3), KeyValue(b"k", 1, 1, 2))
    True
    """
    left: Any = {
        CompareTarget.VERSION: kv.version,
        CompareTarget.CREATE: kv.create_revision,
        CompareTarget.MOD: kv.mod_revision,
        CompareTarget.VALUE: kv.value,
        CompareTarget.LEASE: kv.lease,
    }[compare.target]
    right: Any = compare.value
    match compare.result:
        case CompareResult.EQUAL:
            return bool(left == right)
        case CompareResult.NOT_EQUAL:
            return bool(left != right)
        case CompareResult.GREATER:
            return bool(left > right)
    return bool(left < right)


def all_taken(request: TxnRequest, taken: tuple[bool, ...]) -> list[Any]:
    """Return every request that the branches of a path hold, nested transactions opened."""
    opened, rest = _opened(request, taken)
    assert not rest, f"a path has {len(taken)} branches, and {len(rest)} of them lead nowhere"
    return opened


def _opened(request: TxnRequest, taken: tuple[bool, ...]) -> tuple[list[Any], tuple[bool, ...]]:
    branch, rest = request.success if taken[0] else request.failure, taken[1:]
    opened: list[Any] = []
    for inner in branch:
        if isinstance(inner, TxnRequest):
            more, rest = _opened(inner, rest)
            opened += more
        else:
            opened.append(inner)
    return opened, rest
