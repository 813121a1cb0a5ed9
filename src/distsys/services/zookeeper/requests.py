"""What clients ask of a ZooKeeper server, and what they are answered: the words of its API as records.

A znode is named by a path. It has data, an access control list, and a `Stat`. Requests that change something may name
the version that they expect; -1 stands for any.

Source: zookeeper-jute/src/main/resources/zookeeper.jute and org.apache.zookeeper.ZooDefs of ZooKeeper 3.8.
"""

from __future__ import annotations

import enum

from distsys.core.values import record

from .errors import Code

ANY_VERSION = -1


@record
class Id:
    """Who somebody is: a scheme of authentication, and a name in it."""

    scheme: str
    id: str


@record
class Acl:
    """What somebody may do: a sum of `Perm` values."""

    perms: int
    id: Id


class Perm(enum.IntEnum):
    """The five permissions."""

    READ = 1
    WRITE = 2
    CREATE = 4
    DELETE = 8
    ADMIN = 16


ALL = 31
ANYONE = Id("world", "anyone")
OPEN_ACL = (Acl(ALL, ANYONE),)
READ_ACL = (Acl(Perm.READ.value, ANYONE),)


@record
class Stat:
    """What is known of a znode beside its data.

    czxid, mzxid, pzxid        the change that made it, that set its data last, that added or removed a child last
    ctime, mtime               when that was, ms, by the clock of the primary
    version, cversion, aversion  how often its data was set, a child was created, its list was set
    ephemeral_owner            the session that it ends with, 0 for none; two kinds have a mark here instead (`tree`)
    """

    czxid: int = 0
    mzxid: int = 0
    ctime: int = 0
    mtime: int = 0
    version: int = 0
    cversion: int = 0
    aversion: int = 0
    ephemeral_owner: int = 0
    data_length: int = 0
    num_children: int = 0
    pzxid: int = 0


# Requests that change something. The primary makes a state change of each.


@record
class Kind(enum.Enum):
    """What kind of znode is created; its values are the flags of the wire."""

    PERSISTENT = 0
    EPHEMERAL = 1
    PERSISTENT_SEQUENTIAL = 2
    EPHEMERAL_SEQUENTIAL = 3
    CONTAINER = 4
    PERSISTENT_WITH_TTL = 5
    PERSISTENT_SEQUENTIAL_WITH_TTL = 6

    @property
    def is_sequential(self) -> bool:
        """Whether the primary adds a number to the path."""
        return self in (
            Kind.PERSISTENT_SEQUENTIAL, Kind.EPHEMERAL_SEQUENTIAL, Kind.PERSISTENT_SEQUENTIAL_WITH_TTL,
        )  # fmt: skip

    @property
    def is_ephemeral(self) -> bool:
        """Whether it ends with the session of its creator."""
        return self in (Kind.EPHEMERAL, Kind.EPHEMERAL_SEQUENTIAL)

    @property
    def has_ttl(self) -> bool:
        """Whether it ends when it has had no child and no new data for a while."""
        return self in (Kind.PERSISTENT_WITH_TTL, Kind.PERSISTENT_SEQUENTIAL_WITH_TTL)


@record
class CreateRequest:
    """Make a znode; `ttl` in ms, -1 for none; with `stat` the answer has the Stat (`create2` and later calls)."""

    path: str
    data: bytes | None = b""
    acl: tuple[Acl, ...] = OPEN_ACL
    kind: Kind = Kind.PERSISTENT
    ttl: int = -1
    stat: bool = False


@record
class DeleteRequest:
    """Remove a znode that has no children."""

    path: str
    version: int = ANY_VERSION


@record
class SetDataRequest:
    """Give a znode other data."""

    path: str
    data: bytes | None
    version: int = ANY_VERSION


@record
class SetAclRequest:
    """Give a znode another access control list; `version` is that of the list."""

    path: str
    acl: tuple[Acl, ...]
    version: int = ANY_VERSION


@record
class CheckRequest:
    """Do nothing if the data has this version; fail otherwise."""

    path: str
    version: int = ANY_VERSION


@record
class MultiRequest:
    """Do all of these or none."""

    requests: tuple[CreateRequest | DeleteRequest | SetDataRequest | CheckRequest | FailRequest, ...]


@record
class CreateSessionRequest:
    """Begin a session that ends when its client is not heard for `timeout_ms`. Of a server, for a client that came."""

    timeout_ms: int


@record
class CloseSessionRequest:
    """End a session, and with it its ephemeral znodes."""


@record
class ReapRequest:
    """Remove a container that has become empty, or a znode whose time is over. Of the primary."""

    path: str


