"""What a failure detector outputs."""

from __future__ import annotations

from distsys.core import record


@record
class Suspect:
    """Output: `peer` is believed to have crashed."""

    peer: str


@record
class Restore:
    """Output: `peer` is believed to be alive after all."""

    peer: str
