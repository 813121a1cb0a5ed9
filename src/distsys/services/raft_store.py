"""The key-value store on Raft, and its reads: the one place where most systems have gone wrong.

How a call that only reads is served is an option:

- "log": like a write, through the log. Slow, and right without further thought.
- "index": by read-index (`raft_reads`), one round trip to a majority and no write.
- "lease": while a lease lasts, at once; right only while clocks keep to its assumption.
"""

from __future__ import annotations

from typing import Any

from distsys.core.errors import ArgumentError, shown
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.raft_reads import Read, ReadFailed, ReadReady

from . import kv
from .replicas import RaftReplica
from .replicated import Redirect, Reply

READS = ("log", "index", "lease")


@record
class Reader:
    """Who waits for a read: the client and its call."""

    client: str
    call: kv.Call


class ReplicatedStore(RaftReplica):
    """One replica of the key-value store.

    Keeps: linearizable operations, each command done once (`history` of the system), replicas agree.
    Source: Ongaro 2014, chapter 6.
    """

    service = kv.SERVICE

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, reads: str = "log", **settings: Any
    ) -> None:
        if reads not in READS:
            raise ArgumentError(f"reads must be one of {', '.join(READS)}, but it is {shown(reads)}")
        super().__init__(name, disk, lease=reads == "lease", **settings)
        self.reads = reads

    def take(self, client: str, call: kv.Call) -> None:
        """Take a call in: a read may go beside the log, all else goes through it."""
        if isinstance(call.command, kv.Get) and self.reads != "log":
            self.tell("raft", Read(Reader(client, call)))
        else:
            super().take(client, call)

    def on_output(self, inner: str, value: Any) -> None:
        super().on_output(inner, value)
        match value:
            case ReadReady(Reader(client, call)):
                self.send(client, Reply(call.session, call.sequence, self.state.data.get(call.command.key)))
            case ReadFailed(Reader(client, call), leader):
                self.send(client, Redirect(call.session, call.sequence, leader))
