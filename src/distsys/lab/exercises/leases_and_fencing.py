"""The exercises of the page on leases and fencing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..checking import Page

page = Page("leases-and-fencing")


@page.exercise(
    "lease-drift",
    hint="solve l/T = (1 - d)/(1 + d) for d.",
    solution="""
        T, rely = 10_000, 10_000 - 100 - 2
        answer = int((T - rely) / (T + rely) * 1_000_000)
    """,
    mistakes=(
        "answer = 10_200",
        "answer = 5_100",
        "answer = 5_126.2",
        "answer = 5_127",
        "answer = 'one percent'",
    ),
    explanation="l/T = (1 - d)/(1 + d) gives d = (T - l)/(T + l) = 102/19,898, so 5,126 ppm: about half of what was "
    "taken off, because two clocks may be wrong, one in each direction.",
)
def drift(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"whole parts per million are asked for, but the answer is {answer!r}"
    if 9_898 * (1_000_000 + answer) > 10_000 * (1_000_000 - answer):
        return f"with {answer} ppm the client may rely on it for longer than the granter counts"
    if 9_898 * (1_000_001 + answer) <= 10_000 * (999_999 - answer):
        return "that is safe, but a little more is, too"
    return None


DANGEROUS = {"A", "D", "E"}
WHY = {
    "A": "then the lease ends for the granter before its time, and the next client gets it",
    "B": "then the granter waits longer, and the lease of the holder is over long before",
    "C": "then the holder stops too early; that costs time",
    "D": "then the holder believes that it has time which is over for the granter",
    "E": "for the lease that is a clock that was set back by the time of the sleep",
    "F": "then the granter counts too little, and waits longer than it must",
    "G": "the holder counts from its question, so it finds that the lease is over when it comes",
}


@page.exercise(
    "lease-clocks",
    hint="for each event: does the granter end the lease too early, or does the holder stop too late?",
    solution="""
        answer = {"A", "D", "E"}
    """,
    mistakes=(
        'answer = {"A", "D"}',
        'answer = {"A", "B", "D", "E"}',
        'answer = {"A", "D", "E", "G"}',
        'answer = {"A", "D", "E", "F"}',
        'answer = "ADE"',
    ),
    explanation="Dangerous is what makes the granter fast or the holder slow: A, D, and E, which is D by another "
    "cause. The opposite wastes time. A late answer wastes the lease, since the holder counts from the question.",
)
def clocks(answer: object) -> str | None:
    if not isinstance(answer, (set, frozenset)) or not all(letter in WHY for letter in answer):
        return f"a set of the letters A to G is asked for, but the answer is {answer!r}"
    for letter in sorted(set(answer) - DANGEROUS):
        return f"{letter} is harmless: {WHY[letter]}"
    missing = sorted(DANGEROUS - set(answer))
    if missing:
        return f"one that is missing begins like this: {WHY[missing[0]].split(',')[0]}"
    return None


def outlives(lease: int, renew: int, delay: int) -> int:
    """Return which cut a lease outlives for certain."""
    most = -(-(lease - 2 * delay) // renew) - 1
    return (most - 1) * renew - 2 * delay


@page.exercise(
    "lease-renew",
    hint="T + 4 δ = 10,000 ms gives T; then look for the largest K with (m - 1) K - 2 δ >= 5,000 by a loop.",
    solution="""
        T, delay = 10_000 - 4 * 5, 5

        def outlives(K):
            m = -(-(T - 2 * delay) // K) - 1
            return (m - 1) * K - 2 * delay

        answer = max(K for K in range(1, T) if outlives(K) >= 5_000)
    """,
    mistakes=("answer = 2_490", "answer = 4_990", "answer = 3_333", "answer = 5_000", "answer = 3_323.3"),
    explanation="3,323 ms: three renewals fit into the lease of 9,980 ms, and two may be spoiled. With 3,324 ms the "
    "third comes too late, and one spoiled renewal is all that is left.",
)
def renew(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int) or not 1 <= answer < 9_970:
        return f"a whole number of milliseconds within the lease is asked for, but the answer is {answer!r}"
    if outlives(9_980, answer, 5) < 5_000:
        return f"with K = {answer} ms a cut of {outlives(9_980, answer, 5)} ms is all that is outlived for certain"
    if any(outlives(9_980, longer, 5) >= 5_000 for longer in range(answer + 1, 9_970)):
        return "that is enough, but one may renew less often and still outlive 5 s"
    return None


@page.exercise(
    "lease-mend",
    hint="a holder sends more than one request under its token; and what may a refused request change?",
    solution="""
        def answer(newest, token):
            done = token >= newest
            return done, max(newest, token)
    """,
    mistakes=(
        "def answer(newest, token):\n    done = token > newest\n    return done, token",
        "def answer(newest, token):\n    done = token >= newest\n    return done, token",
        "def answer(newest, token):\n    done = token > newest\n    return done, max(newest, token)",
        "def answer(newest, token):\n    return token >= newest",
        "def answer(newest, token):\n    return True, max(newest, token)",
    ),
    explanation="With > a holder could send one request only. And a refused request must not lower newest, or the "
    "late holder is refused once and let in when it asks again.",
)
def mend(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    story = (
        (0, 1, True, 1),
        (1, 1, True, 1),
        (1, 3, True, 3),
        (3, 2, False, 3),
        (3, 3, True, 3),
        (3, 7, True, 7),
    )
    for newest, token, done, after in story:
        found: Any = answer(newest, token)
        if not isinstance(found, tuple) or len(found) != 2:
            return f"a pair (done, newest) is asked for, but the function returns {found!r}"
        if bool(found[0]) != done:
            said = "done" if done else "refused"
            return f"when newest is {newest}, a request with token {token} must be {said}"
        if found[1] != after:
            return f"when newest is {newest}, it must be {after} after a request with token {token}, not {found[1]!r}"
    return None


Requests = list[tuple[int, bool]]
HANDLED: tuple[tuple[Requests, bool, str], ...] = (
    ([], True, "nothing happened"),
    ([(1, True), (1, True), (4, True)], True, "each is at least as great as those before"),
    ([(1, True), (2, True), (1, False), (2, True)], True, "1 was refused after 2, and 2 goes on"),
    ([(2, True), (1, True)], False, "1 was done after 2"),
    ([(1, True), (1, False)], False, "the second was refused without need"),
    ([(3, False)], False, "nothing was done before, so it was refused without need"),
    ([(1, True), (5, False), (2, True)], False, "5 was refused without need"),
    ([(5, True), (7, False), (6, True)], False, "7 was refused without need"),
    ([(2, True), (1, False), (1, True)], False, "1 was done after 2, at the second try"),
    ([(1, True), (3, True), (2, False), (3, True), (4, True)], True, "2 was refused after 3"),
)


@page.exercise(
    "lease-law",
    hint="keep the greatest token of the requests that were done, and compare each request with it.",
    solution="""
        def answer(requests):
            newest = 0
            for token, done in requests:
                if done and token < newest:
                    return f"{token} is done after {newest}"
                if not done and token >= newest:
                    return f"{token} is refused, and no greater token was seen"
                if done:
                    newest = token
            return None
    """,
    mistakes=(
        """
        def answer(requests):
            done = [token for token, was_done in requests if was_done]
            return None if done == sorted(done) else "an older token after a newer one"
        """,
        """
        def answer(requests):
            newest = 0
            for token, done in requests:
                if done != (token >= newest):
                    return "wrong"
                newest = token
            return None
        """,
        """
        def answer(requests):
            newest = 0
            for token, done in requests:
                if done != (token > newest):
                    return "wrong"
                newest = max(newest, token)
            return None
        """,
        "def answer(requests):\n    return True",
    ),
    explanation="The first half is a law of safety, the second one of usefulness: a store that refuses all keeps the "
    "first. That refusals have a reason can be judged only because the resource itself decides.",
)
def law(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for requests, fine, why in HANDLED:
        said = answer(list(requests))
        if said is not None and not isinstance(said, str):
            return f"a law returns None or a sentence, but for {requests} it returned {said!r}"
        if (said is None) != fine:
            return f"the requests {requests} are {'fine' if fine else 'not fine'}: {why}"
    return None


class _Swapping:
    """A store without tokens. Before some swaps somebody else is faster, and writes under a token."""

    def __init__(self, newest: int, data: int, faster: tuple[tuple[int, int], ...]) -> None:
        self.version, self.content, self.faster = 1, (newest, data), list(faster)
        self.calls = 0

    def read(self) -> tuple[int, Any]:
        self._count()
        return self.version, self.content

    def swap(self, version: int, content: Any) -> bool:
        self._count()
        if self.faster:
            token, added = self.faster.pop(0)
            self.version, self.content = self.version + 1, (token, self.content[1] + added)
        if version != self.version:
            return False
        self.version, self.content = self.version + 1, content
        return True

    def _count(self) -> None:
        self.calls += 1
        if self.calls > 100:
            raise RuntimeError("a hundred calls, and no end")


def _written(answer: Callable[..., object], store: _Swapping, token: int) -> object:
    return answer(store.read, store.swap, token, lambda data: data + 1)


@page.exercise(
    "lease-build",
    hint="read; compare the tokens; swap; and if the swap fails, begin again with the reading.",
    solution="""
        def answer(read, swap, token, change):
            while True:
                version, (newest, data) = read()
                if token < newest:
                    return False
                if swap(version, (token, change(data))):
                    return True
    """,
    mistakes=(
        """
        def answer(read, swap, token, change):
            version, (newest, data) = read()
            return token >= newest and swap(version, (token, change(data)))
        """,
        """
        def answer(read, swap, token, change):
            version, (newest, data) = read()
            while not swap(version, (token, change(data))):
                version, (newest, data) = read()
            return True
        """,
        """
        def answer(read, swap, token, change):
            version, (newest, data) = read()
            if token < newest:
                return False
            while not swap(version, (token, change(data))):
                version, _ = read()
            return True
        """,
        """
        def answer(read, swap, token, change):
            version, (newest, data) = read()
            while token >= newest:
                if swap(version, (newest, change(data))):
                    return True
                version, (newest, data) = read()
            return False
        """,
    ),
    explanation="The swap makes check and effect one step: it succeeds only if nothing, and so no newer token, has "
    "come between. After a failed swap all is read again, the token too. A store with conditional writes can hold a "
    "fence that its makers never thought of.",
)
def build(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    stories: tuple[tuple[int, int, tuple[tuple[int, int], ...], bool, tuple[int, int], str], ...] = (
        (0, 10, (), True, (5, 11), "nobody is in the way"),
        (5, 10, (), True, (5, 11), "it is the second request under this token"),
        (6, 10, (), False, (6, 10), "a newer token is there"),
        (3, 10, ((5, 100),), True, (5, 111), "somebody with the same token was faster once, by 100"),
        (3, 10, ((9, 100),), False, (9, 110), "a newer one came between the reading and the swap"),
        (3, 10, ((4, 100), (5, 1_000)), True, (5, 1_111), "two others were faster, one after the other"),
    )
    for newest, data, faster, done, after, why in stories:
        store = _Swapping(newest, data, faster)
        found = _written(answer, store, 5)
        if found is not True and found is not False:
            return f"True or False is asked for, but the function returns {found!r}"
        if found is not done:
            return f"it returns {found}, but it must return {done}: {why}"
        if store.content != after:
            return f"the store holds {store.content}, but it must hold {after}: {why}"
    return None
