"""Raft gone wrong, as stories: for bugs that chance hardly ever finds, the schedule that shows them.

Each constant is a tuple of moves (drivers.schedules), or a `Scenario` where what clients ask must be drawn from a
certain seed. The rows of the matrix name them. A message that no move delivers is late, or lost. The correct code keeps
its laws under each of them; what it does not do, such as a second change of the members, is left out there.
"""

from __future__ import annotations

from distsys.drivers.schedules import (
    Delivered,
    Scenario,
    crash,
    deliver,
    request,
    restart,
    timeout,
)
from distsys.protocols.raft_messages import Appended, AppendEntries, Propose, Refused, RequestVote, Vote
from distsys.protocols.raft_reads import Confirm, Confirmed
from distsys.protocols.raft_snapshots import InstallSnapshot
from distsys.protocols.raft_stability import PreVote, RequestPreVote
from distsys.services.replicated import Reply

from .raft_words import Story, elected, wins

# The heart.

FIGURE_EIGHT: Story = (  # RAFT-05, in batches of one entry
    *wins("n1", "n2"),
    deliver("n1", "n2", AppendEntries),
    deliver("n1", "n3", AppendEntries),  # all have the first entry
    request("n1", Propose("x=1"), keep=1),  # on the disk of n1 alone, which crashes
    timeout("n3", "election"),
    deliver("n3", "n2", RequestVote),
    deliver("n2", "n3", Vote, keep=3),  # n3 leads term 2, writes its entry, and crashes before it is sent
    restart("n1"),
    timeout("n1", "election"),
    *wins("n1", "n2", late=1),  # term 3; in term 2 n2 has voted
    deliver("n1", "n2", AppendEntries),
    deliver("n2", "n1", Refused),
    deliver("n1", "n2", AppendEntries),
    deliver(
        "n2", "n1", Appended, over=1
    ),  # x=1, of term 1, stands on two of three servers: committed, says RAFT-05
    restart("n3"),
    timeout("n3", "election"),
    *wins("n3", "n2", late=1),  # term 4: its last entry is of term 2, that of n2 of term 1
)

# An old refusal is taken for a new one: n1 begins with the first entry again, in batches of one. So n3 gets entries
# that it has, and keeps behind them a tail that n1 does not have.
BEGINS_AGAIN: Story = (
    *wins("n1", "n2"),
    deliver("n1", "n2", AppendEntries),
    deliver("n1", "n3", AppendEntries),
    timeout("n1", "heartbeat"),  # this heartbeat to n3 will be late
    *wins("n3", "n1"),  # n3 leads term 2, and its entry 2 reaches nobody
    *wins("n1", "n2"),  # n1 leads term 3, and has another entry 2
    deliver("n1", "n3", RequestVote, over=1),  # n3 hears of term 3, and refuses
)
REFUSED_LATE: Story = (
    deliver("n1", "n3", AppendEntries),  # the late heartbeat, of term 1
    deliver("n3", "n1", Refused),
)

COUNTS_A_TAIL: Story = (  # RAFT-11
    *BEGINS_AGAIN,
    *REFUSED_LATE,
    deliver("n1", "n3", AppendEntries, over=1),  # entry 1 alone; n3 acknowledges its whole log, 1 and 2
    deliver("n3", "n1", Appended, over=1),  # n1 commits its own entry 2
    *wins("n3", "n2", late=1),  # term 4
)

APPLIES_A_TAIL: Story = (  # RAFT-07
    *BEGINS_AGAIN,
    deliver("n1", "n2", AppendEntries, over=1),  # entry 2 of term 3
    deliver("n2", "n1", Appended, over=1),  # committed
    *REFUSED_LATE,
    deliver("n1", "n3", AppendEntries, over=1),  # entry 1 alone, and "2 is committed"
)

# Liveness.

TOO_OLD_TO_WIN: Story = (  # RAFT-22: n3, the hasty one, has an empty log
    *wins("n1", "n2"),
    deliver("n1", "n2", AppendEntries),
    crash("n1"),
    restart("n1"),
)

NOBODY_TELLS_THE_TERM: Story = (  # RAFT-31, two voters
    timeout("n1", "election"),
    deliver("n1", "n2", RequestPreVote),
    deliver("n2", "n1", PreVote),
    deliver("n1", "n2", RequestVote),  # n2 votes in term 1
    timeout("n2", "election"),
    deliver("n2", "n1", RequestPreVote),  # n1, not elected yet and without an entry, would vote for n2
    deliver("n2", "n1", Vote),  # n1 leads term 1 and has an entry
    deliver("n1", "n2", PreVote),  # n2 enters term 2, and nobody hears of it
    crash("n1"),
    restart("n1"),  # n1: the good log and term 1; n2: no entry and term 2
)

# The store. Clients ask what the seed gives them: in seed 1 c1 appends to k1 and c2 gets k1; in seed 7 both write.


