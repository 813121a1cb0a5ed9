"""The exercises of the page on the code of Chubby."""

from __future__ import annotations

import copy
from typing import Any

from ..checking import Page

page = Page("chubby-code")

KEEPS = {
    "A": (True, "it is of this epoch, may be kept, and is no older than event 3"),
    "B": (
        False,
        "event 3 was told after this answer was given, and may have been an invalidation of this file",
    ),
    "C": (
        True,
        "it is newer than what was seen; if event 4 is an invalidation it will come, and take the copy away",
    ),
    "D": (False, "the master of another epoch gave it, and knows nothing of copies of this one"),
    "E": (False, "the master says that it may not be kept: somebody is about to write the file"),
}


@page.exercise(
    "chubby-may-keep",
    hint="it must say that it may be kept, be of my epoch, and have a `told` that is at least `seen`.",
    solution="""
        answer = {"A", "C"}
    """,
    mistakes=(
        'answer = {"A"}',
        'answer = {"A", "B", "C"}',
        'answer = {"A", "C", "D"}',
        'answer = {"A", "C", "E"}',
        'answer = "AC"',
    ),
    explanation="B is what LOCK-08 keeps. C shows why the condition is one-sided: the events that come later do their "
    "work when they come.",
)
def may_keep(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= set(KEEPS):
        return f'a set of letters from "A" to "E" is asked for, but the answer is {answer!r}'
    for letter, (kept, why) in KEEPS.items():
        if (letter in answer) != kept:
            return f"look at {letter} again: {why}"
    return None


@page.exercise(
    "chubby-write-time",
    hint="a copy is gone when its session says so or has ended; the write waits for the last of the three.",
    solution="""
        answer = max(620, 1_400, min(1_900, 1_250))
    """,
    mistakes=("answer = 1_900", "answer = 620", "answer = 1_250", "answer = 610", "answer = 'never'"),
    explanation="At 1,400 ms, when the lease of b ends. What c says at 1,900 ms is refused: its session has ended.",
)
def write_time(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of milliseconds is asked for, but the answer is {answer!r}"
    if answer == 1_900:
        return "the session of c was over long before that, and its copy with it"
    if answer < 1_400:
        return "at that time one client may still read a copy, and is right to rely on its lease"
    return None if answer == 1_400 else "by then all copies have been gone for a while"


ENTERED = {
    "A": (False, "leases are promises of one master, and are kept nowhere else"),
    "B": (True, "sessions must outlive the master"),
    "C": (False, "who is sure to be the master answers from its own state"),
    "D": (False, "it waits outside the log until the lock looks free"),
    "E": (True, "no replica looks at a clock, so that the time is over must be an entry"),
    "F": (False, "it changes nothing"),
    "G": (True, "its first entry begins an epoch"),
    "H": (False, "a lease that goes on is not written down"),
}


@page.exercise(
    "chubby-enters-the-log",
    hint="what changes the state of the cell is an entry; what only one master knows, or only reads, is not.",
    solution="""
        answer = {"B", "E", "G"}
    """,
    mistakes=(
        'answer = {"B", "G"}',
        'answer = {"A", "B", "E", "G"}',
        'answer = {"B", "C", "E", "G"}',
        'answer = {"B", "D", "E", "G"}',
        'answer = {"B", "E", "F", "G"}',
        'answer = {"B", "E"}',
        'answer = ["B", "E", "G"]',
    ),
    explanation="An idle cell with 10,000 clients writes nothing at all, however many KeepAlives it takes.",
)
def enters_the_log(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= set(ENTERED):
        return f'a set of letters from "A" to "H" is asked for, but the answer is {answer!r}'
    for letter, (entered, why) in ENTERED.items():
        if (letter in answer) != entered:
            return f"look at {letter} again: {why}"
    return None


Mail = tuple[int, tuple[tuple[int, str], ...]]
TOLD: tuple[tuple[Mail, tuple[int, int], Mail, str], ...] = (
    ((4, ((1, "x"), (2, "y"))), (5, 2), (5, ()), "both were seen"),
    (
        (4, ((1, "x"), (2, "y"))),
        (5, 1),
        (5, ((2, "y"),)),
        "2 was not seen: its answer was lost, and it is told again",
    ),
    ((4, ((1, "x"), (2, "y"))), (5, 0), (5, ((1, "x"), (2, "y"))), "none was seen"),
    ((4, ((3, "z"),)), (3, 2), (4, ((3, "z"),)), "KeepAlive 3 is late: 4 was taken in already"),
    ((4, ((3, "z"),)), (4, 2), (4, ((3, "z"),)), "KeepAlive 4 came twice"),
    ((4, ()), (5, 2), (5, ()), "there is no news"),
    ((4, ((3, "z"),)), (2, 3), (4, ()), "a late KeepAlive also says truly what was seen"),
)


@page.exercise(
    "chubby-mend-mail",
    hint="an event goes when a KeepAlive says that it was seen; and the number of the last KeepAlive never goes back.",
    solution="""
        def answer(last, events, number, seen):
            return max(last, number), tuple(event for event in events if event[0] > seen)
    """,
    mistakes=(
        """
        def answer(last, events, number, seen):
            return number, ()
        """,
        """
        def answer(last, events, number, seen):
            return max(last, number), ()
        """,
        """
        def answer(last, events, number, seen):
            return number, tuple(event for event in events if event[0] > seen)
        """,
        """
        def answer(last, events, number, seen):
            return max(last, number), tuple(event for event in events if event[0] != seen)
        """,
        """
        def answer(last, events, number, seen):
            if number <= last:
                return last, events
            return number, tuple(event for event in events if event[0] > seen)
        """,
    ),
    explanation="The version in the exercise takes a KeepAlive for a proof that the last answer has arrived. It proves "
    "nothing of the kind: it may be a second try, sent because no answer came. An invalidation would be lost, and the "
    "write would go on while the copy is there.",
)
def mend_mail(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for (last, events), (number, seen), want, why in TOLD:
        found = answer(last, events, number, seen)
        if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[1], (tuple, list)):
            return f"it must return a pair (last, events), but it returned {found!r}"
        if (found[0], tuple(found[1])) != want:
            return (
                f"with last = {last}, events = {events} and KeepAlive number {number}, seen {seen} it must return "
                f"{want}, but it returned {found!r}: {why}"
            )
    return None


SPOKEN: tuple[tuple[list[tuple[str, int, str]], bool, str], ...] = (
    ([("n1", 1, "lease"), ("n1", 1, "read"), ("n3", 2, "lease")], True, "one master after the other"),
    (
        [("n1", 1, "lease"), ("n3", 2, "read"), ("n1", 1, "read")],
        False,
        "n1 answers a read after n3 has spoken",
    ),
    (
        [("n1", 1, "lease"), ("n3", 2, "lease"), ("n1", 1, "lease")],
        False,
        "n1 grants a lease after n3 has spoken",
    ),
    (
        [("n1", 1, "lease"), ("n3", 2, "lease"), ("n1", 1, "entry")],
        True,
        "what follows from an entry is decided by the log, whoever says it",
    ),
    (
        [("n1", 1, "read"), ("n3", 2, "entry"), ("n1", 1, "read")],
        True,
        "an entry of epoch 2 alone does not show that its master has spoken by itself",
    ),
    ([("n1", 1, "read"), ("n1", 3, "read"), ("n3", 2, "lease")], False, "epoch 2 after epoch 3"),
    ([("n1", 2, "read"), ("n1", 2, "lease"), ("n1", 2, "read")], True, "it is the same epoch"),
    ([], True, "nobody has spoken"),
)


@page.exercise(
    "chubby-state-master",
    hint='remember the greatest epoch in which somebody said "lease" or "read"; "entry" does not count.',
    solution="""
        def answer(spoken):
            newest = 0
            for who, epoch, kind in spoken:
                if kind == "entry":
                    continue
                if epoch < newest:
                    return f"{who} speaks in epoch {epoch}, after {newest}"
                newest = epoch
            return None
    """,
    mistakes=(
        """
        def answer(spoken):
            epochs = [epoch for _, epoch, _ in spoken]
            return None if epochs == sorted(epochs) else "an older master speaks"
        """,
        """
        def answer(spoken):
            newest = 0
            for who, epoch, kind in spoken:
                if kind == "read" and epoch < newest:
                    return f"{who} reads in epoch {epoch}"
                newest = max(newest, epoch)
            return None
        """,
        """
        def answer(spoken):
            masters = {}
            for who, epoch, kind in spoken:
                if masters.setdefault(epoch, who) != who:
                    return "two masters in one epoch"
            return None
        """,
    ),
    explanation="This is the law *single master*, which LOCK-06b breaks. It does not ask who *believes* to be the "
    "master: two may, for a while, and no harm is done as long as the older one keeps silent.",
)
def state_master(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for spoken, fine, why in SPOKEN:
        said = answer(list(spoken))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {spoken} it returned {said!r}"
        if (said is None) != fine:
            return f"{spoken} is {'fine' if fine else 'not fine'}: {why}"
    return None


SAFE, JEOPARDY, GONE = "safe", "jeopardy", "expired"
State = dict[str, Any]
GRACE = 3_000
LIVES: tuple[tuple[str, tuple[tuple[Any, ...], ...], State, str], ...] = (
    (
        "one answer",
        (("kept", 500, 100, 1_000),),
        {"standing": SAFE, "until": 1_100},
        "the lease is counted from the sending, at 100",
    ),
    (
        "the lease runs out",
        (("kept", 500, 100, 1_000), ("clock", 1_100)),
        {"standing": JEOPARDY, "until": 4_100},
        "the grace period begins when the lease has ended",
    ),
    (
        "a process that was stopped for a while",
        (("kept", 500, 100, 1_000), ("clock", 2_000)),
        {"standing": JEOPARDY, "until": 4_100},
        "the grace period begins at the end of the lease, and not when somebody looks",
    ),
    (
        "saved in time",
        (("kept", 500, 100, 1_000), ("clock", 1_500), ("kept", 2_000, 1_900, 1_000)),
        {"standing": SAFE, "until": 2_900},
        "an answer in the grace period makes it safe",
    ),
    (
        "stopped for very long",
        (("kept", 500, 100, 1_000), ("clock", 4_100)),
        {"standing": GONE, "until": 0},
        "lease and grace period are both over",
    ),
    (
        "an answer after the grace period",
        (("kept", 500, 100, 1_000), ("kept", 4_200, 4_190, 1_000)),
        {"standing": GONE, "until": 0},
        "the clock is looked at before the answer is",
    ),
    (
        "an answer that comes too late",
        (("kept", 500, 100, 1_000), ("kept", 1_200, 150, 1_000)),
        {"standing": JEOPARDY, "until": 4_100},
        "its lease ended at 1,150, before it came",
    ),
    (
        "answers in another order",
        (("kept", 500, 300, 1_000), ("kept", 510, 100, 1_000)),
        {"standing": SAFE, "until": 1_300},
        "an older answer shortens nothing",
    ),
)


@page.exercise(
    "chubby-build-library",
    hint="look at the clock first, twice: has the lease ended, and has the grace period? Only then take the answer.",
    solution="""
        def answer(state, event, grace):
            standing, until = state["standing"], state["until"]
            now = event[1]
            if standing == "safe" and now >= until:
                standing, until = "jeopardy", until + grace
            if standing == "jeopardy" and now >= until:
                standing, until = "expired", 0
            if event[0] == "kept" and standing != "expired":
                _, _, sent, lease = event
                end = sent + lease
                if end > now and (standing == "jeopardy" or end > until):
                    standing, until = "safe", end
            return {"standing": standing, "until": until}
    """,
    mistakes=(
        """
        def answer(state, event, grace):
            if event[0] == "kept":
                return {"standing": "safe", "until": event[2] + event[3]}
            if event[1] >= state["until"]:
                return {"standing": "jeopardy", "until": state["until"] + grace}
            return state
        """,
        """
        def answer(state, event, grace):
            standing, until, now = state["standing"], state["until"], event[1]
            if standing == "safe" and now >= until:
                standing, until = "jeopardy", now + grace
            if standing == "jeopardy" and now >= until:
                standing, until = "expired", 0
            if event[0] == "kept" and standing != "expired" and event[2] + event[3] > now:
                standing, until = "safe", event[2] + event[3]
            return {"standing": standing, "until": until}
        """,
        """
        def answer(state, event, grace):
            standing, until, now = state["standing"], state["until"], event[1]
            if event[0] == "kept" and standing != "expired":
                standing, until = "safe", max(until, now + event[3])
            elif standing == "safe" and now >= until:
                standing, until = "jeopardy", until + grace
            elif standing == "jeopardy" and now >= until:
                standing, until = "expired", 0
            return {"standing": standing, "until": until}
        """,
    ),
    explanation="`look_at_the_clock` and `extend` of the package do the same, with drift and events. Order matters: "
    "a process that was stopped finds answers and timers waiting for it, and must not take an answer before it knows "
    "what time it is.",
)
def build_library(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for name, events, want, why in LIVES:
        state: State = {"standing": SAFE, "until": 600}
        for event in events:
            given = copy.deepcopy(state)
            found = answer(given, event, GRACE)
            if given != state:
                return "the state that it was given has changed"
            if not isinstance(found, dict):
                return f"it must return a dict with standing and until, but it returned {found!r}"
            state = found
        if state != want:
            return f"{name}: {events} must lead to {want}, but led to {state}: {why}"
    return None
