"""Mutual exclusion by reads and writes: Peterson's algorithm for two, and Lamport's bakery for any number.

Each process goes round for ever: it asks for entry, is in its critical section, and leaves it. In both algorithms a
process is inside while its `at` is "critical"; the step that has this label is the first one of leaving.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Map, World, law
from distsys.core.errors import ArgumentError, shown
from distsys.core.systems import Members, Sight, System
from distsys.core.trace import Step

from .cells import REGULAR, SAFE, Cell, OverlappedCell, StoreBuffer
from .process import Memory, Process

ATOMIC, BUFFERED = "atomic", "buffered"
KINDS = (ATOMIC, SAFE, REGULAR, BUFFERED)
CRITICAL = "critical"


class Locker(Process):
    """A process with a critical section. The value of the cell `claim` says so to the others, and is false else."""

    @property
    def claim(self) -> str:
        """The cell that is written last of all on leaving."""
        raise NotImplementedError


def inside(world: World) -> tuple[str, ...]:
    """Return the processes in their critical sections.

    A process is inside while its next step is the one that leaves, and the write by which it leaves has not begun.
    """
    return tuple(
        name
        for name, node in world.nodes.items()
        if isinstance(node, Locker) and node.at == CRITICAL and not _leaves(node, world)
    )


def _leaves(process: Locker, world: World) -> bool:
    """Return whether the cell has the write by which a process leaves, while the process has no answer yet."""
    cell: Any = world.nodes[process.claim]
    under_way = process.name in getattr(cell, "coming", ())
    return not process.through and (under_way or not cell.value)


@law("mutual exclusion", "At most one process is in its critical section.")
def mutual_exclusion(world: World) -> str | None:
    """What a lock is for."""
    names = inside(world)
    return f"{' and '.join(names)} are in their critical sections" if len(names) > 1 else None


class Peterson(Locker):
    """Peterson's algorithm for two processes.

    Cells: `mine` and `theirs`, the flags, each written by one process; `turn`, written by both.
    Laws kept: mutual exclusion, in atomic memory. Source: Peterson 1981.
    """

    first = "raise_flag"

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, mine: str, theirs: str, other: str, through: str = ""
    ) -> None:
        super().__init__(name, disk, through=through)
        self.mine, self.theirs, self.other = mine, theirs, other

    @property
    def claim(self) -> str:
        """The own flag."""
        return self.mine

    def raise_flag(self, memory: Memory) -> None:
        """I want to enter."""
        memory.write(self.mine, True)
        self.at = "give_way"

    def give_way(self, memory: Memory) -> None:
        """After you."""
        memory.write("turn", self.other)
        self.at = "see_flag"

    def see_flag(self, memory: Memory) -> None:
        """Enter if the other does not want to."""
        wants = memory.read(self.theirs)
        self.at = "see_turn" if wants else CRITICAL

    def see_turn(self, memory: Memory) -> None:
        """Enter if the other gave way later; else look again."""
        turn = memory.read("turn")
        self.at = "see_flag" if turn == self.other else CRITICAL

    def critical(self, memory: Memory) -> None:
        """Leave."""
        memory.write(self.mine, False)
        self.at = self.first


class FencedPeterson(Peterson):
    """Peterson's algorithm behind store buffers: the writes are in the memory before the first look."""

    def give_way(self, memory: Memory) -> None:
        super().give_way(memory)
        self.at = "wait_for_writes"

    def wait_for_writes(self, memory: Memory) -> None:
        """The fence."""
        memory.fence()
        self.at = "see_flag"


