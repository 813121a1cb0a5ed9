"""Consistent hashing with bounded loads: no node holds more than c times the average.

Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (SODA 2018, arXiv:1608.01350).
With m balls (keys, or requests) on n nodes and a factor c > 1, each node takes at most ceil(c m / n); a ball
that finds its node full goes on clockwise to the first node that has room. A smaller c is more even and
forwards more.

Where a ball lies then depends on who came first, and a router that starts later would disagree. So we rank
the balls, and in a full node the lower rank gives way. The rank is (hash of the ball's key, the ball's
bytes). All nodes rank alike, so there is exactly one placement in which no ball could sit at an earlier node
of its walk in place of nobody or of a ball of lower rank: the one that `assign` finds by seating the balls in
the order of their ranks. `BoundedLoads` reaches the same placement ball by ball, by chains of moves,
whatever the order of inserts and deletes. The chains are short, except where ceil(c m/n) steps to the next number:
then every node has room for one more at once, and in a test with 50 nodes a twentieth of the balls moved. An insert
looks at every node, so it costs O(n).

A ball is a name. It stands where its key stands; many balls may have one key (the requests for a hot key).
With weights, node i takes at most ceil(c m w_i / W), W their sum. The factor is a fraction: "5/4", 2, or a
float, which is read as it is printed (1.1 is 11/10).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from ..core.errors import ArgumentError, ArgumentTypeError, UnknownNameError, shown
from .keyhash import Key, key_bytes
from .placement import NoMembersError
from .ring import Ring

Rank = tuple[int, bytes]


def load_factor(value: object) -> Fraction:
    """Return the factor c as an exact fraction greater than 1.

    >>> load_factor(1.1), load_factor("5/4")
    (Fraction(11, 10), Fraction(5, 4))
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        raise ArgumentTypeError(
            f'factor must be a number above 1, such as 1.25 or "5/4", but it is {shown(value)} '
            f"of type {type(value).__name__}"
        )
    try:
        factor = Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError):
        factor = Fraction(0)
    if factor <= 1:
        raise ArgumentError(
            f'factor must be a number above 1, such as 1.25 or "5/4", but it is {shown(value)}; '
            "at 1 every node would be full"
        )
    return factor


