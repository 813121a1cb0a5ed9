"""A small multi-version store, and two transactions in every interleaving: which anomaly shows at which level.

A transaction is a list of steps: `read(key)`, `scan(prefix)`, `write(key, what)` and, if it wants to fail, `abort()`;
what it writes may depend on what it has read. The last step is the commit. The levels are

* "read uncommitted": a read sees the newest write, also of a transaction that has not committed;
* "read committed": a read sees the newest committed version, or the transaction's own write;
* "snapshot": all reads see what was committed when the transaction began; it must abort if somebody has committed a
  write to a key that it writes, since then (the first committer wins);
* "serializable": as snapshot, and it must abort also if something that it read, or scanned, has changed since then.
  One that writes nothing need not: all it saw was true when it began.

Berenson et al. 1995 name the anomalies. Real databases use locks as well, and call their levels as they like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from math import comb
from typing import Any

from distsys.core.errors import ArgumentError, UnknownNameError, shown

LEVELS = ("read uncommitted", "read committed", "snapshot", "serializable")
Seen = dict[str, list[Any]]  # what a transaction has read, for each key or prefix, in order
What = Callable[[Seen], Any]
SKIP = object()  # what a `write` computes where it leaves the key alone


@dataclass(frozen=True)
class Step:
    """One step of a transaction."""

    kind: str
    key: str = ""
    what: What | None = None


def read(key: str) -> Step:
    """Return the step that reads a key."""
    return Step("read", key)


def scan(prefix: str) -> Step:
    """Return the step that reads which keys begin like this."""
    return Step("scan", prefix)


def write(key: str, what: Any) -> Step:
    """Return the step that writes a value, or what a function makes of all that was read."""
    return Step("write", key, what if callable(what) else lambda seen: what)


def abort() -> Step:
    """Return the step that gives up."""
    return Step("abort")


COMMIT = Step("commit")
Transaction = tuple[Step, ...]


@dataclass
class _Running:
    """A transaction that is under way."""

    begun: int
    seen: Seen = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # what it read
    prefixes: list[str] = field(default_factory=list)  # what it scanned
    wrote: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of an interleaving.

    seen       what each transaction read
    committed  which transactions, in the order of their commits
    final      what is there in the end
    spans      for each transaction the numbers of its first and last step
    """

    seen: tuple[Seen, ...]
    committed: tuple[int, ...]
    final: Mapping[str, Any]
    spans: tuple[tuple[int, int], ...]


