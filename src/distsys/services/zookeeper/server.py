"""`ZooKeeperServer`: one server of an ensemble, with the clients that are connected to it.

A client opens a connection, begins a session on it or brings one along, and asks. What it asks is answered in order.
A read is answered from this server's own tree, which may be behind others, but never behind what this client has been
shown: a client that has seen more than this server is sent away. What changes something goes to the leader at once, so
that a client need not wait between two changes; a read waits for the changes that the same client asked for before it.

What a server says on a connection is taken in its order: an event of a watch comes before the answer that would show
what has happened.

Source: ZooKeeperServer.processConnectRequest, FinalRequestProcessor and CommitProcessor of ZooKeeper 3.8;
Hunt, Konar, Junqueira and Reed, "ZooKeeper: Wait-free coordination for Internet-scale systems", USENIX ATC 2010.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.values import EMPTY, Map

from .. import ordered
from . import acl, reading, watches
from .connections import Answered, Connect, Connected, Connection, HangUp, Hear, Noticed, Say, Task
from .errors import Code
from .forwarding import Proposed, SyncPoint
from .preparing import Asker
from .requests import (
    CHANGES,
    AddWatchRequest,
    AuthRequest,
    CheckWatchesRequest,
    CloseSessionRequest,
    CreateRequest,
    CreateSessionRequest,
    DoneResponse,
    ErrorResponse,
    FailRequest,
    MultiRequest,
    PathResponse,
    Perm,
    PingRequest,
    RemoveWatchesRequest,
    SetWatchesRequest,
    SyncRequest,
    WatcherType,
    WatchMode,
)
from .tracking import ENDED, MOVED, Revalidate, Tracking, password_of
from .tree import CloseSessionChange, Happened
from .watches import CHILDREN, DATA, Watches

UNFIT = Code.AUTH_FAILED
__all__ = ["Answered", "Connect", "Connected", "HangUp", "Hear", "Noticed", "Say", "ZooKeeperServer"]


class ZooKeeperServer(Tracking):
    """A whole server.

    State, volatile: `clients` (name of a client -> its connection), `watches`, `syncing` (clients for whom this server
    waits until it has come as far as the leader said).
    Messages: Connect, Say and HangUp of clients; Hear and HangUp to them.
    Keeps: linearizable changes; for each client its own order; no client is shown an older tree than before.
    """

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, extended_types: bool = False, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.extended_types = extended_types  # whether znodes may have a time to live
        self.clients: Map[str, Connection] = EMPTY
        self.ticket_count = 0
        self.watches = Watches()
        self.syncing: frozenset[str] = frozenset()

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Connect():
                self.on_connect(sender, message)
            case Say():
                self.on_say(sender, message)
            case HangUp(number):
                if sender in self.clients and self.clients[sender].number == number:
                    self.forget(sender)
            case _:
                super().on_message(sender, message)

    # Connections.

    def on_connect(self, client: str, message: Connect) -> None:
        """Begin a session, or ask the leader whether this one lives."""
        if client in self.clients and message.connection <= self.clients[client].number:
            return
        self.forget(client)
        if self.serving is None or self.is_behind(message.zxid):
            if self.serving is not None:
                self.note(f"is behind {client}, which has seen {message.zxid:x}")
            self.send(client, HangUp(message.connection))
            return
        self.ticket_count += 1
        ticket = (self.life << 32) | self.ticket_count
        self.keep(client, Connection(message.connection, ticket, message.session, ids=message.ids))
        if message.session == 0:
            session = self.new_session()
            timeout_ms = self.timeout_of(message.timeout_ms)
            self.request(
                Asker(session), CreateSessionRequest(timeout_ms), (client, message.connection, session)
            )
        elif message.password != password_of(message.session, self.secret):
            self.refuse(client)
        else:
            timeout_ms = self.timeout_of(message.timeout_ms)
            self.ask(Revalidate(message.session, timeout_ms), (client, message.connection, message.session))

    def is_behind(self, zxid: int) -> bool:
        """Return whether a client has been shown more than this server has."""
        return zxid > int(self.state.zxid)

    def accept(self, client: str, session: int, timeout_ms: int) -> None:
        """Let a session go on here; an earlier connection of it is over."""
        for other, connection in self.clients.items():
            if connection.session == session and other != client:
                self.hang_up(other)
        connection = replace(self.clients[client], session=session, timeout_ms=timeout_ms)
        self.keep(client, connection)
        password = password_of(session, self.secret)
        self.tell_client(client, Connected(session, timeout_ms, password, connection.ticket))
        self.hear(session)
        self.advance(client)

    def refuse(self, client: str) -> None:
        """Say that there is no such session."""
        self.tell_client(client, Connected(0, 0, bytes(16)))
        self.hang_up(client)

    def hang_up(self, client: str) -> None:
        """End a connection from this side."""
        self.send(client, HangUp(self.clients[client].number))
        self.forget(client)

    def forget(self, client: str) -> None:
        """Drop what is known of a connection: its watches, and what nobody waits for any more."""
        if client in self.clients:
            self.clients = self.clients.remove(client)
            self.watches = watches.forgotten(self.watches, client)

    def keep(self, client: str, connection: Connection) -> None:
        """Remember a connection."""
        self.clients = self.clients.set(client, connection)

    def on_lost(self) -> None:
        """Without a leader this server serves nobody: clients go elsewhere."""
        super().on_lost()
        for client in self.clients:
            self.hang_up(client)

    # Requests.

    def on_say(self, client: str, message: Say) -> None:
        """Take requests in their order; what changes something goes to the leader at once."""
        connection = self.clients.get(client)
        if (
            connection is None
            or connection.number != message.connection
            or message.ticket not in (0, connection.ticket)
        ):
            self.send(client, HangUp(message.connection))
            return
        if connection.session:
            self.hear(connection.session)
        if message.sequence > connection.taken:
            connection = replace(connection, early=connection.early.set(message.sequence, message.request))
        while (sequence := connection.taken + 1) in connection.early:
            task = Task(sequence, self.admitted(connection.early[sequence]))
            connection = replace(
                connection,
                early=connection.early.remove(sequence),
                taken=sequence,
                queue=(*connection.queue, task),
            )
        self.keep(client, connection)
        self.advance(
            client
        )  # first, for a leader alone does a change at once, and a read before it must not see it
        self.send_on(client)

    def send_on(self, client: str) -> None:
        """Ask the leader for the changes in a queue; not for those behind a `sync`, whose reader must not see them."""
        while (task := self.next_change(client)) is not None:
            connection = self.clients[client]
            self.keep(client, connection.having(replace(task, is_asked=True)))
            self.request(connection.asker, task.request, (client, connection.number, task.sequence))

    def next_change(self, client: str) -> Task | None:
        """Return the first change that the leader may be asked for and is not yet, if the connection is still there."""
        if client in self.clients:
            for task in self.clients[client].queue:
                if isinstance(task.request, SyncRequest):
                    return None
                if isinstance(task.request, CHANGES) and not task.is_asked:
                    return task
        return None

    def admitted(self, request: Any) -> Any:
        """Return a request as it is done here: what this ensemble does not know fails."""
        match request:
            case CreateRequest(kind=kind) if kind.has_ttl and not self.extended_types:
                return FailRequest(Code.UNIMPLEMENTED)
            case MultiRequest(parts):
                return MultiRequest(tuple(map(self.admitted, parts)))
        return request

    def advance(self, client: str) -> None:
        """Answer what can be answered: from the first request on, up to one that waits for the leader."""
        while client in self.clients and self.clients[client].session and self.clients[client].queue:
            connection = self.clients[client]
            task = connection.queue[0]
            if task.is_asked and task.response is None:
                return
            if not task.is_asked and isinstance(task.request, SyncRequest):
                self.keep(client, connection.having(replace(task, is_asked=True)))
                self.synchronise(client, connection.number, task)
                return
            if not task.is_asked and isinstance(task.request, CHANGES):
                self.send_on(client)  # it stood behind a `sync`
                continue
            self.keep(client, replace(connection, queue=connection.queue[1:]))
            response = task.response if task.is_asked else self.answer_here(client, task.request)
            self.answer(client, task, response)

    def synchronise(self, client: str, number: int, task: Task) -> None:
        """Ask the leader how far it has come: the answer is due when this server has come as far."""
        session = self.clients[client].session
        self.ask(SyncPoint(session), (client, number, task.sequence))

    def answer(self, client: str, task: Task, response: Any) -> None:
        """Answer a request, and end the connection where that is due."""
        code = response.code if isinstance(response, ErrorResponse) else Code.OK
        if code is Code.SESSION_MOVED:
            self.hang_up(client)
            return
        self.tell_client(client, Answered(task.sequence, self.state.zxid, response))
        if isinstance(task.request, CloseSessionRequest) or code is UNFIT:
            self.hang_up(client)

    def answer_here(self, client: str, request: Any) -> Any:
        """Answer what this server needs nobody for."""
        connection = self.clients[client]
        match request:
            case PingRequest():
                return DoneResponse()
            case AuthRequest(scheme, auth):
                if scheme == acl.IP:
                    return DoneResponse()
                if scheme != acl.DIGEST:
                    return ErrorResponse(UNFIT)
                known = acl.digest_of(auth)
                if known not in connection.ids:
                    self.keep(client, replace(connection, ids=(*connection.ids, known)))
                return DoneResponse()
            case AddWatchRequest(path, mode):
                self.watch(client, path, mode)
                return ErrorResponse(Code.OK)
            case SetWatchesRequest():
                self.watch_again(client, request)
                return DoneResponse()
            case RemoveWatchesRequest() | CheckWatchesRequest():
                return self.on_watches(client, request)
        response = reading.answer(self.state, connection.asker, request)
        table = reading.watch_of(request, response)
        if table is not None:
            self.watches = watches.added(self.watches, table, request.path, client)
        return response

    def on_watches(self, client: str, request: RemoveWatchesRequest | CheckWatchesRequest) -> Any:
        """Remove watches, or say whether there are any."""
        path = request.path
        tables = (DATA, CHILDREN) if request.type is WatcherType.ANY else (request.type,)
        if isinstance(request, CheckWatchesRequest):
            found = any(watches.watches_path(self.watches, table, path, client) for table in tables)
        else:
            before = self.watches
            for table in tables:
                self.watches = watches.removed(self.watches, table, path, client)
            found = self.watches is not before
        return DoneResponse() if found else ErrorResponse(Code.NO_WATCHER)

    def watch_again(self, client: str, request: SetWatchesRequest) -> None:
        """Set the watches of an earlier connection, and tell what has happened meanwhile."""
        for table, path, event in reading.missed(self.state, request):
            if event is None:
                self.watches = watches.added(self.watches, table, path, client)
            else:
                self.tell_client(client, Noticed(event))
        for path in request.persistent:
            self.watch(client, path, WatchMode.PERSISTENT)
        for path in request.persistent_recursive:
            self.watch(client, path, WatchMode.PERSISTENT_RECURSIVE)

    def watch(self, client: str, path: str, mode: WatchMode) -> None:
        """Set a watch in both tables."""
        for table in (DATA, CHILDREN):
            self.watches = watches.added(self.watches, table, path, client, mode)

    def tell_client(self, client: str, message: Any) -> None:
        """Say something as the next on a connection."""
        connection = self.clients[client]
        self.keep(client, replace(connection, sent=connection.sent + 1))
        self.send(client, Hear(connection.number, connection.sent + 1, message))

    # What comes back.

    def on_done(self, token: Any, answer: Any) -> None:
        """Answer who has asked, if it is still there."""
        if token is None:
            return
        client, number, what = token
        connection = self.clients.get(client)
        if connection is None or connection.number != number:
            return
        if not connection.session:
            self.on_session(client, what, answer)
            return
        task = next(task for task in connection.queue if task.sequence == what)
        if isinstance(task.request, SyncRequest) and answer == MOVED:
            done = replace(task, response=ErrorResponse(Code.SESSION_MOVED))
        elif isinstance(task.request, SyncRequest):
            done = replace(task, request=replace(task.request, zxid=answer))
            self.syncing |= {client}
        else:
            done = replace(task, response=answer)
        self.keep(client, connection.having(done))
        self.look_at_sync(client)
        self.advance(client)

    def look_at_sync(self, client: str) -> None:
        """Let a `sync` be answered when this server has come as far as the leader said."""
        connection = self.clients.get(client)
        head = connection.queue[0] if connection is not None and connection.queue else None
        if connection is None or head is None or not isinstance(head.request, SyncRequest):
            self.syncing -= {client}
        elif 0 < head.request.zxid <= self.state.zxid:
            self.syncing -= {client}
            done = replace(head, response=PathResponse(head.request.path))
            self.keep(client, connection.having(done))
            self.advance(client)

    def on_session(self, client: str, session: int, answer: Any) -> None:
        """A session has begun, or the leader has said what it knows of one."""
        if isinstance(answer, DoneResponse):
            self.accept(client, session, self.timeout_of_session(session))
        elif answer == MOVED:
            self.hang_up(client)
        elif answer == ENDED:
            self.refuse(client)
        else:
            self.accept(client, session, answer)

    def timeout_of_session(self, session: int) -> int:
        """Return the timeout of a session that this server knows."""
        timeout: int = ordered.get(self.state.sessions, session, 0)
        return timeout

    def on_applied(self, zxid: int, proposed: Proposed, answer: Any, events: tuple[Happened, ...]) -> None:
        """Tell who watches, before anybody is answered; and answer who waited for this change to come.

        The end of a session comes first: a `sync` that the leader was asked for behind it is not answered.
        """
        super().on_applied(zxid, proposed, answer, events)
        self.tell_watchers(events)
        if isinstance(proposed.change, CloseSessionChange):
            self.on_closed(proposed)
        for client in sorted(self.syncing):
            self.look_at_sync(client)

    def tell_watchers(self, events: tuple[Happened, ...]) -> None:
        """Tell of each event those who watch for it and may read what it is about."""
        for happened in events:
            self.watches, hearers = watches.told(self.watches, happened.event)
            for client in hearers:
                if acl.may(happened.acl, Perm.READ, self.clients[client].ids):
                    self.tell_client(client, Noticed(happened.event))

    def on_closed(self, proposed: Proposed) -> None:
        """The session has ended. Whoever asked for it is answered first, and hung up on then.

        The leader may have said that it lives, just before it ended, and this answer may be on its way still.
        """
        session = proposed.header.session
        for client, connection in self.clients.items():
            asked = any(isinstance(task.request, CloseSessionRequest) for task in connection.queue)
            if connection.session == session and not asked:
                self.hang_up(client)
            elif not connection.session and connection.wanted == session:
                self.refuse(client)
