"""Systems: every protocol has a name by which a trace, a worker process or the command line can build it.

A `System` says which nodes a cluster has, which laws it must keep, and what its clients ask of it. `build` gives
a `Cluster`: a picklable recipe (system, options, mutant) that makes nodes from their disks. A mutant swaps
one class of a system for a broken subclass, and nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .canonical import plain
from .errors import ArgumentError, ArgumentTypeError, UnknownNameError, name_text, shown, whole_number
from .laws import Law
from .node import Node
from .trace import Step
from .units import S
from .values import EMPTY, Map, must_be_immutable, record

Members = Mapping[str, tuple[str, Mapping[str, Any]]]  # name -> (role, arguments of the node's class)


RESERVED = frozenset({"client", "*"})  # the sender of requests from outside; every node, in a script


@record
class Request:
    """Something that a client outside the cluster asks: `message` reaches `node` at time `at`."""

    at: int
    node: str
    message: Any


def no_requests(names: tuple[str, ...], options: Mapping[str, Any], seed: int) -> tuple[Request, ...]:
    """The workload of a system that keeps itself busy."""
    return ()


@dataclass(frozen=True)
class Sight:
    """An interesting state of a system, such as a change of leader; `seen(step)` says whether a step reaches it."""

    name: str
    says: str
    seen: Callable[[Step], bool]


@dataclass(frozen=True)
class System:
    """A named protocol.

    name       what `build` calls it, such as "causal-broadcast"
    says       one sentence for the person who lists all systems
    classes    role -> class of the nodes in that role; a mutant replaces some of them
    members    (names, options) -> {name: (role, arguments of the class beside name and disk)}
    laws       what must hold
    options    each option with its default; `nodes` is always there
    workload   (names of the servers, options, seed) -> requests from outside, a function of its arguments only
    tolerates  the kinds of fault (see drivers.swarm) under which the laws are promised
    restarts   whether a crashed node comes up again; False is the crash-stop model, in which it stays down
    clients    the roles that are clients: faults of nodes do not fall on them, cuts of the network do
    history    the name of the specification that the `Operation` records of the clients must be linearizable to
    variants   option -> values that a swarm may draw for it: a batch of one, a snapshot after two entries
    sights     what runs must have reached before "no violation" means anything
    until      how long a run with faults takes, microseconds
    settle     within how long after the last fault what holds finally must have come about, microseconds
    settles_early  whether a run ends as soon as that has come about, and has stayed so for a while
    untimed    whether its laws of safety hold however long messages and timers take, so that it can be walked
    """

    name: str
    says: str
    classes: Mapping[str, type[Node]]
    members: Callable[[tuple[str, ...], Mapping[str, Any]], Members]
    laws: tuple[Law, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    workload: Callable[[tuple[str, ...], Mapping[str, Any], int], tuple[Request, ...]] = no_requests
    tolerates: tuple[str, ...] = ()
    restarts: bool = True
    clients: tuple[str, ...] = ()
    history: str | None = None
    variants: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    sights: tuple[Sight, ...] = ()
    until: int = 5 * S
    settle: int = 5 * S
    settles_early: bool = False
    untimed: bool = False


# How a mutant is caught. The classes of a row say what is asked of the harness, not what it may do beyond that.
CLASSES = {
    "Q": "a swarm finds it in at most 200 seeds",
    "D": "a swarm finds it in at most 5,000 seeds",
    "X": "a directed schedule or the explorer finds it",
    "L": "only what must hold finally is broken, and no law of safety",
    "U": "no schedule is needed: a law over values, or a few events by hand",
}


@dataclass(frozen=True)
class NodeMutant:
    """One small wrong change to a system, and the law that must catch it.

    breaks     the name of the law; "linearizability" is judged over the history of the clients. Where another law
               speaks before it, this one is asked by itself in the same run, and must break there (checkers.matrix)
    seeds_max  how many seeds the generic swarm may need: 200, or more for a bug that needs a rare coincidence
    klass      one of `CLASSES`
    depth      how many events a short counterexample may need, an estimate; a shrunk run has at most
               max(12, 2 x depth); 0: nobody knows
    scenario   "module:ATTRIBUTE" of a directed schedule (drivers.schedules) that exposes it
    scope      the bounds within which the explorer finds it
    leads_to   the name of a law that breaks in the end, where those that break first are not asked
    leads_to_by  "module:ATTRIBUTE" of a schedule that shows it, where random runs seldom do
    """

    id: str
    title: str
    system: str
    classes: Mapping[str, type[Node]]
    breaks: str
    source: str
    story: str
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds_max: int = 200
    klass: str = "Q"
    depth: int = 0
    scenario: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    leads_to: str | None = None
    leads_to_by: str | None = None

    def __post_init__(self) -> None:
        if self.klass not in CLASSES:
            raise ArgumentError(f"klass must be one of {', '.join(CLASSES)}, but it is {shown(self.klass)}")

    @property
    def length_max(self) -> int:
        """How many events its shrunk counterexample may have."""
        return max(12, 2 * self.depth)


@dataclass(frozen=True)
class SubjectMutant:
    """A broken variant of a class that is no node: `subject` replaces it, `breaks` names the law.

    system    what it belongs to, such as "consistent-hashing"; not always a system that runs
    verdicts  subject -> {name of a law: None, or the evidence}
    """

    id: str
    title: str
    subject: type
    breaks: str
    source: str
    story: str
    system: str
    verdicts: Callable[[Any], Mapping[str, str | None]]
    klass: str = "U"


def peers_of(name: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the other names, in order."""
    return tuple(other for other in names if other != name)


