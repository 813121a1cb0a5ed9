"""The exercises of the page on changing the members of Raft."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

from ..checking import Page

page = Page("raft-membership")

SIX = ("n1", "n2", "n3", "n4", "n5", "n6")


def majorities(servers: Iterable[str]) -> list[frozenset[str]]:
    """Return all majorities of some servers."""
    here = sorted(servers)
    sizes = range(len(here) // 2 + 1, len(here) + 1)
    return [frozenset(some) for size in sizes for some in combinations(here, size)]


def subsets(servers: Iterable[str]) -> list[frozenset[str]]:
    """Return all sets of some servers."""
    here = sorted(servers)
    return [frozenset(some) for size in range(len(here) + 1) for some in combinations(here, size)]


@page.exercise(
    "smallest-joint-quorum",
    hint="one server may count in both halves.",
    solution="""
        # Three of n1 to n5 and three of n3 to n6: n3, n4 and n5 are both.
        answer = 3
    """,
    mistakes=("answer = 6", "answer = 5", "answer = 4", "answer = {'n3', 'n4', 'n5'}"),
    explanation="The servers that stay count twice. Where nobody stays, it would take three and three, six servers.",
)
def smallest_joint_quorum(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a number of servers is a whole number, but the answer is {answer!r}"
    if answer < 3:
        return "with so few servers one of the two halves has no majority"
    if answer > 3:
        return "fewer are enough: which servers count in both halves?"
    return None


@page.exercise(
    "smallest-two-adds",
    hint="D and E have three servers each, so two are a majority.",
    solution="""
        answer = ({"n1", "n3"}, {"n2", "n4"})
    """,
    mistakes=(
        'answer = ({"n1", "n3"}, {"n1", "n4"})',
        'answer = ({"n3"}, {"n2", "n4"})',
        'answer = ({"n1", "n4"}, {"n2", "n3"})',
    ),
    explanation="Each change adds one server to C, and D and E differ by two.",
)
def smallest_two_adds(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2:
        return f"two sets of names are asked for, as a tuple, but the answer is {answer!r}"
    for name, given, servers in zip("DE", answer, ({"n1", "n2", "n3"}, {"n1", "n2", "n4"}), strict=True):
        if frozenset(given) not in majorities(servers):
            return f"{sorted(given)} is no majority of {name}, which is {sorted(servers)}"
    if set(answer[0]) & set(answer[1]):
        return f"the two sets meet in {sorted(set(answer[0]) & set(answer[1]))}"
    return None


@page.exercise(
    "how-long-no-commit",
    hint="the first round trip only brings a refusal.",
    solution="""
        answer = 2 * 15 * (1 + -(-5000 // 64))  # 80 round trips of 30 ms
    """,
    mistakes=("answer = 2370", "answer = 1200", "answer = 2 * 15 * 5001", "answer = 2373.75"),
    explanation="One round trip for the refusal and 79 for the batches: 2.4 s without a commit, four to eight "
    "election timeouts. A learner would have made it one round trip.",
)
def how_long_no_commit(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a time is a number of milliseconds, but the answer is {answer!r}"
    if answer == 2 * 15 * 79:
        return "before the first batch comes the message that does not fit, and its refusal"
    if answer != 2400:
        return (
            "count round trips: how long is one, how many batches are there, and what comes before the first?"
        )
    return None


@page.exercise(
    "mend-may-change",
    hint="what must a new leader have done before it knows which changes can still be committed?",
    solution="""
        def answer(term, commit_index, commit_term, configuration_index):
            return configuration_index <= commit_index and commit_term == term
    """,
    mistakes=(
        """
        def answer(term, commit_index, commit_term, configuration_index):
            return configuration_index <= commit_index
        """,
        """
        def answer(term, commit_index, commit_term, configuration_index):
            return commit_term == term
        """,
        """
        def answer(term, commit_index, commit_term, configuration_index):
            return configuration_index < commit_index and commit_term == term
        """,
    ),
    explanation="The first half waits for the last change, the second disarms changes of earlier leaders.",
)
def mend_may_change(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    cases = {
        (2, 5, 2, 3): (True, "the change is committed, and so is an entry of the own term"),
        (2, 5, 2, 5): (True, "the change itself is the committed entry of the own term"),
        (2, 5, 1, 3): (False, "nothing of the own term is committed: an older change may still be alive"),
        (2, 5, 2, 6): (False, "an earlier change is not committed"),
        (2, 0, 0, 0): (False, "a new leader has committed nothing at all"),
    }
    for (term, commit, commit_term, place), (want, why) in cases.items():
        if bool(answer(term, commit, commit_term, place)) != want:
            verb = "may" if want else "may not"
            return (
                f"in term {term}, with commit index {commit} (term {commit_term}) and the configuration at "
                f"{place}, the leader {verb} change: {why}"
            )
    return None


def pairs() -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return pairs of voters on which a law about neighbours is tried."""
    sets = [frozenset(SIX[:size]) for size in range(1, 6)] + [
        frozenset({"n1", "n2", "n4"}),
        frozenset({"n4", "n5", "n6"}),
    ]
    return [(one, other) for one in sets for other in sets]


def disjoint_majorities(old: frozenset[str], new: frozenset[str]) -> bool:
    """Return whether some majority of one misses some majority of the other."""
    return any(not a & b for a in majorities(old) for b in majorities(new))


@page.exercise(
    "state-safe-neighbours",
    hint="try all majorities of both; itertools.combinations gives the sets of one size.",
    solution="""
        from itertools import combinations

        def majorities(servers):
            sizes = range(len(servers) // 2 + 1, len(servers) + 1)
            return [set(some) for size in sizes for some in combinations(sorted(servers), size)]

        def answer(old, new):
            for one in majorities(old):
                for other in majorities(new):
                    if not one & other:
                        return f"{sorted(one)} and {sorted(other)} can decide apart"
            return None
    """,
    mistakes=(
        """
        def answer(old, new):
            return None if len(set(old) ^ set(new)) <= 1 else f"{sorted(old)} and {sorted(new)} differ by two"
        """,
        """
        def answer(old, new):
            return None if set(old) & set(new) else "they have no server in common"
        """,
        """
        def answer(old, new):
            return not set(old) & set(new)
        """,
    ),
    explanation="To differ by at most one server is enough, but not necessary: two servers and four always meet.",
)
def state_safe_neighbours(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for old, new in pairs():
        said = answer(set(old), set(new))
        here = f"{sorted(old)} and {sorted(new)}"
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {here} it returned {said!r}"
        if disjoint_majorities(old, new) and said is None:
            return f"the law is silent about {here}, which have majorities that do not meet"
        if not disjoint_majorities(old, new) and said is not None:
            return f"the law objects to {here}, whose majorities always meet"
        if said is not None and not any(
            all(name in said for name in one | other)
            for one in majorities(old)
            for other in majorities(new)
            if not one & other
        ):
            return f"the evidence for {here} names no two majorities that do not meet: {said!r}"
    return None


def joint(names: frozenset[str], new: frozenset[str], old: frozenset[str]) -> bool:
    """Return whether `names` may decide, told by all majorities."""
    sides = [side for side in (new, old) if side]
    return all(any(majority <= names for majority in majorities(side)) for side in sides)


@page.exercise(
    "build-joint-quorum",
    hint="ask the same question of each half that is not empty.",
    solution="""
        def answer(names, new, old):
            sides = [set(side) for side in (new, old) if side]
            return all(len(side & set(names)) > len(side) / 2 for side in sides)
    """,
    mistakes=(
        """
        def answer(names, new, old):
            everybody = set(new) | set(old)
            return len(everybody & set(names)) > len(everybody) / 2
        """,
        """
        def answer(names, new, old):
            return all(len(set(side) & set(names)) > len(side) / 2 for side in (new, old))
        """,
        """
        def answer(names, new, old):
            return len(set(new) & set(names)) >= len(new) / 2
        """,
    ),
    explanation="A majority of the union is not enough: it may hold no majority of one half.",
)
def build_joint_quorum(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    return _first_wrong(answer)


def _first_wrong(answer: Callable[..., Any]) -> str | None:
    new, old = frozenset({"n3", "n4", "n5", "n6"}), frozenset(SIX[:5])
    for here, there in ((new, old), (new, frozenset()), (frozenset(SIX[:3]), frozenset({"n3"}))):
        for names in subsets({*SIX, "stranger"}):
            if bool(answer(set(names), set(here), set(there))) != joint(names, here, there):
                verb = "may" if joint(names, here, there) else "may not"
                return f"{sorted(names)} {verb} decide for new {sorted(here)} and old {sorted(there)}"
    return None
