"""`Trace`: the one record of a run. Every driver writes it; viewers and checkers read nothing else.

A step says when, where and what: which node handled which event, which effects it wanted, how many of them were
carried out (a crash keeps a prefix), and which earlier step caused it. Together with the header (system,
options, mutant, seed) that is enough to build the nodes anew, hand them the same events, and see the same
effects: states are not stored, they are found again by replay.

Steps are numbered from 1, so that "step 7" in the prose, in the picture and in a link is the same.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ArgumentTypeError, file_path, shown, whole_number
from .events import Deliver, Effect, Event, Send
from .laws import Violation
from .values import EMPTY, Map, unchecked

VERSION = 1

HANDLED = ("start", "restart", "deliver", "timeout", "invoke")  # a node handles an event
NODE_FAULTS = ("crash", "pause", "resume", "stall", "unstall", "wipe", "full", "free", "skew", "clock")
LINK_EVENTS = ("drop", "duplicate", "partition", "cut", "heal", "link")
MEMORY_EVENTS = ("read", "write", "swap")  # steps on the cells of a shared memory
OTHER = ("return", "note")
KINDS = frozenset(HANDLED + NODE_FAULTS + LINK_EVENTS + MEMORY_EVENTS + OTHER)

Cause = tuple[int, int]  # number of the step, and position of the effect in it


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run.

    number   from 1
    at       time of the driver, microseconds
    kind     one of `KINDS`
    node     where: a node, a client, a memory cell; "" for what concerns the network as a whole
    event    what the node handled; None for a fault
    effects  what it wanted, in order
    kept     how many of the effects were carried out
    cause    (step, effect) that this step goes back to: the send of a delivery, the SetTimer of a timeout
    detail   what else a reader needs: {"to": ..., "groups": ...}
    """

    number: int
    at: int
    kind: str
    node: str
    event: Event | None = None
    effects: tuple[Effect, ...] = ()
    kept: int = 0
    cause: Cause | None = None
    detail: Map[str, Any] = EMPTY


written = unchecked(Step)  # drivers write one for all that happens, so it is made the fast way


