"""A picture of a history in text: a row a process, an interval an operation, time from left to right.

    ann  |put x 1 -> ok|        |get x -> 2|
    bob        |put x 2 -> ?~~~~~~~~~~~~~~~~~~

Columns follow the order of the events, not the clock. `|` is an invoke or an end; an operation whose answer nobody
heard runs on to the right in `~`.
"""

from __future__ import annotations

from ..core.errors import whole_number
from .history import History


def draw(history: History, *, columns: int = 100) -> str:
    """Return the picture, in blocks of at most `columns` characters a line.

    >>> print(History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "put", "key": "x", "value": 1}
    ... {"process": "bob", "type": "invoke", "f": "get", "key": "x"}
    ... {"process": "bob", "type": "ok", "f": "get", "key": "x", "value": 1}
    ... ''').text())
    ann |put x 1 -> ?~~~
    bob   |get x -> 1|
    """
    whole_number("columns", columns, at_least=20)
    names = history.processes
    margin = min(max(map(len, names), default=0), columns // 3) + 1
    places = _places(history)
    width = max(places.values(), default=0) + 1
    rows = {name: [" "] * width for name in names}
    for call in history.calls:
        row, start = rows[call.process], places[call.start]
        stop = width if call.end is None else places[call.end]
        fill = "~" if call.end is None else "-"
        row[start:stop] = list(("|" + call.text).ljust(stop - start, fill))[: stop - start]
        if call.end is not None:
            row[stop] = "|"
    blocks = []
    for left in range(0, width, columns - margin):
        part = {name: "".join(row[left : left + columns - margin]) for name, row in rows.items()}
        blocks.append("\n".join((f"{name[: margin - 1]:{margin}}" + part[name]).rstrip() for name in names))
    return "\n\n".join(blocks)


def _places(history: History) -> dict[int, int]:
    """Return the column of each invoke and end: in their order, and each interval as wide as its text."""
    by_end = {call.end: call for call in history.calls if call.end is not None}
    by_start = {call.start: call for call in history.calls}
    places: dict[int, int] = {}
    column = -2
    for number in range(1, len(history) + 1):
        if number in by_start:
            places[number] = column = column + 2
        elif number in by_end:
            call = by_end[number]
            column = max(column + 2, places[call.start] + 1 + len(call.text))
            places[number] = column
    lost = [places[call.start] + 2 + len(call.text) for call in history.calls if call.end is None]
    if lost:
        places[0] = max(column + 2, *lost)  # room for the texts of those that run on
    return places
