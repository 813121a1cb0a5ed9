"""What a call is refused with: the codes of gRPC, and the status that the JSON gateway gives each of them.

Source: google.golang.org/grpc/codes and grpc-gateway's runtime/errors.go.
"""

from __future__ import annotations

from distsys.core.errors import DistsysError

# Name: number, status of HTTP.
CODES = {
    "OK": (0, 200),
    "CANCELLED": (1, 408),
    "UNKNOWN": (2, 500),
    "INVALID_ARGUMENT": (3, 400),
    "DEADLINE_EXCEEDED": (4, 504),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "PERMISSION_DENIED": (7, 403),
    "RESOURCE_EXHAUSTED": (8, 429),
    "FAILED_PRECONDITION": (9, 400),
    "ABORTED": (10, 409),
    "OUT_OF_RANGE": (11, 400),
    "UNIMPLEMENTED": (12, 501),
    "INTERNAL": (13, 500),
    "UNAVAILABLE": (14, 503),
    "DATA_LOSS": (15, 500),
    "UNAUTHENTICATED": (16, 401),
}


class RefusedError(DistsysError):
    """A call is not answered with a message but with a code of gRPC and a text.

    >>> RefusedError("NOT_FOUND", "etcdserver: requested lease not found").status
    404
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text

    @property
    def number(self) -> int:
        """The number of the code."""
        return CODES[self.code][0]

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return CODES[self.code][1]


AUTH_IS_OFF = ("FAILED_PRECONDITION", "etcdserver: authentication is not enabled")
NO_ROOT = ("FAILED_PRECONDITION", "etcdserver: root user does not exist")
NO_USER = ("FAILED_PRECONDITION", "etcdserver: user name not found")
NO_ROLE = ("FAILED_PRECONDITION", "etcdserver: role name not found")
TOO_LARGE = ("INVALID_ARGUMENT", "etcdserver: request is too large")
TOO_MANY = ("RESOURCE_EXHAUSTED", "etcdserver: too many requests")
EMPTY_OPERATION = ("INVALID_ARGUMENT", "etcdserver: key not found")
