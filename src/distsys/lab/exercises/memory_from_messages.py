"""The exercises of the page on memory from messages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from ..checking import Page

page = Page("memory-from-messages")


@page.exercise(
    "abd-predict",
    hint="take every set of three copies, and the greatest number in it.",
    solution="""
        answer = {2, 3}
    """,
    mistakes=("answer = {3}", "answer = {1, 2, 3}", "answer = [2, 3]", "answer = {2}"),
    explanation="The three copies n2, n3 and n5 hold 2, 2 and 1. Every other three contain n1 or n4, so 3. The 1 is "
    "never the greatest of three, for only one copy holds so little.",
)
def predict(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(type(item) is int for item in answer):
        return f"a set of numbers is asked for, but the answer is {answer!r}"
    if 1 in answer:
        return "1 is the greatest of three only if three copies hold 1 or less"
    if answer - {2, 3}:
        return "no copy holds such a number"
    return None if answer == {2, 3} else "there is another set of three, with another greatest number"


SKIP = {"A", "C", "D"}


@page.exercise(
    "abd-skip",
    hint="count who holds the greatest number: are they a majority of all copies?",
    solution="""
        answer = {"A", "C", "D"}
    """,
    mistakes=('answer = {"A", "C"}', 'answer = {"A", "B", "C", "D"}', 'answer = "ACD"', "answer = {1}"),
    explanation="What counts is that a majority of all copies holds it already: 2 of 3 in A, 3 of 5 in C and D. "
    "In B and E "
    "fewer are known to. Our code stops at a majority of answers, so it never sees a case like D.",
)
def skip(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(item in set("ABCDE") for item in answer):
        return f"a set of the letters A to E is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - SKIP):
        return f"in {letter} the next read may hear of a majority without the greatest number"
    missing = SKIP - set(answer)
    return "in another case, too, a majority of all copies holds the greatest number" if missing else None


@page.exercise(
    "abd-size",
    hint="2f + 1 copies; a phase waits for f + 1 answers, and a read has two phases.",
    solution="""
        n, k = 7, 4
        answer = round(2 * 10 * sum(1 / (n - i) for i in range(k)), 2)
    """,
    mistakes=("answer = 7.6", "answer = 15.67", "answer = 51.86", "answer = 'fifteen'", "answer = True"),
    explanation="Seven copies. 1/7 + 1/6 + 1/5 + 1/4 = 319/420, times 10 ms, twice: 15.19 ms. To wait for all "
    "seven twice would "
    "take 51.86 ms.",
)
def size(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of milliseconds is asked for, but the answer is {answer!r}"
    if abs(answer - 7.6) < 0.05:
        return "that is one phase, and a read has two"
    if abs(answer - 15.67) < 0.02:
        return "with five copies only two may be down"
    return (
        None
        if abs(answer - 15.19) < 0.015
        else "that is not twice the mean time to the fourth of seven answers"
    )


@page.exercise(
    "abd-mend",
    hint="one mistake ignores what some copies hold, the other lets two writers take the same tag.",
    solution="""
        def answer(answers, me):
            return max(answers)[0] + 1, me
    """,
    mistakes=(
        "def answer(answers, me):\n    return answers[0][0] + 1, me",
        "def answer(answers, me):\n    number, writer = max(answers)\n    return number + 1, writer",
        "def answer(answers, me):\n    return max(answers)",
        "def answer(answers, me):\n    return None",
        "answer = 3",
    ),
    explanation="The number must be above all that were heard, and the name that of the writer itself: ABD-03 "
    "and ABD-04 are "
    "the two mistakes.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (answers, me) is asked for, but the answer is {answer!r}"
    tags = [(0, ""), (1, "a"), (1, "b"), (2, "a")]
    for first, second in product(tags, tags):
        said, trouble = called(answer, [first, second], "c")
        if trouble:
            return trouble
        if not isinstance(said, tuple) or len(said) != 2:
            return f"a tag is a pair, but for {[first, second]} the function returns {said!r}"
        if said[1] != "c":
            return f"for {[first, second]} writer c takes the tag {said}, which another writer may take, too"
        if type(said[0]) is not int or said[0] != max(first, second)[0] + 1:
            return f"for {[first, second]} the number must be one above all, but the tag is {said}"
    return None


def law_of(operations: list[tuple[int, int, str, int]]) -> bool:
    """Return whether the order of tags respects real time."""
    return not any(
        end < begin and (later < earlier or (later == earlier and kind == "write"))
        for _, end, _, earlier in operations
        for begin, _, kind, later in operations
    )


RUNS: tuple[list[tuple[int, int, str, int]], ...] = (
    [],
    [(1, 2, "write", 1), (3, 4, "read", 1)],
    [(1, 9, "write", 1), (2, 3, "read", 1), (4, 5, "read", 0)],
    [(1, 9, "write", 1), (2, 4, "read", 1), (3, 5, "read", 0)],
    [(1, 2, "write", 1), (3, 4, "write", 1)],
    [(1, 2, "read", 1), (3, 4, "write", 1)],
    [(3, 4, "read", 0), (1, 2, "write", 1)],
    [(1, 2, "write", 1), (3, 4, "write", 2), (5, 6, "read", 2)],
    [(1, 3, "write", 2), (2, 4, "write", 1)],
)


@page.exercise(
    "abd-law",
    hint="compare each pair in which one ended before the other began.",
    solution="""
        def answer(operations):
            for _, end, _, earlier in operations:
                for begin, _, kind, later in operations:
                    if end < begin and (later < earlier or (later == earlier and kind == "write")):
                        return f"a {kind} has tag {later}, but {earlier} had ended before"
            return None
    """,
    mistakes=(
        "def answer(operations):\n    return None",
        "def answer(operations):\n    return 'broken'",
        "def answer(operations):\n    tags = [one[3] for one in operations]\n"
        "    return None if tags == sorted(tags) else 'not sorted'",
        "def answer(operations):\n    return 7",
        "answer = 1",
    ),
    explanation="Only pairs that do not overlap are ordered by real time. Two reads may share a tag, and a read "
    "may share that "
    "of an earlier write; a write must have a higher one than all that ended before.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of operations is asked for, but the answer is {answer!r}"
    for operations in RUNS:
        said, trouble = called(answer, list(operations))
        if trouble:
            return trouble
        if said is not None and not isinstance(said, str):
            return f"None or a sentence is asked for, but for {operations} the function returns {said!r}"
        if (said is None) != law_of(operations):
            return f"for {operations} the law is {'kept' if law_of(operations) else 'broken'}, but it says {said!r}"
    return None


class Copies:
    """Copies of a cell for the last exercise; some are down, and answer nothing."""

    def __init__(self, held: dict[str, tuple[int, Any]], down: frozenset[str]) -> None:
        self.held, self.down = dict(held), down

    def ask(self, name: str) -> tuple[int, Any] | None:
        """Return what a copy holds, or None where it is down."""
        return None if name in self.down else self.held[name]

    def store(self, name: str, tag: int, value: Any) -> bool:
        """Have a copy hold this unless it holds something newer; return whether it answers."""
        if name in self.down:
            return False
        self.held[name] = max(self.held[name], (tag, value), key=lambda one: one[0])
        return True


@page.exercise(
    "abd-build",
    hint="ask all, count those that answered, store the newest at all, count those that confirmed.",
    solution="""
        def answer(names, ask, store):
            majority = len(names) // 2 + 1
            held = [one for name in names if (one := ask(name)) is not None]
            if len(held) < majority:
                return None
            tag, value = max(held, key=lambda one: one[0])
            stored = sum(store(name, tag, value) for name in names)
            return (tag, value) if stored >= majority else None
    """,
    mistakes=(
        "def answer(names, ask, store):\n    return ask(names[0])",
        "def answer(names, ask, store):\n"
        "    return max((one for name in names if (one := ask(name))), key=lambda one: one[0])",
        "def answer(names, ask, store):\n    held = [one for name in names if (one := ask(name))]\n"
        "    return max(held, key=lambda one: one[0]) if len(held) > len(names) // 2 else None",
        "def answer(names, ask, store):\n    return 5",
        "answer = 0",
    ),
    explanation="Without the second phase the function is ABD-01. With fewer than a majority it must not "
    "answer: the newest value "
    "may be on the copies that it did not reach.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (names, ask, store) is asked for, but the answer is {answer!r}"
    held = {"n1": (1, "a"), "n2": (2, "b"), "n3": (1, "a"), "n4": (0, None), "n5": (1, "a")}
    for count, down in product((3, 5), ((), ("n1",), ("n2",), ("n1", "n3"), ("n1", "n2", "n3"))):
        names = tuple(sorted(held))[:count]
        copies = Copies({name: held[name] for name in names}, frozenset(down))
        up = [name for name in names if name not in down]
        said, trouble = called(answer, names, copies.ask, copies.store)
        if trouble:
            return trouble
        want = max(held[name] for name in up if held[name][0]) if 2 * len(up) > count else None
        if said != want:
            return f"with {', '.join(down) or 'nobody'} of {count} down the answer is {want!r}, but it returns {said!r}"
        if want and 2 * sum(copies.held[name][0] >= want[0] for name in names) <= count:
            return f"it returns {want!r} while no majority of the {count} copies holds it: the next read may miss it"
    return None


def called(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str | None]:
    """Return what a function returns, and None; or None and what went wrong."""
    try:
        return function(*arguments), None
    except Exception as problem:
        return None, f"the function fails with {type(problem).__name__}: {problem}"
