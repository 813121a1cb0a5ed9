"""What real clients saw of a cluster of etcd, as records, and what it promised them, judged.

Clients write down what they asked and heard (`Operation`), what came on their watches (`Watched`), what they were
told about leases and locks (`Promised`, `Ended`, `Locked`, `Held`), in one order, that of the clock of one process. At
the end, when all faults are over, each member is asked for all events that it has (`Told`), and for its hash. `judged`
looks at all of it.

**The events are the truth, and what they cannot hide.** With them the outcome of a request that nobody answered is
known: each value is written once, so a write happened if it stands among the events, at that revision. One that does
not stand there has not happened before the end; no client can have seen it, unless something is wrong, and then that
read has no place in any order. So the judge has few unknown outcomes left, and with the revision of each
write it is quick. A cluster that loses an acknowledged write, or tells its members different things, is caught by
laws of their own before the events are believed.

**What is claimed of locks.** A lease promises a time, so all depends on clocks. Here clients and members are on one
machine and read one clock, so the promise can be checked as it stands, with nothing added for drift: a lease that was
granted or renewed is not ended by time until its ttl has passed since that was *asked for*, and two clients never
hold a lock at once, where one holds it from the answer that gives it until it gives it back, or until the ttl after it
asked for its last renewal. Both times err in favour of the cluster, so a slow machine cannot break these laws. On
several machines only this is left: a write that shows the revision of the holder's key (a *fencing token*) is done only
while that key is there, so tokens never go back in the order of the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.checkers.verdict import Verdict
from distsys.core.events import Output
from distsys.core.laws import Law
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.trace import Step
from distsys.core.units import S
from distsys.core.values import EMPTY, Map, record
from distsys.services.etcd.api import Event, EventType
from distsys.services.etcd.laws import not_the_owner
from distsys.services.etcd.lock_client import Locked
from distsys.services.etcd.truth import Truth
from distsys.services.etcd.watch_client import Watched
from distsys.services.etcd.watch_laws import WATCH_LAWS, Memory

KEYS = b"k"  # what the keys of operations begin with
GUARDED = b"guarded"  # the key that holders of the lock write, each with its token


@record
class Promised:
    """A client asked at `at` (microseconds) that a lease be granted or renewed, and was told that it has `ttl` s."""

    lease: int
    ttl: int
    at: int


@record
class Ended:
    """A client saw at `at` that a key with a lease is gone. What a client gives back it says in `Held` or `Dropped`."""

    key: bytes
    at: int


@record
class Dropped:
    """A client asked at `at` that its own claim be taken out."""

    key: bytes
    at: int


@record
class Held:
    """A client could believe that it had the lock by `key`, from `begin` to `end`, and nowhere else."""

    client: str
    key: bytes
    begin: int
    end: int


@record
class Guarded:
    """A holder wrote `value`, which begins with its token, and was told that this is revision `revision`."""

    value: bytes
    revision: int


@record
class Told:
    """What a member says at the end: all events up to some revision, the same for all, and the hash as of that."""

    member: str
    events: tuple[Event, ...]
    hash: int


Findings = Map[str, str | None]  # law -> None where it holds, else what is wrong


def judged(said: Sequence[Any]) -> Findings:
    """Return, for each law, what is wrong with this record, or None.

    Laws about the end (`Told`) come first: what the others are told by it counts only where these hold.
    """
    told = [each for each in said if isinstance(each, Told)]
    found: dict[str, str | None] = {"members agree": agreement(told)}
    truth = truth_of(told[0].events if told else ())
    operations = [each for each in said if isinstance(each, Operation)]
    guarded = (each for each in said if isinstance(each, Guarded))
    found["nothing acknowledged is lost"] = loss(operations, truth) or loss_under_lock(guarded, truth)
    found["linearizability"] = objection(linearity(operations, truth))
    for law in WATCH_LAWS:
        found[law.name] = broken(law, Memory(truth), (each for each in said if isinstance(each, Watched)))
    owners = (not_the_owner(truth, each) for each in said if isinstance(each, Locked))
    found["lock exclusivity"] = next(filter(None, owners), None)
    found["one holder at a time"] = overlap([each for each in said if isinstance(each, Held)])
    found["lease contract"] = early_end(said)
    found["fencing"] = stale_token(truth)
    return Map(found)


# The truth.


def agreement(told: Sequence[Told]) -> str | None:
    """Return which members differ."""
    if not told:
        return "no member has told what it has"
    for other in told[1:]:
        if (other.events, other.hash) != (told[0].events, told[0].hash):
            return f"{told[0].member} and {other.member} do not have the same events and the same hash"
    return None


def truth_of(events: Iterable[Event]) -> Truth:
    """Return the events by revision."""
    grouped = {
        revision: tuple(group) for revision, group in groupby(events, key=lambda event: event.kv.mod_revision)
    }
    return Truth(Map(grouped), max(grouped, default=1))


def changes_of(truth: Truth) -> dict[int, Event]:
    """Return revision -> what it did to a key of the operations; none of them changes two."""
    return {
        revision: event
        for revision, events in truth.events.items()
        for event in events
        if event.kv.key.startswith(KEYS) and not event.kv.key.endswith(b"-copy")
    }


# Operations.


def loss(operations: Sequence[Operation], truth: Truth) -> str | None:
    """Return an acknowledged write that does not stand at its revision."""
    changes = changes_of(truth)
    asked: dict[str, Operation] = {}
    for each in operations:
        if each.type == INVOKE:
            asked[each.process] = each
            continue
        revision = written_at(each) if each.type == OK else None
        if revision is None:
            continue
        event, begun = changes.get(revision), asked[each.process]
        value = begun.value[1] if each.f == "cas" else begun.value
        if (
            event is None
            or event.kv.key != each.key.encode()
            or (each.f != "delete" and event.kv.value != value.encode())
        ):
            return f"{each.f} {each.key} by {each.process} was acknowledged at revision {revision}, which has {event}"
    return None


def loss_under_lock(guarded: Iterable[Guarded], truth: Truth) -> str | None:
    """Return an acknowledged write of a holder that does not stand at its revision."""
    for each in guarded:
        if not any(event.kv.value == each.value for event in truth.events.get(each.revision, ())):
            return f"{each.value!r} was acknowledged at revision {each.revision}, which does not have it"
    return None


def written_at(end: Operation) -> int | None:
    """Return the revision of which an answer says that it changed something."""
    match end.f, end.value:
        case "put", int() as revision:
            return revision
        case "cas" | "delete", (done, int() as revision) if done:
            return revision
    return None


def linearity(operations: Sequence[Operation], truth: Truth) -> Verdict:
    """Return the verdict about the operations, as those of a store that has no other keys.

    Locks raise the revision too. So in place of a revision stands how many of those up to it changed a key of
    operations: they count 1, 2, 3 and so on, as the revisions of a store that holds nothing else.
    """
    return linearizable(History(numbered(settled(operations, truth), truth)), "revisions")


def settled(operations: Sequence[Operation], truth: Truth) -> list[Operation]:
    """Return the operations with the outcomes that the events tell in place of unknown ones.

    What happened ends behind all others, for nobody knows when the answer could have come; its revision says enough.
    A deletion has no value, so it stays unknown, unless no deletion of its key is left to explain.
    """
    changes = changes_of(truth)
    values = {event.kv.value: revision for revision, event in changes.items() if event.type is EventType.PUT}
    claimed = {written_at(each) for each in operations if each.type == OK}
    unclaimed = {
        event.kv.key
        for revision, event in changes.items()
        if event.type is EventType.DELETE and revision not in claimed
    }
    asked: dict[str, Operation] = {}
    kept: list[Operation] = []
    late: list[Operation] = []
    for each in operations:
        if each.type != INFO:
            kept.append(each)
        if each.type == INVOKE:
            asked[each.process] = each
        else:
            begun = asked.pop(each.process)
        if each.type == INFO:
            late.append(outcome(begun, values, unclaimed))
    return [*kept, *late, *(outcome(begun, values, unclaimed) for begun in asked.values())]


def outcome(begun: Operation, values: Mapping[bytes, int], unclaimed: Iterable[bytes]) -> Operation:
    """Return the end of an operation that nobody answered."""
    if begun.f == "delete" and begun.key.encode() in unclaimed:
        return replace(begun, type=INFO)
    value = begun.value[1] if begun.f == "cas" else begun.value
    revision = values.get(value.encode()) if begun.f in ("put", "cas") else None
    if revision is None:
        return replace(begun, type=FAIL)
    return replace(begun, type=OK, value=revision if begun.f == "put" else (True, revision))


def numbered(operations: Iterable[Operation], truth: Truth) -> list[Operation]:
    """Return the operations with revisions that count only changes of their keys."""
    changed = changes_of(truth)
    counts, count = [1], 1
    for revision in range(1, truth.revision + 1):
        count += revision in changed
        counts.append(count)

    def place(revision: int) -> int:
        return counts[min(revision, truth.revision)] + max(0, revision - truth.revision) if revision else 0

    def values(each: Operation) -> Any:
        match each.type, each.f, each.value:
            case "ok", "put", int() as revision:
                return place(revision)
            case "ok", "get", (value, changed_at, revision):
                return value, place(changed_at), place(revision)
            case "ok", "cas" | "delete", (done, revision):
                return done, place(revision)
            case _, "cas", (int() as expected, value):
                return place(expected), value
        return each.value

    return [replace(each, value=values(each)) for each in operations]


def objection(verdict: Verdict) -> str | None:
    """Return what a verdict says, unless it says that all is well."""
    return None if verdict.ok else verdict.explain()


# Laws that were written for simulated runs.


class Moment:
    """The world of a law at which a client, which is no node, puts something out."""

    at = 0
    nodes: Mapping[str, Any] = EMPTY
    names: tuple[str, ...] = ()
    outputs: Mapping[str, Sequence[Any]] = EMPTY
    asked: Mapping[str, Sequence[Any]] = EMPTY

    def __init__(self, number: int, value: Any) -> None:
        self.step = Step(number, 0, "invoke", "client", None, (Output(value),), 1)


def broken(law: Law, memory: Any, values: Iterable[Any]) -> str | None:
    """Return the first evidence against a law in what clients put out, one after the other."""
    for number, value in enumerate(values, start=1):
        memory, evidence = law.fold(memory, Moment(number, value))
        if evidence:
            return evidence
    return None


# Leases and locks.


def overlap(held: Sequence[Held]) -> str | None:
    """Return two clients that had the lock at once."""
    last: Held | None = None
    for each in sorted(held, key=lambda each: each.begin):
        if last is not None and each.begin < last.end:
            return (
                f"{each.client} has the lock at {each.begin} us, and {last.client} had it until {last.end} us"
            )
        last = each
    return None


def early_end(said: Sequence[Any]) -> str | None:
    """Return a key that was gone before the lease that it had was over, though nobody took it out."""
    until: dict[int, int] = {}
    dropped: dict[bytes, int] = {}
    for each in said:
        if isinstance(each, Promised):
            until[each.lease] = max(until.get(each.lease, 0), each.at + each.ttl * S)
        elif isinstance(each, Dropped):
            dropped.setdefault(each.key, each.at)
    for each in said:
        if isinstance(each, Ended) and dropped.get(each.key, each.at) >= each.at:
            end = until.get(int(each.key.rpartition(b"/")[2], 16), 0)
            if each.at < end:
                return f"{each.key!r} is gone at {each.at} us, but its lease was to live until {end} us"
    return None


def stale_token(truth: Truth) -> str | None:
    """Return a write under the lock by who had it earlier than the one who wrote before."""
    newest = 0
    for revision, events in truth.events.items():
        for event in events:
            if event.kv.key == GUARDED and event.type is EventType.PUT:
                token = int(event.kv.value.partition(b":")[0])
                if token < newest:
                    return f"revision {revision} is a write with token {token}, after one with token {newest}"
                newest = token
    return None
