"""What a membership service outputs."""

from __future__ import annotations

from distsys.core import record


@record
class View:
    """Output: from now on, `members` (sorted) are taken to be alive; views are numbered from 1."""

    number: int
    members: tuple[str, ...]
