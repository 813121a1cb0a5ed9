"""Consistent hashing: nodes and keys on one ring, and each key belongs to the next token clockwise.

Karger et al., "Consistent Hashing and Random Trees" (STOC 1997), hash the nodes into the space of the keys. A
node that joins takes keys only from its clockwise neighbours, and a node that leaves gives its keys only to
them; nothing else moves. With one token a node the arcs differ widely: the largest of n is on average H_n
times the mean. So each node holds many tokens ("virtual nodes"), and the share of one node has the
coefficient of variation sqrt((n - 1)/(n v + 1)) for v tokens each.

Bit for bit. Token number i (from 0) of the member called name is the hash of the text

    name + "#" + i in decimal digits

so `key_hash("a#0")` is the first token of "a". No two pairs give the same text, because digits hold no "#". A
member of weight w has v * w tokens. Where two members claim one token, the name that comes first in the order
of UTF-8 bytes has it, and the other gets it back when the first leaves: so the placement is a function of the
member set alone, not of who joined when. The owner of hash h is the owner of the smallest token >= h, or of
the smallest token of all when there is none (the ring closes). With bits < 64 only the top `bits` bits of
each hash are used, for pictures and for tests that need collisions.

Cost for n members of weight 1: n v tokens in memory, a lookup is a binary search in O(log n v), a join hashes
v texts and merges them in O(n v).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar

from ..core.errors import ArgumentError, whole_number
from .arc import Arc, arc_width
from .arrays import hash_array, hash_list, numpy
from .keyhash import HASH_BITS, Key, KeyHash, key_hash
from .placement import Members, Placement

TOKENS_MAX = 10_000_000
SHORTCUT_BITS = 16  # at most 65,536 shortcuts, half a megabyte
Claims = Mapping[str, Sequence[int]]  # member -> the tokens that it asks for


@dataclass(frozen=True, slots=True)
class TopBits:
    """The top bits of another hash: `shift` low bits are dropped."""

    of: KeyHash
    shift: int

    def __call__(self, key: Key) -> int:
        """Return the top bits of the hash of `key`."""
        return self.of(key) >> self.shift


class Ring(Placement):
    """A ring with `vnodes` tokens for each unit of weight; an immutable value.

    >>> ring = Ring(["a", "b", "c"], vnodes=100)
    >>> ring.lookup("user:42")
    'a'
    >>> ring.replicas("user:42", 2)
    ('a', 'c')
    >>> bigger = ring.join("d")
    >>> bigger.leave("d") == ring
    True
    >>> Ring({"a": 1, "b": 2}, vnodes=100).entries
    300
    """

    takes_weights = True
    _claims: Claims = MappingProxyType({})  # what each member asks for; a join reuses what is there

    def __init__(
        self, members: Members = (), *, vnodes: int = 100, bits: int = HASH_BITS, hash: KeyHash = key_hash
    ) -> None:
        self._vnodes = whole_number("vnodes", vnodes, at_least=1)
        self._bits = whole_number("bits", bits, at_least=1, at_most=HASH_BITS)
        super().__init__(members, hash=hash if bits == HASH_BITS else TopBits(hash, HASH_BITS - bits))

    def _prepare(self) -> None:
        super()._prepare()
        self._claims = self._claim_all()
        settled = self._settle(self._claims)
        self._pairs = tuple(settled)
        self._tokens = [token for token, _ in settled]
        self._owners = [owner for _, owner in settled]
        self._owners += self._owners[:1]  # after the last token comes the first owner again: the ring closes
        self._shift = self._bits - min(self._bits, SHORTCUT_BITS, (4 * len(settled)).bit_length())
        self._shortcut = self._shortcuts()
        self._batch: Any = None  # tables for numpy, made when they are first needed

    def _claim_all(self) -> Claims:
        """Return the tokens that each member asks for, members in the order in which they joined."""
        wanted = self._vnodes * sum(self._weights.values())
        if wanted > TOKENS_MAX:
            raise ArgumentError(
                f"vnodes times all weights must be at most {TOKENS_MAX} tokens, but it is {wanted}; "
                "use fewer vnodes, or smaller weights in the same ratio"
            )
        known = self._claims  # a join or a leave finds here what the ring before has hashed already
        claims: dict[str, Sequence[int]] = {}
        for name, weight in self._weights.items():
            reusable = len(known.get(name, ())) == self._vnodes * weight
            claims[name] = known[name] if reusable else self._claim(name, weight)
        return claims

    def _claim(self, name: str, weight: int) -> Sequence[int]:
        """Return the tokens that one member asks for."""
        return [self._hash(f"{name}#{number}") for number in range(self._vnodes * weight)]

    @staticmethod
    def _settle(claims: Claims) -> list[tuple[int, str]]:
        """Return (token, owner) by token; of several that claim one token, the first by name has it."""
        claimed = sorted((token, name) for name, tokens in claims.items() for token in tokens)
        return [pair for place, pair in enumerate(claimed) if not place or claimed[place - 1][0] != pair[0]]

    # lookup

    def owner_at(self, hash: int) -> str:
        """Return the owner of the first token at or after `hash`, clockwise."""
        try:
            return self._owners[bisect_left(self._tokens, hash)]
        except IndexError:
            raise self._nobody() from None

    def lookup(self, key: Key) -> str:
        """Return the member that owns `key`: `owner_at(hash(key))`, by a shortcut where there is one."""
        hash = self._hash(key)
        return self._shortcut[hash >> self._shift] or self.owner_at(hash)

    def _shortcuts(self) -> list[str | None]:
        """Return, for each of 2**k equal parts of the space, its one owner, or None where a token lies in it.

        Up to 16,384 tokens there are at least four parts for a token, and then at least three of four lookups
        need no binary search.
        """
        tokens, shortcut, place = self._tokens, list[str | None](), 0
        for part in range(1, (1 << self._bits - self._shift) + 1):
            first, end = place, part << self._shift
            while place < len(tokens) and tokens[place] < end:
                place += 1
            shortcut.append(self._owners[first] if tokens and first == place else None)
        return shortcut

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the place in `members` of the owner of each hash."""
        if not self._tokens:
            raise self._nobody()
        if numpy() is None:
            tokens, places = self._tokens, self._owner_indexes()
            return [places[bisect_left(tokens, hash)] for hash in hash_list(hashes, self._bits)]
        if self._batch is None:
            self._batch = BatchTables(self._tokens, self._owner_indexes(), self._bits)
        return self._batch.owners(hash_array(hashes, self._bits))

    def _owner_indexes(self) -> list[int]:
        place = {name: index for index, name in enumerate(self._members)}
        return [place[owner] for owner in self._owners]

    def replicas(self, key: Key, count: int) -> tuple[str, ...]:
        """Return the first `count` distinct members clockwise from `key`, the owner first.

        This is the preference list of Dynamo (DeCandia et al., SOSP 2007, section 4.3): tokens of members
        that are in the list already are skipped, so the copies lie on distinct physical nodes.
        """
        return self.replicas_at(self._hash(key), count)

    def replicas_at(self, hash: int, count: int) -> tuple[str, ...]:
        """Return the first `count` distinct members clockwise from `hash`."""
        whole_number("count", count, at_least=1)
        if not self._members:
            raise self._nobody()
        if count > len(self._members):
            raise ArgumentError(
                f"count must be at most {len(self._members)}, the number of members "
                f"(a member holds one copy), but it is {count}"
            )
        found = tuple(islice(self.walk_at(hash), count))
        if len(found) < count:
            raise ArgumentError(
                f"count must be at most {len(found)} here, but it is {count}: among 2**{self._bits} places "
                "the other members lost all their tokens to collisions; use more bits"
            )
        return found

    def walk_at(self, hash: int) -> Iterator[str]:
        """Yield the members clockwise from `hash`, each once, at its first token."""
        met: set[str] = set()
        start, count = bisect_left(self._tokens, hash), len(self._tokens)
        for place in range(start, start + count):
            owner = self._owners[place % count]
            if owner not in met:
                met.add(owner)
                yield owner

    # what a picture or a migrator reads

    @property
    def vnodes(self) -> int:
        """Tokens for each unit of weight."""
        return self._vnodes

    @property
    def bits(self) -> int:
        """The ring has 2**bits places."""
        return self._bits

    @property
    def entries(self) -> int:
        """Tokens on the ring: vnodes times all weights, less the few that collide (shortcuts not counted)."""
        return len(self._tokens)

    @property
    def tokens(self) -> tuple[tuple[int, str], ...]:
        """All (token, owner) clockwise from 0."""
        return self._pairs

    def arcs(self) -> tuple[Arc, ...]:
        """Return the arcs of the ring, one for each token, clockwise; the first one runs over 0.

        >>> [(arc.owner, arc.width) for arc in Ring(["a", "b"], vnodes=2, bits=8).arcs()]
        [('b', 106), ('b', 46), ('a', 103), ('a', 1)]
        """
        before = [*self._tokens[-1:], *self._tokens[:-1]]
        return tuple(
            Arc(start, end, arc_width(start, end, self._bits), owner)
            for start, (end, owner) in zip(before, self.tokens, strict=True)
        )

    def shares(self) -> dict[str, float]:
        """Return the part of all hashes that each member owns (the sum is 1 up to rounding)."""
        widths = dict.fromkeys(self._members, 0)
        for arc in self.arcs():
            widths[arc.owner] += arc.width
        return {name: width / (1 << self._bits) for name, width in widths.items()}

    def _options(self) -> tuple[Any, ...]:
        return (self._hash, self._vnodes, self._bits)


