"""What happens to a node (events) and what a node wants to happen (effects). Both are plain data.

A node is a function from its state and one event to a new state and a tuple of effects. Whoever drives it, be
it the simulator, the explorer or a real network, hands in events and executes the effects in the
order in which they are written. A crash keeps a prefix of them: "crashed after it sent, before it
persisted" needs no code in any protocol.

Every event carries `now`, the node's own clock in microseconds. The driver may let that clock run fast, run
slow or jump; a protocol that trusts it finds out.
"""

from __future__ import annotations

from typing import Any

from .values import Map, record


@record
class Start:
    """The node starts, for the first time or after a crash; `seed` feeds its `Dice`."""

    seed: int
    now: int = 0


@record
class Deliver:
    """A message from `sender` arrives; a request from outside the cluster has the client as sender."""

    sender: str
    message: Any
    now: int = 0


@record
class Timeout:
    """The timer named `timer` fires."""

    timer: str
    now: int = 0


Event = Start | Deliver | Timeout


@record
class Send:
    """Send `message` to the node named `to`; it may be lost, delayed, doubled, or overtaken."""

    to: str
    message: Any


@record
class SetTimer:
    """Fire the timer `timer` after a duration that the driver draws from [low, high], in microseconds.

    Setting a timer that is already running starts it anew.
    """

    timer: str
    low: int
    high: int


@record
class CancelTimer:
    """Stop the timer `timer`; nothing happens where it is not running."""

    timer: str


@record
class Persist:
    """Write these keys to the disk as one atomic record: all of them are there after a crash, or none."""

    changes: Map[str, Any]


@record
class Output:
    """Hand `value` to whoever uses this node: the application, a client, the host of an embedded node."""

    value: Any


@record
class Note:
    """A remark for the reader of a trace; it changes nothing."""

    text: str


Effect = Send | SetTimer | CancelTimer | Persist | Output | Note
EVENTS: tuple[type, ...] = (Start, Deliver, Timeout)
EFFECTS: tuple[type, ...] = (Send, SetTimer, CancelTimer, Persist, Output, Note)
