"""`sequential`: whether one order of all operations works that keeps the order of each process; no real time.

Lamport 1979. The order is one for all objects together: sequential consistency of each key alone does not give that of
the whole, so nothing is judged apart. A client that goes on under another name after an `info` counts as another
process: nothing orders what it does after what it did before.

What is linearizable is sequentially consistent by the same order, so that is tried first, with half of the steps. Then
the search is that of linearizability with another `Order`, and its rules are the same. Real time no longer helps it: at
each point every process may come next, so a long history ends in UNKNOWN sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .history import Call, History
from .linearizability import STEPS_MAX, judged, linearizable, not_ok, split
from .search import ProgramOrder, search
from .spec import Spec
from .verdict import Outcome, Verdict, order_found


def sequential(history: History, spec: Spec | str, *, steps_max: int = STEPS_MAX) -> Verdict:
    """Return whether `history` is sequentially consistent to `spec`, with a witness or with evidence.

    >>> history = History.loads('''
    ... {"process": "ann", "type": "invoke", "f": "write", "value": 1}
    ... {"process": "ann", "type": "ok", "f": "write"}
    ... {"process": "bob", "type": "invoke", "f": "read"}
    ... {"process": "bob", "type": "ok", "f": "read", "value": null}
    ... ''')
    >>> [call.text for call in sequential(history, "register").witness]  # as if bob had been first
    ['read -> null', 'write 1']
    """
    model, calls = judged(history, spec, steps_max)
    in_real_time = linearizable(history, model, steps_max=max(1, steps_max // 2))
    if in_real_time:
        return replace(in_real_time, consistency="sequential")
    spent = in_real_time.steps
    model = whole(model, calls)
    required, optional = split(model, calls)
    found = search(ProgramOrder(required, optional), model, steps_max - spent)
    if not found.complete:
        return not_ok("sequential", model, found, None, spent + found.steps, real_time=False)
    return Verdict(
        Outcome.OK,
        "sequential",
        model.name,
        spent + found.steps,
        found.placed,
        evidence=order_found(found.placed),
    )


def whole(spec: Spec, calls: Sequence[Call]) -> Spec:
    """Return the spec of all objects of a partitioned one together; its state is a pair (object, state) for each."""
    partition = spec.partition
    names: list[Any] = list(dict.fromkeys(partition(call) for call in calls)) if partition else []
    if partition is None or len(names) < 2:
        return replace(spec, partition=None)

    def apply(state: tuple[Any, ...], call: Call) -> tuple[tuple[Any, ...], Any]:
        place = names.index(partition(call))
        after, answer = spec.apply(state[place][1], call)
        return (*state[:place], (names[place], after), *state[place + 1 :]), answer

    def helpful(answered: Sequence[Call], crashed: Sequence[Call]) -> list[Call]:
        kept: list[Call] = []
        for name in names:
            of_name = [[call for call in some if partition(call) == name] for some in (answered, crashed)]
            kept.extend(spec.helpful(*of_name))
        return kept

    def leads(state: tuple[Any, ...], read: Call) -> bool:
        assert spec.leads is not None, f"{spec.name} cannot tell what leads to a read"
        return spec.leads(state[names.index(partition(read))][1], read)

    return replace(
        spec,
        initial=tuple((name, spec.initial) for name in names),
        apply=apply,
        leads=leads if spec.leads else None,
        helpful=helpful,
        partition=None,
    )
