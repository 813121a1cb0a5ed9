"""Local steps of an exploration, remembered: a handler is called once for each local state and each event.

A node is a deterministic function from a state and an event to a state and effects. Among the millions of steps of an
exploration only few pairs of local state and event are different, so each is computed once and kept. What a
local step means for the rest of the cluster is kept with it: the messages that it sends, and the state of the
node if it crashes between two of the effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from distsys.core.dice import derive
from distsys.core.errors import DistsysError, UnknownNameError, shown
from distsys.core.events import CancelTimer, Deliver, Effect, Event, Output, Persist, Send, SetTimer, Start
from distsys.core.node import Node, has_read_seed
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, apply_to_disk
from distsys.core.values import EMPTY, Map

from .judge import HandlerError

Timers = tuple[
    tuple[str, Cause | None], ...
]  # running timers, sorted by name, with the SetTimer that began them
LEAVES_SOMETHING = (Send, Persist, Output)  # the effects that outlive a crash


class LookAgain(BaseException):
    """A law or a start looked at something that the states do not keep: explore again, and keep it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Local(NamedTuple):
    """All that belongs to one node: `node` is None while it is down."""

    place: int  # position of its name
    node: Node | None
    disk: Map[str, Any]
    timers: Timers
    outputs: tuple[Any, ...]  # all that it output; kept only when a law looks at it
    asked: tuple[Any, ...]  # all that clients asked of it; likewise
    starts: int  # how often it started; kept only when some start asks for its seed


class Message(NamedTuple):
    """A message in flight; `cause` is kept only when a law looks at the causes of steps."""

    sender: str
    to: int  # position of the receiver's name
    body: Any
    cause: Cause | None


class Cut(NamedTuple):
    """A local step that a crash cuts off after `kept` effects."""

    kept: int
    after: int  # local state, down
    sent: int


class Entry:
    """One remembered local step, or one fault of a node: what a law sees as a step."""

    __slots__ = (
        *("after", "cause", "cuts", "detail", "effects", "event"),
        *("failure", "key", "kind", "name", "now", "number", "sent"),
    )

    def __init__(self, key: int, kind: str, name: str, now: int, number: int) -> None:
        self.key = key  # distinct for distinct steps
        self.kind = kind
        self.name = name
        self.now = now
        self.number = number  # of the step in the run, when states keep it; else 0
        self.event: Event | None = None
        self.effects: tuple[Effect, ...] = ()
        self.cause: Cause | None = None
        self.detail: Map[str, Any] = EMPTY
        self.after = 0  # local state
        self.sent = 0  # number of the tuple of messages that it sends
        self.cuts: tuple[Cut, ...] = ()
        self.failure: str | None = None  # the text of an assertion that failed in the handler


class Keeping:
    """What the states keep beyond what nodes can tell apart. It grows when something turns out to look at it."""

    def __init__(self) -> None:
        self.outputs = self.asked = self.causes = self.starts = False


