"""Raft that stays calm: pre-vote (Ongaro 2014, 9.6), protected leaders (4.2.3), check-quorum (6.2)."""

import pytest

from distsys.core import Note, Send
from distsys.protocols.raft_messages import Appended, AppendEntries, Refused, RequestVote, Role, Vote
from distsys.protocols.raft_stability import PreVote, RequestPreVote, StableRaft
from raft_nodes import (
    ALIVE,
    ELECTION,
    FIVE,
    NO_HEARTBEAT,
    NO_QUORUM,
    QUORUM,
    candidate,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    log_of,
    saved,
    sends,
    server,
)

HEARTBEAT = AppendEntries(1, 0, 0, (), 0)


# Pre-vote.


def test_9_6_a_server_asks_before_it_raises_its_term():
    node = server(StableRaft, disk_of(4, None, log_of(1, 3)))
    question = RequestPreVote(5, 2, 3)
    assert fire(node, "election") == (ELECTION, Send("s2", question), Send("s3", question))
    assert (node.current_term, node.voted_for, node.role) == (4, None, Role.FOLLOWER)


def test_9_6_with_a_majority_that_would_vote_for_it_the_election_begins():
    node = server(StableRaft)
    fire(node, "election")
    assert hear(node, "s2", PreVote(0, 1, True)) == (
        saved(1, "s1"),
        ELECTION,
        Send("s2", RequestVote(1, 0, 0)),
        Send("s3", RequestVote(1, 0, 0)),
    )
    assert (node.role, node.pre_votes) == (Role.CANDIDATE, frozenset())


@pytest.mark.parametrize(
    "answers",
    [
        [("s2", PreVote(0, 1, True))],
        [("s2", PreVote(0, 1, True)), ("s2", PreVote(0, 1, True))],
        [("s2", PreVote(0, 1, True)), ("s3", PreVote(0, 1, False))],
        [("s2", PreVote(0, 1, True)), ("s3", PreVote(0, 2, True))],
        [("s2", PreVote(0, 1, True)), ("s9", PreVote(0, 1, True))],
    ],
)
def test_9_6_without_a_majority_the_term_stays(answers):
    node = server(StableRaft, voters=FIVE)
    fire(node, "election")
    for sender, answer in answers:
        assert hear(node, sender, answer) == ()
    assert (node.role, node.current_term) == (Role.FOLLOWER, 0)


def test_9_6_an_answer_to_a_question_that_is_over_is_ignored():
    node = server(StableRaft)
    assert hear(node, "s2", PreVote(0, 1, True)) == ()
    fire(node, "election")
    hear(node, "s3", HEARTBEAT)
    assert hear(node, "s2", PreVote(1, 2, True)) == ()
    assert (node.role, node.current_term) == (Role.FOLLOWER, 1)


@pytest.mark.parametrize(
    ("question", "granted"),
    [
        (RequestPreVote(3, 1, 1), True),
        (RequestPreVote(9, 1, 1), True),
        (RequestPreVote(2, 1, 1), False),  # a term in which it has voted, perhaps
        (RequestPreVote(3, 0, 0), False),  # an older log
    ],
)
def test_9_6_a_pre_vote_promises_nothing_and_writes_nothing(question, granted):
    node = server(StableRaft, disk_of(2, "s3", log_of(1)))
    before = node.snapshot()
    assert hear(node, "s2", question) == (Send("s2", PreVote(2, question.next_term, granted)),)
    assert node.snapshot() == before


def test_9_6_who_hears_a_leader_would_not_vote():
    node = follower(StableRaft)
    assert sends(hear(node, "s3", RequestPreVote(9, 9, 9))) == [("s3", PreVote(1, 9, False))]
    fire(node, "alive")
    assert sends(hear(node, "s3", RequestPreVote(9, 9, 9))) == [("s3", PreVote(1, 9, True))]


def test_9_6_a_leader_would_not_vote():
    assert sends(hear(leader(StableRaft), "s3", RequestPreVote(9, 9, 9))) == [("s3", PreVote(1, 9, False))]


