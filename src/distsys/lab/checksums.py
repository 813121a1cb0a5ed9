"""Cyclic redundancy checks of any width, narrow enough that a simulation sees what they miss.

    crc(b"123456789", 8)                       # 0xF4
    missed_garbage(8, 20_000)                  # how many of 20,000 garbled records pass a check of 8 bits

A check of w bits is the remainder of the data, taken as a polynomial over {0, 1}, divided by a polynomial of degree w.
"""

from __future__ import annotations

from functools import cache
from random import Random

from distsys.core.errors import ArgumentError

POLYNOMIALS = {8: 0x07, 12: 0x80F, 16: 0x1021}  # without the leading bit; the usual ones of these widths


@cache
def _table(width: int) -> tuple[int, ...]:
    top, mask = 1 << (width - 1), (1 << width) - 1
    entries = []
    for value in range(256):
        remainder = value << (width - 8)
        for _ in range(8):
            remainder = (remainder << 1) ^ (POLYNOMIALS[width] if remainder & top else 0)
        entries.append(remainder & mask)
    return tuple(entries)


def crc(data: bytes, width: int) -> int:
    """Return the check of the data; it begins with 0, so equal leading zeros do not count.

    >>> [hex(crc(b"123456789", width)) for width in (8, 12, 16)]
    ['0xf4', '0xf5b', '0x31c3']
    """
    if width not in POLYNOMIALS:
        raise ArgumentError(f"width must be one of {', '.join(map(str, POLYNOMIALS))}, but it is {width!r}")
    table, shift, mask, check = _table(width), width - 8, (1 << width) - 1, 0
    for byte in data:
        check = ((check << 8) ^ table[(check >> shift) ^ byte]) & mask
    return check


def missed_garbage(width: int, count: int, seed: int = 1, length: int = 16) -> int:
    """Return how many of so many records that were overwritten with random bytes pass the check of what they were."""
    random = Random(seed)
    return sum(
        crc(random.randbytes(length), width) == crc(random.randbytes(length), width) for _ in range(count)
    )


def missed_tails(width: int, count: int, seed: int = 1, length: int = 16) -> int:
    """Return how many of so many random records pass though their second half was never written and reads as zeros."""
    random = Random(seed)
    records = (random.randbytes(length) for _ in range(count))
    half = length // 2
    return sum(crc(data[:half] + bytes(length - half), width) == crc(data, width) for data in records)


def missed_bursts(width: int, burst: int, length: int = 8) -> tuple[int, int]:
    """Return how many of all bursts of changed bits in a record pass the check, and how many there are.

    A burst changes its first and its last bit, and those between as you like. A check that begins with 0 is linear:
    a change passes exactly if its own check is 0, whatever the record holds.
    """
    missed = tried = 0
    for start in range(8 * length - burst + 1):
        for inner in range(2 ** max(0, burst - 2)):
            change = (1 << (burst - 1)) | (inner << 1) | 1
            tried += 1
            missed += crc((change << start).to_bytes(length), width) == 0
    return missed, tried
