"""Zab, phases 1 and 2: an epoch that a quorum accepts, and one history for all that follow."""

import pytest

from distsys.core import Log, Note, Output, Send
from distsys.protocols.replication import Committed, Restored
from distsys.protocols.zab_messages import (
    AckEpoch,
    AckNewLeader,
    Diff,
    FollowerInfo,
    Link,
    NewEpoch,
    NewLeader,
    Phase,
    Ping,
    Proposal,
    Snap,
    State,
    Trunc,
    UpToDate,
    ZabSnapshot,
)
from zab_nodes import (
    PATIENCE,
    PING,
    ZERO,
    disk_of,
    elected,
    established,
    fire,
    follower,
    hear,
    history_of,
    in_epoch,
    leader,
    notes,
    outputs,
    persisted,
    saved,
    sends,
    server,
    told,
    transactions,
    vote_for,
    z,
)

FIVE = ("s1", "s2", "s3", "s4", "s5")


# Phase 1, the leader.


def test_an_elected_server_waits_for_followers():
    node = server()
    hear(node, "s2", vote_for(node, "s1"))
    assert fire(node, "decide")[-2:] == (PATIENCE, PING)
    assert (node.state, node.phase, node.leader, node.epoch) == (State.LEADING, Phase.DISCOVERY, "s1", 0)


def test_with_a_quorum_it_proposes_an_epoch_that_is_later_than_all_they_accepted():
    node = elected(disk_of(accepted=3))
    assert hear(node, "s2", FollowerInfo(7, 5)) == (
        saved(accepted_epoch=6),
        Send("s2", NewEpoch(6, Link(7, 1))),
    )
    assert (node.epoch, node.accepted_epoch, node.current_epoch) == (6, 6, 0)


def test_it_waits_for_a_quorum_before_it_proposes_an_epoch():
    node = server(voters=FIVE)
    for peer in ("s2", "s3"):
        hear(node, peer, vote_for(node, "s1"))
    fire(node, "decide")
    assert hear(node, "s2", FollowerInfo(1, 5)) == ()
    assert sends(hear(node, "s3", FollowerInfo(1, 0))) == [
        ("s2", NewEpoch(6, Link(1, 1))),
        ("s3", NewEpoch(6, Link(1, 1))),
    ]


def test_who_comes_later_gets_the_same_epoch():
    node = leader()
    assert hear(node, "s3", FollowerInfo(4, 0)) == (Send("s3", NewEpoch(1, Link(4, 1))),)


def test_a_connection_that_is_open_already_is_not_opened_again():
    node = leader()
    before = node.snapshot()
    assert hear(node, "s2", FollowerInfo(7, 0)) == ()
    assert hear(node, "s2", FollowerInfo(6, 0)) == ()
    assert node.snapshot() == before


def test_a_new_connection_ends_what_was_agreed_in_the_old_one():
    node = leader()
    assert sends(hear(node, "s2", FollowerInfo(8, 1))) == [("s2", NewEpoch(1, Link(8, 1)))]
    assert "s2" not in node.forwarding | node.synchronised


def test_a_leader_gives_up_for_a_server_that_has_accepted_a_later_epoch():
    node = leader()
    effects = hear(node, "s3", FollowerInfo(1, 2))
    assert notes(effects) == ["gives up epoch 1, for s3 has accepted 2"]
    assert (node.state, node.epoch) == (State.LOOKING, 0)


def test_with_a_quorum_of_acceptances_it_enters_the_epoch_before_it_gives_anybody_its_history():
    node = elected(disk_of(1, 1, history_of("1.1")))
    hear(node, "s2", FollowerInfo(7, 1))
    assert hear(node, "s2", AckEpoch(7, 2, 1, z("1.1"))) == (
        Note("leads epoch 2"),
        saved(current_epoch=2),
        Send("s2", Diff(2, z("1.1"), (), Link(7, 2))),
        Send("s2", NewLeader(2, z("1.1"), Link(7, 3))),
    )
    assert (node.phase, node.current_epoch) == (Phase.SYNCHRONISATION, 2)


@pytest.mark.parametrize(
    "message",
    [
        AckEpoch(7, 9, 0, ZERO),  # of another epoch
        AckEpoch(6, 1, 0, ZERO),  # from another connection
        AckEpoch(7, 1, 0, ZERO, counts=False),  # accepted from another server
    ],
)
def test_no_other_acceptance_counts(message):
    node = elected()
    hear(node, "s2", FollowerInfo(7, 0))
    assert hear(node, "s2", message) == ()
    assert node.phase is Phase.DISCOVERY


