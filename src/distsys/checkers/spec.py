"""`Spec`: what an object does when nobody else uses it. A checker asks whether a history could have come from that.

A spec is a sequential object: a state, and for each operation the next state and the answer. States are immutable and
hashable, because the search remembers them. The specs that come with the package are in `specs`; one of your own is a
few lines:

    def apply(state, call):
        if call.f == "write":
            return call.asked, ANY        # the answer of a write says nothing
        return state, state               # a read answers the state

    REGISTER = Spec("my-register", "one value", {"read": "-> value", "write": "value"}, None, apply,
                    reads=lambda call: call.f == "read")
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..core.errors import ArgumentError, ArgumentTypeError, callback, instance, shown
from .history import Call, HistoryError
from .same import same


class _Word:
    """A constant that equals nothing else and shows its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ANY: Final = _Word("ANY")  # whatever was answered is right
NEVER: Final = _Word("NEVER")  # in this state the operation cannot happen: it waits, or is refused

State = Any
Apply = Callable[[State, Call], "tuple[State, Any]"]


def _as_it_is(call: Call) -> Call:
    return call


def _changes(call: Call) -> bool:
    return False


def _all_crashed(answered: Sequence[Call], crashed: Sequence[Call]) -> Sequence[Call]:
    return crashed


@dataclass(frozen=True)
class Spec:
    """A sequential object.

    name        what `spec(name)` finds it by
    says        one sentence
    operations  f -> how its value and its answer look, for people
    initial     the state at the beginning; immutable and hashable
    apply       (state, call) -> (next state, answer); the answer may be `ANY` or `NEVER`. It must not look at
                `call.answer` unless `call.known`, nor at who calls: two calls that ask the same are exchanged
    reads       whether a call, with the answer that was heard, can change no state, whatever the state is: a read, a
                compare-and-set that answered false. If it says yes where that is not so, verdicts are wrong
    prepare     call -> the call with its values checked and in one form; raises `HistoryError`
    leads       whether a state can grow, by more operations, into one in which the read gives the answer that was
                heard; it only says what to try first. None: there is no telling
    helpful     (answered calls, crashed calls) -> those of the crashed calls that may help to explain the answers. It
                may leave out a call only if an order that works with it can be made into one without it
    partition   call -> which object of many the call belongs to; None where the state is one whole. Each object then
                starts from `initial` and is judged apart, which linearizability allows (Herlihy & Wing 1990)
    """

    name: str
    says: str
    operations: Mapping[str, str]
    initial: State
    apply: Apply
    reads: Callable[[Call], bool] = _changes
    prepare: Callable[[Call], Call] = _as_it_is
    leads: Callable[[State, Call], bool] | None = None
    helpful: Callable[[Sequence[Call], Sequence[Call]], Sequence[Call]] = _all_crashed
    partition: Callable[[Call], Hashable] | None = None

    def __post_init__(self) -> None:
        instance("name of a Spec", self.name, str)
        if not isinstance(self.operations, Mapping):
            raise ArgumentTypeError(
                f"operations of {self.name!r} must map each f to a text, but it is {shown(self.operations)}"
            )
        for field in ("apply", "reads", "prepare", "leads", "helpful", "partition"):
            if (given := getattr(self, field)) is not None or field not in ("leads", "partition"):
                callback(f"{field} of {self.name!r}", given)
        try:
            hash(self.initial)
        except TypeError:
            raise ArgumentError(
                f"initial of {self.name!r} must be hashable, but it is {self.initial!r}"
            ) from None

    def step(self, state: State, call: Call) -> tuple[State, bool]:
        """Return the next state, and whether the call may happen in `state` with the answer that was heard."""
        result = self.apply(state, call)
        try:
            after, answer = result
        except (TypeError, ValueError):
            raise ArgumentTypeError(
                f"apply of {self.name!r} must return (next state, answer), but for {call.text!r} it returns "
                f"{shown(result)}"
            ) from None
        if answer is ANY:
            return after, True
        if answer is NEVER:
            return after, False
        return after, not call.known or same(answer, call.answer)

    def accept(self, call: Call) -> Call:
        """Return the call with its values in one form; a `HistoryError` where this object has no such operation."""
        if call.f not in self.operations:
            raise HistoryError(
                f"event {call.start}: the model {self.name} has no operation {call.f!r}; "
                f"it has: {', '.join(self.operations)}"
            )
        return self.prepare(call)


def refuse(call: Call, what: str) -> HistoryError:
    """Return the error for a call that is asked something of the wrong form."""
    return HistoryError(
        f"event {call.start}: {what}, but {call.process!r} asks {call.f!r} with {shown(call.asked)}"
    )


def refuse_answer(call: Call, what: str) -> HistoryError:
    """Return the error for a call whose answer has the wrong form."""
    return HistoryError(
        f"event {call.end}: {what}, but {call.process!r} hears {shown(call.answer)} from {call.f!r}"
    )
