"""Swarm: a fault script drawn from a seed, different in kind from seed to seed.

A random test that does a little of everything in every run rarely does much of anything. A swarm (Groce and
others 2012) first decides, for each kind of fault, whether this run has it at all, and how often; most
kinds are off. So some seeds only lose messages, some only crash nodes, and a few do all of it at once.
Where a system says which options may vary, these are drawn too: a batch of one finds what a batch of a hundred hides.
The result is a plain script and a `Link`, which stand in the header of the trace.

Faults of nodes fall on servers, cuts of the network on everybody. Systems whose clients are nodes and whose servers
come back, and those that ask for "storm", also get *storms* (drivers.storms): faults so dense that whoever is
elected is soon gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from distsys.core import systems
from distsys.core.dice import derive
from distsys.core.errors import (
    ArgumentError,
    ArgumentTypeError,
    DistsysError,
    several,
    shown,
    whole_number,
    yes_or_no,
)
from distsys.core.laws import Law
from distsys.core.trace import Trace
from distsys.core.units import MS, S

from . import faults as f
from .network import Link, Uniform
from .settings import checked_cluster
from .simulator import Simulator
from .storms import storm

ALL = (
    "loss",
    "duplicate",
    "reorder",
    "slow",
    "partition",
    "cut",
    "crash",
    "crash-in-step",
    "wipe",
    "disk-full",
    "pause",
    "stall",
    "skew",
    "clock-step",
)
STORM = "storm"  # beside ALL, so that the draws of systems without it stay what they are
NO_LOSS = ("duplicate", "reorder", "slow", "pause", "stall", "skew", "clock-step")  # what no message dies of

Draw = Callable[[Random, int, Sequence[str]], tuple[f.Action, ...]]


def _window(random: Random, until: int) -> tuple[int, int]:
    """Return start and end of a fault: short, middling or long, and anywhere in the phase."""
    start = _below(random, until)
    length = (5 * MS, 100 * MS, 1 * S)[_below(random, 3)]
    return start, start + 1 + _below(random, 2 * length)


def _below(random: Random, bound: int) -> int:
    return int(random.random() * bound)


def _spell(kind: type, **settings: Any) -> Draw:
    def draw(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
        start, end = _window(random, until)
        return f.during(start, end, kind, names[_below(random, len(names))], **settings)

    return draw


def _crash_in_step(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    start, end = _window(random, until)
    return f.during(start, end, f.Crash, names[_below(random, len(names))], keep=_below(random, 4))


def _partition(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    start, end = _window(random, until)
    one = tuple(name for name in names if random.random() < 0.5)
    if not one or len(one) == len(names):
        one = (names[_below(random, len(names))],)
    return f.Partition(start, (one,)), f.Heal(end)


def _cut(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    start, end = _window(random, until)
    sender, to = names[_below(random, len(names))], names[_below(random, len(names))]
    return () if sender == to else (f.Cut(start, sender, to), f.Heal(end))


def _slow(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    start, end = _window(random, until)
    name = names[_below(random, len(names))]
    return (
        f.SetLink(start, name, "*", Link(delay=Uniform(50 * MS, 500 * MS))),
        f.SetLink(end, name, "*", None),
    )


def _skew(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    ppm = (-200_000, -500, 500, 200_000)[_below(random, 4)]
    return (f.Skew(_below(random, until), names[_below(random, len(names))], ppm),)


def _clock_step(random: Random, until: int, names: Sequence[str]) -> tuple[f.Action, ...]:
    by = (-1 * S, -50 * MS, 50 * MS, 1 * S)[_below(random, 4)]
    return (f.ClockStep(_below(random, until), names[_below(random, len(names))], by),)


SCRIPTED: dict[str, Draw] = {
    "slow": _slow,
    "partition": _partition,
    "cut": _cut,
    "crash": _spell(f.Crash),
    "crash-in-step": _crash_in_step,
    "wipe": _spell(f.Wipe),
    "disk-full": _spell(f.DiskFull),
    "pause": _spell(f.Pause),
    "stall": _spell(f.Stall),
    "skew": _skew,
    "clock-step": _clock_step,
}
ON_EVERY_LINK = ("loss", "duplicate", "reorder")
ON_LINKS = ("slow", "partition", "cut")  # of one node, client or server, or of several


@dataclass(frozen=True)
class Swarm:
    """Draws a network and a script for each seed.

    kinds       the faults that may occur; see `ALL`, and "storm"
    faults_max  how often a kind that is on occurs at most
    """

    kinds: tuple[str, ...] = ALL
    faults_max: int = 4

    def __post_init__(self) -> None:
        whole_number("faults_max", self.faults_max, at_least=1)
        for kind in several("kinds", self.kinds, f"kinds of {', '.join((*ALL, STORM))}"):
            if kind not in (*ALL, STORM):
                known = ", ".join((*ALL, STORM))
                raise ArgumentError(f"kinds must come from {known}, but {shown(kind)} is not there")

    def draw(
        self, names: Sequence[str], seed: int, until: int, servers: Sequence[str] | None = None
    ) -> tuple[Link, tuple[f.Action, ...]]:
        """Return the network and the script for this seed; faults of nodes fall on the `servers` (None: all)."""
        on_servers = names if servers is None else servers
        random = Random(derive(seed, "swarm"))
        on = [kind for kind in ALL if random.random() < 0.4 and kind in self.kinds]
        high = (2 * MS, 10 * MS, 100 * MS)[_below(random, 3)]
        rates = {kind: (10_000, 100_000, 300_000)[_below(random, 3)] for kind in ON_EVERY_LINK}
        network = Link(
            delay=Uniform(1 * MS, high),
            loss_ppm=rates["loss"] if "loss" in on else 0,
            duplicate_ppm=rates["duplicate"] if "duplicate" in on else 0,
            reorder_ppm=rates["reorder"] if "reorder" in on else 0,
        )
        script: list[f.Action] = []
        for kind in on:
            if kind in SCRIPTED:
                for _ in range(1 + _below(random, self.faults_max)):
                    script.extend(SCRIPTED[kind](random, until, names if kind in ON_LINKS else on_servers))
        if STORM in self.kinds:
            script.extend(storm(seed, until, names, on_servers, self.kinds))
        return network, tuple(sorted(script, key=lambda action: action.at))


def checked_swarm(swarm: Any) -> Swarm | None:
    """Return what draws the faults: None, for the usual ones, a `Swarm`, or what draws like one."""
    if swarm is not None and not callable(getattr(swarm, "draw", None)):
        raise ArgumentTypeError(
            f"swarm must be a Swarm, but it is {shown(swarm)} of type {type(swarm).__name__}"
        )
    drawing: Swarm | None = swarm
    return drawing


def usual_swarm(system: systems.System) -> Swarm:
    """Return the swarm of a system: what it tolerates, and storms where clients are nodes and servers come back."""
    wanted = system.untimed or bool(system.clients and system.restarts)
    storms = (STORM,) if wanted and STORM not in system.tolerates else ()
    return Swarm((*system.tolerates, *storms))


def varied(system: str, seed: int, mutant: str | None, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for this seed: the `fixed` ones, and a draw for each other one that may vary.

    A draw that cannot be beside the fixed ones, such as an observer where one server is all, is left out.
    """
    variants = systems.find(system).variants
    chosen = next((m for m in systems.mutants(system) if m.id == mutant), None) if mutant else None
    settled = {*fixed, *(chosen.options if chosen else ())}
    random = Random(derive(seed, "variants"))
    drawn: dict[str, Any] = {}
    for option in sorted(variants):  # a draw for each, so that fixing one leaves the others as they are
        value = variants[option][_below(random, len(variants[option]))]
        if option not in settled:
            drawn[option] = value
    if not _can_be(system, mutant, {**drawn, **fixed}):
        drawn = {name: drawn[name] for name in drawn if _can_be(system, mutant, {name: drawn[name], **fixed})}
    return {**drawn, **fixed}