@pytest.mark.parametrize(
    ("current", "zxid", "stays"),
    [
        (2, "1.1", False),  # a later epoch counts before all
        (1, "1.3", False),
        (1, "1.2", True),
        (0, "1.9", True),
    ],
)
def test_a_leader_gives_up_for_a_member_of_its_quorum_that_has_more(current, zxid, stays):
    node = elected(disk_of(2, 1, history_of("1.1", "1.2")))
    hear(node, "s2", FollowerInfo(7, 2))
    effects = hear(node, "s2", AckEpoch(7, 3, current, z(zxid)))
    assert (node.state is State.LEADING) == stays
    assert ("gives up" in " ".join(notes(effects))) != stays


# Phase 1, the follower.


def test_a_follower_opens_a_connection_and_says_what_it_has_accepted():
    node = follower(disk_of(4, 3))
    assert (node.state, node.phase, node.leader) == (State.FOLLOWING, Phase.DISCOVERY, "s3")
    assert (node.connection, node.link) == (1, Link(1, 0))


def test_a_follower_accepts_an_epoch_durably_before_it_says_so():
    node = follower(disk_of(4, 3, history_of("3.1")))
    assert told(node, "s3", NewEpoch(5)) == [
        saved(accepted_epoch=5),
        Send("s3", AckEpoch(1, 5, 3, z("3.1"))),
    ]
    assert (node.accepted_epoch, node.current_epoch) == (5, 3)


def test_a_follower_leaves_a_leader_of_an_earlier_epoch():
    node = follower(disk_of(accepted=4))
    effects = told(node, "s3", NewEpoch(3))
    assert node.state is State.LOOKING
    assert node.accepted_epoch == 4
    assert not any(isinstance(message, AckEpoch) for _, message in sends(effects))


def test_an_epoch_that_was_accepted_from_another_server_does_not_count_again():
    node = follower(disk_of(accepted=5))  # from whom, a restart does not know
    assert told(node, "s3", NewEpoch(5)) == [Send("s3", AckEpoch(1, 5, 0, ZERO, counts=False))]


def test_an_epoch_that_was_accepted_from_this_leader_counts_in_a_new_connection_too():
    node = follower()
    told(node, "s3", NewEpoch(5))
    hear(node, "s3", Ping(Link(1, 3)))
    hear(node, "s3", Ping(Link(1, 3)))  # something is missing: a new connection
    assert node.link == Link(2, 0)
    assert told(node, "s3", NewEpoch(5)) == [Send("s3", AckEpoch(2, 5, 0, ZERO))]


# Phase 2, the leader: DIFF, TRUNC, SNAP.


def synchronised_with(zxid, node):
    """Return what a leader sends to s3, whose history ends with `zxid`, without links."""
    hear(node, "s3", FollowerInfo(1, 0))
    return [message for _, message in sends(hear(node, "s3", AckEpoch(1, node.epoch, 0, z(zxid))))]


def with_history():
    """Return a leader of epoch 3 with the history 1.1, 1.2, 2.1."""
    return leader(disk_of(2, 2, history_of("1.1", "1.2", "2.1")))


@pytest.mark.parametrize(
    ("zxid", "lacks"),
    [("0.0", ("1.1", "1.2", "2.1")), ("1.1", ("1.2", "2.1")), ("1.2", ("2.1",)), ("2.1", ())],
)
def test_a_follower_with_a_beginning_gets_a_diff(zxid, lacks):
    diff, closing = synchronised_with(zxid, with_history())
    assert diff == Diff(3, z(zxid), transactions(*lacks), Link(1, 2))
    assert closing == NewLeader(3, z("2.1"), Link(1, 3))


@pytest.mark.parametrize(
    ("zxid", "to", "lacks"), [("2.2", "2.1", ()), ("1.3", "1.2", ("2.1",)), ("2.0", "1.2", ("2.1",))]
)
def test_a_follower_with_what_the_leader_has_not_is_told_where_to_cut(zxid, to, lacks):
    trunc, closing = synchronised_with(zxid, with_history())
    assert trunc == Trunc(3, z(to), transactions(*lacks), Link(1, 2))
    assert closing == NewLeader(3, z("2.1"), Link(1, 3))


def test_a_follower_that_lacks_what_was_dropped_gets_a_snapshot():
    snapshot = ZabSnapshot(2, z("1.2"), "two")
    disk = disk_of(2, 2, Log(transactions("2.1"), before_index=2), snapshot=snapshot)
    snap, _ = synchronised_with("1.1", leader(disk))
    assert snap == Snap(3, snapshot, transactions("2.1"), Link(1, 2))
    diff, _ = synchronised_with("1.2", leader(disk))
    assert diff == Diff(3, z("1.2"), transactions("2.1"), Link(1, 2))


def test_with_a_quorum_that_has_its_history_a_leader_delivers_it_and_begins_to_broadcast():
    node = established(disk_of(1, 1, history_of("1.1")))
    effects = hear(node, "s2", AckNewLeader(7, 2, z("1.1")))
    assert [type(effect) for effect in effects] == [Output, Send]
    assert outputs(effects) == [Committed(1, transactions("1.1")[0])]
    assert sends(effects) == [("s2", UpToDate(2, z("1.1"), Link(7, 4)))]
    assert (node.phase, node.last_applied) == (Phase.BROADCAST, 1)


