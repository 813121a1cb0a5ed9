"""A system with a class or with laws of your own: for experiments in a notebook, and for exercises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from distsys.core import systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, shown
from distsys.core.laws import Law
from distsys.core.node import Node
from distsys.core.systems import Cluster


def altered(
    system: str,
    kind: type[Node] | None = None,
    *,
    laws: Iterable[Law] | None = None,
    mutant: str | None = None,
    **options: Any,
) -> Cluster:
    """Return a cluster of a system whose nodes are of class `kind`, or that is judged by other `laws`.

    It can be simulated, walked and explored, and cannot be replayed from a file: nobody else knows the class.

    >>> from distsys.drivers import simulate
    >>> simulate(altered("reliable-broadcast", laws=()), seed=1).header.laws
    ()
    """
    cluster = systems.build(system, mutant=mutant, **options)
    changed = cluster.system
    if kind is not None:
        if not (isinstance(kind, type) and issubclass(kind, Node)):
            raise ArgumentTypeError(f"kind must be a class of nodes, but it is {shown(kind)}")
        if len(changed.classes) > 1:
            raise ArgumentError(
                f"system must have nodes of one class, but {system} has {len(changed.classes)}"
            )
        changed = replace(changed, classes=dict.fromkeys(changed.classes, kind))
    if laws is not None:
        changed = replace(changed, laws=tuple(laws))
    return replace(cluster, system=changed)
