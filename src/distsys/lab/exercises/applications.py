"""The exercises of the page on applications."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..checking import Page

page = Page("applications")

MORE_THAN_ONE = {"A", "C", "E"}
RATES = {
    "A": "5 trillion a year are about 158,500 a second",
    "B": "11.1 billion a year are about 352 a second",
    "C": "583,000 a second are 59 times as many as one machine does",
    "D": "240 million a year are 8 a second, for a whole country",
    "E": "50,000 a second are five times as many as one machine does",
    "F": "a million an hour are 278 a second",
}


@page.exercise(
    "app-machines",
    hint="bring each to one second; a year has 31,536,000 of them.",
    solution="""
        answer = {"A", "C", "E"}
    """,
    mistakes=(
        'answer = {"A", "B", "C", "E"}',
        'answer = {"C", "E"}',
        'answer = {"A", "C", "E", "F"}',
        'answer = {"A", "C", "D", "E"}',
        'answer = ["A", "C", "E"]',
        "answer = 3",
    ),
    explanation="A large number a year may be a small one a second: 11.1 billion parcels a year are 352 a second. "
    "It is the peak that must be served, though, and these are means where a year is named.",
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


LOST_A_SECOND = 6_600 / (6 * 3_600)


@page.exercise(
    "app-watch",
    hint="the longest time without service is one interval and one patience; multiply it with the calls a second.",
    solution="""
        calls_a_second = 6_600 / (6 * 3_600)
        answer = int(10 / calls_a_second) - 5
    """,
    mistakes=("answer = 32", "answer = 27.7", "answer = 28", "answer = 60", "answer = 5", "answer = None"),
    explanation="0.306 calls a second: ten calls are 32.7 s. The keys may run out just after a test call, so an "
    "interval and a patience of 5 s pass. 27 s it is, if the way to the spare router is taken at once.",
)
def watch(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 1:
        return f"a whole number of seconds is asked for, but the answer is {answer!r}"
    if (answer + 5) * LOST_A_SECOND > 10:
        return f"with {answer} s between test calls up to {(answer + 5) * LOST_A_SECOND:.1f} calls are lost"
    if (answer + 6) * LOST_A_SECOND <= 10:
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
        self.enabled_with: dict[str, str] | None = None
        self.calls = 0

    def copy(self, name: str) -> None:
        self._count()
        if self.fails.get(name, 0) > 0:
            self.fails[name] -= 1
        else:
            self.versions[name] = "new"

    def version(self, name: str) -> str:
        self._count()
        return self.versions[name]

    def enable(self) -> None:
        self.enabled_with = dict(self.versions)

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
        if servers.enabled_with is not None and "old" in servers.enabled_with.values():
            old = [name for name, version in servers.enabled_with.items() if version == "old"]
            return f"{why}: it is enabled while {', '.join(old)} still runs the old program"
        if (servers.enabled_with is not None) is not done:
            return f"{why}: it must {'be enabled' if done else 'not be enabled'} in the end"
        if found is not done:
            return f"{why}: it must return {done}, but it returns {found!r}"
    return None
