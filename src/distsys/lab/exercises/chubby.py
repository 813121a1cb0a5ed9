"""The exercises of the page on Chubby."""

from __future__ import annotations

import copy
from typing import Any

from ..checking import Page

page = Page("chubby")


def is_whole(answer: object) -> bool:
    """Return whether this is a whole number, and neither True nor False."""
    return isinstance(answer, int) and not isinstance(answer, bool)


@page.exercise(
    "chubby-local-lease",
    hint="the client relies on (held + lease) times (1 - d) / (1 + d), from when it sent; round down.",
    solution="""
        # at least 20 / 1.01 s of true time, of which a slow clock shows 0.99 times as many
        answer = 20_000 * 990_000 // 1_010_000
    """,
    mistakes=("answer = 11_762", "answer = 20_000", "answer = 12_000", "answer = 19_800", "answer = 19.6"),
    explanation="19,603 ms. Of the 20 s, clocks cost 0.4 s. Half of it is for a master that is fast, half for a client "
    "that is slow.",
)
def local_lease(answer: object) -> str | None:
    if not is_whole(answer):
        return f"a whole number of milliseconds is asked for, but the answer is {answer!r}"
    if answer == 11_762:
        return "the master had it for 8 s before the lease began, and the client counts from the sending"
    if answer == 19_800:
        return "both clocks may be wrong: the master's may be fast while the client's is slow"
    if answer != 19_603:
        return "work out how long the promise lasts in true time at least, and what a slow clock shows then"
    return None


