"""What lasts from one step to another: nodes that are down or paused, a split network, a role in a term."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from distsys.core.trace import Step, Trace

from .scene import AFTER, BEFORE, Band, Reign, Spell
from .words import brief

TERMS = ("term", "epoch", "ballot", "view")  # declared names that count reigns


class Conditions:
    """Follows a run and collects what lasts, as pairs of rows. What ended before the picture is not kept."""

    def __init__(self, trace: Trace, names: tuple[str, ...]) -> None:
        self.lanes = {name: lane for lane, name in enumerate(names)}
        self.spells: list[Spell] = []
        self.bands: list[Band] = []
        self.reigns: list[Reign] = []
        self.open_spells: dict[tuple[int, str], int] = {}
        self.open_bands: list[tuple[int, tuple[int, ...], tuple[int, int] | None]] = []
        self.open_reigns: dict[int, tuple[int, str, int | None]] = {}
        starts = {step.node for step in trace if step.kind in ("start", "restart")}
        for name in trace.header.names:
            if name in starts:  # down until it starts
                self.open_spells[self.lanes[name], "down"] = BEFORE

    def follow(self, step: Step, row: int, values: dict[str, Any] | None) -> None:
        """Open and close what a step begins and ends; `values` are the declared fields after it."""
        lane = self.lanes.get(step.node, 0)
        match step.kind:
            case "start" | "restart":
                self._end_spell(lane, "down", row)
            case "crash":
                self._end_spell(lane, "pause", row)
                self.open_spells.setdefault((lane, "down"), row)
                self._end_reign(lane, row)
            case "pause" | "stall" | "full":
                self.open_spells.setdefault((lane, step.kind), row)
            case "resume" | "unstall" | "free":
                self._end_spell(lane, {"resume": "pause", "unstall": "stall", "free": "full"}[step.kind], row)
            case "partition" | "cut":
                self._split(step, row)
            case "heal":
                self._end_bands(row)
        if values is not None:
            self._reign(lane, values, row)

    def _end_spell(self, lane: int, kind: str, row: int) -> None:
        start = self.open_spells.pop((lane, kind), None)
        if start is not None and row != BEFORE and not (start == BEFORE and row == 0):
            self.spells.append(Spell(lane, start, row, kind))

    def _split(self, step: Step, row: int) -> None:
        """Begin a band: of a cut between two lanes, or of a partition."""
        if step.kind == "cut":
            to = self.lanes.get(step.detail.get("to", ""), 0)
            pair = sorted((self.lanes[step.node], to))
            self.open_bands.append((row, (), (pair[0], pair[1])))
            return
        side = {
            self.lanes[name]: place
            for place, group in enumerate(step.detail.get("groups", ()))
            for name in group
        }
        sides = [side[lane] for lane in sorted(side)]
        changes = [lane for lane, (one, other) in enumerate(pairwise(sides)) if one != other]
        whole = len(changes) == len(set(sides)) - 1  # each side is a run of neighbours: walls say it all
        self.open_bands.append((row, tuple(changes) if whole else (), None))

    def _end_bands(self, row: int) -> None:
        if row != BEFORE:
            for start, walls, lanes in self.open_bands:
                self.bands.append(Band(start, row, walls, lanes))
        self.open_bands = []

    def _reign(self, lane: int, values: dict[str, Any], row: int) -> None:
        role = values.get("role")
        term = next((values[name] for name in TERMS if isinstance(values.get(name), int)), None)
        if role is None and term is None:
            return
        new = (brief(role) if role is not None else "", term)
        open_one = self.open_reigns.get(lane)
        if open_one is None or open_one[1:] != new:
            self._end_reign(lane, row)
            self.open_reigns[lane] = (row, *new)

    def _end_reign(self, lane: int, row: int) -> None:
        reign = self.open_reigns.pop(lane, None)
        if reign is not None and row != BEFORE:
            self.reigns.append(Reign(lane, reign[0], row, reign[1], reign[2]))

    def close(self) -> None:
        """End all that still lasts when the picture ends."""
        for lane, kind in sorted(self.open_spells):
            self._end_spell(lane, kind, AFTER)
        self._end_bands(AFTER)
        for lane in sorted(self.open_reigns):
            self._end_reign(lane, AFTER)
