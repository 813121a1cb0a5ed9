"""Sessions: where they come from, which server speaks for them, and when they end.

A session is known to all servers, for it begins and ends by a change like any other. Its *time* is kept by the leader
alone: servers tell it from time to time which sessions they have heard of, and a session that nobody has heard of for
its timeout is closed, with its ephemeral znodes, in one change. A new leader gives each session its full time again.

A client may leave one server and come to another with its session. From then on the leader takes requests for this
session from the new server only: what the old one still sends is late, and would be done out of order.

The leader also removes containers that have become empty and znodes whose time is over.

Source: SessionTrackerImpl, LearnerSessionTracker and ContainerManager of ZooKeeper 3.8.
"""

from __future__ import annotations

import hashlib
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .. import ordered
from .broadcasting import Broadcasting
from .errors import Code
from .forwarding import Forward, Proposed, Question
from .preparing import Asker
from .requests import CloseSessionRequest, CreateSessionRequest, ReapRequest
from .tree import CloseSessionChange, CreateSessionChange, ErrorChange, Header, ttl_of

REAP = Asker(0)
ENDED, MOVED = 0, -1  # in place of a timeout: there is no such session; another server speaks for it


@record
class Touch:
    """Of a server to its leader: it has heard of these sessions lately."""

    sessions: tuple[int, ...]


@record
class Revalidate(Question):
    """Ask whether a session lives; if so this server speaks for it from now on, with another timeout."""

    timeout_ms: int


def password_of(session: int, secret: str) -> bytes:
    """Return the password of a session, 16 bytes: whoever brings it may take the session over.

    >>> len(password_of(5, "secret"))
    16
    """
    return hashlib.sha256(f"{secret}:{session}".encode()).digest()[:16]


