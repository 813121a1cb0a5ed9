"""Interleavings: a shared memory as a model of all its atomic steps, and one order of them as a trace.

A process asks a cell, the cell handles the operation, and the answer leads the process to its next question. In a
network these are messages, and anything may come between them. Here they are one *atomic step*: a `Machine` delivers
the operation and, before anything else happens, all that follows from it. Who takes the next step is the only thing
left open. `Machine.model` leaves it open for `drivers.explore_model`; `Machine.run` takes it from a schedule and gives
a trace that replays, plays and is saved like every other.

In a trace an atomic step is what the cell does (`read`, `write`, `swap`) and what its answer does to the process. They
have a number each and one moment in time, and a picture shows them in one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distsys.core import systems
from distsys.core.errors import ArgumentError, shown
from distsys.core.events import CancelTimer, Deliver, Effect, Event, Send, SetTimer, Start, Timeout
from distsys.core.laws import ALWAYS, Law, Violation
from distsys.core.models import Model
from distsys.core.node import Node
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, Header, Step, Trace
from distsys.core.units import MS
from distsys.core.values import Map

from .cells import KIND_OF, Answer, CompareAndSet, Exchange, Fence, Glimpse, Read, Through, Write
from .process import Process

Chosen = str | tuple[str, Any]  # who takes the next step; with the value that a read is to see


class Moment(NamedTuple):
    """A state of a machine: of each node the number of its state, the timers that run, and what the laws say."""

    nodes: tuple[int, ...]
    timers: tuple[tuple[str, str], ...] = ()  # (node, timer)
    memories: tuple[Any, ...] = ()  # what each law remembers
    broken: tuple[tuple[str, str], ...] = ()  # (law, evidence)


class Move(NamedTuple):
    """One atomic step that is possible: who takes it, and the event that it begins with."""

    who: str
    to: str
    event: Event


@dataclass
class Seen:
    """What a law sees: the nodes after an atomic step, and the last event in it."""

    nodes: Mapping[str, Node]
    names: tuple[str, ...]
    step: Step
    at: int = 0
    outputs: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    asked: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class Machine:
    """Processes and cells, driven one atomic step at a time.

    A machine knows each state of each node by a number, and each local step that was taken before. It is judged by
    `laws`, by default those of its system; a trace that is judged by others is no trace of its system.

    >>> peterson = Machine("peterson")
    >>> [move.who for move in peterson.moves(peterson.start())]
    ['p1', 'p2']
    >>> peterson.run(["p1", "p2", "p1"])
    <Trace peterson, seed=0: 11 steps, no violation of 1 laws>
    """

    def __init__(
        self,
        system: str | Cluster,
        *,
        mutant: str | None = None,
        laws: Iterable[Law] | None = None,
        **options: Any,
    ) -> None:
        self.cluster = systems.build(system, mutant=mutant, **options) if isinstance(system, str) else system
        self.names = self.cluster.names
        judged = self.cluster.laws if laws is None else tuple(laws)
        self.laws = tuple(law for law in judged if law.when == ALWAYS)
        self._place = {name: place for place, name in enumerate(self.names)}
        self._nodes: list[Node] = []  # by the number of the state
        self._numbers: dict[tuple[str, Any], int] = {}  # (name, fields) -> number
        self._asks: dict[int, tuple[str, Any]] = {}  # state of a process -> (cell, operation)
        self._done: dict[tuple[int, Event], tuple[tuple[Effect, ...], int]] = {}
        self._said: dict[tuple[str, tuple[int, ...]], str | None] = {}  # what laws without memory said

    # States and steps.

    def start(self, write: _Writer | None = None) -> Moment:
        """Return the moment at which all nodes have started."""
        bare = tuple(self._number(self.cluster.make(name)) for name in self.names)
        moment = Moment(bare, (), tuple(law.start for law in self.laws))
        for name in self.names:
            _, moment = self._perform(moment, Move(name, name, Start(0, 0)), write)
        return moment

    def moves(self, moment: Moment, now: int = 0) -> Iterator[Move]:
        """Yield the atomic steps that are possible: of processes that ask, and of timers of the memory."""
        for name, state in zip(self.names, moment.nodes, strict=True):
            cell, operation = self._asks.get(state, ("", None))
            if cell and (cell, f"end {name}") not in moment.timers:  # else the operation has begun already
                for form in self.node(moment, cell).choices(operation):  # type: ignore[attr-defined]
                    yield Move(name, cell, Deliver(name, form, now))
        for name, timer in moment.timers:
            yield Move(name, name, Timeout(timer, now))

    def after(self, moment: Moment, move: Move) -> tuple[str, Moment]:
        """Return what a move is called, and the moment after it."""
        answers, after = self._perform(moment, move)
        return _words(move, answers), after

    def node(self, moment: Moment, name: str) -> Node:
        """Return a node at a moment. It is shared: do not change it."""
        return self._nodes[moment.nodes[self._place[name]]]

    def model(self) -> Model[Moment]:
        """Return the model of all orders of atomic steps. Laws that hold always are its invariants."""

        def next_states(moment: Moment) -> Iterator[tuple[str, Moment]]:
            return (self.after(moment, move) for move in self.moves(moment))

        def check(name: str) -> Callable[[Moment], str | None]:
            return lambda moment: next((said for law, said in moment.broken if law == name), None)

        return Model(
            name=self.cluster.system.name,
            says=self.cluster.system.says,
            initial=(self.start(),),
            next_states=next_states,
            invariants={law.name: check(law.name) for law in self.laws},
        )

    # One order of steps.

    def run(self, schedule: Iterable[Chosen]) -> Trace:
        """Return the trace of the atomic steps that a schedule names, one millisecond each.

        An entry is who takes the step: a process; a cell or a store buffer whose timer runs; or (process, value), where
        a read has a choice of what it sees. An entry may also be a step as an exploration calls it.
        """
        writer = _Writer()
        moment = self.start(writer)
        for number, entry in enumerate(schedule, 1):
            move = self._chosen(moment, entry, number)
            _, moment = self._perform(moment, move, writer)
            if moment.broken and not writer.violations:
                last = len(writer.steps)
                writer.violations = tuple(Violation(law, said, last) for law, said in moment.broken)
        cluster = self.cluster
        header = Header(
            system=cluster.system.name,
            options=cluster.options,
            mutant=cluster.mutant.id if cluster.mutant else None,
            seed=0,
            names=cluster.names,
            declared=Map({name: Map(cluster.kind_of(name).declared) for name in cluster.names}),
            driver=Map({"kind": "interleaving"}),
            laws=tuple(law.name for law in self.laws),
        )
        ended = "violation" if writer.violations else "complete"
        return Trace(header, tuple(writer.steps), writer.violations, ended)

    def trace_of(self, path: Sequence[tuple[str, Any]]) -> Trace:
        """Return the run of a `path`, or of one of the `witnesses`, that an exploration found."""
        return self.run([action for action, _ in path[1:]])

    def _chosen(self, moment: Moment, entry: Chosen, number: int) -> Move:
        """Return the move that an entry of a schedule names."""
        words = []
        for move in self.moves(moment, number * MS):
            said, _ = self.after(moment, move)
            words.append(said)
            message = getattr(move.event, "message", None)
            sees = (move.who, message.value) if isinstance(message, Glimpse) else move.who
            if entry in (said, move.who, sees):
                return move
        able = "; ".join(words) or "nothing"
        raise ArgumentError(
            f"schedule must name a step that can be taken: entry {number} is {shown(entry)}, but what can happen "
            f"then is: {able}"
        )

    # Under the floor.

    def _number(self, node: Node) -> int:
        key = (node.name, node.snapshot())
        if key not in self._numbers:
            self._numbers[key] = len(self._nodes)
            self._nodes.append(node)
        return self._numbers[key]

    def _handle(self, state: int, event: Event) -> tuple[tuple[Effect, ...], int]:
        """Return what a node in this state wants at an event, and its next state."""
        key = (state, event)
        if key not in self._done:
            node = self._nodes[state].copy()
            effects = node.handle(event)
            after = self._number(node)
            if isinstance(node, Process):
                self._asks.update(
                    (after, (each.to, each.message)) for each in effects if isinstance(each, Send)
                )
            self._done[key] = (effects, after)
        return self._done[key]

    def _perform(self, moment: Moment, move: Move, writer: _Writer | None = None) -> tuple[list[Any], Moment]:
        """Deliver the event of a move and all that follows from it; return the answers, and the moment then."""
        nodes, timers, answers = list(moment.nodes), set(moment.timers), []
        memories, broken = moment.memories, moment.broken
        timer = move.event.timer if isinstance(move.event, Timeout) else ""
        queue: list[tuple[str, Event, Any]] = [(move.to, move.event, (move.who, timer))]
        while queue:
            name, event, source = queue.pop(0)
            place = self._place[name]
            if isinstance(event, Timeout):
                timers.discard((name, event.timer))
            elif isinstance(event, Deliver) and isinstance(event.message, Answer):
                answers.append(event.message.value)
            effects, nodes[place] = self._handle(nodes[place], event)
            number = writer.write(name, event, effects, source) if writer else 0
            asks = isinstance(self._nodes[nodes[place]], Process)
            for position, effect in enumerate(effects):
                match effect:
                    case Send(to, message) if not asks:
                        queue.append((to, Deliver(name, message, event.now), (number, position)))
                    case SetTimer(timer):
                        timers.add((name, timer))
                    case CancelTimer(timer):
                        timers.discard((name, timer))
            step = (name, event, effects, number)
        memories, broken = self._judged(tuple(nodes), memories, broken, step)
        return answers, Moment(tuple(nodes), tuple(sorted(timers)), memories, broken)

    def _judged(self, nodes: tuple[int, ...], memories: Any, broken: Any, step: Any) -> tuple[Any, Any]:
        """Let the laws look; return what they remember, and what is broken: the first evidence of each law."""
        after = []
        for law, memory in zip(self.laws, memories, strict=True):
            if law.remembers:
                memory, evidence = law.fold(memory, self._seen(nodes, step))
            else:
                key = (law.name, nodes)
                if key not in self._said:
                    self._said[key] = law.fold(None, self._seen(nodes, step))[1]
                evidence = self._said[key]
            after.append(memory)
            if evidence is not None and law.name not in [said for said, _ in broken]:
                broken = (*broken, (law.name, evidence))
        return tuple(after), broken

    def _seen(self, nodes: tuple[int, ...], step: Any) -> Seen:
        name, event, effects, number = step
        held = {each: self._nodes[state] for each, state in zip(self.names, nodes, strict=True)}
        return Seen(
            held, self.names, Step(number, event.now, kind_of(event), name, event, effects, len(effects))
        )


def kind_of(event: Event) -> str:
    """Return the kind of the step in which a node handles an event.

    >>> kind_of(Deliver("p1", Read(), 0)), kind_of(Deliver("x", Answer(1), 0)), kind_of(Timeout("flush", 0))
    ('read', 'deliver', 'timeout')
    """
    match event:
        case Start():
            return "start"
        case Timeout():
            return "timeout"
        case Deliver(_, Through(_, operation)):
            return KIND_OF[type(operation)]
    return KIND_OF.get(type(event.message), "deliver")


def _words(move: Move, answers: list[Any]) -> str:
    """Return a move as words: who does what to which cell, and what comes back."""
    if isinstance(move.event, Timeout):
        return f"{move.who}: {move.event.timer}"
    assert isinstance(move.event, Deliver), f"{move} begins with a start"
    operation, cell = move.event.message, move.to
    if isinstance(operation, Through):
        operation, cell = operation.operation, operation.cell
    match operation:
        case Read() | Glimpse():
            return f"{move.who} reads {cell}: {answers[0]}"
        case Write(value):
            return f"{move.who} {'writes' if answers else 'begins to write'} {cell} = {value}"
        case CompareAndSet(expected, value) if answers == [expected]:
            return f"{move.who} sets {cell} from {expected} to {value}"
        case CompareAndSet(expected, value):
            return f"{move.who} fails to set {cell} to {value}: {answers[0]} is there, not {expected}"
        case Exchange(value):
            return f"{move.who} puts {value} into {cell} and gets {answers[0]}"
        case Fence():
            return f"{move.who} waits for its writes"
    return f"{move.who} asks {cell}"


class _Writer:
    """Writes the steps of a trace, and knows what each goes back to."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.causes: dict[tuple[str, str], Cause] = {}  # (process, "") or (node, timer)
        self.violations: tuple[Violation, ...] = ()

    def write(self, name: str, event: Event, effects: tuple[Effect, ...], source: Any) -> int:
        """Write one step and return its number. `source` is a cause, or where to look for it."""
        number = len(self.steps) + 1
        cause = self.causes.get(source) if isinstance(source[0], str) else source
        self.steps.append(Step(number, event.now, kind_of(event), name, event, effects, len(effects), cause))
        for position, effect in enumerate(effects):
            match effect:
                case SetTimer(timer):
                    self.causes[name, timer] = (number, position)
                case Send():
                    self.causes[name, ""] = (number, position)
        return number
