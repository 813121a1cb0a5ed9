"""Zab gone wrong, as stories: the schedules of what chance seldom does (see drivers.schedules).

Three servers start with empty histories, so the one with the greatest name wins the first election. A message that
no move delivers is late, or lost.
"""

from __future__ import annotations

from distsys.drivers.schedules import Move, crash, deliver, request, restart, timeout
from distsys.protocols.replication import Propose
from distsys.protocols.zab_messages import (
    Ack,
    AckEpoch,
    AckNewLeader,
    Commit,
    Diff,
    FollowerInfo,
    NewEpoch,
    NewLeader,
    Notification,
    Proposal,
    UpToDate,
)

Story = tuple[Move, ...]


def joins(follower: str, leader: str, synchronised_by: type = Diff) -> Story:
    """Return how a follower that has decided for a leader in office comes up to date."""
    return (
        deliver(follower, leader, FollowerInfo),
        deliver(leader, follower, NewEpoch),
        deliver(follower, leader, AckEpoch),
        deliver(leader, follower, synchronised_by),
        deliver(leader, follower, NewLeader),
        deliver(follower, leader, AckNewLeader),
        deliver(leader, follower, UpToDate),
    )


def broadcasts(leader: str, follower: str, command: str) -> Story:
    """Return how a command is broadcast and committed with one follower."""
    return (
        request(leader, Propose(command)),
        deliver(leader, follower, Proposal),
        deliver(follower, leader, Ack),
        deliver(leader, follower, Commit),
    )


FIRST_ELECTION: Story = (  # n3 leads epoch 1; both others follow
    deliver("n3", "n1", Notification),
    deliver("n3", "n2", Notification),
    deliver("n1", "n3", Notification, over=1),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    timeout("n3", "decide"),
    *joins("n1", "n3"),
)

SECOND_ELECTION: Story = (  # n2 leads epoch 2; n1 follows, n3 is cut off and still believes in itself
    timeout("n2", "patience"),
    timeout("n1", "patience"),
    deliver("n2", "n1", Notification, over=2),
    deliver("n1", "n2", Notification, over=3),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    *joins("n1", "n2"),
)

OLD_PROPOSAL: Story = (  # ZAB-05
    *FIRST_ELECTION,
    deliver("n2", "n3", FollowerInfo),
    deliver("n3", "n2", NewEpoch),
    deliver("n2", "n3", AckEpoch),
    deliver("n3", "n2", Diff),
    deliver("n3", "n2", NewLeader),
    request("n3", Propose("old")),  # on the disk of n3 alone; its proposals are late
    *SECOND_ELECTION,
    *broadcasts("n2", "n1", "new"),
    deliver("n3", "n1", Proposal),  # the late one, of epoch 1
    *broadcasts("n2", "n1", "newer"),  # n1 delivers 2.1, 1.1, 2.2
)

EARLY_PROPOSAL: Story = (  # n3 leads epoch 1 with n1, and writes a transaction that nobody else gets; n2 looks on
    deliver("n3", "n1", Notification),
    deliver("n1", "n3", Notification, over=1),
    timeout("n1", "decide"),
    timeout("n3", "decide"),
    *joins("n1", "n3")[:-1],
    request("n3", Propose("old")),
)

EQUAL_COUNTERS: Story = (  # ZAB-03: 1.1 beats 2.1
    *EARLY_PROPOSAL,
    timeout("n1", "patience"),  # n2 leads epoch 2 with n1
    deliver("n1", "n2", Notification, over=2),
    deliver("n2", "n1", Notification, over=1),
    deliver("n1", "n2", Notification, over=2),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    *joins("n1", "n2"),
    *broadcasts("n2", "n1", "new")[:-1],
    timeout("n3", "patience"),  # n3 leads epoch 3 with n1
    timeout("n1", "patience"),
    deliver("n1", "n3", Notification, over=3),
    deliver("n3", "n1", Notification, over=1),
    deliver("n1", "n3", Notification, over=3),
    timeout("n1", "decide"),
    timeout("n3", "decide"),
    *joins("n1", "n3")[:3],
)

PASSED_OVER: Story = (  # ZAB-06: n2 is between NEWLEADER and its acknowledgement
    *FIRST_ELECTION,
    *joins("n2", "n3")[:5],
    request("n3", Propose("x")),
    deliver("n3", "n1", Proposal),
    deliver("n2", "n3", AckNewLeader),
    deliver("n3", "n2", UpToDate),
    deliver("n1", "n3", Ack),
    deliver("n3", "n2", Commit),
)

KEPT_TAIL: Story = (  # ZAB-07
    *EARLY_PROPOSAL,
    timeout("n1", "patience"),  # n1 leads epoch 2 with n2
    deliver("n1", "n2", Notification, over=2),
    deliver("n2", "n1", Notification, over=1),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    *joins("n2", "n1"),
    *broadcasts("n1", "n2", "new")[:-1],
    timeout("n3", "patience"),  # n3 returns to both
    deliver("n3", "n2", Notification),
    deliver("n3", "n1", Notification),
    deliver("n2", "n3", Notification, over=2),
    deliver("n1", "n3", Notification, over=2),
    *joins("n3", "n1"),
)

TOLD_TOO_MUCH: Story = (  # ZAB-15: the observer n4 comes while the transaction is on the disk of n3 alone
    *EARLY_PROPOSAL,
    deliver("n4", "n3", Notification),
    deliver("n4", "n1", Notification),
    deliver("n3", "n4", Notification),
    deliver("n1", "n4", Notification),
    *joins("n4", "n3")[:5],
)

LOST_HISTORY: Story = (  # what ZAB-01 leads to
    *FIRST_ELECTION,
    request("n3", Propose("x")),  # on the disk of n3 alone
    timeout("n3", "patience"),
    timeout("n1", "patience"),
    deliver("n3", "n1", Notification),
    deliver("n1", "n3", Notification, over=2),
    timeout("n1", "decide"),
    timeout("n3", "decide"),
    *joins("n1", "n3")[:-1],  # n3 leads epoch 2; n1 has acknowledged x, so n3 delivers it
    crash("n1"),  # before its disk has x
    restart("n1"),
    timeout("n2", "patience"),
    deliver("n2", "n1", Notification, over=2),
    deliver("n1", "n2", Notification, over=5),
    timeout("n1", "decide"),
    timeout("n2", "decide"),
    *joins("n1", "n2")[:3],  # n2 leads epoch 3, and neither of them has x
)

LOST_PROPOSAL: Story = (*FIRST_ELECTION, request("n3", Propose("x")))  # ZAB-14: the proposal to n1 is lost

KNOCKED_TWICE: Story = (  # ZAB-16: n3 leads epoch 1, restarts, and leads epoch 2 with n1; n2 has noticed nothing
    *FIRST_ELECTION,
    timeout("n2", "connect"),
    *joins("n2", "n3"),
    crash("n3"),
    restart("n3"),
    timeout("n1", "patience"),
    deliver("n1", "n3", Notification),
    deliver("n3", "n1", Notification),
    deliver("n1", "n3", Notification),
    deliver("n1", "n3", Notification),
    deliver("n3", "n1", Notification),
    deliver("n1", "n3", Notification),
    timeout("n1", "decide"),
    timeout("n3", "decide"),
    *joins("n1", "n3"),
    deliver("n2", "n3", FollowerInfo),  # the second one, of the connection that n2 has open
)
