"""Bytes of somebody whom a server does not know, and what it says to them."""

from __future__ import annotations

import contextlib
import socket

PATIENCE_S = 30.0


def answer_to(address: str, data: bytes) -> bytes:
    """Send these bytes, and return what comes back until the server closes the connection."""
    host, _, port = address.rpartition(":")
    came = b""
    with (
        socket.create_connection((host, int(port)), PATIENCE_S) as line,
        contextlib.suppress(ConnectionError),
    ):
        line.sendall(data)
        while more := line.recv(65536):
            came += more
    return came
