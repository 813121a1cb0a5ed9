"""From what a client of ZooKeeper puts on the wire to what the service is asked, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.services.zookeeper import requests as api
from distsys.services.zookeeper.errors import Code
from distsys.services.zookeeper.requests import Kind
from distsys.wire.zookeeper import schema
from distsys.wire.zookeeper.codec import Unreadable
from distsys.wire.zookeeper.codes import OpCode

WRITES = frozenset({
    OpCode.CREATE, OpCode.CREATE2, OpCode.CREATE_CONTAINER, OpCode.CREATE_TTL, OpCode.DELETE, OpCode.SET_DATA,
    OpCode.SET_ACL, OpCode.CHECK, OpCode.MULTI, OpCode.RECONFIG, OpCode.CLOSE_SESSION,
})  # fmt: skip

MODES, TYPES = (0, 1), (1, 2, 3)  # of a watch that stays; of watches that are asked for


def acl_of(entries: tuple[schema.ACL, ...] | None) -> tuple[api.Acl, ...]:
    """Return an access control list; where none was sent, an empty one, which is refused."""
    return tuple(api.Acl(entry.perms, api.Id(entry.id.scheme, entry.id.id or "")) for entry in entries or ())


def asked(type: int, record: Any, *, in_multi: bool = False) -> Any:
    """Return what the service is asked by a request of this type.

    >>> asked(OpCode.DELETE, schema.DeleteRequest("/a", -1))
    DeleteRequest(path='/a', version=-1)
    """
    if isinstance(record, Unreadable):
        code = Code(int(record.code))
        return api.FailRequest(code) if type in WRITES else api.RefuseRequest(code)
    match type:
        case OpCode.CREATE | OpCode.CREATE2 | OpCode.CREATE_CONTAINER | OpCode.CREATE_TTL:
            return created(type, record, in_multi)
        case OpCode.DELETE:
            return api.DeleteRequest(record.path, record.version)
        case OpCode.SET_DATA:
            return api.SetDataRequest(record.path, record.data, record.version)
        case OpCode.SET_ACL:
            return api.SetAclRequest(record.path, acl_of(record.acl), record.version)
        case OpCode.CHECK:
            return api.CheckRequest(record.path, record.version)
        case OpCode.MULTI:
            return api.MultiRequest(tuple(asked(op.type, op.request, in_multi=True) for op in record.ops))
        case OpCode.RECONFIG:
            return api.ReconfigRequest()
        case OpCode.CLOSE_SESSION:
            return api.CloseSessionRequest()
    return read(type, record)


def created(type: int, record: Any, in_multi: bool) -> Any:
    """Return the request of one of the four ways to create; what the kind is, not only the flags say.

    `create` with the flag of a container makes a plain znode; `createContainer` always makes a container, but in a
    multi, where the flags count.
    """
    try:
        kind = Kind(record.flags)
    except ValueError:
        return api.FailRequest(Code.BAD_ARGUMENTS)
    stat, ttl = type != OpCode.CREATE, -1
    if type == OpCode.CREATE_TTL:
        ttl = record.ttl
        if not kind.has_ttl:
            return api.FailRequest(Code.BAD_ARGUMENTS)
    elif type == OpCode.CREATE_CONTAINER and not in_multi:
        kind = Kind.CONTAINER
    elif kind is Kind.CONTAINER and type != OpCode.CREATE_CONTAINER:
        kind = Kind.PERSISTENT
    if in_multi and (
        type == OpCode.CREATE2 or (type == OpCode.CREATE_CONTAINER and kind is not Kind.CONTAINER)
    ):
        stat = False
    return api.CreateRequest(record.path, record.data, acl_of(record.acl), kind, ttl, stat)


def read(type: int, record: Any) -> Any:
    """Return a request that changes nothing."""
    match type:
        case OpCode.EXISTS:
            return api.ExistsRequest(record.path, record.watch)
        case OpCode.GET_DATA:
            return api.GetDataRequest(record.path, record.watch)
        case OpCode.GET_CHILDREN | OpCode.GET_CHILDREN2:
            return api.GetChildrenRequest(record.path, record.watch, type == OpCode.GET_CHILDREN2)
        case OpCode.GET_ACL:
            return api.GetAclRequest(record.path)
        case OpCode.GET_ALL_CHILDREN_NUMBER:
            return api.GetAllChildrenNumberRequest(record.path)
        case OpCode.GET_EPHEMERALS:
            return api.GetEphemeralsRequest(record.prefix_path or "")
        case OpCode.MULTI_READ:
            parts = (replace(op.request, watch=False) for op in record.ops)
            types = (op.type for op in record.ops)
            return api.MultiReadRequest(
                tuple(read(kind, part) for kind, part in zip(types, parts, strict=True))
            )
        case OpCode.WHO_AM_I:
            return api.WhoAmIRequest()
        case OpCode.PING:
            return api.PingRequest()
        case OpCode.SYNC:
            return api.SyncRequest(record.path or "")
        case OpCode.AUTH:
            return api.AuthRequest(record.scheme or "", record.auth or b"")
        case OpCode.SET_WATCHES:
            return api.SetWatchesRequest(
                record.relative_zxid, record.data_watches, record.exist_watches, record.child_watches
            )
        case OpCode.SET_WATCHES2:
            return api.SetWatchesRequest(
                record.relative_zxid,
                record.data_watches,
                record.exist_watches,
                record.child_watches,
                record.persistent_watches,
                record.persistent_recursive_watches,
            )
    return watching(type, record)


def watching(type: int, record: Any) -> Any:
    """Return a request about watches."""
    number = record.mode if type == OpCode.ADD_WATCH else record.type
    if number not in (MODES if type == OpCode.ADD_WATCH else TYPES):
        return api.RefuseRequest(Code.MARSHALLING_ERROR)
    if type == OpCode.ADD_WATCH:
        return api.AddWatchRequest(record.path, api.WatchMode(number))
    kind = api.WatcherType(number)
    if type == OpCode.REMOVE_WATCHES:
        return api.RemoveWatchesRequest(record.path, kind)
    return api.CheckWatchesRequest(record.path, kind)


class Answers:
    """Makes answers of the wire; `shift_ms` is added to times, which the servers count from their beginning."""

    def __init__(self, shift_ms: int) -> None:
        self.shift_ms = shift_ms

    def stat(self, stat: api.Stat) -> schema.Stat:
        """Return a Stat with times of the day; 0 stays 0, for what was always there."""
        fields = {name: getattr(stat, name) for name in schema.Stat.__dataclass_fields__}
        for name, zxid in (("ctime", stat.czxid), ("mtime", stat.mzxid)):
            fields[name] += self.shift_ms if zxid else 0
        return schema.Stat(**fields)

    def err_of(self, response: Any) -> int:
        """Return the code in the header of an answer."""
        return int(response.code.value) if isinstance(response, api.ErrorResponse) else 0

    def record(self, type: int, response: Any) -> Any:
        """Return what stands behind the header."""
        match response:
            case api.PathResponse(path):
                return schema.SyncResponse(path) if type == OpCode.SYNC else schema.CreateResponse(path)
            case api.CreateResponse(path, stat):
                return schema.Create2Response(path, self.stat(stat))
            case api.StatResponse(stat):
                return schema.SetDataResponse(self.stat(stat))
            case api.DataResponse(data, stat):
                return schema.GetDataResponse(data, self.stat(stat))
            case api.AclResponse(entries, stat):
                acl = tuple(schema.ACL(e.perms, schema.Id(e.id.scheme, e.id.id)) for e in entries)
                return schema.GetACLResponse(acl, self.stat(stat))
            case api.ChildrenResponse(children, stat):
                if stat is None:
                    return schema.GetChildrenResponse(children)
                return schema.GetChildren2Response(children, self.stat(stat))
            case api.PathsResponse(paths):
                return schema.GetEphemeralsResponse(paths)
            case api.NumberResponse(number):
                return schema.GetAllChildrenNumberResponse(number)
            case api.IdsResponse(ids):
                users = tuple(schema.ClientInfo(id.scheme, id.id.partition(":")[0]) for id in ids)
                return schema.WhoAmIResponse(users)
            case api.ErrorResponse(Code.OK):
                return schema.ErrorResponse(0)  # to addWatch
        return None

    def results(self, ops: tuple[schema.Op, ...], response: api.MultiResponse) -> schema.MultiResponse:
        """Return the answer to a multi."""
        return schema.MultiResponse(
            tuple(self.result(op.type, result) for op, result in zip(ops, response.results, strict=True))
        )

    def result(self, type: int, response: Any) -> schema.OpResult:
        """Return what came of a part of a multi."""
        match response:
            case api.ErrorResponse(code):
                return schema.OpResult(OpCode.ERROR, schema.ErrorResponse(code.value))
            case api.PathResponse():
                type = OpCode.CREATE
            case api.CreateResponse():
                type = OpCode.CREATE2
        return schema.OpResult(type, self.record(type, response))
