"""The exercises of the page on scalability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from ..challenge_scalability_laws import pages_per_s
from ..checking import Page
from ..workloads import zipf_weights

page = Page("scalability")


def _number(answer: object, what: str) -> str | None:
    if not isinstance(answer, (int, float)) or isinstance(answer, bool):
        return f"{what} is a number, but the answer is {answer!r}"
    return None


@page.exercise(
    "scale-best-team",
    hint="in rounds the throughput is N / (Z + N a + b N (N - 1)); which of the three times does its peak depend on?",
    solution="""
        # N* = sqrt((1 - sigma) / kappa) = sqrt(Z / b); a does not matter.
        answer = round((80 / 0.2) ** 0.5)  # 20
    """,
    mistakes=("answer = 21", "answer = 400", "answer = 9", "answer = 'all'", "answer = 20.0"),
    explanation="With more than 20, each new worker costs the others more than it brings. The 4 ms move the curve down "
    "and leave its peak where it is.",
)
def best_team(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a number of workers is a whole number, but the answer is {answer!r}"
    if not 1 <= answer <= 500:
        return "try a number between 1 and 500"
    here, below, above = (
        pages_per_s(max(1, n), fetch=80, first=4, each=0.2, together=True)
        for n in (answer, answer - 1, answer + 1)
    )
    if above > here:
        return f"{answer + 1} workers do more than that"
    return f"{answer - 1} workers do more than that" if below > here and answer > 1 else None


@page.exercise(
    "scale-serial-share",
    hint="solve 5 = 1 / (s + (1 - s) / 8) for s.",
    solution="answer = (1 / 5 - 1 / 8) / (1 - 1 / 8)  # 0.0857",
    mistakes=("answer = 3 / 8", "answer = 0.2", "answer = 8.57", "answer = 0.125", "answer = 'small'"),
    explanation="So 1 / 0.0857 = 11.7 is the most that any number of workers brings, if nothing but that share is in "
    "the way. Take the share for several numbers of workers: if it grows with them, something else is there too.",
)
def serial_share(answer: object) -> str | None:
    if (complaint := _number(answer, "a share")) is not None:
        return complaint
    share = float(answer)  # type: ignore[arg-type]
    if not 0 <= share <= 1:
        return "a share lies between 0 and 1"
    reached = 1 / (share + (1 - share) / 8)
    if abs(reached - 5) > 0.1:  # 0.09 is rounded
        return f"with that share, 8 workers are {reached:.2f} times as fast as one"
    return None


@page.exercise(
    "scale-read-copies",
    hint="the busiest server spends m (w + (1 - w) / n) on a request; compare it with m.",
    solution="""
        answer = next(n for n in range(1, 1000) if 1 / (0.05 + 0.95 / n) >= 10)  # 19
    """,
    mistakes=("answer = 10", "answer = 18", "answer = 20", "answer = 200", "answer = 19.0"),
    explanation="1 / (0.05 + 0.95 / 19) = 10. No number of copies reaches more than 20 times, because every write goes "
    "to all of them; and nineteen servers for a factor of ten is what it costs to come half the way.",
)
def read_copies(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a number of copies is a whole number, but the answer is {answer!r}"
    if not 1 <= answer <= 10_000:
        return "try a number between 1 and 10,000"
    reached = 1 / (0.05 + 0.95 / answer)
    if reached < 10 - 1e-9:
        return f"{answer} copies answer {reached:.2f} times as many requests as one"
    if answer > 1 and 1 / (0.05 + 0.95 / (answer - 1)) >= 10 - 1e-9:
        return "fewer copies are enough"
    return None


COST_CASES: tuple[tuple[dict[int, float], float, int | None, str], ...] = (
    ({1: 10, 2: 18, 4: 30, 8: 50}, 25, 4, "4 workers do 30, and one thread does 25"),
    ({1: 10, 2: 18, 4: 30, 8: 50}, 60, None, "the most is 50, and one thread does 60"),
    ({8: 50, 2: 18, 1: 10}, 12, 2, "2 workers do 18, which is more than 12"),
    ({1: 10, 2: 30, 4: 20}, 25, 2, "it is enough that a smaller number does it once"),
    ({1: 10, 2: 25}, 25, None, "as fast is not faster"),
)


@page.exercise(
    "scale-mend-report",
    hint="compare each rate with that of the one thread, and look for the smallest number of workers.",
    solution="""
        def answer(rates, one_thread):
            faster = [workers for workers, rate in rates.items() if rate > one_thread]
            return min(faster, default=None)
    """,
    mistakes=(
        "def answer(rates, one_thread):\n    return max(rates.values()) / rates[min(rates)]",
        "def answer(rates, one_thread):\n    return next((n for n, rate in rates.items() if rate > one_thread), None)",
        "def answer(rates, one_thread):\n    return min((n for n in rates if rates[n] >= one_thread), default=None)",
        "def answer(rates, one_thread):\n    return min(n for n in rates if rates[n] > one_thread)",
        "answer = None",
    ),
    explanation="That is the COST of the system. None is a finding too: in all that was measured, one thread is "
    "faster.",
)
def mend_report(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for rates, one, right, why in COST_CASES:
        found = answer(dict(rates), one)
        if found != right or isinstance(found, bool):
            return f"for {rates} and one thread with {one} it returns {found!r}, but: {why}"
    return None


Event = tuple[Any, ...]
SUMS: tuple[tuple[tuple[Event, ...], bool, str], ...] = (
    ((("added",), ("asked", "c1"), ("told", "c1", 1)), True, "1 had been added"),
    ((("added",), ("asked", "c1"), ("told", "c1", 0)), False, "1 had been added before c1 asked"),
    ((("asked", "c1"), ("added",), ("told", "c1", 0)), True, "the add ended after c1 had asked"),
    (
        (("asked", "c1"), ("added",), ("told", "c1", 1)),
        True,
        "a sum may count what comes while it is asked for",
    ),
    (
        (("asked", "c1"), ("added",), ("asked", "c2"), ("told", "c1", 0), ("told", "c2", 0)),
        False,
        "c2 asked after the add",
    ),
    (
        (("added",), ("added",), ("asked", "c2"), ("told", "c2", 2), ("asked", "c2"), ("told", "c2", 1)),
        False,
        "2 had been added before c2 asked again",
    ),
    (
        (("added",), ("asked", "c1"), ("added",), ("asked", "c2"), ("told", "c2", 2), ("told", "c1", 1)),
        True,
        "c1 asked before the second add ended",
    ),
    ((), True, "nothing happened"),
)


@page.exercise(
    "scale-law-of-sums",
    hint="when somebody asks, remember how much has been added by then; compare when it is told.",
    solution="""
        def answer(events):
            added, asked = 0, {}
            for what, *more in events:
                if what == "added":
                    added += 1
                elif what == "asked":
                    asked[more[0]] = added
                elif more[1] < asked[more[0]]:
                    return f"{more[0]} is told {more[1]}, and {asked[more[0]]} had been added before it asked"
            return None
    """,
    mistakes=(
        """
        def answer(events):
            added = 0
            for what, *more in events:
                if what == "added":
                    added += 1
                elif what == "told" and more[1] < added:
                    return "too little"
        """,
        """
        def answer(events):
            added, asked = 0, 0
            for what, *more in events:
                if what == "added":
                    added += 1
                elif what == "asked":
                    asked = added
                elif more[1] < asked:
                    return "too little"
        """,
        """
        def answer(events):
            added, asked = 0, {}
            for what, *more in events:
                if what == "added":
                    added += 1
                elif what == "asked":
                    asked[more[0]] = added
                elif more[1] != asked[more[0]]:
                    return "not as much as there was"
        """,
        "def answer(events):\n    return True",
        "answer = 0",
    ),
    explanation="That is the law of the broken run above. It says nothing of how the shards count, so it holds "
    "whatever the design; and it asks only for what was answered before, because nobody can know more.",
)
def law_of_sums(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for events, fine, why in SUMS:
        said = answer(list(events))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {list(events)} it returned {said!r}"
        if (said is None) != fine:
            return f"the events {list(events)} are {'fine' if fine else 'not fine'}: {why}"
    return None


def longest_first(weights: Sequence[int], shards: int) -> list[int]:
    """Return a shard for each key: the heaviest key first, each on the shard that has least so far.

    >>> longest_first([1, 5, 3, 3], 2)
    [0, 0, 1, 1]
    """
    loads, places = [0] * shards, [0] * len(weights)
    for key in sorted(range(len(weights)), key=lambda key: -weights[key]):
        places[key] = min(range(shards), key=lambda shard: loads[shard])
        loads[places[key]] += weights[key]
    return places


@page.exercise(
    "scale-build-placement",
    hint="take the heaviest keys first, and give each to the shard that has least so far.",
    solution="""
        def answer(weights, shards):
            loads, places = [0] * shards, [0] * len(weights)
            for key in sorted(range(len(weights)), key=lambda key: -weights[key]):
                shard = loads.index(min(loads))
                places[key] = shard
                loads[shard] += weights[key]
            return places
    """,
    mistakes=(
        "def answer(weights, shards):\n    return [key % shards for key in range(len(weights))]",
        "def answer(weights, shards):\n    return [0] * len(weights)",
        """
        def answer(weights, shards):
            loads, places = [0] * shards, []
            for weight in weights:
                places.append(loads.index(min(loads)))
                loads[places[-1]] += weight
            return places
        """,
        "def answer(weights, shards):\n    return [key for key in range(len(weights))]",
        "answer = longest = 1",
    ),
    explanation="The busiest shard has at most 4/3 - 1/(3m) of what the best placement on m shards gives it, as Graham "
    "proved of schedules in 1969. No placement helps against one key that is heavier than the mean: it must be cached, "
    "copied or split.",
)
def build_placement(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    built: Callable[..., Any] = answer
    for seed in range(30):
        random = Random(seed)
        weights = (
            zipf_weights(40) if seed % 2 else [random.randint(1, 100) for _ in range(random.randint(6, 40))]
        )
        random.shuffle(weights)
        shards = random.randint(2, 6)
        places = built(list(weights), shards)
        if not isinstance(places, (list, tuple)) or len(places) != len(weights):
            return f"a list with a shard for each of {len(weights)} keys is asked for, but it is {places!r}"[
                :200
            ]
        if not all(type(place) is int and 0 <= place < shards for place in places):
            return f"with {shards} shards each place is a whole number from 0 to {shards - 1}"
        found, right = (_busiest(weights, shards, one) for one in (places, longest_first(weights, shards)))
        if found > right:
            return (
                f"with {shards} shards and {len(weights)} keys the busiest shard gets "
                f"{found / sum(weights):.3f} of all requests, and {right / sum(weights):.3f} is possible"
            )
    return None


def _busiest(weights: Sequence[int], shards: int, places: Sequence[int]) -> int:
    loads = [0] * shards
    for weight, place in zip(weights, places, strict=True):
        loads[place] += weight
    return max(loads)
