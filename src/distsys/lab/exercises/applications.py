"""The exercises of the page on applications."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..checking import Page

page = Page("applications")

MORE_THAN_ONE = {"A", "C", "D", "F"}
RATES = {
    "A": "1.5 trillion a year are about 47,600 a second",
    "B": "250 billion a year are about 7,900 a second",
    "C": "2 million a minute are about 33,300 a second",
    "D": "900 million a day are about 10,400 a second",
    "E": "30 million an hour are about 8,300 a second",
    "F": "24 million in half an hour are about 13,300 a second",
}


@page.exercise(
    "app-machines",
    hint="bring each to one second; a day has 86,400 of them, a year 31,536,000.",
    solution="""
        answer = {"A", "C", "D", "F"}
    """,
    mistakes=(
        'answer = {"A", "B", "C", "D", "F"}',
        'answer = {"A", "C", "F"}',
        'answer = {"A", "C", "D", "E", "F"}',
        'answer = {"A", "C", "D"}',
        'answer = ["A", "C", "D", "F"]',
        "answer = 3",
    ),
    explanation="The size of a number says little: 250 billion a year fit on one machine, 24 million in half an hour "
    "do not. It is the peak that must be served, though, and an even rate is the least that it can be.",
)
def load(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(
        isinstance(letter, str) and letter in RATES for letter in answer
    ):
        return f"a set of the letters A to F is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - MORE_THAN_ONE):
        return f"{letter} fits on one machine: {RATES[letter]}"
    if set(answer) != MORE_THAN_ONE:
        return "that is right as far as it goes, but another one does not fit on one machine"
    return None


@page.exercise(
    "app-counter",
    hint="how many numbers from 1 up does a signed number of 32 bits hold, and how many events come in a day?",
    solution="""
        keys = 2**31 - 1
        answer = keys // (5_700 * 86_400)
    """,
    mistakes=("answer = 8", "answer = 4.36", "answer = 5", "answer = 376_765", "answer = 'four days'"),
    explanation="2,147,483,647 keys at 5,700 a second last 4.36 days, so four whole ones. With 64 bits it would be 51 "
    "million years: a limit should be out of reach, or be an alarm.",
)
def counter(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 0:
        return f"a whole number of days is asked for, but the answer is {answer!r}"
    if answer == 8:
        return "with a sign, one of the 32 bits is not there for the number"
    if answer != 4:
        return f"in {answer} days {answer * 5_700 * 86_400:,} tweets come; compare that with 2**31 - 1"
    return None


def lost_at_most(interval: int) -> int:
    """Return how many calls come within one interval and a patience of 5 s; 6,600 come in six hours."""
    return (interval + 5) * 6_600 // (6 * 3_600) + 1


@page.exercise(
    "app-watch",
    hint="take the bound of the page: one interval and one patience, divided by the time between two calls, rounded "
    "down, and 1 more.",
    solution="""
        def bound(interval):
            return (interval + 5) * 6_600 // (6 * 3_600) + 1

        answer = max(seconds for seconds in range(1, 600) if bound(seconds) <= 10)
    """,
    mistakes=("answer = 32", "answer = 27.7", "answer = 28", "answer = 60", "answer = 5", "answer = None"),
    explanation="A call comes every 3.27 s. With 27 s the service is away for 32 s at most; that is nine times 3.27 s "
    "and a bit, so at most ten calls. With 28 s it may be eleven.",
)
def watch(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 1:
        return f"a whole number of seconds is asked for, but the answer is {answer!r}"
    if lost_at_most(answer) > 10:
        return f"with {answer} s between test calls up to {lost_at_most(answer)} calls are lost"
    if lost_at_most(answer + 1) <= 10:
        return "that keeps the wish, but one may test less often"
    return None


def called(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str | None]:
    """Return what a function of the reader returns, or a sentence on what it raised."""
    try:
        return function(*arguments), None
    except Exception as error:  # whatever it is, the reader gets a sentence
        return (
            None,
            f"for {', '.join(map(repr, arguments))} the function raises {type(error).__name__}: {error}",
        )


@page.exercise(
    "app-share",
    hint="when may nothing be taken away, and what must a shop that gives keep for itself?",
    solution="""
        def answer(left, asked):
            if asked > left:
                return 0, left
            return asked, left - asked
    """,
    mistakes=(
        "def answer(left, asked):\n    return asked, left - asked",
        "def answer(left, asked):\n    given = min(asked, left)\n    return given, left - asked",
        "def answer(left, asked):\n    return min(asked, left), left - min(asked, left)",
        "def answer(left, asked):\n    return (asked, left) if asked <= left else (0, left)",
        "def answer(left, asked):\n    return asked < left and asked, left",
        "answer = 0",
        "def answer(left):\n    return 0, left",
    ),
    explanation="What is given and what is left must add up to what was there; that is the law by which no shop can "
    "sell a piece twice, whatever the network does.",
)
def share(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for left, asked in ((5, 2), (5, 5), (5, 6), (0, 1), (3, 0), (1, 1)):
        found, trouble = called(answer, left, asked)
        if trouble:
            return trouble
        if not isinstance(found, tuple) or len(found) != 2:
            return f"a pair (given, left) is asked for, but the function returns {found!r}"
        wanted = (asked, left - asked) if asked <= left else (0, left)
        if found != wanted:
            return (
                f"with {left} left and {asked} asked for, (given, left) must be {wanted}, but it is {found!r}"
            )
    return None


Events = list[tuple[str, int, int]]
STORIES: tuple[tuple[Events, bool, str], ...] = (
    ([], True, "nothing happened"),
    ([("order", 1, 100), ("bought", 1, 100)], True, "all that was ordered is bought"),
    ([("order", 1, 100), ("bought", 1, 50)], True, "the rest may come"),
    ([("order", 1, 100), ("bought", 1, 50), ("bought", 1, 60)], False, "110 are bought for an order of 100"),
    ([("bought", 2, 10)], False, "nobody has given order 2"),
    ([("bought", 1, 10), ("order", 1, 100)], False, "it was bought before it was ordered"),
    (
        [("order", 1, 100), ("order", 2, 10), ("bought", 2, 20)],
        False,
        "20 are bought for order 2, which is for 10",
    ),
    (
        [("order", 1, 10), ("order", 2, 10), ("bought", 2, 10), ("bought", 1, 10)],
        True,
        "each has what it asked for",
    ),
)


@page.exercise(
    "app-law",
    hint="keep for each order what may still be bought, and look at each purchase when it comes.",
    solution="""
        def answer(events):
            missing = {}
            for what, order, shares in events:
                if what == "order":
                    missing[order] = shares
                elif shares > missing.get(order, 0):
                    return f"{shares} are bought for order {order}, and {missing.get(order, 0)} were missing"
                else:
                    missing[order] -= shares
            return None
    """,
    mistakes=(
        """
        def answer(events):
            ordered = sum(shares for what, _, shares in events if what == "order")
            bought = sum(shares for what, _, shares in events if what == "bought")
            return None if bought <= ordered else "too much is bought"
        """,
        """
        def answer(events):
            missing = {order: shares for what, order, shares in events if what == "order"}
            for what, order, shares in events:
                if what == "bought":
                    missing[order] = missing.get(order, 0) - shares
            return "too much is bought" if any(one < 0 for one in missing.values()) else None
        """,
        """
        def answer(events):
            missing = {}
            for what, order, shares in events:
                if what == "order":
                    missing[order] = shares
                elif shares > missing[order]:
                    return "too much is bought"
            return None
        """,
        "def answer(events):\n    return True",
        "answer = None",
    ),
    explanation="Knight had limits for each customer, and none that compared what went out with what had come in. A "
    "law of one line at the door to the market does that.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for events, fine, why in STORIES:
        said, trouble = called(answer, list(events))
        if trouble:
            return trouble
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {events} it returned {said!r}"
        if (said is None) != fine:
            return f"the events {events} are {'fine' if fine else 'not fine'}: {why}"
    return None


class _Servers:
    """Servers that get a new program; a copy to one of them may fail a number of times, or always."""

    def __init__(self, fails: dict[str, float]) -> None:
        self.fails = dict(fails)
        self.names = tuple(f"s{place}" for place in range(1, 5))
        self.versions = dict.fromkeys(self.names, "old")
        self.enabled_with: list[dict[str, str]] = []
        self.tries = dict.fromkeys(self.names, 0)
        self.calls = 0

    def copy(self, name: str) -> None:
        self._count()
        self.tries[name] += 1
        if self.fails.get(name, 0) > 0:
            self.fails[name] -= 1
        else:
            self.versions[name] = "new"

    def version(self, name: str) -> str:
        self._count()
        return self.versions[name]

    def enable(self) -> None:
        self.enabled_with.append(dict(self.versions))

    def _count(self) -> None:
        self.calls += 1
        if self.calls > 200:
            raise RuntimeError("two hundred calls, and no end")


@page.exercise(
    "app-deploy",
    hint="copying says nothing, so ask each server for its version; enable after the last of them has said new.",
    solution="""
        def answer(names, copy, version, enable):
            for name in names:
                for _ in range(3):
                    copy(name)
                    if version(name) == "new":
                        break
                else:
                    return False
            enable()
            return True
    """,
    mistakes=(
        """
        def answer(names, copy, version, enable):
            for name in names:
                copy(name)
            enable()
            return True
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                copy(name)
                if version(name) == "new":
                    enable()
            return True
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                copy(name)
            if all(version(name) == "new" for name in names):
                enable()
                return True
            return False
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                while version(name) != "new":
                    copy(name)
            enable()
            return True
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                for _ in range(3):
                    copy(name)
            return all(version(name) == "new" for name in names)
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                for _ in range(3):
                    copy(name)
                    if all(version(other) == "new" for other in names):
                        enable()
            return all(version(name) == "new" for name in names)
        """,
        """
        def answer(names, copy, version, enable):
            for name in names:
                for _ in range(9):
                    if version(name) == "old":
                        copy(name)
            done = all(version(name) == "new" for name in names)
            if done:
                enable()
            return done
        """,
        "answer = True",
    ),
    explanation="Copy, look, try again, and switch only when all have it: the look is what was missing on that day. It "
    "must be the servers that say what they run, not the person who copied.",
)
def deploy(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    stories: tuple[tuple[dict[str, float], bool, str], ...] = (
        ({}, True, "every copy arrives at once"),
        ({"s4": 1}, True, "the first copy to s4 fails, the second one arrives"),
        ({"s2": 2, "s3": 1}, True, "s2 needs three tries"),
        ({"s4": math.inf}, False, "no copy to s4 ever arrives"),
        ({"s1": math.inf}, False, "no copy to s1 ever arrives"),
    )
    for fails, done, why in stories:
        servers = _Servers(fails)
        found, trouble = called(answer, servers.names, servers.copy, servers.version, servers.enable)
        if trouble:
            return f"{why}: the function raises {trouble.rsplit('raises ', 1)[1]}"
        old = [name for now in servers.enabled_with for name, version in now.items() if version == "old"]
        if old:
            return f"{why}: it is enabled while {', '.join(old)} still runs the old program"
        if len(servers.enabled_with) != done:
            wanted = "once" if done else "not at all"
            return (
                f"{why}: enable() must be called {wanted}, but it is called {len(servers.enabled_with)} times"
            )
        if max(servers.tries.values()) > 3:
            return (
                f"{why}: at most three copies to each server are allowed, not {max(servers.tries.values())}"
            )
        if found is not done:
            return f"{why}: it must return {done}, but it returns {found!r}"
    return None
