"""Locks with fencing tokens, and the client that asks for them."""

import pytest

from distsys.checkers import History, linearizable
from distsys.core import Deliver, Start, Timeout
from distsys.core.operations import INVOKE, OK
from distsys.services.kv import Call, Store
from distsys.services.locks import Acquire, Held, Holder, Release, apply, sound
from distsys.services.locks_client import LocksClient
from distsys.services.replicated import Reply
from raft_nodes import THREE, outputs, sends


def done(*commands):
    """Return the results of commands, each of a session of its own, at the places 1, 2, 3 ... of a log."""
    state, results = Store(), []
    for index, command in enumerate(commands, 1):
        state, result, events = apply(state, index, Call(f"s{index}", 1, command))
        assert events == ()
        results.append(result)
    return state, results


def test_a_lock_has_one_owner_until_it_is_given_back():
    _, results = done(
        Acquire("x", "ann"),
        Acquire("x", "bob"),
        Holder("x"),
        Release("x", "bob", None),
        Release("x", "ann", 1),
        Holder("x"),
        Acquire("x", "bob"),
    )
    assert results == [1, False, "ann", False, True, None, 7]


def test_tokens_only_grow_because_places_in_the_log_do():
    commands = [Acquire("x", "ann"), Release("x", "ann", None)] * 5
    tokens = done(*commands)[1][::2]
    assert tokens == sorted(set(tokens))


def test_an_owner_does_not_take_its_lock_twice_and_an_old_token_releases_nothing():
    _, results = done(
        Acquire("x", "ann"),
        Acquire("x", "ann"),
        Release("x", "ann", 1),
        Acquire("x", "ann"),
        Release("x", "ann", 1),
        Release("x", "ann", 4),
    )
    assert results == [1, False, True, 4, False, True]


def test_locks_of_different_names_do_not_meet_and_one_that_is_free_is_not_in_the_state():
    state, results = done(Acquire("x", "ann"), Acquire("y", "bob"), Release("x", "ann", 1))
    assert results == [1, 2, True]
    assert dict(state.data.items()) == {"y": Held("bob", 2)}


def test_a_retry_gets_the_token_of_the_first_try():
    call = Call("ann.1", 1, Acquire("x", "ann"))
    state, token, _ = apply(Store(), 3, call)
    assert apply(state, 8, call)[:2] == (state, token)


@pytest.mark.parametrize(
    "command", [None, "junk", Call("ann.1", 1, "junk"), Call("ann.1", None, Holder("x"))]
)
def test_whatever_stands_in_the_log_is_answered(command):
    state, result, events = apply(Store(), 1, command)
    assert (dict(state.data.items()), result or None, events) == ({}, None, ())


@pytest.mark.parametrize(
    "command", ["junk", Acquire("x", 5), Acquire(5, "ann"), Release("x", "ann", "1"), Holder(5)]
)
def test_nonsense_is_not_sound(command):
    assert not sound(Call("ann.1", 1, command))


# The client.


def client(seed=3, **settings):
    node = LocksClient("c1", servers=THREE, operations=50, keys=1, **settings)
    node.handle(Start(seed))
    return node


def test_a_client_and_a_state_machine_make_a_history_that_the_spec_of_a_lock_accepts():
    node, state, history = client(), Store(), []
    for index in range(1, 51):
        effects = node.handle(Timeout("next", index))
        history += outputs(effects)
        [(_, call)] = sends(effects)
        state, result, _ = apply(state, index, call)
        history += outputs(node.handle(Deliver("s1", Reply(call.session, call.sequence, result), index)))
    assert {one.f for one in history} == {"acquire", "release", "holder"}
    assert {one.type for one in history} == {INVOKE, OK}
    taken = [one.value for one in history if (one.f, one.type) == ("acquire", OK)]
    assert sum(value is not False for value in taken) >= 5
    assert linearizable(History(history), "lock").ok


def test_after_giving_up_a_client_does_not_insist_on_a_token_that_may_be_old():
    node = client(tries_max=1)
    node.tokens = node.tokens.set("k0", 4)
    node.handle(Timeout("next", 0))
    node.handle(Timeout("retry", 0))
    assert (node.session(), dict(node.tokens.items())) == ("c1.2", {})
