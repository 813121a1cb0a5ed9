"""Text inside markup: whatever it holds, it stays text."""

from __future__ import annotations

from html import escape


def escaped(value: str) -> str:
    r"""Return a text as the content of an element or attribute, without what neither XML nor a terminal can bear.

    >>> escaped("a < b, \x1b[31m")
    'a &lt; b, ?[31m'
    """
    whole = value.encode("utf-8", "replace").decode()
    return escape("".join(c if _is_allowed(c) else "?" for c in whole))


def _is_allowed(c: str) -> bool:
    return c in "\t\n" or (c >= " " and c not in "\x7f\ufffe\uffff")
