"""The exercises of the page on impossibility."""

from __future__ import annotations

from itertools import product
from typing import Any

from ..checking import Page

page = Page("impossibility")


@page.exercise(
    "imp-seals",
    hint="A needs two more votes. How many 1s must the next round have, so that it is split again?",
    solution="""
        answer = {"B"}
    """,
    mistakes=(
        'answer = {"C"}',
        'answer = {"C", "D"}',
        'answer = {"B", "C", "D"}',
        "answer = set()",
        'answer = "B"',
        "answer = 3",
    ),
    explanation="The next round has the vote 1 of C, and is split again only if A votes 1. With the vote of B it has 0 "
    "and 0, and will vote 0 whatever comes third. With that of C or D it has 0 and 1, and the next letter tips it.",
)
def seals(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= {"B", "C", "D"}:
        return f"a set of names out of B, C, D is asked for, but the answer is {answer!r}"
    for name in sorted(answer - {"B"}):
        return f"after the letter of {name}, A has 0 and 1, so the next letter can still give it either vote"
    return None if answer else "one letter makes the next vote of A certain, before its third vote is there"


TRUE = {"B", "D", "F"}
WHY = {
    "A": "false: many runs decide, and FLP says only that some run does not",
    "B": "true: it is the theorem, read the other way round",
    "C": "false: in that run each letter is taken and nobody crashes",
    "D": "true: a decision would make the other value impossible, by agreement",
    "E": "false: the fate may be sealed before anybody has decided",
    "F": "true: wait for all inputs, and decide the smallest",
}


@page.exercise(
    "imp-true",
    hint="for each sentence: does it speak of all runs or of some, and may one crash or must one?",
    solution="""
        answer = {"B", "D", "F"}
    """,
    mistakes=(
        'answer = {"A", "B", "D", "F"}',
        'answer = {"B", "C", "D", "F"}',
        'answer = {"B", "D", "E", "F"}',
        'answer = {"B", "D"}',
        'answer = "BDF"',
        "answer = None",
    ),
    explanation="B, D and F. " + " ".join(f"{letter}: {why}." for letter, why in WHY.items()),
)
def true(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(letter in WHY for letter in answer):
        return f"a set of the letters A to F is asked for, but the answer is {answer!r}"
    for letter in sorted(answer - TRUE):
        return f"{letter} is {WHY[letter]}"
    missing = sorted(TRUE - answer)
    return f"a true sentence is missing; look at {missing[0]} again" if missing else None


@page.exercise(
    "imp-third",
    hint="somebody decides v with n - 2 equal votes: how many of another's n - 2 votes are v at least? A majority?",
    solution="""
        f = 2
        answer = next(n for n in range(3, 100) if 2 * (n - 2 * f) > n - f)
    """,
    mistakes=("answer = 5", "answer = 6", "answer = 8", "answer = 4", "answer = 'seven'", "answer = 7.5"),
    explanation="Of another's n - 2 votes at least n - 4 are v. They must be more than half: 2(n - 4) > n - 2, "
    "so n > 6. In general n > 3f. With n = 6 it may see two against two, and adopt the smaller.",
)
def third(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number is asked for, but the answer is {answer!r}"
    if answer < 3:
        return "n must be at least 3"
    if answer < 7:
        least = max(answer - 4, 0)
        return f"with n = {answer} the decided value may have only {least} of the {answer - 2} votes that another sees"
    return None if answer == 7 else "that is enough, but fewer are, too"


@page.exercise(
    "imp-mend",
    hint="count each value: three or more decide, two of three are adopted, and two against two is free.",
    solution="""
        def answer(votes, coin):
            ones = sum(votes)
            zeros = len(votes) - ones
            if ones == zeros:
                return None, coin
            most = 1 if ones > zeros else 0
            return (most if max(ones, zeros) >= 3 else None), most
    """,
    mistakes=(
        "def answer(votes, coin):\n    return (votes[0], votes[0]) if len(set(votes)) == 1 else (None, coin)",
        "def answer(votes, coin):\n    most = int(2 * sum(votes) > len(votes))\n    return most, most",
        "def answer(votes, coin):\n    most = int(2 * sum(votes) > len(votes))\n    return None, most",
        "def answer(votes, coin):\n    most = int(2 * sum(votes) > len(votes))\n"
        "    return (most if len(set(votes)) == 1 else None), most",
        "def answer(votes, coin):\n    return coin",
        "answer = 1",
    ),
    explanation="Who sees two of three for v must adopt v, since another may have seen three. With two against two "
    "nobody can have three, so nobody decides in this round, and the coin is free.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for size, coin in product((3, 4), (0, 1)):
        for votes in product((0, 1), repeat=size):
            found: Any = answer(list(votes), coin)
            if not isinstance(found, tuple) or len(found) != 2:
                return f"a pair (decision, next vote) is asked for, but the function returns {found!r}"
            ones = sum(votes)
            most = 1 if 2 * ones > size else 0
            decides = most if max(ones, size - ones) >= 3 else None
            split = 2 * ones == size
            if found[0] != decides:
                return f"with the votes {votes} it must decide {decides}, not {found[0]!r}"
            if found[1] != (coin if split else most):
                wanted = f"the coin, {coin}" if split else str(most)
                return f"with the votes {votes} it must vote {wanted} in the next round, not {found[1]!r}"
    return None


HISTORIES: tuple[tuple[str, list[tuple[str, str, int]], bool], ...] = (
    ("nobody has decided", [("input", "a", 0), ("input", "b", 1)], True),
    ("both decide 1", [("input", "a", 0), ("input", "b", 1), ("decides", "b", 1), ("decides", "a", 1)], True),
    ("a decides 0, b 1", [("input", "a", 0), ("input", "b", 1), ("decides", "a", 0), ("decides", "b", 1)], False),
    ("1 is decided and nobody has it as input", [("input", "a", 0), ("input", "b", 0), ("decides", "a", 1)], False),
    ("a decides 1 twice", [("input", "a", 1), ("decides", "a", 1), ("decides", "a", 1)], False),
    ("b's input comes after a has decided it", [("input", "a", 0), ("decides", "a", 1), ("input", "b", 1)], True),
)  # fmt: skip


@page.exercise(
    "imp-law",
    hint="collect the inputs of the whole history first, then go through the decisions.",
    solution="""
        def answer(history):
            inputs = {value for what, _, value in history if what == "input"}
            said = [(who, value) for what, who, value in history if what == "decides"]
            if len({value for _, value in said}) > 1:
                return "two have decided differently"
            if len({who for who, _ in said}) < len(said):
                return "somebody has decided twice"
            if any(value not in inputs for _, value in said):
                return "a value was decided that nobody has as input"
            return None
    """,
    mistakes=(
        "def answer(history):\n    return None",
        "def answer(history):\n    said = {v for what, _, v in history if what == 'decides'}\n"
        "    return 'two values' if len(said) > 1 else None",
        "def answer(history):\n    return 'wrong'",
        "def answer(history):\n    return True",
        "answer = None",
    ),
    explanation="Agreement and validity speak of the whole history, so collect first. In an asynchronous system an "
    "input may become known to an observer after the decision.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for name, history, good in HISTORIES:
        found: Any = answer(list(history))
        if found is not None and not isinstance(found, str):
            return f"None or a sentence is asked for, but the function returns {found!r}"
        if good and found is not None:
            return f"this history keeps the laws ({name}), but the function says: {found}"
        if not good and found is None:
            return f"this history breaks a law ({name}), but the function returns None"
    return None


GRAPHS: tuple[tuple[dict[str, list[str]], dict[str, int], str, set[int]], ...] = (
    ({"a": ["b", "c"], "b": [], "c": []}, {"b": 0, "c": 1}, "a", {0, 1}),
    ({"a": ["b", "c"], "b": [], "c": []}, {"b": 0, "c": 1}, "b", {0}),
    ({"a": ["b"], "b": ["a", "c"], "c": ["c"]}, {"c": 1}, "a", {1}),
    ({"a": ["a"]}, {}, "a", set()),
    ({"a": ["b"], "b": ["c"], "c": ["d"], "d": ["a", "e"], "e": []}, {"b": 0, "e": 0}, "c", {0}),
    ({str(n): [str(n + 1)] for n in range(3_000)} | {"3000": []}, {"3000": 1}, "0", {1}),
)


@page.exercise(
    "imp-valence",
    hint="walk through all that can be reached, with a list of what is still to visit and a set of what was seen.",
    solution="""
        def answer(after, decided, begin):
            seen, waiting = {begin}, [begin]
            while waiting:
                for then in after[waiting.pop()]:
                    if then not in seen:
                        seen.add(then)
                        waiting.append(then)
            return {decided[now] for now in seen if now in decided}
    """,
    mistakes=(
        "def answer(after, decided, begin):\n    return {decided[x] for x in after[begin] if x in decided}",
        "def answer(after, decided, begin):\n    return {0, 1}",
        "def answer(after, decided, begin):\n    return set(decided.values())",
        "def answer(after, decided, begin):\n    return 'bivalent'",
        "answer = {0, 1}",
    ),
    explanation="What can be decided is what is decided somewhere in all that can be reached. The set of what was seen "
    "makes cycles end, and the list takes the place of a recursion, which would be too deep for long runs.",
)
def valence(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for after, decided, begin, wanted in GRAPHS:
        try:
            found: Any = answer({key: list(then) for key, then in after.items()}, dict(decided), begin)
        except RecursionError:
            return (
                f"on a run of {len(after):,} configurations the function calls itself too often: use a list"
            )
        if not isinstance(found, (set, frozenset)):
            return f"a set of values is asked for, but the function returns {found!r}"
        if found != wanted:
            size = f"{after}" if len(after) < 10 else f"a line of {len(after):,} configurations"
            right = wanted or "the empty set"
            return f"from {begin!r} in {size}, where {decided} is decided, it must be {right}, not {found}"
    return None
