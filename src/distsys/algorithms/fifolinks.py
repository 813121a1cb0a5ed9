"""Links that keep the order, and survive a crash: what a packet must say, and what must be on disk.

A perfect link remembers each number that has come, for ever, and a restarted sender gives old numbers to new
packets. Both end when packets are taken in order: then one number for each sender says all that has come. And
when a packet says in which *incarnation* of its sender it was posted, a number that was used before a crash is
no longer the same number after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import EMPTY, MS, Dice, Map, Node, S, derive, record
from distsys.core.systems import Request, Sight, System, alike, peers_of
from distsys.core.trace import Step

from .broadcast import RETRY as SENT_AGAIN
from .link_laws import LINK_LAWS
from .links import RETRY, Arrival, Post


@record
class Segment:
    """`body` on its way: the `number`-th that this incarnation of the sender posted to the receiver."""

    incarnation: int
    number: int
    body: Any


@record
class Upto:
    """All segments of this incarnation up to this number have come."""

    incarnation: int
    number: int


class FifoLinks(Node):
    """Brings each posted body to its receiver, at most once and in the order of posting; both may crash and come back.

    State, durable: `incarnation`, how often the process has started; `marks` as {sender: (incarnation, number)}, what
    was delivered last. Volatile: `posted` as {to: number of the last segment}; `waiting` as {to: segments not yet
    acknowledged}; `early` as {(sender, number): body}, what came before its turn.
    Messages: Segment, Upto. Timer: retry, runs while something waits.
    Keeps: no creation, no duplication, FIFO order; and reliable delivery of what was posted after the last crash of
    its sender and of its receiver.
    Assumes: fair-loss links and a disk that keeps what was persisted.
    Leaves out: what was posted before a crash of the sender and not acknowledged; and what was marked by a receiver
    that crashed before it handed it on. To lose nothing there, the user must keep it on disk, together with the mark.
    Source: the window and the cumulative acknowledgement are those of TCP (RFC 9293); the incarnation stands for its
    choice of a new initial sequence number.
    """

    declared = {"incarnation": "incarnation", "marks": "marks"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...], window: int = 8
    ) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.window = window
        self.incarnation: int = disk.get("incarnation", 0) + 1
        self.marks: Map[str, tuple[int, int]] = disk.get("marks", Map())
        self.posted: Map[str, int] = Map()
        self.waiting: Map[str, tuple[Segment, ...]] = Map()
        self.early: Map[tuple[str, int], Any] = Map()

    def on_start(self) -> None:
        """Make this incarnation durable before anything is sent under it."""
        self.persist(incarnation=self.incarnation)

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Post(to, body):
                self.on_post(to, body)
            case Segment():
                self.on_segment(sender, message)
            case Upto(incarnation, number) if incarnation == self.incarnation:
                self.on_upto(sender, number)

    # The sender.

    def on_post(self, to: str, body: Any) -> None:
        """Give the body the next number; send it if the window reaches so far."""
        if not self.waiting:
            self.set_timer("retry", RETRY)
        number = self.posted.get(to, 0) + 1
        segment = Segment(self.incarnation, number, body)
        self.posted = self.posted.set(to, number)
        self.waiting = self.waiting.set(to, (*self.waiting.get(to, ()), segment))
        if segment in self.in_window(to):
            self.send(to, segment)

    def in_window(self, to: str) -> tuple[Segment, ...]:
        """Return the segments that may be on their way: the first of those that wait."""
        return self.waiting.get(to, ())[: self.window]

    def on_upto(self, to: str, number: int) -> None:
        """Forget what has come, and send what has moved into the window."""
        sent = self.in_window(to)
        left = tuple(segment for segment in self.waiting.get(to, ()) if segment.number > number)
        self.waiting = self.waiting.set(to, left) if left else self.waiting.remove(to)
        for segment in self.in_window(to):
            if segment not in sent:
                self.send(to, segment)
        if not self.waiting:
            self.cancel_timer("retry")

    def on_timeout(self, timer: str) -> None:
        for to in self.waiting:
            for segment in self.in_window(to):
                self.send(to, segment)
        self.set_timer("retry", RETRY)

    # The receiver.

    def on_segment(self, sender: str, segment: Segment) -> None:
        """Take in what is next and what waited for it; say how far we are. An older self is not heard."""
        incarnation, number = self.marks.get(sender, (0, 0))
        if segment.incarnation < incarnation:
            return
        if segment.incarnation > incarnation:
            incarnation, number = segment.incarnation, 0
            self.early = Map({key: body for key, body in self.early.items() if key[0] != sender})
        if segment.number > number:
            self.early = self.early.set((sender, segment.number), segment.body)
        ready = []
        while (key := (sender, number + 1)) in self.early:
            number += 1
            ready.append(self.early[key])
            self.early = self.early.remove(key)
        self.deliver(sender, (incarnation, number), tuple(ready))
        self.send(sender, Upto(incarnation, number))

    def deliver(self, sender: str, mark: tuple[int, int], ready: tuple[Any, ...]) -> None:
        """Mark durably first and hand on then: a crash between the two loses, and does not double."""
        if mark != self.marks.get(sender):
            self.marks = self.marks.set(sender, mark)
            self.persist(marks=self.marks)
        for body in ready:
            self.output(Arrival(sender, body))


def letters(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """Return requests of processes that write to each other, each body once, in bursts."""
    dice = Dice(derive(seed, "workload"))
    requests = []
    at = 0
    for number in range(1, options["posts"] + 1):
        name, dice = dice.choose(names)
        to, dice = dice.choose(peers_of(name, names) or names)
        gap, dice = dice.choose((2 * MS, 15 * MS, 80 * MS, 300 * MS))
        pause, dice = dice.below(gap)
        at += pause
        requests.append(Request(at, name, Post(to, f"m{number}")))
    return tuple(requests)


def early(step: Step) -> bool:
    """Return whether a segment comes before its turn: it is acknowledged with a smaller number."""
    message = getattr(step.event, "message", None)
    return isinstance(message, Segment) and any(
        isinstance(said := getattr(effect, "message", None), Upto)
        and said.incarnation == message.incarnation
        and said.number < message.number
        for effect in step.effects[: step.kept]
    )


def older_self(step: Step) -> bool:
    """Return whether a segment of an older incarnation comes, and is not answered."""
    return isinstance(getattr(step.event, "message", None), Segment) and not step.effects


FIFO_LINKS = System(
    name="fifo-links",
    says="What a process posts to another arrives once and in order, and both may crash and come back.",
    classes={"process": FifoLinks},
    members=alike(),
    laws=LINK_LAWS,
    options={"posts": 24},
    workload=letters,
    tolerates=(
        *("loss", "duplicate", "reorder", "slow", "partition", "cut"),
        *("crash", "crash-in-step", "disk-full", "pause", "stall", "skew", "clock-step"),
    ),
    until=2 * S,
    untimed=True,
    sights=(
        SENT_AGAIN,
        Sight("early", "A segment comes before its turn, and waits.", early),
        Sight("older self", "A segment of an incarnation before a crash comes late.", older_self),
    ),
)
