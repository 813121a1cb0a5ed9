"""A server that reads on when it is cut off: nothing can be changed there, and what is read may be old.

It is for clients that say that they would rather read something old than nothing. They are told that the server is
one of these, and are sent away as soon as it follows a leader again. A client that brings a session keeps it for later;
one that has none gets a number that no other server knows.

Source: ReadOnlyZooKeeperServer and ReadOnlyRequestProcessor of ZooKeeper 3.8.
"""

from __future__ import annotations

from typing import Any

from distsys.core.values import EMPTY, Map

from .errors import Code
from .requests import CHANGES, CloseSessionRequest, RefuseRequest, SyncRequest
from .server import Connect, Connection, ZooKeeperServer
from .tracking import password_of


class ReadingOnServer(ZooKeeperServer):
    """A server that may be read while it follows nobody, if `read_only_mode` says so."""

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, read_only_mode: bool = False, **settings: Any
    ) -> None:
        super().__init__(name, disk, **settings)
        self.read_only_mode = read_only_mode

    def on_connect(self, client: str, message: Connect) -> None:
        """Let a client read where nobody can do more for it."""
        wants_it = message.read_only and self.read_only_mode and not self.is_behind(message.zxid)
        if self.serving is not None or not wants_it:
            super().on_connect(client, message)
            return
        self.forget(client)
        self.keep(client, Connection(message.connection, ids=message.ids))
        if message.session and message.password != password_of(message.session, self.secret):
            self.refuse(client)
        else:
            session = message.session or self.new_session()
            self.accept(client, session, self.timeout_of(message.timeout_ms))

    def admitted(self, request: Any) -> Any:
        """Refuse what would need the others; a client that goes is let go."""
        if self.serving is not None:
            return super().admitted(request)
        if isinstance(request, CloseSessionRequest):
            return RefuseRequest(Code.OK)
        if isinstance(request, (*CHANGES, SyncRequest)):
            return RefuseRequest(Code.NOT_READ_ONLY)
        return request

    def on_serving(self) -> None:
        """Send those who only read away: they can have more now."""
        for client in self.clients:
            self.hang_up(client)
        super().on_serving()
