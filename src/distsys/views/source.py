"""Values as the Python that makes them: short, with units of time, and broken over lines where it is long."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

from distsys import core, drivers
from distsys.core.dice import Dice
from distsys.core.errors import EncodingError, shown
from distsys.core.log import Log
from distsys.core.units import MS, S
from distsys.core.values import Map, order_key
from distsys.drivers.faults import ACTIONS
from distsys.drivers.network import DISTRIBUTIONS, PPM, Fixed, Link, Uniform

WIDTH = 100
TIMES = frozenset({"at", "by", "us", "low", "high", "mean", "most"})  # fields of faults and delays


@dataclass(frozen=True)
class Group:
    """A call, a list or a tuple: it stands on one line, or its items on one, or each item on a line of its own."""

    head: str
    items: tuple[Text, ...]
    tail: str
    lone: str = ""  # stands behind a single item: the comma of a tuple


Text = str | Group


def call(name: str, items: Iterable[Text], tail: str = ")") -> Group:
    """Return the call of `name`."""
    return Group(f"{name}(", tuple(items), tail)


def keyword(name: str, value: Text) -> Text:
    """Return `name=value`."""
    if isinstance(value, str):
        return f"{name}={value}"
    return Group(f"{name}={value.head}", value.items, value.tail, value.lone)


def written(text: Text, indent: int = 0, before: int = 0) -> str:
    """Return a text that starts in a line which is indented and already holds `before` letters more."""
    line = _flat(text)
    if isinstance(text, str) or indent + before + len(line) + 1 <= WIDTH:
        return line
    inside = _flat(Group("", text.items, "", text.lone))
    if indent + 4 + len(inside) <= WIDTH:
        return f"{text.head}\n{' ' * (indent + 4)}{inside}\n{' ' * indent}{text.tail}"
    inner = "".join(f"{' ' * (indent + 4)}{written(item, indent + 4)},\n" for item in text.items)
    return f"{text.head}\n{inner}{' ' * indent}{text.tail}"


def _flat(text: Text) -> str:
    if isinstance(text, str):
        return text
    lone = text.lone if len(text.items) == 1 else ""
    return f"{text.head}{', '.join(map(_flat, text.items))}{lone}{text.tail}"


def quoted(value: str) -> str:
    """Return a text in double quotes, as our code has it, where that needs no backslash.

    >>> print(quoted("n1"), quoted('say "no"'))
    "n1" 'say "no"'
    """
    text = repr(value)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in value else text


def _order(name: str) -> tuple[int, str]:
    """Return the place of a name in an import: constants, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


