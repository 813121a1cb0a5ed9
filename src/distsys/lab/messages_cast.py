"""The nodes in the stories of the page on message passing.

A guest and a kitchen, a payer and a till, two who ask and answer, processes that flood, and generals.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

# A guest orders, and a kitchen cooks what it hears.


@record
class Say:
    """Request: the guest says this to the kitchen."""

    text: str


@record
class Order:
    """An order: a dish, or "no " and a dish to take one back."""

    text: str


@record
class Ready:
    """The answer to an order."""

    text: str


class Guest(Node):
    """Sends each order, and sends it once more if no answer comes within `PATIENCE`."""

    declared: ClassVar[dict[str, str]] = {"answered": "answered"}
    PATIENCE: ClassVar[int] = 60 * MS

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.answered: tuple[str, ...] = ()

    def on_message(self, sender: str, message: Any) -> None:
        """Order, or take note of an answer."""
        match message:
            case Say(text):
                self.send("bar", Order(text))
                self.set_timer(text, self.PATIENCE)
            case Ready(text):
                self.cancel_timer(text)
                if text not in self.answered:
                    self.answered = (*self.answered, text)

    def on_timeout(self, timer: str) -> None:
        """Say it again."""
        self.send("bar", Order(timer))


class Kitchen(Node):
    """Cooks whatever it is told, in the order in which it hears it."""

    declared: ClassVar[dict[str, str]] = {"dishes": "dishes"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.dishes: tuple[str, ...] = ()

    def on_message(self, sender: str, message: Any) -> None:
        """Add a dish, or strike out one that is there."""
        match message:
            case Order(text):
                dish = text.removeprefix("no ")
                if dish == text:
                    self.dishes = (*self.dishes, dish)
                elif dish in self.dishes:
                    place = self.dishes.index(dish)
                    self.dishes = self.dishes[:place] + self.dishes[place + 1 :]
                self.send(sender, Ready(text))


# A till that books a payment, and must remember that it did.


@record
class Pay:
    """Pay this; sent again until it is acknowledged."""

    number: int
    amount: int


@record
class Paid:
    """The payment with this number is booked."""

    number: int


class Payer(Node):
    """Pays once, and says so again and again until the till has answered."""

    declared: ClassVar[dict[str, str]] = {}

    def on_start(self) -> None:
        """Pay."""
        self.pay()

    def on_timeout(self, timer: str) -> None:
        """Say it again."""
        self.pay()

    def on_message(self, sender: str, message: Any) -> None:
        """Stop when it is booked."""
        if isinstance(message, Paid):
            self.cancel_timer("retry")

    def pay(self) -> None:
        """Send the payment; the timer comes first, so that a crash of the till alone is looked at."""
        self.set_timer("retry", 50 * MS)
        self.send("till", Pay(1, 40))


class Till(Node):
    """Books a payment with a mark that it came. `order` says what is written first, or that both are one record."""

    declared: ClassVar[dict[str, str]] = {"balance": "balance", "mark": "mark"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, order: str) -> None:
        super().__init__(name, disk)
        self.order = order
        self.balance: int = disk.get("balance", 0)
        self.mark: int = disk.get("mark", 0)

    def on_message(self, sender: str, message: Any) -> None:
        """Book what is new, and acknowledge in any case."""
        match message:
            case Pay(number, amount):
                if number > self.mark:
                    self.mark, self.balance = number, self.balance + amount
                    self.write()
                self.send(sender, Paid(number))

    def write(self) -> None:
        """Make both durable."""
        match self.order:
            case "mark first":
                self.persist(mark=self.mark)
                self.persist(balance=self.balance)
            case "money first":
                self.persist(balance=self.balance)
                self.persist(mark=self.mark)
            case "one record":
                self.persist(balance=self.balance, mark=self.mark)


# One asks, the other answers.


@record
class Ask:
    """A question: are you there."""

    number: int


@record
class Answer:
    """The answer to it: I am."""

    number: int


@record
class GaveUp:
    """Output: no answer to this question within the patience."""

    number: int
    patience_ms: int


@record
class Sorry:
    """Output: the answer came after all, so it was wrong to give up."""

    number: int


class Asker(Node):
    """Asks at each `period_ms`, and gives up on an answer after its patience; with `grows`, a mistake doubles that."""

    declared: ClassVar[dict[str, str]] = {"patience": "patience_ms", "missing": "missing"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        patience_ms: int,
        period_ms: int = 50,
        questions: int = 1_000_000,
        grows: bool = False,
    ) -> None:
        super().__init__(name, disk)
        self.patience_ms = patience_ms
        self.period_ms = period_ms
        self.questions = questions
        self.grows = grows
        self.number = 0
        self.missing: tuple[int, ...] = ()

    def on_start(self) -> None:
        """Ask the first question after a period."""
        self.set_timer("ask", self.period_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Ask, or give up."""
        if timer == "ask":
            self.number += 1
            self.send("bob", Ask(self.number))
            self.set_timer(f"wait:{self.number}", self.patience_ms * MS)
            if self.number < self.questions:
                self.set_timer("ask", self.period_ms * MS)
            return
        number = int(timer.split(":")[1])
        self.missing = (*self.missing, number)
        self.output(GaveUp(number, self.patience_ms))

    def on_message(self, sender: str, message: Any) -> None:
        """Take an answer; if we gave up on it, we were wrong."""
        match message:
            case Answer(number) if number in self.missing:
                self.missing = tuple(one for one in self.missing if one != number)
                self.output(Sorry(number))
                if self.grows:
                    self.patience_ms *= 2
            case Answer(number):
                self.cancel_timer(f"wait:{number}")


