"""Which names a znode may have, and what belongs to what.

Source: org.apache.zookeeper.common.PathUtils of ZooKeeper 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator

ROOT = "/"
RESERVED = "/zookeeper"
CONFIG, QUOTA = "/zookeeper/config", "/zookeeper/quota"


def is_valid(path: str) -> bool:
    r"""Return whether a path may name a znode.

    It is absolute and does not end with a slash; no part is empty, "." or ".."; no character is a control character,
    a surrogate, or of a private area. Java counts in units of 16 bits, so what lies beyond them is two surrogates.

    >>> [is_valid(path) for path in ("/", "/a/b", "", "a", "/a/", "//a", "/a/..", "/a..", "/a\x01", "/\U0001f600")]
    [True, True, False, False, False, False, False, True, False, False]
    """
    if path == ROOT:
        return True
    if not path.startswith(ROOT) or any(part in ("", ".", "..") for part in path[1:].split(ROOT)):
        return False
    return not any(map(_is_refused, path))


def _is_refused(character: str) -> bool:
    code = ord(character)
    return code <= 0x1F or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xF8FF or code >= 0xFFF0


def parent_of(path: str) -> str:
    """Return the path of the parent; that of "/a" is "/".

    >>> parent_of("/a/b"), parent_of("/a")
    ('/a', '/')
    """
    return path.rpartition(ROOT)[0] or ROOT


def name_of(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition(ROOT)[2]


def above(path: str) -> Iterator[str]:
    """Yield the paths of the ancestors, from the parent to the root.

    >>> list(above("/a/b/c"))
    ['/a/b', '/a', '/']
    """
    while path != ROOT:
        path = parent_of(path)
        yield path
