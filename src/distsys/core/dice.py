"""A random generator that is a value: the same numbers in every process and in every language.

A node has no dice of its own: it may not read a clock or the operating system. A protocol that must
choose (whom to gossip to, which lease id) keeps a `Dice` in a field, seeded by `Start`, and rebinds
it with each draw, so that the state of the generator is part of the state of the node.

The generator is splitmix64: the method of Steele, Lea and Flood (OOPSLA 2014) with the constants of Vigna's
`splitmix64.c` (2015), 64 bits of state and four lines of arithmetic, which Java and Go write in the same
way. All arithmetic is modulo 2**64:

    state  = state + 0x9E3779B97F4A7C15
    z      = (state xor (state >> 30)) * 0xBF58476D1CE4E5B9
    z      = (z     xor (z     >> 27)) * 0x94D049BB133111EB
    output =  z     xor (z     >> 31)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .errors import ArgumentError, ArgumentTypeError, whole_number
from .values import declare_frozen

T = TypeVar("T")
WHOLE = 1 << 64
MASK = WHOLE - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(state: int) -> int:
    """Return the 64-bit output that splitmix64 gives for `state` (already advanced)."""
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def derive(seed: int, *labels: str | int) -> int:
    """Return a 64-bit seed for one use of `seed`: other labels, independent numbers.

    The generator is turned once, so that neighbouring seeds lie far apart. Then each label is folded in byte by
    byte (a str as its UTF-8 bytes, an int as eight bytes, little-endian, and a zero byte to end it), each
    byte followed by one turn.

    >>> derive(1, "network") == derive(1, "network") != derive(1, "timers")
    True
    """
    state = mix((seed + GOLDEN) & MASK)
    for label in labels:
        data = label.encode() if isinstance(label, str) else (label & MASK).to_bytes(8, "little")
        for byte in data + b"\x00":
            state = mix((state + GOLDEN + byte) & MASK)
    return state


class Dice:
    """splitmix64 as an immutable value; every draw returns the number and the next dice.

    >>> dice = Dice(0)
    >>> number, dice = dice.next()
    >>> hex(number)
    '0xe220a8397b1dcdaf'
    >>> number, dice = dice.below(6)
    >>> 0 <= number < 6
    True
    """

    __slots__ = ("state",)
    state: int

    def __init__(self, seed: int) -> None:
        _set_state(self, whole_number("seed", seed, at_least=-(2**255), at_most=2**256) & MASK)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Dice is immutable: rebind the dice that a draw returns, do not set .{name}")

    def next(self) -> tuple[int, Dice]:
        """Return the next 64 random bits, as an int in [0, 2**64), and the dice after it."""
        dice: Dice = _new(Dice)
        state = (self.state + GOLDEN) & MASK
        _set_state(dice, state)
        return mix(state), dice

    def below(self, bound: int) -> tuple[int, Dice]:
        """Return an int uniform in [0, bound), and the dice after it; `bound` is at most 2**64.

        Draws that would favour small numbers are refused and drawn again (rejection sampling),
        so every number is equally likely whatever the bound.
        """
        if type(bound) is not int or not 0 < bound <= WHOLE:
            whole_number("bound", bound, at_least=1, at_most=WHOLE)
        dice: Dice = _new(Dice)
        state = (self.state + GOLDEN) & MASK  # `next`, written out: protocols that gossip live here
        _set_state(dice, state)
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        number = z ^ (z >> 31)
        if number > MASK - bound:  # near the end: in the last, incomplete row of `bound` numbers?
            limit = WHOLE - WHOLE % bound
            while number >= limit:
                number, dice = dice.next()
        return number % bound, dice

    def choose(self, items: Sequence[T]) -> tuple[T, Dice]:
        """Return one of `items` (a non-empty sequence, never a set), and the dice after it."""
        if not items:
            raise ArgumentError("items must hold at least one item to choose from, but it is empty")
        index, dice = self.below(len(items))
        try:
            return items[index], dice
        except TypeError:
            raise _no_order(items) from None

    def shuffle(self, items: Sequence[T]) -> tuple[tuple[T, ...], Dice]:
        """Return `items` in a random order (Fisher and Yates, from the end), and the dice after it."""
        if isinstance(items, (set, frozenset)):
            raise _no_order(items)
        order = list(items)
        dice = self
        for last in range(len(order) - 1, 0, -1):
            index, dice = dice.below(last + 1)
            order[last], order[index] = order[index], order[last]
        return tuple(order), dice

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dice) and other.state == self.state

    def __hash__(self) -> int:
        return hash(("Dice", self.state))

    def __repr__(self) -> str:
        return f"Dice(0x{self.state:016x})"

    def __reduce__(self) -> tuple[type[Dice], tuple[int]]:
        return (Dice, (self.state,))


def _no_order(items: object) -> ArgumentTypeError:
    return ArgumentTypeError(f"items must have an order: pass a sorted tuple, not a {type(items).__name__}")


_new = object.__new__
_set_state = vars(Dice)["state"].__set__  # a dice is drawn at every step of a gossip
declare_frozen(Dice)
