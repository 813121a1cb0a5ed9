"""A counter by read-then-write on a memory cell: what a register cannot do, and what it loses.

    from distsys.lab.abd_counter import counted
    counted(seed=1)                       # (10, 6): ten additions were confirmed, and the cell says less

The cell is atomic in every one of these runs. What is not atomic is the pair of a read and a write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.systems import Members, Request, System
from distsys.core.trace import Trace
from distsys.core.units import MS, S
from distsys.core.values import EMPTY, Map
from distsys.drivers import Simulator, link
from distsys.drivers.network import Uniform
from distsys.protocols.abd import Client, Replica
from distsys.protocols.abd_laws import SAFETY
from distsys.protocols.abd_messages import Read, Write

from .abd_runs import results


class Adder(Client):
    """Adds 1, so often: it reads, and when it knows the value it writes one more.

    State, volatile, beside that of a client: `left`, how many additions are to come.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, adds: int, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.left = adds

    def go_on(self) -> None:
        """After a read, write one more; after a write, read again."""
        if self.begun and not self.waiting:  # `begun` counts reads that wait for their write
            self.begun = 0
            self.waiting = (Write((self.value or 0) + 1),)
        elif self.left:
            self.left, self.begun = self.left - 1, 1
            self.waiting = (Read(),)
        self.begin_next()

    def on_message(self, sender: str, message: Any) -> None:
        """Begin when somebody says so."""
        if message == "go":
            self.go_on()
        else:
            super().on_message(sender, message)


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    settings = {"replicas": names, "adds": options["adds"]}
    adders = {f"c{number}": ("adder", settings) for number in range(1, options["clients"] + 1)}
    return {**dict.fromkeys(names, ("replica", {})), **adders}


systems.register(
    System(
        name="abd-counter",
        says="Clients that count by reading a cell and writing one more.",
        classes={"replica": Replica, "adder": Adder},
        members=_members,
        laws=SAFETY,
        options={"clients": 2, "adds": 5},
        clients=("adder",),
        history="register",
    )
)


def counting(seed: int, clients: int = 2, adds: int = 5) -> Trace:
    """Return a run in which each client adds 1 so often, all at the same time."""
    cluster = systems.build("abd-counter", clients=clients, adds=adds)
    requests = tuple(Request(0, f"c{number}", "go") for number in range(1, clients + 1))
    return Simulator(
        cluster, seed, network=link(delay=Uniform(1 * MS, 10 * MS)), requests=requests, until=5 * S, settle=0
    ).run()


def counted(seed: int, clients: int = 2, adds: int = 5) -> tuple[int, int]:
    """Return how many additions were confirmed, and the greatest number that was written.

    >>> counted(seed=1, clients=1)
    (5, 5)
    """
    written = [value for _, f, value in results(counting(seed, clients, adds)) if f == "write"]
    return len(written), max(written)
