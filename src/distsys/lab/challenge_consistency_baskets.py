"""One basket in two copies, and two people who put something into it at the same time: who wins, and what it costs.

A copy follows one of three rules. `last writer wins`: it answers at once, and of two baskets the one with the later
stamp stays. `union`: it answers at once, and two baskets are put together. `ask the leader`: the north copy decides,
and the south copy answers when that one has.

>>> missing(both_add("last writer wins")), missing(both_add("union")), missing(both_add("ask the leader"))
(('milk',), (), ())
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.events import Send
from distsys.core.laws import FINALLY, World, law, outputs
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import ClockStep, Cut, SetLink, Simulator, link, states
from distsys.drivers.faults import Action

RULES = ("last writer wins", "union", "ask the leader")
NEAR_MS, FAR_MS = 5, 20  # a message between a person and the copy nearby, and one between the copies
Basket = tuple[str, ...]
Stamp = tuple[int, str]


@record
class Add:
    """Put this into the basket."""

    item: str


@record
class Saved:
    """It is in the basket."""

    item: str


@record
class Copy:
    """The basket of one copy, for the other: its items, and the time and place of its last change."""

    items: Basket
    stamp: Stamp


@record
class Forward:
    """A person has asked the south copy: the leader should decide."""

    item: str
    by: str


@record
class Decided:
    """The leader has decided: the new basket, and who waits for it, if it is one of the south."""

    items: Basket
    number: int
    item: str
    by: str


class Replica(Node):
    """One copy of the basket.

    State, durable: `basket`, sorted; `stamp`, of the last change; `number`, of decisions of the leader. Left out: a
    copy tells the other only once, so what is lost is made good by the next change alone; nothing is ever taken out.
    """

    declared: ClassVar[dict[str, str]] = {"basket": "basket", "stamp": "stamp"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, rule: str = RULES[0], other: str = ""
    ) -> None:
        super().__init__(name, disk)
        if rule not in RULES:
            raise UnknownNameError(f"rule must be one of {', '.join(RULES)}, but it is {shown(rule)}")
        self.rule, self.other = rule, other
        self.basket: Basket = disk.get("basket", ())
        self.stamp: Stamp = disk.get("stamp", (0, ""))
        self.number: int = disk.get("number", 0)

    def on_message(self, sender: str, message: Any) -> None:
        """Change the basket by the rule."""
        match message:
            case Add(item) if self.rule == "ask the leader":
                self.on_forward(item, sender, nearby=True)
            case Add(item):
                self.take((*self.basket, item), (self.now, self.name))
                self.send(sender, Saved(item))
                self.send(self.other, Copy(self.basket, self.stamp))
            case Copy(items, stamp):
                self.take(items, stamp)
            case Forward(item, by):
                self.on_forward(item, by, nearby=False)
            case Decided(items, number, item, by):
                self.on_decided(items, number)
                if by:
                    self.send(by, Saved(item))

    def take(self, items: Basket, stamp: Stamp) -> None:
        """Take a basket over, as the rule says: with that of this copy, or in its place if it is later."""
        if self.rule == "union":
            self.basket = tuple(sorted({*self.basket, *items}))
            self.stamp = max(self.stamp, stamp)
        elif stamp > self.stamp:
            self.basket, self.stamp = tuple(sorted({*items})), stamp
        self.persist(basket=self.basket, stamp=self.stamp)

    def on_forward(self, item: str, by: str, nearby: bool) -> None:
        """Decide, at the leader; ask it, at the other copy."""
        if self.name != "north":
            self.send(self.other, Forward(item, by))
            return
        self.on_decided(tuple(sorted({*self.basket, item})), self.number + 1)
        if nearby:
            self.send(by, Saved(item))
        self.send(self.other, Decided(self.basket, self.number, item, "" if nearby else by))

    def on_decided(self, items: Basket, number: int) -> None:
        """Follow the leader, unless a later decision was here before."""
        if number > self.number:
            self.basket, self.number = items, number
            self.persist(basket=items, number=number)


class Person(Node):
    """Puts one item into the basket, at a moment from `begin_us`, a pair (earliest, latest)."""

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        copy: str = "north",
        item: str = "milk",
        begin_us: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(name, disk)
        self.at, self.item, self.begin = copy, item, begin_us

    def on_start(self) -> None:
        """Wait for the moment."""
        self.set_timer("add", *self.begin)

    def on_timeout(self, timer: str) -> None:
        """Ask."""
        self.send(self.at, Add(self.item))

    def on_message(self, sender: str, message: Any) -> None:
        """It is saved."""
        self.output(message)


@law("what is saved stays", "What somebody was told is saved is in each copy in the end.", when=FINALLY)
def saved_stays(world: World) -> str | None:
    """Judged in the end, when all messages have arrived."""
    for person, values in world.outputs.items():
        for value in values:
            for name, node in world.nodes.items():
                if isinstance(node, Replica) and value.item not in node.basket:
                    return f"{person} was told that {value.item} is saved, and {name} does not have it"
    return None


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two copies, with a person at each."""
    return {
        "ann": ("person", {"copy": "north", "item": "milk", "begin_us": options["ann_us"]}),
        "north": ("replica", {"rule": options["rule"], "other": "south"}),
        "south": ("replica", {"rule": options["rule"], "other": "north"}),
        "bob": ("person", {"copy": "south", "item": "bread", "begin_us": options["bob_us"]}),
    }


