"""Causal consistency and session guarantees from their definitions, by trying everything; and histories for them.

Nothing is clever here. Causal orders are all partial orders that hold the order of the processes, arbitrations are all
total orders, what a server holds are all sets of writes, and every subset of the crashed writes may have happened.
"""

import itertools
import random
from functools import cache

from distsys.checkers import History
from distsys.core.operations import Operation


def memory_history(
    dice: random.Random,
    *,
    calls_max: int = 5,
    processes: int = 3,
    keys: str = "xxy",
    wild: float | None = None,
) -> History:
    """Return a random history of reads and writes of two keys; each value is written once for a key.

    Each process has a replica. Writes reach the others late, in any order, or a read returns anything
    that is ever written to its key.
    """
    wild = dice.choice((0.2, 0.6, 1.0)) if wild is None else wild
    replicas = [{} for _ in range(processes)]
    under_way: list = []
    names = [f"c{number}" for number in range(processes)]
    events: list[Operation] = []
    plan = [
        (dice.randrange(processes), dice.choice(("put", "get")), dice.choice(keys), value)
        for value in range(1, calls_max + 1)
    ]
    for who, f, key, value in plan:
        for message in under_way[:]:
            if dice.random() < 0.5:
                under_way.remove(message)
                replicas[message[0]][message[1]] = message[2]
        if f == "put":
            replicas[who][key] = value
            under_way += [(other, key, value) for other in range(processes) if other != who]
            crashed = dice.random() < 0.15
            events.append(Operation(names[who], "invoke", "put", key, value))
            events.append(Operation(names[who], "info" if crashed else "ok", "put", key))
            if crashed:
                names[who] += "'"
        else:
            seen = replicas[who].get(key)
            if dice.random() < wild:
                seen = dice.choice([None, *(v for _, g, k, v in plan if (g, k) == ("put", key))])
            events.append(Operation(names[who], "invoke", "get", key))
            events.append(Operation(names[who], "ok", "get", key, seen))
    return History(events)


def worlds(history):
    """Yield the lanes of calls, for every subset of the crashed writes."""
    crashed = [call for call in history.calls if call.type == "info" and call.f == "put"]
    for count in range(len(crashed) + 1):
        for happened in itertools.combinations(crashed, count):
            calls = [call for call in history.calls if call.type == "ok" or call in happened]
            names = list(dict.fromkeys(call.process for call in calls))
            yield [[call for call in calls if call.process == name] for name in names]


@cache
def partial_orders(lengths):
    """Return every partial order that holds chains of these lengths, as sets of pairs."""
    chains, first = set(), 0
    for length in lengths:
        chains |= {(a, b) for a in range(first, first + length) for b in range(a + 1, first + length)}
        first += length
    found = {frozenset(chains)}
    queue = list(found)
    while queue:
        order = queue.pop()
        for a, b in itertools.permutations(range(first), 2):
            if (a, b) in order or (b, a) in order:
                continue
            below = {a} | {x for x, y in order if y == a}
            above = {b} | {y for x, y in order if x == b}
            larger = order | {(x, y) for x in below for y in above}
            if larger not in found:
                found.add(larger)
                queue.append(larger)
    return sorted(found, key=lambda order: sorted(order))


@cache
def extensions(order, items):
    """Return every way to put `items` in a row that keeps `order`."""
    return [
        row
        for row in itertools.permutations(sorted(items))
        if all((b, a) not in order for a, b in itertools.combinations(row, 2))
    ]


def right(calls, row, read):
    """Return whether `read` returns the last write to its key in `row`."""
    value = None
    for index in row:
        if calls[index].f == "put" and calls[index].key == calls[read].key:
            value = calls[index].asked
    return calls[read].answer == value


def is_causal(history, definition):
    """Return whether a history is CC, CCv or CM, from the definitions of Bouajjani et al. 2017."""
    return any(_is_causal(lanes, definition) for lanes in worlds(history))


def _is_causal(lanes, definition):
    calls = [call for lane in lanes for call in lane]
    reads = [index for index, call in enumerate(calls) if call.f == "get"]
    return any(
        _fits(calls, reads, order, definition) for order in partial_orders(tuple(len(lane) for lane in lanes))
    )


def _fits(calls, reads, order, definition):
    past = {read: frozenset(a for a, b in order if b == read) for read in range(len(calls))}
    if definition == "causal":
        return all(any(right(calls, row, read) for row in extensions(order, past[read])) for read in reads)
    if definition == "causal-convergence":
        return any(
            all(right(calls, [x for x in row if x in past[read]], read) for read in reads)
            for row in extensions(order, frozenset(range(len(calls))))
        )
    return all(
        any(
            all(right(calls, row[: row.index(read)], read) for read in _own_past(calls, reads, last))
            for row in extensions(order, past[last] | {last})
        )
        for last in range(len(calls))
    )


def _own_past(calls, reads, last):
    return [read for read in reads if calls[read].process == calls[last].process and read <= last]


def keeps(history, guarantees):
    """Return whether some order of the writes and some sets at the servers keep the guarantees of Terry et al."""
    return any(_keeps(lanes, guarantees) for lanes in worlds(history))


def _keeps(lanes, guarantees):
    calls = [call for lane in lanes for call in lane]
    writes = [index for index, call in enumerate(calls) if call.f == "put"]
    reads = [index for index, call in enumerate(calls) if call.f == "get"]
    subsets = [frozenset(s) for n in range(len(writes) + 1) for s in itertools.combinations(writes, n)]
    returned = {
        read: [w for w in writes if (calls[w].key, calls[w].asked) == (calls[read].key, calls[read].answer)]
        for read in reads
    }

    def earlier(one, two):
        return calls[one].process == calls[two].process and one < two

    goes_with = []  # (first, second): whoever holds the second holds the first, which is older
    if "monotonic-writes" in guarantees:
        goes_with += [(a, b) for a in writes for b in writes if earlier(a, b)]
    if "writes-follow-reads" in guarantees:
        goes_with += [(a, b) for b in writes for read in reads if earlier(read, b) for a in returned[read]]

    def fits(order, read, held):
        """Whether a server with these writes may answer the read."""
        own = "read-your-writes" not in guarantees or all(w in held for w in writes if earlier(w, read))
        together = all(b not in held or (a in held and order.index(a) < order.index(b)) for a, b in goes_with)
        return own and together and right(calls, [w for w in order if w in held], read)

    for order in itertools.permutations(writes):
        choices = [[held for held in subsets if fits(order, read, held)] for read in reads]
        if "monotonic-reads" not in guarantees:
            if all(choices):
                return True
            continue
        for held in itertools.product(*choices):
            at = dict(zip(reads, held, strict=True))
            if all(w in at[s] for r in reads for s in reads if earlier(r, s) for w in returned[r]):
                return True
    return False
