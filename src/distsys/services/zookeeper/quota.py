"""Quotas: how many znodes there are below a path, and how many bytes, counted by every server.

Who wants a quota for /a creates /zookeeper/quota/a/zookeeper_limits and beside it zookeeper_stats. From then on the
data of the second one is kept up to date, by no change of its own: it has no new version, and no watch is told. What
exceeds a quota is not refused, as by a real ensemble unless its operator asks for that.

Source: DataTree.updateQuotaStat and StatsTrack of ZooKeeper 3.8.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .. import ordered
from ..ordered import Tree
from . import paths

LIMITS, STATS = "zookeeper_limits", "zookeeper_stats"


def counted(nodes: Tree, path: str, bytes_more: int, count_more: int) -> Tree:
    """Return the znodes after so many bytes and znodes more at a path."""
    for place in (path, *paths.above(path)):
        if place != paths.ROOT and ordered.get(nodes, f"{paths.QUOTA}{place}/{LIMITS}") is not None:
            count, size = stats(nodes, place)
            return told(nodes, place, count + count_more, size + bytes_more)
    return nodes


def stats(nodes: Tree, place: str) -> tuple[int, int]:
    """Return the count and the bytes that stand in the statistics of a place."""
    node = ordered.get(nodes, f"{paths.QUOTA}{place}/{STATS}")
    found = {}
    for part in (node.data or b"").decode("utf-8", "replace").split(",") if node is not None else ():
        name, _, value = part.partition("=")
        if value.lstrip("-").isdigit():
            found[name] = int(value)
    return found.get("count", 0), found.get("bytes", 0)


def told(nodes: Tree, place: str, count: int, size: int) -> Tree:
    """Return the znodes with these statistics of a place, if it has any."""
    path = f"{paths.QUOTA}{place}/{STATS}"
    node = ordered.get(nodes, path)
    if node is None:
        return nodes
    return ordered.put(nodes, path, replace(node, data=f"count={count},bytes={size}".encode()))


def begun(nodes: Tree, path: str) -> Tree:
    """Return the znodes after one was created: where it is that of statistics, all that is there is counted."""
    place = paths.parent_of(path).removeprefix(paths.QUOTA)
    if not path.startswith(paths.QUOTA + "/") or paths.name_of(path) != STATS or not place:
        return nodes
    sizes = [len(node.data or b"") for node in _subtree(nodes, place)]
    return told(nodes, place, len(sizes), sum(sizes))


def _subtree(nodes: Tree, path: str) -> Iterator[Any]:
    node = ordered.get(nodes, path)
    if node is not None:
        yield node
        for _, below in ordered.items(nodes, path + "/", path + "0"):
            yield below
