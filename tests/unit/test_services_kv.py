"""The key-value store as a state machine: what each command does, and sessions that make a retry safe (6.3)."""

import pytest

from distsys.core.values import EMPTY, Map
from distsys.services.kv import Append, Call, Cas, Delete, Get, Put, Session, Store, apply, execute, sound

DATA = Map({"x": "a"})


@pytest.mark.parametrize(
    ("command", "data", "result"),
    [
        (Get("x"), {"x": "a"}, "a"),
        (Get("y"), {"x": "a"}, None),
        (Put("x", "b"), {"x": "b"}, None),
        (Put("y", 3), {"x": "a", "y": 3}, None),
        (Append("x", "b"), {"x": "ab"}, None),
        (Append("y", "b"), {"x": "a", "y": "b"}, None),
        (Delete("x"), {}, None),
        (Delete("y"), {"x": "a"}, None),
        (Cas("x", "a", "b"), {"x": "b"}, True),
        (Cas("x", "b", "c"), {"x": "a"}, False),
        (Cas("y", None, "c"), {"x": "a", "y": "c"}, True),
        (Cas("x", None, "c"), {"x": "a"}, False),
    ],
    ids=repr,
)
def test_each_command_does_what_it_says(command, data, result):
    assert execute(DATA, command) == (Map(data), result)
    assert Map({"x": "a"}) == DATA


def test_a_text_cannot_be_put_behind_a_number_and_no_replica_stops():
    data = Map({"n": 3})
    assert execute(data, Append("n", "b")) == (data, False)


@pytest.mark.parametrize(
    "command", ["typo", None, Append("x", 5), Append("x", None), Append("y", ("b",))], ids=repr
)
def test_what_the_store_cannot_do_is_answered_false_and_no_replica_stops(command):
    assert execute(DATA, command) == (DATA, False)
    assert not sound(Call("ann", 1, command))


def test_a_call_without_a_number_changes_nothing():
    assert apply(Store(DATA), 3, Call("ann", "1", Put("x", "b"))) == (Store(DATA), None, ())
    assert not sound(Call("ann", "1", Put("x", "b")))
    assert sound(Call("ann", 1, Put("x", "b")))


def test_6_3_a_command_is_done_once_and_a_retry_hears_the_same_result():
    call = Call("ann", 1, Cas("x", None, "a"))
    first, result, events = apply(Store(), 1, call)
    again, same, _ = apply(first, 2, call)
    assert (result, same, events) == (True, True, ())
    assert again == first == Store(Map({"x": "a"}), Map({"ann": Session(1, True)}))


def test_6_3_an_older_command_is_not_done_again_and_gets_no_result():
    state = Store(DATA, Map({"ann": Session(5, True)}))
    assert apply(state, 9, Call("ann", 4, Append("x", "!"))) == (state, None, ())


def test_6_3_numbers_may_leave_a_gap():
    state, _, _ = apply(Store(), 1, Call("ann", 7, Put("x", "a")))
    assert state.sessions["ann"].sequence == 7


def test_6_3_sessions_know_nothing_of_each_other():
    state, _, _ = apply(Store(), 1, Call("ann", 1, Append("x", "a")))
    state, _, _ = apply(state, 2, Call("bob", 1, Append("x", "b")))
    assert state.data == Map({"x": "ab"})


@pytest.mark.parametrize("entry", [None, "configuration", Put("x", "a")])
def test_what_is_no_call_changes_nothing(entry):
    assert apply(Store(DATA), 3, entry) == (Store(DATA), None, ())


def test_equal_commands_in_the_same_order_give_equal_stores():
    calls = [Call("ann", 1, Put("x", "a")), Call("bob", 1, Cas("x", "a", "b")), Call("ann", 2, Delete("x"))]
    stores = [Store(), Store()]
    for index, call in enumerate(calls, 1):
        stores = [apply(store, index, call)[0] for store in stores]
    assert stores[0] == stores[1]
    assert stores[0].data == EMPTY