@page.exercise(
    "chubby-keepalive-load",
    hint="a client sends one KeepAlive each time that one is answered, so each `hold` seconds.",
    solution="""
        answer = 90_000 // 2_000
    """,
    mistakes=("answer = 7_500", "answer = 12", "answer = 22", "answer = 0.022", "answer = 60"),
    explanation="45 s. That is why a master under load lengthens its leases (section 3 of the paper: from 12 s up to "
    "about 60 s). The price: a client that is cut off holds up a writer for longer.",
)
def keepalive_load(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a number of seconds is asked for, but the answer is {answer!r}"
    if answer < 45:
        return "then more than 2,000 KeepAlives a second come in"
    if answer > 45:
        return "that is enough, but a shorter time is, too"
    return None if answer == 45 else "a number of seconds is asked for"


WHAT = {
    "A": "the request is on the way for 2 s, and the lock-delay lasts 60 s",
    "B": "a lock that is released is free at once: there is no delay after a release",
    "C": "a pause of 5 minutes is longer than the lock-delay, and the check was before it",
    "D": "90 s are longer than the lock-delay",
    "E": "without the cell its lease ends, and its library sends nothing more; what was sent before is soon there",
    "F": "who takes no lock is not held up by one: locks are advisory",
}


@page.exercise(
    "chubby-which-delay",
    hint="there is a lock-delay only where a holder was lost, and it covers requests that are on the way for less.",
    solution="""
        answer = {"A", "E"}
    """,
    mistakes=(
        'answer = {"A", "B", "E"}',
        'answer = {"A"}',
        'answer = {"A", "C", "E"}',
        'answer = {"A", "E", "F"}',
        'answer = {"A", "D", "E"}',
        'answer = "AE"',
    ),
    explanation="B is a mistake of the client, which should wait for its answers before it releases. C and D need a "
    "sequencer that r1 compares. Against F nothing helps but a server that demands a sequencer.",
)
def which_delay(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not answer <= set(WHAT):
        return f'a set of letters from "A" to "F" is asked for, but the answer is {answer!r}'
    for letter, why in WHAT.items():
        if (letter in answer) != (letter in ("A", "E")):
            return f"look at {letter} again: {why}"
    return None


Claims = tuple[frozenset[str], frozenset[str], frozenset[str]]
TAKEN: tuple[tuple[Claims, bool, str], ...] = (
    ((frozenset("ab"), frozenset("ab"), frozenset("ab")), True, "all have seen it"),
    ((frozenset("ab"), frozenset("a"), frozenset("ab")), False, "b lives, and may have a copy"),
    ((frozenset("ab"), frozenset("a"), frozenset("a")), True, "b has ended, so nobody waits for it"),
    ((frozenset("ab"), frozenset(), frozenset()), True, "both have ended"),
    ((frozenset(), frozenset(), frozenset()), True, "there was no session"),
    ((frozenset("abc"), frozenset("ac"), frozenset("bc")), False, "b lives, and has not seen it"),
    ((frozenset("ab"), frozenset("ab"), frozenset("a")), True, "b has seen it, and then ended"),
)


@page.exercise(
    "chubby-mend-takeover",
    hint="a session that has ended will never say anything again.",
    solution="""
        def answer(found, seen, alive):
            return found & alive <= seen
    """,
    mistakes=(
        """
        def answer(found, seen, alive):
            return seen == found
        """,
        """
        def answer(found, seen, alive):
            return True
        """,
        """
        def answer(found, seen, alive):
            return seen == alive
        """,
        """
        def answer(found, seen, alive):
            return bool(found & seen)
        """,
        "answer = True",
    ),
    explanation="The version in the exercise is LOCK-12: the master waits for the dead, and takes no call ever again. "
    "It breaks no law of safety. Only a law that looks at the end, *clients are served in the end*, sees it.",
)
def mend_takeover(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for (found, seen, alive), want, why in TAKEN:
        if bool(answer(set(found), set(seen), set(alive))) != want:
            sets = ", ".join(
                f"{name} = {sorted(one)}"
                for name, one in (("found", found), ("seen", seen), ("alive", alive))
            )
            return f"with {sets} calls are {'' if want else 'not '}taken: {why}"
    return None


Event = tuple[Any, ...]
SEEN: tuple[tuple[list[Event], bool, str], ...] = (
    ([("written", "bob", 1), ("begins", "ann"), ("reads", "ann", 1)], True, "she reads what is there"),
    (
        [("written", "bob", 2), ("begins", "ann"), ("reads", "ann", 1)],
        False,
        "2 was written before she began",
    ),
    ([("begins", "ann"), ("written", "bob", 2), ("reads", "ann", 1)], True, "the write ended while she read"),
    ([("begins", "ann"), ("reads", "ann", 2)], True, "a write may be seen before its writer has heard of it"),
    (
        [("begins", "cyd"), ("reads", "cyd", 2), ("begins", "ann"), ("reads", "ann", 1)],
        False,
        "cyd had read 2 before ann began",
    ),
    (
        [("begins", "ann"), ("begins", "cyd"), ("reads", "cyd", 2), ("reads", "ann", 1)],
        True,
        "cyd read 2 after ann had begun",
    ),
    (
        [("written", "bob", 3), ("begins", "ann"), ("written", "bob", 4), ("reads", "ann", 3)],
        True,
        "4 came after she had begun",
    ),
    (
        [("written", "bob", 3), ("written", "cyd", 2), ("begins", "ann"), ("reads", "ann", 2)],
        False,
        "3 was known, although 2 was told last",
    ),
    (
        [
            ("written", "bob", 3),
            ("begins", "ann"),
            ("reads", "ann", 3),
            ("begins", "ann"),
            ("reads", "ann", 2),
        ],
        False,
        "she has read 3 herself",
    ),
    ([], True, "nothing happened"),
)


@page.exercise(
    "chubby-state-cache",
    hint="remember the newest version that anybody has heard of, and what it was when each read began.",
    solution="""
        def answer(events):
            newest, begun = 0, {}
            for kind, who, *version in events:
                if kind == "begins":
                    begun[who] = newest
                    continue
                if kind == "reads" and version[0] < begun[who]:
                    return f"{who} reads {version[0]}, but {begun[who]} was known when the read began"
                newest = max(newest, version[0])
            return None
    """,
    mistakes=(
        """
        def answer(events):
            newest = 0
            for kind, who, *version in events:
                if kind == "reads" and version[0] < newest:
                    return f"{who} reads {version[0]}"
                if kind == "written":
                    newest = max(newest, version[0])
            return None
        """,
        """
        def answer(events):
            newest, begun = 0, {}
            for kind, who, *version in events:
                if kind == "begins":
                    begun[who] = newest
                elif kind == "reads" and version[0] < begun[who]:
                    return f"{who} reads {version[0]}"
                elif kind == "written":
                    newest = max(newest, version[0])
            return None
        """,
        """
        def answer(events):
            newest, begun = 0, {}
            for kind, who, *version in events:
                if kind == "begins":
                    begun[who] = newest
                elif kind == "reads" and version[0] != begun[who]:
                    return f"{who} reads {version[0]}"
                else:
                    newest = max(newest, version[0])
            return None
        """,
        """
        def answer(events):
            return False
        """,
    ),
    explanation="This is the law *cache consistency*, which LOCK-05 and LOCK-08 break. It looks at no cache: whether "
    "the answer came from a copy or from the master, a reader sees the difference only if it is too old.",
)
def state_cache(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for events, fine, why in SEEN:
        said = answer(list(events))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {events} it returned {said!r}"
        if (said is None) != fine:
            return f"{events} is {'fine' if fine else 'not fine'}: {why}"
    return None


FREE: dict[str, Any] = {"mode": None, "holders": set(), "generation": 0}
SHARED = {"mode": "shared", "holders": {"a"}, "generation": 4}
CASES: tuple[tuple[dict[str, Any], str, str, dict[str, Any] | None, str], ...] = (
    (FREE, "a", "exclusive", {"mode": "exclusive", "holders": {"a"}, "generation": 1}, "it was free"),
    (FREE, "a", "shared", {"mode": "shared", "holders": {"a"}, "generation": 1}, "it was free"),
    (
        {"mode": "exclusive", "holders": {"a"}, "generation": 1},
        "b",
        "exclusive",
        None,
        "a holds it alone",
    ),
    ({"mode": "exclusive", "holders": {"a"}, "generation": 1}, "b", "shared", None, "a holds it alone"),
    (SHARED, "b", "exclusive", None, "a holds it in shared mode"),
    (
        SHARED,
        "b",
        "shared",
        {"mode": "shared", "holders": {"a", "b"}, "generation": 4},
        "it did not pass from free to held, so the generation stays",
    ),
    (
        {"mode": None, "holders": set(), "generation": 4},
        "c",
        "shared",
        {"mode": "shared", "holders": {"c"}, "generation": 5},
        "it was free, and was held four times before",
    ),
    (SHARED, "a", "shared", None, "a holds it already"),
)


@page.exercise(
    "chubby-build-lock",
    hint="refuse who conflicts; else add the holder, and let the generation grow only if nobody held the lock.",
    solution="""
        def answer(lock, holder, mode):
            holders = lock["holders"]
            if holder in holders or holders and "exclusive" in (lock["mode"], mode):
                return None
            return {
                "mode": mode,
                "holders": holders | {holder},
                "generation": lock["generation"] + (not holders),
            }
    """,
    mistakes=(
        """
        def answer(lock, holder, mode):
            if lock["holders"]:
                return None
            return {"mode": mode, "holders": {holder}, "generation": lock["generation"] + 1}
        """,
        """
        def answer(lock, holder, mode):
            if lock["holders"] and "exclusive" in (lock["mode"], mode):
                return None
            return {"mode": mode, "holders": lock["holders"] | {holder}, "generation": lock["generation"] + 1}
        """,
        """
        def answer(lock, holder, mode):
            if lock["holders"] and lock["mode"] == "exclusive":
                return None
            return {"mode": mode, "holders": lock["holders"] | {holder}, "generation": 1}
        """,
        """
        def answer(lock, holder, mode):
            lock["holders"].add(holder)
            return lock
        """,
    ),
    explanation="That the generation of a shared lock stays while holders come and go is what the paper says: it is "
    "counted when the lock passes from free to held. LOCK-02 sets it to 1 each time, and no server can tell holders "
    "apart.",
)
def build_lock(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for lock, holder, mode, want, why in CASES:
        given = copy.deepcopy(lock)
        found = answer(given, holder, mode)
        if given != lock:
            return "the lock that it was given has changed"
        if found != want:
            return f"{holder} asks for {lock} in mode {mode!r}, which must give {want}, but it gave {found!r}: {why}"
    return None
