"""The data tree, and what a state change does to it: the replicated part of ZooKeeper.

What is broadcast are not requests but *changes*: "the data of /a is now x, in version 7". A change says what came of a
request, so it can be done without looking, and twice as well as once. It fits only the tree that the primary had when
it made it, and Zab keeps that order.

A `DataTree` is a value. The old tree stays what it was while a new one is made, and they share all that is equal: so
the primary can hold a second tree, ahead of the first by the changes that are proposed and not committed yet.

Source: org.apache.zookeeper.server.DataTree and EphemeralType of ZooKeeper 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from distsys.core.values import record

from .. import ordered
from ..ordered import EMPTY_TREE, Tree
from . import paths, quota
from .errors import Code
from .requests import (
    OPEN_ACL,
    READ_ACL,
    Acl,
    CreateResponse,
    DoneResponse,
    ErrorResponse,
    Event,
    EventType,
    MultiResponse,
    PathResponse,
    Stat,
    StatResponse,
)

CONTAINER = -(2**63)  # in place of an owner: a container
TTL_MARK = 0xFF << 56  # in place of an owner: these bits, then the ttl in ms
TTL_MAX = 2**40 - 1


@record
class Znode:
    """One znode. The counts in its `stat` are left 0; `stat.cversion` counts the children that were ever created."""

    data: bytes | None
    acl: tuple[Acl, ...]
    stat: Stat
    children: Tree = EMPTY_TREE

    @property
    def public(self) -> Stat:
        """The Stat as clients see it: there cversion counts children that came and children that went."""
        count = ordered.size(self.children)
        return replace(
            self.stat,
            cversion=2 * self.stat.cversion - count,
            ephemeral_owner=owner_of(self.stat),
            data_length=len(self.data or b""),
            num_children=count,
        )


def owner_of(stat: Stat) -> int:
    """Return the session with which a znode ends, 0 where it ends with none."""
    return stat.ephemeral_owner if stat.ephemeral_owner != CONTAINER and ttl_of(stat) < 0 else 0


def ttl_of(stat: Stat) -> int:
    """Return the time to live of a znode in ms, -1 where it has none.

    >>> ttl_of(Stat(ephemeral_owner=ttl_owner(5_000))), ttl_of(Stat())
    (5000, -1)
    """
    bits = stat.ephemeral_owner % 2**64
    return bits & TTL_MAX if bits & TTL_MARK == TTL_MARK else -1


def ttl_owner(ttl: int) -> int:
    """Return what stands in place of the owner of a znode with this time to live: 64 bits, signed."""
    return (TTL_MARK | ttl) - 2**64


def _first_nodes() -> Tree:
    """Return what is there from the beginning."""
    tree: Tree = EMPTY_TREE
    for path, acl, children in (
        (paths.ROOT, OPEN_ACL, ("zookeeper",)),
        (paths.RESERVED, OPEN_ACL, ("config", "quota")),
        (paths.CONFIG, READ_ACL, ()),
        (paths.QUOTA, OPEN_ACL, ()),
    ):
        stat = Stat(aversion=-1 if path == paths.CONFIG else 0)
        names = ordered.built((name, None) for name in children)
        tree = ordered.put(tree, path, Znode(b"", acl, stat, names))
    return tree


@record
class DataTree:
    """All znodes by their paths, all sessions, and two indexes.

    zxid        the last change that is in it
    ephemerals  (session, path) of all znodes that end with a session
    reapable    the paths of containers and of znodes with a time to live
    sessions    session -> its timeout, ms
    """

    zxid: int = 0
    nodes: Tree = _first_nodes()
    ephemerals: Tree = EMPTY_TREE
    reapable: Tree = EMPTY_TREE
    sessions: Tree = EMPTY_TREE

    def get(self, path: str) -> Znode | None:
        """Return the znode at a path, if there is one; no path at all is a second name of the root."""
        node: Znode | None = ordered.get(self.nodes, path or paths.ROOT)
        return node

    def below(self, path: str) -> Iterator[str]:
        """Yield the paths of all znodes below a path."""
        prefix = path if path == paths.ROOT else path + paths.ROOT
        for found, _ in ordered.items(self.nodes, prefix, prefix[:-1] + chr(ord(paths.ROOT) + 1)):
            if found != path:
                yield found

    def owned_by(self, session: int) -> tuple[str, ...]:
        """Return the paths of the ephemeral znodes of a session."""
        pairs = ordered.items(self.ephemerals, (session, ""), (session + 1, ""))
        return tuple(path for (_, path), _ in pairs)


# State changes.


@record
class CreateChange:
    """There is a znode now; its parent has had `parent_creates` children. `stat`: the client asked for it."""

    path: str
    data: bytes | None
    acl: tuple[Acl, ...]
    owner: int
    parent_creates: int
    stat: bool = False


@record
class DeleteChange:
    """There is no such znode any more."""

    path: str


@record
class SetDataChange:
    """A znode has other data, in this version."""

    path: str
    data: bytes | None
    version: int


@record
class SetAclChange:
    """A znode has another list, in this version."""

    path: str
    acl: tuple[Acl, ...]
    version: int


@record
class CheckChange:
    """Nothing has changed: a version was what was expected."""

    path: str


@record
class CreateSessionChange:
    """A session begins."""

    timeout_ms: int


@record
class CloseSessionChange:
    """A session ends, and these znodes with it."""

    paths: tuple[str, ...]


@record
class ErrorChange:
    """Nothing has changed: the request could not be done. It takes a zxid all the same."""

    code: Code


@record
class MultiChange:
    """Several changes as one."""

    changes: tuple[Any, ...]


@record
class Header:
    """What all changes have: the session that asked, and the time of the primary, ms."""

    session: int
    time: int


@record
class Happened:
    """Something that a watch may be told of; only who may read by this list is told."""

    event: Event
    acl: tuple[Acl, ...]


Applied = tuple[DataTree, Any, tuple[Happened, ...]]


def apply(tree: DataTree, zxid: int, header: Header, change: Any) -> Applied:
    """Return the tree after a change, the answer, and what has happened, in order.

    >>> tree, answer, events = apply(DataTree(), 1, Header(7, 0), CreateChange("/a", b"", OPEN_ACL, 0, 2))
    >>> answer, events[0].event
    (PathResponse(path='/a'), Event(type=<EventType.CREATED: 1>, path='/a'))
    """
    tree, answer, events = _apply(tree, zxid, header, change)
    return replace(tree, zxid=zxid), answer, events


def _apply(tree: DataTree, zxid: int, header: Header, change: Any) -> Applied:
    match change:
        case CreateChange():
            return created(tree, zxid, header, change)
        case DeleteChange(path):
            return deleted(tree, zxid, path)
        case SetDataChange(path, data, version):
            node = tree.get(path)
            if node is None:
                return tree, ErrorResponse(Code.NO_NODE), ()
            more = len(data or b"") - len(node.data or b"")
            stat = replace(node.stat, mzxid=zxid, mtime=header.time, version=version)
            node = replace(node, data=data, stat=stat)
            tree = _with(tree, path, node)
            tree = replace(tree, nodes=quota.counted(tree.nodes, path, more, 0))
            happened = Happened(Event(EventType.DATA_CHANGED, path), node.acl)
            return tree, StatResponse(node.public), (happened,)
        case SetAclChange(path, acl, version):
            node = tree.get(path)
            if node is None:
                return tree, ErrorResponse(Code.NO_NODE), ()
            node = replace(node, acl=acl, stat=replace(node.stat, aversion=version))
            return _with(tree, path, node), StatResponse(node.public), ()
        case CreateSessionChange(timeout_ms):
            return (
                replace(tree, sessions=ordered.put(tree.sessions, header.session, timeout_ms)),
                DoneResponse(),
                (),
            )
        case CloseSessionChange(owned):
            return closed(tree, zxid, header.session, owned)
        case MultiChange(changes):
            return _several(tree, zxid, header, changes)
        case ErrorChange(code):
            return tree, ErrorResponse(code), ()
    return tree, DoneResponse(), ()


def _several(tree: DataTree, zxid: int, header: Header, changes: tuple[Any, ...]) -> Applied:
    answers: list[Any] = []
    events: list[Happened] = []
    for change in changes:
        tree, answer, happened = _apply(tree, zxid, header, change)
        answers.append(answer)
        events += happened
    return tree, MultiResponse(tuple(answers)), tuple(events)


def weight(change: Any) -> int:
    """Return how many bytes of data a change holds, with all its parts."""
    return len(getattr(change, "data", None) or b"") + sum(map(weight, getattr(change, "changes", ())))


def _with(tree: DataTree, path: str, node: Znode) -> DataTree:
    return replace(tree, nodes=ordered.put(tree.nodes, path, node))


def created(tree: DataTree, zxid: int, header: Header, change: CreateChange) -> Applied:
    """Return the tree with a znode more."""
    path, owner = change.path, change.owner
    parent = tree.get(above := paths.parent_of(path))
    if parent is None or tree.get(path) is not None:
        return tree, ErrorResponse(Code.NO_NODE if parent is None else Code.NODE_EXISTS), ()
    creates = max(parent.stat.cversion, change.parent_creates)  # done again it must not go back
    stat = replace(parent.stat, cversion=creates, pzxid=max(parent.stat.pzxid, zxid))
    parent = replace(parent, stat=stat, children=ordered.put(parent.children, paths.name_of(path), None))
    node = Znode(
        change.data,
        change.acl,
        Stat(zxid, zxid, header.time, header.time, ephemeral_owner=owner, pzxid=zxid),
    )
    nodes = quota.begun(_with(_with(tree, above, parent), path, node).nodes, path)
    tree = replace(tree, nodes=quota.counted(nodes, path, len(change.data or b""), 1))
    session = owner_of(node.stat)
    if session:
        tree = replace(tree, ephemerals=ordered.put(tree.ephemerals, (session, path), None))
    elif owner:
        tree = replace(tree, reapable=ordered.put(tree.reapable, path, None))
    answer = CreateResponse(path, node.public) if change.stat else PathResponse(path)
    return tree, answer, happened_at(EventType.CREATED, path, node, parent)


def deleted(tree: DataTree, zxid: int, path: str) -> Applied:
    """Return the tree without a znode."""
    node, parent = tree.get(path), tree.get(above := paths.parent_of(path))
    if node is None or parent is None:
        return tree, ErrorResponse(Code.NO_NODE), ()
    children = ordered.remove(parent.children, paths.name_of(path))
    parent = replace(parent, stat=replace(parent.stat, pzxid=max(parent.stat.pzxid, zxid)), children=children)
    tree = replace(
        _with(tree, above, parent),
        ephemerals=ordered.remove(tree.ephemerals, (owner_of(node.stat), path)),
        reapable=ordered.remove(tree.reapable, path),
    )
    nodes = ordered.remove(tree.nodes, path)
    tree = replace(tree, nodes=quota.counted(nodes, path, -len(node.data or b""), -1))
    return tree, DoneResponse(), happened_at(EventType.DELETED, path, node, parent)


def happened_at(type: EventType, path: str, node: Znode, parent: Znode) -> tuple[Happened, ...]:
    """Return what has happened to a znode that came or went, and to its parent."""
    above = Event(EventType.CHILDREN_CHANGED, paths.parent_of(path))
    return Happened(Event(type, path), node.acl), Happened(above, parent.acl)


def closed(tree: DataTree, zxid: int, session: int, owned: tuple[str, ...]) -> Applied:
    """Return the tree without a session and what ends with it."""
    events: list[Happened] = []
    for path in owned:
        tree, _, happened = deleted(tree, zxid, path)
        events += happened
    return replace(tree, sessions=ordered.remove(tree.sessions, session)), DoneResponse(), tuple(events)
