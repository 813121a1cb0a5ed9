"""Raft, sections 6.4 and 6.4.1 of Ongaro 2014: reads beside the log, by read-index and by lease."""

import pytest

from distsys.core import MS, Output, Send, Start
from distsys.protocols.raft_membership import AddServer
from distsys.protocols.raft_messages import Appended, AppendEntries, Propose, Refused, RequestVote, Role, Vote
from distsys.protocols.raft_reads import (
    Announce,
    Confirm,
    Confirmed,
    PendingRead,
    Read,
    ReadFailed,
    ReadingRaft,
    ReadReady,
)
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.raft_transfer import TimeoutNow, TransferLeadership
from raft_nodes import (
    ALIVE,
    ELECTION,
    FIVE,
    HEARTBEAT,
    ask,
    candidate,
    fire,
    follower,
    hear,
    leader,
    outputs,
    sends,
    server,
    settled_leader,
)

LEASE = {"lease": True, "drift_ppm": 1_000}
LENGTH = 300 * MS * 998 // 1000  # an election timeout, less twice the drift


def reading(**settings):
    """Return a leader that may serve reads."""
    return settled_leader(ReadingRaft, **settings)


# Read-index.


def test_6_4_the_leader_notes_its_commit_index_and_asks_whether_it_still_leads():
    node = reading()
    assert ask(node, Read("r")) == (Send("s2", Confirm(1, 1)), Send("s3", Confirm(1, 1)))
    assert node.reads == (PendingRead("r", 1, 1),)


def test_6_4_the_read_goes_once_a_majority_has_confirmed():
    node = reading()
    ask(node, Read("r"))
    assert hear(node, "s2", Confirmed(1, 1)) == (Output(ReadReady("r", 1)),)
    assert node.reads == ()
    assert hear(node, "s3", Confirmed(1, 1)) == ()


def test_6_4_one_of_five_is_not_enough():
    node = reading(voters=FIVE)
    ask(node, Read("r"))
    assert outputs(hear(node, "s2", Confirmed(1, 1))) == outputs(hear(node, "s2", Confirmed(1, 1))) == []
    assert outputs(hear(node, "s9", Confirmed(1, 1))) == []
    assert outputs(hear(node, "s4", Confirmed(1, 1))) == [ReadReady("r", 1)]


def test_6_4_a_confirmation_of_an_earlier_round_proves_nothing_about_a_later_read():
    node = reading()
    ask(node, Read("early"))
    ask(node, Read("late"))
    assert outputs(hear(node, "s2", Confirmed(1, 1))) == [ReadReady("early", 1)]
    assert node.reads == (PendingRead("late", 1, 2),)


def test_6_4_a_confirmation_of_a_later_round_does_for_all_before_it():
    node = reading()
    ask(node, Read("early"))
    ask(node, Read("late"))
    assert outputs(hear(node, "s2", Confirmed(1, 2))) == [ReadReady("early", 1), ReadReady("late", 1)]


def test_6_4_a_confirmation_of_an_earlier_term_does_not_count():
    node = reading()
    ask(node, Read("r"))
    assert hear(node, "s2", Confirmed(0, 9)) == ()
    assert node.reads != ()


def test_6_4_a_read_that_began_early_need_not_see_what_was_committed_since():
    node = reading()
    ask(node, Read("r"))
    ask(node, Propose("x"))
    hear(node, "s2", Appended(1, 2))
    assert node.commit_index == 2
    assert outputs(hear(node, "s2", Confirmed(1, 1))) == [ReadReady("r", 1)]


def test_6_4_a_leader_that_has_committed_nothing_in_its_term_lets_reads_wait():
    node = leader(ReadingRaft)
    assert ask(node, Read("r")) == ()
    effects = hear(node, "s2", Appended(1, 1))
    assert sends(effects) == [("s2", Confirm(1, 1)), ("s3", Confirm(1, 1))]
    assert node.reads == (PendingRead("r", 1, 1),)  # the index of now, not of when it was asked


@pytest.mark.parametrize(("make", "who"), [(server, None), (candidate, None), (follower, "s2")])
def test_6_4_who_does_not_lead_serves_no_read(make, who):
    assert ask(make(ReadingRaft), Read("r")) == (Output(ReadFailed("r", who)),)


def test_6_4_a_leader_that_is_deposed_fails_the_reads_that_wait():
    node = reading()
    ask(node, Read("r"))
    effects = hear(node, "s2", AppendEntries(2, 0, 0, (), 0))
    assert outputs(effects) == [ReadFailed("r", None)]
    assert (node.reads, node.leader) == ((), "s2")


