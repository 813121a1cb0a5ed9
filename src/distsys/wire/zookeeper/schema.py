"""The records of ZooKeeper's protocol, in the order of its own declaration: a class declares a record by its fields.

Names of fields are those of zookeeper.jute in snake case. A field that may be null says so; in any other null is
refused. Two records are framed by hand and have no declaration there: `MultiOperationRecord` and `MultiResponse`.

Source: zookeeper-jute/src/main/resources/zookeeper.jute; MultiOperationRecord.java; MultiResponse.java.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .codes import OpCode
from .jute import Int, Long

# org.apache.zookeeper.data


@dataclass(frozen=True, slots=True)
class Id:
    """Who: a scheme of authentication, and whom it names. To "auth" kazoo adds no name (null)."""

    scheme: str
    id: str | None


@dataclass(frozen=True, slots=True)
class ACL:
    """What (bits: read 1, write 2, create 4, delete 8, admin 16) somebody may do."""

    perms: Int
    id: Id


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of a node beside its data."""

    czxid: Long = 0
    mzxid: Long = 0
    ctime: Long = 0
    mtime: Long = 0
    version: Int = 0
    cversion: Int = 0
    aversion: Int = 0
    ephemeral_owner: Long = 0
    data_length: Int = 0
    num_children: Int = 0
    pzxid: Long = 0


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """As whom a client is known, in the answer to whoAmI."""

    auth_scheme: str
    user: str


# org.apache.zookeeper.proto: how a session begins


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """The first frame of a client. `read_only` follows it in the frame; old clients leave it out (None)."""

    protocol_version: Int
    last_zxid_seen: Long
    time_out: Int
    session_id: Long
    passwd: bytes | None
    read_only: bool | None = None


@dataclass(frozen=True, slots=True)
class ConnectResponse:
    """The answer; session 0 says that there is no such session. `read_only` is there when the client sent it."""

    protocol_version: Int
    time_out: Int
    session_id: Long
    passwd: bytes | None
    read_only: bool | None = None


# Headers


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """Before each request: a number that its reply repeats, and what it asks for (`OpCode`)."""

    xid: Int
    type: Int


@dataclass(frozen=True, slots=True)
class ReplyHeader:
    """Before each reply: whose, the last change that the server has seen, and how it ended (`Code`)."""

    xid: Int
    zxid: Long
    err: Int


@dataclass(frozen=True, slots=True)
class MultiHeader:
    """Before each part of a multi, and after the last."""

    type: Int
    done: bool
    err: Int


# Requests and responses


@dataclass(frozen=True, slots=True)
class SetWatches:
    """Set the watches of an earlier connection again, and tell at once what changed since `relative_zxid`."""

    relative_zxid: Long
    data_watches: tuple[str, ...]
    exist_watches: tuple[str, ...]
    child_watches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetWatches2:
    """As SetWatches, with those that stay."""

    relative_zxid: Long
    data_watches: tuple[str, ...]
    exist_watches: tuple[str, ...]
    child_watches: tuple[str, ...]
    persistent_watches: tuple[str, ...]
    persistent_recursive_watches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuthPacket:
    """Say who one is; `type` is not looked at."""

    type: Int
    scheme: str | None
    auth: bytes | None


@dataclass(frozen=True, slots=True)
class GetDataRequest:
    """Ask for data."""

    path: str
    watch: bool


@dataclass(frozen=True, slots=True)
class SetDataRequest:
    """Change data; version -1 means any."""

    path: str
    data: bytes | None
    version: Int


@dataclass(frozen=True, slots=True)
class ReconfigRequest:
    """Change who the members are."""

    joining_servers: str | None
    leaving_servers: str | None
    new_members: str | None
    cur_config_id: Long


@dataclass(frozen=True, slots=True)
class SetDataResponse:
    """The node after it."""

    stat: Stat


@dataclass(frozen=True, slots=True)
class GetSASLRequest:
    """A step of SASL."""

    token: bytes


@dataclass(frozen=True, slots=True)
class SetSASLResponse:
    """The answer to a step of SASL."""

    token: bytes | None


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """Make a node; `flags` is a `CreateMode`."""

    path: str
    data: bytes | None
    acl: tuple[ACL, ...] | None
    flags: Int


@dataclass(frozen=True, slots=True)
class CreateTTLRequest:
    """Make a node that goes when nothing changed in it for `ttl` ms and it has no children."""

    path: str
    data: bytes | None
    acl: tuple[ACL, ...] | None
    flags: Int
    ttl: Long


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Delete a node; version -1 means any."""

    path: str
    version: Int


@dataclass(frozen=True, slots=True)
class GetChildrenRequest:
    """Ask for the names of the children."""

    path: str
    watch: bool


@dataclass(frozen=True, slots=True)
class GetAllChildrenNumberRequest:
    """Ask how many nodes are below a node."""

    path: str


@dataclass(frozen=True, slots=True)
class GetChildren2Request:
    """Ask for the names of the children, and the Stat."""

    path: str
    watch: bool


@dataclass(frozen=True, slots=True)
class CheckVersionRequest:
    """See whether a node has this version."""

    path: str
    version: Int


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """Wait until this server has seen what the leader had when it got this."""

    path: str | None


@dataclass(frozen=True, slots=True)
class SyncResponse:
    """The path again."""

    path: str | None


@dataclass(frozen=True, slots=True)
class GetACLRequest:
    """Ask who may do what."""

    path: str


@dataclass(frozen=True, slots=True)
class SetACLRequest:
    """Say who may do what; the version is that of the list, and -1 means any."""

    path: str
    acl: tuple[ACL, ...] | None
    version: Int


@dataclass(frozen=True, slots=True)
class SetACLResponse:
    """The node after it."""

    stat: Stat


@dataclass(frozen=True, slots=True)
class AddWatchRequest:
    """Set a watch that stays; `mode` is an `AddWatchMode`."""

    path: str
    mode: Int


@dataclass(frozen=True, slots=True)
class WatcherEvent:
    """What a watch saw: an `EventType`, a `KeeperState`, and where."""

    type: Int
    state: Int
    path: str


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A `Code`."""

    err: Int


