"""`linearizable`: whether each operation could have taken effect in one moment between its invoke and its end.

Herlihy & Wing 1990. The search itself is in `search`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..core.errors import ArgumentTypeError, shown, whole_number
from ..core.operations import FAIL
from .history import Call, History, HistoryError, value_text
from .same import mixed
from .search import Found, RealTime, search
from .spec import Spec
from .specs import spec as spec_named
from .verdict import Outcome, Verdict, order_found, order_missing

STEPS_MAX = 1_000_000


def linearizable(history: History, spec: Spec | str, *, steps_max: int = STEPS_MAX) -> Verdict:
    """Return whether `history` is linearizable to `spec`, with a witness or with evidence.

    `spec` is a `Spec` or the name of one. Where the spec has a partition, its objects are judged one after the other,
    and the first that is wrong is the verdict. `steps_max` bounds the work of all of them together: steps of the
    spec, not seconds. When they are used up, the verdict is UNKNOWN.

    >>> history = History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "write", "value": 1}
    ... {"process": "ann", "type": "ok", "f": "write"}
    ... {"process": "bob", "type": "invoke", "f": "read"}
    ... {"process": "bob", "type": "ok", "f": "read", "value": null}
    ... ''')
    >>> print(linearizable(history, "register").explain())
    ILLEGAL: linearizable, model register, 2 steps.
    The longest order that works places 1 of 2 answered operations:
      1. write 1 by ann
    The state is then 1. None of these can come next:
      read -> null by bob: the answer would be 1; it began after write 1 by ann had ended
    """
    model, calls = judged(history, spec, steps_max)
    steps, orders = 0, []
    for part, group in parts(model, calls):
        required, optional = split(model, group)
        found = search(RealTime(required, optional), model, steps_max - steps)
        steps += found.steps
        if not found.complete:
            return not_ok("linearizable", model, found, part, steps, real_time=True)
        orders.append(found.placed)
    witness = merged(orders)
    return Verdict(Outcome.OK, "linearizable", model.name, steps, witness, evidence=order_found(witness))


def judged(history: History, spec: Spec | str, steps_max: int) -> tuple[Spec, list[Call]]:
    """Return the spec, and the calls that happened or may have, in the form of the spec; check the arguments."""
    if not isinstance(history, History):
        raise ArgumentTypeError(
            f"history must be a History, but it is {shown(history)}; try History.load(path)"
        )
    model = spec_named(spec)
    whole_number("steps_max", steps_max, at_least=1)
    calls = [model.accept(call) for call in history.calls if call.type != FAIL]
    objects = [(model.partition(call),) if model.partition else () for call in calls]
    asked = ((call.start, thing, call.key, call.asked) for call, thing in zip(calls, objects, strict=True))
    if found := mixed(asked):
        event, value, earlier, known = found
        raise HistoryError(
            f"event {event}: {value_text(value)} stands here and {value_text(known)} at event {earlier}, and an object "
            "cannot tell them apart (they are equal in Python): write one of them in another way, such as a text"
        )
    return model, calls


def parts(spec: Spec, calls: Sequence[Call]) -> list[tuple[Any, list[Call]]]:
    """Return (which object, its calls) for each object of a history; those with fewer calls come first."""
    groups: dict[Hashable, list[Call]] = {}
    for call in calls:
        groups.setdefault(spec.partition(call) if spec.partition else None, []).append(call)
    return sorted(groups.items(), key=lambda item: len(item[1]))


def split(spec: Spec, calls: Sequence[Call]) -> tuple[list[Call], list[Call]]:
    """Return the calls that must be placed, and the crashed ones that may be; a crashed read can help nobody."""
    required = [call for call in calls if call.known]
    optional = [call for call in calls if not call.known and not spec.reads(call)]
    return required, list(spec.helpful(required, optional))


def merged(orders: Sequence[Sequence[Call]]) -> tuple[Call, ...]:
    """Return one order of the calls of several objects that keeps the order of each, and that of real time.

    In its own order, let each call take effect directly after the latest invoke among those up to it. That moment lies
    within the call, for whatever comes before it in the order had begun before it ended. So the moments of all
    objects together make the order (the locality theorem of Herlihy & Wing 1990).
    """
    moments = []
    for number, order in enumerate(orders):
        latest = 0
        for position, call in enumerate(order):
            latest = max(latest, call.start)
            moments.append((latest, number, position, call))
    return tuple(call for *_, call in sorted(moments, key=lambda moment: moment[:3]))


def not_ok(consistency: str, spec: Spec, found: Found, part: Any, steps: int, *, real_time: bool) -> Verdict:
    """Return the verdict of a search that placed not all: ILLEGAL, or UNKNOWN where it gave up."""
    required = sum(call.known for call in found.placed) + found.missing
    sentences = order_missing(spec, found, required, real_time)
    if part is not None:
        sentences = (f"The object that is wrong is {value_text(part)}.", *sentences)
    outcome = Outcome.ILLEGAL
    if found.given_up:
        outcome = Outcome.UNKNOWN
        sentences = (f"The search gave up after {steps} steps; this is as far as it came.", *sentences)
    return Verdict(
        outcome, consistency, spec.name, steps, partial=found.placed, state=found.state, stuck=found.stuck,
        part=part, evidence=sentences,
    )  # fmt: skip
