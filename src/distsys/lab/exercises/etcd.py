"""The exercises of the page on etcd."""

from __future__ import annotations

from math import exp
from typing import Any

from ..checking import Page

page = Page("etcd")


@page.exercise(
    "etcd-numbers",
    hint="each request that changes something makes one revision, and the store begins at 1.",
    solution="""
        # 2: put a, 3: put b, 4: put a and c, 5: delete b, 6: put b, 7: put b
        answer = (6, 7, 2)
    """,
    mistakes=("answer = (3, 7, 3)", "answer = (7, 8, 2)", "answer = (6, 7, 1)", "answer = (6, 7)"),
    explanation="The deletion ended the first life of b: the second began at revision 6, with version 1.",
)
def numbers(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"three numbers are asked for, (create_revision, mod_revision, version), but the answer is {answer!r}"
    if answer == (3, 7, 3):
        return "the deletion ended the first life of b, and both numbers of a life begin anew"
    if answer[1] != 7:
        return "count again which request made which revision: a transaction makes one, and the first put makes 2"
    if answer[0] != 6:
        return "create_revision is that of the put that began the life which b has now"
    if answer[2] != 2:
        return "version counts the puts of this life, the first one too"
    return None


@page.exercise(
    "etcd-first-watch",
    hint="what does a compaction at 5 forget of revision 5 itself?",
    solution="""
        answer = 5
    """,
    mistakes=("answer = 6", "answer = 4", "answer = 8", "answer = 0", "answer = 'none'"),
    explanation="A compaction at 5 forgets what is superseded *at* 5. The change that made 5 is still there, even if "
    "it was a deletion, so a watch may begin with it. One that begins at 4 needs the change of 4, which may be gone.",
)
def first_watch(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a revision is asked for, but the answer is {answer!r}"
    if answer < 1:
        return f"a positive revision is asked for, but the answer is {answer}"
    if answer < 5:
        return f"what happened in revision {answer} may be forgotten, so a watch from there on is refused"
    if answer > 5:
        return "that works, but a watch may begin earlier than that"
    return None


def seen_share(changes: float) -> float:
    """Return the share of changes that a poller sees, with so many changes on average between two polls."""
    return (1 - exp(-changes)) / changes


@page.exercise(
    "etcd-poll-interval",
    hint="look for the largest x with (1 - exp(-x)) / x >= 0.95; a loop over milliseconds will do.",
    solution="""
        from math import exp

        answer = max(ms for ms in range(1, 10_000) if (1 - exp(-ms / 1000)) / (ms / 1000) >= 0.95)
    """,
    mistakes=("answer = 950", "answer = 50", "answer = 500", "answer = 104", "answer = 0.1"),
    explanation="103 ms: almost ten questions a second, for one change a second. For small x the share is about "
    "1 - x/2, which gives 100 ms at once.",
)
def poll_interval(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 1:
        return f"a whole number of milliseconds is asked for, but the answer is {answer!r}"
    if seen_share(answer / 1000) < 0.95:
        return f"with {answer} ms the share that is seen is {seen_share(answer / 1000):.4f}"
    if seen_share((answer + 1) / 1000) >= 0.95:
        return "that is enough, but one may poll less often and still see 95 %"
    return None


@page.exercise(
    "etcd-mend-lock",
    hint="two things must be true: my key is still the one that I put, and nobody's is older.",
    solution="""
        def answer(keys, key, revision):
            return keys.get(key) == revision and all(revision <= other for other in keys.values())
    """,
    mistakes=(
        """
        def answer(keys, key, revision):
            return all(revision <= other for other in keys.values())
        """,
        """
        def answer(keys, key, revision):
            return not any(created < revision for created in keys.values())
        """,
        """
        def answer(keys, key, revision):
            return key in keys and keys[key] == min(keys.values())
        """,
        """
        def answer(keys, key, revision):
            return keys.get(key) == revision
        """,
    ),
    explanation="The first condition is what ETCD-01 leaves out. (`revision == min(keys.values(), default=0)` says "
    "both at once, since no other key was created in my revision.) And both are true of the moment at which the store "
    "answered: what is done with the lock afterwards needs the revision as a fencing token.",
)
def mend_lock(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    cases: tuple[tuple[dict[str, int], bool, str], ...] = (
        ({"lock/me": 5}, True, "only my key is there"),
        ({"lock/me": 5, "lock/b": 9}, True, "mine is the oldest"),
        ({"lock/a": 3, "lock/me": 5}, False, "somebody else's key is older"),
        ({}, False, "no key is there"),
        ({"lock/b": 9}, False, "my lease ended while I waited, and another's key is there"),
        ({"lock/me": 12}, False, "my key was deleted and put again, so my old claim is over"),
    )
    for keys, want, why in cases:
        if bool(answer(dict(keys), "lock/me", 5)) != want:
            return f"with the keys {keys} and my claim of revision 5 the lock is {'' if want else 'not '}mine: {why}"
    return None


Responses = list[list[tuple[int, str]]]
WATCHES: tuple[tuple[Responses, bool, str], ...] = (
    ([[(2, "a")], [(3, "a"), (3, "b"), (5, "a")]], True, "nothing is wrong with it"),
    ([[(3, "b"), (3, "a")], [(4, "a")]], True, "within a revision the order is that of the transaction"),
    ([[(2, "a")], [(4, "a")], [(3, "a")]], False, "3 comes after 4"),
    ([[(4, "a"), (3, "a")]], False, "3 comes after 4 in one response"),
    ([[(2, "a")], [(2, "a")]], False, "the change of a in 2 comes twice"),
    ([[(2, "a"), (2, "a")]], False, "the change of a in 2 comes twice in one response"),
    ([[(3, "a")], [(3, "b"), (4, "a")]], False, "revision 3 is split over two responses"),
    ([[], [(2, "a")]], True, "a response without events says only how far the watch has come"),
    ([[(2, "a")], [], [(2, "b")]], False, "revision 2 is split, with an empty response in between"),
)


@page.exercise(
    "etcd-state-watch",
    hint="go through the events in order, and remember what was seen and where the last response ended.",
    solution="""
        def answer(responses):
            seen, newest = set(), 0
            for response in responses:
                before = newest
                for revision, key in response:
                    if revision < newest:
                        return f"{revision} comes after {newest}"
                    if (revision, key) in seen:
                        return f"the change of {key} in {revision} comes twice"
                    if revision == before:
                        return f"revision {revision} is split"
                    seen.add((revision, key))
                    newest = revision
            return None
    """,
    mistakes=(
        """
        def answer(responses):
            revisions = [revision for response in responses for revision, _ in response]
            return None if revisions == sorted(revisions) else "not in order"
        """,
        """
        def answer(responses):
            revisions = [revision for response in responses for revision, _ in response]
            fine = all(one < other for one, other in zip(revisions, revisions[1:]))
            return None if fine else "a revision comes twice"
        """,
        """
        def answer(responses):
            return len({event for response in responses for event in response}) > 0
        """,
    ),
    explanation="Ordered and unique can be judged by what the client saw alone, atomic only as far as the rest of a "
    "revision is shown: a part whose rest never comes looks whole. Reliable, resumable and "
    "bookmarkable need to know what really happened in the store.",
)
def state_watch(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for responses, fine, why in WATCHES:
        said = answer([list(response) for response in responses])
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {responses} it returned {said!r}"
        if (said is None) != fine:
            return f"the responses {responses} are {'fine' if fine else 'not fine'}: {why}"
    return None


@page.exercise(
    "etcd-build-cache",
    hint="there are three kinds of responses: overtaken by a compaction, with events, and without.",
    solution="""
        def answer(known, next_revision, response):
            if response["compact_revision"]:
                return None
            known = dict(known)
            for revision, key, value in response["events"]:
                if value is None:
                    known.pop(key, None)
                else:
                    known[key] = value
                next_revision = revision + 1
            return known, next_revision
    """,
    mistakes=(
        """
        def answer(known, next_revision, response):
            known = dict(known)
            for revision, key, value in response["events"]:
                known[key] = value
                next_revision = revision + 1
            return known, next_revision
        """,
        """
        def answer(known, next_revision, response):
            if response["compact_revision"]:
                return known, response["compact_revision"]
            known = dict(known)
            for revision, key, value in response["events"]:
                if value is None:
                    known.pop(key, None)
                else:
                    known[key] = value
                next_revision = revision + 1
            return known, next_revision
        """,
        """
        def answer(known, next_revision, response):
            if response["compact_revision"]:
                return None
            known = dict(known)
            for revision, key, value in response["events"]:
                if value is None:
                    known.pop(key, None)
                else:
                    known[key] = value
                next_revision = revision
            return known, next_revision
        """,
    ),
    explanation="To go on from the revision of the compaction would be wrong: what happened before it is lost to this "
    "cache. It reads all again, and watches from the revision after that answer.",
)
def build_cache(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    story: tuple[tuple[dict[str, Any], Any, str], ...] = (
        ({"compact_revision": 0, "events": [(5, "b", "2")]}, ({"a": "1", "b": "2"}, 6), "b is new"),
        (
            {"compact_revision": 0, "events": [(5, "a", None), (5, "b", "3"), (7, "c", "4")]},
            ({"b": "3", "c": "4"}, 8),
            "a is deleted, and the watch goes on after the last revision",
        ),
        ({"compact_revision": 0, "events": [(5, "z", None)]}, ({"a": "1"}, 6), "z was not known"),
        ({"compact_revision": 0, "events": []}, ({"a": "1"}, 5), "nothing happened"),
        (
            {"compact_revision": 9, "events": []},
            None,
            "the cache has missed something, and must read all again",
        ),
    )
    for response, want, why in story:
        known = {"a": "1"}
        found = answer(known, 5, response)
        if known != {"a": "1"}:
            return "the dict that it was given has changed"
        if found != want:
            return f"with a=1 and next_revision 5 {response} must give {want}, but it gave {found!r}: {why}"
    return None
