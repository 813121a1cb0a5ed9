"""`small-store`: the smallest cluster with votes, acknowledgements and clients, for pages that explain pictures.

    from distsys.lab.small_store import small_store
    trace = small_store()                 # three servers elect a leader; one client puts, another gets
    trace = small_store(cut=True)         # the leader is cut off with the client that reads

It is no protocol of this book. A server tries to lead only when somebody outside says so, and a leader answers reads at
once from what it holds, without asking anybody. With `cut` a second server is told to lead while the first, cut off,
still believes that it does: it answers with what was true before. That is a stale read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distsys.core import systems
from distsys.core.node import Node
from distsys.core.operations import Operation
from distsys.core.systems import Members, Request, System, peers_of
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.drivers import Partition, Simulator, link
from distsys.views import Placed
from distsys.views.calls import Call, calls_of, positioned


@record
class Lead:
    """Somebody outside says: try to lead from now on."""


@record
class AskVote:
    """A request for a vote."""

    term: int


@record
class Vote:
    """A vote."""

    term: int


@record
class Write:
    """The leader's value at a place of the log."""

    term: int
    place: int
    value: int


@record
class Stored:
    """A server holds the log up to a place."""

    place: int


@record
class Ask:
    """A client wants to put a value, or where it is None to get the last."""

    value: int | None


@record
class Answer:
    """What a client hears."""

    value: int | None


class Server(Node):
    """A server: it votes once in a term, leads with the votes of a majority; what a majority holds counts."""

    declared = {  # noqa: RUF012 - as every node writes it
        "role": "role", "term": "term", "vote": "vote", "votes": "votes", "commit": "commit", "match": "match",
    }  # fmt: skip

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.role, self.term, self.vote = "follower", 0, ""
        self.votes: frozenset[str] = frozenset()
        self.values: tuple[int, ...] = ()
        self.match: Map[str, int] = EMPTY
        self.commit, self.client = 0, ""

    def is_majority(self, count: int) -> bool:
        """Return whether so many servers are more than half."""
        return 2 * count > len(self.peers) + 1

    def on_message(self, sender: str, message: Any) -> None:
        """Vote, lead, store; answer clients as a leader."""
        match message:
            case Lead():
                self.role, self.term, self.vote = "candidate", self.term + 1, self.name
                self.votes = frozenset({self.name})
                self.broadcast(self.peers, AskVote(self.term))
            case AskVote(term) if term > self.term:
                self.role, self.term, self.vote = "follower", term, sender
                self.send(sender, Vote(term))
            case Vote(term) if term == self.term:
                self.votes |= {sender}
                if self.is_majority(len(self.votes)):
                    self.role = "leader"
            case Ask(None) if self.role == "leader":
                self.send(sender, Answer(self.values[self.commit - 1] if self.commit else None))
            case Ask(value) if self.role == "leader" and value is not None:
                self.values, self.client = (*self.values, value), sender
                self.match = self.match.set(self.name, len(self.values))
                self.broadcast(self.peers, Write(self.term, len(self.values), value))
            case Write(term, place, value) if term == self.term:
                self.values = (*self.values[: place - 1], value)
                self.send(sender, Stored(place))
            case Stored(place):
                self.on_stored(sender, place)

    def on_stored(self, sender: str, place: int) -> None:
        """A majority that holds a value makes it count, and the client hears of it."""
        self.match = self.match.set(sender, place)
        holders = sum(self.match.get(name, 0) >= place for name in (self.name, *self.peers))
        if place > self.commit and self.is_majority(holders):
            self.commit = place
            self.send(self.client, Answer(None))


class Client(Node):
    """A client: it puts 1, 2, 3, ... or gets, one after the other, and outputs what it asked and what it heard."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, ask: tuple[str, str], puts: bool) -> None:
        super().__init__(name, disk)
        self.ask, self.puts, self.number = ask, puts, 0

    def on_start(self) -> None:
        """Begin a little later than the election."""
        self.set_timer("next", 20 * MS, 24 * MS)

    def on_timeout(self, timer: str) -> None:
        """Ask the next thing: the first two of one server, the others of another."""
        self.number += 1
        value = self.number if self.puts else None
        self.tell_all("invoke", value)
        self.send(self.ask[0] if self.number < 3 else self.ask[1], Ask(value))

    def on_message(self, sender: str, message: Any) -> None:
        """Say what came back, and wait before the next."""
        self.tell_all("ok", message.value)
        if self.number < 4:
            self.set_timer("next", 4 * MS, 10 * MS)

    def tell_all(self, kind: str, value: int | None) -> None:
        """Output one end of an operation."""
        self.output(Operation(self.name, kind, "put" if self.puts else "get", "x", value, self.now))


def _members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
    servers: Members = {name: ("server", {"peers": peers_of(name, names)}) for name in names}
    second = names[1] if options["switch"] else names[0]
    clients: Members = {
        "p": ("client", {"ask": (names[0], second), "puts": True}),
        "q": ("client", {"ask": (names[0], names[0]), "puts": False}),
    }
    return {**servers, **clients}


SYSTEM = systems.register(
    System(
        "small-store", "One value, an election at the start, two clients.",
        {"server": Server, "client": Client}, _members, (),
        options={"switch": False}, restarts=False, clients=("client",), history="key-value",
    )
)  # fmt: skip


def small_store(cut: bool = False, seed: int = 2) -> Trace:
    """Return a run of three servers and the clients p, who puts, and q, who gets.

    With `cut`, the network splits at 46 ms: a and q on one side, b, c and p on the other, and b leads the others.
    """
    cluster = systems.build("small-store", nodes=["a", "b", "c"], switch=cut)
    requests = [Request(1 * MS, "a", Lead())] + [Request(47 * MS, "b", Lead())] * cut
    script = [Partition(46 * MS, (("a", "q"), ("b", "c", "p")))] if cut else []
    return Simulator(
        cluster, seed, network=link(delay=2 * MS), script=script, requests=requests, until=110 * MS, settle=0
    ).run()


def every_order(trace: Trace) -> Placed:
    """Return whether the answers of the clients fit one order that real time allows, found by trying every order.

    That is the definition, and good for ten operations; `distsys.checkers` has what works for thousands.
    """
    calls = calls_of(positioned(trace))
    best: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    def can_be_next(order: tuple[int, ...]) -> list[int]:
        left = [number for number in range(len(calls)) if number not in order]
        first_end = min((calls[number].stop for number in left if calls[number].stop), default=len(trace) + 1)
        return [number for number in left if calls[number].start < first_end]

    def goes_on(order: tuple[int, ...], value: Any) -> bool:
        nonlocal best
        nexts = can_be_next(order)
        stuck = tuple(number for number in nexts if not _fits(calls[number], value))
        if len(order) > len(best[0]) or not order:
            best = (order, stuck)
        if all(number in order for number, call in enumerate(calls) if call.stop):
            return True
        return any(
            goes_on((*order, number), calls[number].asked if calls[number].f == "put" else value)
            for number in nexts
            if number not in stuck
        )

    found = goes_on((), None)
    return Placed("OK" if found else "ILLEGAL", best[0], () if found else best[1])


def _fits(call: Call, value: Any) -> bool:
    """Return whether an operation can happen while the object holds `value`."""
    return call.f == "put" or (call.ending == "ok" and call.answer == value)
