"""What clients and replicas say to each other: calls, KeepAlives, and answers that lead elsewhere (section 2.8).

Everything carries the session. `epoch` is that of the master the client believes in; a new master refuses what was
meant for the one before it, even if it was the same machine.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import record


@record
class Ask:
    """Call number `sequence` of a session, which has one open at a time."""

    session: str
    epoch: int
    sequence: int
    request: Any


@record
class Answer:
    """The result of a call.

    cachable  whether the client may keep what it has read, until it is told otherwise
    told      the number of the last event of the session when this was said
    """

    session: str
    epoch: int
    sequence: int
    result: Any
    cachable: bool = False
    told: int = 0


@record
class KeepAlive:
    """Extend my lease; `seen` is the number of the last event that the client has taken in, and acted on."""

    session: str
    epoch: int
    number: int
    seen: int


@record
class KeptAlive:
    """Your lease is `lease` microseconds long, from when the master said this, `held` after it got KeepAlive `number`.

    Both are by the master's clock. `events` are all that it does not know to be seen: (number, event).
    """

    session: str
    epoch: int
    number: int
    held: int
    lease: int
    events: tuple[tuple[int, Any], ...] = ()


@record
class Elsewhere:
    """Not here; `master` may be the one, or nobody knows who is."""

    session: str
    master: str | None


@record
class OtherEpoch:
    """There is a new master, or at least a new epoch."""

    session: str
    epoch: int


@record
class Over:
    """The session has ended."""

    session: str


# Events, which travel with KeepAlives.


@record
class FailOver:
    """There is a new master: forget what is cached, for invalidations may have been lost, and events as well."""


@record
class Invalidate:
    """Forget what is cached of this file."""

    path: str


@record
class Modified:
    """The file has new contents, and whoever reads it now finds them."""

    path: str
    instance: int
    generation: int
