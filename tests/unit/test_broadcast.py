"""Broadcast layer by layer, and the hand-made run of the pictures."""

import pytest

from distsys import MS, S, simulate, systems
from distsys.algorithms.broadcast import BestEffortBroadcast, Copy, ReliableBroadcast
from distsys.algorithms.broadcast_messages import Broadcast, Delivery
from distsys.algorithms.causal import CausalBroadcast, Stamped, is_next
from distsys.algorithms.links import Ack, Packet
from distsys.algorithms.vectorclock import VectorClock
from distsys.core import Deliver, Inner, Map, Note, Output, Send, Start
from distsys.core.systems import Request
from distsys.drivers import Crash, Simulator, link, states
from distsys.lab.scenarios import overtaking_reply


def started(kind, **options):
    node = kind("n1", peers=("n2", "n3"), **options)
    assert node.handle(Start(0)) == ()
    return node


def outputs(effects):
    return [effect.value for effect in effects if isinstance(effect, Output)]


def sends(effects):
    """Return (to, message), without the names of the layers."""
    found = []
    for effect in effects:
        if isinstance(effect, Send):
            message = effect.message
            while isinstance(message, Inner):
                message = message.message
            found.append((effect.to, message))
    return found


def arriving(node, sender, number, body):
    """Return what the node does when a packet with this body comes."""
    message = Packet(number, body)
    layers = {BestEffortBroadcast: 1, ReliableBroadcast: 2, CausalBroadcast: 3}[type(node)]
    for name in ("links", "best_effort", "reliable")[:layers]:
        message = Inner(name, message)
    return node.handle(Deliver(sender, message))


def stamped(body, **counts):
    return Stamped(VectorClock(Map(counts)), body)


def test_best_effort_delivers_to_itself_before_it_sends():
    effects = started(BestEffortBroadcast).handle(Deliver("client", Broadcast("x")))
    assert effects[0] == Output(Delivery("n1", "x"))
    assert sends(effects) == [("n2", Packet(1, "x")), ("n3", Packet(2, "x"))]


def test_best_effort_names_the_sender():
    effects = arriving(started(BestEffortBroadcast), "n3", 1, "x")
    assert outputs(effects) == [Delivery("n3", "x")]
    assert sends(effects) == [("n3", Ack(1))]


def test_reliable_passes_on_what_it_delivers_once():
    node = started(ReliableBroadcast)
    copy = Copy("n3", 1, "x")
    first = arriving(node, "n3", 1, copy)
    assert outputs(first) == [Delivery("n3", "x")]
    assert sends(first) == [("n3", Ack(1)), ("n2", Packet(1, copy)), ("n3", Packet(2, copy))]
    second = arriving(node, "n2", 1, copy)
    assert outputs(second) == []
    assert sends(second) == [("n2", Ack(1))]


def test_reliable_names_the_origin_whoever_passed_the_copy_on():
    assert outputs(arriving(started(ReliableBroadcast), "n2", 1, Copy("n3", 1, "x"))) == [Delivery("n3", "x")]


def test_without_relay_nothing_is_passed_on():
    node = started(ReliableBroadcast, relay=False)
    assert sends(arriving(node, "n3", 1, Copy("n3", 1, "x"))) == [("n3", Ack(1))]


def test_causal_holds_an_answer_back_until_its_question_came():
    node = started(CausalBroadcast, relay=False)
    answer = Copy("n3", 1, stamped("answer", n2=1, n3=1))
    held = arriving(node, "n3", 1, answer)
    assert outputs(held) == []
    assert Note("holds back 'answer' of n3") in held
    assert len(node.waiting) == 1
    free = arriving(node, "n2", 1, Copy("n2", 1, stamped("question", n2=1)))
    assert outputs(free) == [Delivery("n2", "question"), Delivery("n3", "answer")]
    assert node.waiting == ()


def test_causal_keeps_the_order_of_one_sender():
    node = started(CausalBroadcast, relay=False)
    assert outputs(arriving(node, "n2", 2, Copy("n2", 2, stamped("second", n2=2)))) == []
    both = arriving(node, "n2", 1, Copy("n2", 1, stamped("first", n2=1)))
    assert [delivery.body for delivery in outputs(both)] == ["first", "second"]


def test_causal_delivers_its_own_message_at_once():
    node = started(CausalBroadcast)
    for number in (1, 2, 3):
        effects = node.handle(Deliver("client", Broadcast(f"m{number}")))
        assert outputs(effects) == [Delivery("n1", f"m{number}")]
    assert node.delivered == VectorClock(Map({"n1": 3}))


def test_concurrent_messages_do_not_wait_for_each_other():
    nothing = VectorClock()
    for name in ("a", "b"):
        assert is_next(nothing.tick(name), nothing, name)


def test_no_causal_message_waits_when_all_are_delivered():
    for seed in range(20):
        trace = simulate("causal-broadcast", seed, faults=False, until=1 * S, settle=500 * MS)
        for name, fields in states(trace)[-1].items():
            assert fields["waiting"] == ()
            assert len(trace.outputs()[name]) == sum(fields["delivered"].counts.values()) == 12


@pytest.mark.parametrize(("relay", "heard"), [(True, True), (False, False)])
def test_only_a_relay_saves_the_message_of_a_sender_that_crashes_half_way(relay, heard):
    cluster = systems.build("reliable-broadcast", relay=relay)
    trace = Simulator(
        cluster,
        network=link(delay=10 * MS),
        script=(Crash(1 * MS, "n1", keep=3),),  # its own delivery, the timer, and the packet to n2
        requests=(Request(5 * MS, "n1", Broadcast("x")),),
        until=1 * S,
        settle=1 * S,
    ).run()
    assert trace.outputs()["n2"] == (Delivery("n1", "x"),)
    assert (trace.outputs()["n3"] == (Delivery("n1", "x"),)) is heard
    assert [violation.law for violation in trace.violations] == ([] if heard else ["agreement"])


def test_the_overtaking_reply_is_held_back():
    trace = overtaking_reply()
    assert trace.violations == ()
    assert 15 <= len(trace) <= 30
    asked, answered = Delivery("ann", "Lunch?"), Delivery("bob", "Yes, at one")
    assert trace.outputs() == dict.fromkeys(("ann", "bob", "cyd"), (asked, answered))
    assert outputs(trace.step(16).effects) == [asked, answered]
    assert any(isinstance(effect, Note) for effect in trace.step(11).effects)


def test_the_overtaking_reply_breaks_causal_order_where_nobody_waits():
    trace = overtaking_reply(mutant="CB-01")
    assert (trace.violation.law, trace.violation.step) == ("causal order", 11)
    assert len(trace) == len(overtaking_reply())
