"""The exercises of the page on the challenge of performance; those of its sister in chapter 4 are in `performance`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from ..challenge_performance_queues import percentile
from ..checking import Page

page = Page("performance-challenge")


def _number(answer: object) -> bool:
    return isinstance(answer, (int, float)) and not isinstance(answer, bool) and math.isfinite(answer)


@page.exercise(
    "perf-pool",
    hint="Little: connections in use = calls a second, times the time that each call keeps one.",
    solution="answer = 64 / 1_200 * 1_000  # 53.3 ms",
    mistakes=("answer = 0.0533", "answer = 18.75", "answer = 50", "answer = 40", "answer = 'soon'"),
    explanation="64 = 1,200 a second times W gives W = 53.3 ms. At 40 ms it uses 48 connections on average. A database "
    "that is a third slower than usual takes them all, and the service stands in a queue that no graph shows.",
)
def pool(answer: object) -> str | None:
    if not _number(answer):
        return f"milliseconds are a number, but the answer is {answer!r}"
    time: Any = answer
    if time < 1:
        return "that is less than a millisecond; are these seconds?"
    if abs(time - 64 / 1.2) > 0.7:  # 53, 53.3 and 54 are rounded
        return f"with {time:.1f} ms a call there are {1.2 * time:.1f} connections in use on average"
    return None


STUCK = {"B", "C", "E", "F", "G"}
OFFERED = {
    "A": "even if every attempt fails, 3 times 0.30 are less than the capacity, so the queue ends",
    "B": "count all attempts, when every one fails: 3 times 0.40",
    "C": "count all attempts, when every one fails: 2 times 0.60",
    "D": "0.80 and a tenth of it for retries are less than the capacity",
    "E": "each of the attempts of the upper layer becomes two below: 4 times 0.45",
    "F": "a wait before each attempt changes when it comes, and not how many come: 3 times 0.50",
    "G": "0.95 and a tenth of it for retries are more than the capacity",
}


@page.exercise(
    "perf-stuck",
    hint="multiply the load of new requests by all attempts that each makes if every attempt fails.",
    solution="""
        attempts = {"A": 0.30 * 3, "B": 0.40 * 3, "C": 0.60 * 2, "D": 0.80 * 1.1,
                    "E": 0.45 * 2 * 2, "F": 0.50 * 3, "G": 0.95 * 1.1}
        answer = {name for name, load in attempts.items() if load > 1}
    """,
    mistakes=(
        'answer = {"B", "C", "E", "G"}',
        'answer = {"B", "C", "F", "G"}',
        'answer = {"B", "C", "D", "E", "F", "G"}',
        'answer = {"A", "B", "C", "E", "F", "G"}',
        'answer = {"C", "D", "G"}',
        'answer = "BCEFG"',
    ),
    explanation="Stuck can be who has more attempts than capacity when all fail: B 1.2, C 1.2, E 1.8, F 1.5, G 1.045. "
    "A (0.9) and D (0.88) get out. A budget bounds the factor; it does not make room.",
)
def stuck(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(
        isinstance(name, str) and name in OFFERED for name in answer
    ):
        return f"a set of the letters A to G is asked for, but the answer is {answer!r}"
    for name in sorted(set(answer) - STUCK):
        return f"{name} gets out by itself: {OFFERED[name]}"
    for name in sorted(STUCK - set(answer)):
        return f"{name} can be stuck: {OFFERED[name]}"
    return None


@page.exercise(
    "perf-limit",
    hint="the last one admitted waits for the rest of the work under way, at most 20 ms, and for all before it.",
    solution="""
        # 1 ms there, at most 20 ms for the work under way, 20 ms for each of those who wait (itself among them), 1 ms
        # back: 22 + 20 * limit <= 1000.
        answer = (1_000 - 22) // 20
    """,
    mistakes=("answer = 50", "answer = 49", "answer = 47", "answer = 48.9", "answer = 'long'"),
    explanation="48: the last one is answered after 982 ms at most. With 49 it may be 1,002 ms, just too late. Such a "
    "queue does work for nobody only when users leave earlier than they said.",
)
def limit(answer: object) -> str | None:
    if type(answer) is not int or answer < 0:
        return f"how many may wait is a whole number, but the answer is {answer!r}"
    longest = 22 + 20 * answer
    if longest > 1_000:
        return f"with {answer} the last one may be answered after {longest:,} ms"
    if longest + 20 <= 1_000:
        return (
            f"with {answer} the last one is answered after {longest:,} ms at most; one more could be admitted"
        )
    return None


def _servers(seed: int) -> list[list[float]]:
    random = Random(seed)
    return [
        [float(random.randrange(1, 20) * 10 ** (number == 2)) for _ in range(count)]
        for number, count in enumerate((400, 1_000, 30))
    ]


@page.exercise(
    "perf-mend",
    hint="a percentile belongs to a set of requests: make one list of all of them, sort it, and look.",
    solution="""
        from math import ceil

        def answer(servers):
            every = sorted(ms for server in servers for ms in server)
            return every[ceil(0.99 * len(every)) - 1]
    """,
    mistakes=(
        """
        def answer(servers):
            each = [sorted(s)[-(-99 * len(s) // 100) - 1] for s in servers]
            return sum(each) / len(each)
        """,
        """
        def answer(servers):
            return max(sorted(s)[-(-99 * len(s) // 100) - 1] for s in servers)
        """,
        """
        def answer(servers):
            each = [(len(s), sorted(s)[-(-99 * len(s) // 100) - 1]) for s in servers]
            return sum(n * p for n, p in each) / sum(n for n, _ in each)
        """,
        "def answer(servers):\n    return max(ms for s in servers for ms in s)",
        "answer = 190.0",
    ),
    explanation="Neither the mean nor the greatest of several percentiles is a percentile of what users meet. To "
    "add up what servers report, let them report counts in classes of latency, a histogram; counts can be added.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for servers in (_servers(1), _servers(2), [[float(n) for n in range(1, 101)]], [[5.0], [7.0, 6.0]]):
        right = percentile(sorted(ms for server in servers for ms in server), 0.99)
        found: Any = answer([list(server) for server in servers])
        if not _number(found) or found != right:
            sizes = ", ".join(str(len(server)) for server in servers)
            return f"for servers with {sizes} requests it returns {found!r}, and {right!r} is right"
    return None


Words = tuple[str, ...]
NEW, RETRY = "new", "retry"
BUDGETS: tuple[tuple[Words, bool, str], ...] = (
    ((), True, "nothing happened"),
    ((RETRY,) * 3, True, "three retries are free"),
    ((RETRY,) * 4, False, "the fourth retry has no request behind it"),
    ((NEW,) * 9 + (RETRY,) * 4, False, "nine requests earn no whole retry"),
    ((NEW,) * 10 + (RETRY,) * 4, True, "ten requests earn one retry beside the three"),
    ((RETRY,) * 4 + (NEW,) * 50, False, "the fourth retry came before the requests that earn it"),
    ((NEW,) * 20 + (RETRY,) * 5 + (NEW,) * 10 + (RETRY,), True, "it is within the budget all the time"),
    ((NEW,) * 20 + (RETRY,) * 6 + (NEW,) * 10, False, "the sixth retry came too early"),
    ((RETRY,) * 3 + (NEW,) * 10 + (RETRY, RETRY), False, "the last retry is one too many"),
)


@page.exercise(
    "perf-law",
    hint="count both as you go through the words, and compare at each retry, not only at the end.",
    solution="""
        def answer(words):
            new = retries = 0
            for word in words:
                new += word == "new"
                retries += word == "retry"
                if retries > 3 + new / 10:
                    return f"retry {retries} comes after only {new} new requests"
            return None
    """,
    mistakes=(
        """
        def answer(words):
            new, retries = words.count("new"), words.count("retry")
            return "too many" if retries > 3 + new / 10 else None
        """,
        """
        def answer(words):
            new = retries = 0
            for word in words:
                new += word == "new"
                retries += word == "retry"
                if retries > 0.1 * new:
                    return "too many"
        """,
        """
        def answer(words):
            new = retries = 0
            for word in words:
                new += word == "new"
                retries += word == "retry"
                if retries >= 3 + new / 10:
                    return "too many"
        """,
        "def answer(words):\n    return False",
        "answer = None",
    ),
    explanation="A law of safety speaks of every moment: a storm that is paid for afterwards is a storm.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for words, fine, why in BUDGETS:
        said: Any = answer(list(words))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {_short(words)} it returned {said!r}"
        if (said is None) != fine:
            return f"{_short(words)} is {'within' if fine else 'beyond'} the budget: {why}"
    return None


def _short(words: Sequence[str]) -> str:
    """Return words in a few letters: 'new x 10, retry x 4'."""
    runs: list[list[Any]] = []
    for word in words:
        if runs and runs[-1][0] == word:
            runs[-1][1] += 1
        else:
            runs.append([word, 1])
    return ", ".join(f"{word} x {count}" for word, count in runs) or "nothing at all"


def hedged(pairs: Sequence[tuple[float, float]], after: float) -> tuple[list[float], int]:
    """Return the latencies with a second question after that time, and how many questions were asked twice."""
    return (
        [first if first <= after else min(first, after + second) for first, second in pairs],
        sum(first > after for first, _ in pairs),
    )


@page.exercise(
    "perf-build",
    hint="a first answer that comes by then costs nothing; else the second replica begins only then.",
    solution="""
        def answer(pairs, after):
            times, twice = [], 0
            for first, second in pairs:
                if first > after:
                    twice += 1
                    first = min(first, after + second)
                times.append(first)
            return times, twice
    """,
    mistakes=(
        "def answer(pairs, after):\n    return [min(pair) for pair in pairs], len(pairs)",
        """
        def answer(pairs, after):
            return [f if f <= after else min(f, s) for f, s in pairs], sum(f > after for f, _ in pairs)
        """,
        """
        def answer(pairs, after):
            return [f if f <= after else after + s for f, s in pairs], sum(f > after for f, _ in pairs)
        """,
        """
        def answer(pairs, after):
            return [min(f, after + s) for f, s in pairs], len(pairs)
        """,
        """
        def answer(pairs, after):
            return [min(f, after + s) for f, s in pairs], sum(after + s < f for f, s in pairs)
        """,
        """
        def answer(pairs, after):
            return [min(f, after + s) for f, s in pairs]
        """,
        "answer = hedge = 5",
    ),
    explanation="The second replica is paid for whenever it is asked, also where the first one wins after all.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    random = Random(7)
    many: list[tuple[float, float]] = [
        (random.randrange(1, 100), random.randrange(1, 100)) for _ in range(200)
    ]
    stories: tuple[tuple[list[tuple[float, float]], float, str], ...] = (
        ([(5, 9)], 20, "the first answers in time"),
        ([(20, 1)], 20, "the first answers just in time"),
        ([(130, 6)], 20, "the second wins, and began at 20"),
        ([(22, 6)], 20, "the first wins after all, and the second was asked"),
        ([(130, 300)], 20, "both are slow"),
        (many, 60, "two hundred requests"),
    )
    for pairs, after, why in stories:
        found: Any = answer(list(pairs), after)
        if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[0], list):
            return (
                f"a pair (list of latencies, count) is asked for, but the function returns {str(found)[:60]}"
            )
        times, twice = hedged(pairs, after)
        if found[0] != times:
            place = next((i for i, (a, b) in enumerate(zip(found[0], times, strict=False)) if a != b), 0)
            return f"the latency of {pairs[place]} with after={after} is not what it must be: {why}"
        if found[1] != twice:
            return f"asked twice were {twice}, and the function says {found[1]!r}: {why}"
    return None
