"""What accounts are asked, what they send each other, and what they tell of it."""

from __future__ import annotations

from distsys.core import Map, record

BEGIN = 100  # what each account holds at the start


@record
class Pay:
    """Request: pay `amount` to `to`, or what there is."""

    to: str
    amount: int


@record
class Take:
    """Request: begin the snapshot with this number."""

    snapshot: int


@record
class Transfer:
    """Message `number` of its channel: money."""

    number: int
    amount: int


@record
class Marker:
    """Message `number` of its channel: what was sent before it belongs to the snapshot, what comes after does not."""

    number: int
    snapshot: int


@record
class Paid:
    """Output: money has left for `to`."""

    to: str
    amount: int


@record
class Got:
    """Output: money has come from `sender`."""

    sender: str
    amount: int


@record
class Recorded:
    """Output: this process has noted its balance for the snapshot."""

    snapshot: int
    balance: int


@record
class Report:
    """Output: all that this process knows of the snapshot: its balance, and what was on each channel to it."""

    snapshot: int
    balance: int
    channels: Map[str, tuple[int, ...]]