class LocalSteps:
    """The tables of one exploration: local states, messages, and the steps from one to the other."""

    def __init__(self, cluster: Cluster, seed: int, keeping: Keeping) -> None:
        self.cluster = cluster
        self.names = cluster.names
        self.places = {name: place for place, name in enumerate(self.names)}
        self.seed = seed
        self.keeping = keeping
        self.locals: list[Local] = []
        self._local_ids: dict[tuple[Any, ...], int] = {}
        self.messages: list[Message] = []
        self._message_ids: dict[Message, int] = {}
        self.bundles: list[tuple[int, ...]] = [()]  # sorted tuples of numbers of messages; 0 is the empty one
        self._bundle_ids: dict[tuple[int, ...], int] = {(): 0}
        self._entries: dict[tuple[Any, ...], Entry] = {}
        self.handler_calls = 0
        self.check: Callable[[Local, Entry], None] | None = None  # looks at each step that is computed
        self.entry_count = 0

    # Numbers for values.

    def local(self, local: Local) -> int:
        """Return the number of a local state."""
        snapshot = None if local.node is None else local.node.snapshot()
        key = (local.place, snapshot, *local[2:])
        found = self._local_ids.get(key)
        if found is None:
            found = self._local_ids[key] = len(self.locals)
            self.locals.append(local)
        return found

    def message(self, message: Message) -> int:
        """Return the number of a message in flight."""
        found = self._message_ids.get(message)
        if found is None:
            found = self._message_ids[message] = len(self.messages)
            self.messages.append(message)
        return found

    def bundle(self, messages: tuple[int, ...]) -> int:
        """Return the number of a sorted tuple of messages."""
        found = self._bundle_ids.get(messages)
        if found is None:
            found = self._bundle_ids[messages] = len(self.bundles)
            self.bundles.append(messages)
        return found

    def never_started(self, place: int) -> int:
        """Return the local state of a node that has not started yet."""
        return self.local(Local(place, None, EMPTY, (), (), (), 0))

    # Steps.

    def deliver(self, local: int, message: int, now: int, number: int) -> Entry:
        """Return the step in which a node that is up takes a message."""
        found = self._entries.get(("deliver", local, message, now, number))
        if found is None:
            sender, _, body, cause = self.messages[message]
            found = self._handled(local, "deliver", Deliver(sender, body, now), now, number, cause)
            self._entries["deliver", local, message, now, number] = found
        return found

    def handle(
        self, local: int, kind: str, event: Event, now: int, number: int, cause: Cause | None = None
    ) -> Entry:
        """Return the step in which a node takes a timeout, a request or its start."""
        key = (kind, local, event, number)
        found = self._entries.get(key)
        if found is None:
            found = self._entries[key] = self._handled(local, kind, event, now, number, cause)
        return found

    def start(self, local: int, kind: str, now: int, number: int) -> Entry:
        """Return the step in which a node that is down comes up from its disk."""
        name, starts = self.names[self.locals[local].place], self.locals[local].starts
        return self.handle(local, kind, Start(derive(self.seed, "start", name, starts + 1), now), now, number)

    def fault(self, local: int, kind: str, why: str, now: int, number: int) -> Entry:
        """Return the step of a fault of a node: a crash, or the loss of its disk; the node is down after it."""
        key = (kind, local, why, now, number)
        found = self._entries.get(key)
        if found is None:
            before = self.locals[local]
            found = self._entries[key] = self._entry(kind, self.names[before.place], now, number)
            found.detail = Map({"why": why}) if kind == "crash" else EMPTY
            disk = EMPTY if kind == "wipe" else before.disk
            found.after = self.local(before._replace(node=None, timers=(), disk=disk))
        return found

    def _entry(self, kind: str, name: str, now: int, number: int) -> Entry:
        self.entry_count += 1
        return Entry(self.entry_count, kind, name, now, number)

    def _handled(
        self, local: int, kind: str, event: Event, now: int, number: int, cause: Cause | None
    ) -> Entry:
        """Call the handler of a node, and return what follows from it."""
        before = self.locals[local]
        name = self.names[before.place]
        entry = self._entry(kind, name, now, number)
        entry.event, entry.cause = event, cause
        asked = (
            (*before.asked, event.message)
            if kind == "invoke" and self.keeping.asked and isinstance(event, Deliver)
            else before.asked
        )
        try:
            node, entry.effects = self._call(before, name, event)
        except AssertionError as broken:
            text = str(broken) or "an assertion without a text"
            entry.failure = f"{name}, {event}: {text}"
            entry.after = self.local(before._replace(node=None, timers=(), asked=asked))
            return entry
        up = before._replace(node=node, asked=asked)
        if isinstance(event, Start):
            up = up._replace(starts=before.starts + 1 if self.keeping.starts else 0)
        self._carry_out(entry, up)
        if self.check is not None:
            self.check(before, entry)
        return entry

    def _call(self, before: Local, name: str, event: Event) -> tuple[Node, tuple[Effect, ...]]:
        self.handler_calls += 1
        try:
            if not isinstance(event, Start):
                assert before.node is not None, f"{name} handles {event} although it is down"
                node = before.node.copy()
                return node, node.handle(event)
            node = self.cluster.make(name, before.disk)
            try:
                return node, node.handle(event)
            finally:  # also where an assertion failed: with the seed of this very start it may hold
                if has_read_seed(node) and not self.keeping.starts:
                    raise LookAgain("starts")
        except (AssertionError, DistsysError):
            raise
        except Exception as problem:
            raise HandlerError(
                f"{name}, handling {shown(event, 200)}, failed: {type(problem).__name__}: {problem}"
            ) from problem

    def _carry_out(self, entry: Entry, up: Local) -> None:
        """Note what the effects of a step do: all of them, or those before a crash."""
        timers = dict(up.timers)
        if entry.kind == "timeout":
            timers.pop(entry.event.timer)  # type: ignore[union-attr]
        elif isinstance(entry.event, Start):
            timers = {}
        disk, outputs = up.disk, up.outputs
        sent: list[int] = []
        cuts: list[Cut] = []
        last = max((p for p, e in enumerate(entry.effects) if isinstance(e, LEAVES_SOMETHING)), default=-1)
        for position, effect in enumerate(entry.effects):
            cause = (entry.number, position) if self.keeping.causes else None
            match effect:
                case Send(to, body):
                    sent.append(self._sent(entry, to, body, cause))
                case SetTimer(timer):
                    timers[timer] = cause
                case CancelTimer(timer):
                    timers.pop(timer, None)
                case Persist(changes):
                    disk = apply_to_disk(disk, changes)
                case Output(value) if self.keeping.outputs:
                    outputs = (*outputs, value)
            if position < last and isinstance(effect, LEAVES_SOMETHING):
                down = up._replace(node=None, disk=disk, timers=(), outputs=outputs)
                away = sorted(m for m in sent if self.messages[m].to != up.place)
                cuts.append(Cut(position + 1, self.local(down), self.bundle(tuple(away))))
        running = tuple(sorted(timers.items(), key=lambda item: item[0]))
        entry.after = self.local(up._replace(disk=disk, timers=running, outputs=outputs))
        entry.sent = self.bundle(tuple(sorted(sent)))
        entry.cuts = tuple(cuts)

    def _sent(self, entry: Entry, to: str, body: Any, cause: Cause | None) -> int:
        place = self.places.get(to)
        if place is None:
            raise UnknownNameError(
                f"to must be one of {', '.join(self.names)}, but {entry.name} sends {shown(body)} to {shown(to)}"
            )
        return self.message(Message(entry.name, place, body, cause))
