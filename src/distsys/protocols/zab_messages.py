"""What Zab servers say to each other, what stands in their histories, and how transactions are numbered.

The names are those of ZooKeeper, in the order of the phases: election, discovery, synchronisation, broadcast. What a
leader says to a follower carries a `link`: the connection, and the number of the message in it (see `zab_links`).
"""

from __future__ import annotations

import enum
from functools import total_ordering
from typing import Any

from distsys.core.values import record


@record
@total_ordering
class Zxid:
    """The number of a transaction: the epoch of the primary that broadcast it, and its place in that epoch.

    >>> Zxid(1, 9) < Zxid(2, 1)
    True
    """

    epoch: int = 0
    counter: int = 0

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Zxid):
            return NotImplemented
        return (self.epoch, self.counter) < (other.epoch, other.counter)

    def __str__(self) -> str:
        return f"{self.epoch}.{self.counter}"


@record
class Transaction:
    """One place in a history."""

    zxid: Zxid
    command: Any = None


@record
class ZabSnapshot:
    """The state of the host after the transaction `last_zxid`, the one at `last_index`."""

    last_index: int = 0
    last_zxid: Zxid = Zxid()
    state: Any = None


@record
class Link:
    """The place of a message on its way from a leader: which connection, and the how-manieth message in it."""

    connection: int = 0
    number: int = 0


# Phase 0: election.


@record
class State(enum.Enum):
    """What a server is at the moment, in ZooKeeper's words."""

    LOOKING = "looking"
    FOLLOWING = "following"
    LEADING = "leading"
    OBSERVING = "observing"


@record
class Phase(enum.Enum):
    """How far a server has come with its leader."""

    ELECTION = "election"
    DISCOVERY = "discovery"
    SYNCHRONISATION = "synchronisation"
    BROADCAST = "broadcast"


@record
class Vote:
    """Whom a server wants as leader, and why: that server's current epoch and the last zxid of its history."""

    epoch: int
    zxid: Zxid
    leader: str


@record
class Notification:
    """A server's vote in a round of the election; one that is not LOOKING says whom it follows."""

    vote: Vote
    round: int
    state: State


# Phase 1: discovery.


@record
class FollowerInfo:
    """A follower opens a connection to the server that it has elected (the paper's CEPOCH)."""

    connection: int
    accepted_epoch: int


@record
class NewEpoch:
    """The leader proposes its epoch, a later one than a quorum has ever accepted."""

    epoch: int
    link: Link = Link()


@record
class AckEpoch:
    """A follower has accepted the epoch, and says what it has; `counts` unless it accepted it from another server."""

    connection: int
    epoch: int
    current_epoch: int
    last_zxid: Zxid
    counts: bool = True


# Phase 2: synchronisation.


@record
class Diff:
    """The follower's history is a beginning of the leader's: this comes after the transaction `after`."""

    epoch: int
    after: Zxid
    transactions: tuple[Transaction, ...]
    link: Link = Link()


@record
class Trunc:
    """The follower has what the leader does not have: it cuts its history after `to`, and this comes then."""

    epoch: int
    to: Zxid
    transactions: tuple[Transaction, ...]
    link: Link = Link()


@record
class Snap:
    """What the follower lacks is gone from the leader's history: a snapshot, and what comes after it."""

    epoch: int
    snapshot: ZabSnapshot
    transactions: tuple[Transaction, ...]
    link: Link = Link()


@record
class NewLeader:
    """With `last_zxid` the follower has the leader's history: it may enter the epoch."""

    epoch: int
    last_zxid: Zxid
    link: Link = Link()


@record
class AckNewLeader:
    """The follower is in the epoch, and the history up to `zxid` is on its disk."""

    connection: int
    epoch: int
    zxid: Zxid


@record
class UpToDate:
    """A quorum has the history: all up to `zxid` is committed, and the follower may serve clients (COMMIT-LD)."""

    epoch: int
    zxid: Zxid
    link: Link = Link()


# Phase 3: broadcast.


@record
class Proposal:
    """The leader broadcasts a transaction."""

    epoch: int
    transaction: Transaction
    link: Link = Link()


@record
class Ack:
    """All that the leader sent up to `zxid` is on the disk of this follower."""

    epoch: int
    zxid: Zxid


@record
class Commit:
    """A quorum has all up to `zxid`."""

    epoch: int
    zxid: Zxid
    link: Link = Link()


@record
class Inform:
    """To an observer: a transaction that is committed already."""

    epoch: int
    transaction: Transaction
    link: Link = Link()


@record
class Ping:
    """The leader is there; `last` is the link of the last message that it sent."""

    last: Link
