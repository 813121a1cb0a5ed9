"""The power of two choices: ask two nodes how full they are, and go to the emptier one.

Throw n balls into n bins at random, and the fullest bin has about ln n / ln ln n balls. Let each ball look at
d >= 2 random bins and take the least loaded: now the fullest has ln ln n / ln d + O(1). Azar, Broder, Karlin
and Upfal, "Balanced Allocations" (STOC 1994); Mitzenmacher, "The Power of Two Choices in Randomized Load
Balancing" (IEEE TPDS 2001). Two choices are exponentially better than one; a third helps only by a constant
factor.

The price is that the place of a key depends on the loads when it came. So a lookup must ask all d candidates,
or somebody must remember (`Choices` does); it is a way to balance requests and to place new data, and no
function from key to node. The candidates come from any placement: over `Modulo` they are uniform, as in the
papers; over a `Ring` they survive a join.

Bit for bit. Candidate i of a key (i = 0 .. d - 1) is the owner of nth_hash(hash(key), i). Candidates are
drawn with replacement: they may coincide. The least loaded takes the ball; of equally loaded ones, the first
candidate.
"""

from __future__ import annotations

from ..core.errors import ArgumentError, UnknownNameError, shown, whole_number
from .keyhash import Key, nth_hash
from .placement import NoMembersError, Placement


class Choices:
    """A book of who holds which ball, each put to the least loaded of its `d` candidates.

    >>> from .modulo import Modulo
    >>> book = Choices(Modulo(["a", "b", "c"]), d=2)
    >>> [book.insert(f"ball:{number}") for number in range(6)], book.loads()
    (['a', 'c', 'b', 'b', 'b', 'a'], {'a': 2, 'b': 3, 'c': 1})
    """

    def __init__(self, placement: Placement, d: int = 2) -> None:
        if not placement.members:
            raise NoMembersError("nobody can hold a ball: the placement has no members; join one first")
        self.placement, self.d = placement, whole_number("d", d, at_least=1, at_most=64)
        self._loads = dict.fromkeys(placement.members, 0)
        self._owner: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._owner)

    def candidates(self, key: Key) -> tuple[str, ...]:
        """Return the `d` members that `key` looks at, in order; they may coincide."""
        hash = self.placement.hash(key)
        return tuple(self.placement.owner_at(nth_hash(hash, number)) for number in range(self.d))

    def insert(self, ball: str, key: Key | None = None) -> str:
        """Put a new ball at a candidate of `key` (or of its own name); return the member that takes it."""
        if ball in self._owner:
            raise ArgumentError(f"ball must be new, but {shown(ball)} is held by {self._owner[ball]!r}")
        owner = min(self.candidates(ball if key is None else key), key=self._loads.__getitem__)
        self._loads[owner] += 1
        self._owner[ball] = owner
        return owner

    def delete(self, ball: str) -> None:
        """Take a ball away; no other ball moves."""
        self._loads[self.owner(ball)] -= 1
        del self._owner[ball]

    def owner(self, ball: str) -> str:
        """Return the member that holds `ball`."""
        if ball not in self._owner:
            raise UnknownNameError(f"ball must be one that was inserted, but {shown(ball)} is not here")
        return self._owner[ball]

    def loads(self) -> dict[str, int]:
        """Return the number of balls of each member, in member order."""
        return dict(self._loads)
