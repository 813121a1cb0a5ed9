"""Logs on a `CrashingDisk`, a right one and broken ones, and every crash of a short script of each.

    verdict = crash_everywhere(SyncedLog)
    verdict.broken, verdict.states         # None, how many states of the disk were looked at

A script appends records and says "ok" after each: that is `acknowledge`. It is crashed after each single operation, by
a loss of power or because the process is killed. From all that may be left a second life begins, reads, appends once
more and is crashed everywhere as well; a last one reads. Two laws must hold at each reading:

- nothing acknowledged is lost: what was acknowledged is there, and so is what an earlier life has shown,
- nothing is invented: what is there is a beginning of what was given, in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from distsys.drivers.wal import HEAD, framed

from .crashing_disk import IN_ORDER, Contents, CrashingDisk, Order

LOST = "nothing acknowledged is lost"
INVENTED = "nothing is invented"


def frames(records: tuple[str, ...]) -> bytes:
    """Return a file of these records."""
    data, check = b"", 0
    for record in records:
        frame, check = framed(record.encode("latin-1"), check)
        data += frame
    return data


def whole_records(data: bytes, *, is_checked: bool = True) -> tuple[tuple[str, ...], int]:
    """Return the records that are whole, and where the last of them ends; what comes after is torn.

    >>> whole_records(frames(("one", "two"))[:-1])
    (('one',), 15)
    """
    records, check, offset = [], 0, 0
    while len(data) - offset >= HEAD.size:
        length, said, head_check = HEAD.unpack_from(data, offset)
        payload = data[offset + HEAD.size : offset + HEAD.size + length]
        if len(payload) < length:
            break
        if is_checked and (head_check != crc32(data[offset : offset + 8]) or said != crc32(payload, check)):
            break
        records.append(payload.decode("latin-1"))
        check, offset = said, offset + HEAD.size + length
    return tuple(records), offset


# A process, and what its crashes are judged by.


@dataclass(frozen=True)
class Moment:
    """A process that may crash now: after which operation, its disk, what was given and how much acknowledged."""

    after: str
    disk: CrashingDisk
    given: tuple[str, ...]
    acknowledged: int

    def objection(self, found: tuple[str, ...]) -> str | None:
        """Return the law that is broken if a later life finds these records."""
        if found != self.given[: len(found)]:
            return INVENTED
        return LOST if len(found) < self.acknowledged else None


class Life:
    """One life of a process on a disk: what it was given, and how much of that it has acknowledged or shown."""

    def __init__(self, disk: CrashingDisk, given: tuple[str, ...] = (), acknowledged: int = 0) -> None:
        self.disk, self.given, self.acknowledged = disk, given, acknowledged
        self.moments: list[Moment] = []
        self._keep("the begin")

    def do(self, operation: str, *arguments: Any) -> None:
        """Let the disk do something; the process may crash after it."""
        getattr(self.disk, operation)(*arguments)
        self._keep(operation)

    def acknowledge(self) -> None:
        """Say "ok" for all that was given so far."""
        self.acknowledged = len(self.given)
        self._keep('"ok"')

    def _keep(self, after: str) -> None:
        self.moments.append(Moment(after, self.disk.after_kill(), self.given, self.acknowledged))


class Watched:
    """The disk of a life for a function that knows nothing of crashes: after each operation the process may crash."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def __contains__(self, name: str) -> bool:
        return name in self._life.disk

    def read(self, name: str) -> bytes:
        """Return what the process sees under a name."""
        return self._life.disk.read(name)

    def __getattr__(self, operation: str) -> Any:
        if not callable(getattr(CrashingDisk, operation, None)):
            raise AttributeError(f"a disk has no {operation}")
        return lambda *arguments: self._life.do(operation, *arguments)


# Logs.


class SyncedLog:
    """A log that syncs before it says "ok"."""

    checks = True

    def __init__(self, life: Life) -> None:
        self.life, self.do = life, life.do
        if "log" not in life.disk:
            self.create()
        records, end = whole_records(life.disk.read("log"), is_checked=self.checks)
        self.settle(end)
        life.given = records
        life.acknowledge()  # what was read is shown

    def create(self) -> None:
        """Make the file, and its name durable."""
        self.do("create", "log")
        self.do("sync_directory")

    def settle(self, end: int) -> None:
        """Cut what is torn, and make sure that the disk has what was read, and the name."""
        self.cut(end)
        self.do("sync", "log")
        self.do("sync_directory")

    def cut(self, end: int) -> None:
        """Cut what is torn."""
        if end < len(self.life.disk.read("log")):
            self.do("truncate", "log", end)

    def append(self, record: str) -> None:
        """Write a record, sync, and say "ok"."""
        self.write(record)
        self.do("sync", "log")
        self.life.acknowledge()

    def write(self, record: str) -> None:
        """Write a record."""
        before = len(frames(self.life.given))
        self.life.given += (record,)
        self.do("write", "log", frames(self.life.given)[before:])

    def rewrite(self) -> None:
        """Write all anew into another file, which then takes the name."""
        self.do("create", "new")
        self.do("write", "new", frames(self.life.given))
        self.do("sync", "new")
        self.do("rename", "new", "log")
        self.do("sync_directory")


