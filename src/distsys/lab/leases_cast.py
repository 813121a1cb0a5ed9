"""The nodes in the stories of the page on leases: who grants a lease, who holds it, and the store that it is for.

A `Granter` is one process; that a group of them decides by a log is the subject of other pages, and changes nothing in
what a lease promises. A `Holder` asks, relies on the lease for a while by its own clock, and may use it to pay money
into an account of the `Store`: it reads the balance, works, and writes the sum. Two kinds of holders are wrong.
"""

from __future__ import annotations

from typing import Any, ClassVar

from distsys.core.errors import UnknownNameError, shown, whole_number
from distsys.core.node import Node
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record
from distsys.protocols.multipaxos_leases import local


@record
class Ask:
    """A client asks for the lease, or to have it renewed; its questions are numbered."""

    number: int


@record
class Granted:
    """The lease is granted, in answer to a question; the token grows from one holder to the next."""

    number: int
    token: int


@record
class GiveBack:
    """A client needs the lease no more."""

    token: int


@record
class Free:
    """The lease may be had again: ask."""


@record
class Holds:
    """A client begins to rely on the lease."""

    token: int


@record
class Stops:
    """A client relies on it no more."""

    token: int


class Granter(Node):
    """Grants one lease at a time, for `lease_ms` of its own clock.

    State: `token`, how often the lease has passed to somebody, durable; volatile `holder`, `until`, `waiting`.
    Messages: Ask and GiveBack from clients; Granted and Free to them. Timers: "over".
    Keeps: nobody is granted the lease before its last holder's time is over on this clock. Who restarts does not know
    who has it, and waits as long as anybody can.
    """

    declared: ClassVar[dict[str, str]] = {"holder": "holder", "token": "token"}

    def __init__(
        self, name: str, disk: Map[str, Any] = EMPTY, *, lease_ms: int = 1_000, delay_ms: int = 0
    ) -> None:
        super().__init__(name, disk)
        self.lease = whole_number("lease_ms", lease_ms, at_least=1) * MS
        self.delay = whole_number("delay_ms", delay_ms) * MS  # a lock-delay
        self.token: int = disk.get("token", 0)
        self.holder = ""
        self.until = 0
        self.waiting: tuple[str, ...] = ()

    def on_start(self) -> None:
        """Wait, if somebody may have the lease."""
        if self.token > 0:
            self.until = self.now + self.lease

    def on_message(self, sender: str, message: Any) -> None:
        """Grant, or take back."""
        match message:
            case Ask(number):
                self.on_ask(sender, number)
            case GiveBack(token) if self.holder == sender and token == self.token:
                self.holder, self.until = "", self.now - self.delay
                self.tell_who_waits()

    def on_ask(self, sender: str, number: int) -> None:
        """Grant the lease, or remember who wants it."""
        if self.now >= self.until:
            self.holder = ""
        if self.holder == sender or self.is_free():
            self.grant(sender, number)
        else:
            self.waiting = (*(name for name in self.waiting if name != sender), sender)
            self.set_timer("over", max(0, self.until + self.delay - self.now))

    def is_free(self) -> bool:
        """Return whether the last lease is over, and with it the delay that follows it."""
        return self.holder == "" and (self.token == 0 or self.now >= self.until + self.delay)

    def grant(self, client: str, number: int) -> None:
        """Grant the lease, counted from now."""
        if self.holder != client:
            self.token += 1
            self.persist(token=self.token)
        self.holder, self.until = client, self.now + self.lease
        self.waiting = tuple(name for name in self.waiting if name != client)
        self.send(client, Granted(number, self.token))
        self.set_timer("over", self.lease + self.delay)

    def on_timeout(self, timer: str) -> None:
        """Tell those who wait, once the time is over; a clock that was set back makes it longer."""
        if self.now < self.until + self.delay:
            self.set_timer("over", self.until + self.delay - self.now)
            return
        self.holder = ""
        self.tell_who_waits()

    def tell_who_waits(self) -> None:
        """Tell those who wait that they may ask again."""
        self.cancel_timer("over")
        waiting, self.waiting = self.waiting, ()
        self.broadcast(waiting, Free())


class Forgetful(Granter):
    """Grants at once after a restart."""

    def on_start(self) -> None:
        """Take the lease for free."""


# The store.


@record
class Read:
    """Read the balance."""

    token: int


@record
class Balance:
    """The balance."""

    amount: int


@record
class Write:
    """Set the balance to `amount`, which is `adds` more than was read."""

    token: int
    amount: int
    adds: int


@record
class Written:
    """It is done."""


@record
class TooOld:
    """It is not done: a newer token was seen."""

    newest: int


@record
class Stored:
    """The store has done a write."""

    token: int
    amount: int
    adds: int


BEGIN = 100
CHECKS = ("nothing", "writes", "all")


class Store(Node):
    """Holds a balance. It looks at the tokens of nothing, of writes, or of all requests, as `checks` says.

    State, durable: `balance`; `newest`, the greatest token that was seen.
    Keeps, if it looks at all: the tokens of the requests that it does never go down.
    """

    declared: ClassVar[dict[str, str]] = {"balance": "balance", "newest": "newest"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, checks: str = "all") -> None:
        super().__init__(name, disk)
        if checks not in CHECKS:
            raise UnknownNameError(f"checks must be one of {', '.join(CHECKS)}, but it is {shown(checks)}")
        self.checks = checks
        self.balance: int = disk.get("balance", BEGIN)
        self.newest: int = disk.get("newest", 0)

    def on_message(self, sender: str, message: Any) -> None:
        """Do what is asked, or refuse it."""
        match message:
            case Read(token) if self.checks == "all" and not self.admits(token):
                self.refuse(sender, token)
            case Read():
                self.send(sender, Balance(self.balance))
            case Write(token) if self.checks != "nothing" and not self.admits(token):
                self.refuse(sender, token)
            case Write(token, amount, adds):
                self.balance = amount
                self.persist(balance=amount, newest=self.newest)
                self.output(Stored(token, amount, adds))
                self.send(sender, Written())

    def admits(self, token: int) -> bool:
        """Return whether no newer token was seen; from now on, no older one is admitted."""
        if token < self.newest:
            return False
        if token > self.newest:
            self.newest = token
            self.persist(newest=token)
        return True

    def refuse(self, sender: str, token: int) -> None:
        """Say why nothing is done."""
        self.note(f"refuses token {token}")
        self.send(sender, TooOld(self.newest))


