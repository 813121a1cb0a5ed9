"""The exercises of the page on the code of ZooKeeper."""

from __future__ import annotations

import struct

from ..checking import Page

page = Page("zookeeper-code")


@page.exercise(
    "zkcode-codes",
    hint="find the first part that cannot be done; the others follow from it.",
    solution="""
        # The third could not be done either, but nobody looks.
        answer = (0, -103, -2)
    """,
    mistakes=(
        "answer = (0, -103, -101)",
        "answer = (0, -103, 0)",
        "answer = (-2, -103, -2)",
        "answer = -103",
    ),
    explanation="The parts before the one that failed say 0, though they are not done; those after it say -2, whatever "
    "would have come of them. So the error of a multi is that of the first part whose code is neither 0 nor -2.",
)
def codes(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"a tuple of three codes is asked for, but the answer is {answer!r}"
    if answer[1] != -103:
        return "the second part expects a version that /a does not have"
    if answer[0] != 0:
        return "what could have been done before the failure says 0, though it is not done"
    if answer[2] != -2:
        return (
            "after the first part that fails nothing is looked at: what stands there is always the same code"
        )
    return None


TO_THE_LEADER = {"B", "C", "D", "G"}


@page.exercise(
    "zkcode-to-the-leader",
    hint="what changes something is forwarded, and what only a leader knows is asked.",
    solution="""
        # A, E and F are answered from the server's own tree and its own tables.
        answer = {"B", "C", "D", "G"}
    """,
    mistakes=(
        'answer = {"B", "C"}',
        'answer = {"B", "D", "G"}',
        'answer = {"A", "B", "C", "D", "G"}',
        'answer = {"B", "C", "D", "E", "G"}',
        'answer = "BCDG"',
    ),
    explanation="C goes although it may fail: only the leader's tree ahead says whether it does. E is a matter between "
    "a connection and its server, so a server with ten thousand watches costs the leader nothing.",
)
def to_the_leader(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(one in "ABCDEFG" for one in map(str, answer)):
        return f"a set of letters from A to G is asked for, but the answer is {answer!r}"
    if answer == TO_THE_LEADER:
        return None
    why = {
        "A": "it is a read, answered from the tree that this server has",
        "B": "it changes the tree of all servers",
        "C": "whether the version fits is decided beside the tree ahead, which the leader alone has",
        "D": "how far the others are, this server cannot know",
        "E": "watches stand in the memory of the server at which they were set",
        "F": "the server notes that the client is alive, and tells the leader later, for all clients at once",
        "G": "whether the session lives, and who speaks for it, is known to the leader",
    }
    wrong = min(answer ^ TO_THE_LEADER)
    return f"think about {wrong} again: {why[wrong]}"


@page.exercise(
    "zkcode-timeouts",
    hint="2 ticks at least, 20 ticks at most, and in between what the client wants.",
    solution="""
        answer = tuple(min(max(wanted, 2 * 2_000), 20 * 2_000) for wanted in (1_000, 30_000, 60_000))
    """,
    mistakes=(
        "answer = (1000, 30000, 60000)",
        "answer = (2000, 30000, 40000)",
        "answer = (4000, 30000, 60000)",
        "answer = [4000, 30000, 40000]",
    ),
    explanation="A client that wants to be noticed within a second when it dies must have an ensemble with a short "
    "tick. What it was granted stands in the answer to its first frame; kazoo uses that and not what it asked for.",
)
def timeouts(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"a tuple of three numbers of milliseconds is asked for, but the answer is {answer!r}"
    for wanted, granted, due in zip((1_000, 30_000, 60_000), answer, (4_000, 30_000, 40_000), strict=True):
        if granted != due:
            return f"who wants {wanted} ms gets between 2 and 20 ticks, but the answer says {granted!r}"
    return None


@page.exercise(
    "zkcode-mend-frames",
    hint="two kinds of length must be refused before anybody waits for their bytes.",
    solution="""
        from struct import unpack

        def answer(data, most):
            frames = []
            while len(data) >= 4:
                length = unpack(">i", data[:4])[0]
                if not 0 <= length <= most:
                    raise ValueError(f"a frame of {length} bytes")
                if len(data) < 4 + length:
                    break
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
    """,
    mistakes=(
        """
        from struct import unpack

        def answer(data, most):
            frames = []
            while data:
                length = unpack(">i", data[:4])[0]
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
        """,
        """
        from struct import unpack

        def answer(data, most):
            frames = []
            while len(data) >= 4 and len(data) >= 4 + unpack(">i", data[:4])[0]:
                length = unpack(">i", data[:4])[0]
                if not 0 <= length <= most:
                    raise ValueError("no")
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
        """,
        """
        from struct import unpack

        def answer(data, most):
            frames = []
            while len(data) >= 4:
                length = unpack(">I", data[:4])[0]
                if len(data) < 4 + length:
                    break
                frames.append(data[4 : 4 + length])
                data = data[4 + length :]
            return frames, data
        """,
    ),
    explanation="A length that is too large must be refused when it is read. Who waits for the bytes first lets a "
    "stranger decide how much memory is kept for him. A frame of no bytes is a frame: what it should hold is somebody "
    "else's question.",
)
def mend_frames(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"

    def frame(body: bytes) -> bytes:
        return struct.pack(">i", len(body)) + body

    fine: tuple[tuple[bytes, tuple[list[bytes], bytes], str], ...] = (
        (frame(b"hi") + frame(b""), ([b"hi", b""], b""), "two frames, the second of no bytes"),
        (frame(b"hi") + b"\0\0", ([b"hi"], b"\0\0"), "the second has not even its length yet"),
        (frame(b"hi")[:-1], ([], frame(b"hi")[:-1]), "the last byte is on its way"),
        (b"", ([], b""), "nothing has come"),
    )
    for data, due, why in fine:
        try:
            found = answer(data, 100)
        except (ValueError, struct.error) as problem:
            return f"for {data!r} it fails ({why}): {problem}"
        if not isinstance(found, tuple) or (list(found[0]), bytes(found[1])) != due:
            return (
                f"{data!r} are the frames {due[0]} and the rest {due[1]!r} ({why}), but it returned {found!r}"
            )
    for length in (101, -1, 100_000_000):
        try:
            found = answer(struct.pack(">i", length), 100)
        except ValueError:
            continue
        return f"a length of {length} must be refused at once with a ValueError, but it returned {found!r}"
    return None


@page.exercise(
    "zkcode-watch-law",
    hint="remember for each path what was there when it was watched, and forget it when the event comes.",
    solution="""
        def answer(heard):
            watched = {}
            for what, path, mzxid in heard:
                if what == "event":
                    watched.pop(path, None)
                elif mzxid > watched.get(path, mzxid):
                    return f"{path} is shown as of {mzxid}, and nobody said that it had changed"
                elif what == "watch":
                    watched.setdefault(path, mzxid)
            return None
    """,
    mistakes=(
        """
        def answer(heard):
            reads = [path for what, path, _ in heard if what == "read"]
            events = [path for what, path, _ in heard if what == "event"]
            return None if set(reads) <= set(events) else "a read without an event"
        """,
        """
        def answer(heard):
            watched = {}
            for what, path, mzxid in heard:
                if what == "watch":
                    watched[path] = mzxid
                elif what == "read" and mzxid > watched.get(path, mzxid):
                    return "a read before its event"
            return None
        """,
        """
        def answer(heard):
            return True
        """,
    ),
    explanation="The law looks at one connection only, and at what it heard in its order. That is why a server can "
    "keep it alone: it needs no clock and no other server, only to write the event first.",
)
def watch_law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    cases: tuple[tuple[list[tuple[str, str, int]], bool, str], ...] = (
        (
            [("watch", "/a", 3), ("read", "/a", 3), ("event", "/a", 0), ("read", "/a", 5)],
            True,
            "the event came first",
        ),
        (
            [("watch", "/a", 3), ("read", "/a", 5), ("event", "/a", 0)],
            False,
            "the event comes after the data",
        ),
        ([("watch", "/a", 3), ("read", "/b", 9)], True, "nobody watches /b"),
        (
            [("watch", "/a", 3), ("event", "/a", 0), ("read", "/a", 5), ("read", "/a", 7)],
            True,
            "it is told once",
        ),
        (
            [("watch", "/a", 3), ("event", "/a", 0), ("watch", "/a", 5), ("read", "/a", 7)],
            False,
            "it was watched anew",
        ),
        ([("watch", "/a", 3), ("event", "/b", 0), ("read", "/a", 5)], False, "the event is of another znode"),
        ([("watch", "/a", 3), ("watch", "/a", 5)], False, "a read that sets a watch shows data, too"),
        ([], True, "nothing was heard"),
    )
    for heard, holds, why in cases:
        said = answer(list(heard))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {heard} it returned {said!r}"
        if (said is None) != holds:
            return f"{heard} is {'fine' if holds else 'not fine'}: {why}"
    return None


@page.exercise(
    "zkcode-build-awaited",
    hint="order by the number behind the name, and look only at what stands before you.",
    solution="""
        def answer(names, mine):
            number = lambda name: int(name[-10:])
            before = [name for name in sorted(names, key=number) if number(name) < number(mine)]
            if mine.startswith("read-"):
                before = [name for name in before if name.startswith("write-")]
            return before[-1] if before else None
    """,
    mistakes=(
        """
        def answer(names, mine):
            line = sorted(names)
            place = line.index(mine)
            return line[place - 1] if place else None
        """,
        """
        def answer(names, mine):
            line = sorted(names, key=lambda name: name[-10:])
            place = line.index(mine)
            return line[place - 1] if place else None
        """,
        """
        def answer(names, mine):
            line = sorted(names, key=lambda name: name[-10:])
            return None if line[0] == mine else line[0]
        """,
    ),
    explanation="A reader waits for the nearest writer before it: the readers between them have it together. A writer "
    "waits for whoever is just before it. Nobody waits for who comes later, so a writer is not starved by readers that "
    "keep coming.",
)
def build_awaited(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    names = ["write-0000000010", "read-0000000007", "read-0000000009", "write-0000000008", "read-0000000011"]
    due = {
        "read-0000000007": None,
        "write-0000000008": "read-0000000007",
        "read-0000000009": "write-0000000008",
        "write-0000000010": "read-0000000009",
        "read-0000000011": "write-0000000010",
    }
    lines = [(names, mine, wanted) for mine, wanted in due.items()]
    readers = ["read-0000000003", "read-0000000001", "read-0000000002"]
    lines += [(readers, mine, None) for mine in readers]
    for line, mine, wanted in lines:
        found = answer(list(line), mine)
        if found != wanted:
            who = "waits for nobody" if wanted is None else f"watches {wanted}"
            return f"in {sorted(line, key=lambda name: name[-10:])}, {mine} {who}, but it returned {found!r}"
    return None
