"""Canonical JSON: one value, one text, in Python, Java, Go and JavaScript alike.

Keys are sorted by code point, there is no space between tokens, text is UTF-8 without escapes beyond those that JSON
demands, and there are no floats. What JSON lacks is tagged:

    tuple        [a, b]                        bytes      {"$bytes": "00ff"}  (hexadecimal)
    frozenset    {"$set": [sorted by text]}    big int    {"$int": "18446744073709551615"}  (beyond 2**53)
    Map          {"$map": [[key, value], ...]} (in key order)
    Log          {"$log": [before_index, entry, ...]}
    record       {"$": "broadcast.Say", "text": "hello"}
    Enum         {"$": "clocks.Order", "is": "BEFORE"}
    Dice         {"$dice": "e220a8397b1dcdaf"}  (the state, hexadecimal)
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from typing import Any

from .dice import Dice
from .errors import EncodingError, shown
from .log import Log
from .values import RECORDS, Map, tag_of

SAFE = 2**53  # integers up to here survive in a JavaScript number


def plain(value: Any, where: str = "the value") -> Any:
    """Return `value` as JSON types (dict, list, str, int, bool, None); an `EncodingError` where it has none."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise EncodingError(
                    f"{where} holds a text that is not valid Unicode: {shown(value)}"
                ) from None
        return value
    if kind is int:
        return value if -SAFE <= value <= SAFE else {"$int": _digits(value, where)}
    if kind is tuple:
        return [plain(item, where) for item in value]
    if kind is bytes:
        return {"$bytes": value.hex()}
    if kind is frozenset:
        return {"$set": sorted((plain(item, where) for item in value), key=text)}
    if kind is Map:
        return {"$map": [[plain(key, where), plain(item, where)] for key, item in value.items()]}
    if kind is Log:
        return {"$log": [value.before_index, *(plain(item, where) for item in value)]}
    if kind is Dice:
        return {"$dice": f"{value.state:016x}"}
    return _tagged(value, kind, where)


def _digits(value: int, where: str) -> str:
    try:
        return str(value)
    except ValueError:  # Python's own limit, 4300 digits
        raise EncodingError(f"{where} is a number of {value.bit_length()} bits, which is too long") from None


def _tagged(value: Any, kind: type, where: str) -> dict[str, Any]:
    tag = tag_of(kind)
    if RECORDS.get(tag) is not kind:
        if kind is float:
            raise EncodingError(
                f"{where} is a float ({value}): use whole numbers, floats have no canonical form"
            )
        raise EncodingError(
            f"{where} is {shown(value)} of type {kind.__name__}, which has no canonical JSON form: "
            "decorate its class with @record, or use one of the types in core.values"
        )
    if isinstance(value, enum.Enum):
        return {"$": tag, "is": value.name}
    form = {name: plain(getattr(value, name), f"{where}.{name}") for name in value.__match_args__}
    form["$"] = tag
    return form


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def text(form: Any) -> str:
    """Return JSON types as the one canonical text."""
    return _ENCODER.encode(form)


def encode(value: Any) -> str:
    """Return the canonical JSON text of a value.

    >>> encode((1, b"x", frozenset({"b", "a"})))
    '[1,{"$bytes":"78"},{"$set":["a","b"]}]'
    """
    try:
        return text(plain(value))
    except RecursionError:
        raise EncodingError(f"the value is nested too deeply: {type(value).__name__}") from None


def value_of(form: Any) -> Any:
    """Return the value whose `plain` form is `form`; an `EncodingError` where there is none."""
    try:
        return _value_of(form)
    except RecursionError:
        raise EncodingError("the form is nested too deeply") from None


def _value_of(form: Any) -> Any:
    if isinstance(form, list):
        return tuple(_value_of(item) for item in form)
    if isinstance(form, float):
        raise EncodingError(f"a number must be whole, but it is {form}")
    if not isinstance(form, dict):
        return form
    try:
        return _untagged(form)
    except (EncodingError, RecursionError):
        raise
    except Exception as problem:  # any malformed tag: say which, not how Python failed
        raise EncodingError(f"not a canonical form ({problem}): {shown(form)}") from None


def _untagged(form: dict[str, Any]) -> Any:
    if "$" in form:
        kind = RECORDS.get(form["$"])
        if kind is None:
            raise EncodingError(
                f"unknown record {shown(form['$'])}: the module that declares it is not loaded"
            )
        if issubclass(kind, enum.Enum):
            return kind[form["is"]]
        return kind(**{name: _value_of(item) for name, item in form.items() if name != "$"})
    if len(form) != 1:
        raise EncodingError(f"a tagged value has one key that begins with '$', but it is {shown(form)}")
    ((tag, inner),) = form.items()
    match tag:
        case "$int":
            return int(inner)
        case "$bytes":
            return bytes.fromhex(inner)
        case "$set":
            return frozenset(_value_of(item) for item in inner)
        case "$map":
            return Map([(_value_of(key), _value_of(item)) for key, item in inner])
        case "$log":
            return Log([_value_of(item) for item in inner[1:]], before_index=inner[0])
        case "$dice":
            return Dice(int(inner, 16))
    raise EncodingError(f"unknown tag {shown(tag)}")


def _no_twins(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    form = dict(pairs)
    if len(form) != len(pairs):
        raise EncodingError(f"a key stands twice in {shown([key for key, _ in pairs])}")
    return form


def _refuse(number: str) -> Any:
    raise EncodingError(f"a number must be whole, but it is {number}")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_twins, parse_float=_refuse, parse_constant=_refuse)


def parse(line: str) -> Any:
    """Return the JSON types of a text; an `EncodingError` that says what is wrong with it."""
    try:
        return _DECODER.decode(line)
    except EncodingError:
        raise
    except (
        ValueError,
        RecursionError,
    ) as problem:  # ValueError: no JSON, or a number of more than 4300 digits
        raise EncodingError(f"not JSON: {problem}") from None


def decode(line: str) -> Any:
    """Return the value that a canonical JSON text stands for; a text in any other form is refused.

    >>> decode(encode(("a", 2**60)))
    ('a', 1152921504606846976)
    """
    value = value_of(parse(line))
    if encode(value) != line:
        raise EncodingError(f"not in canonical form, which would be {shown(encode(value))}: {shown(line)}")
    return value
