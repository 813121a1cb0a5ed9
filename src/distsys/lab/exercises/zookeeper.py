"""The exercises of the page on ZooKeeper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..checking import Page

page = Page("zookeeper")


@page.exercise(
    "zk-numbers",
    hint="the counter of /q counts every child that was ever created, whatever its name.",
    solution="""
        # children created under /q: n-0, n-1, x, n-3; one was deleted; its data was set once
        answer = (3, 1, 3)
    """,
    mistakes=(
        "answer = (2, 1, 3)",
        "answer = (3, 2, 3)",
        "answer = (3, 1, 4)",
        "answer = (1, 1, 3)",
        "answer = (3, 1)",
    ),
    explanation="The number is that of the children that were created before: two with numbers, of which one was "
    "deleted, and x. A deletion takes nothing back, and the data of a znode has nothing to do with its children.",
)
def numbers(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"three numbers are asked for, (number, version, numChildren), but the answer is {answer!r}"
    if answer[0] == 1:
        return "then a name that was taken before would come again"
    if answer[0] != 3:
        return "x is a child of /q as well, though it has no number"
    if answer[1] != 1:
        return "the version counts how often the data was set after the znode was made"
    if answer[2] != 3:
        return "numChildren is how many are there now"
    return None


WHY = {
    "A": "his server may not have heard of the change",
    "B": "a session is answered in the order in which it asks",
    "C": "no server takes her that has less than she was shown",
    "D": "the leader's answer to the sync names a zxid, and hers is not above it",
    "E": "what he was shown is a lower bound for his own session, and for nobody else's",
    "F": "the event came because his server has applied the change",
    "G": "a session that begins has been shown nothing, so any server takes it",
}
MAY_BE_OLD = {"A", "E", "G"}


@page.exercise(
    "zk-may-be-old",
    hint="a server shows a session nothing older than what that session was shown. Who has been shown what?",
    solution="""
        answer = {"A", "E", "G"}
    """,
    mistakes=(
        'answer = {"A", "G"}',
        'answer = {"A", "C", "E", "G"}',
        'answer = {"A", "E"}',
        'answer = {"A", "D", "E", "G"}',
        'answer = "AEG"',
    ),
    explanation="The promise is about one session at a time. What ann knows by the telephone, or as another session, "
    "no server can see.",
)
def may_be_old(answer: object) -> str | None:
    if not isinstance(answer, set | frozenset) or not all(one in WHY for one in map(str, answer)):
        return f"a set of letters from A to G is asked for, but the answer is {answer!r}"
    if answer == MAY_BE_OLD:
        return None
    wrong = min(answer ^ MAY_BE_OLD)
    return f"think about {wrong} again: {WHY[wrong]}"


@page.exercise(
    "zk-names-sent",
    hint="at a release with m left in line a list has m names; count how many clients ask for it each time.",
    solution="""
        n = 100
        answer = (sum(m * m for m in range(n)), sum(m for m in range(n)))
    """,
    mistakes=(
        "answer = (4950, 99)",
        "answer = (4950, 4950)",
        "answer = (338350, 5050)",
        "answer = 328350",
    ),
    explanation="The herd asks $m$ times for $m$ names, so $n(n-1)(2n-1)/6$ in all, against $n(n-1)/2$: wake-ups "
    "grow with the square, bytes with the cube.",
)
def names_sent(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 2:
        return f"two numbers are asked for, (herd, line), but the answer is {answer!r}"
    if answer == (4950, 99):
        return "those are the wake-ups; each of them leads to a list with several names"
    if answer == (338350, 5050):
        return "the holder that lets go has deleted its znode: it stands in no list any more"
    if answer[0] != 328350:
        return "with m left in line all m wake up in the herd, and each gets m names"
    if answer[1] != 4950:
        return "with m left in line one wakes up, and gets m names"
    return None


WATCHED: tuple[tuple[tuple[str, ...], str, str | None, str], ...] = (
    (("read-0", "read-1"), "read-1", None, "two readers go together"),
    (("read-0",), "read-0", None, "nobody is before it"),
    (("write-0", "read-1"), "read-1", "write-0", "a writer is before it"),
    (("write-0", "read-1", "read-2"), "read-2", "write-0", "the reader between is no obstacle"),
    (("write-0", "read-1", "write-2", "read-3"), "read-3", "write-2", "of two writers the nearer one counts"),
    (
        ("read-0", "read-1", "write-2"),
        "write-2",
        "read-1",
        "a writer waits for all before it, the nearest is enough",
    ),
    (("write-0", "write-1"), "write-1", "write-0", "a writer is before it"),
    (("write-4",), "write-4", None, "nobody is before it"),
    (("read-10", "write-9", "read-2"), "read-10", "write-9", "the children come in no order: sort by number"),
)


@page.exercise(
    "zk-mend-reader",
    hint="a reader does not wait for readers; and children come in no order.",
    solution="""
        def answer(names, mine):
            number = lambda name: int(name.rpartition("-")[2])
            before = [name for name in names if number(name) < number(mine)]
            if mine.startswith("read"):
                before = [name for name in before if name.startswith("write")]
            return max(before, key=number, default=None)
    """,
    mistakes=(
        """
        def answer(names, mine):
            line = sorted(names, key=lambda name: int(name.rpartition("-")[2]))
            place = line.index(mine)
            return line[place - 1] if place else None
        """,
        """
        def answer(names, mine):
            number = lambda name: int(name.rpartition("-")[2])
            writers = [n for n in names if n.startswith("write") and number(n) < number(mine)]
            return min(writers, key=number, default=None)
        """,
        """
        def answer(names, mine):
            number = lambda name: int(name.rpartition("-")[2])
            writers = [n for n in names if n.startswith("write") and number(n) < number(mine)]
            return max(writers, key=number, default=None)
        """,
        """
        def answer(names, mine):
            before = names[:names.index(mine)]
            if mine.startswith("read"):
                before = [name for name in before if name.startswith("write")]
            return before[-1] if before else None
        """,
    ),
    explanation="When a writer lets go, all readers up to the next writer wake up together. That is no herd: each of "
    "them gets the lock.",
)
def mend_reader(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for names, mine, want, why in WATCHED:
        found = answer(list(names), mine)
        if found != want:
            return f"in the line {list(names)} {mine} should watch {want}, but it returned {found!r}: {why}"
    return None


SEEN: tuple[tuple[list[tuple[str, str, int]], bool, str], ...] = (
    ([("ann", "n1", 3), ("ann", "n2", 3), ("ann", "n1", 4)], True, "zxids of a session may stay or grow"),
    ([("ann", "n1", 4), ("bob", "n2", 3)], True, "two sessions may be shown different trees"),
    ([("ann", "n1", 4), ("ann", "n2", 3)], False, "ann went back, at another server"),
    ([("ann", "n1", 4), ("bob", "n1", 6), ("ann", "n1", 5), ("bob", "n2", 5)], False, "bob went back"),
    ([("ann", "n1", 4), ("ann", "n1", 6), ("ann", "n2", 5)], False, "6 was shown before 5"),
    ([("ann", "n1", 5), ("ann", "n1", 4), ("ann", "n1", 6)], False, "what comes later does not heal it"),
    ([], True, "nothing was shown"),
)


@page.exercise(
    "zk-state-order",
    hint="remember for each session the newest zxid that it was shown.",
    solution="""
        def answer(shown):
            newest = {}
            for session, server, zxid in shown:
                if zxid < newest.get(session, 0):
                    return f"{server} shows {session} {zxid} after {newest[session]}"
                newest[session] = zxid
            return None
    """,
    mistakes=(
        """
        def answer(shown):
            zxids = [zxid for _, _, zxid in shown]
            return None if zxids == sorted(zxids) else "a zxid goes back"
        """,
        """
        def answer(shown):
            newest = {}
            for session, server, zxid in shown:
                if zxid < newest.get((session, server), 0):
                    return "a zxid goes back"
                newest[session, server] = zxid
            return None
        """,
        """
        def answer(shown):
            first, last = {}, {}
            for session, server, zxid in shown:
                first.setdefault(session, zxid)
                last[session] = zxid
            return next((f"{s} went back" for s in first if last[s] < first[s]), None)
        """,
        """
        def answer(shown):
            return len(shown) < 2
        """,
    ),
    explanation="The law of the package, `session order`, does one thing more: it also looks whether each answer is "
    "what the tree held at that zxid.",
)
def state_order(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for shown, fine, why in SEEN:
        said = answer(list(shown))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {shown} it returned {said!r}"
        if (said is None) != fine:
            return f"{shown} is {'fine' if fine else 'not fine'}: {why}"
    return None


class Line:
    """A line of znodes whose answers get lost: `fates` says of each create whether it is done, and answered."""

    def __init__(self, fates: str, others: tuple[str, ...]) -> None:
        self.fates, self.names, self.count = list(fates), list(others), len(others)

    def create(self, prefix: str) -> str | None:
        """Make a znode under the prefix and return its name; None where no answer came."""
        fate = self.fates.pop(0) if self.fates else "answered"
        if len(self.names) > 20:
            raise ValueError("it has made more than 20 znodes, and goes on")
        if fate != "l":  # the request was not lost
            self.names.append(f"{prefix}{self.count:010d}")
            self.count += 1
        return None if fate in "lu" else self.names[-1]

    def children(self) -> list[str]:
        """Return the names in the line; a `sync` goes before it."""
        return sorted(self.names)


@page.exercise(
    "zk-build-claim",
    hint="after a create without an answer look for a child that begins with the prefix, and only then create again.",
    solution="""
        def answer(create, children, prefix):
            while True:
                name = create(prefix)
                if name is not None:
                    return name
                mine = [name for name in children() if name.startswith(prefix)]
                if mine:
                    return mine[0]
    """,
    mistakes=(
        """
        def answer(create, children, prefix):
            while True:
                name = create(prefix)
                if name is not None:
                    return name
        """,
        """
        def answer(create, children, prefix):
            return create(prefix)
        """,
        """
        def answer(create, children, prefix):
            name = create(prefix)
            if name is not None:
                return name
            mine = [name for name in children() if name.startswith(prefix)]
            return mine[0] if mine else None
        """,
        """
        def answer(create, children, prefix):
            while True:
                name = create(prefix)
                if name is not None:
                    return name
                if children():
                    return children()[-1]
        """,
    ),
    explanation="This is what Curator calls protection. It rests on the session: if the session has ended meanwhile, "
    "so has the znode, and the prefix must be a new one.",
)
def build_claim(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    return claimed(answer)


def claimed(answer: Callable[..., Any]) -> str | None:
    """Return what is wrong with a way to claim a place, tried with each way of losing messages."""
    for fates, what in (
        ("", "every answer comes"),
        ("l", "the first request is lost"),
        ("u", "the first is done and its answer lost"),
        ("llu", "two requests are lost, and then an answer"),
    ):
        line = Line(fates, ("x9-0000000000", "z7-0000000001"))
        found = answer(line.create, line.children, "mine-")
        own = [name for name in line.names if name.startswith("mine-")]
        if len(own) != 1:
            return f"when {what}, {len(own)} znodes of mine are in the line, and one is wanted"
        if found != own[0]:
            return f"when {what}, my znode is {own[0]!r}, but it returned {found!r}"
    return None
