"""Raft, section 7 of Ongaro and Ousterhout 2014: snapshots in place of the beginning of the log."""

import pytest

from distsys.core import Log, Note, Output, Persist, Send, Start
from distsys.core.values import Map
from distsys.lab.raft_kv_runs import KeepsNoRest, TakesAnySnapshot
from distsys.protocols.raft_membership import Configuration, ReconfigurableRaft
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Committed,
    Entry,
    Propose,
    Refused,
    RequestVote,
    Vote,
)
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_snapshots import Compact, InstallSnapshot, Restored, Snapshot, SnapshotRaft
from raft_nodes import (
    ELECTION,
    ask,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    log_of,
    outputs,
    persisted,
    sends,
    server,
)


def compacted(*terms, through, state="state"):
    """Return a disk whose log begins after a snapshot."""
    log = log_of(*terms)
    return disk_of(
        terms[-1], None, log.compact(through), snapshot=Snapshot(through, log[through].term, state)
    )


def applied(*terms, kind=SnapshotRaft):
    """Return a follower that has applied a log of these terms."""
    node = follower(kind, disk_of(terms[-1], None, log_of(*terms)))
    hear(node, "s2", AppendEntries(terms[-1], len(terms), terms[-1], (), len(terms)))
    return node


def written(snapshot, log):
    return Persist(Map({"snapshot": snapshot, "log": log}))


# Taking one.


def test_7_snapshot_and_shorter_log_go_to_the_disk_as_one_record():
    node = applied(1, 1, 2)
    snapshot, log = Snapshot(2, 1, "state"), log_of(1, 1, 2).compact(2)
    assert ask(node, Compact(2, "state")) == (written(snapshot, log),)
    assert (node.last_snapshot, node.log) == (snapshot, log)
    assert (node.log.before_index, node.log.last_index, node.last_applied) == (2, 3, 3)


@pytest.mark.parametrize("index", [3, 4, 9], ids=["not applied", "next", "beyond the log"])
def test_7_only_what_is_applied_goes_into_a_snapshot(index):
    node = follower(SnapshotRaft, disk_of(1, None, log_of(1, 1, 1)))
    hear(node, "s2", AppendEntries(1, 3, 1, (), 2))
    before = node.snapshot()
    assert ask(node, Compact(index, "state")) == ()
    assert node.snapshot() == before


@pytest.mark.parametrize("index", [0, 1, 2])
def test_7_a_snapshot_that_is_no_news_is_ignored(index):
    node = applied(1, 1, 2)
    ask(node, Compact(2, "state"))
    before = node.snapshot()
    assert ask(node, Compact(index, "older")) == ()
    assert node.snapshot() == before


def test_7_the_whole_log_may_go():
    node = applied(1, 1)
    ask(node, Compact(2, "state"))
    assert (node.log, node.last_term()) == (Log(before_index=2), 1)
    assert sends(hear(node, "s3", RequestVote(2, 1, 1))) == [("s3", Vote(2, False))]


def test_7_the_snapshot_holds_the_last_term_for_the_check_of_the_next_entry():
    node = applied(1, 1)
    ask(node, Compact(2, "state"))
    effects = hear(node, "s2", AppendEntries(1, 2, 1, (Entry(1, "x"),), 2))
    assert sends(effects) == [("s2", Appended(1, 3))]
    [refused] = [m for _, m in sends(hear(node, "s2", AppendEntries(1, 9, 1, (), 2)))]
    assert refused == Refused(1, 9, 0, 4)


def test_7_the_snapshot_holds_the_configuration_at_its_index():
    change = Configuration(("s1", "s2"))
    log = Log([Entry(1), Entry(1, change), Entry(1, Configuration(("s1", "s2", "s3")))])
    node = follower(ReconfigurableRaft, disk_of(1, None, log))
    hear(node, "s2", AppendEntries(1, 3, 1, (), 3))
    ask(node, Compact(2, "state"))
    assert node.last_snapshot.configuration == change
    assert node.configuration == Configuration(("s1", "s2", "s3"))
    ask(node, Compact(3, "state"))
    assert node.configuration == Configuration(("s1", "s2", "s3"))
    again = server(ReconfigurableRaft, disk_of(1, None, node.log, snapshot=node.last_snapshot))
    assert again.configuration == Configuration(("s1", "s2", "s3"))


