"""A relation over calls as a graph whose edges carry their reasons: what is reachable, by which path, which cycle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise

from .history import Call


class UsedUpError(Exception):
    """The steps are used up."""


class Budget:
    """Counts steps, and stops whoever takes more than `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0

    def spend(self, steps: int) -> None:
        """Take steps."""
        if self.used + steps > self.most:
            self.used = self.most
            raise UsedUpError
        self.used += steps


class Relation:
    """Edges between the numbers 0 to n - 1, each with the reason for it; the first reason stays."""

    def __init__(self, size: int) -> None:
        self._edges: list[dict[int, str]] = [{} for _ in range(size)]

    def add(self, before: int, after: int, reason: str) -> None:
        """Say that `before` comes before `after`, and why."""
        self._edges[before].setdefault(after, reason)

    def copy(self) -> Relation:
        """Return a relation of its own with the same edges."""
        new = Relation(0)
        new._edges = [dict(edges) for edges in self._edges]
        return new

    def keep_only(self, kept: Sequence[int]) -> None:
        """Take away every edge that touches a number outside `kept`."""
        inside = set(kept)
        for index, edges in enumerate(self._edges):
            self._edges[index] = {k: v for k, v in edges.items() if k in inside} if index in inside else {}

    def reach(self, budget: Budget) -> list[int]:
        """Return for each number the bits of those that a path leads to; itself only where it is in a cycle.

        Each row of bits that is joined to another is a step: one for each edge where there is no cycle, else as many
        as in the algorithm of Warshall 1962.
        """
        rows = [sum(1 << other for other in edges) for edges in self._edges]
        order = self.order()
        if len(order) == len(rows):
            for index in reversed(order):
                budget.spend(len(self._edges[index]))
                for other in self._edges[index]:
                    rows[index] |= rows[other]
            return rows
        for middle in range(len(rows)):
            row = rows[middle]
            for index, other in enumerate(rows):
                if other >> middle & 1:
                    budget.spend(1)
                    rows[index] = other | row
        return rows

    def path(self, first: int, last: int) -> list[int]:
        """Return a shortest path of at least one edge, both ends included; the edges must hold one."""
        come_from: dict[int, int] = {}
        queue = deque([first])
        while queue:
            here = queue.popleft()
            for there in self._edges[here]:
                if there in come_from:
                    continue
                come_from[there] = here
                if there == last:
                    path = [last, here]
                    while path[-1] != first:
                        path.append(come_from[path[-1]])
                    return path[::-1]
                queue.append(there)
        raise AssertionError(f"no path from {first} to {last}")

    def shortest_cycle(self, reach: Sequence[int]) -> list[int] | None:
        """Return a shortest cycle as a path that ends where it begins, or None; `reach` is that of this relation."""
        cycles = [self.path(i, i) for i, row in enumerate(reach) if row >> i & 1]
        return min(cycles, key=len, default=None)

    def told(self, path: Sequence[int], calls: Sequence[Call]) -> list[str]:
        """Return a sentence for each edge of a path."""
        return [
            f"  {calls[one]} comes before {calls[two]}: {self._edges[one][two]}."
            for one, two in pairwise(path)
        ]

    def order(self) -> list[int]:
        """Return the numbers in an order that keeps all edges; those that are in or after a cycle are left out."""
        waiting = [0] * len(self._edges)
        for edges in self._edges:
            for other in edges:
                waiting[other] += 1
        ready = [index for index, count in enumerate(waiting) if not count]
        result = []
        while ready:
            index = heappop(ready)
            result.append(index)
            for other in self._edges[index]:
                waiting[other] -= 1
                if not waiting[other]:
                    heappush(ready, other)
        return result


def turned(rows: Sequence[int]) -> list[int]:
    """Return the rows of bits of the relation turned round: what leads to each number.

    >>> turned([0b110, 0b100, 0])
    [0, 1, 3]
    """
    columns = [0] * len(rows)
    for index, row in enumerate(rows):
        for other in bits(row):
            columns[other] |= 1 << index
    return columns


def bits(row: int) -> Iterator[int]:
    """Yield the places of the ones in a row of bits, from the lowest.

    >>> list(bits(0b1010))
    [1, 3]
    """
    while row:
        low = row & -row
        yield low.bit_length() - 1
        row ^= low
