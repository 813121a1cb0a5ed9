r"""`WriteAheadLog`: a file of records, of which a crash leaves all that were acknowledged, in order and whole.

    "distsys wal 1\n" and two zero bytes                             16 bytes, written by a rename
    length | check of the payload | check of these 8 bytes          3 numbers of 4 bytes, big-endian
    payload: one record as canonical JSON, in UTF-8                 `length` bytes
    ...

`append` writes one record and returns when the disk has it (fsync). All that one call is given is one record,
whole or absent: whoever collects changes while the disk works pays for them once (*group commit*).

The checks are CRC-32 (`zlib.crc32`). The check of a payload begins with that of the record before, so records that
were exchanged, doubled or taken out are noticed as well. A CRC-32 catches every burst of up to 32 changed bits, and
all but one in 2**32 of other accidents. It does not catch somebody who changes a file on purpose, nor a whole
older copy of the file, nor a disk that says that it wrote and did not.

Opening a file reads all of it. A crash in the middle of `append` leaves the beginning of a record at the end of the
file: a *torn tail*. It was never acknowledged, so it is cut off. After a loss of power the end may also be long enough
and hold blocks that were never written, which read as zeros; JSON has no zero byte, so one in the *last*
record tells such a block. All else that does not fit is damage: the file is refused with the offset, and nobody
guesses. (A fault that sets a byte of the last record to zero looks like a torn tail, and so does a file that lost its
end; nothing in the file can tell.)

The disk has what fsync confirms on Linux. On macOS fsync leaves it in the cache of the drive, and a loss of power may
take it.

What was read may stand in the cache of the system alone: a process that was killed between its write and its fsync
leaves a whole record there, and a name that is not on the disk yet. So opening syncs file and directory before
anybody acts on what they hold; else the node would speak of it, and lose it with the power.

A write that fails, on a full disk for instance, leaves the file as it was. After that, and after an fsync that
failed, the log takes no more until it is opened again: what a failed fsync left behind cannot be known.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

from distsys.core.canonical import parse, text
from distsys.core.errors import DistsysError, file_path, whole_number

MAGIC = b"distsys wal 1\n\0\0"
HEAD = struct.Struct(">III")
BLOCK = 512  # a disk writes no less than this at once, and blocks in any order
RECORD_MAX = 256 * 2**20  # a snapshot is one record, with bytes in hex: a state of half as much fits


class DiskError(DistsysError, OSError):
    """The disk did not take what it was given; the text says what, where and why."""


class DamageError(DistsysError, ValueError):
    """A file holds something else than what was written; the text says at which byte."""


class File(Protocol):
    """What a log asks of a file that is open for appending."""

    def write(self, data: bytes, /) -> int:
        """Write some of `data` at the end, and return how much."""

    def sync(self) -> None:
        """Return when all that was written survives a loss of power."""

    def truncate(self, size: int, /) -> None:
        """Cut the file to its first `size` bytes."""

    def close(self) -> None:
        """Let the file go."""


class PlainFile:
    """A file of the operating system."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def write(self, data: bytes) -> int:
        """Write some of `data` at the end, and return how much."""
        return os.write(self.descriptor, data)

    def sync(self) -> None:
        """Return when the disk has all that was written."""
        os.fsync(self.descriptor)

    def truncate(self, size: int) -> None:
        """Cut the file to its first `size` bytes."""
        os.ftruncate(self.descriptor, size)

    def close(self) -> None:
        """Let the file go."""
        os.close(self.descriptor)


def framed(payload: bytes, check_before: int) -> tuple[bytes, int]:
    """Return a record as it stands in the file, and its check."""
    check = crc32(payload, check_before)
    head = struct.pack(">II", len(payload), check)
    return head + struct.pack(">I", crc32(head)) + payload, check


