"""Directed runs for bugs that were found in this book's own Raft; the matrix of mutants performs them."""

from __future__ import annotations

from distsys.core.units import MS
from distsys.drivers.schedules import deliver, flow, request, timeout
from distsys.protocols.raft_messages import RequestVote, Vote
from distsys.protocols.raft_reads import Confirm, Confirmed
from distsys.protocols.raft_stability import PreVote, RequestPreVote
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership
from distsys.services.kv import Call
from distsys.services.replicated import Reply

from .raft_words import Story

# n1 hands over to n2, the order is late, n1 gives the hand-over up and renews its lease. Then the order arrives: n2 is
# elected at once, for voters break the promise to a leader that asked for it. c1 writes at n2, c2 reads at n1.
STALE_LEASE: Story = (
    timeout("n2", "raft/alive", at=300 * MS),
    timeout("n3", "raft/alive", at=300 * MS),
    timeout("n1", "raft/election", at=400 * MS),
    flow("n1", "n2", "n3"),
    request("n1", TransferLeadership("n2"), at=450 * MS),
    timeout("n1", "raft/transfer", at=750 * MS),
    timeout("n1", "raft/heartbeat", at=760 * MS),
    deliver("n1", "n3", Confirm, at=770 * MS),
    deliver("n3", "n1", Confirmed, at=780 * MS),
    deliver("n1", "n2", TimeoutNow, at=800 * MS),
    deliver("n2", "n3", RequestVote, at=801 * MS),
    deliver("n3", "n2", Vote, at=802 * MS),
    timeout("c1", "next", at=803 * MS),
    timeout("c1", "retry", at=804 * MS),  # nobody answers at n1, so it asks n2
    deliver("c1", "n2", Call, at=805 * MS),
    flow("n2", "n3"),
    deliver("n2", "c1", Reply, at=810 * MS),
    timeout("c2", "next", at=820 * MS),
    deliver("c2", "n1", Call, at=821 * MS),
    deliver("n1", "c2", Reply, at=822 * MS),
)

# n1 asks for pre-votes a second time, just before the vote arrives that makes it the leader.
AGAINST_ITSELF: Story = (
    timeout("n1", "election"),
    deliver("n1", "n2", RequestPreVote),
    deliver("n2", "n1", PreVote),
    deliver("n1", "n2", RequestVote),
    timeout("n1", "election"),
    deliver("n2", "n1", Vote),
    deliver("n1", "n2", RequestPreVote),
    deliver("n2", "n1", PreVote),
)
