"""`CrashingDisk`: a model of a disk that tells every state in which a loss of power may leave it.

    disk = CrashingDisk()
    disk.create("log")
    disk.write("log", b"abc")
    disk.crashes(IN_ORDER)         # all that may be there: no file, an empty file, b"a", b"ab", b"abc"

What the program sees is what it wrote: the cache of the operating system. What a loss of power leaves is less. Each
write is cut into *pieces*, which reach the disk one by one; `sync` returns when those of a file have, and
`sync_directory` when the names have. Until then any piece may be there or not, as an `Order` says. A piece that is not
there reads as zeros, if one behind it is. Names and contents know nothing of each other.

What the model leaves out: bits that change while they lie there, old contents of a block in place of zeros, a disk that
lies about a sync, and file systems that promise more (most order some of this).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

T = TypeVar("T")
Piece = tuple[int, bytes | None]  # where, what; None: the file ends there
Contents = tuple[tuple[str, bytes], ...]  # what each name leads to, in order of the names


@dataclass(frozen=True)
class Order:
    """How what was not synced reaches the disk.

    piece    how many bytes go at once
    is_kept  the pieces of a file arrive in the order in which they were written

    Names arrive in order always: a journal keeps the order of the changes of one directory on the usual file systems.
    """

    name: str
    piece: int
    is_kept: bool

    def choices(self, waiting: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
        """Yield what may have arrived of what waits.

        >>> list(Order("", 1, True).choices(("a", "b"))), len(list(Order("", 1, False).choices(("a", "b"))))
        ([(), ('a',), ('a', 'b')], 4)
        """
        if self.is_kept:
            yield from (waiting[:count] for count in range(len(waiting) + 1))
        else:
            for chosen in product((False, True), repeat=len(waiting)):
                yield tuple(item for item, is_there in zip(waiting, chosen, strict=True) if is_there)


IN_ORDER = Order("in order, torn at any byte", 1, True)
ANY_BLOCKS = Order("any blocks of 4 bytes", 4, False)


class _File:
    """A file: what the disk surely has of it, and the pieces that wait."""

    def __init__(self, durable: bytes = b"") -> None:
        self.durable, self.seen = durable, durable
        self.waiting: tuple[Piece, ...] = ()

    def write(self, data: bytes, piece: int) -> None:
        """Put data at the end, in pieces that end at whole multiples of their size."""
        at, end = len(self.seen), len(self.seen) + len(data)
        while at < end:
            until = min(end, (at // piece + 1) * piece)
            self.waiting += ((at, data[at - len(self.seen) : until - len(self.seen)]),)
            at = until
        self.seen += data

    def left(self, pieces: tuple[Piece, ...]) -> bytes:
        """Return what the file holds when these pieces have arrived."""
        data = self.durable
        for at, what in pieces:
            data = data[:at] if what is None else data[:at].ljust(at, b"\0") + what + data[at + len(what) :]
        return data


class CrashingDisk:
    """A disk with one directory; `contents` is what it holds at first."""

    def __init__(self, contents: Contents = (), order: Order = IN_ORDER) -> None:
        self.order = order
        self.next_sync_fails = False
        self._files = [_File(data) for _, data in contents]
        self._durable_names = {name: number for number, (name, _) in enumerate(contents)}
        self._names = dict(self._durable_names)
        self._waiting: tuple[dict[str, int], ...] = ()  # the directory after each change that waits

    # What a program does.

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """Return what the program sees under a name."""
        return self._file(name).seen

    def create(self, name: str) -> None:
        """Let a name lead to a new, empty file."""
        self._files.append(_File())
        self._change(name, len(self._files) - 1)

    def write(self, name: str, data: bytes) -> None:
        """Put data at the end of a file."""
        self._file(name).write(data, self.order.piece)

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to its first bytes."""
        file = self._file(name)
        file.seen = file.seen[:size]
        file.waiting += ((size, None),)

    def rename(self, name: str, new: str) -> None:
        """Let a new name lead where another did, which is gone: both in one step."""
        self._names[new] = self._names.pop(name)
        self._waiting += (dict(self._names),)

    def sync(self, name: str) -> None:
        """Return when the disk has all that the file holds. It says nothing of the name.

        A sync that fails does what Linux did to PostgreSQL: the error is told once, and what waited counts as written.
        """
        file = self._file(name)
        if self.next_sync_fails:
            self.next_sync_fails, file.waiting = False, ()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        file.durable, file.waiting = file.left(file.waiting), ()

    def sync_directory(self) -> None:
        """Return when the disk has all names."""
        self._durable_names, self._waiting = dict(self._names), ()

    # What may be left of it.

    def crashes(self, order: Order | None = None) -> set[Contents]:
        """Return all that the disk may hold after a loss of power at this moment."""
        return set(self._crashes(order or self.order))

    def after_kill(self) -> CrashingDisk:
        """Return the disk as a new process finds it after the old one was killed: the cache is still there."""
        other = CrashingDisk((), self.order)
        for file in self._files:
            copy = _File(file.durable)
            copy.seen, copy.waiting = file.seen, file.waiting
            other._files.append(copy)
        other._names, other._durable_names = dict(self._names), dict(self._durable_names)
        other._waiting = self._waiting
        return other

    def _crashes(self, order: Order) -> Iterator[Contents]:
        for names in (self._durable_names, *self._waiting):
            files = [self._files[number] for number in names.values()]
            for chosen in product(*(order.choices(file.waiting) for file in files)):
                held = (file.left(pieces) for file, pieces in zip(files, chosen, strict=True))
                yield tuple(sorted(zip(names, held, strict=True)))

    def _change(self, name: str, number: int) -> None:
        self._names[name] = number
        self._waiting += (dict(self._names),)

    def _file(self, name: str) -> _File:
        return self._files[self._names[name]]
