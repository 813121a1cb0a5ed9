"""Judges of histories: they say whether what the clients saw was possible.

    from distsys.checkers import History, linearizable

    verdict = linearizable(History.load("run.jsonl"), "key-value")
    print(verdict.explain())

A verdict is OK with a witness, ILLEGAL with evidence, or UNKNOWN when the budget of steps was used up; UNKNOWN is as
red as ILLEGAL. A judge sees one run only: OK says that this history was possible, never that a system is correct.
"""

from .causal import causal
from .consistencies import CONSISTENCIES
from .history import Call, History, HistoryError
from .linearizability import STEPS_MAX, linearizable
from .sequential import sequential
from .sessions import GUARANTEES, session
from .spec import ANY, NEVER, Spec
from .specs import SPECS, spec
from .verdict import Outcome, Verdict

__all__ = [
    "ANY",
    "CONSISTENCIES",
    "GUARANTEES",
    "NEVER",
    "SPECS",
    "STEPS_MAX",
    "Call",
    "History",
    "HistoryError",
    "Outcome",
    "Spec",
    "Verdict",
    "causal",
    "linearizable",
    "sequential",
    "session",
    "spec",
]
