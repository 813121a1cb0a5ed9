"""The records of the catalogue of mutants: what is wrong, where it was seen, and which law must catch it."""

from __future__ import annotations

from collections.abc import Iterable

from distsys.core.laws import FINALLY, Law
from distsys.core.systems import NodeMutant, SubjectMutant

__all__ = ["NodeMutant", "SubjectMutant", "class_by_law"]


def class_by_law(breaks: str, laws: Iterable[Law]) -> str:
    """Return "L" where the law that is broken holds finally, else "Q"."""
    return "L" if any(law.name == breaks and law.when == FINALLY for law in laws) else "Q"
