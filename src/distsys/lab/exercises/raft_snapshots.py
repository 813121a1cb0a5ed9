"""The exercises of the page on snapshots of Raft."""

from __future__ import annotations

from math import sqrt
from typing import Any

from ..checking import Page

page = Page("raft-snapshots")


@page.exercise(
    "mean-replay",
    hint="how many entries lie behind the last snapshot, at least and at most?",
    solution="""
        answer = (10_000 - 1) / 2 * 20 / 1000  # 99.99
    """,
    mistakes=("answer = 200", "answer = 50", "answer = 100_000", "answer = 'a tenth of a second'"),
    explanation="Between 0 and 9,999 entries, each number equally often, so half of it on average.",
)
def mean_replay(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a time is a number of milliseconds, but the answer is {answer!r}"
    if abs(answer - 200) < 1:
        return "that is the worst moment, just before the next snapshot"
    if abs(answer - 99.99) > 0.1:
        return "take the mean number of entries behind the last snapshot, and mind the units"
    return None


@page.exercise(
    "what-stays",
    hint="does the follower have entry 5 with term 2?",
    solution="""
        # It has entry 5 with the term of the snapshot, so what follows may stay; what the snapshot covers goes.
        answer = (6, 7)
    """,
    mistakes=("answer = ()", "answer = (4, 5, 6, 7)", "answer = (5, 6, 7)", "answer = 2"),
    explanation="As far as this server knows, entries 6 and 7 are not committed; "
    "the leader replaces them if they are not its own.",
)
def what_stays(answer: object) -> str | None:
    if not isinstance(answer, tuple):
        return f"a tuple of indexes is asked for, but the answer is {answer!r}"
    if answer == ():
        return "the log may keep what follows an entry that agrees with the snapshot"
    if answer != (6, 7):
        return "what the snapshot covers is dropped, its last entry included"
    return None


@page.exercise(
    "choose-how-often",
    hint="put S = 20,000 and p = 1 / 1,000,000 into the formula.",
    solution="""
        answer = (2 * 20_000 * 1_000_000) ** 0.5  # 200,000
    """,
    mistakes=("answer = 20_000", "answer = 141_421", "answer = 1_000_000", "answer = 'rarely'"),
    explanation="Ten times the size of the state. If 200,000 entries are too many to replay after a crash, "
    "the limit decides and not the formula.",
)
def choose_how_often(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of commands is asked for, but the answer is {answer!r}"
    if abs(answer - sqrt(2 * 20_000 * 1_000_000)) > 1:
        return "at the best k, writing snapshots and replaying entries cost about the same per command"
    return None


def gap(disk: dict[str, Any], last_index: int) -> bool:
    """Return whether entries are in neither the snapshot nor the log of a disk."""
    covered = disk["snapshot"][0]
    return any(place not in disk["log"] for place in range(covered + 1, last_index + 1))


@page.exercise(
    "mend-the-writes",
    hint="which of the two may be there twice, and which may not be missing?",
    solution="""
        def answer(log, index, state):
            rest = {place: entry for place, entry in log.items() if place > index}
            return [{"snapshot": (index, state), "log": rest}]
    """,
    mistakes=(
        """
        def answer(log, index, state):
            rest = {place: entry for place, entry in log.items() if place > index}
            return [{"log": rest}, {"snapshot": (index, state)}]
        """,
        """
        def answer(log, index, state):
            return [{"snapshot": (index, state)}]
        """,
        """
        def answer(log, index, state):
            return [{"snapshot": (index, state), "log": {}}]
        """,
    ),
    explanation="One record for both leaves no moment in between. Snapshot first and log second is right "
    "as well, if a restart skips the entries that the snapshot covers.",
)
def mend_the_writes(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for last_index, index in ((5, 3), (5, 5), (1, 1)):
        log = {place: f"e{place}" for place in range(1, last_index + 1)}
        records = answer(dict(log), index, "state")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            return f"a list of records is asked for, each a dict, but the function returned {records!r}"
        disk: dict[str, Any] = {"snapshot": (0, None), "log": log}
        for count, record in enumerate(records, 1):
            disk = {**disk, **record}
            if gap(disk, last_index):
                return (
                    f"after record {count} of {len(records)}, entries are in neither the snapshot nor the log"
                )
        if disk["snapshot"] != (index, "state"):
            return f"in the end the snapshot must be {(index, 'state')!r}, but it is {disk['snapshot']!r}"
        if any(place <= index for place in disk["log"]):
            return "in the end the log must not hold what the snapshot covers"
    return None


@page.exercise(
    "state-replicas-agree",
    hint="remember for each index the first state that was seen, and whose it was.",
    solution="""
        def answer(seen):
            known = {}
            for server, index, state in seen:
                other, first = known.setdefault(index, (server, state))
                if first != state:
                    return f"after entry {index}, {server} is in another state than {other} was"
            return None
    """,
    mistakes=(
        """
        def answer(seen):
            for (one, i, a), (other, j, b) in zip(seen, seen[1:]):
                if i == j and a != b:
                    return f"after entry {i}, {one} and {other} differ"
            return None
        """,
        """
        def answer(seen):
            last = {}
            for server, index, state in seen:
                last[server] = index, state
            for one, (i, a) in last.items():
                for other, (j, b) in last.items():
                    if a != b:
                        return f"after entry {i}, {one} and {other} differ"
            return None
        """,
        "answer = lambda seen: len(set(state for _, _, state in seen)) == 1",
    ),
    explanation="It compares with all that was ever seen at that index, so it finds "
    "a server that is wrong also when the others have gone on.",
)
def state_replicas_agree(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    good = [("n1", 1, "a"), ("n2", 1, "a"), ("n1", 2, "ab"), ("n3", 1, "a"), ("n2", 2, "ab"), ("n1", 3, "a")]
    runs = (
        (good, None),
        ([*good, ("n3", 2, "ab")], None),
        ([*good, ("n3", 2, "b")], ("n3", 2)),
        ([*good, ("n2", 3, "ab")], ("n2", 3)),
        ([*good[:3], ("n3", 1, "")], ("n3", 1)),
    )
    for seen, wrong in runs:
        said = answer(list(seen))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but it returned {said!r}"
        if wrong is None and said is not None:
            return f"the replicas of {seen} agree, but the law says: {said}"
        if wrong is not None:
            if said is None:
                return f"the law is silent, but {wrong[0]} is in another state after entry {wrong[1]}: {seen}"
            others = [name for name, index, _ in seen[:-1] if index == wrong[1]]
            if wrong[0] not in said or not any(name in said for name in others) or str(wrong[1]) not in said:
                return f"the sentence must name both servers and the index {wrong[1]}, but it is {said!r}"
    return None
