"""The exercises of the page on linearizability: four histories by hand, and six more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from ...checkers import History, Spec, linearizable, spec
from ...checkers.history import Call
from ...core.operations import INVOKE, OK, Operation
from ..checking import Page
from ..drawn_histories import drawn, labelled, objection
from ..random_histories import random_history

page = Page("linearizability")

BY_HAND = {
    "one": """
        ann  [write 1         ]          [read -> 1]
        bob      [read -> null    ]
    """,
    "two": """
        ann  [write 1                                   ]
        bob     [write 2   ]
        cyd                    [read -> 2]                   [read -> 1]
    """,
    "three": """
        ann  [write 1                                   ]
        bob     [read -> 1]
        cyd                   [read -> null]
    """,
    "four": """
        ann  [write 1    ?
        dee    [write 2      ?
        bob                    [read -> null]              [read -> 1]
        cyd                                   [read -> 1]
    """,
}


def by_hand(picture: str, answer: object) -> str | None:
    """Return why `answer`, an order of short names or "none", is not right for a history."""
    history = drawn(BY_HAND[picture])
    possible = linearizable(history, "register").ok
    if answer == "none":
        return "there is an order that fits; look for operations that overlap" if possible else None
    if not isinstance(answer, tuple) or not all(isinstance(name, str) for name in answer):
        return (
            f"an order is a tuple of names such as 'ann1', or the text 'none', but the answer is {answer!r}"
        )
    return objection(history, "register", answer)


@page.exercise(
    "by-hand-one",
    hint="bob asked while ann's write was under way, and heard nothing of it: what came first?",
    solution="""
        # The write and the read of bob overlap, so either may come first; the answer null says which.
        answer = ("bob1", "ann1", "ann2")
    """,
    mistakes=('answer = ("ann1", "bob1", "ann2")', 'answer = "none"', 'answer = ("bob1", "ann1")'),
    explanation="A read that overlaps a write may see it or not. The order of the invokes says nothing.",
)
def by_hand_one(answer: object) -> str | None:
    return by_hand("one", answer)


@page.exercise(
    "by-hand-two",
    hint="cyd sees 2 first and 1 in the end: in which order did the writes take effect?",
    solution="""
        # The last read says 1, so the write of 1 came after that of 2, although it was asked first.
        answer = ("bob1", "cyd1", "ann1", "cyd2")
    """,
    mistakes=('answer = "none"', 'answer = ("ann1", "bob1", "cyd1", "cyd2")'),
    explanation="The write that began first took effect last. Only an operation that has ended before "
    "another begins must come before it.",
)
def by_hand_two(answer: object) -> str | None:
    return by_hand("two", answer)


@page.exercise(
    "by-hand-three",
    hint="bob has seen the write. May cyd, who asked after bob had his answer, not see it?",
    solution="""
        # bob1 must come after ann1 (it heard 1), cyd1 after bob1 (real time), so cyd1 comes after ann1 and
        # would have to hear 1.
        answer = "none"
    """,
    mistakes=(
        'answer = ("cyd1", "ann1", "bob1")',
        'answer = ("ann1", "bob1", "cyd1")',
        'answer = ("bob1", "ann1", "cyd1")',
    ),
    explanation="Each of the two reads alone would be right, for each overlaps the write. Together they are "
    "not: the new value was seen, and then the old one. This is called a new-old inversion.",
)
def by_hand_three(answer: object) -> str | None:
    return by_hand("three", answer)


@page.exercise(
    "by-hand-four",
    hint="an operation without an answer may take effect at any moment after its invoke, or never.",
    solution="""
        # The write of 1 takes effect after the first read; nobody sees the write of 2, so it may be left out.
        answer = ("bob1", "ann1", "cyd1", "bob2")
    """,
    mistakes=(
        'answer = "none"',
        'answer = ("ann1", "dee1", "bob1", "cyd1", "bob2")',
        'answer = ("bob1", "ann1", "dee1", "cyd1", "bob2")',
    ),
    explanation="The write took effect long after its client had given up. That of 2 may be left out, "
    "or stand at the very end: nobody can tell.",
)
def by_hand_four(answer: object) -> str | None:
    return by_hand("four", answer)


@page.exercise(
    "count-the-orders",
    hint="within a round any order will do, between rounds there is no choice; "
    "the other count is that of shuffling three piles of three cards.",
    solution="""
        from math import factorial
        answer = (factorial(3) ** 3, factorial(9) // factorial(3) ** 3)  # 216 and 1680
    """,
    mistakes=("answer = (216, 216)", "answer = (362880, 1680)", "answer = (27, 1680)", "answer = 216"),
    explanation="Real time leaves 6 orders for each of the three rounds. Without it only the order of each "
    "client counts, and more orders are left: what is linearizable is sequentially consistent as well.",
)
def count_the_orders(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(type(part) is int for part in answer):
        return f"two whole numbers are asked for, as a tuple, but the answer is {answer!r}"
    if answer[0] != 216:
        return "the first number is not right: how many orders has one round, and how many rounds are there?"
    if answer[1] != 1680:
        return "the second number is not right: of all 9! orders, how many keep the three of one client in order?"
    return None


EVIDENCE = """
    ann  [write 1]              [write 2      ]
    bob            [read -> 1]     [read -> 2]       [read -> 2]
    cyd     [read -> null]                        [read -> 1]
"""


@page.exercise(
    "read-the-evidence",
    hint="let `linearizable(history, 'register').explain()` say what it cannot place.",
    solution="""
        # cyd2 began after write 2 had ended, and nobody writes after that.
        answer = ("cyd2", 2)
    """,
    mistakes=('answer = ("bob2", 1)', 'answer = ("cyd1", 1)', 'answer = ("bob3", 1)', 'answer = ("cyd2", 1)'),
    explanation="The evidence names it: the answer would be 2; it began after write 2 by ann had ended.",
)
def read_the_evidence(answer: object) -> str | None:
    history = drawn(EVIDENCE)
    names = labelled(history)
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], str):
        return f"a name and an answer are asked for, as a tuple, but the answer is {answer!r}"
    name, value = answer
    if name not in names or names[name].f != "read":
        reads = ", ".join(known for known, call in names.items() if call.f == "read")
        return f"name one of the reads, {reads}, but the answer names {name!r}"
    end = names[name].end
    events = [
        replace(event, value=value) if number == end else event
        for number, event in enumerate(history, start=1)
    ]
    if not linearizable(History(events), "register").ok:
        return f"if {name} had heard {value!r}, the history would still not be linearizable"
    return None


@page.exercise(
    "choose-the-clients",
    hint="put k = 10, 11, 12, ... into the formula.",
    solution="""
        answer = max(k for k in range(2, 40) if k * (k - 1) * 2 ** (k - 2) + 2 * k <= 1_000_000)  # 14
    """,
    mistakes=("answer = 13", "answer = 15", "answer = 8", "answer = 14.0"),
    explanation="14 clients at once take 745,500 steps and 15 take 1,720,350. Without the memo 8 clients would be "
    "the limit of such a round. So tests use few clients for each key, and many keys.",
)
def choose_the_clients(answer: object) -> str | None:
    if type(answer) is not int:
        return f"a number of clients is a whole number, but the answer is {answer!r}"
    if answer < 2 or answer * (answer - 1) * 2 ** (answer - 2) + 2 * answer <= 1_000_000:
        bigger = answer + 1
        if answer >= 2 and bigger * (bigger - 1) * 2 ** (bigger - 2) + 2 * bigger > 1_000_000:
            return None
        return "one client more would still stay within a million steps"
    return "so many clients take more than a million steps"


def explained(must: Sequence[Call], may: Sequence[Call], model: Spec) -> bool:
    """Return whether all of `must`, with any of `may`, have an order that the object and real time allow."""

    def goes_on(left: tuple[Call, ...], state: Any) -> bool:
        if not any(call in must for call in left):
            return True
        for call in left:
            if not any(other.before(call) for other in left):
                after, fits = model.step(state, call)
                if fits and goes_on(tuple(other for other in left if other is not call), after):
                    return True
        return False

    return goes_on((*must, *may), model.initial)


CRASHES = (
    *BY_HAND.values(),
    "ann [write 1 ?\nbob             [read -> 2]",
    "ann [write 1 !\nbob             [read -> 1]",
    "ann [write 1 !\nbob             [read -> null]",
    "ann [write 1]   [cas 1,2 ?\nbob                         [read -> 1]   [read -> 2]",
    "ann [write 1]   [read ?\nbob                         [read -> 1]",
)


@page.exercise(
    "mend-the-crashes",
    hint='a call has a type, "ok", "info" or "fail"; which of the three may have happened?',
    solution="""
        def answer(history):
            must = [call for call in history.calls if call.type == "ok"]
            may = [call for call in history.calls if call.type == "info"]
            return must, may
    """,
    mistakes=(
        """
        def answer(history):
            return [call for call in history.calls if call.type == "ok"], []
        """,
        """
        def answer(history):
            return list(history.calls), []
        """,
        """
        def answer(history):
            must = [call for call in history.calls if call.type == "ok"]
            return must, [call for call in history.calls if call.type != "ok"]
        """,
    ),
    explanation='"info" may have happened or not, so it is optional; "fail" did not happen, so it is nowhere. '
    "To count a time-out as a failure raises false alarms, and so does the demand that it took effect before its "
    "client gave up.",
)
def mend_the_crashes(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    divide: Callable[[History], tuple[Sequence[Call], Sequence[Call]]] = answer
    histories = [drawn(picture) for picture in CRASHES]
    histories += [random_history(seed, calls=5, lies=20, crashes=30) for seed in range(40)]
    model = spec("register")
    for history in histories:
        must, may = divide(history)
        right = linearizable(history, model).ok
        if explained(must, may, model) != right:
            said = "is linearizable, but would be refused" if right else "is not linearizable, but would pass"
            return f"this history {said}:\n{history.text(70)}"
    return None


def one_writer(seed: int) -> History:
    """Return a history in which one client writes 1, 2, 3 and two others read; some reads are too old."""
    dice = Random(seed)
    events: list[Operation] = []
    values: dict[str, list[int]] = {}  # reader -> what may be answered
    written, begun, writing = 0, 0, False
    while written < 3 or values:
        who = dice.choice(("ann", "bob", "cyd"))
        if who == "ann" and writing:
            events.append(Operation(who, OK, "write"))
            written, writing = begun, False
        elif who == "ann" and begun < 3:
            begun, writing = begun + 1, True
            events.append(Operation(who, INVOKE, "write", None, begun))
            for known in values.values():
                known.append(begun)
        elif who != "ann" and who in values:
            value = dice.choice(values.pop(who))
            events.append(Operation(who, OK, "read", None, value or None))
        elif who != "ann":
            old = max(0, written - (dice.randrange(12) == 0))
            values[who] = list(range(old, begun + 1))
            events.append(Operation(who, INVOKE, "read"))
    return History(events)


@page.exercise(
    "state-one-writer",
    hint="compare a read with all that had ended when it began: writes, and reads as well.",
    solution="""
        def answer(history):
            def value(call):
                return call.asked if call.f == "write" else call.answer or 0

            for read in history.calls:
                for other in history.calls:
                    if read.f == "read" and other.before(read) and value(other) > value(read):
                        return f"{read} is older than {other}, which had ended when it began"
            return None
    """,
    mistakes=(
        "answer = lambda history: None",
        "answer = lambda history: 'a read is too old'",
        """
        def answer(history):
            for read in history.calls:
                for write in history.calls:
                    if (read.f == "read" and write.f == "write" and write.before(read)
                            and write.asked > (read.answer or 0)):
                        return f"{read} is older than {write}"
            return None
        """,
        """
        def answer(history):
            for read in history.calls:
                for other in history.calls:
                    if (read.f == other.f == "read" and other.before(read)
                            and (other.answer or 0) > (read.answer or 0)):
                        return f"{read} is older than {other}"
            return None
        """,
        """
        def answer(history):  # of the reads it looks only at those of the same client
            def value(call):
                return call.asked if call.f == "write" else call.answer or 0

            for read in history.calls:
                for other in history.calls:
                    if (read.f == "read" and other.before(read) and value(other) > value(read)
                            and (other.f == "write" or other.process == read.process)):
                        return f"{read} is older than {other}"
            return None
        """,
    ),
    explanation="With one writer whose values grow, no search is needed: compare pairs. The half that looks at writes "
    "makes a regular register, the half that looks at reads forbids the new-old inversion.",
)
def state_one_writer(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of a history"
    law: Callable[[History], str | None] = answer
    for seed in range(150):
        history = one_writer(seed)
        right, said = linearizable(history, "register").ok, law(history)
        if right and said is not None:
            return f"this history is linearizable, but the law says {said!r}:\n{history.text(70)}"
        if not right and not isinstance(said, str):
            return f"this history is not linearizable, but the law is silent:\n{history.text(70)}"
    return None


STACKS = (  # (picture, whether a stack allows it)
    ("ann [push 1] [push 2] [pop -> 2] [pop -> 1] [pop -> null]", True),
    ("ann [push 1] [push 2] [pop -> 1]", False),
    ("ann [push 1] [pop -> 1] [pop -> 1]", False),
    ("ann [pop -> null] [push 1] [pop -> null]", False),
    ("ann [push 1     ]             [pop -> 1]\nbob     [push 2     ]                   [pop -> 2]", True),
    ("ann [push 1     ]\nbob     [pop -> 1       ]", True),
    ("ann [push 1] [push 2] [pop ?\nbob                               [pop -> 1]", True),
    ("ann [push 1]          [pop ?\nbob                               [pop -> 1]     [pop -> 1]", False),
    ("ann [push 1] [push 2 ?\nbob                          [pop -> 1] [pop -> 2]", True),
)


@page.exercise(
    "build-a-stack",
    hint="let the state be a tuple; the answer of a push says nothing: ANY.",
    solution="""
        from distsys.checkers import ANY

        def answer(state, call):
            if call.f == "push":
                return (*state, call.asked), ANY
            if not state:
                return state, None
            return state[:-1], state[-1]
    """,
    mistakes=(
        """
        from distsys.checkers import ANY

        def answer(state, call):  # a queue
            if call.f == "push":
                return (*state, call.asked), ANY
            return (state[1:], state[0]) if state else (state, None)
        """,
        """
        from distsys.checkers import ANY

        def answer(state, call):  # a pop that leaves its value where it is
            if call.f == "push":
                return (*state, call.asked), ANY
            return state, state[-1] if state else None
        """,
        """
        from distsys.checkers import ANY, NEVER

        def answer(state, call):  # a pop that waits
            if call.f == "push":
                return (*state, call.asked), ANY
            return (state[:-1], state[-1]) if state else (state, NEVER)
        """,
    ),
    explanation="That is all that the checker needs: a state, and what each operation makes of it and answers. A "
    "crashed pop may have taken a value with it, and the checker tries both.",
)
def build_a_stack(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (state, call)"
    apply: Callable[[Any, Call], tuple[Any, Any]] = answer
    model = Spec("stack", "last in, first out", {"push": "value", "pop": "-> value"}, (), apply)
    for picture, right in STACKS:
        history = drawn(picture)
        if linearizable(history, model).ok != right:
            said = "allows this history" if right else "does not allow this history"
            return f"a stack {said}, and yours says the opposite:\n{history.text(70)}"
    return None
