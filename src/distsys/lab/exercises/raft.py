"""The exercises of the page on Raft."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ...core.events import Deliver, Send, Start
from ...core.log import Log
from ...core.values import Map
from ...protocols.raft import Raft
from ...protocols.raft_messages import Entry, RequestVote, Vote
from ..checking import Page

page = Page("raft")

Pairs = tuple[tuple[int, str], ...]


def is_number(answer: object) -> bool:
    """Return whether the answer is a number, and no truth value."""
    return isinstance(answer, (int, float)) and not isinstance(answer, bool)


def voter(terms: tuple[int, ...], current_term: int = 4) -> Raft:
    """Return a server of three that is in `current_term`, has not voted there, and holds entries of these terms."""
    disk = Map({"current_term": current_term, "log": Log([Entry(term) for term in terms])})
    server = Raft("v", disk, voters=("c", "v", "w"))
    server.handle(Start(0))
    return server


@page.exercise(
    "alone-of-six",
    hint="x is the delay divided by the length of the range, not by the timeout.",
    solution="""
        # Six servers wait. Each of the six "falls" with probability x = 15 / 150 = 0.1, and nobody may.
        answer = (1 - 15 / 150) ** 6  # 0.531
    """,
    mistakes=(
        "answer = (1 - 15 / 150) ** 5",
        "answer = (1 - 15 / 300) ** 6",
        "answer = 1 - 15 / 150",
        "answer = 'often'",
    ),
    explanation="In nearly half of all elections somebody else wakes too early. That seldom splits the vote: "
    "of seven servers the first needs four votes, its own and three of five.",
)
def alone_of_six(answer: object) -> str | None:
    if not is_number(answer):
        return f"a probability is a number between 0 and 1, but the answer is {answer!r}"
    if abs(answer - 0.9**6) > 0.002:  # type: ignore[operator]  # it is a number
        return (
            "six servers wait, the range is 150 ms long, and the delay is 15 ms: put x and m into the theorem"
        )
    return None


LOGS = {
    "ann": (1, 1, 1, 1, 1, 1, 1),
    "bob": (1, 1, 2, 2, 2, 2),
    "cid": (1, 2, 2, 3),
    "dee": (),
    "eve": (1, 1, 1, 1, 2),
}


def grants(terms: tuple[int, ...]) -> bool:
    """Return whether a real voter with such a log votes for the candidate of the exercise."""
    request = RequestVote(term=4, last_index=5, last_term=2)
    effects = voter(terms).handle(Deliver("c", request))
    return any(isinstance(e, Send) and e.message == Vote(4, True) for e in effects)


@page.exercise(
    "who-votes",
    hint="compare the terms of the last entries first; only where they are equal, the lengths.",
    solution="""
        # The candidate's log ends with (term 2, index 5).
        # ann ends with (1, 7): a smaller term, however long. dee has nothing. eve ends with (2, 5): equal is enough.
        # bob ends with (2, 6): longer. cid ends with (3, 4): a later term, however short.
        answer = {"ann", "dee", "eve"}
    """,
    mistakes=(
        'answer = {"dee", "eve"}',
        'answer = {"cid", "dee", "eve"}',
        'answer = {"ann", "dee"}',
        'answer = {"ann", "bob", "dee", "eve"}',
    ),
    explanation="The later last term wins, and a longer log only breaks the tie. RAFT-04 compares the lengths alone.",
)
def who_votes(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(isinstance(name, str) for name in answer):
        return f"a set of names is asked for, but the answer is {answer!r}"
    if unknown := sorted(answer - set(LOGS)):
        return f"{unknown[0]!r} is none of the voters"
    for name, terms in LOGS.items():
        if grants(terms) != (name in answer):
            return f"not so for {name}: compare the last entry of {name} with (term 2, index 5)"
    return None


@page.exercise(
    "choose-the-timeout",
    hint="the length of the range is T as well, so x = 10 / T, and four servers wait.",
    solution="""
        answer = next(T for T in range(11, 10_000) if (1 - 10 / T) ** 4 >= 0.95)  # 785
    """,
    mistakes=("answer = 784", "answer = 800", "answer = 980", "answer = 785.5"),
    explanation="1 - 0.95 ** (1/4) = 0.01274, and 10 / 0.01274 = 784.9. Such a long timeout buys few split votes "
    "with a long wait after each crash: with 300 ms, 87 % are alone.",
)
def choose_the_timeout(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"whole milliseconds are asked for, but the answer is {answer!r}"
    if answer <= 10 or (1 - 10 / answer) ** 4 < 0.95:
        return "with so short a timeout the first is alone in less than 95 % of all elections"
    if (1 - 10 / (answer - 1)) ** 4 >= 0.95:
        return "that is enough, but one millisecond less would be enough as well: find the smallest"
    return None


def stored(log: Pairs, prev_index: int, entries: Pairs) -> Pairs:
    """Return what the log of a real follower is after it has accepted the entries."""
    server = Raft("v", Map({"log": Log([Entry(*pair) for pair in log])}), voters=("c", "v", "w"))
    server.handle(Start(0))
    new = tuple(Entry(*pair) for pair in entries)
    for offset, entry in enumerate(new):  # the same rule as in Raft.store, but as the paper words it
        index = prev_index + 1 + offset
        if index > server.log.last_index or server.log[index].term != entry.term:
            kept = server.log.truncate(index - 1)
            return tuple((e.term, e.command) for e in kept.append(*new[offset:]))
    return tuple((e.term, e.command) for e in server.log)


def histories() -> list[tuple[Pairs, int, Pairs]]:
    """Return logs and messages that fit each other: the message is a part of a log that shares a prefix."""
    random, cases = Random(5), []
    for _ in range(200):
        shared = tuple((1 + place // 3, f"c{place}") for place in range(random.randint(0, 5)))
        last = shared[-1][0] if shared else 1
        own = tuple((last + 1, f"own{place}") for place in range(random.randint(0, 3)))
        new = tuple((last + 2, f"new{place}") for place in range(random.randint(0, 3)))
        leader = shared + new
        prev = random.randint(0, len(shared))
        cases.append((shared + own, prev, leader[prev : random.randint(prev, len(leader))]))
    return cases


@page.exercise(
    "mend-the-follower",
    hint="what if the message is late, and the log has all of it and more already?",
    solution="""
        def answer(log, prev_index, entries):
            for offset, entry in enumerate(entries):
                place = prev_index + offset
                if place >= len(log) or log[place][0] != entry[0]:  # it is missing, or it conflicts
                    return log[:place] + entries[offset:]
            return log
    """,
    mistakes=(
        "answer = lambda log, prev_index, entries: log[:prev_index] + entries",
        "answer = lambda log, prev_index, entries: log + entries",
        """
        def answer(log, prev_index, entries):
            return log if len(log) >= prev_index + len(entries) else log[:prev_index] + entries
        """,
    ),
    explanation="Only a conflict shows that the tail is wrong. This is RAFT-06: with a late, short message the first "
    "version throws away what the follower has acknowledged.",
)
def mend_the_follower(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    store: Callable[..., Any] = answer
    for log, prev_index, entries in histories():
        got, want = store(log, prev_index, entries), stored(log, prev_index, entries)
        if got != want:
            return (
                f"for the log {log}, prev_index {prev_index} and the entries {entries} it gave {got!r}, "
                "and that is not the log of a correct follower"
            )
    return None


State = tuple[str, int, tuple[str, ...]]


@page.exercise(
    "state-append-only",
    hint="the law speaks of a server that leads the same term before and after: what was in its log must be there.",
    solution="""
        def answer(before, after):
            role, term, log = before
            if role == "leader" and after[:2] == ("leader", term) and after[2][:len(log)] != log:
                return f"a leader of term {term} had {log} and now has {after[2]}"
            return None
    """,
    mistakes=(
        "answer = lambda before, after: None",
        "answer = lambda before, after: 'it changed' if before[2] != after[2] else None",
        """
        def answer(before, after):
            shorter = before[0] == after[0] == "leader" and len(after[2]) < len(before[2])
            return "a leader has lost entries" if shorter else None
        """,
        """
        def answer(before, after):
            return "an entry is gone" if after[2][:len(before[2])] != before[2] else None
        """,
    ),
    explanation="A log that is no shorter may still have been overwritten, and a server that leads no more may be cut.",
)
def state_append_only(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (before, after)"
    law: Callable[[State, State], Any] = answer
    led: State = ("leader", 3, ("a", "b"))
    good: tuple[tuple[State, State], ...] = (
        (led, led),
        (led, ("leader", 3, ("a", "b", "c"))),
        (("follower", 3, ("a", "b")), ("follower", 3, ("a",))),
        (("follower", 3, ("a", "b")), ("follower", 3, ("a", "x", "y"))),
        (led, ("follower", 4, ("a",))),
        (("candidate", 3, ("a",)), ("leader", 3, ("a", "b"))),
    )
    for before, after in good:
        if (said := law(before, after)) is not None:
            return f"the law must be silent for {before} and then {after}, but it said {said!r}"
    for bad in (("a",), (), ("a", "x"), ("x", "b", "c")):
        if law(led, ("leader", 3, bad)) is None:
            return f"the law must object to {led} and then {('leader', 3, bad)}, but it was silent"
    return None
