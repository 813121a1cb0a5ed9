"""The files and directories of a cell, as a value (section 2.3).

A file is read and written whole. Each has numbers that only grow, so that a client sees what has changed: the
*instance*, greater than that of any earlier file of the same name; the *content generation*, which grows with each
write; the *lock generation*, which grows when the lock passes from free to held. And a checksum of the contents.

An *ephemeral* file is there as long as somebody has it open. Directories are permanent here.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from distsys.core.values import EMPTY, Map, record

from .locking import Lock

ROOT = "/"


@record
class File:
    """A file, or a directory, which holds no contents."""

    instance: int
    contents: str = ""
    generation: int = 1
    directory: bool = False
    ephemeral: bool = False
    lock: Lock = Lock()


@record
class Stat:
    """What a client is told about a file beside its contents."""

    instance: int
    generation: int
    lock_generation: int
    checksum: int
    directory: bool
    ephemeral: bool


Tree = Map[str, File]  # path -> what is there
START: Tree = EMPTY.set(ROOT, File(0, directory=True))


def is_path(path: object) -> bool:
    """Return whether this is a path within a cell.

    >>> is_path("/wombat/pouch"), is_path("wombat"), is_path("/wombat/"), is_path("/")
    (True, False, False, True)
    """
    return isinstance(path, str) and (path == ROOT or (path[:1] == ROOT and all(path[1:].split(ROOT))))


def parent(path: str) -> str:
    """Return the path of the directory that a path lies in.

    >>> parent("/wombat/pouch"), parent("/wombat")
    ('/wombat', '/')
    """
    return path.rpartition(ROOT)[0] or ROOT


def children(tree: Tree, path: str) -> tuple[str, ...]:
    """Return the paths of what lies in a directory, in order."""
    return tuple(other for other in tree if other != ROOT and parent(other) == path)


def stat(file: File) -> Stat:
    """Return what is told about a file."""
    digest = hashlib.sha256(file.contents.encode()).digest()
    return Stat(
        file.instance,
        file.generation,
        file.lock.generation,
        int.from_bytes(digest[:8], "big"),
        file.directory,
        file.ephemeral,
    )


def objection(tree: Tree, path: str, kind: str) -> str:
    """Return why nothing can be created at a path; nothing where it can."""
    above = tree.get(parent(path))
    if above is None or not above.directory:
        return "there is no such directory"
    return "" if kind in KINDS else "it can be a file, a directory or ephemeral"


KINDS = ("file", "directory", "ephemeral")


def created(tree: Tree, path: str, kind: str, contents: str, index: int) -> Tree:
    """Return the tree with a new file; the entry of the log that makes it gives the instance number."""
    directory = kind == "directory"
    new = File(index, "" if directory else contents, directory=directory, ephemeral=kind == "ephemeral")
    return tree.set(path, new)


def written(tree: Tree, path: str, contents: str) -> Tree:
    """Return the tree after a file was written."""
    file = tree[path]
    return tree.set(path, replace(file, contents=contents, generation=file.generation + 1))


def with_lock(tree: Tree, path: str, lock: Lock) -> Tree:
    """Return the tree with another lock of a file."""
    return tree.set(path, replace(tree[path], lock=lock))
