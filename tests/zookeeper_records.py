"""The records of ZooKeeper's protocol, and any value of each."""

import dataclasses
import typing
from pathlib import Path

from hypothesis import strategies as some

from distsys.wire.zookeeper import schema
from distsys.wire.zookeeper.jute import Int, Long

GOLDEN = Path(__file__).resolve().parent / "golden" / "zookeeper"
BY_HAND = {"MultiOperationRecord", "MultiResponse", "Op", "OpResult"}
RECORDS = [
    kind
    for name, kind in vars(schema).items()
    if dataclasses.is_dataclass(kind) and kind.__module__ == schema.__name__ and name not in BY_HAND
]

TEXTS = some.text(some.characters(codec="utf-8"), max_size=20)
PLAIN = {
    Int: some.integers(-(2**31), 2**31 - 1),
    Long: some.integers(-(2**63), 2**63 - 1),
    bool: some.booleans(),
    bytes: some.binary(max_size=40),
    str: TEXTS,
}


def values_of(hint):
    """Return a strategy for the values of a field."""
    if hint in PLAIN:
        return PLAIN[hint]
    inner = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return some.lists(values_of(inner[0]), max_size=4).map(tuple)
    if type(None) in inner:
        (kind,) = (each for each in inner if each is not type(None))
        return some.none() | values_of(kind)
    return records_of(hint)


def records_of(kind):
    """Return a strategy for records of a class."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return some.builds(
        kind, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(kind)}
    )
