"""A client that hedges, and two replicas: a story of three requests, for the page on the challenge of performance.

>>> [answered.us // 1000 for answered in answers(story(hedge_ms=None))]
[6, 131, 116]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from distsys.core import systems
from distsys.core.events import Output
from distsys.core.node import Node
from distsys.core.systems import Members, System
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Simulator, link

USUAL_MS, STUCK_MS, HEDGE_MS, UNTIL_MS = 5, 130, 20, 180


@record
class Get:
    """Please do the work of this request."""

    number: int


@record
class Got:
    """The work of this request is done."""

    number: int


@record
class TakeBack:
    """The work of this request is not needed any more."""

    number: int


@record
class First:
    """The client has its first answer to a request: from whom, and after how long (microseconds)."""

    number: int
    replica: str
    us: int


class Client(Node):
    """Asks r1; where no answer has come after `hedge_us`, asks r2 as well. The first answer counts.

    State, volatile: `asked` (request -> (when, the replicas that were asked)). Timers: "next"; "hedge-N".
    """

    declared: ClassVar[dict[str, str]] = {"answered": "answered"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, asks: tuple[int, ...], hedge_us: int
    ) -> None:
        super().__init__(name, disk)
        self.asks, self.hedge = asks, hedge_us  # 0: never
        self.number = self.answered = 0
        self.asked: Map[int, tuple[int, tuple[str, ...]]] = Map()

    def on_start(self) -> None:
        """Wait for the first request."""
        self.wait()

    def wait(self) -> None:
        """Let the next request come."""
        if self.number < len(self.asks):
            self.set_timer("next", self.asks[self.number] - self.now)

    def on_timeout(self, timer: str) -> None:
        """Ask a first replica, or a second."""
        if timer == "next":
            self.number += 1
            self.asked = self.asked.set(self.number, (self.now, ("r1",)))
            self.send("r1", Get(self.number))
            if self.hedge:
                self.set_timer(f"hedge-{self.number}", self.hedge)
            self.wait()
            return
        number = int(timer.partition("-")[2])
        since, _ = self.asked[number]
        self.asked = self.asked.set(number, (since, ("r1", "r2")))
        self.send("r2", Get(number))

    def on_message(self, sender: str, message: Got) -> None:
        """Take the first answer, and take the question back from the other replica."""
        if message.number not in self.asked:
            self.note("comes too late to be of use")
            return
        since, replicas = self.asked[message.number]
        self.asked = self.asked.remove(message.number)
        self.cancel_timer(f"hedge-{message.number}")
        self.answered += 1
        self.output(First(message.number, sender, self.now - since))
        for other in replicas:
            if other != sender:
                self.send(other, TakeBack(message.number))


class Replica(Node):
    """Does one request after the other; `works` says how long each takes that it begins with, microseconds.

    State, volatile: `queue`, of which the first is being done. Timers: "done".
    """

    declared: ClassVar[dict[str, str]] = {"queue": "queue"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, works: tuple[int, ...]) -> None:
        super().__init__(name, disk)
        self.works = works
        self.begun = 0
        self.queue: tuple[int, ...] = ()

    def on_message(self, sender: str, message: Get | TakeBack) -> None:
        """Let a request wait, or take it out again unless it is being done."""
        if isinstance(message, Get):
            self.queue += (message.number,)
            if len(self.queue) == 1:
                self.begin()
        elif message.number in self.queue[1:]:
            self.queue = tuple(number for number in self.queue if number != message.number)
        else:
            self.note("is at work on it already")

    def begin(self) -> None:
        """Begin with the first of the queue; beyond `works`, the last of them is repeated."""
        took = self.works[min(self.begun, len(self.works) - 1)]
        self.begun += 1
        self.set_timer("done", took)

    def on_timeout(self, timer: str) -> None:
        """Answer, and go on."""
        self.send("client", Got(self.queue[0]))
        self.queue = self.queue[1:]
        if self.queue:
            self.begin()


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    return {
        "client": ("client", {"asks": options["asks"], "hedge_us": options["hedge_us"]}),
        "r1": ("replica", {"works": options["first_works"]}),
        "r2": ("replica", {"works": (USUAL_MS * MS,)}),
    }


systems.register(
    System(
        "hedged-request",
        "A client that asks a second replica when the first is late.",
        {"client": Client, "replica": Replica},
        _members,
        (),
        options={
            "asks": (10 * MS, 30 * MS, 50 * MS),
            "hedge_us": HEDGE_MS * MS,
            "first_works": (USUAL_MS * MS, STUCK_MS * MS, USUAL_MS * MS),
        },
        restarts=False,
        clients=("client",),
    )
)


def story(hedge_ms: int | None = HEDGE_MS) -> Trace:
    """Return a run of three requests: the second gets stuck in r1, the third waits behind it. None: no hedge."""
    return Simulator(
        systems.build("hedged-request", hedge_us=(hedge_ms or 0) * MS),
        1,
        network=link(delay=500, fifo=True),
        requests=(),
        until=UNTIL_MS * MS,
        settle=0,
    ).run()


def answers(trace: Trace) -> list[First]:
    """Return the answers that counted, in the order of the requests."""
    found = [
        effect.value
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, First)
    ]
    return sorted(found, key=lambda first: first.number)
