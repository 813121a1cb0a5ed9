"""The exercises of the page on availability."""

from __future__ import annotations

from typing import Any

from ..availability_parts import at_least, enumerated, majority
from ..checking import Page

page = Page("availability")


def _number(answer: object, what: str) -> str | None:
    """Return why an answer is no number, or None."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"{what} is asked for, but the answer is {answer!r}"
    return None


PATH = 0.9995 * (1 - 0.01**2) * majority(3, 0.99)


@page.exercise(
    "av-path",
    hint="three factors: the gateway, two workers in parallel, and a majority of three.",
    solution="""
        workers = 1 - (1 - 0.99)**2
        store = 0.99**3 + 3 * 0.99**2 * 0.01
        answer = 0.9995 * workers * store
    """,
    mistakes=(
        "answer = 0.9995 * 0.99**2 * 0.999702",
        "answer = 0.9995 * 0.9999 * 0.99**3",
        "answer = 0.9995 * 0.9999 * 0.999999",
        "answer = 99.93",
        "answer = 'three nines'",
    ),
    explanation="0.9995 x 0.9999 x 0.999702 = 0.999102, 7.9 hours a year. The gateway, of which there is one, "
    "makes more than half of it; a third worker would save less than an hour.",
)
def path(answer: object) -> str | None:
    if complaint := _number(answer, "a share of the time"):
        return complaint
    assert isinstance(answer, (int, float))
    if abs(answer - PATH) < 1e-6:
        return None
    if answer > 1:
        return "a share lies between 0 and 1"
    near = {
        0.9995 * 0.99**2 * majority(3, 0.99): "that needs both workers, and one of them is enough",
        0.9995 * 0.9999 * 0.99**3: "that needs all three servers of the store, and two are enough",
        0.9995 * 0.9999 * 0.999999: "that is a store of which one server is enough, but it needs two",
    }
    for wrong, why in near.items():
        if abs(answer - wrong) < 1e-6:
            return why
    return f"{answer} is not within 0.000001 of it; all three must work, so their shares are multiplied"


@page.exercise(
    "av-given-up",
    hint="which puts did n1 receive while it led? They are in its log when it leads again.",
    solution="""
        answer = {5, 7}
    """,
    mistakes=(
        "answer = set()",
        "answer = {5, 7, 9}",
        "answer = {7}",
        "answer = {3, 5, 7}",
        "answer = [5, 7, 9]",
    ),
    explanation="n1 had the puts of 5 and 7 in its log, and committed them when n2 was back. The put of 9 went to n2 "
    "and n3 while both were down. ann heard the same of all three: nothing.",
)
def given_up(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)):
        return f"a set of values is asked for, such as {{3}}, but the answer is {answer!r}"
    for value in sorted(answer - {5, 7, 9}, key=repr):
        return f"{value!r} is no value of a put that ann gave up"
    if 9 in answer:
        return "the put of 9 was sent to n2 and to n3, which were both down"
    if 5 not in answer or 7 not in answer:
        return "n1 had more of them in its log, and committed them when it led again"
    return None


@page.exercise(
    "av-repair",
    hint="solve MTTF / (MTTF + MTTR) >= 0.9999 for MTTR, in minutes, and round down.",
    solution="""
        mttf = 30 * 24 * 60
        answer = int(mttf * (1 - 0.9999) / 0.9999)
    """,
    mistakes=("answer = 5", "answer = 3", "answer = 432", "answer = 4.32", "answer = 'four'"),
    explanation="4.32 minutes, so 4 whole ones. No person is awake, has logged in and has understood within 4 "
    "minutes: four nines with a failure a month means that the repair is automatic.",
)
def repair(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"whole minutes are asked for, but the answer is {answer!r}"
    if answer < 0 or 43_200 / (43_200 + answer) < 0.9999:
        return f"with {answer} minutes it is not 0.9999"
    if 43_200 / (43_200 + answer + 1) >= 0.9999:
        return "that is short enough, but a minute more is, too"
    return None


REPORTS: tuple[tuple[tuple[tuple[int, int], ...], int, str], ...] = (
    ((), 0, "nothing was down"),
    (((0, 10), (20, 25)), 15, "they do not overlap"),
    (((0, 10), (5, 15)), 15, "the two overlap by 5"),
    (((5, 15), (0, 10)), 15, "the same, listed in another order"),
    (((0, 30), (5, 10), (12, 14)), 30, "two happened within the first"),
    (((0, 30), (5, 10), (20, 40)), 40, "the first still lasts when the third begins"),
    (((0, 10), (10, 12)), 12, "the second begins when the first ends"),
    (((3, 7), (3, 7), (1, 2)), 5, "one is reported twice"),
)


@page.exercise(
    "av-report",
    hint="go through the outages in the order of their starts, and count only what lies after the latest end so far.",
    solution="""
        def answer(outages):
            down = latest = 0
            for start, end in sorted(outages):
                down += max(0, end - max(start, latest))
                latest = max(latest, end)
            return down
    """,
    mistakes=(
        "def answer(outages):\n    return sum(end - start for start, end in outages)",
        """
        def answer(outages):
            down = latest = 0
            for start, end in outages:
                down += max(0, end - max(start, latest))
                latest = max(latest, end)
            return down
        """,
        """
        def answer(outages):
            down = latest = 0
            for start, end in sorted(outages):
                down += max(0, end - max(start, latest))
                latest = end
            return down
        """,
        "def answer(outages):\n    return max(e for s, e in outages) - min(s for s, e in outages)",
        "answer = 15",
    ),
    explanation="Time that is lost twice is lost once. The sum of the parts is an upper bound, and a good one only "
    "while outages are short and independent.",
)
def report(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for outages, down, why in REPORTS:
        found: Any = answer(list(outages))
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return f"a number of minutes is asked for, but for {list(outages)} it returned {found!r}"
        if found != down:
            return f"for {list(outages)} it must be {down}, not {found!r}: {why}"
    return None


PLACEMENTS: tuple[tuple[dict[str, str], bool, str], ...] = (
    ({"n1": "a", "n2": "b", "n3": "c"}, True, "each rack takes one of three with it"),
    ({"n1": "a", "n2": "a", "n3": "b"}, False, "rack a takes two of three with it"),
    ({"n1": "a", "n2": "a", "n3": "b", "n4": "b", "n5": "c"}, True, "no rack has more than two of five"),
    ({"n1": "a", "n2": "a", "n3": "b", "n4": "b", "n5": "b"}, False, "rack b takes three of five with it"),
    (
        {"n1": "a", "n2": "a", "n3": "b", "n4": "b"},
        False,
        "without rack a two of four are left, which is half",
    ),
    (
        {"n1": "a", "n2": "b", "n3": "c", "n4": "c"},
        False,
        "without rack c two of four are left, which is half",
    ),
    ({"n1": "a", "n2": "b", "n3": "c", "n4": "d"}, True, "three of four are left whatever rack is lost"),
    ({"n1": "a"}, False, "nothing is left without rack a"),
    (dict(zip("abcdefg", "xxyyzzz", strict=True)), True, "at most three of seven"),
    ({}, True, "there is no rack that could be lost"),
)


@page.exercise(
    "av-racks",
    hint="for each rack: how many servers stand elsewhere, and are they more than half of all?",
    solution="""
        def answer(racks):
            for rack in sorted(set(racks.values())):
                left = [name for name in racks if racks[name] != rack]
                if 2 * len(left) <= len(racks):
                    return f"without rack {rack} no majority is left"
            return None
    """,
    mistakes=(
        """
        def answer(racks):
            return None if len(set(racks.values())) >= 3 else "too few racks"
        """,
        """
        def answer(racks):
            for rack in set(racks.values()):
                left = [name for name in racks if racks[name] != rack]
                if len(left) < len(racks) // 2:
                    return f"without rack {rack} too few are left"
            return None
        """,
        """
        def answer(racks):
            return None if len(set(racks.values())) == len(racks) else "two share a rack"
        """,
        "def answer(racks):\n    return True",
        "answer = None",
    ),
    explanation="No two racks can keep this law, however many servers stand in them: one of the racks has half of "
    "them or more. Three can.",
)
def racks(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for placement, fine, why in PLACEMENTS:
        said = answer(dict(placement))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {placement} it returned {said!r}"
        if (said is None) != fine:
            return f"the placement {placement} is {'fine' if fine else 'not fine'}: {why}"
    return None


_MIXED = (0.9, 0.99, 0.999, 0.5, 0.8)


@page.exercise(
    "av-build",
    hint="keep a list: chances[u] is the chance that u of the parts so far are up. Each part makes a new list from it.",
    solution="""
        def answer(k, parts):
            chances = [1.0]
            for p in parts:
                longer = [0.0] * (len(chances) + 1)
                for up, chance in enumerate(chances):
                    longer[up + 1] += chance * p
                    longer[up] += chance * (1 - p)
                chances = longer
            return sum(chances[max(0, k):])
    """,
    mistakes=(
        """
        def answer(k, parts):
            chances = [1.0]
            for p in parts:
                longer = [0.0] * (len(chances) + 1)
                for up, chance in enumerate(chances):
                    longer[up + 1] += chance * p
                    longer[up] += chance * (1 - p)
                chances = longer
            return sum(chances[k:])
        """,
        """
        from math import comb

        def answer(k, parts):
            n, p = len(parts), sum(parts) / len(parts)
            return sum(comb(n, up) * p**up * (1 - p)**(n - up) for up in range(k, n + 1))
        """,
        """
        def answer(k, parts):
            chances = [1.0]
            for p in parts:
                longer = [0.0] * (len(chances) + 1)
                for up, chance in enumerate(chances):
                    longer[up + 1] += chance * p
                    longer[up] += chance * (1 - p)
                chances = longer
            return chances[k]
        """,
        """
        def answer(k, parts):
            product = 1.0
            for p in sorted(parts)[-k:]:
                product *= p
            return product
        """,
        "answer = 0.998892",
    ),
    explanation="Each part doubles the cases, but only the number of those that are up counts, so n parts need about "
    "n x n / 2 steps. The mean of the shares is not enough: parts that differ are not like equal ones of the mean.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    cases: tuple[tuple[int, tuple[float, ...]], ...] = (
        (1, (0.9,)), (0, (0.5, 0.5)), (-1, (0.5, 0.5)), (3, (0.5, 0.5)),
        (2, (0.9, 0.9, 0.9)), (2, (0.9, 0.99, 0.999)), (3, _MIXED), (5, _MIXED),
    )  # fmt: skip
    for k, parts in cases:
        right = enumerated(lambda up, k=k: sum(up) >= k, parts)  # type: ignore[misc]
        if complaint := _differs(answer(k, list(parts)), right, f"at least {k} of {list(parts)}"):
            return complaint
    many = [0.9 + one / 1_000 for one in range(60)]
    return _differs(answer(50, many), at_least(50, many), "at least 50 of 60 parts")


def _differs(found: object, right: float, what: str) -> str | None:
    """Return what is wrong with a share, or None."""
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return f"a share is asked for, but for {what} it returned {found!r}"
    if not abs(found - right) < 1e-9:
        return f"for {what} it must be {right:.6f}, not {found:.6f}"
    return None
