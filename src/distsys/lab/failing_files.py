"""Files for a `WriteAheadLog` that fail as real ones do: a disk without room, a disk that does not confirm.

`WriteAheadLog(path, opener=with_room(20))` takes 20 bytes more and then says that the disk is full; with
`opener=confirms(1)` the first fsync works, and all others fail.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from distsys.drivers.wal import PlainFile


def with_room(room: int) -> Callable[[Path], PlainFile]:
    """Return what opens a file that takes so many bytes, and tells in the middle of a write that the disk is full."""

    class Full(PlainFile):
        """A file on a disk with little room."""

        left = room

        def write(self, data: bytes) -> int:
            """Write what there is room for."""
            part = data[: Full.left]
            Full.left -= len(part)
            if not part:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(part)

    return Full


def confirms(times: int) -> Callable[[Path], PlainFile]:
    """Return what opens a file whose fsync works so many times, and then fails."""

    class Deaf(PlainFile):
        """A file on a disk that breaks."""

        left = times

        def sync(self) -> None:
            """Sync, or fail."""
            Deaf.left -= 1
            if Deaf.left < 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().sync()

    return Deaf
