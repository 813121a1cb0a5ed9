"""Values as clients tell them apart: in Python true equals 1 and false equals 0, in a history they do not.

An answer is compared with what the object would have answered by `same`. But an object also keeps what it was asked,
and finds it again as Python does. So where true and 1 were both asked of one object no verdict would be safe, and the
history is refused (`mixed`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any

from ..core.values import ATOMS, Map

PLAIN = ATOMS - {bool}


def marked(value: Any) -> Any:
    """Return something that is equal for two values only if they are the same to a client.

    >>> marked((1, "x")) == marked((True, "x"))
    False
    """
    kind = type(value)
    if kind is bool:
        return (bool, value)
    if kind is tuple:
        return value if PLAIN.issuperset(map(type, value)) else tuple(map(marked, value))
    if kind is frozenset:
        return frozenset(map(marked, value))
    if kind is Map:
        return frozenset((marked(key), marked(item)) for key, item in value.items())
    if is_dataclass(value):
        return (kind, *(marked(getattr(value, name)) for name in kind.__match_args__))
    return value


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, and neither holds a true or false where the other holds a number.

    >>> same((1, 2), (1, 2)), same(1, True)
    (True, False)
    """
    if one is other:
        return True
    if one != other:
        return False
    kind = type(one)
    return (kind is str and kind is type(other)) or marked(one) == marked(other)


def mixed(asked: Iterable[tuple[int, Hashable, Any, Any]]) -> tuple[int, Any, int, Any] | None:
    """Return (event, value, earlier event, earlier value) where true and 1, or false and 0, meet; else None.

    `asked` has for each call (event, which object, key, value). Keys meet all other keys; values meet those that are
    asked of the same object, and so do the parts of lists, for an object may take a list apart or make one longer.
    The object is (name,), or () where one object has all keys; then values meet keys as well.
    """
    first: dict[Any, tuple[int, Any]] = {}
    for event, thing, key, value in asked:
        for place, part in (((), key), *((thing, part) for part in _parts(value))):
            earlier, known = first.setdefault((place, part), (event, part))
            if known is not part and not same(known, part):
                return event, part, earlier, known
    return None


def _parts(value: Any) -> Iterator[Any]:
    """Yield a value, and what a list holds."""
    yield value
    if type(value) is tuple:
        for item in value:
            yield from _parts(item)
