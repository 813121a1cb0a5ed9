"""The exercises of the page on Multi-Paxos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from ...core.events import Deliver, Send, Start, Timeout
from ...core.values import Map
from ...protocols.multipaxos import MultiPaxos
from ...protocols.multipaxos_members import ReconfigurableMultiPaxos
from ...protocols.multipaxos_messages import Accept, Decided, Members, Promise
from ...protocols.paxos_messages import Ballot, Vote
from ..checking import Page

page = Page("multi-paxos")


@page.exercise(
    "messages-of-a-log",
    hint="first count the slots, then the messages of one slot.",
    solution="""
        # 1,000 commands in batches of 10 take 100 slots. In each slot 6 Accept, 6 Accepted and 6 Decided travel.
        answer = 100 * 3 * (7 - 1)  # 1800
    """,
    mistakes=("answer = 1000 * 3 * 6", "answer = 100 * 3 * 7", "answer = 100 * 2 * 6", "answer = '1800'"),
    explanation="That is 1.8 messages a command. Single-decree Paxos would send 60 a command, and 6 in batches of 10.",
)
def count_messages(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number is asked for, but the answer is {answer!r}"
    if answer != 100 * 3 * 6:
        return "put the 100 slots and the 7 servers into the formula for one slot"
    return None


Told = Mapping[int, "tuple[int, str]"]  # slot -> (round of the ballot, value)


def asked_by_a_leader(promises: Sequence[Told], first_slot: int) -> list[tuple[int, str | None]]:
    """Return in which slots a real leader asks for which values when it has these promises, its own first.

    >>> asked_by_a_leader(({2: (1, "b")}, {4: (1, "d")}), 2)
    [(2, 'b'), (3, None), (4, 'd')]
    """
    names = tuple(f"n{number}" for number in range(1, 2 * len(promises)))
    votes = [
        Map({slot: Vote(Ballot(round, "n9"), value) for slot, (round, value) in told.items()})
        for told in promises
    ]
    node = MultiPaxos("n1", Map({"promised": Ballot(9, "n9"), "votes": votes[0]}), members=names, alpha=100)
    node.handle(Start(0))
    if first_slot > 1:
        node.handle(Deliver("n2", Decided(1, ("known",) * (first_slot - 1))))
    effects = node.handle(Timeout("election"))
    for name, told in zip(names[1:], votes[1:], strict=False):
        effects += node.handle(Deliver(name, Promise(node.ballot, first_slot, told)))
    sent = (effect for effect in effects if isinstance(effect, Send) and effect.to == names[1])
    return [(send.message.slot, send.message.value) for send in sent if isinstance(send.message, Accept)]


READ: tuple[Told, ...] = (
    {4: (2, "d"), 8: (2, "h")},
    {4: (2, "d"), 6: (5, "F"), 8: (4, "H")},
    {6: (3, "f")},
)


@page.exercise(
    "what-the-leader-asks",
    hint="write a line for each slot from 4 to the last one of which a promise tells; which vote there has the "
    "highest ballot?",
    solution="""
        # Slot 4: all votes are for d. Slot 6: ballot 5 beats 3. Slot 8: ballot 4 beats 2. In 5 and 7 nobody voted.
        answer = [(4, "d"), (5, None), (6, "F"), (7, None), (8, "H")]
    """,
    mistakes=(
        'answer = [(4, "d"), (6, "F"), (8, "H")]',
        'answer = [(4, "d"), (5, None), (6, "F"), (7, None), (8, "h")]',
        'answer = [(4, "d"), (5, None), (6, "f"), (7, None), (8, "H")]',
        'answer = [(4, "d"), (5, None), (6, "F"), (7, None), (8, "H"), (9, None)]',
        'answer = "d F H"',
    ),
    explanation="The next command of a client gets slot 9. Whether h or H was chosen in slot 8 the leader does not "
    "know, and need not: if anything was, it was H.",
)
def what_the_leader_asks(answer: object) -> str | None:
    if not isinstance(answer, list) or not all(isinstance(one, tuple) and len(one) == 2 for one in answer):
        return f"a list of pairs (slot, value) is asked for, but the answer is {answer!r}"
    right = dict(asked_by_a_leader(READ, 4))
    for slot, value in answer:
        if slot not in right:
            return f"there is no reason to ask for anything in slot {slot!r}"
        if value != right[slot]:
            return f"not so in slot {slot}: look at the ballots there"
    if missing := sorted(set(right) - {slot for slot, _ in answer}):
        return f"slot {missing[0]} is open, and a slot behind it is taken"
    if [slot for slot, _ in answer] != sorted(right):
        return "name each slot once, and in order"
    return None


@page.exercise(
    "choose-the-window",
    hint="in one round trip a window of alpha slots is decided; how many commands is that?",
    solution="""
        # A round trip takes 50 ms, so 20 of them fit into a second: 20 * alpha * 4 commands.
        answer = next(alpha for alpha in range(1, 1000) if 20 * alpha * 4 >= 2000)  # 25
    """,
    mistakes=("answer = 100", "answer = 24", "answer = 26", "answer = 13", "answer = 25.0"),
    explanation="With alpha = 1 the same servers decide 80 commands a second. A wide window costs memory, longer gaps, "
    "and a longer wait until new members count.",
)
def choose_the_window(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a whole number of slots is asked for, but the answer is {answer!r}"
    if 20 * answer * 4 < 2000:
        return f"with alpha = {answer} fewer than 2,000 commands are decided in a second"
    if 20 * (answer - 1) * 4 >= 2000:
        return "that is enough, but one slot less would be enough as well: find the smallest"
    return None


@page.exercise(
    "mend-the-apply",
    hint="what may be applied when slots 1 to 3 are applied, and 4, 5 and 7 are decided?",
    solution="""
        def answer(last_applied, chosen):
            due = []
            while last_applied + 1 in chosen:
                last_applied += 1
                due.append(last_applied)
            return due
    """,
    mistakes=(
        "answer = lambda last_applied, chosen: sorted(slot for slot in chosen if slot > last_applied)",
        "answer = lambda last_applied, chosen: [slot for slot in (last_applied + 1,) if slot in chosen]",
        "answer = lambda last_applied, chosen: []",
        """
        def answer(last_applied, chosen):
            due, slot = [], 1
            while slot in chosen:
                due.append(slot)
                slot += 1
            return due
        """,
    ),
    explanation="A decision behind a hole is safe where it is: it cannot change any more. It only has to wait.",
)
def mend_the_apply(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    due: Callable[..., Any] = answer
    random = Random(8)
    for _ in range(300):
        last, chosen = random.randint(0, 4), {slot for slot in range(1, 10) if random.random() < 0.6}
        chosen |= set(range(1, last + 1))
        right: list[int] = []
        while last + len(right) + 1 in chosen:
            right.append(last + len(right) + 1)
        got = due(last, frozenset(chosen))
        if not isinstance(got, (list, tuple)) or list(got) != right:
            return (
                f"with last_applied={last} and {sorted(chosen)} decided it gave {got!r}, but {right} are due"
            )
    return None


Decision = Any  # a command as text, or a tuple of names: the new members


def members_of(slot: int, decided: tuple[Decision, ...], first: tuple[str, ...], alpha: int) -> Any:
    """Return who decides a slot, by a real replica that has applied these decisions; None where it cannot know.

    >>> members_of(4, ("a", ("x", "y")), ("x", "y", "z"), 2), members_of(5, ("a", ("x", "y")), ("x", "y", "z"), 2)
    (('x', 'y'), None)
    """
    node = ReconfigurableMultiPaxos("x", members=first, alpha=alpha)
    node.handle(Start(0))
    values = tuple(Members(one) if isinstance(one, tuple) else one for one in decided)
    node.handle(Deliver("y", Decided(1, values)))
    quorums = node.quorums_at(slot)
    return None if quorums is None else quorums.names


@page.exercise(
    "state-who-decides",
    hint="a change at place i of `decided` stands in slot i + 1 and counts from slot i + 1 + alpha on.",
    solution="""
        def answer(slot, decided, first, alpha):
            if slot > len(decided) + alpha:
                return None
            members = first
            for place, decision in enumerate(decided, 1):
                if isinstance(decision, tuple) and place + alpha <= slot:
                    members = decision
            return members
    """,
    mistakes=(
        """
        def answer(slot, decided, first, alpha):  # the newest members count at once
            changes = [one for one in decided if isinstance(one, tuple)]
            return None if slot > len(decided) + alpha else (changes or [first])[-1]
        """,
        """
        def answer(slot, decided, first, alpha):  # one slot too late
            members = first
            for place, decision in enumerate(decided, 1):
                if isinstance(decision, tuple) and place + alpha < slot:
                    members = decision
            return None if slot > len(decided) + alpha else members
        """,
        """
        def answer(slot, decided, first, alpha):  # it answers for slots of which nobody can know
            members = first
            for place, decision in enumerate(decided, 1):
                if isinstance(decision, tuple) and place + alpha <= slot:
                    members = decision
            return members
        """,
        "answer = lambda slot, decided, first, alpha: first",
    ),
    explanation="Two replicas that both answer give the same answer, because they have applied the same decisions up "
    "to slot - alpha. That is the whole proof.",
)
def state_who_decides(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (slot, decided, first, alpha)"
    who: Callable[..., Any] = answer
    random, names = Random(9), ("w", "x", "y", "z")
    for _ in range(300):
        alpha, first = random.randint(1, 4), tuple(sorted(random.sample(names, 3)))
        decided = tuple(
            tuple(sorted(random.sample(names, random.randint(1, 4)))) if random.random() < 0.4 else "set"
            for _ in range(random.randint(0, 6))
        )
        slot = random.randint(len(decided) + 1, len(decided) + alpha + 1)
        right = members_of(slot, decided, first, alpha)
        got = who(slot, decided, first, alpha)
        if got != right:
            return (
                f"for slot {slot}, alpha {alpha}, first members {first} and decided {decided} it gave {got!r}, "
                f"but a replica says {right!r}"
            )
    return None


def reports() -> list[tuple[Sequence[Told], int]]:
    """Return promises as acceptors may give them: in one slot and ballot all votes are for one value.

    The names of the values fall as the ballots rise, so that nobody takes the greatest value for that of the
    greatest ballot.
    """
    random = Random(10)
    cases: list[tuple[Sequence[Told], int]] = []
    for _ in range(200):
        first = random.randint(1, 5)
        cases.append(
            (
                tuple(
                    {
                        slot: (round, f"v{slot}-{9 - round}")
                        for slot in range(first, first + 6)
                        if random.random() < 0.35
                        for round in (random.randint(1, 4),)
                    }
                    for _ in range(random.randint(2, 3))
                ),
                first,
            )
        )
    return cases


@page.exercise(
    "build-a-new-leader",
    hint="find the last slot of which any promise tells; then go through the slots from `first_slot` to it.",
    solution="""
        def answer(promises, first_slot):
            last = max((slot for told in promises for slot in told), default=0)
            asked = []
            for slot in range(first_slot, last + 1):
                votes = [told[slot] for told in promises if slot in told]
                asked.append((slot, max(votes)[1] if votes else None))
            return asked
    """,
    mistakes=(
        """
        def answer(promises, first_slot):  # gaps stay open
            asked = {}
            for told in promises:
                for slot, vote in told.items():
                    asked[slot] = max(vote, asked.get(slot, vote))
            return [(slot, asked[slot][1]) for slot in sorted(asked)]
        """,
        """
        def answer(promises, first_slot):  # the first promise that tells of a slot is believed
            last = max((slot for told in promises for slot in told), default=0)
            return [(slot, next((told[slot][1] for told in promises if slot in told), None))
                    for slot in range(first_slot, last + 1)]
        """,
        """
        def answer(promises, first_slot):  # the greatest value, and not the value of the greatest ballot
            last = max((slot for told in promises for slot in told), default=0)
            return [(slot, max((told[slot][1] for told in promises if slot in told), default=None))
                    for slot in range(first_slot, last + 1)]
        """,
        """
        def answer(promises, first_slot):  # one slot only: PAX-10
            votes = [told[first_slot] for told in promises if first_slot in told]
            return [(first_slot, max(votes)[1])] if votes else []
        """,
        "answer = lambda promises, first_slot: []",
    ),
    explanation="This is vote_to_keep in the loop of ask_for_votes. The check ran our leader on 200 sets of promises.",
)
def build_a_new_leader(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (promises, first_slot)"
    leader: Callable[..., Any] = answer
    for promises, first in reports():
        right = asked_by_a_leader(promises, first)
        got = leader([dict(told) for told in promises], first)
        if not isinstance(got, (list, tuple)) or [tuple(one) for one in got] != right:
            return f"for promises {list(promises)} and first_slot {first} it gave {got!r}, but our leader asks {right}"
    return None
