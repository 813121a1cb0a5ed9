"""One seat, and two desks that sell it: what one lost message changes, and how often the second desk knows too little.

>>> sold(last_seat()), sold(last_seat(lost=True))
(('ann',), ('ann', 'bob'))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.errors import whole_number
from distsys.core.laws import World, law_with_memory, outputs
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import SetLink, Simulator, link
from distsys.drivers.network import Link

DELAY_MS = 5  # each message takes so long, in all runs here
SALE_MS = 15  # when the north desk sells: Ann asks after 10 ms


@record
class Buy:
    """A customer wants the seat."""


@record
class Ticket:
    """The seat is yours."""


@record
class SoldOut:
    """Somebody else has it."""


@record
class Gone:
    """One desk tells the other that it has sold the seat."""


@record
class Heard:
    """The other desk has taken note."""


@record
class Sold:
    """A desk has sold the seat to somebody."""

    to: str


class Desk(Node):
    """Sells the seat if its own copy of the plan says that it is free, and then tells the other desk.

    State, durable: `free`. Messages: Buy from customers, Gone and Heard between desks. Timer: "repeat", if
    `repeat_ms` is not 0: it tells the other desk again until that one has heard. Left out: crashes.
    """

    declared: ClassVar[dict[str, str]] = {"free": "free"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, other: str = "", repeat_ms: int = 0
    ) -> None:
        super().__init__(name, disk)
        self.other = other
        self.repeat = whole_number("repeat_ms", repeat_ms) * MS
        self.free: bool = disk.get("free", True)

    def on_message(self, sender: str, message: Any) -> None:
        """Sell, or take note of a sale of the other desk."""
        match message:
            case Buy():
                self.on_buy(sender)
            case Gone():
                self.take_note()
                self.send(sender, Heard())
            case Heard():
                self.cancel_timer("repeat")

    def on_buy(self, customer: str) -> None:
        """Sell the seat, if it is free as far as this desk knows."""
        if not self.free:
            self.send(customer, SoldOut())
            return
        self.take_note()
        self.output(Sold(customer))
        self.send(customer, Ticket())
        self.inform()

    def take_note(self) -> None:
        """Cross out the seat."""
        self.free = False
        self.persist(free=False)

    def inform(self) -> None:
        """Tell the other desk; again later, if this desk repeats."""
        self.send(self.other, Gone())
        if self.repeat:
            self.set_timer("repeat", self.repeat)

    def on_timeout(self, timer: str) -> None:
        """Tell again."""
        self.inform()


class Customer(Node):
    """Asks one desk for the seat, once."""

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, desk: str = "north", begin_ms: int = 10
    ) -> None:
        super().__init__(name, disk)
        self.desk = desk
        self.begin = whole_number("begin_ms", begin_ms) * MS

    def on_start(self) -> None:
        """Wait until it is time to ask."""
        self.set_timer("buy", self.begin)

    def on_timeout(self, timer: str) -> None:
        """Ask."""
        self.send(self.desk, Buy())

    def on_message(self, sender: str, message: Any) -> None:
        """Hear what came of it."""
        self.output(message)


@law_with_memory("the seat is sold once", "Nobody buys a seat that somebody else has bought.", start=())
def sold_once(memory: tuple[str, ...], world: World) -> tuple[tuple[str, ...], str | None]:
    """Seen by somebody who sees both desks; no desk does."""
    for sale in outputs(world.step, Sold):
        memory = (*memory, sale.to)
        if len(memory) > 1:
            return memory, f"{' and '.join(memory)} have both bought the seat"
    return memory, None


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two desks, with a customer at each."""
    repeat = options["repeat_ms"]
    return {
        "ann": ("customer", {"desk": "north", "begin_ms": SALE_MS - DELAY_MS}),
        "north": ("desk", {"other": "south", "repeat_ms": repeat}),
        "south": ("desk", {"other": "north", "repeat_ms": repeat}),
        "bob": ("customer", {"desk": "south", "begin_ms": options["bob_ms"]}),
    }


systems.register(
    System(
        name="one-seat",
        says="Two desks sell one seat, each by its own copy of the plan.",
        classes={"desk": Desk, "customer": Customer},
        members=_members,
        laws=(sold_once,),
        options={"repeat_ms": 0, "bob_ms": 60},
        clients=("customer",),
    )
)


GOOD = link(delay=DELAY_MS * MS)


def seat_run(
    *script: SetLink,
    seed: int = 1,
    bob_ms: int = 60,
    repeat_ms: int = 0,
    until_ms: int = 90,
    network: Link = GOOD,
) -> Trace:
    """Return a run in which Ann asks the north desk after 10 ms, and Bob the south desk later."""
    return Simulator(
        systems.build("one-seat", nodes=("ann", "bob"), bob_ms=bob_ms, repeat_ms=repeat_ms),
        seed,
        network=network,
        script=script,
        requests=(),
        until=until_ms * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def last_seat(lost: bool = False, *, seed: int = 1, bob_ms: int = 60) -> Trace:
    """Return the run in which the message from the north desk to the south desk arrives, or is lost.

    Both runs have the same script: all links are good, but from 9 to 18 ms that one is as the network is, which
    is good or loses all. So the first step in which the two runs differ is the loss itself.
    """
    script = (
        SetLink(0, "*", "*", GOOD),
        SetLink(9 * MS, "north", "south", None),
        SetLink(18 * MS, "north", "south", GOOD),
    )
    network = link(delay=DELAY_MS * MS, loss=1.0 if lost else 0.0)
    return seat_run(*script, seed=seed, bob_ms=bob_ms, network=network)


def sold(trace: Trace) -> tuple[str, ...]:
    """Return who has bought the seat, in order."""
    return tuple(value.to for step in trace for value in outputs(step, Sold))


def between_desks(loss: float) -> tuple[SetLink, SetLink]:
    """Return the script of links between the desks that lose messages with that probability."""
    lossy = link(delay=DELAY_MS * MS, loss=loss)
    return SetLink(0, "north", "south", lossy), SetLink(0, "south", "north", lossy)


def sold_twice(runs: int, age_ms: int, loss: float, repeat_ms: int = 0) -> int:
    """Return in how many of so many seeds Bob buys a seat that was sold `age_ms` before his request arrives.

    What the desks tell each other is lost with that probability, and repeated, if it is, every `repeat_ms`.
    """
    bob = SALE_MS + age_ms - DELAY_MS
    found = (
        seat_run(*between_desks(loss), seed=seed, bob_ms=bob, repeat_ms=repeat_ms, until_ms=bob + 6)
        for seed in range(runs)
    )
    return sum(len(sold(trace)) == 2 for trace in found)


def old_for_ms(runs: int, loss: float, repeat_ms: int) -> list[int]:
    """Return for how long the south desk did not know of the sale, for each of so many seeds; Bob stays at home."""
    times = []
    for seed in range(runs):
        trace = seat_run(*between_desks(loss), seed=seed, bob_ms=2_000, repeat_ms=repeat_ms, until_ms=1_000)
        heard = next(step.at for step in trace if step.node == "south" and step.kind == "deliver")
        times.append(heard // MS - SALE_MS)
    return times
