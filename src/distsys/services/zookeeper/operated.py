"""What an operator may ask of a server beside: to read on when it is cut off, and to know a user who may do all.

**Reading on** is for clients that say that they would rather read something old than nothing. Nothing can be changed
there. They are told that the server is one of these, and are sent away as soon as it follows a leader again. A client
that brings a session keeps it for later; one that has none gets a number that no other server knows.

**The super user** is who knows a password whose hash the operator has given. No list of rights holds for that one.

Source: ReadOnlyZooKeeperServer, ReadOnlyRequestProcessor and DigestAuthenticationProvider of ZooKeeper 3.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distsys.core.errors import whole_number
from distsys.core.values import EMPTY, Map, record

from . import acl
from .connections import Connect, Connected, Connection
from .errors import Code
from .requests import CHANGES, AuthRequest, CloseSessionRequest, Id, RefuseRequest, SyncRequest
from .server import ZooKeeperServer
from .tracking import password_of

SUPER = Id(acl.SUPER, "")


@record
class ConnectOrRead:
    """Of a client: the same as `Connect`, and a server that can only be read will do."""

    connect: Connect


@record
class ConnectedToRead:
    """Of a server: the same as `Connected`, and it can only be read."""

    connected: Connected


class OperatedServer(ZooKeeperServer):
    """A server as an operator has set it up.

    read_only_mode  whether it may be read while it follows nobody
    super_digest    "user:hash" of the super user, as in a list of rights; "" for none
    session_ms_max  the longest timeout that a session may have; 0 for 20 ticks
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        read_only_mode: bool = False,
        super_digest: str = "",
        session_ms_max: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk, **settings)
        self.read_only_mode, self.super_digest = read_only_mode, super_digest
        self.session_ms_max = whole_number("session_ms_max", session_ms_max)

    def timeout_of(self, wanted_ms: int) -> int:
        """Return the timeout that a session gets."""
        if self.session_ms_max:
            return min(max(wanted_ms, 2 * self.tick_ms), self.session_ms_max)
        return super().timeout_of(wanted_ms)

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, ConnectOrRead):
            self.on_connect_or_read(sender, message.connect)
        else:
            super().on_message(sender, message)

    def on_connect_or_read(self, client: str, message: Connect) -> None:
        """Let a client read where nobody can do more for it."""
        if self.serving is not None or not self.read_only_mode or self.is_behind(message.zxid):
            self.on_connect(client, message)
            return
        self.forget(client)
        self.keep(client, Connection(message.connection, ids=message.ids))
        if message.session and message.password != password_of(message.session, self.secret):
            self.refuse(client)
        else:
            session = message.session or self.new_session()
            self.accept(client, session, self.timeout_of(message.timeout_ms))

    def tell_client(self, client: str, message: Any) -> None:
        """Say to a client that it can only read, if that is so."""
        reads = isinstance(message, Connected) and message.session and self.serving is None
        super().tell_client(client, ConnectedToRead(message) if reads else message)

    def admitted(self, request: Any) -> Any:
        """Refuse what would need the others; a client that goes is let go."""
        if self.serving is not None:
            return super().admitted(request)
        if isinstance(request, CloseSessionRequest):
            return RefuseRequest(Code.OK)
        if isinstance(request, (*CHANGES, SyncRequest)):
            return RefuseRequest(Code.NOT_READ_ONLY)
        return request

    def answer_here(self, client: str, request: Any) -> Any:
        """Know the super user by the password."""
        if isinstance(request, AuthRequest) and request.scheme == acl.DIGEST:
            connection = self.clients[client]
            if acl.digest_of(request.auth).id == self.super_digest and SUPER not in connection.ids:
                self.keep(client, replace(connection, ids=(*connection.ids, SUPER)))
        return super().answer_here(client, request)

    def on_serving(self) -> None:
        """Send those who only read away: they can have more now."""
        for client in self.clients:
            self.hang_up(client)
        super().on_serving()
