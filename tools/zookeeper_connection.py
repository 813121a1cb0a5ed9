"""A connection to a server of ZooKeeper's protocol, which says what it is told and hides nothing."""

import contextlib
import socket
import struct
from typing import Any

from zookeeper_wire import XIDS, number_of, request

PATIENCE_S = 10.0
FIRST_SYNC = 1 << 20  # the syncs at the ends of steps have numbers that no step uses


class Closed(Exception):  # noqa: N818  # what the server did, and no error of ours
    """The server closed the connection."""


class Silent(Exception):  # noqa: N818
    """The server said nothing for a long time."""


class Connection:
    """A connection to one server."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self.line = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""
        self.xid, self.sync, self.seen = 0, FIRST_SYNC, 0

    def close(self) -> None:
        """Close it."""
        self.line.close()

    def send(self, *frames: bytes) -> None:
        """Send frames together."""
        with contextlib.suppress(OSError):  # that the server closed it is found when reading
            self.line.sendall(b"".join(struct.pack(">i", len(frame)) + frame for frame in frames))

    def frame(self) -> bytes:
        """Return the next frame."""
        return self.exactly(*struct.unpack(">i", self.exactly(4)))

    def exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        while len(self.held) < count:
            try:
                more = self.line.recv(1 << 16)
            except TimeoutError:
                raise Silent from None
            except OSError:
                more = b""
            if not more:
                raise Closed
            self.held += more
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def packet(self, step: dict[str, Any]) -> tuple[int, bytes]:
        """Return the number and the frame of a request."""
        name = step["ask"]
        fixed = XIDS.get(name)
        if fixed is None:
            self.xid += 1
        xid = step.get("xid", self.xid if fixed is None else fixed)
        body = bytes.fromhex(step["body"]) if "body" in step else request(name, step)
        return xid, struct.pack(">ii", xid, number_of(name)) + body
