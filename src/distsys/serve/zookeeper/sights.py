"""What the answers of ZooKeeper say of its tree, and whether all of it fits into one tree.

A `Sight` is what one answer tells of a znode, or of the list of its children, from one zxid to another. A `Span` is
what all answers tell of a znode whose name is given only once: from when to when it was there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from distsys.services.zookeeper import paths
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.requests import (
    ChildrenResponse,
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
    WatcherType,
)
from distsys.services.zookeeper.watches import CHILDREN, DATA

from .exchanges import Exchange


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
