"""Rendezvous hashing: every node bids for the key, and the highest bid wins.

Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (IEEE/ACM Transactions on Networking
6(1), 1998), call it highest random weight. Each node's bid depends on the key and that node only, so a join
moves exactly the keys that the new node wins, and a leave moves the leaver's keys to whoever bid second. The
load is as even as throwing keys at random; the ranking of the bids gives replica sets for nothing. The price
is a lookup in O(n).

Bit for bit. The bid of a member for a key is pair_hash(hash(name), hash(key)): see `keyhash`.

Weights. Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (SPAA 2005), the logarithmic method:
read the bid as a number u in (0, 1) and let the node with the smallest -log(u)/w win. Then -ln(u)/w is an
exponential variable with rate w, and the smallest of several exponential variables is the one with rate w
with probability w / (sum of all weights). So the load is in exact proportion, and a change of one weight
moves only keys to or from that node. The logarithm is computed in whole numbers (`fixedlog`):

    cost(bid, w) = floor( (64 * 2**32 - log2_fixed(bid or 1)) * 2**20 / w )

where "or 1" sets the lowest bit, so that zero needs no case of its own. The smallest cost wins; equal costs
go to the higher bid, and equal bids (two names with one hash) to the name that comes first. Since the cost
never rises with the bid, equal weights give the same owners as no weights. Costs are coarse by less than
2**-28 of one doubling, so shares are exact to about one part in 2**28 / (sum of weights / smallest weight).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log2
from typing import Any

from ..core.errors import ArgumentError, whole_number
from .arrays import hash_array, hash_list, mix_array, numpy
from .fixedlog import FRACTION_BITS, log2_fixed, log2_fixed_array
from .keyhash import Key, pair_hash
from .placement import Placement

WEIGHT_BITS = 20
TOP = 64 << FRACTION_BITS
SLACK = 2.0**-27  # more than both logarithms can be wrong together


def cost(bid: int, weight: int) -> int:
    """Return the fixed-point -log2(bid / 2**64) / weight: the smallest wins.

    >>> cost(2**63, 1) == 2 * cost(2**63, 2) == 1 << 52
    True
    """
    return (TOP - log2_fixed(bid | 1) << WEIGHT_BITS) // weight


class Rendezvous(Placement):
    """Highest random weight, with weights.

    >>> rendezvous = Rendezvous(["a", "b", "c"])
    >>> rendezvous.lookup("user:42"), rendezvous.replicas("user:42", 2)
    ('a', ('a', 'b'))
    >>> rendezvous.leave("a").lookup("user:42")
    'b'
    """

    takes_weights = True

    def _prepare(self) -> None:
        super()._prepare()
        self._bidders = [(self._hash(name), self._weights[name], name) for name in self._members]
        self._uniform = len(set(self._weights.values())) <= 1

    @property
    def entries(self) -> int:
        """One hash for each member."""
        return len(self._bidders)

    def owner_at(self, hash: int) -> str:
        """Return the winner of the race for `hash`."""
        if not self._bidders:
            raise self._nobody()
        if not self._uniform:
            return min(self._hopeful(hash))[2]
        best, winner = -1, ""
        for node_hash, _, name in self._bidders:
            bid = pair_hash(node_hash, hash)
            if bid > best:
                best, winner = bid, name
        return winner

    def _hopeful(self, hash: int) -> list[tuple[int, int, str]]:
        """Return (cost, -bid, name) of the few members that can win.

        The exact cost takes 32 squarings, so most members are left out by the machine's logarithm. This is
        safe: it is off by less than 2**-40 and the fixed one by less than 2**-28, so none of them could win.
        """
        bids = [(pair_hash(node_hash, hash), weight, name) for node_hash, weight, name in self._bidders]
        rough = [(64 - log2(bid | 1)) / weight for bid, weight, _ in bids]
        bound = min(estimate + SLACK / weight for estimate, (_, weight, _) in zip(rough, bids, strict=True))
        return [
            (cost(bid, weight), -bid, name)
            for estimate, (bid, weight, name) in zip(rough, bids, strict=True)
            if estimate - SLACK / weight <= bound
        ]

    def _ranking(self, hash: int) -> list[str]:
        """Return all members, the best bid first."""
        ranks = []
        for node_hash, weight, name in self._bidders:
            bid = pair_hash(node_hash, hash)
            ranks.append((0 if self._uniform else cost(bid, weight), -bid, name))
        return [name for _, _, name in sorted(ranks)]

    def replicas(self, key: Key, count: int) -> tuple[str, ...]:
        """Return the `count` members with the best bids for `key`, the owner first."""
        whole_number("count", count, at_least=1)
        if count > len(self._members):
            raise ArgumentError(
                f"count must be at most {len(self._members)}, the number of members "
                f"(a member holds one copy), but it is {count}"
            )
        return tuple(self._ranking(self._hash(key))[:count])

    def indexes_at(self, hashes: Iterable[int]) -> Any:
        """Return the place in `members` of the winner for each hash."""
        if not self._bidders:
            raise self._nobody()
        np = numpy()
        if np is None:
            place = {name: index for index, name in enumerate(self._members)}
            return [place[self.owner_at(hash)] for hash in hash_list(hashes)]
        base = hash_array(hashes)
        winners = np.zeros(len(base), dtype=np.intp)
        best_bid, best_cost = np.zeros(len(base), dtype=np.uint64), None
        for index, (node_hash, weight, _) in enumerate(self._bidders):
            bid = mix_array(base ^ np.uint64(node_hash))
            if self._uniform:
                better = bid > best_bid
            else:
                price = (np.uint64(TOP) - log2_fixed_array(bid | np.uint64(1))) << np.uint64(WEIGHT_BITS)
                price //= np.uint64(weight)
                best_cost = np.full(len(base), np.iinfo(np.uint64).max) if best_cost is None else best_cost
                better = (price < best_cost) | ((price == best_cost) & (bid > best_bid))
                best_cost = np.where(better, price, best_cost)
            winners[better] = index
            best_bid = np.where(better, bid, best_bid)
        return winners
