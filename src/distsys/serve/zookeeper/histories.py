"""What real clients saw of an ensemble of ZooKeeper, as records, and what it promised them, judged.

Clients write down what they asked (`Sent`) and heard (`Heard`, `Told`), and how their sessions began and ended
(`Began`, `Refused`), in one order, that of the clock of one process. Their changes and synchronised reads are also
`Operation` records. At the end, when all faults and all sessions of theirs are over, each server is asked for what it
has (`Stands`). `judged` looks at all of it, and at nothing else: it could judge any ensemble that speaks the protocol.

**The zxid is the thread.** Each answer says as of which change it was given, the zxid, and the `Stat` of a znode says
which changes made it and set its data. So each answer tells not only of one moment: a znode whose data was set at zxid
5, read as of 9, has been the same at 5, 6, 7, 8 and 9. All answers together must fit into one tree that changes from
zxid to zxid (`Sight`, `Span`). Nobody needs to know the whole tree, and no server is believed: where two answers do not
fit, one of them was wrong. That the zxids are in the order of real time is checked too, and the checker of
linearizability judges changes and synchronised reads without looking at zxids at all.

**What is claimed of time.** A session ends no sooner than its timeout after the last change, `sync` or connection of it
that was answered: those the leader itself has heard, after they were *asked for*. Clients and servers are on one
machine and read one clock, so this can be checked with nothing added. Other requests show the server alone that the
client is there, and the server may crash before the leader is told. In the real ZooKeeper a leader that does a change
for another server does not take it for a sign of life; it waits for the list that this server sends each half tick.
Hence `lag_ms`: what was asked for in the last moment before the end of a session proves nothing there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.core.operations import Operation
from distsys.core.units import MS
from distsys.core.values import Map, record
from distsys.services.zookeeper import paths
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.laws import number_of
from distsys.services.zookeeper.requests import (
    CHANGES,
    ChildrenResponse,
    CloseSessionRequest,
    CreateRequest,
    DataResponse,
    DeleteRequest,
    DoneResponse,
    ErrorResponse,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    PathResponse,
    SetDataRequest,
    StatResponse,
    SyncRequest,
    WatcherType,
)
from distsys.services.zookeeper.watches import CHILDREN, DATA, TABLES
from distsys.services.zookeeper.witness import Told


@record
class Sent:
    """At `at` (microseconds) a client sent request `number` of a session, counted over all its connections."""

    session: int
    number: int
    request: Any
    at: int


@record
class Heard:
    """At `at` a client heard the answer to this request, given as of `zxid`."""

    session: int
    number: int
    zxid: int
    response: Any
    at: int


@record
class Began:
    """A client asked at `at` for a session, or for its own at another server, and was told that it has `timeout_ms`."""

    session: int
    timeout_ms: int
    at: int


@record
class Refused:
    """A client was told at `at` that its session is not there any more."""

    session: int
    at: int


@record
class Stands:
    """What a server says at the end: which znodes there are under one path."""

    server: str
    path: str
    names: tuple[str, ...]


Findings = Map[str, str | None]  # law -> None where it holds, else what is wrong


@dataclass(frozen=True, eq=False)
class Exchange:
    """A request and its answer.

    change  how many changes the session had asked for, this one included
    newest  the newest zxid that anybody had been shown when this was asked for
    """

    sent: Sent
    heard: Heard
    change: int
    newest: int

    @property
    def code(self) -> Code:
        """The error, OK where there is none."""
        response = self.heard.response
        return response.code if isinstance(response, ErrorResponse) else Code.OK


def judged(said: Sequence[Any], *, lag_ms: int = 0) -> Findings:
    """Return, for each law, what is wrong with this record, or None.

    lag_ms  how long a leader may not know that its server has heard of a client
    """
    exchanges = exchanges_of(said)
    sights = [sight for exchange in exchanges for sight in sights_of(exchange)]
    spans = spans_of(exchanges, sights)
    verdict = linearizable(History(each for each in said if isinstance(each, Operation)), "znodes")
    stands = [each for each in said if isinstance(each, Stands)]
    deleted = {
        each.request.path
        for each in said
        if isinstance(each, Sent) and isinstance(each.request, DeleteRequest)
    }
    laws: dict[str, Iterable[str]] = {
        "members agree": differences(stands),
        "nothing acknowledged is lost": losses(exchanges, spans, deleted),
        "changes in the order of real time": out_of_time(exchanges),
        "one tree": (*contradictions(sights), *returns(spans)),
        "session order": backwards(exchanges),
        "sync shows what was committed": stale_syncs(exchanges),
        "changes of a client in its order": out_of_order(exchanges, sights),
        "sequence numbers grow": numbers_again(spans),
        "watch before data": untold(said, exchanges, sights),
        "ephemerals end with their session": (*orphans(exchanges, spans, deleted), *left_over(stands, spans)),
        "session contract": early_ends(said, exchanges, spans, deleted, lag_ms),
    }
    found = {law: next(iter(evidence), None) for law, evidence in laws.items()}
    return Map({"linearizability": None if verdict.ok else verdict.explain(), **found})


def exchanges_of(said: Iterable[Any]) -> list[Exchange]:
    """Return all requests that were answered, in the order of the answers."""
    asked: dict[tuple[int, int], tuple[Sent, int, int]] = {}
    changes: dict[int, int] = defaultdict(int)
    newest, found = 0, list[Exchange]()
    for each in said:
        if isinstance(each, Sent):
            changes[each.session] += isinstance(each.request, CHANGES)
            asked[each.session, each.number] = each, changes[each.session], newest
        elif isinstance(each, Heard):
            sent, change, before = asked.pop((each.session, each.number))
            found.append(Exchange(sent, each, change, before))
            newest = max(newest, each.zxid)
    return found


# What answers say of the tree.


@dataclass(frozen=True)
class Sight:
    """As of `zxid` a znode, or the list of its children, was in this state; None where it was not there.

    since    the change that brought the state about
    content  the data, or the names; None where the answer does not say
    """

    path: str
    table: WatcherType
    zxid: int
    state: tuple[int, ...] | None
    since: int
    content: Any = None

    @property
    def what(self) -> str:
        """The words for it."""
        of = "" if self.table is DATA else "the list of the children of "
        return f"{of}{self.path} as of {self.zxid:x}"


def absent(path: str, zxid: int) -> tuple[Sight, Sight]:
    """Return what is known of a znode that is not there."""
    return Sight(path, DATA, zxid, None, zxid), Sight(path, CHILDREN, zxid, None, zxid)


def sights_of(exchange: Exchange) -> Iterator[Sight]:
    """Yield what an answer says of the tree."""
    request, response, zxid = exchange.sent.request, exchange.heard.response, exchange.heard.zxid
    match request, response:
        case CreateRequest(kind=kind), PathResponse(path):
            owner = exchange.sent.session if kind.is_ephemeral else 0
            yield Sight(path, DATA, zxid, (zxid, zxid, 0, owner), zxid, request.data)
            yield Sight(paths.parent_of(path), CHILDREN, zxid, (zxid,), zxid)
        case DeleteRequest(path), DoneResponse():
            yield from absent(path, zxid)
            yield Sight(paths.parent_of(path), CHILDREN, zxid, (zxid,), zxid)
        case GetDataRequest(path), DataResponse(data, stat):
            yield Sight(path, DATA, zxid, state_of(stat), stat.mzxid, data)
        case SetDataRequest(path, data), StatResponse(stat):
            yield Sight(path, DATA, zxid, state_of(stat), stat.mzxid, data)
        case ExistsRequest(path), StatResponse(stat):
            yield Sight(path, DATA, zxid, state_of(stat), stat.mzxid)
        case GetChildrenRequest(path), ChildrenResponse(names, stat) if stat is not None:
            yield Sight(path, CHILDREN, zxid, (stat.pzxid,), stat.pzxid, tuple(sorted(names)))
        case (
            DeleteRequest(path) | GetDataRequest(path) | SetDataRequest(path) | ExistsRequest(path)
            | GetChildrenRequest(path),
            ErrorResponse(Code.NO_NODE),
        ):  # fmt: skip
            yield from absent(path, zxid)


def state_of(stat: Any) -> tuple[int, ...]:
    """Return what tells one state of a znode from another."""
    return stat.czxid, stat.mzxid, stat.version, stat.ephemeral_owner


def timelines(sights: Iterable[Sight]) -> dict[tuple[str, WatcherType], list[Sight]]:
    """Return the sights of each thing by zxid."""
    found: dict[tuple[str, WatcherType], list[Sight]] = defaultdict(list)
    for sight in sights:
        found[sight.path, sight.table].append(sight)
    return {thing: sorted(those, key=lambda sight: sight.zxid) for thing, those in found.items()}


def contradictions(sights: Sequence[Sight]) -> Iterator[str]:
    """Yield two sights that do not fit into one tree: what the later one says of the zxid of the earlier is not so."""
    for line in timelines(sights).values():
        for before, after in pairwise(line):
            made = after.state[0] if after.state is not None and after.table is DATA else after.zxid
            if (after.since <= before.zxid and after.state != before.state) or (
                before.state is None and made <= before.zxid < after.zxid
            ):
                yield f"{after.what} is {after.state}, but {before.what} is {before.state}"
    contents: dict[tuple[str, WatcherType, int], Any] = {}
    for sight in sights:
        if sight.content is not None:
            known = contents.setdefault((sight.path, sight.table, sight.since), sight.content)
            if known != sight.content:
                yield f"{sight.what} is {sight.content!r}, but as of {sight.since:x} it was {known!r}"


@dataclass
class Span:
    """A znode of a name that is given once, from its creation to its end, as far as both are known.

    created  its zxid, 0 where nobody was told
    owner    the session of an ephemeral, 0 of any other, None where nobody was told
    first, last  as of which zxids it was seen to be there
    gone     as of which zxid it was first seen not to be there any more, None where it never was
    gone_at  when that was heard
    """

    path: str
    created: int = 0
    owner: int | None = None
    first: int = 2**64
    last: int = 0
    gone: int | None = None
    gone_at: int = field(default=2**64)

    def there(self, zxid: int) -> None:
        """Note that it is there."""
        self.first, self.last = min(self.first, zxid), max(self.last, zxid)

    def not_there(self, zxid: int, at: int) -> None:
        """Note that it is not there, if it had been made by then."""
        if zxid > (self.created or self.first):
            self.gone = zxid if self.gone is None else min(self.gone, zxid)
            self.gone_at = min(self.gone_at, at)


SEQUENTIAL = re.compile(r"-(\d{10})$")


def spans_of(exchanges: Sequence[Exchange], sights: Sequence[Sight]) -> dict[str, Span]:
    """Return the spans of all sequential znodes, which have names that nothing else ever has."""
    found: dict[str, Span] = {}
    lists = [
        (each, f"{each.sent.request.path}/", frozenset(each.heard.response.children))
        for each in exchanges
        if isinstance(each.heard.response, ChildrenResponse)
    ]
    for sight in sights:
        if sight.table is DATA and sight.state is not None and SEQUENTIAL.search(sight.path):
            span = found.setdefault(sight.path, Span(sight.path))
            span.created, span.owner = sight.state[0], sight.state[3]
            span.there(sight.zxid)
    for each, parent, names in lists:
        for name in names:
            if SEQUENTIAL.search(name):
                found.setdefault(parent + name, Span(parent + name)).there(each.heard.zxid)
    for each, parent, names in lists:
        for path, span in found.items():
            if path.startswith(parent) and path.removeprefix(parent) not in names:
                span.not_there(each.heard.zxid, each.heard.at)
    for each in exchanges:
        asked_of = getattr(each.sent.request, "path", "")
        if asked_of in found and (each.code is Code.NO_NODE or is_deletion(each)):
            found[asked_of].not_there(each.heard.zxid, each.heard.at)
    return found


def is_deletion(exchange: Exchange) -> bool:
    """Return whether a znode was deleted."""
    return isinstance(exchange.sent.request, DeleteRequest) and exchange.code is Code.OK


def returns(spans: dict[str, Span]) -> Iterator[str]:
    """Yield a znode that is there before it is made, or after it was gone."""
    for span in spans.values():
        if span.first < span.created:
            yield f"{span.path} is there as of {span.first:x}, but is made at {span.created:x}"
        if span.gone is not None and span.gone <= span.last:
            yield f"{span.path} is there as of {span.last:x}, but not as of {span.gone:x}"


# What is there.


def differences(stands: Sequence[Stands]) -> Iterator[str]:
    """Yield which servers have not the same at the end."""
    if not stands:
        yield "no server has told what it has"
    known: dict[str, Stands] = {}
    for each in stands:
        first = known.setdefault(each.path, each)
        if first.names != each.names:
            yield f"{first.server} and {each.server} do not have the same znodes under {each.path}"


def losses(exchanges: Sequence[Exchange], spans: dict[str, Span], deleted: set[str]) -> Iterator[str]:
    """Yield a znode that was made, as its client was told, and is gone though nobody has asked for that."""
    for each in exchanges:
        request, response = each.sent.request, each.heard.response
        if isinstance(request, CreateRequest) and isinstance(response, PathResponse):
            span = spans.get(response.path)
            if span is None or request.kind.is_ephemeral or response.path in deleted:
                continue
            if span.gone is not None:
                yield f"{span.path} was made at {each.heard.zxid:x}, and is not there as of {span.gone:x}"


def numbers_again(spans: dict[str, Span]) -> Iterator[str]:
    """Yield a sequential znode that was made after another of its parent with a number as large."""
    last: dict[str, tuple[int, str]] = {}
    for span in sorted(spans.values(), key=lambda span: span.created):
        found = SEQUENTIAL.search(span.path)
        if span.created and found:
            parent, number = paths.parent_of(span.path), int(found[1])
            if number <= last.get(parent, (-1, ""))[0]:
                yield f"{span.path} is made at {span.created:x}, after {last[parent][1]}"
            last[parent] = number, span.path


# The order of all, and that of one client.


def out_of_time(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield a change that stands before one which somebody had been shown when it was asked for."""
    for each in exchanges:
        if isinstance(each.sent.request, CHANGES) and each.heard.zxid <= each.newest:
            yield (
                f"{each.sent.request} is done by {each.heard.zxid:x}, but somebody had been shown {each.newest:x} "
                "when it was asked for"
            )


