"""What ZooKeeper refuses: the codes that a client sees.

An error is a value, for it is also an answer, and it is *broadcast*: the primary finds that a request cannot be done,
and this finding takes a zxid and its place in the order like any change. `RejectedError` carries a code up to where
the answer is made.

Source: org.apache.zookeeper.KeeperException.Code of ZooKeeper 3.8.
"""

from __future__ import annotations

import enum

from distsys.core.errors import DistsysError
from distsys.core.values import record


@record
class Code(enum.Enum):
    """The code of an answer."""

    OK = 0
    RUNTIME_INCONSISTENCY = -2
    MARSHALLING_ERROR = -5
    UNIMPLEMENTED = -6
    BAD_ARGUMENTS = -8
    NO_NODE = -101
    NO_AUTH = -102
    BAD_VERSION = -103
    NO_CHILDREN_FOR_EPHEMERALS = -108
    NODE_EXISTS = -110
    NOT_EMPTY = -111
    SESSION_EXPIRED = -112
    INVALID_ACL = -114
    AUTH_FAILED = -115
    SESSION_MOVED = -118
    NOT_READ_ONLY = -119
    NO_WATCHER = -121
    RECONFIG_DISABLED = -123


class RejectedError(DistsysError):
    """A request cannot be done; `code` is the answer."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code
