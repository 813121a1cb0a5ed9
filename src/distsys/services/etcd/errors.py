"""What etcd refuses, in its own words: the code and the message of each error that a client may see.

An error is a value, for it is also an answer: `RejectedError` carries it up to where the answer is made. An answer with
an error says that nothing was done, but for one: after `TIMED_OUT` nobody knows.

Source: api/v3rpc/rpctypes/error.go and server/mvcc/watcher.go of etcd 3.5.1. `UNKNOWN_REQUEST` alone is ours: no client
of the real one can ask what makes no sense to its protocol buffers.
"""

from __future__ import annotations

from distsys.core.errors import DistsysError
from distsys.core.values import record


@record
class EtcdError:
    """An answer that says what is wrong: the name of the gRPC code, and the message."""

    code: str
    message: str


class RejectedError(DistsysError):
    """A request cannot be done; `error` is the answer."""

    def __init__(self, error: EtcdError) -> None:
        super().__init__(error.message)
        self.error = error


EMPTY_KEY = EtcdError("INVALID_ARGUMENT", "etcdserver: key is not provided")
KEY_NOT_FOUND = EtcdError("INVALID_ARGUMENT", "etcdserver: key not found")
VALUE_PROVIDED = EtcdError("INVALID_ARGUMENT", "etcdserver: value is provided")
LEASE_PROVIDED = EtcdError("INVALID_ARGUMENT", "etcdserver: lease is provided")
TOO_MANY_OPS = EtcdError("INVALID_ARGUMENT", "etcdserver: too many operations in txn request")
DUPLICATE_KEY = EtcdError("INVALID_ARGUMENT", "etcdserver: duplicate key given in txn request")
COMPACTED = EtcdError("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted")
FUTURE_REVISION = EtcdError("OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision")
NO_SPACE = EtcdError("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded")
CORRUPT = EtcdError("DATA_LOSS", "etcdserver: corrupt cluster")
LEASE_NOT_FOUND = EtcdError("NOT_FOUND", "etcdserver: requested lease not found")
LEASE_EXISTS = EtcdError("FAILED_PRECONDITION", "etcdserver: lease already exists")
LEASE_TTL_TOO_LARGE = EtcdError("OUT_OF_RANGE", "etcdserver: too large lease TTL")
TIMED_OUT = EtcdError("UNAVAILABLE", "etcdserver: request timed out")
NO_LEADER = EtcdError("UNAVAILABLE", "etcdserver: no leader")
UNKNOWN_REQUEST = EtcdError("UNIMPLEMENTED", "etcdserver: unknown request")

DUPLICATE_WATCH_ID = "mvcc: duplicate watch ID provided on the WatchStream"
EMPTY_WATCHER_RANGE = "mvcc: watcher range is empty"
