"""ZooKeeper's wire format, written from zookeeper.jute alone: what a client sends, and how it reads replies.

It shares no line with the server of this project, so that a mistake in one cannot hide a mistake in the other.

    s string   b buffer   i int   l long   o bool   S list of strings   A list of ACLs   C list of (scheme, id)   t stat

A string or buffer that is None has the length -1. Texts of data are UTF-8; {"of": "x", "times": 9} is a long one.
"""

import struct
from typing import Any

ERRORS = {
    -1: "SystemError", -2: "RuntimeInconsistency", -3: "DataInconsistency", -4: "ConnectionLoss",
    -5: "MarshallingError",
    -6: "Unimplemented", -7: "OperationTimeout", -8: "BadArguments", -12: "UnknownSession", -13: "NewConfigNoQuorum",
    -14: "ReconfigInProgress", -100: "APIError", -101: "NoNode", -102: "NoAuth", -103: "BadVersion",
    -108: "NoChildrenForEphemerals", -110: "NodeExists", -111: "NotEmpty", -112: "SessionExpired",
    -113: "InvalidCallback", -114: "InvalidACL", -115: "AuthFailed", -118: "SessionMoved", -119: "NotReadOnly",
    -120: "EphemeralOnLocalSession", -121: "NoWatcher", -122: "RequestTimeout", -123: "ReconfigDisabled",
    -124: "SessionClosedRequireSaslAuth", -125: "QuotaExceeded", -127: "ThrottledOp",
}  # fmt: skip
EVENTS = {
    1: "NodeCreated", 2: "NodeDeleted", 3: "NodeDataChanged", 4: "NodeChildrenChanged",
    5: "DataWatchRemoved", 6: "ChildWatchRemoved", 7: "PersistentWatchRemoved",
}  # fmt: skip
STAT = (
    "czxid", "mzxid", "ctime", "mtime", "version", "cversion", "aversion", "owner", "bytes", "children", "pzxid",
)  # fmt: skip
PERMISSIONS = {"r": 1, "w": 2, "c": 4, "d": 8, "a": 16}

# Name -> number, fields of the request, fields of the reply.
CREATED = "path:s data:b acl:A flags:i"
OPERATIONS: dict[str, tuple[int, str, str]] = {
    "create": (1, CREATED, "path:s"),
    "delete": (2, "path:s version:i", ""),
    "exists": (3, "path:s watch:o", "stat:t"),
    "getData": (4, "path:s watch:o", "data:b stat:t"),
    "setData": (5, "path:s data:b version:i", "stat:t"),
    "getACL": (6, "path:s", "acl:A stat:t"),
    "setACL": (7, "path:s acl:A version:i", "stat:t"),
    "getChildren": (8, "path:s watch:o", "children:S"),
    "sync": (9, "path:s", "path:s"),
    "ping": (11, "", ""),
    "getChildren2": (12, "path:s watch:o", "children:S stat:t"),
    "check": (13, "path:s version:i", ""),
    "multi": (14, "", ""),
    "create2": (15, CREATED, "path:s stat:t"),
    "reconfig": (16, "joining:s leaving:s members:s config:l", "data:b stat:t"),
    "checkWatches": (17, "path:s type:i", ""),
    "removeWatches": (18, "path:s type:i", ""),
    "createContainer": (19, CREATED, "path:s stat:t"),
    "deleteContainer": (20, "path:s version:i", ""),
    "createTTL": (21, CREATED + " ttl:l", "path:s stat:t"),
    "multiRead": (22, "", ""),
    "auth": (100, "type:i scheme:s auth:b", ""),
    "setWatches": (101, "zxid:l data:S exists:S children:S", ""),
    "getEphemerals": (103, "path:s", "ephemerals:S"),
    "getAllChildrenNumber": (104, "path:s", "count:i"),
    "setWatches2": (105, "zxid:l data:S exists:S children:S persistent:S recursive:S", ""),
    "addWatch": (106, "path:s mode:i", "err:i"),
    "whoAmI": (107, "", "ids:C"),
    "closeSession": (-11, "", ""),
}
NAMES = {number: name for name, (number, _, _) in OPERATIONS.items()}
# What a step need not say.
DEFAULTS: dict[str, Any] = {
    "data": "", "acl": ["world:anyone:rwcda"], "flags": 0, "version": -1, "watch": False, "type": 0, "mode": 0,
    "ttl": -1, "zxid": 0, "exists": [], "children": [], "persistent": [], "recursive": [],
    "joining": None, "leaving": None, "members": None, "config": -1,
}  # fmt: skip
# Clients send these with a fixed number, and take the reply by it.
XIDS = {"ping": -2, "auth": -4, "setWatches": -8, "setWatches2": -8}
NOTIFICATION = b"\xff\xff\xff\xff"  # the number of every event, -1


def packed_acl(acl: Any) -> bytes:
    """Return an ACL, 'scheme:id:rwcda' or [permissions, scheme, id]."""
    if isinstance(acl, str):
        scheme, rest = acl.split(":", 1)
        id, letters = rest.rsplit(":", 1)
        acl = [sum(PERMISSIONS[letter] for letter in letters), scheme, id]
    return struct.pack(">i", acl[0]) + packed("s", acl[1]) + packed("s", acl[2])


