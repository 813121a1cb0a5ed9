"""`Diary`: what one process of a real run writes down of its steps.

A real run has no global order. Each process numbers its own steps; a message carries the name and the number of the
step that sent it ("n2#17"), and so the diaries can be put together: each in its own order, and no delivery before its
send: see `merging`.

A line is written before anything leaves that the step has sent, and it survives the end of the process, however
that comes; it is not synced, so a loss of power may take the last lines. When a process comes up again, its first line
says how many steps its disk has kept (`kept`): of a later step the effects count up to its first `Persist`, as in any
crash, and from then on none of its messages left, for they waited for that commit. The number of lines is bounded: a
diary that is full says so, and its run can be merged up to there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from distsys.core.canonical import parse, plain, text
from distsys.core.errors import file_path, whole_number
from distsys.core.events import Effect, Event, Persist
from distsys.core.trace import apply_to_disk
from distsys.core.values import EMPTY, Map

from .disk import change_form

LINES_MAX = 50_000
Origin = tuple[str, int]  # "n2#17", and the place of the effect in that step


class Diary:
    """The steps of one process, one JSON line each, at the end of the file `path`.

    `disk` and `kept` are what the disk held when the process came up, and how many steps that covers.
    `number` is the number of the last step; numbers go on when the process comes up again.
    """

    def __init__(
        self, path: str | Path, *, disk: Map[str, Any] = EMPTY, kept: int = 0, lines_max: int = LINES_MAX
    ) -> None:
        path = file_path("path", path)
        self.lines_max = whole_number("lines_max", lines_max, at_least=1)
        self.is_full = False
        lines = whole_lines(path)
        numbers = [form["i"] for form in map(parse, lines[-1:])]
        self.number: int = max([kept, *numbers])
        self._count = len(lines)
        self._kept = kept
        self._disk = disk
        self._lines: list[str] = []
        self._problem: OSError | None = None
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._descriptor, sum(len(line.encode()) + 1 for line in lines))

    def step(
        self, at: int, kind: str, event: Event, effects: tuple[Effect, ...], origin: Origin | None
    ) -> int:
        """Write one step down with the next flush, and return its number."""
        self.number += 1
        if self._has_room():
            form: dict[str, Any] = {"i": self.number, "at": at, "kind": kind, "event": plain(event)}
            if effects:
                form["effects"] = [self._effect_form(effect) for effect in effects]
            if origin is not None:
                form["cause"] = list(origin)
            if kind in ("start", "restart"):
                form["kept"] = self._kept
            self._lines.append(text(form))
        return self.number

    def drop(self, at: int, number: int, place: int, to: str, why: str) -> None:
        """Write down that a message of an own step was dropped."""
        if self._has_room():
            self._lines.append(text({"i": number, "at": at, "drop": place, "to": to, "why": why}))

    def _has_room(self) -> bool:
        self._count += 1
        self.is_full = self.is_full or self._count > self.lines_max
        return not self.is_full

    def _effect_form(self, effect: Effect) -> Any:
        if not isinstance(effect, Persist):
            return plain(effect)
        form = {key: change_form(item, self._disk.get(key)) for key, item in effect.changes.items()}
        self._disk = apply_to_disk(self._disk, effect.changes)
        return {"persist": form}

    def flush(self) -> None:
        """Hand what was written down to the operating system; where that failed once, it fails for good."""
        if self._problem is not None:
            raise self._problem
        if self._lines:
            data = "".join(f"{line}\n" for line in self._lines).encode()
            self._lines.clear()
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError as problem:
                self._problem = problem
                raise

    def close(self) -> None:
        """Let the file go."""
        try:
            self.flush()
        finally:
            os.close(self._descriptor)


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a diary; what a crash left of a last one is none."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
