"""The replicated log as a value: append, truncate, compare and hash in small, steady time.

A protocol's log grows to thousands of entries and stands in a field that every copy, comparison and hash of
the node touches. A plain tuple of 5,000 entries costs a full copy at each append and a full pass at each hash.
Here the entries lie in chunks of 64 that versions share, and each chunk remembers the hash of all
that comes before it, so an append touches one chunk and a hash is already there.

Indexes start at 1, as in the papers; 0 is the place before the first entry. A compacted log begins later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar, cast

from .errors import ArgumentError, whole_number
from .values import FROZEN, declare_frozen, must_be_immutable

E = TypeVar("E")
CHUNK = 64


class Log(Generic[E]):
    """An immutable sequence of entries at the indexes `first_index` to `last_index`.

    >>> log = Log(["x", "y"])
    >>> log.append("z").truncate(2) == log
    True
    >>> log[1], log.last_index
    ('x', 2)
    """

    __slots__ = ("_before", "_chunks", "_hash", "_hashes", "_tail")
    _before: int
    _chunks: tuple[tuple[E, ...], ...]  # full chunks
    _hashes: tuple[int, ...]  # hash of everything before each full chunk
    _tail: tuple[E, ...]  # fewer than CHUNK entries
    _hash: int

    def __init__(self, entries: Iterable[E] = (), *, before_index: int = 0) -> None:
        self._before = whole_number("before_index", before_index)
        self._chunks, self._hashes, self._tail = (), (), ()
        self._hash = hash(("Log", before_index))
        grown = self.append(*entries)
        self._chunks, self._hashes, self._tail, self._hash = (
            grown._chunks,
            grown._hashes,
            grown._tail,
            grown._hash,
        )

    def _with(
        self, chunks: tuple[tuple[E, ...], ...], hashes: tuple[int, ...], tail: tuple[E, ...], hashed: int
    ) -> Log[E]:
        new = cast("Log[E]", object.__new__(Log))
        new._before = self._before
        new._chunks, new._hashes, new._tail, new._hash = chunks, hashes, tail, hashed
        return new

    @property
    def before_index(self) -> int:
        """The index just before the first entry: 0, or the last one that was compacted away."""
        return self._before

    @property
    def first_index(self) -> int:
        """The index of the first entry that is still held (one beyond `last_index` when there is none)."""
        return self.before_index + 1

    @property
    def last_index(self) -> int:
        """The index of the last entry; `before_index` when the log holds none."""
        return self.before_index + len(self)

    def append(self, *entries: E) -> Log[E]:
        """Return the log with `entries` after the last one."""
        chunks, hashes, tail, hashed = self._chunks, self._hashes, self._tail, self._hash
        for entry in entries:
            if type(entry) not in FROZEN:
                must_be_immutable("an entry of Log", entry)
            tail = (*tail, entry)
            hashed = hash((hashed, entry))
            if len(tail) == CHUNK:
                start = self._hash_before(len(chunks), chunks, hashes)
                chunks, hashes, tail = (*chunks, tail), (*hashes, start), ()
        return self._with(chunks, hashes, tail, hashed)

    def _hash_before(self, place: int, chunks: tuple[tuple[E, ...], ...], hashes: tuple[int, ...]) -> int:
        """Return the hash of all that lies before chunk number `place`."""
        if place < len(hashes):
            return hashes[place]
        if place == 0:
            return hash(("Log", self.before_index))
        hashed = hashes[place - 1]
        for entry in chunks[place - 1]:
            hashed = hash((hashed, entry))
        return hashed

    def truncate(self, last_index: int) -> Log[E]:
        """Return the log without the entries after `last_index`; the same log where there are none."""
        whole_number("last_index", last_index)
        if last_index >= self.last_index:
            return self
        if last_index < self.before_index:
            raise ArgumentError(
                f"last_index must be at least {self.before_index}, the last compacted index, but it is {last_index}"
            )
        place, kept = divmod(last_index - self.before_index, CHUNK)
        chunks, hashes = self._chunks[:place], self._hashes[:place]
        source = self._chunks[place] if place < len(self._chunks) else self._tail
        hashed = self._hash_before(place, self._chunks, self._hashes)
        tail = source[:kept]
        for entry in tail:
            hashed = hash((hashed, entry))
        return self._with(chunks, hashes, tail, hashed)

    def compact(self, through_index: int) -> Log[E]:
        """Return the log without the entries up to and including `through_index` (a snapshot holds them)."""
        whole_number("through_index", through_index)
        if through_index <= self.before_index:
            return self
        if through_index > self.last_index:
            raise ArgumentError(
                f"through_index must be at most {self.last_index}, the last index, but it is {through_index}"
            )
        return Log(self.slice(through_index + 1, self.last_index), before_index=through_index)

    def slice(self, first_index: int, last_index: int) -> tuple[E, ...]:
        """Return the entries from `first_index` to `last_index`, both included, as far as they are held."""
        start = max(first_index, self.first_index) - self.first_index
        stop = min(last_index, self.last_index) - self.before_index
        if stop <= start:
            return ()
        head, tail = divmod(start, CHUNK)
        rows = [*self._chunks[head : stop // CHUNK + 1]]
        if stop > len(self._chunks) * CHUNK:
            rows.append(self._tail)
        flat = tuple(entry for row in rows for entry in row)
        return flat[tail : tail + stop - start]

    def since(self, earlier: Log[E]) -> tuple[int, tuple[E, ...]]:
        """Return what changed: the last index shared with `earlier`, and the entries of this log after it.

        This is what a disk writes and a trace shows, instead of the whole log.
        """
        if earlier.before_index != self.before_index:
            return self.before_index, tuple(self)
        place = 0
        for mine, theirs in zip(self._chunks, earlier._chunks, strict=False):
            if mine is not theirs and mine != theirs:
                break
            place += 1
        shared = self.before_index + place * CHUNK
        for ours, other in zip(self._row(place), earlier._row(place), strict=False):
            if ours is not other and ours != other:
                break
            shared += 1
        return shared, self.slice(shared + 1, self.last_index)

    def _row(self, place: int) -> tuple[E, ...]:
        """Return chunk number `place`; the last one is the tail."""
        return self._chunks[place] if place < len(self._chunks) else self._tail

    def __getitem__(self, index: int) -> E:
        """Return the entry at `index`; an IndexError that names the range where there is none."""
        place = index - self.before_index - 1
        if not 0 <= place < len(self):
            raise IndexError(
                f"the log holds the indexes {self.first_index} to {self.last_index}, but {index} was asked for"
            )
        chunk, offset = divmod(place, CHUNK)
        return self._chunks[chunk][offset] if chunk < len(self._chunks) else self._tail[offset]

    def __len__(self) -> int:
        return len(self._chunks) * CHUNK + len(self._tail)

    def __iter__(self) -> Iterator[E]:
        for chunk in self._chunks:
            yield from chunk
        yield from self._tail

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Log)
            and self._hash == other._hash
            and self.before_index == other.before_index
            and self._tail == other._tail
            and self._chunks == other._chunks
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        start = f", before_index={self.before_index}" if self.before_index else ""
        return f"Log({list(self)!r}{start})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (tuple(self), self.before_index))


def _rebuild(entries: tuple[Any, ...], before_index: int) -> Log[Any]:
    return Log(entries, before_index=before_index)


declare_frozen(Log)
