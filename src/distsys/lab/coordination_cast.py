"""One user for three services: it does what it is told, of etcd, of ZooKeeper, or of Chubby, and says when it is done.

What a user can be told has the same words for all: `write`, `read` (new), `read near` (as cheap as the service gives
it), `watch`, `lock`, `unlock`. Each uses the client of its service and its recipe for a lock. A user begins with what
each service has for a client that lives: a lease, or a session.
"""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.services.chubby import calls
from distsys.services.chubby.calls import Acquired, Contents, Opened
from distsys.services.chubby.clients import LockClient as ChubbyClient
from distsys.services.chubby.talk import Modified
from distsys.services.etcd import concurrency
from distsys.services.etcd.api import (
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    PutRequest,
    RangeRequest,
    WatchCreateRequest,
    WatchResponse,
)
from distsys.services.etcd.lock_client import LockClient as EtcdClient
from distsys.services.kv import Call
from distsys.services.zookeeper.lock_client import LOCK
from distsys.services.zookeeper.lock_client import LockClient as ZooKeeperClient
from distsys.services.zookeeper.requests import (
    CreateRequest,
    DataResponse,
    DeleteRequest,
    Event,
    GetDataRequest,
    SetDataRequest,
    SyncRequest,
)

KEY, FILE = b"limit", "/limit"
WRITE, READ, NEAR, WATCH, LOCKS, UNLOCK = "write", "read", "read near", "watch", "lock", "unlock"
TOLD = "told"  # what a watcher says when it hears that something has changed


@record
class Do:
    """Somebody says: do this."""

    what: str
    value: str = ""


@record
class Did:
    """A user has done it; `value` is what was read, or nothing."""

    what: str
    value: str = ""


IN_WORDS = {WRITE: "has written", LOCKS: "has the lock", UNLOCK: "has let the lock go", TOLD: "hears of"}


def done(node: Node, what: str, value: str = "") -> None:
    """Let a user say that it has done something, and note it for the picture."""
    node.output(Did(what, value))
    node.note(f"{IN_WORDS.get(what, 'reads')} {value}".strip())