@dataclass(frozen=True, slots=True)
class CreateResponse:
    """The path, with its number if the node is sequential."""

    path: str


@dataclass(frozen=True, slots=True)
class Create2Response:
    """The path and the node."""

    path: str
    stat: Stat


@dataclass(frozen=True, slots=True)
class ExistsRequest:
    """Ask whether there is a node."""

    path: str
    watch: bool


@dataclass(frozen=True, slots=True)
class ExistsResponse:
    """The node."""

    stat: Stat


@dataclass(frozen=True, slots=True)
class GetDataResponse:
    """The data and the node."""

    data: bytes | None
    stat: Stat


@dataclass(frozen=True, slots=True)
class GetChildrenResponse:
    """Names, not paths."""

    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GetAllChildrenNumberResponse:
    """How many nodes are below."""

    total_number: Int


@dataclass(frozen=True, slots=True)
class GetChildren2Response:
    """Names, and the node."""

    children: tuple[str, ...]
    stat: Stat


@dataclass(frozen=True, slots=True)
class GetACLResponse:
    """Who may do what, and the node."""

    acl: tuple[ACL, ...]
    stat: Stat


@dataclass(frozen=True, slots=True)
class CheckWatchesRequest:
    """Ask whether there is a watch of a `WatcherType`."""

    path: str
    type: Int


@dataclass(frozen=True, slots=True)
class RemoveWatchesRequest:
    """Remove watches of a `WatcherType`."""

    path: str
    type: Int


@dataclass(frozen=True, slots=True)
class GetEphemeralsRequest:
    """Ask for the ephemeral nodes of this session under a prefix; null, "" and "/" mean all."""

    prefix_path: str | None


@dataclass(frozen=True, slots=True)
class GetEphemeralsResponse:
    """Paths."""

    ephemerals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhoAmIResponse:
    """As whom a client is known."""

    client_info: tuple[ClientInfo, ...]


# What is framed by hand: parts, each with a MultiHeader before it.


@dataclass(frozen=True, slots=True)
class Op:
    """A part of a multi: what it asks for, and the request that this has outside a multi."""

    type: int
    request: Any


@dataclass(frozen=True, slots=True)
class MultiOperationRecord:
    """Do all of it or nothing (MULTI), or read it (MULTI_READ)."""

    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class OpResult:
    """What came of a part: an ErrorResponse if `type` is ERROR; None after DELETE and CHECK."""

    type: int
    response: Any = None


@dataclass(frozen=True, slots=True)
class MultiResponse:
    """What came of each part. After a failure every result is an error: 0 before it, RUNTIME_INCONSISTENCY after it."""

    results: tuple[OpResult, ...]


# What belongs to an operation: its request and its response; None is no bytes.
SHAPES: dict[int, tuple[type | None, type | None]] = {
    OpCode.CREATE: (CreateRequest, CreateResponse),
    OpCode.DELETE: (DeleteRequest, None),
    OpCode.EXISTS: (ExistsRequest, ExistsResponse),
    OpCode.GET_DATA: (GetDataRequest, GetDataResponse),
    OpCode.SET_DATA: (SetDataRequest, SetDataResponse),
    OpCode.GET_ACL: (GetACLRequest, GetACLResponse),
    OpCode.SET_ACL: (SetACLRequest, SetACLResponse),
    OpCode.GET_CHILDREN: (GetChildrenRequest, GetChildrenResponse),
    OpCode.SYNC: (SyncRequest, SyncResponse),
    OpCode.PING: (None, None),
    OpCode.GET_CHILDREN2: (GetChildren2Request, GetChildren2Response),
    OpCode.CHECK: (CheckVersionRequest, SetDataResponse),
    OpCode.MULTI: (MultiOperationRecord, MultiResponse),
    OpCode.CREATE2: (CreateRequest, Create2Response),
    OpCode.RECONFIG: (ReconfigRequest, GetDataResponse),
    OpCode.CHECK_WATCHES: (CheckWatchesRequest, None),
    OpCode.REMOVE_WATCHES: (RemoveWatchesRequest, None),
    OpCode.CREATE_CONTAINER: (CreateRequest, Create2Response),
    OpCode.CREATE_TTL: (CreateTTLRequest, Create2Response),
    OpCode.MULTI_READ: (MultiOperationRecord, MultiResponse),
    OpCode.AUTH: (AuthPacket, None),
    OpCode.SET_WATCHES: (SetWatches, None),
    OpCode.SASL: (GetSASLRequest, SetSASLResponse),
    OpCode.GET_EPHEMERALS: (GetEphemeralsRequest, GetEphemeralsResponse),
    OpCode.GET_ALL_CHILDREN_NUMBER: (GetAllChildrenNumberRequest, GetAllChildrenNumberResponse),
    OpCode.SET_WATCHES2: (SetWatches2, None),
    OpCode.ADD_WATCH: (AddWatchRequest, ErrorResponse),
    OpCode.WHO_AM_I: (None, WhoAmIResponse),
    OpCode.CLOSE_SESSION: (None, None),
}
