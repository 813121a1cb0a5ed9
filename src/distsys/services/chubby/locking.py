"""The lock of a file: advisory, exclusive or shared, with a delay where its holder was lost (section 2.4).

A lock keeps nobody from a file: it conflicts with other locks, that is all. What protects a *resource* is the
sequencer, which says which lock was held, in which mode, and how often it has passed from free to held before. A holder
shows it with each request, and a server that has seen a later one refuses.

A server that looks at no sequencers is helped by the lock-delay. Where a lock becomes free because its holder was
lost, nobody else may have it for a while, so that requests of the lost one that are still under way come first. How
long that is no replica knows: the lock is *lost* until the master says that the time is over.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from distsys.core.values import Map, record


@record
class Mode(Enum):
    """How a lock is held: by one, or by any number."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


@record
class Lock:
    """The lock of a file.

    holders     handle -> its lock-delay in milliseconds
    generation  how often it has passed from free to held
    lost        the mode in which a lost holder had it; None: nobody waits for a delay
    lost_at     the entry of the log in which it was lost
    delay_ms    for how long nobody else may have it from then on
    """

    mode: Mode | None = None
    holders: Map[int, int] = Map()
    generation: int = 0
    lost: Mode | None = None
    lost_at: int = 0
    delay_ms: int = 0


@record
class Sequencer:
    """What a holder shows to the servers that the lock protects; later ones are greater in `place`."""

    path: str
    mode: Mode
    instance: int
    generation: int

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among the sequencers of its path: a file that is made anew begins a new count."""
        return self.instance, self.generation


HELD, DELAYED = "the lock is held", "the lock-delay runs"


def obstacle(lock: Lock, mode: Mode) -> str:
    """Return why a lock cannot be acquired in this mode now; nothing where it can.

    >>> obstacle(Lock(Mode.SHARED, Map({7: 0}), 1), Mode.SHARED)
    ''
    >>> obstacle(Lock(Mode.SHARED, Map({7: 0}), 1), Mode.EXCLUSIVE)
    'the lock is held'
    >>> obstacle(Lock(lost=Mode.EXCLUSIVE, lost_at=9, delay_ms=60_000), Mode.SHARED)
    'the lock-delay runs'
    """
    if lock.holders and Mode.EXCLUSIVE in (lock.mode, mode):
        return HELD
    if lock.lost is not None and Mode.EXCLUSIVE in (lock.lost, mode):
        return DELAYED
    return ""


def acquired(lock: Lock, handle: int, mode: Mode, delay_ms: int) -> Lock:
    """Return the lock with one more holder; the generation grows where it was free."""
    generation = lock.generation + (not lock.holders)
    return replace(lock, mode=mode, holders=lock.holders.set(handle, delay_ms), generation=generation)


def released(lock: Lock, handle: int) -> Lock:
    """Return the lock after a holder has given it back: it is free at once."""
    holders = lock.holders.remove(handle)
    return replace(lock, mode=lock.mode if holders else None, holders=holders)


def lost(lock: Lock, handle: int, index: int) -> Lock:
    """Return the lock after a holder was lost, in entry `index` of the log."""
    delay_ms = lock.holders[handle]
    after = released(lock, handle)
    if delay_ms == 0:
        return after
    longest = max(delay_ms, lock.delay_ms if lock.lost is not None else 0)
    return replace(after, lost=lock.mode, lost_at=index, delay_ms=longest)


def freed(lock: Lock) -> Lock:
    """Return the lock after its delay."""
    return replace(lock, lost=None, lost_at=0, delay_ms=0)