class Store:
    """All versions of all keys, each with the number of the commit that made it.

    lag  how many commits the snapshots are behind, as on a copy that is a little late
    """

    def __init__(self, level: str, first: Mapping[str, Any], lag: int = 0) -> None:
        if level not in LEVELS:
            raise UnknownNameError(f"level must be one of {', '.join(LEVELS)}, but it is {shown(level)}")
        self.level, self.lag = level, lag
        self.versions: dict[str, list[tuple[int, Any]]] = {key: [(0, value)] for key, value in first.items()}
        self.commits = 0
        self.running: dict[int, _Running] = {}
        self.committed: list[int] = []
        self.dirty: list[tuple[int, str]] = []  # who wrote which key without having committed, in order

    def at(self, number: int, key: str) -> Any:
        """Return the value of a key after so many commits; None where there was none."""
        return next((value for made, value in reversed(self.versions.get(key, ())) if made <= number), None)

    def changed(self, key: str, since: int) -> bool:
        """Return whether a key has a version that is newer than that commit."""
        return any(made > since for made, _ in self.versions.get(key, ()))

    def begin(self, who: int) -> _Running:
        """Return the transaction, which begins with its first step."""
        return self.running.setdefault(who, _Running(max(0, self.commits - self.lag)))

    def look(self, who: int, key: str) -> Any:
        """Return what a transaction sees of a key, by the level."""
        mine = self.begin(who)
        if key in mine.wrote:
            return mine.wrote[key]
        if self.level == LEVELS[0]:
            for other, written in reversed(self.dirty):
                if written == key and other in self.running:
                    return self.running[other].wrote[key]
        fixed = self.level in LEVELS[2:]
        return self.at(mine.begun if fixed else self.commits, key)

    def keys(self, who: int, prefix: str) -> tuple[str, ...]:
        """Return which keys a transaction sees that begin like this."""
        names = {*self.versions, *(key for one in self.running.values() for key in one.wrote)}
        return tuple(
            sorted(key for key in names if key.startswith(prefix) and self.look(who, key) is not None)
        )

    def do(self, who: int, step: Step) -> bool:
        """Do a step; return False if the transaction is over without having committed."""
        mine = self.begin(who)
        match step.kind:
            case "read":
                mine.keys.append(step.key)
                mine.seen.setdefault(step.key, []).append(self.look(who, step.key))
            case "scan":
                mine.prefixes.append(step.key)
                mine.seen.setdefault(step.key, []).append(self.keys(who, step.key))
            case "write":
                assert step.what is not None, "a write has something to write"
                if (value := step.what(mine.seen)) is not SKIP:
                    mine.wrote[step.key] = value
                    self.dirty.append((who, step.key))
            case "commit" if self.may_commit(mine):
                self.commit(who, mine)
            case _:
                del self.running[who]
                return False
        return True

    def may_commit(self, mine: _Running) -> bool:
        """Return whether a transaction may commit, by the level."""
        if self.level not in LEVELS[2:] or not mine.wrote:
            return True
        looked = list(mine.wrote)
        if self.level == LEVELS[3]:
            looked += mine.keys
            looked += [key for prefix in mine.prefixes for key in self.versions if key.startswith(prefix)]
        return not any(self.changed(key, mine.begun) for key in looked)

    def commit(self, who: int, mine: _Running) -> None:
        """Make its writes versions."""
        self.commits += 1
        for key, value in mine.wrote.items():
            self.versions.setdefault(key, []).append((self.commits, value))
        self.committed.append(who)
        del self.running[who]


def run(
    level: str,
    first: Mapping[str, Any],
    transactions: Sequence[Transaction],
    schedule: Sequence[int],
    lag: int = 0,
) -> Outcome:
    """Return what comes of transactions whose steps are done in the order of `schedule`, each with a commit at its end.

    >>> outcome = run("snapshot", {"x": 0}, [(read("x"),), (write("x", 1),)], (0, 1, 1, 0))
    >>> outcome.seen[0], outcome.committed, outcome.final
    ({'x': [0]}, (1, 0), {'x': 1})
    """
    store, places = Store(level, first, lag), [0] * len(transactions)
    lasting: list[Seen] = [{} for _ in transactions]
    over: set[int] = set()
    spans: list[list[int]] = [[] for _ in transactions]
    for number, who in enumerate(schedule):
        if not 0 <= who < len(transactions):
            raise ArgumentError(f"schedule must hold numbers of transactions, but it holds {shown(who)}")
        steps = (*transactions[who], COMMIT)
        if who in over or places[who] == len(steps):
            continue
        lasting[who] = store.begin(who).seen
        if not store.do(who, steps[places[who]]):
            over.add(who)
        places[who] += 1
        spans[who].append(number)
    final = {key: store.at(store.commits, key) for key in store.versions}
    bounds = tuple((span[0], span[-1]) for span in spans)
    return Outcome(tuple(lasting), tuple(store.committed), final, bounds)


def interleavings(*lengths: int) -> Iterator[tuple[int, ...]]:
    """Yield every order of the steps of two transactions of these lengths, commits included.

    >>> list(interleavings(1, 2))
    [(0, 1, 1), (1, 0, 1), (1, 1, 0)]
    """
    one, two = lengths
    for places in combinations(range(one + two), one):
        yield tuple(0 if place in places else 1 for place in range(one + two))


def serial_orders(
    outcome: Outcome, first: Mapping[str, Any], transactions: Sequence[Transaction], strict: bool = False
) -> list[tuple[int, ...]]:
    """Return the orders in which the committed transactions, one after the other, would have done and seen the same.

    strict  only orders in which a transaction that had ended before another began also comes before it
    """
    found = []
    for order in permutations(sorted(outcome.committed)):
        alone = _some(order, first, transactions)
        same = all(alone.seen[who] == outcome.seen[who] for who in order)
        late = any(outcome.spans[two][1] < outcome.spans[one][0] for one, two in combinations(order, 2))
        if same and dict(alone.final) == dict(outcome.final) and not (strict and late):
            found.append(order)
    return found


