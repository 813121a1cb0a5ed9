"""Two generals who want to attack together, and messengers who may be caught: how often only one attacks.

>>> outcome(4, loss=0.0, seed=1), outcome(4, loss=1.0, seed=1)
('both', 'nobody')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import whole_number
from distsys.core.laws import World, law
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Simulator, link

DAWN_MS = 200


@record
class Letter:
    """Letter 1 proposes the attack; each further one says that the one before it has arrived."""

    number: int


@record
class Attacks:
    """At dawn a general attacks, or stays."""

    yes: bool


class General(Node):
    """Answers each letter until `letters` have been sent; attacks if the last one addressed to this side has come.

    With one letter none is addressed to A, who attacks in any case.

    Odd letters go from A to B, even ones back. Volatile: `got`, the newest letter that has come.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, other: str = "", letters: int = 1) -> None:
        super().__init__(name, disk)
        self.other = other
        self.letters = whole_number("letters", letters, at_least=1)
        self.begins = name < other
        self.got = 0

    def on_start(self) -> None:
        """Propose, if this general begins, and wait for the dawn."""
        if self.begins:
            self.send(self.other, Letter(1))
        self.set_timer("dawn", DAWN_MS * MS)

    def on_message(self, sender: str, message: Any) -> None:
        """Answer, unless that was the last letter."""
        self.got = max(self.got, message.number)
        if message.number < self.letters:
            self.send(sender, Letter(message.number + 1))

    def on_timeout(self, timer: str) -> None:
        """Attack, if all that could come has come."""
        own = 0 if self.begins else 1  # the letters to A are even, those to B odd
        last = self.letters if self.letters % 2 == own else self.letters - 1
        self.output(Attacks(self.got == last))


@law("nobody attacks alone", "Either both generals attack, or neither.")
def nobody_alone(world: World) -> str | None:
    """Looked at when both have decided."""
    said = {name: values[-1].yes for name, values in world.outputs.items() if values}
    if len(said) == 2 and len(set(said.values())) == 2:
        return f"{next(name for name, yes in said.items() if yes)} attacks alone"
    return None


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    """Return A and B."""
    return {
        name: ("general", {"other": other, "letters": options["letters"]})
        for name, other in (("A", "B"), ("B", "A"))
    }


systems.register(
    System(
        name="two-generals",
        says="Two generals agree on an attack by messengers who may be caught.",
        classes={"general": General},
        members=_members,
        laws=(nobody_alone,),
        options={"letters": 1},
    )
)


def generals(letters: int, loss: float, seed: int) -> Trace:
    """Return a run with so many letters, each of which is lost with that probability."""
    return Simulator(
        systems.build("two-generals", nodes=("A", "B"), letters=letters),
        seed,
        network=link(delay=5 * MS, loss=loss),
        requests=(),
        until=(DAWN_MS + 1) * MS,
        settle=0,
    ).run()


def outcome(letters: int, loss: float, seed: int) -> str:
    """Return who attacks in such a run: "both", "one" or "nobody"."""
    said = [value.yes for values in generals(letters, loss, seed).outputs().values() for value in values]
    return ("nobody", "one", "both")[sum(said)]


def outcomes(runs: int, letters: int, loss: float) -> Counter[str]:
    """Return how often both, one and nobody attack in so many seeds."""
    return Counter(outcome(letters, loss, seed) for seed in range(runs))
