"""The logarithm to base 2 in whole numbers, so that every machine and language gets the same bits.

Weighted rendezvous hashing needs a logarithm. `math.log` is not rounded the same way by every C library,
Java's StrictMath or Go's math, and one different last bit in a close race sends a key to another node. So we
compute it in integers, by the textbook method: the integer part is the place of the highest bit; then square
the mantissa 32 times, and each time it reaches 2 write a one and halve it.

Bit for bit, for a number from 1 to 2**64 - 1: let w be its bit length minus 1, m = floor(number * 2**31 /
2**w), a 32-bit mantissa in [2**31, 2**32). Repeat 32 times: m = floor(m * m / 2**31); if m >= 2**32, the next
bit of the fraction is 1 and m = floor(m / 2), else it is 0. All products fit in 64 unsigned bits.

Error. Rounding a mantissa down changes the logarithm by at most log2(e)/2**31. An error made before squaring
number i counts 2**-i in the result, so all together stay below 4 * log2(e) * 2**-31 < 2**-28, and the result
is never too large. It is monotone: a larger number never has a smaller logarithm, as floors and squares are.
"""

from __future__ import annotations

from typing import Any

from .arrays import numpy

FRACTION_BITS = 32


def log2_fixed(number: int) -> int:
    """Return about 2**32 * log2(number), rounded down, for a number from 1 to 2**64 - 1.

    >>> log2_fixed(1), log2_fixed(2**63) == 63 << 32
    (0, True)
    >>> round(log2_fixed(10) / 2**32, 8)
    3.32192809
    """
    whole = number.bit_length() - 1
    mantissa = number << 31 >> whole
    result = whole
    for _ in range(FRACTION_BITS):
        mantissa = mantissa * mantissa >> 31
        bit = mantissa >> 32
        mantissa >>= bit
        result = result << 1 | bit
    return result


def log2_fixed_array(numbers: Any) -> Any:
    """Return `log2_fixed` of every element of a uint64 array without zeros, as uint64."""
    np = numpy()
    mantissa, whole = numbers.copy(), np.full(numbers.shape, 63, dtype=np.uint64)
    for step in (32, 16, 8, 4, 2, 1):  # shift left until the highest bit is at place 63, counting
        small = mantissa < np.uint64(1 << (64 - step))
        mantissa[small] <<= np.uint64(step)
        whole[small] -= np.uint64(step)
    mantissa >>= np.uint64(32)
    result = whole
    for _ in range(FRACTION_BITS):
        mantissa = mantissa * mantissa >> np.uint64(31)
        bit = mantissa >> np.uint64(32)
        mantissa >>= bit
        result = result << np.uint64(1) | bit
    return result
