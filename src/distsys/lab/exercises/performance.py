"""The exercises of the page on performance."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import Any

from ...core.units import MS
from ..checking import Page
from ..group_commit import closed_loop

page = Page("performance")


@page.exercise(
    "predict-the-batch",
    hint="the round trip is shorter than a sync, so each client is answered once in two syncs.",
    solution="""
        # A cycle has two syncs that take 4 ms each and 0.1 ms for each of the 20 puts: 2 * 4 + 20 * 0.1 = 10 ms.
        answer = 20 / 0.010
    """,
    mistakes=(
        "answer = 5000",
        "answer = 20 / 0.008",
        "answer = 20 / 0.006",
        "answer = 250",
        "answer = 'fast'",
    ),
    explanation="2,000 puts a second; without group commit it would be 1 / 4.1 ms = 244.",
)
def predict_the_batch(answer: object) -> str | None:
    if not isinstance(answer, (int, float)) or isinstance(answer, bool):
        return f"puts a second are a number, but the answer is {answer!r}"
    right = closed_loop(20, sync_us=4 * MS, record_us=100).puts_per_s
    if not abs(answer - right) <= 0.02 * right:
        return (
            f"{'more' if answer > right else 'less'} than the simulator reaches; how long do two syncs take?"
        )
    return None


@page.exercise(
    "read-a-report",
    hint="Little: clients under way = throughput times the time that each is under way.",
    solution="answer = round(450 * 0.040)  # 18",
    mistakes=("answer = 11", "answer = 18000", "answer = 40", "answer = 450"),
    explanation="Without thinking time each client is always under way. A report in which the three numbers do not fit "
    "has measured something else than it says.",
)
def read_a_report(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a number of clients is a whole number, but the answer is {answer!r}"
    return None if answer == 18 else "multiply a rate by a time, and mind the units: 40 ms are 0.040 s"


@page.exercise(
    "fill-the-store",
    hint="the store is busy for 0.5 ms with each put; how many fit into the time from a put to its answer?",
    solution="""
        from math import ceil
        answer = ceil(20 / 0.5)  # 40
    """,
    mistakes=("answer = 20", "answer = 39", "answer = 64", "answer = 10", "answer = 40.0"),
    explanation="40 / 20 ms = 2,000 a second = 1 / 0.5 ms. A larger window only makes the queue longer.",
)
def fill_the_store(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a window is a whole number of puts, but the answer is {answer!r}"
    if not 1 <= answer <= 200:
        return "try a window between 1 and 200"
    rate = _with_window(answer)
    if rate < 1_990:
        return f"with that window the store does {rate:.0f} a second, and it could do 2000"
    if answer > 1 and _with_window(answer - 1) > 1_990:
        return "a smaller window reaches the same; find the smallest"
    return None


def _with_window(window: int) -> float:
    return closed_loop(1, window=window, sync_us=0, round_trip_us=20 * MS, service_us=500).puts_per_s


@page.exercise(
    "mend-the-stopwatch",
    hint="when would put number n have been sent, if no earlier one had been late?",
    solution="""
        def answer(every, spans):
            return [end - number * every for number, (begin, end) in enumerate(spans)]
    """,
    mistakes=(
        "def answer(every, spans):\n    return [end - begin for begin, end in spans]",
        "def answer(every, spans):\n    return [end - spans[0][0] for begin, end in spans]",
        "def answer(every, spans):\n    return [max(end - begin, every) for begin, end in spans]",
        "answer = sorted",
    ),
    explanation="A put that could not be sent in time was late already before it was sent. That wait belongs to it.",
)
def mend_the_stopwatch(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (every, spans) is asked for, but the answer is {answer!r}"
    for seed in range(20):
        random = Random(seed)
        spans, free = [], 0
        for number in range(8):
            begin = max(free, number * 10)
            free = begin + random.choice((3, 4, 60))
            spans.append((begin, free))
        right = [end - number * 10 for number, (_, end) in enumerate(spans)]
        if list(answer(10, list(spans))) != right:
            return (
                f"for a put each 10 ms and the spans {spans[:4]}... it gives {answer(10, list(spans))[:4]}..."
            )
    return None


@page.exercise(
    "state-when-to-answer",
    hint="go through the events in order, and remember what is durable.",
    solution="""
        def answer(events):
            durable = set()
            for kind, numbers in events:
                if kind == "synced":
                    durable |= set(numbers)
                elif kind == "answered" and not set(numbers) <= durable:
                    return f"{sorted(set(numbers) - durable)} answered before a sync"
    """,
    mistakes=(
        "def answer(events):\n    return None",
        "def answer(events):\n    return 'wrong'",
        "def answer(events):\n    kinds = [kind for kind, _ in events]\n"
        "    return 'early' if 'answered' in kinds and 'synced' not in kinds else None",
        "def answer(events):\n    written = set()\n    for kind, numbers in events:\n        if kind == 'answered' "
        "and not set(numbers) <= written:\n            return 'early'\n        written |= set(numbers)",
        "answer = 1",
    ),
    explanation="That is `acknowledged is durable`, the law of this page, as a function of a record.",
)
def state_when_to_answer(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of a list of events is asked for, but the answer is {answer!r}"
    cases: tuple[tuple[list[tuple[str, tuple[int, ...]]], bool], ...] = (
        ([("written", (1, 2)), ("synced", (1, 2)), ("answered", (1, 2))], True),
        ([("written", (1,)), ("synced", (1,)), ("written", (2,)), ("answered", (1,))], True),
        ([("written", (1,)), ("answered", (1,)), ("synced", (1,))], False),
        ([("written", (1, 2)), ("synced", (1,)), ("answered", (1, 2))], False),
        ([("written", (1,)), ("synced", (1,)), ("written", (2,)), ("answered", (2,))], False),
        ([], True),
    )
    for events, is_right in cases:
        if (answer(list(events)) is None) != is_right:
            return f"it {'objects to' if is_right else 'allows'} {events}"
    return None


def batches(arrivals: list[int], sync: int) -> list[int]:
    """Return how many puts each sync takes, when each begins with all that have come by then."""
    sizes, free, done = [], 0, 0
    while done < len(arrivals):
        begin = max(free, arrivals[done])
        size = sum(at <= begin for at in arrivals) - done
        sizes.append(size)
        done, free = done + size, begin + sync
    return sizes


@page.exercise(
    "build-a-group-commit",
    hint="a sync begins when the disk is free and something waits; it takes all that has come by then.",
    solution="""
        def answer(arrivals, sync):
            sizes, free, done = [], 0, 0
            while done < len(arrivals):
                begin = max(free, arrivals[done])
                size = sum(at <= begin for at in arrivals) - done
                sizes.append(size)
                done, free = done + size, begin + sync
            return sizes
    """,
    mistakes=(
        "def answer(arrivals, sync):\n    return [1] * len(arrivals)",
        "def answer(arrivals, sync):\n    return [len(arrivals)]",
        "def answer(arrivals, sync):\n    sizes = {}\n    for at in arrivals:\n        sizes[at // sync] = "
        "sizes.get(at // sync, 0) + 1\n    return list(sizes.values())",
        "answer = [1, 3]",
    ),
    explanation="Nobody chooses the size of a batch: the disk does, by how long it takes.",
)
def build_a_group_commit(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (arrivals, sync) is asked for, but the answer is {answer!r}"
    built: Callable[..., Any] = answer
    for seed in range(40):
        random = Random(seed)
        arrivals = list(accumulate(random.choice((0, 1, 2, 9, 40)) for _ in range(10)))
        sync = random.choice((1, 5, 10))
        found = built(list(arrivals), sync)
        if list(found) != batches(arrivals, sync):
            return f"puts come at {arrivals}, a sync takes {sync}: the batches are not {found}"
    return None
