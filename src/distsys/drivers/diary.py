"""`Diary`: what one process of a real run writes down of its steps; `merge` makes one `Trace` of several diaries.

A real run has no global order. Each process numbers its own steps; a message carries the name and the number of the
step that sent it ("n2#17"), and so the diaries can be put together: each in its own order, and no delivery before its
send. Of the orders that fit, `merge` takes the one closest to the clocks. It is one order that the run may have had,
and replay judges each node by its own steps only, which are the same in all of them.

A line is written before anything leaves that the step has sent, and it survives the end of the process, however
that comes; it is not synced, so a loss of power may take the last lines. When a process comes up again, its first line
says how many steps its disk has kept (`kept`): of a later step the effects count up to its first `Persist`, as in any
crash. The number of lines is bounded: a diary that is full says so, and its run can be merged up to there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distsys.core.canonical import parse, plain, text, value_of
from distsys.core.errors import DistsysError, TraceError, file_path, instance, shown, whole_number
from distsys.core.events import Effect, Event, Persist
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, Header, Step, Trace, apply_to_disk
from distsys.core.trace_file import MALFORMED
from distsys.core.values import EMPTY, Map

from .disk import change_form, changes_of

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
        lines = _whole_lines(path)
        numbers = [form["i"] for form in map(parse, lines[-1:])]
        self.number: int = max([kept, *numbers])
        self._count = len(lines)
        self._kept = kept
        self._disk = disk
        self._lines: list[str] = []
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
        """Hand what was written down to the operating system."""
        if self._lines:
            data = "".join(f"{line}\n" for line in self._lines).encode()
            self._lines.clear()
            while data:
                data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Let the file go."""
        try:
            self.flush()
        finally:
            os.close(self._descriptor)


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a diary; what a crash left of a last one is none."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


# Putting diaries together.


@dataclass
class _Entry:
    """A step of one process, which does not know its number in the whole yet."""

    at: int
    kind: str
    event: Event | None = None
    effects: tuple[Effect, ...] = ()
    kept: int = 0
    origin: Origin | None = None
    id: str = ""
    detail: Map[str, Any] = EMPTY


@dataclass
class _Page:
    """The steps of one process, in order, and how far they were taken."""

    name: str
    entries: list[_Entry]
    place: int = 0

    @property
    def next(self) -> _Entry | None:
        """The next step."""
        return self.entries[self.place] if self.place < len(self.entries) else None


def merge(cluster: Cluster, diaries: Mapping[str, str | Path]) -> Trace:
    """Return the run that the `diaries` (node -> file) tell of, as one trace; a `TraceError` where they do not fit.

    A step whose cause is missing, because the diary of the sender is full or lost its last lines, ends what can be told
    of that node.
    """
    instance("cluster", cluster, Cluster)
    names = tuple(name for name in cluster.names if name in diaries)
    pages = [_Page(name, list(_entries(name, file_path(name, diaries[name])))) for name in names]
    header = Header(
        system=cluster.system.name,
        options=cluster.options,
        mutant=cluster.mutant.id if cluster.mutant else None,
        seed=0,
        names=names,
        declared=Map({name: Map(cluster.kind_of(name).declared) for name in names}),
        driver=Map({"kind": "runtime"}),
    )
    begin = min((page.entries[0].at for page in pages if page.entries), default=0)
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    while (page := _next_page(pages, numbers)) is not None:
        steps.append(_step(page, len(steps) + 1, begin, steps[-1].at if steps else 0, numbers))
        page.place += 1
    rest = sum(len(page.entries) - page.place for page in pages)
    return Trace(header, tuple(steps), ended="complete" if not rest else f"{rest} steps without their cause")


def _next_page(pages: list[_Page], numbers: dict[str, int]) -> _Page | None:
    """Return the page whose next step was the earliest of those whose cause is there."""
    ready = [
        page
        for page in pages
        if page.next is not None and (page.next.origin is None or page.next.origin[0] in numbers)
    ]
    return min(ready, key=lambda page: page.next.at if page.next else 0, default=None)


def _step(page: _Page, number: int, begin: int, at_least: int, numbers: dict[str, int]) -> Step:
    entry = page.next
    assert entry is not None, f"{page.name} has no next step"
    cause: Cause | None = None
    if entry.origin is not None:
        cause = (numbers[entry.origin[0]], entry.origin[1])
    if entry.id:
        numbers[entry.id] = number
    at = max(entry.at - begin, at_least)
    return Step(
        number, at, entry.kind, page.name, entry.event, entry.effects, entry.kept, cause, entry.detail
    )


def _entries(name: str, path: Path) -> Iterator[_Entry]:
    """Yield the steps of a diary, and a crash before each start but the first."""
    lines = _whole_lines(path)
    try:
        forms = [parse(line) for line in lines]
        durable = _durable(forms)
        yield from _Reader(name, durable).entries(forms)
    except (*MALFORMED, DistsysError) as problem:
        raise TraceError(f"{path} is not the diary of {name}: {problem}") from problem


def _durable(forms: list[dict[str, Any]]) -> list[int]:
    """Return, for each line, up to which step the disk kept what was persisted in that life of the process."""
    result: list[int] = []
    limit = 2**62  # nothing is known of the last life: all it did counts
    for form in reversed(forms):
        result.append(limit)
        if "kept" in form:
            limit = form["kept"]
    return result[::-1]


@dataclass
class _Reader:
    """Reads the lines of one diary in order; it follows the disk, in memory and as it was kept."""

    name: str
    durable: list[int]
    disk: Map[str, Any] = EMPTY
    kept_disk: Map[str, Any] = EMPTY
    last_at: int = field(default=0)

    def entries(self, forms: list[dict[str, Any]]) -> Iterator[_Entry]:
        """Yield the steps."""
        if forms and (forms[0]["i"] != 1 or forms[0].get("kept") != 0):
            raise TraceError(f"it begins with step {forms[0]['i']} of a process that had run before")
        for position, form in enumerate(forms):
            if "drop" in form:
                yield self._drop(form)
                continue
            if "kept" in form and position:
                yield _Entry(self.last_at, "crash", detail=Map({"why": "crash"}))
                self.disk = self.kept_disk
            yield self._step(form, self.durable[position])
            self.last_at = form["at"]

    def _drop(self, form: dict[str, Any]) -> _Entry:
        detail = Map({"from": self.name, "to": form["to"], "why": form["why"]})
        return _Entry(form["at"], "drop", origin=(f"{self.name}#{form['i']}", form["drop"]), detail=detail)

    def _step(self, form: dict[str, Any], durable: int) -> _Entry:
        number = form["i"]
        effects: list[Effect] = []
        kept: int | None = None
        for place, effect_form in enumerate(form.get("effects", [])):
            effect = self._effect(effect_form)
            if isinstance(effect, Persist):
                self.disk = apply_to_disk(self.disk, effect.changes)
                if number <= durable:
                    self.kept_disk = apply_to_disk(self.kept_disk, effect.changes)
                elif kept is None:
                    kept = place
            effects.append(effect)
        origin = tuple(form["cause"]) if "cause" in form else None
        kept = len(effects) if kept is None else kept
        id = f"{self.name}#{number}"
        return _Entry(form["at"], form["kind"], value_of(form["event"]), tuple(effects), kept, origin, id)

    def _effect(self, form: Any) -> Effect:
        if isinstance(form, dict) and "persist" in form:
            return Persist(changes_of(form["persist"], self.disk))
        effect: Effect = value_of(form)
        if not isinstance(effect, Effect):
            raise TraceError(f"an effect must be a Send, SetTimer, ..., but it is {shown(effect)}")
        return effect
