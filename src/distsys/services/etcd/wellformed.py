"""Whether a request is made of what its fields say: bytes where bytes are due, numbers that fit into 64 bits.

What comes from a real client has been through protocol buffers and cannot be otherwise. What stands in a log may come
from anywhere, and the applier must not stumble over it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from . import api
from .api import Compare, CompareTarget, DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest

KINDS: dict[str, tuple[type, ...]] = {"bytes": (bytes,), "int": (int,), "bool": (bool,), "tuple": (tuple,)}
INT64 = 2**63
NESTED = (RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest)


def is_well_formed(request: Any) -> bool:
    """Return whether each field of a request holds what it is for.

    >>> is_well_formed(PutRequest(b"k", b"v")), is_well_formed(PutRequest(b"k", 5))
    (True, False)
    """
    if not dataclasses.is_dataclass(request) or getattr(api, type(request).__name__, None) is not type(
        request
    ):
        return False
    match request:
        case Compare(target=target, value=value):
            if isinstance(value, bytes) != (target is CompareTarget.VALUE):
                return False
        case TxnRequest(compare, success, failure):
            if not all(isinstance(part, tuple) for part in (compare, success, failure)):
                return False
            inner = (*success, *failure)
            if not all(isinstance(asked, Compare) for asked in compare) or not all(
                isinstance(asked, NESTED) for asked in inner
            ):
                return False
            return all(map(is_well_formed, (*compare, *inner)))
    return all(_fits(str(field.type), getattr(request, field.name)) for field in dataclasses.fields(request))


def _fits(declared: str, value: Any) -> bool:
    """Return whether a value is of the type that a field declares."""
    if isinstance(value, int) and not isinstance(value, bool) and not -INT64 <= value < 2 * INT64:
        return False
    for part in declared.split(" | "):
        name = part.partition("[")[0]
        kinds = KINDS.get(name) or (getattr(api, name, None),)
        if isinstance(value, tuple(kind for kind in kinds if kind)) and (
            name == "bool" or not isinstance(value, bool)
        ):
            return True
    return False
