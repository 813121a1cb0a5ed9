"""A client of the store: it asks again under the same number, gives up honestly, and reports what it saw."""

import pytest

from distsys.core import MS, CancelTimer, Deliver, Note, Output, Persist, Send, SetTimer, Start, Timeout
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.core.values import EMPTY, Map
from distsys.services.kv import Append, Cas, Delete, Get, Put
from distsys.services.kv_client import KvClient
from distsys.services.replicated import Redirect, Reply
from raft_nodes import THREE, outputs, sends

NEXT = SetTimer("next", 0, 100 * MS)
RETRY = SetTimer("retry", 150 * MS, 300 * MS)


def client(disk=EMPTY, seed=3, operations=5, **settings):
    node = KvClient("c1", disk, servers=THREE, operations=operations, **settings)
    node.handle(Start(seed))
    return node


def begun(**settings):
    node = client(**settings)
    node.handle(Timeout("next", 0))
    return node


def hear(node, message, sender="s1", now=7):
    return node.handle(Deliver(sender, message, now))


def reply(node, result=None):
    return Reply(node.open.session, node.open.sequence, result)


def test_it_begins_under_a_name_that_it_never_had():
    node = KvClient("c1", servers=THREE, operations=5)
    assert node.handle(Start(3)) == (Persist(Map({"life": 1})), NEXT)
    assert client(Map({"life": 4})).session() == "c1.5"


def test_it_reports_a_call_before_it_sends_it():
    node = client()
    effects = node.handle(Timeout("next", 5))
    [operation] = outputs(effects)
    assert (operation.process, operation.type, operation.at) == ("c1.1", INVOKE, 5)
    assert effects == (Output(operation), Send("s1", node.open), RETRY)


def test_an_answer_ends_the_call_and_the_next_follows():
    node = begun()
    effects = hear(node, reply(node))
    [operation] = outputs(effects)
    assert (operation.process, operation.type, operation.at) == ("c1.1", OK, 7)
    assert effects == (Output(operation), CancelTimer("retry"), NEXT)
    assert node.open is None


@pytest.mark.parametrize(
    "message", [Reply("c1.1", 2, None), Reply("c1.0", 1, None), Redirect("c2.1", 1, "s3")]
)
def test_an_answer_to_another_call_is_ignored(message):
    node = begun()
    before = node.snapshot()
    assert hear(node, message) == ()
    assert node.snapshot() == before


def test_an_answer_that_comes_twice_ends_the_call_once():
    node = begun()
    answer = reply(node)
    hear(node, answer)
    assert hear(node, answer) == ()


def test_without_an_answer_the_next_server_is_asked_the_same_under_the_same_number():
    node = begun()
    call = node.open
    effects = node.handle(Timeout("retry", 9))
    assert effects == (Note("asks again"), Send("s2", call), RETRY)
    assert sends(node.handle(Timeout("retry", 9))) == [("s3", call)]
    assert sends(node.handle(Timeout("retry", 9))) == [("s1", call)]


def test_a_redirect_is_followed():
    node = begun()
    assert sends(hear(node, Redirect("c1.1", 1, "s3"))) == [("s3", node.open)]
    assert node.server == "s3"


def test_servers_that_name_each_other_do_not_keep_it_busy_for_ever():
    """One hands over, the other does not lead yet; without a bound the call would go to and fro as fast as it can."""
    node = begun()
    sent = [sends(hear(node, Redirect("c1.1", 1, leader))) for leader in ("s2", "s1") * 5]
    assert sent == [[("s2", node.open)], [("s1", node.open)], [("s2", node.open)]] + [[]] * 7
    assert sends(node.handle(Timeout("retry", 9))) == [("s3", node.open)]
    assert sends(hear(node, Redirect("c1.1", 1, "s1"))) == [("s1", node.open)]
    assert node.asked == 2  # a redirect is no try


def test_a_redirect_does_not_prolong_a_try():
    node = begun()
    assert hear(node, Redirect("c1.1", 1, "s3")) == (Send("s3", node.open),)


def test_a_redirect_may_lead_to_a_server_that_it_was_not_told_of():
    node = begun()
    hear(node, Redirect("c1.1", 1, "s9"))
    assert sends(node.handle(Timeout("retry", 9))) == [("s1", node.open)]


@pytest.mark.parametrize("leader", [None, "s1"], ids=["nobody", "who was asked"])
def test_a_redirect_that_leads_nowhere_waits_for_the_timer(leader):
    node = begun()
    assert hear(node, Redirect("c1.1", 1, leader)) == ()


def test_after_so_many_tries_nobody_knows_and_it_goes_on_under_a_new_name():
    node = begun(tries_max=2)
    node.handle(Timeout("retry", 9))
    effects = node.handle(Timeout("retry", 9))
    [operation] = outputs(effects)
    assert (operation.process, operation.type) == ("c1.1", INFO)
    assert effects == (Output(operation), Persist(Map({"life": 2})), NEXT)
    assert (node.session(), node.open, node.sequence) == ("c1.2", None, 0)


def test_a_late_answer_to_a_call_that_was_given_up_is_ignored():
    node = begun(tries_max=1)
    late = reply(node)
    node.handle(Timeout("retry", 9))
    node.handle(Timeout("next", 9))
    assert hear(node, late) == ()
    assert node.open is not None


def test_it_stops_after_its_operations():
    node = begun(operations=1)
    hear(node, reply(node))
    assert node.handle(Timeout("next", 9)) == ()
    assert node.done == 1


def test_the_same_seed_asks_the_same():
    def asked(seed):
        node, calls = client(seed=seed, operations=9), []
        for _ in range(9):
            node.handle(Timeout("next", 0))
            calls.append(node.open)
            hear(node, reply(node))
        return calls

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


@pytest.mark.parametrize(
    ("command", "asked", "result", "heard"),
    [
        (Get("k"), None, "v", "v"),
        (Put("k", "v"), "v", None, "v"),
        (Append("k", "+v"), "+v", None, "+v"),
        (Cas("k", "a", "b"), ("a", "b"), True, True),
        (Delete("k"), None, None, None),
    ],
    ids=["get", "put", "append", "cas", "delete"],
)
def test_what_was_asked_and_what_came_back_stand_in_the_history(command, asked, result, heard):
    class AsksThis(KvClient):
        def choose_a_command(self):
            return command

    f = type(command).__name__.lower()
    node = AsksThis("c1", servers=THREE, operations=1, tries_max=1)
    node.handle(Start(3))
    assert outputs(node.handle(Timeout("next", 5))) == [Operation("c1.1", INVOKE, f, "k", asked, 5)]
    gives_up = node.copy()
    assert outputs(hear(node, reply(node, result))) == [Operation("c1.1", OK, f, "k", heard, 7)]
    assert outputs(gives_up.handle(Timeout("retry", 9)))[0].type == INFO


def test_what_it_read_is_what_it_compares_with_later():
    node = begun()
    node.open = type(node.open)(node.open.session, node.open.sequence, Get("k0"))
    hear(node, reply(node, "v"))
    assert node.seen == Map({"k0": "v"})
