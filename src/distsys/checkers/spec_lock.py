"""The spec of a lock with an owner and a fencing token.

Each time the lock is taken it gives a token, a whole number larger than all before it (Kleppmann 2016; Burrows
2006 calls it the sequencer). How much larger does not matter: a revision of a store will do. A crashed `acquire` may
have taken the lock; its token is then not known, only that it is larger than the one before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .history import Call
from .spec import ANY, NEVER, Spec, refuse
from .spec_stores import by_key

Held = tuple[Any, int | None, int]  # owner or None, its token or None, the least that the newest token can be


def locked(state: Held, call: Call) -> tuple[Held, Any]:
    """Return the lock after an operation."""
    owner, token, floor = state
    if call.f == "holder":
        return state, owner
    if call.f == "acquire":
        if owner is not None:
            return state, False
        if not call.known or call.answer is True:  # it has a token that nobody saw: the least that it can be
            return (call.asked, None, floor + 1), ANY
        legal = call.answer is not False and call.answer > floor
        return ((call.asked, call.answer, call.answer), ANY) if legal else (state, NEVER)
    who, shown = call.asked
    fits = shown is None or shown == token or (token is None and shown >= floor)
    if owner is None or who != owner or not fits:
        return state, False
    return (None, None, max(floor, shown or 0)), True


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _who(call: Call) -> Call:
    """Return the call with its owner, which is the process where none is named; a null answer of a release is true."""
    if call.f == "holder":
        return call
    if call.f == "acquire":
        if call.known and not isinstance(call.answer, bool) and not _number(call.answer):
            form = "an acquire answers its token (a whole number from 1), true where there are no tokens, or false"
            raise refuse(call, form, call.answer)
        return replace(call, asked=call.process) if call.asked is None else call
    asked = call.asked if isinstance(call.asked, tuple) else (call.asked, None)
    if len(asked) != 2 or not (asked[1] is None or _number(asked[1])):
        raise refuse(call, "a release is asked the owner, or [owner, token]", call.asked)
    if call.known and not (call.answer is None or isinstance(call.answer, bool)):
        raise refuse(call, "a release answers true (or null) or false", call.answer)
    answer = call.answer is not False if call.known else None
    return replace(call, asked=(call.process if asked[0] is None else asked[0], asked[1]), answer=answer)


def _observes(call: Call) -> bool:
    return call.f == "holder" or (call.known and call.answer is False)


LOCK = Spec(
    "lock",
    "a lock that one owner holds at a time; each time it is taken it gives a larger token",
    {
        "acquire": "the owner, null is the process -> the token, true where there are none, false where it is held",
        "release": "the owner, or [owner, token] -> true or null, false where it was not held so",
        "holder": "-> the owner, null where it is free",
    },
    (None, None, 0),
    locked,
    _observes,
    _who,
    by_key,
)