@pytest.mark.parametrize("message", [AckNewLeader(7, 1, ZERO), AckNewLeader(6, 2, ZERO)])
def test_no_other_acknowledgement_of_newleader_counts(message):
    node = established(disk_of(1, 1))
    assert hear(node, "s2", message) == ()
    assert node.phase is Phase.SYNCHRONISATION


def test_who_votes_alone_leads_at_once():
    node = server(disk_of(1, 1, history_of("1.1")), voters=("s1",))
    effects = fire(node, "decide")
    assert [list(record) for record in persisted(effects)] == [["accepted_epoch"], ["current_epoch"]]
    assert (node.phase, node.epoch, node.last_applied) == (Phase.BROADCAST, 2, 1)


# Phase 2, the follower.


def test_history_and_epoch_go_to_the_disk_in_one_record_before_newleader_is_acknowledged():
    node = follower(disk_of(1, 1, history_of("1.1")))
    told(node, "s3", NewEpoch(2))
    assert told(node, "s3", Diff(2, z("1.1"), transactions("1.2"))) == []
    assert node.history == history_of("1.1")
    assert told(node, "s3", NewLeader(2, z("1.2"))) == [
        saved(current_epoch=2, snapshot=ZabSnapshot(), history=history_of("1.1", "1.2")),
        Send("s3", AckNewLeader(1, 2, z("1.2"))),
    ]
    assert (node.current_epoch, node.entered, node.phase) == (2, True, Phase.SYNCHRONISATION)
    assert node.last_applied == 0


def test_it_is_up_to_date_when_the_leader_says_so_and_delivers():
    node = follower()
    told(node, "s3", NewEpoch(2), Diff(2, ZERO, transactions("1.1")), NewLeader(2, z("1.1")))
    effects = told(node, "s3", UpToDate(2, z("1.1")))
    assert effects == [Output(Committed(1, transactions("1.1")[0]))]
    assert node.phase is Phase.BROADCAST


def test_what_nobody_else_has_is_cut_off():
    node = follower(disk_of(1, 1, history_of("1.1", "1.2")))
    effects = told(node, "s3", NewEpoch(3), Trunc(3, z("1.1"), transactions("2.1")), NewLeader(3, z("2.1")))
    assert notes(effects) == ["cuts its history after 1.1"]
    assert node.history == history_of("1.1", "2.1")


def test_where_the_leader_names_a_place_that_is_not_here_the_follower_steps_back_and_asks():
    node = follower(disk_of(1, 1, history_of("1.1", "3.1")))
    effects = told(node, "s3", NewEpoch(4), Trunc(4, z("2.1"), ()), NewLeader(4, z("2.1")))
    assert sends(effects)[-1] == ("s3", AckEpoch(1, 4, 1, z("1.1")))  # and NEWLEADER does nothing
    assert told(node, "s3", Proposal(4, transactions("4.1")[0])) == []
    told(node, "s3", Diff(4, z("1.1"), transactions("2.1", "4.1")), NewLeader(4, z("4.1")))
    assert node.history == history_of("1.1", "2.1", "4.1")


def test_a_snapshot_takes_the_place_of_what_the_follower_had():
    node = follower(disk_of(1, 1, history_of("1.1")))
    snapshot = ZabSnapshot(2, z("2.1"), "two")
    effects = told(node, "s3", NewEpoch(3), Snap(3, snapshot, transactions("2.2")), NewLeader(3, z("2.2")))
    assert effects[-1] == Output(Restored(snapshot))
    assert node.history == Log(transactions("2.2"), before_index=2)
    assert (node.last_snapshot, node.last_applied) == (snapshot, 2)


def test_what_has_come_without_newleader_is_forgotten_with_the_connection():
    node = follower(disk_of(1, 1, history_of("1.1")))
    told(node, "s3", NewEpoch(2), Diff(2, z("1.1"), transactions("1.2")))
    fire(node, "patience")
    assert (node.incoming, node.history, node.current_epoch) == (None, history_of("1.1"), 1)


def test_a_follower_that_connects_anew_in_its_epoch_keeps_what_it_acknowledged():
    node = in_epoch(having=transactions("1.1"))
    told(node, "s3", Proposal(1, transactions("1.2")[0]))
    for _ in range(2):
        hear(node, "s3", Ping(Link(1, 9)))
    assert sends(told(node, "s3", NewEpoch(1))) == [("s3", AckEpoch(2, 1, 1, z("1.2")))]
    told(node, "s3", Diff(1, z("1.2"), transactions("1.3")), NewLeader(1, z("1.3")))
    assert node.history == history_of("1.1", "1.2", "1.3")
