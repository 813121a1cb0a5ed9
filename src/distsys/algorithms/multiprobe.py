"""Multi-probe consistent hashing: one token a node, several probes a key.

Appleton and O'Reilly, "Multi-probe consistent hashing" (arXiv:1505.00062, 2015). Virtual nodes even out the
load by hashing each node many times, and pay in memory. Here each node has one token, and the key is hashed k
times; the probe that lies closest before a token decides. A long arc gives its probes long ways and so wins
less often. The paper's claim: a peak-to-average load of 1 + e with 1 + 1/e probes, so k = 21 for 1.05; that
is an average over rings, and one small ring may reach 1.2. Memory is n tokens, and a lookup costs k binary searches.

A join moves keys to the new node only: its token can only shorten ways, and a key moves when the way to the
new token is the shortest.

Bit for bit. The token of a member is hash(name + "#0"), as in `Ring` with one virtual node. Probe i is
nth_hash(hash(key), i), i = 0 .. k - 1. The way of a probe is (token - probe) mod 2**64 for the first token at
or after it. The shortest way wins; of equal ones, the first probe.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from ..core.dice import MASK
from ..core.errors import whole_number
from .arrays import hash_array, hash_list, nth_hash_array, numpy
from .keyhash import KeyHash, key_hash, nth_hash
from .placement import Members, Placement
from .ring import Ring


class MultiProbe(Placement):
    """Multi-probe consistent hashing with `probes` hashes a key.

    >>> MultiProbe(["a", "b", "c"], probes=21).lookup("user:42")
    'b'
    """

    def __init__(self, members: Members = (), *, probes: int = 21, hash: KeyHash = key_hash) -> None:
        self._probes = whole_number("probes", probes, at_least=1, at_most=1000)
        super().__init__(members, hash=hash)

    def _prepare(self) -> None:
        super()._prepare()
        pairs = Ring(self._members, vnodes=1, hash=self._hash).tokens
        self._tokens = [token for token, _ in pairs]
        self._owners = [owner for _, owner in pairs]

    @property
    def entries(self) -> int:
        """One token for each member."""
        return len(self._tokens)

    @property
    def probes(self) -> int:
        """Hashes for each key."""
        return self._probes

    def owner_at(self, hash: int) -> str:
        """Return the owner of the token that some probe is closest to."""
        if not self._tokens:
            raise self._nobody()
        shortest, owner = MASK + 1, ""
        for number in range(self._probes):
            probe = nth_hash(hash, number)
            place = bisect_left(self._tokens, probe) % len(self._tokens)
            way = (self._tokens[place] - probe) & MASK
            if way < shortest:
                shortest, owner = way, self._owners[place]
        return owner

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the place in `members` of the owner of each hash."""
        if not self._tokens:
            raise self._nobody()
        np = numpy()
        index = {name: place for place, name in enumerate(self._members)}
        if np is None:
            return [index[self.owner_at(hash)] for hash in hash_list(hashes)]
        tokens = np.array(self._tokens, dtype=np.uint64)
        owners = np.array([index[owner] for owner in self._owners], dtype=np.intp)
        base = hash_array(hashes)
        found, shortest = owners[np.zeros(len(base), dtype=np.intp)], None
        for number in range(self._probes):
            probe = nth_hash_array(base, number)
            place = np.searchsorted(tokens, probe, side="left") % len(tokens)
            way = tokens[place] - probe
            nearer = np.ones(len(base), dtype=bool) if shortest is None else way < shortest
            shortest = way if shortest is None else np.where(nearer, way, shortest)
            found = np.where(nearer, owners[place], found)
        return found

    def _options(self) -> tuple[Any, ...]:
        return (self._hash, self._probes)
