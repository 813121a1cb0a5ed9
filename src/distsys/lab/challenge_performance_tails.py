"""The tail of latency: fan-out, hedged requests, and what hedging does to servers with queues. Times in milliseconds.

alone = sorted(latency(Random(1)) for _ in range(100_000))
late = percentile(alone, 0.95)                 # when to ask a second replica
hedged(Random(1), late)                        # one request, and whether it was asked twice
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from random import Random

from distsys.core.errors import UnknownNameError, shown

from .challenge_performance_queues import checked_load, percentile

SERVICE_MS, STALLED, STALL_MS = 10.0, 0.02, 500.0
CAUSES = ("server", "request")


def latency(random: Random) -> float:
    """Return one latency: 10 ms on average, exponential, and with probability 0.02 a stall of up to 500 ms more."""
    usual = random.expovariate(1 / SERVICE_MS)
    return usual + random.uniform(0, STALL_MS) if random.random() < STALLED else usual


def hedged(random: Random, after_ms: float) -> tuple[float, bool]:
    """Return the latency of a request that a second replica is asked for after so long, and whether it was.

    The two replicas are slow independently of each other.
    """
    first = latency(random)
    if first <= after_ms:
        return first, False
    return min(first, after_ms + latency(random)), True


def share_slow(servers: int, slow: float) -> float:
    """Return with which probability at least one of so many independent servers is slow.

    >>> round(share_slow(100, 0.01), 3)
    0.634
    """
    return 1 - (1 - slow) ** servers


@dataclass(frozen=True)
class Served:
    """What a group of servers gave: p99 of the latency (ms), utilisation, and requests that were asked twice."""

    p99_ms: float
    busy: float
    twice: float


@cache
def group(
    load: float,
    *,
    hedge_ms: float | None = None,
    cause: str = "server",
    cancels: bool = False,
    seed: int = 1,
    requests: int = 20_000,
    servers: int = 10,
) -> Served:
    """Return what servers with a queue each do with requests that go to one of them at random.

    One piece of work in 20 takes 21 times as long as the others: 105 ms in place of 5.
    hedge_ms  after so long a second server is asked; None: never
    cause     whose fault a long work is: of the "server", so another is most likely quick, or of the "request"
    cancels   whether a copy that still waits is taken back when the other was answered
    """
    checked_load(load)
    if cause not in CAUSES:
        raise UnknownNameError(f"cause must be one of {', '.join(CAUSES)}, but it is {shown(cause)}")
    return _Group(load, hedge_ms, cause, cancels, Random(seed), servers).run(requests)


class _Group:
    """Servers with queues, and the events that are due: (at, order, what, request or server)."""

    def __init__(
        self, load: float, hedge_ms: float | None, cause: str, cancels: bool, random: Random, servers: int
    ) -> None:
        self.gap_ms = SERVICE_MS / (load * servers)
        self.hedge_ms, self.cause, self.cancels, self.random = hedge_ms, cause, cancels, random
        self.queues: list[deque[int]] = [deque() for _ in range(servers)]  # the first of each is being done
        self.due: list[tuple[float, int, str, int]] = []
        self.order = 0
        self.came: list[float] = []
        self.long: list[bool] = []
        self.first: list[int] = []  # the server that each request went to first
        self.took: dict[int, float] = {}
        self.busy_ms = 0.0
        self.twice = 0

    def at(self, moment: float, what: str, which: int) -> None:
        self.order += 1
        heappush(self.due, (moment, self.order, what, which))

    def run(self, requests: int) -> Served:
        """Let the requests come, and go on until all that came is done."""
        now = 0.0
        self.at(0.0, "come", 0)
        while self.due:
            now, _, what, which = heappop(self.due)
            if what == "come":
                self.come(now, which)
                if which + 1 < requests:
                    self.at(now + self.random.expovariate(1 / self.gap_ms), "come", which + 1)
            elif what == "late":
                self.late(now, which)
            else:
                self.done(now, which)
        ranked = sorted(took for request, took in self.took.items() if request >= requests // 10)
        whole = now * len(self.queues)
        return Served(percentile(ranked, 0.99), self.busy_ms / whole, self.twice / requests)

    def come(self, now: float, request: int) -> None:
        """Send a request to a server."""
        self.came.append(now)
        self.long.append(self.random.random() < 0.05)
        self.first.append(self.random.randrange(len(self.queues)))
        if self.hedge_ms is not None:
            self.at(now + self.hedge_ms, "late", request)
        self.join(now, self.first[request], request)

    def late(self, now: float, request: int) -> None:
        """Ask another server for a request that is not answered yet."""
        if request not in self.took:
            self.twice += 1
            other = (self.first[request] + 1 + self.random.randrange(len(self.queues) - 1)) % len(self.queues)
            self.join(now, other, request)

    def join(self, now: float, server: int, request: int) -> None:
        self.queues[server].append(request)
        if len(self.queues[server]) == 1:
            self.begin(now, server)

    def begin(self, now: float, server: int) -> None:
        """Begin with the first of a queue; whether that is long is drawn anew, if the server is the cause."""
        long = self.long[self.queues[server][0]] if self.cause == "request" else self.random.random() < 0.05
        took = 105.0 if long else 5.0
        self.busy_ms += took
        self.at(now + took, "done", server)

    def done(self, now: float, server: int) -> None:
        """Answer, unless another server has; go on with the next, past those that were taken back."""
        queue = self.queues[server]
        request = queue.popleft()
        self.took.setdefault(request, now - self.came[request])
        while self.cancels and queue and queue[0] in self.took:
            queue.popleft()
        if queue:
            self.begin(now, server)
