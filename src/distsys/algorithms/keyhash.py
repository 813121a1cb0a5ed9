"""Where a key falls: a hash that every process, platform and language computes alike.

The default, bit for bit. Take the bytes of the key (a str is its UTF-8 bytes; bytes are themselves), compute
SHA-256 (FIPS 180-4), and read the first 8 of its 32 bytes as an unsigned number, most significant byte first.
The result is in [0, 2**64). In the other languages of the course:

    Java   ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getLong()   (unsigned)
    Go     sum := sha256.Sum256(data); binary.BigEndian.Uint64(sum[:8])

Why SHA-256 and not Python's `hash`, MD5 or something faster:

- `hash(str)` starts from another seed in every process (PYTHONHASHSEED): two routers would not agree.
- MurmurHash, xxHash and their kin are faster, but in none of the three standard libraries.
- MD5 is what Dynamo and ketama use. It would serve, but Java requires SHA-1 and SHA-256 of every
  implementation and MD5 of none, and Python and Go may refuse MD5 on a machine in FIPS mode. On short keys
  both cost about the same: the call is dearer than the digest. `benchmarks/hashing.py` measures it.

This is not a use for security. We want even spread and agreement, not secrecy; 64 bits keep no promise
against someone who searches for colliding keys. If strangers choose the keys and may profit from crowding one
node, hash with a secret (HMAC) instead and pass that function as `hash=`.

A str and the bytes of its UTF-8 form are the same key: `"a"` and `b"a"` fall on the same place. Other types
are refused: is 42 the text "42", eight bytes, or four, and in which order? The caller knows, we would guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from struct import Struct
from typing import TypeVar

from ..core.dice import GOLDEN, MASK, mix
from ..core.errors import ArgumentError, ArgumentTypeError, shown

Key = str | bytes
K = TypeVar("K", bound=Key)
KeyHash = Callable[[Key], int]

HASH_BITS = 64
HASH_SPACE = 1 << HASH_BITS

_sha256 = hashlib.sha256
_first_8_of_32 = Struct(">Q24x").unpack
_first_8_of_16 = Struct(">Q8x").unpack


def key_bytes(key: object) -> bytes:
    r"""Return the bytes that are hashed for `key`: UTF-8 for a str, the bytes themselves for bytes.

    >>> key_bytes("café") == key_bytes(b"caf\xc3\xa9")
    True
    >>> key_bytes(42)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentTypeError: key must be a str or bytes, but it is 42 of type int; ...
    """
    if isinstance(key, str):
        try:
            return key.encode()
        except UnicodeEncodeError:
            raise ArgumentError(
                f"key must be a str that has a UTF-8 form, but {shown(key)} holds half of a surrogate pair; "
                "pass the original bytes instead"
            ) from None
    if isinstance(key, bytes):
        return key
    hint = ""
    if isinstance(key, int):
        hint = (
            "; write str(key), or key.to_bytes(8, 'big'), and do the same in every program that looks keys up"
        )
    elif isinstance(key, (bytearray, memoryview)):
        hint = "; write bytes(key)"
    raise ArgumentTypeError(
        f"key must be a str or bytes, but it is {shown(key)} of type {type(key).__name__}{hint}"
    )


def key_hash(key: Key) -> int:
    """Return the default 64-bit hash of `key`, an int in [0, 2**64) (the module says how, bit for bit).

    >>> f"{key_hash('user:42'):016x}"
    'ea3fd43be1e57d62'
    >>> key_hash("user:42") == key_hash(b"user:42")
    True
    """
    data = key.encode() if type(key) is str and key.isascii() else key_bytes(key)  # the first for speed alone
    first: int = _first_8_of_32(_sha256(data).digest())[0]
    return first


def _find_md5() -> Callable[[bytes], hashlib._Hash]:
    """Return MD5; a machine in FIPS mode must be told that this is not a use for security."""
    try:
        hashlib.md5(b"")
    except ValueError:  # pragma: no cover - only where OpenSSL runs in FIPS mode
        return partial(hashlib.md5, usedforsecurity=False)
    return hashlib.md5


_md5 = _find_md5()


def md5_hash(key: Key) -> int:
    """Return the first 8 bytes, big-endian, of the MD5 of `key`, to compare with MD5 rings: `hash=md5_hash`.

    >>> f"{md5_hash(''):016x}"
    'd41d8cd98f00b204'
    """
    data = key.encode() if type(key) is str and key.isascii() else key_bytes(key)
    first: int = _first_8_of_16(_md5(data).digest())[0]
    return first


def key_hashes(keys: Iterable[Key], hash: KeyHash = key_hash) -> list[int]:
    """Return the hash of each key, in order: hash once, then look up in several placements.

    >>> key_hashes(["a", "b"]) == [key_hash("a"), key_hash("b")]
    True
    """
    return [hash(key) for key in key_list(keys)]


def key_list(keys: Iterable[K]) -> list[K]:
    """Return `keys` as a list; a single str or bytes is refused, since its letters are hardly meant."""
    if isinstance(keys, (str, bytes)):
        raise ArgumentTypeError(f"keys must be a collection of keys, but it is the one key {shown(keys)}")
    return list(keys)


def nth_hash(hash: int, number: int) -> int:
    """Return hash number `number` (0, 1, 2, ...) of a key whose first hash is `hash`.

    Multi-probe and two choices need several hashes of one key. Number 0 is the hash itself. Number i > 0 is
    output i of the splitmix64 generator seeded with it: mix(hash + i * 0x9E3779B97F4A7C15 mod 2**64), with
    the `mix` of `core.dice`, so one SHA-256 serves for all.

    >>> nth_hash(7, 0), nth_hash(7, 1) == nth_hash(7, 2)
    (7, False)
    """
    return mix((hash + number * GOLDEN) & MASK) if number else hash


def pair_hash(node_hash: int, hash: int) -> int:
    """Return the 64-bit bid of a node for a key: mix(hash xor node_hash), with the `mix` of `core.dice`.

    For one node this is a bijection, so no two keys with different hashes score alike there. Since mix(0) is 0, a
    key that has the node's own name scores lowest there; that is one key for each node.
    """
    return mix(hash ^ node_hash)