class Bakery(Locker):
    """Lamport's bakery: draw a ticket that is greater than all, and wait for all that have a smaller one.

    Cells: `choosing <name>` and `ticket <name>`, written by their owner only; ticket 0: not interested.
    Fields: `highest`, the greatest ticket seen; `place`, the number of the process looked at; `ticket`, the own.
    Laws kept: mutual exclusion. Leaves out: nothing; but tickets grow without bound. Source: Lamport 1974.
    """

    declared = {"at": "at", "ticket": "ticket"}
    first = "start_choosing"

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, everybody: tuple[str, ...], through: str = ""
    ) -> None:
        super().__init__(name, disk, through=through)
        self.everybody = everybody
        self.place = 0
        self.highest = 0
        self.ticket = 0

    @property
    def claim(self) -> str:
        """The own ticket."""
        return f"ticket {self.name}"

    @property
    def whom(self) -> str:
        """The process that is looked at."""
        return self.everybody[self.place]

    def start_choosing(self, memory: Memory) -> None:
        """Say that a ticket is being drawn."""
        memory.write(f"choosing {self.name}", True)
        self.at, self.place, self.highest = "look_round", 0, 0

    def look_round(self, memory: Memory) -> None:
        """Read all tickets, one a step."""
        self.highest = max(self.highest, memory.read(f"ticket {self.whom}"))
        self.go_on("draw")

    def draw(self, memory: Memory) -> None:
        """Take the next number."""
        memory.write(f"ticket {self.name}", self.highest + 1)
        self.at, self.ticket, self.highest = "stop_choosing", self.highest + 1, 0

    def stop_choosing(self, memory: Memory) -> None:
        """The ticket can be relied on."""
        memory.write(f"choosing {self.name}", False)
        self.begin_waiting()

    def begin_waiting(self) -> None:
        """Look at the others, the first of them first."""
        self.at, self.place = "wait_for_choice", -1
        self.go_on(CRITICAL)

    def wait_for_choice(self, memory: Memory) -> None:
        """Wait while that process draws."""
        if not memory.read(f"choosing {self.whom}"):
            self.at = "wait_for_turn"

    def wait_for_turn(self, memory: Memory) -> None:
        """Wait while that process has a smaller ticket, or the same one and the smaller name."""
        theirs = memory.read(f"ticket {self.whom}")
        if theirs == 0 or not self.goes_first(theirs):
            self.at = "wait_for_choice"
            self.go_on(CRITICAL)

    def goes_first(self, theirs: int) -> bool:
        """Return whether the process that is looked at goes before this one."""
        return (theirs, self.whom) < (self.ticket, self.name)

    def critical(self, memory: Memory) -> None:
        """Leave: give the ticket back."""
        memory.write(f"ticket {self.name}", 0)
        self.at, self.ticket, self.place = self.first, 0, 0

    def go_on(self, then: str) -> None:
        """Go on to the next other process; after the last one to the step `then`."""
        self.place += 1
        if self.place < len(self.everybody) and self.whom == self.name:
            self.place += 1
        if self.place >= len(self.everybody):
            self.at, self.place = then, 0


def kind_of_memory(options: Mapping[str, Any]) -> str:
    """Return the option `memory`, checked."""
    kind = str(options.get("memory", ATOMIC))
    if kind not in KINDS:
        raise ArgumentError(f"memory must be one of {', '.join(KINDS)}, but it is {shown(kind)}")
    return kind


def cell(kind: str, value: Any, domain: tuple[Any, ...]) -> tuple[str, Mapping[str, Any]]:
    """Return the role and the arguments of a cell that one process writes."""
    if kind in (SAFE, REGULAR):
        return "register", {"value": value, "kind": kind, "domain": domain}
    return "cell", {"value": value}


def of_peterson(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return two processes, and between them their flags and the turn, as lanes of a picture stand."""
    if len(names) != 2:
        raise ArgumentError(f"nodes must be two: Peterson's algorithm is for two, but it has {shown(names)}")
    kind = kind_of_memory(options)
    one, two = names
    members: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, other in ((one, two), (two, one)):
        arguments = {"mine": f"flag-{name}", "theirs": f"flag-{other}", "other": other}
        if kind == BUFFERED:
            arguments["through"] = f"buffer-{name}"
            members[f"buffer-{name}"] = ("buffer", {"owner": name})
        members[name] = ("fenced" if options["fence"] else "process", arguments)
        members[f"flag-{name}"] = cell(kind, False, (False, True))
    members["turn"] = cell(kind, one, names) if options["whole"] else ("cell", {"value": one})
    order = (one, f"buffer-{one}", f"flag-{one}", "turn", f"flag-{two}", f"buffer-{two}", two)
    return {name: members[name] for name in order if name in members}


def of_bakery(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return the processes, each followed by its two cells."""
    kind = kind_of_memory(options)
    domain = tuple(range(int(options["tickets"]) + 1))
    members: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name in names:
        members[name] = ("process", {"everybody": names})
        members[f"choosing {name}"] = cell(kind, False, (False, True))
        members[f"ticket {name}"] = cell(kind, 0, domain)
    return members


def leaves(step: Step) -> bool:
    """Return whether a process gives back its claim, so that it has been inside."""
    written = getattr(getattr(step.event, "message", None), "value", None)
    claims = step.node.startswith(("flag-", "ticket "))
    return step.kind == "deliver" and claims and written in (False, 0) and written is not None


LEFT = Sight("left", "A process has been in its critical section and leaves it.", leaves)

PETERSON = System(
    name="peterson",
    says="Two processes take turns in a critical section, by three cells that are read and written.",
    classes={
        "process": Peterson,
        "fenced": FencedPeterson,
        "cell": Cell,
        "register": OverlappedCell,
        "buffer": StoreBuffer,
    },
    members=of_peterson,
    laws=(mutual_exclusion,),
    sights=(LEFT,),
    until=200 * MS,
    settle=50 * MS,
    settles_early=True,
    options={"nodes": ("p1", "p2"), "memory": ATOMIC, "fence": False, "whole": False},
)

BAKERY = System(
    name="bakery",
    says="Processes draw tickets and enter a critical section in their order, by cells with one writer each.",
    classes={"process": Bakery, "cell": Cell, "register": OverlappedCell},
    members=of_bakery,
    laws=(mutual_exclusion,),
    sights=(LEFT,),
    until=200 * MS,
    settle=50 * MS,
    settles_early=True,
    options={"nodes": ("p1", "p2", "p3"), "memory": ATOMIC, "tickets": 4},
)
