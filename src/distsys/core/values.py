"""Values that cannot change: what the fields of a node, its messages and its disk are made of.

A run can be stepped back, compared and explored only if an old state stays what it was. So a field
holds an immutable value and is *rebound* (`self.votes = self.votes | {sender}`), never changed in place.
Allowed are None, bool, int, str, bytes, tuple, frozenset, records (below), the members of an Enum that is
decorated as a record, and the package's own `Map`, `Log` and `Dice`. So every value that is allowed has a form
in canonical JSON, and what could not be saved is refused at once. Floats are refused: they round differently
from one library to the next, and two runs with the same seed must agree on every byte. Times are whole
microseconds.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast, dataclass_transform, overload

from .errors import ArgumentTypeError, MutableValueError, shown

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
T = TypeVar("T")
C = TypeVar("C", bound=type)

ATOMS: frozenset[type] = frozenset({type(None), bool, int, str, bytes})
FROZEN: set[type] = set(ATOMS)  # and record classes, Map, Log, Dice: checked when they were built
RECORDS: dict[str, type] = {}  # tag -> record or enum class, for reading canonical JSON

_INSTEAD = {
    list: "a tuple: tuple(...)",
    set: "a frozenset: frozenset(...)",
    dict: "a Map: Map(...)",
    bytearray: "bytes: bytes(...)",
    float: "an int (times in whole microseconds, shares as a pair of ints)",
}


def must_be_immutable(where: str, value: object) -> None:
    """Raise `MutableValueError`, naming `where`, unless `value` can never change.

    >>> must_be_immutable("Voter.votes", [1])
    Traceback (most recent call last):
    ...
    distsys.core.errors.MutableValueError: Voter.votes must hold an immutable value, but it is [1] of type \
list; use a tuple: tuple(...)
    """
    kind = type(value)
    if kind in FROZEN:
        return
    if kind is tuple or kind is frozenset:
        for item in value:  # type: ignore[attr-defined]
            if type(item) not in FROZEN:
                must_be_immutable(f"{where}, inside a {kind.__name__},", item)
        return
    instead = _INSTEAD.get(kind, "a record: decorate the class with @record")
    raise MutableValueError(
        f"{where} must hold an immutable value, but it is {shown(value)} of type {kind.__name__}; use {instead}"
    )


def declare_frozen(kind: type) -> None:
    """Say that instances of `kind` check their own contents when they are built."""
    FROZEN.add(kind)


def tag_of(kind: type) -> str:
    """Return the name of a record class in canonical JSON: last part of its module, dot, class name."""
    return f"{kind.__module__.rpartition('.')[2].strip('_')}.{kind.__qualname__}"


@dataclass_transform(frozen_default=True)
def record(cls: C) -> C:
    """Make `cls` a record: an immutable, hashable, comparable tuple of named fields with a JSON form.

    Messages, events and effects are records. The fields are annotated, may have defaults, and are checked
    when a record is built; `__post_init__` may check more. An Enum is decorated as well.

    >>> @record
    ... class Ping:
    ...     round: int
    >>> Ping(3)
    Ping(round=3)
    >>> Ping([3])
    Traceback (most recent call last):
    ...
    distsys.core.errors.MutableValueError: Ping.round must hold an immutable value, but it is [3] of type \
