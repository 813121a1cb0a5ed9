"""What can be answered without waiting for more: questions to a set of facts that arrives in any order.

A place that hears facts one by one may say at each moment what it concludes, and cannot take it back. `said` is all
that it has said when the last fact is in. A question is *monotone* if more facts never make a conclusion false.

>>> facts = (("add", "milk"), ("add", "bread"), ("checkout",))
>>> sorted(len(said(bill, order)) for order in permutations(facts))
[1, 1, 2, 2, 3, 3]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, permutations
from typing import Any

Fact = tuple[Any, ...]
Facts = frozenset[Fact]
Question = Callable[[Facts], frozenset[Any]]


def everything(facts: Facts) -> frozenset[Any]:
    """Return the union: each fact is a conclusion."""
    return facts


def reachable(facts: Facts) -> frozenset[Any]:
    """Return which pairs are joined by a path; a fact is an edge ("edge", from, to)."""
    found = {(fact[1], fact[2]) for fact in facts if fact[0] == "edge"}
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c} - found
        if not more:
            return frozenset(found)
        found |= more


def all_here(facts: Facts) -> frozenset[Any]:
    """Return "all here" if of somebody it is known that he belongs here, and all who do are present."""
    members = {fact[1] for fact in facts if fact[0] == "member"}
    here = {fact[1] for fact in facts if fact[0] == "here"}
    return frozenset({"all here"} if members and members <= here else ())


def garbage(facts: Facts) -> frozenset[Any]:
    """Return the objects to which no reference is known: ("object", name), ("refers", name)."""
    return frozenset(fact[1] for fact in facts if fact[0] == "object" and ("refers", fact[1]) not in facts)


def bill(facts: Facts) -> frozenset[Any]:
    """Return the bill, as soon as there is a checkout: what is in the basket by then."""
    if ("checkout",) not in facts:
        return frozenset()
    return frozenset({tuple(sorted(fact[1] for fact in facts if fact[0] == "add"))})


def sealed_bill(facts: Facts) -> frozenset[Any]:
    """Return the bill once the basket is complete: the checkout says how many things are in it, ("checkout", count)."""
    items = tuple(sorted(fact[1] for fact in facts if fact[0] == "add"))
    return frozenset({items} if ("checkout", len(items)) in facts else ())


EXAMPLES: dict[str, tuple[Question, tuple[Fact, ...]]] = {
    "union": (everything, (("add", "milk"), ("add", "bread"), ("add", "eggs"), ("add", "salt"))),
    "reachable": (
        reachable,
        (("edge", "a", "b"), ("edge", "b", "c"), ("edge", "c", "d"), ("edge", "d", "b")),
    ),
    "nobody is missing": (
        all_here,
        (("member", "ann"), ("member", "bob"), ("member", "cyd"), ("here", "ann")),
    ),
    "garbage": (garbage, (("object", "p"), ("refers", "p"), ("object", "q"), ("refers", "q"))),
    "bill at checkout": (bill, (("add", "milk"), ("add", "bread"), ("add", "eggs"), ("checkout",))),
    "bill when sealed": (sealed_bill, (("add", "milk"), ("add", "bread"), ("add", "eggs"), ("checkout", 3))),
}


def said(question: Question, order: Sequence[Fact]) -> frozenset[Any]:
    """Return all that was concluded at some moment while facts arrived in this order."""
    return frozenset().union(*(question(frozenset(order[:count])) for count in range(len(order) + 1)))


def subsets(facts: Iterable[Fact]) -> list[Facts]:
    """Return all subsets of some facts, small ones first."""
    listed = tuple(facts)
    return [frozenset(some) for count in range(len(listed) + 1) for some in combinations(listed, count)]


def monotone(question: Question, facts: Iterable[Fact]) -> bool:
    """Return whether more of these facts never make a conclusion false.

    >>> monotone(everything, [("add", "milk")]), monotone(garbage, [("object", "p"), ("refers", "p")])
    (True, False)
    """
    all_of = subsets(facts)
    return all(question(few) <= question(many) for few in all_of for many in all_of if few <= many)


def independent_of_order(question: Question, facts: Iterable[Fact]) -> bool:
    """Return whether for each set of these facts all orders say the same, which is what the set itself says."""
    return all(
        said(question, order) == question(some) for some in subsets(facts) for order in permutations(some)
    )


def ever_said(question: Question, facts: Sequence[Fact]) -> set[frozenset[Any]]:
    """Return all that can have been said in the end, over all orders of these facts."""
    return {said(question, order) for order in permutations(facts)}
