"""The errors of the package: one base class, each says what was wrong and what would be right.

A learner who passes a bad argument reads one sentence, never a bare traceback from deep inside:
the sentence names the argument, shows the value, and says what would be accepted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class DistsysError(Exception):
    """The base of every error that this package raises on purpose."""


class ArgumentError(DistsysError, ValueError):
    """An argument has the right type and a value that cannot be used."""


class ArgumentTypeError(DistsysError, TypeError):
    """An argument has the wrong type."""


class MutableValueError(ArgumentTypeError):
    """A value that can change was put where only immutable values may stand."""


class EncodingError(DistsysError, ValueError):
    """A value has no canonical JSON form, or a text is not in that form."""


class TraceError(DistsysError, ValueError):
    """A trace is not one of ours, is cut short, or breaks the rules of its format."""


class ReplayError(DistsysError):
    """A trace was replayed, and the nodes did something else than the trace says."""


class UnknownNameError(ArgumentError, LookupError):
    """A name (of a system, a node, a mutant) that nobody has declared."""

    def __str__(self) -> str:  # LookupError subclasses would otherwise quote the whole sentence
        return str(self.args[0]) if self.args else ""


def shown(value: object, most: int = 60) -> str:
    """Return `value` as a short text for an error message.

    >>> shown("a" * 100, most=10)
    "'aaaaaa..."
    """
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."


LONGEST = 2**53  # microseconds, 285 years: more than any run, and an exact number in every language


def whole_number(argument: str, value: object, *, at_least: int = 0, at_most: int | None = None) -> int:
    """Return `value` if it is an int in the range, else raise an error that names `argument`.

    >>> whole_number("nodes", 3, at_least=1)
    3
    >>> whole_number("nodes", 0, at_least=1)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: nodes must be at least 1, but it is 0
    """
    if isinstance(value, bool) or not isinstance(value, int):
        hint = " (times are whole microseconds: write 5 * MS, not 0.005)" if isinstance(value, float) else ""
        raise ArgumentTypeError(
            f"{argument} must be a whole number (int), but it is {shown(value)} "
            f"of type {type(value).__name__}{hint}"
        )
    if value < at_least:
        raise ArgumentError(f"{argument} must be at least {at_least}, but it is {value}")
    if at_most is not None and value > at_most:
        raise ArgumentError(f"{argument} must be at most {at_most}, but it is {value}")
    return value


def duration(argument: str, value: object, *, at_least: int = 0) -> int:
    """Return `value` if it is a time or a duration in whole microseconds, else raise an error."""
    return whole_number(argument, value, at_least=at_least, at_most=LONGEST)


def probability(argument: str, value: object) -> float:
    """Return `value` as a float if it lies in [0, 1], else raise an error that names `argument`.

    >>> probability("loss", 0.25)
    0.25
    >>> probability("loss", 1.5)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: loss must be a probability between 0 and 1, but it is 1.5
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(
            f"{argument} must be a probability between 0 and 1, "
            f"but it is {shown(value)} of type {type(value).__name__}"
        )
    if not 0 <= value <= 1:  # also false for NaN
        raise ArgumentError(f"{argument} must be a probability between 0 and 1, but it is {value}")
    return float(value)


def yes_or_no(argument: str, value: object) -> bool:
    """Return `value` if it is True or False, else raise an error that names `argument`."""
    if not isinstance(value, bool):
        raise ArgumentTypeError(f"{argument} must be True or False, but it is {shown(value)}")
    return value


def instance(argument: str, value: object, kind: type[T]) -> T:
    """Return `value` if it is of that class, else raise an error that names `argument`.

    >>> instance("text", 3, str)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentTypeError: text must be a str, but it is 3 of type int
    """
    if not isinstance(value, kind):
        raise ArgumentTypeError(
            f"{argument} must be a {kind.__name__}, but it is {shown(value)} of type {type(value).__name__}"
        )
    return value


def callback(argument: str, value: Any) -> Callable[..., Any]:
    """Return `value` if it can be called, else raise an error that names `argument`."""
    if not callable(value):
        raise ArgumentTypeError(
            f"{argument} must be a function, but it is {shown(value)} of type {type(value).__name__}"
        )
    called: Callable[..., Any] = value
    return called


def several(argument: str, value: Any, what: str) -> Iterable[Any]:
    """Return `value` if it can be iterated and is no text, else raise an error that says `what` it must hold.

    >>> several("seeds", 5, "whole numbers, such as range(300)")
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentTypeError: seeds must hold whole numbers, such as range(300), but it is 5 of type int
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ArgumentTypeError(
            f"{argument} must hold {what}, but it is {shown(value)} of type {type(value).__name__}"
        )
    return value


def file_path(argument: str, value: Any) -> Path:
    """Return `value` as the path of a file, else raise an error that names `argument`."""
    if not isinstance(value, (str, os.PathLike)):
        raise ArgumentTypeError(
            f"{argument} must be the path of a file, but it is {shown(value)} of type {type(value).__name__}"
        )
    return Path(value)


def name_text(argument: str, value: object) -> str:
    """Return `value` if it is a usable name: a non-empty str without control characters, '/' or '>'."""
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"{argument} must be a name (str), but it is {shown(value)} of type {type(value).__name__}"
        )
    if not value or any(ord(c) < 32 or c in "/>" for c in value):
        raise ArgumentError(
            f"{argument} must be a name of at least one character, without '/', '>' or control "
            f"characters, but it is {shown(value)}"
        )
    return value
