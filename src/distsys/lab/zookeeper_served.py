"""Small programs without a client library, against a server of ZooKeeper's protocol: frames, words, bare bytes."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from distsys.core.errors import DistsysError

from .strangers import answer_to as answer_to

PATIENCE_S = 30.0
EVENT_XID = -1
EVENTS = {1: "created", 2: "deleted", 3: "data changed", 4: "children changed"}
ANYBODY = struct.pack(">ii5si6s", 31, 5, b"world", 6, b"anyone")  # all rights, scheme, who
TRANSCRIPTS = "tests/golden/zookeeper"


def text(value: str | bytes) -> bytes:
    """Return a text or a buffer as it is in a frame: its length and its bytes.

    >>> text("/a").hex(" ")
    '00 00 00 02 2f 61'
    """
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">i", len(data)) + data


def texts(*values: str) -> bytes:
    """Return a vector of texts as it is in a frame."""
    return struct.pack(">i", len(values)) + b"".join(map(text, values))


class Wire:
    """A connection with a session: a new one, or one that is brought along.

    seen   the newest zxid that the client claims to have been shown
    zxid   the newest that it has been shown
    heard  what it was told of, and the replies between: ("/a data changed", "reply 1", ...)
    """

    def __init__(self, address: str, session: int = 0, password: bytes = bytes(16), seen: int = 0) -> None:
        self.heard: list[str] = []
        self.zxid = seen
        came = self.greeted(address, session, password)
        while not came and not session:  # it has no leader just now
            self.line.close()
            came = self.greeted(address, session, password)
        self.is_open = bool(came)  # who is sent away gets no answer at all
        self.session = self.timeout_ms = 0
        self.password = b""
        if came:
            _, self.timeout_ms, self.session, length = struct.unpack_from(">iiqi", came)
            self.password = came[20 : 20 + length]

    def greeted(self, address: str, session: int, password: bytes) -> bytes:
        """Open the connection, and return the answer to its first frame."""
        host, _, port = address.rpartition(":")
        self.line = socket.create_connection((host, int(port)), PATIENCE_S)
        self.send(struct.pack(">iqiq", 0, self.zxid, 20_000, session) + text(password) + b"\0")
        return self.frame()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.line.close()

    def send(self, body: bytes) -> None:
        """Send a frame. That the server has closed the connection is seen by who reads."""
        with contextlib.suppress(ConnectionError):
            self.line.sendall(text(body))

    def frame(self) -> bytes:
        """Return the next frame, nothing where the server has closed the connection."""
        length = struct.unpack(">i", head)[0] if (head := self.take(4)) else 0
        return self.take(length)

    def take(self, count: int) -> bytes:
        """Return so many bytes, or nothing where the connection ends before."""
        came = b""
        with contextlib.suppress(ConnectionError):
            while len(came) < count and (more := self.line.recv(count - len(came))):
                came += more
        return came if len(came) == count else b""

    def ask(self, xid: int, type: int, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request, and return the error and the rest of its reply; events before it are noted."""
        self.send(struct.pack(">ii", xid, type) + body)
        while frame := self.frame():
            got, zxid, err = struct.unpack_from(">iqi", frame)
            if got != EVENT_XID:
                self.zxid = max(self.zxid, zxid)
                self.heard.append(f"reply {got}")
                return err, frame[16:]
            kind, _, length = struct.unpack_from(">iii", frame, 16)
            self.heard.append(f"{frame[28 : 28 + length].decode()} {EVENTS[kind]}")
        raise DistsysError(f"the server has closed the connection instead of answering request {xid}")


def word(address: str, four_letters: str) -> str:
    """Return the answer to a four-letter word."""
    return answer_to(address, four_letters.encode()).decode()


def modes(*addresses: str) -> list[str]:
    """Return what the servers are, sorted; wait until one of them leads and the others follow."""
    found: list[str] = []
    while "leader" not in found or len(found) < len(addresses):
        said = (re.search(r"Mode: (\w+)", word(address, "srvr")) for address in addresses)
        found = sorted(one[1] for one in said if one)
    return found


def server_of(addresses: dict[str, str], session: int) -> str:
    """Return the name of the server at which the client of a session is connected."""
    while True:
        for name, address in addresses.items():
            with contextlib.suppress(ConnectionError):
                if f"sid=0x{session:x}," in word(address, "cons"):
                    return name


# How ours compares with the real one: the transcripts, and the tool that plays them, are in the repository of the book.


def repository() -> Path:
    """Return the folder of the book."""
    for folder in (Path.cwd(), *Path.cwd().parents, *Path(__file__).parents):
        if (folder / TRANSCRIPTS).is_dir():
            return folder
    raise DistsysError(f"the transcripts are not here: {TRANSCRIPTS} is in the repository of the book")


def recorded_steps() -> dict[str, int]:
    """Return how many steps of each scenario the real ZooKeeper was asked."""
    files = sorted((repository() / TRANSCRIPTS).glob("*.jsonl"))
    steps = {file.stem: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    return {name: count for name, count in steps.items() if name not in ("clients", "frames")}


def compared(*scenarios: str) -> list[str]:
    """Play scenarios against servers of ours, started for that, and say how many steps are like the recorded ones."""
    tool = repository() / "tools" / "compare_zookeeper.py"
    only = [part for name in scenarios for part in ("--only", name)]
    command: list[Any] = [sys.executable, tool, "--ours", *only]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10 * PATIENCE_S)
    if done.returncode:
        raise DistsysError(f"ours did something else: {(done.stdout + done.stderr)[-1000:]}")
    return done.stdout.splitlines()
