"""What Raft servers say to each other, what stands in their logs, and what they tell their host.

The names are those of figure 2 of the paper. The sender of a message is known to the receiver, so `candidateId` and
`leaderId` are not repeated inside. A reply of the paper that says success or failure is two messages here, because
they carry different things.
"""

from __future__ import annotations

import enum
from typing import Any

from distsys.core.errors import ArgumentError
from distsys.core.values import record


@record
class Role(enum.Enum):
    """What a server is at the moment."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@record
class Entry:
    """One place in the log: the term in which a leader made it, and the command; None is the no-op of a new leader."""

    term: int
    command: Any = None


# Elections.


@record
class RequestVote:
    """A candidate asks for a vote in `term`, and says how far its log goes.

    `transfer` says that the leader of the time asked for this election (see `raft_transfer`).
    """

    term: int
    last_index: int
    last_term: int
    transfer: bool = False


@record
class Vote:
    """The answer to RequestVote."""

    term: int
    granted: bool


# Replication.


@record
class AppendEntries:
    """The leader of `term` says: after the entry (prev_index, prev_term) come these entries; none is a heartbeat."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit_index: int


@record
class Appended:
    """Success: the sender's log equals the leader's up to `match_index`, and that much is on its disk."""

    term: int
    match_index: int


@record
class Refused:
    """Failure: the entry (prev_index, prev_term) is not there.

    `conflict_term` is the term that stands at prev_index instead, and `conflict_index` the first place that it
    has; a log that is too short says 0 and the first index that it lacks (the end of section 5.3).
    """

    term: int
    prev_index: int
    conflict_term: int = 0
    conflict_index: int = 0


# From and to the host.


@record
class Propose:
    """A client's command for the log; only a leader takes it. None is no command: hosts skip it."""

    command: Any

    def __post_init__(self) -> None:
        if self.command is None:
            raise ArgumentError("command must be something to do, but it is None")


@record
class NotLeader:
    """The command was not taken: this server does not lead. `leader` is who did when it last heard of one."""

    command: Any
    leader: str | None


@record
class Committed:
    """The entry at `index` is committed: the state machine may apply it. They come in order, without a gap."""

    index: int
    entry: Entry
