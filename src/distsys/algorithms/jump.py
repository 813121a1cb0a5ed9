"""Jump consistent hash: no table at all, for numbered buckets.

Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (arXiv:1406.2294, 2014). Imagine the
number of buckets grow from 1 to n. When it grows from b to b + 1, each key should jump to the new bucket with
probability 1/(b + 1), and stay otherwise. Instead of tossing n coins, the algorithm draws the next jump
directly: from bucket b, with r uniform in (0, 1], the next bucket is floor((b + 1)/r). The expected number of
rounds is the expected number of jumps, 1 + 1/2 + ... + 1/n = H_n: bucket b is jumped to with probability 1/(b
+ 1).

Bit for bit. The generator is the paper's linear congruential one on the 64-bit hash, and r = ((key >> 33) +
1) / 2**31 in IEEE 754 doubles: one division, one multiplication, one truncation, each rounded in the one way
the standard allows, and no sum after the product that a compiler could fuse. So Java, Go and C give the same
bucket.

The limit: buckets are numbers 0 .. n - 1. One can be added or removed at the end only. It fits shards, which
are kept alive by replicas, not caches that come and go. Replica sets and weights need something around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.dice import MASK
from ..core.errors import ArgumentError, whole_number
from .arrays import hash_array, hash_list, hash_value, numpy
from .placement import Placement

MULTIPLIER = 2862933555777941757
BUCKETS_MAX = 2**31 - 1


def jump_hash(hash: int, buckets: int) -> int:
    """Return the bucket in [0, buckets) of a key with this 64-bit hash.

    >>> [jump_hash(256, buckets) for buckets in (1, 10, 100, 1000)]
    [0, 3, 16, 520]
    """
    return _jump(hash_value(hash), whole_number("buckets", buckets, at_least=1, at_most=BUCKETS_MAX))


def _jump(key: int, buckets: int) -> int:
    bucket, following = 0, 0
    while following < buckets:
        bucket = following
        key = (key * MULTIPLIER + 1) & MASK
        following = int((bucket + 1) * (2147483648.0 / ((key >> 33) + 1)))
    return bucket


def jump_points(hash: int, buckets: int) -> tuple[int, ...]:
    """Return every bucket that a key visits while the buckets grow from 1 to `buckets`.

    Its bucket among n buckets is the last point below n. Over all keys the mean number of points is H_n.

    >>> jump_points(256, 1000)
    (0, 1, 2, 3, 16, 137, 520)
    """
    key = hash_value(hash)
    whole_number("buckets", buckets, at_least=1, at_most=BUCKETS_MAX)
    points, following = [], 0
    while following < buckets:
        points.append(following)
        key = (key * MULTIPLIER + 1) & MASK
        following = int((following + 1) * (2147483648.0 / ((key >> 33) + 1)))
    return tuple(points)


def jump_hashes(hashes: Iterable[int], buckets: int) -> Any:
    """Return the bucket of each hash: a list, or an array where numpy is there."""
    whole_number("buckets", buckets, at_least=1, at_most=BUCKETS_MAX)
    np = numpy()
    if np is None:
        return [_jump(hash, buckets) for hash in hash_list(hashes)]
    key = hash_array(hashes)
    result = np.zeros(len(key), dtype=np.int64)
    running = np.arange(len(key))  # the places whose next jump may still land inside
    following = np.zeros(len(key), dtype=np.int64)
    while len(running):
        result[running] = following
        key = key * np.uint64(MULTIPLIER) + np.uint64(1)
        divisor = ((key >> np.uint64(33)) + np.uint64(1)).astype(np.float64)
        following = ((following + 1) * (2147483648.0 / divisor)).astype(np.int64)
        inside = following < buckets
        running, key, following = running[inside], key[inside], following[inside]
    return result


class Jump(Placement):
    """Jump hash over a list of members: member number i is bucket i, so the order of the list matters.

    >>> jump = Jump(["a", "b", "c"])
    >>> jump.lookup("user:42"), jump.join("d").lookup("user:42")
    ('b', 'b')
    >>> jump.leave("a")
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: 'a' cannot leave: jump hash can only remove the last member, 'c'; \
replace a lost member under its old number instead
    """

    members_in_order = True

    @property
    def entries(self) -> int:
        """None: the list of names is all."""
        return 0

    def owner_at(self, hash: int) -> str:
        """Return the member in the key's bucket."""
        if not self._members:
            raise self._nobody()
        return self._members[_jump(hash, len(self._members))]

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the bucket of each hash."""
        if not self._members:
            raise self._nobody()
        return jump_hashes(hashes, len(self._members))

    def leave(self, name: str) -> Jump:
        """Return the placement without the last member; any other is refused."""
        if name in self._weights and name != self._members[-1]:
            raise ArgumentError(
                f"{name!r} cannot leave: jump hash can only remove the last member, {self._members[-1]!r}; "
                "replace a lost member under its old number instead"
            )
        return super().leave(name)
