"""The exercises of the page on the safety of Raft."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from random import Random
from typing import Any

from ..checking import Page

page = Page("raft-safety")

FIVE = {
    "ann": (1, 1, 1, 4, 4),
    "bob": (1, 1, 1, 4),
    "cid": (1, 1, 1, 4, 4, 5),
    "dee": (1, 1, 1, 2, 2, 2, 2),
    "eve": (1, 1),
}


def last(terms: tuple[int, ...]) -> tuple[int, int]:
    """Return the term of the last entry and its index: what a voter compares."""
    return (terms[-1] if terms else 0, len(terms))


def electable(logs: dict[str, tuple[int, ...]]) -> set[str]:
    """Return who can get the votes of a majority, by the comparison of section 5.4.1."""
    need = len(logs) // 2 + 1
    return {name for name in logs if sum(last(other) <= last(logs[name]) for other in logs.values()) >= need}


@page.exercise(
    "who-can-lead",
    hint="count, for each server, the logs that are not ahead of its own, its own included.",
    solution="""
        # By (last term, length): eve (1, 2) < dee (2, 7) < bob (4, 4) < ann (4, 5) < cid (5, 6).
        # A server needs three logs that are not ahead of its own: bob, ann and cid have them.
        answer = {"ann", "bob", "cid"}
    """,
    mistakes=(
        'answer = {"cid"}',
        'answer = {"ann", "cid"}',
        'answer = {"cid", "dee"}',
        'answer = {"ann", "bob", "cid", "dee"}',
    ),
    explanation="dee has the longest log, and cannot lead: its last entry is of term 2. "
    "bob can lead, so the entries of ann and cid that bob lacks cannot have been committed.",
)
def who_can_lead(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(isinstance(name, str) for name in answer):
        return f"a set of names is asked for, but the answer is {answer!r}"
    if unknown := sorted(answer - set(FIVE)):
        return f"{unknown[0]!r} is none of the servers"
    can = electable(FIVE)
    for name in FIVE:
        if (name in can) != (name in answer):
            return f"not so for {name}: count the logs that are not ahead of the log of {name}"
    return None


def committed(
    terms: tuple[int, ...], match: dict[str, int], current_term: int, commit_index: int, earlier: bool = False
) -> int:
    """Return the commit index of a leader, by figure 2; with `earlier` also by copies of earlier terms."""
    for index in range(len(terms), commit_index, -1):
        held = sum(at >= index for at in match.values())
        if 2 * held > len(match) and (earlier or terms[index - 1] == current_term):
            return index
    return commit_index


@page.exercise(
    "how-far-committed",
    hint="find the last index that three of the five hold; then look at the term of the entry there.",
    solution="""
        # ann, bob and cid hold index 4, but its entry is of term 2 and ann leads term 4, so copies of it do not count.
        # Index 5, of term 4, is held by ann and bob only.
        answer = 2
    """,
    mistakes=("answer = 4", "answer = 5", "answer = 3", "answer = '2'"),
    explanation="As soon as one more server holds index 5, all of 3, 4 and 5 are committed at once.",
)
def how_far_committed(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"an index is a whole number, but the answer is {answer!r}"
    match = {"ann": 5, "bob": 5, "cid": 4, "dee": 2, "eve": 2}
    if answer != committed((1, 1, 2, 2, 4), match, 4, 2):
        return "ask two things of each index after 2: how many servers hold it, and is its entry of term 4?"
    return None


@page.exercise(
    "mend-the-commit-rule",
    hint="there are two mistakes: one is the subject of figure 8, the other is the size of a majority.",
    solution="""
        def answer(terms, match, current_term, commit_index):
            for index in range(len(terms), commit_index, -1):
                held = sum(at >= index for at in match.values())
                if terms[index - 1] == current_term and 2 * held > len(match):
                    return index
            return commit_index
    """,
    mistakes=(
        """
        def answer(terms, match, current_term, commit_index):
            for index in range(len(terms), commit_index, -1):
                if sum(at >= index for at in match.values()) >= len(match) / 2:
                    return index
            return commit_index
        """,
        """
        def answer(terms, match, current_term, commit_index):
            for index in range(len(terms), commit_index, -1):
                if 2 * sum(at >= index for at in match.values()) > len(match):
                    return index
            return commit_index
        """,
        """
        def answer(terms, match, current_term, commit_index):
            for index in range(len(terms), commit_index, -1):
                held = sum(at >= index for at in match.values())
                if terms[index - 1] == current_term and held >= len(match) / 2:
                    return index
            return commit_index
        """,
    ),
    explanation="These are RAFT-05 and RAFT-12. The second is right by chance for every odd number of servers, "
    "and wrong for every even one.",
)
def mend_the_commit_rule(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    rule: Callable[..., Any] = answer
    random = Random(8)
    for _ in range(300):
        count, size = random.randint(1, 6), random.randint(1, 6)
        terms = tuple(sorted(random.randint(1, 4) for _ in range(size)))
        match = {f"s{number}": random.randint(0, size) for number in range(count)}
        match["s0"] = size
        current, known = random.randint(terms[-1], 4), random.randint(0, size)
        got, want = rule(terms, match, current, known), committed(terms, match, current, known)
        if got != want:
            return (
                f"for the terms {terms}, match {match}, current term {current} and commit index {known} "
                f"it gave {got!r}, and that is wrong"
            )
    return None


def matching(one: tuple[tuple[int, str], ...], other: tuple[tuple[int, str], ...]) -> bool:
    """Return whether two logs keep Log Matching."""
    return all(
        one[: place + 1] == other[: place + 1]
        for place in range(min(len(one), len(other)))
        if one[place][0] == other[place][0]
    )


@page.exercise(
    "state-log-matching",
    hint="look for an index at which both logs have an entry of the same term, and compare what comes before it.",
    solution="""
        def answer(one, other):
            for index, (a, b) in enumerate(zip(one, other), start=1):
                if a[0] == b[0] and one[:index] != other[:index]:
                    return f"both have an entry of term {a[0]} at {index}, but they differ up to there"
            return None
    """,
    mistakes=(
        "answer = lambda one, other: None",
        "answer = lambda one, other: None if one == other else 'the logs differ'",
        """
        def answer(one, other):
            for a, b in zip(one, other):
                if a[0] == b[0] and a != b:
                    return "same index and term, another command"
            return None
        """,
    ),
    explanation="It is not enough to compare the commands at that index: all before it must be equal, too. "
    "Logs that differ from some index on, with different terms from there on, are allowed.",
)
def state_log_matching(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (one, other)"
    law: Callable[..., Any] = answer
    entries = ((1, "a"), (1, "b"), (2, "c"))
    logs = [log for size in range(4) for log in product(entries, repeat=size)]
    for one, other in product(logs, repeat=2):
        said = law(one, other)
        if matching(one, other) and said is not None:
            return f"the law must be silent for {one} and {other}, but it said {said!r}"
        if not matching(one, other) and said is None:
            return f"the law must object to {one} and {other}, but it was silent"
    return None


@page.exercise(
    "build-two-quorums",
    hint="what is the smallest election quorum that meets every set of that many copies?",
    solution="""
        def answer(servers, elect, copies):
            names = sorted(servers)
            if elect + copies > len(names):
                return None  # any two such sets share a member
            return set(names[:elect]), set(names[elect:elect + copies])
    """,
    mistakes=(
        "answer = lambda servers, elect, copies: None",
        """
        def answer(servers, elect, copies):
            half = len(servers) // 2 + 1
            names = sorted(servers)
            return None if elect >= half and copies >= half else (set(names[:elect]), set(names[-copies:]))
        """,
    ),
    explanation="A majority for both is one choice. With five servers, a commit could wait for two copies, if every "
    "election asked for four votes. In Raft two sets of votes must share a member, too, for a term has no owner.",
)
def build_two_quorums(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (servers, elect, copies)"
    find: Callable[..., Any] = answer
    for count in range(1, 7):
        names = tuple(f"s{number}" for number in range(count))
        for elect, copies in product(range(1, count + 1), repeat=2):
            got = find(names, elect, copies)
            case = f"{count} servers, {elect} votes and {copies} copies"
            disjoint = any(
                not set(one) & set(other)
                for one in combinations(names, elect)
                for other in combinations(names, copies)
            )
            if not disjoint:
                if got is not None:
                    return f"with {case} any two sets share a member, but the answer was {got!r}"
                continue
            if not isinstance(got, tuple) or len(got) != 2:
                return f"with {case} two sets without a common member exist, but the answer was {got!r}"
            one, other = (set(part) for part in got)
            if len(one) != elect or len(other) != copies or one & other or not one | other <= set(names):
                return (
                    f"with {case} the answer was {got!r}, which are not two such sets without a common member"
                )
    return None
