"""Redlock in small: a lock that is a majority of independent stores, each of which forgets it after a time.

After the description in the documentation of Redis. A client asks all stores at once to set a key to a value of its
own, if nobody's is there, for `TTL` of the store's clock. It has the lock if a majority has done so, and relies on it
until TTL after it **asked**, less what clocks may differ. Else it takes its value away again and asks later.

>>> [story.violation is None for story in (calm(1), clock_jumps(), paused_while_asking())]
[True, False, True]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.dice import Dice
from distsys.core.errors import whole_number
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import (
    ClockStep,
    Crash,
    Cut,
    Pause,
    Restart,
    Resume,
    Simulator,
    Skew,
    link,
)
from distsys.drivers.faults import Action
from distsys.drivers.network import Link

from .leases_cast import Holds, Stops
from .leases_runs import one_holder

STORES, DELAY_MS, TTL_MS = ("A", "B", "C", "D", "E"), 5, 1_000
DRIFT_MS = TTL_MS // 100 + 2  # what common clients take off for clocks: 1 % and 2 ms


@record
class Set:
    """Set the key to this value if it is not set: SET key value NX PX ttl."""

    value: int
    ttl: int


@record
class Delete:
    """Delete the key if it has this value."""

    value: int


@record
class IsSet:
    """Whether the key has been set to the value."""

    value: int
    yes: bool


class ForgetfulStore(Node):
    """A store with one key that ends by itself. It persists nothing; with `waits_ms` it is silent after a restart.

    State, volatile: `value` (0: not set), `until`.
    """

    declared: ClassVar[dict[str, str]] = {"value": "value"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, waits_ms: int = 0) -> None:
        super().__init__(name, disk)
        self.waits = whole_number("waits_ms", waits_ms) * MS
        self.began: bool = disk.get("began", False)
        self.value = self.until = self.silent_until = 0

    def on_start(self) -> None:
        """Be silent for a while, but not at the first start."""
        if self.began:
            self.silent_until = self.now + self.waits
        self.persist(began=True)

    def on_message(self, sender: str, message: Any) -> None:
        """Forget what is over, and do what is asked."""
        if self.now >= self.until:
            self.value = 0
        match message:
            case Set(value, ttl) if self.now >= self.silent_until:
                yes = self.value in (0, value)
                if yes:
                    self.value, self.until = value, self.now + ttl
                self.send(sender, IsSet(value, yes))
            case Delete(value) if self.value == value:
                self.value = 0


class RedlockClient(Node):
    """Asks for the lock once or, if `again_ms`, again and again.

    State, volatile: `value` of this attempt, `asked` when, `yes` and `no` who has answered, `holds`.
    Timers: "ask"; "give up", when too few have answered; "end", when the lock may be relied on no more.
    Outputs: Holds, Stops.
    """

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        stores: tuple[str, ...],
        begin_ms: int,
        again_ms: int = 0,
    ) -> None:
        super().__init__(name, disk)
        self.stores = stores
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.again_ms = whole_number("again_ms", again_ms)
        self.dice = Dice(0)
        self.value = self.asked = 0
        self.yes: frozenset[str] = frozenset()
        self.no: frozenset[str] = frozenset()
        self.holds = False

    def on_start(self) -> None:
        """Ask when it is told to."""
        self.dice = Dice(self.seed)
        self.set_timer("ask", self.begin_ms * MS)

    def ask(self) -> None:
        """Ask all stores at once, with a value that nobody else draws."""
        self.value, self.dice = self.dice.below(1_000_000)
        self.asked, self.yes, self.no = self.now, frozenset(), frozenset()
        self.broadcast(self.stores, Set(self.value, TTL_MS * MS))
        self.set_timer("give up", 200 * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Count an answer to the present attempt."""
        if isinstance(message, IsSet) and message.value == self.value and not self.holds:
            if message.yes:
                self.yes |= {sender}
            else:
                self.no |= {sender}
            self.count()

    def count(self) -> None:
        """Have the lock, if a majority says so and time is left; give up, if a majority cannot be had."""
        majority = len(self.stores) // 2 + 1
        if len(self.yes) >= majority:
            self.cancel_timer("give up")
            if self.left() > 0:
                self.holds = True
                self.output(Holds(self.value))
                self.set_timer("end", self.left())
            else:
                self.note("has a majority too late")
                self.give_up()
        elif len(self.no) > len(self.stores) - majority:
            self.give_up()

    def left(self) -> int:
        """Return how long it may rely on the lock: TTL from when it asked, less what clocks may differ."""
        return self.asked + (TTL_MS - DRIFT_MS) * MS - self.now

    def give_up(self) -> None:
        """Take the own value away everywhere, and try again in a while."""
        self.broadcast(self.stores, Delete(self.value))
        self.value = 0
        self.cancel_timer("give up")
        if self.again_ms:
            self.set_timer("ask", self.again_ms * MS // 2, self.again_ms * MS)

    def on_timeout(self, timer: str) -> None:
        """Ask, give up, or stop relying on the lock."""
        match timer:
            case "ask":
                self.ask()
            case "give up":
                self.give_up()
            case "end" if self.holds:
                self.holds = False
                self.output(Stops(self.value))
                self.give_up()


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return five stores, and two clients."""
    client = {"stores": STORES, "again_ms": options["again_ms"]}
    stores: Members = {name: ("store", {"waits_ms": options["waits_ms"]}) for name in STORES}
    first, second = options["begins"]
    clients = {
        "c1": ("client", {**client, "begin_ms": first}),
        "c2": ("client", {**client, "begin_ms": second}),
    }
    return {"c1": clients["c1"], **stores, "c2": clients["c2"]}


systems.register(
    System(
        name="redlock-story",
        says="A lock that is a majority of five independent stores, and two clients that want it.",
        classes={"store": ForgetfulStore, "client": RedlockClient},
        members=_members,
        laws=(one_holder,),
        options={"waits_ms": 0, "again_ms": 0, "begins": (0, 300)},
        clients=("client",),
    )
)


def run(
    script: Iterable[Action] = (),
    *,
    until_ms: int = 1_400,
    seed: int = 1,
    network: Link | None = None,
    **options: Any,
) -> Trace:
    """Return a run in which each message takes 5 ms, unless a network is given."""
    return Simulator(
        systems.build("redlock-story", nodes=STORES, **options),
        seed,
        network=network or link(delay=DELAY_MS * MS, fifo=True),
        script=script,
        requests=(),
        until=until_ms * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


def calm(seed: int, ppm: int = 0) -> Trace:
    """Return a run in which both want the lock for 20 s, and messages are slow now and then, or lost.

    With `ppm`, the clocks of the stores are fast and those of the clients slow, by so much.
    """
    network = link(delay=(1 * MS, 40 * MS), loss=0.05)
    skew = (*(Skew(0, store, ppm) for store in STORES), Skew(0, "c1", -ppm), Skew(0, "c2", -ppm))
    return run(skew if ppm else (), until_ms=20_000, seed=seed, network=network, again_ms=100, begins=(0, 0))


def _only(client: str, stores: str) -> tuple[Action, ...]:
    """Cut a client off from all stores but these."""
    return tuple(Cut(0, client, store) for store in STORES if store not in stores)


SPLIT = (*_only("c1", "ABC"), *_only("c2", "CDE"))  # as in the article of Kleppmann


def clock_jumps() -> Trace:
    """Return a run in which c1 has the lock at A, B and C, the clock of C jumps, and c2 asks C, D and E."""
    return run((*SPLIT, ClockStep(200 * MS, "C", TTL_MS * MS)))


def without_jump() -> Trace:
    """Return the same run without the jump."""
    return run(SPLIT)


def restarts(waits_ms: int = 0) -> Trace:
    """Return a run in which C restarts instead, and remembers nothing; it may be silent for a while."""
    return run((*SPLIT, Crash(200 * MS, "C"), Restart(210 * MS, "C")), waits_ms=waits_ms)


def paused_while_asking() -> Trace:
    """Return a run in which c1 is paused before the answers reach it, until all keys have ended."""
    return run((Pause(7 * MS, "c1"), Resume(1_200 * MS, "c1")), begins=(0, 1_100), until_ms=1_300)
