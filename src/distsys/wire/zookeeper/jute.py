"""Jute, the encoding of ZooKeeper: numbers are big-endian, and everything else begins with its length.

    int, long     4 and 8 bytes, signed
    boolean       1 byte; what is not 0 is true
    buffer        int length, bytes; the length -1 means that there is none
    ustring       as a buffer, in UTF-8
    vector        int count, the elements; the count -1 means that there is none
    a record      its fields, one after the other, without names, numbers or length

Nothing in the bytes says what they mean: both sides must know the records. `Reader` believes no length: it looks
whether so much is there before it takes it. Text that is not UTF-8 is read as Java reads it, with U+FFFD for what is
wrong. Java writes a character beyond U+FFFF in six bytes, in no path and seldom elsewhere; here it is plain UTF-8.

Source: zookeeper-jute/src/main/java/org/apache/jute/BinaryInputArchive.java and BinaryOutputArchive.java.
"""

from __future__ import annotations

import functools
import struct
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar, cast

from distsys.core.errors import DistsysError, shown

INT, LONG = struct.Struct(">i"), struct.Struct(">q")
NONE = -1
ELEMENT_MIN = 4  # bytes: no element of a vector is shorter

Int = Annotated[int, "int"]
Long = Annotated[int, "long"]

T = TypeVar("T")


class JuteError(DistsysError, ValueError):
    """The bytes are not what they should be; the text says how."""


class NullError(JuteError):
    """A field says that it has no value, and must have one."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} must not be null")
        self.field = field


class Reader:
    """Takes values from the front of `data`, without copying what is behind them.

    >>> reader = Reader(bytes.fromhex("00000007 00000002 6869"))
    >>> reader.take_int(), reader.take_ustring(), reader.left
    (7, 'hi', 0)
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def _step(self, count: int) -> int:
        """Move on by `count` bytes, and return where they begin."""
        at = self._at
        if count > len(self._data) - at:
            raise JuteError(f"{count} bytes are needed, but {self.left} are left")
        self._at = at + count
        return at

    def take_int(self) -> int:
        """Return an int."""
        value: int = INT.unpack_from(self._data, self._step(4))[0]
        return value

    def take_long(self) -> int:
        """Return a long."""
        value: int = LONG.unpack_from(self._data, self._step(8))[0]
        return value

    def take_boolean(self) -> bool:
        """Return a boolean."""
        return self._data[self._step(1)] != 0

    def take_buffer(self) -> bytes | None:
        """Return bytes, or None."""
        length = self.take_int()
        if length == NONE:
            return None
        if length < 0:
            raise JuteError(f"a length must not be negative, but it is {length}")
        at = self._step(length)
        return bytes(self._data[at : at + length])

    def take_ustring(self) -> str | None:
        """Return a text, or None."""
        data = self.take_buffer()
        return None if data is None else data.decode(errors="replace")

    def take_vector(self, take: Callable[[Reader], Any]) -> tuple[Any, ...] | None:
        """Return a tuple whose elements `take` reads, or None. A count below -1 reads as 0, as in Java."""
        count = self.take_int()
        if count == NONE:
            return None
        if count > self.left // ELEMENT_MIN:
            raise JuteError(f"{count} elements are announced, but {self.left} bytes are left")
        return tuple([take(self) for _ in range(count)])


class Writer:
    """Puts values behind each other.

    >>> writer = Writer()
    >>> writer.put_int(7)
    >>> writer.put_ustring("hi")
    >>> writer.put_buffer(None)
    >>> bytes(writer.data).hex(" ", 2)
    '0000 0007 0000 0002 6869 ffff ffff'
    """

    def __init__(self) -> None:
        self.data = bytearray()

    def put_int(self, value: int) -> None:
        """Put an int."""
        self.data += _packed(INT, value)

    def put_long(self, value: int) -> None:
        """Put a long."""
        self.data += _packed(LONG, value)

    def put_boolean(self, value: bool) -> None:
        """Put a boolean."""
        self.data.append(1 if value else 0)

    def put_buffer(self, value: bytes | None) -> None:
        """Put bytes, or that there are none."""
        self.put_int(NONE if value is None else len(value))
        self.data += value or b""

    def put_ustring(self, value: str | None) -> None:
        """Put a text, or that there is none."""
        self.put_buffer(None if value is None else value.encode())

    def put_vector(self, values: tuple[Any, ...] | None, put: Callable[[Writer, Any], None]) -> None:
        """Put a tuple whose elements `put` writes, or that there is none."""
        self.put_int(NONE if values is None else len(values))
        for value in values or ():
            put(self, value)


def _packed(form: struct.Struct, value: int) -> bytes:
    try:
        return form.pack(value)
    except struct.error:
        raise JuteError(f"a number of {8 * form.size} bits is needed, but it is {shown(value)}") from None


# Records: the annotations of a dataclass say how its fields are read and written.


@dataclass(frozen=True)
class Way:
    """How values of one type are read and written."""

    take: Callable[[Reader], Any]
    put: Callable[[Writer, Any], None]


WAYS: dict[Any, Way] = {
    Int: Way(Reader.take_int, Writer.put_int),
    Long: Way(Reader.take_long, Writer.put_long),
    bool: Way(Reader.take_boolean, Writer.put_boolean),
    bytes: Way(Reader.take_buffer, Writer.put_buffer),
    str: Way(Reader.take_ustring, Writer.put_ustring),
}
# A boolean that may be null is the last field of a record that older clients end before it.
TRAILING = Way(
    lambda reader: reader.take_boolean() if reader.left else None,
    lambda writer, value: None if value is None else writer.put_boolean(value),
)


@functools.cache
def way_of(kind: Any) -> Way:
    """Return the way of a type: one of `WAYS`, `tuple[X, ...]`, or a record."""
    if kind in WAYS:
        return WAYS[kind]
    if typing.get_origin(kind) is tuple:
        element = way_of(typing.get_args(kind)[0])

        def take_element(reader: Reader) -> Any:
            value = element.take(reader)
            if value is None:
                raise NullError("an element of a vector")
            return value

        return Way(
            lambda reader: reader.take_vector(take_element),
            lambda writer, values: writer.put_vector(values, element.put),
        )
    return Way(lambda reader: take(reader, kind), put)


@functools.cache
def plan_of(kind: Any) -> tuple[tuple[str, Way, bool], ...]:
    """Return for each field of a record its name, its way, and whether it may be null."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple((field.name, *_planned(hints[field.name])) for field in fields(kind))


def _planned(hint: Any) -> tuple[Way, bool]:
    if not isinstance(hint, types.UnionType) and typing.get_origin(hint) is not typing.Union:
        return way_of(hint), False
    (kind,) = (each for each in typing.get_args(hint) if each is not type(None))
    return (TRAILING if kind is bool else way_of(kind)), True


def take(reader: Reader, kind: type[T]) -> T:
    """Return a record of the class `kind`; a `JuteError` where the bytes are none."""
    values = []
    for name, way, may_be_null in plan_of(cast(Any, kind)):
        value = way.take(reader)
        if value is None and not may_be_null:
            raise NullError(name)
        values.append(value)
    return kind(*values)


def put(writer: Writer, record: Any) -> None:
    """Put a record."""
    for name, way, _ in plan_of(cast(Any, type(record))):
        way.put(writer, getattr(record, name))


def packed(*records: Any) -> bytes:
    """Return the bytes of records, one after the other."""
    writer = Writer()
    for record in records:
        put(writer, record)
    return bytes(writer.data)
