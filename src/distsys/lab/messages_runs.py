"""Runs of the page on message passing: each shows one idea, and is the same on every call.

>>> dishes(orders()) != RIGHT
True
>>> from distsys.lab.local_views import parted
>>> parted(silent("crashed"), silent("slow"), "ann")
16
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.algorithms.links import Post
from distsys.core import systems
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, System, peers_of
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.drivers import Crash, Restart, SetLink, Simulator, link, states
from distsys.drivers.faults import Entry

from .messages_cast import (
    ATTACK,
    ROUND,
    Answerer,
    Asker,
    Decided,
    Flooder,
    General,
    Guest,
    Kitchen,
    Payer,
    Say,
    Till,
)

# A guest and a kitchen.

RIGHT = ("soup", "tea")
SAID = ((10, "soup"), (20, "fish"), (25, "no fish"), (40, "tea"))  # ms, what
SEED = 196


def _orders(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {"ann": ("guest", {}), "bar": ("kitchen", {})}


systems.register(
    System(
        name="messages-orders",
        says="A guest orders, and a kitchen cooks what it hears.",
        classes={"guest": Guest, "kitchen": Kitchen},
        members=_orders,
        laws=(),
        clients=("guest",),
    )
)


def orders(seed: int = SEED, loss: float = 0.3, reorder: float = 0.3) -> Trace:
    """Return a run in which ann orders soup, fish, no fish and tea, over a link that loses and overtakes."""
    return Simulator(
        systems.build("messages-orders"),
        seed,
        network=link(delay=(5 * MS, 10 * MS), loss=loss, reorder=reorder, reorder_by=40 * MS),
        requests=tuple(Request(at * MS, "ann", Say(text)) for at, text in SAID),
        until=250 * MS,
        settle=0,
    ).run()


def last_state(trace: Trace, name: str, field: str) -> Any:
    """Return a field of a node as it is at the end of a run."""
    shots: tuple[dict[str, Any], ...] = states(trace, lambda node: getattr(node, field, None))
    return shots[-1][name]


def dishes(trace: Trace) -> tuple[str, ...]:
    """Return what the kitchen has in its pots in the end."""
    found: tuple[str, ...] = last_state(trace, "bar", "dishes")
    return found


def answered(trace: Trace) -> tuple[str, ...]:
    """Return which of her orders ann has an answer to in the end."""
    found: tuple[str, ...] = last_state(trace, "ann", "answered")
    return found


# A sender that crashes.


def restarted(mutant: str | None = None) -> Trace:
    """Return a run in which ann posts two letters to bob, crashes, comes back, and posts two more."""
    posts = ((10, "a"), (12, "b"), (60, "c"), (62, "d"))
    return Simulator(
        systems.build("fifo-links", nodes=("ann", "bob"), mutant=mutant),
        1,
        network=link(delay=8 * MS),
        script=(Crash(40 * MS, "ann"), Restart(50 * MS, "ann")),
        requests=tuple(Request(at * MS, "ann", Post("bob", body)) for at, body in posts),
        until=200 * MS,
        settle=100 * MS,
        stop_on_violation=False,
    ).run()


# A till that crashes in the middle of a step.

ORDERS = ("mark first", "money first", "one record")


def _till(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {"payer": ("payer", {}), "till": ("till", {"order": options["order"]})}


systems.register(
    System(
        name="messages-till",
        says="A till books a payment and a mark that it came, in one order or the other.",
        classes={"payer": Payer, "till": Till},
        members=_till,
        laws=(),
        options={"order": "one record"},
        clients=("payer",),
    )
)


def booked(order: str, keep: int | None = None) -> Trace:
    """Return a run of one payment; the till crashes after `keep` effects of the step that books it, and comes back."""
    faults = () if keep is None else (Crash(2 * MS, "till", keep), Restart(40 * MS, "till"))
    return Simulator(
        systems.build("messages-till", order=order),
        1,
        network=link(delay=5 * MS),
        script=faults,
        requests=(),
        until=300 * MS,
        settle=0,
    ).run()


def balance(trace: Trace) -> int:
    """Return what is in the till in the end."""
    found: int = last_state(trace, "till", "balance")
    return found


# Who does not answer.


def _pair(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    told = {key: options[key] for key in ("patience_ms", "period_ms", "questions", "grows")}
    return {"ann": ("asker", told), "bob": ("answerer", {})}


systems.register(
    System(
        name="messages-asking",
        says="One asks, the other answers, and the first gives up after a while.",
        classes={"asker": Asker, "answerer": Answerer},
        members=_pair,
        laws=(),
        options={"patience_ms": 40, "period_ms": 50, "questions": 1_000_000, "grows": False},
    )
)


def silent(why: str, until_ms: int = 400) -> Trace:
    """Return a run in which bob crashes at 120 ms, or his answers take 250 ms from then on ("crashed" or "slow")."""
    script: dict[str, tuple[Entry, ...]] = {
        "crashed": (Crash(120 * MS, "bob"),),
        "slow": (SetLink(120 * MS, "bob", "ann", link(delay=225 * MS)),),
    }
    return Simulator(
        systems.build("messages-asking", questions=4),
        1,
        network=link(delay=5 * MS),
        script=script[why],
        requests=(),
        until=until_ms * MS,
        settle=0,
    ).run()


# Rounds.


def _flooders(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    values = dict(zip(names, options["values"], strict=True))
    return {
        name: (
            "process",
            {"peers": peers_of(name, names), "value": values[name], "rounds": options["rounds"]},
        )
        for name in names
    }


systems.register(
    System(
        name="messages-flooding",
        says="Processes that send all they know, in rounds, and decide on the smallest input.",
        classes={"process": Flooder},
        members=_flooders,
        laws=(),
        options={"nodes": 4, "values": (0, 1, 1, 1), "rounds": 3},
        restarts=False,
    )
)


def chain(rounds: int) -> Trace:
    """Return a run of four, of which n1 crashes in round 1 and n2 in round 2, each after it has told one other."""
    script = (Crash(ROUND - 1 * MS, "n1", keep=1), Crash(2 * ROUND - 1 * MS, "n2", keep=2))
    return Simulator(
        systems.build("messages-flooding", rounds=rounds),
        1,
        network=link(delay=8 * MS),
        script=script,
        requests=(),
        until=(rounds + 2) * ROUND,
        settle=0,
    ).run()


def decisions(trace: Trace) -> dict[str, Any]:
    """Return what was decided, by whom."""
    return {step.node: value.value for step in trace for value in outputs(step, Decided)}


# Generals.


def _generals(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name in names:
        lies = options["lies"] if name == options["liar"] else EMPTY
        order = ATTACK if name == "chief" else ""
        found[name] = ("general", {"peers": peers_of(name, names), "lies": lies, "order": order})
    return found


systems.register(
    System(
        name="messages-generals",
        says="A chief gives an order, and one of the generals may lie.",
        classes={"general": General},
        members=_generals,
        laws=(),
        options={"nodes": ("ann", "bob", "chief"), "liar": "", "lies": Map()},
        restarts=False,
    )
)


def generals(liar: str, lies: Mapping[str, str], names: tuple[str, ...] = ("ann", "bob", "chief")) -> Trace:
    """Return a run of generals in which `liar` tells `lies`, {to: order}; the chief's order is to attack."""
    return Simulator(
        systems.build("messages-generals", nodes=names, liar=liar, lies=Map(lies)),
        1,
        network=link(delay=8 * MS),
        requests=(),
        until=5 * ROUND,
        settle=0,
    ).run()
