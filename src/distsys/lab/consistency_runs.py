"""The runs of the page on consistency models: doctors, a meeting, four sessions, and one partition for two stores.

>>> from distsys.checkers import History, sequential
>>> sequential(History.of(doctors()), "key-value").ok
False
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from distsys.checkers import CONSISTENCIES, History
from distsys.core import systems
from distsys.core.errors import UnknownNameError, shown
from distsys.core.events import Send
from distsys.core.operations import INVOKE, OK
from distsys.core.systems import Members, System, peers_of
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import Partition, SetLink, Simulator, link, states

from .consistency_majority import MajorityReplica
from .consistency_replicas import Caller, Replica, Step

NEAR_MS, FAR_MS = 2, 40  # a message between a client and a replica, and one between two replicas
Plan = dict[str, tuple[Step, ...]]
RULES = ("at once", "majority")


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the replicas, and a client for each plan."""
    kind = "replica" if options["rule"] == "at once" else "majority"
    replicas: Members = {name: (kind, {"others": peers_of(name, names)}) for name in names}
    clients: Members = {
        name: ("caller", {"steps": steps, "guarantees": options["guarantees"]})
        for name, steps in options["plan"]
    }
    return {**clients, **replicas}


systems.register(
    System(
        name="replicated-memory",
        says="A few keys in several copies; a copy answers at once, or after asking a majority.",
        classes={"replica": Replica, "majority": MajorityReplica, "caller": Caller},
        members=_members,
        laws=(),
        options={"rule": RULES[0], "plan": (), "guarantees": ()},
        restarts=False,
        clients=("caller",),
        history="key-value",
    )
)


def store_run(
    plan: Mapping[str, Iterable[Step]],
    *,
    rule: str = RULES[0],
    names: tuple[str, ...] = ("north", "south"),
    guarantees: tuple[str, ...] = (),
    script: tuple[Any, ...] = (),
    until_ms: int = 120,
    seed: int = 1,
) -> Trace:
    """Return a run in which clients do what is planned: messages take 2 ms, and 40 ms between two replicas."""
    if rule not in RULES:
        raise UnknownNameError(f"rule must be one of {', '.join(RULES)}, but it is {shown(rule)}")
    cluster = systems.build(
        "replicated-memory",
        nodes=names,
        rule=rule,
        plan=tuple((name, tuple(steps)) for name, steps in plan.items()),
        guarantees=guarantees,
    )
    far = tuple(SetLink(0, one, two, link(delay=FAR_MS * MS)) for one in names for two in names if one != two)
    return Simulator(
        cluster,
        seed,
        network=link(delay=NEAR_MS * MS),
        script=(*far, *script),
        requests=(),
        until=until_ms * MS,
        settle=0,
    ).run()


def doctors(rule: str = RULES[0]) -> Trace:
    """Return the run in which two doctors sign off, each after which each looks whether the other is there."""
    plan: Plan = {
        "ann": ((10, "put", "ann", "off", "north"), (20, "get", "bob", None, "north")),
        "bob": (
            (12, "put", "bob", "off", "south"),
            (22, "get", "ann", None, "south"),
            (70, "get", "ann", None, "south"),
        ),
    }
    return store_run(plan, rule=rule, until_ms=560 if rule == "majority" else 100)


def meeting() -> Trace:
    """Return the run in which two people plan one meeting, each a room and a time, and all copies agree in the end."""
    plan: Plan = {
        "ann": ((10, "put", "room", "A", "north"), (20, "put", "time", 9, "north"), (80, "get", "room", None, "north"),
                (90, "get", "time", None, "north")),
        "bob": ((11, "put", "time", 10, "south"), (21, "put", "room", "B", "south"), (81, "get", "room", None, "south"),
                (91, "get", "time", None, "south")),
    }  # fmt: skip
    return store_run(plan, until_ms=110)


SESSIONS: dict[str, Plan] = {
    "read-your-writes": {
        "ann": ((10, "put", "x", 1, "north"), (20, "get", "x", None, "south")),
    },
    "monotonic-reads": {
        "ann": ((10, "put", "x", 1, "north"),),
        "bob": ((20, "get", "x", None, "north"), (30, "get", "x", None, "south")),
    },
    "monotonic-writes": {
        "ann": ((10, "put", "x", 1, "north"), (20, "put", "y", 2, "south")),
        "cyd": ((30, "get", "y", None, "south"), (40, "get", "x", None, "south")),
    },
    "writes-follow-reads": {
        "ann": ((10, "put", "x", 1, "north"),),
        "bob": ((20, "get", "x", None, "north"), (26, "put", "y", 2, "south")),
        "cyd": ((32, "get", "y", None, "south"), (42, "get", "x", None, "south")),
    },
}


def session_run(name: str, *guarantees: str) -> Trace:
    """Return the run of a client that changes its replica, and of a session with these guarantees."""
    if name not in SESSIONS:
        raise UnknownNameError(f"name must be one of {', '.join(SESSIONS)}, but it is {shown(name)}")
    return store_run(SESSIONS[name], guarantees=guarantees, until_ms=100)


def partitioned(rule: str) -> Trace:
    """Return the run in which n1 and ann are cut off from n2, n3 and bob for ever, 5 ms after the start."""
    plan: Plan = {
        "ann": ((10, "put", "x", 1, "n1"),),
        "bob": ((30, "get", "x", None, "n3"),),
    }
    cut = Partition(5 * MS, (("n1", "ann"), ("n2", "n3", "bob")))
    return store_run(plan, rule=rule, names=("n1", "n2", "n3"), script=(cut,), until_ms=300)


def judged(trace: Trace, *names: str) -> dict[str, bool]:
    """Return whether each of these models allows what the clients saw; without names, all models are asked."""
    history = History.of(trace)
    return {name: CONSISTENCIES[name](history, "key-value").ok for name in names or CONSISTENCIES}


def waits_ms(trace: Trace) -> dict[tuple[str, int], float]:
    """Return for each answered operation, as (client, place), how long it took."""
    asked: dict[str, int] = {}
    places: dict[str, int] = {}
    found: dict[tuple[str, int], float] = {}
    for event in History.of(trace):
        if event.type == INVOKE:
            places[event.process] = places.get(event.process, 0) + 1
            asked[event.process] = event.at
        elif event.type == OK:
            found[event.process, places[event.process]] = (event.at - asked[event.process]) / MS
    return found


def answers(trace: Trace) -> tuple[str, ...]:
    """Return what was asked and heard, one text for each operation."""
    return tuple(str(call) for call in History.of(trace).calls)


def copies(trace: Trace) -> dict[str, dict[str, Any]]:
    """Return what each replica holds in the end."""
    last = states(trace, lambda node: getattr(node, "shown", None))[-1]
    return {name: dict(held) for name, held in last.items() if held is not None}


def vector_entries(trace: Trace) -> int:
    """Return how many numbers of version vectors the clients sent with their requests."""
    return sum(
        len(effect.message.need)
        for step in trace
        for effect in step.effects[: step.kept]
        if isinstance(effect, Send) and type(effect.message).__name__ in ("Put", "Get")
    )