class Answerer(Node):
    """Answers."""

    declared: ClassVar[dict[str, str]] = {}

    def on_message(self, sender: str, message: Any) -> None:
        """Answer."""
        if isinstance(message, Ask):
            self.send(sender, Answer(message.number))


# Rounds: processes that flood what they know.

ROUND = 20 * MS


@record
class Known:
    """All inputs that the sender knows."""

    values: tuple[int, ...]


@record
class Decided:
    """Output: a decision."""

    value: Any


class Flooder(Node):
    """Sends all inputs that it knows in each of `rounds` rounds, and decides then on the smallest."""

    declared: ClassVar[dict[str, str]] = {"known": "known", "round": "round"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], value: int, rounds: int
    ) -> None:
        super().__init__(name, disk)
        self.peers, self.rounds = peers, rounds
        self.known: tuple[int, ...] = (value,)
        self.round = 0

    def on_start(self) -> None:
        """Begin the first round when all are up."""
        self.set_timer("round", ROUND)

    def on_timeout(self, timer: str) -> None:
        """End a round, and begin the next one or decide."""
        if self.round == self.rounds:
            self.output(Decided(min(self.known)))
            return
        self.round += 1
        self.broadcast(self.peers, Known(self.known))
        self.set_timer("round", ROUND)

    def on_message(self, sender: str, message: Any) -> None:
        """Learn."""
        if isinstance(message, Known):
            self.known = tuple(sorted({*self.known, *message.values}))


# Generals.

ATTACK, RETREAT = "attack", "retreat"


@record
class Says:
    """What a general says: an order, or what order it has heard."""

    order: str


class General(Node):
    """The chief gives an order, lieutenants tell each other what they heard, and obey the majority (else: retreat).

    `lies` says what this general tells to whom, {to: order}; it is empty for a loyal one.
    """

    declared: ClassVar[dict[str, str]] = {"heard": "heard"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        peers: tuple[str, ...],
        lies: Map[str, str] = EMPTY,
        order: str = "",
    ) -> None:
        super().__init__(name, disk)
        self.peers, self.lies, self.order = peers, lies, order
        self.heard: Map[str, str] = Map()

    def on_start(self) -> None:
        """The chief begins; the others decide when two rounds are over."""
        self.set_timer("order" if self.order else "decide", ROUND if self.order else 4 * ROUND)

    def on_timeout(self, timer: str) -> None:
        """Give the order, or obey."""
        if timer == "order":
            self.tell_others(self.peers, self.order)
        else:
            orders = list(self.heard.values())
            self.output(Decided(ATTACK if 2 * orders.count(ATTACK) > len(orders) else RETREAT))

    def on_message(self, sender: str, message: Any) -> None:
        """Note it; what the chief says is passed on to the other lieutenants."""
        if isinstance(message, Says):
            self.heard = self.heard.set(sender, message.order)
            if sender == "chief":
                self.tell_others(tuple(peer for peer in self.peers if peer != "chief"), message.order)

    def tell_others(self, others: tuple[str, ...], order: str) -> None:
        """Say an order, or a lie instead."""
        for peer in others:
            self.send(peer, Says(self.lies.get(peer, order)))
