"""Canonical JSON made small for a page: equal parts are written once, records without the names of their fields.

A form (what `core.canonical.plain` gives) is written like this:

    text, number, true, false, null    as they are
    [n]                                part n of the table, counted from 0
    [-1, item, ...]                    a list: the value is a tuple
    [-2, item, ...]                    {"$map": ...}: key, value, key, value, ...
    [-3 ... -12, ...]                  the other tags, in the order of `TAGS`
    [k, value, ...]                    a record or enum member of shape k, from 1: its fields in the order of the code

A shape is [tag, field, ...], of an enum [tag, 0]. A record without fields is [k, 0], so that no list of one number
is anything but a part of the table. What a page packs it can unpack to the same canonical text, byte for byte.
"""

from __future__ import annotations

import enum
from typing import Any

from distsys.core.values import RECORDS

TAGS = (
    "$list",
    "$map",
    "$set",
    "$bytes",
    "$int",
    "$log",
    "$dice",
    "$log+",
    "$tail",
    "$put",
    "$more",
    "$object",
)
Key = tuple[Any, ...]


class Packer:
    """Takes forms with `add`, and gives them back small with `packed`; `table` and `shapes` go with them.

    >>> packer = Packer()
    >>> first, second = packer.add(["a long text", 1]), packer.add(["a long text", 1])
    >>> packer.packed(first), packer.packed(second), packer.table
    ([0], [0], [[-1, 'a long text', 1]])
    """

    def __init__(self) -> None:
        self.shapes: list[list[Any]] = []
        self._shape_of: dict[str, int] = {}
        self._parts: list[Key] = []  # every different part, children before parents
        self._known: dict[Key, int] = {}
        self._uses: list[int] = []
        self._place: dict[int, int] | None = None  # part -> its place in the table

    def add(self, form: Any) -> int:
        """Take a form; return its number for `packed`."""
        number = self._part(form)
        self._uses[number] += 1
        return number

    def _part(self, form: Any) -> int:
        if isinstance(form, list):
            return self._known_part((-1, *map(self._part, form)), form)
        if not isinstance(form, dict):
            return self._known_part((0, type(form).__name__, form), None)
        if "$" in form:
            return self._record(form)
        if len(form) == 1:
            ((tag, inner),) = form.items()
            if tag in ("$map", "$put"):
                inner = [item for pair in inner for item in pair]
            if tag in TAGS:
                inner = inner if isinstance(inner, list) else [inner]
                return self._known_part((-1 - TAGS.index(tag), *map(self._part, inner)), form)
        pairs = [item for key in sorted(form) for item in (key, form[key])]
        return self._known_part((-1 - TAGS.index("$object"), *map(self._part, pairs)), form)

    def _record(self, form: dict[str, Any]) -> int:
        tag = form["$"]
        kind = RECORDS.get(tag)
        if kind is not None and issubclass(kind, enum.Enum):
            return self._known_part((self._shape(tag, [0]), self._part(form["is"])), form)
        fields = list(getattr(kind, "__match_args__", ())) or sorted(set(form) - {"$"})
        values = [self._part(form[name]) for name in fields]
        return self._known_part((self._shape(tag, fields), *(values or [self._part(0)])), form)

    def _shape(self, tag: str, fields: list[Any]) -> int:
        if tag not in self._shape_of:
            self.shapes.append([tag, *fields])
            self._shape_of[tag] = len(self.shapes)
        return self._shape_of[tag]

    def _known_part(self, key: Key, form: Any) -> int:
        if key in self._known:
            return self._known[key]
        number = self._known[key] = len(self._parts)
        self._parts.append(key)
        self._uses.append(0)
        if key[0] != 0:
            for child in key[1:]:
                self._uses[child] += 1
        return number

    # Giving back.

    def _chosen(self) -> dict[int, int]:
        """Return the parts that are worth a place in the table: used more than once, and longer than a reference."""
        if self._place is None:
            chosen = [number for number in range(len(self._parts)) if self._is_worth(number)]
            self._place = {number: place for place, number in enumerate(chosen)}
        return self._place

    def _is_worth(self, number: int) -> bool:
        head, *rest = self._parts[number]
        uses = self._uses[number]
        if head != 0:
            return uses > 1
        return isinstance(rest[1], str) and uses > 1 and (len(rest[1]) - 3) * uses > len(rest[1]) + 4

    def packed(self, number: int) -> Any:
        """Return the small form of what `add` numbered so; nothing may be added any more."""
        place = self._chosen().get(number)
        return [place] if place is not None else self._written(number)

    def _written(self, number: int) -> Any:
        head, *rest = self._parts[number]
        return rest[1] if head == 0 else [head, *map(self.packed, rest)]

    @property
    def table(self) -> list[Any]:
        """The parts that others refer to, each after those that it refers to."""
        return [self._written(number) for number in self._chosen()]
