"""Snapshots of Multi-Paxos: what is forgotten is told by the snapshot, and never answered as if it had not been."""

from distsys.core import Map, Note, Output, Persist, Start
from distsys.protocols.multipaxos_messages import (
    Accept,
    Accepted,
    Decided,
    Heartbeat,
    InstallSnapshot,
    Lacks,
    Prepare,
)
from distsys.protocols.multipaxos_snapshots import SnapshotMultiPaxos
from distsys.protocols.replication import Compact, Propose, Restored, Snapshot
from multipaxos_nodes import applied, b, leader, replica, votes
from raft_nodes import ask, fire, hear, notes, outputs, persisted, sends

STATE = Snapshot(2, 0, "after 2")


def compacted(kind=SnapshotMultiPaxos):
    """Return a replica that has applied three slots, has voted in them, and holds a snapshot of two."""
    node = replica(kind)
    for slot, value in enumerate("xyz", 1):
        hear(node, "r2", Accept(b(1, "r2"), slot, value))
    hear(node, "r2", Decided(1, ("x", "y", "z")))
    ask(node, Compact(2, "after 2"))
    return node


def test_a_snapshot_and_the_votes_that_are_left_go_to_the_disk_as_one_record():
    node = replica(SnapshotMultiPaxos)
    for slot, value in enumerate("xyz", 1):
        hear(node, "r2", Accept(b(1, "r2"), slot, value))
    hear(node, "r2", Decided(1, ("x", "y", "z")))
    left = votes(s3=(b(1, "r2"), "z"))
    assert ask(node, Compact(2, "after 2")) == (Persist(Map({"snapshot": STATE, "votes": left})),)
    assert (node.votes, node.chosen, node.last_applied) == (left, Map({3: "z"}), 3)


def test_only_what_is_applied_may_go_into_a_snapshot_and_none_goes_back():
    node = compacted()
    for index in (1, 2, 4, 9):
        assert ask(node, Compact(index, "other")) == ()
    assert node.last_snapshot == STATE


def test_a_restart_begins_from_the_snapshot():
    disk = Map({"snapshot": STATE, "promised": b(1, "r2"), "votes": votes(s3=(b(1, "r2"), "z"))})
    node = replica(SnapshotMultiPaxos, disk)
    assert node.last_applied == 2
    again = SnapshotMultiPaxos("r1", disk, members=("r1",))
    assert outputs(again.handle(Start(0))) == [Restored(STATE)]


def test_who_asks_for_slots_that_are_forgotten_gets_the_snapshot_and_no_promise_and_no_vote():
    for message in (Prepare(b(2, "r3"), 1), Accept(b(2, "r3"), 2, "other"), Lacks(2)):
        node = compacted()
        before = node.snapshot()
        effects = hear(node, "r3", message)
        assert sends(effects) == [("r3", InstallSnapshot(STATE))]
        assert notes(effects) == ["sends r3 a snapshot"]
        assert node.snapshot() == before


def test_slots_beyond_the_snapshot_are_answered_as_ever():
    node = compacted()
    ((_, promise),) = sends(hear(node, "r3", Prepare(b(2, "r3"), 3)))
    assert promise.votes == votes(s3=(b(1, "r2"), "z"))
    assert sends(hear(compacted(), "r3", Lacks(3))) == [("r3", Decided(3, ("z",)))]


def test_a_replica_that_is_behind_takes_the_snapshot_and_goes_on_from_there():
    node = replica(SnapshotMultiPaxos)
    hear(node, "r2", Decided(3, ("z",)))
    effects = hear(node, "r2", InstallSnapshot(STATE))
    assert effects == (
        Note("installs a snapshot up to 2"),
        Persist(Map({"snapshot": STATE, "votes": Map()})),
        Output(Restored(STATE)),
        *(effect for effect in effects if applied([effect])),
    )
    assert applied(effects) == [(3, "z")]


def test_a_snapshot_that_comes_late_does_not_take_the_state_back():
    node = compacted()
    before = node.snapshot()
    assert hear(node, "r2", InstallSnapshot(STATE)) == ()
    assert hear(node, "r2", InstallSnapshot(Snapshot(3, 0, "late"))) == ()
    assert node.snapshot() == before


def test_a_decision_in_a_slot_that_the_snapshot_covers_is_no_news():
    node = compacted()
    assert hear(node, "r2", Decided(1, ("x", "y"))) == ()


def test_a_leader_that_is_behind_takes_the_snapshot_and_goes_on_to_lead():
    node = leader(SnapshotMultiPaxos)
    for command in "xyz":
        ask(node, Propose(command))
    hear(node, "r2", InstallSnapshot(STATE))
    assert (node.next_slot, dict(node.acceptances.items())) == (4, {3: {"r1"}})
    assert applied(hear(node, "r2", Accepted(b(1), 3, "z"))) == [(3, "z")]


def test_a_leader_whose_heartbeat_says_that_it_is_behind_gets_the_snapshot():
    node = compacted()
    assert ("r2", InstallSnapshot(STATE)) in sends(hear(node, "r2", Heartbeat(b(1, "r2"), 1)))
    assert sends(hear(node, "r2", Heartbeat(b(1, "r2"), 2))) == []


def test_a_candidate_begins_behind_its_own_snapshot():
    node = compacted()
    effects = fire(node, "election")
    assert sends(effects)[0] == ("r2", Prepare(b(2), 4))
    assert persisted(effects) == [{"promised": b(2)}]
