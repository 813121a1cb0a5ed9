"""`History`: what clients asked and heard, in the order in which it happened; and `Call`, one operation in it.

A history is a sequence of `Operation` events. An `invoke` opens an operation, the next event of the same process ends
it: `ok` (it happened, this is the answer), `fail` (it certainly did not happen) or `info` (nobody knows). An invoke
that never ends counts as `info`. The order of the events is all that checkers look at: operation a comes before
operation b in real time when the end of a stands before the invoke of b. The times (`at`) are for people.

A process does one thing at a time, so it may invoke again only after `ok` or `fail`. After an `info` its operation may
still take effect at any later moment; whoever goes on must do so under another name.

The file form is JSON lines; see `distsys.checkers.history_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.canonical import plain, text
from ..core.errors import (
    ArgumentTypeError,
    DistsysError,
    EncodingError,
    file_path,
    instance,
    several,
    shown,
)
from ..core.events import Output
from ..core.operations import FAIL, INFO, INVOKE, OK, Operation
from ..core.trace import Trace
from .same import same


class HistoryError(DistsysError, ValueError):
    """A history is malformed, or cannot be judged by this model; the text says which event or line is wrong."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of a client: an invoke and its end.

    process  who
    f, key   what, and of what
    asked    the value of the invoke
    answer   the value of the end; None where nobody heard it
    type     "ok", "fail" or "info"
    start    the number of the invoke in the history, from 1
    end      the number of the `ok` or `fail`; None for `info`, which may take effect at any later moment
    """

    process: str
    f: str
    key: Any
    asked: Any
    answer: Any
    type: str
    start: int
    end: int | None

    @property
    def known(self) -> bool:
        """Whether the operation happened and its answer was heard."""
        return self.type == OK

    @property
    def text(self) -> str:
        """The operation as people write it, without the process: `put x 1`, `get x -> 1`, `cas x [1,2] -> ?`."""
        parts = [self.f]
        if self.key is not None:
            parts.append(value_text(self.key))
        if self.asked is not None:
            parts.append(value_text(self.asked))
        if self.type != OK:
            parts.append("-> ?" if self.type == INFO else "-> fail")
        elif self.answer is not None or self.asked is None:
            parts.append(f"-> {value_text(self.answer)}")
        return " ".join(parts)

    def __str__(self) -> str:
        return f"{self.text} by {self.process}"

    def before(self, other: Call) -> bool:
        """Whether this operation had ended when the other began."""
        return self.end is not None and self.end < other.start


def value_text(value: Any) -> str:
    """Return a value as it stands in a history file; names without quotes.

    >>> value_text("x"), value_text((1, None)), value_text(None)
    ('x', '[1,null]', 'null')
    """
    if isinstance(value, str) and value and value.isprintable() and " " not in value:
        return value
    try:
        return text(plain(value))
    except EncodingError:
        return shown(value)


class History:
    """An immutable history of operations; what breaks the rules above is refused with the event that is wrong.

    `history.operations` are the events, `history.calls` the operations they make up, by their invokes. Iterating
    gives the events. Two histories are equal when their events are.

    >>> history = History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "put", "key": "x", "value": 1}
    ... {"process": "bob", "type": "invoke", "f": "get", "key": "x"}
    ... {"process": "bob", "type": "ok", "f": "get", "key": "x", "value": 1}
    ... ''')
    >>> [call.text for call in history.calls]
    ['put x 1 -> ?', 'get x -> 1']
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        events: tuple[Operation, ...] = tuple(
            several("operations", operations, "records of the class Operation")
        )
        for number, event in enumerate(events, start=1):
            if not isinstance(event, Operation):
                raise ArgumentTypeError(
                    f"operations must hold records of the class Operation, but number {number} is {shown(event)} "
                    f"of type {type(event).__name__}"
                )
        self._set(events, lambda number: f"event {number}")

    def _set(self, events: tuple[Operation, ...], where: Callable[[int], str]) -> None:
        self._operations = events
        self._calls = _paired(events, where)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All events, in order."""
        return self._operations

    @property
    def calls(self) -> tuple[Call, ...]:
        """All operations, in the order of their invokes."""
        return self._calls

    @cached_property
    def processes(self) -> tuple[str, ...]:
        """The names of all processes, in the order in which they appear."""
        return tuple(dict.fromkeys(event.process for event in self._operations))

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._operations == other._operations

    def __hash__(self) -> int:
        return hash(self._operations)

    def __repr__(self) -> str:
        counts = {kind: sum(call.type == kind for call in self._calls) for kind in (OK, FAIL, INFO)}
        parts = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        return (
            f"<History: {len(self._calls)} operations of {len(self.processes)} processes; {parts or 'empty'}>"
        )

    @classmethod
    def of(cls, trace: Trace) -> History:
        """Return the history of a run: every `Operation` that a node has output, in the order of the steps."""
        instance("trace", trace, Trace)
        found = [
            (effect.value, step.number)
            for step in trace
            for effect in step.effects[: step.kept]
            if isinstance(effect, Output) and isinstance(effect.value, Operation)
        ]
        new = cls.__new__(cls)
        new._set(tuple(event for event, _ in found), lambda number: f"step {found[number - 1][1]}")
        return new

    # Reading and writing; the format itself is in history_file.

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a history file, or the history of a saved trace; a `HistoryError` names the line that is wrong."""
        from .history_file import read

        return read(file_path("path", path).read_bytes(), str(path))

    @classmethod
    def loads(cls, text: str | bytes) -> History:
        """Read a history from its text."""
        from .history_file import read

        if not isinstance(text, (str, bytes)):
            raise ArgumentTypeError(f"text must be a str or bytes, but it is {shown(text)}")
        return read(text.encode() if isinstance(text, str) else text, "the history")

    @classmethod
    def from_lines(cls, events: Iterable[Operation], lines: list[int], source: str) -> History:
        """Return a history whose errors name the lines of a file."""
        new = cls.__new__(cls)
        new._set(tuple(events), lambda number: f"{source}, line {lines[number - 1]}")
        return new

    def lines(self) -> str:
        """Return the text of the history file."""
        from .history_file import write

        return write(self)

    def save(self, path: str | Path) -> Path:
        """Write the history as JSON lines to `path`, and return the path."""
        path = file_path("path", path)
        path.write_bytes(self.lines().encode())
        return path

    def text(self, columns: int = 100) -> str:
        """Return a picture of the operations as intervals, a row a process; see `timeline`."""
        from .timeline import draw

        return draw(self, columns=columns)


def _paired(events: tuple[Operation, ...], where: Callable[[int], str]) -> tuple[Call, ...]:
    """Return the calls of the events by their invokes; refuse what breaks the rules."""
    calls: dict[int, Call] = {}
    open_at: dict[str, int] = {}
    lost: dict[str, int] = {}  # process -> the event after which it may do nothing
    for number, event in enumerate(events, start=1):
        who = event.process
        if problem := _objection(event, events, open_at.get(who), lost.get(who), where):
            raise HistoryError(f"{where(number)}: {problem}")
        if event.type == INVOKE:
            open_at[who] = number
            calls[number] = Call(who, event.f, event.key, event.value, None, INFO, number, None)
            continue
        start = open_at.pop(who)
        if event.type == INFO:
            lost[who] = number
        else:
            asked = calls[start].asked
            calls[start] = Call(who, event.f, event.key, asked, event.value, event.type, start, number)
    return tuple(calls.values())


def _objection(
    event: Operation,
    events: tuple[Operation, ...],
    opened: int | None,
    lost: int | None,
    where: Callable[[int], str],
) -> str | None:
    """Return what is wrong with an event, given the invoke of its process that is open and its `info`, or None."""
    who = event.process
    for name in ("process", "f"):
        value = getattr(event, name)
        if not isinstance(value, str) or not value:
            return f"{name} must be a text of at least one character, but it is {shown(value)}"
    if lost is not None:
        return (
            f"process {who!r} goes on after its info ({where(lost)}): that operation may still take effect, "
            "so the client must go on under another name"
        )
    if event.type == INVOKE:
        if opened is None:
            return None
        return (
            f"process {who!r} invokes {event.f!r} while its {events[opened - 1].f!r} ({where(opened)}) is open; "
            "a process does one thing at a time"
        )
    if opened is None:
        return f"process {who!r} ends {event.f!r} with {event.type}, but it has no open operation"
    begun = events[opened - 1]
    for name in ("f", "key"):
        old, new = getattr(begun, name), getattr(event, name)
        if not same(old, new):
            return (
                f"{name} must be that of the invoke ({where(opened)}), {shown(old)}, but it is {shown(new)}"
            )
    return None
