"""A client of a service: one command at a time, asked again until it is answered or given up."""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft import server_names

from .kv import Call
from .replicated import Redirect, Reply


class Client(Node):
    """Asks `operations` random commands, and outputs each as an `Operation` when it begins and when it ends.

    A call that is not answered in time goes to the next server, under the same number, and the service does it once.
    A redirect is followed at once, but only so often in one try, and the time of the try runs on.
    After `tries_max` the client gives up: nobody knows whether the command was done, so the operation ends as
    "info" and the client goes on under a new name, with a new session. A restart does the same.
    A subclass knows the service: `choose_a_command`, `value_of`, `learn`.
    State, durable: `life`, how many names it has used. Volatile: the open call, whom it asks.
    Timers: "next", before a command; "retry", while one is open.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        servers: tuple[str, ...],
        operations: int,
        keys: int = 2,
        retry_ms: int = 150,
        tries_max: int = 8,
        think_ms: int = 100,
    ) -> None:
        super().__init__(name, disk)
        self.servers = server_names("servers", servers)
        self.operations = whole_number("operations", operations)
        self.keys = whole_number("keys", keys, at_least=1)
        self.retry_ms = whole_number("retry_ms", retry_ms, at_least=1)
        self.tries_max = whole_number("tries_max", tries_max, at_least=1)
        self.think_ms = whole_number("think_ms", think_ms)
        self.life: int = disk.get("life", 0)
        self.dice = Dice(0)
        self.sequence = 0
        self.done = 0
        self.open: Call | None = None
        self.asked = 0  # in how many tries the open call was sent
        self.hops = 0  # how many redirects this try has followed
        self.server = servers[0]  # whom this client asks

    def on_start(self) -> None:
        self.dice = Dice(self.seed)
        self.begin_a_life()
        self.set_timer("next", 0, self.think_ms * MS)

    def begin_a_life(self) -> None:
        """Go on under a new name, for nobody knows what becomes of the open call."""
        self.life += 1
        self.persist(life=self.life)
        self.sequence, self.open = 0, None

    def session(self) -> str:
        """Return the name of this life: a process in the history, and a session of the store."""
        return f"{self.name}.{self.life}"

    def on_timeout(self, timer: str) -> None:
        if timer == "next" and self.open is None and self.done < self.operations:
            self.sequence += 1
            self.done += 1
            self.open = Call(self.session(), self.sequence, self.choose_a_command())
            self.report(INVOKE)
            self.asked = 0
            self.ask()
        elif timer == "retry" and self.open is not None:
            self.ask_somebody_else()

    def ask(self) -> None:
        """Send the open call to the server that this client believes in."""
        assert self.open is not None, f"{self.name} has nothing to ask"
        self.asked += 1
        self.hops = 0
        self.send(self.server, self.open)
        self.set_timer("retry", self.retry_ms * MS, 2 * self.retry_ms * MS)

    def ask_somebody_else(self) -> None:
        """Ask the next server, or give up."""
        if self.asked < self.tries_max:
            known = self.server in self.servers  # a redirect may lead to one that it was not told of
            place = self.servers.index(self.server) + 1 if known else 0
            self.server = self.servers[place % len(self.servers)]
            self.note("asks again")
            self.ask()
        else:
            self.report(INFO)
            self.begin_a_life()
            self.set_timer("next", 0, self.think_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        call = self.open
        if call is None or (message.session, message.sequence) != (call.session, call.sequence):
            return
        match message:
            case Reply(result=result):
                self.report(OK, result)
                self.learn(call.command, result)
                self.open = None
                self.cancel_timer("retry")
                self.set_timer("next", 0, self.think_ms * MS)
            case Redirect(leader=leader) if leader not in (None, self.server):
                if self.hops < len(self.servers):  # two servers may name each other while one hands over
                    self.hops += 1
                    self.server = leader
                    self.send(leader, call)

    def report(self, type: str, result: Any = None) -> None:
        """Output one end of the open operation."""
        assert self.open is not None, f"{self.name} has nothing to report"
        command = self.open.command
        f, value = type_of(command), self.value_of(command, type, result)
        self.output(Operation(self.session(), type, f, command.key, value, self.now))

    # What a subclass knows of its service.

    def choose_a_command(self) -> Any:
        """Return the next command; it has a `key`."""
        raise NotImplementedError(f"{self.name} is a client of no service: a subclass says what it asks")

    def value_of(self, command: Any, type: str, result: Any) -> Any:
        """Return the value of an `Operation`: what is asked, or what came of it."""
        raise NotImplementedError(f"{self.name} is a client of no service: a subclass says what it asks")

    def learn(self, command: Any, result: Any) -> None:
        """Keep what an answer tells, for the choice of later commands."""


def type_of(command: Any) -> str:
    """Return the name of a command in a history."""
    return type(command).__name__.lower()
