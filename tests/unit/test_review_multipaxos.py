"""Multi-Paxos, what a review found: each test failed once, and says what must hold."""

from distsys import simulate
from distsys.core import Map
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.multipaxos_messages import Accept, Decided, Promise
from distsys.protocols.paxos_messages import Vote
from distsys.protocols.replication import Compact, Propose
from multipaxos_nodes import applied, asked, b, candidate, leader, replica
from raft_nodes import ask, fire, hear, notes

MANY = 400
LONG = Map(
    {"promised": b(1), "votes": Map({slot: Vote(b(1), f"c{slot}") for slot in range(1, MANY + 1)})}
)  # what an acceptor has on its disk after a while without a snapshot


def test_a_replica_that_decides_alone_decides_a_long_log_again_without_a_deep_stack():
    """Each decision opened the next slot inside its own call: a restart with 200 votes was a RecursionError."""
    node = replica(ReconfigurableMultiPaxos, LONG, members=("r1",))
    assert len(applied(fire(node, "election"))) == MANY


def test_so_does_a_leader_whose_phase_2_quorums_are_of_one():
    node = candidate(ReconfigurableMultiPaxos, LONG, quorums=("sizes", 3, 1))
    hear(node, "r2", Promise(node.ballot, 1, Map()))
    assert len(applied(hear(node, "r3", Promise(node.ballot, 1, Map())))) == MANY


def test_a_leader_asks_in_no_slot_that_others_have_decided_meanwhile():
    """r3 leads a later ballot, which r1 does not know; r1 asked for x in slot 1, and x was lost without a word."""
    node = leader()
    hear(node, "r3", Decided(1, ("y",)))
    assert asked(ask(node, Propose("x")), Accept) == [Accept(b(1), 2, "x")]


def test_nor_in_one_that_its_snapshot_covers():
    """It sent the snapshot to itself, and its own acceptor did not vote."""
    node = leader(ReconfigurableMultiPaxos)
    hear(node, "r3", Decided(1, ("y",)))
    ask(node, Compact(1, "state"))
    effects = ask(node, Propose("x"))
    assert notes(effects) == []
    assert node.acceptances == Map({2: frozenset({"r1"})})


def test_a_candidate_begins_after_what_it_has_learned_meanwhile():
    node = candidate()
    hear(node, "r3", Decided(1, ("y", "z")))
    hear(node, "r2", Promise(node.ballot, 1, Map({1: Vote(b(0, "r3"), "y")})))
    assert (node.next_slot, node.acceptances) == (3, Map())


def test_a_step_that_hangs_at_a_stalled_disk_is_counted_once():
    trace = simulate("multi-paxos", 217)
    assert any(step.kind == "stall" for step in trace)
    assert trace.violations == ()
