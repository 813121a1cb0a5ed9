"""`Node`: one process of a protocol, written as the paper writes it, run by any driver.

Inside a node the code reads like the pseudo-code of the paper: fields are rebound, messages are sent by
a method call. Outside, nothing escapes but effects: `handle(event)` is the only door, and it returns
what the node wants to happen. So the same class is quoted, simulated, explored and served.

What a node may not do is what would make two runs differ: read a clock, roll dice of its own, touch a
file or a socket, hold a value that can change, or walk through a set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self, TypeVar

from .dice import derive
from .errors import LONGEST, ArgumentError, ArgumentTypeError, MutableValueError, duration, name_text, shown
from .events import CancelTimer, Deliver, Effect, Event, Note, Output, Persist, Send, SetTimer, Start, Timeout
from .values import EMPTY, FROZEN, Map, must_be_immutable, record, unchecked

N = TypeVar("N", bound="Node")


@record
class Inner:
    """A message of an embedded node, on its way to the embedded node of the same name."""

    name: str
    message: Any


class _Nowhere(list[Effect]):
    """Stands where the effects go while no event is handled."""

    def append(self, effect: Effect) -> None:
        raise ArgumentError(
            f"{shown(effect)} has no event that it answers to: send, set timers and persist in on_start, "
            "on_message or on_timeout; __init__ only sets fields"
        )


_NOWHERE = _Nowhere()


class _Turn:
    """What belongs to the event that a node handles now, and to no state: a node has one, a copy has its own."""

    __slots__ = ("effects", "now", "sealed", "seed", "seed_read")
    effects: list[Effect]

    def __init__(self, sealed: bool) -> None:
        self.effects = _NOWHERE
        self.now = 0
        self.seed: int | None = None  # but in `on_start`: what a node keeps from it must stand in a field
        self.seed_read = False  # then an exploration must count the starts, for each has a seed of its own
        self.sealed = sealed  # the node has started: it takes no new fields


class Node:
    """One process. A protocol overrides `on_start`, `on_message` and `on_timeout`.

    `disk` is what the node had persisted when it last stopped: a node is built from its disk, so an
    unrecovered node cannot exist. `declared` names the fields that a reader of a trace wants to see
    (role, term, log, ...), as {name in the picture: field}.
    """

    __slots__ = ("__dict__", "_turn")
    _turn: _Turn
    declared: ClassVar[dict[str, str]] = {}
    name: str

    def __new__(cls, *arguments: Any, **options: Any) -> Self:
        """Return a bare node: what is not a field is set here, so that `__init__` may set fields at once."""
        return _bare(cls, False)

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse what all nodes of a class would share and change."""
        super().__init_subclass__(**options)
        for field, value in vars(cls).items():
            if field not in ("declared", "__annotations__") and isinstance(
                value, (list, dict, set, bytearray)
            ):
                must_be_immutable(f"{cls.__name__}.{field}", value)

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY) -> None:
        if not isinstance(disk, Map):
            raise ArgumentTypeError(
                f"disk must be a Map of what the node persisted, but it is {shown(disk)} of type {type(disk).__name__}"
            )
        self.name = name_text("name", name)

    # What a protocol overrides.

    def on_start(self) -> None:
        """React to the start of the process; `self.seed` is there for the `Dice`."""

    def on_message(self, sender: str, message: Any) -> None:
        """React to a message."""

    def on_timeout(self, timer: str) -> None:
        """React to a timer that fires."""

    def on_output(self, inner: str, value: Any) -> None:
        """React to what the embedded node `inner` outputs."""

    # What a node says it wants.

    def send(self, to: str, message: Any) -> None:
        """Send `message` to the node named `to` (it may be this node)."""
        if type(message) not in FROZEN:
            must_be_immutable("Send.message", message)
        self._turn.effects.append(
            _send(to, message) if type(to) is str else Send(name_text("to", to), message)
        )

    def broadcast(self, peers: Iterable[str], message: Any) -> None:
        """Send `message` to each of `peers`, in their order."""
        if isinstance(peers, (set, frozenset)):
            raise ArgumentTypeError(
                "peers must have an order (a sorted tuple), but it is a set: sort it first"
            )
        for peer in peers:
            self._turn.effects.append(Send(peer, message))

    def set_timer(self, timer: str, low: int, high: int | None = None) -> None:
        """Fire `timer` after a duration from [low, high] microseconds (exactly `low` without `high`)."""
        if high is None:
            high = low
        if type(low) is not int or type(high) is not int or not 0 <= low <= high <= LONGEST:
            duration("high", high, at_least=duration("low", low))
        _plain_name("timer", timer)
        self._turn.effects.append(SetTimer(timer, low, high))

    def cancel_timer(self, timer: str) -> None:
        """Stop `timer` if it runs."""
        _plain_name("timer", timer)
        self._turn.effects.append(CancelTimer(timer))

    def persist(self, **changes: Any) -> None:
        """Write `changes` to the disk as one atomic record, before any effect that is written later."""
        for key in changes:
            _plain_name("a key of persist", key)
        self._turn.effects.append(Persist(Map(changes)))

    def output(self, value: Any) -> None:
        """Hand `value` to the user of this node."""
        self._turn.effects.append(Output(value))

    def note(self, text: str) -> None:
        """Leave a remark in the trace."""
        self._turn.effects.append(Note(text))

    @property
    def now(self) -> int:
        """What this node's clock showed at the event that is being handled, in microseconds."""
        return self._turn.now

    @property
    def seed(self) -> int:
        """The seed that `Start` gave, in `on_start` only: keep `Dice(self.seed)` in a field."""
        if self._turn.seed is None:
            raise ArgumentError(
                "seed is there in on_start only: keep Dice(self.seed) in a field, where it is part of the state"
            )
        self._turn.seed_read = True
        return self._turn.seed

    # The door.

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """Take one event, change the fields, and return the effects in the order they were wanted."""
        kind = type(event)
        if kind is not Deliver and kind is not Timeout and kind is not Start:
            raise ArgumentTypeError(f"event must be a Start, Deliver or Timeout, but it is {shown(event)}")
        turn = self._turn
        effects: list[Effect] = []
        turn.effects = effects
        turn.now = event.now
        if kind is Deliver:
            if type(event.message) is Inner:  # type: ignore[union-attr]
                self._deliver_inside(event)  # type: ignore[arg-type]
            else:
                self.on_message(event.sender, event.message)  # type: ignore[union-attr]
        elif kind is Timeout:
            head, slash, rest = event.timer.partition("/")  # type: ignore[union-attr]
            if slash:
                self._inside(head, Timeout(rest, event.now))
            else:
                self.on_timeout(head)
        else:
            turn.sealed = True
            for name in self._inner_names():
                self._inside(name, Start(derive(event.seed, name), event.now))  # type: ignore[union-attr]
            turn.seed = event.seed  # type: ignore[union-attr]
            self.on_start()
            turn.seed = None
        return tuple(effects)

    # A node inside a node.

    def embed(self, name: str, node: N) -> N:
        """Hold `node` as part of this node under the field `name`, and return it.

        Its messages, timers and disk keys travel under that name, it starts just before this node starts, with a
        seed of its own, and what it outputs comes to `on_output`. Build it from `disk.under(name)`.
        """
        name_text("name", name)
        if not isinstance(node, Node):
            raise ArgumentTypeError(f"node must be a Node to embed, but it is {shown(node)}")
        if name in self.__dict__:
            raise ArgumentError(f"name must be new, but {type(self).__name__} already has a field {name!r}")
        self._admit(name)
        self.__dict__[name] = node
        return node

    def tell(self, inner: str, message: Any) -> None:
        """Hand `message` to the embedded node `inner`, at once, as a request from this node."""
        self._inside(inner, Deliver(self.name, message, self._turn.now))

    def _inner_names(self) -> list[str]:
        return [name for name, value in self.__dict__.items() if isinstance(value, Node)]

    def _deliver_inside(self, event: Deliver) -> None:
        inner: Inner = event.message
        self._inside(inner.name, Deliver(event.sender, inner.message, event.now))

    def _inside(self, name: str, event: Event) -> None:
        """Let the embedded node `name` handle `event`, and pass on what it wants under its name."""
        node = self.__dict__.get(name)
        if not isinstance(node, Node):
            raise ArgumentError(f"{type(self).__name__} {self.name!r} embeds no node named {name!r}")
        for effect in node.handle(event):
            match effect:
                case Send(to, message):
                    self._turn.effects.append(Send(to, Inner(name, message)))
                case SetTimer(timer, low, high):
                    self._turn.effects.append(SetTimer(f"{name}/{timer}", low, high))
                case CancelTimer(timer):
                    self._turn.effects.append(CancelTimer(f"{name}/{timer}"))
                case Persist(changes):
                    self._turn.effects.append(Persist(Map({f"{name}/{k}": v for k, v in changes.items()})))
                case Note(text):
                    self._turn.effects.append(Note(f"{name}: {text}"))
                case Output(value):
                    self.on_output(name, value)

    # The state as a value.

    def snapshot(self) -> tuple[Any, ...]:
        """Return every field as one hashable value, derived, in the order in which `__init__` sets them."""
        return tuple(
            [value.snapshot() if isinstance(value, Node) else value for value in self.__dict__.values()]
        )

    def fields(self) -> dict[str, Any]:
        """Return {field: value}; the fields of an embedded node come as 'name/field'."""
        result: dict[str, Any] = {}
        for field, value in self.__dict__.items():
            if isinstance(value, Node):
                result.update({f"{field}/{k}": v for k, v in value.fields().items()})
            else:
                result[field] = value
        return result

    def copy(self) -> Self:
        """Return an independent node in the same state; shallow, for the values cannot change."""
        twin = _bare(type(self), self._turn.sealed)
        contents = twin.__dict__
        for field, value in self.__dict__.items():
            contents[field] = value.copy() if isinstance(value, Node) else value
        return twin

    def __copy__(self) -> Self:
        return self.copy()

    def __setattr__(self, field: str, value: Any) -> None:
        if type(value) not in FROZEN:
            if isinstance(value, Node):
                if self.__dict__.get(field) is value:
                    return  # self.x = self.embed("x", ...), so that a type checker knows the field
                raise MutableValueError(
                    f"{type(self).__name__}.{field} is a Node: hold it with self.embed({field!r}, ...)"
                )
            must_be_immutable(f"{type(self).__name__}.{field}", value)
        contents = self.__dict__
        if field not in contents:
            self._admit(field)
        contents[field] = value

    def _admit(self, field: str) -> None:
        """Raise an error unless this node may have a new field of this name."""
        kind = type(self).__name__
        if self._turn.sealed:
            raise ArgumentTypeError(
                f"{kind} has no field {field!r}: set every field in __init__ first (a typing error?)"
            )
        if field in _TAKEN:
            raise ArgumentError(f"{kind} cannot have a field {field!r}: every Node has a {field} already")

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (_restore, (type(self), dict(self.__dict__), self._turn.sealed))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


def has_read_seed(node: Node) -> bool:
    """Return whether a node, or one inside it, asked for the seed of its start."""
    return node._turn.seed_read or any(
        has_read_seed(value) for value in node.__dict__.values() if isinstance(value, Node)
    )


def _plain_name(argument: str, name: str) -> None:
    if type(name) is not str or "/" in name:  # a slash would lead into an embedded node
        name_text(argument, name)


_send = unchecked(Send)
_TAKEN = frozenset(dir(Node))


def _bare(kind: type[N], sealed: bool) -> N:
    node = object.__new__(kind)
    object.__setattr__(node, "_turn", _Turn(sealed))
    return node


def _restore(kind: type[N], contents: dict[str, Any], sealed: bool) -> N:
    node = _bare(kind, sealed)
    node.__dict__.update(contents)
    return node
