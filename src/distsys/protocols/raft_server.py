"""Raft, all parts together: what a service embeds."""

from __future__ import annotations

from .raft_membership import ReconfigurableRaft
from .raft_reads import ReadingRaft
from .raft_transfer import TransferringRaft


class RaftServer(TransferringRaft, ReconfigurableRaft, ReadingRaft):
    """A Raft server with all its parts: each is a class of its own, and here they meet.

    The order matters in one place: whether a server votes is asked before it asks others for their votes.
    Where parts touch: a leader that hands over tells voters to break the promise on which its lease rests, and so
    does a change of the members, which changes who a majority is. Both end the lease.
    """

    def on_transfer(self, to: str) -> None:
        self.end_lease()
        super().on_transfer(to)

    def holds_a_lease(self) -> bool:
        return self.successor is None and super().holds_a_lease()

    def configure(self) -> None:
        super().configure()
        self.end_lease()