# Starting from one.


def test_7_a_restart_begins_from_the_snapshot():
    node = SnapshotRaft("s1", compacted(1, 1, 2, through=2), voters=("s1", "s2", "s3"))
    snapshot = Snapshot(2, 1, "state")
    assert node.handle(Start(0)) == (ELECTION, Output(Restored(snapshot)))
    assert (node.commit_index, node.last_applied, node.log.last_index) == (2, 2, 3)


def test_7_without_a_snapshot_nothing_is_restored():
    assert SnapshotRaft("s1", voters=("s1",)).handle(Start(0)) == (ELECTION,)


def test_7_a_log_that_begins_after_its_snapshot_is_not_accepted():
    with pytest.raises(AssertionError, match="the log of s1 begins after 2, but its snapshot ends at 0"):
        server(SnapshotRaft, disk_of(1, None, log_of(1, 1).compact(2)))


# Sending one.


def test_7_a_follower_that_lacks_what_is_gone_gets_the_snapshot_and_then_the_rest():
    node = leader(SnapshotRaft, compacted(1, 1, 1, through=2))
    effects = hear(node, "s2", Refused(2, 3, 0, 1))
    snapshot = Snapshot(2, 1, "state")
    assert effects == (
        Note("sends s2 a snapshot"),
        Send("s2", InstallSnapshot(2, snapshot)),
        Send("s2", AppendEntries(2, 2, 1, (Entry(1, "3@1"), Entry(2)), 2)),
    )
    assert node.next_index["s2"] == 5


def test_7_a_heartbeat_to_such_a_follower_is_the_snapshot():
    node = leader(SnapshotRaft, disk_of(1, None, log_of(1, 1)))
    hear(node, "s2", Appended(2, 3))
    node.next_index = node.next_index.set("s3", 2)
    ask(node, Compact(3, "state"))
    sent = dict(sends(fire(node, "heartbeat")))
    assert isinstance(sent["s3"], InstallSnapshot)
    assert sent["s2"] == AppendEntries(2, 3, 2, (), 3)
    assert node.next_index["s3"] == 4


def test_7_a_refusal_from_before_the_compaction_leads_to_the_snapshot():
    node = leader(SnapshotRaft, compacted(1, 1, 1, through=2))
    kinds = [type(m) for _, m in sends(hear(node, "s2", Refused(2, 1, 0, 1)))]
    assert kinds == [InstallSnapshot, AppendEntries]


def test_7_what_the_snapshot_covers_counts_once_it_is_acknowledged():
    node = leader(SnapshotRaft, compacted(1, 1, through=2))
    hear(node, "s2", Refused(2, 2, 0, 1))
    assert outputs(hear(node, "s2", Appended(2, 3))) == [Committed(3, Entry(2))]


# Installing one.


def test_7_a_snapshot_with_news_replaces_log_and_state():
    node = follower(SnapshotRaft, disk_of(1, None, log_of(1, 1)))
    snapshot = Snapshot(5, 2, "news")
    log = Log(before_index=5)
    assert hear(node, "s2", InstallSnapshot(2, snapshot))[1:] == (
        ELECTION,
        Note("installs a snapshot up to 5"),
        written(snapshot, log),
        Output(Restored(snapshot)),
        Send("s2", Appended(2, 5)),
    )
    assert (node.log, node.commit_index, node.last_applied) == (log, 5, 5)


def test_7_a_snapshot_of_a_prefix_keeps_the_entries_after_it():
    node = follower(SnapshotRaft, disk_of(1, None, log_of(1, 1, 1)))
    hear(node, "s2", InstallSnapshot(1, Snapshot(2, 1, "news")))
    assert node.log == log_of(1, 1, 1).compact(2)
    assert sends(hear(node, "s2", AppendEntries(1, 3, 1, (), 3))) == [("s2", Appended(1, 3))]


