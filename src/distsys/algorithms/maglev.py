"""Maglev hashing: a lookup table that the nodes fill in turns, for the fastest lookup and the most even load.

Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4. The
table has M slots, M prime. Each node has its own order of all slots, offset, offset + skip, offset + 2 skip,
... modulo M, which visits each slot once because M is prime. The nodes take turns; at its turn a node takes
the first slot in its order that is still free. So after all turns the numbers of slots of two nodes differ by
at most one. A lookup is one remainder and one read.

The price is that minimal movement is lost: when a node joins, a few slots change hands between old nodes as
well, because every turn after the first change may find other slots free. A larger table makes this rarer;
the paper asks for M > 100 n, and uses 65,537 and 655,373.

Bit for bit. offset = hash(name + "#offset") mod M, skip = hash(name + "#skip") mod (M - 1) + 1. The nodes
take turns in the order of their names (UTF-8 bytes). The slot of a key is hash(key) mod M.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.errors import ArgumentError, whole_number
from .arrays import hash_array, hash_list, numpy
from .keyhash import KeyHash, key_hash
from .placement import Members, Placement

SMALL_TABLE = 65_537
LARGE_TABLE = 655_373


def is_prime(number: int) -> bool:
    """Return whether `number` is prime, by trial division.

    >>> [number for number in range(20) if is_prime(number)]
    [2, 3, 5, 7, 11, 13, 17, 19]
    """
    if number < 4:
        return number > 1
    return number % 2 > 0 and all(number % odd for odd in range(3, int(number**0.5) + 2, 2))


def fill_table(orders: list[tuple[int, int]], size: int) -> list[int]:
    """Return the `size` slots, each the number of the node that took it, from each node's (offset, skip).

    The example has 3 nodes and 7 slots, small enough to do by hand:

    >>> fill_table([(3, 4), (0, 2), (3, 1)], 7)
    [1, 0, 1, 0, 2, 2, 0]
    """
    table = [-1] * size
    at = [offset for offset, _ in orders]
    free = size
    while True:
        for node, (_, skip) in enumerate(orders):
            slot = at[node]
            while table[slot] >= 0:
                slot = (slot + skip) % size
            table[slot] = node
            at[node] = (slot + skip) % size
            free -= 1
            if not free:
                return table


class Maglev(Placement):
    """A Maglev table of `table_size` slots, a prime.

    >>> maglev = Maglev(["a", "b", "c"], table_size=251)
    >>> maglev.lookup("user:42"), maglev.slots()
    ('b', {'a': 84, 'b': 84, 'c': 83})
    """

    def __init__(
        self, members: Members = (), *, table_size: int = SMALL_TABLE, hash: KeyHash = key_hash
    ) -> None:
        whole_number("table_size", table_size, at_least=2, at_most=5_000_011)
        if not is_prime(table_size):
            raise ArgumentError(
                f"table_size must be a prime number, such as 251, 65537 or 655373, but it is {table_size}: "
                "otherwise a node's order may leave slots out"
            )
        self._size = table_size
        super().__init__(members, hash=hash)

    def _prepare(self) -> None:
        super()._prepare()
        if len(self._members) > self._size:
            raise ArgumentError(
                f"table_size must be at least {len(self._members)}, the number of members, "
                f"and better 100 times that, but it is {self._size}"
            )
        self._table = (
            fill_table([self.order(name) for name in self._members], self._size) if self._members else []
        )
        self._array: Any = None

    def order(self, name: str) -> tuple[int, int]:
        """Return (offset, skip) of a member: it prefers slot (offset + j * skip) mod M at its j-th wish."""
        return (self._hash(f"{name}#offset") % self._size, self._hash(f"{name}#skip") % (self._size - 1) + 1)

    @property
    def entries(self) -> int:
        """Slots of the table."""
        return self._size

    def slots(self) -> dict[str, int]:
        """Return the number of slots of each member: any two differ by at most one."""
        counts = [0] * len(self._members)
        for node in self._table:
            counts[node] += 1
        return dict(zip(self._members, counts, strict=True))

    def owner_at(self, hash: int) -> str:
        """Return the member in slot hash mod M."""
        if not self._table:
            raise self._nobody()
        return self._members[self._table[hash % self._size]]

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the place in `members` of the owner of each hash."""
        if not self._table:
            raise self._nobody()
        np = numpy()
        if np is None:
            return [self._table[hash % self._size] for hash in hash_list(hashes)]
        if self._array is None:
            self._array = np.array(self._table, dtype=np.int32)
        return self._array[hash_array(hashes) % np.uint64(self._size)]

    def _options(self) -> tuple[Any, ...]:
        return (self._hash, self._size)
