"""All judges by name, for the command line and for tables: `CONSISTENCIES["causal"](history, "key-value")`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .causal import DEFINITIONS, causal
from .linearizability import linearizable
from .sequential import sequential
from .sessions import (
    GUARANTEES,
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    READ_YOUR_WRITES,
    WRITES_FOLLOW_READS,
    session,
)
from .verdict import Verdict

CONSISTENCIES: dict[str, Callable[..., Verdict]] = {
    "linearizable": linearizable,
    "sequential": sequential,
    **{name: partial(causal, definition=name) for name in DEFINITIONS},
    "sessions": partial(session, guarantees=GUARANTEES),
    READ_YOUR_WRITES: partial(session, guarantees=(READ_YOUR_WRITES,)),
    MONOTONIC_READS: partial(session, guarantees=(MONOTONIC_READS,)),
    MONOTONIC_WRITES: partial(session, guarantees=(MONOTONIC_READS, MONOTONIC_WRITES)),
    WRITES_FOLLOW_READS: partial(session, guarantees=(MONOTONIC_READS, WRITES_FOLLOW_READS)),
}
