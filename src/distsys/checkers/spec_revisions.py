"""The spec of a store with revisions, as etcd has it: one counter for the whole store, raised by every change.

A get answers the value, the revision that last changed the key, and the revision of the store at that moment. An
empty store has revision 1. Since answers carry the revision of the store, its keys cannot be judged apart.
"""

from __future__ import annotations

from typing import Any

from ..core.values import EMPTY, Map
from .history import Call
from .spec import ANY, Spec, refuse, refuse_answer

Store = tuple[int, Map[Any, tuple[Any, int]]]  # the revision; key -> (value, revision that last changed it)
ABSENT = (None, 0)


def revised(state: Store, call: Call) -> tuple[Store, Any]:
    """Return the store after an operation."""
    revision, items = state
    value, changed = items.get(call.key, ABSENT)
    new = revision + 1
    match call.f:
        case "get":
            return state, (value, changed, revision)
        case "put":
            return (new, items.set(call.key, (call.asked, new))), ANY if call.answer is None else new
        case "delete":
            if not changed:
                return state, (0, revision)
            return (new, items.remove(call.key)), (1, new)
    expected, replacement = call.asked
    if changed != expected:
        return state, (False, revision)
    return (new, items.set(call.key, (replacement, new))), (True, new)


def leads(state: Store, call: Call) -> bool:
    """Return whether the store may grow into what a read saw: its revision is no later, and the key is not past it."""
    revision, items = state
    if revision > call.answer[-1]:
        return False
    if call.f != "get":
        return True
    value, changed, at = call.answer
    if changed > revision:
        return True  # the change that it saw is still to come
    return items.get(call.key, ABSENT) == (value, changed) or (not changed and revision < at)


def _whole(*values: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _checked(call: Call) -> Call:
    answer = call.answer
    if call.f == "cas" and not (
        isinstance(call.asked, tuple) and len(call.asked) == 2 and _whole(call.asked[0])
    ):
        form = "a cas is asked [the revision that last changed the key, 0 for absent; the new value]"
        raise refuse(call, form)
    if not call.known:
        return call
    length = {"get": 3, "delete": 2, "cas": 2}.get(call.f)
    if length is None:
        if answer is not None and not _whole(answer):
            raise refuse_answer(call, "a put answers the new revision of the store, or null")
    elif not (isinstance(answer, tuple) and len(answer) == length and _whole(answer[-1])):
        raise refuse_answer(call, f"{call.f} answers {OPERATIONS[call.f].partition('-> ')[2]}")
    return call


OPERATIONS = {
    "get": "-> [value, revision that last changed the key, revision of the store]; [null, 0, ...] where absent",
    "put": "the value -> the new revision of the store, or null",
    "delete": "-> [1 or 0 keys deleted, revision of the store]",
    "cas": "[revision that last changed the key (0: absent), new value] -> [true or false, revision of the store]",
}

REVISIONS = Spec(
    "revisions",
    "a store with one revision counter, as in etcd; judged as one object",
    OPERATIONS,
    (1, EMPTY),
    revised,
    lambda call: call.f == "get" or (call.known and call.f in ("delete", "cas") and not call.answer[0]),
    _checked,
    leads,
)
