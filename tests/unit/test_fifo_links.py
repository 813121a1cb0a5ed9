"""Links that keep the order and survive a crash, one event at a time; and the simpler links below them."""

import pytest

from distsys import simulate
from distsys.algorithms.fifolinks import FifoLinks, Segment, Upto
from distsys.algorithms.links import RETRY, Arrival, FairLossLinks, Packet, Post, StubbornLinks
from distsys.core import CancelTimer, Deliver, Map, Output, Persist, Send, SetTimer, Start, Timeout
from distsys.core.values import EMPTY


def started(disk=EMPTY, window=8):
    node = FifoLinks("n1", disk, peers=("n2",), window=window)
    node.handle(Start(0))
    return node


def test_each_start_is_a_new_incarnation_and_durable_before_anything_is_sent():
    node = FifoLinks("n1", Map({"incarnation": 4}), peers=("n2",))
    assert node.handle(Start(0)) == (Persist(Map({"incarnation": 5})),)
    sent = node.handle(Deliver("client", Post("n2", "x")))
    assert sent == (SetTimer("retry", RETRY, RETRY), Send("n2", Segment(5, 1, "x")))


def test_what_is_next_is_marked_first_and_handed_on_then():
    node = started()
    effects = node.handle(Deliver("n2", Segment(1, 1, "x")))
    assert effects == (
        Persist(Map({"marks": Map({"n2": (1, 1)})})),
        Output(Arrival("n2", "x")),
        Send("n2", Upto(1, 1)),
    )


def test_what_is_early_waits_for_what_is_missing():
    node = started()
    assert node.handle(Deliver("n2", Segment(1, 2, "y"))) == (
        Persist(Map({"marks": Map({"n2": (1, 0)})})),
        Send("n2", Upto(1, 0)),
    )
    effects = node.handle(Deliver("n2", Segment(1, 1, "x")))
    assert effects[1:3] == (Output(Arrival("n2", "x")), Output(Arrival("n2", "y")))
    assert (effects[-1], node.early) == (Send("n2", Upto(1, 2)), Map())


def test_a_copy_is_acknowledged_and_not_handed_on():
    node = started()
    node.handle(Deliver("n2", Segment(1, 1, "x")))
    assert node.handle(Deliver("n2", Segment(1, 1, "x"))) == (Send("n2", Upto(1, 1)),)


def test_a_mark_survives_a_crash():
    node = started(Map({"marks": Map({"n2": (1, 1)})}))
    assert node.handle(Deliver("n2", Segment(1, 1, "x"))) == (Send("n2", Upto(1, 1)),)


def test_a_new_incarnation_counts_from_one_and_the_older_is_not_heard_any_more():
    node = started(Map({"marks": Map({"n2": (1, 7)})}))
    assert Output(Arrival("n2", "new")) in node.handle(Deliver("n2", Segment(2, 1, "new")))
    assert node.handle(Deliver("n2", Segment(1, 8, "old"))) == ()


def test_what_was_early_in_an_older_incarnation_is_not_taken_into_a_new_one():
    node = started()
    node.handle(Deliver("n2", Segment(1, 2, "old")))
    effects = node.handle(Deliver("n2", Segment(2, 1, "new")))
    assert [effect.value.body for effect in effects if isinstance(effect, Output)] == ["new"]


def test_no_more_than_the_window_is_on_its_way():
    node = started(window=2)
    for body in "abc":
        node.handle(Deliver("client", Post("n2", body)))
    again = node.handle(Timeout("retry"))
    assert again[:2] == (Send("n2", Segment(1, 1, "a")), Send("n2", Segment(1, 2, "b")))
    assert len(again) == 3
    assert node.handle(Deliver("n2", Upto(1, 1))) == (Send("n2", Segment(1, 3, "c")),)
    assert node.handle(Deliver("n2", Upto(1, 3))) == (CancelTimer("retry"),)


def test_an_acknowledgement_of_an_older_incarnation_says_nothing():
    node = started(Map({"incarnation": 1}))
    node.handle(Deliver("client", Post("n2", "x")))
    assert node.handle(Deliver("n2", Upto(1, 1))) == ()
    assert len(node.waiting["n2"]) == 1


def test_a_fair_loss_link_sends_once_and_hands_on_every_copy():
    node = FairLossLinks("n1")
    node.handle(Start(0))
    assert node.handle(Deliver("client", Post("n2", "x"))) == (Send("n2", Packet(1, "x")),)
    for _ in range(2):
        assert node.handle(Deliver("n2", Packet(1, "y"))) == (Output(Arrival("n2", "y")),)


def test_a_stubborn_link_sends_for_ever():
    node = StubbornLinks("n1")
    node.handle(Start(0))
    node.handle(Deliver("client", Post("n2", "x")))
    for _ in range(3):
        assert node.handle(Timeout("retry")) == (
            Send("n2", Packet(1, "x")),
            SetTimer("retry", RETRY, RETRY),
        )


@pytest.mark.parametrize("seed", range(20))
def test_the_laws_hold_with_one_process_alone_and_with_many(seed):
    assert simulate("fifo-links", seed, nodes=1).violation is None
    assert simulate("fifo-links", seed, nodes=4, posts=12).violation is None
