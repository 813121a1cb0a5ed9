"""Two ways to mix faults at one density: every kind in every run, or in each run some kinds and others not at all.

Both draw the same number of faults of each kind that is on; they differ in nothing else. So a comparison of the two
says what it is worth to leave kinds out, which is the idea of swarm testing (Groce and others 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from distsys.core.dice import derive
from distsys.core.units import MS
from distsys.drivers import faults
from distsys.drivers.network import Link, Uniform
from distsys.drivers.swarm import ON_EVERY_LINK, ON_LINKS, SCRIPTED, Swarm

RATE_PPM = 137_000  # what a message suffers, where that kind is on: the mean of what `Swarm` draws


class EveryKind(Swarm):
    """Draws `faults_max` faults of every kind, in every run."""

    share: ClassVar[float] = 1.0

    def draw(
        self, names: Sequence[str], seed: int, until: int, servers: Sequence[str] | None = None
    ) -> tuple[Link, tuple[faults.Action, ...]]:
        """Return the network and the script for this seed; faults of nodes fall on the `servers` (None: all)."""
        random = Random(derive(seed, "mix"))
        on = [kind for kind in self.kinds if random.random() < self.share]
        rates = {kind: RATE_PPM * (kind in on) for kind in ON_EVERY_LINK}
        script: list[faults.Action] = []
        for kind in on:
            whom = names if kind in ON_LINKS else servers or names
            for _ in range(self.faults_max if kind in SCRIPTED else 0):
                script.extend(SCRIPTED[kind](random, until, whom))
        network = Link(
            delay=Uniform(1 * MS, 37 * MS),
            loss_ppm=rates["loss"],
            duplicate_ppm=rates["duplicate"],
            reorder_ppm=rates["reorder"],
        )
        return network, tuple(sorted(script, key=lambda action: action.at))


class SomeKinds(EveryKind):
    """Draws `faults_max` faults of each kind that is on; a kind is on in two runs of five."""

    share: ClassVar[float] = 0.4
