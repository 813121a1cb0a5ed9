"""Zab, the links and phase 3: order, proposals, acknowledgements, commits, observers, snapshots."""

import pytest

from distsys.core import EMPTY, Log, Map, Output, Send, Start
from distsys.protocols.replication import Committed, Compact, NotLeader, Propose, Restored, Role
from distsys.protocols.zab import Zab
from distsys.protocols.zab_messages import (
    Ack,
    AckEpoch,
    AckNewLeader,
    Commit,
    FollowerInfo,
    Inform,
    Link,
    Phase,
    Ping,
    Proposal,
    State,
    Transaction,
    UpToDate,
    ZabSnapshot,
    Zxid,
)
from zab_nodes import (
    CONNECT,
    PATIENCE,
    PING,
    ZERO,
    ask,
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
    numbered,
    outputs,
    saved,
    sends,
    told,
    transactions,
    z,
)

FIRST = Transaction(Zxid(1, 1), "x")


# Zxids.


def test_a_later_epoch_is_greater_whatever_the_counters():
    assert Zxid(1, 9) < Zxid(2, 1) <= Zxid(2, 1) < Zxid(2, 2)
    assert max(Zxid(1, 9), Zxid(2, 1)) == Zxid(2, 1)
    assert not Zxid(2, 1) < Zxid(2, 1)
    assert str(Zxid(2, 1)) == "2.1"


# The leader.


def test_a_leader_writes_a_transaction_before_it_proposes_it():
    node = leader()
    assert ask(node, Propose("x")) == (
        saved(history=Log([FIRST])),
        Send("s2", Proposal(1, FIRST, Link(7, 5))),  # after NEWEPOCH, DIFF, NEWLEADER and UPTODATE
    )
    assert (node.last_zxid(), node.last_applied, node.acked["s1"]) == (z("1.1"), 0, z("1.1"))


def test_counters_begin_anew_in_each_epoch_and_count_on_within_it():
    node = leader(disk_of(3, 3, history_of("2.1", "3.1", "3.2")))
    ask(node, Propose("x"))
    ask(node, Propose("y"))
    assert [transaction.zxid for transaction in node.history] == [
        z("2.1"), z("3.1"), z("3.2"), z("4.1"), z("4.2"),
    ]  # fmt: skip


def test_acknowledged_by_a_quorum_a_transaction_is_committed_and_all_before_it():
    node = leader()
    ask(node, Propose("x"))
    ask(node, Propose("y"))
    effects = hear(node, "s2", Ack(1, z("1.2")))
    assert effects == (
        Output(Committed(1, FIRST)),
        Output(Committed(2, Transaction(z("1.2"), "y"))),
        Send("s2", Commit(1, z("1.2"), Link(7, 7))),
    )
    assert node.last_applied == 2


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("s2", Ack(1, ZERO)),  # it has nothing yet
        ("s2", Ack(0, z("1.1"))),  # of another epoch
        ("s3", Ack(1, z("1.1"))),  # from who has not the history of the leader
        ("s9", Ack(1, z("1.1"))),  # from a stranger
    ],
)
def test_no_other_acknowledgement_commits(sender, message):
    node = leader()
    ask(node, Propose("x"))
    assert hear(node, sender, message) == ()
    assert node.last_applied == 0


def test_an_old_acknowledgement_takes_nothing_back():
    node = leader()
    ask(node, Propose("x"))
    hear(node, "s2", Ack(1, z("1.1")))
    assert hear(node, "s2", Ack(1, ZERO)) == ()
    assert node.acked["s2"] == z("1.1")


def test_a_follower_in_synchronisation_gets_proposals_but_no_commits():
    node = leader()
    hear(node, "s3", FollowerInfo(1, 0))
    hear(node, "s3", AckEpoch(1, 1, 0, ZERO))
    assert [to for to, _ in sends(ask(node, Propose("x")))] == ["s2", "s3"]
    assert [to for to, _ in sends(hear(node, "s2", Ack(1, z("1.1"))))] == ["s2"]
    assert sends(hear(node, "s3", AckNewLeader(1, 1, ZERO))) == [
        ("s3", UpToDate(1, z("1.1"), Link(1, 5)))
    ]  # which says what it was not told