# The holder.


class Holder(Node):
    """Asks for the lease, and relies on it for `rely_us` of its own clock, counted from when it asked.

    With `renew_ms` it asks again so often, and so keeps the lease. With `adds` it pays that much into the account once:
    it reads, works for `work_ms`, looks at its clock, and writes.
    State, volatile: `sent` (question -> when), `until`, `token` (0: none).
    Timers: "ask", "retry", "end", "work", "write".
    Outputs: Holds, Stops.
    """

    declared: ClassVar[dict[str, str]] = {"token": "token"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        granter: str = "locks",
        store: str = "store",
        lease_ms: int = 1_000,
        drift_ppm: int = 0,
        rely_us: int | None = None,
        begin_ms: int = 0,
        renew_ms: int = 0,
        again_ms: int = 0,
        retry_ms: int = 0,
        adds: int = 0,
        work_ms: int = 200,
    ) -> None:
        super().__init__(name, disk)
        self.granter, self.store = granter, store
        shortest = local(lease_ms * MS, drift_ppm)
        self.rely = shortest if rely_us is None else whole_number("rely_us", rely_us, at_least=1)
        self.begin_ms = whole_number("begin_ms", begin_ms)
        self.renew_ms = whole_number("renew_ms", renew_ms)  # 0: never
        self.again_ms = whole_number("again_ms", again_ms)  # ask again so long after the end; 0: never
        self.retry_ms = whole_number("retry_ms", retry_ms)  # ask again if nothing comes; 0: never
        self.adds = whole_number("adds", adds)
        self.work_ms = whole_number("work_ms", work_ms)
        self.number = 0
        self.sent: Map[int, int] = Map()
        self.until = 0
        self.token = 0
        self.ready: Write | None = None

    def on_start(self) -> None:
        """Ask when it is told to."""
        self.set_timer("ask", self.begin_ms * MS)

    # The lease.

    def ask(self) -> None:
        """Ask, and note when."""
        self.number += 1
        self.sent = self.sent.set(self.number, self.now)
        self.send(self.granter, Ask(self.number))
        if self.retry_ms:
            self.set_timer("retry", self.retry_ms * MS)

    def on_granted(self, message: Granted) -> None:
        """Rely on the lease, if it is not over already."""
        self.until = max(self.until, self.lease_end(message.number))
        if self.now >= self.until:
            self.note("has got a lease that is over")
            return
        self.set_timer("end", self.until - self.now)
        if self.token == 0:
            self.token = message.token
            self.output(Holds(self.token))
            self.on_held()

    def lease_end(self, number: int) -> int:
        """Return until when this client may rely on what answers that question."""
        return self.sent[number] + self.rely

    def look_at_the_clock(self) -> None:
        """Stop relying on a lease that is over."""
        if self.token and self.now >= self.until:
            self.output(Stops(self.token))
            self.token = 0
            self.cancel_timer("work")
            if self.again_ms:
                self.set_timer("ask", self.again_ms * MS)

    def give_back(self) -> None:
        """End the lease before its time."""
        if self.token:
            self.output(Stops(self.token))
            self.send(self.granter, GiveBack(self.token))
            self.token = self.until = 0
            self.cancel_timer("end")
            self.cancel_timer("ask")

    # The work under it.

    def on_held(self) -> None:
        """Ask for the lease again in time, and begin to work."""
        if self.renew_ms:
            self.set_timer("ask", max(0, self.sent[self.number] + self.renew_ms * MS - self.now))
        if self.adds:
            self.send(self.store, Read(self.token))

    def on_message(self, sender: str, message: Any) -> None:
        """Look at the clock first, and then at the message."""
        self.look_at_the_clock()
        match message:
            case Granted():
                self.on_granted(message)
            case Free():
                self.ask()
            case Balance(amount) if self.token:
                self.ready = Write(self.token, amount + self.adds, self.adds)
                self.set_timer("work", self.work_ms * MS)
            case Written():
                self.adds = 0
                self.give_back()
            case TooOld():
                self.note("begins again")
                self.ask()

    def on_timeout(self, timer: str) -> None:
        """Look at the clock first, but for a write that follows such a look."""
        if timer == "write":  # the clock was looked at a moment ago
            assert self.ready is not None, f"{self.name} writes nothing"
            self.send(self.store, self.ready)
        self.look_at_the_clock()
        match timer:
            case "retry" if self.token == 0:
                self.ask()
            case "ask":
                self.ask()
                if self.renew_ms and self.token:
                    self.set_timer("ask", self.renew_ms * MS)
            case "end" if self.token:
                self.set_timer("end", self.until - self.now)
            case "work" if self.token:
                self.note(f"looks: its lease has {(self.until - self.now) // MS} ms left")
                self.set_timer("write", 1 * MS)


class CountsFromTheAnswer(Holder):
    """Begins to count when the answer arrives."""

    def lease_end(self, number: int) -> int:
        """Forget how long the answer was under way."""
        return self.now + self.rely
