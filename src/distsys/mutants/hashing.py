"""Six classic bugs of consistent hashing, each a few lines on the correct class, and the law it breaks.

>>> from distsys.algorithms.hashing_laws import verdicts
>>> verdicts(RingByModulo)["minimal_movement"]
"key 'key:0' moved from 'd' to 'e', and both were there before and after"
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

from ..algorithms.handover import Handover
from ..algorithms.hashing_laws import verdicts
from ..algorithms.keyhash import HASH_SPACE, Key
from ..algorithms.placement import Members, Placement
from ..algorithms.ring import Claims, Ring
from .catalogue import SubjectMutant


class RingByModulo(Ring):
    """HASH-01: a ring in name only; the owner is member number hash mod n."""

    def owner_at(self, hash: int) -> str:
        """Return member number hash mod n."""
        return self.members[hash % len(self.members)]

    lookup, indexes_at = Placement.lookup, Placement.indexes_at


def builtin_hash(key: Key) -> int:
    """Return Python's own hash, which starts from another seed in every process."""
    return hash(key) % HASH_SPACE


class RingByBuiltinHash(Ring):
    """HASH-02: tokens and keys are placed by the built-in `hash`."""

    def __init__(self, members: Members = (), *, vnodes: int = 100, bits: int = 64) -> None:
        super().__init__(members, vnodes=vnodes, bits=bits, hash=builtin_hash)


class RingWithoutWrap(Ring):
    """HASH-03: the ring does not close; hashes above the last token fall off."""

    def owner_at(self, hash: int) -> str:
        """Return the owner of the next token, and fail above the last."""
        return self.tokens[bisect_left(self.tokens, (hash, ""))][1]

    lookup, indexes_at = Placement.lookup, Placement.indexes_at


class RingClampedToLast(Ring):
    """HASH-03, the quiet form: hashes above the last token fall to its owner instead of the first token's."""

    def owner_at(self, hash: int) -> str:
        """Return the owner of the next token, or of the last."""
        return self.tokens[min(bisect_left(self.tokens, (hash, "")), len(self.tokens) - 1)][1]

    lookup, indexes_at = Placement.lookup, Placement.indexes_at


class RingLastWriterWins(Ring):
    """HASH-04: the token goes to whoever claimed it last, as when tokens are put into a dict one by one."""

    @staticmethod
    def _settle(claims: Claims) -> list[tuple[int, str]]:
        return sorted({token: name for name, tokens in claims.items() for token in tokens}.items())


class HandoverOpenAtTheToken(Handover):
    """HASH-05: the migrator counts a key whose hash equals a token to the next arc; the router does not."""

    def _place(self, hash: int) -> int:
        return bisect_right(self._ends, hash)


class RingWithRepeatedReplicas(Ring):
    """HASH-06: the replicas are the next R tokens, even when one node holds several of them."""

    def replicas_at(self, hash: int, count: int) -> tuple[str, ...]:
        """Return the owners of the next `count` tokens."""
        start = bisect_left(self.tokens, (hash, ""))
        return tuple(self.tokens[(start + step) % len(self.tokens)][1] for step in range(count))


def broken_laws(subject: Any) -> dict[str, str | None]:
    """Return the verdicts over a broken ring, or over a broken hand-over."""
    return verdicts(handover=subject) if issubclass(subject, Handover) else verdicts(subject)


def mutant(id: str, title: str, subject: type, breaks: str, source: str, story: str) -> SubjectMutant:
    """Return a mutant of a value, judged by the laws of hashing."""
    return SubjectMutant(id, title, subject, breaks, source, story, "consistent-hashing", broken_laws)


MUTANTS = (
    mutant(
        id="HASH-01",
        title="Placement by hash mod n",
        subject=RingByModulo,
        breaks="minimal_movement",
        source="Karger et al. 1997",
        story=(
            "A key goes to member number hash mod n. One node joins a cluster of ten, and with n nearly "
            "every key changes its owner, ten in eleven of them. Keys move between nodes that were there "
            "before and are there still: all caches are cold."
        ),
    ),
    mutant(
        id="HASH-02",
        title="Python's built-in hash as the key hash",
        subject=RingByBuiltinHash,
        breaks="same_everywhere",
        source="django/channels_redis#273; Python's PYTHONHASHSEED",
        story=(
            "Tokens and keys are placed by Python's built-in hash(), which starts from another seed in "
            "every process. All tests in one process pass. Two processes send the same key to different "
            "nodes."
        ),
    ),
    mutant(
        id="HASH-03",
        title="The ring does not close",
        subject=RingWithoutWrap,
        breaks="totality",
        source="a classic off by one",
        story=(
            "Above the last token the ring must go on with the first. Here it does not: a key whose hash is "
            "larger than all tokens has no owner. Its lookup fails, always for the same few keys."
        ),
    ),
    mutant(
        id="HASH-03b",
        title="The last node keeps what lies beyond it",
        subject=RingClampedToLast,
        breaks="clockwise_successor",
        source="a classic off by one",
        story=(
            "A key whose hash lies above the last token goes to the owner of that token, in place of the "
            "first one's. No lookup fails, so nobody notices. A program whose ring closes looks for the key "
            "elsewhere."
        ),
    ),
    mutant(
        id="HASH-04",
        title="Last writer wins a token",
        subject=RingLastWriterWins,
        breaks="members_decide",
        source="apache/pekko#3279; uber-node/ringpop-node#317; graphite-project/carbon#196",
        story=(
            "Two nodes claim one token, and whoever joined last has it. Routers that saw the nodes join in "
            "another order send the same key to another owner, although they know the same members."
        ),
    ),
    mutant(
        id="HASH-05",
        title="bisect_left in the router, bisect_right in the migrator",
        subject=HandoverOpenAtTheToken,
        breaks="router_and_migrator_agree",
        source="a classic boundary error",
        story=(
            "For a key whose hash equals a token, the router takes the owner of this token and the migrator "
            "that of the next. When a node joins, the router asks it for the key, and the migrator has left "
            "the key behind."
        ),
    ),
    mutant(
        id="HASH-06",
        title="Replicas on the same physical node",
        subject=RingWithRepeatedReplicas,
        breaks="distinct_replicas",
        source="DeCandia et al. 2007, section 4.3",
        story=(
            "The replicas of a key are the owners of the next R tokens. Two of these tokens belong to one "
            "node, so its disk holds two of the three copies. Its loss takes both."
        ),
    ),
)