@pytest.mark.parametrize("make", [follower, elected, established, in_epoch])
def test_who_may_not_broadcast_names_whom_it_follows(make):
    node = make()
    before = node.snapshot()
    assert ask(node, Propose("x")) == (Output(NotLeader("x", node.leader)),)
    assert node.snapshot() == before


def test_roles_are_told_in_the_words_of_all_protocols():
    roles = {make: make().role for make in (leader, established, elected, follower, in_epoch)}
    assert roles == {
        leader: Role.LEADER,
        established: Role.CANDIDATE,
        elected: Role.CANDIDATE,
        follower: Role.FOLLOWER,
        in_epoch: Role.FOLLOWER,
    }


# The follower.


def test_a_follower_writes_a_proposal_before_it_acknowledges_it():
    node = in_epoch()
    assert told(node, "s3", Proposal(1, FIRST)) == [
        saved(history=Log([FIRST])),
        Send("s3", Ack(1, z("1.1"))),
    ]
    assert node.last_applied == 0


def test_a_follower_delivers_at_the_commit_all_up_to_there_and_no_more():
    node = in_epoch()
    told(node, "s3", *(Proposal(1, other) for other in transactions("1.1", "1.2", "1.3")))
    effects = told(node, "s3", Commit(1, z("1.2")))
    assert [(value.index, value.entry.command) for value in outputs(effects)] == [(1, "c1.1"), (2, "c1.2")]
    assert told(node, "s3", Commit(1, z("1.2"))) == []


# The links.


def test_a_message_that_overtook_another_waits_for_it():
    node = in_epoch()
    number = node.link.number
    one, two = transactions("1.1", "1.2")
    assert hear(node, "s3", numbered(node, Proposal(1, two), number + 2)) == ()
    assert node.history == Log()
    effects = hear(node, "s3", numbered(node, Proposal(1, one), number + 1))
    assert sends(effects) == [("s3", Ack(1, z("1.1"))), ("s3", Ack(1, z("1.2")))]
    assert (node.link.number, node.early) == (number + 2, Map())


def test_a_message_that_comes_twice_is_taken_once():
    node = in_epoch()
    message = numbered(node, Proposal(1, FIRST))
    hear(node, "s3", message)
    before = node.snapshot()
    assert hear(node, "s3", message) == ()
    assert node.snapshot() == before


@pytest.mark.parametrize("change", [-1, 1])
def test_a_message_of_another_connection_is_thrown_away(change):
    node = in_epoch()
    link = Link(node.link.connection + change, node.link.number + 1)
    before = node.snapshot()
    assert hear(node, "s3", Proposal(1, FIRST, link)) == ()
    assert hear(node, "s3", Ping(link)) == ()
    assert node.snapshot() == before


def test_a_message_of_another_server_is_thrown_away():
    node = in_epoch()
    before = node.snapshot()
    assert hear(node, "s2", numbered(node, Proposal(1, FIRST))) == ()
    assert hear(node, "s2", Ping(node.link)) == ()
    assert node.snapshot() == before


def test_what_a_ping_spoke_of_must_be_there_at_the_next_ping():
    node = in_epoch()
    here, gone = node.link, Link(node.link.connection, node.link.number + 1)
    assert hear(node, "s3", Ping(gone)) == (PATIENCE, Send("s3", Ack(1, ZERO)))
    effects = hear(node, "s3", Ping(gone))
    assert notes(effects) == [f"misses message {here.number + 1}"]
    assert effects[2:] == (
        saved(connection=here.connection + 1),
        Send("s3", FollowerInfo(here.connection + 1, 1)),
        CONNECT,
    )
    assert (node.link, node.entered, node.phase) == (Link(here.connection + 1, 0), False, Phase.DISCOVERY)


def test_the_number_of_a_connection_is_never_used_twice():
    node = follower(disk_of(connection=4))
    assert node.link == Link(5, 0)


def test_a_follower_knocks_until_the_leader_speaks():
    node = follower()
    assert fire(node, "connect") == (Send("s3", FollowerInfo(1, 0)), CONNECT)
    node = in_epoch()
    assert fire(node, "connect") == ()


