"""numpy where it is installed, and the same answers without it.

The batched lookups ask `numpy()` at each call. It returns the module or None; each caller has a plain loop
for None. Hashes need all 64 bits, so every array here is uint64: int64 would turn half of them negative, and
numpy makes float64 of a list such as [1, 2**63], which loses the low bits. So a list goes through
`array("Q")` first, which takes 64 unsigned bits or fails.
"""

from __future__ import annotations

import importlib
import operator
from array import array
from collections.abc import Iterable
from functools import cache
from typing import Any

from ..core.dice import GOLDEN, MASK
from ..core.errors import ArgumentError, ArgumentTypeError, shown


@cache
def numpy() -> Any:
    """Return the numpy module, or None on a machine without it. `numpy.cache_clear()` makes it look again."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


def hash_value(hash: object, bits: int = 64) -> int:
    """Return `hash` as an int if it lies in [0, 2**bits), else raise an error that says what would be right.

    >>> hash_value(-1)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: hash must be in [0, 2**64), but it is -1
    """
    try:
        number = operator.index(hash)  # type: ignore[arg-type]
    except TypeError:
        hint = "; use lookup for keys" if isinstance(hash, (str, bytes)) else ""
        raise ArgumentTypeError(
            f"hash must be an int, but it is {shown(hash)} of type {type(hash).__name__}{hint}"
        ) from None
    if not 0 <= number < 1 << bits:
        raise ArgumentError(f"hash must be in [0, 2**{bits}), but it is {number}")
    return number


def packed(hashes: Iterable[int], bits: int = 64) -> array[int]:
    """Return `hashes` (any iterable of ints, or a numpy array of ints) as unsigned 64-bit numbers."""
    if isinstance(hashes, (str, bytes)):
        raise ArgumentTypeError(f"hashes must be a collection of ints, but it is {shown(hashes)}")
    items = hashes if isinstance(hashes, (list, tuple)) else list(hashes)
    try:
        numbers = array("Q", items)
    except (OverflowError, TypeError):
        numbers = array("Q", [hash_value(item, bits) for item in items])  # it names the one that is wrong
    if bits < 64 and numbers:
        hash_value(max(numbers), bits)
    return numbers


def hash_list(hashes: Iterable[int], bits: int = 64) -> list[int]:
    """Return `hashes` as a checked list of ints in [0, 2**bits)."""
    return packed(hashes, bits).tolist()


def hash_array(hashes: Iterable[int], bits: int = 64) -> Any:
    """Return `hashes` as a checked one-dimensional uint64 array; numpy must be there."""
    np = numpy()
    if not isinstance(hashes, np.ndarray):
        return np.frombuffer(packed(hashes, bits), dtype=np.uint64)
    if hashes.ndim != 1 or hashes.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"hashes must be a one-dimensional array of ints, such as dtype uint64, "
            f"but it has {hashes.ndim} dimensions and dtype {hashes.dtype}"
        )
    if len(hashes) and (bits < 64 or hashes.dtype.kind == "i"):
        hash_value(hashes.min(), bits)
        hash_value(hashes.max(), bits)
    return hashes.astype(np.uint64, copy=False)


def mix_array(state: Any) -> Any:
    """Return `core.dice.mix` of every element of a uint64 array (arithmetic wraps modulo 2**64)."""
    np = numpy()
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def nth_hash_array(hashes: Any, number: int) -> Any:
    """Return `keyhash.nth_hash(hash, number)` of every element of a uint64 array."""
    if not number:
        return hashes
    return mix_array(hashes + numpy().uint64(number * GOLDEN & MASK))
