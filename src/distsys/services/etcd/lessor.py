"""Who counts the time of leases: the leader, and nobody else.

Members have no common clock. So a lease does not end at a time that all know; the leader lets a timer run for each, and
when it fires proposes the revocation. A new leader knows nothing of the timers of the one before it, and gives every
lease its full time again: a lease may live longer than it was granted for, never shorter.

Two members may believe that they lead for a while, and that is where leases go wrong. A keep-alive is accepted only by
a leader that a majority confirms (a read-index), after it has applied an entry of its own term: what an earlier leader
may have revoked is known by then. And what a deposed leader still finds to have run out it proposes to its own log,
where it comes to nothing; it is *not* sent on to the new leader, with whom the lease may be alive and well.

The rate of clocks is assumed to be about right; a leader whose clock is a fifth too fast ends leases a fifth too soon.

Source: server/lease/lessor.go of etcd 3.5.1; etcd-io/etcd issues 12528 and 15247, pull request 16822.
"""

from __future__ import annotations

from typing import Any

from distsys.core.dice import Dice
from distsys.core.units import S
from distsys.core.values import EMPTY, Map
from distsys.protocols.replication import Role

from .. import ordered
from ..kv import Call
from . import api, leases
from .applier import State
from .errors import LEASE_NOT_FOUND, NO_LEADER
from .member import Member
from .messages import Proposal, Waiting

ASKS_THE_LEADER = (api.LeaseKeepAliveRequest, api.LeaseTimeToLiveRequest)


def is_expiry(command: Any) -> bool:
    """Return whether an entry ends a lease because it has run out."""
    request = getattr(command, "request", None)
    return isinstance(request, api.LeaseRevokeRequest) and request.expired


class LeasingMember(Member):
    """A member that lets leases run out while it leads.

    State, volatile: `primary_term`, the term in which this member began to count; `ends` (lease -> when, by its own
    clock, to answer how long it has left); `expiring`, the leases whose revocation it has proposed in that term.
    Timers: "lease N", the time that lease N has left.
    Keeps: a lease that was kept alive is not ended by time before its ttl is over.
    """

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, **settings: Any) -> None:
        super().__init__(name, disk, **settings)
        self.primary_term = 0
        self.ends: Map[int, int] = Map()
        self.expiring: frozenset[int] = frozenset()
        self.dice = Dice(0)

    def on_start(self) -> None:
        super().on_start()
        self.dice = Dice(self.seed)

    def prepared(self, request: Any) -> Any:
        """Choose the id of a lease that has none, 63 bits, and make its ttl longer than an election takes.

        Both before it enters the log, for members may have other dice and other settings.
        """
        if isinstance(request, api.LeaseGrantRequest):
            id, ttl_min = request.id, -(-3 * self.protocol.election_ms // 2000)
            if not id:
                below, self.dice = self.dice.below(2**63 - 1)
                id = below + 1
            return api.LeaseGrantRequest(max(request.ttl, ttl_min), id)
        return super().prepared(request)

    def on_call(self, client: str, call: Call) -> None:
        if isinstance(call.command, ASKS_THE_LEADER):
            self.ask(call.command, Waiting(client, call, self.period))
        else:
            super().on_call(client, call)

    # Who leads counts.

    def is_primary(self) -> bool:
        """Return whether this member leads and has applied an entry of its term, as far as it knows."""
        raft = self.protocol
        return raft.role is Role.LEADER and self.primary_term == raft.current_term

    def on_applied(self, before: State, command: Any, response: Any) -> None:
        super().on_applied(before, command, response)
        raft = self.protocol
        if raft.role is Role.LEADER and raft.term_at(self.applied) == raft.current_term:
            if not self.is_primary():
                self.become_primary()
            if isinstance(command, Proposal):
                self.on_lease(response)
                if isinstance(command.request, api.LeaseRevokeRequest):
                    self.stop_counting(command.request.id)

    def become_primary(self) -> None:
        """Begin to count: every lease has its full time again."""
        self.primary_term = self.protocol.current_term
        self.ends, self.expiring = Map(), frozenset()
        for id in leases.ids(self.state.leases):
            self.renew(id)

    def on_lease(self, response: Any) -> None:
        """Count for a lease that was granted."""
        if isinstance(response, api.LeaseGrantResponse):
            self.renew(response.id)

    def renew(self, id: int) -> int:
        """Let a lease begin anew, and return its ttl."""
        ttl = leases.ttl_of(self.state.leases, id)
        self.ends = self.ends.set(id, self.now + ttl * S)
        self.set_timer(f"lease {id}", ttl * S)
        return ttl

    def stop_counting(self, id: int) -> None:
        """Forget a lease that has ended."""
        if id in self.ends:
            self.ends = self.ends.remove(id)
            self.expiring -= {id}
            self.cancel_timer(f"lease {id}")

    def on_timeout(self, timer: str) -> None:
        kind, _, id = timer.partition(" ")
        if kind == "lease":
            self.on_expired(int(id))
        else:
            super().on_timeout(timer)

    def on_expired(self, id: int) -> None:
        """A lease has run out, if this member is the one that counts and its clock agrees with its timer."""
        if not self.is_primary() or id not in self.ends or id in self.expiring:
            return
        if self.now < self.ends[id]:  # the clock was set back: wait on
            self.set_timer(f"lease {id}", self.ends[id] - self.now)
            return
        self.expiring |= {id}
        self.propose(api.LeaseRevokeRequest(id, expired=True))

    def on_not_leader(self, proposal: Proposal, leader: str | None) -> None:
        """A revocation that was found due here is not sent on: it is not this member any more that knows."""
        if not is_expiry(proposal):
            super().on_not_leader(proposal, leader)

    # What only the leader answers; a majority has confirmed that it led when it was asked.

    def as_leader(self, request: Any) -> Any:
        revision, id = self.state.store.revision, getattr(request, "id", 0)
        ttl = ordered.get(self.state.leases.granted, id, 0)
        match request:
            case _ if not self.is_primary() or id in self.expiring:
                return NO_LEADER  # its revocation is under way: whether the lease still lives is open
            case api.LeaseKeepAliveRequest():
                return api.LeaseKeepAliveResponse(revision, id, self.renew(id) if ttl else 0)
            case api.LeaseTimeToLiveRequest(_, keys):
                if not ttl:
                    return api.LeaseTimeToLiveResponse(revision, id, -1)
                left = max(0, self.ends[id] - self.now) // S
                held = leases.keys_of(self.state.leases, id) if keys else ()
                return api.LeaseTimeToLiveResponse(revision, id, left, ttl, held)
        return LEASE_NOT_FOUND
