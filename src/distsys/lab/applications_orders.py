"""The broker's desk of the page on applications: orders are cut up by servers, and one of them has an old program.

After the order of the SEC in the case of Knight Capital (2013), cut down: how orders are cut up, what the market
answers and when is invented. What is kept is the decision: a word that meant one thing to the old program was given a
new meaning, and one of the servers still had the old one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

SHARES, LOT = 100, 50
REUSED, FRESH = "P", "R"  # the word that the old program knows as well, and one that it has never heard


@record
class Parent:
    """Buy so many shares; `flag` says by which function."""

    order: int
    shares: int
    flag: str


@record
class Child:
    """A part of an order, for the market."""

    order: int
    shares: int


@record
class Filled:
    """The market has sold that part."""

    order: int
    shares: int


@record
class Rejected:
    """A server does not know what it is asked for."""

    order: int


@record
class Bought:
    """The market notes a purchase."""

    order: int
    shares: int


class Desk(Node):
    """Gives the servers orders in turn, one every 40 ms, and takes no second look."""

    declared: ClassVar[dict[str, str]] = {"order": "orders"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, servers: tuple[str, ...] = (), flag: str = REUSED
    ) -> None:
        super().__init__(name, disk)
        self.servers, self.flag = tuple(servers), flag
        self.order = 0

    def on_start(self) -> None:
        """Begin when the market opens."""
        self.set_timer("next", 40 * MS)

    def on_timeout(self, timer: str) -> None:
        """Give an order to the next server."""
        self.send(self.servers[self.order], Parent(self.order + 1, SHARES, self.flag))
        self.order += 1
        if self.order < len(self.servers):
            self.set_timer("next", 40 * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Hear that an order was refused: somebody should look."""
        if isinstance(message, Rejected):
            self.note(f"{sender} knows no such function")


class Server(Node):
    """Sends parts of an order until it is filled.

    State, volatile: `missing`, order -> shares still to buy.
    """

    declared: ClassVar[dict[str, str]] = {"missing": "to buy"}
    known: ClassVar[tuple[str, ...]] = (REUSED, FRESH)

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, lot: int = LOT) -> None:
        super().__init__(name, disk)
        self.lot = whole_number("lot", lot, at_least=1)
        self.missing: Map[int, int] = Map()

    def on_message(self, sender: str, message: Any) -> None:
        """Begin an order, or go on with it."""
        match message:
            case Parent(order, _, flag) if flag not in self.known:
                self.send(sender, Rejected(order))
            case Parent(order, shares):
                self.missing = self.missing.set(order, shares)
                self.begin(order)
            case Filled(order, shares):
                self.on_filled(order, shares)

    def begin(self, order: int) -> None:
        """Send the first part."""
        self.send("market", Child(order, min(self.lot, self.missing[order])))

    def on_filled(self, order: int, shares: int) -> None:
        """Count what is bought, and send the next part if something is missing."""
        self.missing = self.missing.set(order, self.missing[order] - shares)
        if self.missing[order] > 0:
            self.begin(order)


class OldServer(Server):
    """The program of years ago. Its function "P" sends parts again and again; what counted them was moved elsewhere."""

    known: ClassVar[tuple[str, ...]] = (REUSED,)

    def begin(self, order: int) -> None:
        """Send a part every 10 ms."""
        self.send("market", Child(order, self.lot))
        self.set_timer(str(order), 10 * MS)

    def on_filled(self, order: int, shares: int) -> None:
        """Count nothing."""

    def on_timeout(self, timer: str) -> None:
        """Send one more."""
        self.begin(int(timer))


class Market(Node):
    """Sells whatever it is asked for."""

    def on_message(self, sender: str, message: Any) -> None:
        """Note it, and say so."""
        if isinstance(message, Child):
            self.output(Bought(message.order, message.shares))
            self.send(sender, Filled(message.order, message.shares))
