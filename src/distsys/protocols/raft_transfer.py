"""Raft, part five: a leader hands over.

Before a server is taken down, or where another is nearer to the clients, the leader stops taking commands, brings
the chosen server up to date, and tells it to begin an election at once. The election is an ordinary one; only the
rules that protect a living leader step aside for it. If it does not come to pass within an election timeout, the
leader goes on.

Source: Ongaro 2014, section 3.10.
"""

from __future__ import annotations

from typing import Any

from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .raft import Raft
from .raft_messages import Appended, NotLeader, Propose, Role


@record
class TransferLeadership:
    """From the host: let `to` lead."""

    to: str


@record
class TimeoutNow:
    """The leader of `term` asks the receiver to begin an election at once."""

    term: int


class TransferringRaft(Raft):
    """Raft whose leader can hand over.

    State, volatile: `successor`, to whom this leader hands over. Message: TimeoutNow; from the host
    TransferLeadership.
    Timer: "transfer", of exactly election_ms, after which the leader takes commands again.
    Source: Ongaro 2014, section 3.10.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.successor: str | None = None

    def on_timeout(self, timer: str) -> None:
        if timer == "transfer":
            self.successor = None
        else:
            super().on_timeout(timer)

    def on_message(self, sender: str, message: Any) -> None:
        super().on_message(sender, message)
        match message:
            case TransferLeadership(to):
                self.on_transfer(to)
            case TimeoutNow(term) if term == self.current_term and self.role is Role.FOLLOWER:
                if self.is_voter():
                    self.campaign(transfer=True)

    def on_transfer(self, to: str) -> None:
        """Hand over to `to`, a voter, as soon as it has all that this leader has."""
        if self.role is Role.LEADER and to in self.electors():
            self.successor = to
            self.note(f"hands over to {to}")
            self.set_timer("transfer", self.election_ms * MS)
            self.maybe_hand_over(to)

    def maybe_hand_over(self, to: str) -> None:
        """Tell the successor to begin, once it has the whole log."""
        if to == self.successor and self.match_index.get(to, 0) == self.log.last_index:
            self.send(to, TimeoutNow(self.current_term))

    def on_appended(self, sender: str, message: Appended) -> None:
        super().on_appended(sender, message)
        if self.role is Role.LEADER:
            self.maybe_hand_over(sender)

    def on_propose(self, message: Propose) -> None:
        if self.successor is None:
            super().on_propose(message)
        else:
            self.output(NotLeader(message.command, self.successor))

    def become_follower(self, leader: str | None) -> None:
        if self.successor is not None:
            self.cancel_timer("transfer")
            self.successor = None
        super().become_follower(leader)
