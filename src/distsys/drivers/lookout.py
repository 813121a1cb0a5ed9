"""The laws of an exploration: what they may see, and what is remembered of their verdicts.

A law is a function of its memory and of the `World`. So its verdict is asked once for each pair of memories and local
states of the nodes; when the law looks at the step as well, once for each step that leads there. The proxy below
notes what a law looks at. Outputs, requests and causes of steps belong to the path and not to the state of a node, so
states keep them only when some law looks at them: the exploration starts again when it finds that out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distsys.core.errors import DistsysError
from distsys.core.events import Effect, Event
from distsys.core.laws import FINALLY, Law, Violation
from distsys.core.node import Node
from distsys.core.trace import Cause
from distsys.core.values import Map

from .explorer_input import answer
from .judge import LawError
from .localsteps import Entry, Keeping, LocalSteps, LookAgain

ASK_WITH_STEP = -1  # in place of a verdict: it depends on the step
KEPT = 1 << 20  # more effects than a step has


class SeenStep:
    """The step that a law looks at, as `core.trace.Step` shows it."""

    def __init__(self, entry: Entry, kept: int, keeping: Keeping) -> None:
        self._entry = entry
        self._keeping = keeping
        self.kept = kept
        self.kind = entry.kind
        self.node = entry.name
        self.event: Event | None = entry.event
        self.effects: tuple[Effect, ...] = entry.effects
        self.detail: Map[str, Any] = entry.detail
        self.at = entry.now

    @property
    def number(self) -> int:
        """The number of the step in its run."""
        if not self._keeping.causes:
            raise LookAgain("causes")
        return self._entry.number

    @property
    def cause(self) -> Cause | None:
        """The step and the effect that this step goes back to."""
        if not self._keeping.causes:
            raise LookAgain("causes")
        return self._entry.cause


class SeenWorld:
    """What a law may look at (core.laws.World); `looked_at_step` says whether it looked at the step."""

    def __init__(self, table: LocalSteps, locals_: Sequence[int], entry: Entry | None, kept: int) -> None:
        self._table = table
        self._locals = [table.locals[number] for number in locals_]
        self._entry = entry
        self._kept = kept
        self.looked_at_step = False
        self.names = table.names

    @property
    def at(self) -> int:
        """The reading of the clock, which stands still unless the bounds have ticks."""
        self.looked_at_step = True
        return self._entry.now if self._entry is not None else 0

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes that are up."""
        return {self.names[local.place]: local.node for local in self._locals if local.node is not None}

    @property
    def outputs(self) -> Mapping[str, Sequence[Any]]:
        """All that each node has output."""
        if not self._table.keeping.outputs:
            raise LookAgain("outputs")
        return {name: local.outputs for name, local in zip(self.names, self._locals, strict=True)}

    @property
    def asked(self) -> Mapping[str, Sequence[Any]]:
        """All that clients have asked of each node."""
        if not self._table.keeping.asked:
            raise LookAgain("asked")
        return {name: local.asked for name, local in zip(self.names, self._locals, strict=True)}

    @property
    def step(self) -> SeenStep | None:
        """The step that leads to this state."""
        self.looked_at_step = True
        return SeenStep(self._entry, self._kept, self._table.keeping) if self._entry is not None else None


class Lookout:
    """Folds the laws over the steps of an exploration; memories are numbered."""

    def __init__(self, laws: Sequence[Law], goals: Mapping[str, Callable[[Any], Any]], table: LocalSteps):
        self.table = table
        self.laws = tuple(law for law in laws if law.when != FINALLY)
        self.goals = dict(goals)
        self.unreached = dict.fromkeys(goals)
        self.reached: dict[
            str, tuple[Any, Entry, int]
        ] = {}  # goal -> state before, step that reached it, kept
        self.apart: set[str] = set()  # goals not reached yet but under other names
        self.views: Callable[[int, Entry, int], list[SeenWorld]] | None = None  # a step under other names
        self.state: Any = None  # the state whose next states are being found
        self.memories: list[tuple[Any, ...]] = []
        self._ids: dict[tuple[Any, ...], int] = {}
        self.broken: dict[
            int, Violation
        ] = {}  # number of memories -> the law that was broken on the way there
        self._verdicts: dict[tuple[int, ...], int] = {}
        self.first = self.number_of(tuple(law.start for law in self.laws))
        self.silent = not self.laws and not self.goals

    def number_of(self, memories: tuple[Any, ...], violation: Violation | None = None) -> int:
        """Return the number of what the laws remember."""
        key = (memories, violation)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.memories)
            self.memories.append(memories)
            if violation is not None:
                self.broken[found] = violation
        return found

    def look(self, memories: int, conf: int, locals_: Sequence[int], entry: Entry, kept: int) -> int:
        """Return the number of the memories after the laws looked at a step and the state it leads to."""
        key: tuple[int, ...] = (memories, conf)
        found = self._verdicts.get(key)
        if found == ASK_WITH_STEP:
            key = (memories, conf, entry.key * KEPT + kept)
            found = self._verdicts.get(key)
        if found is None:
            world = SeenWorld(self.table, locals_, entry, kept)
            found = self._ask(memories, world, entry, kept)
            self._seek(world, conf, entry, kept)
            if world.looked_at_step:
                self._verdicts[memories, conf] = ASK_WITH_STEP
                self._verdicts[memories, conf, entry.key * KEPT + kept] = found
            else:
                self._verdicts[key] = found
        return found

    def failed(self, memories: int, entry: Entry) -> int:
        """Return the memories of a run in which a handler met a false assertion."""
        assert entry.failure is not None, "only a step that failed"
        return self.number_of(self.memories[memories], Violation("assertion", entry.failure, 0))

    def _ask(self, number: int, world: SeenWorld, entry: Entry, kept: int) -> int:
        memories = list(self.memories[number])
        violation: Violation | None = None
        for place, law in enumerate(self.laws):
            evidence: str | None
            try:
                memories[place], evidence = law.fold(memories[place], world)
            except AssertionError as broken:
                evidence = str(broken) or "an assertion without a text"
            except DistsysError:
                raise
            except Exception as problem:
                raise LawError(
                    f"the law {law.name!r} failed: {type(problem).__name__}: {problem}"
                ) from problem
            if evidence is not None and violation is None:
                violation = Violation(law.name, evidence, 0)
        return self.number_of(tuple(memories), violation)

    def _seek(self, world: SeenWorld, conf: int, entry: Entry, kept: int) -> None:
        """Note which goals are reached, and which would be if the nodes had other names."""
        for name in tuple(self.unreached):
            if answer("goal", name, self.goals[name], world):
                del self.unreached[name]
                self.reached[name] = (self.state, entry, kept)
        sought = [name for name in self.unreached if name not in self.apart]
        for view in self.views(conf, entry, kept) if self.views is not None and sought else ():
            self.apart.update(name for name in sought if answer("goal", name, self.goals[name], view))
            world.looked_at_step |= view.looked_at_step

    def look_under_all_names(self, views: Callable[[int, Entry, int], list[SeenWorld]]) -> None:
        """Ask goals under all names from now on, also about what was looked at before."""
        self.views = views
        self._verdicts.clear()
