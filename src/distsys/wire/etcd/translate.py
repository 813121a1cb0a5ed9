"""Messages to records and back, by the table: a record has the name of its message and fields of the same names.

Four things differ, and they are all that this file knows of etcd. A record says `ttl` where the message says `TTL`;
of the header it has only the revision; what may be one of several messages (a part of a transaction) is that message
itself; and a compare has one `value`, which stands in the field that its target names.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .messages import declared, message
from .refusals import EMPTY_OPERATION, RefusedError

COMPARED = ("version", "create_revision", "mod_revision", "value", "lease")  # by the number of the target
UNWRAPPED = {"RequestOp", "ResponseOp", "WatchRequest"}
HEADER = "header_revision"
RENAMED = {"FilterType": "Filter"}  # enumerations of another name than their class


@functools.cache
def snake(name: str) -> str:
    """Return the name of a field as a record has it.

    >>> [snake(name) for name in ("TTL", "grantedTTL", "memberID", "raftAppliedIndex", "prev_kv")]
    ['ttl', 'granted_ttl', 'member_id', 'raft_applied_index', 'prev_kv']
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Translator:
    """Translates by the classes of `words` (name -> class), which are records and enums."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.words = dict(words)

    # From a message.

    def record_of(self, said: Any) -> Any:
        """Return what a message says as a record; a `RefusedError` where it says what no record can."""
        name = said.DESCRIPTOR.name
        if name in UNWRAPPED:
            set_ = said.WhichOneof("one_of")
            if set_ is None:
                raise RefusedError(*EMPTY_OPERATION)
            return self.record_of(getattr(said, set_))
        if name == "LeaseStatus":
            return said.ID
        kind = self.words[name]
        given = {snake(field.name): field for field in declared()[said.DESCRIPTOR.full_name]}
        values = {}
        for field in fields(kind):
            if field.name == HEADER:
                values[HEADER] = said.header.revision
            elif field.name in given:
                values[field.name] = self._value(said, given[field.name])
        if name == "Compare":
            values["value"] = getattr(said, COMPARED[values["target"].value])
        return kind(**values)

    def _value(self, said: Any, field: Any) -> Any:
        value = getattr(said, field.name)
        if field.is_repeated:
            return tuple(self._one(field, each) for each in value)
        if hasattr(value, "DESCRIPTOR") and not said.HasField(field.name):
            return None
        return self._one(field, value)

    def _one(self, field: Any, value: Any) -> Any:
        if hasattr(value, "DESCRIPTOR"):
            return self.record_of(value)
        named = field.kind.rpartition(".")[2]
        kind = self.words.get(RENAMED.get(named, named))
        if kind is None:
            return value
        try:
            return kind(value)
        except ValueError:
            text = "invalid sort option" if "Sort" in field.kind else f"unknown {snake(field.name)} {value}"
            raise RefusedError("INVALID_ARGUMENT", f"etcdserver: {text}") from None

    # To a message.

    def message_of(self, said: Any, package: str = "etcdserverpb") -> Any:
        """Return a record as a message. Of its header the revision is there; whoever answers puts in the rest."""
        name = type(said).__name__
        made = message(name if f"{package}.{name}" in declared() else f"mvccpb.{name}")()
        for field in declared()[made.DESCRIPTOR.full_name]:
            if field.name == "header":
                made.header.revision = said.header_revision
                made.header.SetInParent()
            elif name == "Compare" and field.in_group:
                if field.name == COMPARED[said.target.value]:
                    setattr(made, field.name, said.value)
            elif hasattr(said, snake(field.name)):
                self._put(made, field, getattr(said, snake(field.name)))
        return made

    def _put(self, made: Any, field: Any, value: Any) -> None:
        if field.is_repeated:
            getattr(made, field.name).extend(self._plain(field, each) for each in value)
        elif isinstance(value, enum.Enum):
            setattr(made, field.name, value.value)
        elif field.kind in declared():
            if value is not None:
                getattr(made, field.name).CopyFrom(self.message_of(value))
        elif value is not None:
            setattr(made, field.name, value)

    def _plain(self, field: Any, value: Any) -> Any:
        """Return one of several values as the message takes it."""
        if field.kind.endswith(("RequestOp", "ResponseOp")):
            return self._wrapped(field.kind.rpartition(".")[2], value)
        if field.kind.endswith("LeaseStatus"):
            return message("LeaseStatus")(ID=value)
        if field.kind in declared():
            return self.message_of(value)
        return value.value if isinstance(value, enum.Enum) else value

    def _wrapped(self, wrapper: str, value: Any) -> Any:
        """Return a part of a transaction in the message that says which kind it is."""
        inner = self.message_of(value)
        wanted = inner.DESCRIPTOR.full_name
        slot = next(field.name for field in declared()[f"etcdserverpb.{wrapper}"] if field.kind == wanted)
        made = message(wrapper)()
        getattr(made, slot).CopyFrom(inner)
        return made