class EtcdUser(EtcdClient):
    """A user of etcd: a lease for its life, one request at a time, at the member `home`."""

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        home: str,
        servers: tuple[str, ...],
        begin_ms: int,
        life_ms: int,
    ) -> None:
        super().__init__(
            name, disk, servers=(home,), rounds=0, slow_ms=0, hold_ms=0, quiet_ms=60_000, ttl=life_ms // 1_000
        )
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.watched: WatchCreateRequest | None = None
        self.renewals = 0

    def on_start(self) -> None:
        """Ask for a lease when there is a leader."""
        self.dice = Dice(self.seed)
        self.set_timer("begin", self.begin_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Do as it is told."""
        match message:
            case Do(what="write", value=value):
                self.ask(WRITE, PutRequest(KEY, value.encode()))
            case Do(what="read"):
                self.ask(READ, RangeRequest(KEY))
            case Do(what="read near"):
                self.ask(NEAR, RangeRequest(KEY, serializable=True))
            case Do(what="watch"):
                self.awaited = WatchCreateRequest(KEY)
                self.open_stream()
            case Do(what="lock"):
                self.ask("claim", concurrency.claim(self.LOCK, self.lease))
            case Do(what="unlock") if self.claim is not None:
                self.ask("release", concurrency.release(self.claim))
            case _:
                super().on_message(sender, message)

    def on_reply(self, response: Any) -> None:
        """Say what is done; the recipe of the lock goes its way."""
        match self.doing:
            case "grant":
                self.lease = response.id
                self.stay_alive()
            case "write":
                done(self, WRITE)
            case "read" | "read near":
                done(self, self.doing, response.kvs[0].value.decode() if response.kvs else "")
            case "release":
                self.claim = None
                done(self, UNLOCK)
            case _:
                super().on_reply(response)

    def has_the_lock(self, revision: int) -> None:
        """Say so, and keep it."""
        self.doing = "hold"
        done(self, LOCKS)

    def on_response(self, response: WatchResponse) -> None:
        """A watch shows the change itself."""
        if self.doing == "wait":
            super().on_response(response)
        else:
            for event in response.events:
                done(self, TOLD, event.kv.value.decode())

    def fall_asleep(self) -> None:
        """Never."""

    def on_timeout(self, timer: str) -> None:
        """Begin, or renew the lease three times in its life; a request that is not answered is not asked again."""
        match timer:
            case "begin":
                self.ask("grant", LeaseGrantRequest(self.ttl, int(self.name[1:])))
            case "alive":
                self.renewals += 1
                renewal = Call(f"{self.name}.alive", self.renewals, LeaseKeepAliveRequest(self.lease))
                self.send(self.member, renewal)
                self.stay_alive()


class ZooKeeperUser(ZooKeeperClient):
    """A user of ZooKeeper: a session, at the server `home`."""

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        home: str,
        servers: tuple[str, ...],
        begin_ms: int,
        life_ms: int,
    ) -> None:
        super().__init__(name, disk, servers=(home,), rounds=0, timeout_ms=life_ms)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.attempts = 0
        self.told = ""

    def on_start(self) -> None:
        """Wait until there is a leader."""
        self.dice = Dice(self.seed)
        self.set_timer("begin", self.begin_ms * MS)

    def on_session(self) -> None:
        """Make what is not there yet."""
        self.ask(CreateRequest(LOCK))
        self.ask(CreateRequest(FILE))

    def on_connected(self) -> None:
        """Go on."""

    def rest(self) -> None:
        """Wait until it is told."""

    def hold(self) -> None:
        """Say that it has the lock, and keep it."""
        done(self, LOCKS)

    def maybe_sleep(self) -> None:
        """Never."""

    def on_message(self, sender: str, message: Any) -> None:
        """Do as it is told."""
        match message:
            case Do(what, value) if self.is_connected:
                self.told = what
                self.do(what, value)
            case Do():
                self.note("has no connection")
            case _:
                super().on_message(sender, message)

    def do(self, what: str, value: str) -> None:
        """Ask the server."""
        match what:
            case "write":
                self.ask(SetDataRequest(FILE, value.encode()))
            case "read":
                self.ask(SyncRequest(FILE))
                self.ask(GetDataRequest(FILE))
            case "read near":
                self.ask(GetDataRequest(FILE))
            case "watch":
                self.ask(GetDataRequest(FILE, watch=True))
            case "lock":
                self.attempts += 1
                self.prefix = f"{self.session:x}-{self.name}.{self.attempts}-"
                self.claim()
            case "unlock":
                self.release()

    def on_answer(self, request: Any, response: Any, zxid: int) -> None:
        """Say what is done; the recipe of the lock goes its way."""
        match request, response:
            case SetDataRequest(), _:
                done(self, WRITE)
            case GetDataRequest(watch=True), DataResponse(data) if self.told == TOLD:
                done(self, TOLD, (data or b"").decode())
            case GetDataRequest(watch=False), DataResponse(data):
                done(self, self.told, (data or b"").decode())
            case DeleteRequest(), _:
                done(self, UNLOCK)
                self.stop()
            case _:
                super().on_answer(request, response, zxid)

    def on_event(self, event: Event) -> None:
        """A watch says that something has changed: read it, and watch on."""
        if event.path == FILE:
            self.told = TOLD
            self.ask(GetDataRequest(FILE, watch=True))
        else:
            super().on_event(event)

    def on_timeout(self, timer: str) -> None:
        """Begin, or do what a session needs."""
        if timer == "begin":
            self.connect()
        else:
            super().on_timeout(timer)


class ChubbyUser(ChubbyClient):
    """A user of Chubby: a session, and two open files, at the master."""

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        home: str,
        servers: tuple[str, ...],
        begin_ms: int,
        life_ms: int,
        drift_ppm: int = 1_000,
    ) -> None:
        nearest = (home, *(server for server in servers if server != home))
        super().__init__(
            name, disk, servers=nearest, lease_ms=life_ms, drift_ppm=drift_ppm, rounds=0, think_ms=0
        )
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.told = ""

    def on_start(self) -> None:
        """Wait until there is a master."""
        self.dice = Dice(self.seed)
        self.set_timer("begin", self.begin_ms * MS)

    def paths(self) -> tuple[str, ...]:
        """Return the file that is written, and that of the lock."""
        return (FILE, self.LOCK)

    def go_on_at_once(self) -> None:
        """Open what is not open yet, without asking for events; then wait until it is told."""
        missing = [path for path in self.paths() if path not in self.handles]
        if missing:
            self.ask(calls.Open(missing[0], create="file"))

    def think(self) -> None:
        """Wait until it is told."""

    def on_message(self, sender: str, message: Any) -> None:
        """Do as it is told."""
        match message:
            case Do(what, value) if self.open is None and self.is_safe():
                self.told = what
                self.do(what, value)
            case Do():
                self.note("is in jeopardy, and waits")
            case _:
                super().on_message(sender, message)

    def do(self, what: str, value: str) -> None:
        """Ask the library."""
        match what:
            case "write":
                self.write(self.handles[FILE], FILE, value)
            case "read" | "read near":
                self.read(self.handles[FILE], FILE)
            case "watch":
                self.ask(calls.Open(FILE, events=True))
            case "lock":
                self.ask(calls.Acquire(self.handles[self.LOCK], wait=True))
            case "unlock":
                self.ask(calls.Release(self.handles[self.LOCK]))

    def on_read(self, path: str, contents: Contents, *, cached: bool) -> None:
        """Say what was read."""
        if self.told != WATCH:
            done(self, self.told, contents.contents)

    def on_result(self, request: Any, result: Any) -> None:
        """Say what is done."""
        if isinstance(result, Opened):
            super().on_result(request, result)
            if self.told == WATCH:
                self.read(self.handles[FILE], FILE)
        elif isinstance(result, Acquired):
            done(self, LOCKS)
        elif isinstance(request, calls.Release):
            done(self, UNLOCK)
        else:
            done(self, WRITE)

    def on_event(self, event: Any) -> None:
        """A file was modified: read it, which fetches a new copy."""
        if isinstance(event, Modified) and self.told in (WATCH, TOLD) and self.open is None:
            self.told = TOLD
            self.read(self.handles[FILE], FILE)

    def on_timeout(self, timer: str) -> None:
        """Begin, or do what a session needs."""
        if timer == "begin":
            self.begin()
        else:
            super().on_timeout(timer)
