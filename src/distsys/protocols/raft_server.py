"""Raft, all parts together: what a service embeds."""

from __future__ import annotations

from typing import Any

from distsys.core.values import EMPTY, Map

from .raft_membership import ReconfigurableRaft
from .raft_reads import ReadingRaft
from .raft_transfer import TransferringRaft


class RaftServer(TransferringRaft, ReconfigurableRaft, ReadingRaft):
    """A Raft server with all its parts: each is a class of its own, and here they meet.

    The order matters in one place: whether a server votes is asked before it asks others for their votes.
    Where parts touch: a leader that hands over tells voters to break the promise on which its lease rests, and so
    does a change of the members, which changes who a majority is. Both end the lease. After a change the next round
    begins a new one. After a hand-over there is none until the term ends: the order to begin an election cannot be
    called back, and may arrive long after the leader has given up waiting.
    State, volatile, beside that of the parts: `released_term`, the last term in which this leader handed over.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.released_term = 0

    def on_transfer(self, to: str) -> None:
        super().on_transfer(to)
        if self.successor is not None:
            self.released_term = self.current_term

    def holds_a_lease(self) -> bool:
        return self.released_term != self.current_term and super().holds_a_lease()

    def configure(self) -> None:
        super().configure()
        self.end_lease()
