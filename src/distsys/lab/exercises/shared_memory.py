"""The exercises of the page on shared memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distsys.models.interleaving import Machine

from ..checking import Page

page = Page("shared-memory")


def _whole(answer: object) -> bool:
    return isinstance(answer, int) and not isinstance(answer, bool)


@page.exercise(
    "memory-orders",
    hint="six steps, two of each process in a fixed order: count the ways to mix them. Then let all read first.",
    solution="""
        from math import factorial
        answer = (factorial(6) // factorial(2) ** 3, 1)
    """,
    mistakes=(
        "answer = (20, 1)",
        "answer = (720, 1)",
        "answer = (90, 2)",
        "answer = 90",
        "answer = ('90', '1')",
    ),
    explanation="Of the 6! orders of six steps, those are one in which only steps of one process change places: "
    "6!/(2! 2! 2!) = 90. If all three read before anybody writes, each writes 1.",
)
def orders(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(_whole(each) for each in answer):
        return f"a pair (orders, smallest x) of whole numbers is asked for, but the answer is {answer!r}"
    if answer[0] == 20:
        return "20 is C(6, 3); there are three processes with two steps each"
    if answer[0] != 90:
        return f"there are not {answer[0]} orders: the two steps of one process keep their order"
    if answer[1] != 1:
        return (
            f"x can end smaller than {answer[1]}, or not so small"
            if answer[1] > 1
            else "x is at least 1 in the end"
        )
    return None


def _after(answer: list[str]) -> dict[str, Any] | str:
    """Return where the two processes of Peterson's algorithm are after these steps."""
    machine = Machine("peterson")
    moment = machine.start()
    for who in answer:
        move = next((move for move in machine.moves(moment) if move.who == who), None)
        if move is None:
            return f"{who!r} is none of p1 and p2"
        _, moment = machine.after(moment, move)
    return {name: machine.node(moment, name).fields()["at"] for name in ("p1", "p2")}


@page.exercise(
    "memory-schedule",
    hint="p1 raises its flag, and must give way after p2 has given way.",
    solution="""
        answer = ["p1", "p2", "p2", "p1", "p1", "p1", "p2", "p2"]
    """,
    mistakes=(
        'answer = ["p1", "p1", "p2", "p2", "p1", "p1", "p2", "p2"]',
        'answer = ["p1", "p2", "p2", "p1", "p2", "p2", "p1", "p1"]',
        'answer = ["p2", "p2", "p2"]',
        'answer = ["p1", "p2", "p2", "p3"]',
        "answer = 12",
        'answer = ["p1", "p2"]',
    ),
    explanation="Whoever gives way last, waits. p1 begins and gives way last. After its two looks it waits "
    "for as long as p2 is inside.",
)
def schedule(answer: object) -> str | None:
    if not isinstance(answer, list) or not all(isinstance(who, str) for who in answer):
        return f"a list of 'p1' and 'p2' is asked for, but the answer is {answer!r}"
    if not answer or answer[0] != "p1":
        return "p1 is to take the first step"
    if len(answer) > 50:
        return "it can be done in far fewer than 50 steps"
    at = _after(answer)
    if isinstance(at, str):
        return at
    if at["p2"] != "critical":
        return f"then p2 is not inside: its next step is {at['p2']}"
    if answer.count("p1") < 4 or at["p1"] != "see_flag":
        return f"p1 has not looked at the flag and at the turn in vain: its next step is {at['p1']}"
    if _third(answer, "p2") < _third(answer, "p1"):
        return "p1 is to look at the flag before p2 looks at anything"
    return None


def _third(answer: list[str], who: str) -> int:
    """Return the place of the third step of a process: its first look, after flag and turn."""
    return [place for place, name in enumerate(answer) if name == who][2]


@page.exercise(
    "memory-states",
    hint="in the beginning nobody has decided. After that: who was first, and which of the others have decided?",
    solution="""
        answer = 1 + 5 * 2 ** 4
    """,
    mistakes=("answer = 80", "answer = 32", "answer = 120", "answer = 81.0", "answer = 65"),
    explanation="One state in which nobody has taken a step. Else one of n was first, and each of the other n - 1 has "
    "decided or not: 1 + n 2^(n-1), which is 5, 13, 33 for n = 2, 3, 4, and 81 for 5.",
)
def states(answer: object) -> str | None:
    if not _whole(answer):
        return f"a whole number is asked for, but the answer is {answer!r}"
    if answer == 80:
        return "one is missing: the state in which nobody has taken a step"
    return (
        None
        if answer == 81
        else f"for n = 2, 3 and 4 there are 5, 13 and 33; {answer} does not go on like that"
    )


READS = (
    [(1, "a"), (2, "b"), (1, "a")],
    [(0, ""), (3, "c"), (3, "c"), (2, "b"), (4, "d")],
    [(1, "b"), (2, "a")],
)


@page.exercise(
    "memory-mend",
    hint="keep the pair with the greater number, and return its value.",
    solution="""
        def answer(newest, pair):
            newest = max(newest, pair)
            return newest, newest[1]
    """,
    mistakes=(
        "def answer(newest, pair):\n    return pair, pair[1]",
        "def answer(newest, pair):\n    return max(newest, pair), pair[1]",
        "def answer(newest, pair):\n    return newest, newest[1]",
        "def answer(newest, pair):\n    kept = max(newest, pair, key=lambda p: p[1])\n    return kept, kept[1]",
        "def answer(newest, pair):\n    return max(newest, pair)[1]",
        "answer = 7",
    ),
    explanation="What is returned must come from what is kept. Numbers are compared, not values: a newer value may be "
    "smaller.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (newest, pair) is asked for, but the answer is {answer!r}"
    for reads in READS:
        newest, best = (0, ""), (0, "")
        for pair in reads:
            got = answer(newest, pair)
            best = max(best, pair)
            if not isinstance(got, tuple) or len(got) != 2:
                return f"a pair (newest, value) must come back, but answer({newest}, {pair}) gives {got!r}"
            if got[1] != best[1]:
                return f"when {pair} is read after {reads[: reads.index(pair)]}, it returns {got[1]!r}, not {best[1]!r}"
            newest = got[0]
    return None


HISTORIES: tuple[tuple[list[tuple[str, str]], int, bool, str], ...] = (
    ([("waits", "a"), ("enters", "b"), ("enters", "a")], 1, True, "a is overtaken once, and once is allowed"),
    ([("waits", "a"), ("enters", "b"), ("enters", "b")], 1, False, "a waits and is overtaken twice"),
    ([("enters", "b"), ("enters", "b"), ("waits", "a")], 1, True, "b entered before a waited"),
    (
        [("waits", "a"), ("enters", "b"), ("enters", "a"), ("waits", "a"), ("enters", "b"), ("enters", "a")],
        1,
        True,
        "a enters in between, and the count begins again",
    ),
    (
        [("waits", "a"), ("waits", "b"), ("enters", "b"), ("enters", "a")],
        0,
        False,
        "a is overtaken once, and never is allowed",
    ),
    (
        [("waits", "a"), ("enters", "a"), ("enters", "b"), ("enters", "b")],
        1,
        True,
        "a has entered and waits no more",
    ),
)


@page.exercise(
    "memory-law",
    hint="keep a count for each process that waits; who enters is removed, and all others that wait get one more.",
    solution="""
        def answer(events, most):
            waits = {}
            for what, who in events:
                if what == "waits":
                    waits[who] = 0
                    continue
                waits.pop(who, None)
                for name in waits:
                    waits[name] += 1
                    if waits[name] > most:
                        return f"{name} is overtaken {waits[name]} times"
            return None
    """,
    mistakes=(
        "def answer(events, most):\n    return None",
        "def answer(events, most):\n    return 'unfair' if len(events) > most + 2 else None",
        "def answer(events, most):\n    return True",
        "def answer(events, most):\n    entered = [w for e, w in events if e == 'enters']\n"
        "    return 'again' if any(a == b for a, b in zip(entered, entered[1:])) else None",
        "answer = 'bounded'",
    ),
    explanation="A count for each process that waits, begun anew each time. Safety laws like this one are broken "
    "by a finite run; that everybody enters at last is not.",
)
def bounded(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (events, most) is asked for, but the answer is {answer!r}"
    for events, most, fine, why in HISTORIES:
        got = answer(list(events), most)
        if got is not None and not isinstance(got, str):
            return f"None or a sentence must come back, but law({events}, {most}) gives {got!r}"
        if (got is None) != fine:
            return f"law({events}, {most}) says {got!r}, but {why}"
    return None


class _Cell:
    """A cell that others change between two operations."""

    def __init__(self, value: int, others: list[int]) -> None:
        self.value, self.others, self.calls, self.mine, self.found = value, others, 0, 0, 0

    def _meanwhile(self) -> None:
        self.calls += 1
        if self.calls > 200:
            raise RuntimeError
        if self.others:
            self.value += self.others.pop()

    def read(self) -> int:
        self._meanwhile()
        return self.value

    def swap(self, expected: int, value: int) -> int:
        self._meanwhile()
        before = self.value
        if before == expected:
            self.value = value
            self.mine += 1
            self.found = before
        return before


@page.exercise(
    "memory-build",
    hint="read; swap; if what was there is what was read, it is done; else go on with what was there.",
    solution="""
        def answer(read, swap, amount):
            seen = read()
            while True:
                before = swap(seen, seen + amount)
                if before == seen:
                    return before
                seen = before
    """,
    mistakes=(
        "def answer(read, swap, amount):\n    seen = read()\n    swap(seen, seen + amount)\n    return seen",
        "def answer(read, swap, amount):\n    swap(read(), read() + amount)\n    return read()",
        "def answer(read, swap, amount):\n    seen = read()\n    while swap(seen, seen + amount) != seen:\n"
        "        pass\n    return seen",
        "def answer(read, swap, amount):\n    seen = read()\n    while swap(seen, seen + amount) != seen:\n"
        "        seen = read()\n    return seen + amount",
        "answer = None",
    ),
    explanation="The loop ends when nobody was faster. If it fails, somebody else has added: lock-free. Nothing bounds "
    "how often that happens to one caller: not wait-free.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (read, swap, amount) is asked for, but the answer is {answer!r}"
    for others in ([], [0, 1], [5, 2, 3, 0], [1] * 9):
        cell = _Cell(10, list(others))
        said = _tried(answer, cell)
        if said is not None:
            return said
    return None


def _tried(answer: Callable[..., Any], cell: _Cell) -> str | None:
    changes = len(cell.others)
    try:
        got = answer(cell.read, cell.swap, 4)
    except RuntimeError:
        return "it goes on for 200 operations although nobody else is there any more: what does it expect to find?"
    when = (
        f"when others change the cell {changes} times meanwhile" if changes else "when nobody else is there"
    )
    if cell.mine != 1:
        return f"{when}, it has added {cell.mine} times instead of once"
    if got != cell.found:
        return f"{when}, it returns {got!r}, but {cell.found} was there before it added"
    return None
