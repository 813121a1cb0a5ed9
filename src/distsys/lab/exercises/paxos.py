"""The exercises of the page on Paxos."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, pi, tan
from random import Random
from typing import Any

from ..checking import Page

page = Page("paxos")

FIVE = ("ann", "bob", "cid", "dee", "eve")


@page.exercise(
    "what-to-ask-for",
    hint="who votes for what is counted by nobody in phase 1: one answer decides, the one with the highest ballot.",
    solution="""
        # The ballots are 3.p1 < 5.p1 < 5.p3, for equal rounds are compared by name. The vote in 5.p3 was for y.
        answer = "y"
    """,
    mistakes=('answer = "x"', 'answer = "z"', 'answer = "5.p3"', "answer = 5"),
    explanation="Two of four name x, and it does not matter: had x been chosen in 5.p1, 5.p3 would have asked for x.",
)
def what_to_ask_for(answer: object) -> str | None:
    if not isinstance(answer, str):
        return f"a value is asked for, such as 'x', but the answer is {answer!r}"
    told = {"ann": None, "bob": ((3, "p1"), "x"), "cid": ((5, "p1"), "x"), "dee": ((5, "p3"), "y")}
    if answer != max(vote for vote in told.values() if vote is not None)[1]:
        return (
            "order the ballots that the promises name: by their rounds, and where these are equal by the name"
        )
    return None


LADDER: dict[int, dict[str, str]] = {1: {"ann": "x", "bob": "x"}, 2: {"cid": "y"}, 3: {}}
HIGHEST = {"ann": 3, "bob": 3, "cid": 2, "dee": 2, "eve": 3}


def still_open(votes: dict[int, dict[str, str]], promised: dict[str, int]) -> set[int]:
    """Return the ballots in which a majority has voted, or can still vote without breaking a promise."""
    need = len(promised) // 2 + 1
    return {
        ballot
        for ballot, cast in votes.items()
        if sum(name in cast or promised[name] <= ballot for name in promised) >= need
    }


@page.exercise(
    "what-can-still-be-chosen",
    hint="for each ballot count who has voted in it, and who has promised no higher one and so may still do it.",
    solution="""
        # Ballot 1: ann and bob have voted; cid, dee and eve have promised higher ballots. Two are too few.
        # Ballot 2: cid has voted, dee may; ann, bob and eve have promised 3. Two are too few.
        # Ballot 3: nobody has promised more, so all five may vote.
        answer = {3}
    """,
    mistakes=("answer = {1, 3}", "answer = {2, 3}", "answer = {1, 2, 3}", "answer = set()", "answer = 3"),
    explanation="And ballot 3 asks for x: of those who promised it, ann and bob tell of a vote for x in ballot 1. "
    "In ballot 1, x can be chosen no more; but the proposer of ballot 3 has not heard cid and dee, and cannot know it.",
)
def what_can_still_be_chosen(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)):
        return f"a set of ballots is asked for, such as {{1}}, but the answer is {answer!r}"
    can = still_open(LADDER, HIGHEST)
    for ballot in LADDER:
        if (ballot in can) != (ballot in answer):
            return f"not so for ballot {ballot}: who has voted in it, and who may still vote in it?"
    return None if answer == can else "there are only the ballots 1, 2 and 3"


def least_timer(delay_ms: float, ballots: float) -> int:
    """Return the least R, in whole ms, for which a duel takes at most so many more ballots from the worst gap."""
    return next(
        r_ms
        for r_ms in range(ceil(2 * delay_ms), ceil(4 * delay_ms) + 1)
        if tan(pi / 4 + 2 * delay_ms / r_ms - 1 / 2) <= ballots
    )


@page.exercise(
    "choose-the-timer",
    hint="the worst gap is x = 1. Solve tan(pi/4 + 1/r - 1/2) = 1.5 for r, and remember that r = R/2d.",
    solution="""
        from math import atan, ceil, pi

        r = 1 / (atan(1.5) - pi / 4 + 1 / 2)  # 1.434
        answer = ceil(2 * 10 * r)             # R = 2 d r = 28.7 ms, so 29
    """,
    mistakes=("answer = 28", "answer = 20", "answer = 40", "answer = 1.434", "answer = True"),
    explanation="With 40 ms, two round trips, one more ballot is always enough.",
)
def choose_the_timer(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"whole milliseconds are asked for, but the answer is {answer!r}"
    want = least_timer(10, 1.5)
    if answer != want:
        return "with it a duel " + (
            "takes more than 1.5 more ballots" if answer < want else "is kept short, but not with the least R"
        )
    return None


State = tuple[int, int, Any]


def acceptor(state: State, message: tuple[Any, ...]) -> tuple[State, tuple[Any, ...] | None]:
    """Return the state of an acceptor after a message, and its answer, None if there is none."""
    promised, voted, value = state
    if message[1] < promised:
        return state, None
    if message[0] == "prepare":
        return (message[1], voted, value), ("promise", message[1], voted, value)
    return (message[1], message[1], message[2]), ("accepted", message[1], message[2])


def arrivals(random: Random) -> list[tuple[Any, ...]]:
    """Return messages to an acceptor in some order: of a ballot a Prepare, an Accept, or one and then the other."""
    drawn = random.sample([(kind, ballot) for kind in ("prepare", "accept") for ballot in range(1, 9)], 8)
    return [
        (kind, ballot) if kind == "prepare" else (kind, ballot, f"v{ballot}")
        for place, (kind, ballot) in enumerate(drawn)
        if kind == "accept" or ("accept", ballot) not in drawn[:place]
    ]


@page.exercise(
    "mend-the-acceptor",
    hint="an acceptor owes something to each ballot that it promised, and a vote is a promise, too. "
    "Send it a promise for 5 and then an Accept of 3; and an Accept of 5 and then one of 3 or a Prepare of 4.",
    solution="""
        def answer(state, message):
            promised, voted, value = state
            if message[1] < promised:
                return state, None
            if message[0] == "prepare":
                return (message[1], voted, value), ("promise", message[1], voted, value)
            return (message[1], message[1], message[2]), ("accepted", message[1], message[2])
    """,
    mistakes=(
        """
        def answer(state, message):
            promised, voted, value = state
            if message[0] == "prepare" and message[1] >= promised:
                return (message[1], voted, value), ("promise", message[1], voted, value)
            if message[0] == "accept" and message[1] >= voted:
                return (promised, message[1], message[2]), ("accepted", message[1], message[2])
            return state, None
        """,
        """
        def answer(state, message):
            promised, voted, value = state
            if message[0] == "prepare" and message[1] >= promised:
                return (message[1], voted, value), ("promise", message[1], voted, value)
            if message[0] == "accept" and message[1] >= promised:
                return (promised, message[1], message[2]), ("accepted", message[1], message[2])
            return state, None
        """,
        """
        def answer(state, message):
            promised, voted, value = state
            if message[0] == "prepare" and message[1] >= promised:
                return (message[1], 0, None), ("promise", message[1], voted, value)
            if message[0] == "accept" and message[1] >= promised:
                return (message[1], message[1], message[2]), ("accepted", message[1], message[2])
            return state, None
        """,
        """
        def answer(state, message):  # who has promised a ballot does not vote in it: nothing is ever chosen
            promised, voted, value = state
            if message[0] == "prepare" and message[1] >= promised:
                return (message[1], voted, value), ("promise", message[1], voted, value)
            if message[0] == "accept" and message[1] > promised:
                return (message[1], message[1], message[2]), ("accepted", message[1], message[2])
            return state, None
        """,
    ),
    explanation="The first mistake is a relative of PAX-05. With the second, an acceptor votes in 5, then promises 4, "
    "or even votes in 3. A promise of 5 forbids votes below 5, and not the vote in 5 for which it was asked.",
)
def mend_the_acceptor(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    mine: Callable[..., Any] = answer
    random = Random(12)
    for _ in range(300):
        state: State = (0, 0, None)
        seen: list[tuple[Any, ...]] = []
        for message in arrivals(random):
            got, want = mine(state, message), acceptor(state, message)
            seen.append(message)
            if got != want:
                return f"after {seen} it gave {got!r}, and that is wrong"
            state = want[0]
    return None


def chosen_in(votes: list[tuple[str, int, Any]], acceptors: tuple[str, ...]) -> dict[int, Any]:
    """Return {ballot: value} of what a majority of different acceptors voted for in one ballot."""
    cast: dict[tuple[int, Any], set[str]] = {}
    for name, ballot, value in votes:
        cast.setdefault((ballot, value), set()).add(name)
    return {ballot: value for (ballot, value), names in cast.items() if 2 * len(names) > len(acceptors)}


@page.exercise(
    "state-p2b",
    hint="find each (ballot, value) for which more than half of the acceptors have voted; then look at all that was "
    "asked for in higher ballots, chosen or not, and whenever it was.",
    solution="""
        def answer(acceptors, asked, votes):
            for ballot, value in asked:
                voters = {name for name, b, v in votes if (b, v) == (ballot, value)}
                if 2 * len(voters) > len(acceptors):
                    for later, other in asked:
                        if later > ballot and other != value:
                            return f"{value} is chosen in {ballot}, and {later} asks for {other}"
            return None
    """,
    mistakes=(
        """
        def answer(acceptors, asked, votes):  # P2: it looks only at what is chosen
            chosen = {}
            for ballot, value in asked:
                if 2 * len({name for name, b, v in votes if (b, v) == (ballot, value)}) > len(acceptors):
                    chosen[ballot] = value
            return None if len(set(chosen.values())) < 2 else "two values are chosen"
        """,
        """
        def answer(acceptors, asked, votes):  # a vote is enough for it
            for name, ballot, value in votes:
                if any(later > ballot and other != value for later, other in asked):
                    return "a later ballot asks for another value"
            return None
        """,
        """
        def answer(acceptors, asked, votes):  # adds up votes of different ballots
            for ballot, value in asked:
                if 2 * len({name for name, b, v in votes if v == value}) > len(acceptors):
                    if any(later > ballot and other != value for later, other in asked):
                        return "a later ballot asks for another value"
            return None
        """,
    ),
    explanation="P2b speaks of what is asked, not of what is chosen, so it breaks earlier than agreement does.",
)
def state_p2b(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    law: Callable[..., Any] = answer
    random = Random(3)
    for _ in range(400):
        names = FIVE[: random.choice((3, 4, 5))]
        asked = [(ballot, random.choice("xxy")) for ballot in range(1, random.randint(2, 5))]
        votes = [(name, ballot, value) for ballot, value in asked for name in names if random.random() < 0.5]
        chosen = chosen_in(votes, names)
        broken = any(
            later > ballot and other != value for ballot, value in chosen.items() for later, other in asked
        )
        got = law(names, asked, votes)
        if (got is not None) != broken:
            said = "it is silent" if broken else f"it says {got!r}"
            return f"for {len(names)} acceptors, asked {asked} and votes {votes} {said}"
    return None


@page.exercise(
    "build-a-learner",
    hint="keep, for each ballot and value, the set of who has voted; a message that comes twice must not count twice.",
    solution="""
        def answer(acceptors, messages):
            votes = {}
            for sender, ballot, value in messages:
                votes.setdefault((ballot, value), set()).add(sender)
                if 2 * len(votes[ballot, value]) > len(acceptors):
                    return value
            return None
    """,
    mistakes=(
        """
        def answer(acceptors, messages):  # counts messages, not acceptors
            count = {}
            for sender, ballot, value in messages:
                count[ballot, value] = count.get((ballot, value), 0) + 1
                if 2 * count[ballot, value] > len(acceptors):
                    return value
        """,
        """
        def answer(acceptors, messages):  # adds up ballots
            votes = {}
            for sender, ballot, value in messages:
                votes.setdefault(value, set()).add(sender)
                if 2 * len(votes[value]) > len(acceptors):
                    return value
        """,
        """
        def answer(acceptors, messages):  # half is no majority
            votes = {}
            for sender, ballot, value in messages:
                votes.setdefault((ballot, value), set()).add(sender)
                if 2 * len(votes[ballot, value]) >= len(acceptors):
                    return value
        """,
        """
        def answer(acceptors, messages):  # forgets the vote in an older ballot, as on_accepted does
            last = {}
            for sender, ballot, value in messages:
                if sender not in last or last[sender][0] < ballot:
                    last[sender] = ballot, value
                    if 2 * list(last.values()).count((ballot, value)) > len(acceptors):
                        return value
        """,
    ),
    explanation="To add up ballots is PAX-07. Even where all the votes are for x, a majority made of two ballots "
    "does not mean that x is chosen.",
)
def build_a_learner(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    learner: Callable[..., Any] = answer
    random = Random(9)
    for _ in range(400):
        names = FIVE[: random.choice((3, 4, 5))]
        asked = {ballot: random.choice("xy") for ballot in (1, 2, 3)}
        messages = []
        for _ in range(random.randint(1, 9)):
            ballot = random.choice((1, 2, 3))
            messages.append((random.choice(names), ballot, asked[ballot]))
        want = next(
            (
                value
                for count in range(1, len(messages) + 1)
                for value in chosen_in(messages[:count], names).values()
            ),
            None,
        )
        got = learner(names, messages)
        if got != want:
            return f"for {len(names)} acceptors and {messages} it gave {got!r}, and that is wrong"
    return None
