"""What a figure carries for the judges: verdicts over operations, quorums, and which laws are judged at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, shown
from distsys.core.laws import FINALLY
from distsys.core.trace import Trace

from .calls import Call, calls_of, positioned
from .quorums import quorums_of
from .verdicts import Placed, placed

VIEWS = ("operations", "quorums")


class Judges:
    """The judges of a figure: `is_needed` says whether it has anything for them to show."""

    def __init__(self, runs: Mapping[str, Trace], verdict: Any, lights: bool) -> None:
        self.runs = runs
        self.calls = {label: calls_of(positioned(trace)) for label, trace in runs.items()}
        self.verdicts = self._verdicts(verdict)
        self.quorums = quorums_of(runs.values())
        self.operations = any(self.calls.values())
        self.is_needed = bool(lights or self.operations or self.quorums)

    def _verdicts(self, verdict: Any) -> dict[str, Placed]:
        given = verdict if isinstance(verdict, Mapping) else dict.fromkeys(self.runs, verdict)
        for label in given:
            if label not in self.runs:
                raise ArgumentError(
                    f"verdict must be of a run of the figure, {', '.join(self.runs)}, but it names {shown(label)}"
                )
        if len(self.runs) > 1 and verdict is not None and not isinstance(verdict, Mapping):
            raise ArgumentTypeError("verdict must be {label: verdict} where a figure has several runs")
        found = {label: placed(one, self.calls[label]) for label, one in given.items() if one is not None}
        for label in found:
            if not self.calls[label]:
                raise ArgumentError(f"verdict needs operations, but the run {label!r} outputs none")
        return found

    def check(self, panel: str) -> None:
        """Raise an error where `panel` is a view of the judges that this figure does not have."""
        if panel == "operations" and not self.operations:
            raise ArgumentError("panel must not be 'operations': no node of the runs outputs an Operation")
        if panel == "quorums" and self.quorums is None:
            raise ArgumentError(
                "panel must not be 'quorums': no node of the runs declares a quorum (views.quorums)"
            )

    def of_figure(self) -> dict[str, Any]:
        """Return what the figure as a whole carries."""
        if not self.is_needed:
            return {}
        return {"judges": {"operations": self.operations}, "quorums": self.quorums}

    def of_run(self, label: str) -> dict[str, Any]:
        """Return what the figure carries for one run."""
        if not self.is_needed:
            return {}
        verdict = self.verdicts.get(label)
        as_json = (
            {"outcome": verdict.outcome, "order": verdict.order, "stuck": verdict.stuck} if verdict else None
        )
        extras = {"final": judged_at_the_end(self.runs[label]), "verdict": as_json}
        return {key: value for key, value in extras.items() if value}

    def of_first(self) -> tuple[tuple[Call, ...], Placed | None]:
        """Return the operations of the first run and its verdict."""
        label = next(iter(self.runs))
        return self.calls[label], self.verdicts.get(label)

    def height(self, panel: str) -> int:
        """Return the px that the judges add to a figure."""
        rows = len({call.process for calls in self.calls.values() for call in calls})
        room = min(110 + 50 * rows, 320) if panel == "operations" else 80 if panel == "quorums" else 0
        laws = sum(len(trace.header.laws) for trace in self.runs.values()) + len(self.verdicts)
        return room + 34 * min(1 + laws // 5, 3) if self.is_needed else 0


def judged_at_the_end(trace: Trace) -> dict[str, bool]:
    """Return {law: whether it was judged} of the laws that must hold finally.

    They are judged once, after the faults have healed, where the run came to its end; a run that a broken law or the
    budget stopped, and one without a healed phase, never got there.
    """
    try:
        known = {law.name for law in systems.find(trace.header.system).laws if law.when == FINALLY}
    except DistsysError:
        return {}
    reached = trace.ended == "complete" and bool(trace.header.driver.get("settle"))
    return {name: reached for name in trace.header.laws if name in known}