def test_9_6_a_refusal_tells_the_term_so_that_the_next_question_is_about_a_newer_one():
    node = server(StableRaft)
    fire(node, "election")
    assert hear(node, "s2", PreVote(7, 1, False)) == (saved(7, None),)
    assert node.pre_votes == frozenset()
    assert sends(fire(node, "election"))[0][1] == RequestPreVote(8, 0, 0)


def test_9_6_one_server_alone_asks_nobody():
    node = server(StableRaft, voters=("s1",))
    fire(node, "election")
    assert (node.role, node.current_term) == (Role.LEADER, 1)


def test_9_6_a_late_vote_that_makes_a_leader_ends_its_question():
    """Its timeout fires in the election, it asks anew, and then the vote of the election comes."""
    node = candidate(StableRaft)
    fire(node, "election")
    hear(node, "s2", Vote(1, True))
    assert node.role is Role.LEADER
    hear(node, "s2", PreVote(1, 2, True))
    hear(node, "s3", PreVote(1, 2, True))
    assert (node.role, node.current_term) == (Role.LEADER, 1)


# A leader is protected.


def test_4_2_3_who_hears_a_leader_neither_votes_nor_takes_the_term_over():
    node = follower(StableRaft)
    before = node.snapshot()
    assert hear(node, "s3", RequestVote(9, 9, 9)) == ()
    assert node.snapshot() == before


def test_4_2_3_a_leader_neither_votes_nor_takes_the_term_over():
    node = leader(StableRaft)
    assert hear(node, "s3", RequestVote(9, 9, 9)) == ()
    assert (node.role, node.current_term) == (Role.LEADER, 1)


def test_4_2_3_an_election_that_the_leader_asked_for_is_not_ignored():
    node = follower(StableRaft)
    effects = hear(node, "s3", RequestVote(2, 0, 0, transfer=True))
    assert sends(effects) == [("s3", Vote(2, True))]


@pytest.mark.parametrize("timer", ["alive", "election"])
def test_4_2_3_after_an_election_timeout_without_a_leader_it_votes(timer):
    node = follower(StableRaft)
    fire(node, timer)
    assert sends(hear(node, "s3", RequestVote(9, 9, 9))) == [("s3", Vote(9, True))]


def test_4_2_3_a_later_term_that_passes_by_does_not_end_the_protection():
    node = follower(StableRaft)
    hear(node, "s3", Refused(5, 0))
    assert (node.current_term, node.leader) == (5, None)
    assert hear(node, "s3", RequestVote(6, 9, 9)) == ()


def test_4_2_3_each_heartbeat_protects_the_leader_for_an_election_timeout():
    node = server(StableRaft)
    assert hear(node, "s2", HEARTBEAT)[-3:] == (ALIVE, ELECTION, Send("s2", Appended(1, 0)))


# Check-quorum.


def test_6_2_a_leader_that_hears_no_majority_steps_down():
    node = leader(StableRaft)
    assert fire(node, "quorum") == (
        Note("steps down in term 1: no majority answers"),
        NO_QUORUM,
        NO_HEARTBEAT,
        ELECTION,
    )
    assert (node.role, node.leader, node.current_term) == (Role.FOLLOWER, None, 1)


@pytest.mark.parametrize("answer", [Appended(1, 1), Refused(1, 1, 0, 1)])
def test_6_2_a_leader_that_hears_a_majority_goes_on_and_looks_again(answer):
    node = leader(StableRaft)
    hear(node, "s2", answer)
    assert fire(node, "quorum") == (QUORUM,)
    assert node.role is Role.LEADER
    fire(node, "quorum")  # nobody has answered since
    assert node.role is Role.FOLLOWER


def test_6_2_an_answer_of_an_earlier_term_is_no_sign_of_life():
    node = leader(StableRaft, disk_of(3))
    hear(node, "s2", Appended(3, 0))
    fire(node, "quorum")
    assert node.role is Role.FOLLOWER


def test_6_2_a_minority_is_not_enough():
    node = leader(StableRaft, voters=FIVE)
    hear(node, "s2", Appended(1, 1))
    fire(node, "quorum")
    assert node.role is Role.FOLLOWER
