"""The abstract models by name, so that the command line can build them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from distsys.core.errors import UnknownNameError, shown
from distsys.core.models import Model

from .abstract_paxos import abstract_paxos
from .commit import transaction_commit, two_phase_commit
from .die_hard import die_hard
from .fast_paxos import fast_paxos
from .voting import voting

MODELS: dict[str, Callable[..., Model[Any]]] = {
    "abstract-paxos": abstract_paxos,
    "die-hard": die_hard,
    "fast-paxos": fast_paxos,
    "transaction-commit": transaction_commit,
    "two-phase-commit": two_phase_commit,
    "voting": voting,
}


def options_of(name: str) -> tuple[str, ...]:
    """Return the names of the options of a model.

    >>> options_of("two-phase-commit")
    ('rms',)
    """
    return tuple(inspect.signature(_find(name)).parameters)


def build(name: str, **options: Any) -> Model[Any]:
    """Return the model called `name`, with these options in place of its defaults.

    >>> build("abstract-paxos", acceptors=2).name
    'abstract-paxos'
    """
    make = _find(name)
    for option in options:
        if option not in options_of(name):
            known = ", ".join(options_of(name))
            raise UnknownNameError(f"{name} has no option {option!r}; it has: {known}")
    return make(**options)


def _find(name: str) -> Callable[..., Model[Any]]:
    if name not in MODELS:
        raise UnknownNameError(
            f"there is no model named {shown(name)}; there are: {', '.join(sorted(MODELS))}"
        )
    return MODELS[name]
