"""The exercises of the page on consistency models."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

from ..checking import Page

page = Page("consistency-models")


@page.exercise(
    "cm-stretch",
    hint="move the beginning of Bob's first read left, one place at a time, and look at the first row of the table.",
    solution="answer = 3",
    mistakes=("answer = 1", "answer = 2", "answer = 4", "answer = 'three'"),
    explanation="It must pass the end and the beginning of Cyd's read, and the end of the second write. Only then may "
    "it stand before that write.",
)
def stretched(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number of places is asked for, but the answer is {answer!r}"
    if answer < 3:
        return "after so few places something that ended before Bob's read still shows the newer value"
    if answer > 3:
        return "that is allowed, but it was allowed before"
    return None


TRUE = {"A", "C", "E"}
SENTENCES = {
    "B": "the doctors keep it for each key, and not for both keys together",
    "D": "one of the histories of five operations on this page goes back and forth between two writes",
    "F": "it speaks only of times in which messages are lost",
}


@page.exercise(
    "cm-true",
    hint="for B and D look for a witness on this page; for the others look at the definitions.",
    solution='answer = {"A", "C", "E"}',
    mistakes=(
        'answer = {"A"}',
        'answer = {"A", "B", "C", "E"}',
        'answer = {"A", "C", "D", "E"}',
        'answer = "ACE"',
    ),
    explanation="A: the same order serves both. C: linearizability is local. E: what is not answered breaks no safety; "
    "that is why CAP needs availability as a second demand. Against B stand the doctors, against D the history "
    "r1 r2 r1 | w1 | w2, and F is not what the theorem says.",
)
def true(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(
        isinstance(letter, str) and letter in "ABCDEF" and len(letter) == 1 for letter in answer
    ):
        return f"a set of the letters A to F is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - TRUE):
        return f"{letter} is not true: {SENTENCES[letter]}"
    if set(answer) != TRUE:
        return "all that you name is true, but something else is true as well"
    return None


@page.exercise(
    "cm-old",
    hint="solve 1 - exp(-w d) <= 0.01 for d; mind the units.",
    solution="""
        from math import log
        writes_per_ms = 2 / 1000
        answer = int(-log(1 - 0.01) / writes_per_ms)
    """,
    mistakes=("answer = 6", "answer = 4", "answer = 5.02", "answer = 50"),
    explanation="-ln(0.99) is 0.01005, and divided by 0.002 writes in a millisecond that is 5.03 ms.",
)
def old(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number of milliseconds is asked for, but the answer is {answer!r}"
    if answer > 5:
        return "with that delay more than one read in a hundred is old"
    if answer < 5:
        return "a little more delay still keeps it at one in a hundred"
    return None


@page.exercise(
    "cm-need",
    hint="for all four guarantees a read needs both vectors, and so does a write; a join takes the greater number.",
    solution="""
        def answer(f, wrote, read):
            names = {*wrote, *read}
            return {name: max(wrote.get(name, 0), read.get(name, 0)) for name in names}
    """,
    mistakes=(
        """
        def answer(f, wrote, read):
            return wrote if f == "get" else {}
        """,
        """
        def answer(f, wrote, read):
            return {**wrote, **read}
        """,
        """
        def answer(f, wrote, read):
            names = {*wrote, *read}
            if f == "get":
                return {name: max(wrote.get(name, 0), read.get(name, 0)) for name in names}
            return dict(wrote)
        """,
        "answer = 3",
    ),
    explanation="Reads need `wrote` to see the client's own writes, and `read` not to go back; writes need `wrote` to "
    "stay in order, and `read` to come after what was read.",
)
def need(answer: Any) -> str | None:
    if not callable(answer):
        return f"a function of (f, wrote, read) is asked for, but the answer is {answer!r}"
    vectors: list[dict[str, int]] = [{}, {"north": 1}, {"north": 2, "south": 1}, {"south": 3}]
    for f, wrote, read in product(("get", "put"), vectors, vectors):
        found = answer(f, dict(wrote), dict(read))
        right = {name: max(wrote.get(name, 0), read.get(name, 0)) for name in {*wrote, *read}}
        if not isinstance(found, dict):
            return f"a dict is asked for, but the function returns {found!r}"
        if found != right:
            return f"a {f} of a client with wrote={wrote} and read={read} does not need {found}"
    return None


@page.exercise(
    "cm-law",
    hint="keep for each client the greatest number that it has read, and compare.",
    solution="""
        def answer(reads):
            newest = {}
            for client, value in reads:
                if value < newest.get(client, 0):
                    return f"{client} has read {newest[client]}, and then {value}"
                newest[client] = value
            return None
    """,
    mistakes=(
        """
        def answer(reads):
            values = [value for _, value in reads]
            return None if values == sorted(values) else "somebody goes back"
        """,
        """
        def answer(reads):
            return None
        """,
        """
        def answer(reads):
            last = {}
            for client, value in reads:
                if value <= last.get(client, -1):
                    return f"{client} goes back"
                last[client] = value
            return None
        """,
        "answer = 'never go back'",
    ),
    explanation="Only the reads of one client are compared: two clients at two copies may see different things.",
)
def law(answer: Any) -> str | None:
    if not callable(answer):
        return f"a function of reads is asked for, but the answer is {answer!r}"
    cases = [
        ([], True),
        ([("ann", 1), ("ann", 2), ("bob", 1)], True),
        ([("ann", 2), ("bob", 0), ("ann", 2), ("bob", 1)], True),
        ([("ann", 2), ("ann", 1)], False),
        ([("ann", 1), ("bob", 3), ("ann", 2), ("ann", 0)], False),
        ([("bob", 1), ("ann", 3), ("bob", 0), ("ann", 4)], False),
    ]
    for reads, right in cases:
        found = answer(list(reads))
        if found is not None and not isinstance(found, str):
            return f"None or a sentence is asked for, but for {reads} the function returns {found!r}"
        if (found is None) != right:
            return f"{reads} {'breaks nothing' if right else 'goes back'}, but the function returns {found!r}"
    return None


def _serial(transactions: list[tuple[dict[str, int], dict[str, int]]]) -> bool:
    """Return whether a serial order gives all reads."""
    for order in permutations(transactions):
        state: dict[str, int] = {}
        for reads, writes in order:
            if any(state.get(key, 0) != value for key, value in reads.items()):
                break
            state.update(writes)
        else:
            return True
    return False


@page.exercise(
    "cm-serial",
    hint="try all permutations: keep a state, and compare what each one read with it before its writes are done.",
    solution="""
        from itertools import permutations

        def answer(transactions):
            for order in permutations(transactions):
                state, fits = {}, True
                for reads, writes in order:
                    fits = fits and all(
                        state.get(key, 0) == value for key, value in reads.items())
                    state.update(writes)
                if fits:
                    return True
            return False
    """,
    mistakes=(
        """
        def answer(transactions):
            state = {}
            for reads, writes in transactions:
                if any(state.get(key, 0) != value for key, value in reads.items()):
                    return False
                state.update(writes)
            return True
        """,
        """
        def answer(transactions):
            return True
        """,
        """
        def answer(transactions):
            written = [key for _, writes in transactions for key in writes]
            return len(written) == len(set(written))
        """,
        "answer = None",
    ),
    explanation="That is the definition, and it takes n! orders. Real systems do not search; they make sure that there "
    "is one, the order of the commits for instance.",
)
def serial(answer: Any) -> str | None:
    if not callable(answer):
        return f"a function of transactions is asked for, but the answer is {answer!r}"
    skew = [({"a": 0, "b": 0}, {"a": 1}), ({"a": 0, "b": 0}, {"b": 1})]
    lost = [({"x": 0}, {"x": 1}), ({"x": 0}, {"x": 2})]
    late = [({"x": 1}, {}), ({}, {"x": 1})]
    both = [({"x": 1, "y": 0}, {"y": 5}), ({}, {"x": 1}), ({"y": 5}, {})]
    same = [({}, {"x": 1}), ({}, {"x": 2}), ({"x": 1}, {})]
    torn = [({"x": 1, "y": 0}, {}), ({}, {"x": 1, "y": 1})]
    for name, case in (("write skew", skew), ("a lost update", lost), ("a late read", late), ("a chain", both),
                       ("two blind writes", same), ("half a transaction", torn)):  # fmt: skip
        found = answer([(dict(reads), dict(writes)) for reads, writes in case])
        if not isinstance(found, bool):
            return f"True or False is asked for, but for {name} the function returns {found!r}"
        if found != _serial(case):
            return f"for {name}, {case}, the function returns {found}"
    return None
