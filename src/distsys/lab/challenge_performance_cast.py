"""The nodes of the page on the challenge of performance: users who ask and ask again, and a server with a queue.

    trace = storm(seed=1)                  # in challenge_performance_runs

`Users` is one node that stands for all who use a service and do not know of each other: its requests come at random, an
open loop. A request that is not answered in time is asked again, up to `attempts` times. `Server` does one request
after the other. All the usual mends are options of the two: a budget for retries, a back-off, deadlines that travel
with a request, a limit of the queue, the newest first.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.dice import WHOLE, Dice, derive
from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.log import Log
from distsys.core.node import Node
from distsys.core.values import EMPTY, Map, record
from distsys.drivers.network import Exponential

TOKEN = 1_000  # a retry costs one token, in thousandths
TOKENS_MAX = 10 * TOKEN
ORDERS = ("oldest", "newest")


@record
class Ask:
    """A user asks: number of the request, of the attempt, and until when an answer is of use."""

    number: int
    attempt: int
    deadline: int


@record
class Answer:
    """The work is done."""

    number: int
    attempt: int


@record
class Busy:
    """The queue is full: the work will not be done."""

    number: int
    attempt: int


@record
class Answered:
    """A user has got an answer in time, so long after the first attempt (microseconds)."""

    number: int
    attempt: int
    us: int


@record
class GaveUp:
    """A user asks no more."""

    number: int


def exponential(dice: Dice, mean_us: int) -> tuple[int, Dice]:
    """Return an exponential time of that mean in whole microseconds, and the dice after it.

    >>> us, dice = exponential(Dice(1), 5_000)
    >>> us >= 0
    True
    """

    def draw() -> float:
        nonlocal dice
        number, dice = dice.next()
        return number / WHOLE

    return Exponential(mean_us).draw(draw), dice


class Users(Node):
    """All users of a service. They ask at random moments, or at those of `arrivals`, whatever is under way.

    gaps          ((from, mean), ...): from that moment on the gaps have that mean, microseconds; mean 0: nobody asks
    timeout_us    after so long an attempt has failed; an answer to it that comes later is not heard
    attempts      how often a request is asked, at most
    backoff_us    0: a retry goes out at once; else after a random time of up to that, which doubles with each attempt
    budget        thousandths of a token that a new request earns; a retry costs a token; -1: retries are free
    State, volatile: `open` (request -> (asked at, attempt; its negative while one waits to ask again)), `tokens`, dice.
    Timers: "next"; "late-N" and "again-N" for request N. Outputs: Answered, GaveUp.
    """

    declared: ClassVar[dict[str, str]] = {"open": "open_count"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        gaps: tuple[tuple[int, int], ...] = (),
        arrivals: tuple[int, ...] = (),
        timeout_us: int,
        attempts: int,
        backoff_us: int,
        budget: int,
    ) -> None:
        super().__init__(name, disk)
        self.gaps, self.arrivals = gaps, arrivals
        self.timeout = whole_number("timeout_us", timeout_us, at_least=1)
        self.attempts = whole_number("attempts", attempts, at_least=1)
        self.backoff = whole_number("backoff_us", backoff_us)
        self.budget = whole_number("budget", budget, at_least=-1)
        self.tokens = TOKENS_MAX
        self.number = 0
        self.open: Map[int, tuple[int, int]] = Map()
        self.open_count = 0
        self.dice = self.jitter = Dice(0)

    def on_start(self) -> None:
        """Wait for the first request."""
        self.dice, self.jitter = Dice(derive(self.seed, "gaps")), Dice(derive(self.seed, "jitter"))
        self.wait()

    def wait(self) -> None:
        """Let the next request come."""
        if self.arrivals:
            if self.number < len(self.arrivals):
                self.set_timer("next", self.arrivals[self.number] - self.now)
            return
        mean = [gap for begin, gap in self.gaps if begin <= self.now][-1]
        if mean:
            gap, self.dice = exponential(self.dice, mean)
            self.set_timer("next", gap)

    def on_timeout(self, timer: str) -> None:
        """A new request comes; or an attempt has taken too long; or it is time to ask again."""
        what, _, number = timer.partition("-")
        if what == "next":
            self.number += 1
            self.tokens = min(TOKENS_MAX, self.tokens + max(0, self.budget))
            self.ask(self.number, self.now, 1)
            self.wait()
        elif what == "late":
            self.on_failure(int(number))
        else:
            asked, attempt = self.open[int(number)]
            self.ask(int(number), asked, 1 - attempt)

    def ask(self, number: int, asked: int, attempt: int) -> None:
        """Send an attempt."""
        self.open = self.open.set(number, (asked, attempt))
        self.open_count = len(self.open)
        self.send("server", Ask(number, attempt, self.now + self.timeout))
        self.set_timer(f"late-{number}", self.timeout)

    def on_failure(self, number: int) -> None:
        """Ask again, now or later, or give up."""
        asked, attempt = self.open[number]
        if attempt == self.attempts or (self.budget >= 0 and self.tokens < TOKEN):
            self.close(number)
            self.output(GaveUp(number))
            return
        if self.budget >= 0:
            self.tokens -= TOKEN
        if self.backoff:
            wait, self.jitter = self.jitter.below(self.backoff * 2 ** (attempt - 1) + 1)
            self.open = self.open.set(number, (asked, -attempt))
            self.set_timer(f"again-{number}", wait)
        else:
            self.ask(number, asked, attempt + 1)

    def close(self, number: int) -> None:
        """Wait for no answer any more."""
        self.open = self.open.remove(number)
        self.open_count = len(self.open)

    def on_message(self, sender: str, message: Answer | Busy) -> None:
        """Hear an answer, if it is to the attempt that one waits for."""
        asked, attempt = self.open.get(message.number, (0, 0))
        if attempt != message.attempt:
            return
        self.cancel_timer(f"late-{message.number}")
        if isinstance(message, Busy):
            self.on_failure(message.number)
        else:
            self.close(message.number)
            self.output(Answered(message.number, attempt, self.now - asked))


class Server(Node):
    """Does one request after the other, each for a random time of mean `service_us`, or for exactly that time.

    order       which it takes next: the "oldest" or the "newest"
    limit       how many may wait; who comes to a full queue is told so at once; 0: no limit
    deadlines   whether it leaves out what it can no longer answer in time, because the usual time is not left
    State, volatile: `queue`, of which the entries after `done` wait; `busy`, the attempt that it works at.
    Timers: "done".
    """

    declared: ClassVar[dict[str, str]] = {"waiting": "waiting", "working": "working"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        service_us: int,
        spread: bool,
        order: str,
        limit: int,
        deadlines: bool,
    ) -> None:
        super().__init__(name, disk)
        if order not in ORDERS:
            raise UnknownNameError(f"order must be one of {', '.join(ORDERS)}, but it is {shown(order)}")
        self.service = whole_number("service_us", service_us, at_least=1)
        self.limit = whole_number("limit", limit)
        self.spread, self.order, self.deadlines = spread, order, deadlines
        self.queue: Log[tuple[str, Ask]] = Log()
        self.done = self.waiting = 0
        self.busy: tuple[str, Ask] | None = None
        self.working = ""
        self.dice = Dice(0)

    def on_start(self) -> None:
        """Take the dice for the times of the work."""
        self.dice = Dice(self.seed)

    def on_message(self, sender: str, message: Ask) -> None:
        """Let a request wait, or say that there is no room."""
        if self.limit and self.busy is not None and self.waiting >= self.limit:
            self.send(sender, Busy(message.number, message.attempt))
            return
        self.queue = self.queue.append((sender, message))
        if self.busy is None:
            self.begin()
        self.count()

    def on_timeout(self, timer: str) -> None:
        """Answer, and go on."""
        assert self.busy is not None, f"{self.name} has nothing to answer"
        sender, ask = self.busy
        self.send(sender, Answer(ask.number, ask.attempt))
        self.busy = None
        self.begin()
        self.count()

    def begin(self) -> None:
        """Take the next request that waits."""
        while self.queue.last_index > self.done:
            sender, ask = self.take()
            if self.deadlines and self.now + self.service > ask.deadline:
                self.note(f"leaves out {ask.number}, attempt {ask.attempt}")
                continue
            self.busy = (sender, ask)
            time = self.service
            if self.spread:
                time, self.dice = exponential(self.dice, self.service)
            self.set_timer("done", time)
            return

    def take(self) -> tuple[str, Ask]:
        """Take the oldest or the newest from the queue."""
        if self.order == "newest":
            last = self.queue.last_index
            taken = self.queue[last]
            self.queue = self.queue.truncate(last - 1)
            return taken
        self.done += 1
        taken = self.queue[self.done]
        if self.done - self.queue.before_index >= 2_000:  # now and then, for it costs a copy
            self.queue = self.queue.compact(self.done)
        return taken

    def count(self) -> None:
        """Keep what a reader of the trace wants to see."""
        self.waiting = self.queue.last_index - self.done
        self.working = "" if self.busy is None else f"{self.busy[1].number}, attempt {self.busy[1].attempt}"
