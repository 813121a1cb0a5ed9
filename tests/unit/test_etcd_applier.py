"""Transactions, leases and alarms, beside etcd's documentation and what a real etcd answers."""

from pathlib import Path

import pytest

from distsys.core.canonical import decode, encode
from distsys.services.etcd import errors, leases, transactions
from distsys.services.etcd.api import (
    CompactionRequest,
    Compare,
    CompareResult,
    CompareTarget,
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
from distsys.services.etcd.applier import Applier, State, kept, recovered
from distsys.services.etcd.maintenance import AlarmAction, AlarmMember, AlarmRequest, AlarmType

REPLIES = Path(__file__).resolve().parents[1] / "golden" / "etcd" / "replies.jsonl"
EQUAL, GREATER, LESS, NOT_EQUAL = CompareResult


def done(*requests, state=None):
    """Return the state after requests, and the responses."""
    state, responses = state or State(), []
    for request in requests:
        state, response = Applier().apply(state, request)
        responses.append(response)
    return state, responses


def last(*requests):
    return done(*requests)[1][-1]


class RealTime(Applier):
    ttl_min = 2  # of a real server with its default settings


def test_five_hundred_random_requests_are_answered_as_a_real_etcd_answered_them():
    state = State()
    for number, line in enumerate(REPLIES.read_text(encoding="utf-8").splitlines()):
        request, reply = decode(line)
        state, response = RealTime().apply(state, request)
        assert response == reply, f"request {number}: {request}"
    assert number == 499


# Put and delete (API reference, PutRequest and DeleteRangeRequest).


def test_a_put_tells_what_was_before_when_asked():
    responses = done(PutRequest(b"a", b"1"), PutRequest(b"a", b"2", prev_kv=True))[1]
    assert responses[0] == PutResponse(2, None)
    assert responses[1].prev_kv.value == b"1"


def test_a_put_may_keep_the_value_or_the_lease_of_a_key_that_is_there():
    state, _ = done(
        LeaseGrantRequest(9, 5),
        PutRequest(b"a", b"1", 5),
        PutRequest(b"a", lease=0, ignore_value=True),
        PutRequest(b"a", b"2", 5),
        PutRequest(b"a", b"3", ignore_lease=True),
    )
    kv = transactions.mvcc.get(state.store, b"a")
    assert (kv.value, kv.lease, kv.version) == (b"3", 5, 4)
    assert last(PutRequest(b"x", ignore_value=True)) == errors.KEY_NOT_FOUND
    assert last(PutRequest(b"x", b"1", ignore_value=True)) == errors.VALUE_PROVIDED
    assert last(PutRequest(b"x", b"1", 5, ignore_lease=True)) == errors.LEASE_PROVIDED
    assert last(PutRequest(b"x", b"1", 5)) == errors.LEASE_NOT_FOUND
    assert last(PutRequest(b"")) == errors.EMPTY_KEY


def test_a_range_is_deleted_in_one_revision_and_counted():
    state, responses = done(
        PutRequest(b"a", b"1"), PutRequest(b"b", b"1"), DeleteRangeRequest(b"a", b"z", prev_kv=True)
    )
    assert state.store.revision == 4
    assert (responses[2].header_revision, responses[2].deleted) == (4, 2)
    assert [kv.key for kv in responses[2].prev_kvs] == [b"a", b"b"]
    assert last(DeleteRangeRequest(b"a")) == DeleteRangeResponse(1, 0)


# Transactions (API reference, TxnRequest).


@pytest.mark.parametrize(
    ("compare", "holds"),
    [
        (Compare(EQUAL, CompareTarget.VALUE, b"a", b"1"), True),
        (Compare(NOT_EQUAL, CompareTarget.VALUE, b"a", b"1"), False),
        (Compare(GREATER, CompareTarget.VALUE, b"a", b"0"), True),
        (Compare(LESS, CompareTarget.VERSION, b"a", 2), True),
        (Compare(EQUAL, CompareTarget.CREATE, b"a", 2), True),
        (Compare(EQUAL, CompareTarget.CREATE, b"absent", 0), True),
        (Compare(EQUAL, CompareTarget.VALUE, b"absent", b""), False),
        (Compare(NOT_EQUAL, CompareTarget.VALUE, b"absent", b"x"), False),
        (Compare(EQUAL, CompareTarget.LEASE, b"a", 0), True),
        (Compare(LESS, CompareTarget.MOD, b"a", 4, b"z"), True),
        (Compare(EQUAL, CompareTarget.MOD, b"a", 2, b"z"), False),
        (Compare(GREATER, CompareTarget.MOD, b"x", 0, b"z"), False),
    ],
)
def test_a_compare_holds_of_a_key_or_of_every_key_in_a_range(compare, holds):
    response = last(PutRequest(b"a", b"1"), PutRequest(b"b", b"2"), TxnRequest((compare,)))
    assert response == TxnResponse(3, holds, ())


def test_a_transaction_has_one_revision_and_reads_what_it_wrote():
    request = TxnRequest(
        (),
        (PutRequest(b"a", b"1"), RangeRequest(b"a"), DeleteRangeRequest(b"b"), RangeRequest(b"a", b"z")),
    )
    state, responses = done(PutRequest(b"b", b"1"), request)
    assert state.store.revision == 3
    parts = responses[1].responses
    assert [part.header_revision for part in parts] == [3, 3, 3, 3]
    assert [kv.key for kv in parts[3].kvs] == [b"a"]


def test_a_nested_compare_sees_the_state_before_the_whole_and_its_reply_has_no_revision():
    inner = TxnRequest((Compare(EQUAL, CompareTarget.VERSION, b"a", 0),), (PutRequest(b"b"),), ())
    response = last(TxnRequest((), (PutRequest(b"a"), inner)))
    assert response.header_revision == 2
    assert response.responses[1] == TxnResponse(0, True, (PutResponse(2),))


def test_a_transaction_that_only_reads_makes_no_revision():
    request = TxnRequest((), (RangeRequest(b"a"),))
    assert transactions.reads_only(request)
    assert last(PutRequest(b"a"), request).header_revision == 2


def test_what_cannot_be_done_makes_a_transaction_fail_with_no_effect():
    state, responses = done(TxnRequest((), (PutRequest(b"a"), PutRequest(b"b", b"", 77))))
    assert (state, responses) == (State(), [errors.LEASE_NOT_FOUND])
    future = TxnRequest((), (PutRequest(b"a"), RangeRequest(b"a", revision=9)))
    assert last(future) == errors.FUTURE_REVISION
    assert last(PutRequest(b"a"), PutRequest(b"a"), CompactionRequest(3), early(2)) == errors.COMPACTED


def early(revision):
    return TxnRequest((), (PutRequest(b"b"), RangeRequest(b"a", revision=revision)))


def test_a_negative_revision_is_the_current_one_but_in_a_transaction_once_something_was_compacted():
    assert last(PutRequest(b"a"), RangeRequest(b"a", revision=-1)).count == 1
    assert last(PutRequest(b"a"), early(-1)).succeeded
    assert last(PutRequest(b"a"), CompactionRequest(2), early(-1)) == errors.COMPACTED
    assert last(PutRequest(b"a"), CompactionRequest(2), RangeRequest(b"a", revision=-1)).count == 1


@pytest.mark.parametrize(
    ("requests", "refused"),
    [
        ((PutRequest(b"a"), PutRequest(b"a")), True),
        ((PutRequest(b"a"), DeleteRangeRequest(b"a")), True),
        ((PutRequest(b"b"), DeleteRangeRequest(b"a", b"c")), True),
        ((PutRequest(b"c"), DeleteRangeRequest(b"a", b"c")), False),
        ((PutRequest(b"a"), TxnRequest((), (PutRequest(b"a"),))), True),
        ((TxnRequest((), (PutRequest(b"a"),), (PutRequest(b"a"),)),), False),
        ((DeleteRangeRequest(b"a", b"c"), TxnRequest((), (), (PutRequest(b"b"),))), True),
        ((DeleteRangeRequest(b"a"), DeleteRangeRequest(b"a")), False),
        ((PutRequest(b"b"), DeleteRangeRequest(b"a", b"\0")), False),  # the real one overlooks it too
    ],
)
def test_no_key_is_written_twice_but_in_branches_that_exclude_each_other(requests, refused):
    assert (last(TxnRequest((), requests)) == errors.DUPLICATE_KEY) is refused


def test_a_transaction_has_at_most_128_operations_in_a_list():
    assert last(TxnRequest((), (RangeRequest(b"a"),) * 129)) == errors.TOO_MANY_OPS
    assert last(TxnRequest((), (RangeRequest(b"a"),) * 128)).succeeded


def test_a_nested_transaction_has_what_the_one_around_it_has_left_of_its_128_operations():
    def nested(outer, inner):
        return TxnRequest(
            (), (TxnRequest((), (RangeRequest(b"a"),) * inner), *(RangeRequest(b"a"),) * (outer - 1))
        )

    assert last(nested(100, 28)).succeeded
    assert last(nested(100, 29)) == errors.TOO_MANY_OPS
    assert last(nested(1, 127)).succeeded
    assert last(nested(1, 128)) == errors.TOO_MANY_OPS


def test_only_a_transaction_of_ranges_alone_need_not_go_through_the_log():
    ranges = TxnRequest((), (RangeRequest(b"a"),), (RangeRequest(b"b"),))
    assert transactions.reads_only(ranges)
    assert not transactions.reads_only(TxnRequest((), (ranges,)))
    assert not transactions.reads_only(TxnRequest((), (), (DeleteRangeRequest(b"a"),)))
    assert not transactions.is_serializable(ranges)
    assert transactions.is_serializable(TxnRequest((), (RangeRequest(b"a", serializable=True),)))


# Leases (API reference, lease API).


def test_a_lease_is_granted_once_for_at_least_the_least_ttl():
    responses = done(LeaseGrantRequest(0, 5), LeaseGrantRequest(9, 5), LeaseGrantRequest(9_000_000_001, 6))[1]
    assert responses == [LeaseGrantResponse(1, 5, 1), errors.LEASE_EXISTS, errors.LEASE_TTL_TOO_LARGE]


def test_a_key_is_attached_by_a_put_and_detached_by_the_next_or_by_its_deletion():
    state, _ = done(
        LeaseGrantRequest(9, 5), LeaseGrantRequest(9, 6), PutRequest(b"a", b"", 5), PutRequest(b"b", b"", 5)
    )
    assert leases.keys_of(state.leases, 5) == (b"a", b"b")
    state, _ = done(PutRequest(b"a", b"", 6), DeleteRangeRequest(b"b"), state=state)
    assert leases.keys_of(state.leases, 5) == ()
    assert leases.keys_of(state.leases, 6) == (b"a",)


def test_a_revocation_deletes_the_keys_in_their_order_in_one_revision():
    state, responses = done(
        LeaseGrantRequest(9, 5),
        PutRequest(b"b", b"", 5),
        PutRequest(b"a", b"", 5),
        LeaseRevokeRequest(5),
        LeaseRevokeRequest(5),
    )
    assert responses[-2:] == [LeaseRevokeResponse(4), errors.LEASE_NOT_FOUND]
    assert [event.kv.key for event in transactions.mvcc.changes(state.store, 4, 4)] == [b"a", b"b"]
    assert leases.ids(state.leases) == ()


def test_a_lease_without_keys_ends_without_a_revision():
    assert last(LeaseGrantRequest(9, 5), LeaseRevokeRequest(5)) == LeaseRevokeResponse(1)


def test_a_member_that_restarts_has_the_same_leases_and_keys():
    state, _ = done(LeaseGrantRequest(9, 5), PutRequest(b"a", b"", 5), PutRequest(b"b"), CompactionRequest(3))
    assert recovered(kept(state)) == state
    assert decode(encode(state)) == state


# Alarms (maintenance).


def test_without_space_nothing_grows_and_deletions_and_compactions_go_on():
    raised = AlarmRequest(AlarmAction.ACTIVATE, 1, AlarmType.NOSPACE)
    state, _ = done(PutRequest(b"a"), raised)
    refused = (PutRequest(b"b"), LeaseGrantRequest(9, 5), TxnRequest((), (), (PutRequest(b"b"),)))
    assert done(*refused, state=state)[1] == [errors.NO_SPACE] * 3
    assert done(DeleteRangeRequest(b"a"), CompactionRequest(2), state=state)[1][0].deleted == 1
    overlooked = TxnRequest((), (TxnRequest((), (PutRequest(b"b"),)),))  # by the real one too
    assert done(overlooked, state=state)[1][0].succeeded
    ended = AlarmRequest(AlarmAction.DEACTIVATE, 1, AlarmType.NOSPACE)
    responses = done(AlarmRequest(), ended, AlarmRequest(), PutRequest(b"b"), state=state)[1]
    alarm = (AlarmMember(1, AlarmType.NOSPACE),)
    assert [response.alarms for response in responses[:3]] == [alarm, alarm, ()]
    assert responses[3] == PutResponse(3)


def test_a_corrupt_cluster_can_be_read_and_not_changed():
    state, _ = done(AlarmRequest(AlarmAction.ACTIVATE, 1, AlarmType.CORRUPT))
    changes = (PutRequest(b"a"), DeleteRangeRequest(b"a"), CompactionRequest(1), LeaseGrantRequest(9, 5))
    assert done(*changes, state=state)[1] == [errors.CORRUPT] * 4
    reads = done(RangeRequest(b"a"), TxnRequest((), (RangeRequest(b"a"),)), AlarmRequest(), state=state)[1]
    assert errors.CORRUPT not in reads
