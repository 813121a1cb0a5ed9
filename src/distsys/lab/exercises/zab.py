"""The exercises of the page on Zab."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from math import ceil
from random import Random
from typing import Any

from ...core.events import Deliver, Send, Start, Timeout
from ...core.values import Map
from ...protocols.multipaxos import MultiPaxos
from ...protocols.multipaxos_messages import Accept, Promise
from ...protocols.paxos_messages import Ballot, Vote
from ...protocols.replication import Propose
from ...protocols.zab import Zab
from ...protocols.zab_links import ZabLinks
from ...protocols.zab_messages import Commit, Link, Zxid
from ...protocols.zab_messages import Vote as ZabVote
from ..checking import Page

page = Page("zab")


def third_leader() -> tuple[Any, ...]:
    """Return what a real leader asks for in the slots 1 to 3 of the exercise."""
    node = MultiPaxos("p3", Map({"promised": Ballot(2, "p2")}), members=("p1", "p2", "p3"))
    node.handle(Start(0))
    node.handle(Timeout("election"))
    votes = {1: Vote(Ballot(1, "p1"), "A"), 2: Vote(Ballot(1, "p1"), "B")}
    sent = list(node.handle(Deliver("p1", Promise(node.ballot, 1, Map({2: votes[2]})))))
    sent += node.handle(Deliver("p2", Promise(node.ballot, 1, Map({1: Vote(Ballot(2, "p2"), "C")}))))
    sent += node.handle(Deliver("", Propose("D")))
    asked = {one.message.slot: one.message.value for one in sent if isinstance(one, Send) and is_accept(one)}
    return tuple(asked[slot] for slot in sorted(asked))


def is_accept(effect: Send) -> bool:
    """Return whether an effect asks for a vote."""
    return isinstance(effect.message, Accept)


@page.exercise(
    "what-is-asked",
    hint="with the first promise that reaches it, it has a quorum; what do these two know of slot 1?",
    solution="""
        # p3 and p1 are a quorum. They know of a vote in slot 2 only, so slot 1 is a gap: nothing was chosen there.
        answer = (None, "B", "D")
    """,
    mistakes=(
        'answer = ("C", "B", "D")',
        'answer = ("A", "B", "D")',
        'answer = ("D", "B", None)',
        'answer = ["B"]',
    ),
    explanation="The gap is filled with a no-op, and B is decided without A, even without a second leader.",
)
def what_is_asked(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"a tuple of three values is asked for, but the answer is {answer!r}"
    for slot, (given, right) in enumerate(zip(answer, third_leader(), strict=True), 1):
        if given != right:
            return f"not so in slot {slot}: who has promised when it begins to ask?"
    return None


# dee led epoch 3, and 3.1 is on its disk alone; cid led epoch 4, and ann entered it.
RECENT = {"ann": (4, "2.9"), "bob": (2, "2.9"), "cid": (4, "2.9"), "dee": (3, "3.1"), "eve": (1, "1.40")}


def elected(servers: dict[str, tuple[int, str]]) -> str:
    """Return the server whose vote no other vote beats, by the real comparison."""
    node = Zab("x", voters=("x",))
    votes = [ZabVote(epoch, zxid_of(text), name) for name, (epoch, text) in servers.items()]
    return next(vote.leader for vote in votes if not any(node.is_better(other, vote) for other in votes))


def zxid_of(text: str) -> Zxid:
    """Return the zxid that is written "epoch.counter".

    >>> zxid_of("2.13")
    Zxid(epoch=2, counter=13)
    """
    epoch, counter = text.split(".")
    return Zxid(int(epoch), int(counter))


@page.exercise(
    "who-is-elected",
    hint="first the current epoch, then the zxid, then the name.",
    solution="""
        # Current epoch 4 beats the others, whatever their zxids; ann and cid are equal, and cid is the greater name.
        answer = "cid"
    """,
    mistakes=('answer = "eve"', 'answer = "ann"', 'answer = "bob"', 'answer = "dee"', "answer = 4"),
    explanation="dee has the latest zxid, 3.1. But cid and ann have entered epoch 4, and the history of its leader "
    "did not have 3.1; so 3.1 was not committed. Eve's forty transactions of epoch 1 count for nothing.",
)
def who_is_elected(answer: object) -> str | None:
    if answer not in RECENT:
        return f"one of the five names is asked for, but the answer is {answer!r}"
    if answer != elected(RECENT):
        return f"{answer} loses against somebody else: compare current epoch, zxid and name in this order"
    return None


@page.exercise(
    "smallest-alpha",
    hint="how many round trips of 20 ms fit into 100 ms, and how many slots must be open in each?",
    solution="""
        from math import ceil
        answer = next(alpha for alpha in range(1, 121) if ceil(120 / alpha) * 20 <= 100)  # 24
    """,
    mistakes=("answer = 5", "answer = 120", "answer = 25", "answer = 23", "answer = 24.5"),
    explanation="Five round trips, so 120 / 5 = 24 slots in each.",
)
def smallest_alpha(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 1:
        return f"a whole number from 1 on is asked for, but the answer is {answer!r}"
    if ceil(120 / answer) * 20 > 100:
        return f"with {answer} open slots the last command is committed after {ceil(120 / answer) * 20} ms"
    if answer > 1 and ceil(120 / (answer - 1)) * 20 <= 100:
        return "that is enough, but one slot less would be enough as well: find the smallest"
    return None


class Recorder(ZabLinks):
    """One end of a link that only notes the numbers of what it takes."""

    taken: tuple[int, ...] = ()

    def on_next(self, sender: str, message: Any) -> None:
        """Note the number."""
        self.taken += (message.link.number,)


def taken(arrived: tuple[int, ...]) -> list[int]:
    """Return what the end of a real link takes, when messages with these numbers arrive.

    >>> taken((2, 1, 4))
    [1, 2]
    """
    node = Recorder("f", voters=("f", "l"))
    node.leader, node.link = "l", Link(1, 0)
    for number in arrived:
        node.handle(Deliver("l", Commit(1, Zxid(), Link(1, number))))
    return list(node.taken)


@page.exercise(
    "mend-the-link",
    hint="what came early waits; whenever the next number is there, take it, and look again.",
    solution="""
        def answer(arrived):
            last, early, taken = 0, set(), []
            for number in arrived:
                early.add(number)
                while last + 1 in early:
                    last += 1
                    taken.append(last)
            return taken
    """,
    mistakes=(
        "answer = lambda arrived: list(arrived)",
        "answer = lambda arrived: list(dict.fromkeys(arrived))",
        "answer = lambda arrived: sorted(set(arrived))",
        """
        def answer(arrived):  # what came early is thrown away
            taken = []
            for number in arrived:
                if number == len(taken) + 1:
                    taken.append(number)
            return taken
        """,
    ),
    explanation="The check runs the end of a real link. What comes after a number that is lost is never taken.",
)
def mend_the_link(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    random = Random(11)
    cases = [tuple(random.choices(range(1, 7), k=random.randint(0, 9))) for _ in range(200)]
    for arrived in [*permutations((1, 2, 3)), *cases]:
        if (got := answer(arrived)) != (right := taken(arrived)):
            return f"for {arrived} a real link takes {right}, but the answer took {got!r}"
    return None


Broadcast = dict[int, tuple[str, ...]]
Sequence = tuple[tuple[int, str], ...]
BROADCAST: Broadcast = {1: ("a", "b", "c"), 2: ("d", "e")}


def in_primary_order(broadcast: Broadcast, sequence: Sequence) -> bool:
    """Return whether what one server delivered keeps local and global primary order.

    >>> in_primary_order(BROADCAST, ((1, "a"), (2, "d"))), in_primary_order(BROADCAST, ((1, "b"),))
    (True, False)
    """
    epochs = [epoch for epoch, _ in sequence]
    counted = {epoch: tuple(one for other, one in sequence if other == epoch) for epoch in epochs}
    begins = all(broadcast[epoch][: len(ones)] == ones for epoch, ones in counted.items())
    return epochs == sorted(epochs) and begins


@page.exercise(
    "state-primary-order",
    hint="of each epoch, what was delivered must be a beginning of what was broadcast; and epochs never go back.",
    solution="""
        def answer(broadcast, delivered):
            last, counts = 0, {}
            for epoch, change in delivered:
                if epoch < last:
                    return f"{change} of epoch {epoch} is delivered after one of epoch {last}"
                last, count = epoch, counts.get(epoch, 0)
                if count >= len(broadcast[epoch]) or broadcast[epoch][count] != change:
                    return f"{change} is delivered, but it is not number {count + 1} of epoch {epoch}"
                counts[epoch] = count + 1
            return None
    """,
    mistakes=(
        "answer = lambda broadcast, delivered: None",
        """
        def answer(broadcast, delivered):  # global order only
            epochs = [epoch for epoch, _ in delivered]
            return None if epochs == sorted(epochs) else "epochs go back"
        """,
        """
        def answer(broadcast, delivered):  # local order only
            for epoch, changes in broadcast.items():
                got = tuple(change for other, change in delivered if other == epoch)
                if got != changes[:len(got)]:
                    return f"not in the order of epoch {epoch}"
        """,
        """
        def answer(broadcast, delivered):  # asks for all that was broadcast
            want = tuple((epoch, one) for epoch in sorted(broadcast) for one in broadcast[epoch])
            return None if delivered == want else "something is missing"
        """,
        """
        def answer(broadcast, delivered):  # the order, and no word of what is left out
            want = [(epoch, one) for epoch in sorted(broadcast) for one in broadcast[epoch]]
            places = [want.index(one) for one in delivered]
            return None if places == sorted(places) else "out of order"
        """,
    ),
    explanation="A server may be behind, and the end of an epoch may never be delivered; what is left out in the "
    "middle breaks the law.",
)
def state_primary_order(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (broadcast, delivered)"
    law: Callable[[Broadcast, Sequence], Any] = answer
    changes = [(epoch, one) for epoch, ones in BROADCAST.items() for one in ones]
    for length in range(5):
        for sequence in permutations(changes, length):
            said = law(dict(BROADCAST), sequence)
            if in_primary_order(BROADCAST, sequence) and said is not None:
                return f"the law must be silent for {sequence}, but it said {said!r}"
            if not in_primary_order(BROADCAST, sequence) and said is None:
                return f"the law must object to {sequence}, but it was silent"
    return None


State = tuple[int, int, tuple[int, int]]


def discovery(leader: str, quorum: dict[str, State]) -> tuple[str, Any]:
    """Return what a leader does when these servers have connected and accepted: it leads an epoch, or gives up."""
    node = Zab("x", voters=("x",))
    recency = {name: node.recency(current, Zxid(*zxid)) for name, (_, current, zxid) in quorum.items()}
    better = sorted(name for name in quorum if recency[name] > recency[leader])
    if better:
        return "gives up", better[0]
    return "leads", max(accepted for accepted, _, _ in quorum.values()) + 1


@page.exercise(
    "build-the-discovery",
    hint="the epoch is later than all accepted ones; what one has is compared by the current epoch, then by the zxid.",
    solution="""
        def answer(leader, quorum):
            def recent(name):
                accepted, current, zxid = quorum[name]
                return current, zxid

            better = sorted(name for name in quorum if recent(name) > recent(leader))
            if better:
                return "gives up", better[0]
            return "leads", 1 + max(accepted for accepted, current, zxid in quorum.values())
    """,
    mistakes=(
        """
        def answer(leader, quorum):  # its own epoch only
            return "leads", quorum[leader][0] + 1
        """,
        """
        def answer(leader, quorum):  # counts the accepted epoch for what a server has
            recent = lambda name: (quorum[name][0], quorum[name][2])
            better = sorted(name for name in quorum if recent(name) > recent(leader))
            return ("gives up", better[0]) if better else ("leads", 1 + max(one[0] for one in quorum.values()))
        """,
        """
        def answer(leader, quorum):  # ZAB-03
            better = sorted(name for name in quorum if quorum[name][2][1] > quorum[leader][2][1])
            return ("gives up", better[0]) if better else ("leads", 1 + max(one[0] for one in quorum.values()))
        """,
        """
        def answer(leader, quorum):  # the epoch after the current ones
            better = sorted(name for name in quorum if quorum[name][1:] > quorum[leader][1:])
            return ("gives up", better[0]) if better else ("leads", 1 + max(one[1] for one in quorum.values()))
        """,
    ),
    explanation="Two numbers, two uses: the accepted epoch says which epochs are taken, the current epoch says what a "
    "history is worth.",
)
def build_the_discovery(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    states = [
        (accepted, current, (epoch, counter))
        for accepted, current, epoch, counter in product((1, 2, 3), (1, 2), (1, 2), (1, 5))
        if epoch <= current <= accepted
    ]
    for one, two, three in product(states, repeat=3):
        quorum = {"ann": one, "bob": two, "cid": three}
        if (got := answer("bob", dict(quorum))) != (right := discovery("bob", quorum)):
            return f"with {quorum} bob {right[0]} ({right[1]}), but the answer was {got!r}"
    return None
