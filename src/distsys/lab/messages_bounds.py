"""How many faults can be borne: every fault pattern of small systems, tried.

>>> disagreements(3, 1, rounds=1)[0] > 0, disagreements(3, 1, rounds=2)[0]
(True, 0)
>>> smallest_overlap(5, 2), lies(3), lies(4)
(1, (4, 21), (0, 81))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations, product

# Failure models: what a process may do of what it should.

SENDS = 4
OUTCOMES = ("sent", "missing", "late", "other")


def behaviours(model: str, sends: int = SENDS) -> set[tuple[str, ...]]:
    """Return what a process that should send so many messages may do: for each "sent", "missing", "late" or "other".

    >>> [len(behaviours(model)) for model in MODELS]
    [1, 5, 11, 16, 81, 256]
    """
    fine = ("sent",) * sends
    if model == "correct":
        return {fine}
    if model == "crash-stop":
        return {("sent",) * count + ("missing",) * (sends - count) for count in range(sends + 1)}
    if model == "crash-recovery":  # once down, for a while; what it should have sent meanwhile is missing
        return {fine} | {
            tuple("missing" if first <= place < after else "sent" for place in range(sends))
            for first in range(sends)
            for after in range(first + 1, sends + 1)
        }
    may = {"omission": OUTCOMES[:2], "timing": OUTCOMES[:3], "Byzantine": OUTCOMES}[model]
    return set(product(may, repeat=sends))


MODELS = ("correct", "crash-stop", "crash-recovery", "omission", "timing", "Byzantine")

# Crashes and rounds.

Crashes = dict[
    int, tuple[int, frozenset[int]]
]  # who -> in which round, and whom it still reaches in that round


def crash_patterns(n: int, f: int, rounds: int) -> Iterator[Crashes]:
    """Yield every way in which at most f of n processes crash in one of so many rounds."""
    for count in range(f + 1):
        for who in combinations(range(n), count):
            ways = [
                [
                    (number, frozenset(reached))
                    for number in range(1, rounds + 1)
                    for reached in subsets([other for other in range(n) if other != one])
                ]
                for one in who
            ]
            for chosen in product(*ways):
                yield dict(zip(who, chosen, strict=True))


def subsets(members: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield all subsets of the members."""
    return chain.from_iterable(combinations(members, size) for size in range(len(members) + 1))


def flood(values: Sequence[int], crashes: Crashes, rounds: int) -> dict[int, int]:
    """Return what each process that does not crash decides, if all send all they know in each round.

    Inputs are 0 and 1, and they decide on the smallest.

    >>> flood((0, 1, 1), {0: (1, frozenset({1}))}, rounds=1)
    {1: 0, 2: 1}
    """
    everybody = set(range(len(values)))
    knowing = {one for one in everybody if values[one] == 0}  # the smallest input: who has heard of a 0?
    for number in range(1, rounds + 1):
        told: set[int] = set()
        for sender in knowing:
            when, reached = crashes.get(sender, (rounds + 1, frozenset()))
            if number <= when:
                told |= everybody if number < when else reached
        knowing |= told
    return {one: 0 if one in knowing else 1 for one in everybody if one not in crashes}


def disagreements(n: int, f: int, rounds: int) -> tuple[int, int]:
    """Return in how many of how many runs of flooding two processes that do not crash decide differently.

    All inputs of 0 and 1, and all patterns of at most f crashes, are tried.
    """
    bad = total = 0
    for crashes in crash_patterns(n, f, rounds):
        for values in product((0, 1), repeat=n):
            bad += len(set(flood(values, crashes, rounds).values())) > 1
            total += 1
    return bad, total


# Quorums.


def smallest_overlap(n: int, f: int) -> int:
    """Return how many members two groups of n - f out of n have in common, at least; all pairs are tried."""
    groups = [frozenset(group) for group in combinations(range(n), n - f)]
    return min(len(one & other) for one in groups for other in groups)


def processes_needed(f: int, common: int) -> int:
    """Return the smallest n with which any two groups of n - f have so many members in common.

    >>> [processes_needed(f, 1) for f in (1, 2, 3)], [processes_needed(f, f + 1) for f in (1, 2)]
    ([3, 5, 7], [4, 7])
    """
    return next(n for n in range(f + 1, 4 * f + 2) if smallest_overlap(n, f) >= common)


