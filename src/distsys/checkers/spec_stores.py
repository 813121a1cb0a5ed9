"""Specs of stores: a register, a key-value store, a store in which transactions span several keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..core.values import EMPTY, Map
from .history import Call
from .spec import ANY, NEVER, Spec, refuse, refuse_answer


def by_key(call: Call) -> Any:
    """Return the key: each key is an object of its own."""
    return call.key


def observes(call: Call) -> bool:
    """Whether a call of a store leaves it as it is: a read, or a compare-and-set that found another value."""
    return call.f in ("read", "get") or (call.f == "cas" and call.known and call.answer is False)


def checked_cas(call: Call) -> Call:
    """Return the call if it is no cas, or a cas of a pair that answered true or false."""
    if call.f == "cas":
        if not isinstance(call.asked, tuple) or len(call.asked) != 2:
            raise refuse(call, "a cas is asked a pair, [the value it expects, the new one]")
        if call.known and not isinstance(call.answer, bool):
            raise refuse_answer(call, "a cas answers true or false")
    return call


def cell(value: Any, call: Call) -> tuple[Any, Any]:
    """Return what an operation makes of the value of one key, and what it answers; None is an absent value."""
    match call.f:
        case "get" | "read":
            return value, value
        case "put" | "write":
            return call.asked, ANY
        case "delete":
            return None, ANY
        case "cas":
            expected, new = call.asked
            return (new, True) if value == expected else (value, False)
    return appended(value, call.asked)


def appended(value: Any, more: Any) -> tuple[Any, Any]:
    """Return a text with more text at its end, or a list with one more item; what is absent begins as either.

    >>> appended("ab", "c"), appended((1,), 2), appended(None, 2), appended(7, 2)
    (('abc', ANY), ((1, 2), ANY), ((2,), ANY), (7, NEVER))
    """
    if isinstance(value, str) and isinstance(more, str):
        return value + more, ANY
    if value is None:
        return (more if isinstance(more, str) else (more,)), ANY
    return ((*value, more), ANY) if isinstance(value, tuple) else (value, NEVER)


def begins(state: Any, read: Call) -> bool:
    """Whether the text or list that a read saw begins with this one, or is equal."""
    answer = read.answer
    if isinstance(state, str) and isinstance(answer, str):
        return answer.startswith(state)
    if isinstance(state, tuple) and isinstance(answer, tuple):
        return answer[: len(state)] == state
    return bool(state == answer)


def holds(seen: Any, written: Any) -> bool:
    """Whether a value that somebody looked at shows that another one was written or appended to it."""
    if isinstance(seen, str) and isinstance(written, str):
        return written in seen
    if isinstance(seen, tuple):
        return written in seen or (isinstance(written, tuple) and seen[: len(written)] == written)
    return bool(seen == written)


def seen_somewhere(answered: Sequence[Call], crashed: Sequence[Call]) -> Sequence[Call]:
    """Leave out a crashed read, and a crashed write of a value of which nothing was seen: any order works without it.

    Whatever comes after it, until the value is replaced as a whole, is not looked at: a read or a successful cas would
    have shown the value. Two things could make such a write useful all the same, and then nothing is left out:
    a cas that failed (it needs a value other than the one that it expects), and values of several kinds under an
    append (the write may make a text of what was a number).
    """
    calls = (*answered, *crashed)
    if any(call.f == "cas" and call.known and call.answer is False for call in answered):
        return crashed
    written = [
        call.asked[1] if call.f == "cas" else call.asked
        for call in calls
        if not _looks(call) and call.f != "delete"
    ]
    if any(call.f == "append" for call in calls) and not all(isinstance(value, str) for value in written):
        return crashed
    seen = [call.answer for call in answered if call.f in ("read", "get")]
    seen += [call.asked[0] for call in calls if call.f == "cas"]
    return [
        call
        for call in crashed
        if call.f in ("cas", "delete")
        or (not _looks(call) and any(holds(value, call.asked) for value in seen))
    ]


def _looks(call: Call) -> bool:
    return call.f in ("read", "get")


REGISTER = Spec(
    "register",
    "a value that is read, written, and compared and set; with keys, a register for each",
    {
        "read": "-> the value, null at the beginning",
        "write": "the value",
        "cas": "[the value it expects, the new one] -> true or false",
    },
    None,
    cell,
    observes,
    checked_cas,
    begins,
    seen_somewhere,
    by_key,
)

STORE_OPERATIONS = {
    "get": "-> the value of the key, null where it is absent",
    "put": "the value",
    "delete": "",
    "append": "what is put at the end: text to a text, anything to a list; an absent key begins as either",
    "cas": "[the value it expects, the new one] -> true or false; null is absent",
}

KEY_VALUE = Spec(
    "key-value",
    "a store of keys and values; each key is judged apart",
    STORE_OPERATIONS,
    None,
    cell,
    observes,
    checked_cas,
    begins,
    seen_somewhere,
    by_key,
)


# Several keys at once


def _put(state: Map[Any, Any], key: Any, value: Any) -> Map[Any, Any]:
    return state.remove(key) if value is None else state.set(key, value)


def multi(state: Map[Any, Any], call: Call) -> tuple[Map[Any, Any], Any]:
    """Return the next store and the answer; a transaction does all its parts in one moment, or none."""
    if call.f != "txn":
        value, answer = cell(state.get(call.key), call)
        return _put(state, call.key, value), answer
    after, results = state, []
    for kind, key, value in call.asked:
        if kind == "r":
            results.append((kind, key, after.get(key)))
            continue
        new, answer = (value, ANY) if kind == "w" else appended(after.get(key), value)
        if answer is NEVER:
            return state, NEVER
        after = _put(after, key, new)
        results.append((kind, key, value))
    return after, tuple(results)


def _parts_alike(asked: Any, answer: Any) -> bool:
    return (
        isinstance(answer, tuple)
        and len(asked) == len(answer)
        and all(
            isinstance(new, tuple) and len(new) == 3 and new[:2] == old[:2] and (old[0] == "r" or new == old)
            for old, new in zip(asked, answer, strict=True)
        )
    )


def checked_txn(call: Call) -> Call:
    """Return the call if its parts are well formed; an answer of null is that of a transaction without reads."""
    if call.f != "txn":
        return checked_cas(call)
    form = 'a txn is asked a list of ["r", key, null], ["w", key, value] and ["append", key, value]'
    if not isinstance(call.asked, tuple) or not all(
        isinstance(part, tuple) and len(part) == 3 and part[0] in ("r", "w", "append") for part in call.asked
    ):
        raise refuse(call, form)
    if not call.known:
        return call
    if call.answer is None and all(part[0] != "r" for part in call.asked):
        return replace(call, answer=call.asked)
    if not _parts_alike(call.asked, call.answer):
        raise refuse_answer(call, "a txn answers the list that it was asked, with what was read filled in")
    return call


def _observes_many(call: Call) -> bool:
    return all(part[0] == "r" for part in call.asked) if call.f == "txn" else observes(call)


MULTI_KEY = Spec(
    "multi-key",
    "a store in which a transaction reads and writes several keys in one moment; judged as one object",
    {
        **STORE_OPERATIONS,
        "txn": '[["r", key, null], ["w", key, value], ["append", key, value], ...] -> the same, reads filled in',
    },
    EMPTY,
    multi,
    _observes_many,
    checked_txn,
)