list; use a tuple: tuple(...)
    """
    if issubclass(cls, enum.Flag):
        raise ArgumentTypeError(
            f"{cls.__name__} must be an Enum, but it is a Flag: hold a frozenset of members instead"
        )
    if not issubclass(cls, enum.Enum):
        cls = cast(C, _checked(dataclasses.dataclass(frozen=True, slots=True, init=False)(cls)))
    tag = tag_of(cls)
    known = RECORDS.get(tag)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ArgumentTypeError(f"two record classes would share the tag {tag!r}: rename one of them")
    FROZEN.add(cls)
    RECORDS[tag] = cls
    return cls


def _checked(cls: type) -> type:
    """Replace the `__init__` of a frozen dataclass by one that also checks values, and is twice as fast.

    The one that `dataclasses` writes sets each field by way of `object.__setattr__`; this one uses the setter of
    the slot itself. Records are built at every step of every run.
    """
    scope: dict[str, Any] = {"_FROZEN": FROZEN, "_check": must_be_immutable, "_type": type}
    parameters, body = ["self"], []
    for f in dataclasses.fields(cls):
        if f.default_factory is not dataclasses.MISSING or not f.init or f.kw_only:
            raise ArgumentTypeError(
                f"{cls.__name__}.{f.name} must be a plain field: a record takes defaults that are values "
                "(an empty tuple, EMPTY), and no default_factory, init=False or kw_only"
            )
        scope[f"_set_{f.name}"] = getattr(cls, f.name).__set__
        parameters.append(f.name)
        if f.default is not dataclasses.MISSING:
            parameters[-1] += f"=_default_{f.name}"
            scope[f"_default_{f.name}"] = f.default
        body.append(f" if _type({f.name}) not in _FROZEN: _check('{cls.__name__}.{f.name}', {f.name})")
        body.append(f" _set_{f.name}(self, {f.name})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(body or [" pass"]), scope)
    init: Any = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {f.name: f.type for f in dataclasses.fields(cls)}
    cls.__init__ = init  # type: ignore[misc]
    return cls


def unchecked(cls: type[T]) -> Callable[..., T]:
    """Return a function that makes instances of a frozen dataclass with slots, in a third of the time of `cls(...)`.

    It is for the few places where a run spends its time, with values that were checked before. The fields of an
    open twin are set one by one, and the twin then becomes a `cls`: nobody sees it while it is open.
    """
    twin = type(f"_Open{cls.__name__}", (), {"__slots__": tuple(f.name for f in dataclasses.fields(cls))})  # type: ignore[arg-type]
    scope: dict[str, Any] = {"_twin": twin, "_cls": cls}
    parameters, body = [], [" made = _twin()"]
    for f in dataclasses.fields(cls):  # type: ignore[arg-type]
        parameters.append(f.name if f.default is dataclasses.MISSING else f"{f.name}=_default_{f.name}")
        scope[f"_default_{f.name}"] = f.default
        body.append(f" made.{f.name} = {f.name}")
    lines = [f"def make({', '.join(parameters)}):", *body, " made.__class__ = _cls", " return made"]
    exec("\n".join(lines), scope)
    return cast("Callable[..., T]", scope["make"])


def order_key(value: object) -> tuple[Any, ...]:
    """Return a key that sorts values of mixed types, the same way in every process."""
    kind = type(value)
    if kind is bool or kind is int:
        return ("int", value)
    if kind is str or kind is bytes:
        return (kind.__name__, value)
    if kind is tuple:
        return ("tuple", tuple(order_key(item) for item in value))  # type: ignore[attr-defined]
    if kind is frozenset:
        return ("frozenset", tuple(sorted(order_key(item) for item in value)))  # type: ignore[attr-defined]
    if isinstance(value, enum.Enum):
        return ("record", tag_of(kind), value.name)
    if isinstance(value, Map):
        return ("map", tuple((order_key(key), order_key(item)) for key, item in value.items()))
    if dataclasses.is_dataclass(value):
        fields = (order_key(getattr(value, f.name)) for f in dataclasses.fields(value))
        return ("record", tag_of(kind), *fields)
    if isinstance(value, Iterable):
        return (kind.__name__, tuple(order_key(item) for item in value))
    return (kind.__name__, repr(value))


class Map(Mapping[K, V], Generic[K, V]):
    """An immutable mapping that iterates in the order of its keys.

    `set`, `remove` and `update` return a new map. Strings are in the order of their code points, numbers and
    bytes as usual, other keys by `order_key`.

    >>> votes = Map({"b": 1}).set("a", 2)
    >>> votes
    Map({'a': 2, 'b': 1})
    >>> votes.remove("b").get("b", 0)
    0
    """

    __slots__ = ("_hash", "_items", "_keys")

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        contents = dict(items)
        for key, value in contents.items():
            if type(key) not in FROZEN:
                must_be_immutable("a key of Map", key)
            if type(value) not in FROZEN:
                must_be_immutable(f"Map[{key!r}]", value)
        self._items = contents
        self._keys: tuple[K, ...] | None = None
        self._hash: int | None = None

    @classmethod
    def _of(cls, contents: dict[K, V]) -> Map[K, V]:
        new = cls.__new__(cls)
        new._items, new._keys, new._hash = contents, None, None
        return new

    def set(self, key: K, value: V) -> Map[K, V]:
        """Return a map that is like this one but holds `value` at `key`."""
        if type(key) not in FROZEN:
            must_be_immutable("a key of Map", key)
        if type(value) not in FROZEN:
            must_be_immutable(f"Map[{key!r}]", value)
        contents = self._items.copy()
        contents[key] = value
        return self._of(contents)

    def update(self, items: Mapping[K, V]) -> Map[K, V]:
        """Return a map in which the `items` have replaced or joined those of this one."""
        new = items if isinstance(items, Map) else Map(items)
        return self._of({**self._items, **new._items})

    def remove(self, key: K) -> Map[K, V]:
        """Return a map without `key`; the same map where the key is absent."""
        if key not in self._items:
            return self
        contents = self._items.copy()
        del contents[key]
        return self._of(contents)

    def under(self: Map[str, V], prefix: str) -> Map[str, V]:
        """Return the part whose keys begin with `prefix` and a slash, without them (an embedded node's disk)."""
        head = prefix + "/"
        return Map._of({k[len(head) :]: v for k, v in self._items.items() if k.startswith(head)})

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, default: V | D, /) -> V | D: ...
    def get(self, key: K, default: Any = None, /) -> Any:
        """Return the value at `key`, or `default`."""
        return self._items.get(key, default)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[K]:
        if self._keys is None:
            kinds = {type(key) for key in self._items}
            natural = len(kinds) == 1 and kinds <= {str, int, bytes}  # others have no order, or half of one
            self._keys = tuple(sorted(self._items, key=None if natural else order_key))  # type: ignore[type-var, arg-type]
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Map) and self._items == other._items)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash

    def __repr__(self) -> str:
        return "Map({" + ", ".join(f"{k!r}: {self._items[k]!r}" for k in self) + "})"

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return (Map, (self._items,))


declare_frozen(Map)
EMPTY: Map[str, Any] = Map()
