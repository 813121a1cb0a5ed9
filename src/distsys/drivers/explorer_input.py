"""What an exploration may be given: each argument is checked before any state is explored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, shown
from distsys.core.laws import Law
from distsys.core.systems import Cluster, Request, Sight

from .bounds import Bounds
from .judge import LawError
from .settings import checked_cluster, checked_requests

Predicate = Callable[[Any], Any]
Predicates = Mapping[str, Predicate] | Iterable[Predicate | Sight]


def explored_cluster(system: Any, mutant: str | None, options: Mapping[str, Any]) -> Cluster:
    """Return the cluster to explore: of a system that is named here, or one that was built."""
    if isinstance(system, str):
        return systems.build(system, mutant=mutant, **options)
    if mutant is not None or options:
        extra = ", ".join(["mutant"] * (mutant is not None) + sorted(options))
        raise ArgumentError(f"a cluster has its own options: do not give {extra} beside it")
    return checked_cluster(system)


def checked_laws(laws: Any) -> tuple[Law, ...]:
    """Return the laws, if they are laws with different names."""
    if not isinstance(laws, Iterable):
        raise ArgumentTypeError(f"laws must be a list of laws (core.laws.law), but it is {shown(laws)}")
    chosen = tuple(laws)
    for law in chosen:
        if not isinstance(law, Law):
            raise ArgumentTypeError(f"laws must hold laws (core.laws.law), but hold {shown(law)}")
    names = [law.name for law in chosen]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(f"laws must have different names, but {name!r} stands there twice")
    return chosen


def allowed_requests(
    cluster: Cluster, requests: Iterable[Any] | None, bounds: Bounds, seed: int
) -> tuple[Request, ...]:
    """Return the requests that clients may make."""
    asked = checked_requests(cluster.workload(seed) if requests is None else requests, cluster, None)
    most = min(1, len(asked)) if bounds.requests is None and requests is None else bounds.requests
    if most is not None and most > len(asked):
        where = "the workload of the system" if requests is None else "requests"
        raise ArgumentError(
            f"bounds.requests must be at most {len(asked)}, the length of {where}, but it is {most}"
        )
    return asked if most is None else asked[:most]


def checked_progress(progress: Any) -> None:
    """Raise an error unless `progress` can be called, or is None."""
    if progress is not None and not callable(progress):
        raise ArgumentTypeError(
            f"progress must be a function of (states, transitions, depth), but it is {shown(progress)}"
        )


def named(argument: str, predicates: Any) -> dict[str, Predicate]:
    """Return {name: function} of what was given as a mapping or as functions with names of their own."""
    if not isinstance(predicates, Iterable):
        raise ArgumentTypeError(
            f"{argument} must be a list of functions with a name, or a mapping from names to functions, "
            f"but it is {shown(predicates)}"
        )
    if isinstance(predicates, Mapping):
        named = dict(predicates)
    else:
        named = {}
        for predicate in predicates:
            if isinstance(predicate, Sight):
                named[predicate.name] = _seen(predicate)
                continue
            name = getattr(predicate, "__name__", None)
            if not callable(predicate) or name is None or name == "<lambda>":
                raise ArgumentTypeError(
                    f"{argument} must be functions with a name, or a mapping from names to functions, "
                    f"but hold {shown(predicate)}"
                )
            named[name.replace("_", " ").strip()] = predicate
    for name, predicate in named.items():
        if not isinstance(name, str) or not callable(predicate):
            raise ArgumentTypeError(
                f"{argument} must map names to functions, but map {shown(name)} to {shown(predicate)}"
            )
    return named


def _seen(sight: Sight) -> Predicate:
    return lambda world: world.step is not None and sight.seen(world.step)


def answer(what: str, name: str, predicate: Predicate, seen: Any) -> bool:
    """Return what a goal or a prune says of what it sees; where it fails, the error names it."""
    try:
        return bool(predicate(seen))
    except DistsysError:
        raise
    except Exception as problem:
        raise LawError(f"the {what} {name!r} failed: {type(problem).__name__}: {problem}") from problem
