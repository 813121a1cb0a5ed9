"""Runs of the page on applications: two failures in small, and two shops that need none, the same on every call.

>>> lost(emergency("heartbeat")), lost(emergency("test call"))
((7, 8, 9, 10), (5, 6))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.errors import UnknownNameError, shown
from distsys.core.laws import World, law, law_with_memory, outputs
from distsys.core.systems import Cluster, Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.drivers import Heal, Partition, Simulator, link
from distsys.drivers.faults import Action

from . import applications_orders as orders
from .applications_cast import (
    HEARTBEAT,
    TEST_CALL,
    Answered,
    Asking,
    Buy,
    Phones,
    Point,
    Refused,
    Router,
    Sharing,
    Shop,
    Sold,
    Unanswered,
    Watch,
)

DELAY_MS = 5
LOOKS = (HEARTBEAT, TEST_CALL)
COPIES, OWNER, SHARES = "copies", "owner", "shares"
RULES = (COPIES, OWNER, SHARES)


@law("every call is answered", "No caller waits in vain.")
def every_call_is_answered(world: World) -> str | None:
    """Judged by the callers, who cannot see the router."""
    for value in outputs(world.step, Unanswered):
        return f"nobody answers call {value.call}"
    return None


@law_with_memory("no piece is sold twice", "The shops sell no more than there was.", start=0)
def no_piece_is_sold_twice(memory: int, world: World) -> tuple[int, str | None]:
    """Judged by all sales together; one shop sees only its own."""
    memory += len(outputs(world.step, Sold))
    stock = sum_of_stock(world)
    if outputs(world.step, Sold) and memory > stock:
        return memory, f"{memory} are sold, and there were {stock}"
    return memory, None


def sum_of_stock(world: World) -> int:
    """Return how many pieces there were, which every shop was told when it was built."""
    return max(int(getattr(node, "stock", 0)) for node in world.nodes.values())


@law_with_memory("no more is bought than was ordered", "Each order is filled at most once.", start=EMPTY)
def no_more_than_was_ordered(memory: Map[int, int], world: World) -> tuple[Map[int, int], str | None]:
    """Judged at the market."""
    for value in outputs(world.step, orders.Bought):
        memory = memory.set(value.order, memory.get(value.order, 0) + value.shares)
        if memory[value.order] > orders.SHARES:
            found = memory[value.order]
            return memory, f"{found} shares are bought for order {value.order}, which is for {orders.SHARES}"
    return memory, None


def _emergency(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the callers, two routers, the answering points, and the watch."""
    router = {"points": names, "limit": options["limit"]}
    watch = {"asks": options["asks"], "every_ms": options["every_ms"]}
    return {
        "phones": ("phones", {"calls": options["calls"]}),
        "main": ("router", router),
        **{name: ("point", {}) for name in names},
        "spare": ("router", router),
        "watch": ("watch", watch),
    }