# Generals.

ATTACK, RETREAT, SILENT = "attack", "retreat", None
Word = str | None
ORDERS = (ATTACK, RETREAT)
HEARD: tuple[Word, ...] = (ATTACK, RETREAT, SILENT)


def majority(words: Sequence[Word]) -> str:
    """Return what more than half of the words say, else to retreat; a word that did not come says nothing."""
    return ATTACK if 2 * words.count(ATTACK) > len(words) else RETREAT


def lies(n: int, rule: Callable[[Sequence[Word]], str] = majority) -> tuple[int, int]:
    """Return how many of all lies of one traitor among n generals succeed, and how many there are.

    One round of orders, one in which the lieutenants tell each other what they heard, and then the rule: OM(1) of
    Lamport, Shostak and Pease 1982. A lie succeeds if two loyal lieutenants decide differently, or if a loyal chief is
    not obeyed. A traitor may also be silent.
    """
    lieutenants = range(1, n)
    bad = total = 0
    for told in product(HEARD, repeat=n - 1):  # the chief is the traitor
        decided = {
            rule([told[one - 1], *(told[other - 1] for other in lieutenants if other != one)])
            for one in lieutenants
        }
        bad, total = bad + (len(decided) > 1), total + 1
    for order in ORDERS:
        for traitor in lieutenants:
            loyal = [one for one in lieutenants if one != traitor]
            for said in product(HEARD, repeat=n - 2):
                decided = {rule([order] * (n - 2) + [word]) for word in said}
                assert len(said) == len(loyal)
                bad, total = bad + (decided != {order}), total + 1
    return bad, total


def rules_that_survive() -> tuple[int, int]:
    """Return how many of all pairs of rules for two lieutenants bear every lie of one traitor, and how many there are.

    A rule says what to do for each pair (what the chief told me, what the other says he was told). Loyal generals say
    what is so. There are 16 rules for each lieutenant.
    """
    seen = tuple(product(ORDERS, repeat=2))
    rules = [dict(zip(seen, does, strict=True)) for does in product(ORDERS, repeat=len(seen))]
    survive = 0
    for ann, bob in product(rules, repeat=2):
        obey = all(rule[order, word] == order for rule in (ann, bob) for order in ORDERS for word in ORDERS)
        agree = all(ann[one, other] == bob[other, one] for one in ORDERS for other in ORDERS)
        survive += obey and agree
    return survive, len(rules) ** 2


def signed_lies(n: int, *, forge: bool = False) -> tuple[int, int]:
    """Return how many of all lies of one traitor among n generals succeed if orders are signed, and how many there are.

    SM(1) of Lamport, Shostak and Pease 1982: a lieutenant passes on each order that the chief has signed, and obeys if
    he knows of one only, else he retreats. A traitor can keep silent, and a chief can sign two orders. Nobody can
    forge the chief's hand, unless `forge` says so.

    >>> signed_lies(3)[0], signed_lies(3, forge=True)[0] > 0
    (0, True)
    """
    bad = total = 0
    signed = [frozenset(orders) for orders in ((), (ATTACK,), (RETREAT,), ORDERS)]
    for told in product(signed, repeat=n - 1):  # the chief is the traitor
        decided = {obeyed([own, *told[:one], *told[one + 1 :]]) for one, own in enumerate(told)}
        bad, total = bad + (len(decided) > 1), total + 1
    for order in ORDERS:
        own = frozenset({order})
        may_say = signed if forge else [frozenset[str](), own]
        for _ in range(n - 1):  # this lieutenant is the traitor, and says something to each of the others
            for said in product(may_say, repeat=n - 2):
                decided = {obeyed([own, word]) for word in said}
                bad, total = bad + (decided != {order}), total + 1
    return bad, total


def obeyed(known: Sequence[frozenset[str]]) -> str:
    """Return what a lieutenant does who has seen these signed orders: his own, and those that others passed on.

    >>> obeyed([frozenset({ATTACK}), frozenset()]), obeyed([frozenset({ATTACK}), frozenset({RETREAT})])
    ('attack', 'retreat')
    """
    orders = frozenset[str]().union(*known)
    return ATTACK if orders == {ATTACK} else RETREAT
