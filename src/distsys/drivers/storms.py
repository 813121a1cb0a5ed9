"""Storms: faults so dense that a cluster never comes to rest, drawn from a seed beside the other faults.

Four faults in five seconds let a consensus protocol recover from each before the next. Its bugs need two or three
at once: a leader that is cut off while its successor crashes. A storm does not know who is the leader, and need
not: it hits one server after the other, in spells about as long as an election. Each seed has its own mix:

    isolation   one server after the other is cut off from the other servers, and each client from one side or not
    crashes     one after the other crashes, often in the middle of a step, and soon comes back
    one-way     a server still sends and no longer hears, or the other way round
    burst       a few of these at the same moment
    lateness    most messages are quick, and some come when whoever sent them has forgotten them

In one run of four there is no storm, so that the slow bugs have their time as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from distsys.core.dice import derive
from distsys.core.units import MS

from . import faults as f
from .network import Link, Uniform

PACES = (40 * MS, 250 * MS, 700 * MS)  # about how long a spell takes
CALMS = (0, 100 * MS, 500 * MS)  # about how long the calm after it


def _below(random: Random, bound: int) -> int:
    return int(random.random() * bound)


def _isolation(
    random: Random, start: int, length: int, names: Sequence[str], servers: Sequence[str]
) -> tuple[f.Action, ...]:
    """Cut one server, and perhaps clients with it, from the rest."""
    one = servers[_below(random, len(servers))]
    side = tuple(name for name in names if name == one or (name not in servers and random.random() < 0.5))
    return (f.Partition(start, (side,)), f.Heal(start + length)) if len(side) < len(names) else ()


def _crash(
    random: Random, start: int, length: int, names: Sequence[str], servers: Sequence[str]
) -> tuple[f.Action, ...]:
    keep = (None, None, 0, 1, 2, 3)[_below(random, 6)]
    return f.during(start, start + length, f.Crash, servers[_below(random, len(servers))], keep=keep)


def _one_way(
    random: Random, start: int, length: int, names: Sequence[str], servers: Sequence[str]
) -> tuple[f.Action, ...]:
    """Let one server be deaf, or mute, among all."""
    one, deaf = servers[_below(random, len(servers))], random.random() < 0.5
    others = [name for name in names if name != one]
    cuts = tuple(f.Cut(start, other, one) if deaf else f.Cut(start, one, other) for other in others)
    return (*cuts, f.Heal(start + length))


def _late(random: Random, kinds: Sequence[str]) -> list[f.Action]:
    """Let messages of this run, or of half of them, now and then come as late as an election or two."""
    if "reorder" not in kinds or random.random() < 0.35:
        return []
    link = Link(
        delay=Uniform(1 * MS, (5 * MS, 30 * MS)[_below(random, 2)]),
        reorder_ppm=(30_000, 100_000, 300_000)[_below(random, 3)],
        reorder_by=(200 * MS, 600 * MS, 1500 * MS)[_below(random, 3)],
        loss_ppm=(0, 0, 50_000, 200_000)[_below(random, 4)] if "loss" in kinds else 0,
        duplicate_ppm=(0, 0, 50_000, 200_000)[_below(random, 4)] if "duplicate" in kinds else 0,
    )
    return [f.SetLink(0, "*", "*", link)]


Spell = Callable[[Random, int, int, Sequence[str], Sequence[str]], tuple[f.Action, ...]]
NEEDS: tuple[tuple[Spell, str], ...] = (
    (_isolation, "partition"),
    (_isolation, "partition"),
    (_crash, "crash"),
    (_one_way, "cut"),
)


def storm(
    seed: int, until: int, names: Sequence[str], servers: Sequence[str], kinds: Sequence[str]
) -> list[f.Action]:
    """Return the storm of a seed, made of the spells that the `kinds` of fault allow."""
    random = Random(derive(seed, "storm"))
    spells = [spell for spell, kind in NEEDS if kind in kinds]
    if not spells or not servers or random.random() < 0.25:
        return []
    if random.random() < 0.6:
        spells = [spells[_below(random, len(spells))]]
    length, calm = PACES[_below(random, len(PACES))], CALMS[_below(random, len(CALMS))]
    at_once = (1, 1, 2)[_below(random, 3)]
    script: list[f.Action] = _late(random, kinds)
    at = _below(random, length)
    while at < until:
        spell = spells[_below(random, len(spells))]
        took = 1 + _below(random, 2 * length)
        for _ in range(at_once):
            script.extend(spell(random, at, took, names, servers))
        at += took + 1 + _below(random, 2 * calm)
    return script
