"""`Front`: lets clients of the real ZooKeeper talk to the server that runs in this process.

Each connection of a client becomes a client of the server, which lives in this process and is told everything in
order. The front adds what belongs to the outside: addresses, times of the day, and passwords that nobody can guess who
does not know the token of the cluster.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from distsys.drivers.runtime import Runtime
from distsys.services.zookeeper import requests as api
from distsys.services.zookeeper.connections import Answered, Connect, Connected, HangUp, Hear, Noticed, Say
from distsys.services.zookeeper.operated import ConnectedToRead, ConnectOrRead
from distsys.services.zookeeper.tracking import password_of
from distsys.wire.zookeeper.answering import Asked, Client
from distsys.wire.zookeeper.codes import KeeperState, OpCode
from distsys.wire.zookeeper.door import Door
from distsys.wire.zookeeper.schema import ConnectRequest, ConnectResponse, WatcherEvent
from distsys.wire.zookeeper.visitor import WORDS

from .translate import Answers, asked
from .words import Latencies, Words


@dataclass(eq=False)
class Guest:
    """A connection: how the server knows it, its requests that are not answered, and what operators may ask of it.

    open       number of a request -> the request, and when it came, ms
    last       the last request that was answered, its zxid, and when that was, ms
    latencies  of its answers
    """

    name: str
    client: Client
    began_ms: int
    session: int = 0
    timeout_ms: int = 0
    said: int = 0
    open: dict[int, tuple[Asked, int]] = field(default_factory=dict)
    last: tuple[Asked, int, int] | None = None
    latencies: Latencies = field(default_factory=Latencies)


class Front:
    """Serves clients of ZooKeeper at the port of the transport.

    addresses  server -> "host:port"
    token      of the cluster; the passwords of sessions follow from it
    origin     the time that the clocks of the servers call 0, in microseconds of Unix time
    """

    def __init__(self, runtime: Runtime, addresses: Mapping[str, str], token: str, origin: int) -> None:
        self.runtime, self.addresses, self.token = runtime, dict(addresses), token
        self.answers = Answers(origin // 1000)
        self.words = Words(self)
        self.door = Door(self, words=WORDS)
        self.latencies = Latencies()
        self.guests: dict[Client, Guest] = {}
        self._numbers = count(1)

    async def start(self) -> None:
        """Let clients come."""
        self.runtime.transport.claims = Door.claims
        self.runtime.transport.guest = self.door.guest

    async def stop(self) -> None:
        """Send all clients away."""
        self.runtime.transport.guest = None
        await self.door.close()

    @property
    def server(self) -> Any:
        """The server in this process."""
        return self.runtime.node

    def now_ms(self) -> int:
        """Return the time of the day as this server has it, ms."""
        return self.answers.shift_ms + self.runtime.clock() // 1000

    # What the door asks.

    def connected(self, client: Client, request: ConnectRequest) -> None:
        """Open a connection at the server."""
        guest = Guest(f"guest {next(self._numbers)}", client, self.now_ms())
        self.guests[client] = guest
        self.runtime.residents[guest.name] = lambda message: self._on_message(guest, message)
        session = request.session_id
        right = hmac.compare_digest(request.passwd or b"", password_of(session, self.token))
        host = client.address.rpartition(":")[0].strip("[]")
        known = password_of(session, "") if right else b""
        ids = (api.Id("ip", host),)
        connect = Connect(1, session, known, request.time_out, request.last_zxid_seen, ids)
        self.runtime.deliver(guest.name, ConnectOrRead(connect) if request.read_only else connect)

    def asked(self, client: Client, asked_: Asked) -> None:
        """Ask the server."""
        guest = self.guests[client]
        guest.said += 1
        guest.open[guest.said] = asked_, self.now_ms()
        self.runtime.deliver(guest.name, Say(1, guest.said, asked(asked_.header.type, asked_.record)))

    def closed(self, client: Client) -> None:
        """Close the connection at the server."""
        guest = self.guests.pop(client, None)
        if guest is not None:
            self.runtime.residents.pop(guest.name, None)
            self.runtime.deliver(guest.name, HangUp(1))

    def word(self, word: str, argument: bytes) -> str:
        """Return the answer to a four-letter word."""
        return self.words.answer(word)

    # What the server says.

    def _on_message(self, guest: Guest, message: Any) -> None:
        match message:
            case Hear(_, _, Connected() as connected):
                self._welcome(guest, connected, read_only=False)
            case Hear(_, _, ConnectedToRead(connected)):
                self._welcome(guest, connected, read_only=True)
            case Hear(_, _, Answered(sequence, zxid, response)):
                asked_, came_ms = guest.open.pop(sequence)
                now_ms = self.now_ms()
                guest.last = asked_, zxid, now_ms
                for latencies in (guest.latencies, self.latencies):
                    latencies.add(now_ms - came_ms)
                self._answer(guest, asked_, zxid, response)
            case Hear(_, _, Noticed(event)):
                state = KeeperState.SYNC_CONNECTED
                guest.client.notify(WatcherEvent(event.type.value, state, event.path))
            case HangUp():
                guest.client.close()

    def _welcome(self, guest: Guest, connected: Connected, *, read_only: bool) -> None:
        session, timeout_ms = connected.session, connected.timeout_ms
        guest.session, guest.timeout_ms = session, timeout_ms
        password = password_of(session, self.token) if session else bytes(16)
        guest.client.welcome(ConnectResponse(0, timeout_ms, session, password, read_only))

    def _answer(self, guest: Guest, asked_: Asked, zxid: int, response: Any) -> None:
        type, err = asked_.header.type, self.answers.err_of(response)
        if type == OpCode.AUTH:
            zxid = 0
        if isinstance(response, api.MultiResponse):
            record: Any = self.answers.results(asked_.record.ops, response)
        else:
            record = None if err else self.answers.record(type, response)
        guest.client.reply(asked_, zxid, err, record)