def calls(client: str) -> Story:
    """Return the moves by which the first call of a client reaches n1."""
    return timeout(client, "next"), deliver(client, "n1")


ASKED_N2: Story = (  # c2 asks n2, after n1 in vain, and n2 has its leadership confirmed by n3
    timeout("c2", "next"),
    timeout("c2", "retry"),
    deliver("c2", "n2"),
    deliver("n2", "n3", Confirm),
    deliver("n3", "n2", Confirmed),
    deliver("n2", "c2", Reply),
)

STALE_READ = Scenario(  # RAFT-13
    (
        *elected("n1", "n2", inside="raft/"),
        *elected("n2", "n3", inside="raft/"),
        timeout("c1", "next"),
        timeout("c1", "retry"),
        deliver("c1", "n2"),
        deliver("n2", "n3", AppendEntries),
        deliver("n2", "n3", AppendEntries),
        deliver("n3", "n2", Appended, over=1),
        deliver("n2", "c1", Reply),  # the append is done
        timeout("c2", "next"),
        deliver("c2", "n1"),  # which believes that it leads
        deliver("n1", "c2", Reply),
    ),
    seed=1,
)

NOT_YET_KNOWN = Scenario(  # RAFT-14
    (
        *elected("n1", "n2", inside="raft/"),
        *calls("c1"),
        deliver("n1", "n2", AppendEntries),
        deliver("n1", "n2", AppendEntries),
        deliver("n2", "n1", Appended, over=1),
        deliver("n1", "c1", Reply),  # committed; n2 has the entry, and does not know that
        *elected("n2", "n3", inside="raft/"),
        *ASKED_N2,
    ),
    seed=1,
)

NEVER_COMMITTED = Scenario(  # RAFT-21
    (
        *elected("n1", "n2", inside="raft/"),
        *calls("c1"),
        deliver("n1", "c1", Reply),  # OK, and n1 alone has it
        *elected("n2", "n3", inside="raft/"),
        deliver("n2", "n3", AppendEntries),
        deliver("n3", "n2", Appended),
        *ASKED_N2,
    ),
    seed=1,
)

ASKED_TWICE = Scenario(  # RAFT-15
    (
        *elected("n1", "n2", inside="raft/"),
        *calls("c1"),
        Delivered("c1", "n1", "Call", source=6),  # the network doubles the call
        *(deliver("n1", "n2", AppendEntries),) * 3,
        deliver("n2", "n1", Appended, over=2),
        *calls("c2"),
        deliver("n1", "n2", Confirm),
        deliver("n2", "n1", Confirmed),
        deliver("n1", "c2", Reply),
    ),
    seed=1,
)

ONE_APPLIED: Story = (  # n1 leads; the first entry and a call are committed
    *elected("n1", "n2", inside="raft/"),
    *calls("c1"),
    deliver("n1", "n2", AppendEntries),
    deliver("n1", "n2", AppendEntries),
    deliver("n2", "n1", Appended, over=1),
)

SESSIONS_LOST = Scenario(  # RAFT-16
    (
        *ONE_APPLIED,
        timeout("n1", "compact"),
        crash("n1"),
        restart("n1"),
    ),
    seed=7,
)

BACK_IN_TIME = Scenario(  # RAFT-17
    (
        *ONE_APPLIED,
        timeout("n1", "compact"),
        timeout("n1", "raft/heartbeat"),
        deliver("n1", "n3", AppendEntries, over=2),
        deliver("n3", "n1", Refused),  # move 14: n1 sends its snapshot
        deliver("n1", "n3", InstallSnapshot),
        *calls("c2"),
        deliver("n1", "n3", AppendEntries, over=3),
        deliver("n3", "n1", Appended, over=1),  # committed by n1 and n3
        timeout("n1", "raft/heartbeat"),
        deliver("n1", "n3", AppendEntries, over=3),  # n3 learns of it
        Delivered("n1", "n3", "InstallSnapshot", source=14),  # a copy of the snapshot, late
        timeout("n3", "raft/alive"),
        *elected("n2", "n3", inside="raft/"),
    ),
    seed=7,
)

SNAPSHOT_OF_A_TAIL = Scenario(  # RAFT-18
    (
        *elected("n1", "n2", inside="raft/"),
        deliver("n1", "n2", AppendEntries),
        deliver("n2", "n1", Appended),
        *calls("c1"),  # n1 alone has it
        timeout("n1", "compact"),
        *elected("n2", "n3", inside="raft/"),
        deliver("n2", "n3", AppendEntries),
        deliver("n3", "n2", Refused),
        deliver("n2", "n3", AppendEntries),
        deliver("n3", "n2", Appended),  # another entry 2
    ),
    seed=7,
)

BETWEEN_TWO_RECORDS = Scenario(  # RAFT-32
    (
        *ONE_APPLIED,
        timeout("n1", "compact", keep=1),  # n1 crashes when the log is written, and the snapshot is not
        restart("n1"),
    ),
    seed=7,
)
