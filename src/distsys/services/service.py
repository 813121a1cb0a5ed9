"""What a service is: a state machine, which any replication protocol keeps in step at all replicas.

`apply(state, index, command) -> (state, result, events)` is a function of its arguments only, and that is all that
replication needs: replicas that apply the same commands in the same order are equal. It answers whatever stands in
the log, for an error would stop every replica, one after the other. `sound` says what a replica takes from a client
in the first place.

`index` is the place of the command in the log. All replicas see the same one and it only grows, so a service may use
it, as `locks` does for its tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Applied = tuple[
    Any, Any, tuple[Any, ...]
]  # the state after a command, its result, and the events that it causes


@dataclass(frozen=True)
class Service:
    """A state machine.

    model  the name of the specification that the history of its clients must be linearizable to (`checkers.specs`)
    start  the state before the first command
    apply  (state, index, command) -> (state, result, events)
    sound  whether a call of a client makes sense
    """

    model: str
    start: Any
    apply: Callable[[Any, int, Any], Applied]
    sound: Callable[[Any], bool]