class BatchTables:
    """The tokens as arrays, with a shortcut: most hashes find their owner by their top bits alone.

    The space is cut into 2**k equal buckets, about 8 for each token. A bucket without a token in it has one
    owner for all its hashes, read from a table; only the hashes in the other buckets (about one in nine) need
    a binary search.
    """

    most_buckets_bits: ClassVar[int] = 22

    def __init__(self, tokens: list[int], owners: list[int], bits: int) -> None:
        np = numpy()
        bucket_bits = min(bits, self.most_buckets_bits, (8 * len(tokens)).bit_length())
        self.shift = np.uint64(bits - bucket_bits)
        self.tokens = np.array(tokens, dtype=np.uint64)
        self.owner = np.array(owners, dtype=np.int32)
        starts = np.arange(1 << bucket_bits, dtype=np.uint64) << self.shift
        # Token number first[b] serves the first hash of bucket b, and all of b when no token lies in it.
        first = np.searchsorted(self.tokens, starts, side="left")
        after = np.append(first[1:], len(tokens))
        self.direct = np.where(first == after, self.owner[first], np.int32(-1))

    def owners(self, hashes: Any) -> Any:
        """Return the owner's index for each element of a uint64 array."""
        np = numpy()
        found = self.direct[hashes >> self.shift]
        open_ = np.flatnonzero(found < 0)
        found[open_] = self.owner[np.searchsorted(self.tokens, hashes[open_], side="left")]
        return found
