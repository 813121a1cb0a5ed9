"""The classes of etcd's messages, made from the table in `schema` when they are first asked for.

They live in a pool of their own, so a program may use a client that brings etcd's own classes at the same time.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from distsys.core.errors import DistsysError

from .schema import CALLS, ENUMS, MESSAGES

REPEATED, OPTIONAL = 3, 1  # FieldDescriptorProto.Label
TYPES = {
    "int64": 3,
    "uint64": 4,
    "bool": 8,
    "string": 9,
    "message": 11,
    "bytes": 12,
    "uint32": 13,
    "enum": 14,
}


class MissingPackageError(DistsysError):
    """A package is missing that real clients are served with; the text says how to install it."""


def needed(name: str) -> Any:
    """Return a module of grpcio or protobuf."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingPackageError(
            'etcd\'s real clients are served with grpcio and protobuf: pip install "distsys[serve]"'
        ) from None


@dataclass(frozen=True)
class Field:
    """A field as the table declares it; `kind` is a plain type, or the full name of a message or an enum."""

    name: str
    number: int
    kind: str
    is_repeated: bool
    in_group: bool


@dataclass(frozen=True)
class CallShape:
    """A call: the full names of its messages, who streams, and its path in the gateway."""

    service: str
    name: str
    request: str
    response: str
    requests_stream: bool
    responses_stream: bool
    path: str

    @property
    def full_name(self) -> str:
        """What stands in the path of a gRPC request."""
        return f"{self.service}/{self.name}"


def qualified(package: str, kind: str) -> str:
    """Return the full name of a type that a field of `package` names.

    >>> qualified("mvccpb", "KeyValue"), qualified("etcdserverpb", "mvccpb.KeyValue"), qualified("mvccpb", "bytes")
    ('mvccpb.KeyValue', 'mvccpb.KeyValue', 'bytes')
    """
    if kind in TYPES or kind.split(".")[0] in MESSAGES:
        return kind
    return f"{package}.{kind}"


@functools.cache
def declared() -> dict[str, tuple[Field, ...]]:
    """Return message -> its fields."""
    found: dict[str, tuple[Field, ...]] = {}
    for package, table in MESSAGES.items():
        for line in table.strip().splitlines():
            name, _, fields = line.partition(":")
            found[f"{package}.{name}"] = tuple(_fields(package, fields))
    return found


def _fields(package: str, fields: str) -> Iterator[Field]:
    for field in filter(None, map(str.strip, fields.split(","))):
        kind, name, _, number = field.split()
        yield Field(name, int(number), qualified(package, kind.lstrip("*?")), kind[0] == "*", kind[0] == "?")


@functools.cache
def calls() -> dict[str, CallShape]:
    """Return full name of a call -> its shape.

    >>> calls()["etcdserverpb.KV/Range"].path
    '/v3/kv/range'
    """
    shapes = (_call(*line.split()) for line in CALLS.strip().splitlines())
    return {shape.full_name: shape for shape in shapes}


def _call(full_name: str, request: str, response: str, path: str) -> CallShape:
    service, name = full_name.rstrip(":").split("/")
    package = service.split(".")[0]
    asked, answered = (qualified(package, kind.removeprefix("stream:")) for kind in (request, response))
    streams = request.startswith("stream:"), response.startswith("stream:")
    return CallShape(service, name, asked, answered, *streams, path)


@functools.cache
def pool() -> Any:
    """Return the pool of descriptors of all messages."""
    descriptors = needed("google.protobuf.descriptor_pool").DescriptorPool()
    for package in MESSAGES:
        file = needed("google.protobuf.descriptor_pb2").FileDescriptorProto(
            name=f"{package}.proto", package=package, syntax="proto3",
            dependency=[f"{before}.proto" for before in list(MESSAGES)[: list(MESSAGES).index(package)]],
        )  # fmt: skip
        for full_name, fields in declared().items():
            if full_name.startswith(f"{package}."):
                _declare(file.message_type.add(name=full_name.partition(".")[2]), full_name, fields)
        for enum in ENUMS:
            if enum.startswith(f"{package}.") and enum.count(".") == 1:
                _declare_enum(file.enum_type.add(), enum)
        descriptors.AddSerializedFile(file.SerializeToString())
    return descriptors


def _declare(message: Any, full_name: str, fields: tuple[Field, ...]) -> None:
    """Put a message into a file."""
    for enum in ENUMS:
        if enum.rpartition(".")[0] == full_name:
            _declare_enum(message.enum_type.add(), enum)
    if any(field.in_group for field in fields):
        message.oneof_decl.add(name="one_of")
    for field in fields:
        made = message.field.add(name=field.name, number=field.number)
        made.label = REPEATED if field.is_repeated else OPTIONAL
        if field.kind in TYPES:
            made.type = TYPES[field.kind]
        else:
            made.type = TYPES["enum" if field.kind in ENUMS else "message"]
            made.type_name = f".{field.kind}"
        if field.in_group:
            made.oneof_index = 0


def _declare_enum(enum: Any, full_name: str) -> None:
    enum.name = full_name.rpartition(".")[2]
    for number, name in enumerate(ENUMS[full_name].split()):
        enum.value.add(name=name, number=number)


@functools.cache
def message(full_name: str) -> Any:
    """Return the class of a message; one without the name of a package is etcdserverpb's."""
    descriptor = pool().FindMessageTypeByName(qualified("etcdserverpb", full_name))
    return needed("google.protobuf.message_factory").GetMessageClass(descriptor)
