"""Registers from regular to atomic: a writer that numbers what it writes, and a reader that remembers what it saw.

A reader of a regular register may see the new value during a write and, in its next read, the old one again. With a
number beside each value the reader can tell: it keeps the greatest number that it has seen. One writer, one reader.
Source: the idea of Lamport 1986, part II; numbers without bound, in place of his bounded construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, Map, World, law_with_memory
from distsys.core.systems import Members, System, register

from .cells import REGULAR, SAFE, Cell, OverlappedCell
from .process import DONE, Memory, Process


class Writer(Process):
    """Writes 1, 2, ... up to `count`, each together with its number."""

    first = "write"

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, count: int) -> None:
        super().__init__(name, disk)
        self.count = count
        self.number = 1

    def write(self, memory: Memory) -> None:
        """Write the next value."""
        memory.write("x", self.number)
        self.number += 1
        self.at = "write" if self.number <= self.count else DONE


class Reader(Process):
    """Reads `count` times. Fields: `saw`, what the last read returned; `newest`, the greatest number that was read."""

    declared = {"saw": "saw"}
    first = "read"

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, count: int) -> None:
        super().__init__(name, disk)
        self.count = count
        self.saw = 0
        self.newest = 0

    def read(self, memory: Memory) -> None:
        """Return what is there."""
        self.returns(memory.read("x"))
        self.count -= 1
        self.at = "read" if self.count else DONE

    def returns(self, value: int) -> None:
        """Return a value that was read."""
        self.saw = value


class RememberingReader(Reader):
    """Returns the newest of all that it has read."""

    def returns(self, value: int) -> None:
        """Forget what is older than what is known."""
        self.newest = max(self.newest, value)
        self.saw = self.newest


@law_with_memory(
    "no new-old inversion", "A read never returns an older value than the read before it.", start=0
)
def no_inversion(memory: int, world: World) -> tuple[int, str | None]:
    """What tells an atomic register from a regular one."""
    readers = [(name, node) for name, node in world.nodes.items() if isinstance(node, Reader)]
    name, reader = readers[0]
    older = reader.saw < memory
    return max(memory, reader.saw), f"{name} reads {memory} and then {reader.saw}" if older else None


def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return a writer, a reader, and the register between them; the number of a value is the value itself."""
    count = int(options["writes"])
    reader, writer = names
    kind = str(options["memory"])
    weak = kind in (SAFE, REGULAR)
    x = {"value": 0, "kind": kind, "domain": tuple(range(count + 1))} if weak else {"value": 0}
    role = "remembering" if options["remembers"] else "reader"
    return {
        writer: ("writer", {"count": count}),
        "x": ("register" if weak else "cell", x),
        reader: (role, {"count": int(options["reads"])}),
    }


REGISTER = register(
    System(
        name="register",
        says="One process writes a register, another one reads it again and again.",
        classes={
            "writer": Writer,
            "reader": Reader,
            "remembering": RememberingReader,
            "register": OverlappedCell,
            "cell": Cell,
        },
        members=members,
        laws=(no_inversion,),
        options={
            "nodes": ("reader", "writer"),
            "memory": REGULAR,
            "remembers": False,
            "writes": 2,
            "reads": 3,
        },
    )
)
