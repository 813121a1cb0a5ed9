"""Raft, sections 5.1, 5.2 and 5.4.1 of Ongaro and Ousterhout 2014, sentence by sentence: terms, votes, leaders."""

import pytest

from distsys.core import EMPTY, Log, Note, Send, Start
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Entry,
    Refused,
    RequestVote,
    Role,
    Vote,
)
from raft_nodes import (
    ELECTION,
    FIVE,
    HEARTBEAT,
    NO_ELECTION,
    NO_HEARTBEAT,
    candidate,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    log_of,
    persisted,
    saved,
    sends,
    server,
    stored,
)

LATER = [
    RequestVote(7, 0, 0),
    Vote(7, False),
    AppendEntries(7, 9, 6, (), 0),
    Appended(7, 0),
    Refused(7, 0),
]


# 5.1, terms and roles.


def test_5_2_servers_start_up_as_followers():
    node = Raft("s1", voters=("s1", "s2", "s3"))
    assert node.handle(Start(0)) == (ELECTION,)
    assert (node.role, node.current_term, node.voted_for, node.leader) == (Role.FOLLOWER, 0, None, None)
    assert (node.commit_index, node.last_applied, node.log) == (0, 0, Log())


def test_5_1_a_restart_finds_term_vote_and_log_and_forgets_the_rest():
    node = server(disk=disk_of(3, "s2", log_of(1, 3)))
    assert (node.current_term, node.voted_for, node.log) == (3, "s2", log_of(1, 3))
    assert (node.role, node.commit_index, node.last_applied) == (Role.FOLLOWER, 0, 0)


