"""What every broadcast has in common: the request and the output."""

from __future__ import annotations

from typing import Any

from distsys.core import record


@record
class Broadcast:
    """Request: let every process deliver `body`."""

    body: Any


@record
class Delivery:
    """Output: `body`, which `origin` broadcast, is delivered."""

    origin: str
    body: Any