def test_7_entries_after_a_snapshot_that_does_not_agree_are_gone():
    node = follower(SnapshotRaft, disk_of(2, None, log_of(1, 1, 1)))
    hear(node, "s2", InstallSnapshot(2, Snapshot(2, 2, "news")))
    assert node.log == Log(before_index=2)


def test_7_a_snapshot_that_comes_late_takes_nothing_back():
    node = applied(1, 1, 1)
    log = node.log
    effects = hear(node, "s2", InstallSnapshot(1, Snapshot(2, 1, "old")))
    assert effects == (ELECTION, Send("s2", Appended(1, 2)))
    assert (node.log, node.last_applied, node.last_snapshot) == (log, 3, Snapshot())


def test_7_who_takes_an_older_snapshot_than_its_own_has_an_entry_in_neither_snapshot_nor_log():
    def compacts_at_3_and_hears_of_2(kind):
        node = applied(1, 1, 1, kind=kind)
        ask(node, Compact(3, "mine"))
        effects = hear(node, "s2", InstallSnapshot(1, Snapshot(2, 1, "late")))
        return persisted(effects), node

    assert compacts_at_3_and_hears_of_2(RaftServer)[0] == []
    (changes,), node = compacts_at_3_and_hears_of_2(TakesAnySnapshot)
    assert (node.last_snapshot.last_index, node.log.before_index) == (2, 3)
    with pytest.raises(AssertionError, match="begins after 3, but its snapshot ends at 2"):
        server(RaftServer, Map(changes))


def test_7_who_keeps_no_rest_loses_an_entry_that_it_has_acknowledged():
    def acknowledges_3_and_hears_of_2(kind):
        node = follower(kind, disk_of(1, None, log_of(1, 1)))
        told = AppendEntries(1, 2, 1, tuple(log_of(1, 1, 1).slice(3, 3)), 1)
        assert sends(hear(node, "s2", told)) == [("s2", Appended(1, 3))]
        hear(node, "s2", InstallSnapshot(1, Snapshot(2, 1, "late")))
        return node.log.last_index

    assert acknowledges_3_and_hears_of_2(RaftServer) == 3
    assert acknowledges_3_and_hears_of_2(KeepsNoRest) == 2


def test_7_a_snapshot_of_an_old_term_is_refused():
    node = server(SnapshotRaft, disk_of(3))
    assert hear(node, "s2", InstallSnapshot(2, Snapshot(5, 2, "x"))) == (Send("s2", Refused(3, 5)),)
    assert node.leader is None


def test_7_entries_that_the_snapshot_covers_are_skipped():
    node = server(SnapshotRaft, compacted(1, 1, 1, through=2))
    late = AppendEntries(1, 0, 0, tuple(log_of(1, 1, 1, 1)), 3)
    effects = hear(node, "s2", late)
    assert node.log == log_of(1, 1, 1, 1).compact(2)
    assert outputs(effects) == [Committed(3, Entry(1, "3@1"))]
    assert sends(effects) == [("s2", Appended(1, 4))]


def test_7_a_late_message_about_covered_entries_writes_nothing():
    node = server(SnapshotRaft, compacted(1, 1, 1, through=2))
    effects = hear(node, "s2", AppendEntries(1, 0, 0, tuple(log_of(1)), 1))
    assert persisted(effects) == []
    assert sends(effects) == [("s2", Appended(1, 1))]


def test_7_a_leader_may_compact_and_goes_on():
    node = leader(SnapshotRaft)
    hear(node, "s2", Appended(1, 1))
    ask(node, Compact(1, "state"))
    assert sends(ask(node, Propose("x")))[0] == ("s2", AppendEntries(1, 1, 1, (Entry(1, "x"),), 1))
    assert outputs(hear(node, "s2", Appended(1, 2))) == [Committed(2, Entry(1, "x"))]
