"""Zab, phase 0: fast leader election."""

import pytest

from distsys.core import CancelTimer, Send
from distsys.protocols.zab_messages import FollowerInfo, Notification, State, Vote, Zxid
from zab_nodes import (
    CONNECT,
    DECIDE,
    NOTIFY,
    PATIENCE,
    ZERO,
    disk_of,
    fire,
    hear,
    history_of,
    leader,
    saved,
    sends,
    server,
    vote_for,
    z,
)

FIVE = ("s1", "s2", "s3", "s4", "s5")


def looking(node, vote=None, round=None):
    """Return what a server tells that looks for a leader."""
    return Notification(vote or node.vote, round or node.round, State.LOOKING)


def test_a_server_that_starts_votes_for_itself_and_tells_all_voters():
    node = server(disk_of(3, 2, history_of("2.1")))
    assert (node.state, node.round, node.vote) == (State.LOOKING, 1, Vote(2, z("2.1"), "s1"))
    effects = fire(node, "notify")
    assert effects == (
        Send("s2", Notification(node.vote, 1, State.LOOKING)),
        Send("s3", Notification(node.vote, 1, State.LOOKING)),
        NOTIFY,
    )


@pytest.mark.parametrize(
    ("vote", "better"),
    [
        (Vote(3, z("1.1"), "s2"), True),  # the epoch counts first
        (Vote(1, z("1.9"), "s2"), False),
        (Vote(2, z("2.2"), "s0"), True),  # then the zxid
        (Vote(2, z("1.9"), "s2"), False),
        (Vote(2, z("2.1"), "s2"), True),  # then the name
        (Vote(2, z("2.1"), "s0"), False),
    ],
)
def test_a_better_vote_is_taken_over_and_told_on(vote, better):
    node = server(disk_of(2, 2, history_of("2.1")))
    effects = hear(node, "s2", looking(node, vote))
    assert (node.vote == vote) == better
    assert [to for to, _ in sends(effects)] == (["s2", "s3"] if better else [])
    assert node.received["s2"] == vote


def test_a_server_joins_a_later_round_with_the_better_of_two_votes():
    node = server(disk_of(2, 2))
    hear(node, "s2", looking(node, Vote(1, ZERO, "s2"), 4))
    assert (node.round, node.vote.leader) == (4, "s1")
    hear(node, "s3", looking(node, Vote(3, ZERO, "s3"), 6))
    assert (node.round, node.vote.leader) == (6, "s3")
    assert dict(node.received.items()) == {"s1": node.vote, "s3": node.vote}


def test_who_is_in_an_earlier_round_is_told_of_this_one():
    node = server()
    hear(node, "s2", looking(node, Vote(0, ZERO, "s2"), 4))
    assert hear(node, "s3", looking(node, Vote(9, ZERO, "s3"), 3)) == (Send("s3", looking(node)),)
    assert node.vote.leader == "s2"


def test_when_a_quorum_agrees_a_server_waits_a_moment_and_decides():
    node = server()
    assert hear(node, "s2", vote_for(node, "s1")) == (DECIDE,)
    assert hear(node, "s3", vote_for(node, "s1")) == ()  # no new wait
    fire(node, "decide")
    assert (node.state, node.leader) == (State.LEADING, "s1")


def test_a_better_vote_in_that_moment_ends_the_agreement():
    node = server(voters=FIVE)
    for peer in ("s2", "s3"):
        hear(node, peer, vote_for(node, "s1"))
    hear(node, "s5", vote_for(node, "s5"))
    assert (node.vote.leader, node.agreed) == ("s5", None)
    assert fire(node, "decide") == ()
    assert node.state is State.LOOKING


def test_no_agreement_without_a_quorum():
    node = server(voters=FIVE)
    assert DECIDE not in hear(node, "s2", vote_for(node, "s1"))
    assert fire(node, "decide") == ()
    assert DECIDE in hear(node, "s3", vote_for(node, "s1"))


def test_who_decides_for_another_server_connects_to_it():
    node = server()
    hear(node, "s3", vote_for(node, "s3"))
    assert fire(node, "decide") == (
        CancelTimer("notify"),
        CancelTimer("decide"),
        PATIENCE,
        saved(connection=1),
        Send("s3", FollowerInfo(1, 0)),
        CONNECT,
    )


def test_who_does_not_look_answers_those_that_do():
    node = leader()
    asks = Notification(Vote(0, ZERO, "s3"), 1, State.LOOKING)
    assert hear(node, "s3", asks) == (Send("s3", Notification(node.vote, 1, State.LEADING)),)
    assert hear(node, "s3", Notification(Vote(0, ZERO, "s3"), 1, State.FOLLOWING)) == ()


def office(node, *who, leader="s3", vote=None):
    """Tell `node` what these servers say that do not look, in round 8."""
    for name in who:
        state = State.LEADING if name == leader else State.FOLLOWING
        hear(node, name, Notification(vote or Vote(5, ZERO, leader), 8, state))


def test_who_comes_late_follows_a_leader_that_a_quorum_names_and_that_says_so_itself():
    node = server()
    office(node, "s2", "s3")
    assert (node.state, node.leader, node.round) == (State.FOLLOWING, "s3", 8)


@pytest.mark.parametrize("who", [("s2", "s4", "s5"), ("s3", "s2")])
def test_a_leader_that_is_silent_or_has_no_quorum_is_not_followed(who):
    node = server(voters=FIVE)
    office(node, *who)
    assert (node.state, node.leader) == (State.LOOKING, None)


def test_a_server_that_others_still_follow_does_not_lead_for_that_after_a_restart():
    node = server()
    office(node, "s2", "s3", leader="s1")
    assert node.state is State.LOOKING


# Observers.


def observer():
    """Return an observer of the voters s2, s3 and s4."""
    return server(voters=("s2", "s3", "s4"), observers=("s1",))


def test_an_observer_has_no_vote_and_asks():
    node = observer()
    nothing = Notification(Vote(0, Zxid(), ""), 0, State.LOOKING)
    assert fire(node, "notify") == (*(Send(to, nothing) for to in ("s2", "s3", "s4")), NOTIFY)
    before = node.snapshot()
    assert hear(node, "s2", vote_for(node, "s2", epoch=3)) == ()
    assert node.snapshot() == before


def test_an_observer_observes_a_leader_in_office():
    node = observer()
    office(node, "s2", "s3")
    assert (node.state, node.leader) == (State.OBSERVING, "s3")


def test_the_question_of_an_observer_changes_no_vote():
    node = server(voters=("s1", "s2", "s3"), observers=("s4",))
    asks = Notification(Vote(0, Zxid(), ""), 0, State.LOOKING)
    before = node.snapshot()
    assert hear(node, "s4", asks) == (Send("s4", looking(node)),)
    assert node.snapshot() == before
