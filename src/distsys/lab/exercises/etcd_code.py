"""The exercises of the page on the code of etcd."""

from __future__ import annotations

from ..checking import Page

page = Page("etcd-code")


@page.exercise(
    "etcd-inside-txn",
    hint="the requests of a branch are done one after the other, and all of them have one revision.",
    solution="""
        answer = ("1", "2", 3)
    """,
    mistakes=(
        'answer = ("1", "1", 3)',
        'answer = ("2", "2", 3)',
        'answer = ("1", "2", 4)',
        'answer = ("1", "2")',
    ),
    explanation="A range sees what stands before it in the same transaction, and nothing of what stands after it. The "
    "first put made revision 2, and the transaction 3.",
)
def inside_txn(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"(first value, second value, revision) is asked for, but the answer is {answer!r}"
    if answer[2] != 3:
        return "the store begins at revision 1, and a transaction makes one revision, whatever it writes"
    if answer[:2] == ("1", "1"):
        return "the second range stands after the put, and sees it"
    if answer[:2] != ("1", "2"):
        return "the first range stands before the put, and cannot see it"
    return None


ENTERS = {"B", "D", "F"}


@page.exercise(
    "etcd-enters-the-log",
    hint="follow each request through Member.on_call: refused at once, answered here, read, or proposed?",
    solution="""
        # A reads, C is refused before, E is asked of the leader, G is answered by each member for itself.
        answer = {"B", "D", "F"}
    """,
    mistakes=(
        'answer = {"B", "C", "D", "F"}',
        'answer = {"B", "D", "E", "F"}',
        'answer = {"A", "B", "C", "D", "E", "F", "G"}',
        'answer = {"B", "F"}',
        'answer = "BDF"',
    ),
    explanation="D enters although it may turn out to write nothing: which branch is taken is known only when it is "
    "applied. E changes when the lease ends, and that is in the memory of the leader alone.",
)
def enters_the_log(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(one in "ABCDEFG" for one in map(str, answer)):
        return f"a set of letters from A to G is asked for, but the answer is {answer!r}"
    if answer == ENTERS:
        return None
    why = {
        "A": "a transaction of ranges can change nothing, so it is read like a range",
        "B": "a put changes the store of every member",
        "C": "a request that makes no sense is refused by the member that gets it, before the log",
        "D": "one of its branches writes, and which one is taken is known only when it is applied",
        "E": "how long a lease has left stands in the memory of the leader",
        "F": "which leases there are is the same at all members",
        "G": "each member answers for itself what it has",
    }
    wrong = min(answer ^ ENTERS)
    return f"think about {wrong} again: {why[wrong]}"


@page.exercise(
    "etcd-window",
    hint="at most `window` responses are on their way, and each is off it one round trip after it was sent.",
    solution="""
        answer = 4 * 1000 // 20
    """,
    mistakes=("answer = 50", "answer = 4", "answer = 400", "answer = '200'"),
    explanation="200 responses a second, and not 200 changes: what happens meanwhile stands in the store, and the next "
    "response takes the events of many revisions with it.",
)
def window(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return f"a number is asked for, but the answer is {answer!r}"
    if answer == 50:
        return "that is one at a time; four may be on their way"
    if answer != 200:
        return "in each round trip of 20 ms at most four responses are sent"
    return None


@page.exercise(
    "etcd-mend-prefix",
    hint="what comes after the last key that begins with b'a\\xff'?",
    solution="""
        def answer(prefix):
            kept = prefix.rstrip(b"\\xff")
            return kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\\0"
    """,
    mistakes=(
        """
        def answer(prefix):
            return prefix[:-1] + bytes([prefix[-1] + 1])
        """,
        """
        def answer(prefix):
            return prefix + b"\\xff"
        """,
        """
        def answer(prefix):
            kept = prefix.rstrip(b"\\xff")
            return kept[:-1] + bytes([kept[-1] + 1]) + b"\\xff" * (len(prefix) - len(kept))
        """,
    ),
    explanation="No byte is greater than 0xff, so the byte before it is the one to raise. A prefix of such bytes only, "
    "or none, has no end, which the API writes as a zero byte; the range of all keys begins at a zero byte as well.",
)
def mend_prefix(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for prefix, want in (
        (b"a", b"b"),
        (b"config/", b"config0"),
        (b"a\xff", b"b"),
        (b"a\xff\xff", b"b"),
        (b"\xff", b"\0"),
        (b"", b"\0"),
    ):
        try:
            found = answer(prefix)
        except (ValueError, IndexError) as problem:
            return f"for the prefix {prefix!r} it fails: {problem}"
        if found != want:
            return f"the range of the prefix {prefix!r} ends before {want!r}, but it returned {found!r}"
    return None


@page.exercise(
    "etcd-state-agree",
    hint="remember for each index the first hash that was seen there.",
    solution="""
        def answer(seen):
            known = {}
            for member, applied, hash in seen:
                other = known.setdefault(applied, (member, hash))
                if other[1] != hash:
                    return f"{member} and {other[0]} have applied {applied} entries and differ"
            return None
    """,
    mistakes=(
        """
        def answer(seen):
            return None if len({hash for _, _, hash in seen}) < 2 else "they differ"
        """,
        """
        def answer(seen):
            last = {member: (applied, hash) for member, applied, hash in seen}
            return None if len(set(last.values())) == len({a for a, _ in last.values()}) else "they differ"
        """,
        """
        def answer(seen):
            return bool(seen)
        """,
    ),
    explanation="A member may differ from *itself* in an earlier life: ETCD-03 is caught with one member alone.",
)
def state_agree(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    cases: tuple[tuple[list[tuple[str, int, int]], bool, str], ...] = (
        ([("n1", 1, 7), ("n2", 1, 7), ("n1", 2, 9)], True, "members that are further on hold something else"),
        ([("n1", 1, 7), ("n1", 2, 9), ("n2", 1, 8), ("n2", 2, 9)], False, "after 1 entry they differed"),
        ([("n1", 3, 7), ("n1", 2, 5), ("n1", 3, 6)], False, "n1 restarted, and is not what it was"),
        ([], True, "nothing was seen"),
    )
    for seen, fine, why in cases:
        said = answer(list(seen))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {seen} it returned {said!r}"
        if (said is None) != fine:
            return f"{seen} is {'fine' if fine else 'not fine'}: {why}"
    return None


class Setting:
    """A setting that others change too: before the swaps that are named in `busy`."""

    def __init__(self, value: int, busy: tuple[int, ...]) -> None:
        self.value, self.revision, self.busy, self.asked = value, 5, busy, 0

    def read(self) -> tuple[int, int]:
        """Return the value and the revision that last changed it."""
        return self.value, self.revision

    def swap(self, revision: int, value: int) -> tuple[bool, tuple[int, int]]:
        """Set the value if the revision is still the same; return whether it was, and what is there now."""
        self.asked += 1
        if self.asked > 100:
            raise ValueError("it has asked for 100 swaps, and goes on")
        if self.asked in self.busy:
            self.value, self.revision = self.value + 100, self.revision + 1
        if revision != self.revision:
            return False, self.read()
        self.value, self.revision = value, self.revision + 1
        return True, self.read()


@page.exercise(
    "etcd-build-change",
    hint="compute the new value from what you were told last, each time anew.",
    solution="""
        def answer(read, swap, decide):
            value, revision = read()
            while True:
                done, (value, revision) = swap(revision, decide(value))
                if done:
                    return value
    """,
    mistakes=(
        """
        def answer(read, swap, decide):
            value, revision = read()
            swap(revision, decide(value))
            return decide(value)
        """,
        """
        def answer(read, swap, decide):
            value, revision = read()
            wanted = decide(value)
            while True:
                done, (value, revision) = swap(revision, wanted)
                if done:
                    return value
        """,
        """
        def answer(read, swap, decide):
            for _ in range(100):
                value, revision = read()
                done, now = swap(revision - 1, decide(value))
                if done:
                    return now[0]
        """,
    ),
    explanation="This is the whole use of transactions for most programs, as long as answers arrive: after a lost one "
    "it is not known whether the swap was done, and to ask again may do it twice. Somebody always succeeds in each "
    "round, so the work goes on; under heavy contention a lock, or one writer, is cheaper.",
)
def build_change(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for busy in ((), (1,), (1, 2, 4), (2,)):
        here = Setting(10, busy)
        found = answer(here.read, here.swap, lambda value: value + 1)
        others = sum(number <= here.asked for number in busy)
        want = 10 + 100 * others + 1
        if here.value != want:
            return (
                f"others added 100 to the setting {others} times, and 1 was to be added to that: "
                f"it should be {want}, but it is {here.value}"
            )
        if found != want:
            return f"the new value, {want}, is to be returned, but it returned {found!r}"
    return None
