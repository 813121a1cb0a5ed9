"""The exercises of the page on time and order."""

from __future__ import annotations

from collections import Counter

from distsys.algorithms.hybridclock import HybridTime

from ..checking import Page
from ..timeorder_runs import talk

page = Page("time-and-order")

CANDIDATES = frozenset({7, 9, 12, 14, 15, 17, 19})


@page.exercise(
    "time-past",
    hint="follow the letters backwards by hand; or open the figure of the four friends at step 20 and press C.",
    solution="answer = {7, 9, 12, 14, 17, 19}",
    mistakes=(
        "answer = {9, 12, 19}",
        "answer = {7, 9, 12, 14, 15, 17, 19}",
        "answer = {9, 12, 14, 17, 19}",
        "answer = [7, 9, 12, 14, 17, 19]",
    ),
    explanation="dan did 9 and 12 himself; 14 and 19 are earlier events of cyd, who sent the letter; 17 came to dan at "
    "step 18, and ann had heard of 7 before it. Step 15 is at bob, from whom nothing has reached dan since.",
)
def past(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)):
        return f"a set of step numbers is asked for, but the answer is {answer!r}"
    if not answer <= CANDIDATES:
        return f"the set may hold only {', '.join(map(str, sorted(CANDIDATES)))}"
    before = talk().happened_before()[19] & CANDIDATES
    if wrong := sorted(answer - before):
        return f"no chain of steps and letters leads from step {wrong[0]} to step 20"
    if missing := sorted(before - answer):
        return f"one is missing: there is a chain from a step at {talk().step(missing[0]).node} to step 20"
    return None


PAIRS = (((2, 0, 1), (2, 3, 1)), ((1, 4, 0), (2, 3, 5)), ((0, 0, 1), (0, 1, 0)), ((3, 1, 1), (3, 0, 1)))


def order(one: tuple[int, ...], other: tuple[int, ...]) -> str:
    """Return how two vectors stand."""
    below = all(a <= b for a, b in zip(one, other, strict=True))
    above = all(a >= b for a, b in zip(one, other, strict=True))
    return "before" if below else "after" if above else "concurrent"


@page.exercise(
    "time-compare",
    hint="before: no entry is greater and one is smaller. After: the other way round. Else concurrent.",
    solution='answer = ["before", "concurrent", "concurrent", "after"]',
    mistakes=(
        'answer = ["before", "before", "after", "after"]',
        'answer = ["before", "before", "concurrent", "after"]',
        'answer = ["before", "concurrent", "concurrent"]',
        "answer = 'concurrent'",
    ),
    explanation="In the second and third pair each vector knows an event that the other lacks. A comparison of words "
    "in a dictionary would put these in an order.",
)
def compare(answer: object) -> str | None:
    if not isinstance(answer, (list, tuple)) or len(answer) != len(PAIRS):
        return f"a list of four words is asked for, but the answer is {answer!r}"
    for place, (word, pair) in enumerate(zip(answer, PAIRS, strict=True), 1):
        if word not in ("before", "after", "concurrent"):
            return f"each word is before, after or concurrent, but word {place} is {word!r}"
        if word != order(*pair):
            return f"look at pair {place} again, entry by entry"
    return None


