"""What the page on message passing measures: links side by side, tries, waits, and how often a timeout is wrong.

>>> first, sent, ms = tries(0.5, 50)
>>> len(first), min(first), all(one >= other for one, other in zip(sent, first))
(50, 1, True)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from distsys.algorithms.fifolinks import FifoLinks
from distsys.algorithms.link_laws import fifo_order, no_creation, no_duplication
from distsys.algorithms.links import (
    RETRY,
    Arrival,
    FairLossLinks,
    Packet,
    PerfectLinks,
    Post,
    StubbornLinks,
)
from distsys.core import systems
from distsys.core.errors import ArgumentError, shown
from distsys.core.events import Send
from distsys.core.laws import outputs
from distsys.core.systems import Members, Request, System, peers_of
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers import HeavyTail, SetLink, Simulator, Uniform, link

from .messages_cast import Ask, Sorry
from .messages_runs import RIGHT, dishes, last_state, orders

# Links side by side.

LINKS = ("fair-loss", "stubborn", "perfect", "fifo")


def _ladder(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    kind = options["kind"]
    if kind not in LINKS:
        raise ArgumentError(f"kind must be one of {', '.join(LINKS)}, but it is {shown(kind)}")
    return {name: (kind, {"peers": peers_of(name, names)} if kind == "fifo" else {}) for name in names}


systems.register(
    System(
        name="messages-links",
        says="One kind of link or the other, between two processes.",
        classes={
            "fair-loss": FairLossLinks,
            "stubborn": StubbornLinks,
            "perfect": PerfectLinks,
            "fifo": FifoLinks,
        },
        members=_ladder,
        laws=(no_creation, no_duplication, fifo_order),
        options={"nodes": ("ann", "bob"), "kind": "perfect"},
    )
)


def carried(
    kind: str,
    seed: int,
    bodies: int = 10,
    *,
    gap: int = 5 * MS,
    loss: float = 0.3,
    delay: Any = (5 * MS, 15 * MS),
    reorder: float = 0.2,
    duplicate: float = 0.1,
    until: int = 1 * S,
) -> Trace:
    """Return a run in which ann posts bodies to bob, one after each `gap` microseconds, on a bad network."""
    return Simulator(
        systems.build("messages-links", kind=kind),
        seed,
        network=link(delay=delay, loss=loss, reorder=reorder, duplicate=duplicate),
        requests=tuple(Request((number + 1) * gap, "ann", Post("bob", number)) for number in range(bodies)),
        until=until,
        settle=0,
        stop_on_violation=False,
        laws=(),
    ).run()


def arrivals(trace: Trace) -> list[int]:
    """Return the bodies that arrived at bob, in this order."""
    return [value.body for step in trace if step.node == "bob" for value in outputs(step, Arrival)]


def befell(trace: Trace, bodies: int = 10) -> Counter[str]:
    """Count what happened to the bodies: "lost", "doubled", "overtaken" (by a later one), and the messages "sent"."""
    came = arrivals(trace)
    first = [body for place, body in enumerate(came) if body not in came[:place]]
    return Counter(
        {
            "lost": bodies - len(first),
            "doubled": sum(came.count(body) > 1 for body in first),
            "overtaken": sum(
                any(later > body for later in first[:place]) for place, body in enumerate(first)
            ),
            "sent": sum(isinstance(effect, Send) for step in trace for effect in step.effects),
        }
    )


def side_by_side(seeds: int, bodies: int = 10) -> dict[str, Counter[str]]:
    """Return for each kind of link what befell the bodies in so many runs."""
    return {
        kind: sum((befell(carried(kind, seed, bodies), bodies) for seed in range(seeds)), Counter())
        for kind in LINKS
    }


def remembered(kind: str, bodies: int) -> int:
    """Return how many numbers the receiver remembers after so many bodies, on links that lose 30 % of all."""
    trace = carried(kind, 1, bodies, until=bodies * 5 * MS + 3 * S)
    if arrivals(trace) == [] or len(set(arrivals(trace))) < bodies:
        raise ArgumentError(f"bodies must all arrive in the run, but of {bodies} some did not")
    if kind == "perfect":
        return len(last_state(trace, "bob", "received"))
    return len(last_state(trace, "bob", "marks")) + len(last_state(trace, "bob", "early"))


def right_orders(seeds: int, loss: float) -> int:
    """Return in how many of so many runs the kitchen cooks what ann wants; without loss nothing is held back either."""
    return sum(
        sorted(dishes(orders(seed, loss, 0.3 if loss else 0.0))) == sorted(RIGHT) for seed in range(seeds)
    )


# How often one must try.

DELAY = 5 * MS


def tries(loss: float, messages: int, seed: int = 1) -> tuple[list[int], list[int], list[float]]:
    """Return what it takes to bring messages one by one over a link that loses this share of all, both ways.

    The result is, for each message: the number of the first try that arrives; how many tries there are until the
    sender knows it and stops; and the time until the message arrives, in ms.
    """
    gap = 6 * S
    trace = carried(
        "perfect",
        seed,
        messages,
        gap=gap,
        loss=loss,
        delay=DELAY,
        reorder=0.0,
        duplicate=0.0,
        until=(messages + 1) * gap,
    )
    took = {
        value.body: step.at - (value.body + 1) * gap for step in trace for value in outputs(step, Arrival)
    }
    sent = Counter(
        effect.message.body
        for step in trace
        for effect in step.effects
        if isinstance(effect, Send) and isinstance(effect.message, Packet)
    )
    numbers = range(messages)
    first = [1 + (took[number] - DELAY) // RETRY for number in numbers]
    return first, [sent[number] for number in numbers], [took[number] / MS for number in numbers]


# Timeouts.


def asked(
    patience_ms: int,
    delay: Any,
    *,
    questions: int = 2000,
    seed: int = 1,
    grows: bool = False,
    stable_ms: int | None = None,
) -> Trace:
    """Return a run in which ann asks bob, who never crashes; his answers take `delay`, her questions 5 ms.

    From `stable_ms` on, if given, answers take 10 to 20 ms.
    """
    script = [SetLink(0, "bob", "ann", link(delay=delay))]
    if stable_ms is not None:
        script.append(SetLink(stable_ms * MS, "bob", "ann", link(delay=(10 * MS, 20 * MS))))
    return Simulator(
        systems.build(
            "messages-asking", patience_ms=patience_ms, period_ms=50, questions=questions, grows=grows
        ),
        seed,
        network=link(delay=5 * MS),
        script=script,
        requests=(),
        until=questions * 50 * MS + 12 * S,
        settle=0,
    ).run()


def mistakes(trace: Trace) -> list[int]:
    """Return when, in ms, those questions were asked of which ann gave up the answer, and it came after all."""
    when = {
        effect.message.number: step.at // MS
        for step in trace
        for effect in step.effects
        if isinstance(effect, Send) and isinstance(effect.message, Ask)
    }
    return [when[value.number] for step in trace for value in outputs(step, Sorry)]


BOUNDED, UNBOUNDED = Uniform(1 * MS, 30 * MS), HeavyTail(5 * MS)  # answers within 30 ms, and within no bound
UNKNOWN, UNSTABLE = Uniform(1 * MS, 200 * MS), HeavyTail(20 * MS)


def wrong_share(patience_ms: int) -> float:
    """Return with which probability an answer of `UNBOUNDED` is later than the patience: (5 / (patience - 5)) squared.

    >>> round(wrong_share(55), 3)
    0.01
    """
    return min(1.0, (5 / (patience_ms - 5)) ** 2)


def tail(run_of_tries: Sequence[int], k: int) -> float:
    """Return the share of messages that needed more than k tries.

    >>> tail([1, 1, 2, 5], 1)
    0.5
    """
    return sum(one > k for one in run_of_tries) / len(run_of_tries)
