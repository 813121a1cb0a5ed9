"""`Client`: asks a cluster that is served, one command at a time, and says what it knows of the outcome.

    client = Client(["127.0.0.1:4001", "127.0.0.1:4002"])
    client.put("x", 1)      # Answer(type='ok', value=None)
    client.get("x").value   # 1

There are three outcomes. "ok": it happened, and this is the answer. "fail": it certainly did not happen. "info":
nobody knows, for no answer came; it may have happened, or may happen later. A call is asked again, at another server,
under the same number of the same session, and the service does it once. After an "info" the client goes on with a new
session.

`history` collects every call as two `Operation` records, in the order in which they happened. Clients that share a list
(it may be in several threads) make one history, which `distsys.checkers` judges.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from distsys.core.errors import ArgumentError, DistsysError, name_text, several
from distsys.core.operations import FAIL, INFO, INVOKE, OK, Operation
from distsys.core.values import Map
from distsys.drivers.frames import FrameReader, Goodbye, Hello, Post, Welcome, framed
from distsys.drivers.transport import parted
from distsys.services.kv import Append, Call, Cas, Command, Delete, Get, Put
from distsys.services.replicated import Redirect, Reply

PAUSE_FIRST_S, PAUSE_LAST_S = 0.02, 0.16  # how long to wait where no server knows a leader; each time longer


@dataclass(frozen=True)
class Answer:
    """The outcome of a call: "ok" with its value, "fail" or "info"."""

    type: str
    value: Any = None

    @property
    def ok(self) -> bool:
        """Whether it happened."""
        return self.type == OK


class Line:
    """A connection to one server, used by one thread."""

    def __init__(self, address: str, hello: Hello, timeout_s: float) -> None:
        self.socket = socket.create_connection(parted(address), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = FrameReader()
        self._frames: list[Any] = []
        try:
            self.send(hello)
            self.welcome = self.receive(time.monotonic() + timeout_s)
            if not isinstance(self.welcome, Welcome):
                raise ConnectionError(f"{address} answered {self.welcome}")
        except BaseException:
            self.socket.close()
            raise

    def send(self, frame: Any) -> None:
        """Write a frame."""
        self.socket.sendall(framed(frame))

    def receive(self, deadline: float) -> Any:
        """Return the next frame; a TimeoutError when it is not there in time, a ConnectionError when none will come."""
        while not self._frames:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no frame in time")
            self.socket.settimeout(left)
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the other side closed the connection")
            self._frames.extend(self._reader.feed(data))
        frame = self._frames.pop(0)
        if isinstance(frame, Goodbye):
            raise ConnectionError(f"the other side closed the connection: {frame.reason}")
        return frame

    def close(self) -> None:
        """Close it."""
        self.socket.close()


class Client:
    """A client of a key-value store that is served.

    addresses  of some or all servers; it learns the others from whoever answers
    name       begins the names of its sessions
    timeout_s  how long a call may take in all; `try_s` how long it waits for one server
    history    where to put the operations
    alone      the name is taken as it is, for runs that are to be read. Else something random stands behind it: a
               session must be new to the data that the servers hold, or what it asks is taken for an old call
    """

    def __init__(
        self,
        addresses: str | Iterable[str],
        name: str = "client",
        *,
        timeout_s: float = 5.0,
        try_s: float = 1.0,
        history: list[Operation] | None = None,
        alone: bool = False,
    ) -> None:
        found = (
            (addresses,)
            if isinstance(addresses, str)
            else tuple(several("addresses", addresses, "host:port"))
        )
        if not found:
            raise ArgumentError("addresses must hold at least one host:port, but it is empty")
        self.name = name_text("name", name) + ("" if alone else f"-{secrets.token_hex(4)}")
        self.timeout_s, self.try_s = timeout_s, try_s
        self.history = history if history is not None else []
        self._life, self._sequence = 1, 0
        self._addresses: tuple[str, ...] = tuple(dict.fromkeys(found))  # twice the same would stop the round
        self._names: Map[str, str] = Map()  # server -> address, as a server told
        self._server = found[0]  # the address that is asked
        self._lines: dict[str, Line] = {}

    @property
    def session(self) -> str:
        """The name of the session: a process in the history."""
        return f"{self.name}.{self._life}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for address in tuple(self._lines):
            self._hang_up(address)

    # What can be asked.

    def get(self, key: str) -> Answer:
        """Return the value of `key`; None where it is absent."""
        return self._call(Get(key), None)

    def put(self, key: str, value: Any) -> Answer:
        """Set `key` to `value`."""
        return self._call(Put(key, value), value)

    def append(self, key: str, text: str) -> Answer:
        """Put `text` behind the text that `key` holds; "fail" where it holds something else."""
        return self._call(Append(key, text), text)

    def delete(self, key: str) -> Answer:
        """Take `key` out."""
        return self._call(Delete(key), None)

    def cas(self, key: str, old: Any, new: Any) -> Answer:
        """Set `key` to `new` if it holds `old` (None: is absent); the value says whether it did."""
        return self._call(Cas(key, old, new), (old, new))

    # How.

    def _call(self, command: Command, asked: Any) -> Answer:
        """Ask until there is an answer or the time is over, and note both ends."""
        self._sequence += 1
        call = Call(self.session, self._sequence, command)
        f = type(command).__name__.lower()
        self._note(call, INVOKE, f, None if f == "get" else asked)
        try:
            type_, result = self._ask(call)
        except BaseException:  # Ctrl-C, say: the history stays sound
            self._end(call, INFO, f, asked)
            raise
        if type_ == OK and result is False and f != "cas" and f != "get":
            type_ = FAIL  # the store refused it
        value = result if type_ == OK and f in ("get", "cas") else asked
        self._end(call, type_, f, value)
        return Answer(type_, result if type_ == OK else None)

    def _end(self, call: Call, type_: str, f: str, value: Any) -> None:
        self._note(call, type_, f, value)
        if type_ == INFO:
            self._life, self._sequence = self._life + 1, 0

    def _note(self, call: Call, type_: str, f: str, value: Any) -> None:
        at = time.monotonic_ns() // 1000
        self.history.append(Operation(call.session, type_, f, call.command.key, value, at))

    def _ask(self, call: Call) -> tuple[str, Any]:
        deadline = time.monotonic() + self.timeout_s
        was_sent, pauses, hops = False, 0, 0
        while (now := time.monotonic()) < deadline:
            until = min(deadline, now + self.try_s)
            try:
                line = self._line(self._server, until - now)
                was_sent = True
                line.send(Post(call.session, call.sequence, call))
                reply = self._answer(line, call, until)
            except (OSError, DistsysError):
                self._hang_up(self._server)
                self._next_server()
                self._wait(deadline, pauses := pauses + 1)
                continue
            if isinstance(reply, Reply):
                return OK, reply.result
            leader = self._names.get(reply.leader) if reply.leader is not None else None
            if leader not in (None, self._server) and hops < len(self._addresses):
                self._server, hops = leader, hops + 1
            else:  # nobody knows, or they point at each other
                hops = 0
                self._next_server()
                self._wait(deadline, pauses := pauses + 1)
        return (INFO if was_sent else FAIL), None

    def _answer(self, line: Line, call: Call, until: float) -> Reply | Redirect:
        """Return the answer to this call; those to earlier ones are late and of no use."""
        while True:
            frame = line.receive(until)
            message = frame.message if isinstance(frame, Post) else None
            if not isinstance(message, (Reply, Redirect)):
                continue
            if (message.session, message.sequence) == (call.session, call.sequence):
                return message

    def _line(self, address: str, timeout_s: float) -> Line:
        """Return the connection to a server, a new one where there is none."""
        if address not in self._lines:
            line = Line(address, Hello("client", self.name), timeout_s)
            self._lines[address] = line
            if isinstance(line.welcome, Welcome) and line.welcome.addresses:
                self._names = line.welcome.addresses
                self._addresses = tuple(dict.fromkeys((*self._addresses, *self._names.values())))
        return self._lines[address]

    def _hang_up(self, address: str) -> None:
        line = self._lines.pop(address, None)
        if line is not None:
            line.close()

    def _next_server(self) -> None:
        place = self._addresses.index(self._server)
        self._server = self._addresses[(place + 1) % len(self._addresses)]

    def _wait(self, deadline: float, pauses: int) -> None:
        """Give the servers a moment to find a leader."""
        pause = min(PAUSE_LAST_S, PAUSE_FIRST_S * 2 ** min(pauses, 10) / 2)
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
