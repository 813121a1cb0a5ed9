"""A path through the states of an exploration, written as a `Trace`, so that it can be replayed, drawn and saved."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from distsys.core.events import CancelTimer, Send, SetTimer, Start
from distsys.core.laws import Violation
from distsys.core.trace import Cause, Header, Step, Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .localsteps import Entry, Message
from .nodespace import CLIENT, Act, NodeSpace, State

BETWEEN = 1 * MS  # between two steps, so that a picture has room: an exploration has no time of its own


def path_of(space: NodeSpace, states: list[State]) -> list[Act]:
    """Return the first action that leads from each state of a path to the next."""
    return [
        next(act for act, following in space.successors(before) if following == after)
        for before, after in pairwise(states)
    ]


def trace_of(
    space: NodeSpace,
    acts: Iterable[Act],
    header: Header,
    violation: Violation | None = None,
) -> Trace:
    """Return the run that consists of these actions, after the starts of all nodes."""
    writer = _Writer(space)
    for act in space.initial()[0]:
        writer.write(act)
    for act in acts:
        writer.write(act)
    violations: tuple[Violation, ...] = ()
    if violation is not None:
        violations = (Violation(violation.law, violation.evidence, writer.judged),)
    ended = "violation" if violations else "complete"
    return Trace(header, tuple(writer.steps), violations, ended)


def header_of(space: NodeSpace, seed: int, settings: Map[str, Any], laws: tuple[str, ...]) -> Header:
    """Return the header of a run that an exploration found."""
    cluster = space.cluster
    return Header(
        system=cluster.system.name,
        options=cluster.options,
        mutant=cluster.mutant.id if cluster.mutant else None,
        seed=seed,
        names=cluster.names,
        declared=Map({name: Map(cluster.kind_of(name).declared) for name in cluster.names}),
        driver=settings.set("kind", "explorer"),
        laws=laws,
    )


class _Writer:
    """Writes steps, and finds the cause of each: of equal messages the one that was sent first is taken."""

    def __init__(self, space: NodeSpace) -> None:
        self.space = space
        self.steps: list[Step] = []
        self.judged = 0  # number of the last step that the laws looked at
        self.flying: dict[Message, deque[Cause]] = defaultdict(deque)
        self.timers: dict[tuple[str, str], Cause] = {}

    def write(self, act: Act) -> None:
        """Write the steps of one action."""
        match act.what:
            case "lose" | "duplicate":
                self._network(act)
            case "refuse":
                assert act.kept is not None, "the number of the request"
                detail = {"from": CLIENT, "to": self.space.requests[act.kept].node, "why": "down"}
                self._step("drop", self.space.requests[act.kept].node, detail=Map(detail))
            case "crash" | "wipe":
                assert act.entry is not None, "a crash has a step"
                self._crash(act.entry.name, act.entry.detail)
                if act.what == "wipe":
                    self.judged = self._step("wipe", act.entry.name)
            case "tick":
                pass  # only events show the clock
            case _:
                assert act.entry is not None, "an event has a step"
                self._handled(act.entry, act)

    def _handled(self, entry: Entry, act: Act) -> None:
        cause: Cause | None = None
        if act.message >= 0:
            cause = self.flying[self._message(act.message)].popleft()
        elif entry.kind == "timeout":
            cause = self.timers.pop((entry.name, entry.event.timer))  # type: ignore[union-attr]
        if isinstance(entry.event, Start):
            self._forget(entry.name)
        kept = len(entry.effects) if act.kept is None else act.kept
        number = self._step(
            entry.kind, entry.name, event=entry.event, effects=entry.effects, kept=kept, cause=cause
        )
        self.judged = number
        for position, effect in enumerate(entry.effects[:kept]):
            match effect:
                case Send(to, body):
                    message = Message(entry.name, self.space.table.places[to], body, None)
                    self.flying[message].append((number, position))
                case SetTimer(timer):
                    self.timers[entry.name, timer] = (number, position)
                case CancelTimer(timer):
                    self.timers.pop((entry.name, timer), None)
        if act.kept is not None:
            self._crash(entry.name, Map({"why": "in the middle of a step"}))
        elif entry.failure is not None:
            self._crash(entry.name, Map({"why": "assertion"}))
            self.judged = number

    def _message(self, number: int) -> Message:
        return self.space.table.messages[number]._replace(cause=None)

    def _crash(self, name: str, detail: Map[str, Any]) -> None:
        self.judged = self._step("crash", name, detail=detail)
        self._forget(name)
        own = [m for m in self.flying if m.sender == name == self.space.cluster.names[m.to]]
        for message in own:
            del self.flying[message]

    def _forget(self, name: str) -> None:
        for key in [key for key in self.timers if key[0] == name]:
            del self.timers[key]

    def _network(self, act: Act) -> None:
        message = self._message(act.message)
        causes = self.flying[message]
        to = self.space.cluster.names[message.to]
        if act.what == "lose":
            detail = Map({"from": message.sender, "to": to, "why": "lost"})
            self._step("drop", message.sender, cause=causes.popleft(), detail=detail)
        else:
            self._step("duplicate", message.sender, cause=causes[0], detail=Map({"to": to}))
            causes.append(causes[0])

    def _step(
        self,
        kind: str,
        node: str,
        *,
        event: Any = None,
        effects: tuple[Any, ...] = (),
        kept: int = 0,
        cause: Cause | None = None,
        detail: Map[str, Any] = EMPTY,
    ) -> int:
        number = len(self.steps) + 1
        at = number * BETWEEN
        self.steps.append(Step(number, at, kind, node, event, effects, kept, cause, detail))
        return number
