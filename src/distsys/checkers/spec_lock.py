"""The spec of a lock with an owner and a fencing token.

Each time the lock is taken it gives a token, a whole number larger than all before it (Kleppmann 2016; Burrows
2006 calls it the sequencer). How much larger does not matter: a revision of a store will do. A crashed `acquire` may
have taken the lock; its token is then not known, only that it is larger than the one before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .history import Call
from .spec import ANY, NEVER, Spec, refuse, refuse_answer
from .spec_stores import by_key

# The owner or None; its token, or a set of tokens that it is known not to have; the least that the newest can be.
Held = tuple[Any, "int | frozenset[int]", int]
FREE: frozenset[int] = frozenset()


def locked(state: Held, call: Call) -> tuple[Held, Any]:
    """Return the lock after an operation."""
    owner, token, newest = state
    if call.f == "holder":
        return state, owner
    if call.f == "acquire":
        if owner is not None:
            return state, False
        if not call.known or call.answer is True:  # it has a token that nobody saw
            return (call.asked, FREE, newest + 1), ANY
        legal = call.answer is not False and call.answer > newest
        return ((call.asked, call.answer, call.answer), ANY) if legal else (state, NEVER)
    who, shown = call.asked
    if owner is None or who != owner:
        return state, False
    if isinstance(token, int) or shown is None:
        return ((None, FREE, newest), True) if shown in (None, token) else (state, False)
    return _guessed(owner, token, newest, shown, call)


def _guessed(owner: Any, excluded: frozenset[int], newest: int, shown: int, call: Call) -> tuple[Held, Any]:
    """Return the lock after a release that shows a token, while nobody has seen the token of the owner.

    It can be any from `newest` on that is not excluded. The answer settles it: true says that it is the one that
    was shown, false that it is another.
    """
    if shown < newest or shown in excluded:
        return (owner, excluded, newest), False
    if not call.known or call.answer:
        return (None, FREE, shown), True
    excluded |= {shown}
    while newest in excluded:
        newest += 1
    return (owner, excluded, newest), False


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _who(call: Call) -> Call:
    """Return the call with its owner, which is the process where none is named; a null answer of a release is true."""
    if call.f == "holder":
        return call
    if call.f == "acquire":
        if call.known and not isinstance(call.answer, bool) and not _number(call.answer):
            form = "an acquire answers its token (a whole number from 1), true where there are no tokens, or false"
            raise refuse_answer(call, form)
        return replace(call, asked=call.process) if call.asked is None else call
    asked = call.asked if isinstance(call.asked, tuple) else (call.asked, None)
    if len(asked) != 2 or not (asked[1] is None or _number(asked[1])):
        raise refuse(call, "a release is asked the owner, or [owner, token]")
    if call.known and not (call.answer is None or isinstance(call.answer, bool)):
        raise refuse_answer(call, "a release answers true (or null) or false")
    answer = call.answer is not False if call.known else None
    return replace(call, asked=(call.process if asked[0] is None else asked[0], asked[1]), answer=answer)


def _observes(call: Call) -> bool:
    if call.f == "release" and call.asked[1] is not None:
        return False  # that it failed may say which token the owner does not have
    return call.f == "holder" or (call.known and call.answer is False)


LOCK = Spec(
    "lock",
    "a lock that one owner holds at a time; each time it is taken it gives a larger token",
    {
        "acquire": "the owner, null is the process -> the token, true where there are none, false where it is held",
        "release": "the owner, or [owner, token] -> true or null, false where it was not held so",
        "holder": "-> the owner, null where it is free",
    },
    (None, FREE, 0),
    locked,
    _observes,
    _who,
    partition=by_key,
)
