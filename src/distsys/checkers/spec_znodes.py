"""The spec of znodes, as ZooKeeper has them: data with a version that each change raises, and that begins at 0 again.

A znode is absent, or it has a value and a version. What changes it may name the version that it expects; -1 stands for
any. Each path is an object of its own, as far as nobody asks for children.
"""

from __future__ import annotations

from typing import Any

from .history import Call
from .spec import Spec, refuse, refuse_answer
from .spec_stores import by_key

ANY_VERSION = -1
Znode = tuple[Any, int] | None  # value and version


def changed(state: Znode, call: Call) -> tuple[Znode, Any]:
    """Return the znode after an operation, and the answer.

    >>> changed(("u", 3), Call("ann", "set", "/a", ("v", 3), None, "info", 1, None))
    (('v', 4), 4)
    """
    match call.f:
        case "get":
            return state, state
        case "create":
            return ((call.asked, 0), True) if state is None else (state, False)
        case "delete":
            return (None, True) if _is_expected(state, call.asked) else (state, False)
    value, expected = call.asked
    if state is None or not _is_expected(state, expected):
        return state, False
    return (value, state[1] + 1), state[1] + 1


def _is_expected(state: Znode, version: int) -> bool:
    return state is not None and version in (ANY_VERSION, state[1])


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked(call: Call) -> Call:
    asked, answer = call.asked, call.answer
    if call.f == "delete" and not _whole(asked):
        raise refuse(call, "a delete is asked the version that it expects, -1 for any")
    if call.f == "set" and not (isinstance(asked, tuple) and len(asked) == 2 and _whole(asked[1])):
        raise refuse(call, "a set is asked [the value, the version that it expects or -1]")
    if not call.known:
        return call
    match call.f:
        case "get":
            right = answer is None or (isinstance(answer, tuple) and len(answer) == 2 and _whole(answer[1]))
        case "set":
            right = answer is False or _whole(answer)
        case _:
            right = isinstance(answer, bool)
    if not right:
        raise refuse_answer(call, f"{call.f} answers {OPERATIONS[call.f].partition('-> ')[2]}")
    return call


OPERATIONS = {
    "get": "-> [value, version], null where it is absent",
    "create": "the value -> true, or false where it is there already",
    "set": "[value, expected version or -1] -> the new version, or false",
    "delete": "expected version or -1 -> true or false",
}

ZNODES = Spec(
    "znodes",
    "values with versions, as in ZooKeeper; each path is judged apart",
    OPERATIONS,
    None,
    changed,
    lambda call: call.f == "get" or (call.known and call.answer is False),
    _checked,
    partition=by_key,
)
