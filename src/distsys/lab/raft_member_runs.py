"""The runs of the page on changing the members of Raft: schedules by hand, and a few runs by the clock.

Each function returns a `Trace`, the same one on every call. In a schedule a message that no move delivers is lost.

>>> two_changes().violation is None, two_changes("RAFT-19").violation.law
(True, 'leader completeness')
"""

from __future__ import annotations

from typing import Any

from distsys.core import MS, S, Trace, systems
from distsys.core.events import Note, Output
from distsys.core.systems import Cluster, Request
from distsys.drivers import Crash, Simulator, link, perform
from distsys.drivers.schedules import deliver, flow, request, timeout
from distsys.protocols.raft_laws import election_safety
from distsys.protocols.raft_membership import AddServer, ChangeMembers, Configuration, RemoveServer
from distsys.protocols.raft_messages import Appended, AppendEntries, Propose, Refused, RequestVote, Vote
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership

from .raft_words import Story, elected, replicated

FIVE = ("n1", "n2", "n3", "n4", "n5")


def of_members(mutant: str | None = None, nodes: int = 5, **options: Any) -> Cluster:
    """Return servers of which the first few vote, the correct ones or those of a mutant."""
    return systems.build("raft-members", nodes=nodes, mutant=mutant, **options)


# Old and new servers decide at the same time.


def two_majorities(mutant: str | None = None) -> Trace:
    """Return a run in which n3 changes three voters to five, and n4 and n5 hear of it, but n1 and n2 do not.

    Two elections of term 2 follow: n3 asks n4 and n5, n1 asks n2. RAFT-34 takes the new majority alone.
    """
    story: Story = (
        *elected("n3", "n1"),
        *replicated("n3", "n1", "n2"),
        request("n3", ChangeMembers(FIVE)),
        *(move for new in ("n4", "n5") for move in _catches_up("n3", new)),
        timeout("n3", "quorum"),
        timeout("n3", "quorum"),  # it has heard nobody since the last look: it steps down
        *elected("n3", "n4", "n5", forget=("n4", "n5")),
        *elected("n1", "n2", forget=("n2",)),
    )
    return perform(of_members(mutant), story, laws=(election_safety,), skip=mutant is None)


def _catches_up(leader: str, name: str) -> Story:
    """Return the moves by which a new server gets the log; nobody hears that it has."""
    return (
        deliver(leader, name, AppendEntries),
        deliver(name, leader, Refused),
        deliver(leader, name, AppendEntries),
    )


def joint_change() -> Trace:
    """Return a run in which n1, n2, n3 become n2, n3, n4 by joint consensus; the leader, n1, leaves."""
    story: Story = (
        *elected("n1", "n2", "n3"),
        flow("n1", "n2", "n3"),
        request("n1", ChangeMembers(("n2", "n3", "n4"))),
        *_catches_up("n1", "n4"),
        *replicated("n1", "n2"),
        deliver("n4", "n1", Appended),  # two of the old, two of the new: the joint configuration is committed
        *replicated("n1", "n2"),
        *replicated("n1", "n4"),  # two of the new: n1 has done its duty
        *elected("n2", "n4", forget=("n2", "n4")),
        deliver("n2", "n4", AppendEntries),
        deliver("n4", "n2", Appended),
    )
    return perform(of_members(nodes=4), story)


# Two leaders, one after the other, each with a change of its own (the bug of 2015).

TWO_CHANGES: Story = (
    *elected("n1", "n2", "n4"),
    *replicated("n1", "n2", "n3"),  # three of four have the first entry: n1 may change the members
    request("n1", AddServer("n5")),  # n1 counts by all five from now on; then it is cut off
    *elected("n2", "n3", "n4", forget=("n3",)),  # n2 counts by four
    request("n2", RemoveServer("n1")),  # and by three from now on, if it may change the members yet
    *replicated("n2", "n3"),
    *replicated("n2", "n3"),  # two of n2, n3 and n4 have both entries: committed
    deliver("n1", "n3", AppendEntries),
    deliver("n3", "n1", Refused),  # n1 learns that there was a term 2
    *elected("n1", "n4", "n5"),  # three of five
)


def two_changes(mutant: str | None = None) -> Trace:
    """Return the run of the bug of 2015: RAFT-19 lets n2 change the members at once, the correct code refuses."""
    return perform(of_members(mutant, voters=4, joint=False), TWO_CHANGES, skip=mutant is None)


# Two changes at once, and a change that only the new servers decide.

TWO_AT_ONCE: Story = (
    *elected("n1", "n2"),
    *replicated("n1", "n2"),
    request("n1", AddServer("n4")),
    request("n1", AddServer("n5")),  # of five now, three decide
    flow("n1", "n4", "n5"),
    *elected("n2", "n3", forget=("n2",)),  # of three, two decide
)


