"""The library at the client. Sections are those of Burrows 2006."""

import pytest

from chubby_nodes import LEASE, OneClient, Puppet
from distsys import MS
from distsys.core.values import Map
from distsys.services.chubby import calls
from distsys.services.chubby.calls import Contents
from distsys.services.chubby.library import Expired, Jeopardy, Safe, Standing
from distsys.services.chubby.talk import (
    Answer,
    Ask,
    Elsewhere,
    FailOver,
    Invalidate,
    KeepAlive,
    Modified,
    OtherEpoch,
    Over,
)
from distsys.services.chubby.tree import Stat

OLD = Contents("old", Stat(4, 1, 0, 0, False, False))
NEW = Contents("new", Stat(4, 2, 0, 0, False, False))


def a_client(**settings):
    return OneClient(**settings).have_a_session()


def with_a_copy(**settings):
    """Return a client that has read /x and may keep it."""
    client = a_client(**settings).does("read", 5, "/x").answer(OLD, cachable=True)
    assert client.said() == [("read", "old", False)]
    return client


# The lease.


def test_2_8_the_local_lease_begins_when_the_question_was_sent():
    client = OneClient().at(100).does("begin").at(400).begun()
    assert client.node.lease_until == 1_100 * MS
    assert client.said() == ["begun"]


def test_2_8_an_answer_to_the_first_of_two_questions_does_not_begin_a_lease_with_the_second():
    client = OneClient().at(100).does("begin")
    first = client.node.open.sequence
    client.at(300).fire("retry")
    assert client.node.open.sequence != first
    client.at(400).begun(first)
    assert client.node.lease_until == 1_100 * MS


def test_2_8_what_the_master_held_a_keep_alive_back_is_no_part_of_its_flight():
    client = a_client().at(450)
    sent_at = client.node.sent[1]
    client.kept_alive(1, held=250)
    assert client.node.lease_until == sent_at + (250 + LEASE) * MS


@pytest.mark.parametrize(("drift_ppm", "length"), [(0, 1_000_000), (1_000, 998_001), (200_000, 666_666)])
def test_2_8_the_local_lease_is_shorter_by_what_two_clocks_may_differ(drift_ppm, length):
    assert a_client(drift_ppm=drift_ppm).node.lease_until == 100 * MS + length


def test_a_lease_that_is_over_when_it_arrives_is_none():
    client = OneClient().at(100).does("begin").at(1_100).begun()
    assert client.node.standing is Standing.NONE
    assert client.node.open is not None


def test_an_answer_to_a_keep_alive_that_was_never_sent_extends_nothing():
    client = a_client()
    before = client.node.lease_until
    client.at(500).kept_alive(number=7)
    assert client.node.lease_until == before


def test_an_answer_that_comes_twice_extends_a_lease_once():
    client = a_client().at(400).kept_alive(1)
    before = client.node.lease_until
    client.at(900).kept_alive(1)
    assert client.node.lease_until == before


def test_2_8_the_next_keep_alive_follows_the_answer_at_once():
    client = a_client().at(400).kept_alive(1)
    assert client.sent(KeepAlive) == [KeepAlive("c1.1", 1, 2, 0)]


# Jeopardy and the grace period.


def test_2_8_when_the_local_lease_is_over_the_session_is_in_jeopardy_and_the_cache_is_empty():
    client = with_a_copy().at(1_099).fire("clock")
    assert client.node.standing is Standing.SAFE
    client.at(1_100).fire("clock")
    assert client.said() == [Jeopardy("c1.1")]
    assert (client.node.standing, len(client.node.cache)) == (Standing.JEOPARDY, 0)


def test_2_8_a_client_that_slept_knows_that_its_lease_is_over_before_it_acts_on_what_waited():
    client = with_a_copy().at(1_500).does("read", 5, "/x")
    assert client.said() == [Jeopardy("c1.1")]


def test_2_8_calls_wait_in_jeopardy_and_go_on_when_the_session_is_safe():
    client = with_a_copy().does("write", 5, "/x", "mine").at(1_100).fire("clock")
    client.answer(NEW.stat)
    client.fire("retry")
    assert client.sent(Ask)[1:] == []
    assert client.node.open is not None
    client.fire("alive").at(1_200).kept_alive(client.node.number)
    assert [effect.value for effect in client.effects if hasattr(effect, "value")] == [Safe("c1.1")]
    assert [ask.request for ask in client.sent(Ask)] == [calls.SetContents(5, "mine")]
    client.answer(NEW.stat)
    assert client.said() == [("result", NEW.stat)]


def test_2_8_a_session_expires_when_the_grace_period_is_over():
    client = with_a_copy().at(1_100).fire("clock").at(3_099).fire("clock")
    assert client.node.standing is Standing.JEOPARDY
    client.at(3_100).fire("clock")
    assert client.said() == [Jeopardy("c1.1"), Expired("c1.1")]
    assert client.does("begin").node.session == "c1.2"


def test_2_8_a_client_that_slept_through_the_grace_period_has_no_session():
    client = with_a_copy().at(9_000).kept_alive(1)
    assert client.said() == [Jeopardy("c1.1"), Expired("c1.1")]


