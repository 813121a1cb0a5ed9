"""Raft, section 3.10 of Ongaro 2014: a leader hands over."""

import pytest

from distsys.core import MS, CancelTimer, Note, Output, Send, SetTimer
from distsys.protocols.raft_membership import AddServer, RemoveServer
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Entry,
    NotLeader,
    Propose,
    RequestVote,
    Role,
    Vote,
)
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership, TransferringRaft
from raft_nodes import (
    ELECTION,
    ask,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    outputs,
    saved,
    sends,
    server,
    settled_leader,
)

TRANSFER = SetTimer("transfer", 300 * MS, 300 * MS)


def test_3_10_a_successor_that_has_the_whole_log_is_told_at_once():
    node = settled_leader(TransferringRaft)
    assert ask(node, TransferLeadership("s2")) == (
        Note("hands over to s2"),
        TRANSFER,
        Send("s2", TimeoutNow(1)),
    )
    assert node.role is Role.LEADER


def test_3_10_a_successor_that_lags_is_brought_up_to_date_first():
    node = leader(TransferringRaft)
    assert ask(node, TransferLeadership("s2")) == (Note("hands over to s2"), TRANSFER)
    assert sends(hear(node, "s3", Appended(1, 1))) == []
    assert sends(hear(node, "s2", Appended(1, 1))) == [("s2", TimeoutNow(1))]


def test_3_10_while_it_hands_over_a_leader_takes_no_commands():
    node = settled_leader(TransferringRaft)
    ask(node, TransferLeadership("s2"))
    assert ask(node, Propose("x")) == (Output(NotLeader("x", "s2")),)
    assert node.log.last_index == 1


def test_3_10_an_order_that_was_lost_is_given_again():
    node = settled_leader(TransferringRaft)
    ask(node, TransferLeadership("s2"))
    assert sends(hear(node, "s2", Appended(1, 1))) == [("s2", TimeoutNow(1))]


def test_3_10_if_it_does_not_come_to_pass_in_time_the_leader_goes_on():
    node = settled_leader(TransferringRaft)
    ask(node, TransferLeadership("s2"))
    assert fire(node, "transfer") == ()
    assert node.successor is None
    assert sends(ask(node, Propose("x"))) != []


def test_3_10_the_successor_begins_an_election_at_once_that_says_who_asked_for_it():
    node = follower(TransferringRaft)
    question = RequestVote(2, 0, 0, transfer=True)
    assert hear(node, "s2", TimeoutNow(1)) == (
        saved(2, "s1"),
        ELECTION,
        Send("s2", question),
        Send("s3", question),
    )


def test_3_10_the_whole_server_begins_without_a_pre_vote():
    node = follower(RaftServer)
    assert {type(m) for _, m in sends(hear(node, "s2", TimeoutNow(1)))} == {RequestVote}


@pytest.mark.parametrize("term", [0, 1])
def test_3_10_an_order_of_an_old_term_is_ignored(term):
    node = follower(RaftServer, disk_of(2))
    assert hear(node, "s2", TimeoutNow(term)) == ()


def test_3_10_who_campaigns_or_leads_ignores_the_order():
    node = leader(RaftServer)
    assert hear(node, "s2", TimeoutNow(1)) == ()
    assert node.role is Role.LEADER


def test_3_10_who_does_not_vote_ignores_the_order():
    node = follower(RaftServer, name="s9")
    assert hear(node, "s2", TimeoutNow(1)) == ()
    assert node.role is Role.FOLLOWER


@pytest.mark.parametrize("to", ["s1", "s9"], ids=["itself", "a stranger"])
def test_3_10_a_successor_must_be_another_voter(to):
    node = settled_leader(TransferringRaft)
    assert ask(node, TransferLeadership(to)) == ()
    assert node.successor is None


def test_3_10_who_does_not_lead_hands_nothing_over():
    assert ask(follower(TransferringRaft), TransferLeadership("s3")) == ()


def test_3_10_a_leader_that_is_deposed_hands_over_no_more():
    node = settled_leader(TransferringRaft)
    ask(node, TransferLeadership("s2"))
    effects = hear(node, "s2", RequestVote(2, 1, 1, transfer=True))
    assert CancelTimer("transfer") in effects
    assert sends(effects) == [("s2", Vote(2, True))]
    assert (node.role, node.successor) == (Role.FOLLOWER, None)


def test_3_10_the_last_order_counts():
    node = settled_leader(TransferringRaft)
    ask(node, TransferLeadership("s2"))
    assert sends(ask(node, TransferLeadership("s3"))) == [("s3", TimeoutNow(1))]
    assert sends(hear(node, "s2", Appended(1, 1))) == []


def test_3_10_a_successor_that_is_taken_out_is_not_told_any_more():
    node = settled_leader(RaftServer, joint=False)
    ask(node, RemoveServer("s3"))
    ask(node, TransferLeadership("s2"))
    hear(node, "s2", Appended(1, 2))
    fire(node, "transfer")
    ask(node, AddServer("s3"))
    ask(node, TransferLeadership("s3"))
    assert sends(hear(node, "s3", Appended(1, 1))) != [("s3", TimeoutNow(1))]


def test_3_10_a_leader_that_left_while_it_handed_over_stops_both():
    node = settled_leader(RaftServer, joint=False)
    ask(node, RemoveServer("s1"))
    ask(node, TransferLeadership("s2"))
    hear(node, "s2", Appended(1, 2))
    hear(node, "s3", Appended(1, 2))
    assert (node.role, node.successor) == (Role.FOLLOWER, None)


def test_3_10_the_new_leader_is_followed_by_the_old_one():
    old = settled_leader(RaftServer)
    new = follower(RaftServer, disk_of(1, None, old.log), name="s2", of="s1")
    ask(old, TransferLeadership("s2"))
    [_, _] = questions = sends(hear(new, "s1", TimeoutNow(1)))
    [(_, vote)] = sends(hear(old, "s2", dict(questions)["s1"]))
    first = dict(sends(hear(new, "s1", vote)))["s1"]
    assert first == AppendEntries(2, 1, 1, (Entry(2),), 0)
    hear(old, "s2", first)
    assert (old.leader, new.role, outputs(ask(old, Propose("x")))) == (
        "s2",
        Role.LEADER,
        [NotLeader("x", "s2")],
    )
    assert server(RaftServer).released_term == 0
