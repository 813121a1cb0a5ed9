"""Transaction commit, and two-phase commit that implements it, after Gray and Lamport's specifications.

`transaction_commit` says what is wanted: resource managers (RM) that all commit or all abort. It has no messages; an RM
looks at all others. `two_phase_commit` says how: a transaction manager (TM) collects that all are prepared. Messages
are never taken out of the set of those that were sent, so each may be received late, or again, or never.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from distsys.core.errors import whole_number
from distsys.core.models import Model

WORKING, PREPARED, COMMITTED, ABORTED, INIT = "working", "prepared", "committed", "aborted", "init"
RMs = tuple[str, ...]  # what each resource manager is doing, in order


def with_state(rms: RMs, rm: int, state: str) -> RMs:
    """Return the resource managers with one in another state."""
    return (*rms[:rm], state, *rms[rm + 1 :])


def consistent(rms: RMs) -> str | None:
    """Check that no two resource managers have decided differently (TCConsistent)."""
    if COMMITTED in rms and ABORTED in rms:
        return f"rm{rms.index(COMMITTED) + 1} committed and rm{rms.index(ABORTED) + 1} aborted"
    return None


def transaction_commit(rms: int = 3) -> Model[RMs]:
    """Return the specification TCommit for so many resource managers."""
    count = whole_number("rms", rms, at_least=1)

    def next_states(state: RMs) -> Iterator[tuple[str, RMs]]:
        can_commit = all(rm in (PREPARED, COMMITTED) for rm in state)
        for rm in range(count):
            if state[rm] == WORKING:
                yield f"Prepare(rm{rm + 1})", with_state(state, rm, PREPARED)
            if state[rm] == PREPARED and can_commit:
                yield f"Decide(rm{rm + 1})", with_state(state, rm, COMMITTED)
            if state[rm] in (WORKING, PREPARED) and COMMITTED not in state:
                yield f"Decide(rm{rm + 1})", with_state(state, rm, ABORTED)

    return Model(
        name="transaction-commit",
        says="Resource managers all commit or all abort; what two-phase commit must implement.",
        initial=((WORKING,) * count,),
        next_states=next_states,
        invariants={"TCConsistent": consistent},
        source="Gray and Lamport 2006, TCommit.tla (TLA+ examples)",
    )


class TwoPhase(NamedTuple):
    """The state of two-phase commit; a message is "Commit", "Abort", or the number of a prepared RM."""

    rms: RMs
    tm: str
    tm_prepared: frozenset[int]
    messages: frozenset[int | str]


def two_phase_commit(rms: int = 3) -> Model[TwoPhase]:
    """Return the specification TwoPhase for so many resource managers."""
    count = whole_number("rms", rms, at_least=1)

    def next_states(s: TwoPhase) -> Iterator[tuple[str, TwoPhase]]:
        if s.tm == INIT and len(s.tm_prepared) == count:
            yield "TMCommit", s._replace(tm=COMMITTED, messages=s.messages | {"Commit"})
        if s.tm == INIT:
            yield "TMAbort", s._replace(tm=ABORTED, messages=s.messages | {"Abort"})
        for rm in range(count):
            yield from steps_of(s, rm)

    def steps_of(s: TwoPhase, rm: int) -> Iterator[tuple[str, TwoPhase]]:
        who = f"(rm{rm + 1})"
        if s.tm == INIT and rm in s.messages:
            yield "TMRcvPrepared" + who, s._replace(tm_prepared=s.tm_prepared | {rm})
        if s.rms[rm] == WORKING:
            rms = with_state(s.rms, rm, PREPARED)
            yield "RMPrepare" + who, s._replace(rms=rms, messages=s.messages | {rm})
            yield "RMChooseToAbort" + who, s._replace(rms=with_state(s.rms, rm, ABORTED))
        if "Commit" in s.messages:
            yield "RMRcvCommitMsg" + who, s._replace(rms=with_state(s.rms, rm, COMMITTED))
        if "Abort" in s.messages:
            yield "RMRcvAbortMsg" + who, s._replace(rms=with_state(s.rms, rm, ABORTED))

    return Model(
        name="two-phase-commit",
        says="A transaction manager asks whether all are prepared, and then tells all to commit.",
        initial=(TwoPhase((WORKING,) * count, INIT, frozenset(), frozenset()),),
        next_states=next_states,
        invariants={"TCConsistent": lambda s: consistent(s.rms)},
        source="Gray and Lamport 2006, TwoPhase.tla (TLA+ examples)",
    )
