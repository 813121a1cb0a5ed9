"""Which arcs of the ring change owner between two rings: the plan by which a migrator moves keys.

It plans for one copy of each key, that of the owner. The router asks the new ring who owns a key. The
migrator asks the plan what to copy, from whom, to whom. If the two disagree about one hash, its key is
served by a node that never received it. The plan is computed from both token lists: between two
neighbouring tokens of either ring the owner is constant on both, so it is enough to ask each ring at the
end of every such arc. Arcs are `(start, end]`, as everywhere (see `arc`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from ..core.errors import ArgumentError
from .arc import arc_width, in_arc
from .arrays import hash_value
from .keyhash import Key
from .ring import Ring


class Move(NamedTuple):
    """The keys with hashes in (start, end], `width` of them, go from `source` to `target`."""

    start: int
    end: int
    width: int
    source: str
    target: str

    def holds(self, hash: int) -> bool:
        """Return whether a key with this hash is part of the move."""
        return in_arc(self.start, self.end, hash)


class Handover:
    """The moves that turn the placement `before` into `after`, two rings over the same hash.

    >>> ring = Ring(["a", "b"], vnodes=2, bits=8)
    >>> plan = Handover(ring, ring.join("c"))
    >>> [(move.start, move.end, move.source, move.target) for move in plan.moves]
    [(10, 19, 'b', 'c'), (160, 232, 'b', 'c')]
    >>> plan.share
    0.31640625
    >>> plan.move_at(160) is None, plan.move_at(161).target, plan.move_at(232).target
    (True, 'c', 'c')
    """

    def __init__(self, before: Ring, after: Ring) -> None:
        if before.bits != after.bits or before.hash("") != after.hash(""):
            raise ArgumentError(
                f"after must use the hash and the bits of before, but {after!r} has other ones: "
                "then every key may move, and no plan of arcs says where"
            )
        self.before, self.after = before, after
        stretches = self._stretches()
        self._ends = [stretch.end for stretch in stretches]
        self._moves = [None if move.source == move.target else move for move in stretches]

    def _stretches(self) -> list[Move]:
        """Return the circle as few arcs with one owner before and one after each, by their ends."""
        ends = sorted({token for ring in (self.before, self.after) for token, _ in ring.tokens})
        bits, merged = self.before.bits, list[Move]()
        for start, end in zip([*ends[-1:], *ends[:-1]], ends, strict=True):
            source, target = self.before.lookup_hash(end), self.after.lookup_hash(end)
            if merged and (merged[-1].source, merged[-1].target) == (source, target):
                start = merged.pop().start
            merged.append(Move(start, end, arc_width(start, end, bits), source, target))
        return merged

    @property
    def moves(self) -> tuple[Move, ...]:
        """The arcs that change owner, clockwise."""
        return tuple(move for move in self._moves if move is not None)

    @property
    def share(self) -> float:
        """The part of all hashes that changes owner."""
        return sum(move.width for move in self.moves) / (1 << self.before.bits)

    def move_of(self, key: Key) -> Move | None:
        """Return the move that takes `key` along, or None when it stays."""
        return self.move_at(self.before.hash(key))

    def move_at(self, hash: int) -> Move | None:
        """Return the move that takes the keys with this hash along, or None when they stay."""
        place = self._place(hash_value(hash, self.before.bits))
        return self._moves[place % len(self._moves)]

    def _place(self, hash: int) -> int:
        """Return the number of the stretch that holds `hash`: the first whose end is not before it."""
        return bisect_left(self._ends, hash)
