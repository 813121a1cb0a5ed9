"""What a reader may choose of a run: seed, size, faults, and a fork. The same choices serve a page and a kernel.

Without a kernel the runs are made beforehand, as many as a page can bear (`prepared`); with one, each choice makes
a run (`run`, `forked`). A bound on the steps of a run keeps a reader from hanging the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError, shown, whole_number
from distsys.core.trace import Trace
from distsys.drivers import Crash, Cut, Heal, Partition, Pause, Restart, Resume, Simulator, fork
from distsys.drivers.faults import Action

Make = Callable[[int, Any, tuple[Action, ...]], Trace]
Forks = Mapping[str, tuple[Any, ...]]  # label -> (step, action, action, ...)

# What may happen to a node in a fork: the words that follow its name, and the actions.
RETURNS = "comes up again"
MOVES: dict[str, Callable[[str, tuple[str, ...]], tuple[Action, ...]]] = {
    "crashes": lambda name, names: (Crash(0, name),),
    RETURNS: lambda name, names: (Restart(0, name),),
    "is paused": lambda name, names: (Pause(0, name),),
    "goes on after a pause": lambda name, names: (Resume(0, name),),
    "is cut off from all others": lambda name, names: (Partition(0, ((name,),)),),
    "no longer hears the others": lambda name, names: tuple(Cut(0, n, name) for n in names if n != name),
    "is reached again, for all cuts heal": lambda name, names: (Heal(0),),
}


@dataclass(frozen=True)
class Choices:
    """The runs of one figure. `sizes` and `faults` have labels; the first of everything is the run to begin with."""

    make: Make
    seeds: tuple[int, ...]
    sizes: Mapping[str, Any]
    faults: Mapping[str, tuple[Action, ...]]
    forks: Forks = field(default_factory=dict)  # made beforehand, of the first run
    may_fork: bool = True
    steps_max: int = 2_000
    runs_max: int = 8
    last: int | None = None  # the last step that is shown

    def run(self, seed: int, size: str, faults: str) -> Trace:
        """Return the run of these choices; an error in one sentence where there is none."""
        trace = self.make(seed, self.sizes[size], self.faults[faults])
        return self._checked(trace)

    def forked(self, trace: Trace, at_step: int, actions: Iterable[Action]) -> Trace:
        """Return the run that goes another way after a step."""
        return self._checked(fork(trace, at_step, *actions))

    def _checked(self, trace: Any) -> Trace:
        if not isinstance(trace, Trace):
            raise ArgumentTypeError(f"make must return a Trace, but it returns {shown(trace)}")
        if len(trace) > self.steps_max:
            raise ArgumentError(
                f"the run has {len(trace)} steps, and a figure like this one shows at most {self.steps_max}"
            )
        return trace

    def label(self, seed: int, size: str, faults: str) -> str:
        """Return what tells a run from the others: only what differs between them."""
        parts = [f"seed {seed}"] if len(self.seeds) > 1 or seed != self.seeds[0] else []
        parts += [size] if len(self.sizes) > 1 else []
        parts += [faults] if len(self.faults) > 1 else []
        return ", ".join(parts) or f"seed {seed}"

    def first(self) -> tuple[int, str, str]:
        """Return the choices of the run to begin with."""
        return self.seeds[0], next(iter(self.sizes)), next(iter(self.faults))

    def prepared(self) -> dict[str, Trace]:
        """Return the runs for a page without a kernel, `runs_max` (of fewer seeds where there are more), and forks."""
        kinds = len(self.sizes) * len(self.faults)
        if kinds > self.runs_max:
            raise ArgumentError(
                f"runs_max must be at least {kinds}, one for each size with each kind of fault, "
                f"but it is {self.runs_max}"
            )
        chosen = product(self.seeds[: self.runs_max // kinds], self.sizes, self.faults)
        runs = {self.label(*choice): self.run(*choice) for choice in chosen}
        trace = runs[self.label(*self.first())]
        forks = self.forks or (self._usual_fork(trace) if self.may_fork and can_fork(trace) else {})
        return runs | {label: self.forked(trace, step, actions) for label, (step, *actions) in forks.items()}

    def _usual_fork(self, trace: Trace) -> Forks:
        """Return the fork that is made where the author names none: in the middle, the node that acts there crashes."""
        step = trace.step(self.middle(trace))
        name = step.node if step.node in trace.header.names else trace.header.names[0]
        return {
            f"{self.label(*self.first())}; after step {step.number} {name} crashes": (
                step.number,
                Crash(0, name),
            )
        }

    def middle(self, trace: Trace) -> int:
        """Return the step in the middle of what is shown of a run that can be forked."""
        last = last_before_healing(trace)
        return (min(last, self.last or last) + 1) // 2


def moves(trace: Trace) -> tuple[str, ...]:
    """Return what can happen to a node of this run: in a crash-stop system nobody comes up again."""
    back = systems.find(trace.header.system).restarts
    return tuple(move for move in MOVES if back or move != RETURNS)


def can_fork(trace: Trace) -> bool:
    """Return whether a run was simulated and has a step after which a fault may happen."""
    return trace.header.driver.get("kind") == "simulator" and last_before_healing(trace) > 0


def last_before_healing(trace: Trace) -> int:
    """Return the number of the last step after which a fault may happen; 0 where there is none."""
    healed = (step.number - 1 for step in trace if step.detail.get("phase") == "settle")
    last = next(healed, len(trace))
    return min(last, trace.violation.step - 1) if trace.ended == "violation" and trace.violation else last


def choices(
    make: str | Make,
    *,
    seeds: Iterable[int],
    nodes: Iterable[Any],
    faults: Mapping[str, Iterable[Action]],
    fork: bool | Forks,
    steps_max: int,
    runs_max: int,
    last: int | None,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Choices:
    """Return the choices of a figure, checked."""
    whole_number("steps_max", steps_max, at_least=1)
    whole_number("runs_max", runs_max, at_least=1)
    if isinstance(make, str):
        make = simulated(make, options, settings, steps_max)
    elif not callable(make):
        raise ArgumentTypeError(
            f"make must be the name of a system, or a function of seed, nodes and faults, but it is {shown(make)}"
        )
    elif options or settings:
        raise ArgumentTypeError("a function `make` has its own settings: give none to explore")
    numbers = tuple(whole_number("a seed", seed, at_most=2**53) for seed in seeds)
    sizes = {size_label(size): size for size in nodes}
    scripts = {str(label): tuple(actions) for label, actions in faults.items()}
    for argument, given in (("seeds", numbers), ("nodes", sizes), ("faults", scripts)):
        if not given:
            raise ArgumentError(f"{argument} must hold at least one choice, but it is empty")
    forks = fork if isinstance(fork, Mapping) else {}
    return Choices(make, numbers, sizes, scripts, forks, bool(fork), steps_max, runs_max, last)


def size_label(nodes: Any) -> str:
    """Return what a choice of nodes is called.

    >>> size_label(3), size_label(1), size_label(("ann", "bob"))
    ('3 nodes', '1 node', 'ann, bob')
    """
    if isinstance(nodes, (tuple, list)):
        return ", ".join(map(str, nodes))
    return f"{nodes} node{'' if nodes == 1 else 's'}"


def simulated(system: str, options: Mapping[str, Any], settings: Mapping[str, Any], steps_max: int) -> Make:
    """Return the function that runs a named system, with a budget."""
    if system not in systems.names():
        raise UnknownNameError(
            f"make must be the name of a system or a function, but {shown(system)} is none of "
            f"{', '.join(systems.names())}"
        )

    def make(seed: int, nodes: Any, faults: tuple[Action, ...]) -> Trace:
        cluster = systems.build(system, nodes=nodes, **options)
        return Simulator(cluster, seed, script=faults, steps_max=steps_max, **settings).run()

    return make
