"""The quota of a member: what is refused when the store is full, and how an operator ends that."""

from dataclasses import replace

import pytest

from distsys import simulate
from distsys.core import Deliver, Send, Start, Timeout
from distsys.core.node import Inner
from distsys.protocols.raft_messages import AppendEntries
from distsys.services.etcd import errors, mvcc, quota
from distsys.services.etcd.api import (
    CompactionRequest,
    DeleteRangeRequest,
    LeaseGrantRequest,
    PutRequest,
    RangeRequest,
    RangeResponse,
    TxnRequest,
)
from distsys.services.etcd.maintenance import (
    AlarmAction,
    AlarmMember,
    AlarmRequest,
    AlarmType,
    StatusRequest,
)
from distsys.services.etcd.member import member_id
from distsys.services.etcd.streams import EtcdServer
from distsys.services.kv import Call
from distsys.services.replicated import Reply
from etcd_nodes import Alone, replies

DISARM = AlarmRequest(AlarmAction.DEACTIVATE, member_id("n1"), AlarmType.NOSPACE)
ALARM = AlarmMember(member_id("n1"), AlarmType.NOSPACE)
SMALL, LARGE = PutRequest(b"k", b"1"), PutRequest(b"k", b"x" * 400)


def full():
    """Return a member whose store has 800 bytes in large values, of the 1,200 that it may have."""
    alone = Alone(quota_bytes=1_200)
    for _ in range(2):
        assert alone.ask(LARGE).header_revision
    return alone


def test_a_request_that_does_not_fit_is_refused_and_an_alarm_tells_why():
    alone = full()
    revision, index = alone.node.state.store.revision, alone.node.applied
    assert alone.ask(LARGE) == errors.NO_SPACE
    assert alone.node.state.store.revision == revision
    assert alone.node.applied == index + 1, "the alarm, and not the put"
    assert alone.ask(AlarmRequest()).alarms == (ALARM,)
    assert alone.ask(StatusRequest()).errors == (f"memberID:{member_id('n1')} alarm:NOSPACE ",)


def test_while_the_alarm_is_raised_nothing_is_put_that_would_fit_and_the_rest_goes_on():
    alone = full()
    alone.ask(LARGE)
    refused = (SMALL, TxnRequest((), (SMALL,)), TxnRequest((), (), (SMALL,)), LeaseGrantRequest(9, 5))
    assert [alone.ask(request) for request in refused] == [errors.NO_SPACE] * 4
    assert alone.ask(RangeRequest(b"k")).count == 1
    assert alone.ask(TxnRequest((), (RangeRequest(b"k"),))).succeeded
    assert alone.ask(TxnRequest((), (DeleteRangeRequest(b"none"),))).succeeded
    assert alone.ask(DeleteRangeRequest(b"k")).deleted == 1
    assert alone.ask(CompactionRequest(alone.node.state.store.revision)).header_revision


def test_an_alarm_that_is_ended_comes_back_unless_room_was_made():
    alone = full()
    alone.ask(LARGE)
    assert alone.ask(DISARM).alarms == (ALARM,)
    assert alone.ask(SMALL).header_revision, "this one fits"
    assert alone.ask(LARGE) == errors.NO_SPACE
    assert alone.ask(AlarmRequest()).alarms == (ALARM,)
    alone.ask(CompactionRequest(alone.node.state.store.revision))
    assert alone.ask(DISARM).alarms == (ALARM,)
    assert alone.ask(LARGE).header_revision
    assert alone.ask(AlarmRequest()).alarms == ()


def test_every_member_that_refuses_raises_an_alarm_of_its_own_and_one_is_enough_to_refuse():
    alone = full()
    alone.ask(LARGE)
    other = AlarmRequest(AlarmAction.ACTIVATE, 7, AlarmType.NOSPACE)
    assert alone.ask(other).alarms == (AlarmMember(7, AlarmType.NOSPACE),)
    alone.ask(DISARM)
    assert alone.ask(SMALL) == errors.NO_SPACE


@pytest.mark.parametrize(
    ("request_", "cost"),
    [
        (PutRequest(b"abc", b"de"), 261),
        (LeaseGrantRequest(9), 64),
        (TxnRequest((), (PutRequest(b"a"), PutRequest(b"b")), (PutRequest(b"c" * 9),)), 514),
        (TxnRequest((), (), (PutRequest(b"c" * 9),)), 265),
        (TxnRequest((), (TxnRequest((), (PutRequest(b"a"),)),)), 0),
        (TxnRequest((), (RangeRequest(b"a"), DeleteRangeRequest(b"a"))), 0),
        (DeleteRangeRequest(b"a"), 0),
    ],
)
def test_a_request_costs_what_the_real_one_reckons(request_, cost):
    assert quota.cost(request_) == cost


def test_what_needs_no_room_fits_a_full_store_and_a_transaction_never_does():
    store = replace(mvcc.Store(), size=100)
    assert quota.fits(store, RangeRequest(b"a"), 1)
    assert quota.fits(store, DeleteRangeRequest(b"a"), 1)
    assert not quota.fits(store, TxnRequest((), (RangeRequest(b"a"),)), 100)
    assert quota.fits(store, TxnRequest((), (RangeRequest(b"a"),)), 101)
    assert not quota.fits(store, PutRequest(b"a"), 357)
    assert quota.fits(store, PutRequest(b"a"), 358)


def test_who_does_not_fit_is_refused_for_that_even_where_the_alarm_cannot_be_raised():
    node = EtcdServer("n2", voters=("n1", "n2", "n3"), quota_bytes=1)
    node.handle(Start(7))
    assert replies(node.handle(Deliver("c", Call("c", 1, SMALL)))) == [errors.NO_SPACE]
    node.handle(Deliver("n1", Inner("raft", AppendEntries(1, 0, 0, (), 0))))
    assert replies(node.handle(Deliver("c", Call("c", 2, SMALL)))) == [], "it is on its way to the leader"
    assert replies(node.handle(Timeout("period"))) == []
    assert replies(node.handle(Timeout("period"))) == [errors.NO_SPACE]


def test_a_cluster_with_little_room_keeps_its_laws_and_its_clients_hear_of_it():
    trace = simulate("raft-etcd", 3, quota_bytes=500)
    assert (trace.violation, trace.ended) == (None, "complete")
    sent = [effect.message for step in trace for effect in step.effects if isinstance(effect, Send)]
    answers = [message.result for message in sent if isinstance(message, Reply)]
    assert errors.NO_SPACE in answers
    assert any(isinstance(answer, RangeResponse) for answer in answers[answers.index(errors.NO_SPACE) :])