systems.register(
    System(
        name="one-basket",
        says="Two people fill one basket, of which there are two copies.",
        classes={"replica": Replica, "person": Person},
        members=_members,
        laws=(saved_stays,),
        options={"rule": RULES[0], "ann_us": (10_000, 10_000), "bob_us": (12_000, 12_000)},
        clients=("person",),
    )
)


def basket_run(
    rule: str,
    ann_ms: tuple[int, int],
    bob_ms: tuple[int, int],
    script: Iterable[Action] = (),
    *,
    seed: int = 1,
    settle_ms: int = 100,
) -> Trace:
    """Return a run in which Ann and Bob add something, each at a moment drawn from such a pair."""
    far = link(delay=FAR_MS * MS)
    cluster = systems.build(
        "one-basket",
        nodes=("ann", "bob"),
        rule=rule,
        ann_us=tuple(ms * MS for ms in ann_ms),
        bob_us=tuple(ms * MS for ms in bob_ms),
    )
    return Simulator(
        cluster,
        seed,
        network=link(delay=NEAR_MS * MS),
        script=(SetLink(0, "north", "south", far), SetLink(0, "south", "north", far), *script),
        requests=(),
        until=(max(ann_ms[1], bob_ms[1]) + 100) * MS,
        settle=settle_ms * MS,
    ).run()


def both_add(rule: str, script: Iterable[Action] = ()) -> Trace:
    """Return the run in which Ann adds milk in the north after 10 ms, and Bob bread in the south 2 ms later."""
    return basket_run(rule, (10, 10), (12, 12), script)


def slow_clock(behind_ms: int) -> Trace:
    """Return a run in which Bob adds bread 50 ms after Ann adds milk, by a clock of the south that is so far behind."""
    step = ClockStep(100 * MS, "south", -whole_number("behind_ms", behind_ms) * MS)
    return basket_run("last writer wins", (60, 60), (110, 110), (step,))


def cut_off(rule: str) -> Trace:
    """Return the run in which the copies cannot reach each other."""
    return both_add(rule, (Cut(1 * MS, "north", "south"), Cut(1 * MS, "south", "north")))


def saved(trace: Trace) -> dict[str, float]:
    """Return who was told that something is saved, and how long that took, in milliseconds."""
    asked: dict[str, int] = {}
    told: dict[str, float] = {}
    for step in trace:
        if step.kind == "timeout":
            asked[step.node] = step.at
        for _ in outputs(step, Saved):
            told[step.node] = (step.at - asked[step.node]) / MS
    return told


def missing(trace: Trace) -> tuple[str, ...]:
    """Return what was saved and is missing from a copy in the end, sorted."""
    last = states(trace, lambda node: getattr(node, "basket", None))[-1]
    wanted = [value.item for values in trace.outputs().values() for value in values]
    return tuple(sorted(item for item in wanted if not all(item in last[one] for one in ("north", "south"))))


def messages(trace: Trace) -> int:
    """Return how many messages the copies sent each other."""
    between = ("north", "south")
    return sum(
        isinstance(effect, Send) and effect.to in between
        for step in trace
        if step.node in between
        for effect in step.effects[: step.kept]
    )


def lost_updates(runs: int, rule: str, window_ms: int) -> int:
    """Return in how many of so many seeds something that was saved is missing; both add it within so long."""
    both = (0, window_ms)
    return sum(bool(missing(basket_run(rule, both, both, seed=seed))) for seed in range(runs))
