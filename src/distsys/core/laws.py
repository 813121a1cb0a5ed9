"""Laws: what must hold in every run, each with a name, a sentence, and a check.

A law is a pure function over what can be seen of a run at one moment (`World`). It returns None while it
holds, or one sentence of evidence: who, when, what. Laws stand beside their protocol; drivers only run
them, after each step. A law that needs the past keeps a *memory*, an immutable value that the driver
carries from step to step, so that the explorer can carry it too.

A law that has to hold always is a safety law. One that has to hold at the end, after all faults have been
healed and the system had time to recover, is a liveness law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .errors import ArgumentError
from .events import Output
from .node import Node
from .values import must_be_immutable

if TYPE_CHECKING:
    from .trace import Step

ALWAYS = "always"
FINALLY = "finally"


class World(Protocol):
    """What a law may look at: the cluster after one step. Nothing here may be changed."""

    @property
    def at(self) -> int:
        """The time of the driver, in microseconds (no node can read it)."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes that are up, by name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all nodes, up or not, in order."""

    @property
    def outputs(self) -> Mapping[str, Sequence[Any]]:
        """All that each node has ever output, in order; a crash does not take it back."""

    @property
    def asked(self) -> Mapping[str, Sequence[Any]]:
        """All that clients have asked of each node while it was up, in order: what `outputs` answers to."""

    @property
    def step(self) -> Any:
        """The `Step` that was just handled (the drops and the crash it led to come after it); None before the first."""


def acted(world: World) -> Node | None:
    """Return the node that handled the last step, if it is up and the step is whole; None after a fault.

    While a disk stalls in the middle of a step, the memory of the node is ahead of all that it has done: it does
    nothing else until the disk goes on, and then the laws look again.
    """
    step = world.step
    if step is None or step.event is None or step.kept < len(step.effects):
        return None
    return world.nodes.get(step.node)


def outputs(step: Step | None, *kinds: type) -> tuple[Any, ...]:
    """Return what was output in a step, in order; of these classes, where any are named."""
    if step is None:
        return ()
    values = (effect.value for effect in step.effects[: step.kept] if isinstance(effect, Output))
    return tuple(value for value in values if not kinds or isinstance(value, kinds))


Check = Callable[[World], str | None]
Fold = Callable[[Any, World], tuple[Any, str | None]]


@dataclass(frozen=True)
class Law:
    """A named law; `fold(memory, world)` returns the next memory, and None or the evidence."""

    name: str
    says: str
    fold: Fold
    when: str = ALWAYS
    start: Any = None
    remembers: bool = False  # a law that holds finally is folded at each step as well when it has a memory

    def __post_init__(self) -> None:
        must_be_immutable(f"start of the law {self.name!r}", self.start)
        if self.when not in (ALWAYS, FINALLY):
            raise ArgumentError(f"when must be {ALWAYS!r} or {FINALLY!r}, but it is {self.when!r}")


def law(name: str, says: str, *, when: str = ALWAYS) -> Callable[[Check], Law]:
    """Make a law of a function from the world to None or the evidence."""

    def wrap(check: Check) -> Law:
        return Law(name, says, lambda memory, world: (memory, check(world)), when)

    return wrap


def law_with_memory(name: str, says: str, *, start: Any, when: str = ALWAYS) -> Callable[[Fold], Law]:
    """Make a law of a function from (memory, world) to (next memory, None or the evidence).

    With `when=FINALLY` the memory is carried from step to step too, but evidence counts only in one last call at
    the end of the run, in which `world.step` is None.
    """

    def wrap(fold: Fold) -> Law:
        return Law(name, says, fold, when, start, remembers=True)

    return wrap


@dataclass(frozen=True)
class Violation:
    """A law was broken: which, by what evidence, and at which step of the trace (0: at the end)."""

    law: str
    evidence: str
    step: int
