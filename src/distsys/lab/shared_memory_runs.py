"""The runs of the page on shared memory: each an order of atomic steps, found by exploring or written down."""

from __future__ import annotations

from typing import Any

from distsys.core.trace import Trace
from distsys.drivers import explore_model

# Loaded for their systems:
from distsys.models import agreement, counters, registers  # noqa: F401
from distsys.models.interleaving import Machine


def broken(system: str, **options: Any) -> Trace:
    """Return a shortest run that breaks a law of a system.

    >>> broken("look-then-raise").violation.law
    'mutual exclusion'
    """
    machine = Machine(system, **options)
    return machine.trace_of(explore_model(machine.model()).path)


def x_after(schedule: list[str], rounds: int) -> int:
    """Return what x is after two adders took these steps."""
    machine = Machine("adders", rounds=rounds)
    moment = machine.start()
    for who in schedule:
        move = next(move for move in machine.moves(moment) if move.who == who)
        _, moment = machine.after(moment, move)
    return int(machine.node(moment, "x").value)  # type: ignore[attr-defined]


def worst_order(rounds: int) -> list[str]:
    """Return the order in which so many rounds of two adders leave 2: each overwrites the other's work once.

    >>> "".join(name[1] for name in worst_order(2))
    '12212112'
    """
    first = ["p1"] + ["p2", "p2"] * (rounds - 1) + ["p1"]
    return [*first, "p2", *["p1", "p1"] * (rounds - 1), "p2"]


PETERSON_ORDER = ("p1", "p2", "p2", "p1", "p2", "p2", "p1", "p1", "p2", "p1")


def peterson() -> Trace:
    """Return a run of Peterson's algorithm in which both want to enter at once."""
    return Machine("peterson").run(PETERSON_ORDER)


def turn_first() -> Trace:
    """Return the shortest run in which MUTEX-01 lets both in."""
    return broken("peterson", mutant="MUTEX-01")


def buffered() -> Trace:
    """Return the shortest run in which Peterson's algorithm behind store buffers lets both in."""
    return broken("peterson", memory="buffered")


def fenced() -> Trace:
    """Return the same start with a fence: p2 has to wait."""
    order = ("p1", "p1", "p1", "p1", "p2", "p2", "p2", "p2", "p2")
    return Machine("peterson", memory="buffered", fence=True).run(order)


INVERSION = ("writer", ("reader", 1), ("reader", 0), "x", "reader")


def inversion(remembers: bool = False) -> Trace:
    """Return two reads during one write of a regular register: the new value, then the old one."""
    return Machine("register", writes=1, remembers=remembers).run(INVERSION[: 5 if remembers else 3])


def three_by_test_and_set() -> Trace:
    """Return the shortest run in which three processes disagree by test-and-set."""
    return broken("agree-by-test-and-set", nodes=("p1", "p2", "p3"))


STARVED = ("p1", "p2", "p2", "p1")


def starved(laps: int = 3) -> Trace:
    """Return a run in which p2 adds once each lap, and p1 never."""
    return Machine("retrying-adders", rounds=0, modulo=4).run(STARVED * laps)


def comes_back(laps: int) -> bool:
    """Return whether all is as it was after so many laps of `STARVED`, so that they can go on for ever."""
    machine = Machine("retrying-adders", rounds=0, modulo=4)
    start = moment = machine.start()
    for who in STARVED * laps:
        move = next(move for move in machine.moves(moment) if move.who == who)
        _, moment = machine.after(moment, move)
    return moment == start
