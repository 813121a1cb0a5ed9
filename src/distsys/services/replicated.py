"""A replica of a service on Raft: takes calls of clients, lets Raft order them, applies them, and answers.

The replica embeds a Raft server and holds the state that all entries up to `raft.last_applied` give. Only the
leader takes calls; another server names the leader, if it knows one. How a call that only reads is served is
an option, and the one place where most systems have gone wrong:

- "log": like a write, through the log. Slow, and right without further thought.
- "index": by read-index (`raft_reads`), one round trip to a majority and no write.
- "lease": while a lease lasts, at once; right only while clocks keep to its assumption.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import ArgumentError, shown, whole_number
from distsys.core.node import Node
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.raft_messages import Committed, NotLeader, Propose, Role
from distsys.protocols.raft_reads import Read, ReadFailed, ReadReady
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_snapshots import Compact, Restored

from . import kv

READS = ("log", "index", "lease")


@record
class Reply:
    """The result of the session's command `sequence`; False where the store has no such command."""

    session: str
    sequence: int
    result: Any


@record
class Redirect:
    """The call was not taken; `leader` may take it, or nobody knows who does."""

    session: str
    sequence: int
    leader: str | None


@record
class Reader:
    """Who waits for a read: the client and its call."""

    client: str
    call: kv.Call


class ReplicatedStore(Node):
    """One replica of the key-value store.

    State, durable: that of `raft`, its snapshot included. Volatile: `state`, `callers` (session -> the client that
    asked here).
    Messages: Call from a client (or any message of another host of Raft for its own server); Reply and Redirect to it.
    Timers: "compact", at once after an entry was applied, so that compaction is a step of its own.
    Keeps: linearizable operations, each command done once (`history` of the system), replicas agree.
    Source: Ongaro 2014, chapter 6.
    """

    declared = {
        "role": "raft.role",
        "term": "raft.current_term",
        "vote": "raft.voted_for",
        "log": "raft.log",
        "commit": "raft.commit_index",
        "votes": "raft.votes",
        "match": "raft.match_index",
        "voters": "raft.configuration",
    }
    below: ClassVar[type[RaftServer]] = RaftServer

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        reads: str = "log",
        snapshot_every: int = 0,
        **settings: Any,
    ) -> None:
        super().__init__(name, disk)
        if reads not in READS:
            raise ArgumentError(f"reads must be one of {', '.join(READS)}, but it is {shown(reads)}")
        self.reads = reads
        self.snapshot_every = whole_number(
            "snapshot_every", snapshot_every
        )  # entries applied since the last snapshot; 0 takes none
        self.state = kv.Store()
        self.callers: Map[str, str] = EMPTY
        self.raft = self.embed(
            "raft", self.below(name, disk.under("raft"), lease=reads == "lease", **settings)
        )

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case kv.Call():
                self.on_call(sender, message)
            case _:
                self.tell("raft", message)  # a request of an operator, such as to change the members

    def on_call(self, client: str, call: kv.Call) -> None:
        """Take a call in: a read may go beside the log, all else goes through it, and nonsense nowhere."""
        if self.raft.role is not Role.LEADER:
            self.send(client, Redirect(call.session, call.sequence, self.raft.leader))
        elif not kv.sound(call):
            self.send(client, Reply(call.session, call.sequence, False))
        elif isinstance(call.command, kv.Get) and self.reads != "log":
            self.tell("raft", Read(Reader(client, call)))
        else:
            self.callers = self.callers.set(call.session, client)
            self.tell("raft", Propose(call))

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Committed(index, entry):
                self.on_committed(index, entry.command)
            case Restored(snapshot):
                self.state = snapshot.state
            case ReadReady(Reader(client, call)):
                self.send(client, Reply(call.session, call.sequence, self.state.data.get(call.command.key)))
            case ReadFailed(Reader(client, call), leader):
                self.send(client, Redirect(call.session, call.sequence, leader))
            case NotLeader(kv.Call() as call, leader):
                self.send(self.callers[call.session], Redirect(call.session, call.sequence, leader))

    def on_committed(self, index: int, command: Any) -> None:
        """Apply a command, and answer the client where it asked here."""
        self.state, result = self.apply(index, command)
        if isinstance(command, kv.Call) and command.session in self.callers:
            self.send(self.callers[command.session], Reply(command.session, command.sequence, result))
        if self.snapshot_every:
            self.set_timer("compact", 0)

    def apply(self, index: int, command: Any) -> tuple[kv.Store, Any]:
        """Return the state after the command, and its result."""
        state, result, _ = kv.apply(self.state, index, command)
        return state, result

    def on_timeout(self, timer: str) -> None:
        if timer == "compact":
            self.compact()

    def compact(self) -> None:
        """Hand Raft the state in place of the log, when enough has been applied since the last time."""
        if self.raft.last_applied - self.raft.log.before_index >= self.snapshot_every:
            self.tell("raft", Compact(self.raft.last_applied, self.state))