def test_2_8_a_client_that_is_told_that_its_session_is_over_does_not_wait_for_the_grace_period():
    client = with_a_copy().at(300).deliver("n1", Over("c1.1"))
    assert client.said() == [Expired("c1.1")]
    assert client.deliver("n1", Over("c1.1")).said() == []


def test_what_is_said_of_an_earlier_session_does_not_matter():
    client = with_a_copy().deliver("n1", Over("c1.1")).does("begin").begun()
    client.effects = []
    assert client.deliver("n1", Over("c1.1")).said() == []
    assert client.node.standing is Standing.SAFE


def test_after_a_restart_a_client_begins_a_session_that_it_never_had():
    node = Puppet("c1", Map({"life": 3}), servers=("n1",))
    assert node.life == 3
    client = OneClient()
    client.node = node
    client.at(100).does("begin")
    assert client.node.session == "c1.4"


# Caches.


def test_2_7_a_copy_is_read_without_a_message():
    client = with_a_copy().at(200).does("read", 5, "/x")
    assert client.said() == [("read", "old", True)]
    assert client.does("read", 5, "/x").sent() == []


def test_2_7_what_may_not_be_kept_is_asked_for_again():
    client = a_client().does("read", 5, "/x").answer(OLD, cachable=False)
    client.effects = []
    assert len(client.does("read", 5, "/x").sent(Ask)) == 1


def test_2_7_a_copy_that_is_invalidated_is_gone_before_the_client_says_that_it_has_seen_that():
    client = with_a_copy().at(300).kept_alive(1, events=((1, Invalidate("/x")),))
    assert "/x" not in client.node.cache
    assert client.sent(KeepAlive) == [KeepAlive("c1.1", 1, 2, 1)]


def test_an_answer_that_an_invalidation_has_overtaken_is_read_and_not_kept():
    client = a_client().does("read", 5, "/x").kept_alive(1, events=((1, Invalidate("/x")),))
    client.answer(OLD, cachable=True, told=0)
    assert client.said() == [("read", "old", False)]
    assert "/x" not in client.node.cache


def test_an_answer_that_the_master_gave_after_its_last_event_is_kept():
    client = a_client().does("read", 5, "/x").kept_alive(1, events=((1, Invalidate("/x")),))
    client.answer(NEW, cachable=True, told=1)
    assert client.node.cache["/x"] == NEW


def test_an_answer_of_an_earlier_master_is_not_kept():
    client = a_client().does("read", 5, "/x").deliver("n2", OtherEpoch("c1.1", 2))
    client.answer(OLD, cachable=True, told=9, epoch=1)
    assert "/x" not in client.node.cache


def test_who_writes_drops_its_own_copy_first():
    assert "/x" not in with_a_copy().does("write", 5, "/x", "mine").node.cache


# A new master.


def test_2_9_a_client_follows_a_new_epoch_and_empties_its_cache_when_it_is_told_of_the_fail_over():
    client = with_a_copy().at(300).deliver("n2", OtherEpoch("c1.1", 2))
    assert client.sent(KeepAlive) == [KeepAlive("c1.1", 2, 2, 0)]
    assert client.node.master == "n2"
    client.kept_alive(2, events=((1, FailOver()),), epoch=2)
    assert client.node.cache == Map()
    assert [e.value for e in client.effects if hasattr(e, "value")] == [FailOver()]
    assert client.sent(KeepAlive) == [KeepAlive("c1.1", 2, 3, 1)]


def test_2_9_an_open_call_is_put_to_the_new_master_under_the_same_number():
    client = with_a_copy().does("write", 5, "/x", "mine")
    before = client.node.open
    client.deliver("n2", OtherEpoch("c1.1", 2))
    client.effects = []
    (again,) = client.fire("retry").sent(Ask)
    assert (again.sequence, again.request, again.epoch) == (before.sequence, before.request, 2)


def test_a_lease_of_an_earlier_epoch_is_no_lease_any_more():
    client = a_client().deliver("n2", OtherEpoch("c1.1", 2))
    before = client.node.lease_until
    client.at(400).kept_alive(1, epoch=1)
    assert client.node.lease_until == before


def test_events_are_taken_once_and_in_order():
    events = ((1, Modified("/x", 4, 2)), (2, Modified("/x", 4, 3)))
    client = a_client().kept_alive(1, events=events[:1]).kept_alive(2, events=events)
    assert client.said() == [Modified("/x", 4, 2), Modified("/x", 4, 3)]


def test_2_1_a_client_asks_where_it_is_sent_and_two_that_name_each_other_do_not_keep_it_busy():
    client = OneClient().at(100).does("begin")
    client.effects = []
    for master in ("n2", "n1", "n2", "n1"):
        client.deliver("x", Elsewhere("c1.1", master))
    assert len(client.sent(Ask)) == 2


def test_an_answer_to_an_earlier_call_is_not_taken_for_one_to_the_open_call():
    client = with_a_copy().does("write", 5, "/x", "mine")
    client.deliver("n1", Answer("c1.1", 1, client.node.open.sequence - 1, OLD))
    assert client.said() == []
    assert client.node.open is not None
