"""`scaled-group` and `scaled-shards`: servers that are given more of their kind, and the clients that load them.

A group keeps n copies of one counter: its leader tells every follower and answers when enough have the change. Shards
divide the counters between them: each key lives on one of them, and a sum asks them all. A client asks, waits for the
answer, and asks again. The driver lets each message cost a server some time (`service`), so that what a server can do
is limited by the messages that it takes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.dice import Dice
from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.laws import World, law_with_memory, outputs
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.values import EMPTY, Map, record

MILLION = 1_000_000  # parts
ALL, ONE = "all", "one"


@record
class Add:
    """Add 1 under this key."""

    number: int
    key: int


@record
class Sum:
    """Tell how much there is under all keys."""

    number: int


@record
class Answer:
    """It is done; `amount` is what this server holds."""

    number: int
    amount: int


@record
class Copy:
    """A follower shall count this too."""

    change: int


@record
class Copied:
    """A follower has counted it."""

    change: int


@record
class Began:
    """A client asks: "add" or "sum"."""

    what: str


@record
class Ended:
    """A client has its answer; of a sum, how much."""

    what: str
    amount: int


class Leader(Node):
    """Counts, tells its followers, and answers when `wait_for` of them have the change.

    State: `amount`; `open`, change -> (client, its number, followers that have it not yet said so).
    """

    declared: ClassVar[dict[str, str]] = {"amount": "amount", "open": "open_count"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, followers: tuple[str, ...], wait_for: int
    ) -> None:
        super().__init__(name, disk)
        self.followers, self.wait_for = followers, wait_for
        self.amount = self.open_count = 0
        self.open: Map[int, tuple[str, int, int]] = Map()

    def on_message(self, sender: str, message: Any) -> None:
        """Begin a change, or hear that a follower has it."""
        match message:
            case Add(number):
                self.amount += 1
                self.open = self.open.set(self.amount, (sender, number, self.wait_for))
                self.broadcast(self.followers, Copy(self.amount))
                self.answer_if_done(self.amount)
            case Copied(change) if change in self.open:
                client, number, missing = self.open[change]
                self.open = self.open.set(change, (client, number, missing - 1))
                self.answer_if_done(change)
        self.open_count = len(self.open)

    def answer_if_done(self, change: int) -> None:
        """Answer the client, unless followers are missing; what comes later is not waited for."""
        client, number, missing = self.open[change]
        if missing <= 0:
            self.open = self.open.remove(change)
            self.send(client, Answer(number, self.amount))


class Follower(Node):
    """Has a copy."""

    declared: ClassVar[dict[str, str]] = {"amount": "amount"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.amount = 0

    def on_message(self, sender: str, message: Copy) -> None:
        """Count, and say so."""
        self.amount += 1
        self.send(sender, Copied(message.change))


class Shard(Node):
    """Holds the counters of its keys."""

    declared: ClassVar[dict[str, str]] = {"amount": "amount"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.amount = 0

    def on_message(self, sender: str, message: Add | Sum) -> None:
        """Answer."""
        if isinstance(message, Add):
            self.amount += 1
        self.send(sender, Answer(message.number, self.amount))


class Client(Node):
    """Asks and waits, without end or `times` times: a sum with the chance `sums_ppm`, else an add.

    The key is drawn with these weights; key k lives on server k modulo their number. A sum goes to all servers, and
    what they answer is added; with `asks="one"` it goes to one of them, which is wrong.
    """

    declared: ClassVar[dict[str, str]] = {"done": "done"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        servers: tuple[str, ...],
        weights: tuple[int, ...],
        sums_ppm: int = 0,
        asks: str = ALL,
        times: int = 0,
    ) -> None:
        super().__init__(name, disk)
        if asks not in (ALL, ONE):
            raise UnknownNameError(f"asks must be all or one, but it is {shown(asks)}")
        self.servers, self.asks = servers, asks
        self.bounds = tuple(accumulate(weights))
        self.sums_ppm = whole_number("sums_ppm", sums_ppm, at_most=MILLION)
        self.times = whole_number("times", times)
        self.dice = Dice(0)
        self.number = self.done = self.missing = self.amount = 0
        self.what = ""

    def on_start(self) -> None:
        """Ask."""
        self.dice = Dice(self.seed)
        self.ask()

    def ask(self) -> None:
        """Ask for the next thing."""
        self.number += 1
        self.amount = 0
        drawn, self.dice = self.dice.below(MILLION)
        place, self.dice = self.dice.below(self.bounds[-1])
        key = bisect_right(self.bounds, place)
        if drawn < self.sums_ppm:
            self.what, asked = "sum", self.servers if self.asks == ALL else (self.server(key),)
            self.broadcast(asked, Sum(self.number))
            self.missing = len(asked)
        else:
            self.what, self.missing = "add", 1
            self.send(self.server(key), Add(self.number, key))
        self.output(Began(self.what))

    def server(self, key: int) -> str:
        """Return where a key lives."""
        return self.servers[key % len(self.servers)]

    def on_message(self, sender: str, message: Answer) -> None:
        """Go on when all have answered."""
        self.missing -= 1
        self.amount += message.amount
        if self.missing == 0:
            self.done += 1
            self.output(Ended(self.what, self.amount))
            if self.done != self.times:
                self.ask()


@law_with_memory(
    "a sum misses nothing",
    "A sum counts all that was answered before it was asked for.",
    start=(0, Map()),
)
def a_sum_misses_nothing(memory: Any, world: World) -> tuple[Any, str | None]:
    """Remember how much had been answered when each client asked."""
    answered, asked = memory
    for value in outputs(world.step, Began, Ended):
        name = world.step.node
        match value:
            case Began("sum"):
                asked = asked.set(name, answered)
            case Ended("add"):
                answered += 1
            case Ended("sum", amount) if amount < asked[name]:
                said = f"{name} was told {amount}, and {asked[name]} had been added before it asked"
                return (answered, asked), said
    return (answered, asked), None


def _clients(servers: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    common = {"servers": servers, **{key: options[key] for key in ("sums_ppm", "asks", "times")}}
    count = whole_number("clients", options["clients"], at_least=1)
    weights = options["weights"]
    return {
        f"c{number:0{len(str(count))}}": (
            "client",
            {**common, "weights": weights[number - 1] if options["each"] else weights},
        )
        for number in range(1, count + 1)
    }


def _group(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    copies = whole_number("copies", options["copies"], at_least=1, at_most=len(names))
    followers = names[1:copies]
    wait_for = len(followers) if options["wait_for"] == ALL else copies // 2
    leader: Members = {names[0]: ("leader", {"followers": followers, "wait_for": wait_for})}
    return {**leader, **{name: ("follower", {}) for name in names[1:]}, **_clients(names[:1], options)}


def _shards(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {**{name: ("shard", {}) for name in names}, **_clients(names, options)}


OPTIONS = {"clients": 2, "weights": (1,), "each": False, "sums_ppm": 0, "asks": ALL, "times": 0}
GROUP = systems.register(
    System(
        "scaled-group",
        "A leader with followers that all hold one counter.",
        {"leader": Leader, "follower": Follower, "client": Client},
        _group,
        (),
        options={**OPTIONS, "copies": 3, "wait_for": ALL},
        restarts=False,
        clients=("client",),
    )
)
SHARDS = systems.register(
    System(
        "scaled-shards",
        "Servers that divide counters between them.",
        {"shard": Shard, "client": Client},
        _shards,
        (a_sum_misses_nothing,),
        options=OPTIONS,
        restarts=False,
        clients=("client",),
    )
)