def packed(kind: str, value: Any) -> bytes:
    """Return one value as it goes over the wire."""
    match kind:
        case "i":
            return struct.pack(">i", value)
        case "l":
            return struct.pack(">q", value)
        case "o":
            return struct.pack(">?", value)
        case "s" | "b":
            if value is None:
                return struct.pack(">i", -1)
            text = value["of"] * value["times"] if isinstance(value, dict) else value
            raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
            return struct.pack(">i", len(raw)) + raw
        case "S" | "A":
            if value is None:
                return struct.pack(">i", -1)
            each = (lambda one: packed("s", one)) if kind == "S" else packed_acl
            return struct.pack(">i", len(value)) + b"".join(map(each, value))
    raise ValueError(f"no kind of field: {kind}")


def request(name: str | int, fields: dict[str, Any]) -> bytes:
    """Return the body of a request; the fields it leaves out have their defaults."""
    if name in ("multi", "multiRead"):
        parts = [struct.pack(">i?i", number_of(each["ask"]), False, -1) + request(each["ask"], each)
                 for each in fields["operations"]]  # fmt: skip
        return b"".join(parts) + struct.pack(">i?i", -1, True, -1)
    shape = OPERATIONS[name][1] if isinstance(name, str) else ""
    defaults = DEFAULTS | ({"data": []} if name in ("setWatches", "setWatches2") else {})
    kinds = (pair.split(":") for pair in shape.split())
    return b"".join(
        packed(kind, fields[field] if field in fields else defaults[field]) for field, kind in kinds
    )


def number_of(name: str | int) -> int:
    """Return the number of an operation; a number stands for itself."""
    return name if isinstance(name, int) else OPERATIONS[name][0]


class Reader:
    """Reads values out of a frame, one after the other."""

    def __init__(self, frame: bytes) -> None:
        self.frame, self.at = frame, 0

    def number(self, form: str) -> Any:
        """Return a number or truth value of struct's form."""
        (value,) = struct.unpack_from(f">{form}", self.frame, self.at)
        self.at += struct.calcsize(f">{form}")
        return value

    def left(self) -> int:
        """Return how many bytes were not read."""
        return len(self.frame) - self.at

    def buffer(self) -> bytes | None:
        """Return bytes with their length before them."""
        length = self.number("i")
        if length < 0:
            return None
        self.at += length
        if self.at > len(self.frame):
            raise ValueError(f"a buffer of {length} bytes goes beyond its frame")
        return self.frame[self.at - length : self.at]

    def text(self) -> str | None:
        """Return a string."""
        raw = self.buffer()
        return None if raw is None else raw.decode()

    def value(self, kind: str) -> Any:
        """Return one value of a kind."""
        match kind:
            case "i":
                return self.number("i")
            case "l":
                return self.number("q")
            case "o":
                return self.number("?")
            case "s" | "b":
                return self.text()
            case "S":
                return [self.text() for _ in range(self.number("i"))]
            case "A":
                return [self.acl() for _ in range(self.number("i"))]
            case "C":
                return [f"{self.text()}:{self.text()}" for _ in range(self.number("i"))]
            case "t":
                return dict(zip(STAT, struct.unpack(">qqqqiiiqiiq", self.take(68)), strict=True))
        raise ValueError(f"no kind of field: {kind}")

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        self.at += count
        return self.frame[self.at - count : self.at]

    def acl(self) -> str:
        """Return an ACL as 'scheme:id:rwcda'."""
        permissions = self.number("i")
        letters = "".join(letter for letter, bit in PERMISSIONS.items() if permissions & bit)
        if permissions > 31:
            letters = str(permissions)
        return f"{self.text()}:{self.text()}:{letters}"

    def fields(self, shape: str) -> dict[str, Any]:
        """Return values with their names."""
        pairs = (pair.split(":") for pair in shape.split())
        return {name: self.value(kind) for name, kind in pairs}

    def results(self) -> list[Any]:
        """Return the results of a multi, one for each operation."""
        results: list[Any] = []
        while True:
            kind, done, error = self.number("i"), self.number("?"), self.number("i")
            if done:
                return results if (kind, error) == (-1, -1) else [*results, {"end": [kind, error]}]
            if kind == -1:
                inside = self.number("i")
                name = ERRORS.get(error, "OK" if error == 0 else str(error))
                results.append({"error": name} if inside == error else {"error": name, "inside": inside})
            else:
                name = NAMES.get(kind, str(kind))
                results.append(
                    {"did": name, **self.fields(OPERATIONS[name][2] if name in OPERATIONS else "")}
                )


def reply(name: str | int, reader: Reader) -> dict[str, Any]:
    """Return the fields of a reply to a request without an error."""
    if not reader.left():
        return {}
    if name in ("multi", "multiRead"):
        return {"results": reader.results()}
    return reader.fields(OPERATIONS[str(name)][2])
