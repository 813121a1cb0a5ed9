"""Locks with an owner and a fencing token: a second service, to see that replication does not care which it is.

Who takes a lock gets a token, a number larger than all before it. A resource that the lock guards takes the token with
each request and refuses one that is smaller than the last that it has seen; so an owner that was asleep, and has lost
the lock without knowing, does no harm. The place of the command in the log is such a number for nothing: it only
grows, and it is the same at all replicas.

A lock is held until its owner gives it back. That a lock of a client which died becomes free after a time is left out:
it would be a command of the leader, as expiry is in every service here.

Sources: Burrows 2006, where the token is called a sequencer; Kleppmann 2016.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from distsys.core.values import Map, record

from .kv import Call, Store, once
from .service import Applied, Service


@record
class Acquire:
    """Take the lock `key` for `owner`: the token, or False where somebody has it."""

    key: str
    owner: str


@record
class Release:
    """Give the lock `key` back, if `owner` holds it, and by this token (None: whichever); say whether it did."""

    key: str
    owner: str
    token: int | None


@record
class Holder:
    """Ask who holds the lock `key`; None where it is free."""

    key: str


@record
class Held:
    """A lock that is taken; the others are not in the state."""

    owner: str
    token: int


def sound(call: Call) -> bool:
    """Return whether a call is a command on a lock, with a number and names of the right kind.

    >>> sound(Call("ann", 1, Acquire("x", "ann"))), sound(Call("ann", 1, Acquire("x", 5)))
    (True, False)
    """
    match call:
        case Call(_, int(), Acquire(str(), str()) | Release(str(), str(), int() | None) | Holder(str())):
            return True
    return False


def apply(state: Store, index: int, command: Any) -> Applied:
    """Return the state after the call, its result, and no events; `index` is the token of who takes a lock now.

    >>> state, token, _ = apply(Store(), 7, Call("ann", 1, Acquire("x", "ann")))
    >>> token, apply(state, 8, Call("bob", 1, Acquire("x", "bob")))[1]
    (7, False)
    """
    return once(state, command, partial(execute, index))


def execute(index: int, locks: Map[str, Held], command: Any) -> tuple[Map[str, Held], Any]:
    """Return the locks after a command, and its result: False, and nothing done, where there is no such command."""
    match command:
        case Acquire(key, owner):
            if key in locks:
                return locks, False
            return locks.set(key, Held(owner, index)), index
        case Release(key, owner, token):
            held = locks.get(key)
            if held is None or held.owner != owner or token not in (None, held.token):
                return locks, False
            return locks.remove(key), True
        case Holder(key):
            return locks, locks[key].owner if key in locks else None
    return locks, False


SERVICE = Service("lock", Store(), apply, sound)
