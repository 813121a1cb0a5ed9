"""`Judge`: runs the laws of a simulation after each step, carries their memories, and keeps what was broken."""

from __future__ import annotations

from collections.abc import Iterable

from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, several, shown
from distsys.core.laws import FINALLY, Law, Violation, World


class HandlerError(DistsysError):
    """A handler of a node raised something that is no assertion: a bug in the protocol's code."""


class LawError(DistsysError):
    """A law raised something that is no assertion, or a goal or a prune raised anything: a bug in its code."""


class Judge:
    """The laws of one run. `number` is the step that they look at; 0 is none: the run is over, or not begun."""

    def __init__(self, laws: Iterable[Law], seed: int) -> None:
        self.laws = tuple(several("laws", laws, "laws (core.laws.law)"))
        self.seed = seed
        for law in self.laws:
            if not isinstance(law, Law):
                raise ArgumentTypeError(f"laws must hold laws (core.laws.law), but hold {shown(law)}")
        names = [law.name for law in self.laws]
        for name in names:
            if names.count(name) > 1:
                raise ArgumentError(f"laws must have different names, but {name!r} stands there twice")
        self.watching = tuple(law for law in self.laws if law.when != FINALLY or law.remembers)
        self.memories = {law.name: law.start for law in self.laws}
        self.violations: list[Violation] = []
        self.number = 0
        self.faults: list[int] = []  # steps of faults that the laws have not seen yet

    def after(self, number: int, world: World) -> None:
        """Judge the world as it is after step `number` (0: none), and after the faults that came with it."""
        if number:
            self._ask(self.watching, number, world)
        while self.faults:
            self._ask(self.watching, self.faults.pop(0), world)

    def finally_(self, world: World) -> None:
        """Judge what holds finally, at the end of a healed phase."""
        self._ask(tuple(law for law in self.laws if law.when == FINALLY), 0, world)

    def content(self, world: World) -> bool:
        """Return whether all that holds finally holds now; nothing is noted, and no memory changes."""
        number, self.number = self.number, 0
        try:
            return all(
                law.fold(self.memories[law.name], world)[1] is None
                for law in self.laws
                if law.when == FINALLY
            )
        except AssertionError:
            return False
        finally:
            self.number = number

    def _ask(self, laws: tuple[Law, ...], number: int, world: World) -> None:
        self.number = number
        for law in laws:
            evidence: str | None
            try:
                self.memories[law.name], evidence = law.fold(self.memories[law.name], world)
            except AssertionError as broken:
                evidence = str(broken) or "an assertion without a text"
            except DistsysError:
                raise
            except Exception as problem:
                where = f"step {number}" if number else "the end"
                raise LawError(
                    f"the law {law.name!r} failed at {where} of seed {self.seed}: {type(problem).__name__}: {problem}"
                ) from problem
            if evidence is not None and (number == 0 or law.when != FINALLY):
                self.broken(law.name, evidence, number)

    def broken(self, law: str, evidence: str, number: int) -> None:
        """Note that a law was broken; of each law the first time is kept, for it is the one that teaches."""
        if all(violation.law != law for violation in self.violations):
            self.violations.append(Violation(law, evidence, number))
