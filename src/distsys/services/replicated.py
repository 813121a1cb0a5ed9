"""A replica of any service on any protocol: takes calls of clients, lets them be ordered, applies them, and answers.

What the two say to each other stands in `protocols.replication`, and that is all that they know of each other. The
replica embeds a server of the protocol and holds the state that all entries up to its `last_applied` give. Only the
leader takes calls; another server names the leader, if it knows one. Who leads may change while a call is on its way:
whoever took the call answers it when it is committed, whether it still leads or not.

`replicas` says for each protocol what is embedded, and under which name.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.replication import Committed, Compact, NotLeader, Propose, Restored, Role

from .kv import Call
from .service import Service


@record
class Reply:
    """The result of the session's command `sequence`; False where the service has no such command."""

    session: str
    sequence: int
    result: Any


@record
class Redirect:
    """The call was not taken; `leader` may take it, or nobody knows who does."""

    session: str
    sequence: int
    leader: str | None


class Replica(Node):
    """One replica of a service.

    State, durable: that of the protocol, its snapshot included. Volatile: `state`, `callers` (session -> the client
    that asked here).
    Messages: Call from a client (or any message of another host for its own server of the protocol); Reply and
    Redirect to it.
    Timers: "compact", at once after an entry was applied, so that compaction is a step of its own.
    Keeps: each command done once, replicas agree; linearizable operations, as far as they go through the log.
    """

    service: ClassVar[Service]
    below: ClassVar[type[Node]]  # the protocol
    inside: ClassVar[str]  # the name under which it is embedded

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, snapshot_every: int = 0, **settings: Any
    ) -> None:
        super().__init__(name, disk)
        self.snapshot_every = whole_number(
            "snapshot_every", snapshot_every
        )  # entries applied since the last snapshot; 0 takes none
        self.state = self.service.start
        self.callers: Map[str, str] = EMPTY
        self.embed(self.inside, self.below(name, disk.under(self.inside), **settings))

    @property
    def protocol(self) -> Any:
        """The embedded server: its `role`, `leader`, `last_applied` and `last_snapshot` can be read."""
        return getattr(self, self.inside)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Call():
                self.on_call(sender, message)
            case _:
                self.tell(self.inside, message)  # a request of an operator, such as to change the members

    def on_call(self, client: str, call: Call) -> None:
        """Take a call in where this replica leads, and nonsense nowhere."""
        if self.protocol.role is not Role.LEADER:
            self.send(client, Redirect(call.session, call.sequence, self.protocol.leader))
        elif not self.service.sound(call):
            self.send(client, Reply(call.session, call.sequence, False))
        else:
            self.take(client, call)

    def take(self, client: str, call: Call) -> None:
        """Let the protocol order a call."""
        self.callers = self.callers.set(call.session, client)
        self.tell(self.inside, Propose(call))

    def on_output(self, inner: str, value: Any) -> None:
        match value:
            case Committed(index, entry):
                self.on_committed(index, entry.command)
            case Restored(snapshot):
                self.state = snapshot.state
            case NotLeader(Call() as call, leader):
                self.send(self.callers[call.session], Redirect(call.session, call.sequence, leader))

    def on_committed(self, index: int, command: Any) -> None:
        """Apply a command, and answer the client where it asked here."""
        self.state, result = self.apply(index, command)
        if isinstance(command, Call) and command.session in self.callers:
            self.send(self.callers[command.session], Reply(command.session, command.sequence, result))
        if self.snapshot_every:
            self.set_timer("compact", 0)

    def apply(self, index: int, command: Any) -> tuple[Any, Any]:
        """Return the state after the command, and its result."""
        state, result, _ = self.service.apply(self.state, index, command)
        return state, result

    def on_timeout(self, timer: str) -> None:
        if timer == "compact":
            self.compact()

    def compact(self) -> None:
        """Hand the protocol the state in place of the log, when enough has been applied since the last time."""
        applied = self.protocol.last_applied
        if applied - self.protocol.last_snapshot.last_index >= self.snapshot_every:
            self.tell(self.inside, Compact(applied, self.state))
