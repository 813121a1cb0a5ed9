"""An ordered map as a value: a change makes a new map in logarithmic time, and the old one stays what it was.

etcd keeps its index in a B-tree in memory and its data in a B+tree on disk (bbolt), because both are asked for ranges.
This is a B+tree of records: a leaf holds up to 32 keys with their values, a branch up to 32 subtrees. A change copies
one leaf and the branches above it, three tuples or so, and shares everything else with the map before it. `Map` of the
core, which copies all of its keys at each change, would take a millisecond for ten thousand of them.

Maps are equal where they hold the same, whatever their shape: a member that restarts builds its maps anew. A leaf that
becomes empty goes, and small ones are not joined: a map that shrank is as high as it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from distsys.core.values import FROZEN, must_be_immutable, record, unchecked

WIDTH = 32


@record
class Leaf:
    """Keys in order, and their values."""

    keys: tuple[Any, ...] = ()
    values: tuple[Any, ...] = ()

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    def __hash__(self) -> int:
        return hash(tuple(items(self)))


@record
class Branch:
    """Subtrees in order, the first key of each but the first, and how many keys there are in all."""

    firsts: tuple[Any, ...]
    children: tuple[Leaf | Branch, ...]
    size: int

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    def __hash__(self) -> int:
        return hash(tuple(items(self)))


Tree = Leaf | Branch
EMPTY_TREE = Leaf()
_leaf, _branch = unchecked(Leaf), unchecked(Branch)


def same(one: Tree, other: object) -> bool:
    """Return whether two maps hold the same."""
    if one is other:
        return True
    if not isinstance(other, Leaf | Branch) or size(one) != size(other):
        return False
    return all(left == right for left, right in zip(items(one), items(other), strict=True))


def size(tree: Tree) -> int:
    """Return how many keys there are."""
    return tree.size if isinstance(tree, Branch) else len(tree.keys)


def get(tree: Tree, key: Any, default: Any = None) -> Any:
    """Return the value at `key`, or `default`.

    >>> tree = put(put(EMPTY_TREE, b"b", 2), b"a", 1)
    >>> get(tree, b"a"), get(tree, b"c", 0)
    (1, 0)
    """
    while isinstance(tree, Branch):
        tree = tree.children[bisect_right(tree.firsts, key)]
    place = bisect_left(tree.keys, key)
    if place < len(tree.keys) and tree.keys[place] == key:
        return tree.values[place]
    return default


def put(tree: Tree, key: Any, value: Any) -> Tree:
    """Return a map that is like this one but holds `value` at `key`."""
    for part in (key, value):
        if type(part) not in FROZEN:
            must_be_immutable("a part of an ordered map", part)
    parts = _put(tree, key, value)
    return parts[0] if len(parts) == 1 else _branch((_first(parts[1]),), parts, sum(map(size, parts)))


def _put(tree: Tree, key: Any, value: Any) -> tuple[Tree, ...]:
    """Return what takes the place of a tree: itself changed, or its two halves where it grew too wide."""
    if isinstance(tree, Leaf):
        keys, values = tree.keys, tree.values
        place = bisect_left(keys, key)
        here = place + 1 if place < len(keys) and keys[place] == key else place
        keys, values = (*keys[:place], key, *keys[here:]), (*values[:place], value, *values[here:])
        if len(keys) <= WIDTH:
            return (_leaf(keys, values),)
        cut = WIDTH if place == WIDTH else WIDTH // 2  # keys that come in order leave full leaves behind
        return _leaf(keys[:cut], values[:cut]), _leaf(keys[cut:], values[cut:])
    place = bisect_right(tree.firsts, key)
    parts = _put(tree.children[place], key, value)
    grown = tree.size + sum(map(size, parts)) - size(tree.children[place])
    children = (*tree.children[:place], *parts, *tree.children[place + 1 :])
    if len(parts) == 1:
        return (_branch(tree.firsts, children, grown),)
    firsts = (*tree.firsts[:place], _first(parts[1]), *tree.firsts[place:])
    if len(children) <= WIDTH:
        return (_branch(firsts, children, grown),)
    cut = WIDTH if place == WIDTH - 1 else WIDTH // 2
    left = children[:cut], firsts[: cut - 1]
    right = children[cut:], firsts[cut:]
    lower = sum(map(size, left[0]))
    return _branch(left[1], left[0], lower), _branch(right[1], right[0], grown - lower)


def remove(tree: Tree, key: Any) -> Tree:
    """Return a map without `key`; the same one where the key is absent."""
    if isinstance(tree, Leaf):
        place = bisect_left(tree.keys, key)
        if place == len(tree.keys) or tree.keys[place] != key:
            return tree
        return _leaf(
            (*tree.keys[:place], *tree.keys[place + 1 :]), (*tree.values[:place], *tree.values[place + 1 :])
        )
    place = bisect_right(tree.firsts, key)
    child = remove(tree.children[place], key)
    if child is tree.children[place]:
        return tree
    if size(child):
        children = (*tree.children[:place], child, *tree.children[place + 1 :])
        return _branch(tree.firsts, children, tree.size - 1)
    children = (*tree.children[:place], *tree.children[place + 1 :])
    gone = max(place - 1, 0)
    if len(children) == 1:
        return children[0]
    return _branch((*tree.firsts[:gone], *tree.firsts[gone + 1 :]), children, tree.size - 1)


def _first(tree: Tree) -> Any:
    while isinstance(tree, Branch):
        tree = tree.children[0]
    return tree.keys[0]


def items(tree: Tree, low: Any = None, high: Any = None) -> Iterator[tuple[Any, Any]]:
    """Yield (key, value) in order, from the key `low` on and before the key `high`; None is no bound.

    >>> list(items(built([(1, "a"), (2, "b"), (3, "c")]), 2))
    [(2, 'b'), (3, 'c')]
    """
    if isinstance(tree, Leaf):
        start = 0 if low is None else bisect_left(tree.keys, low)
        end = len(tree.keys) if high is None else bisect_left(tree.keys, high)
        for place in range(start, end):
            yield tree.keys[place], tree.values[place]
        return
    start = 0 if low is None else bisect_right(tree.firsts, low)
    end = len(tree.children) - 1 if high is None else bisect_left(tree.firsts, high)
    for place in range(start, end + 1):
        yield from items(
            tree.children[place], low if place == start else None, high if place == end else None
        )


def last(tree: Tree) -> Any:
    """Return the last key; None where there is none."""
    while isinstance(tree, Branch):
        tree = tree.children[-1]
    return tree.keys[-1] if tree.keys else None


def built(pairs: Iterable[tuple[Any, Any]]) -> Tree:
    """Return the map of these (key, value) pairs, which come in the order of their keys."""
    tree: Tree = EMPTY_TREE
    for key, value in pairs:
        tree = put(tree, key, value)
    return tree
