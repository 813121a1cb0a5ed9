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

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.core.operations import Operation
from distsys.core.units import MS
from distsys.core.values import Map
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.laws import number_of
from distsys.services.zookeeper.requests import (
    CHANGES,
    ChildrenResponse,
    CloseSessionRequest,
    CreateRequest,
    DataResponse,
    DeleteRequest,
    ExistsRequest,
    GetChildrenRequest,
    GetDataRequest,
    PathResponse,
    SyncRequest,
    WatcherType,
)
from distsys.services.zookeeper.watches import CHILDREN, DATA, TABLES
from distsys.services.zookeeper.witness import Told

from .exchanges import Began, Exchange, Heard, Refused, Sent, Stands, exchanges_of
from .sights import (
    SEQUENTIAL,
    Sight,
    Span,
    absent,
    contradictions,
    numbers_again,
    returns,
    sights_of,
    spans_of,
    timelines,
)

Findings = Map[str, str | None]  # law -> None where it holds, else what is wrong


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
        ended = exchange.code is Code.SESSION_EXPIRED  # so the leader heard of it too late
        if isinstance(exchange.sent.request, (*CHANGES, SyncRequest)) and not ended:
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
