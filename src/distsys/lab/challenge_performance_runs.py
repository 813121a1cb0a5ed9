"""Runs of the page on the challenge of performance: a retry storm and its mends, and Little's law on a whole run.

>>> calm = storm(seed=1, hiccup_ms=0, until_s=5)
>>> goodput(calm)[2] > 15
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from distsys.core import systems
from distsys.core.events import Deliver, Output, Send
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.drivers import Pause, Resume, Simulator, link
from distsys.drivers.faults import Action

from .challenge_performance_cast import Answer, Answered, Ask, Server, Users

SERVICE_US, TIMEOUT_US, ATTEMPTS = 20 * MS, 1 * S, 3
GAP_US = 40 * MS  # 25 requests a second: half of what the server can do
SMALL_US = 10 * MS  # the work of a request in the small storm
BEGIN_S = 5  # when the hiccup begins
USERS = ("gaps", "arrivals", "timeout_us", "attempts", "backoff_us", "budget")
SERVER = ("service_us", "spread", "order", "limit", "deadlines")


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {
        "server": ("server", {key: options[key] for key in SERVER}),
        "users": ("users", {key: options[key] for key in USERS}),
    }


systems.register(
    System(
        "retry-storm",
        "A server with a queue, and users who ask again when an answer is late.",
        {"server": Server, "users": Users},
        _members,
        (),
        options={
            "gaps": ((0, GAP_US),),
            "arrivals": (),
            "timeout_us": TIMEOUT_US,
            "attempts": ATTEMPTS,
            "backoff_us": 0,
            "budget": -1,
            "service_us": SERVICE_US,
            "spread": True,
            "order": "oldest",
            "limit": 0,
            "deadlines": False,
        },
        restarts=False,
        clients=("users",),
    )
)

# The mends, each as the options in which it differs from the service that has none.
MENDS: dict[str, dict[str, Any]] = {
    "none": {},
    "back-off with jitter": {"backoff_us": 1 * S},
    "never retry": {"attempts": 1},
    "retry budget of 10 %": {"budget": 100},
    "deadlines": {"deadlines": True},
    "at most 150 wait": {"limit": 150},
    "at most 25 wait": {"limit": 25},
    "newest first": {"order": "newest"},
}


def run(
    seed: int, until_us: int, script: Iterable[Action] = (), *, delay_us: int = 500, **options: Any
) -> Trace:
    """Return a run; a message takes half a millisecond."""
    return Simulator(
        systems.build("retry-storm", **options),
        seed,
        network=link(delay=delay_us, fifo=True),
        script=script,
        requests=(),
        until=until_us,
        settle=0,
        steps_max=5_000_000,
    ).run()


def storm(seed: int, *, hiccup_ms: int = 2_000, until_s: int = 30, **options: Any) -> Trace:
    """Return a run in which the server stands still for so long, from second 5 on."""
    begin = BEGIN_S * S
    script = (Pause(begin, "server"), Resume(begin + hiccup_ms * MS, "server")) if hiccup_ms else ()
    return run(seed, until_s * S, script, **options)


def small_storm(**options: Any) -> Trace:
    """Return a storm for a figure: seven requests, work of exactly 10 ms, 25 ms of patience, a stop of 43 ms."""
    every = 2 * SMALL_US
    return run(
        1,
        260 * MS,
        (Pause(12 * MS, "server"), Resume(55 * MS, "server")),
        delay_us=1 * MS,
        arrivals=tuple(SMALL_US + number * every for number in range(7)),
        gaps=(),
        spread=False,
        service_us=SMALL_US,
        timeout_us=25 * MS,
        **options,
    )


def _a_second(trace: Trace, moments: Iterable[int]) -> list[int]:
    """Return how many moments lie in each second of a run."""
    counts = [0] * (trace.header.driver["until"] // S)
    for at in moments:
        if at // S < len(counts):
            counts[at // S] += 1
    return counts


def goodput(trace: Trace) -> list[int]:
    """Return for each second how many requests were answered in time."""
    return _a_second(
        trace,
        (
            step.at
            for step in trace
            for effect in step.effects
            if isinstance(effect, Output) and isinstance(effect.value, Answered)
        ),
    )


def asked(trace: Trace, *, again: bool = True) -> list[int]:
    """Return for each second how many attempts were sent; without `again`, only the first of each request."""
    return _a_second(
        trace,
        (
            step.at
            for step in trace
            if step.node == "users"
            for effect in step.effects
            if isinstance(effect, Send) and (again or effect.message.attempt == 1)
        ),
    )


def totals(trace: Trace) -> tuple[int, int, int]:
    """Return how many requests came, how many attempts the server has done, how many requests were answered in time."""
    came = done = answered = 0
    for step in trace:
        for effect in step.effects:
            if isinstance(effect, Send):
                came += isinstance(effect.message, Ask) and effect.message.attempt == 1
                done += isinstance(effect.message, Answer)
            elif isinstance(effect, Output):
                answered += isinstance(effect.value, Answered)
    return came, done, answered


def worked(trace: Trace) -> list[int]:
    """Return for each second how many attempts the server has done, of use or not."""
    return _a_second(
        trace,
        (
            step.at
            for step in trace
            if step.node == "server"
            for effect in step.effects
            if isinstance(effect, Send) and isinstance(effect.message, Answer)
        ),
    )


def share(trace: Trace, from_s: int, to_s: int) -> float:
    """Return which share of the requests that came in these seconds was answered in time, in the end."""
    first: dict[int, int] = {}
    answered: set[int] = set()
    for step in trace:
        for effect in step.effects:
            if isinstance(effect, Send) and isinstance(effect.message, Ask) and effect.message.attempt == 1:
                first[effect.message.number] = step.at
            elif isinstance(effect, Output) and isinstance(effect.value, Answered):
                answered.add(effect.value.number)
    asked_then = [number for number, at in first.items() if from_s * S <= at < to_s * S]
    return sum(number in answered for number in asked_then) / len(asked_then)


@cache
def recovers(mend: str, hiccup_ms: int, seeds: tuple[int, ...], *, gap_us: int = GAP_US) -> int:
    """Return in how many of the seeds nine of ten requests are answered that come 8 to 12 s after the hiccup."""
    end = BEGIN_S + hiccup_ms // 1_000 + 15
    good = 0
    for seed in seeds:
        trace = storm(seed, hiccup_ms=hiccup_ms, until_s=end, gaps=((0, gap_us),), **MENDS[mend])
        good += share(trace, end - 7, end - 3) >= 0.9
    return good


# Little's law on one run, in whole microseconds.


def times_in_system(trace: Trace) -> list[int]:
    """Return for each attempt how long it was at the server, queue and work together, microseconds."""
    arrived: dict[tuple[int, int], int] = {}
    times = []
    for step in trace:
        if step.node == "server" and isinstance(step.event, Deliver):
            arrived[step.event.message.number, step.event.message.attempt] = step.at
        if step.node == "server":
            times += [
                step.at - arrived[effect.message.number, effect.message.attempt]
                for effect in step.effects
                if isinstance(effect, Send)
            ]
    return times


def area_under_count(trace: Trace) -> int:
    """Return the sum over all microseconds of how many attempts are at the server, from one step to the next."""
    area = count = last = 0
    for step in trace:
        if step.node != "server":
            continue
        area += count * (step.at - last)
        last = step.at
        count += isinstance(step.event, Deliver)
        count -= sum(isinstance(effect, Send) for effect in step.effects)
    assert count == 0, f"{count} attempts are still there at the end"
    return area
