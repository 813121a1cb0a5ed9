"""Perfect links, one event at a time."""

from distsys.algorithms.links import RETRY, Ack, Arrival, Packet, PerfectLinks, Post
from distsys.core import CancelTimer, Deliver, Output, Send, SetTimer, Start, Timeout


def started() -> PerfectLinks:
    node = PerfectLinks("n1")
    assert node.handle(Start(0)) == ()
    return node


def test_a_body_is_sent_in_a_packet_of_its_own_number():
    node = started()
    first = node.handle(Deliver("n1", Post("n2", "x")))
    assert first == (SetTimer("retry", RETRY, RETRY), Send("n2", Packet(1, "x")))
    assert node.handle(Deliver("n1", Post("n3", "y"))) == (Send("n3", Packet(2, "y")),)
    assert list(node.unacknowledged) == [1, 2]


def test_a_packet_is_sent_again_until_it_is_acknowledged():
    node = started()
    node.handle(Deliver("n1", Post("n2", "x")))
    node.handle(Deliver("n1", Post("n3", "y")))
    again = node.handle(Timeout("retry"))
    assert again == (Send("n2", Packet(1, "x")), Send("n3", Packet(2, "y")), SetTimer("retry", RETRY, RETRY))
    assert node.handle(Deliver("n2", Ack(1))) == ()
    assert node.handle(Timeout("retry")) == (Send("n3", Packet(2, "y")), SetTimer("retry", RETRY, RETRY))
    assert node.handle(Deliver("n3", Ack(2))) == (CancelTimer("retry"),)


def test_a_copy_is_acknowledged_and_not_delivered():
    node = started()
    assert node.handle(Deliver("n2", Packet(7, "x"))) == (Send("n2", Ack(7)), Output(Arrival("n2", "x")))
    assert node.handle(Deliver("n2", Packet(7, "x"))) == (Send("n2", Ack(7)),)


def test_two_senders_may_use_the_same_number():
    node = started()
    node.handle(Deliver("n2", Packet(1, "x")))
    assert node.handle(Deliver("n3", Packet(1, "y")))[1] == Output(Arrival("n3", "y"))


def test_an_acknowledgement_that_comes_twice_changes_nothing():
    node = started()
    node.handle(Deliver("n1", Post("n2", "x")))
    node.handle(Deliver("n2", Ack(1)))
    before = node.snapshot()
    node.handle(Deliver("n2", Ack(1)))
    assert node.snapshot() == before
