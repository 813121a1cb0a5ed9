"""Histories as drawings in text, for pages and for trying things out; and why an order of them is no linearization.

    drawn('''
        ann  [write 1            ]
        bob     [write 2]
        cyd                 [read -> 2]     [read -> 1]
    ''')

A row is a process. `[` is the invoke of an operation and `]` its `ok`; their columns are the order in which things
happen. An operation that ends with `?` got no answer (`info`), one that ends with `!` did not happen (`fail`).
Inside stands what the pictures of `views.operations` say: the name of the operation, what is asked, and after `->`
what was heard. `put x=1` and `get x -> 1` name a key, `write 1` and `read -> 1` do not. Values are whole numbers, true,
false, null, texts in quotes (after `->` also without), and `1,2` for a tuple.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from ..checkers import NEVER, History, Spec, spec
from ..checkers.history import Call, value_text
from ..core.errors import ArgumentError, ArgumentTypeError, shown
from ..core.operations import FAIL, INFO, INVOKE, OK, Operation

INTERVAL = re.compile(r"\[([^\[\]?!]*)([\]?!])")
ENDS = {"]": OK, "?": INFO, "!": FAIL}
WORDS = {"null": None, "true": True, "false": False}


def drawn(picture: str) -> History:
    """Return the history that a drawing shows.

    >>> history = drawn('''
    ...     ann  [write 1   ?
    ...     bob     [read -> 1]
    ... ''')
    >>> [(call.text, call.type) for call in history.calls]
    [('write 1 -> ?', 'info'), ('read -> 1', 'ok')]
    """
    if not isinstance(picture, str):
        raise ArgumentTypeError(f"picture must be a text, but it is {shown(picture)}")
    events: dict[int, Operation] = {}
    for line in textwrap.dedent(picture).splitlines():
        name = line.split("[", 1)[0].strip()
        if not line.strip():
            continue
        rest = INTERVAL.sub("", line[line.find("[") :] if "[" in line else line)
        if not name or "[" not in line or rest.strip():
            raise ArgumentError(
                f"a row is a name and intervals such as [write 1], but there is {shown(line)}"
            )
        for found in INTERVAL.finditer(line):
            f, key, asked, answer = _words(found[1])
            ends = Operation(name, ENDS[found[2]], f, key, answer if found[2] == "]" else None)
            for column, event in (
                (found.start(), Operation(name, INVOKE, f, key, asked)),
                (found.end() - 1, ends),
            ):
                if column in events:
                    raise ArgumentError(
                        f"two things happen in column {column} of the picture, at {events[column].process} and at "
                        f"{name}: move one, so that it is plain which comes first"
                    )
                events[column] = event
    return History(event for _, event in sorted(events.items(), key=lambda item: item[0]))


def _words(text: str) -> tuple[str, Any, Any, Any]:
    """Return (f, key, asked, answer) of what stands in an interval."""
    before, arrow, after = text.partition("->")
    f, *words = before.split() or [""]
    key = asked = None
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            key, asked = name, _value(value)
        elif name.isidentifier() and name not in WORDS:
            key = name
        else:
            asked = _value(name)
    return f, key, asked, _value(after.strip()) if arrow else None


def _value(word: str) -> Any:
    if "," in word:
        return tuple(_value(part) for part in word.split(",") if part)
    if word in WORDS:
        return WORDS[word]
    try:
        return json.loads(word)
    except ValueError:
        return word


def labelled(history: History) -> dict[str, Call]:
    """Return the calls by short names: `bob2` is the second operation of bob.

    >>> list(labelled(drawn("bob [write 1]  [read -> 1]")))
    ['bob1', 'bob2']
    """
    counts: dict[str, int] = {}
    names = {}
    for call in history.calls:
        counts[call.process] = counts.get(call.process, 0) + 1
        names[f"{call.process}{counts[call.process]}"] = call
    return names


def objection(history: History, model: Spec | str, order: Sequence[str]) -> str | None:
    """Return why an order of short names is no linearization of `history`, or None where it is one.

    >>> history = drawn('''
    ...     ann  [write 1      ]
    ...     bob     [read -> 1]    [read -> null]
    ... ''')
    >>> objection(history, "register", ("ann1", "bob1", "bob2"))
    'bob2 heard null, but after ann1, bob1 the answer would be 1'
    >>> objection(history, "register", ("bob2", "ann1", "bob1"))
    'bob2 stands before ann1, but ann1 had ended when bob2 began'
    """
    names, model = labelled(history), spec(model)
    for name in order:
        if name not in names:
            return f"there is no operation {name!r}; there are {', '.join(names)}"
        if names[name].type == FAIL:
            return f"{name} failed, so it did not happen and has no place in the order"
    if len(set(order)) < len(order):
        return "an operation happens once, but a name stands in the order twice"
    missing = [name for name, call in names.items() if call.known and name not in order]
    if missing:
        return f"{missing[0]} was answered, so it happened, but it has no place in the order"
    for first, second in combinations(order, 2):
        if names[second].before(names[first]):
            return f"{first} stands before {second}, but {second} had ended when {first} began"
    state = model.initial
    for place, name in enumerate(order):
        call = names[name]
        after, fits = model.step(state, call)
        if not fits:
            would = model.apply(state, call)[1]
            done = f"after {', '.join(order[:place])}" if place else "at the beginning"
            if would is NEVER:
                return f"{done} {name} cannot happen"
            return (
                f"{name} heard {value_text(call.answer)}, but {done} the answer would be {value_text(would)}"
            )
        state = after
    return None