class Tracking(Broadcasting):
    """Keeps sessions.

    State, volatile: `heard_of`, the sessions that this server has heard of since it told the leader last. At a leader:
    `owners` (session -> the server that speaks for it), `ends` (session -> when it ends, unless it is heard of) and
    `timeouts`.
    Messages: Touch.
    Timers: "touch"; at a leader "session N", and "reap".
    Keeps: a session that was heard of is not ended before its timeout is over; nobody else's late request is done.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        tick_ms: int = 2_000,
        reap_ms: int = 60_000,
        secret: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.tick_ms = whole_number("tick_ms", tick_ms, at_least=2)
        self.reap_ms = whole_number("reap_ms", reap_ms, at_least=1)
        self.secret = secret
        self.heard_of: frozenset[int] = frozenset()
        self.session_count = 0
        self.owners: Map[int, str] = Map()
        self.ends: Map[int, int] = Map()
        self.timeouts: Map[int, int] = Map()

    # Where sessions come from.

    def new_session(self) -> int:
        """Return the id of a new session: who this server is, how often it has begun, and a count."""
        self.session_count += 1
        return (self.place() << 56) | (self.life % 2**24 << 32) | self.session_count

    def place(self) -> int:
        """Return which of all servers this is, from 1."""
        return sorted((*self.zab.voters, *self.zab.observers)).index(self.name) + 1

    def timeout_of(self, wanted_ms: int) -> int:
        """Return the timeout that a session gets: 2 to 20 ticks, as the client wants it."""
        return min(max(wanted_ms, 2 * self.tick_ms), 20 * self.tick_ms)

    # Who has been heard.

    def hear(self, session: int) -> None:
        """Note that the client of a session is alive."""
        if self.leads():
            self.renew(session)
        else:
            self.heard_of |= {session}

    def on_serving(self) -> None:
        super().on_serving()
        self.set_timer("touch", self.tick_ms * MS // 2)

    def on_lost(self) -> None:
        super().on_lost()
        for session in self.ends:
            self.cancel_timer(f"session {session}")
        self.owners, self.ends, self.timeouts, self.heard_of = Map(), Map(), Map(), frozenset()
        self.cancel_timer("touch")
        self.cancel_timer("reap")

    def tell_leader(self) -> None:
        """Tell the leader of whom this server has heard."""
        if self.serving is not None:
            if self.heard_of and not self.leads():
                self.send(self.serving[0], Touch(tuple(sorted(self.heard_of))))
            self.heard_of = frozenset()
            self.set_timer("touch", self.tick_ms * MS // 2)

    # The leader's clock.

    def on_leading(self) -> None:
        """Begin to count: every session has its full time."""
        super().on_leading()
        for session, timeout_ms in ordered.items(self.state.sessions):
            self.count(session, timeout_ms)
        self.set_timer("reap", self.reap_ms * MS)

    def count(self, session: int, timeout_ms: int) -> None:
        """Let the time of a session begin anew."""
        self.timeouts = self.timeouts.set(session, timeout_ms)
        self.ends = self.ends.set(session, self.now + timeout_ms * MS)
        self.set_timer(f"session {session}", timeout_ms * MS)

    def renew(self, session: int) -> None:
        """A session was heard of; one that is being closed stays so."""
        if session in self.ends:
            self.count(session, self.timeouts[session])

    def on_prepared(self, server: str, proposed: Proposed) -> None:
        super().on_prepared(server, proposed)
        session = proposed.header.session
        match proposed.change:
            case CreateSessionChange(timeout_ms):
                self.owners = self.owners.set(session, server)
                self.count(session, timeout_ms)
            case CloseSessionChange():
                self.ends, self.owners = self.ends.remove(session), self.owners.remove(session)
                self.timeouts = self.timeouts.remove(session)
                self.cancel_timer(f"session {session}")
            case _:
                self.renew(session)

    def on_session_timer(self, session: int) -> None:
        """A session has not been heard of for its timeout, if this leader's clock agrees with its timer."""
        if session not in self.ends or not self.leads():
            return
        if self.now < self.ends[session]:  # the clock was set back
            self.set_timer(f"session {session}", self.ends[session] - self.now)
            return
        self.note(f"session {session:x} has expired")
        self.request(Asker(session), CloseSessionRequest(), None)

    # Who speaks for a session.

    def answer_as_leader(self, server: str, question: Any, is_new: bool) -> Any:
        """Say whether a session lives, and let this server speak for it.

        Only a new question moves a session. One that comes again may be late, the client has gone on to another server
        and asked for changes there, and what this server still sends must not be done after them.
        """
        session = question.session
        if session not in self.ends:
            return ENDED
        if not isinstance(question, Revalidate) or (not is_new and self.owners.get(session) != server):
            return MOVED
        self.owners = self.owners.set(session, server)
        self.timeouts = self.timeouts.set(session, question.timeout_ms)
        self.renew(session)
        return question.timeout_ms

    def on_sync_point(self, server: str, forward: Forward) -> None:
        """A client that asks for a `sync` is alive, as one that asks for a change is."""
        self.renew(forward.request.session)
        super().on_sync_point(server, forward)

    def change(self, server: str, zxid: int, header: Header, forward: Forward) -> Any:
        """Take no request for a session from a server that does not speak for it any more."""
        if self.has_moved(server, forward):
            self.note(f"takes nothing of {server} for session {forward.asker.session:x}")
            return ErrorChange(Code.SESSION_MOVED)
        return super().change(server, zxid, header, forward)

    def has_moved(self, server: str, forward: Forward) -> bool:
        """Return whether a request comes from a server that its client has left."""
        is_of_session = isinstance(forward.request, CreateSessionRequest | CloseSessionRequest)
        return not is_of_session and self.has_left(server, forward.asker.session)

    def has_left(self, server: str, session: int) -> bool:
        """Return whether another server speaks for a session; after a change of the leader, the first that does."""
        if session not in self.ends:
            return False
        if session not in self.owners:
            self.owners = self.owners.set(session, server)
        return self.owners[session] != server

    # What ends by itself.

    def reap(self) -> None:
        """Remove containers that are empty again, and znodes that have had no child and no new data for their time."""
        self.set_timer("reap", self.reap_ms * MS)
        for path, _ in ordered.items(self.state.reapable):
            node = self.state.get(path)
            if node is None or ordered.size(node.children):
                continue
            ttl = ttl_of(node.stat)
            if node.stat.cversion if ttl < 0 else node.stat.mtime + ttl <= self.now // MS:
                self.request(REAP, ReapRequest(path), None)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Touch(sessions):
                if self.leads():
                    for session in sessions:
                        self.renew(session)
            case _:
                super().on_message(sender, message)

    def on_timeout(self, timer: str) -> None:
        kind, _, session = timer.partition(" ")
        match kind:
            case "session":
                self.on_session_timer(int(session))
            case "touch":
                self.tell_leader()
            case "reap":
                if self.leads():
                    self.reap()
            case _:
                super().on_timeout(timer)
