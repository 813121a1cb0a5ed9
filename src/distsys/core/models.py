"""`Model`: an abstract algorithm as initial states, next states and invariants, as a specification in TLA+ is.

A protocol of this package is made of nodes and messages. A model is one level above: its states are plain values,
and one function says which actions are possible in a state and where they lead. Nothing is sent and nobody
crashes unless the model says so. `drivers.explorer.explore_model` walks through all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .errors import ArgumentError, ArgumentTypeError, name_text, shown

S = TypeVar("S")


@dataclass(frozen=True)
class Model(Generic[S]):
    """An abstract algorithm over states of type `S`, which are immutable and hashable.

    name         what it is called, such as "two-phase-commit"
    says         one sentence for the person who lists all models
    initial      the initial states
    next_states  state -> (name of the action, next state) for each action that is possible there
    invariants   name -> check(state), which returns None or True while it holds, else False or the evidence
    source       where the algorithm is described

    >>> light = Model("light", "A light.", ("off",), lambda s: [("switch", "on" if s == "off" else "off")])
    >>> list(light.next_states("off"))
    [('switch', 'on')]
    """

    name: str
    says: str
    initial: tuple[S, ...]
    next_states: Callable[[S], Iterable[tuple[str, S]]]
    invariants: Mapping[str, Callable[[S], Any]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        name_text("name", self.name)
        if not isinstance(self.initial, tuple):
            raise ArgumentTypeError(f"initial must be a tuple of states, but it is {shown(self.initial)}")
        if not self.initial:
            raise ArgumentError("initial must hold at least one state, but it is empty")
        if not callable(self.next_states):
            raise ArgumentTypeError(
                f"next_states must be a function of a state, but it is {shown(self.next_states)}"
            )
        for law, check in dict(self.invariants).items():
            if not callable(check):
                raise ArgumentTypeError(f"invariants must hold functions, but {law!r} is {shown(check)}")
