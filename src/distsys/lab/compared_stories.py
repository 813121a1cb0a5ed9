"""One story under three protocols: an old leader returns with more than the others have, but older.

n3 leads and takes commands that nobody else gets. While it is away, n2 and n1 decide on y. Then n2 is gone, and n3 and
n1 must go on. Whoever compares how *much* there is, and not how *new* it is, loses y. Each function returns the run of
the correct code, or of the mutant that makes this mistake.

>>> [story().violation for story in (raft, paxos, zab)]
[None, None, None]
>>> [story(mutant).violation.law for story, mutant in ((raft, "RAFT-04"), (paxos, "PAX-02"), (zab, "ZAB-03"))]
['leader completeness', 'agreement', 'leader completeness']
"""

from __future__ import annotations

from typing import Any

from distsys.core import Trace, systems
from distsys.core.systems import Cluster
from distsys.drivers import perform
from distsys.drivers.schedules import Move, crash, deliver, flow, request, restart, timeout
from distsys.protocols import paxos_laws, raft_laws, zab_laws
from distsys.protocols.paxos_messages import Accept, Accepted, Prepare, Promise, Reject
from distsys.protocols.paxos_messages import Propose as ProposeValue
from distsys.protocols.replication import Propose
from distsys.protocols.zab_messages import Notification, Trunc

from .raft_words import wins
from .scenarios_zab import broadcasts, joins

NAMES = ("n1", "n2", "n3")


def _three(system: str, mutant: str | None) -> Cluster:
    return systems.build(system, nodes=NAMES, mutant=mutant)


def raft(mutant: str | None = None) -> Trace:
    """Return the story under Raft; the mutant is RAFT-04, whose voters compare lengths."""
    story: Any = (
        *wins("n3", "n2"),
        flow("n3", "n2", "n1"),
        request("n3", Propose("x1")),
        request("n3", Propose("x2")),  # on the disk of n3 alone
        crash("n3"),
        *wins("n2", "n1"),
        request("n2", Propose("y")),
        flow("n2", "n1"),  # y is committed
        crash("n2"),
        restart("n3"),
        *wins("n3", "n1"),  # term 2: n1 has voted in it
        *wins("n3", "n1"),  # term 3
        *(() if mutant else (*wins("n1", "n3"), flow("n1", "n3"))),
    )
    return perform(_three("raft", mutant), story, laws=(raft_laws.leader_completeness,))


def paxos(mutant: str | None = None) -> Trace:
    """Return the story under Paxos, for one decision; the mutant is PAX-02, whose proposer takes the first vote.

    First means by name, so here n1 is the old one, and n3 the one that stays.
    """
    story: Any = (
        request("n1", ProposeValue("x")),
        *promised("n1", "n2"),  # n1 votes for x in ballot 1; its Accept reaches nobody
        crash("n1"),
        request("n2", ProposeValue("y")),
        *promised("n2", "n3"),
        deliver("n2", "n3", Accept),
        deliver("n3", "n2", Accepted),  # y is chosen, in ballot 2
        crash("n2"),
        restart("n1"),
        timeout("n1", "retry"),
        deliver("n1", "n3", Prepare, over=1),
        deliver("n3", "n1", Reject),  # ballot 2.n1 is below 2.n2
        timeout("n1", "retry"),
        *promised("n1", "n3", late=1),  # ballot 3; n1 is told of both votes
        deliver("n1", "n3", Accept, over=1),
        deliver("n3", "n1", Accepted, over=1),
    )
    return perform(_three("paxos", mutant), story, laws=(paxos_laws.agreement,))


def promised(proposer: str, acceptor: str, late: int = 0) -> tuple[Move, ...]:
    """Return the moves by which a proposer gets a promise; so many older requests are still late."""
    return deliver(proposer, acceptor, Prepare, over=late), deliver(acceptor, proposer, Promise)


def zab(mutant: str | None = None) -> Trace:
    """Return the story under Zab; the mutant is ZAB-03, whose servers compare counters."""
    winner, other = ("n3", "n1") if mutant else ("n1", "n3")
    story: Any = (
        *(deliver("n3", "n1", Notification), deliver("n3", "n2", Notification)),
        deliver("n2", "n3", Notification, over=1),
        *(timeout("n2", "decide"), timeout("n3", "decide")),
        *joins("n2", "n3"),
        request("n3", Propose("x1")),
        request("n3", Propose("x2")),  # 1.1 and 1.2, in the history of n3 alone
        crash("n3"),
        timeout("n2", "patience"),
        deliver("n2", "n1", Notification, over=2),
        deliver("n1", "n2", Notification, over=2),
        *(timeout("n1", "decide"), timeout("n2", "decide")),
        *joins("n1", "n2"),
        *broadcasts("n2", "n1", "y"),  # 2.1
        crash("n2"),
        restart("n3"),
        timeout("n1", "patience"),
        deliver("n1", "n3", Notification, over=3),
        deliver("n3", "n1", Notification, over=1),
        *((deliver("n1", "n3", Notification, over=3),) if mutant else ()),  # n1 has changed its vote
        *(timeout("n1", "decide"), timeout("n3", "decide")),
        *joins(other, winner, Trunc),
    )
    return perform(_three("zab", mutant), story, laws=(zab_laws.leader_completeness,))