def test_a_follower_that_is_not_up_to_date_has_one_timeout_in_all():
    node = follower()
    assert PATIENCE not in hear(node, "s3", Ping(Link(1, 0)))
    assert PATIENCE in hear(in_epoch(), "s3", Ping(Link(1, 4)))


def test_a_leader_pings_all_that_are_connected():
    node = leader()
    assert fire(node, "ping") == (Send("s2", Ping(node.links["s2"])), PING)


def test_a_leader_that_hears_no_quorum_looks_for_a_leader():
    node = leader()
    hear(node, "s2", Ack(1, ZERO))
    assert fire(node, "patience") == (PATIENCE,)
    fire(node, "patience")
    assert (node.state, node.phase, node.leader, node.links) == (State.LOOKING, Phase.ELECTION, None, EMPTY)


def test_a_leader_that_does_not_come_into_office_in_time_looks_for_a_leader():
    for node in (elected(), established()):
        fire(node, "patience")
        assert (node.state, node.epoch) == (State.LOOKING, 0)


def test_a_follower_that_hears_no_ping_looks_for_a_leader():
    node = in_epoch()
    fire(node, "patience")
    assert (node.state, node.leader, node.entered) == (State.LOOKING, None, False)


# Observers.


def observed(**settings):
    """Return a leader of s1 and s2 that may broadcast, to which the observer s3 is connected and up to date."""
    node = leader(voters=("s1", "s2"), observers=("s3",), **settings)
    hear(node, "s3", FollowerInfo(1, 0))
    hear(node, "s3", AckEpoch(1, 1, 0, ZERO))
    hear(node, "s3", AckNewLeader(1, 1, ZERO))
    return node


def test_an_observer_gets_no_proposal_and_hears_of_what_is_committed():
    node = observed()
    assert [to for to, _ in sends(ask(node, Propose("x")))] == ["s2"]
    assert sends(hear(node, "s2", Ack(1, z("1.1")))) == [
        ("s2", Commit(1, z("1.1"), Link(7, 6))),
        ("s3", Inform(1, FIRST, Link(1, 5))),
    ]


def test_the_acknowledgement_of_an_observer_commits_nothing():
    node = observed()
    ask(node, Propose("x"))
    assert hear(node, "s3", Ack(1, z("1.1"))) == ()
    assert node.last_applied == 0


def test_an_observer_delivers_what_it_hears_of_once():
    node = in_epoch(voters=("s2", "s3"), observers=("s1",))
    assert node.state is State.OBSERVING
    effects = told(node, "s3", Inform(1, FIRST), Inform(1, FIRST))
    assert effects == [saved(history=Log([FIRST])), Output(Committed(1, FIRST))]


# Snapshots.


def test_the_state_of_the_host_takes_the_place_of_what_it_has_applied():
    node = in_epoch(having=transactions("1.1", "1.2"))
    snapshot = ZabSnapshot(1, z("1.1"), "one")
    left = Log(transactions("1.2"), before_index=1)
    assert ask(node, Compact(1, "one")) == (saved(snapshot=snapshot, history=left),)
    assert (node.zxid_at(1), node.zxid_at(2), node.last_zxid()) == (z("1.1"), z("1.2"), z("1.2"))


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_snapshot_of_what_is_old_or_not_applied_is_not_kept(index):
    node = in_epoch(having=transactions("1.1", "1.2"))
    ask(node, Compact(1, "one"))
    before = node.snapshot()
    assert ask(node, Compact(index, "other")) == ()
    assert node.snapshot() == before


def test_a_restart_begins_from_the_snapshot():
    snapshot = ZabSnapshot(1, z("1.1"), "one")
    disk = disk_of(1, 1, Log(transactions("1.2"), before_index=1), snapshot=snapshot)
    node = in_epoch(2, disk)
    assert node.last_applied == 2
    fresh = Zab("s1", disk, voters=("s1", "s2", "s3"))
    assert outputs(fresh.handle(Start(0))) == [Restored(snapshot)]
    assert fresh.last_applied == 1
