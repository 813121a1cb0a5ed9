"""Exploring an abstract model: the same search and the same result as for a cluster of nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from distsys.core.errors import ArgumentTypeError, shown, whole_number
from distsys.core.laws import Violation
from distsys.core.models import Model

from .exploration import Exploration, told, verdict_of
from .explorer_input import Predicates, named
from .search import BAD, CUT_OFF, GO_ON, Progress, search
from .settings import collector_paused


def explore_model(
    model: Model[Any],
    *,
    goals: Predicates = (),
    prunes: Predicates = (),
    depth: int | None = None,
    states_max: int = 1_000_000,
    progress: Progress | None = None,
) -> Exploration:
    """Return what happens in every run of an abstract model, of at most `depth` actions.

    `goals` and `prunes` are functions of a state, by name or by their own names.

    >>> light = Model("light", "A light.", ("off",), lambda s: [("switch", "on" if s == "off" else "off")])
    >>> found = explore_model(light, goals={"on": lambda state: state == "on"})
    >>> found.verdict, found.states, found.transitions
    ('HOLDS', 2, 2)
    """
    if not isinstance(model, Model):
        raise ArgumentTypeError(f"model must be a Model, but it is {shown(model)}")
    whole_number("states_max", states_max, at_least=1)
    if depth is not None:
        whole_number("depth", depth)
    wanted, unwanted = named("goals", goals), named("prunes", prunes)
    unreached = dict(wanted)
    reached: dict[str, Any] = {}
    evidence: list[Violation] = []

    def look(state: Any) -> int:
        for name in tuple(unreached):
            if unreached[name](state):
                del unreached[name]
                reached[name] = state
        for name, check in model.invariants.items():
            said = check(state)
            if said is not None and said is not True:
                evidence.append(
                    Violation(name, said if isinstance(said, str) else f"it is false in {told(state)}", 0)
                )
                return BAD
        if unwanted and any(cut(state) for cut in unwanted.values()):
            return CUT_OFF
        return GO_ON

    def successors(state: Any) -> list[tuple[str, Any]]:
        return list(model.next_states(state))

    with collector_paused():
        found = search(
            model.initial, successors, look, states_max=states_max, depth_max=depth, progress=progress
        )
    goals_reached = {name: name not in unreached for name in wanted}
    violation = evidence[0] if evidence else None
    path = () if found.bad is None else _model_path(found.path(found.bad), successors)
    if violation is not None:
        violation = replace(violation, step=len(path) - 1)
    numbers = {state: number for number, state in enumerate(found.states)} if reached else {}
    return Exploration(
        verdict=verdict_of(found, violation, goals_reached),
        name=model.name,
        bounds="the model" if depth is None else f"the model, depth {depth}",
        laws=tuple(model.invariants),
        states=len(found.states),
        transitions=found.transitions,
        depth=found.depth,
        violation=violation,
        path=path,
        goals=goals_reached,
        witnesses={
            name: _model_path(found.path(numbers[state]), successors) for name, state in reached.items()
        },
        pruned=found.pruned,
        beyond=found.beyond,
    )


def _model_path(
    states: list[Any], successors: Callable[[Any], list[tuple[str, Any]]]
) -> tuple[tuple[str, Any], ...]:
    path = [("initial", states[0])]
    for before, after in pairwise(states):
        path.append((next(name for name, state in successors(before) if state == after), after))
    return tuple(path)