@record
class ReconfigRequest:
    """Change the members. It is refused, as by a real ensemble unless its operator allows it."""


@record
class FailRequest:
    """What nobody could read, in place of a request to change something: it fails, and takes its place like others."""

    code: Code


# Requests that only read. The server that is asked answers from what it has, which may be behind.


@record
class ExistsRequest:
    """Ask for the Stat of a znode, which need not be there; `watch` asks to be told of the next change."""

    path: str
    watch: bool = False


@record
class GetDataRequest:
    """Ask for the data."""

    path: str
    watch: bool = False


@record
class GetAclRequest:
    """Ask for the access control list."""

    path: str


@record
class GetChildrenRequest:
    """Ask for the names of the children; with `stat` for the Stat as well (`getChildren2`)."""

    path: str
    watch: bool = False
    stat: bool = False


@record
class GetEphemeralsRequest:
    """Ask for the ephemeral znodes of this session whose paths begin so."""

    prefix: str


@record
class GetAllChildrenNumberRequest:
    """Ask how many znodes are below a path."""

    path: str


@record
class MultiReadRequest:
    """Read several znodes as of one moment."""

    requests: tuple[GetDataRequest | GetChildrenRequest, ...]


@record
class WhoAmIRequest:
    """Ask what this client is known as."""


@record
class RefuseRequest:
    """What nobody could read, in place of a request that changes nothing."""

    code: Code


@record
class PingRequest:
    """Say that the client is there."""


@record
class AuthRequest:
    """Say who one is."""

    scheme: str
    auth: bytes


# Watches.


@record
class WatchMode(enum.Enum):
    """How long a watch lasts: STANDARD is told once, the others until they are removed."""

    STANDARD = -1
    PERSISTENT = 0
    PERSISTENT_RECURSIVE = 1


@record
class WatcherType(enum.Enum):
    """Which watches are meant."""

    CHILDREN = 1
    DATA = 2
    ANY = 3


@record
class AddWatchRequest:
    """Watch a path, whether there is a znode or not."""

    path: str
    mode: WatchMode = WatchMode.PERSISTENT


@record
class RemoveWatchesRequest:
    """Watch a path no more."""

    path: str
    type: WatcherType = WatcherType.ANY


@record
class CheckWatchesRequest:
    """Ask whether this connection watches a path."""

    path: str
    type: WatcherType = WatcherType.ANY


@record
class SetWatchesRequest:
    """After a change of the connection: watch these again, and tell at once what has changed since `relative_zxid`."""

    relative_zxid: int
    data: tuple[str, ...] = ()
    exist: tuple[str, ...] = ()
    child: tuple[str, ...] = ()
    persistent: tuple[str, ...] = ()
    persistent_recursive: tuple[str, ...] = ()


@record
class SyncRequest:
    """Let this server catch up with all that is committed when the leader hears of it.

    `zxid` is for the server: what it waits for, when the leader has said it.
    """

    path: str
    zxid: int = 0


# Answers.


@record
class PathResponse:
    """A path: of the znode that was created, or that was synchronised."""

    path: str


@record
class StatResponse:
    """A Stat."""

    stat: Stat


@record
class CreateResponse:
    """The path of a new znode, and its Stat."""

    path: str
    stat: Stat


@record
class DataResponse:
    """Data, and the Stat with it."""

    data: bytes | None
    stat: Stat


@record
class AclResponse:
    """An access control list, and the Stat with it."""

    acl: tuple[Acl, ...]
    stat: Stat


@record
class ChildrenResponse:
    """Names of children; the Stat where it was asked for."""

    children: tuple[str, ...]
    stat: Stat | None = None


@record
class PathsResponse:
    """Paths of ephemeral znodes."""

    paths: tuple[str, ...]


@record
class NumberResponse:
    """A number."""

    number: int


@record
class IdsResponse:
    """What a client is known as."""

    ids: tuple[Id, ...]


@record
class DoneResponse:
    """It is done, and there is nothing to say."""


@record
class ErrorResponse:
    """It is not done."""

    code: Code


@record
class MultiResponse:
    """One answer for each part."""

    results: tuple[object, ...]


@record
class EventType(enum.Enum):
    """What has happened to a znode that is watched."""

    CREATED = 1
    DELETED = 2
    DATA_CHANGED = 3
    CHILDREN_CHANGED = 4


@record
class Event:
    """A watch is told: this has happened."""

    type: EventType
    path: str


CHANGES = (
    CreateRequest, DeleteRequest, SetDataRequest, SetAclRequest, CheckRequest, MultiRequest, CreateSessionRequest,
    CloseSessionRequest, ReapRequest, ReconfigRequest, FailRequest,
)  # fmt: skip
