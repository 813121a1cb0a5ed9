"""The exercises of the page on Raft."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any, cast

from ...core import systems
from ...core.events import Deliver, Note, Send, Start
from ...core.log import Log
from ...core.units import MS, S
from ...core.values import Map
from ...drivers import Simulator, link
from ...protocols.raft import Raft
from ...protocols.raft_messages import Entry, RequestVote, Vote
from ..checking import Page
from ..raft_runs import OneStepBack, repair_rounds

page = Page("raft")

Pairs = tuple[tuple[int, str], ...]


def voter(terms: tuple[int, ...], current_term: int = 4) -> Raft:
    """Return a server of three that is in `current_term`, has not voted there, and holds entries of these terms."""
    disk = Map({"current_term": current_term, "log": Log([Entry(term) for term in terms])})
    server = Raft("v", disk, voters=("c", "v", "w"))
    server.handle(Start(0))
    return server


@page.exercise(
    "predict-the-repair",
    hint="a refusal names the term that stands there instead, and its first index; where does the leader try next?",
    solution="""
        # After index 10: refused, for term 3 stands there, from index 7 on. After index 6: refused, term 2, from 4 on.
        # After index 3 both have an entry of term 1: accepted.
        answer = 3
    """,
    mistakes=("answer = 2", "answer = 8", "answer = 11", "answer = 'three'"),
    explanation="One refusal for each term in conflict, 3 and 2, and one message that fits. Without the term in the "
    "refusal it would be 8.",
)
def predict_the_repair(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a number of messages is a whole number, but the answer is {answer!r}"
    leader, follower = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6), (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3)
    if answer == repair_rounds(OneStepBack, leader, follower):
        return "that is what it costs to step back one entry at a time; a refusal names a whole term"
    if answer != repair_rounds(Raft, leader, follower):
        return (
            "go through the messages: which entry comes before the new ones, and what has the follower there?"
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


def messages_a_second(servers: int, heartbeat_ms: int) -> float:
    """Return how many messages a group sends while nothing happens, counted in a run with a leader that stays."""
    cluster = systems.build("raft", nodes=servers, heartbeat_ms=heartbeat_ms)
    run = Simulator(
        cluster,
        1,
        network=link(delay=1 * MS),
        requests=(),
        laws=(),
        until=2 * S + 36 * heartbeat_ms * MS,
        settle=0,
    ).run()
    led = [step.at for step in run for effect in step.effects if isinstance(effect, Note)]
    late = [step for step in run if led[-1] + S < step.at <= led[-1] + S + 30 * heartbeat_ms * MS]
    sent = sum(isinstance(effect, Send) for step in late for effect in step.effects)
    return sent / (30 * heartbeat_ms / 1000)


@page.exercise(
    "choose-the-group",
    hint="a majority must be left when three are down; and each heartbeat goes to all others, who answer.",
    solution="""
        # Seven servers: a majority is four. 2 (7 - 1) = 12 messages for each heartbeat, and 12 * 1000 / h <= 100.
        answer = (7, 120)
    """,
    mistakes=(
        "answer = (6, 100)",
        "answer = (7, 60)",
        "answer = (7, 119)",
        "answer = (9, 160)",
        "answer = 7",
    ),
    explanation="With six servers a majority is four as well, and only three are left. And 120 ms is still short "
    "against a timeout of 300 ms: two heartbeats in a row may not be lost, but one may.",
)
def choose_the_group(answer: object) -> str | None:
    whole = isinstance(answer, tuple) and len(answer) == 2 and all(type(part) is int for part in answer)
    if not whole:
        return f"a pair of whole numbers is asked for, (servers, heartbeat_ms), but the answer is {answer!r}"
    servers, heartbeat_ms = cast(tuple[int, int], answer)
    if servers - 3 < servers // 2 + 1:
        return "with three of them down there is no majority left"
    if servers - 4 >= (servers - 1) // 2 + 1:
        return "a smaller group would do as well"
    if not 1 <= heartbeat_ms < 300 or round(messages_a_second(servers, heartbeat_ms), 6) > 100:
        return (
            "the messages in a second are not at most 100, or the heartbeats are longer apart than a timeout"
        )
    if messages_a_second(servers, heartbeat_ms - 1) <= 100:
        return "the heartbeats could be closer together for 100 messages a second"
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


Server = tuple[int, "str | None", tuple[int, ...]]
Asks = tuple[str, int, int, int]


def asked_for_a_vote(server: Server, request: Asks) -> tuple[Server, bool]:
    """Return what a real server is after a request for its vote, and whether it gave it."""
    term, voted_for, terms = server
    disk = Map({"current_term": term, "voted_for": voted_for, "log": Log([Entry(one) for one in terms])})
    node = Raft("v", disk, voters=("c", "v", "w"))
    node.handle(Start(0))
    candidate, asked, last_index, last_term = request
    effects = node.handle(Deliver(candidate, RequestVote(asked, last_index, last_term)))
    given = any(isinstance(e, Send) and e.message == Vote(node.current_term, True) for e in effects)
    return (node.current_term, node.voted_for, terms), given


@page.exercise(
    "build-a-voter",
    hint="first the term: a later one is adopted, and in it nobody has a vote yet. Then three conditions.",
    solution="""
        def answer(server, request):
            term, voted_for, terms = server
            candidate, asked, last_index, last_term = request
            if asked > term:
                term, voted_for = asked, None
            own = (terms[-1] if terms else 0, len(terms))
            granted = asked == term and voted_for in (None, candidate) and (last_term, last_index) >= own
            return (term, candidate if granted else voted_for, terms), granted
    """,
    mistakes=(
        """
        def answer(server, request):  # the longer log wins: RAFT-04
            term, voted_for, terms = server
            candidate, asked, last_index, last_term = request
            if asked > term:
                term, voted_for = asked, None
            granted = asked == term and voted_for in (None, candidate) and last_index >= len(terms)
            return (term, candidate if granted else voted_for, terms), granted
        """,
        """
        def answer(server, request):  # the later term is not adopted where the vote is refused
            term, voted_for, terms = server
            candidate, asked, last_index, last_term = request
            own = (terms[-1] if terms else 0, len(terms))
            free = asked > term or (asked == term and voted_for in (None, candidate))
            granted = free and (last_term, last_index) >= own
            return (asked, candidate, terms) if granted else server, granted
        """,
        """
        def answer(server, request):  # who asks a second time is refused
            term, voted_for, terms = server
            candidate, asked, last_index, last_term = request
            if asked > term:
                term, voted_for = asked, None
            own = (terms[-1] if terms else 0, len(terms))
            granted = asked == term and voted_for is None and (last_term, last_index) >= own
            return (term, candidate if granted else voted_for, terms), granted
        """,
        "answer = lambda server, request: (server, False)",
    ),
    explanation="A request that is doubled gets the same answer twice: the vote is no second one. And a server that "
    "refuses has still learned of the later term.",
)
def build_a_voter(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    vote: Callable[[Server, Asks], Any] = answer
    logs: tuple[tuple[int, ...], ...] = ((), (1,), (1, 1, 1), (1, 2))
    for term, voted_for, terms in product((2, 3), (None, "c", "w"), logs):
        for asked, last_index, last_term in product((2, 3, 4), (0, 1, 2, 3), (0, 1, 2)):
            if (last_index == 0) != (last_term == 0):
                continue  # an empty log ends with index 0 of term 0, and no other does
            server, request = (term, voted_for, terms), ("c", asked, last_index, last_term)
            got, want = vote(server, request), asked_for_a_vote(server, request)
            if got != want:
                return f"for the server {server} and the request {request} it gave {got!r}, and ours does not"
    return None
