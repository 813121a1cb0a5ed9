"""Raft, part two: a server that cannot win does not disturb, and a leader that nobody hears gives up.

In the heart alone a server that was cut off raises its term again and again, and when it comes back
its high term deposes a leader that did nothing wrong. Three rules end that:

- *Pre-vote*: before it raises its term, a server asks whether others would vote for it, and they say no while
  they hear a leader (Ongaro 2014, section 9.6).
- *A leader is protected*: who has heard a leader within an election timeout ignores requests for a vote, so that a
  server that was removed cannot depose it either (the end of section 6 of the paper; 4.2.3 of the dissertation).
- *Check-quorum*: a leader that has heard no majority for an election timeout steps down, so that its clients look
  elsewhere (6.2 of the dissertation).

Two traps, both of which our own harness or others' experience found:

- A server that refuses a pre-vote must say its term. Otherwise one with the only good log and a low term asks for a
  term that the others have passed, is refused for ever, and nobody leads.
- What protects the leader is a promise, and only time ends it: not a higher term that passes by. Leases rest on it.
"""

from __future__ import annotations

from typing import Any

from distsys.core.units import MS
from distsys.core.values import EMPTY, Map, record

from .raft import Raft
from .raft_messages import Appended, Refused, RequestVote, Role


@record
class RequestPreVote:
    """Would you vote for me in `next_term`? Nobody's term changes by the question."""

    next_term: int
    last_index: int
    last_term: int


@record
class PreVote:
    """The answer, with the term of the server that answers."""

    term: int
    next_term: int
    granted: bool


class StableRaft(Raft):
    """Raft with pre-vote, protected leaders and check-quorum.

    State, volatile, beside the heart's: `leader_is_alive` (a leader was heard within election_ms), `pre_votes`
    (who would vote for this server; empty while it does not ask), `heard` (as a leader: who answered since the
    last look).
    Messages: RequestPreVote, PreVote. Timers: "alive" and "quorum", both of exactly election_ms.
    Source: Ongaro 2014, sections 4.2.3, 6.2 and 9.6.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.leader_is_alive = False
        self.pre_votes: frozenset[str] = frozenset()
        self.heard: frozenset[str] = frozenset()

    def on_timeout(self, timer: str) -> None:
        if timer == "alive":
            self.leader_is_alive = False
        elif timer == "quorum":
            self.check_quorum()
        else:
            super().on_timeout(timer)

    def on_message(self, sender: str, message: Any) -> None:
        if isinstance(message, RequestVote) and self.has_a_leader() and not message.transfer:
            return
        super().on_message(sender, message)
        answers = isinstance(message, (Appended, Refused)) and message.term == self.current_term
        if answers and self.role is Role.LEADER:
            self.heard |= {sender}
        match message:
            case RequestPreVote():
                self.on_request_pre_vote(sender, message)
            case PreVote():
                self.on_pre_vote(sender, message)

    def has_a_leader(self) -> bool:
        """Return whether this server leads, or has heard who does within the shortest election timeout."""
        return self.role is Role.LEADER or self.leader_is_alive

    def become_follower(self, leader: str | None) -> None:
        if self.role is Role.LEADER:
            self.cancel_timer("quorum")
        super().become_follower(leader)
        self.pre_votes = frozenset()
        if leader is not None:
            self.leader_is_alive = True
            self.set_timer("alive", self.election_ms * MS)

    # Pre-vote.

    def on_election_timeout(self) -> None:
        """Ask first: the term rises only when a majority would vote for this server."""
        self.leader_is_alive, self.leader = False, None
        self.pre_votes = frozenset({self.name})
        self.restart_election_timer()
        question = RequestPreVote(self.current_term + 1, self.log.last_index, self.last_term())
        self.broadcast(self.electors(), question)
        self.maybe_campaign()

    def on_request_pre_vote(self, sender: str, message: RequestPreVote) -> None:
        question = RequestVote(message.next_term, message.last_index, message.last_term)
        later = message.next_term > self.current_term
        granted = later and not self.has_a_leader() and self.is_up_to_date(question)
        self.send(sender, PreVote(self.current_term, message.next_term, granted))

    def on_pre_vote(self, sender: str, message: PreVote) -> None:
        if message.granted and self.pre_votes and message.next_term == self.current_term + 1:
            self.pre_votes |= {sender}
            self.maybe_campaign()

    def maybe_campaign(self) -> None:
        """Begin the election once a majority would vote for this server."""
        if self.is_quorum(self.pre_votes):
            self.campaign()

    # Check-quorum.

    def maybe_become_leader(self) -> None:
        super().maybe_become_leader()
        if self.role is Role.LEADER:
            self.pre_votes = frozenset()  # it may have asked again before the last vote came
            self.heard = frozenset({self.name})
            self.set_timer("quorum", self.election_ms * MS)

    def check_quorum(self) -> None:
        """Step down where no majority has answered since the last look."""
        if self.is_quorum(self.heard):
            self.heard = frozenset({self.name})
            self.set_timer("quorum", self.election_ms * MS)
        else:
            self.note(f"steps down in term {self.current_term}: no majority answers")
            self.become_follower(None)
