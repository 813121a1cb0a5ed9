"""The nodes in the stories of the page on time and order: desks that write logs, and servers with clients that call.

A `Desk` stamps what happens with one kind of clock, and the story is the same whichever it has. A `Front` is a
`CommitServer` that answers its clients; a `Caller` asks one, and then tells the next to ask another.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.algorithms.clocks import receive, tick
from distsys.algorithms.hybridclock import NEVER, HybridTime
from distsys.algorithms.truetime import Begin, CommitServer, Committed
from distsys.algorithms.vectorclock import VectorClock
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

CLOCKS: dict[str, Any] = {"wall": 0, "lamport": 0, "vector": VectorClock(), "hybrid": NEVER}
Rules = tuple[tuple[str, str, str, str], ...]  # what is heard, what is done, who is told, what


@record
class Do:
    """Request: something happens here; where `to` is named, that one is told `tell`."""

    text: str
    to: str = ""
    tell: str = ""


@record
class Word:
    """A message, with the stamp of the event that sent it."""

    text: str
    stamp: Any


@record
class Line:
    """Output: a line of a log."""

    text: str
    stamp: Any


class Desk(Node):
    """Writes a line for each event, with a stamp; `rules` say what it does when it hears something."""

    declared: ClassVar[dict[str, str]] = {"clock": "clock"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, kind: str, rules: Rules) -> None:
        super().__init__(name, disk)
        self.kind = kind
        self.rules = rules
        self.clock: Any = CLOCKS[kind]

    def on_message(self, sender: str, message: Any) -> None:
        """Do what is asked, or what the rules say of what is heard."""
        match message:
            case Do(text, to, tell):
                self.happens(text, to, tell)
            case Word(heard, stamp):
                matching = (rule[1:] for rule in self.rules if rule[0] == heard)
                self.happens(*next(matching, (f"hears: {heard}", "", "")), stamp)

    def happens(self, text: str, to: str, tell: str, stamp: Any = None) -> None:
        """Stamp an event, write its line, and send its message with the stamp."""
        self.clock = self.later(stamp)
        self.output(Line(text, self.clock))
        if to:
            self.send(to, Word(tell, self.clock))

    def later(self, stamp: Any) -> Any:
        """Return the stamp of the next event, which may receive a message with a stamp; times in ms."""
        now = self.now // MS
        match self.kind:
            case "lamport":
                return tick(self.clock) if stamp is None else receive(self.clock, stamp)
            case "vector":
                return self.clock.tick(self.name) if stamp is None else self.clock.receive(stamp, self.name)
            case "hybrid":
                own: HybridTime = self.clock
                return own.tick(now) if stamp is None else own.receive(stamp, now)
        return now


class Front(CommitServer):
    """A server of `truetime` that answers whoever asked; it waits for `wait_percent` of what it should."""

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        epsilon: int,
        error_us: int,
        wait_percent: int = 100,
    ) -> None:
        super().__init__(name, disk, epsilon=epsilon, error_us=error_us)
        self.wait_percent = wait_percent
        self.clients: Map[Any, str] = Map()

    def on_message(self, sender: str, message: Any) -> None:
        """Remember who asks."""
        if isinstance(message, Begin):
            self.clients = self.clients.set(message.transaction, sender)
        super().on_message(sender, message)

    def wait_us(self, timestamp: int) -> int:
        """Return the rest of the wait; the whole wait is twice epsilon, of which a part may be left out."""
        spared = 2 * self.epsilon * (100 - self.wait_percent) // 100
        return 0 if self.wait_percent == 0 else max(0, super().wait_us(timestamp) - spared)

    def output(self, value: Any) -> None:
        """Tell the client as well."""
        super().output(value)
        if isinstance(value, Committed) and self.clients[value.transaction] != "client":
            self.send(self.clients[value.transaction], value)


@record
class Call:
    """A client has its answer, and calls the next: your turn."""


class Caller(Node):
    """Asks a server for a transaction, at the start or when it is called; then it calls the `next`."""

    declared: ClassVar[dict[str, str]] = {}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, server: str, asks: str, next: str, begins: bool
    ) -> None:
        super().__init__(name, disk)
        self.server, self.asks, self.next, self.begins = server, asks, next, begins

    def on_start(self) -> None:
        """Begin after a while, so that no clock shows less than nothing."""
        if self.begins:
            self.set_timer("begin", 100 * MS)

    def on_timeout(self, timer: str) -> None:
        """Begin."""
        self.send(self.server, Begin(self.asks))

    def on_message(self, sender: str, message: Any) -> None:
        """Ask when called, and call when answered."""
        match message:
            case Call():
                self.send(self.server, Begin(self.asks))
            case Committed() if self.next:
                self.send(self.next, Call())
