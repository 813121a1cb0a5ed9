"""The exercises of the page that compares etcd, ZooKeeper and Chubby."""

from __future__ import annotations

from typing import Any

from ..checking import Page

page = Page("coordination-compared")


def pair_of_whole_numbers(answer: object) -> str | None:
    """Return what is wrong with the form of an answer."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        return f"a pair is asked for, (etcd, ZooKeeper), but the answer is {answer!r}"
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in answer):
        return f"whole numbers are asked for, but the answer is {answer!r}"
    return None


@page.exercise(
    "coordination-messages",
    hint="2 + 2 (n - 1) and 2 for each watcher; 2 + 3 (n - 1) and 3 for each watcher.",
    solution="""
        n, w = 5, 10
        answer = (2 + 2 * (n - 1) + 2 * w, 2 + 3 * (n - 1) + 3 * w)
    """,
    mistakes=(
        "answer = (26, 38)",
        "answer = (30, 34)",
        "answer = (20, 30)",
        "answer = (30, 44.0)",
        "answer = 30",
    ),
    explanation="30 and 44. Of these 10 and 14 are between servers and the writer, the rest is 2 messages for each "
    "watcher against 3, as the event of ZooKeeper does not carry the value.",
)
def messages(answer: object) -> str | None:
    if wrong := pair_of_whole_numbers(answer):
        return wrong
    assert isinstance(answer, tuple)
    for service, found, want in zip(("etcd", "ZooKeeper"), answer, (30, 44), strict=True):
        if found != want:
            return f"for {service} it is {'more' if found < want else 'less'}: count the servers and the watchers"
    return None


@page.exercise(
    "coordination-idle",
    hint="a client of etcd costs the leader 6 messages every 10/3 s; one of ZooKeeper costs its server 2.",
    solution="""
        renewals = 3 / 10  # a second, of each client
        answer = (int(20_000 / (6 * renewals)), int(3 * 20_000 / (2 * renewals)))
    """,
    mistakes=(
        "answer = (11_111, 33_333)",
        "answer = (33_333, 100_000)",
        "answer = (11_112, 100_000)",
        "answer = (11_111.1, 100_000.0)",
        "answer = (11_111, 99_999)",
    ),
    explanation="11,111 against 100,000, which is nine times as many: a third of the messages for each client, and "
    "three servers that share them. (Servers of ZooKeeper tell the leader in bundles whom they have heard of.)",
)
def sleepers(answer: object) -> str | None:
    if wrong := pair_of_whole_numbers(answer):
        return wrong
    assert isinstance(answer, tuple)
    if answer[0] != 11_111:
        return "for etcd: 6 messages at the leader for each renewal, and three renewals in 10 s"
    if answer[1] != 100_000:
        return (
            "for ZooKeeper: 2 messages at its server for each ping, and three servers that have a third each"
        )
    return None


PROMISED = {"C", "D", "E"}
WHY = {
    "A": "such a read may be answered by a member that has not heard of the write, as in the opening",
    "B": "a new session has seen nothing, so a server that lags may take it",
    "C": "the write is confirmed only when all copies are gone or their sessions have ended",
    "D": "no server takes a client that has seen more than it has",
    "E": "the watch goes on from a revision, and a compaction is told",
    "F": "a watch fires once, and before it is set anew more may happen",
    "G": "only if a majority of the servers can talk, among other things",
}


@page.exercise(
    "coordination-true",
    hint="four of the seven sound right and are not; ask of each who could be cut off.",
    solution="""
        answer = {"C", "D", "E"}
    """,
    mistakes=(
        'answer = {"D", "E"}',
        'answer = {"B", "C", "D", "E"}',
        'answer = {"C", "D", "E", "F"}',
        'answer = {"A", "C", "D", "E"}',
        'answer = {"C", "D", "E", "G"}',
        'answer = "CDE"',
    ),
    explanation="C, D and E. A and B may show an older state; F sees states and not changes; G is a promise about "
    "time, which no system can make about a network without bounds.",
)
def promised(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(letter in WHY for letter in answer):
        return f"a set of the letters A to G is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - PROMISED):
        return f"{letter} is not promised: {WHY[letter]}"
    missing = sorted(PROMISED - set(answer))
    return f"one is missing, of which one can say: {WHY[missing[0]]}" if missing else None


Answers = list[tuple[int, str]]
STORIES: tuple[tuple[Answers, list[str], str], ...] = (
    ([], [], "nothing has come"),
    ([(4, "10")], ["10"], "the first answer is all that is known"),
    ([(4, "10"), (7, "20"), (4, "10")], ["10", "20", "20"], "the third answer is older than the second"),
    ([(7, "20"), (4, "10"), (9, "10")], ["20", "20", "10"], "in revision 9 it is 10 again, and that is new"),
    ([(5, "a"), (5, "a"), (6, "b"), (5, "a"), (6, "b")], ["a", "a", "b", "b", "b"], "two members take turns"),
    (
        [(9, "x"), (3, "y"), (8, "z"), (10, "y")],
        ["x", "x", "x", "y"],
        "only the last is newer than the first",
    ),
)


@page.exercise(
    "coordination-mend",
    hint="the revision in the header of an answer says which state of the store it shows.",
    solution="""
        def answer(answers):
            newest, value, shown = 0, None, []
            for revision, found in answers:
                if revision >= newest:
                    newest, value = revision, found
                shown.append(value)
            return shown
    """,
    mistakes=(
        "def answer(answers):\n    return [value for _, value in answers]",
        """
        def answer(answers):
            shown, seen = [], set()
            for _, value in answers:
                if value not in seen:
                    seen.add(value)
                    last = value
                shown.append(last)
            return shown
        """,
        """
        def answer(answers):
            newest, shown = max(answers, default=(0, None)), []
            return [newest[1] for _ in answers]
        """,
        """
        def answer(answers):
            shown, last = [], (0, None)
            for one in answers:
                if one[0] > last[0]:
                    shown.append(one[1])
                last = one
            return shown
        """,
    ),
    explanation="Values cannot tell old from new: 10, 20, 10 may be a change back. The revision can. It gives this "
    "reader what ZooKeeper gives each session, monotonic reads; still nothing says how far behind it is.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for answers, want, why in STORIES:
        found: Any = answer(list(answers))
        if found != want:
            return f"for the answers {answers} it shows {found!r}, but it should show {want}: {why}"
    return None


Events = list[tuple[str, str, int]]
HISTORIES: tuple[tuple[Events, bool, str], ...] = (
    ([], True, "nothing happened"),
    ([("ann", "write", 5), ("bob", "read", 4)], True, "bob may read an older state than ann has made"),
    ([("ann", "read", 5), ("ann", "read", 5), ("ann", "read", 9)], True, "ann sees the same, and then more"),
    ([("ann", "read", 5), ("ann", "read", 4)], False, "ann goes back from 5 to 4"),
    ([("ann", "write", 5), ("ann", "read", 4)], False, "ann does not see her own write"),
    (
        [("ann", "write", 7), ("bob", "read", 3), ("bob", "read", 6), ("ann", "read", 7)],
        True,
        "each of them goes forward",
    ),
    ([("bob", "read", 6), ("ann", "write", 7), ("bob", "read", 5)], False, "bob goes back from 6 to 5"),
    (
        [
            ("ann", "read", 8),
            ("bob", "write", 9),
            ("ann", "read", 9),
            ("ann", "write", 10),
            ("ann", "read", 9),
        ],
        False,
        "ann does not see her own write of 10",
    ),
)


@page.exercise(
    "coordination-law",
    hint="keep for each session the greatest zxid that it has had, of a read or a write.",
    solution="""
        def answer(events):
            newest = {}
            for session, kind, zxid in events:
                if zxid < newest.get(session, 0):
                    return f"{session} had {newest[session]}, and then a {kind} of {zxid}"
                newest[session] = zxid
            return None
    """,
    mistakes=(
        """
        def answer(events):
            zxids = [zxid for _, _, zxid in events]
            return None if zxids == sorted(zxids) else "somebody goes back"
        """,
        """
        def answer(events):
            newest = {}
            for session, kind, zxid in events:
                if kind == "read":
                    if zxid < newest.get(session, 0):
                        return "goes back"
                    newest[session] = zxid
            return None
        """,
        "def answer(events):\n    return None",
        "def answer(events):\n    return False",
    ),
    explanation="ZooKeeper promises a session this about the age of what it reads, one session at a time. The second "
    "history is fine: bob reads an older state after ann's write was confirmed. A law of linearizability would object.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for events, fine, why in HISTORIES:
        said = answer(list(events))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {events} it returned {said!r}"
        if (said is None) != fine:
            return f"the events {events} are {'fine' if fine else 'not fine'}: {why}"
    return None