def _some(order: Sequence[int], first: Mapping[str, Any], transactions: Sequence[Transaction]) -> Outcome:
    """Return what these of the transactions do, one after the other."""
    store, seen = Store(LEVELS[3], first), [Seen() for _ in transactions]
    for who in order:
        for step in (*transactions[who], COMMIT):
            seen[who] = store.begin(who).seen
            store.do(who, step)
    final = {key: store.at(store.commits, key) for key in store.versions}
    return Outcome(tuple(seen), tuple(order), final, ((0, 0),) * len(transactions))


# The anomalies: two transactions each, and how to tell that it has happened.


@dataclass(frozen=True)
class Anomaly:
    """Two transactions, where they begin, and whether an outcome shows what should not be."""

    first: Mapping[str, Any]
    transactions: tuple[Transaction, Transaction]
    shows: Callable[[Outcome], bool]


def _one_more(seen: Seen) -> Any:
    return seen["x"][-1] + 1


def _leave(seen: Seen) -> Any:
    """A doctor signs off if both are there."""
    return "off" if seen["ann"] == seen["bob"] == ["on"] else SKIP


ANOMALIES: dict[str, Anomaly] = {
    "dirty read": Anomaly(
        {"x": 0},
        ((write("x", 1), abort()), (read("x"),)),
        lambda outcome: outcome.seen[1]["x"] == [1],
    ),
    "non-repeatable read": Anomaly(
        {"x": 0},
        ((write("x", 1),), (read("x"), read("x"))),
        lambda outcome: 1 in outcome.committed and len(set(outcome.seen[1]["x"])) == 2,
    ),
    "phantom": Anomaly(
        {"job1": "open"},
        ((write("job2", "open"),), (scan("job"), scan("job"))),
        lambda outcome: 1 in outcome.committed and len(set(outcome.seen[1]["job"])) == 2,
    ),
    "lost update": Anomaly(
        {"x": 0},
        ((read("x"), write("x", _one_more)), (read("x"), write("x", _one_more))),
        lambda outcome: len(outcome.committed) == 2 and outcome.final["x"] == 1,
    ),
    "write skew": Anomaly(
        {"ann": "on", "bob": "on"},
        (
            (read("ann"), read("bob"), write("ann", _leave)),
            (read("ann"), read("bob"), write("bob", _leave)),
        ),
        lambda outcome: dict(outcome.final) == {"ann": "off", "bob": "off"},
    ),
}


@dataclass(frozen=True)
class Counted:
    """All interleavings of an anomaly's two transactions at a level, counted.

    total    how many there are
    shows    in how many the anomaly shows
    unserial in how many no serial order explains the outcome
    aborted  in how many the store makes a transaction abort
    """

    total: int
    shows: int
    unserial: int
    aborted: int


def counted(name: str, level: str) -> Counted:
    """Return what all interleavings of the two transactions of an anomaly do at a level.

    >>> counted("lost update", "read committed")
    Counted(total=20, shows=18, unserial=18, aborted=0)
    """
    if name not in ANOMALIES:
        raise UnknownNameError(f"name must be one of {', '.join(ANOMALIES)}, but it is {shown(name)}")
    one = ANOMALIES[name]
    lengths = [len(steps) + 1 for steps in one.transactions]
    outcomes = [run(level, one.first, one.transactions, schedule) for schedule in interleavings(*lengths)]
    assert len(outcomes) == comb(sum(lengths), lengths[0]), "every interleaving is run"
    wanted = sum(abort() not in steps for steps in one.transactions)
    return Counted(
        len(outcomes),
        sum(map(one.shows, outcomes)),
        sum(not serial_orders(outcome, one.first, one.transactions) for outcome in outcomes),
        sum(len(outcome.committed) < wanted for outcome in outcomes),
    )
