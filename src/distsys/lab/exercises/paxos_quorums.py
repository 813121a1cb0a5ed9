"""The exercises of the page on quorums of Paxos."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

from ...models.abstract_paxos import NONE
from ...models.fast_paxos import may_be_chosen
from ...models.voting import quorums_of
from ..checking import Page
from ..quorum_arithmetic import at_least, families, fast_size, kth_exponential, meet, three_meet

page = Page("paxos-quorums")


@page.exercise(
    "how-many-may-be-down",
    hint="commands need phase 2 only; the first command after a change of the leader needs phase 1 as well.",
    solution="""
        # Phase 2 needs 2 of 7, so 5 may be down. Phase 1 needs 6 of 7: one may be down, and that is the old leader.
        answer = (5, 1)
    """,
    mistakes=("answer = (5, 5)", "answer = (3, 3)", "answer = (2, 6)", "answer = 5"),
    explanation="The old leader is the one server that may be down. Any other crash, and nobody leads until somebody "
    "comes back: small quorums in phase 2 are paid for in phase 1.",
)
def how_many_may_be_down(answer: object) -> str | None:
    if not (isinstance(answer, tuple) and len(answer) == 2):
        return f"a pair of numbers is asked for, but the answer is {answer!r}"
    if answer[0] != 5:
        return "the first number is wrong: how many of seven must vote, the leader included?"
    if answer[1] != 1:
        return "the second number is wrong: how many of seven must promise?"
    return None


FAMILIES = {
    "A": (((0, 1), (2, 3)), ((0, 2), (1, 3))),
    "B": (((0, 1, 2),), ((0, 3), (1, 3))),
    "C": (((0, 1), (1, 2), (0, 2)), ((0, 1), (1, 2), (0, 2), (3, 0))),
    "D": (((0,),), ((0, 1), (0, 2), (0, 3))),
    "E": (((0, 1, 2), (1, 2, 3)), ((1, 3), (2, 3), (0, 3))),
}


@page.exercise(
    "which-may-be-used",
    hint="compare each quorum of the first phase with each of the second, and no two of the same phase.",
    solution="""
        answer = {"A", "B", "D", "E"}
    """,
    mistakes=("answer = {'A', 'D'}", "answer = {'C'}", "answer = set('ABCDE')", "answer = 'ABDE'"),
    explanation="In C the promises of servers 1 and 2 tell nothing of votes by 0 and 3. In A no two quorums of phase 1 "
    "meet, and no two of phase 2 either: the grid of this page. In D server 0 is in every quorum: safe, and useless "
    "once it is down.",
)
def which_may_be_used(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= set(FAMILIES):
        return f"a set of letters from A to E is asked for, but the answer is {answer!r}"
    for name, (first, second) in FAMILIES.items():
        if (name in answer) != meet(first, second):
            return (
                f"not so for {name}: look for a quorum of phase 1 and one of phase 2 without a common server"
            )
    return None


def best() -> int:
    """Return the q2 of seven servers that decides soonest, if phase 1 must be up with probability 0.9999.

    >>> best()
    3
    """
    fit = [q2 for q2 in range(1, 8) if at_least(8 - q2, 7, 0.99) >= 0.9999]
    return min(fit, key=lambda q2: kth_exponential(q2 - 1, 6, 1.0)[0])


@page.exercise(
    "choose-the-sizes",
    hint="q1 = 8 - q2. For each q2 compute the probability that at least q1 of 7 are up; small q2 decide sooner.",
    solution="""
        from math import comb

        def up(k):
            return sum(comb(7, i) * 0.99**i * 0.01**(7 - i) for i in range(k, 8))

        answer = min(q2 for q2 in range(1, 8) if up(8 - q2) >= 0.9999)  # 3, with q1 = 5
    """,
    mistakes=("answer = 1", "answer = 2", "answer = 4", "answer = 2.5"),
    explanation="With q1 = 6 phase 1 is up with probability 0.998, with q1 = 5 it is 0.99997. The command then waits "
    "for the second of six answers: 1/6 + 1/5 of the mean, against 1/6 + 1/5 + 1/4 with majorities.",
)
def choose_the_sizes(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or not 1 <= answer <= 7:
        return f"a whole number from 1 to 7 is asked for, but the answer is {answer!r}"
    if at_least(8 - answer, 7, 0.99) < 0.9999:
        return "with this q2, phase 1 is not up often enough"
    if answer != best():
        return "that is allowed, but a smaller q2 is allowed as well, and decides sooner"
    return None


@page.exercise(
    "mend-the-fast-quorum",
    hint="any two fast quorums and any classic one: count how many of n each of the three leaves out.",
    solution="""
        def answer(n, classic):
            # They leave out n - classic, n - fast and n - fast. Together that must be less than n.
            return n - (classic - 1) // 2
    """,
    mistakes=(
        "answer = lambda n, classic: n // 2 + 1",
        "answer = lambda n, classic: classic",
        "answer = lambda n, classic: n - classic // 2",
        "answer = lambda n, classic: n",
        "answer = 4",
    ),
    explanation="(n - classic) + 2 (n - fast) < n is fast > n - classic / 2. For a classic majority that is three "
    "quarters, rounded up.",
)
def mend_the_fast_quorum(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    size: Callable[[int, int], Any] = answer
    for n in range(2, 8):
        for classic in range(1, n + 1):
            wanted = fast_size(n, classic)
            got = size(n, classic)
            if not isinstance(got, int) or not 1 <= got <= n or not three_meet(n, classic, got):
                return f"for n={n} and classic={classic} it gave {got!r}, and not every three quorums meet"
            if got != wanted:
                return f"for n={n} and classic={classic} it gave {got!r}, and {wanted} is enough"
    return None


def triples() -> list[tuple[Any, Any, Any]]:
    """Return families for phase 1, classic and fast votes, over two and three servers."""
    return [
        *((one, other, third) for one, other, third in product(families(2), repeat=3)),
        *((one, one, other) for one in families(3) for other in families(3)),
        *((quorums_of(4, a), quorums_of(4, b), quorums_of(4, c)) for a, b, c in product((2, 3, 4), repeat=3)),
    ]


def allowed(promise: Any, classic: Any, fast: Any) -> bool:
    """Return whether these families may be used: phase 1 meets each classic quorum, and any two fast ones at once."""
    return meet(promise, classic) and all(
        set(a) & set(b) & set(c) for a in promise for b in fast for c in fast
    )


@page.exercise(
    "state-the-law",
    hint="two conditions: promises and classic votes meet in pairs; promises and two fast quorums meet all three.",
    solution="""
        def answer(promise, classic, fast):
            for a in promise:
                for b in classic:
                    if not set(a) & set(b):
                        return f"{a} and {b} do not meet"
                for b in fast:
                    for c in fast:
                        if not set(a) & set(b) & set(c):
                            return f"{a}, {b} and {c} have no server in common"
            return None
    """,
    mistakes=(
        "answer = lambda promise, classic, fast: None",
        """
        def answer(promise, classic, fast):
            ok = all(set(a) & set(b) for a in promise for b in (*classic, *fast))
            return None if ok else "two do not meet"
        """,
        """
        def answer(promise, classic, fast):
            ok = all(set(a) & set(b) & set(c) for a in promise for b in fast for c in fast)
            return None if ok else "three do not meet"
        """,
        """
        def answer(promise, classic, fast):  # asks for too much
            every = (*promise, *classic, *fast)
            ok = all(set(a) & set(b) & set(c) for a in every for b in every for c in every)
            return None if ok else "three do not meet"
        """,
    ),
    explanation="A pair of the same fast quorum twice says that it meets phase 1. Nothing is asked of two classic "
    "quorums, nor of two of phase 1.",
)
def state_the_law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (promise, classic, fast)"
    law: Callable[[Any, Any, Any], Any] = answer
    for promise, classic, fast in triples():
        said, right = law(promise, classic, fast), allowed(promise, classic, fast)
        if right and said is not None:
            return f"the law must be silent for {promise}, {classic}, {fast}, but it said {said!r}"
        if not right and said is None:
            return f"the law must object to {promise}, {classic}, {fast}, but it was silent"
    return None


@page.exercise(
    "build-the-rule",
    hint="for each value: could all of some fast quorum have voted for it? Who told nothing may have.",
    solution="""
        def answer(votes, n, fast):
            silent = n - len(votes)
            for value in sorted(set(votes.values()) - {None}):
                if list(votes.values()).count(value) + silent >= fast:
                    return value
            return None
    """,
    mistakes=(
        "answer = lambda votes, n, fast: next((v for v in votes.values() if v), None)",
        """
        def answer(votes, n, fast):  # counts only who has told
            told = list(votes.values())
            return next((v for v in set(told) - {None} if told.count(v) >= fast), None)
        """,
        """
        def answer(votes, n, fast):  # the most frequent one, needed or not
            told = [v for v in votes.values() if v]
            return max(sorted(set(told)), key=told.count) if told else None
        """,
        "answer = lambda votes, n, fast: None",
    ),
    explanation="With quorums of the right sizes there is never more than one such value. The most frequent value is "
    "always allowed, for a free choice may be any; but your function was asked for what is forced.",
)
def build_the_rule(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    rule: Callable[[dict[str, Any], int, int], Any] = answer
    for n, classic, fast in ((3, 2, 3), (4, 3, 3), (5, 3, 4), (5, 4, 4)):
        for told in combinations(range(n), classic):
            for voted in product(("x", "y", NONE), repeat=classic):
                votes = dict(zip(told, voted, strict=True))
                forced = sorted(may_be_chosen(votes, quorums_of(n, fast)))
                shown = {f"a{a + 1}": None if v == NONE else v for a, v in votes.items()}
                if (got := rule(dict(shown), n, fast)) != (forced[0] if forced else None):
                    return f"for votes={shown}, n={n} and fast={fast} it gave {got!r}"
    return None
