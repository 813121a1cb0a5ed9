"""What a client asks of a cell, what it gets, and what the master enters into the log by itself (section 2.4).

The names are those of the paper's API, with the handle as the first argument.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import record

from .locking import Mode, Sequencer
from .tree import KINDS, Stat, is_path

# Sessions.


@record
class BeginSession:
    """Begin the session of a client in its life `life`; lives only grow."""

    client: str
    life: int


@record
class EndSession:
    """End the session: its handles are closed, its locks released."""


# Files, by handle but for the first.


@record
class Open:
    """Open what is at a path; where nothing is, create it if `create` says what it shall be."""

    path: str
    create: str = ""
    contents: str = ""
    events: bool = False  # tell of later changes of the contents


@record
class Close:
    """Close a handle; a lock that it holds is released."""

    handle: int


@record
class GetContentsAndStat:
    """Read a file."""

    handle: int


@record
class ReadDir:
    """Read the names in a directory."""

    handle: int


@record
class SetContents:
    """Write a file, with `generation` only if that is its content generation still."""

    handle: int
    contents: str
    generation: int | None = None


@record
class Delete:
    """Delete a file, or a directory without children."""

    handle: int


# Locks.


@record
class Acquire:
    """Acquire the lock; with `wait`, as soon as that is possible (the paper's Acquire), else at once or not at all."""

    handle: int
    mode: Mode = Mode.EXCLUSIVE
    delay_ms: int = 0  # the lock-delay, should the holder be lost
    wait: bool = False


@record
class Release:
    """Release the lock."""

    handle: int


@record
class GetSequencer:
    """Ask for the sequencer of a lock that the handle holds."""

    handle: int


@record
class CheckSequencer:
    """Ask whether the lock of a sequencer is still held in that mode and generation."""

    sequencer: Sequencer


# What comes back.


@record
class Begun:
    """The session has begun, in this epoch, with a lease of so many microseconds of the master's clock."""

    epoch: int
    lease: int


@record
class Opened:
    """The handle, and what it is of."""

    handle: int
    path: str
    stat: Stat
    created: bool


@record
class Contents:
    """A file, or the names in a directory."""

    contents: Any
    stat: Stat


@record
class Acquired:
    """The lock is held, as of entry `index` of the log."""

    sequencer: Sequencer
    index: int


@record
class Refused:
    """It was not done, and why."""

    why: str


# Entries of the log.


@record
class Ordered:
    """A call of a session, or with session "" a decision of the master, made in an epoch and good for no other."""

    epoch: int
    session: str
    sequence: int
    request: Any


@record
class Expire:
    """The lease of a session is over."""

    session: str


@record
class FreeLock:
    """The lock-delay is over for a lock that was lost in entry `lost_at`."""

    path: str
    lost_at: int


READS = (GetContentsAndStat, ReadDir, GetSequencer, CheckSequencer)
DELAY_MAX_MS = 60_000  # "currently one minute" (section 2.4)


def sound(request: Any) -> bool:
    """Return whether a call makes sense, whatever the cell holds.

    >>> sound(Open("/ls", "file")), sound(Open("ls")), sound(Acquire(1, delay_ms=100_000))
    (True, False, False)
    """
    match request:
        case BeginSession(str(), int()) | EndSession():
            return True
        case Open(path, create, str(), bool()):
            return is_path(path) and create in ("", *KINDS)
        case SetContents(int(), str(), None | int()):
            return True
        case Acquire(int(), Mode(), int() as delay_ms, bool()):
            return 0 <= delay_ms <= DELAY_MAX_MS
        case Close(int()) | GetContentsAndStat(int()) | ReadDir(int()) | Delete(int()):
            return True
        case Release(int()) | GetSequencer(int()) | CheckSequencer(Sequencer()):
            return True
    return False