@dataclass(frozen=True)
class Header:
    """What a trace says about the run as a whole; enough to build the nodes and, for a simulation, to run it again."""

    system: str
    options: Map[str, Any]
    mutant: str | None
    seed: int
    names: tuple[str, ...]
    declared: Map[str, Any]  # node -> Map of what its picture shows: {name in the picture: field}
    driver: Map[str, Any]  # which driver, and its settings
    laws: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trace:
    """A run: a header, its steps, and what the laws said of it.

    A trace is a sequence of steps; `trace.step(7)` is step 7, `trace[0]` is the first.
    """

    header: Header
    steps: tuple[Step, ...]
    violations: tuple[Violation, ...] = ()
    ended: str = "complete"  # why the driver stopped: complete, violation, budget
    _by_cause: dict[Cause, list[int]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, position: int) -> Step:
        return self.steps[position]

    def __repr__(self) -> str:
        head = self.header
        mutant = f", mutant={head.mutant!r}" if head.mutant else ""
        verdict = (
            f"violates {self.violations[0].law!r} at step {self.violations[0].step}"
            if self.violations
            else f"no violation of {len(head.laws)} laws"
        )
        return f"<Trace {head.system}{mutant}, seed={head.seed}: {len(self.steps)} steps, {verdict}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """How a notebook shows a trace: as `show_with` says, else as a line of text."""
        module, _, name = DISPLAY[-1].partition(":") if DISPLAY else ("", "", "")
        if not module:
            return {"text/plain": repr(self)}
        bundle: dict[str, str] = getattr(importlib.import_module(module), name)(self)
        return bundle

    def step(self, number: int) -> Step:
        """Return step `number`, counted from 1."""
        whole_number("number", number, at_least=1, at_most=len(self.steps))
        return self.steps[number - 1]

    @property
    def violation(self) -> Violation | None:
        """The first broken law, or None."""
        return self.violations[0] if self.violations else None

    def slice(self, first: int, last: int) -> tuple[Step, ...]:
        """Return the steps numbered `first` to `last`, both included."""
        return self.steps[max(first, 1) - 1 : last]

    def effects_of(self, number: int, position: int) -> tuple[Step, ...]:
        """Return the steps that effect `position` of step `number` caused: deliveries, drops, a timeout."""
        if not self._by_cause:
            for step in self.steps:
                if step.cause is not None:
                    self._by_cause.setdefault(step.cause, []).append(step.number)
        return tuple(self.step(n) for n in self._by_cause.get((number, position), ()))

    def messages(self) -> Iterator[tuple[Step, int, Send, tuple[Step, ...]]]:
        """Yield each message that was sent: its step, its position there, the Send, and where it ended.

        A message that ended nowhere was still in flight when the run stopped.
        """
        for step in self.steps:
            for position, effect in enumerate(step.effects[: step.kept]):
                if isinstance(effect, Send):
                    yield step, position, effect, self.effects_of(step.number, position)

    def happened_before(self) -> tuple[frozenset[int], ...]:
        """Return, for each step in order, the numbers of all steps that happened before it (Lamport 1978).

        Step a happened before step b when both are at one node and a is earlier, when a sent the
        message that b delivers, or by a chain of such pairs. Steps without an event take no part. The result
        is ground truth for tests of logical clocks; it costs quadratic space.
        """
        pasts: list[frozenset[int]] = []
        last_at: dict[str, int] = {}
        for step in self.steps:
            if step.event is None:
                pasts.append(frozenset())
                continue
            before: set[int] = set()
            sources = [last_at.get(step.node, 0)]
            if step.cause is not None and isinstance(step.event, Deliver):
                sources.append(step.cause[0])
            for source in sources:
                if source:
                    before |= pasts[source - 1] | {source}
            pasts.append(frozenset(before))
            last_at[step.node] = step.number
        return tuple(pasts)

    def outputs(self) -> dict[str, tuple[Any, ...]]:
        """Return all that each node output, in order."""
        from .events import Output

        result: dict[str, list[Any]] = {name: [] for name in self.header.names}
        for step in self.steps:
            for effect in step.effects[: step.kept]:
                if isinstance(effect, Output):
                    result[step.node].append(effect.value)
        return {name: tuple(values) for name, values in result.items()}

    # Reading and writing; the format itself is in core.trace_file.

    def text(self) -> str:
        """Return the trace as canonical JSON lines."""
        from .trace_file import write

        return write(self)

    def digest(self) -> str:
        """Return the SHA-256 of `text()`, hexadecimal: equal digests, equal runs."""
        import hashlib

        return hashlib.sha256(self.text().encode()).hexdigest()

    def save(self, path: str | Path) -> Path:
        """Write the trace as JSON lines to `path`, and return the path."""
        path = file_path("path", path)
        path.write_bytes(self.text().encode())
        return path

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read a trace; a `TraceError` names the line that is wrong."""
        from .trace_file import read

        return read(file_path("path", path).read_bytes(), str(path))

    @classmethod
    def loads(cls, text: str | bytes) -> Trace:
        """Read a trace from its text."""
        from .trace_file import read

        if not isinstance(text, (str, bytes)):
            raise ArgumentTypeError(f"text must be a str or bytes, but it is {shown(text)}")
        return read(text.encode() if isinstance(text, str) else text, "the trace")


DISPLAY: list[str] = []  # "module:function", loaded when a notebook shows a trace; the last one counts


def show_with(place: str) -> None:
    """Say which function, as "module:function", gives the MIME bundle of a trace; nothing is imported yet."""
    DISPLAY.append(place)


def apply_to_disk(disk: Map[str, Any], changes: Mapping[str, Any]) -> Map[str, Any]:
    """Return the disk after one atomic record: its keys replaced or added."""
    return disk.update(changes)


def place_names(header: Header, steps: Sequence[Step]) -> tuple[str, ...]:
    """Return all places of a trace that need a lane: the nodes, then clients and cells as they appear."""
    lanes = dict.fromkeys(header.names)
    for step in steps:
        if step.node:
            lanes.setdefault(step.node)
    return tuple(lanes)
