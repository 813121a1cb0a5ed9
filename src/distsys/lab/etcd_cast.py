"""The clients in the stories of the pages on etcd: each does one thing that people do with a store like etcd.

`Teller` asks what a script says. `Poller` asks again and again; `Cache` reads once and watches; both build the same
map of the keys that begin with "config/". `Worker` takes a lock, works for a while, and writes to an `Account`, which
is no part of etcd. `Adder` adds one to a counter by compare-and-swap.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.raft import server_names
from distsys.services.etcd import mvcc, recipes
from distsys.services.etcd.api import (
    EventType,
    KeyValue,
    LeaseGrantRequest,
    RangeRequest,
    WatchCreateRequest,
    WatchResponse,
)
from distsys.services.etcd.errors import EtcdError
from distsys.services.etcd.lock_client import LockClient
from distsys.services.etcd.recipes import Setting
from distsys.services.etcd.watch_client import StreamReader
from distsys.services.kv import Call
from distsys.services.replicated import Reply

Known = Map[str, str]
CONFIG = RangeRequest(recipes.CONFIG, mvcc.prefix_end(recipes.CONFIG))


@record
class Ask:
    """Somebody outside says: ask `server` for this."""

    server: str
    request: Any


@record
class Heard:
    """A client has its answer."""

    response: Any


@record
class Shown:
    """A client believes that the keys are these, as of a revision of the store."""

    revision: int
    known: Known


class Asker(Node):
    """A client that asks one thing at a time, once, and hands the answer to `on_response`."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, servers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.servers = server_names("servers", servers)
        self.sequence = 0
        self.open: Call | None = None

    def ask(self, server: str, request: Any) -> None:
        """Send a request; an earlier one that is still open is given up."""
        self.sequence += 1
        self.open = Call(self.name, self.sequence, request)
        self.send(server, self.open)

    def on_message(self, sender: str, message: Any) -> None:
        """Take the answer to the open request; any other is late."""
        if isinstance(message, Reply) and self.open is not None and message.sequence == self.sequence:
            self.open = None
            self.on_response(message.result)

    def on_response(self, response: Any) -> None:
        """React to an answer."""


class Teller(Asker):
    """Asks what a script says, and outputs each answer as `Heard`."""

    def on_message(self, sender: str, message: Any) -> None:
        """Do what a script says, or take an answer."""
        match message:
            case Ask(server, request):
                self.ask(server, request)
            case _:
                super().on_message(sender, message)

    def on_response(self, response: Any) -> None:
        """Output it, and say it in few words."""
        self.output(Heard(response))
        self.note("hears: " + said_of(response))


