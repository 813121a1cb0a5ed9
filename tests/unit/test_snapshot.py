"""Chandy and Lamport's snapshot: the two rules, sentence by sentence, and what its laws see."""

import pytest

from distsys.algorithms.snapshot import Account
from distsys.algorithms.snapshot_messages import Got, Marker, Paid, Pay, Recorded, Report, Take, Transfer
from distsys.core import Deliver, Map, Output, Send, Start
from distsys.lab import timeorder_measures as measures
from distsys.lab import timeorder_runs as runs


def account():
    node = Account("ann", peers=("bob", "cyd"))
    node.handle(Start(0))
    return node


def test_the_marker_sending_rule_notes_the_balance_and_marks_each_channel():
    node = account()
    assert node.handle(Deliver("client", Take(1))) == (
        Output(Recorded(1, 100)),
        Send("bob", Marker(1, 1)),
        Send("cyd", Marker(1, 1)),
    )
    assert node.handle(Deliver("client", Take(1))) == ()


def test_the_marker_receiving_rule_records_at_the_first_marker_and_each_channel_until_its_own():
    node = account()
    first = node.handle(Deliver("bob", Marker(1, 1)))
    assert first[0] == Output(Recorded(1, 100))
    assert node.handle(Deliver("bob", Transfer(2, 7))) == (Output(Got("bob", 7)),)
    assert node.handle(Deliver("cyd", Transfer(1, 5))) == (Output(Got("cyd", 5)),)
    done = node.handle(Deliver("cyd", Marker(2, 1)))
    assert done == (Output(Report(1, 100, Map({"bob": (), "cyd": (5,)}))),)
    assert node.balance == 112


def test_a_channel_keeps_the_order_and_drops_copies():
    node = account()
    assert node.handle(Deliver("bob", Marker(2, 1))) == ()
    late = node.handle(Deliver("bob", Transfer(1, 7)))
    assert late[:2] == (Output(Got("bob", 7)), Output(Recorded(1, 107)))
    assert node.handle(Deliver("bob", Transfer(1, 7))) == ()
    assert node.handle(Deliver("bob", Marker(2, 1))) == ()


def test_who_has_no_money_pays_nothing_and_who_has_little_pays_that():
    node = account()
    assert node.handle(Deliver("client", Pay("bob", 250))) == (
        Output(Paid("bob", 100)),
        Send("bob", Transfer(1, 100)),
    )
    assert node.handle(Deliver("client", Pay("bob", 1))) == ()


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_every_snapshot_holds_all_money_and_takes_a_marker_for_each_channel(nodes):
    for seed in range(20):
        trace = measures.paying(seed, nodes)
        assert [runs.recorded(trace, snapshot) for snapshot in (1, 2)] == [100 * nodes] * 2
        assert measures.markers(trace) == nodes * (nodes - 1)


def test_asking_around_finds_too_little_and_too_much():
    sums = measures.audits(40)
    assert min(sums) < 300 < max(sums)


@pytest.mark.parametrize(("mutant", "held"), [(None, 300), ("SNAP-01", 250), ("SNAP-03", 340)])
def test_what_the_stocktaking_holds(mutant, held):
    trace = runs.stocktaking(mutant)
    assert runs.recorded(trace) == held
    assert (trace.violation is None) is (mutant is None)
