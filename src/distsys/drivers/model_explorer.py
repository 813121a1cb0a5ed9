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
from .explorer_input import Predicate, Predicates, answer, checked_progress, named
from .search import BAD, CUT_OFF, GO_ON, Found, Progress, search
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
    checked_progress(progress)
    run = _ModelRun(model, named("goals", goals), named("prunes", prunes))
    with collector_paused():
        found = search(
            model.initial, run.successors, run.look, states_max=states_max, depth_max=depth, progress=progress
        )
    return run.result(found, "the model" if depth is None else f"the model, depth {depth}")


class _ModelRun:
    """One exploration of a model: what was broken and what was reached so far."""

    def __init__(self, model: Model[Any], goals: dict[str, Predicate], prunes: dict[str, Predicate]) -> None:
        self.model, self.goals, self.prunes = model, goals, prunes
        self.unreached = dict(goals)
        self.reached: dict[str, Any] = {}  # goal -> the first state that reaches it
        self.broken: Violation | None = None

    def successors(self, state: Any) -> list[tuple[str, Any]]:
        """Return the actions that are possible in a state."""
        return list(self.model.next_states(state))

    def look(self, state: Any) -> int:
        """Note the goals that a new state reaches, and say whether the search goes on below it."""
        for name in tuple(self.unreached):
            if answer("goal", name, self.unreached[name], state):
                del self.unreached[name]
                self.reached[name] = state
        for name, check in self.model.invariants.items():
            said = check(state)
            if said is not None and said is not True:
                evidence = said if isinstance(said, str) else f"it is false in {told(state)}"
                self.broken = self.broken or Violation(name, evidence, 0)
                return BAD
        cut_off = any(answer("prune", name, cut, state) for name, cut in self.prunes.items())
        return CUT_OFF if cut_off else GO_ON

    def result(self, found: Found, bounds: str) -> Exploration:
        """Return what the search found."""
        goals = {name: name not in self.unreached for name in self.goals}
        path = () if found.bad is None else _model_path(found.path(found.bad), self.successors)
        violation = None if self.broken is None else replace(self.broken, step=len(path) - 1)
        numbers = {state: number for number, state in enumerate(found.states)} if self.reached else {}
        return Exploration(
            verdict=verdict_of(found, violation, goals),
            name=self.model.name,
            bounds=bounds,
            laws=tuple(self.model.invariants),
            states=len(found.states),
            transitions=found.transitions,
            depth=found.depth,
            violation=violation,
            path=path,
            goals=goals,
            witnesses={
                name: _model_path(found.path(numbers[state]), self.successors)
                for name, state in self.reached.items()
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
