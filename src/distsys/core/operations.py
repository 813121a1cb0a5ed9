"""`Operation`: what a client did and what it heard, one record for outputs of clients and for history files.

An operation of a client is two records: an `invoke`, and later its end. The end is `ok` (it happened, and this is the
reply), `fail` (it certainly did not happen) or `info` (nobody knows: no reply came, so it may have happened,
may still happen, or may never). There is no bare timeout, because a timeout says nothing about the server.
"""

from __future__ import annotations

from typing import Any

from .errors import ArgumentError, shown
from .values import record

INVOKE, OK, FAIL, INFO = "invoke", "ok", "fail", "info"
TYPES = (INVOKE, OK, FAIL, INFO)


@record
class Operation:
    """One end of an operation of a client.

    process  who: does one thing at a time; after an `info` it must go on under another name
    type     "invoke", "ok", "fail" or "info"
    f        what: "read", "write", "cas", "append", ...
    key      of what, where the object has keys; else None
    value    what was asked (invoke) or what came back (ok)
    at       when, microseconds by the clock of the driver or the client; order in the history decides, not this
    """

    process: str
    type: str
    f: str
    key: Any = None
    value: Any = None
    at: int = 0

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ArgumentError(
                f"Operation.type must be one of {', '.join(TYPES)}, but it is {shown(self.type)}"
            )