def test_6_4_a_voter_of_a_later_term_says_no_by_its_term():
    voter = server(ReadingRaft, name="s2")
    hear(voter, "s3", RequestVote(5, 0, 0))
    [(_, answer)] = sends(hear(voter, "s1", Confirm(1, 1)))
    assert answer == Confirmed(5, 0)
    node = reading()
    ask(node, Read("r"))
    assert outputs(hear(node, "s2", answer)) == [ReadFailed("r", None)]
    assert (node.role, node.current_term) == (Role.FOLLOWER, 5)


def test_a_no_confirms_no_round_of_an_asker_that_leads_the_later_term_when_it_arrives():
    voter = server(ReadingRaft, name="s2")
    hear(voter, "s3", RequestVote(1, 0, 0))
    [(_, late)] = sends(hear(voter, "s1", Confirm(0, 1)))
    node = reading()
    assert (node.current_term, late.term) == (1, 1)
    ask(node, Read("r"))
    assert outputs(hear(node, "s2", late)) == []
    assert outputs(hear(node, "s3", Confirmed(1, 1))) == [ReadReady("r", 1)]


def test_6_4_a_voter_that_confirms_has_heard_the_leader():
    node = server(ReadingRaft)
    hear(node, "s2", AppendEntries(1, 0, 0, (), 0))
    assert hear(node, "s2", Confirm(1, 3)) == (ALIVE, ELECTION, Send("s2", Confirmed(1, 3)))


def test_6_4_a_question_that_was_lost_is_asked_again_with_the_next_heartbeat():
    node = reading()
    ask(node, Read("r"))
    assert ("s2", Confirm(1, 2)) in sends(fire(node, "heartbeat"))
    assert outputs(hear(node, "s2", Confirmed(1, 2))) == [ReadReady("r", 1)]
    assert Confirm(1, 3) not in [m for _, m in sends(fire(node, "heartbeat"))]


def test_6_4_a_confirmation_shows_the_leader_that_it_is_heard():
    node = reading()
    fire(node, "quorum")
    hear(node, "s2", Confirmed(1, 0))
    fire(node, "quorum")
    assert node.role is Role.LEADER


def test_6_4_one_server_alone_reads_at_once():
    node = settled_leader(ReadingRaft, voters=("s1",))
    assert ask(node, Read("r")) == (Output(ReadReady("r", 1)),)


def test_6_4_a_new_term_begins_with_no_confirmations():
    node = reading()
    ask(node, Read("r"))
    hear(node, "s3", Confirmed(2, 9))
    assert (node.confirmed, node.reads) == (leader(ReadingRaft).confirmed, ())


# Leases.


def test_6_4_1_a_confirmed_round_gives_a_lease_from_the_moment_it_was_sent():
    node = reading(**LEASE)
    ask(node, Read("first"), now=1_000)
    assert not node.holds_a_lease()
    hear(node, "s2", Confirmed(1, 1), now=90_000)
    assert node.lease_until == 1_000 + LENGTH
    assert ask(node, Read("second"), now=LENGTH) == (Output(ReadReady("second", 1)),)


def test_6_4_1_when_the_lease_is_over_the_leader_asks_again():
    node = reading(**LEASE)
    ask(node, Read("first"), now=1_000)
    hear(node, "s2", Confirmed(1, 1), now=90_000)
    assert sends(ask(node, Read("second"), now=1_000 + LENGTH)) == [
        ("s2", Confirm(1, 2)),
        ("s3", Confirm(1, 2)),
    ]


def test_6_4_1_each_heartbeat_renews_the_lease():
    node = reading(**LEASE)
    assert ("s2", Confirm(1, 1)) in sends(fire(node, "heartbeat", now=50_000))
    hear(node, "s2", Confirmed(1, 1), now=60_000)
    fire(node, "heartbeat", now=100_000)
    hear(node, "s3", Confirmed(1, 2), now=110_000)
    assert node.lease_until == 100_000 + LENGTH


def test_6_4_1_an_old_confirmation_does_not_shorten_the_lease():
    node = reading(**LEASE)
    for now in (50_000, 100_000):
        fire(node, "heartbeat", now=now)
    hear(node, "s2", Confirmed(1, 2), now=110_000)
    hear(node, "s3", Confirmed(1, 1), now=120_000)
    assert node.lease_until == 100_000 + LENGTH


@pytest.mark.parametrize(("drift_ppm", "length"), [(0, 300_000), (100_000, 240_000), (499_999, 0)])
def test_6_4_1_the_lease_is_shorter_by_what_two_clocks_may_differ(drift_ppm, length):
    node = reading(lease=True, drift_ppm=drift_ppm)
    fire(node, "heartbeat", now=0)
    hear(node, "s2", Confirmed(1, 1), now=1)
    assert node.lease_until == length


def test_6_4_1_without_the_option_there_is_no_lease():
    node = reading()
    ask(node, Read("first"))
    hear(node, "s2", Confirmed(1, 1))
    assert (node.lease_until, len(node.sent)) == (0, 0)
    assert sends(ask(node, Read("second"))) != []