class WriteAheadLog:
    """A write-ahead log, open for appending.

    path        the file; it is made when it is not there
    opener      how to open it; tests hand in files that fail
    record_max  how long a payload may be, in bytes

    `records` are the records that the file held when it was opened, as JSON types; `torn_bytes` says how much was
    cut off its end. `size` is its length now. One process may have it open: see `drivers.disk`, which locks it.
    """

    def __init__(
        self, path: str | Path, *, opener: Callable[[Path], File] = PlainFile, record_max: int = RECORD_MAX
    ) -> None:
        self.path = file_path("path", path)
        self.record_max = whole_number("record_max", record_max, at_least=1, at_most=2**32 - 1)
        self._opener = opener
        self._check = 0
        self._refusal: str | None = None
        was_there = self.path.exists()
        if not was_there:
            replace_file(self.path, MAGIC)
        self.records, self.size, self.torn_bytes = self._scan(self.path.read_bytes())
        self._file = opener(self.path)
        if was_there:
            self._settle()

    def _settle(self) -> None:
        """Cut a torn tail off, and make sure that the disk has what was read, and its name."""
        try:
            if self.torn_bytes:
                self._file.truncate(self.size)
            self._file.sync()
            sync_directory(self.path.parent)
        except OSError as problem:
            self._file.close()
            raise DiskError(
                f"{self.path}: the disk does not confirm what the file holds ({problem.strerror or problem})"
            ) from problem

    def _scan(self, data: bytes) -> tuple[tuple[Any, ...], int, int]:
        """Return the records, where the last one ends, and how many bytes of a torn tail come after it."""
        if not data.startswith(MAGIC):
            raise self._damage(0, "it does not begin as a write-ahead log of this version")
        records: list[Any] = []
        offset = len(MAGIC)
        while offset < len(data):
            payload = self._payload(data, offset)
            if payload is None:
                break
            try:
                records.append(parse(payload.decode()))
            except ValueError as problem:
                raise self._damage(
                    offset, f"the check fits, but the record cannot be read: {problem}"
                ) from None
            offset += HEAD.size + len(payload)
        return tuple(records), offset, len(data) - offset

    def _payload(self, data: bytes, offset: int) -> bytes | None:
        """Return the payload of the record at `offset`; None where the torn tail begins."""
        if len(data) - offset < HEAD.size:
            return None
        length, check, head_check = HEAD.unpack_from(data, offset)
        if head_check != crc32(data[offset : offset + 8]):
            if not any(data[offset + HEAD.size :]) or _lacks_a_block(data, offset):
                return None  # a payload has no zeros: this one was never written, nor all of its head
            raise self._damage(offset, "the check of a length does not fit")
        end = offset + HEAD.size + length
        if end > len(data):
            return None
        payload = data[offset + HEAD.size : end]
        if crc32(payload, self._check) != check:
            if end == len(data) and 0 in payload:
                return None
            raise self._damage(offset, "the check of a record does not fit")
        self._check = check
        return payload

    def _damage(self, offset: int, what: str) -> DamageError:
        return DamageError(
            f"{self.path} is damaged at byte {offset}: {what}. Nothing was changed; take this file from a copy, or "
            "let the node begin with an empty folder, if its protocol bears that"
        )

    # Writing.

    def append(self, record: Any) -> None:
        """Put `record` (JSON types) at the end; it is on the disk when this returns.

        A `DiskError` means that the record is not there, and that the log takes no more until it is opened again.
        """
        self._must_be_usable()
        data, check = framed(self._encoded(record), self._check)
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
            self._file.sync()
        except OSError as problem:
            raise self._failed(problem) from problem
        self.size += len(data)
        self._check = check

    def rewrite(self, *records: Any) -> None:
        """Let `records` stand in place of all that the file holds, at once: before a crash all of it, or after it."""
        self._must_be_usable()
        data, check = MAGIC, 0
        for record in records:
            more, check = framed(self._encoded(record), check)
            data += more
        try:
            replace_file(self.path, data, self._opener)
            self._file.close()
            self._file = self._opener(self.path)
        except OSError as problem:
            raise self._failed(problem, cut=False) from problem
        self.size, self._check = len(data), check

    def close(self) -> None:
        """Let the file go; all that was acknowledged is in it."""
        self._refusal = self._refusal or "it is closed"
        self._file.close()

    def _encoded(self, record: Any) -> bytes:
        payload = text(record).encode()
        if len(payload) > self.record_max:
            raise DiskError(
                f"{self.path}: a record must have at most {self.record_max} bytes, but it has {len(payload)}"
            )
        return payload

    def _must_be_usable(self) -> None:
        if self._refusal is not None:
            raise DiskError(f"{self.path} takes no more: {self._refusal}; open it again")

    def _failed(self, problem: OSError, cut: bool = True) -> DiskError:
        """Leave the file as it was, and take no more."""
        self._refusal = f"a write failed ({problem.strerror or problem})"
        left = "the file is as it was"
        try:
            if cut:
                self._file.truncate(self.size)
            else:
                left += (
                    ", or holds the new record in place of all"  # the name may have been changed, not synced
                )
        except OSError:
            left = "the file may have a torn tail, which opening cuts off"
        return DiskError(f"{self.path}: {self._refusal}; {left}, and takes no more until it is opened again")


def _lacks_a_block(data: bytes, offset: int) -> bool:
    """Return whether the record at `offset` is the last, and a block with a part of its head was never written.

    A head begins with a length that is not 0, so four zeros there were never written; nor was a block of zeros that
    begins in the head and goes on into the payload. Fewer zeros in front were not, if some others make the head fit.
    A head that fits behind it says that this record is not the last: it was acknowledged before the next was begun,
    and must be refused.
    """
    border = (offset // BLOCK + 1) * BLOCK
    first, second = data[offset:border], data[border : border + BLOCK]
    no_first = not any(first)
    if no_first and len(first) < 4:
        rest = data[border : offset + HEAD.size]
        lengths = range(1, (RECORD_MAX >> 8 * (4 - len(first))) + 1)
        no_first = any(_fits(length.to_bytes(len(first)) + rest, 0) for length in lengths)
    no_second = border < offset + HEAD.size and not any(second)
    behind = range(offset + HEAD.size, len(data) - HEAD.size + 1)
    return (no_first or no_second) and not any(_fits(data, place) for place in behind)


def _fits(data: bytes, offset: int) -> bool:
    """Return whether a head stands at `offset`."""
    head = data[offset : offset + HEAD.size]
    return int.from_bytes(head[8:]) == crc32(head[:8])


def replace_file(path: Path, data: bytes, opener: Callable[[Path], File] = PlainFile) -> None:
    """Let `data` be what `path` holds: after a crash the file is as it was, or whole.

    The data is on the disk before the name leads to it, and the name is on the disk when this returns: a new name is
    a change of the directory, which has an fsync of its own.
    """
    fresh = path.with_name(path.name + ".new")
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    file = opener(fresh)
    try:
        written = 0
        while written < len(data):
            written += file.write(data[written:])
        file.sync()
    except OSError:
        file.close()
        fresh.unlink(missing_ok=True)  # on a full disk it would take the room that is left
        raise
    file.close()
    fresh.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Return when the names in a directory survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
