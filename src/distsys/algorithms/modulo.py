"""Placement by the remainder of a division: the thing that fails when the number of nodes changes.

Key k goes to node number hash(k) mod n. The load is even, there is no table, and the lookup is one division.
But the remainder by n and the remainder by n + 1 have nothing to do with each other: of the n(n+1) pairs of
remainders that a hash can have, only n are equal pairs. So a join moves the share 1 - 1/(n + 1) of all keys
where 1/(n + 1) would do: from 10 to 11 nodes 10/11 = 0.909 instead of 0.091. Karger et al. (STOC 1997) start
from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .arrays import hash_array, hash_list, numpy
from .placement import Placement


class Modulo(Placement):
    """hash(key) mod n over the list of members; the order of the list matters.

    >>> placement = Modulo(["a", "b", "c"])
    >>> placement.lookup_hash(7)
    'b'
    >>> placement.join("d").lookup_hash(7)
    'd'
    """

    members_in_order = True

    @property
    def entries(self) -> int:
        """None: the list of names is all."""
        return 0

    def owner_at(self, hash: int) -> str:
        """Return member number hash mod n."""
        if not self._members:
            raise self._nobody()
        return self._members[hash % len(self._members)]

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return hash mod n for each hash."""
        count, np = len(self._members), numpy()
        if not count:
            raise self._nobody()
        if np is None:
            return [hash % count for hash in hash_list(hashes)]
        return (hash_array(hashes) % np.uint64(count)).astype(np.intp)
