"""The applier: puts a request of the log into effect. It is the replicated part of etcd, a function of its arguments.

An applier has no state of its own; it is a class so that a broken one is a subclass of a few lines. A request that
cannot be done leaves the state as it was and is answered with an error. That is so whatever stands in the log: an
exception would stop every member, one after the other.

Source: server/etcdserver/apply.go of etcd 3.5.1, where it is called applierV3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from distsys.core.values import record

from .. import ordered
from . import leases, mvcc, ranges, transactions
from .api import (
    CompactionRequest,
    CompactionResponse,
    DeleteRangeRequest,
    DeleteRangeResponse,
    LeaseGrantRequest,
    LeaseGrantResponse,
    LeaseRevokeRequest,
    LeaseRevokeResponse,
    PutRequest,
    PutResponse,
    RangeRequest,
    TxnRequest,
    TxnResponse,
)
from .errors import COMPACTED, CORRUPT, KEY_NOT_FOUND, NO_SPACE, UNKNOWN_REQUEST, RejectedError
from .leases import Leases
from .maintenance import AlarmAction, AlarmMember, AlarmRequest, AlarmResponse, AlarmType
from .mvcc import Store, Write
from .quota import cost
from .wellformed import is_well_formed


@record
class State:
    """What all members have in common: the store, the leases, and the alarms."""

    store: Store = Store()
    leases: Leases = Leases()
    alarms: tuple[AlarmMember, ...] = ()


CHANGES = (
    PutRequest, DeleteRangeRequest, TxnRequest, CompactionRequest, LeaseGrantRequest, LeaseRevokeRequest,
)  # fmt: skip


class Applier:
    """`apply(state, request) -> (state, response or error)`."""

    ttl_min = 1  # seconds; it must be longer than an election takes

    def apply(self, state: State, request: Any) -> tuple[State, Any]:
        """Return the state after a request, and the answer.

        >>> state, response = Applier().apply(State(), PutRequest(b"k", b"v"))
        >>> response
        PutResponse(header_revision=2, prev_kv=None)
        >>> Applier().apply(state, PutRequest(b"", b"v"))[1].message
        'etcdserver: key is not provided'
        """
        try:
            self.check(state, request)
            return self.run(state, request)
        except RejectedError as rejected:
            return state, rejected.error

    def check(self, state: State, request: Any) -> None:
        """Raise an error where a request makes no sense, or an alarm forbids it."""
        if not is_well_formed(request):
            raise RejectedError(UNKNOWN_REQUEST)
        if isinstance(request, PutRequest | DeleteRangeRequest | TxnRequest | RangeRequest):
            transactions.check(request)
        raised = {alarm.alarm for alarm in state.alarms}
        changes = isinstance(request, CHANGES) and not transactions.reads_only(request)
        if AlarmType.CORRUPT in raised and changes:
            raise RejectedError(CORRUPT)
        if AlarmType.NOSPACE in raised and cost(request):
            raise RejectedError(NO_SPACE)

    def run(self, state: State, request: Any) -> tuple[State, Any]:
        """Return what a request leads to."""
        match request:
            case RangeRequest():
                return state, ranges.answer(state.store, request)
            case PutRequest() | DeleteRangeRequest():
                if isinstance(request, PutRequest):
                    self.check_lease(state, request)
                    self.check_previous(state, request)
                state, (response,) = self.write(state, (request,))
                return state, response
            case TxnRequest():
                return self.transact(state, request, transactions.path(state.store, request))
            case CompactionRequest(revision):
                store = self.compact(state.store, revision)
                return replace(state, store=store), CompactionResponse(store.revision)
            case LeaseGrantRequest(ttl, id):
                granted = leases.grant(state.leases, id, ttl, self.ttl_min)
                answer = LeaseGrantResponse(state.store.revision, id, leases.ttl_of(granted, id))
                return replace(state, leases=granted), answer
            case LeaseRevokeRequest(id):
                return self.revoke(state, id)
            case AlarmRequest():
                return self.alarm(state, request)
        raise RejectedError(UNKNOWN_REQUEST)

    # Transactions.

    def transact(self, state: State, request: TxnRequest, path: tuple[bool, ...]) -> tuple[State, Any]:
        """Do the branches of a transaction that a path takes, after a look at whether all of it can be done."""
        requests = transactions.all_taken(request, path)
        for inner in requests:
            if isinstance(inner, PutRequest):  # the other way round than for a put alone, as etcd does it
                self.check_previous(state, inner)
                self.check_lease(state, inner)
        for inner in requests:
            if isinstance(inner, RangeRequest):
                if inner.revision and inner.revision < state.store.compacted:
                    raise RejectedError(
                        COMPACTED
                    )  # a negative one too, which a range alone takes for the current
                mvcc.checked(state.store, inner.revision)
        after, done = self.write(state, requests)
        answer, _ = self.answer(request, path, iter(done))
        return after, replace(answer, header_revision=after.store.revision)

    def answer(
        self, request: TxnRequest, path: tuple[bool, ...], done: Iterator[Any]
    ) -> tuple[TxnResponse, tuple[bool, ...]]:
        """Return the response with those to its requests; only the outermost has a revision in its header."""
        taken, rest = path[0], path[1:]
        found: list[Any] = []
        for inner in request.success if taken else request.failure:
            if isinstance(inner, TxnRequest):
                nested, rest = self.answer(inner, rest, done)
                found.append(nested)
            else:
                found.append(next(done))
        return TxnResponse(0, taken, tuple(found)), rest

    def write(self, state: State, requests: Any) -> tuple[State, list[Any]]:
        """Do requests in order, in one revision, and return the state and the responses."""
        write, held = Write(state.store), state.leases
        responses: list[Any] = []
        for request in requests:
            match request:
                case RangeRequest():
                    responses.append(ranges.answer(write.store, request))
                case PutRequest():
                    old = mvcc.get(write.store, request.key)
                    value = old.value if request.ignore_value and old else request.value
                    lease = old.lease if request.ignore_lease and old else request.lease
                    kv = write.put(request.key, value, lease)
                    held = leases.moved(held, request.key, old.lease if old else 0, lease)
                    responses.append(PutResponse(kv.mod_revision, old if request.prev_kv else None))
                case DeleteRangeRequest(key, range_end):
                    gone = write.delete_range(key, range_end)
                    for kv in gone:
                        held = leases.moved(held, kv.key, kv.lease, 0)
                    shown = gone if request.prev_kv else ()
                    responses.append(DeleteRangeResponse(write.store.revision, len(gone), shown))
        return replace(state, store=write.store, leases=held), responses

    def check_lease(self, state: State, request: PutRequest) -> None:
        """Raise an error where a put names a lease that is not there."""
        if request.lease:
            leases.ttl_of(state.leases, request.lease)

    def check_previous(self, state: State, request: PutRequest) -> None:
        """Raise an error where a put keeps something of a key that is not there."""
        if (request.ignore_value or request.ignore_lease) and mvcc.get(state.store, request.key) is None:
            raise RejectedError(KEY_NOT_FOUND)

    # The rest.

    def compact(self, store: Store, revision: int) -> Store:
        """Return the store without what is superseded at `revision`."""
        return mvcc.compact(store, revision)

    def revoke(self, state: State, id: int) -> tuple[State, Any]:
        """End a lease: its keys are deleted in their order, in one revision."""
        leases.ttl_of(state.leases, id)
        keys = leases.keys_of(state.leases, id)
        state, _ = self.write(state, [DeleteRangeRequest(key) for key in keys])
        ended = replace(state, leases=leases.without(state.leases, id))
        return ended, LeaseRevokeResponse(ended.store.revision)

    def alarm(self, state: State, request: AlarmRequest) -> tuple[State, Any]:
        """Tell the alarms, raise one, or end one."""
        named = AlarmMember(request.member_id, request.alarm)
        alarms = state.alarms
        match request.action:
            case AlarmAction.GET:
                told = tuple(a for a in alarms if request.alarm in (AlarmType.NONE, a.alarm))
                return state, AlarmResponse(state.store.revision, told)
            case AlarmAction.ACTIVATE:
                told = () if request.alarm is AlarmType.NONE else (named,)
                alarms += tuple(alarm for alarm in told if alarm not in alarms)
            case AlarmAction.DEACTIVATE:
                told = tuple(alarm for alarm in alarms if alarm == named)
                alarms = tuple(alarm for alarm in alarms if alarm != named)
        return replace(state, alarms=alarms), AlarmResponse(state.store.revision, told)


# What a member has after a restart.


def kept(state: State) -> dict[str, Any]:
    """Return what a member writes to its disk: all else follows from it."""
    return {
        "backend": state.store.backend,
        "compacted": state.store.compacted,
        "granted": state.leases.granted,
        "alarms": state.alarms,
    }


def recovered(disk: Mapping[str, Any]) -> State:
    """Return the state of a member that wrote this to its disk, and changes of the backend as parts beside it."""
    backend, granted, alarms = disk["backend"], disk["granted"], disk["alarms"]
    for number in range(disk.get("parts", 0)):
        for place, kv in disk[f"part{number}"]:
            backend = ordered.put(backend, place, kv)
    store = mvcc.restored(backend, disk["compacted"])
    keys = ((kv.key, kv.lease) for kv in mvcc.select(store, b"\0", mvcc.FROM_KEY) if kv.lease)
    return State(store, leases.restored(granted, keys), alarms)
