"""ABD: one memory cell, built out of copies and messages, while a minority of the copies may be down.

This is the register of Attiya, Bar-Noy and Dolev (JACM 1995), with one writer, and its form for many writers, after
Lynch and Shvartsman (FTCS 1997). Every value has a *tag*. A replica keeps the value with the greatest tag that
it has been
given. Clients do the rest, in *phases*: ask all replicas, and go on when a majority has answered.

    write   (one writer)    take the next number        ->  store at a majority
    write   (many writers)  query a majority            ->  store, with a number above all of them, at a majority
    read                    query a majority            ->  store the newest of the answers at a majority  ->  return it

What makes it one cell is that majorities meet, and the second phase of a read. The first reason: whoever queries later
hears of what was stored before. The second: what a read has returned must be as safe as what a write has written, or a
later read may miss it. No replica talks to another one, nobody leads, and no clock is looked at but for asking again.
"""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.errors import ArgumentError, shown, whole_number
from distsys.core.node import Node
from distsys.core.operations import INFO, INVOKE, OK, Operation
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .abd_messages import ANSWERS, ZERO, Held, Phase, Query, Read, Round, Store, Stored, Tag, Write
from .quorums import names_of

ALWAYS, UNLESS_AGREED = "always", "unless agreed"


class Replica(Node):
    """A copy of the cell: it keeps the newest value that it was given, and says what it holds.

    State, durable: `tag`, `value`. Messages: Query, Store. Timers: none. It knows of no other replica.
    Keeps: "copies do not go back", "durable before revealed".
    Assumes crash and recovery. Where a replica that crashed never comes back (crash-stop), memory is enough.
    """

    declared = {"tag": "tag", "value": "value"}

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        super().__init__(name, disk)
        self.tag: Tag = disk.get("tag", ZERO)
        self.value: Any = disk.get("value")

    def on_message(self, sender: str, message: Any) -> None:
        match message:
            case Query():
                self.send(sender, Held(message.round, self.tag, self.value))
            case Store():
                if self.is_news(message):
                    self.keep(message)
                self.send(sender, Stored(message.round))

    def is_news(self, message: Store) -> bool:
        """Return whether this is newer than what is here; a late or doubled message is not."""
        return message.tag > self.tag

    def keep(self, message: Store) -> None:
        """Take the value, and make it durable before anybody hears of it."""
        self.tag, self.value = message.tag, message.value
        self.persist(tag=message.tag, value=message.value)


