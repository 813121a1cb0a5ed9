"""`Disk`: what a node persisted, in a folder of its own, by a write-ahead log of what changed.

`persist` merges keys into the contents in memory, as the simulator does; `commit` makes all that was merged since the
last commit durable as one record. So one fsync serves all events that were handled while the disk was busy.

A record says what changed, not the whole:

    {"mark": 12, "set": {"raft/log": {"$log+": [0, 7, entry, ...]}, "raft/voted_for": "n1"}}

- a `Log` is written as [index before its first entry, last index shared with the log before, new entries ...],
- a `Map` as {"$map+": [[[key, value], ...], [key that is gone, ...]]}, where both hold fewer keys than the whole,
- all else in canonical form.

`mark` is a number of the user's: the runtime writes there how many steps the record covers. When the file has grown to
several times what it stands for, the next commit writes the whole contents into a new file (compaction): as several
records, for a long log of large entries is longer than a record may be.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distsys.core.canonical import plain, value_of
from distsys.core.errors import DistsysError, file_path
from distsys.core.log import Log
from distsys.core.trace import apply_to_disk
from distsys.core.values import EMPTY, Map

from .wal import DamageError, WriteAheadLog, sync_directory

GROWTH = 4  # how often a file may hold what it stands for, before it is written anew
SMALL = 2**20  # bytes below which that does not matter
PIECE = 16  # entries of a log in a record of the new file: a client can make each as long as a few megabytes


class BusyError(DistsysError):
    """A folder belongs to another process that runs."""


def change_form(value: Any, before: Any) -> Any:
    """Return the JSON form of `value` as a change of `before`."""
    if isinstance(value, Log) and isinstance(before, Log):
        base = _compacted(before, value.before_index)
        if base is not None:
            shared, entries = value.since(base)
            return {"$log+": [value.before_index, shared, *(plain(entry) for entry in entries)]}
    if isinstance(value, Map) and isinstance(before, Map):
        new = [(key, item) for key, item in value.items() if key not in before or before[key] is not item]
        gone = [key for key in before if key not in value]
        if len(new) + len(gone) < len(value):
            pairs = [[plain(key), plain(item)] for key, item in new]
            return {"$map+": [pairs, [plain(key) for key in gone]]}
    return plain(value)


def changed(form: Any, before: Any) -> Any:
    """Return the value that `change_form` wrote as a change of `before`."""
    if isinstance(form, dict) and "$log+" in form:
        before_index, shared, *entries = form["$log+"]
        base = _compacted(before, before_index) if isinstance(before, Log) else None
        if base is None:
            raise DamageError(f"a change of a log from index {before_index} does not fit the log before it")
        return base.truncate(shared).append(*(value_of(entry) for entry in entries))
    if isinstance(form, dict) and "$map+" in form:
        pairs, gone = form["$map+"]
        contents = dict(before.items()) if isinstance(before, Map) else {}
        for key in gone:
            contents.pop(value_of(key), None)
        contents.update((value_of(key), value_of(item)) for key, item in pairs)
        return Map(contents)
    return value_of(form)


def _compacted(log: Log[Any], before_index: int) -> Log[Any] | None:
    """Return the part of `log` after `before_index`; None where the log does not reach that far, or begins later."""
    return log.compact(before_index) if log.before_index <= before_index <= log.last_index else None


def changes_form(contents: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON form of `contents` as what changed since `before`, key by key.

    A value that is the same object did not change. Equality would not do: 1 equals True, and is another value.
    """
    return {
        key: change_form(value, before.get(key))
        for key, value in contents.items()
        if key not in before or value is not before[key]
    }


def whole_forms(contents: Map[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield JSON forms that make `contents` of nothing, one after the other: of a log so many entries at a time."""
    before, now = EMPTY, None
    while now is not contents:
        now = contents
        for key, value in contents.items():
            if isinstance(value, Log):
                known = before.get(key)
                end = (known.last_index if isinstance(known, Log) else value.before_index) + PIECE
                now = now.set(key, value.truncate(end) if end < value.last_index else value)
        now = contents if all(now[key] is contents[key] for key in contents) else now
        yield changes_form(now, before)
        before = now


def changes_of(form: Mapping[str, Any], before: Mapping[str, Any]) -> Map[str, Any]:
    """Return the keys and values that `changes_form` wrote."""
    return Map({key: changed(item, before.get(key)) for key, item in form.items()})


class Disk:
    """The durable part of one node, in the folder `folder`, which is locked while it is open.

    `contents` is what the node persisted so far, `committed` the part of it that is surely on the disk, `mark` the
    number that went with the last commit. One commit at a time; it may run in another thread while `persist` goes on.
    """

    def __init__(self, folder: str | Path, **settings: Any) -> None:
        self.folder = file_path("folder", folder)
        make_folder(self.folder)
        self._lock = lock_folder(self.folder)
        try:
            self.log = WriteAheadLog(self.folder / "wal", **settings)
            self.committed, self.mark = self._read()
            self.log.records = ()  # what they say is in `committed`
        except BaseException:
            os.close(self._lock)
            raise
        self.contents = self.committed
        self._whole_bytes = self.log.size  # what a file would need that holds the contents and nothing else

    def _read(self) -> tuple[Map[str, Any], int]:
        contents: Map[str, Any] = EMPTY
        mark = 0
        for number, record in enumerate(self.log.records, start=1):
            try:
                contents = apply_to_disk(contents, changes_of(record["set"], contents))
                mark = record["mark"]
            except (DistsysError, TypeError, KeyError, ValueError, AttributeError, IndexError) as problem:
                raise DamageError(
                    f"{self.log.path}: record {number} cannot be understood: {problem}"
                ) from problem
        return contents, mark

    def persist(self, changes: Mapping[str, Any]) -> None:
        """Merge `changes` into the contents; the next commit makes them durable."""
        self.contents = apply_to_disk(self.contents, changes)

    @property
    def is_dirty(self) -> bool:
        """Whether something was persisted that no commit has covered."""
        return self.contents is not self.committed

    def commit(self, contents: Map[str, Any] | None = None, mark: int = 0) -> None:
        """Make `contents` (None: all that was persisted) durable; a `DiskError` says that it is not."""
        contents = self.contents if contents is None else contents
        if self.log.size > SMALL and self.log.size > GROWTH * self._whole_bytes:
            self.log.rewrite(*({"mark": mark, "set": form} for form in whole_forms(contents)))
            self._whole_bytes = self.log.size
        else:
            self.log.append({"mark": mark, "set": changes_form(contents, self.committed)})
        self.committed, self.mark = contents, mark

    def close(self) -> None:
        """Let the folder go, without a commit."""
        self.log.close()
        os.close(self._lock)


def make_folder(folder: Path) -> None:
    """Let the folder be there, with all that leads to it, also after a loss of power."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in new or [folder]:  # also one that a process made that was killed before it had synced
        sync_directory(path.parent)


def lock_folder(folder: Path) -> int:
    """Return the open lock of a folder, which holds our process id; a `BusyError` where another process has it.

    The operating system drops the lock when the process ends, however it ends: no lock is ever left behind.
    """
    path = folder / "lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        raise BusyError(
            f"{folder} is in use by process {holder or 'unknown'}: one process may have it open"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock
