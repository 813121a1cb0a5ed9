"""What servers of an ensemble say to each other, beside Zab: requests on their way to the leader, and its answers."""

from __future__ import annotations

from typing import Any

from distsys.core.values import record
from distsys.protocols.zab_messages import Zxid

from .preparing import Asker
from .tree import Header


@record
class Proposed:
    """An entry of the history: what came of request `number` of a server in a connection to its leader."""

    server: str
    connection: int
    number: int
    header: Header
    change: Any


@record
class Forward:
    """Of a server to its leader: request `number`, in this connection and this epoch.

    The epoch is there for a leader that has begun anew and takes the old connection for a new one: what was asked in
    the epoch before may be in its history already, and must not be done twice.
    """

    connection: int
    epoch: int
    number: int
    asker: Asker
    request: Any


@record
class Answer:
    """Of a leader: the answer to a question, request `number` in this connection and this epoch."""

    connection: int
    epoch: int
    number: int
    response: Any


@record
class Question:
    """What changes nothing, and only a leader knows the answer; of a session."""

    session: int


@record
class SyncPoint(Question):
    """Ask for the zxid of the last change that is committed, or may be, when the leader takes this.

    What the same server has sent on before is among them. A client may ask for a change, lose its connection, come
    back, synchronise and look: what it does not find then is not going to be done.
    """


@record
class StillLeads:
    """Of a leader to its followers, round by round: say whether you still follow me in this epoch."""

    epoch: int
    round: int


@record
class StillFollows:
    """Of a follower: yes."""

    epoch: int
    round: int


@record
class Waits:
    """Who waits at a leader for a quorum to say that it still leads: request `forward` of a server, and the answer."""

    server: str
    forward: Forward
    zxid: int


def zxid_of(zxid: Zxid) -> int:
    """Return a zxid as clients see it: the epoch in the upper half of 64 bits.

    >>> hex(zxid_of(Zxid(2, 5)))
    '0x200000005'
    """
    return (zxid.epoch << 32) | zxid.counter
