"""The nodes in the stories of the page on applications: emergency calls, two shops with one stock, a desk of a broker.

Each story is cut down to the one decision that failed. An emergency call gets a key from a central `Router`, and a
`Watch` looks whether that router is well. Two shops sell from one stock by one of three rules. A `Server` of a broker
turns an order into smaller ones; one of the servers has not got its new program.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

# Emergency calls.


@record
class Dial:
    """Somebody calls the emergency number."""

    call: int


@record
class Ring:
    """The router passes a call on, under a key that no other call has."""

    key: int
    call: int
    caller: str


@record
class Answer:
    """Somebody at the answering point has taken the call."""

    call: int


@record
class AreYouUp:
    """A heartbeat, as a question."""


@record
class Up:
    """The answer to it."""


@record
class UseSpare:
    """From now on calls go to another router."""

    router: str


@record
class Unanswered:
    """A caller has waited for as long as callers wait."""

    call: int


@record
class Answered:
    """A caller is heard."""

    call: int


HEARTBEAT, TEST_CALL = "heartbeat", "test call"
WAIT_MS = 80  # how long a caller waits, and how long a watch waits


class Router(Node):
    """Gives each call a key and passes it on to an answering point; with no key left it passes on nothing.

    State, volatile: `keys`, how many keys it has given.
    Messages: Dial and AreYouUp from outside; Ring to the points, Up to the watch.
    Left out: what the real one did with the keys; it used them to keep track of each call.
    """

    declared: ClassVar[dict[str, str]] = {"keys": "keys"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        points: tuple[str, ...] = (),
        limit: int = 6,
        keys: int = 0,
    ) -> None:
        super().__init__(name, disk)
        self.points = tuple(points)
        self.limit = whole_number("limit", limit, at_least=1)
        self.keys = whole_number("keys", keys)

    def on_message(self, sender: str, message: Any) -> None:
        """Pass a call on, or say that one is up."""
        match message:
            case AreYouUp():
                self.send(sender, Up())
            case Dial(call) if self.keys < self.limit:
                self.keys += 1
                self.send(self.points[call % len(self.points)], Ring(self.keys, call, sender))
            case Dial(call):
                self.note(f"no key is left for call {call}")


class Point(Node):
    """An answering point: takes each call that reaches it."""

    def on_message(self, sender: str, message: Any) -> None:
        """Speak with the caller, whichever way the call came."""
        if isinstance(message, Ring):
            self.send(message.caller, Answer(message.call))


class Phones(Node):
    """The callers: one dials every `every_ms`, and waits for a while.

    State, volatile: `router`, where calls go; `dialled`; `waiting`.
    Timers: "dial", and "wait-<call>" for each call. Outputs: Answered, Unanswered.
    """

    declared: ClassVar[dict[str, str]] = {"dialled": "calls"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        router: str = "main",
        calls: int = 10,
        every_ms: int = 100,
    ) -> None:
        super().__init__(name, disk)
        self.router = router
        self.calls = whole_number("calls", calls, at_least=1)
        self.every_ms = whole_number("every_ms", every_ms, at_least=1)
        self.dialled = 0

    def on_start(self) -> None:
        """Begin after a while."""
        self.set_timer("dial", self.every_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Dial, or give up."""
        if timer != "dial":
            self.output(Unanswered(int(timer.removeprefix("wait-"))))
            return
        self.dialled += 1
        self.send(self.router, Dial(self.dialled))
        self.set_timer(f"wait-{self.dialled}", WAIT_MS * MS)
        if self.dialled < self.calls:
            self.set_timer("dial", self.every_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Be heard, or be told of another router."""
        match message:
            case Answer(call):
                self.cancel_timer(f"wait-{call}")
                self.output(Answered(call))
            case UseSpare(router):
                self.router = router


class Watch(Node):
    """Looks every `every_ms` whether the router is well, and sends the callers to the spare one if it is not.

    `asks` says how it looks: by a heartbeat, or by a test call that takes the way of every other call.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        asks: str = HEARTBEAT,
        router: str = "main",
        spare: str = "spare",
        every_ms: int = 200,
        begin_ms: int = 150,
    ) -> None:
        super().__init__(name, disk)
        if asks not in (HEARTBEAT, TEST_CALL):
            raise UnknownNameError(f"asks must be {HEARTBEAT!r} or {TEST_CALL!r}, but it is {shown(asks)}")
        self.asks, self.router, self.spare = asks, router, spare
        self.every_ms = whole_number("every_ms", every_ms, at_least=WAIT_MS + 1)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.looks = 0

    def on_start(self) -> None:
        """Begin after a while."""
        self.set_timer("look", self.begin_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Look, or act because nothing came back."""
        if timer == "late":
            self.note("the router is not well: use the spare one")
            self.send("phones", UseSpare(self.spare))
            self.cancel_timer("look")
            return
        self.looks += 1
        self.send(self.router, AreYouUp() if self.asks == HEARTBEAT else Dial(1_000 + self.looks))
        self.set_timer("late", WAIT_MS * MS)
        self.set_timer("look", self.every_ms * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Whatever comes back, it is well."""
        self.cancel_timer("late")


# Two shops.


@record
class Buy:
    """A buyer wants one piece."""

    buyer: int


@record
class Sold:
    """A buyer has one."""

    buyer: int


@record
class Refused:
    """A buyer goes away without one."""

    buyer: int


@record
class Took:
    """The other shop has sold one."""


@record
class Ask:
    """May I sell one? Or, where each has a share: give me some of yours."""

    buyer: int


@record
class Give:
    """So many pieces are the asker's now."""

    buyer: int
    pieces: int


PATIENCE_MS = 300  # how long a buyer waits for a shop that must ask


class Shop(Node):
    """Sells pieces that it believes to be there, and tells the other shop; the rule called "copies".

    State, volatile: `left`, the pieces that it may sell.
    Messages: Buy from outside; Took, Ask and Give between the shops.
    Outputs: Sold, Refused. Timers: "<buyer>", while a shop asks for that buyer.
    """

    declared: ClassVar[dict[str, str]] = {"left": "left"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        other: str = "",
        left: int = 1,
        owner: str = "",
        stock: int = 1,
    ) -> None:
        super().__init__(name, disk)
        self.other, self.owner, self.stock = other, owner, stock  # the laws read the stock, the shop does not
        self.left = whole_number("left", left)
        self.asking: tuple[int, ...] = ()

    def on_message(self, sender: str, message: Any) -> None:
        """Serve a buyer, or the other shop."""
        match message:
            case Buy(buyer):
                self.on_buy(buyer)
            case Took():
                self.left = max(0, self.left - 1)
            case Ask(buyer):
                self.on_ask(sender, buyer)
            case Give(buyer, pieces):
                self.on_give(buyer, pieces)

    def on_buy(self, buyer: int) -> None:
        """Sell what is there by one's own copy, and tell the other shop."""
        if self.sell_or_refuse(buyer):
            self.send(self.other, Took())

    def sell_or_refuse(self, buyer: int) -> bool:
        """Decide here and now; return whether it is sold."""
        if self.left == 0:
            self.output(Refused(buyer))
            return False
        self.left -= 1
        self.output(Sold(buyer))
        return True

    def on_ask(self, sender: str, buyer: int) -> None:
        """Nobody asks where each has a copy."""

    def on_give(self, buyer: int, pieces: int) -> None:
        """Take what the other shop gives; the buyer may have gone."""
        self.left += pieces
        if buyer in self.asking:
            self.stop_asking(buyer)
            self.sell_or_refuse(buyer)

    def ask(self, buyer: int) -> None:
        """Ask the other shop for this buyer, who waits."""
        self.asking = (*self.asking, buyer)
        self.send(self.other, Ask(buyer))
        self.set_timer(str(buyer), PATIENCE_MS * MS)

    def stop_asking(self, buyer: int) -> None:
        """Wait for that answer no more."""
        self.asking = tuple(one for one in self.asking if one != buyer)
        self.cancel_timer(str(buyer))

    def on_timeout(self, timer: str) -> None:
        """The buyer has waited long enough."""
        self.stop_asking(int(timer))
        self.output(Refused(int(timer)))


class Asking(Shop):
    """One shop owns the stock, and the other asks it for each sale."""

    def on_buy(self, buyer: int) -> None:
        """Decide, if one is the owner, or ask."""
        if self.owner == self.name:
            self.sell_or_refuse(buyer)
        else:
            self.ask(buyer)

    def on_ask(self, sender: str, buyer: int) -> None:
        """Give one piece, or none."""
        pieces = min(1, self.left)
        self.left -= pieces
        self.send(sender, Give(buyer, pieces))


class Sharing(Shop):
    """Each shop has a share of the stock, sells from it without asking, and asks only when it has none left."""

    def on_buy(self, buyer: int) -> None:
        """Sell from one's own share, or ask for more."""
        if self.left > 0:
            self.sell_or_refuse(buyer)
        else:
            self.ask(buyer)

    def on_ask(self, sender: str, buyer: int) -> None:
        """Give half of what one has, rounded up."""
        pieces = (self.left + 1) // 2
        self.left -= pieces
        self.send(sender, Give(buyer, pieces))
