"""Runs of the page on leases: each shows one idea, by the clock, and is the same on every call.

>>> race(seed=1, rely_us=safe_us(1_000_000, 100_000), ppm=100_000).violation is None
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from distsys.core import systems
from distsys.core.dice import Dice, derive
from distsys.core.errors import several
from distsys.core.events import Deliver
from distsys.core.laws import World, law_with_memory, outputs
from distsys.core.systems import Cluster, Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map
from distsys.drivers import ClockStep, Crash, Pause, Restart, Resume, SetLink, Simulator, Skew, link, states
from distsys.drivers.faults import Action
from distsys.drivers.network import Exponential, Link
from distsys.protocols.multipaxos_leases import local

from .leases_cast import BEGIN, CountsFromTheAnswer, Forgetful, Granter, Holder, Holds, Stops, Store, Stored

DELAY_MS, LEASE_MS = 5, 1_000
SLOW_PPM, FAST_PPM = -100_000, 100_000  # clocks that are a tenth off


def safe_us(lease_us: int, ppm: int) -> int:
    """Return for how long a client may rely on a lease, in microseconds, where clocks are off by so much.

    >>> safe_us(1_000_000, 100_000)
    818181
    """
    return local(lease_us, ppm)


@law_with_memory("one holder", "No two clients rely on the lease at the same time.", start=EMPTY)
def one_holder(memory: Map[str, int], world: World) -> tuple[Map[str, int], str | None]:
    """Judged by true time, which no node knows."""
    holders = memory
    for value in outputs(world.step, Holds, Stops):
        if isinstance(value, Stops):
            holders = holders.remove(world.step.node)
            continue
        others = [f"{name} by token {token}" for name, token in holders.items() if name != world.step.node]
        holders = holders.set(world.step.node, value.token)
        if others:
            return (
                holders,
                f"{world.step.node} holds it by token {value.token}, and so does {', '.join(others)}",
            )
    return holders, None


@law_with_memory(
    "no deposit is lost", "The balance is what was there, and all that was paid in.", start=BEGIN
)
def no_deposit_is_lost(memory: int, world: World) -> tuple[int, str | None]:
    """What counts is what the store has done, and not what it has refused."""
    for value in outputs(world.step, Stored):
        memory += value.adds
        if value.amount != memory:
            return memory, f"the balance is {value.amount}, but {memory} should be there"
    return memory, None


@law_with_memory(
    "tokens never go down", "The store does nothing for an older token after a newer one.", start=0
)
def tokens_never_go_down(memory: int, world: World) -> tuple[int, str | None]:
    """Of writes alone: the store says nothing of its reads."""
    for value in outputs(world.step, Stored):
        if value.token < memory:
            return memory, f"a write with token {value.token} is done after one with token {memory}"
        memory = value.token
    return memory, None


OF_THE_STORE = (no_deposit_is_lost, tokens_never_go_down)
LAWS = (one_holder, *OF_THE_STORE)
ANSWER = "from the answer"
FORGETFUL = "forgetful"
OF_HOLDERS = ("drift_ppm", "rely_us", "renew_ms", "again_ms", "retry_ms", "work_ms")


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two clients, the granter, and the store if somebody pays something in."""
    settings = {one: options[one] for one in OF_HOLDERS}
    adds = tuple(several("adds", options["adds"], "amounts"))
    begins = several("begins", options["begins"], "moments")
    clients = {
        name: (
            options["holder"],
            {"lease_ms": options["lease_ms"], "begin_ms": begin, "adds": amount, **settings},
        )
        for name, begin, amount in zip(names, begins, adds, strict=False)
    }
    granter = {"lease_ms": options["lease_ms"], "delay_ms": options["delay_ms"]}
    store: Members = {"store": ("store", {"checks": options["checks"]})} if any(adds) else {}
    return {**clients, "locks": (options["granter"], granter), **store}


systems.register(
    System(
        name="lease-story",
        says="A lease, two clients that want it, and a store that is for one of them at a time.",
        classes={
            "granter": Granter,
            "holder": Holder,
            "store": Store,
            ANSWER: CountsFromTheAnswer,
            FORGETFUL: Forgetful,
        },
        members=_members,
        laws=LAWS,
        options={
            "lease_ms": LEASE_MS,
            "delay_ms": 0,
            "checks": "all",
            "adds": (0, 0),
            "begins": (0, 20),
            "drift_ppm": 0,
            "rely_us": None,
            "renew_ms": 0,
            "again_ms": 0,
            "retry_ms": 0,
            "granter": "granter",
            "work_ms": 200,
            "holder": "holder",
        },
        clients=("holder", ANSWER),
    )
)


def cluster(**options: Any) -> Cluster:
    """Return a granter, a store, and the clients a and b."""
    return systems.build("lease-story", nodes=("a", "b"), **options)


def run(
    who: Cluster,
    until_ms: int,
    script: Iterable[Action] = (),
    *,
    seed: int = 1,
    network: Link | None = None,
    stop: bool = False,
    laws: Any = None,
) -> Trace:
    """Return a run in which each message takes 5 ms, unless a network is given."""
    return Simulator(
        who,
        seed,
        network=network or link(delay=DELAY_MS * MS, fifo=True),
        script=script,
        requests=(),
        laws=laws,
        until=until_ms * MS,
        settle=0,
        stop_on_violation=stop,
    ).run()


# A holder that is paused.


def paused(checks: str, until_ms: int = 1_450) -> Trace:
    """Return a run in which a looks at its lease, is paused before it writes, and wakes up when b has written."""
    return run(
        cluster(checks=checks, adds=(10, 20)),
        2_000,
        (Pause(220 * MS + 500, "a"), Resume(until_ms * MS, "a")),
        laws=OF_THE_STORE,
    )


