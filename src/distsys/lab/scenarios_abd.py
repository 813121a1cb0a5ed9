"""Directed schedules of ABD: stories that random runs tell seldom, or only at length.

    from distsys.drivers import perform
    perform(systems.build("abd-multi", mutant="ABD-07"), OLD_NAME).violation.law     # 'one value for a tag'

The words are those of `drivers.schedules`; `phase` says that some replicas get a question, and that their
answers arrive.
"""

from __future__ import annotations

from typing import Any

from distsys.drivers.schedules import Move, crash, deliver, request, restart
from distsys.protocols.abd_messages import Held, Query, Read, Store, Stored, Write


def phase(client: str, question: type, *replicas: str, over: int = 0) -> tuple[Move, ...]:
    """Return the moves by which these replicas get a question of a client, and then their answers arrive.

    >>> [type(move).__name__ for move in phase("w", Store, "n1", "n2")]
    ['Delivered', 'Delivered', 'Delivered', 'Delivered']
    """
    answer = Held if question is Query else Stored
    asked = tuple(deliver(client, name, question, over=over) for name in replicas)
    return (*asked, *(deliver(name, client, answer) for name in replicas))


def queried(client: str, *replicas: str) -> tuple[Move, ...]:
    """Return the first phase of a read, or of a write where many write."""
    return phase(client, Query, *replicas)


def stored(client: str, *replicas: str) -> tuple[Move, ...]:
    """Return the phase that stores something."""
    return phase(client, Store, *replicas)


# ABD-01: the write has reached n1 alone. The first reader asks n1 and n2, the second n2 and n3.
INVERSION: tuple[Any, ...] = (
    request("w", Write("new")),
    deliver("w", "n1", Store),
    request("r1", Read()),
    *queried("r1", "n1", "n2"),
    request("r2", Read()),
    *queried("r2", "n2", "n3"),
)

# ABD-05: x is late at n3, and comes after y. Then n2 and n3 are a majority that does not know y.
LATE_STORE: tuple[Any, ...] = (
    request("w", Write("x")),
    *stored("w", "n1", "n2"),
    request("w", Write("y")),
    deliver("w", "n1", Store),
    deliver("w", "n3", Store, over=1),  # y overtakes x
    deliver("n1", "w", Stored),
    deliver("n3", "w", Stored),
    deliver("w", "n3", Store),  # x
    request("r1", Read()),
    *queried("r1", "n2", "n3"),
    *stored("r1", "n2", "n3"),
)

# ABD-07: c1 crashes while it stores, and nobody has got the value. Its next write takes the same number.
OLD_NAME: tuple[Any, ...] = (
    request("c1", Write("x")),
    *queried("c1", "n1", "n2"),
    crash("c1"),
    restart("c1"),
    request("c1", Write("y")),
    *phase("c1", Query, "n1", "n2", over=0),
)

# A writer that crashes half-way: its value is on the way to n1 alone. Nobody knows whether the write happened, until a
# read finds it and writes it back; from then on everybody reads it.
HALF_WRITE: tuple[Any, ...] = (
    request("w", Write("new"), keep=3),
    request("r1", Read()),
    *queried("r1", "n2", "n3"),
    *stored("r1", "n2", "n3"),
    deliver("w", "n1", Store),
    request("r1", Read()),
    *phase("r1", Query, "n1", over=1),  # its first question to n1 is still on the way
    *queried("r1", "n2"),
    *phase("r1", Store, "n1", over=1),
    *stored("r1", "n2"),
    request("r1", Read()),
    *queried("r1", "n2"),
    *phase("r1", Query, "n3", over=1),
    *stored("r1", "n2"),
    *phase("r1", Store, "n3", over=1),
)