def two_at_once(mutant: str | None = None) -> Trace:
    """Return a run in which a leader is asked to add a second server while the first is not committed (RAFT-20)."""
    return perform(of_members(mutant, joint=False), TWO_AT_ONCE, skip=mutant is None)


NEW_DECIDE: Story = (
    *elected("n1", "n2"),
    *replicated("n1", "n2"),
    request("n1", ChangeMembers(("n1", "n4", "n5"))),
    flow("n1", "n4", "n5"),
    *elected("n2", "n3", forget=("n2",)),
)


def new_decide(mutant: str | None = None) -> Trace:
    """Return a run in which only the new servers of a joint configuration answer (RAFT-34)."""
    return perform(of_members(mutant), NEW_DECIDE, skip=mutant is None)


# A leader that goes.


def hand_over() -> Trace:
    """Return a run in which n1 hands over to n3, which still lacks an entry: first the log, then the election."""
    story: Story = (
        *elected("n1", "n2", "n3"),
        flow("n1", "n2", "n3"),
        request("n1", Propose("x=1")),
        *replicated("n1", "n2"),
        request("n1", TransferLeadership("n3")),
        request("n1", Propose("x=2")),  # not any more: n3 is named instead
        *replicated("n1", "n3"),
        deliver("n1", "n3", TimeoutNow),
        deliver("n3", "n2", RequestVote),
        deliver("n2", "n3", Vote),
        deliver("n3", "n1"),
        deliver("n1", "n3"),
    )
    return perform(of_members(nodes=3), story)


# By the clock.


def joining(
    entries: int, learner: bool = False, *, batch: int = 10, delay_ms: int = 10, seed: int = 1
) -> Trace:
    """Return a run in which n4 joins n1, n2 and n3 with an empty log, while n3 is down and nothing else happens.

    n4 becomes a voter at 70 s; as a `learner` it begins to get the log at 60 s. Heartbeats are rare, so that only
    the answers of n4 make the leader send on.
    """
    joins = [Request(70 * S, "n1", AddServer("n4"))]
    if learner:
        joins.insert(0, Request(60 * S, "n1", ChangeMembers(("n1", "n2", "n3"), ("n4",))))
    return Simulator(
        of_members(nodes=4, joint=False, batch=batch, election_ms=20_000, heartbeat_ms=19_000),
        seed,
        network=link(delay=delay_ms * MS),
        script=(Crash(50 * S, "n3"),),
        requests=[
            *(Request(40 * S + 2 * number * MS, "n1", Propose(number)) for number in range(entries)),
            *joins,
        ],
        laws=(),
        until=80 * S,
        settle=0,
    ).run()


def time_to_change(trace: Trace) -> int:
    """Return the microseconds from the AddServer of a run of `joining` to its commit; nothing commits meanwhile."""
    asked = next(step.at for step in trace if getattr(step.event, "message", None) == AddServer("n4"))
    return next(
        step.at - asked
        for step in trace
        if step.node == "n1" and step.at >= asked
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value.entry.command, Configuration)
    )


def time_to_hand_over(behind: bool, *, delay_ms: int = 10, seed: int = 1) -> int:
    """Return the microseconds from a TransferLeadership to the moment at which the successor leads.

    Messages take `delay_ms`. Where the successor is `behind`, a command has come to the leader just before.
    """
    trace = Simulator(
        of_members(nodes=3),
        seed,
        network=link(delay=delay_ms * MS),
        requests=[
            *([Request(1 * S, "n1", Propose("x=1"))] if behind else ()),
            Request(1 * S, "n1", TransferLeadership("n3")),
        ],
        laws=(),
        until=1_200 * MS,
        settle=0,
    ).run()
    leads = [step.at for step in trace if Note("leads term 2") in step.effects and step.node == "n3"]
    return leads[0] - 1 * S


def removed(mutant: str | None = None, seed: int = 1) -> Trace:
    """Return a run in which n3 is removed and goes on, for ten seconds without a fault."""
    return Simulator(
        of_members(mutant, nodes=3, joint=False),
        seed,
        network=link(delay=10 * MS),
        requests=[Request(1 * S, name, RemoveServer("n3")) for name in ("n1", "n2")],
        laws=(),
        until=10 * S,
        settle=0,
    ).run()


def reigns(trace: Trace) -> list[tuple[int, str]]:
    """Return (term, leader) for each election that a server has won, in order.

    >>> reigns(two_majorities("RAFT-34"))
    [(1, 'n3'), (2, 'n3'), (2, 'n1')]
    """
    texts = [
        (step.node, effect.text) for step in trace for effect in step.effects if isinstance(effect, Note)
    ]
    return [(int(text.split()[-1]), name) for name, text in texts if text.startswith("leads term")]