def alike(role: str = "process") -> Callable[[tuple[str, ...], Mapping[str, Any]], Members]:
    """Return a `members` function for systems in which all nodes play one role and know their peers."""

    def members(names: tuple[str, ...], options: Mapping[str, Any]) -> Members:
        return {name: (role, {"peers": peers_of(name, names)}) for name in names}

    return members


def node_names(nodes: Any) -> tuple[str, ...]:
    """Return the names for `nodes`: a count gives n1, n2, ... (n01, ... from ten on), a sequence is taken as it is.

    >>> node_names(3), node_names(["ann", "bob"])
    (('n1', 'n2', 'n3'), ('ann', 'bob'))
    >>> node_names(0)
    Traceback (most recent call last):
    ...
    distsys.core.errors.ArgumentError: nodes must be at least 1, but it is 0
    """
    if isinstance(nodes, (list, tuple)):
        names = tuple(name_text("a name in nodes", name) for name in nodes)
        for name in sorted(RESERVED & set(names)):
            raise ArgumentError(f"a name in nodes must not be {name!r}: that name has a meaning of its own")
        if not names:
            raise ArgumentError("nodes must name at least one node, but it is empty")
        for name in names:
            if names.count(name) > 1:
                raise ArgumentError(f"nodes must name each node once, but {name!r} stands there twice")
        return tuple(sorted(names))
    count = whole_number("nodes", nodes, at_least=1, at_most=10_000)
    width = len(str(count))
    return tuple(f"n{number:0{width}d}" for number in range(1, count + 1))


@dataclass(frozen=True)
class Cluster:
    """A cluster of one system, ready to be driven: it makes each node from its disk."""

    system: System
    names: tuple[str, ...]
    options: Map[str, Any]
    mutant: NodeMutant | None
    members: Members = field(repr=False, compare=False)

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of the nodes that are not clients."""
        return tuple(name for name in self.names if self.members[name][0] not in self.system.clients)

    def make(self, name: str, disk: Map[str, Any] = EMPTY) -> Node:
        """Return the node `name` as it comes up from `disk`; it has not handled `Start` yet."""
        if name not in self.members:
            raise UnknownNameError(f"name must be one of {', '.join(self.names)}, but it is {shown(name)}")
        return self.kind_of(name)(name, disk, **self.members[name][1])

    def kind_of(self, name: str) -> type[Node]:
        """Return the class of the node `name`, a mutant's where there is one."""
        role = self.members[name][0]
        swapped = self.mutant.classes if self.mutant is not None else {}
        return swapped.get(role, self.system.classes[role])

    @property
    def laws(self) -> tuple[Law, ...]:
        """The laws of the system."""
        return self.system.laws

    def workload(self, seed: int) -> tuple[Request, ...]:
        """Return what clients ask in the run with this seed."""
        return self.system.workload(self.servers, self.options, seed)

    def __reduce__(self) -> Any:
        return (_rebuild, (self.system.name, self.options, self.mutant.id if self.mutant else None))


_PLACES: dict[str, str] = {}  # name of a system -> "module:ATTRIBUTE", loaded when it is asked for
_SYSTEMS: dict[str, System] = {}
_MUTANT_MODULES: list[str] = []
_SCOPES: list[str] = []
_MUTANTS: dict[str, NodeMutant] = {}
_VALUE_MUTANTS: dict[str, SubjectMutant] = {}