def capacities(ring: Ring, balls: int, factor: Fraction) -> dict[str, int]:
    """Return how many of `balls` balls each member may hold: ceil(factor * balls * weight / sum of weights).

    >>> capacities(Ring(["a", "b", "c"]), 10, Fraction(5, 4))
    {'a': 5, 'b': 5, 'c': 5}
    """
    total = sum(ring.weights.values())
    return {
        name: -(-factor.numerator * balls * weight // (factor.denominator * total))
        for name, weight in ring.weights.items()
    }


def assign(ring: Ring, balls: Iterable[str] | Mapping[str, Key], factor: object) -> dict[str, str]:
    """Return ball -> member by the definition: in the order of their ranks, each to the first node with room.

    `balls` are names that are their own keys, or a dict from name to key.
    """
    _must_be_usable(ring)
    keys: dict[str, Key] = dict(balls) if isinstance(balls, Mapping) else {ball: ball for ball in balls}
    room = capacities(ring, len(keys), load_factor(factor)) if keys else {}
    placed: dict[str, str] = {}
    for hash, _, ball in sorted((ring.hash(key), key_bytes(ball), ball) for ball, key in keys.items()):
        owner = next(name for name in ring.walk_at(hash) if room[name])
        room[owner] -= 1
        placed[ball] = owner
    return {ball: placed[ball] for ball in keys}


def _must_be_usable(ring: Ring) -> None:
    """Raise an error unless the ring has members, and every walk meets all of them."""
    if not ring.members:
        raise NoMembersError(f"nobody can hold a ball: {ring!r} has no members; join one first")
    bare = set(ring.members) - {owner for _, owner in ring.tokens}
    if bare:
        raise ArgumentError(
            f"ring must have a token for each member, but {min(bare)!r} has none; use more bits"
        )


class _Seat:
    """One ball: its rank, the members it has met on its walk, and which of them holds it (`at`)."""

    __slots__ = ("at", "met", "rank", "walk")

    def __init__(self, rank: Rank, walk: Iterator[str]) -> None:
        self.rank, self.walk, self.at = rank, walk, -1
        self.met: list[str] = []

    def step(self) -> str:
        """Go on to the next member of the walk and return it."""
        self.at += 1
        if self.at == len(self.met):
            following = next(self.walk, None)
            assert following is not None, (
                "a ball was refused by every member, though their room is enough for all"
            )
            self.met.append(following)
        return self.met[self.at]


class BoundedLoads:
    """A book of who holds which ball, on a ring; `insert` and `delete` change it.

    >>> book = BoundedLoads(Ring(["a", "b", "c"]), factor="5/4")
    >>> for number in range(12):
    ...     owner = book.insert(f"request:{number}", key="hot")
    >>> book.loads(), book.capacity
    ({'a': 5, 'b': 2, 'c': 5}, {'a': 5, 'b': 5, 'c': 5})
    """

    def __init__(self, ring: Ring, factor: object = "5/4") -> None:
        _must_be_usable(ring)
        self.ring, self.factor = ring, load_factor(factor)
        self.moved_last = 0  # how many other balls the last insert or delete moved
        self._seats: dict[str, _Seat] = {}
        self._names: dict[Rank, str] = {}
        self._held: dict[str, list[Rank]] = {name: [] for name in ring.members}  # sorted, best rank first
        self._passed: dict[str, list[Rank]] = {name: [] for name in ring.members}  # was refused here, sorted
        self.capacity = capacities(ring, 0, self.factor)
        self._moved: dict[Rank, int] = {}  # during one call: where each moved ball was

    def __len__(self) -> int:
        return len(self._seats)

    def loads(self) -> dict[str, int]:
        """Return the number of balls of each member, in member order."""
        return {name: len(held) for name, held in self._held.items()}

    def owner(self, ball: str) -> str:
        """Return the member that holds `ball`."""
        seat = self._seat(ball)
        return seat.met[seat.at]

    def owners(self) -> dict[str, str]:
        """Return ball -> member for all balls, in the order of their inserts."""
        return {ball: self.owner(ball) for ball in self._seats}

    def insert(self, ball: str, key: Key | None = None) -> str:
        """Add a ball that stands where `key` (or its own name) hashes to; return the member that holds it."""
        if ball in self._seats:
            raise ArgumentError(
                f"ball must be new, but {shown(ball)} is held by {self.owner(ball)!r}; delete it first"
            )
        hash = self.ring.hash(ball if key is None else key)
        seat = _Seat((hash, key_bytes(ball)), self.ring.walk_at(hash))
        self._moved = {}
        self.capacity = capacities(self.ring, len(self._seats) + 1, self.factor)
        for name in self.ring.members:
            self._fill(name)  # more room for all: balls that were refused come back before the new one asks
        self._seats[ball], self._names[seat.rank] = seat, ball
        self._place(seat)
        self._moved.pop(seat.rank, None)  # the new ball is not one that moved, however often it was refused
        self.moved_last = self._count_moved()
        return self.owner(ball)

    def delete(self, ball: str) -> None:
        """Take a ball away; a ball that was refused in its place comes back, and so on along the chain."""
        seat = self._seat(ball)
        self._moved = {}
        name = self._leave(seat)
        del self._seats[ball], self._names[seat.rank]
        self._fill(name)  # while the room is still as it was: nobody may take the place past a better rank
        self.capacity = capacities(self.ring, len(self._seats), self.factor)
        for name in self.ring.members:
            while len(self._held[name]) > self.capacity[name]:
                self._place(self._refuse(name))
        self.moved_last = self._count_moved()

    def _seat(self, ball: str) -> _Seat:
        if ball not in self._seats:
            raise UnknownNameError(f"ball must be one that was inserted, but {shown(ball)} is not here")
        return self._seats[ball]

    def _place(self, seat: _Seat | None) -> None:
        """Let `seat` ask member after member; who is pushed out by a better rank asks on in its turn."""
        while seat is not None:
            name = seat.step()
            insort(self._held[name], seat.rank)
            seat = self._refuse(name) if len(self._held[name]) > self.capacity[name] else None

    def _refuse(self, name: str) -> _Seat:
        """Take the ball of the lowest rank out of a member that holds too many."""
        rank = self._held[name].pop()
        insort(self._passed[name], rank)
        seat = self._seats[self._names[rank]]
        self._moved.setdefault(rank, seat.at)
        return seat

    def _fill(self, name: str) -> None:
        """Give free room to the best of those refused here before; then fill the place that one left."""
        open_at = [name]
        while open_at:
            name = open_at[-1]
            if not self._passed[name] or len(self._held[name]) >= self.capacity[name]:
                open_at.pop()
                continue
            seat = self._seats[self._names[self._passed[name][0]]]
            self._moved.setdefault(seat.rank, seat.at)
            open_at.append(self._leave(seat))
            seat.at = seat.met.index(name)
            for passed in seat.met[: seat.at]:
                insort(self._passed[passed], seat.rank)
            insort(self._held[name], seat.rank)

    def _leave(self, seat: _Seat) -> str:
        """Strike a ball off every list it stands on; return the member that held it."""
        name = seat.met[seat.at]
        for listed in (self._held[name], *(self._passed[other] for other in seat.met[: seat.at])):
            del listed[bisect_left(listed, seat.rank)]
        return name

    def _count_moved(self) -> int:
        return sum(self._seats[self._names[rank]].at != at for rank, at in self._moved.items())
