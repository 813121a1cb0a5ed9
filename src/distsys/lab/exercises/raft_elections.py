"""The exercises of the page on elections of Raft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations, product
from random import Random
from typing import Any

from ...core.events import Deliver, Effect, Send, SetTimer, Start, Timeout
from ...core.log import Log
from ...core.values import Map
from ...protocols.raft import Raft
from ...protocols.raft_messages import AppendEntries, Entry, Refused, RequestVote, Role, Vote
from ..checking import Page

page = Page("raft-elections")


def is_number(answer: object) -> bool:
    """Return whether the answer is a number, and no truth value."""
    return isinstance(answer, (int, float)) and not isinstance(answer, bool)


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


def first_term(wakes: Mapping[str, int], servers: int, delay: int) -> dict[str, Raft]:
    """Return real servers as they are after the first term; who gave its vote does not wake any more.

    >>> [node.role.value for node in first_term({"a": 5, "b": 30}, 2, 10).values()]
    ['leader', 'follower']
    """
    names = (*wakes, *(f"down{number}" for number in range(servers - len(wakes))))
    nodes = {name: Raft(name, voters=names) for name in wakes}
    for node in nodes.values():
        node.handle(Start(0))
    due: list[tuple[int, int, str, Any]] = [(at, 1, name, Timeout("election")) for name, at in wakes.items()]
    while due:
        due.sort(key=lambda one: one[:3])
        at, _, name, event = due.pop(0)
        if isinstance(event, Timeout) and nodes[name].voted_for is not None:
            continue
        sent = [effect for effect in nodes[name].handle(event) if isinstance(effect, Send)]
        due += [
            (at + delay, 0, one.to, Deliver(name, one.message))
            for one in sent
            if one.to in nodes and isinstance(one.message, (RequestVote, Vote))
        ]
    return nodes


WAKES = {"s1": 372, "s2": 331, "s3": 348, "s4": 355, "s5": 340}


@page.exercise(
    "who-gets-the-votes",
    hint="the request of the first arrives 20 ms after it woke; who was awake by then has voted already.",
    solution="""
        # s2 asks at 331, and its request arrives at 351. s5 (340) and s3 (348) are awake by then, s4 and s1 are not.
        answer = {"s1": "s2", "s2": "s2", "s3": "s3", "s4": "s2", "s5": "s5"}
    """,
    mistakes=(
        'answer = {"s1": "s2", "s2": "s2", "s3": "s2", "s4": "s2", "s5": "s2"}',
        'answer = {"s1": "s2", "s2": "s2", "s3": "s3", "s4": "s4", "s5": "s5"}',
        'answer = {"s1": "s1", "s2": "s2", "s3": "s3", "s4": "s4", "s5": "s5"}',
        'answer = "s2"',
    ),
    explanation="Two of the others woke too early, and still s2 has three votes of five and leads. One more, and the "
    "vote would have been split.",
)
def who_gets_the_votes(answer: object) -> str | None:
    if not isinstance(answer, dict) or set(answer) != set(WAKES):
        return f"a dictionary with the names s1 to s5 is asked for, but the answer is {answer!r}"
    for name, node in first_term(WAKES, 5, 20).items():
        if answer[name] != node.voted_for:
            return f"not so for {name}: is it awake when the first request arrives?"
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


def restarts(kind: str, behind: bool, granted: bool) -> bool:
    """Return whether a real follower of term 3 starts its election timer anew after such a message."""
    log = Log([Entry(1), Entry(2)])
    node = Raft("v", Map({"current_term": 3, "log": log}), voters=("c", "v", "w"))
    node.handle(Start(0))
    term = 2 if behind else 3
    message = {
        "RequestVote": RequestVote(term, 2, 2 if granted else 1),
        "Vote": Vote(term, granted),
        "AppendEntries": AppendEntries(term, 9, 3, (), 0),  # it does not fit
        "Refused": Refused(term, 1),
    }[kind]
    effects: tuple[Effect, ...] = tuple(node.handle(Deliver("c", message)))
    return any(isinstance(effect, SetTimer) and effect.timer == "election" for effect in effects)


@page.exercise(
    "mend-the-timer",
    hint="two things are a reason to wait again: the leader of this term was heard, or the vote was given away.",
    solution="""
        def answer(kind, behind, granted):
            return (kind == "AppendEntries" and not behind) or (kind == "RequestVote" and granted)
    """,
    mistakes=(
        "answer = lambda kind, behind, granted: True",
        "answer = lambda kind, behind, granted: kind in ('AppendEntries', 'RequestVote')",
        "answer = lambda kind, behind, granted: kind == 'AppendEntries' or (kind == 'RequestVote' and granted)",
        "answer = lambda kind, behind, granted: kind == 'AppendEntries' and not behind",
        "answer = lambda kind, behind, granted: not behind",
    ),
    explanation="A leader of the past must not keep its followers asleep, and neither may a candidate that cannot win.",
)
def mend_the_timer(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for kind, behind, granted in product(
        ("RequestVote", "Vote", "AppendEntries", "Refused"), (False, True), (False, True)
    ):
        if granted and (kind != "RequestVote" or behind):
            continue  # only a request of the follower's own term is granted
        if bool(answer(kind, behind, granted)) != restarts(kind, behind, granted):
            return f"not so for kind={kind!r}, behind={behind}, granted={granted}"
    return None


End = dict[str, tuple[str, int, "str | None"]]


def agreed(servers: End) -> bool:
    """Return whether one of these servers leads, and all follow it in its term."""
    leaders = [(name, state[1]) for name, state in servers.items() if state[0] == Role.LEADER.value]
    return len(leaders) == 1 and all(state[:0:-1] == leaders[0] for state in servers.values())


@page.exercise(
    "state-one-leader",
    hint="count the leaders first; then look at term and leader of every server.",
    solution="""
        def answer(servers):
            leaders = [name for name, (role, term, leader) in servers.items() if role == "leader"]
            if len(leaders) != 1:
                return f"{len(leaders)} servers lead"
            for name, (role, term, leader) in servers.items():
                if leader != leaders[0] or term != servers[leaders[0]][1]:
                    return f"{name} follows {leader} in term {term}"
            return None
    """,
    mistakes=(
        "answer = lambda servers: None",
        """
        def answer(servers):
            leads = [name for name in servers if servers[name][0] == "leader"]
            return None if leads else "nobody leads"
        """,
        """
        def answer(servers):
            leads = [name for name in servers if servers[name][0] == "leader"]
            return None if len(leads) == 1 else f"{len(leads)} servers lead"
        """,
        """
        def answer(servers):
            return None if len({state[1] for state in servers.values()}) == 1 else "the terms differ"
        """,
    ),
    explanation="Two leaders, of different terms, are allowed on the way, but not at the end. And a leader that nobody "
    "follows is no progress.",
)
def state_one_leader(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (servers)"
    law: Callable[[End], Any] = answer
    states = [
        (role, term, who) for role in ("leader", "follower") for term in (3, 4) for who in ("a", "b", None)
    ]
    states = [state for state in states if state[0] == "follower" or state[2]] + [("candidate", 4, None)]
    ends: list[End] = [dict(zip("abc", three, strict=True)) for three in product(states, repeat=3)]
    for end in ends:
        if any(role == "leader" and who != name for name, (role, _, who) in end.items()):
            continue  # who leads names itself
        said = law(end)
        if agreed(end) and said is not None:
            return f"the law must be silent for {end}, but it said {said!r}"
        if not agreed(end) and said is None:
            return f"the law must object to {end}, but it was silent"
    return None


def elections() -> list[tuple[dict[str, int], int, int]]:
    """Return moments of waking for groups of two to seven, some of them with a tie between a wake and an arrival."""
    random, cases = Random(7), []
    for _ in range(300):
        up = random.randint(1, 7)
        servers = random.randint(up, 7)
        moments = random.sample(range(300, 330), up)
        cases.append(
            ({f"s{number + 1}": at for number, at in enumerate(moments)}, servers, random.randint(1, 12))
        )
    return cases + [(dict(zip("ab", order, strict=True)), 2, 10) for order in permutations((300, 310))]


@page.exercise(
    "build-an-election",
    hint="find the first to wake; all that wake before its request arrives are lost to it. Is what is left a majority?",
    solution="""
        def answer(wakes, servers, delay):
            first = min(wakes, key=wakes.get)
            votes = 1 + sum(at >= wakes[first] + delay for at in wakes.values())
            return first if votes >= servers // 2 + 1 else None
    """,
    mistakes=(
        "answer = lambda wakes, servers, delay: min(wakes, key=wakes.get)",
        """
        def answer(wakes, servers, delay):  # a majority of those that are up
            first = min(wakes, key=wakes.get)
            votes = 1 + sum(at >= wakes[first] + delay for at in wakes.values())
            return first if votes >= len(wakes) // 2 + 1 else None
        """,
        """
        def answer(wakes, servers, delay):  # one rival is enough
            first = min(wakes, key=wakes.get)
            alone = all(at >= wakes[first] + delay for name, at in wakes.items() if name != first)
            return first if alone and len(wakes) >= servers // 2 + 1 else None
        """,
        """
        def answer(wakes, servers, delay):  # who wakes as the request arrives is taken for too early
            first = min(wakes, key=wakes.get)
            votes = 1 + sum(at > wakes[first] + delay for at in wakes.values())
            return first if votes >= servers // 2 + 1 else None
        """,
    ),
    explanation="The check runs the servers of this page. With moments drawn at random your function measures the "
    "chance of a split vote, without any formula.",
)
def build_an_election(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    winner: Callable[[dict[str, int], int, int], Any] = answer
    for wakes, servers, delay in elections():
        nodes = first_term(wakes, servers, delay)
        leads = next((name for name, node in nodes.items() if node.role is Role.LEADER), None)
        if (got := winner(dict(wakes), servers, delay)) != leads:
            return f"for wakes={wakes}, servers={servers} and delay={delay} it gave {got!r}, and our servers do not"
    return None