@pytest.mark.parametrize("message", LATER, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("make", [server, candidate, leader], ids=["follower", "candidate", "leader"])
def test_5_1_a_server_that_sees_a_larger_term_takes_it_over_and_follows(make, message):
    node = make()
    effects = hear(node, "s2", message)
    assert (node.role, node.current_term) == (Role.FOLLOWER, 7)
    assert effects[0] == saved(7, None)  # durable before anything else happens
    assert (NO_HEARTBEAT in effects) == (make is leader)
    assert (node.votes, node.next_index, node.match_index) == (frozenset(), EMPTY, EMPTY)


def test_5_1_a_new_term_takes_the_vote_of_the_last_one_back():
    node = server(disk=disk_of(3, "s2"))
    assert hear(node, "s3", Vote(4, False)) == (saved(4, None),)


def test_5_1_a_leader_that_finds_a_later_term_waits_for_a_leader_again():
    node = leader()
    assert hear(node, "s2", Vote(7, False)) == (saved(7, None), NO_HEARTBEAT, ELECTION)


@pytest.mark.parametrize(
    ("stale", "answer"),
    [
        (RequestVote(4, 9, 4), Vote(5, False)),
        (AppendEntries(4, 2, 4, (Entry(4, "x"),), 9), Refused(5, 2)),
    ],
)
def test_5_1_a_request_of_an_old_term_is_refused_and_told_the_term(stale, answer):
    node = follower(disk=disk_of(5, "s3", log_of(1)))
    before = node.snapshot()
    assert hear(node, "s2", stale) == (Send("s2", answer),)
    assert node.snapshot() == before


@pytest.mark.parametrize("stale", [Vote(0, True), Appended(0, 9), Refused(0, 9)])
def test_5_1_an_answer_of_an_old_term_is_ignored(stale):
    for node in (candidate(), leader()):
        before = node.snapshot()
        assert hear(node, "s2", stale) == ()
        assert node.snapshot() == before


# 5.2, elections.


def test_5_2_a_follower_that_hears_nothing_begins_an_election():
    node = server(disk=disk_of(4, "s3", log_of(1, 2)))
    effects = fire(node, "election")
    assert effects == (
        saved(5, "s1"),
        ELECTION,
        Send("s2", RequestVote(5, 2, 2)),
        Send("s3", RequestVote(5, 2, 2)),
    )
    assert (node.role, node.current_term, node.voted_for) == (Role.CANDIDATE, 5, "s1")
    assert node.votes == {"s1"}


def test_5_2_a_candidate_that_neither_wins_nor_loses_begins_another_election():
    node = candidate()
    hear(node, "s2", Vote(1, False))
    effects = fire(node, "election")
    assert effects == (
        saved(2, "s1"),
        ELECTION,
        Send("s2", RequestVote(2, 0, 0)),
        Send("s3", RequestVote(2, 0, 0)),
    )
    assert node.votes == {"s1"}


@pytest.mark.parametrize(
    ("voters", "votes", "wins"),
    [
        (("s1",), [], True),
        (("s1", "s2"), [], False),
        (("s1", "s2"), ["s2"], True),
        (FIVE[:3], ["s2"], True),
        (FIVE[:4], ["s2"], False),
        (FIVE[:4], ["s2", "s3"], True),
        (FIVE, ["s2"], False),
        (FIVE, ["s2", "s2", "s2"], False),
        (FIVE, ["s2", "s5"], True),
        (FIVE, ["s2", "s9"], False),
    ],
)
def test_5_2_a_candidate_wins_with_the_votes_of_a_majority(voters, votes, wins):
    node = candidate(voters=voters)
    for name in votes:
        hear(node, name, Vote(1, True))
    assert node.role is (Role.LEADER if wins else Role.CANDIDATE)


def test_5_2_a_refused_vote_does_not_count():
    node = candidate()
    assert hear(node, "s2", Vote(1, False)) == hear(node, "s3", Vote(1, False)) == ()
    assert (node.role, node.votes) == (Role.CANDIDATE, {"s1"})


def test_5_2_a_new_leader_puts_an_entry_of_its_term_on_its_disk_and_says_so_to_all():
    node = candidate(disk=disk_of(4, None, log_of(1, 4)))
    log = log_of(1, 4).append(Entry(5))
    message = AppendEntries(5, 2, 4, (Entry(5),), 0)
    assert hear(node, "s3", Vote(5, True)) == (
        Note("leads term 5"),
        NO_ELECTION,
        stored(log),
        Send("s2", message),
        Send("s3", message),
        HEARTBEAT,
    )
    assert (node.role, node.leader, node.log) == (Role.LEADER, "s1", log)
    assert dict(node.match_index.items()) == {"s1": 3, "s2": 0, "s3": 0}


def test_5_2_a_vote_that_comes_after_the_election_is_won_changes_nothing():
    node = candidate()
    hear(node, "s2", Vote(1, True))
    before = node.snapshot()
    assert hear(node, "s3", Vote(1, True)) == ()
    assert node.snapshot() == before


def test_5_2_a_vote_of_an_earlier_election_does_not_count():
    node = candidate()
    fire(node, "election")
    assert hear(node, "s2", Vote(1, True)) == ()
    assert (node.role, node.votes) == (Role.CANDIDATE, {"s1"})


def test_5_2_a_vote_for_who_does_not_campaign_is_ignored():
    node = follower()
    assert hear(node, "s3", Vote(1, True)) == ()
    assert node.role is Role.FOLLOWER


def test_5_2_a_leader_sends_heartbeats_to_all():
    node = leader()
    heartbeat = AppendEntries(1, 1, 1, (), 0)
    assert fire(node, "heartbeat") == (Send("s2", heartbeat), Send("s3", heartbeat), HEARTBEAT)


def test_5_2_a_candidate_that_hears_a_leader_of_its_term_follows_it():
    node = candidate()
    assert hear(node, "s2", AppendEntries(1, 0, 0, (), 0)) == (ELECTION, Send("s2", Appended(1, 0)))
    assert (node.role, node.leader, node.votes) == (Role.FOLLOWER, "s2", frozenset())


def test_5_2_a_candidate_that_hears_a_leader_of_an_earlier_term_goes_on():
    node = candidate(disk=disk_of(3))
    assert hear(node, "s2", AppendEntries(3, 0, 0, (), 0)) == (Send("s2", Refused(4, 0)),)
    assert node.role is Role.CANDIDATE


def test_5_2_a_voter_votes_for_at_most_one_candidate_in_a_term():
    node = server()
    assert hear(node, "s2", RequestVote(1, 0, 0)) == (
        saved(1, None),
        saved(1, "s2"),
        ELECTION,
        Send("s2", Vote(1, True)),
    )
    assert hear(node, "s3", RequestVote(1, 9, 1)) == (Send("s3", Vote(1, False)),)
    assert node.voted_for == "s2"


def test_5_2_a_voter_tells_the_same_candidate_the_same_again():
    node = server(disk=disk_of(1, "s2"))
    effects = hear(node, "s2", RequestVote(1, 0, 0))
    assert sends(effects) == [("s2", Vote(1, True))]


def test_5_2_a_vote_is_on_the_disk_before_the_answer_leaves():
    effects = hear(server(), "s2", RequestVote(1, 0, 0))
    assert effects.index(saved(1, "s2")) < effects.index(Send("s2", Vote(1, True)))


def test_5_2_a_vote_outlives_a_crash():
    node = server()
    effects = hear(node, "s2", RequestVote(1, 0, 0))
    again = server(disk=disk_of(1, persisted(effects)[-1]["voted_for"]))
    assert sends(hear(again, "s3", RequestVote(1, 0, 0))) == [("s3", Vote(1, False))]


def test_5_2_a_candidate_has_voted_for_itself():
    node = candidate()
    assert hear(node, "s2", RequestVote(1, 9, 0)) == (Send("s2", Vote(1, False)),)


def test_5_2_a_voter_that_refuses_does_not_wait_anew():
    node = server(disk=disk_of(1, "s3"))
    assert ELECTION not in hear(node, "s2", RequestVote(1, 0, 0))


def test_5_2_election_timeouts_are_drawn_from_a_range():
    assert (ELECTION.low, ELECTION.high) == (300_000, 600_000)
    assert server(election_ms=100).handle(Start(0))[0].high == 200_000


def test_5_2_a_heartbeat_makes_a_follower_wait_anew():
    node = follower()
    assert ELECTION in hear(node, "s2", AppendEntries(1, 0, 0, (), 0))


# 5.4.1, the election restriction.


@pytest.mark.parametrize(
    ("mine", "last_term", "last_index", "granted"),
    [
        ((1, 1), 2, 1, True),  # the later last term wins, however short
        ((1, 2), 1, 9, False),  # and loses, however long
        ((1, 2), 2, 2, True),  # equal logs
        ((1, 2), 2, 3, True),  # the longer
        ((1, 2), 2, 1, False),  # the shorter
        ((), 0, 0, True),
        ((1,), 0, 0, False),
    ],
)
def test_5_4_1_a_voter_refuses_a_candidate_with_an_older_log(mine, last_term, last_index, granted):
    node = server(disk=disk_of(2, None, log_of(*mine)))
    effects = hear(node, "s2", RequestVote(3, last_index, last_term))
    assert sends(effects) == [("s2", Vote(3, granted))]
    assert node.voted_for == ("s2" if granted else None)
    assert node.current_term == 3  # the term is taken over all the same


def test_5_4_1_a_candidate_says_how_far_its_log_goes_committed_or_not():
    node = server(disk=disk_of(2, None, log_of(1, 1, 2)))
    assert sends(fire(node, "election"))[0][1] == RequestVote(3, 3, 2)