def declare(
    places: Mapping[str, str], mutant_modules: tuple[str, ...] = (), scopes: str | None = None
) -> None:
    """Say where systems and mutants live, as {"name": "module:ATTRIBUTE"}; nothing is imported yet.

    `scopes` is the place of a function that gives the scope in which the explorer finds a mutant, by its id.
    """
    _PLACES.update(places)
    if scopes is not None:
        _SCOPES[:] = [scopes]
    _MUTANT_MODULES.extend(module for module in mutant_modules if module not in _MUTANT_MODULES)


def register(system: System) -> System:
    """Add a system of your own, so that `build` finds it; a later one of the same name replaces it."""
    _SYSTEMS[system.name] = system
    return system


def names() -> tuple[str, ...]:
    """Return the names of all systems, sorted."""
    return tuple(sorted({*_PLACES, *_SYSTEMS}))


def shipped() -> tuple[str, ...]:
    """Return the names of the systems that come with the package, without those that somebody registered."""
    return tuple(sorted(_PLACES))


def find(name: str) -> System:
    """Return the system called `name`; an error that lists what there is, where there is none."""
    if not isinstance(name, str) or name not in _SYSTEMS:
        if not isinstance(name, str) or name not in _PLACES:
            raise UnknownNameError(f"there is no system named {shown(name)}; there are: {', '.join(names())}")
        module, _, attribute = _PLACES[name].partition(":")
        register(getattr(importlib.import_module(module), attribute))
    return _SYSTEMS[name]


def mutants(system: str | None = None) -> tuple[NodeMutant, ...]:
    """Return all mutants of nodes (of one system), in the order of their ids."""
    _load_mutants()
    return tuple(_MUTANTS[key] for key in sorted(_MUTANTS) if system in (None, _MUTANTS[key].system))


def value_mutants(system: str | None = None) -> tuple[SubjectMutant, ...]:
    """Return all mutants of classes that are no nodes, in the order of their ids."""
    _load_mutants()
    return tuple(
        _VALUE_MUTANTS[key] for key in sorted(_VALUE_MUTANTS) if system in (None, _VALUE_MUTANTS[key].system)
    )


def scope_of(mutant: str) -> Any:
    """Return the declared scope (see `lab.scopes`) in which the explorer finds a mutant, or None."""
    for place in _SCOPES:
        module, _, name = place.partition(":")
        return getattr(importlib.import_module(module), name)(mutant)
    return None


def _load_mutants() -> None:
    for module in _MUTANT_MODULES:
        for mutant in importlib.import_module(module).MUTANTS:
            if isinstance(mutant, NodeMutant):
                _MUTANTS[mutant.id] = mutant
            elif isinstance(mutant, SubjectMutant):
                _VALUE_MUTANTS[mutant.id] = mutant


def build(name: str, *, mutant: str | None = None, **options: Any) -> Cluster:
    """Return a cluster of the system `name`.

    `options` replace the defaults of the system; `nodes` is a count or a sequence of names. With `mutant`, the
    nodes are those of that mutant: `build("causal-broadcast", nodes=3, mutant="BC-02")`.
    """
    system = find(name)
    defaults: dict[str, Any] = {"nodes": 3, **system.options}
    chosen: NodeMutant | None = None
    if mutant is not None:
        chosen = next((m for m in mutants(name) if m.id == mutant), None)
        if chosen is None:
            known = ", ".join(m.id for m in mutants(name)) or "none"
            raise UnknownNameError(f"{name} has no mutant named {shown(mutant)}; it has: {known}")
        defaults.update(chosen.options)
    for option, value in options.items():
        if option not in defaults:
            raise UnknownNameError(f"{name} has no option {option!r}; it has: {', '.join(sorted(defaults))}")
        defaults[option] = _like(option, tuple(value) if isinstance(value, list) else value, defaults[option])
    members_names = node_names(defaults["nodes"])
    settled: Map[str, Any] = Map(defaults)
    members = system.members(members_names, settled)
    return Cluster(system, tuple(members), settled, chosen, members)


def _like(option: str, value: Any, default: Any) -> Any:
    """Return `value` if it is of the kind of the option's default."""
    must_be_immutable(f"option {option}", value)
    if option == "nodes":
        node_names(value)
    elif isinstance(default, bool) != isinstance(value, bool) or (
        default is not None and not isinstance(value, type(default))
    ):
        raise ArgumentTypeError(
            f"option {option} must be like its default {default!r} ({type(default).__name__}), "
            f"but it is {shown(value)} of type {type(value).__name__}"
        )
    plain(value, f"option {option}")
    return value


def _rebuild(name: str, options: Map[str, Any], mutant: str | None) -> Cluster:
    return build(name, mutant=mutant, **dict(options.items()))
