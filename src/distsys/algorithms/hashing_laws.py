"""The laws of consistent hashing: each a pure function that returns None, or one sentence of evidence.

    totality                   every hash has an owner, and the owner is a member
    clockwise_successor        the owner of a hash is the owner of the next token, round the ring
    minimal_movement           a join moves keys to the joiner only, a leave moves the leaver's keys only
    members_decide             placement is a function of the member set, not of who joined when
    same_everywhere            every process gives the answers that were recorded by another one
    distinct_replicas          a replica set holds R distinct members, the owner first
    router_and_migrator_agree  the plan of a hand-over moves exactly the hashes whose owner changes
    batch_agrees               one key, a list of keys and an array of hashes get the same answers
    within_bounds              no node holds more than its capacity, and the book is what the definition says

`verdicts` runs the first eight over a ring class on one small stage, chosen so that nothing rare has to
happen by luck: 64 places only (tokens collide), every token and its two neighbours among the hashes, and a
join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .arrays import numpy
from .bounded import BoundedLoads, assign
from .handover import Handover
from .keyhash import Key, key_hashes
from .placement import Placement
from .rendezvous import Rendezvous
from .ring import Ring

Build = Callable[[Sequence[str]], Placement]


def telling_hashes(*rings: Ring) -> list[int]:
    """Return the hashes where an error of one shows: both ends, each token and its neighbours."""
    space = 1 << rings[0].bits
    tokens = {token for ring in rings for token, _ in ring.tokens}
    return sorted({0, space - 1} | {(token + step) % space for token in tokens for step in (-1, 0, 1)})


def totality(placement: Placement, hashes: Iterable[int]) -> str | None:
    """Every hash has an owner, and the owner is a member."""
    for hash in hashes:
        try:
            owner = placement.lookup_hash(hash)
        except Exception as error:
            return f"the lookup of hash {hash} failed with {type(error).__name__}: {error}"
        if owner not in placement.members:
            return f"hash {hash} belongs to {owner!r}, who is no member"
    return None


def clockwise_successor(ring: Ring, hashes: Iterable[int]) -> str | None:
    """The owner of a hash is the owner of the next token at or after it, round the ring."""
    space = 1 << ring.bits
    for hash in hashes:
        token, owner = min(ring.tokens, key=lambda pair: (pair[0] - hash) % space)
        answer = ring.lookup_hash(hash)
        if answer != owner:
            return f"hash {hash} belongs to {answer!r}, but the next token, {token}, is that of {owner!r}"
    return None


def minimal_movement(before: Placement, after: Placement, keys: Iterable[Key]) -> str | None:
    """A key that changes owner goes to a member that has joined, or comes from one that has left."""
    for key in keys:
        source, target = before.lookup(key), after.lookup(key)
        if source != target and source in after and target not in before:
            continue
        if source != target and source in after:
            return f"key {key!r} moved from {source!r} to {target!r}, and both were there before and after"
    return None


def members_decide(build: Build, names: Sequence[str], keys: Sequence[Key]) -> str | None:
    """The same members give the same placement, in whatever order they came, and whoever came and went."""
    expected = build(sorted(names)).lookup_many(keys)
    grown = build(names[-1:])
    for name in names[:-1]:
        grown = grown.join(name)
    histories = {
        "in reverse order": build(sorted(names, reverse=True)),
        "in another order": build([*names[len(names) // 2 :], *names[: len(names) // 2]]),
        "one by one": grown,
        "after a guest came and left": build(names).join("a guest").leave("a guest"),
        "after the first left and came back": build(names).leave(names[0]).join(names[0]),
    }
    for history, placement in histories.items():
        for key, owner, answer in zip(keys, expected, placement.lookup_many(keys), strict=True):
            if owner != answer:
                return (
                    f"key {key!r} belongs to {owner!r} when the members come in order, "
                    f"and to {answer!r} when they come {history}"
                )
    return None


def same_everywhere(placement: Placement, record: Mapping[Key, str]) -> str | None:
    """The answers are those that another process recorded for the same members."""
    for key, owner in record.items():
        answer = placement.lookup(key)
        if answer != owner:
            return f"key {key!r} belongs to {answer!r} here, and to {owner!r} in the process of the record"
    return None


def next_members(ring: Ring, hash: int, count: int) -> tuple[str, ...]:
    """Return the first `count` distinct owners clockwise from `hash`, found by sorting all tokens by distance."""
    space = 1 << ring.bits
    clockwise = sorted(ring.tokens, key=lambda pair: (pair[0] - hash) % space)
    return tuple(dict.fromkeys(owner for _, owner in clockwise))[:count]


def distinct_replicas(placement: Ring | Rendezvous, keys: Iterable[Key], count: int) -> str | None:
    """A replica set has `count` distinct members, and begins with the owner."""
    for key in keys:
        replicas = placement.replicas(key, count)
        if len(replicas) != count or len(set(replicas)) != count:
            distinct = len(set(replicas))
            return f"the {count} replicas of key {key!r} are {list(replicas)}: {distinct} distinct members"
        owner = placement.lookup(key)
        if replicas[0] != owner:
            return f"the replicas of key {key!r} begin with {replicas[0]!r}, but its owner is {owner!r}"
        if isinstance(placement, Ring) and tuple(replicas) != next_members(
            placement, placement.hash(key), count
        ):
            return (
                f"the replicas of key {key!r} are {list(replicas)}, which are not the next members clockwise"
            )
    return None


def router_and_migrator_agree(plan: Handover, hashes: Iterable[int]) -> str | None:
    """The plan moves a hash exactly when its owner changes, from the old owner to the new one."""
    for hash in hashes:
        source, target = plan.before.lookup_hash(hash), plan.after.lookup_hash(hash)
        move = plan.move_at(hash)
        planned = (move.source, move.target) if move else (source, source)
        if planned != (source, target):
            did = f"moves it from {move.source!r} to {move.target!r}" if move else "leaves it where it is"
            return (
                f"for hash {hash} the routers say {source!r} before and {target!r} after; the migrator {did}"
            )
    return None


def batch_agrees(placement: Placement, keys: Sequence[Key]) -> str | None:
    """One by one, as a list of keys, as a list of hashes and as an array: the same owners."""
    single = [placement.lookup(key) for key in keys]
    hashes = key_hashes(keys, placement.hash)
    batches = {"list of keys": placement.lookup_many(keys), "list of hashes": placement.lookup_hashes(hashes)}
    np = numpy()
    if np is not None:
        batches["array of hashes"] = placement.lookup_hashes(np.array(hashes, dtype=np.uint64))
    for form, owners in batches.items():
        for key, one, many in zip(keys, single, owners, strict=True):
            if one != many:
                return f"key {key!r} belongs to {one!r} when it is asked alone, and to {many!r} in a {form}"
    return None


def within_bounds(book: BoundedLoads, keys: Mapping[str, Key]) -> str | None:
    """No member holds more than its capacity, and each ball lies where the definition puts it."""
    for name, load in book.loads().items():
        if load > book.capacity[name]:
            return f"{name!r} holds {load} balls, and may hold {book.capacity[name]}"
    for ball, owner in assign(book.ring, keys, book.factor).items():
        if book.owner(ball) != owner:
            return f"ball {ball!r} lies at {book.owner(ball)!r}, but by its rank it belongs to {owner!r}"
    return None


STAGE_NAMES = ("d", "b", "e", "a", "c")
STAGE_KEYS = tuple(f"key:{number}" for number in range(200))
# The owners of 16 keys on Ring(STAGE_NAMES, vnodes=8), recorded by another process.
STAGE_RECORD: Mapping[Key, str] = {f"key:{number}": owner for number, owner in enumerate("bcaadaabcaabadae")}


def verdicts(ring: type[Ring] = Ring, handover: type[Handover] = Handover) -> dict[str, str | None]:
    """Return law name -> None or the evidence, for a ring class and a hand-over class on the small stage.

    >>> set(verdicts().values())
    {None}
    """
    wide, tight = ring(STAGE_NAMES, vnodes=8), ring(STAGE_NAMES, vnodes=8, bits=6)
    bigger = tight.join("f")
    hashes = telling_hashes(tight, bigger)

    def build(names: Sequence[str]) -> Ring:
        return ring(names, vnodes=8, bits=6)

    checks: dict[str, Callable[[], str | None]] = {
        "totality": lambda: totality(tight, hashes),
        "clockwise_successor": lambda: clockwise_successor(tight, hashes),
        "minimal_movement": lambda: (
            minimal_movement(wide, wide.join("f"), STAGE_KEYS)
            or minimal_movement(wide, wide.leave("c"), STAGE_KEYS)
        ),
        "members_decide": lambda: members_decide(build, STAGE_NAMES, STAGE_KEYS),
        "same_everywhere": lambda: same_everywhere(wide, STAGE_RECORD),
        "distinct_replicas": lambda: distinct_replicas(wide, STAGE_KEYS, 3),
        "router_and_migrator_agree": lambda: router_and_migrator_agree(handover(tight, bigger), hashes),
        "batch_agrees": lambda: batch_agrees(wide, STAGE_KEYS),
    }
    return {name: _evidence(check) for name, check in checks.items()}


def _evidence(check: Callable[[], str | None]) -> str | None:
    """Return what the check says; a broken ring may also fail on the way, and that is evidence too."""
    try:
        return check()
    except Exception as error:
        return f"the check could not finish: {type(error).__name__}: {error}"