def test_6_4_1_a_lease_does_not_help_before_an_entry_of_the_term_is_committed():
    node = leader(ReadingRaft, **LEASE)
    fire(node, "heartbeat")
    hear(node, "s2", Confirmed(1, 1))
    assert node.lease_until > 0
    assert ask(node, Read("r")) == ()


def test_6_4_1_a_leader_that_is_deposed_has_no_lease():
    node = reading(**LEASE)
    fire(node, "heartbeat")
    hear(node, "s2", Confirmed(1, 1))
    hear(node, "s2", Refused(2, 0))
    assert (node.lease_until, len(node.sent)) == (0, 0)


def test_6_4_1_a_voter_that_comes_back_keeps_what_it_may_have_promised():
    node = ReadingRaft("s1", voters=("s1", "s2", "s3"), lease=True)
    assert node.handle(Start(0)) == (ELECTION, ALIVE)
    assert hear(node, "s2", RequestVote(1, 0, 0)) == ()
    fire(node, "alive")
    assert sends(hear(node, "s2", RequestVote(1, 0, 0))) != []


def test_6_4_1_one_server_alone_renews_its_lease_and_remembers_one_round():
    node = settled_leader(ReadingRaft, voters=("s1",), **LEASE)
    for now in range(0, 500_000, 50_000):
        fire(node, "heartbeat", now=now)
    assert (node.lease_until, len(node.sent)) == (450_000 + LENGTH, 0)


# Where a lease meets the other parts.


def holding(**settings):
    """Return a whole server that leads and holds a lease at 10,000."""
    node = settled_leader(RaftServer, **LEASE, **settings)
    renewed(node, 0)
    assert outputs(ask(node, Read("r"), now=10_000)) == [ReadReady("r", 1)]
    return node


def renewed(node, now):
    """Let a heartbeat and its confirmation pass."""
    fire(node, "heartbeat", now=now)
    for peer in ("s2", "s3"):
        hear(node, peer, Confirmed(node.current_term, node.round), now=now + 1)


def test_a_leader_that_hands_over_has_no_lease():
    node = holding()
    ask(node, TransferLeadership("s2"), now=20_000)
    renewed(node, 50_000)
    assert outputs(ask(node, Read("r"), now=60_000)) == []
    assert [m for _, m in sends(ask(node, Read("r"), now=60_000))] != []


def test_a_leader_that_has_given_up_to_hand_over_takes_no_lease_in_this_term():
    """TimeoutNow may still be on its way: whoever gets it is elected by voters that must not wait."""
    node = holding()
    ask(node, TransferLeadership("s2"), now=20_000)
    fire(node, "transfer", now=320_000)
    renewed(node, 350_000)
    late = follower(RaftServer, name="s2", of="s1", **LEASE)
    [_, (to, question)] = sends(hear(late, "s1", TimeoutNow(1), now=360_000))
    voter = follower(RaftServer, name="s3", of="s1", **LEASE)
    assert (to, [m.granted for _, m in sends(hear(voter, "s2", question, now=361_000))]) == ("s3", [True])
    assert outputs(ask(node, Read("r"), now=362_000)) == []  # s2 may lead by now


def test_an_order_to_hand_over_that_is_not_followed_costs_no_lease():
    node = holding()
    ask(node, TransferLeadership("s9"), now=20_000)
    assert outputs(ask(node, Read("r"), now=30_000)) == [ReadReady("r", 1)]


def test_a_change_of_the_members_ends_the_lease_and_a_new_round_begins_one():
    node = holding()
    ask(node, AddServer("s4"), now=20_000)
    assert not outputs(ask(node, Read("r"), now=30_000))
    renewed(node, 50_000)
    assert node.lease_until == 50_000 + LENGTH


def test_the_lease_of_a_later_term_is_a_new_matter():
    node = holding()
    ask(node, TransferLeadership("s2"), now=20_000)
    hear(node, "s2", Refused(5, 0), now=30_000)
    fire(node, "election", now=700_000)
    hear(node, "s2", PreVote(5, 6, True), now=700_000)
    hear(node, "s2", Vote(6, True), now=700_000)
    hear(node, "s2", Appended(6, 2), now=700_000)
    renewed(node, 750_000)
    assert outputs(ask(node, Read("r"), now=760_000)) == [ReadReady("r", 2)]


def test_a_leader_that_is_asked_to_announces_at_once_how_far_the_log_is_committed():
    node = settled_leader()
    effects = ask(node, Announce())
    assert [(to, message.commit_index) for to, message in sends(effects)] == [
        ("s2", node.commit_index),
        ("s3", node.commit_index),
    ]
    assert HEARTBEAT in effects  # and the next one comes in its time
    assert ask(follower(), Announce()) == ()
