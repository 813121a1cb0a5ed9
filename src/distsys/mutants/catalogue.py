"""The records of the catalogue of mutants: what is wrong, where it was seen, and which law must catch it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SubjectMutant:
    """A broken variant of a class that is no node: `subject` replaces it, `breaks` names the law."""

    id: str
    title: str
    subject: type
    breaks: str
    source: str
    story: str
