"""SWIM, one event at a time: probes, helpers, suspicion, refutation, and what rides on the messages."""

import pytest

from distsys import MS, S, systems
from distsys.algorithms.swim import ITEMS, PATIENCE, PERIOD, SUSPICION, TELLINGS, Swim
from distsys.algorithms.swim_laws import SWIM_LAWS
from distsys.algorithms.swim_messages import Ack, News, Ping, PingReq, Status
from distsys.core import CancelTimer, Deliver, Output, Send, SetTimer, Start, Timeout
from distsys.drivers import Crash, Pause, Resume, Simulator, link

PEERS = ("n2", "n3", "n4", "n5")


def started(helpers: int = 2) -> Swim:
    node = Swim("n1", peers=PEERS, helpers=helpers)
    ping, *timers = node.handle(Start(7))
    assert ping == Send(node.target, Ping(1, "n1"))
    assert timers == [SetTimer("helpers", PATIENCE, PATIENCE), SetTimer("period", PERIOD, PERIOD)]
    return node


def news(member: str, incarnation: int, status: str) -> News:
    return News(member, incarnation, Status[status])


def hears(node: Swim, *items: News) -> tuple:
    return node.handle(Deliver("n2", Ack(0, "n2", "n1", items)))


def test_an_answer_of_the_target_in_this_period_ends_the_probe():
    node = started()
    assert node.handle(Deliver(node.target, Ack(1, node.target, "n1"))) == (CancelTimer("helpers"),)
    assert not [e for e in node.handle(Timeout("period")) if isinstance(e, Output)]


@pytest.mark.parametrize("late", ["number", "target"])
def test_an_answer_of_another_period_or_another_member_does_not(late):
    node = started()
    other = next(peer for peer in PEERS if peer != node.target)
    ack = Ack(0, node.target, "n1") if late == "number" else Ack(1, other, "n1")
    assert node.handle(Deliver(other, ack)) == ()
    target = node.target
    assert node.handle(Timeout("period"))[0] == Output(news(target, 0, "SUSPECT"))


def test_without_an_answer_helpers_are_asked_and_then_the_target_is_suspected():
    node = started()
    target = node.target
    asked = node.handle(Timeout("helpers"))
    assert [effect.message for effect in asked] == [PingReq(1, target)] * 2
    assert target not in {effect.to for effect in asked}
    suspect, timer, *_ = node.handle(Timeout("period"))
    assert suspect == Output(news(target, 0, "SUSPECT"))
    assert timer == SetTimer(f"suspect:{target}", SUSPICION, SUSPICION)


def test_a_helper_pings_for_another_and_passes_the_answer_on():
    node = started()
    assert node.handle(Deliver("n2", PingReq(9, "n3"))) == (Send("n3", Ping(9, "n2")),)
    assert node.handle(Deliver("n3", Ack(9, "n3", "n2"))) == (Send("n2", Ack(9, "n3", "n2")),)


def test_who_is_pinged_answers_whoever_sent_the_ping():
    assert started().handle(Deliver("n4", Ping(9, "n2"))) == (Send("n4", Ack(9, "n1", "n2")),)


def test_each_round_pings_each_peer_once():
    node = started()
    seen = [node.target]
    for _ in range(11):
        node.handle(Timeout("period"))
        seen.append(node.target)
    for place in (0, 4, 8):
        assert sorted(seen[place : place + 4]) == list(PEERS)


def test_a_suspect_whose_time_is_over_is_faulty_and_only_a_suspect():
    node = started()
    hears(node, news("n3", 0, "SUSPECT"))
    assert node.handle(Timeout("suspect:n3"))[0] == Output(news("n3", 0, "FAULTY"))
    assert node.handle(Timeout("suspect:n3")) == ()


@pytest.mark.parametrize(
    ("old", "new", "believed"),
    [
        ((0, "SUSPECT"), (0, "ALIVE"), False),
        ((0, "SUSPECT"), (1, "ALIVE"), True),
        ((1, "ALIVE"), (0, "FAULTY"), False),
        ((1, "ALIVE"), (1, "SUSPECT"), True),
        ((1, "FAULTY"), (1, "SUSPECT"), False),
        ((1, "FAULTY"), (2, "ALIVE"), True),
    ],
)
def test_a_higher_incarnation_beats_and_then_the_worse_status(old, new, believed):
    node = started()
    hears(node, news("n3", *old))
    effects = hears(node, news("n3", *new))
    assert (Output(news("n3", *new)) in effects) == believed
    assert node.beliefs["n3"] == news("n3", *(new if believed else old))


def test_a_refuted_suspicion_stops_its_clock():
    node = started()
    hears(node, news("n3", 0, "SUSPECT"))
    assert CancelTimer("suspect:n3") in hears(node, news("n3", 1, "ALIVE"))


def test_who_is_accused_refutes_with_the_next_incarnation_and_an_older_accusation_is_told_again():
    node = started()
    assert hears(node, news("n1", 0, "SUSPECT")) == (Output(news("n1", 1, "ALIVE")),)
    assert hears(node, news("n1", 0, "FAULTY")) == ()
    assert (node.incarnation, node.owed["n1"]) == (1, TELLINGS * 3)
    assert hears(node, news("n1", 4, "FAULTY")) == (Output(news("n1", 5, "ALIVE")),)


def test_news_are_told_a_bounded_number_of_times_and_the_freshest_first():
    node = started()
    hears(node, *(news(peer, 1, "ALIVE") for peer in ("n3", "n4", "n5")))
    told = []
    for number in range(40):
        (answer,) = node.handle(Deliver("n2", Ping(number, "n2")))
        assert len(answer.message.news) <= ITEMS
        told += [item.member for item in answer.message.news]
    assert {member: told.count(member) for member in ("n3", "n4", "n5")} == dict.fromkeys(
        ("n3", "n4", "n5"), 9
    )
    assert node.owed == node.owed.__class__()


def test_a_message_to_one_that_is_not_believed_alive_says_so_to_it_however_often():
    node = started()
    hears(node, news("n3", 0, "FAULTY"))
    for number in range(20):
        (answer,) = node.handle(Deliver("n3", Ping(number, "n3")))
        assert answer.message.news[0] == news("n3", 0, "FAULTY")


def run(*script, until=2 * S, **options):
    cluster = systems.build("swim", **options)
    return Simulator(cluster, network=link(delay=10 * MS), script=script, until=until, settle=3 * S).run()


def test_a_crash_is_known_to_all_and_nobody_else_is_suspected():
    trace = run(Crash(300 * MS, "n2"))
    assert trace.violations == ()
    for name in ("n1", "n3", "n4", "n5"):
        assert {item.member for item in trace.outputs()[name]} == {"n2"}


def test_one_that_was_declared_faulty_comes_back():
    trace = run(Pause(300 * MS, "n2"), Resume(1_900 * MS, "n2"))
    assert trace.violations == ()
    for name in ("n1", "n3", "n4", "n5"):
        statuses = [item.status for item in trace.outputs()[name]]
        assert Status.FAULTY in statuses
        assert statuses[-1] is Status.ALIVE


def test_a_group_of_one_and_one_of_two_work():
    assert run(nodes=1).outputs() == {"n1": ()}
    assert run(Crash(300 * MS, "n2"), nodes=2).violations == ()


def test_each_law_is_broken_by_a_mutant():
    assert {mutant.breaks for mutant in systems.mutants("swim")} == {law.name for law in SWIM_LAWS}