@page.exercise(
    "time-wait",
    hint="let the reading be t when the timestamp is chosen, and t + w when the client is told; what must hold?",
    solution="answer = 3 + 5",
    mistakes=("answer = 6", "answer = 10", "answer = 5", "answer = 16", "answer = '8 ms'"),
    explanation="s = t + 3, and the client is told when t + w - 5 has reached s: w = 8. What counts is the bound at "
    "each of the two readings, so with a bound that goes up and down the wait is twice its mean, on average.",
)
def wait(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of milliseconds is asked for, but the answer is {answer!r}"
    if answer < 8:
        return "then the earliest at the end is still below the timestamp"
    if answer > 8:
        return "that is safe, but the timestamp has certainly passed before that"
    return None


STORIES = (
    ((5, 0), (3, 7), 4, (5, 1), "the own time is the greatest"),
    ((3, 2), (9, 4), 6, (9, 5), "the time of the message is the greatest"),
    ((3, 2), (5, 4), 8, (8, 0), "the wall is the greatest"),
    ((7, 2), (7, 4), 6, (7, 5), "own time and message are equal, and the message has counted further"),
    ((7, 6), (7, 4), 7, (7, 7), "all three are equal, and we have counted further"),
    ((7, 6), (2, 9), 7, (7, 7), "the wall shows our own time"),
)


@page.exercise(
    "time-mend",
    hint="which counts belong to the greatest time? There may be none, one, or two.",
    solution="""
        def answer(own, stamp, wall):
            time = max(own[0], stamp[0], wall)
            counts = [count for t, count in (own, stamp) if t == time]
            return time, max(counts) + 1 if counts else 0
    """,
    mistakes=(
        """
        def answer(own, stamp, wall):
            time = max(own[0], stamp[0], wall)
            return time, own[1] + 1 if time == own[0] else 0
        """,
        """
        def answer(own, stamp, wall):
            return max(own[0], stamp[0], wall), max(own[1], stamp[1]) + 1
        """,
        """
        def answer(own, stamp, wall):
            time = max(own[0], stamp[0], wall)
            if time == own[0]:
                return time, own[1] + 1
            return time, stamp[1] + 1 if time == stamp[0] else 0
        """,
        "def answer(own, stamp, wall):\n    return None",
    ),
    explanation="A count means something only beside its time. The new reading must be greater than each reading "
    "that has the new time, so one more than the greatest of their counts; and 0 if there is none.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for own, stamp, wall, right, why in STORIES:
        assert HybridTime(*own).receive(HybridTime(*stamp), wall) == HybridTime(*right)
        found = answer(own, stamp, wall)
        if found != right:
            return f"for own {own}, stamp {stamp} and wall {wall} it returns {found!r}, but it must be {right}: {why}"
    return None


Cut = dict[str, int]
Letters = list[tuple[str, int, str, int]]
CUTS: tuple[tuple[Cut, Letters, bool, str], ...] = (
    ({"a": 0, "b": 0}, [("a", 1, "b", 1)], True, "nothing has happened"),
    ({"a": 1, "b": 1}, [("a", 1, "b", 1)], True, "the letter was sent and received"),
    ({"a": 1, "b": 0}, [("a", 1, "b", 1)], True, "the letter is on its way, which is allowed"),
    ({"a": 0, "b": 1}, [("a", 1, "b", 1)], False, "the letter was received and not sent"),
    (
        {"a": 2, "b": 2, "c": 1},
        [("a", 3, "c", 2), ("b", 2, "a", 2)],
        True,
        "no letter is received that is not sent",
    ),
    (
        {"a": 2, "b": 2, "c": 2},
        [("b", 1, "a", 2), ("a", 3, "c", 2)],
        False,
        "c has received what a has not sent",
    ),
    ({"a": 5, "b": 4}, [("a", 5, "b", 5), ("b", 4, "a", 5)], True, "the last events of both belong to it"),
)


@page.exercise(
    "time-cut",
    hint="a cut is inconsistent if a letter's receipt belongs to it and its sending does not.",
    solution="""
        def answer(cut, letters):
            for sender, sent, receiver, received in letters:
                if received <= cut[receiver] and sent > cut[sender]:
                    return f"{receiver} has received what {sender} has not sent"
            return None
    """,
    mistakes=(
        """
        def answer(cut, letters):
            for sender, sent, receiver, received in letters:
                if (received <= cut[receiver]) != (sent <= cut[sender]):
                    return "a letter crosses the cut"
            return None
        """,
        """
        def answer(cut, letters):
            for sender, sent, receiver, received in letters:
                if cut[receiver] > cut[sender]:
                    return "the receiver is ahead"
            return None
        """,
        """
        def answer(cut, letters):
            for sender, sent, receiver, received in letters:
                if received < cut[receiver] and sent > cut[sender]:
                    return "received before it was sent"
            return None
        """,
        "def answer(cut, letters):\n    return True",
    ),
    explanation="Only one of the two ways to cross a cut is forbidden. A letter that was sent and not received is "
    "part of the state of a channel.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for cut, letters, fine, why in CUTS:
        said = answer(dict(cut), list(letters))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for the cut {cut} it returned {said!r}"
        if (said is None) != fine:
            return f"the cut {cut} with the letters {letters} is {'fine' if fine else 'not fine'}: {why}"
    return None


Event = tuple[str, int | None]
HISTORIES: tuple[tuple[Event, ...], ...] = (
    (("a", None), ("a", None), ("b", None)),
    (("a", None), ("b", 0), ("b", None), ("a", 2)),
    (("a", None), ("b", None), ("c", 1), ("a", 2), ("c", 0), ("b", 3)),
    (("b", None), ("b", None), ("a", 0), ("a", 1), ("c", 3), ("b", 2), ("c", None)),
)


def pasts(events: tuple[Event, ...]) -> list[set[int]]:
    """Return for each event the numbers of those before it, by the definition."""
    found: list[set[int]] = []
    for number, (name, source) in enumerate(events):
        causes = [other for other in range(number) if events[other][0] == name][-1:]
        causes += [] if source is None else [source]
        found.append({one for cause in causes for one in (*found[cause], cause)})
    return found


def vectors(events: tuple[Event, ...]) -> list[Counter[str]]:
    """Return the vector of each event, by the definition: the number of events of each process in its past."""
    return [Counter(events[one][0] for one in (*past, number)) for number, past in enumerate(pasts(events))]


@page.exercise(
    "time-build",
    hint="keep the last vector of each process; a receipt takes the greater of each entry; then count the own event.",
    solution="""
        def answer(events):
            last, vectors = {}, []
            for name, source in events:
                vector = dict(last.get(name, {}))
                if source is not None:
                    for other, count in vectors[source].items():
                        vector[other] = max(count, vector.get(other, 0))
                vector[name] = vector.get(name, 0) + 1
                last[name] = vector
                vectors.append(vector)
            return vectors
    """,
    mistakes=(
        """
        def answer(events):
            counts, vectors = {}, []
            for name, source in events:
                counts[name] = counts.get(name, 0) + 1
                vectors.append(dict(counts))
            return vectors
        """,
        """
        def answer(events):
            last, vectors = {}, []
            for name, source in events:
                vector = dict(last.get(name, {}))
                vector[name] = vector.get(name, 0) + 1
                last[name] = vector
                vectors.append(vector)
            return vectors
        """,
        """
        def answer(events):
            last, vectors = {}, []
            for name, source in events:
                vector = dict(vectors[source]) if source is not None else dict(last.get(name, {}))
                vector[name] = vector.get(name, 0) + 1
                last[name] = vector
                vectors.append(vector)
            return vectors
        """,
        "def answer(events):\n    return 3",
    ),
    explanation="The entry for a process is the number of its events in the past, this one included. So a smaller "
    "vector is a smaller past, and that is what happened-before means.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for events in HISTORIES:
        found = answer(list(events))
        if not isinstance(found, list) or len(found) != len(events):
            return f"a list with a vector for each event is asked for, but for {list(events)} it is {found!r}"
        for number, (said, right) in enumerate(zip(found, vectors(events), strict=True)):
            if not isinstance(said, dict):
                return f"each vector must be a dict of counts, but that of event {number} is {said!r}"
            if {name: count for name, count in said.items() if count != 0} != right:
                return f"in {list(events)}, the vector of event {number} is {dict(right)}, but the answer is {said}"
    return None
