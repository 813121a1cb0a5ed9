"""The library at the client: it keeps the session alive, knows how long it may be relied on, and keeps copies of files.

Three times matter, and each is there for one thing that may go wrong (section 2.8):

- The *local lease*. What the master promises it promises by its own clock, from when it said so. The client knows only
  that this was after it **sent** the KeepAlive, and after the master has held it for a while, by that clock. So it
  counts from the sending, and takes off what two clocks may differ: its lease ends before the master's.
- *Jeopardy*. When the local lease is over the session may have ended. The client empties its cache, uses none, shows no
  sequencer, and lets calls of the application wait. It goes on to look for a master.
- The *grace period*. If a KeepAlive is answered before this is over the session is safe again, and the application need
  not know that a master has failed. If not, the session has *expired* for the client, whatever the cell says.

Time is looked at in each step, whatever woke the client: a process that was stopped for a while finds messages that
waited for it, and must not act on them first.

A copy may come late. The master tells a client to forget a file; the client says that it has, and only then comes the
answer to a read which the master gave before. So each answer says how many events the master had told, and what is
older than what was seen is used once and not kept.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.multipaxos_leases import local
from distsys.protocols.raft import server_names

from . import calls
from .calls import Begun, Contents
from .cell import session_name
from .talk import (
    Answer,
    Ask,
    Elsewhere,
    FailOver,
    Invalidate,
    KeepAlive,
    KeptAlive,
    Modified,
    OtherEpoch,
    Over,
)


@record
class Standing(Enum):
    """How it stands with the session."""

    NONE = "none"
    SAFE = "safe"
    JEOPARDY = "jeopardy"


# To the application.


@record
class Jeopardy:
    """The session may have ended."""

    session: str


@record
class Safe:
    """The session lives after all."""

    session: str


@record
class Expired:
    """The session is over; handles and locks are gone with it."""

    session: str


class Library(Node):
    """The client library; an application is a subclass that overrides the `on_...` methods at the end.

    State, durable: `life`, how many sessions it has had. Volatile: `session`, `standing`, `lease_until`, `grace_until`;
    `epoch` and `master` as far as known; `number` and `sent` (KeepAlive -> when), `seen` (the last event); `cache`
    (path -> what was read); `open`, the call that is not answered.
    Messages: Ask and KeepAlive to the master; Answer, KeptAlive, OtherEpoch, Over, Elsewhere from it.
    Timers: "clock", when the lease or the grace period ends; "alive", before a KeepAlive is sent again; "retry",
    before a call is. Outputs: Jeopardy, Safe, Expired.
    Keeps: its lease ends before the master's; no copy is used, and no lock relied on, beyond it.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        servers: tuple[str, ...],
        lease_ms: int = 1_000,
        grace_ms: int = 3_000,
        drift_ppm: int = 1_000,
        retry_ms: int = 150,
    ) -> None:
        super().__init__(name, disk)
        self.servers = server_names("servers", servers)
        self.lease_ms = whole_number("lease_ms", lease_ms, at_least=2)
        self.grace_ms = whole_number("grace_ms", grace_ms)
        self.drift_ppm = whole_number("drift_ppm", drift_ppm, at_most=999_999)
        self.retry_ms = whole_number("retry_ms", retry_ms, at_least=1)
        self.life: int = disk.get("life", 0)
        self.dice = Dice(0)
        # The session.
        self.session = ""
        self.standing = Standing.NONE
        self.lease_until = 0
        self.grace_until = 0
        # The master.
        self.epoch = 0
        self.master = servers[0]
        self.hops = 0  # redirects that were followed since a timer fired
        # KeepAlives and events.
        self.number = 0
        self.sent: Map[int, int] = Map()
        self.seen = 0
        # Copies and calls.
        self.cache: Map[str, Contents] = EMPTY
        self.sequence = 0
        self.open: Ask | None = None
        self.path = ""  # of what the open call reads

    def on_start(self) -> None:
        self.dice = Dice(self.seed)

    # What the application may do.

    def begin(self) -> None:
        """Begin a session, under a name that no earlier one had."""
        self.life += 1
        self.persist(life=self.life)
        self.session = session_name(self.name, self.life)
        self.number, self.sent, self.seen, self.sequence, self.lease_until = 0, Map(), 0, 0, 0
        self.ask(calls.BeginSession(self.name, self.life))

    def end(self) -> None:
        """End the session; locks are released with it."""
        self.ask(calls.EndSession())

    def is_safe(self) -> bool:
        """Return whether the session lives, for sure, at this moment."""
        return self.standing is Standing.SAFE and self.now < self.lease_until

    def read(self, handle: int, path: str) -> None:
        """Read a file: from the cache at once, else from the master."""
        if self.is_safe() and path in self.cache:
            self.on_read(path, self.cache[path], cached=True)
        else:
            self.path = path
            self.ask(calls.GetContentsAndStat(handle))

    def write(self, handle: int, path: str, contents: str) -> None:
        """Write a file; the own copy goes first."""
        self.cache = self.cache.remove(path)
        self.path = path
        self.ask(calls.SetContents(handle, contents))

    def ask(self, request: Any) -> None:
        """Send a call; it is sent again until it is answered or the session is over."""
        assert self.open is None, f"{self.name} has a call open: {self.open}"
        self.sequence += 1
        self.open = Ask(self.session, self.epoch, self.sequence, request)
        if self.standing is not Standing.JEOPARDY:
            self.send_open()

    # Events.

    def on_timeout(self, timer: str) -> None:
        self.look_at_the_clock()
        self.hops = 0
        match timer:
            case "alive" if self.standing is not Standing.NONE:
                self.ask_somebody_else()
                self.keep_alive()
            case "retry" if self.open is not None and self.standing is not Standing.JEOPARDY:
                if self.standing is Standing.NONE:
                    self.ask_somebody_else()
                self.send_open()

    def on_message(self, sender: str, message: Any) -> None:
        self.look_at_the_clock()
        if getattr(message, "session", None) != self.session:
            return
        match message:
            case Answer():
                self.on_answer(message)
            case KeptAlive():
                self.on_kept_alive(sender, message)
            case OtherEpoch(_, epoch):
                self.on_other_epoch(sender, epoch)
            case Elsewhere(_, master):
                self.on_elsewhere(master)
            case Over() if self.standing is not Standing.NONE:
                self.expire()

    # The session.

    def look_at_the_clock(self) -> None:
        """See whether the lease is over, or the grace period."""
        if self.standing is Standing.SAFE and self.now >= self.lease_until:
            self.standing = Standing.JEOPARDY
            self.cache = EMPTY
            self.grace_until = self.lease_until + self.grace_ms * MS
            self.output(Jeopardy(self.session))
            self.set_timer("alive", 0, self.retry_ms * MS)
            self.wake_at(self.grace_until)
            self.on_jeopardy()
        if self.standing is Standing.JEOPARDY and self.now >= self.grace_until:
            self.expire()

    def extend(self, sent_at: int, held: int, lease: int) -> None:
        """Rely on a lease by the master's clock, which began `held` after it got what was sent at `sent_at`."""
        until = self.lease_end(sent_at, held, lease)
        if until <= max(self.now, self.lease_until):
            return
        self.lease_until = until
        self.wake_at(until)
        before, self.standing = self.standing, Standing.SAFE
        if before is Standing.JEOPARDY:
            self.output(Safe(self.session))
            self.on_safe()
            if self.open is not None:
                self.send_open()

    def lease_end(self, sent_at: int, held: int, lease: int) -> int:
        """Return when a lease ends for the client: counted from the sending, and shorter by what clocks may differ."""
        return sent_at + local(held + lease, self.drift_ppm)

    def wake_at(self, time: int) -> None:
        """Look at the clock then."""
        self.set_timer("clock", max(0, time - self.now))

    def expire(self) -> None:
        """Have no session any more."""
        session, self.session = self.session, ""
        self.standing, self.cache, self.open = Standing.NONE, EMPTY, None
        self.lease_until = 0
        for timer in ("clock", "alive", "retry"):
            self.cancel_timer(timer)
        self.output(Expired(session))
        self.on_expired()

    # KeepAlives.

    def keep_alive(self) -> None:
        """Send a KeepAlive, and note when."""
        self.number += 1
        self.sent = self.sent.set(self.number, self.now)
        self.send(self.master, KeepAlive(self.session, self.epoch, self.number, self.seen))
        patience = self.lease_ms * MS // 2 if self.standing is Standing.SAFE else self.retry_ms * MS
        self.set_timer("alive", patience)

    def on_kept_alive(self, sender: str, message: KeptAlive) -> None:
        """Take events in, extend the lease, and send the next KeepAlive, which says what was seen."""
        if self.standing is Standing.NONE or message.epoch != self.epoch:
            return
        self.master = sender
        for number, event in message.events:
            if number > self.seen:
                self.seen = number
                self.take_event(event)
        sent_at = self.sent.get(message.number)
        if sent_at is not None:
            self.sent = Map({number: at for number, at in self.sent.items() if number > message.number})
            self.extend(sent_at, message.held, message.lease)
            self.keep_alive()

    def take_event(self, event: Any) -> None:
        """Act on an event before it is said to be seen."""
        match event:
            case FailOver():
                self.cache = EMPTY
            case Invalidate(path):
                self.cache = self.cache.remove(path)
        if isinstance(event, (FailOver, Modified)):
            self.on_event(event)

    # Who is the master.

    def on_other_epoch(self, sender: str, epoch: int) -> None:
        """Follow a new master; its events are numbered from 1."""
        if epoch > self.epoch and self.standing is not Standing.NONE:
            self.epoch, self.seen, self.master = epoch, 0, sender
            self.keep_alive()

    def on_elsewhere(self, master: str | None) -> None:
        """Ask there, but only so often: two replicas may name each other while one takes over."""
        if master in (None, self.master) or self.hops >= len(self.servers):
            return
        self.hops += 1
        self.master = str(master)
        if self.standing is Standing.NONE:
            self.send_open()
        else:
            self.keep_alive()

    def ask_somebody_else(self) -> None:
        """Try the next replica."""
        known = self.master in self.servers
        place = self.servers.index(self.master) + 1 if known else 0
        self.master = self.servers[place % len(self.servers)]

    # Calls.

    def send_open(self) -> None:
        """Send the open call, in the epoch that this client knows by now.

        One that begins a session gets a new number each time: the answer is a lease, and must say what it answers.
        """
        if self.open is None:
            return
        if self.standing is Standing.NONE:
            self.sequence += 1
            self.sent = self.sent.set(self.sequence, self.now)
        self.open = Ask(self.session, self.epoch, self.sequence, self.open.request)
        self.send(self.master, self.open)
        self.set_timer("retry", self.retry_ms * MS, 2 * self.retry_ms * MS)

    def on_answer(self, answer: Answer) -> None:
        """Take the answer to the open call, unless the session is in jeopardy: then it is asked for again."""
        if self.open is None or self.standing is Standing.JEOPARDY:
            return
        if self.standing is Standing.NONE:
            self.on_begun(answer)
            return
        if answer.sequence != self.open.sequence:
            return
        request, self.open = self.open.request, None
        self.cancel_timer("retry")
        if isinstance(request, calls.EndSession):
            self.expire()
        elif isinstance(answer.result, Contents) and isinstance(request, calls.GetContentsAndStat):
            if answer.cachable and self.may_keep(answer):
                self.cache = self.cache.set(self.path, answer.result)
            self.on_read(self.path, answer.result, cached=False)
        else:
            self.on_result(request, answer.result)

    def on_begun(self, answer: Answer) -> None:
        """Have a session, if its lease is not over already."""
        if not isinstance(answer.result, Begun):
            self.expire()
            return
        self.extend(self.sent.get(answer.sequence, 0), 0, answer.result.lease)
        if self.is_safe():
            self.open, self.epoch, self.sent = None, answer.epoch, Map()
            self.cancel_timer("retry")
            self.keep_alive()
            self.on_session()

    def may_keep(self, answer: Answer) -> bool:
        """Return whether what was read is no older than the last event that was seen."""
        return answer.epoch == self.epoch and answer.told >= self.seen

    # What an application overrides.

    def on_session(self) -> None:
        """React to a session that has begun."""

    def on_result(self, request: Any, result: Any) -> None:
        """React to the result of a call."""

    def on_read(self, path: str, contents: Contents, *, cached: bool) -> None:
        """React to what was read."""

    def on_event(self, event: Any) -> None:
        """React to an event."""

    def on_jeopardy(self) -> None:
        """React to the end of the local lease."""

    def on_safe(self) -> None:
        """React to a session that lives after all."""

    def on_expired(self) -> None:
        """React to the end of the session."""