class Poller(Asker):
    """Reads all settings every `every_ms`, and outputs as `Shown` what it sees for the first time."""

    declared: ClassVar[dict[str, str]] = {"known": "known"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        every_ms: int = 100,
        begin_ms: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.every_ms = whole_number("every_ms", every_ms, at_least=1)
        self.known: Known = Map()

    def on_start(self) -> None:
        """Ask for the first time."""
        self.set_timer("poll", self.begin_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Ask again."""
        self.ask(self.servers[0], CONFIG)
        self.set_timer("poll", self.every_ms * MS)

    def on_response(self, response: Any) -> None:
        """Show what has changed."""
        if isinstance(response, EtcdError):
            return
        known = read_of(response.kvs)
        if known != self.known:
            self.known = known
            self.output(Shown(response.header_revision, known))


def read_of(kvs: tuple[KeyValue, ...]) -> Known:
    """Return name -> value of settings."""
    return Map({kv.key.removeprefix(recipes.CONFIG).decode(): kv.value.decode() for kv in kvs})


class Cache(StreamReader):
    """Reads all settings once, and watches them from the next revision on; if a compaction was faster, it reads again.

    State, volatile, beside that of a reader: `known`, the settings as of revision `next_revision` - 1.
    """

    declared: ClassVar[dict[str, str]] = {"known": "known", "next": "next_revision"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, begin_ms: int = 0, **settings: Any) -> None:
        super().__init__(name, disk, slow_ms=0, **settings)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.known: Known = Map()
        self.asked = 0

    def on_start(self) -> None:
        """Begin later, when a leader is there."""
        super().on_start()
        self.set_timer("read", self.begin_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Read, or do what a reader does."""
        if timer == "read":
            self.read()
        else:
            super().on_timeout(timer)

    def read(self) -> None:
        """Ask for everything."""
        self.asked += 1
        self.send(self.servers[0], Call(self.name, self.asked, CONFIG))

    def wanted(self) -> WatchCreateRequest | None:
        """Watch from the first revision that is not known."""
        return WatchCreateRequest(CONFIG.key, CONFIG.range_end, self.next_revision)

    def on_message(self, sender: str, message: Any) -> None:
        """Take the answer to a read, or what comes on the stream."""
        match message:
            case Reply(_, sequence, EtcdError()) if sequence == self.asked:
                self.set_timer("read", self.quiet_ms * MS)
            case Reply(_, sequence, response) if sequence == self.asked:
                self.next_revision = response.header_revision + 1
                self.show(read_of(response.kvs))
                self.open_stream()
            case _:
                super().on_message(sender, message)

    def on_response(self, response: WatchResponse) -> None:
        """Follow the events; read all again where a compaction was faster."""
        known = self.known
        for event in response.events:
            key = event.kv.key.removeprefix(recipes.CONFIG).decode()
            gone = event.type is EventType.DELETE
            known = known.remove(key) if gone else known.set(key, event.kv.value.decode())
        if response.compact_revision:
            self.note("must read all again")
            self.request = None
            self.cancel_timer("quiet")
            self.read()
        elif response.events:
            self.show(known)

    def show(self, known: Known) -> None:
        """Output what is known now."""
        self.known = known
        self.output(Shown(self.next_revision - 1, known))


@record
class Write:
    """Write to an account, with a fencing token."""

    token: int
    value: str


class Account(Node):
    """A store outside etcd. With `fenced`, it refuses a token that is older than one it has seen.

    State, durable: `newest`, the newest token; `written`, who wrote what.
    """

    declared: ClassVar[dict[str, str]] = {"newest": "newest", "written": "written"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, fenced: bool = True) -> None:
        super().__init__(name, disk)
        self.fenced = fenced
        self.newest: int = disk.get("newest", 0)
        self.written: tuple[Write, ...] = disk.get("written", ())

    def on_message(self, sender: str, message: Any) -> None:
        """Write, unless the token is too old."""
        if not isinstance(message, Write):
            return
        if self.fenced and message.token < self.newest:
            self.note(f"refuses token {message.token}")
            return
        self.newest = max(self.newest, message.token)
        self.written += (message,)
        self.persist(newest=self.newest, written=self.written)
        self.output(message)


class Worker(LockClient):
    """Takes the lock once, works for `work_ms`, and writes to the account with the revision of its key as a token."""

    LOCK: ClassVar[bytes] = b"lock"

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        account: str,
        begin_ms: int,
        work_ms: int = 300,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, rounds=1, slow_ms=0, **settings)
        self.account = account
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.work_ms = whole_number("work_ms", work_ms)

    def on_start(self) -> None:
        """Begin when it is told to."""
        super().on_start()
        self.set_timer("next", self.begin_ms * MS)

    def fall_asleep(self) -> None:
        """Never: who waits keeps its lease alive."""

    def has_the_lock(self, revision: int) -> None:
        """Work for a while with it."""
        super().has_the_lock(revision)
        assert self.claim is not None, f"{self.name} has no claim"
        self.note(f"has the lock, token {self.claim.revision}")
        self.set_timer("release", 2 * self.work_ms * MS)
        self.set_timer("work", self.work_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Write when the work is done; else do what a client of locks does."""
        if timer == "work" and self.claim is not None:
            self.send(self.account, Write(self.claim.revision, self.name))
        elif timer == "next" and self.doing == "" and self.rounds > 0:
            self.rounds -= 1
            self.ask("grant", LeaseGrantRequest(self.ttl, int(self.name[1:])))  # a key that one can read
        else:
            super().on_timeout(timer)


def said_of(response: Any) -> str:
    """Return a short answer in words."""
    if isinstance(response, EtcdError):
        return response.message.removeprefix("etcdserver: ")
    ttl = getattr(response, "ttl", None)
    return f"ttl {ttl}" if ttl is not None else f"revision {response.header_revision}"


class Adder(Asker):
    """Adds one to a counter `times` times: reads it, and swaps it if it is still as it was read, until that succeeds.

    State, volatile: `known`, the counter as it was read; `tries`, how many swaps were asked for; `done`, how many of
    them were told that they succeeded.
    """

    NAME: ClassVar[bytes] = b"count"

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, times: int = 1, begin_ms: int = 700, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.left = whole_number("times", times)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.known = Setting(self.NAME, None, 0)
        self.tries = self.done = 0

    def on_start(self) -> None:
        """Begin when a leader is there."""
        self.set_timer("begin", self.begin_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Read the counter."""
        self.ask(self.servers[0], recipes.read(self.NAME))

    def on_response(self, response: Any) -> None:
        """Swap, until it has succeeded often enough."""
        if isinstance(response, EtcdError):
            return
        if self.tries == 0:  # the first answer is that of the read
            self.known = recipes.setting(self.NAME, response)
        else:
            self.known = recipes.changed(self.known, self.wanted(), response)
            self.left -= response.succeeded
            self.done += response.succeeded
        if self.left:
            self.tries += 1
            self.ask(self.servers[0], recipes.change(self.known, self.wanted()))

    def wanted(self) -> bytes:
        """Return the counter plus one."""
        return b"%d" % (int(self.known.value or b"0") + 1)
