"""Broken locks in shared memory: one step taken too early, left out, or wrong about who waits."""

from __future__ import annotations

from distsys.core.systems import NodeMutant
from distsys.models.mutual_exclusion import Bakery, Peterson
from distsys.models.process import Memory


class GivesWayTooEarly(Peterson):
    """MUTEX-01: writes `turn` before the flag."""

    def raise_flag(self, memory: Memory) -> None:
        memory.write("turn", self.other)
        self.at = "give_way"

    def give_way(self, memory: Memory) -> None:
        memory.write(self.mine, True)
        self.at = "see_flag"


class TakesTheTurn(Peterson):
    """MUTEX-02: writes its own name into `turn`."""

    def give_way(self, memory: Memory) -> None:
        memory.write("turn", self.name)
        self.at = "see_flag"


class DrawsUnseen(Bakery):
    """MUTEX-03: does not wait for those who are drawing a ticket."""

    def wait_for_choice(self, memory: Memory) -> None:
        memory.read(f"choosing {self.whom}")
        self.at = "wait_for_turn"


class ForgetsNames(Bakery):
    """MUTEX-04: compares tickets only, so that of two equal ones neither waits."""

    def goes_first(self, theirs: int) -> bool:
        return theirs < self.ticket


LAW = "mutual exclusion"
TWO = {"nodes": ("p1", "p2")}

MUTANTS = (
    NodeMutant(
        "MUTEX-01",
        "The turn before the flag",
        "peterson",
        {"process": GivesWayTooEarly},
        LAW,
        "Peterson 1981",
        (
            "Peterson's algorithm with its two writes exchanged: a process gives way first and raises its flag then. "
            "Both give way. One raises its flag, sees none of the other, and enters. The other raises its "
            "flag, sees that the last to give way was the first process, and enters as well."
        ),
        klass="X",
        depth=7,
    ),
    NodeMutant(
        "MUTEX-02",
        "My turn, not yours",
        "peterson",
        {"process": TakesTheTurn},
        LAW,
        "Peterson 1981",
        (
            "A process writes its own name into the turn instead of the other's. Each waits only while the turn is the "
            "other's. One enters. The other writes its own name, finds its own name there, and enters as well."
        ),
        klass="X",
        depth=7,
    ),
    NodeMutant(
        "MUTEX-03",
        "Tickets drawn unseen",
        "bakery",
        {"process": DrawsUnseen},
        LAW,
        "Lamport 1974",
        (
            "The bakery does not wait for those who are drawing. Two processes read the same highest ticket. The "
            "second one writes its ticket, sees no ticket of the first, and enters. Only then the first writes the "
            "same ticket; its name is smaller, so it enters as well."
        ),
        TWO,
        klass="X",
        depth=13,
    ),
    NodeMutant(
        "MUTEX-04",
        "Equal tickets, no names",
        "bakery",
        {"process": ForgetsNames},
        LAW,
        "Lamport 1974",
        (
            "Two processes draw the same ticket, as they may. Each waits only for smaller ones, so that both enter."
        ),
        TWO,
        klass="Q",
        depth=15,
    ),
)
