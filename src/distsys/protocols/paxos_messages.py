"""What the processes of Paxos say to each other, and what they hear from and tell their host.

The names are those of "Paxos Made Simple", where a proposal has a number and a value; the number is called a *ballot*
here, as in Lamport's other papers, and an acceptor that accepts a proposal *votes* for its value in that ballot.
"""

from __future__ import annotations

import enum
import functools
from typing import Any

from distsys.core.errors import ArgumentError
from distsys.core.values import record


@functools.total_ordering
@record
class Ballot:
    """The number of a proposal. It ends in the name of its proposer, so that no two proposers use the same one."""

    round: int = 0
    name: str = ""

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Ballot):
            return NotImplemented
        return (self.round, self.name) < (other.round, other.name)

    def __str__(self) -> str:
        return f"{self.round}.{self.name}" if self.round else "0"


ZERO = Ballot()  # below every ballot that anybody uses


@record
class Vote:
    """A vote of an acceptor: for `value` in `ballot`."""

    ballot: Ballot
    value: Any


@record
class Phase(enum.Enum):
    """How far the ballot of a proposer has come."""

    IDLE = "idle"
    PREPARE = "prepare"  # phase 1: it asks what was voted for before
    ACCEPT = "accept"  # phase 2: it has asked for votes


@record
class Prepare:
    """Phase 1a: the proposer asks for a promise, to vote in no ballot below this one."""

    ballot: Ballot


@record
class Promise:
    """Phase 1b: the promise, with the last vote of the acceptor; ZERO and None where it has never voted."""

    ballot: Ballot
    voted_ballot: Ballot = ZERO
    voted_value: Any = None


@record
class Accept:
    """Phase 2a: the proposer asks for votes for `value`."""

    ballot: Ballot
    value: Any


@record
class Accepted:
    """Phase 2b: the acceptor has voted for `value`. It tells all learners."""

    ballot: Ballot
    value: Any


@record
class Reject:
    """A courtesy: `ballot` comes too late, for the sender has promised `promised`. Without it a proposer only waits."""

    ballot: Ballot
    promised: Ballot


@record
class Learned:
    """A courtesy to one who asks what is known already: `value` is chosen."""

    value: Any


# From and to the host.


@record
class Propose:
    """From the host: try to have this value chosen. None is no value."""

    value: Any

    def __post_init__(self) -> None:
        if self.value is None:
            raise ArgumentError("value must be a value to choose, but it is None")


@record
class Chosen:
    """To the host: this value is chosen, now and for ever."""

    value: Any
