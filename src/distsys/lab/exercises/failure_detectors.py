"""The exercises of the page on failure detectors and gossip."""

from __future__ import annotations

from itertools import product

from ..checking import Page
from ..detectors_measures import false_alarm

page = Page("failure-detectors")


def number(answer: object) -> str | None:
    """Return what is wrong with an answer that should be a number."""
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number is asked for, but the answer is {answer!r}"
    return None


@page.exercise(
    "detect-patience",
    hint="when did bob's last beat in time arrive, and when does the next one?",
    solution="answer = 320 - 90",
    mistakes=("answer = 200", "answer = 75", "answer = 320", "answer = 165 - 90", "answer = '230 ms'"),
    explanation="The beat of 80 ms arrives at 90, that of 120 ms at 320. A patience of more than 230 ms would have "
    "been enough for this run. Had the beat taken 1 s, it would not: whatever the patience, some delay is longer.",
)
def patience(answer: object) -> str | None:
    if wrong := number(answer):
        return wrong
    if answer != 230:
        return "look at the first figure again: ann hears nothing between two deliveries of beats"
    return None


@page.exercise(
    "detect-cost",
    hint="heartbeats: each of n to each of n - 1. SWIM: each of n a ping, and an answer.",
    solution="answer = (500 * 499, 2 * 500)",
    mistakes=(
        "answer = (500 * 500, 1000)",
        "answer = (249_500, 500)",
        "answer = (1000, 249_500)",
        "answer = 249_500",
    ),
    explanation="249,500 messages against 1,000. For each member it is 499 against 2, and only the first grows with n.",
)
def cost(answer: object) -> str | None:
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return f"a pair of two numbers is asked for, but the answer is {answer!r}"
    if answer[0] != 249_500:
        return "the first is not the number of heartbeats: nobody sends one to itself"
    if answer[1] != 1_000:
        return "the second is not the number of messages of SWIM: without faults a ping has an answer, and no helper"
    return None


@page.exercise(
    "detect-helpers",
    hint="write the formula as a function of k and try k = 0, 1, 2, ...",
    solution="""
        answer = 0
        while (1 - 0.95**2) * (1 - 0.95**4) ** answer >= 0.001:
            answer += 1
    """,
    mistakes=("answer = 2", "answer = 4", "answer = 1", "answer = 'three'"),
    explanation="With k = 3 it is 0.0006. Each helper takes a factor of about 5: it fails if one of four messages "
    "is lost, which is 0.185.",
)
def helpers(answer: object) -> str | None:
    if wrong := number(answer):
        return wrong
    if not isinstance(answer, int) or answer < 0:
        return "a whole number of helpers is asked for"
    if false_alarm(0.05, answer) >= 0.001:
        return f"with {answer} helpers a period ends without an answer more often than 1 time in 1,000"
    if answer and false_alarm(0.05, answer - 1) < 0.001:
        return "fewer helpers would do"
    return None


RANK = {"alive": 0, "suspect": 1, "faulty": 2}
ITEMS = tuple(product((0, 1, 2), RANK))


@page.exercise(
    "detect-mend",
    hint="which counts first, the incarnation or the status? In what order do the three statuses beat each other?",
    solution="""
        def answer(new, old):
            rank = {"alive": 0, "suspect": 1, "faulty": 2}
            return (new[0], rank[new[1]]) > (old[0], rank[old[1]])
    """,
    mistakes=(
        """
        def answer(new, old):
            rank = {"alive": 0, "suspect": 1, "faulty": 2}
            return (rank[new[1]], new[0]) > (rank[old[1]], old[0])
        """,
        """
        def answer(new, old):
            return new[0] > old[0]
        """,
        """
        def answer(new, old):
            return new > old
        """,
        """
        def answer(new, old):
            rank = {"alive": 0, "suspect": 1, "faulty": 2}
            return (new[0], rank[new[1]]) >= (old[0], rank[old[1]])
        """,
        "answer = True",
    ),
    explanation="Incarnation first: what is said of a later incarnation is newer, whatever it says. Within one "
    "incarnation alive, suspect, faulty follow each other. Equal news are no news, or they would be told for ever.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for new, old in product(ITEMS, ITEMS):
        right = (new[0], RANK[new[1]]) > (old[0], RANK[old[1]])
        if answer(new, old) is not right:
            return f"for new {new} and old {old} it must return {right}"
    return None


Said = tuple[str, str, int]  # who, of whom, which incarnation
HISTORIES: tuple[tuple[tuple[Said, ...], bool], ...] = (
    ((), True),
    ((("bob", "ann", 0),), True),
    ((("ann", "ann", 1), ("bob", "ann", 1), ("cyd", "ann", 0)), True),
    ((("bob", "ann", 1), ("ann", "ann", 1)), False),
    ((("ann", "ann", 1), ("bob", "cyd", 1)), False),
    ((("ann", "ann", 1), ("bob", "ann", 2)), False),
    ((("ann", "ann", 2), ("bob", "ann", 1), ("cyd", "cyd", 1), ("ann", "cyd", 1)), True),
    ((("ann", "ann", 1), ("ann", "bob", 1), ("bob", "bob", 1)), False),
)


@page.exercise(
    "detect-law",
    hint="go through the list, and keep for each member the highest incarnation that it has announced itself.",
    solution="""
        def answer(said):
            own = {}
            for who, member, incarnation in said:
                if who == member:
                    own[member] = max(incarnation, own.get(member, 0))
                elif incarnation > own.get(member, 0):
                    return f"{who} speaks of incarnation {incarnation} of {member}"
            return None
    """,
    mistakes=(
        """
        def answer(said):
            announced = {(who, n) for who, member, n in said if who == member}
            for who, member, n in said:
                if n > 0 and (member, n) not in announced:
                    return "nobody announced it"
            return None
        """,
        """
        def answer(said):
            most = 0
            for who, member, n in said:
                if who == member:
                    most = max(most, n)
                elif n > most:
                    return "too high"
            return None
        """,
        """
        def answer(said):
            for who, member, n in said:
                if who != member and n > 0:
                    return "not its own"
            return None
        """,
        "def answer(said):\n    return True",
    ),
    explanation="It is the law that SWIM-05 breaks. The order of the list counts: to be told of an incarnation before "
    "its owner has announced it is already wrong.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for said, right in HISTORIES:
        found = answer(list(said))
        if found is not None and not isinstance(found, str):
            return f"return None or a sentence, but for {list(said)} it returns {found!r}"
        if (found is None) != right:
            kept = "kept" if right else "broken"
            return f"in {list(said)} the law is {kept}, but the answer says otherwise"
    return None
