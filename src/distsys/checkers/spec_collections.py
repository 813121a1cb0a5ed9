"""Specs of collections: an append-only list, a counter whose requests are retried, a queue, a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..core.values import EMPTY, Map
from .history import Call
from .spec import ANY, Spec, refuse, refuse_answer
from .spec_stores import begins, by_key


def grown(state: tuple[Any, ...], call: Call) -> tuple[tuple[Any, ...], Any]:
    """Return the list after an append, or the list itself as the answer of a read."""
    return ((*state, call.asked), ANY) if call.f == "append" else (state, state)


def _listed(call: Call) -> Call:
    if call.f == "read" and call.known and not isinstance(call.answer, tuple):
        raise refuse_answer(call, "a read answers a list")
    return call


def _read_somewhere(answered: Sequence[Call], crashed: Sequence[Call]) -> list[Call]:
    """Leave out a crashed append of an item that no read shows: every read after it would show it."""
    items = {item for call in answered if call.f == "read" for item in call.answer}
    return [call for call in crashed if call.asked in items]


LIST = Spec(
    "list",
    "a list that only grows; a read shows it whole, so it shows the order of all appends before it",
    {"append": "the item", "read": "-> the whole list"},
    (),
    grown,
    lambda call: call.f == "read",
    _listed,
    begins,
    _read_somewhere,
    by_key,
)


# A counter. State: the total, and for each request that has a name what it answered.


def counted(state: tuple[int, Map[Any, int]], call: Call) -> tuple[tuple[int, Map[Any, int]], Any]:
    """Return the counter after an add; a request that was counted before answers again what it answered then."""
    total, answers = state
    if call.f == "read":
        return state, total
    request, amount = call.asked if isinstance(call.asked, tuple) else (None, call.asked)
    if request is not None and request in answers:
        after = answers[request]
    else:
        after = total + amount
        state = (after, answers if request is None else answers.set(request, after))
    return state, ANY if call.answer is None else after


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _amount(call: Call) -> Call:
    if call.f == "read":
        if call.known and not _number(call.answer):
            raise refuse_answer(call, "a read answers a whole number")
        return call
    asked = call.asked
    named = isinstance(asked, tuple) and len(asked) == 2 and asked[0] is not None and _number(asked[1])
    if not (named or _number(asked)):
        raise refuse(call, "an add is asked a whole number, or [name of the request, whole number]")
    if call.known and call.answer is not None and not _number(call.answer):
        raise refuse_answer(call, "an add answers null, or the total after it")
    return call


COUNTER = Spec(
    "counter",
    "a total; a request that has a name counts once, however often it is tried",
    {
        "add": "a number, or [name of the request, a number] -> null, or the total after it (after its first try)",
        "read": "-> the total",
    },
    (0, EMPTY),
    counted,
    lambda call: call.f == "read",
    _amount,
    partition=by_key,
)


def queued(state: tuple[Any, ...], call: Call) -> tuple[tuple[Any, ...], Any]:
    """Return the queue after an operation; an empty one answers null to a dequeue."""
    if call.f == "enqueue":
        return (*state, call.asked), ANY
    return (state[1:], state[0]) if state else (state, None)


def _item(call: Call) -> Call:
    if call.f == "enqueue" and call.asked is None:
        raise refuse(
            call, "an enqueue is asked an item that is not null, for null says that the queue is empty"
        )
    return call


def _taken_somewhere(answered: Sequence[Call], crashed: Sequence[Call]) -> list[Call]:
    """Leave out a crashed enqueue of an item that no answered dequeue takes: it would only stand in the way.

    An order that works with it works without it, and without the crashed dequeue that takes it, if one does.
    """
    items = {call.answer for call in answered if call.f == "dequeue"}
    return [call for call in crashed if call.f == "dequeue" or call.asked in items]


QUEUE = Spec(
    "queue",
    "first in, first out",
    {"enqueue": "the item", "dequeue": "-> the oldest item, null where the queue is empty"},
    (),
    queued,
    lambda call: call.f == "dequeue" and call.known and call.answer is None,
    _item,
    None,
    _taken_somewhere,
    by_key,
)


def gathered(state: frozenset[Any], call: Call) -> tuple[frozenset[Any], Any]:
    """Return the set after an operation."""
    match call.f:
        case "read":
            return state, state
        case "contains":
            return state, call.asked in state
        case "add":
            return state | {call.asked}, ANY if call.answer is None else call.asked not in state
    return state - {call.asked}, ANY if call.answer is None else call.asked in state


def _members(call: Call) -> Call:
    """Return the call; the answer of a read becomes a frozenset, unless something stands in it twice."""
    if not call.known:
        return call
    if call.f == "read":
        if not isinstance(call.answer, (tuple, frozenset)):
            raise refuse_answer(call, "a read answers a list")
        members = frozenset(call.answer)
        return replace(call, answer=members) if len(members) == len(call.answer) else call
    if not isinstance(call.answer, bool) and (call.f == "contains" or call.answer is not None):
        raise refuse_answer(call, f"{call.f} answers true or false")
    return call


SET = Spec(
    "set",
    "a set of items",
    {
        "add": "the item -> null, or whether it was new",
        "remove": "the item -> null, or whether it was there",
        "contains": "the item -> true or false",
        "read": "-> all items, in any order",
    },
    frozenset(),
    gathered,
    lambda call: call.f in ("read", "contains") or (call.known and call.answer is False),
    _members,
    partition=by_key,
)
