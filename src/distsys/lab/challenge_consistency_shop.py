"""A shop, and customers who ask again: what a retry does, and where the shop must keep the ids that it has seen.

A `Customer` has wishes, one after the other. For each it asks, waits, and does what `then` says when no answer has
come. The `Shop` keeps the ids of the requests that it has carried out with what it has sold, in one record. Four
others are wrong, each in one point.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record


@record
class Buy:
    """Sell me this; a request with an empty id has none."""

    item: str
    id: str


@record
class Bought:
    """It is yours."""

    item: str


@record
class Refused:
    """That request was cancelled."""

    item: str


@record
class Status:
    """A customer asks whether this request was carried out."""

    id: str


@record
class Found:
    """It was, or it was not, so far."""

    yes: bool


@record
class Cancel:
    """Undo that request, and refuse it from now on; without an id: undo my last purchase."""

    id: str


@record
class Cancelled:
    """It is undone."""


@record
class Sale:
    """A line in the ledger of the shop: who has bought what, by which request."""

    to: str
    item: str
    id: str


@record
class Wishes:
    """A customer wishes one piece of something."""

    item: str


@record
class Got:
    """A customer was told that it is bought."""

    item: str


@record
class Believes:
    """What a customer believes in the end about its last wish: bought, or not; None: it does not know."""

    bought: bool | None


class Shop(Node):
    """Sells, and carries out no id twice.

    State, durable: `ledger`, all sales; `done`, what became of each id: "bought" or "cancelled".
    Keeps: a sale and its id are one record on the disk. Left out: stock, prices, and how to forget an id.
    """

    declared: ClassVar[dict[str, str]] = {"sold": "ledger", "ids": "done"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.ledger: tuple[Sale, ...] = disk.get("ledger", ())
        self.done: Map[str, Any] = disk.get("done", EMPTY)

    def on_message(self, sender: str, message: Any) -> None:
        """Answer a customer."""
        match message:
            case Buy(item, id):
                self.on_buy(sender, item, id)
            case Status(id):
                self.send(sender, Found(self.done.get(id) == "bought"))
            case Cancel(id):
                self.on_cancel(sender, id)

    def on_buy(self, customer: str, item: str, id: str) -> None:
        """Sell, unless this id was seen; answer in any case."""
        if id not in self.done:
            self.sell(Sale(customer, item, id))
        refused = self.done.get(id) == "cancelled"
        self.send(customer, Refused(item) if refused else Bought(item))

    def sell(self, sale: Sale) -> None:
        """Write the sale and its id in one record."""
        self.ledger += (sale,)
        if sale.id:
            self.done = self.done.set(sale.id, "bought")
        self.persist(ledger=self.ledger, done=self.done)

    def on_cancel(self, customer: str, id: str) -> None:
        """Take the sale out of the ledger; remember that its id was cancelled, even if it never came."""
        places = [
            place for place, sale in enumerate(self.ledger) if sale.to == customer and id in ("", sale.id)
        ]
        if places:
            self.ledger = self.ledger[: places[-1]] + self.ledger[places[-1] + 1 :]
        if id:
            self.done = self.done.set(id, "cancelled")
        self.persist(ledger=self.ledger, done=self.done)
        self.send(customer, Cancelled())


class InMemory(Shop):
    """Wrong: keeps the ids in memory."""

    def sell(self, sale: Sale) -> None:
        """Write the sale only."""
        self.ledger += (sale,)
        self.done = self.done.set(sale.id, "bought")
        self.persist(ledger=self.ledger)


class IdFirst(Shop):
    """Wrong: writes the id, and then the sale."""

    def sell(self, sale: Sale) -> None:
        """Write two records."""
        self.done = self.done.set(sale.id, "bought")
        self.persist(done=self.done)
        self.ledger += (sale,)
        self.persist(ledger=self.ledger)


class SaleFirst(Shop):
    """Wrong: writes the sale, and then the id."""

    def sell(self, sale: Sale) -> None:
        """Write two records."""
        self.ledger += (sale,)
        self.persist(ledger=self.ledger)
        self.done = self.done.set(sale.id, "bought")
        self.persist(done=self.done)


class Forgets(Shop):
    """Wrong, if requests may be older than `KEEPS_MS`: forgets an id after that time.

    State, durable: `times`, when each id was seen.
    """

    KEEPS_MS = 100

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.times: Map[str, int] = disk.get("times", EMPTY)

    def on_buy(self, customer: str, item: str, id: str) -> None:
        """Forget what is old, and sell as ever."""
        for old, at in self.times.items():
            if self.now - at > self.KEEPS_MS * MS:
                self.done, self.times = self.done.remove(old), self.times.remove(old)
        super().on_buy(customer, item, id)

    def sell(self, sale: Sale) -> None:
        """Note the time as well, in the same record."""
        self.ledger += (sale,)
        self.done = self.done.set(sale.id, "bought")
        self.times = self.times.set(sale.id, self.now)
        self.persist(ledger=self.ledger, done=self.done, times=self.times)


IDS = ("none", "one for each wish", "one for each try")
THEN = ("give up", "ask again", "ask for the status", "cancel", "cancel the id")


class Customer(Node):
    """Wishes one item after the other, and asks the shop for it.

    Volatile: `wish`, the number of the wish; `tries`; `waits`, for an answer; `cancels`, so that no answer but
    Cancelled counts. It does not crash: one that can must write the id on its disk before it sends it.
    """

    declared: ClassVar[dict[str, str]] = {"wish": "wish", "tries": "tries"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        items: tuple[str, ...] = ("shoes",),
        begin_ms: int = 10,
        every_ms: int = 90,
        patience_ms: int = 60,
        ids: str = "one for each wish",
        then: str = "ask again",
    ) -> None:
        super().__init__(name, disk)
        for argument, value, known in (("ids", ids, IDS), ("then", then, THEN)):
            if value not in known:
                raise UnknownNameError(
                    f"{argument} must be one of {', '.join(known)}, but it is {shown(value)}"
                )
        self.items, self.ids, self.then = items, ids, then
        self.begin = whole_number("begin_ms", begin_ms) * MS
        self.every = whole_number("every_ms", every_ms) * MS
        self.patience = whole_number("patience_ms", patience_ms, at_least=1) * MS
        self.wish = self.tries = 0
        self.waits = self.cancels = False

    @property
    def item(self) -> str:
        """What is wished now."""
        return self.items[self.wish - 1]

    @property
    def id(self) -> str:
        """The id of the request that is sent now."""
        one = f"{self.name}-{self.wish}"
        return {"none": "", IDS[1]: one, IDS[2]: f"{one}-{self.tries}"}[self.ids]

    def on_start(self) -> None:
        """Wait until it is time for the first wish."""
        self.set_timer("wish", self.begin)

    def on_timeout(self, timer: str) -> None:
        """Begin with the next wish, or see that no answer has come."""
        if timer == "wish":
            self.wish, self.tries, self.waits, self.cancels = self.wish + 1, 0, True, False
            self.output(Wishes(self.item))
            self.buy()
        elif self.waits:
            self.on_silence()

    def ask(self, message: Any) -> None:
        """Send a request, and wait."""
        self.send("shop", message)
        self.set_timer("patience", self.patience)

    def buy(self) -> None:
        """Ask for the item that is wished now."""
        self.tries += 1
        self.ask(Buy(self.item, self.id))

    def on_silence(self) -> None:
        """Do what is to be done when no answer has come."""
        self.cancels = self.then in ("cancel", "cancel the id")
        match self.then:
            case "give up":
                self.learn(None)
            case "ask again":
                self.buy()
            case "ask for the status":
                self.ask(Status(self.id))
            case "cancel":
                self.ask(Cancel(""))
            case "cancel the id":
                self.ask(Cancel(self.id))

    def learn(self, bought: bool | None) -> None:
        """Settle what is believed of this wish, and go on to the next."""
        self.waits = False
        self.cancel_timer("patience")
        self.output(Believes(bought))
        if self.wish < len(self.items):
            self.set_timer("wish", self.every)

    def on_message(self, sender: str, message: Any) -> None:
        """Hear from the shop; what belongs to an earlier wish, or comes twice, says nothing new."""
        if not self.waits:
            return
        match message:
            case Bought(item) if item == self.item and not self.cancels:
                self.output(Got(item))
                self.learn(True)
            case Found(yes):
                self.learn(yes)
            case Cancelled() | Refused():
                self.learn(False)
