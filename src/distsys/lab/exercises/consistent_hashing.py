"""The exercises of the page on consistent hashing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from ...algorithms.jump import Jump
from ...algorithms.keyhash import key_hash
from ...algorithms.measures import ring_share_cv
from ...algorithms.modulo import Modulo
from ...algorithms.rendezvous import Rendezvous
from ...algorithms.ring import Ring
from ..checking import Page

page = Page("consistent-hashing")

KEYS = tuple(f"key:{number}" for number in range(2_000))
SERVERS = ("ann", "bob", "cid", "dee", "eve")


@page.exercise(
    "double-the-servers",
    hint="which remainders modulo 20 are also remainders modulo 10?",
    solution="""
        # h % 20 is h % 10 or h % 10 + 10, each half of the time; a key stays in the first case.
        answer = 1 / 2
    """,
    mistakes=("answer = 10 / 11", "answer = 19 / 20", "answer = 'half'"),
    explanation="Half of the keys move, and half must: the ten new servers end with half of all keys. "
    "When the number of servers is multiplied, modulo moves no more than it has to: from 10 to 30 it moves two thirds, "
    "and two thirds must move.",
)
def double_the_servers(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return f"a share is a number between 0 and 1, but the answer is {answer!r}"
    if abs(answer - 1 / 2) > 0.001:
        return "write down h % 10 and h % 20 for h = 3, 13, 23 and 33, and count where they agree"
    return None


def small_ring() -> Ring:
    """Return the ring of the reading exercise: three servers, one token each, places 0 to 255."""
    return Ring(["ann", "bob", "cid"], vnodes=1, bits=8)


@page.exercise(
    "read-the-ring",
    hint="an arc belongs to the token at its end, and after 255 comes 0.",
    solution="""
        # The tokens are (30, ann), (126, cid) and (133, bob).
        # 31 lies just after ann's token, so the next token clockwise is cid's; 133 is bob's own token;
        # 200 lies after the last token, so the walk goes on over 0 to the first one, ann's.
        answer = ("cid", "bob", "ann")
    """,
    mistakes=(
        'answer = ("ann", "bob", "ann")',
        'answer = ("cid", "ann", "ann")',
        'answer = ("cid", "bob", "bob")',
    ),
    explanation="An arc leaves its start out and holds its end, and the last arc closes the circle.",
)
def read_the_ring(answer: object) -> str | None:
    if not isinstance(answer, tuple) or len(answer) != 3:
        return f"three names are asked for, as a tuple, but the answer is {answer!r}"
    ring = small_ring()
    for place, given in zip((31, 133, 200), answer, strict=True):
        if given != ring.lookup_hash(place):
            return (
                f"{given!r} does not own the hash {place}: start there and walk clockwise to the first token"
            )
    return None


@page.exercise(
    "choose-vnodes",
    hint="set the formula equal to 0.05 and solve for v.",
    solution="""
        from distsys.algorithms.measures import ring_share_cv
        answer = next(v for v in range(1, 1000) if ring_share_cv(50, v) <= 0.05)  # 392
    """,
    mistakes=("answer = 391", "answer = 400", "answer = 20", "answer = 392.5"),
    explanation="49 / (50 v + 1) = 0.0025 gives v = 391.98. For any number of servers 400 tokens are enough, "
    "because the variation is below 1 / sqrt(v).",
)
def choose_vnodes(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int):
        return f"a number of tokens is a whole number, but the answer is {answer!r}"
    if answer < 1 or ring_share_cv(50, answer) > 0.05:
        return "with so few tokens the standard deviation is above 5 % of the mean"
    if ring_share_cv(50, answer - 1) <= 0.05:
        return "that is enough, but one token fewer would be enough as well: find the smallest number"
    return None


@page.exercise(
    "mend-the-ring",
    hint="try a hash after the last token, and one that is equal to a token.",
    solution="""
        from bisect import bisect_left

        def answer(tokens, hash):
            place = bisect_left([token for token, owner in tokens], hash)
            return tokens[place % len(tokens)][1]
    """,
    mistakes=(
        """
        from bisect import bisect_left

        def answer(tokens, hash):
            place = bisect_left([token for token, owner in tokens], hash)
            return tokens[min(place, len(tokens) - 1)][1]
        """,
        """
        from bisect import bisect_right

        def answer(tokens, hash):
            place = bisect_right([token for token, owner in tokens], hash)
            return tokens[place % len(tokens)][1]
        """,
    ),
    explanation="The remainder closes the circle, and bisect_left lets a token own its own place.",
)
def mend_the_ring(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be the function itself, not what it returns"
    for count in (1, 2, 5):
        tokens = sorted((key_hash(name), name) for name in SERVERS[:count])
        places = [token for token, _ in tokens]
        for hash in (*places, *(token + 1 for token in places), 0, 2**64 - 1, *map(key_hash, KEYS[:50])):
            want = tokens[bisect_left(places, hash) % count][1]
            got = answer(tokens, hash)
            if got != want:
                where = (
                    "on a token"
                    if hash in places
                    else "after the last token"
                    if hash > places[-1]
                    else "on an arc"
                )
                return f"with {count} tokens, a key {where} must belong to {want!r}, but it went to {got!r}"
    return None


def _bad_join(servers: tuple[str, ...]) -> tuple[Modulo, Modulo]:
    return Modulo(servers), Modulo(servers).join("new")


@page.exercise(
    "state-minimal-movement",
    hint="look at each key: either its owner is the same, or its new owner is the server that joined.",
    solution="""
        def answer(before, after, joined, keys):
            for key in keys:
                old, new = before.lookup(key), after.lookup(key)
                if new not in (old, joined):
                    return f"{key} moved from {old} to {new}, but {joined} joined"
            return None
    """,
    mistakes=(
        "answer = lambda before, after, joined, keys: None",
        "answer = lambda before, after, joined, keys: 'a key moved'",
        """
        def answer(before, after, joined, keys):
            moved = sum(before.lookup(key) != after.lookup(key) for key in keys)
            return "too many keys moved" if moved > len(keys) / 2 else None
        """,
    ),
    explanation="The law speaks about each key, not about a count, so it also catches the few keys in a thousand "
    "that Maglev moves between two old servers.",
)
def state_minimal_movement(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (before, after, joined, keys)"
    law: Callable[..., Any] = answer
    for kind in (Ring, Rendezvous, Jump):
        before = kind(SERVERS)
        if (said := law(before, before.join("new"), "new", KEYS[:300])) is not None:
            return f"the law must be silent for {kind.__name__}, which keeps it, but it said {said!r}"
    before_modulo, after_modulo = _bad_join(SERVERS)
    if law(before_modulo, after_modulo, "new", KEYS[:300]) is None:
        return "the law must object to Modulo, but it was silent"
    quiet = next(key for key in KEYS if after_modulo.lookup(key) not in (before_modulo.lookup(key), "new"))
    stays = [key for key in KEYS[:300] if after_modulo.lookup(key) == before_modulo.lookup(key)]
    if law(before_modulo, after_modulo, "new", [*stays, quiet]) is None:
        return "the law must object as soon as one single key moves between two old servers"
    return None


@page.exercise(
    "build-rendezvous",
    hint="max takes a key function: what does each server bid for this key?",
    solution="""
        from distsys.algorithms.keyhash import key_hash

        def answer(servers, key):
            return max(servers, key=lambda server: (key_hash(f"{server}|{key}"), server))
    """,
    mistakes=(
        """
        from distsys.algorithms.keyhash import key_hash

        def answer(servers, key):
            return sorted(servers)[key_hash(key) % len(servers)]
        """,
        "answer = lambda servers, key: max(servers)",
        "answer = lambda servers, key: servers[0]",
    ),
    explanation="The bids of the others do not change when a server comes or goes: that is the whole proof of "
    "minimal movement. The name behind the bid decides between equal bids, whatever the order of the list.",
)
def build_rendezvous(answer: object) -> str | None:
    if not callable(answer):
        return "answer must be a function of (servers, key)"
    place: Callable[[tuple[str, ...], str], str] = answer
    owners = {key: place(SERVERS, key) for key in KEYS}
    for key, owner in owners.items():
        if owner not in SERVERS:
            return f"the owner of {key!r} must be one of the servers, but it is {owner!r}"
        if place(tuple(reversed(SERVERS)), key) != owner:
            return f"the owner of {key!r} changes with the order in which the servers are listed"
        after = place((*SERVERS, "new"), key)
        if after not in (owner, "new"):
            return f"{key!r} moved from {owner!r} to {after!r} when 'new' joined"
    fullest = max(list(owners.values()).count(server) for server in SERVERS)
    if fullest > 1.2 * len(KEYS) / len(SERVERS):
        return f"one server owns {fullest} of {len(KEYS)} keys: that is not even"
    return None
