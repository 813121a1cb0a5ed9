"""Interleavings: a shared memory as a model of all its atomic steps, and one order of them as a trace.

A process asks a cell, the cell handles the operation, and the answer leads the process to its next question. In a
network these are messages, and anything may come between them. Here they are one *atomic step*: `Machine` delivers the
operation and, before anything else happens, all that follows from it. Who takes the next step is the only thing left
open. `interleavings` leaves it open for `drivers.explore_model`; `run` takes it from a schedule and writes a trace that
replays, plays and saves like every other.

In a trace an atomic step is what the cell does (`read`, `write`, `swap`) and what its answer does to the process. They
have a number each and one moment in time, and a picture shows them in one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distsys.core.errors import ArgumentError, shown
from distsys.core.events import CancelTimer, Deliver, Effect, Event, Send, SetTimer, Start, Timeout
from distsys.core.laws import ALWAYS, Violation
from distsys.core.models import Model
from distsys.core.node import Node
from distsys.core.systems import Cluster
from distsys.core.trace import Cause, Header, Step, Trace
from distsys.core.units import MS
from distsys.core.values import EMPTY, Map

from .cells import KIND_OF, Answer, CompareAndSet, Exchange, Fence, Read, Through, Write
from .process import Process

Chosen = str | tuple[str, Any]  # who takes the next step; with the value that a read is to see
Write_ = Callable[[str, str, Event, tuple[Effect, ...], Any], int]


class Moment(NamedTuple):
    """A state: the fields of all nodes, what each process asks, which timers run, and what the laws remember."""

    nodes: tuple[Any, ...]
    asked: tuple[Any, ...]  # of each node (cell, operation), or None
    timers: tuple[tuple[str, str], ...] = ()  # (node, timer)
    memories: tuple[Any, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()  # (law, evidence)


class Move(NamedTuple):
    """One atomic step that is possible: who takes it, and the event that it begins with."""

    who: str
    to: str
    event: Event


@dataclass
class Seen:
    """What a law sees at a moment."""

    nodes: Mapping[str, Node]
    names: tuple[str, ...]
    step: Step | None = None
    at: int = 0
    outputs: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    asked: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class Machine:
    """The nodes of a cluster of processes and cells, driven one atomic step at a time."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.names = cluster, cluster.names
        self.place = {name: place for place, name in enumerate(self.names)}
        self.laws = tuple(law for law in cluster.laws if law.when == ALWAYS)
        self.known: dict[tuple[str, Any], Node] = {}  # (name, fields) -> a node in that state
        self.done: dict[tuple[str, Any, Event], tuple[tuple[Effect, ...], Any]] = {}

    def start(self, write: Write_ | None = None) -> Moment:
        """Return the moment at which all nodes have started."""
        made = {name: self.cluster.make(name) for name in self.names}
        for name, node in made.items():
            self.known[name, node.snapshot()] = node
        bare = tuple(node.snapshot() for node in made.values())
        moment = Moment(bare, (None,) * len(bare), (), tuple(law.start for law in self.laws))
        for name in self.names:
            _, moment = self._perform(moment, Move(name, name, Start(0, 0)), write)
        return moment

    def nodes(self, moment: Moment) -> dict[str, Node]:
        """Return the nodes at a moment; they are shared, so do not change them."""
        return {name: self.known[name, moment.nodes[place]] for name, place in self.place.items()}

    def moves(self, moment: Moment, now: int = 0) -> Iterator[Move]:
        """Yield the atomic steps that are possible: of processes that ask, and of timers of the memory."""
        for place, asked in enumerate(moment.asked):
            if asked is None or self._waits(moment, place, asked[0]):
                continue
            cell, operation = asked
            for form in self._node(moment, cell).choices(operation):
                name = self.names[place]
                yield Move(name, cell, Deliver(name, form, now))
        for name, timer in moment.timers:
            yield Move(name, name, Timeout(timer, now))

    def after(self, moment: Moment, move: Move, write: Write_ | None = None) -> tuple[str, Moment]:
        """Return what a move is called, and the moment after it."""
        answers, after = self._perform(moment, move, write)
        return _words(move, answers), after

    def _node(self, moment: Moment, name: str) -> Any:
        return self.known[name, moment.nodes[self.place[name]]]

    def _waits(self, moment: Moment, place: int, cell: str) -> bool:
        """Return whether the operation that a process asked for has begun and not ended."""
        return (cell, f"end {self.names[place]}") in moment.timers

    def _handle(self, name: str, state: Any, event: Event) -> tuple[tuple[Effect, ...], Any]:
        key = (name, state, event)
        if key not in self.done:
            node = self.known[name, state].copy()
            effects = node.handle(event)
            after = node.snapshot()
            self.known.setdefault((name, after), node)
            self.done[key] = (effects, after)
        return self.done[key]

    def _perform(self, moment: Moment, move: Move, write: Write_ | None) -> tuple[list[Any], Moment]:
        """Deliver the event of a move, and all that follows from it, until processes have their next question."""
        nodes, asked = list(moment.nodes), list(moment.asked)
        timers, answers = set(moment.timers), []
        memories, broken = moment.memories, moment.broken
        queue: list[tuple[str, Event, Any]] = [(move.to, move.event, (move.who, _key(move.event)))]
        while queue:
            name, event, source = queue.pop(0)
            place = self.place[name]
            if isinstance(event, Timeout):
                timers.discard((name, event.timer))
            if isinstance(event, Deliver) and isinstance(event.message, Answer):
                asked[place] = None
                answers.append(event.message.value)
            effects, nodes[place] = self._handle(name, nodes[place], event)
            number = write(kind_of(event), name, event, effects, source) if write else 0
            for position, effect in enumerate(effects):
                match effect:
                    case Send(to, message) if isinstance(self.known[name, nodes[place]], Process):
                        asked[place] = (to, message)
                    case Send(to, message):
                        queue.append((to, Deliver(name, message, event.now), (number, position)))
                    case SetTimer(timer):
                        timers.add((name, timer))
                    case CancelTimer(timer):
                        timers.discard((name, timer))
            if self.laws:
                memories, broken = self._judged(nodes, memories, broken, name, event, effects, number)
        return answers, Moment(tuple(nodes), tuple(asked), tuple(sorted(timers)), memories, broken)

    def _judged(self, nodes: Any, memories: Any, broken: Any, name: str, event: Event, effects: Any, number: int) -> Any:
        """Let the laws look; return what they remember, and what is broken, the first evidence of each law."""
        world = Seen({n: self.known[n, nodes[p]] for n, p in self.place.items()}, self.names)
        world.step = Step(number, event.now, kind_of(event), name, event, effects, len(effects))
        after = []
        for law, memory in zip(self.laws, memories, strict=True):
            remembered, evidence = law.fold(memory, world)
            after.append(remembered)
            if evidence is not None and law.name not in [said for said, _ in broken]:
                broken = (*broken, (law.name, evidence))
        return tuple(after), broken


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


