"""`walk`: a random way through the orders of events, without a clock. What the explorer tries, one path a seed.

A simulation spends most of its steps on what time makes likely: heartbeats, quick answers. A bug that needs a late
vote and two elections hides behind all of that. A walk asks before each move what could happen (any message under way,
any timer that runs, a request, a crash, a restart) and takes one of these by chance, with weights that differ
from seed to seed as those of a swarm do: in some walks messages overtake each other, in some a timer fires as
often as a message arrives, in some a server is cut off for a while, in some servers crash all the time.

In a walk a timer may fire before a message that is on its way, however long the one and however quick the
other. So only systems whose laws of safety do not lean on time (`System.untimed`) may be walked and be blamed
for what comes of it. The result is a performed schedule: it replays, performs again, and shrinks as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from distsys.core import systems
from distsys.core.dice import derive
from distsys.core.errors import ArgumentError, whole_number
from distsys.core.laws import Law
from distsys.core.systems import Cluster, Request
from distsys.core.trace import Cause, Trace
from distsys.core.units import MS

from .performer import Performer, Sent
from .schedules import Asked, Crashed, Delivered, Move, Restarted, TimedOut, Wiped, class_name
from .settings import collector_paused
from .swarm import varied

LENGTHS = (300, 600, 1500)  # moves: short walks are cheap, and clients need long ones


class Habits:
    """What a seed likes to do; probabilities are for one move."""

    def __init__(self, random: Random, kinds: tuple[str, ...], restarts: bool) -> None:
        def one_of(*values: float) -> float:
            return values[int(random.random() * len(values))]

        self.overtake = one_of(0.0, 0.1, 0.5, 1.0) if "reorder" in kinds else 0.0
        self.timers = one_of(0.02, 0.06, 0.15, 0.3)  # a timer, although a message could be delivered
        self.by_duration = random.random() < 0.7  # short timers fire more often than long ones
        self.lose = one_of(0.0, 0.0, 0.03, 0.15) if "loss" in kinds else 0.0
        self.double = one_of(0.0, 0.0, 0.02, 0.1) if "duplicate" in kinds else 0.0
        self.divide = one_of(0.0, 0.01, 0.03, 0.08) if "partition" in kinds else 0.0
        self.divided_for = int(one_of(10, 30, 80))
        self.hold = random.random() < 0.5  # what would cross a cut waits for its end; else it is lost
        self.crash = one_of(0.0, 0.0, 0.01, 0.04) if "crash" in kinds and restarts else 0.0
        self.in_step = 0.5 if "crash-in-step" in kinds else 0.0
        self.restart = one_of(0.05, 0.2, 0.5)
        self.wipe = 0.1 if "wipe" in kinds else 0.0


class Walker(Performer):
    """Walks one cluster; see `walk`."""

    def __init__(
        self, cluster: Cluster, seed: int, moves: int, settle: int, laws: Iterable[Law] | None = None
    ) -> None:
        super().__init__(cluster, (), seed=seed, settle=settle, laws=laws)
        self.moves = moves
        random = Random(derive(seed, "walk"))
        self.random = random.random
        self.habits = Habits(random, cluster.system.tolerates, cluster.system.restarts)
        self.servers = cluster.servers
        self.asks = sorted(cluster.workload(seed), key=lambda request: request.at)
        self.asks.reverse()
        self.pending: list[Sent] = []
        self.alone: tuple[frozenset[str], int] = (
            frozenset(),
            0,
        )  # who is cut off from the rest, until which move
        self.number = 0

    def run(self) -> Trace:
        """Walk, then let everything settle where that is asked for, and return the trace."""
        with collector_paused():
            for name in self.names:
                self.start(name, "start")
            share = len(self.asks) / self.moves
            while self.number < self.moves and not self.stopped:
                self.number += 1
                self._lose_some()
                self._change_sides()
                move = self._ask() if self.random() < share and self.asks else self._choose()
                if move is not None:
                    self._take(self.number, move)
            ended = "violation" if self.stopped else "complete"
            if self.settle and not self.stopped:
                ended = self._settle()
        return Trace(self._header(), tuple(self.steps), tuple(self.judge.violations), ended)

    def below(self, bound: int) -> int:
        """Return a random whole number below `bound`."""
        return int(self.random() * bound)

    def _send(self, sender: str, to: str, message: Any, cause: Cause) -> None:
        super()._send(sender, to, message, cause)
        if not self.timed:
            self.pending.append(self.waiting[self.source, sender, to][-1])

    # What could happen, and what does.

    def _choose(self) -> Move | None:
        habits, at = self.habits, self.now + 1 + self.below(2 * MS)
        down = [name for name in self.servers if self.hosts[name].node is None]
        if down and self.random() < habits.restart:
            return Restarted(down[self.below(len(down))], self.number, at)
        up = [name for name in self.servers if self.hosts[name].node is not None]
        keep = None
        if up and self.random() < habits.crash:
            name = up[self.below(len(up))]
            if self.random() >= habits.in_step:
                kind = Wiped if self.random() < habits.wipe else Crashed
                return kind(name, self.number, at)
            keep = self.below(4)
        if self.random() >= habits.timers:
            place = self._deliverable()
            if place is not None:
                return self._delivery(place, at, keep)
        timer = self._timer(at, keep)
        if timer is None and (place := self._deliverable()) is not None:
            return self._delivery(place, at, keep)
        return timer

    def _deliverable(self) -> int | None:
        """Return the place of a message that may arrive now: the oldest, or any."""
        pending = self.pending
        if not pending:
            return None
        start = self.below(len(pending)) if self.random() < self.habits.overtake else 0
        for step in range(len(pending)):
            place = (start + step) % len(pending)
            sent = pending[place]
            if self.hosts[sent.to].node is not None and not self._apart(sent):
                return place
        return None

    def _apart(self, sent: Sent) -> bool:
        side = self.alone[0]
        return bool(side) and (sent.sender in side) != (sent.to in side)

    def _delivery(self, place: int, at: int, keep: int | None) -> Move:
        sent = self.pending[place]
        if self.random() >= self.habits.double:
            del self.pending[place]
        if sent.to not in self.servers:
            keep = None
        what = class_name(sent.message)
        return Delivered(sent.sender, sent.to, what, sent.source, sent.place, self.number, at, None, keep)

    def _timer(self, at: int, keep: int | None) -> Move | None:
        running = [
            (name, timer, self.running[name, timer][0].low if self.habits.by_duration else 0)
            for name, host in self.hosts.items()
            if host.node is not None
            for timer in host.timers
        ]
        if not running:
            return None
        weights = [1_000_000 // (low + MS) + 1 for _, _, low in running]
        left, place = self.below(sum(weights)), 0
        while left >= weights[place]:
            left -= weights[place]
            place += 1
        name, timer, _ = running[place]
        return TimedOut(name, timer, self.number, at, None, keep if name in self.servers else None)

    def _ask(self) -> Move | None:
        request: Request = self.asks.pop()
        if self.hosts[request.node].node is None:
            return None
        return Asked(request.node, request.message, self.number, self.now + 1)

    def _lose_some(self) -> None:
        if self.pending and self.random() < self.habits.lose:
            del self.pending[self.below(len(self.pending))]

    def _change_sides(self) -> None:
        """Cut somebody off, or end that."""
        side, until = self.alone
        if side:
            if not self.habits.hold:
                self.pending = [sent for sent in self.pending if not self._apart(sent)]
            if self.number >= until:
                self.alone = (frozenset(), 0)
        elif self.random() < self.habits.divide:
            one = self.servers[self.below(len(self.servers))]
            clients = [name for name in self.names if name not in self.servers and self.random() < 0.5]
            length = 1 + self.below(2 * self.habits.divided_for)
            self.alone = (frozenset((one, *clients)), self.number + length)


def check_untimed(system: str) -> None:
    """Raise an error unless the system may be walked."""
    if not systems.find(system).untimed:
        raise ArgumentError(
            f"system must be one whose laws do not lean on time (`untimed`), but {system} does not say so"
        )


def walk(
    system: str,
    seed: int = 0,
    *,
    mutant: str | None = None,
    moves: int | None = None,
    settle: int = 0,
    laws: Iterable[Law] | None = None,
    **options: Any,
) -> Trace:
    """Take a random way through what can happen in a system, and return the trace.

    moves   how many moves at most; it stops at the first broken law. None draws one of `LENGTHS` from the seed
    settle  how long the cluster may recover afterwards, before the laws that hold finally are asked
    laws    None takes the laws of the system

    Options that may vary (`System.variants`) are drawn from the seed, unless they are given.
    """
    whole_number("seed", seed, at_most=2**64 - 1)
    if moves is None:
        moves = LENGTHS[derive(seed, "walk-length") % len(LENGTHS)]
    whole_number("moves", moves, at_least=1)
    check_untimed(system)
    cluster = systems.build(system, mutant=mutant, **varied(system, seed, mutant, options))
    return Walker(cluster, seed, moves, settle, laws).run()
