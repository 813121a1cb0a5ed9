"""A client that takes a lock and gives it back; sometimes it falls asleep and lets its lease run out."""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.units import MS, S
from distsys.core.values import EMPTY, Map, record

from ..kv import Call
from ..replicated import Reply
from . import concurrency
from .api import (
    EventType,
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    LeaseRevokeRequest,
    WatchCreateRequest,
    WatchResponse,
)
from .concurrency import Claim
from .errors import EtcdError
from .watch_client import StreamReader


@record
class Locked:
    """A client has the lock: by which key, and as of which revision of the store."""

    name: bytes
    key: bytes
    revision: int


@record
class Unlocked:
    """A client has given the lock back."""

    name: bytes
    key: bytes


class LockClient(StreamReader):
    """Takes the lock `rounds` times (see `concurrency`).

    It does one thing at a time, and `doing` says which: "grant", "claim", "look" (who is before me), "wait" (until that
    one goes), "check" (is my key still there), "hold", "release". Whatever fails, it begins again with a new lease, and
    the old one runs out.
    Timers: "next", before a round; "retry", while a request is open; "alive", before the lease is renewed; "release".
    """

    LOCK: ClassVar[bytes] = b"lock"

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        rounds: int = 6,
        ttl: int = 1,
        retry_ms: int = 500,
        hold_ms: int = 200,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.rounds = whole_number("rounds", rounds)
        self.ttl = whole_number("ttl", ttl, at_least=1)
        self.retry_ms = whole_number("retry_ms", retry_ms, at_least=1)
        self.hold_ms = whole_number("hold_ms", hold_ms)
        self.doing = ""
        self.sequence = 0
        self.open: Call | None = None
        self.lease = 0
        self.claim: Claim | None = None
        self.awaited: WatchCreateRequest | None = None
        self.asleep = False
        self.member = self.servers[0]

    def on_start(self) -> None:
        super().on_start()
        self.open_stream()  # of nothing yet, but its number is new
        self.set_timer("next", 0, self.hold_ms * MS)

    def wanted(self) -> WatchCreateRequest | None:
        """Watch the key before the own one."""
        return self.awaited

    # Requests.

    def ask(self, doing: str, request: Any) -> None:
        """Send a request, and say what it is for."""
        self.doing = doing
        self.sequence += 1
        self.open = Call(f"{self.name}.{self.stream}", self.sequence, request)
        self.send(self.member, self.open)
        self.set_timer("retry", self.retry_ms * MS, 2 * self.retry_ms * MS)

    def begin_again(self) -> None:
        """Forget everything; the lease runs out by itself."""
        self.doing, self.open, self.lease, self.claim, self.awaited = "", None, 0, None, None
        for timer in ("retry", "alive", "release", "quiet"):
            self.cancel_timer(timer)
        self.request = None
        self.member = self.servers[(self.servers.index(self.member) + 1) % len(self.servers)]
        self.set_timer("next", 0, self.hold_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        if not isinstance(message, Reply) or self.open is None:
            return
        if (message.session, message.sequence) == (self.open.session, self.open.sequence):
            self.open = None
            self.cancel_timer("retry")
            if isinstance(message.result, EtcdError):
                self.begin_again()
            else:
                self.on_reply(message.result)

    def on_reply(self, response: Any) -> None:
        """Go on with what comes next."""
        match self.doing:
            case "grant":
                self.lease, self.asleep = response.id, False
                self.stay_alive()
                self.ask("claim", concurrency.claim(self.LOCK, self.lease))
            case "claim":
                self.claim, at_once = concurrency.claimed(self.LOCK, self.lease, response)
                if at_once:
                    self.has_the_lock(response.header_revision)
                else:
                    self.look()
            case "look":
                self.awaited = concurrency.awaited(response)
                if self.awaited is None:
                    self.on_turn(response.header_revision)
                else:
                    self.doing = "wait"
                    self.fall_asleep()
                    self.open_stream()
            case "check":
                assert self.claim is not None, f"{self.name} checks no claim"
                if concurrency.is_held(self.claim, response):
                    self.has_the_lock(response.header_revision)
                else:
                    self.note("has lost its lease while it waited")
                    self.begin_again()
            case "release":
                assert self.claim is not None, f"{self.name} releases nothing"
                self.output(Unlocked(self.LOCK, self.claim.key))
                self.send(self.member, Call(f"{self.name}.{self.stream}", 0, LeaseRevokeRequest(self.lease)))
                self.begin_again()

    def look(self) -> None:
        """Ask who is before this client."""
        assert self.claim is not None, f"{self.name} has no claim"
        self.ask("look", concurrency.predecessor(self.LOCK, self.claim))

    def on_turn(self, revision: int) -> None:
        """Nobody is before this client, as of `revision`: it has the lock if its own key is still there."""
        assert self.claim is not None, f"{self.name} has no claim"
        self.ask("check", concurrency.still_there(self.claim))

    def has_the_lock(self, revision: int) -> None:
        """Hold the lock for a while."""
        assert self.claim is not None, f"{self.name} has no claim"
        self.output(Locked(self.LOCK, self.claim.key, revision))
        self.doing = "hold"
        self.set_timer("release", 0, self.hold_ms * MS)

    def on_response(self, response: WatchResponse) -> None:
        """The key before the own one may be gone."""
        gone = any(event.type is EventType.DELETE for event in response.events)
        if self.doing == "wait" and (gone or response.canceled):
            self.request = self.awaited = None
            self.cancel_timer("quiet")
            self.look()

    # The lease.

    def stay_alive(self) -> None:
        """Renew the lease three times in its time, unless this client is asleep."""
        self.set_timer("alive", self.ttl * S // 3)

    def fall_asleep(self) -> None:
        """Stop renewing the lease, sometimes, and go on not knowing that it runs out."""
        chance, self.dice = self.dice.below(3)
        self.asleep = chance == 0

    def on_timeout(self, timer: str) -> None:
        match timer:
            case "next" if self.doing == "" and self.rounds > 0:
                self.rounds -= 1
                self.ask("grant", LeaseGrantRequest(self.ttl))
            case "retry" if self.open is not None:
                self.begin_again()
            case "alive" if self.lease and not self.asleep:
                self.sequence += 1
                renewal = LeaseKeepAliveRequest(self.lease)
                self.send(self.member, Call(f"{self.name}.alive", self.sequence, renewal))
                self.stay_alive()
            case "release" if self.claim is not None:
                self.ask("release", concurrency.release(self.claim))
            case "quiet" | "receive":
                super().on_timeout(timer)
