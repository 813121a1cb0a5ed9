"""A key-value store as a state machine: the part that every replica does alike, with sessions that make retries safe.

`apply(state, index, command) -> (state, result, events)` is a function of its arguments only, so replicas that
apply the same commands in the same order are equal. A client that got no answer asks again; the store knows by
the session which command it has done already, and answers the same without doing it twice.

It also answers whatever stands in the log. What is committed is applied by every replica, in each of its lives, so
one entry that raises an error would stop them all for ever. A replica refuses such a call before it proposes it
(`sound`); that is a courtesy, and `apply` does not rely on it.

Source of the sessions: Ongaro 2014, section 6.3. They are never closed here: a store with many clients would
let them expire by a command of the leader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.core.values import EMPTY, Map, record

from .service import Applied, Service


@record
class Get:
    """Ask for the value of `key`; None where it is absent."""

    key: str


@record
class Put:
    """Set `key` to `value`."""

    key: str
    value: Any


@record
class Append:
    """Put `text` behind the text that `key` holds; False, and nothing done, where one of the two is no text."""

    key: str
    text: str


@record
class Delete:
    """Take `key` out."""

    key: str


@record
class Cas:
    """Set `key` to `new` if it holds `old` (None: is absent), and say whether it did."""

    key: str
    old: Any
    new: Any


Command = Get | Put | Append | Delete | Cas


@record
class Call:
    """Command number `sequence` of a session; a session has one open command at a time."""

    session: str
    sequence: int
    command: Any


@record
class Session:
    """The last command of a session that was done, and its result."""

    sequence: int
    result: Any


@record
class Store:
    """The state: the data, and the sessions, which belong to it and to every snapshot of it.

    It is that of every service here which knows sessions; `data` is the one part that differs.
    """

    data: Map[str, Any] = EMPTY
    sessions: Map[str, Session] = EMPTY


def sound(call: Call) -> bool:
    """Return whether the store has the command of a call, and its number, key and text are of the right kind.

    >>> sound(Call("ann", 1, Append("x", "a"))), sound(Call("ann", 1, Append("x", 5)))
    (True, False)
    """
    match call:
        case Call(_, int(), Get(str()) | Put(str()) | Append(str(), str()) | Delete(str()) | Cas(str())):
            return True
    return False


def apply(state: Store, index: int, command: Any) -> Applied:
    """Return the state after the call, its result, and the events that it causes (this store has none).

    >>> store, result, _ = apply(Store(), 1, Call("ann", 1, Append("x", "a")))
    >>> again, _, _ = apply(store, 2, Call("ann", 1, Append("x", "a")))
    >>> again.data["x"]
    'a'
    """
    return once(state, command, execute)


def once(
    state: Store, command: Any, run: Callable[[Map[str, Any], Any], tuple[Map[str, Any], Any]]
) -> Applied:
    """Return what applying a call gives when `run(data, command)` may run once for each number of a session."""
    if not isinstance(command, Call) or not isinstance(command.sequence, int):
        return state, None, ()
    last = state.sessions.get(command.session, Session(0, None))
    if command.sequence <= last.sequence:
        return state, last.result if command.sequence == last.sequence else None, ()
    data, result = run(state.data, command.command)
    sessions = state.sessions.set(command.session, Session(command.sequence, result))
    return Store(data, sessions), result, ()


def execute(data: Map[str, Any], command: Any) -> tuple[Map[str, Any], Any]:
    """Return the data after a command, and its result: False, and nothing done, where there is no such command."""
    match command:
        case Get(key):
            return data, data.get(key)
        case Put(key, value):
            return data.set(key, value), None
        case Append(key, text):
            held = data.get(key)
            if not isinstance(text, str) or not isinstance(held, str | None):
                return data, False  # an error here would stop every replica, one after the other
            return data.set(key, (held or "") + text), None
        case Delete(key):
            return data.remove(key), None
        case Cas(key, old, new):
            if data.get(key) != old:
                return data, False
            return data.set(key, new), True
    return data, False


SERVICE = Service("key-value", Store(), apply, sound)
