"""What a server answers from its own tree, without asking anybody, and which watches that sets.

Source: FinalRequestProcessor and DataTree.setWatches of ZooKeeper 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import ordered
from . import acl, paths
from .errors import Code, RejectedError
from .preparing import Asker
from .requests import (
    AclResponse,
    ChildrenResponse,
    DataResponse,
    ErrorResponse,
    Event,
    EventType,
    ExistsRequest,
    GetAclRequest,
    GetAllChildrenNumberRequest,
    GetChildrenRequest,
    GetDataRequest,
    GetEphemeralsRequest,
    IdsResponse,
    MultiReadRequest,
    MultiResponse,
    NumberResponse,
    PathsResponse,
    Perm,
    RefuseRequest,
    SetWatchesRequest,
    StatResponse,
    WatcherType,
    WhoAmIRequest,
)
from .tree import DataTree, Znode
from .watches import CHILDREN, DATA


def answer(tree: DataTree, asker: Asker, request: Any) -> Any:
    """Return the answer to a request that only reads, an error included.

    >>> answer(DataTree(), Asker(7), GetDataRequest("/a"))
    ErrorResponse(code=<Code.NO_NODE: -101>)
    """
    try:
        return _answer(tree, asker, request)
    except RejectedError as rejected:
        return ErrorResponse(rejected.code)


def _answer(tree: DataTree, asker: Asker, request: Any) -> Any:
    match request:
        case GetDataRequest(path):
            node = readable(tree, asker, path)
            return DataResponse(node.data, node.public)
        case ExistsRequest(path):
            if "\0" in path:
                raise RejectedError(Code.BAD_ARGUMENTS)
            return StatResponse(found(tree, path).public)
        case GetChildrenRequest(path, _, stat):
            node = readable(tree, asker, path)
            names = tuple(name for name, _ in ordered.items(node.children))
            return ChildrenResponse(names, node.public if stat else None)
        case GetAclRequest(path):
            node = readable(tree, asker, path, Perm.READ | Perm.ADMIN)
            return AclResponse(visible_acl(node, asker), node.public)
        case GetAllChildrenNumberRequest(path):
            readable(tree, asker, path)
            return NumberResponse(sum(1 for _ in tree.below(path)))
        case GetEphemeralsRequest(prefix):
            prefix = "" if prefix.strip() in ("", paths.ROOT) else prefix
            owned = tree.owned_by(asker.session)
            return PathsResponse(tuple(path for path in owned if path.startswith(prefix)))
        case MultiReadRequest(parts):
            return MultiResponse(tuple(answer(tree, asker, part) for part in parts))
        case WhoAmIRequest():
            return IdsResponse(asker.ids)
        case RefuseRequest(code):
            raise RejectedError(code)
    raise RejectedError(Code.UNIMPLEMENTED)


def readable(tree: DataTree, asker: Asker, path: str, perms: int = Perm.READ) -> Znode:
    """Return a znode that this client may read, or raise an error."""
    node = found(tree, path)
    acl.check(node.acl, perms, asker.ids)
    return node


def found(tree: DataTree, path: str) -> Znode:
    """Return a znode, or raise an error. That there is one is no secret."""
    node = tree.get(path)
    if node is None:
        raise RejectedError(Code.NO_NODE)
    return node


def visible_acl(node: Znode, asker: Asker) -> Any:
    """Return the list of a znode: hashes of passwords only for those who may change it."""
    try:
        acl.check(node.acl, Perm.ADMIN, asker.ids)
    except RejectedError:
        return acl.redacted(node.acl)
    return node.acl


def watch_of(request: Any, response: Any) -> WatcherType | None:
    """Return in which table a read sets a watch, if it does: a znode that is not there can only be awaited."""
    if not getattr(request, "watch", False):
        return None
    code = response.code if isinstance(response, ErrorResponse) else Code.OK
    if isinstance(request, ExistsRequest):
        return DATA if code in (Code.OK, Code.NO_NODE) else None
    if code is not Code.OK:
        return None
    return DATA if isinstance(request, GetDataRequest) else CHILDREN


def missed(tree: DataTree, request: SetWatchesRequest) -> Iterator[tuple[WatcherType, str, Event | None]]:
    """Yield what comes of the one-shot watches of an earlier connection: (table, path, what has happened meanwhile).

    Where nothing has happened the watch is set again.
    """
    for path in request.data:
        yield DATA, path, _change(tree, path, request.relative_zxid, EventType.DATA_CHANGED)
    for path in request.exist:
        yield DATA, path, Event(EventType.CREATED, path) if tree.get(path) is not None else None
    for path in request.child:
        yield CHILDREN, path, _change(tree, path, request.relative_zxid, EventType.CHILDREN_CHANGED)


def _change(tree: DataTree, path: str, since: int, changed: EventType) -> Event | None:
    """Return what has happened to a znode that was there at `since`."""
    node = tree.get(path)
    if node is None:
        return Event(EventType.DELETED, path)
    at = node.stat.mzxid if changed is EventType.DATA_CHANGED else node.stat.pzxid
    return Event(changed, path) if at > since else None
