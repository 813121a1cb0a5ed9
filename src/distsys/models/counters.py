"""Counters and naive locks in shared memory: what goes wrong without care, and what a retry costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, Map, World, law
from distsys.core.systems import Members, System, register

from .cells import Cell
from .mutual_exclusion import CRITICAL, Locker, mutual_exclusion
from .process import DONE, Memory, Process


class Adder(Process):
    """Adds one to x, `rounds` times, as a processor does it: load, then store. Fields: `seen`, what was loaded."""

    declared = {"at": "at", "seen": "seen"}
    first = "load"

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, rounds: int = 1, modulo: int = 0) -> None:
        super().__init__(name, disk)
        self.rounds = rounds
        self.modulo = modulo
        self.seen = 0

    def load(self, memory: Memory) -> None:
        """Read x."""
        self.seen = memory.read("x")
        self.at = "store"

    def store(self, memory: Memory) -> None:
        """Write one more than what was read."""
        memory.write("x", self.seen + 1)
        self.next_round()

    def next_round(self) -> None:
        """Begin again, or stop after the last round; no rounds are counted where they are 0."""
        self.at, self.seen = "load", 0
        if self.rounds:
            self.rounds -= 1
            self.at = "load" if self.rounds else DONE


class RetryingAdder(Adder):
    """Adds one by compare-and-set, and begins again where somebody was faster: lock-free, but not wait-free."""

    def store(self, memory: Memory) -> None:
        """Set x if it is still what was read."""
        new = self.seen + 1
        if memory.compare_and_set("x", self.seen, new % self.modulo if self.modulo else new) == self.seen:
            self.next_round()
        else:
            self.at, self.seen = "load", 0


@law("nothing is lost", "When all adders are done, x is as many as they added.")
def nothing_lost(world: World) -> str | None:
    """What an increment is for."""
    adders = [node for node in world.nodes.values() if isinstance(node, Adder)]
    x, added = getattr(world.nodes["x"], "value", 0), getattr(world.nodes["x"], "wanted", 0)
    if any(adder.at != DONE for adder in adders) or x == added:
        return None
    return f"{added} increments are done, and x is {x}"


class Counted(Cell):
    """A cell that knows how many increments are wanted in all, for the law only."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, value: int, wanted: int) -> None:
        super().__init__(name, disk, value=value)
        self.wanted = wanted


class RaisesFlag(Locker):
    """A lock of two flags: raise mine, then wait until yours is down. Both can wait for ever."""

    first = "raise_flag"

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, theirs: str) -> None:
        super().__init__(name, disk)
        self.theirs = theirs

    @property
    def claim(self) -> str:
        """The own flag."""
        return f"flag-{self.name}"

    def raise_flag(self, memory: Memory) -> None:
        """I want to enter."""
        memory.write(self.claim, True)
        self.at = "see_flag"

    def see_flag(self, memory: Memory) -> None:
        """Enter if the other does not want to, else look again."""
        if not memory.read(self.theirs):
            self.at = CRITICAL

    def critical(self, memory: Memory) -> None:
        """Leave."""
        memory.write(self.claim, False)
        self.at = self.first


class LooksFirst(RaisesFlag):
    """The other way round: wait until yours is down, then raise mine. Both can enter."""

    first = "see_flag"

    def see_flag(self, memory: Memory) -> None:
        """Go on if the other does not want to."""
        if not memory.read(self.theirs):
            self.at = "raise_flag"

    def raise_flag(self, memory: Memory) -> None:
        """Enter."""
        memory.write(self.claim, True)
        self.at = CRITICAL


def two_flags(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two processes and their flags."""
    one, two = names
    return {
        one: ("process", {"theirs": f"flag-{two}"}),
        f"flag-{one}": ("cell", {"value": False}),
        f"flag-{two}": ("cell", {"value": False}),
        two: ("process", {"theirs": f"flag-{one}"}),
    }


class Spins(Locker):
    """A lock of one cell by test-and-set: whoever gets False back is inside. For any number; nobody waits in line."""

    first = "try_lock"

    @property
    def claim(self) -> str:
        """The lock."""
        return "lock"

    def try_lock(self, memory: Memory) -> None:
        """Set the lock, and see whether it was free."""
        if not memory.exchange("lock", True):
            self.at = CRITICAL

    def critical(self, memory: Memory) -> None:
        """Leave."""
        memory.write("lock", False)
        self.at = self.first


def one_lock(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the processes and the lock."""
    first, *rest = names
    found: dict[str, tuple[str, Mapping[str, Any]]] = {
        first: ("process", {}),
        "lock": ("cell", {"value": False}),
    }
    return {**found, **{name: ("process", {}) for name in rest}}


def adders(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the adders and x."""
    first, *rest = names
    arguments = {"rounds": options["rounds"], "modulo": options["modulo"]}
    wanted = int(options["rounds"]) * len(names)
    found: dict[str, tuple[str, Mapping[str, Any]]] = {first: ("process", arguments)}
    found["x"] = ("cell", {"value": 0, "wanted": wanted})
    return {**found, **dict.fromkeys(rest, ("process", arguments))}


def _lock(name: str, says: str, kind: type[Locker], members: Any) -> System:
    classes = {"process": kind, "cell": Cell}
    return register(System(name, says, classes, members, (mutual_exclusion,), {"nodes": ("p1", "p2")}))


def _adders(name: str, says: str, kind: type[Adder]) -> System:
    options = {"nodes": ("p1", "p2"), "rounds": 1, "modulo": 0}
    return register(System(name, says, {"process": kind, "cell": Counted}, adders, (nothing_lost,), options))


ADDERS = _adders("adders", "Processes add to x by load and store.", Adder)
RETRYING = _adders("retrying-adders", "Processes add to x by compare-and-set, and try again.", RetryingAdder)
TWO_FLAGS = _lock("two-flags", "A lock: raise a flag, wait for the other.", RaisesFlag, two_flags)
LOOKS_FIRST = _lock("look-then-raise", "A lock: wait for the other, raise a flag.", LooksFirst, two_flags)
SPIN_LOCK = _lock("spin-lock", "A lock of one cell, by test-and-set.", Spins, one_lock)