class Client(Node):
    """Reads and writes the cell, one operation at a time, and outputs each as an `Operation` when it begins and ends.

    State, durable: `life`, how many names it has used. Volatile: `open` (the operation), `phase`, `round`, `answers`,
    `tag` and `value` (what it stores), `ended` (the tag of the last operation that ended).
    Messages: Held, Stored; from the host Read and Write, which wait in line.
    Timers: "retry", drawn from [retry_ms, 2 retry_ms]: ask again who has not answered. After `tries_max` tries
    it gives up:
    nobody knows whether a write happened, so the operation ends as "info", and the client goes on under a new name.
    A restart does the same. "next": begin one of `operations` operations of its own.
    Assumes: messages may be lost, doubled, late and overtaken. An operation ends while a majority of the
    replicas is up and
    messages that are sent again and again arrive.
    """

    declared = {"phase": "phase", "answers": "answered", "tag": "tag", "value": "value"}

    def __init__(
        self,
        name: str,
        disk: Map[str, Any] = EMPTY,
        *,
        replicas: tuple[str, ...],
        operations: int = 0,
        write_back: str = ALWAYS,
        retry_ms: int = 100,
        tries_max: int = 8,
        think_ms: int = 100,
    ) -> None:
        super().__init__(name, disk)
        self.replicas = names_of("replicas", replicas)
        self.operations = whole_number("operations", operations)
        if write_back not in (ALWAYS, UNLESS_AGREED):
            raise ArgumentError(
                f"write_back must be {ALWAYS!r} or {UNLESS_AGREED!r}, but it is {shown(write_back)}"
            )
        self.write_back = write_back
        self.retry_ms = whole_number("retry_ms", retry_ms, at_least=1)
        self.tries_max = whole_number("tries_max", tries_max, at_least=1)
        self.think_ms = whole_number("think_ms", think_ms)
        self.life: int = disk.get("life", 0)
        self.dice: Dice | None = None
        self.begun = 0
        self.waiting: tuple[Read | Write, ...] = ()
        self.open: Read | Write | None = None
        self.phase = Phase.IDLE
        self.round = Round()
        self.answers: Map[str, Held | Stored] = EMPTY
        self.tries = 0
        self.tag, self.value = ZERO, None
        self.ended = ZERO

    # Operations.

    def on_start(self) -> None:
        self.begin_a_life()
        if self.operations:
            self.dice = Dice(self.seed)
            self.set_timer("next", 0, self.think_ms * MS)

    def begin_a_life(self) -> None:
        """Go on under a new name, for nobody knows what becomes of the open operation."""
        self.life += 1
        self.persist(life=self.life)
        self.round = Round(self.life, 0)
        self.open, self.phase = None, Phase.IDLE

    def process(self) -> str:
        """Return the name of this life: a process of the history, and the writer in a tag."""
        return f"{self.name}.{self.life}"

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, ANSWERS):
            self.on_answer(sender, message)
        elif isinstance(message, (Read, Write)):
            self.waiting = (*self.waiting, message)
            self.begin_next()

    def begin_next(self) -> None:
        """Begin what waits in line, if nothing is open."""
        if self.open is not None or not self.waiting:
            return
        self.open, self.waiting = self.waiting[0], self.waiting[1:]
        self.report(INVOKE, getattr(self.open, "value", None))
        self.tag, self.value = ZERO, None
        if isinstance(self.open, Read):
            self.query()
        else:
            self.write(self.open.value)

    def write(self, value: Any) -> None:
        """Begin a write. With many writers nobody knows the newest tag, so ask for it."""
        self.query()

    def end(self) -> None:
        """Return from the operation."""
        self.ended = self.tag
        self.report(OK, self.value)
        self.open, self.phase = None, Phase.IDLE
        self.cancel_timer("retry")
        self.go_on()

    def go_on(self) -> None:
        """Think before the next operation, or take what waits."""
        if self.begun < self.operations:
            self.set_timer("next", 0, self.think_ms * MS)
        self.begin_next()

    def report(self, type: str, value: Any = None) -> None:
        """Output one end of the open operation."""
        f = "read" if isinstance(self.open, Read) else "write"
        self.output(Operation(self.process(), type, f, None, value, self.now))

    # Phases.

    def query(self) -> None:
        """Ask a majority what it holds."""
        self.begin_phase(Phase.QUERY)
        self.ask()

    def store(self, tag: Tag, value: Any) -> None:
        """Have a majority hold this, or something newer."""
        self.tag, self.value = tag, value
        self.begin_phase(Phase.STORE)
        self.ask()

    def begin_phase(self, phase: Phase) -> None:
        """Begin a round of questions: answers to earlier ones count no more."""
        self.phase = phase
        self.round = Round(self.life, self.round.number + 1)
        self.answers = EMPTY
        self.tries = 0

    def ask(self) -> None:
        """Send the question to all who have not answered it."""
        self.tries += 1
        question = Query(self.round) if self.phase is Phase.QUERY else Store(self.round, self.tag, self.value)
        self.broadcast([name for name in self.replicas if name not in self.answers], question)
        self.restart_retry_timer()

    def on_answer(self, sender: str, message: Held | Stored) -> None:
        """Count the answer, and go on when a majority has answered this question."""
        if not self.is_current(message):
            return
        self.count(sender, message)
        if len(self.answers) < self.quorum():
            return
        if self.phase is Phase.STORE:
            self.end()
        else:
            held = [answer for answer in self.answers.values() if isinstance(answer, Held)]
            self.on_majority(max(held, key=lambda answer: answer.tag), held)

    def is_current(self, message: Held | Stored) -> bool:
        """Return whether this answers the question that is open."""
        return self.phase is not Phase.IDLE and message.round == self.round

    def count(self, sender: str, message: Held | Stored) -> None:
        """Note the answer; one that comes twice is one."""
        self.answers = self.answers.set(sender, message)

    def quorum(self) -> int:
        """Return how many answers are enough: two sets of so many meet."""
        return len(self.replicas) // 2 + 1

    def on_majority(self, newest: Held, held: list[Held]) -> None:
        """A majority has said what it holds: choose what to store."""
        if isinstance(self.open, Write):
            self.store(self.next_tag(newest.tag), self.open.value)
        elif self.must_write_back(newest, held):
            self.note(f"writes {newest.tag} back")
            self.store(newest.tag, newest.value)
        else:
            self.note("need not write back")
            self.tag, self.value = newest.tag, newest.value
            self.end()

    def must_write_back(self, newest: Held, held: list[Held]) -> bool:
        """Return whether a later read could miss this value: not where a whole majority holds it already."""
        return self.write_back == ALWAYS or any(answer.tag != newest.tag for answer in held)

    def next_tag(self, newest: Tag) -> Tag:
        """Return a tag above all that were heard of; it ends in the name of this life, so no other write has it."""
        return Tag(newest.number + 1, self.process())

    # When no answer comes.

    @property
    def answered(self) -> frozenset[str]:
        """Who has answered the question that is open."""
        return frozenset(self.answers)

    def restart_retry_timer(self) -> None:
        """Wait for answers."""
        self.set_timer("retry", self.retry_ms * MS, 2 * self.retry_ms * MS)

    def on_timeout(self, timer: str) -> None:
        if timer == "next" and self.begun < self.operations:
            self.begun += 1
            self.waiting = (*self.waiting, self.choose())
            self.begin_next()
        elif timer == "retry" and self.open is not None:
            if self.tries < self.tries_max:
                self.note("asks again")
                self.ask()
            else:
                self.give_up()

    def give_up(self) -> None:
        """End the operation as one of which nobody knows whether it happened."""
        self.note("gives up")
        self.report(INFO)
        self.begin_a_life()
        self.go_on()

    def choose(self) -> Read | Write:
        """Return the next operation of its own: a read, or a write of a value that nobody else writes."""
        assert self.dice is not None, f"{self.name} was given no operations of its own"
        kind, self.dice = self.dice.below(2)
        return Write(f"{self.process()}:{self.begun}") if kind else Read()


class Reader(Client):
    """A client that only reads."""

    def choose(self) -> Read | Write:
        return Read()


class Writer(Client):
    """The only writer of a cell. It knows the newest tag, for it has given it, so a write is one phase.

    State, durable, beside that of a client: `number`, the last one it used; it is on the disk before anybody
    hears of it.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.number: int = disk.get("number", 0)

    def write(self, value: Any) -> None:
        """Take the next number, durably, and store."""
        self.number += 1
        self.persist(number=self.number)
        self.store(Tag(self.number, self.name), value)

    def choose(self) -> Read | Write:
        return Write(f"{self.process()}:{self.begun}")
