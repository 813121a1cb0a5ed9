"""The exercises of the page that compares Raft, Multi-Paxos and Zab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from ..checking import Page

page = Page("consensus-compared")


@page.exercise(
    "the-bill",
    hint="count what one command costs with n = 5, and what one heartbeat costs; there are 20 heartbeats in a second.",
    solution="""
        others = 5 - 1
        raft = 2 * others * 100 + 2 * others * 20
        multi_paxos = 3 * others * 100 + others * 20
        zab = 3 * others * 100 + 2 * others * 20
        answer = (raft, multi_paxos, zab)  # (960, 1280, 1360)
    """,
    mistakes=(
        "answer = (800, 1200, 1200)",
        "answer = (960, 1360, 1360)",
        "answer = (1200, 1580, 1700)",
        "answer = 960",
    ),
    explanation="With 100 commands a second the heartbeats are a sixth of the bill at most; "
    "without any they are all of it.",
)
def the_bill(answer: object) -> str | None:
    right = (960, 1280, 1360)
    if not isinstance(answer, tuple) or len(answer) != len(right):
        return f"three numbers are asked for, (Raft, Multi-Paxos, Zab), but the answer is {answer!r}"
    wrong = [
        name
        for name, got, want in zip(("Raft", "Multi-Paxos", "Zab"), answer, right, strict=True)
        if got != want
    ]
    return f"{wrong[0]}: add the messages of 100 commands and those of 20 heartbeats" if wrong else None


@page.exercise(
    "two-places-at-once",
    hint="a place is secured when a majority has it; which protocol lets a later place be decided first?",
    solution="""
        # Raft and Zab: a log has no gaps, so what stands at 5 stands behind 4.
        # Slots of Multi-Paxos are decided one by one.
        answer = {"Raft": False, "Multi-Paxos": True, "Zab": False}
    """,
    mistakes=(
        'answer = {"Raft": False, "Multi-Paxos": False, "Zab": False}',
        'answer = {"Raft": True, "Multi-Paxos": True, "Zab": True}',
        'answer = {"Raft": False, "Multi-Paxos": True, "Zab": True}',
        "answer = 'Multi-Paxos'",
    ),
    explanation="That is why only Multi-Paxos needs no-ops for gaps, and why a decision there may have to wait "
    "before it is applied.",
)
def two_places_at_once(answer: object) -> str | None:
    if not isinstance(answer, dict) or set(answer) != {"Raft", "Multi-Paxos", "Zab"}:
        return "the answer is a dictionary from the three names to True or False"
    for name, right in (("Raft", False), ("Multi-Paxos", True), ("Zab", False)):
        if answer[name] is not right:
            return f"{name}: may a follower store what stands at 5 when it does not have what stands at 4?"
    return None


@page.exercise(
    "as-patient-as-raft",
    hint="set the two medians equal: T + 0.293 T + 5 d for Raft, and T' + w + 9 d - h / 2 for Zab, "
    "with a timeout T' of its own.",
    solution="""
        share = 1 - 0.5 ** 0.5  # of the range, at the median of the smaller of two draws
        T, d, h, wait = 1000, 1, 100, 200
        raft = T + share * T + 5 * d
        answer = round(raft - wait - 9 * d + h / 2)  # 1139
    """,
    mistakes=(
        "answer = 1000",
        "answer = 1093",
        "answer = 1339",
        "answer = 1189",
        "answer = 'longer'",
    ),
    explanation="The timeout of a Zab follower is no random draw. So its servers can all be more patient, and be "
    "back at the same time.",
)
def as_patient_as_raft(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of milliseconds is asked for, but the answer is {answer!r}"
    if abs(answer - 1139) > 2:
        return "T is 1,000, and so is the range of Raft; d = 1, h = 100, and Zab waits 200 for a better vote"
    return None


Place = tuple[int, str]


def may_lead(candidate: Sequence[Place], voter: Sequence[Place]) -> bool:
    """Return whether a history is at least as recent as another: later last number, then longer.

    >>> may_lead([(1, "a"), (2, "b")], [(1, "a"), (1, "x"), (1, "y")])
    True
    """
    last = [(log[-1][0] if log else 0, len(log)) for log in (candidate, voter)]
    return last[0] >= last[1]


@page.exercise(
    "newer-not-longer",
    hint="compare the number in the last place first, and lengths only where that is equal.",
    solution="""
        def answer(candidate, voter):
            def recency(log):
                return (log[-1][0] if log else 0, len(log))
            return recency(candidate) >= recency(voter)
    """,
    mistakes=(
        "def answer(candidate, voter): return len(candidate) >= len(voter)",
        "def answer(candidate, voter): return True",
        "def answer(candidate, voter): return candidate[-1][0] >= voter[-1][0]",
        "def answer(candidate, voter): return [n for n, _ in candidate] >= [n for n, _ in voter]",
    ),
    explanation="A greater number in the last place says: this server heard a later leader. "
    "That holds for terms as for epochs.",
)
def newer_not_longer(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (candidate, voter) is asked for, but the answer is {answer!r}"
    numbers = [(), (1,), (2,), (1, 1), (1, 2), (2, 2), (3,), (1, 1, 1), (1, 3), (2, 2, 2), (1, 1, 3)]
    logs = [[(number, f"c{place}") for place, number in enumerate(one)] for one in numbers]
    for candidate, voter in product(logs, logs):
        got = answer(list(candidate), list(voter))
        if bool(got) is not may_lead(candidate, voter):
            shown = ([n for n, _ in candidate], [n for n, _ in voter])
            return f"a candidate with the numbers {shown[0]} and a voter with {shown[1]}: {got} is wrong"
    return None


@page.exercise(
    "what-a-client-may-trust",
    hint="two things: each answered command is among what was applied, and of two servers one has a beginning "
    "of what the other has.",
    solution="""
        def answer(answered, applied):
            longest = max(applied.values(), key=len)
            for name, commands in applied.items():
                if commands != longest[:len(commands)]:
                    return f"{name} has applied {commands}, which is no beginning of {longest}"
            for command in answered:
                if command not in longest:
                    return f"{command} was answered, and nobody has it"
            return None
    """,
    mistakes=(
        "def answer(answered, applied): return None",
        "def answer(answered, applied): return 'no'",
        """
        def answer(answered, applied):
            longest = max(applied.values(), key=len)
            missing = [command for command in answered if command not in longest]
            return f"{missing} missing" if missing else None
        """,
        """
        def answer(answered, applied):
            for commands in applied.values():
                for command in answered:
                    if command not in commands:
                        return f"{command} missing"
            return None
        """,
    ),
    explanation="The law knows nothing of terms, ballots or epochs, so it judges all three alike. "
    "A server that is behind breaks nothing.",
)
def what_a_client_may_trust(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (answered, applied) is asked for, but the answer is {answer!r}"
    law: Callable[..., Any] = answer
    good = [
        (("a",), {"n1": ("a", "b"), "n2": ("a",), "n3": ()}),
        ((), {"n1": (), "n2": ()}),
        (("a", "b"), {"n1": ("a", "b"), "n2": ("a", "b")}),
    ]
    bad = [
        ("b was answered, and the longest sequence is a", (("b",), {"n1": ("a",), "n2": ("a",)})),
        ("one server has applied a, b and the other b", (("a",), {"n1": ("a", "b"), "n2": ("b",)})),
        ("one server has applied a, x and the other a, y", ((), {"n1": ("a", "x"), "n2": ("a", "y")})),
    ]
    for case in good:
        if (said := law(*case)) is not None:
            return f"nothing is wrong with {case[1]} and the answers {case[0]}, but the law says {said!r}"
    for what, case in bad:
        if not isinstance(said := law(*case), str) or not said:
            return f"{what}, but the law says {said!r}"
    return None


def decided_after(slots: int, alpha: int, delay: int) -> int:
    """Return how long after its promises a leader answers a new command, counted slot by slot.

    >>> decided_after(40, 8, 10), decided_after(0, 8, 10)
    (120, 20)
    """
    done, now = 0, 0
    while True:
        open_slots = range(done + 1, min(done + alpha, slots + 1) + 1)
        now += 2 * delay
        done = open_slots[-1]
        if done == slots + 1:
            return now


@page.exercise(
    "slot-by-slot",
    hint="let a loop decide up to alpha slots in each round trip; the new command stands in slot slots + 1.",
    solution="""
        def answer(slots, alpha, delay):
            done = now = 0
            while done < slots + 1:
                done = min(done + alpha, slots + 1)
                now += 2 * delay
            return now
    """,
    mistakes=(
        "def answer(slots, alpha, delay): return 2 * delay",
        "def answer(slots, alpha, delay): return slots // alpha * 2 * delay",
        "def answer(slots, alpha, delay): return (slots + 1) * 2 * delay",
        "answer = 120",
    ),
    explanation="It is 2 d for each full window and 2 d more: the formula on the page, less the round trip of the "
    "promises.",
)
def slot_by_slot(answer: object) -> str | None:
    if not callable(answer):
        return f"a function of (slots, alpha, delay) is asked for, but the answer is {answer!r}"
    for slots, alpha, delay in product((0, 1, 7, 8, 9, 40, 41), (1, 2, 8), (1, 10)):
        got = answer(slots, alpha, delay)
        if got != decided_after(slots, alpha, delay):
            return (
                f"with {slots} slots, alpha = {alpha} and a delay of {delay} it takes another time than {got}"
            )
    return None