def _key(event: Event) -> str:
    return event.timer if isinstance(event, Timeout) else ""


def _words(move: Move, answers: list[Any]) -> str:
    """Return a move as words: who does what to which cell, and what comes back."""
    if isinstance(move.event, Timeout):
        return f"{move.who}: {move.event.timer}"
    assert isinstance(move.event, Deliver), f"{move} begins with a start"
    operation, cell = move.event.message, move.to
    if isinstance(operation, Through):
        operation, cell = operation.operation, operation.cell
    match operation:
        case Read():
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


def interleavings(cluster: Cluster) -> Model[Moment]:
    """Return the model of all orders of atomic steps of a cluster of processes and cells.

    Each law of the cluster that holds always is an invariant; a state is a `Moment`.
    """
    machine = Machine(cluster)

    def next_states(moment: Moment) -> Iterator[tuple[str, Moment]]:
        for move in machine.moves(moment):
            yield machine.after(moment, move)

    def check(name: str) -> Callable[[Moment], str | None]:
        return lambda moment: next((said for law, said in moment.broken if law == name), None)

    return Model(
        name=cluster.system.name,
        says=cluster.system.says,
        initial=(machine.start(),),
        next_states=next_states,
        invariants={law.name: check(law.name) for law in machine.laws},
    )