def _shops(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two shops; who may sell how many depends on the rule."""
    rule, stock = options["rule"], options["stock"]
    first, second = names
    shares = {COPIES: (stock, stock), OWNER: (stock, 0), SHARES: (stock - stock // 2, stock // 2)}[rule]
    return {
        name: (rule, {"other": other, "left": left, "owner": first, "stock": stock})
        for name, other, left in ((first, second, shares[0]), (second, first, shares[1]))
    }


def _desk(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return a desk, servers of which the last ones are old, and the market."""
    new = len(names) - options["old"]
    servers: Members = {
        name: ("server" if place < new else "old server", {}) for place, name in enumerate(names)
    }
    return {
        "desk": ("desk", {"servers": names, "flag": options["flag"]}),
        **servers,
        "market": ("market", {}),
    }


systems.register(
    System(
        name="emergency-story",
        says="Emergency calls get a key from one router, and a watch looks whether it is well.",
        classes={"phones": Phones, "router": Router, "point": Point, "watch": Watch},
        members=_emergency,
        laws=(every_call_is_answered,),
        options={"limit": 6, "asks": HEARTBEAT, "every_ms": 200, "calls": 10},
        clients=("phones", "watch"),
    )
)
systems.register(
    System(
        name="shops-story",
        says="Two shops sell from one stock, by copies, by asking its owner, or by shares.",
        classes={COPIES: Shop, OWNER: Asking, SHARES: Sharing},
        members=_shops,
        laws=(no_piece_is_sold_twice,),
        options={"rule": COPIES, "stock": 1},
    )
)
systems.register(
    System(
        name="desk-story",
        says="The servers of a broker buy shares; the last of them may have an old program.",
        classes={
            "desk": orders.Desk,
            "server": orders.Server,
            "old server": orders.OldServer,
            "market": orders.Market,
        },
        members=_desk,
        laws=(no_more_than_was_ordered,),
        options={"old": 1, "flag": orders.REUSED},
    )
)


def run(
    who: Cluster,
    until_ms: int,
    script: Iterable[Action] = (),
    *,
    requests: Iterable[Request] = (),
    seed: int = 1,
    delay_ms: int = DELAY_MS,
) -> Trace:
    """Return a run in which each message takes the same time."""
    return Simulator(
        who,
        seed,
        network=link(delay=delay_ms * MS, fifo=True),
        script=script,
        requests=tuple(requests),
        until=until_ms * MS,
        settle=0,
        stop_on_violation=False,
    ).run()


# Emergency calls.


def emergency(asks: str = HEARTBEAT, *, limit: int = 6, every_ms: int = 200, calls: int = 10) -> Trace:
    """Return a run with a call every 100 ms; the main router has keys for `limit` calls."""
    who = systems.build(
        "emergency-story",
        nodes=("west", "east"),
        asks=asks,
        limit=limit,
        every_ms=every_ms,
        calls=calls,
    )
    return run(who, 100 * calls + 150)


def lost(trace: Trace) -> tuple[int, ...]:
    """Return the calls that nobody answered."""
    return tuple(value.call for step in trace for value in outputs(step, Unanswered))


def heard(trace: Trace) -> tuple[int, ...]:
    """Return the calls that were answered."""
    return tuple(value.call for step in trace for value in outputs(step, Answered))


# Two shops.


def _known(rule: str) -> str:
    if rule not in RULES:
        raise UnknownNameError(f"rule must be one of {', '.join(RULES)}, but it is {shown(rule)}")
    return rule


def last_three(rule: str = COPIES) -> Trace:
    """Return a run in which three pieces are left, and six buyers come to two shops within 220 ms."""
    who = systems.build("shops-story", nodes=("north", "south"), rule=_known(rule), stock=3)
    asked = ((100, "north"), (110, "south"), (200, "north"), (210, "south"), (300, "south"), (320, "north"))
    requests = (Request(at * MS, shop, Buy(buyer)) for buyer, (at, shop) in enumerate(asked, 1))
    return run(who, 700, requests=requests, delay_ms=50)


def market_day(rule: str, seed: int, *, cut: bool = False, stock: int = 20, buyers: int = 24) -> Trace:
    """Return a run in which so many buyers come within two seconds, to a shop that is drawn for each.

    A message between the shops takes 50 ms. With `cut`, the shops cannot reach each other from 0.5 s to 1.5 s.
    """
    dice = Dice(derive(seed, "buyers"))
    requests = []
    for buyer in range(1, buyers + 1):
        at, dice = dice.below(2_000)
        place, dice = dice.below(2)
        requests.append(Request(at * MS, ("north", "south")[place], Buy(buyer)))
    script: tuple[Action, ...] = ()
    if cut:
        script = (Partition(500 * MS, (("north",), ("south",))), Heal(1_500 * MS))
    who = systems.build("shops-story", nodes=("north", "south"), rule=_known(rule), stock=stock)
    requests.sort(key=lambda one: (one.at, one.message.buyer))
    return run(who, 3_000, script, requests=requests, seed=seed, delay_ms=50)


def sales(trace: Trace) -> tuple[int, int, float]:
    """Return how many were sold and refused, and how long a buyer waited, served or not, in ms on average."""
    came: dict[int, int] = {}
    waits = []
    sold = 0
    for step in trace:
        message = getattr(step.event, "message", None)
        if isinstance(message, Buy):
            came[message.buyer] = step.at
        waits += [(step.at - came[value.buyer]) / MS for value in outputs(step, Sold, Refused)]
        sold += len(outputs(step, Sold))
    return sold, len(waits) - sold, sum(waits) / max(1, len(waits))


def market_days(rule: str, *, cut: bool, seeds: int = 100, stock: int = 20) -> dict[str, float]:
    """Return averages over so many seeds: pieces sold beyond the stock, pieces left over, and the wait."""
    days = [sales(market_day(rule, seed, cut=cut, stock=stock)) for seed in range(seeds)]
    return {
        "oversold": sum(max(0, sold - stock) for sold, _, _ in days) / seeds,
        "unsold": sum(max(0, stock - sold) for sold, _, _ in days) / seeds,
        "wait": sum(wait for _, _, wait in days) / seeds,
    }


# The desk of a broker.


def desk(old: int = 1, *, flag: str = orders.REUSED, servers: int = 8, until_ms: int = 1_000) -> Trace:
    """Return a run in which each server gets one order for 100 shares; the last `old` of them have the old program."""
    names = tuple(f"s{place}" for place in range(1, servers + 1))
    return run(systems.build("desk-story", nodes=names, old=old, flag=flag), until_ms)


def bought(trace: Trace) -> int:
    """Return how many shares were bought."""
    return sum(value.shares for step in trace for value in outputs(step, orders.Bought))
