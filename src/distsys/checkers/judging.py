"""What else finds fault with a run, beside the laws of its system: the checker of linearizability.

The functions here can be pickled, so that `drivers.sweep` can send them to its workers.
"""

from __future__ import annotations

from collections.abc import Callable

from distsys.core import systems
from distsys.core.laws import Violation
from distsys.core.trace import Trace

from .history import History
from .linearizability import linearizable

LINEARIZABILITY = "linearizability"
# Ten times what a history by hand gets. The hardest so far, of raft-etcd with seed 1772, has 32 operations, of which 15
# got no answer, and takes 3.7 million.
STEPS_MAX = 10_000_000


def judge_of(system: str) -> Callable[[Trace], tuple[Violation, ...]] | None:
    """Return the judge of the runs of a system, or None where its clients record no history."""
    return judge_history if systems.find(system).history is not None else None


def judge_history(trace: Trace) -> tuple[Violation, ...]:
    """Return a violation named "linearizability" unless the history of the clients is linearizable.

    A search that gave up (UNKNOWN) is a violation as well: what nobody could judge is red.
    """
    spec = systems.find(trace.header.system).history
    if spec is None:
        return ()
    verdict = linearizable(History.of(trace), spec, steps_max=STEPS_MAX)
    if verdict.ok:
        return ()
    return (Violation(LINEARIZABILITY, f"{verdict.outcome.value}: {' '.join(verdict.evidence)}", 0),)
