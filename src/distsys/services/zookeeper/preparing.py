"""The primary's part: from a request to a state change, or to an error.

The primary looks at a request beside the tree *ahead*: the tree with all changes that it has proposed, whether they
are committed yet or not. What it finds becomes a change, and the next request is looked at beside the tree that this
change will give. So a request is decided in the moment in which its place in the order is, and by one server only;
all others just do what the change says.

Source: PrepRequestProcessor of ZooKeeper 3.8.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.values import record

from .. import ordered
from . import acl, paths, tree
from .errors import Code, RejectedError
from .requests import (
    ANY_VERSION,
    Acl,
    CheckRequest,
    CloseSessionRequest,
    CreateRequest,
    CreateSessionRequest,
    DeleteRequest,
    FailRequest,
    Id,
    Kind,
    MultiRequest,
    Perm,
    ReapRequest,
    SetAclRequest,
    SetDataRequest,
)
from .tree import (
    CONTAINER,
    CheckChange,
    CloseSessionChange,
    CreateChange,
    CreateSessionChange,
    DataTree,
    DeleteChange,
    ErrorChange,
    Header,
    MultiChange,
    SetAclChange,
    SetDataChange,
    Znode,
    owner_of,
    ttl_owner,
)

INT32 = 2**31


@record
class Asker:
    """Who asks: the session, and what it is known as."""

    session: int
    ids: tuple[Id, ...] = ()


class Preparer:
    """`change(ahead, zxid, time, asker, request)`. It has no state; a broken one is a subclass of a few lines."""

    reads_only: ClassVar[tuple[str, ...]] = (paths.ROOT, paths.CONFIG, paths.QUOTA, paths.RESERVED)

    def change(self, ahead: DataTree, zxid: int, time: int, asker: Asker, request: Any) -> Any:
        """Return the state change that a request leads to; where it cannot be done an `ErrorChange`.

        >>> Preparer().change(DataTree(), 1, 0, Asker(7), DeleteRequest("/a"))
        ErrorChange(code=<Code.SESSION_EXPIRED: -112>)
        """
        try:
            if isinstance(request, MultiRequest):
                return self.several(ahead, zxid, time, asker, request)
            return self.one(ahead, asker, request)
        except RejectedError as rejected:
            return ErrorChange(rejected.code)

    def several(self, ahead: DataTree, zxid: int, time: int, asker: Asker, request: MultiRequest) -> Any:
        """Return all changes as one. Where one cannot be done none is: then each part says what became of it.

        Those before the one that failed say OK, though they are not done; those after it "inconsistency".
        """
        changes: list[Any] = []
        for part in request.requests:
            try:
                changes.append(self.one(ahead, asker, part))
            except RejectedError as rejected:
                before = [ErrorChange(Code.OK)] * len(changes)
                after = [ErrorChange(Code.RUNTIME_INCONSISTENCY)] * (len(request.requests) - len(changes) - 1)
                return MultiChange((*before, ErrorChange(rejected.code), *after))
            ahead, _, _ = tree.apply(ahead, zxid, Header(asker.session, time), changes[-1])
        return MultiChange(tuple(changes))

    def one(self, ahead: DataTree, asker: Asker, request: Any) -> Any:
        """Return the change that one request leads to, or raise an error."""
        match request:
            case CreateSessionRequest(timeout_ms):
                return CreateSessionChange(timeout_ms)
            case CloseSessionRequest():
                return CloseSessionChange(ahead.owned_by(asker.session))
            case ReapRequest(path):
                return self.reap(ahead, path)
        self.check_session(ahead, asker)
        match request:
            case CreateRequest():
                return self.create(ahead, asker, request)
            case DeleteRequest(path, version):
                return self.delete(ahead, asker, path, version)
            case SetDataRequest(path, data, version):
                node = self.found(ahead, path)
                acl.check(node.acl, Perm.WRITE, asker.ids)
                return SetDataChange(path, data, next_version(node.stat.version, version))
            case SetAclRequest(path, entries, version):
                return self.set_acl(ahead, asker, path, entries, version)
            case CheckRequest(path, version):
                node = self.found(ahead, path)
                acl.check(node.acl, Perm.READ, asker.ids)
                next_version(node.stat.version, version)
                return CheckChange(path)
            case FailRequest(code):
                raise RejectedError(code)
        raise RejectedError(Code.RECONFIG_DISABLED)

    def check_session(self, ahead: DataTree, asker: Asker) -> None:
        """Raise an error where the session has ended: in the tree *ahead*, so nothing slips in behind its end."""
        if ordered.get(ahead.sessions, asker.session) is None:
            raise RejectedError(Code.SESSION_EXPIRED)

    def found(self, ahead: DataTree, path: str) -> Znode:
        """Return the znode at a path, or raise an error."""
        if not paths.is_valid(path):
            raise RejectedError(Code.BAD_ARGUMENTS)
        node = ahead.get(path)
        if node is None:
            raise RejectedError(Code.NO_NODE)
        return node

    def create(self, ahead: DataTree, asker: Asker, request: CreateRequest) -> CreateChange:
        """Make a znode: the parent allows it, and gives the number where one is wanted."""
        kind, path = request.kind, request.path
        if kind.has_ttl != (request.ttl >= 0) or request.ttl > tree.TTL_MAX or request.ttl == 0:
            raise RejectedError(Code.BAD_ARGUMENTS)
        if "/" not in path or "\0" in path:
            raise RejectedError(Code.BAD_ARGUMENTS)
        entries = acl.settled(request.acl, asker.ids)
        parent = ahead.get(paths.parent_of(path))
        if parent is None:
            raise RejectedError(Code.NO_NODE)
        acl.check(parent.acl, Perm.CREATE, asker.ids)
        if kind.is_sequential:
            path += self.suffix(parent)
        if not paths.is_valid(path):
            raise RejectedError(Code.BAD_ARGUMENTS)
        if ahead.get(path) is not None:
            raise RejectedError(Code.NODE_EXISTS)
        if owner_of(parent.stat):
            raise RejectedError(Code.NO_CHILDREN_FOR_EPHEMERALS)
        owner = asker.session if kind.is_ephemeral else CONTAINER if kind is Kind.CONTAINER else 0
        if kind.has_ttl:
            owner = ttl_owner(request.ttl)
        return CreateChange(path, request.data, entries, owner, parent.stat.cversion + 1, request.stat)

    def suffix(self, parent: Znode) -> str:
        """Return the number of a sequential znode: how many children its parent has ever had.

        Not how many it has, nor the largest number among them: those go back when children go.
        """
        return f"{parent.stat.cversion:010d}"

    def delete(self, ahead: DataTree, asker: Asker, path: str, version: int) -> DeleteChange:
        """Remove a znode: its parent's list says whether one may."""
        if "/" not in path or "\0" in path or path in self.reads_only:
            raise RejectedError(Code.BAD_ARGUMENTS)
        parent = ahead.get(paths.parent_of(path))
        if parent is None:
            raise RejectedError(Code.NO_NODE)
        acl.check(parent.acl, Perm.DELETE, asker.ids)
        node = ahead.get(path)
        if node is None:
            raise RejectedError(Code.NO_NODE)
        next_version(node.stat.version, version)
        if ordered.size(node.children):
            raise RejectedError(Code.NOT_EMPTY)
        return DeleteChange(path)

    def set_acl(
        self, ahead: DataTree, asker: Asker, path: str, entries: tuple[Acl, ...], version: int
    ) -> SetAclChange:
        """Give a znode another list."""
        if not paths.is_valid(path):
            raise RejectedError(Code.BAD_ARGUMENTS)
        stored = acl.settled(entries, asker.ids)
        node = self.found(ahead, path)
        acl.check(node.acl, Perm.ADMIN, asker.ids)
        return SetAclChange(path, stored, next_version(node.stat.aversion, version))

    def reap(self, ahead: DataTree, path: str) -> DeleteChange:
        """Remove a container or a znode with a time to live, if it has no children now."""
        node = self.found(ahead, path)
        if ordered.size(node.children):
            raise RejectedError(Code.NOT_EMPTY)
        if ordered.get(ahead.reapable, path, 0) == 0:
            raise RejectedError(Code.BAD_VERSION)
        return DeleteChange(path)


def next_version(version: int, expected: int) -> int:
    """Return the version after this one, or raise an error where another was expected. It has 32 bits.

    >>> next_version(3, 3), next_version(2**31 - 1, ANY_VERSION)
    (4, -2147483648)
    """
    if expected not in (ANY_VERSION, version):
        raise RejectedError(Code.BAD_VERSION)
    return (version + 1 + INT32) % (2 * INT32) - INT32
