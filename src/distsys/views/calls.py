"""Operations of clients as a picture needs them: when, what was asked, what came back; and the faults beside them.

`Call` joins the two records of an operation (`core.operations`). Positions are steps where the operations stand in a
trace, and places in the history, from 1, where there is no trace. A picture shows what there is and judges nothing: an
end without a beginning is left out, and what a process began anew without an end before stays open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from distsys.core.errors import ArgumentTypeError, shown
from distsys.core.events import Output
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.core.trace import Trace

from .words import brief, groups

READS = ("read", "get")  # operations whose answer is shown although it is none


@dataclass(frozen=True)
class Call:
    """One operation of a client.

    start    position of its invoke
    stop     position of its ok or fail; 0 where it is open to the end
    gave_up  position of its info; 0 where there is none
    place    which event of the history its invoke is, from 1
    """

    process: str
    f: str
    key: Any
    asked: Any
    start: int
    ending: str = INFO
    answer: Any = None
    stop: int = 0
    gave_up: int = 0
    place: int = 0

    @property
    def label(self) -> str:
        """What stands at its interval: 'put x=1', 'get x -> 1'.

        >>> Call("c1", "put", "x", 1, 1, "ok", None, 2).label, Call("c1", "read", None, None, 1, "ok", 7, 2).label
        ('put x=1', 'read -> 7')
        """
        key = "" if self.key is None else f" {brief(self.key)}"
        asked = "" if self.asked is None else f"{'=' if key else ' '}{brief(self.asked)}"
        says = self.ending == OK and self.answer != self.asked and self.answer is not None
        reads = self.ending == OK and self.answer is None and self.f in READS
        return f"{self.f}{key}{asked}{f' -> {brief(self.answer)}' if says or reads else ''}"


def positioned(history: Any) -> list[tuple[int, Operation]]:
    """Return the operations of a trace at their steps, or of any iterable of `Operation` at their places in it."""
    if isinstance(history, Trace):
        return [
            (step.number, effect.value)
            for step in history
            for effect in step.effects[: step.kept]
            if isinstance(effect, Output) and isinstance(effect.value, Operation)
        ]
    events = list(history) if isinstance(history, Iterable) and not isinstance(history, str) else [history]
    for event in events:
        if not isinstance(event, Operation):
            raise ArgumentTypeError(
                f"history must be a Trace or hold Operations, but it holds {shown(event)} "
                f"of type {type(event).__name__}"
            )
    return list(enumerate(events, 1))


def calls_of(events: Iterable[tuple[int, Operation]]) -> tuple[Call, ...]:
    """Return the operations in the order in which they began."""
    calls: list[Call] = []
    open_one: dict[str, int] = {}
    for place, (position, event) in enumerate(events, 1):
        if event.type == INVOKE:
            open_one[event.process] = len(calls)
            calls.append(Call(event.process, event.f, event.key, event.value, position, place=place))
        elif event.process in open_one:
            number = open_one.pop(event.process)
            ended = (
                {"gave_up": position}
                if event.type == INFO
                else {"stop": position, "ending": event.type, "answer": event.value}
            )
            calls[number] = replace(calls[number], **ended)
    return tuple(calls)


@dataclass(frozen=True)
class Fault:
    """What lasts from one step to another (0: to the end), or happens at one (`stop` equals `start`)."""

    start: int
    stop: int
    kind: str  # down, pause, stall, full, split, mark
    words: str


BEGINS = {"crash": "down", "pause": "pause", "stall": "stall", "full": "full"}
ENDS = {"start": "down", "restart": "down", "resume": "pause", "unstall": "stall", "free": "full"}
NAMES = {
    "down": "down", "pause": "paused", "stall": "disk hangs", "full": "disk full",
    "skew": "clock", "clock": "clock", "wipe": "disk lost", "link": "link",
}  # fmt: skip


def faults_of(trace: Trace) -> tuple[Fault, ...]:
    """Return the faults of a run in the order in which they began: what is drawn on the axis of the operations."""
    found: list[Fault] = []
    lasting: dict[tuple[str, str], int] = {}

    def end(node: str, kind: str, at: int) -> None:
        place = lasting.pop((node, kind), None)
        if place is not None:
            found[place] = replace(found[place], stop=at)

    for step in trace:
        node, kind, at = step.node, step.kind, step.number
        if kind in BEGINS and (node, BEGINS[kind]) not in lasting:
            if kind == "crash":
                end(node, "pause", at)
            lasting[node, BEGINS[kind]] = len(found)
            found.append(Fault(at, 0, BEGINS[kind], f"{node} {NAMES[BEGINS[kind]]}"))
        elif kind in ENDS:
            end(node, ENDS[kind], at)
        elif kind in ("partition", "cut"):
            words = groups(step) if kind == "partition" else f"{node} not to {step.detail.get('to')}"
            lasting[str(len(found)), "split"] = len(found)
            found.append(Fault(at, 0, "split", words))
        elif kind == "heal":
            for name, what in [key for key in lasting if key[1] == "split"]:
                end(name, what, at)
        elif kind in NAMES:
            found.append(Fault(at, at, "mark", f"{node} {NAMES[kind]}".strip()))
    return tuple(found)
