"""`group-commit`: a store, its disk and its clients, for the page on performance. Deterministic, in virtual time.

    trace = run(clients=16)                    # closed loop: each client puts, waits for the answer, puts again
    measured(trace).puts_per_s

The disk is a node of its own: it takes one batch at a time, and a batch of b puts lasts `sync_us + record_us * b`. The
store gives it all that waits, up to `batch_max` puts, as soon as it is free. Between store and disk messages take no
time, between client and store half a round trip. So the figures of a run can be computed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import Any

from distsys.core import systems
from distsys.core.errors import whole_number
from distsys.core.events import Output
from distsys.core.laws import World, law
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Simulator, link
from distsys.drivers.faults import Entry, SetLink

WITHOUT_LIMIT = 1_000_000
COSTS = {"sync_us": 10 * MS, "record_us": 0, "round_trip_us": 1 * MS}  # the usual ones


@record
class Put:
    """A client asks for its put of this number."""

    number: int


@record
class Stored:
    """The put of this number is on the disk."""

    number: int


@record
class Sync:
    """The disk shall take these puts, each (client, number), and say when it has them."""

    puts: tuple[tuple[str, int], ...]


@record
class Synced:
    """The disk has what it was given."""


@record
class Latency:
    """A client has its answer: to which put, and how long after it meant to send it, microseconds."""

    number: int
    us: int


class Disk(Node):
    """Takes one batch at a time."""

    declared = {"holds": "count"}  # noqa: RUF012 - as every node writes it

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, sync_us: int, record_us: int) -> None:
        super().__init__(name, disk)
        self.sync_us, self.record_us = sync_us, record_us
        self.syncing: tuple[tuple[str, int], ...] = ()
        self.held: frozenset[tuple[str, int]] = frozenset()
        self.count = 0

    def on_message(self, sender: str, message: Any) -> None:
        """Begin with a batch."""
        assert not self.syncing, f"{self.name} takes one batch at a time"
        self.syncing = message.puts
        took = self.sync_us + self.record_us * len(self.syncing)
        self.set_timer("sync", took, took)

    def on_timeout(self, timer: str) -> None:
        """The batch is durable."""
        self.held |= set(self.syncing)
        self.count, self.syncing = len(self.held), ()
        self.send("store", Synced())


class Store(Node):
    """Collects puts while the disk works, and answers when it has them (or at once, which is wrong)."""

    declared = {"waiting": "count"}  # noqa: RUF012 - as every node writes it

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, batch_max: int, has_disk: bool, answers_first: bool
    ) -> None:
        super().__init__(name, disk)
        self.batch_max, self.has_disk, self.answers_first = batch_max, has_disk, answers_first
        self.waiting: tuple[tuple[str, int], ...] = ()
        self.syncing: tuple[tuple[str, int], ...] = ()
        self.count = 0

    def on_message(self, sender: str, message: Any) -> None:
        """Take a put, or hear of the disk."""
        match message:
            case Put(number):
                self.waiting += ((sender, number),)
                if self.answers_first or not self.has_disk:
                    self.send(sender, Stored(number))
            case Synced():
                if not self.answers_first:
                    for client, number in self.syncing:
                        self.send(client, Stored(number))
                self.syncing = ()
        if self.has_disk:
            self.maybe_sync()
        else:
            self.waiting = ()
        self.count = len(self.waiting)

    def maybe_sync(self) -> None:
        """Give a free disk what waits."""
        if self.waiting and not self.syncing:
            self.syncing, self.waiting = self.waiting[: self.batch_max], self.waiting[self.batch_max :]
            self.send("disk", Sync(self.syncing))


class Client(Node):
    """Puts without end: with so many puts under way at most (closed), or one each `every_us` (open)."""

    declared = {"answered": "answered"}  # noqa: RUF012 - as every node writes it

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, window: int, every_us: int, spread: bool
    ) -> None:
        super().__init__(name, disk)
        self.window, self.every_us, self.spread = window, every_us, spread
        self.number = self.answered = 0
        self.meant: Map[int, int] = Map()  # when the puts under way were meant to be sent

    def on_start(self) -> None:
        """Begin."""
        if self.every_us:
            self.wait()
        else:
            for _ in range(self.window):
                self.put()

    def on_timeout(self, timer: str) -> None:
        """Put, whatever is under way."""
        self.put()
        self.wait()

    def on_message(self, sender: str, message: Stored) -> None:
        """Say how long it took; in a closed loop, put again."""
        self.answered += 1
        self.output(Latency(message.number, self.now - self.meant[message.number]))
        self.meant = self.meant.remove(message.number)
        if not self.every_us:
            self.put()

    def put(self) -> None:
        """Ask for the next put."""
        self.number += 1
        self.meant = self.meant.set(self.number, self.now)
        self.send("store", Put(self.number))

    def wait(self) -> None:
        """Wait for the next moment of an open loop; spread, any time up to twice as long."""
        low, high = (0, 2 * self.every_us) if self.spread else (self.every_us, self.every_us)
        self.set_timer("next", low, high)


@law("acknowledged is durable", "A put that a client was told of is on the disk.")
def acknowledged_is_durable(world: World) -> str | None:
    """Look at the newest answer of each client."""
    disk = world.nodes.get("disk")
    for name, outputs in world.outputs.items():
        if disk is not None and outputs and (name, outputs[-1].number) not in disk.held:  # type: ignore[attr-defined]
            return (
                f"{name} was told that its put {outputs[-1].number} is stored, and the disk does not hold it"
            )
    return None


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    whole_number("batch_max", options["batch_max"], at_least=1)
    whole_number("window", options["window"], at_least=1)
    servers: Members = {
        "disk": ("disk", {key: options[key] for key in ("sync_us", "record_us")}),
        "store": (
            "store",
            {
                "batch_max": options["batch_max"],
                "has_disk": options["sync_us"] + options["record_us"] > 0,
                "answers_first": options["answers_first"],
            },
        ),
    }
    of_client = {key: options[key] for key in ("window", "every_us", "spread")}
    clients: Members = {f"c{number:02}": ("client", of_client) for number in range(1, options["clients"] + 1)}
    return {**servers, **clients}


SYSTEM = systems.register(
    System(
        "group-commit",
        "A store, its disk, and clients that put.",
        {"disk": Disk, "store": Store, "client": Client},
        _members,
        (acknowledged_is_durable,),
        options={
            "clients": 4,
            "batch_max": WITHOUT_LIMIT,
            "sync_us": COSTS["sync_us"],
            "record_us": COSTS["record_us"],
            "window": 1,
            "every_us": 0,
            "spread": False,
            "answers_first": False,
        },
        restarts=False,
        clients=("client",),
    )
)


@dataclass(frozen=True)
class Measured:
    """What a run gave, after its first tenth: puts a second, mean and quantiles of the latency (ms), puts a batch."""

    puts_per_s: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    batch: float


def run(
    clients: int,
    *,
    round_trip_us: int = COSTS["round_trip_us"],
    service_us: int = 0,
    until: int = 600 * MS,
    seed: int = 1,
    script: tuple[Entry, ...] = (),
    judged: bool = False,
    **options: Any,
) -> Trace:
    """Return a run of so many clients.

    service_us  what a message costs the processor of the store
    judged      whether the law looks at each step; it costs time
    """
    cluster = systems.build("group-commit", clients=clients, **options)
    at_once = tuple(
        SetLink(0, one, other, link(delay=0, fifo=True))
        for one, other in (("store", "disk"), ("disk", "store"))
    )
    return Simulator(
        cluster,
        seed,
        network=link(delay=round_trip_us // 2, fifo=True),
        script=(*at_once, *script),
        requests=(),
        laws=None if judged else (),
        service={"store": service_us} if service_us else 0,
        until=until,
        settle=0,
        steps_max=2_000_000,
    ).run()


def measured(trace: Trace) -> Measured:
    """Return what a run gave, without its first tenth, in which the batches find their size."""
    end = trace.header.driver["until"]
    begin = end // 10
    late = sorted(
        effect.value.us / MS
        for step in trace
        if step.at > begin
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, Latency)
    )
    batches = batch_sizes(trace)
    return Measured(
        puts_per_s=len(late) / ((end - begin) / S),
        mean_ms=sum(late) / len(late),
        p50_ms=median(late),
        p99_ms=late[int(0.99 * len(late))],
        max_ms=late[-1],
        batch=sum(batches) / len(batches) if batches else 0.0,
    )


def batch_sizes(trace: Trace) -> list[int]:
    """Return how many puts each batch had that was begun after the first tenth of the run."""
    begin = trace.header.driver["until"] // 10
    return [
        len(message.puts)
        for step in trace
        if step.node == "disk" and step.at > begin and step.kind == "deliver"
        for message in (step.event.message,)  # type: ignore[union-attr]
    ]


@cache
def closed_loop(clients: int, *, until: int = 0, **options: Any) -> Measured:
    """Return what so many clients reach that wait for each answer.

    Unless `until` says otherwise, 18 whole cycles are measured, of two syncs that hold all puts together (or one, for a
    client that is alone): else the last batch, counted or not, would change the figures.
    """
    sync, record, way = (options.get(key, usual) for key, usual in COSTS.items())
    cycle = way + sync + record if clients == 1 else 2 * sync + record * clients
    return measured(run(clients, until=until or 20 * cycle, **options))
