"""The file form of a history: JSON lines, an event a line, which a person can write by hand.

    # a comment, or an empty line, is passed over
    {"process": "ann", "type": "invoke", "f": "put", "key": "x", "value": 1, "at": 1500}
    {"process": "ann", "type": "ok", "f": "put", "key": "x", "value": null, "at": 4000}

`process`, `type` and `f` must be there. `key` and `value` are null where they are left out, `at` (microseconds) is 0. A
process may be a whole number; it becomes a text. A value is null, true, false, a whole number, a text, or a
list of values, which becomes a tuple. What JSON lacks is tagged as in all our files: {"$bytes": "00ff"},
{"$set": [...]}, {"$map": [[key, value], ...]}, {"$int": "18446744073709551615"}. Fractions are refused.

What we write reads back equal.
"""

from __future__ import annotations

import json
from typing import Any

from ..core.canonical import parse, plain, value_of
from ..core.errors import DistsysError, EncodingError, shown
from ..core.operations import TYPES, Operation
from ..core.trace_file import read as read_trace
from .history import History, HistoryError

NEEDED = ("process", "type", "f")
FIELDS = (*NEEDED, "key", "value", "at")


def write(history: History) -> str:
    """Return the lines of a history; nulls and a time of 0 are left out."""
    return "".join(_line(event) for event in history)


def _line(event: Operation) -> str:
    form: dict[str, Any] = {"process": event.process, "type": event.type, "f": event.f}
    for name in ("key", "value"):
        if (value := getattr(event, name)) is not None:
            form[name] = plain(value, name)
    if event.at:
        form["at"] = event.at
    return json.dumps(form, ensure_ascii=False) + "\n"


def read(data: bytes, source: str) -> History:
    """Return the history in `data`, or that of the trace in it; a `HistoryError` names the line that is wrong."""
    try:
        whole = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise HistoryError(
            f"{source} is not a history: it is not UTF-8 text (byte {problem.start})"
        ) from None
    if '"distsys":"trace"' in whole.partition("\n")[0]:
        return History.of(read_trace(data, source))
    events: list[Operation] = []
    lines: list[int] = []
    for number, line in enumerate(whole.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            events.append(_event(parse(line)))
        except DistsysError as problem:
            raise HistoryError(f"{source}, line {number}: {problem}") from None
        lines.append(number)
    return History.from_lines(events, lines, source)


def _event(form: Any) -> Operation:
    """Return the event that a line stands for."""
    if not isinstance(form, dict):
        raise HistoryError(f"a line must be an object with {', '.join(NEEDED)}, but it is {shown(form)}")
    for name in NEEDED:
        if name not in form:
            raise HistoryError(f"{name} is missing in {shown(form)}")
    for name in form:
        if name not in FIELDS:
            raise HistoryError(f"unknown field {name!r}; an event has {', '.join(FIELDS)}")
    process, f, at = form["process"], form["f"], form.get("at", 0)
    if isinstance(process, int) and not isinstance(process, bool):
        process = str(process)
    for name, value in (("process", process), ("f", f)):
        if not isinstance(value, str) or not value:
            raise HistoryError(f"{name} must be a text of at least one character, but it is {shown(value)}")
    if form["type"] not in TYPES:
        raise HistoryError(f"type must be one of {', '.join(TYPES)}, but it is {shown(form['type'])}")
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise HistoryError(f"at must be whole microseconds, 0 or more, but it is {shown(at)}")
    return Operation(process, form["type"], f, _value(form, "key"), _value(form, "value"), at)


def _value(form: dict[str, Any], name: str) -> Any:
    try:
        return value_of(form.get(name))
    except EncodingError as problem:
        hint = '; write a list, or a tagged value such as {"$map": [[key, value]]}'
        raise HistoryError(f"{name}: {problem}{hint if isinstance(form.get(name), dict) else ''}") from None