def _can_be(system: str, mutant: str | None, options: Mapping[str, Any]) -> bool:
    """Return whether a system can be built with these options."""
    try:
        systems.build(system, mutant=mutant, **options)
    except DistsysError:
        return False
    return True


def drawn(
    cluster: systems.Cluster, seed: int, until: int, swarm: Swarm | None = None
) -> tuple[Link, tuple[f.Action, ...]]:
    """Return the network and the script that `simulate` takes for a cluster and a seed."""
    swarm = swarm or usual_swarm(cluster.system)
    network, script = swarm.draw(cluster.names, seed, until, cluster.servers)
    back = cluster.system.restarts  # in a crash-stop system nobody comes back
    return network, tuple(action for action in script if back or not isinstance(action, f.Restart))


def simulate(
    system: str | systems.Cluster,
    seed: int = 0,
    *,
    faults: bool = True,
    swarm: Swarm | None = None,
    until: int | None = None,
    settle: int | None = None,
    mutant: str | None = None,
    laws: Iterable[Law] | None = None,
    steps_max: int = 100_000,
    **options: Any,
) -> Trace:
    """Run a system once and return the trace: the short way to a run.

    With `faults`, a swarm draws from the kinds of fault that the system says it tolerates, and from the variants
    of its options; an option that is given here stays as it is given. With `laws`, only these are asked.

    >>> from distsys.drivers import simulate
    >>> simulate("causal-broadcast", seed=7, nodes=3).violation is None
    True
    """
    whole_number("seed", seed)
    checked_swarm(swarm)
    if isinstance(system, str):
        options = varied(system, seed, mutant, options) if yes_or_no("faults", faults) else options
        cluster = systems.build(system, mutant=mutant, **options)
    else:
        cluster = checked_cluster(system)
    until = cluster.system.until if until is None else until
    settle = cluster.system.settle if settle is None else settle
    network, script = drawn(cluster, seed, until, swarm) if faults else (Link(), ())
    return Simulator(
        cluster,
        seed,
        network=network,
        script=script,
        laws=laws,
        until=until,
        settle=settle,
        steps_max=steps_max,
    ).run()