def seen_at(cluster: Cluster) -> Callable[[Moment], dict[str, dict[str, Any]]]:
    """Return a function from a moment to {node: {field: value}}, for goals and questions about states."""
    machine = Machine(cluster)
    fields = {name: tuple(cluster.make(name).fields()) for name in machine.names}

    def look(moment: Moment) -> dict[str, dict[str, Any]]:
        return {
            name: dict(zip(fields[name], moment.nodes[place], strict=True))
            for name, place in machine.place.items()
        }

    return look


def run(cluster: Cluster, schedule: Iterable[Chosen]) -> Trace:
    """Return the trace of the atomic steps that a schedule names, one millisecond each.

    An entry is who takes the step: a process; a cell or a store buffer whose timer runs; or (process, value), where a
    read has a choice of what it sees. An entry may also be a move as `interleavings` calls it.
    """
    machine, writer = Machine(cluster), _Writer()
    moment = machine.start(writer.write)
    for number, entry in enumerate(schedule, 1):
        moment = _taken(machine, moment, entry, number, writer)
        if moment.broken and not writer.violations:
            writer.violations = tuple(Violation(law, said, len(writer.steps)) for law, said in moment.broken)
    header = Header(
        system=cluster.system.name,
        options=cluster.options,
        mutant=cluster.mutant.id if cluster.mutant else None,
        seed=0,
        names=cluster.names,
        declared=Map({name: Map(cluster.kind_of(name).declared) for name in cluster.names}),
        driver=Map({"kind": "interleaving"}),
        laws=tuple(law.name for law in machine.laws),
    )
    ended = "violation" if writer.violations else "complete"
    return Trace(header, tuple(writer.steps), writer.violations, ended)


def _taken(machine: Machine, moment: Moment, entry: Chosen, number: int, writer: _Writer) -> Moment:
    """Return the moment after the step that an entry of a schedule names, and write it down."""
    words = []
    for move in machine.moves(moment, number * MS):
        said, _ = machine.after(moment, move)
        words.append(said)
        sees = getattr(getattr(move.event, "message", None), "sees", None)
        if entry in (said, move.who, (move.who, sees)):
            return machine.after(moment, move, writer.write)[1]
    raise ArgumentError(
        f"step {number} of the schedule is {shown(entry)}, but what can happen then is: {'; '.join(words) or 'nothing'}"
    )


class _Writer:
    """Writes the steps of a trace, and knows what each goes back to."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.causes: dict[tuple[str, str], Cause] = {}  # (process, "") or (node, timer)
        self.violations: tuple[Violation, ...] = ()

    def write(self, kind: str, name: str, event: Event, effects: tuple[Effect, ...], source: Any) -> int:
        number = len(self.steps) + 1
        cause = self.causes.get(source) if isinstance(source[0], str) else source
        if isinstance(event, Start):
            cause = None
        self.steps.append(Step(number, event.now, kind, name, event, effects, len(effects), cause, EMPTY))
        for position, effect in enumerate(effects):
            if isinstance(effect, SetTimer):
                self.causes[name, effect.timer] = (number, position)
            elif isinstance(effect, Send):
                self.causes[name, ""] = (number, position)
        return number


def trace_of(cluster: Cluster, path: Sequence[tuple[str, Any]]) -> Trace:
    """Return the run that an exploration found, from its `path` or from one of its `witnesses`."""
    return run(cluster, [action for action, _ in path[1:]])
