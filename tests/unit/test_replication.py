"""One front: what a host needs of a replication protocol is there under the same names, whichever it is."""

import pytest

from distsys.core import EMPTY, Output, Persist, Start
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.replication import Committed, Compact, NotLeader, Propose, Restored, Role, Snapshot
from raft_nodes import ask, fire, outputs

ALONE = {
    "raft": lambda disk: RaftServer("s1", disk, voters=("s1",)),
    "multi-paxos": lambda disk: ReconfigurableMultiPaxos("s1", disk, members=("s1",)),
}


def started(make):
    """Return a replica that is alone in its group."""
    node = make(EMPTY)
    node.handle(Start(0))
    return node


@pytest.mark.parametrize("make", ALONE.values(), ids=ALONE)
def test_a_replica_that_does_not_lead_gives_the_command_back(make):
    node = started(make)
    assert (node.role, node.leader, node.last_applied) == (Role.FOLLOWER, None, 0)
    assert ask(node, Propose("x")) == (Output(NotLeader("x", None)),)


@pytest.mark.parametrize("make", ALONE.values(), ids=ALONE)
def test_commands_are_committed_in_order_from_1_and_without_a_gap(make):
    node = started(make)
    told = outputs(fire(node, "election"))
    for command in ("x", "y"):
        told += outputs(ask(node, Propose(command)))
    assert (node.role, node.leader) == (Role.LEADER, "s1")
    assert [type(value) for value in told] == [Committed] * len(told)
    assert [value.index for value in told] == list(range(1, node.last_applied + 1))
    assert [value.entry.command for value in told if value.entry.command is not None] == ["x", "y"]


@pytest.mark.parametrize("make", ALONE.values(), ids=ALONE)
def test_a_restart_begins_from_the_state_that_the_host_handed_over(make):
    node = started(make)
    fire(node, "election")
    ask(node, Propose("x"))
    (record,) = [e for e in ask(node, Compact(node.last_applied, "state")) if isinstance(e, Persist)]
    again = make(record.changes)
    (restored,) = outputs(again.handle(Start(0)))
    assert isinstance(restored, Restored)
    assert isinstance(restored.snapshot, Snapshot)
    assert (restored.snapshot.last_index, restored.snapshot.state) == (node.last_applied, "state")
    assert again.last_applied == node.last_applied
