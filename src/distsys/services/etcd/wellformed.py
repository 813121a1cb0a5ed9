"""Whether a request is made of what its fields say: bytes where bytes are due, numbers that fit into 64 bits.

What comes from a real client has been through protocol buffers and cannot be otherwise. What stands in a log may come
from anywhere, and the applier must not stumble over it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from . import api, maintenance
from .api import Compare, CompareTarget, DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest

INT64, UINT64 = 2**63, 2**64
NESTED = (RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest)
WORDS: dict[str, type] = {
    name: kind
    for room in (api, maintenance)
    for name, kind in vars(room).items()
    if isinstance(kind, type) and kind.__module__ == room.__name__
}
PLAIN: dict[str, type] = {"bytes": bytes, "int": int, "bool": bool, "tuple": tuple, "None": type(None)}


def _kinds(declared: str) -> frozenset[type]:
    """Return the classes that a field of this declared type may hold."""
    names = (part.partition("[")[0] for part in declared.split(" | "))
    return frozenset(PLAIN.get(name) or WORDS.get(name, object) for name in names)


SHAPES: dict[type, tuple[tuple[str, frozenset[type]], ...]] = {
    kind: tuple((field.name, _kinds(str(field.type))) for field in dataclasses.fields(kind))
    for kind in WORDS.values()
    if dataclasses.is_dataclass(kind)
}


def is_well_formed(request: Any) -> bool:
    """Return whether each field of a request holds what it is for.

    >>> is_well_formed(PutRequest(b"k", b"v")), is_well_formed(PutRequest(b"k", 5))
    (True, False)
    """
    kind = type(request)
    if kind not in SHAPES:
        return False
    for name, kinds in SHAPES[kind]:
        value = getattr(request, name)
        if type(value) not in kinds or (type(value) is int and not -INT64 <= value < UINT64):
            return False
    if kind is Compare:
        return (type(request.value) is bytes) == (request.target is CompareTarget.VALUE)
    if kind is TxnRequest:
        kinds_right = all(type(asked) is Compare for asked in request.compare) and all(
            type(asked) in NESTED for asked in (*request.success, *request.failure)
        )
        return kinds_right and all(
            map(is_well_formed, (*request.compare, *request.success, *request.failure))
        )
    return True
