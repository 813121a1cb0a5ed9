"""Holders that read, add one, and write, in every order: what a rule of the resource keeps, and what it does not.

A holder is its token, 1, 2, ...; an order is a sequence of tokens, each as often as a holder has steps. Where the check
is apart from the write, it has three steps, else two. A holder that is refused takes no further step.

>>> outcome((1, 2, 2, 1), NOTHING), outcome((1, 2, 2, 1), WRITES), outcome((1, 2, 1, 2), WRITES)
((1, (2, 1)), (1, (2,)), (1, (1, 2)))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

NOTHING, WRITES, BOTH, APART, UNIQUE = "nothing", "writes", "reads and writes", "check apart", "unique"
RULES = (NOTHING, WRITES, BOTH, APART, UNIQUE)
Order = tuple[int, ...]


def outcome(order: Order, rule: str) -> tuple[int, Order]:
    """Return the value at the end, which begins at 0, and whose writes were done, in their order."""
    value = mark = 0
    read: dict[int, int] = {}
    done: Order = ()
    taken: Counter[int] = Counter()
    for token in order:
        taken[token] += 1
        last = taken[token] == steps(rule)
        if taken[token] > 1 and token not in read:
            continue  # it was refused before
        if not admits(rule, token, mark, reads=taken[token] == 1, writes=last):
            read.pop(token, None)
        elif taken[token] == 1:
            read[token] = value
            mark = marked(rule, token, mark, writes=False)
        else:
            mark = marked(rule, token, mark, writes=True)
            if last:
                value, done = read[token] + 1, (*done, token)
    return value, done


def steps(rule: str) -> int:
    """Return how many steps a holder takes: read and write, or read, check and write."""
    return 3 if rule == APART else 2


def admits(rule: str, token: int, mark: int, *, reads: bool, writes: bool) -> bool:
    """Return whether the resource does what is asked, when it has marked that token."""
    match rule:
        case "writes" if not reads:
            return token >= mark
        case "reads and writes":
            return token >= mark
        case "check apart" if not writes:
            return token >= mark
        case "unique" if writes:
            return token == mark
    return True


def marked(rule: str, token: int, mark: int, *, writes: bool) -> int:
    """Return what the resource marks when it has done something."""
    if rule == NOTHING or (rule == WRITES and not writes):
        return mark
    return token if rule == UNIQUE else max(mark, token)


def orders(holders: int, each: int) -> Iterator[Order]:
    """Yield all orders of the steps of so many holders.

    >>> len(list(orders(2, 2))), len(list(orders(3, 2)))
    (6, 90)
    """

    def grow(order: Order, left: dict[int, int]) -> Iterator[Order]:
        if not any(left.values()):
            yield order
        for token, number in left.items():
            if number:
                yield from grow((*order, token), {**left, token: number - 1})

    return grow((), dict.fromkeys(range(1, holders + 1), each))


def tried(rule: str, holders: int) -> dict[str, int]:
    """Return how many orders there are, and in how many an addition is lost, or the newest holder is refused."""
    found = [outcome(order, rule) for order in orders(holders, steps(rule))]
    return {
        "orders": len(found),
        "lost": sum(value != len(done) for value, done in found),
        "newest refused": sum(holders not in done for _, done in found),
    }