def read_then_paused(checks: str) -> Trace:
    """Return a run in which a is paused, too, but wakes up when b has read and not yet written."""
    return paused(checks, 1_100)


def slow_write(checks: str = "nothing") -> Trace:
    """Return a run in which nobody is paused: the write of a is slow on its way."""
    return run(
        cluster(checks=checks, adds=(10, 20)),
        2_000,
        (SetLink(215 * MS, "a", "store", link(delay=1_300 * MS)), SetLink(300 * MS, "a", "store", None)),
    )


def with_delay(delay_ms: int, wakes_ms: int) -> Trace:
    """Return a run with a lock-delay and a store that checks nothing, in which a is paused until then."""
    return run(
        cluster(checks="nothing", adds=(10, 20), delay_ms=delay_ms),
        wakes_ms + 2_500,
        (Pause(220 * MS + 500, "a"), Resume(wakes_ms * MS, "a")),
        laws=OF_THE_STORE,
    )


def balance_of(trace: Trace) -> int:
    """Return the balance at the end of a run."""
    found = states(trace, lambda node: getattr(node, "balance", None))[-1]
    return int(found["store"])


def stored(trace: Trace) -> list[tuple[str, int, int]]:
    """Return the writes that the store has done: (by whom, token, balance)."""
    return [
        (step.event.sender, value.token, value.amount)
        for step in trace
        for value in outputs(step, Stored)
        if isinstance(step.event, Deliver)
    ]


# Two holders at the same time.


def race(seed: int, rely_us: int, ppm: int, *, holder: str = "holder", until_ms: int = 6_000) -> Trace:
    """Return a run in which a and b want the lease again and again, up to the first time that both rely on it.

    The clock of the granter is fast and those of the clients are slow, by so much; the delays of messages are drawn,
    1 ms on average, and now and then a long one.
    """
    return run(
        cluster(rely_us=rely_us, again_ms=1, holder=holder),
        until_ms,
        (Skew(0, "locks", ppm), Skew(0, "a", -ppm), Skew(0, "b", -ppm)),
        seed=seed,
        network=link(delay=Exponential(1 * MS, low=10)),
        stop=True,
        laws=(one_holder,),
    )


def two_hold(seeds: int, rely_us: int, ppm: int, **options: Any) -> int:
    """Return in how many of so many seeds two clients rely on the lease at once."""
    return sum(race(seed, rely_us, ppm, **options).violation is not None for seed in range(seeds))


def storm(seed: int, rely_us: int, ppm: int, *, granter: str = "granter") -> Trace:
    """Return such a run in which rates of clocks are drawn, a tenth of the messages is lost, and the granter crashes.

    Rates lie within `ppm` of true time. The granter crashes twice, at drawn moments, and comes up 20 ms later.
    """
    dice = Dice(derive(seed, "storm"))
    script: list[Action] = []
    for name in ("locks", "a", "b"):
        rate, dice = dice.below(2 * ppm + 1)
        script.append(Skew(0, name, rate - ppm))
    for begin in (1_000, 4_000):
        at, dice = dice.below(2_900)
        crash = (begin + at) * MS
        script += [Crash(crash, "locks"), Restart(crash + 20 * MS, "locks")]
    return run(
        cluster(rely_us=rely_us, again_ms=1, retry_ms=100, granter=granter),
        8_000,
        script,
        seed=seed,
        network=link(delay=Exponential(1 * MS, low=10), loss=0.1),
        stop=True,
        laws=(one_holder,),
    )


def tight(rely_us: int, ppm: int, delay_us: int = 10) -> Trace:
    """Return a run in which b gets the lease as soon as that is possible, and each message takes so long."""
    return run(
        cluster(rely_us=rely_us),
        1_500,
        (Skew(0, "locks", ppm), Skew(0, "a", -ppm), Skew(0, "b", -ppm)),
        network=link(delay=delay_us),
        laws=(one_holder,),
    )


def overlap_us(trace: Trace) -> int:
    """Return for how long a relies on the lease after b has begun to, by true time; less than 0 if it stops before."""
    (ends,) = (step.at for step in trace if step.node == "a" and outputs(step, Stops))
    begins = min(step.at for step in trace if step.node == "b" and outputs(step, Holds))
    return ends - begins


def answered_late(holder: str = "holder") -> Trace:
    """Return a run in which the answer to a takes 300 ms, and b asks in between."""
    return run(
        cluster(holder=holder, begins=(0, 500)),
        1_400,
        (SetLink(0, "locks", "a", link(delay=300 * MS)), SetLink(400 * MS, "locks", "a", None)),
        laws=(one_holder,),
    )


def stepped(node: str, by_ms: int) -> Trace:
    """Return a run in which a clock is set, while a holds the lease and b waits for it, after 300 ms."""
    return run(cluster(begins=(0, 500)), 2_500, (ClockStep(300 * MS, node, by_ms * MS),), laws=(one_holder,))


def suspended(counts: bool) -> Trace:
    """Return a run in which the machine of a is suspended for 1.5 s; its clock counts that time, or does not."""
    stood_still = () if counts else (ClockStep(1_800 * MS, "a", -1_500 * MS),)
    return run(
        cluster(checks="nothing", adds=(10, 20), work_ms=500),
        2_500,
        (Pause(300 * MS, "a"), *stood_still, Resume(1_800 * MS, "a")),
        laws=OF_THE_STORE,
    )