class NeverSyncs(SyncedLog):
    """Trusts that what was written is written."""

    def append(self, record: str) -> None:
        """Write a record and say "ok"."""
        self.write(record)
        self.life.acknowledge()


class AnswersFirst(SyncedLog):
    """Says "ok" a moment too early."""

    def append(self, record: str) -> None:
        """Write a record, say "ok", and sync."""
        self.write(record)
        self.life.acknowledge()
        self.do("sync", "log")


class NeverChecks(SyncedLog):
    """Believes each length, and each payload that is long enough."""

    checks = False


class ForgetsTheName(SyncedLog):
    """Syncs the file, and not the directory in which its name stands."""

    def create(self) -> None:
        """Make the file."""
        self.do("create", "log")

    def settle(self, end: int) -> None:
        """Cut what is torn, and sync the file."""
        self.cut(end)
        self.do("sync", "log")


class RenamesAndGoesOn(SyncedLog):
    """Writes a log anew, and does not sync the directory after the rename."""

    def rewrite(self) -> None:
        """Write all anew, up to the rename."""
        self.do("create", "new")
        self.do("write", "new", frames(self.life.given))
        self.do("sync", "new")
        self.do("rename", "new", "log")


class RenamesTooEarly(SyncedLog):
    """Writes a log anew, and syncs it only when it has the name."""

    def rewrite(self) -> None:
        """Write all anew, and rename before the sync."""
        self.do("create", "new")
        self.do("write", "new", frames(self.life.given))
        self.do("rename", "new", "log")
        self.do("sync", "log")
        self.do("sync_directory")


class LeavesTheTornTail(SyncedLog):
    """Reads as far as it can, and goes on behind what it could not read."""

    def cut(self, end: int) -> None:
        """Cut nothing."""


class ShowsWhatItRead(SyncedLog):
    """Acts on what it read before the disk has it: after a kill that may stand in the cache alone."""

    def settle(self, end: int) -> None:
        """Cut what is torn, and sync only then."""
        if end < len(self.life.disk.read("log")):
            super().settle(end)


BROKEN = (
    NeverSyncs,
    AnswersFirst,
    NeverChecks,
    ForgetsTheName,
    RenamesAndGoesOn,
    RenamesTooEarly,
    LeavesTheTornTail,
    ShowsWhatItRead,
)


# All crashes.


@dataclass(frozen=True)
class Verdict:
    """What all crashes of a script gave: the law that broke or None, how, and how many states were looked at."""

    broken: str | None
    story: str
    states: int


def script(log: SyncedLog) -> None:
    """Do what the first life does after it has opened the log."""
    log.append("a1")
    log.append("b2")
    log.rewrite()
    log.append("c3")


def first_life(kind: type[SyncedLog], order: Order = IN_ORDER) -> Life:
    """Return the first life, with all moments at which it may crash."""
    life = Life(CrashingDisk((), order))
    script(kind(life))
    return life


def read(kind: type[SyncedLog], disk: CrashingDisk) -> tuple[str, ...]:
    """Return the records that a process would find on a disk."""
    return whole_records(disk.read("log"), is_checked=kind.checks)[0] if "log" in disk else ()


def crash_everywhere(kind: type[SyncedLog], order: Order = IN_ORDER) -> Verdict:
    """Return what all crashes of the script give, in two lives; the search ends at the first broken law."""
    seen: set[object] = set()
    lives = []
    for moment in first_life(kind, order).moments:
        for contents in _new(moment, seen):
            disk = CrashingDisk(contents, order)
            if broken := moment.objection(read(kind, disk)):
                return _verdict(broken, "power lost", (moment,), read(kind, disk), seen)
            lives.append(("power lost", moment, disk))
        lives.append(("killed", moment, moment.disk.after_kill()))
    for end, moment, disk in lives:
        life = Life(disk, moment.given, moment.acknowledged)
        kind(life).append("d4")
        for later in life.moments:
            for contents in _new(later, seen):
                found = read(kind, CrashingDisk(contents, order))
                if broken := later.objection(found):
                    return _verdict(broken, end, (moment, later), found, seen)
    return Verdict(None, "", len(seen))


def _new(moment: Moment, seen: set[object]) -> list[Contents]:
    """Return what the disk may hold after a loss of power at a moment, as far as nobody has looked at it."""
    states = {(contents, moment.given, moment.acknowledged) for contents in moment.disk.crashes()} - seen
    seen |= states
    return sorted(contents for contents, _, _ in states)


def _verdict(
    broken: str, end: str, moments: tuple[Moment, ...], found: tuple[str, ...], seen: set[object]
) -> Verdict:
    how = [
        f"{end} after {moments[0].after}",
        *(f"then power lost after {later.after}" for later in moments[1:]),
    ]
    last = moments[-1]
    acknowledged = " ".join(last.given[: last.acknowledged]) or "nothing"
    there = " ".join(ascii(record)[1:-1] if record else "an empty record" for record in found) or "nothing"
    return Verdict(broken, f"{', '.join(how)}; acknowledged {acknowledged}, found {there}", len(seen))
