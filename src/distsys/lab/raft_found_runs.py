"""Directed runs for bugs that were found in this book's own Raft; the matrix of mutants performs them."""

from __future__ import annotations

from distsys.core import systems
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.drivers import perform
from distsys.drivers.schedules import crash, deliver, flow, request, restart, timeout
from distsys.protocols.raft_messages import Appended, AppendEntries, Refused, RequestVote, Vote
from distsys.protocols.raft_reads import Confirm, Confirmed
from distsys.protocols.raft_stability import PreVote, RequestPreVote
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership
from distsys.services.kv import Call
from distsys.services.replicated import Reply

from .raft_words import Story, elected, replicated

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

# n3 is a candidate of term 2 when n1, leader of term 1, asks in its first round; the no is late. n1 restarts, wins term
# 2 with n2, and gets the no. Then n2 and n3 go on without n1: c1 writes at n2, and c2 reads at n1.
LATE_NO: Story = (
    *elected("n1", "n2", inside="raft/"),
    *replicated("n1", "n2"),
    deliver("n1", "n3", AppendEntries),
    timeout("n2", "raft/alive"),
    timeout("n3", "raft/election"),
    deliver("n3", "n2", RequestPreVote),
    deliver("n2", "n3", PreVote),
    timeout("c2", "next"),
    deliver("c2", "n1", Call),
    deliver("n1", "n3", Confirm),
    deliver("n1", "n2", Confirm),
    deliver("n2", "n1", Confirmed),
    deliver("n1", "c2", Reply),
    crash("n1"),
    restart("n1"),
    *elected("n1", "n2", forget=("n2",), inside="raft/"),
    *replicated("n1", "n2"),
    deliver("n3", "n1", Confirmed),
    *elected("n2", "n3", inside="raft/"),
    timeout("c1", "next"),
    timeout("c1", "retry"),  # nobody answers at n1, so it asks n2
    deliver("c1", "n2", Call),
    deliver("n2", "n3", AppendEntries),
    deliver("n3", "n2", Refused),
    deliver("n2", "n3", AppendEntries, over=1),
    deliver("n3", "n2", Appended),
    deliver("n2", "c1", Reply),
    timeout("c2", "next"),
    deliver("c2", "n1", Call),
    deliver("n1", "c2", Reply),
)


def late_no(mutant: str | None = None) -> Trace:
    """Return the run of `LATE_NO`, with RAFT-44 or with the correct code, which never sends all of its messages."""
    cluster = systems.build("raft-kv", mutant=mutant, reads="index", upkeep=0, keys=1)
    return perform(cluster, LATE_NO, skip=mutant is None)
