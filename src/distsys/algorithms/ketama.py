"""The ketama ring, as memcached clients have used it since 2007: to read their data, or to compare with them.

It is a ring of 32 bits with MD5 (RFC 1321). One digest of 16 bytes gives four tokens, so a member has its
points in groups of four. Bit for bit: for n members with weights w that sum to W, a member has floor(v * n *
w / W) groups, v = 40 unless told otherwise, and group number i is the MD5 of the text name + "-" + i in
decimal digits. Token r of a group (r = 0 .. 3) is bytes 4r to 4r+3 of the digest, *least* significant byte
first. The hash of a key is the first such number of its MD5. This is the arithmetic of the Python package
uhashring, in whole numbers; the C original computes the groups in floating point.

Two rare cases are ours. A key whose hash equals a token belongs to that token (uhashring takes the next one),
and a token that two members claim belongs to the first by name (uhashring: to the one added last, our mutant
HASH-04). Each has probability about 2**-32 for a pair. And since a member's groups depend on the weights of
all, a join of unlike weight moves a few keys between old members as well: minimal movement holds for equal
weights only.
"""

from __future__ import annotations

from struct import Struct

from ..core.errors import whole_number
from .keyhash import Key, _md5, key_bytes
from .placement import Members, Placement
from .ring import Claims, Ring

_four_little_endian = Struct("<4I").unpack
_first_little_endian = Struct("<I12x").unpack


def ketama_hash(key: Key) -> int:
    """Return the 32-bit ketama hash of a key: the first 4 bytes of its MD5, least significant byte first.

    >>> hex(ketama_hash(""))
    '0xd98c1dd4'
    """
    first: int = _first_little_endian(_md5(key_bytes(key)).digest())[0]
    return first


class Ketama(Ring):
    """A ketama-compatible ring with `vnodes` groups of four tokens for each member of average weight.

    >>> ring = Ketama(["10.0.0.1:11211", "10.0.0.2:11211"])
    >>> ring.lookup("user:42"), ring.entries
    ('10.0.0.1:11211', 320)
    """

    def __init__(self, members: Members = (), *, vnodes: int = 40) -> None:
        self._vnodes = whole_number("vnodes", vnodes, at_least=1, at_most=100_000)
        self._bits = 32
        Placement.__init__(self, members, hash=ketama_hash)

    def _claim_all(self) -> Claims:
        """Return the four tokens of each group of each member."""
        pool, total = self._vnodes * len(self._weights), sum(self._weights.values())
        return {
            name: [
                token
                for group in range(pool * weight // total)
                for token in _four_little_endian(_md5(f"{name}-{group}".encode()).digest())
            ]
            for name, weight in self._weights.items()
        }
