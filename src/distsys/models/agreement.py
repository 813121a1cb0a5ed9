"""Agreement in shared memory: who decides, with registers, with test-and-set, and with compare-and-set.

Each process has an input and decides a value: the same for all, and somebody's input. It may not wait for anybody, so
each of its steps leads on, whatever the others do: the algorithms are wait-free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from distsys.core import EMPTY, Map, World, law
from distsys.core.systems import Members, System, register

from .cells import Cell
from .process import DONE, Memory, Process


class Decider(Process):
    """A process that decides. Fields: `value`, its input; `everybody`, the names in order; `decided`, None before.

    Cells: `input-<name>`, where a process tells its input; `first`, where all meet.
    """

    declared = {"at": "at", "decided": "decided"}
    first: ClassVar[str] = "announce"

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, value: Any, everybody: tuple[str, ...]
    ) -> None:
        super().__init__(name, disk)
        self.value = value
        self.everybody = everybody
        self.decided: Any = None

    @property
    def others(self) -> tuple[str, ...]:
        """All but this process."""
        return tuple(name for name in self.everybody if name != self.name)

    def announce(self, memory: Memory) -> None:
        """Write the input where the others can read it."""
        memory.write(f"input-{self.name}", self.value)
        self.at = "race"

    def decide(self, value: Any) -> None:
        """Decide, and take no further step."""
        self.decided = value
        self.at = DONE


class SmallestSeen(Decider):
    """By registers only: look at the other's input, and decide the smaller one of what is seen. It fails."""

    def race(self, memory: Memory) -> None:
        """Read the input of the other."""
        theirs = memory.read(f"input-{self.others[0]}")
        self.decide(self.value if theirs is None else min(self.value, theirs))


class ByTestAndSet(Decider):
    """Whoever sets the flag first wins; the other one takes the winner's input. For two; of three it fails."""

    def race(self, memory: Memory) -> None:
        """Set the flag, and see whether somebody was first."""
        if memory.exchange("first", True):
            self.at = "yield_to_winner"
        else:
            self.decide(self.value)

    def yield_to_winner(self, memory: Memory) -> None:
        """Read the input of somebody who may have won: of the first other one."""
        self.decide(memory.read(f"input-{self.others[0]}"))


class ByCompareAndSet(Decider):
    """Put the input where nothing is yet; what was there before has won. For any number."""

    first = "race"

    def race(self, memory: Memory) -> None:
        """One step, and all is said."""
        before = memory.compare_and_set("first", None, self.value)
        self.decide(self.value if before is None else before)


def decisions(world: World) -> dict[str, Any]:
    """Return what each process that has decided decided."""
    found = {name: getattr(node, "decided", None) for name, node in world.nodes.items()}
    return {name: value for name, value in found.items() if value is not None}


@law("agreement", "All that decide decide the same value.")
def agreement(world: World) -> str | None:
    """One value."""
    made = decisions(world)
    told = " and ".join(f"{name} decides {value}" for name, value in made.items())
    return told if len(set(made.values())) > 1 else None


@law("validity", "What is decided is the input of some process.")
def validity(world: World) -> str | None:
    """Nothing out of the air."""
    inputs = {node.value for node in world.nodes.values() if isinstance(node, Decider)}
    for name, value in decisions(world).items():
        if value not in inputs:
            return f"{name} decides {value}, but the inputs are {sorted(inputs)}"
    return None


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the processes with inputs 1, 2, ... and the cells between them."""
    inputs = tuple(options["inputs"]) or tuple(range(1, len(names) + 1))
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for place, name in enumerate(names):
        found[name] = ("process", {"value": inputs[place], "everybody": names})
        if place == 0:
            found["first"] = ("cell", {"value": options["start"]})
        found[f"input-{name}"] = ("cell", {})
    used = found if options["tells"] else {name: who for name, who in found.items() if "input-" not in name}
    return {name: who for name, who in used.items() if options["meets"] or name != "first"}


def _system(name: str, says: str, kind: type[Decider], **options: Any) -> System:
    settled = {"nodes": ("p1", "p2"), "inputs": (), "start": None, "tells": True, "meets": True, **options}
    laws = (agreement, validity)
    return register(System(name, says, {"process": kind, "cell": Cell}, members, laws, settled))


BY_REGISTERS = _system(
    "agree-by-registers", "Two processes try to agree by reads and writes.", SmallestSeen, meets=False
)
BY_TEST_AND_SET = _system(
    "agree-by-test-and-set", "Processes agree by who sets a flag first.", ByTestAndSet, start=False
)
BY_COMPARE_AND_SET = _system(
    "agree-by-compare-and-set", "Processes agree by who fills a cell first.", ByCompareAndSet, tells=False
)

Table = Callable[[int, int | None], int]  # (own input, what was seen of the other) -> decision


def two_step_tables() -> tuple[Map[tuple[int, Any], int], ...]:
    """Return all 64 ways to decide 0 or 1 by one's own input and what was read of the other: None, 0 or 1.

    >>> len(two_step_tables())
    64
    """
    keys = tuple((own, seen) for own in (0, 1) for seen in (None, 0, 1))
    return tuple(
        Map({key: number >> place & 1 for place, key in enumerate(keys)}) for number in range(2 ** len(keys))
    )


def agree_always(one: Map[tuple[int, Any], int], two: Map[tuple[int, Any], int]) -> bool:
    """Return whether two tables agree, and decide an input, for all inputs and in all orders.

    Each process writes its input and then reads the other's. So at least one of them sees the other: in the orders
    that are possible the first sees nothing, or the second, or neither misses the other.
    """
    for a in (0, 1):
        for b in (0, 1):
            for sees_a, sees_b in ((None, a), (b, None), (b, a)):
                decided = {one[a, sees_a], two[b, sees_b]}
                if len(decided) > 1 or not decided <= {a, b}:
                    return False
    return True
