"""`Process`: a program for shared memory whose steps have labels, one method for each.

    class Adder(Process):
        first = "load"

        def load(self, memory):
            self.seen = memory.read("x")
            self.at = "store"

        def store(self, memory):
            memory.write("x", self.seen + 1)
            self.at = "done"

A step does one operation on one cell, looks at the answer, and says in `at` which step comes next. So what is atomic
can be seen: all that stands in one method. A label without a method is the end.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from distsys.core import EMPTY, Map, Node
from distsys.core.errors import ArgumentError, shown

from .cells import Answer, CompareAndSet, Exchange, Fence, Read, Through, Write

DONE = "done"  # a label without a step


class Memory:
    """What a step sees of the memory. It may do one operation."""

    def read(self, cell: str) -> Any:
        """Return what is in the cell."""
        return self._do(cell, Read())

    def write(self, cell: str, value: Any) -> None:
        """Put `value` into the cell."""
        self._do(cell, Write(value))

    def compare_and_set(self, cell: str, expected: Any, value: Any) -> Any:
        """Put `value` into the cell if `expected` is there; return what was there."""
        return self._do(cell, CompareAndSet(expected, value))

    def exchange(self, cell: str, value: Any) -> Any:
        """Put `value` into the cell; return what was there."""
        return self._do(cell, Exchange(value))

    def fence(self) -> None:
        """Wait until all own writes are in the memory; there is something to wait for behind a store buffer."""
        self._do("", Fence())

    def _do(self, cell: str, operation: Any) -> Any:
        raise NotImplementedError


class _Asked(Exception):  # noqa: N818 - no error: the step stops at its operation
    """Carries the operation out of a step that only asks."""


class _Asking(Memory):
    """Stops the step at its operation."""

    def _do(self, cell: str, operation: Any) -> NoReturn:
        raise _Asked(cell, operation)


class _Answering(Memory):
    """Gives the answer to the one operation of a step."""

    def __init__(self, answer: Any) -> None:
        self.answers = [answer]

    def _do(self, cell: str, operation: Any) -> Any:
        if not self.answers:
            raise ArgumentError(
                f"a step does one operation, but after the first one comes {shown(operation)} on {cell}: "
                "make two steps of it, for another process may come between them"
            )
        return self.answers.pop()


class Process(Node):
    """A program of labelled steps. A subclass has a method for each label and names the `first`.

    State: `at`, the label of the step that comes next; whatever else the steps keep.
    Messages: asks cells for one operation at a time; an `Answer` ends the step and begins the next.
    `through` names its store buffer, where it has one.
    """

    declared = {"at": "at"}
    first: ClassVar[str] = "begin"

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, through: str = "") -> None:
        super().__init__(name, disk)
        self.at = self.first
        self.through = through

    def on_start(self) -> None:
        self._ask()

    def on_message(self, sender: str, message: Any) -> None:
        if not isinstance(message, Answer):
            raise ArgumentError(f"{self.name} takes answers of cells only, but it gets {shown(message)}")
        getattr(self, self.at)(_Answering(message.value))
        self._ask()

    def _ask(self) -> None:
        """Send what the next step asks, found by beginning it with a copy of this process."""
        twin = self.copy()
        step = getattr(twin, self.at, None)
        if not callable(step):
            return
        try:
            step(_Asking())
        except _Asked as asked:
            cell, operation = asked.args
            if self.through:
                self.send(self.through, operation if not cell else Through(cell, operation))
            elif cell:
                self.send(cell, operation)
            else:
                raise ArgumentError(f"{self.name} has a fence at {self.at!r}, but no store buffer") from None
        else:
            raise ArgumentError(
                f"the step {self.at!r} of {type(self).__name__} does no operation on the memory: a step does one"
            )
