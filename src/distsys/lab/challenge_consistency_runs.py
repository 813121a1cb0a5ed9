"""Runs of the shop: an answer that is lost, shops that remember badly, and six worlds that look alike.

>>> [line.item for line in ledger(answer_lost())]
['shoes', 'shoes']
>>> [line.item for line in ledger(answer_lost(ids="one for each wish"))]
['shoes']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.errors import UnknownNameError, several, shown
from distsys.core.events import Event
from distsys.core.laws import FINALLY, World, law
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Crash, Restart, SetLink, Simulator, link, states
from distsys.drivers.faults import Action
from distsys.drivers.network import Link

from .challenge_consistency_shop import (
    Believes,
    Customer,
    Forgets,
    Got,
    IdFirst,
    InMemory,
    Sale,
    SaleFirst,
    Shop,
    Wishes,
)

DELAY_MS = 5
GOOD = link(delay=DELAY_MS * MS)
LOST = link(delay=DELAY_MS * MS, loss=1.0)
SLOW = link(delay=300 * MS)
SHOPS = {
    "in one record": Shop,
    "in memory only": InMemory,
    "before the sale": IdFirst,
    "after the sale": SaleFirst,
    "for 100 ms": Forgets,
}


def _count(values: Iterable[Any], kind: type[Wishes] | type[Got]) -> Counter[str]:
    return Counter(value.item for value in values if isinstance(value, kind))


def _bought(world: World, customer: str) -> Counter[str] | None:
    """Return what a customer has bought by the ledger; None while the shop is down."""
    shop = world.nodes.get("shop")
    if not isinstance(shop, Shop):
        return None
    return Counter(sale.item for sale in shop.ledger if sale.to == customer)


@law("each wish is bought at most once", "Nobody has more pieces of an item than were wished.")
def at_most_once(world: World) -> str | None:
    """Judged by the wishes, of which the shop knows nothing."""
    for customer, said in world.outputs.items():
        bought = _bought(world, customer) or Counter()
        wished = _count(said, Wishes)
        for item, count in sorted(bought.items()):
            if count > wished[item]:
                return f"{customer} wished {wished[item]} x {item} and has bought {count}"
    return None


@law("what is answered was bought", "Who was told that something is bought finds it in the ledger.")
def answered_was_bought(world: World) -> str | None:
    """Judged by what customers have heard."""
    for customer, said in world.outputs.items():
        bought = _bought(world, customer)
        for item, count in sorted(_count(said, Got).items()):
            if bought is not None and bought[item] < count:
                return f"{customer} was told that {item} is bought, and it is not in the ledger"
    return None


@law("each wish is answered", "Each customer hears in the end that what it wished is bought.", when=FINALLY)
def answered(world: World) -> str | None:
    """For customers who ask again."""
    for customer, said in world.outputs.items():
        missing = sorted((_count(said, Wishes) - _count(said, Got)).elements())
        if missing:
            return f"{customer} has not heard of {', '.join(missing)}"
    return None


LAWS = (at_most_once, answered_was_bought, answered)


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the customers, and one shop."""
    items = tuple(several("items", options["items"], "names of items"))
    settings = {one: options[one] for one in ("begin_ms", "every_ms", "patience_ms", "ids", "then")}
    customers = {name: ("customer", {"items": items, **settings}) for name in names}
    return {**customers, "shop": (options["keeps"], {})}


systems.register(
    System(
        name="shop-story",
        says="A shop, and customers who ask again when no answer comes.",
        classes={"customer": Customer, **SHOPS},
        members=_members,
        laws=LAWS,
        options={
            "items": ("shoes",),
            "begin_ms": 10,
            "every_ms": 90,
            "patience_ms": 60,
            "ids": "one for each wish",
            "then": "ask again",
            "keeps": "in one record",
        },
        clients=("customer",),
    )
)


def shop_run(
    script: Iterable[Action] = (),
    *,
    seed: int = 1,
    network: Link = GOOD,
    until_ms: int = 200,
    settle_ms: int = 0,
    customers: tuple[str, ...] = ("ann",),
    laws: Any = LAWS[:2],
    **options: Any,
) -> Trace:
    """Return a run of the shop; each message takes 5 ms unless a network or a script says otherwise."""
    return Simulator(
        systems.build("shop-story", nodes=customers, **options),
        seed,
        network=network,
        script=script,
        requests=(),
        laws=laws,
        until=until_ms * MS,
        settle=settle_ms * MS,
        stop_on_violation=False,
    ).run()


def ledger(trace: Trace) -> tuple[Sale, ...]:
    """Return the sales of the shop at the end of a run."""
    found: tuple[Sale, ...] = states(trace, lambda node: getattr(node, "ledger", None))[-1]["shop"]
    return found


# The answer is lost.


