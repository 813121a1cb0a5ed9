"""What all ways to place keys on nodes have in common: members, lookup, join and leave.

A `Placement` is a value: it says which member owns each key, and never changes. `join` and `leave` return a
new one, so the old and the new can stand side by side, as they do in a real system while keys move.

A subclass says one thing, `owner_at(hash)`; everything else follows from it:

    lookup(key)           the owner of one key (str or bytes)
    lookup_many(keys)     the owners of many, as a list in the same order
    lookup_hash(hash)     the same for a hash that is already there
    lookup_hashes(hashes) the same for a list or a numpy array of hashes

A subclass may write out `lookup` and `indexes_at` for speed, and must then give the same answers. Who changes
`owner_at` of such a class takes these two back: `lookup = Placement.lookup`.

Members are names: non-empty str. They come as a list of names, or as a dict from name to weight. A weight is
a whole number from 1 to 1,000,000: integers have no drift, and a ratio such as 1.5 to 1 is written 3 to 2.
Names are ordered by their UTF-8 bytes, which is the order of Python's str and Go's string; Java's compareTo
differs beyond the basic plane, so a Java twin compares bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, ClassVar, Self

from ..core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    UnknownNameError,
    shown,
    whole_number,
)
from .arrays import hash_list, hash_value, numpy
from .keyhash import Key, KeyHash, key_hash, key_hashes

Members = Iterable[str] | Mapping[str, int]
WEIGHT_MAX = 1_000_000


class NoMembersError(DistsysError, LookupError):
    """A key was looked up where there is nobody who could own it."""


def member_name(value: object) -> str:
    """Return `value` if it can be the name of a member: a non-empty str that has a UTF-8 form."""
    if not isinstance(value, str):
        raise ArgumentTypeError(
            f"a member must be a name (str), but it is {shown(value)} of type {type(value).__name__}"
        )
    if not value:
        raise ArgumentError("a member must have a name of at least one character, but it is ''")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            f"a member must have a name with a UTF-8 form, but it is {shown(value)}"
        ) from None
    return value


def member_weights(members: Members) -> dict[str, int]:
    """Return name -> weight in the order given, all checked; a plain list of names has weight 1 each.

    >>> member_weights(["a", "b"])
    {'a': 1, 'b': 1}
    >>> member_weights(["a", "a"])
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: members must be distinct, but 'a' is there twice
    """
    if isinstance(members, (str, bytes)):
        raise ArgumentTypeError(
            f"members must be a collection of names, but it is {shown(members)}: write [{members!r}]"
        )
    weights: dict[str, int] = {}
    pairs = members.items() if isinstance(members, Mapping) else ((name, 1) for name in members)
    for name, weight in pairs:
        if member_name(name) in weights:
            raise ArgumentError(f"members must be distinct, but {name!r} is there twice")
        weights[name] = whole_number(f"the weight of {name!r}", weight, at_least=1, at_most=WEIGHT_MAX)
    return weights


def key_hash_function(hash: KeyHash) -> KeyHash:
    """Return `hash` if it gives an int in [0, 2**64) for the empty key and 64 others, else raise an error.

    Python's own `hash` is negative for half of all keys, and is refused here.
    """
    if not callable(hash):
        raise ArgumentTypeError(f"hash must be a function from a key to an int, but it is {shown(hash)}")
    for probe in ("", *map(str, range(64))):
        hash_value(hash(probe))
    return hash


class Placement(ABC):
    """Who owns which key, as a value; see the module for what a subclass gives and gets."""

    takes_weights: ClassVar[bool] = False
    members_in_order: ClassVar[bool] = False  # True where the order of the list matters, not only the set

    def __init__(self, members: Members = (), *, hash: KeyHash = key_hash) -> None:
        self._weights = member_weights(members)
        self._hash = key_hash_function(hash)
        self._prepare()

    def _prepare(self) -> None:
        """Compute what follows from the members; a subclass extends it."""
        heavy = [name for name, weight in self._weights.items() if weight != 1]
        if heavy and not self.takes_weights:
            raise ArgumentError(
                f"{type(self).__name__} knows no weights, but {heavy[0]!r} has {self._weights[heavy[0]]}; "
                "use Ring or Rendezvous for members of different size"
            )
        self._members = tuple(self._weights) if self.members_in_order else tuple(sorted(self._weights))

    # who is there

    @property
    def members(self) -> tuple[str, ...]:
        """The names: sorted, or in the order of the list where that order matters (Modulo, Jump)."""
        return self._members

    @property
    def weights(self) -> dict[str, int]:
        """The weight of each member, in the order of `members`."""
        return {name: self._weights[name] for name in self._members}

    @property
    @abstractmethod
    def entries(self) -> int:
        """How many table entries a router keeps beside the names: a measure of memory for any machine."""

    # who owns what

    @abstractmethod
    def owner_at(self, hash: int) -> str:
        """Return the owner of a hash that is known to be an int in range: the heart of each algorithm."""

    def hash(self, key: Key) -> int:
        """Return the hash under which `key` is looked up."""
        return self._hash(key)

    def lookup(self, key: Key) -> str:
        """Return the member that owns `key`; NoMembersError where there is no member."""
        return self.owner_at(self._hash(key))

    def lookup_hash(self, hash: int) -> str:
        """Return the member that owns the keys with this hash, an int in [0, 2**64)."""
        return self.owner_at(hash_value(hash, self.bits))

    def lookup_many(self, keys: Iterable[Key]) -> list[str]:
        """Return the owner of each key, in order."""
        return self.lookup_hashes(key_hashes(keys, self._hash))

    def lookup_hashes(self, hashes: Iterable[int]) -> list[str]:
        """Return the owner of each hash (list or numpy array of ints in [0, 2**64)), in order."""
        np, indexes = numpy(), self.indexes_at(hashes)
        if np is not None and isinstance(indexes, np.ndarray):
            owners: list[str] = np.array(self._members, dtype=object)[indexes].tolist()
            return owners
        names = self._members
        return [names[index] for index in indexes]

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the place in `members` of each hash's owner: a list, or an array where numpy is there."""
        if not self._members:
            raise self._nobody()
        place = {name: index for index, name in enumerate(self._members)}
        return [place[self.owner_at(hash)] for hash in hash_list(hashes, self.bits)]

    @property
    def bits(self) -> int:
        """The width of the hash in bits."""
        return 64

    # who comes and goes

    def join(self, name: str, weight: int = 1) -> Self:
        """Return the placement with one more member."""
        if member_name(name) in self._weights:
            raise ArgumentError(
                f"{name!r} cannot join: it is a member already; leave first to change its weight"
            )
        return self._with({**self._weights, name: weight})

    def leave(self, name: str) -> Self:
        """Return the placement without `name`."""
        if name not in self._weights:
            known = ", ".join(self._members[:8]) + (", ..." if len(self._members) > 8 else "")
            raise UnknownNameError(f"{shown(name)} cannot leave: it is no member; the members are [{known}]")
        return self._with({other: weight for other, weight in self._weights.items() if other != name})

    def _with(self, weights: dict[str, int]) -> Self:
        """Return a placement of the same kind and options for other members."""
        other = copy(self)
        other._weights = member_weights(weights)
        other._prepare()
        return other

    def _options(self) -> tuple[Any, ...]:
        """Return what beside the members decides who owns what."""
        return (self._hash,)

    def _nobody(self) -> NoMembersError:
        return NoMembersError(
            f"nobody can own a key: this {type(self).__name__} has no members; join one first"
        )

    # two placements are equal when they have the same members and options

    def _identity(self) -> tuple[Any, ...]:
        weights = self._weights.items() if self.members_in_order else sorted(self._weights.items())
        return (type(self), tuple(weights), self._options())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Placement) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._members))

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._weights

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self._members[:4])) + (", ..." if len(self) > 4 else "")
        return f"<{type(self).__name__} of {len(self)} members" + (f": {names}>" if names else ">")
