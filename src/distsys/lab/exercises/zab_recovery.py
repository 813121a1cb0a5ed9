"""The exercises of the page on how Zab recovers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

from ...core.log import Log
from ...core.values import Map
from ...protocols.zab import Zab
from ...protocols.zab_messages import Diff, Snap, Transaction, Trunc, ZabSnapshot
from ..checking import Page
from ..zab_costs import commits_in, elect
from .zab import zxid_of

page = Page("zab-recovery")

Zxids = tuple[str, ...]
LATER = 9  # a current epoch that beats all others


def synchronised(leader: Zxids, follower: Zxids, snapshot: str = "") -> tuple[list[Any], Zab]:
    """Return what a real leader sends to bring a real follower up to date, and the follower after it.

    Both histories are given by their zxids; what `snapshot` covers is gone from the leader's.
    """
    covered = leader.index(snapshot) + 1 if snapshot else 0
    disk: dict[str, Any] = {"accepted_epoch": LATER, "current_epoch": LATER}
    disk["history"] = Log(
        [Transaction(zxid_of(text), text) for text in leader[covered:]], before_index=covered
    )
    if snapshot:
        disk["snapshot"] = ZabSnapshot(covered, zxid_of(snapshot), "state")
    other = {"history": Log([Transaction(zxid_of(text), text) for text in follower])}
    nodes = {name: Zab(name, Map(one), voters=("f", "l", "x")) for name, one in (("l", disk), ("f", other))}
    sent: list[Any] = []
    elect(nodes, lambda message: sent.append(message) if isinstance(message, (Diff, Trunc, Snap)) else None)
    return sent, nodes["f"]


FOLLOWERS: dict[str, Zxids] = {
    "ann": ("1.1", "1.2", "2.1", "2.2"),
    "bob": ("1.1", "1.2"),
    "cid": ("1.1", "1.2", "1.3", "1.4"),
    "dee": ("1.1", "1.2", "2.1", "2.2", "2.3", "2.4"),
    "eve": ("1.1", "1.2", "2.1", "2.2", "2.3", "3.1"),
}
LEADER: Zxids = ("1.1", "1.2", "2.1", "2.2", "2.3", "3.1")
COVERED = "2.1"


@page.exercise(
    "diff-trunc-snap",
    hint="is the follower's last zxid in the leader's history, between two of it, or before its beginning?",
    solution="""
        # bob ends with 1.2 and cid with 1.4, both before 2.1, where the leader's history begins. dee has 2.4, and
        # the leader has not.
        answer = {"ann": "DIFF", "bob": "SNAP", "cid": "SNAP", "dee": "TRUNC", "eve": "DIFF"}
    """,
    mistakes=(
        'answer = {"ann": "DIFF", "bob": "DIFF", "cid": "TRUNC", "dee": "TRUNC", "eve": "DIFF"}',
        'answer = {"ann": "DIFF", "bob": "SNAP", "cid": "TRUNC", "dee": "TRUNC", "eve": "DIFF"}',
        'answer = {"ann": "DIFF", "bob": "SNAP", "cid": "SNAP", "dee": "TRUNC", "eve": "SNAP"}',
        'answer = "DIFF"',
    ),
    explanation="cid has two transactions too many, but what it is sent replaces its history anyway. eve lacks "
    "nothing, and gets an empty DIFF.",
)
def diff_trunc_snap(answer: object) -> str | None:
    if not isinstance(answer, dict) or set(answer) != set(FOLLOWERS):
        return f"a dictionary with the names ann to eve is asked for, but the answer is {answer!r}"
    for name, history in FOLLOWERS.items():
        sent, _ = synchronised(LEADER, history, COVERED)
        if answer[name] != type(sent[-1]).__name__.upper():
            return f"not so for {name}, whose last zxid is {history[-1]}"
    return None


@page.exercise(
    "count-the-messages",
    hint="each follower is sent a proposal and a commit, and answers once; an observer is told once.",
    solution="""
        answer = 3 * (5 - 1) + 20  # 32
    """,
    mistakes=("answer = 72", "answer = 35", "answer = 12", "answer = 'many'"),
    explanation="As voters, the twenty would have cost 72 messages, and 13 of 25 would have to answer.",
)
def count_the_messages(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number is asked for, but the answer is {answer!r}"
    if answer == 3 * (25 - 1):
        return "that is so if all of them vote"
    if answer != commits_in(5, 20)["messages"]:
        return "count what the leader sends and what it is sent, for a follower and for an observer"
    return None


@page.exercise(
    "mean-outage",
    hint="put E = 1000, h = 100, the wait of 50 and d = 2 into the formula.",
    solution="""
        answer = 1000 + 50 + 7 * 2 - 100 / 2  # 1014
    """,
    mistakes=("answer = 1064", "answer = 395", "answer = 964", "answer = 'a second'"),
    explanation="Nearly all of it is waiting for a leader that is gone. A shorter timeout buys a shorter outage with "
    "false alarms.",
)
def mean_outage(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a time is a number of milliseconds, but the answer is {answer!r}"
    if abs(answer - 1064) < 0.5:
        return "the last ping left before the crash: on average half an interval before"
    if abs(answer - 1014) > 0.5:
        return "add detection, election, discovery and synchronisation"
    return None


WRITES = ("history", "epoch", "answer")


def allowed(steps: tuple[str, ...]) -> bool:
    """Return whether a crash after any step leaves no epoch without its history and no answer without both.

    >>> allowed(("history", "epoch", "answer")), allowed(("epoch", "history", "answer"))
    (True, False)
    """
    for count in range(len(steps) + 1):
        done = set(steps[:count])
        if ("epoch" in done and "history" not in done) or ("answer" in done and "epoch" not in done):
            return False
    return True


@page.exercise(
    "mend-the-order",
    hint="think of a crash after each step: what does the disk say of this server, and what does the leader believe?",
    solution="""
        answer = ("history", "epoch", "answer")
    """,
    mistakes=(
        'answer = ("epoch", "history", "answer")',
        'answer = ("answer", "history", "epoch")',
        'answer = ("history", "answer", "epoch")',
        'answer = ("history", "epoch")',
    ),
    explanation="The wrong orders are ZAB-02 and ZAB-01. Our code writes history and epoch in one record.",
)
def mend_the_order(answer: object) -> str | None:
    if not isinstance(answer, tuple) or sorted(map(str, answer)) != sorted(WRITES):
        return f'a tuple of "history", "epoch" and "answer" is asked for, but the answer is {answer!r}'
    if not allowed(answer):
        return "there is a crash after which the disk says too much, or the leader was told too much"
    return None


@page.exercise(
    "state-the-durability",
    hint="walk through the steps with a set of what is on the disk; a crash takes nothing of it away.",
    solution="""
        def answer(steps):
            disk = set()
            for number, step in enumerate(steps, 1):
                if step == "epoch" and "history" not in disk:
                    return f"step {number} writes the epoch, and its history is not there"
                if step == "answer" and not {"history", "epoch"} <= disk:
                    return f"step {number} acknowledges what is not on the disk"
                disk.add(step)
            return None
    """,
    mistakes=(
        "answer = lambda steps: None",
        "answer = lambda steps: None if steps == ('history', 'epoch', 'answer') else 'wrong'",
        """
        def answer(steps):  # only the answer
            if "answer" in steps and not {"history", "epoch"} <= set(steps[:steps.index("answer")]):
                return "acknowledges too early"
        """,
        """
        def answer(steps):  # asks that everything is done
            return None if set(steps) == {"history", "epoch", "answer"} else "something is missing"
        """,
    ),
    explanation="The law is about every prefix, for the crash may come after any step. That a step is missing at the "
    "end is no harm.",
)
def state_the_durability(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (steps)"
    law: Callable[[tuple[str, ...]], Any] = answer
    for length in range(5):
        for steps in product(WRITES, repeat=length):
            said = law(steps)
            if allowed(steps) and said is not None:
                return f"the law must be silent for {steps}, but it said {said!r}"
            if not allowed(steps) and said is None:
                return f"the law must object to {steps}, but it was silent"
    return None


def pairs() -> list[tuple[Zxids, Zxids]]:
    """Return histories of a leader and of a follower, as Zab can make them: each epoch goes on from some beginning."""
    random, found = Random(5), []
    for _ in range(120):
        known: list[Zxids] = [()]
        for epoch in range(1, random.randint(2, 4)):
            base = random.choice(known)
            base = base[: random.randint(0, len(base))] if random.random() < 0.5 else base
            known.append(base + tuple(f"{epoch}.{number}" for number in range(1, random.randint(1, 4))))
        leader, other = known[-1], random.choice(known)
        found.append((leader, other[: random.randint(0, len(other))]))
    return found


@page.exercise(
    "build-the-synchronisation",
    hint="how many transactions do both begin with? A zxid belongs to one transaction, so comparing them is enough.",
    solution="""
        def answer(leader, follower):
            kept = 0
            while leader[:kept + 1] == follower[:kept + 1] and kept < min(len(leader), len(follower)):
                kept += 1
            return kept, leader[kept:]
    """,
    mistakes=(
        "answer = lambda leader, follower: (0, leader)",
        "answer = lambda leader, follower: (len(follower), leader[len(follower):])",
        """
        def answer(leader, follower):  # what the leader lacks stays
            return len(follower), tuple(zxid for zxid in leader if zxid not in follower)
        """,
    ),
    explanation="The check runs a real leader and a real follower. They do not compare all: the last zxid of the "
    "follower tells the leader where to begin; a follower that lacks even that one steps back and asks again.",
)
def build_the_synchronisation(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for leader, follower in pairs():
        sent, after = synchronised(leader, follower)
        message = sent[-1]
        assert tuple(one.command for one in after.history.slice(1, after.history.last_index)) == leader
        moved = tuple(one.command for one in message.transactions)
        right = (len(leader) - len(moved), moved)
        if (got := answer(leader, follower)) != right:
            return f"for {leader} and {follower} the real servers keep {right[0]} and send {moved}, and not {got!r}"
    return None