def answer_lost(ids: str = "none", keeps: str = "in one record", crash: bool = False) -> Trace:
    """Return a run in which the first answer to Ann is lost; the shop may crash right after it, and come up again."""
    script: tuple[Action, ...] = (
        SetLink(12 * MS, "shop", "ann", LOST),
        SetLink(18 * MS, "shop", "ann", None),
    )
    if crash:
        script += (Crash(20 * MS, "shop"), Restart(40 * MS, "shop"))
    return shop_run(script, until_ms=100, ids=ids, keeps=keeps)


def purchases(runs: int, loss: float, **options: Any) -> Counter[tuple[int, bool | None]]:
    """Return how often (pieces bought, what Ann believes) comes out, in so many seeds, when messages are lost."""
    found: Counter[tuple[int, bool | None]] = Counter()
    for seed in range(runs):
        network = link(delay=DELAY_MS * MS, loss=loss)
        trace = shop_run(seed=seed, network=network, until_ms=3_000, laws=(), **options)
        found[len(ledger(trace)), believes(trace)] += 1
    return found


def believes(trace: Trace) -> bool | None:
    """Return what Ann believes of her last wish at the end of a run."""
    said = [value.bought for value in trace.outputs()["ann"] if isinstance(value, Believes)]
    return said[-1] if said else None


def storm(seed: int, keeps: str, ids: str = "one for each wish", loss: float = 0.2) -> Trace:
    """Return a run of two customers with three wishes each; messages are lost, and the shop crashes.

    It crashes two to four times from drawn moments on: at once, or in its next step, after 0, 1 or 2 effects of it.
    """
    dice = Dice(derive(seed, "storm"))
    script: list[Action] = []
    for begin in (0, 100, 200, 300):
        at, dice = dice.below(60)
        keep, dice = dice.choose((0, 1, 2, None))
        script.append(Crash((begin + at) * MS, "shop", keep))
        script.append(Restart((begin + at + 35) * MS, "shop"))
    return shop_run(
        script,
        seed=seed,
        network=link(delay=(1 * MS, 20 * MS), loss=loss),
        until_ms=450,
        settle_ms=1_000,
        customers=("ann", "bob"),
        laws=LAWS,
        items=("hat", "shoes", "coat"),
        keeps=keeps,
        ids=ids,
    )


def broken(runs: int, keeps: str, ids: str = "one for each wish", loss: float = 0.2) -> Counter[str]:
    """Return how many of so many storms break each law; a run may break more than one."""
    found: Counter[str] = Counter()
    for seed in range(runs):
        found.update({violation.law for violation in storm(seed, keeps, ids, loss).violations})
    return found


# Six worlds that look alike.

WISHED_MS, SILENCE_MS = 110, 170  # Ann asks for the shoes, and has waited long enough
WORLDS: dict[str, tuple[Action, ...]] = {
    "request lost": (SetLink(105 * MS, "ann", "shop", LOST),),
    "request slow": (SetLink(105 * MS, "ann", "shop", SLOW),),
    "shop crashes before it sells": (Crash(112 * MS, "shop", keep=0), Restart(140 * MS, "shop")),
    "shop crashes after it has sold": (Crash(112 * MS, "shop", keep=1), Restart(140 * MS, "shop")),
    "answer lost": (SetLink(105 * MS, "shop", "ann", LOST),),
    "answer slow": (SetLink(105 * MS, "shop", "ann", SLOW),),
}
HEALED = (SetLink(150 * MS, "ann", "shop", None), SetLink(150 * MS, "shop", "ann", None))


def world(name: str, then: str = "give up") -> Trace:
    """Return a run in which Ann buys a hat, and then asks for shoes in such a world; all is well from 150 ms on."""
    if name not in WORLDS:
        raise UnknownNameError(f"name must be one of {', '.join(WORLDS)}, but it is {shown(name)}")
    return shop_run(WORLDS[name] + HEALED, until_ms=600, items=("hat", "shoes"), then=then, laws=())


def observed(trace: Trace, node: str, until_ms: int) -> tuple[Event, ...]:
    """Return all that a node has seen of the world up to that moment: its events, with its own clock."""
    return tuple(
        step.event for step in trace if step.node == node and step.event and step.at <= until_ms * MS
    )


def sold_until(trace: Trace, ms: int) -> tuple[str, ...]:
    """Return the items that the ledger held at that moment; a shop that is down has it on its disk."""
    found: tuple[str, ...] = ()
    for step, known in zip(trace, states(trace, lambda node: getattr(node, "ledger", None)), strict=True):
        if step.at <= ms * MS and known.get("shop") is not None:
            found = tuple(sale.item for sale in known["shop"])
    return found


def ends(name: str, then: str) -> str:
    """Return how such a world ends: how many shoes are bought, what Ann believes if it is wrong, what else is lost."""
    trace = world(name, then)
    items = [sale.item for sale in ledger(trace)]
    shoes, belief = items.count("shoes"), believes(trace)
    found = f"{shoes}"
    if belief is None or int(belief) != shoes:
        found += ", says ?" if belief is None else f", says {int(belief)}"
    return found if "hat" in items else f"{found}, no hat"