class Writer:
    """Writes values, and keeps in mind what must be imported for them."""

    def __init__(self) -> None:
        self.names: dict[str, tuple[str, str]] = {}  # name in the text -> (module, name there)

    def name(self, module: str, name: str) -> str:
        """Return the name under which `name` of `module` is imported."""
        place, number = name, 1
        while place == "trace" or self.names.get(place, (module, name)) != (module, name):
            number += 1
            place = f"{name}{number}"
        self.names[place] = (module, name)
        return place

    def imports(self) -> list[str]:
        """Return the lines that import what the text needs; what was made in the notebook itself is there."""
        wanted: dict[str, list[str]] = {}
        for place, (module, name) in sorted(self.names.items(), key=lambda item: _order(item[0])):
            wanted.setdefault(module, []).append(name if name == place else f"{name} as {place}")
        wanted.pop("__main__", None)
        return [
            written(Group(f"from {module} import ", tuple(names), ""))
            if len(module) + sum(len(name) + 2 for name in names) + 13 <= WIDTH
            else written(Group(f"from {module} import (", tuple(names), ")"))
            for module, names in sorted(wanted.items())
        ]

    def time(self, us: int) -> str:
        """Return a time with the largest unit in which it is whole."""
        for unit, size in (("S", S), ("MS", MS)):
            if us and us % size == 0:
                return f"{us // size} * {self.name('distsys', unit)}"
        return f"{us:_}"

    def value(self, value: Any) -> Text:
        """Return the Python that makes a value."""
        kind = type(value)
        if kind is str:
            return quoted(value)
        if value is None or kind in (bool, int, bytes):
            return repr(value)
        if kind is tuple:
            return Group("(", tuple(map(self.value, value)), ")", ",")
        if kind is frozenset:
            items = tuple(self.value(item) for item in sorted(value, key=order_key))
            return Group("frozenset({", items, "})") if items else "frozenset()"
        if kind is Map:
            return self.mapping(f"{self.name('distsys.core', 'Map')}({{", value, "})")
        if kind is Log:
            entries: list[Text] = [Group("[", tuple(map(self.value, value)), "]")]
            if value.before_index:
                entries.append(f"before_index={value.before_index}")
            return call(self.name("distsys.core", "Log"), entries)
        if kind is Dice:
            return f"{self.name('distsys.core', 'Dice')}(0x{value.state:016x})"
        if isinstance(value, enum.Enum):
            return f"{self.kind(kind)}.{value.name}"
        if isinstance(value, Link):
            return self.link(value)
        if is_dataclass(value):
            return self.record(value)
        raise EncodingError(f"{shown(value)} of type {kind.__name__} has no form in Python")

    def mapping(self, head: str, pairs: Mapping[Any, Any], tail: str) -> Group:
        """Return a dict between `head` and `tail`."""
        return Group(head, tuple(self._pair(key, item) for key, item in pairs.items()), tail)

    def _pair(self, key: Any, item: Any) -> Text:
        value = self.value(item)
        before = f"{_flat(self.value(key))}: "
        if isinstance(value, str):
            return before + value
        return Group(before + value.head, value.items, value.tail, value.lone)

    def record(self, value: Any) -> Text:
        """Return the call that makes a record: fields with a default by name, and only where they differ."""
        timed = type(value) in (*ACTIONS, *DISTRIBUTIONS)
        items: list[Text] = []
        for field in fields(value):
            item = getattr(value, field.name)
            text = self.time(item) if timed and field.name in TIMES else self.value(item)
            if field.default is MISSING:
                items.append(text)
            elif item != field.default or type(item) is not type(field.default):
                items.append(keyword(field.name, text))
        return call(self.kind(type(value)), items)

    def kind(self, kind: type) -> str:
        """Return the name of a class."""
        outer, dot, inner = kind.__qualname__.partition(".")
        if "<locals>" in kind.__qualname__:
            raise EncodingError(
                f"the class {kind.__qualname__} is made in a function, where no import reaches it"
            )
        module = kind.__module__
        for room in (core, drivers):
            if getattr(room, outer, None) is kind:
                module = room.__name__
        return self.name(module, outer) + dot + inner

    def link(self, link: Link) -> Text:
        """Return the call of `link(...)` that makes a `Link`."""
        usual = Link()
        items: list[Text] = []
        if link.delay != usual.delay:
            items.append(keyword("delay", self.delay(link.delay)))
        items.extend(
            f"{name}={ppm / PPM!r}"
            for name in ("loss", "duplicate", "reorder")
            if (ppm := getattr(link, f"{name}_ppm"))
        )
        if link.reorder_by != usual.reorder_by:
            items.append(f"reorder_by={self.time(link.reorder_by)}")
        if link.fifo:
            items.append("fifo=True")
        if link.bytes_per_second:
            items.append(f"bytes_per_second={link.bytes_per_second}")
        return call(self.name("distsys.drivers", "link"), items)

    def delay(self, delay: Any) -> Text:
        """Return a delay as `link` takes it."""
        if isinstance(delay, Fixed):
            return self.time(delay.us)
        if isinstance(delay, Uniform):
            return f"({self.time(delay.low)}, {self.time(delay.high)})"
        return self.record(delay)
