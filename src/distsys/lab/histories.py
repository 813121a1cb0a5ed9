"""Histories for the chapters: two real ones of etcd, and the classics that a checker must get right.

Each is a file in `data` that says in its first lines what it is and how it was made.
"""

from __future__ import annotations

from pathlib import Path

from ..checkers import History
from ..core.errors import UnknownNameError, shown

FOLDER = Path(__file__).resolve().parent / "data"

MODELS = {  # name -> the model it is made for
    "etcd-leader-killed": "key-value",
    "etcd-stale-reads": "key-value",
    "stale-read": "register",
    "new-old-inversion": "register",
    "lost-update": "register",
    "double-append": "list",
    "crashed-write-seen-later": "register",
}


def history_file(name: str) -> Path:
    """Return the path of a history, for those who want to feed it to `distsys check`."""
    if name not in MODELS:
        raise UnknownNameError(f"there is no history named {shown(name)}; there are: {', '.join(MODELS)}")
    return FOLDER / f"{name}.jsonl"


def history(name: str) -> History:
    """Return one of the histories.

    >>> history("etcd-leader-killed")
    <History: 70 operations of 20 processes; 55 ok, 15 info>
    """
    return History.load(history_file(name))