def stale_syncs(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield a sync that is answered with less than somebody had been shown when it was asked for."""
    for each in exchanges:
        if (
            isinstance(each.sent.request, SyncRequest)
            and each.code is Code.OK
            and each.heard.zxid < each.newest
        ):
            yield (
                f"a sync of session {each.sent.session:x} is answered at {each.heard.zxid:x}, but when it was asked "
                f"for somebody had been shown {each.newest:x}"
            )


def backwards(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield a session that is shown an older tree than before."""
    newest: dict[int, int] = defaultdict(int)
    for each in exchanges:
        session, zxid = each.heard.session, each.heard.zxid
        if zxid < newest[session]:
            yield f"session {session:x} is shown {zxid:x} after {newest[session]:x}"
        newest[session] = max(newest[session], zxid)


def out_of_order(exchanges: Sequence[Exchange], sights: Sequence[Sight]) -> Iterator[str]:
    """Yield a change of a session that is done before an earlier one, or seen by an earlier read."""
    last: dict[int, tuple[int, int]] = {}
    for each in sorted(exchanges, key=lambda each: (each.sent.session, each.sent.number)):
        if isinstance(each.sent.request, CHANGES):
            change, zxid = last.get(each.sent.session, (0, 0))
            if each.heard.zxid <= zxid:
                yield (
                    f"change {each.change} of session {each.sent.session:x} is done by {each.heard.zxid:x}, "
                    f"but its change {change} at {zxid:x}"
                )
            last[each.sent.session] = each.change, each.heard.zxid
    made: dict[
        str, tuple[int, int]
    ] = {}  # znode of a name that is given once -> who made it, with which change
    done: dict[int, dict[int, int]] = defaultdict(dict)  # session -> number of its change -> zxid
    for sight in sights:
        found = number_of(sight.content) if sight.table is DATA else None
        if found is not None and sight.state is not None:
            done[found[0]][found[1]] = sight.since
            if sight.state[0] == sight.since and SEQUENTIAL.search(sight.path):
                made[sight.path] = found
    for session, changes in done.items():
        numbers = sorted(changes)
        for before, after in pairwise(numbers):
            if changes[after] <= changes[before]:
                yield f"change {after} of session {session:x} is done before its change {before}"
    for each in exchanges:
        for session, number in seen_by(each, made):
            if session == each.sent.session and number > each.change:
                yield (
                    f"a read of session {session:x} sees its change {number}, but was asked for after change "
                    f"{each.change}"
                )


def seen_by(exchange: Exchange, made: dict[str, tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield of which changes, (session, number), an answer to a read tells."""
    match exchange.sent.request, exchange.heard.response:
        case GetDataRequest(), DataResponse(data):
            if (found := number_of(data)) is not None:
                yield found
        case GetChildrenRequest(path), ChildrenResponse(names):
            yield from (made[f"{path}/{name}"] for name in names if f"{path}/{name}" in made)


# Watches.


Watch = tuple[WatcherType, str]
NEVER = 2**64


def watch_of(exchange: Exchange) -> Watch | None:
    """Return what is watched from now on: a znode that is not there can only be awaited."""
    request = exchange.sent.request
    if not getattr(request, "watch", False):
        return None
    if exchange.code is Code.OK or (isinstance(request, ExistsRequest) and exchange.code is Code.NO_NODE):
        return CHILDREN if isinstance(request, GetChildrenRequest) else DATA, request.path
    return None


class Watching:
    """What sessions watch, and as of which zxid each watch is due: from then on somebody saw another state."""

    def __init__(self, sights: Sequence[Sight]) -> None:
        self.lines = timelines(sights)
        self.zxids = {thing: [sight.zxid for sight in line] for thing, line in self.lines.items()}
        self.of: dict[int, dict[Watch, int]] = defaultdict(dict)
        self.awaiting: dict[int, set[Watch]] = defaultdict(set)  # those for a znode that is not there
        self.again: set[int] = set()  # sessions with a new connection on which nothing was heard

    def add(self, session: int, watch: Watch, sight: Sight) -> None:
        """A watch is set; one that is there already stays."""
        if watch not in self.of[session]:
            self.of[session][watch] = self.due(sight)
            (self.awaiting[session].discard if sight.state else self.awaiting[session].add)(watch)

    def due(self, sight: Sight) -> int:
        """Return as of which zxid a thing was first seen to be in another state than here."""
        thing = sight.path, sight.table
        later = self.lines.get(thing, [])[bisect_right(self.zxids.get(thing, []), sight.zxid) :]
        return next((other.zxid for other in later if other.state != sight.state), NEVER)

    def told(self, told: Told) -> None:
        """A watch is told, and over."""
        for table in TABLES[told.event.type]:
            self.of[told.session].pop((table, told.event.path), None)

    def heard(self, heard: Heard) -> None:
        """Begin anew with watches for znodes that were not there, when they have been set on a new connection."""
        if heard.session in self.again:
            self.again.remove(heard.session)
            for table, path in self.awaiting[heard.session] & self.of[heard.session].keys():
                self.of[heard.session][table, path] = self.due(absent(path, heard.zxid)[0])


def untold(said: Iterable[Any], exchanges: Sequence[Exchange], sights: Sequence[Sight]) -> Iterator[str]:
    """Yield an answer that shows a client a change which a watch of it should have told before.

    One change no ensemble tells: a znode that was not there is made and deleted while the client has no connection.
    """
    answers, watching = iter(exchanges), Watching(sights)
    for each in said:
        if isinstance(each, Began):
            watching.again.add(each.session)
        elif isinstance(each, Told):
            watching.told(each)
        elif isinstance(each, Heard):
            exchange = next(answers)
            watching.heard(each)
            for (table, path), zxid in watching.of[each.session].items():
                if zxid <= each.zxid:
                    of = "" if table is DATA else "the children of "
                    yield (
                        f"session {each.session:x} watches {of}{path}, which changed by {zxid:x}, and is shown "
                        f"{each.zxid:x} before it is told"
                    )
            watch = watch_of(exchange)
            for sight in sights_of(exchange):
                if (sight.table, sight.path) == watch:
                    watching.add(each.session, watch, sight)


# Sessions.


def orphans(exchanges: Sequence[Exchange], spans: dict[str, Span], deleted: set[str]) -> Iterator[str]:
    """Yield an ephemeral that was gone while its session lived, or was there when it had ended."""
    closed: dict[int, int] = {}
    lived: dict[int, int] = defaultdict(int)  # session -> the newest zxid as of which it was there
    for each in exchanges:
        session, zxid = each.sent.session, each.heard.zxid
        if each.code is Code.SESSION_EXPIRED:  # of what was asked for behind the end of the session
            continue
        if not isinstance(each.sent.request, CloseSessionRequest):
            lived[session] = max(lived[session], zxid)
        else:
            closed[session] = zxid
    owned = [span for span in spans.values() if span.owner and span.path not in deleted]
    for span in owned:
        lived[span.owner or 0] = max(lived[span.owner or 0], span.last)
    for span in owned:
        session = span.owner or 0
        end = closed.get(session)
        if end is not None and span.last >= end:
            yield f"{span.path} is there as of {span.last:x}, but its session {session:x} was closed at {end:x}"
        if span.gone is not None and span.gone <= lived[session]:
            yield (
                f"{span.path} is gone as of {span.gone:x}, but its session {session:x} was there as of "
                f"{lived[session]:x}"
            )


def left_over(stands: Iterable[Stands], spans: dict[str, Span]) -> Iterator[str]:
    """Yield an ephemeral that is there at the end, when all sessions are over."""
    for each in stands:
        for name in each.names:
            span = spans.get(f"{each.path}/{name}")
            if span is not None and span.owner:
                yield f"at the end {each.server} has {span.path}, but its session {span.owner:x} is over"


def early_ends(
    said: Iterable[Any],
    exchanges: Sequence[Exchange],
    spans: dict[str, Span],
    deleted: set[str],
    lag_ms: int,
) -> Iterator[str]:
    """Yield a session that has ended, though no client closed it, before its timeout was over."""
    heard_of: dict[int, list[int]] = defaultdict(list)  # when a leader must have heard of a session, or later
    timeouts: dict[int, int] = {}
    ends: dict[int, list[int]] = defaultdict(list)
    closing: set[int] = set()
    for each in said:
        match each:
            case Began(session, timeout_ms, at):
                timeouts[session] = timeout_ms
                heard_of[session].append(at)
            case Refused(session, at):
                ends[session].append(at)
            case Sent(session, _, CloseSessionRequest()):
                closing.add(session)
    for exchange in exchanges:
        if isinstance(exchange.sent.request, (*CHANGES, SyncRequest)):
            heard_of[exchange.sent.session].append(exchange.sent.at)
    for span in spans.values():
        if span.owner and span.gone is not None and span.path not in deleted:
            ends[span.owner].append(span.gone_at)
    for session, those in ends.items():
        end = min(those)
        last = max((at for at in heard_of[session] if at + lag_ms * MS < end), default=None)
        if session in closing or last is None:
            continue
        if end < last + timeouts.get(session, 0) * MS:
            yield (
                f"session {session:x} has ended by {end} us, but its leader has heard of it at {last} us or later, "
                f"and its timeout is {timeouts.get(session, 0)} ms"
            )
