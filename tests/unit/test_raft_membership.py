"""Raft whose members change: section 6 of the paper, chapter 4 of the dissertation, and the rule of July 2015."""

import pytest

from distsys.core import Log, Note, Output, Send
from distsys.protocols.raft_membership import (
    AddServer,
    ChangeMembers,
    ChangeRefused,
    Configuration,
    ReconfigurableRaft,
    RemoveServer,
)
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Committed,
    Entry,
    NotLeader,
    RequestVote,
    Role,
    Vote,
)
from distsys.protocols.raft_server import RaftServer
from distsys.protocols.raft_snapshots import InstallSnapshot, Snapshot
from distsys.protocols.raft_stability import PreVote
from raft_nodes import (
    ELECTION,
    NO_HEARTBEAT,
    THREE,
    ask,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    notes,
    outputs,
    sends,
    server,
    settled_leader,
    stored,
)

ONE_BY_ONE = {"joint": False}
FOUR = (*THREE, "s4")


def ready(joint=True, voters=THREE, kind=ReconfigurableRaft):
    """Return a leader that may change the members: an entry of its term is committed."""
    return settled_leader(kind, voters=voters, joint=joint)


# The arithmetic of configurations.


@pytest.mark.parametrize(
    ("names", "decides"),
    [
        ({"s1", "s2"}, False),  # a majority of the old alone
        ({"s4", "s5"}, False),  # of the new alone
        ({"s1", "s2", "s4"}, False),
        ({"s1", "s2", "s4", "s5"}, True),
        ({"s2", "s3", "s4"}, True),  # s3 stands on both sides
    ],
)
def test_6_agreement_needs_a_majority_of_the_old_and_one_of_the_new(names, decides):
    joint = Configuration(("s3", "s4", "s5"), (), ("s1", "s2", "s3"))
    assert joint.is_quorum(frozenset(names)) == decides


def test_6_all_of_old_and_new_vote_and_get_the_log():
    joint = Configuration(("s3", "s4"), ("s9",), ("s1", "s3"))
    assert joint.electors() == ("s1", "s3", "s4")
    assert joint.members() == ("s1", "s3", "s4", "s9")
    assert joint.is_joint()
    assert not Configuration(THREE).is_joint()


def test_having_and_without_make_changes_of_one_server():
    configuration = Configuration(("s1", "s3"), ("s2", "s9"))
    assert configuration.having("s2") == ChangeMembers(("s1", "s2", "s3"), ("s9",))
    assert configuration.without("s3") == ChangeMembers(("s1",), ("s2", "s9"))
    assert configuration.without("s9") == ChangeMembers(("s1", "s3"), ("s2",))


def test_learners_do_not_count():
    assert not Configuration(THREE, ("s4", "s5")).is_quorum(frozenset({"s1", "s4", "s5"}))


# When a change is taken.


def test_6_who_does_not_lead_changes_nothing():
    node = follower(ReconfigurableRaft)
    change = ChangeMembers(FOUR)
    assert ask(node, change) == (Output(NotLeader(change, "s2")),)


def test_4_a_leader_that_has_committed_nothing_in_its_term_changes_nothing():
    node = leader(ReconfigurableRaft, joint=False)
    change = ChangeMembers(FOUR)
    why = "this leader has not yet committed an entry of its own term"
    assert ask(node, AddServer("s4")) == (Output(ChangeRefused(change, why)),)
    hear(node, "s2", Appended(1, 1))
    ask(node, AddServer("s4"))
    assert node.configuration == Configuration(FOUR)


@pytest.mark.parametrize("joint", [True, False])
def test_4_1_a_second_change_waits_until_the_first_is_committed(joint):
    node = ready(joint)
    ask(node, AddServer("s4"))
    [refused] = outputs(ask(node, RemoveServer("s2")))
    assert refused.why == "an earlier change is not committed yet"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (ChangeMembers(()), "somebody must vote"),
        (ChangeMembers(("s1", "s1", "s1", "s2")), "each voter stands there once"),
        (ChangeMembers(("s1",)), "one voter at a time"),
        (ChangeMembers(("s1", "s2", "s4")), "one voter at a time"),
    ],
)
def test_4_1_a_change_that_cannot_be_is_refused_with_the_reason(change, why):
    node = ready(joint=False)
    before = node.snapshot()
    assert ask(node, change) == (Output(ChangeRefused(change, why)),)
    assert node.snapshot() == before


# One server at a time.


def test_4_1_the_new_configuration_counts_as_soon_as_it_stands_in_the_log():
    node = ready(joint=False)
    change = Configuration(FOUR)
    log = Log([Entry(1), Entry(1, change)])
    message = AppendEntries(1, 1, 1, (Entry(1, change),), 1)
    assert ask(node, AddServer("s4")) == (
        Note("changes the members to s1, s2, s3, s4"),
        stored(log),
        Send("s2", message),
        Send("s3", message),
        Send("s4", message),
    )
    assert (node.configuration, node.configuration_index, node.is_changing()) == (change, 2, True)
    hear(node, "s2", Appended(1, 2))
    assert node.commit_index == 1  # two of four are no majority
    assert outputs(hear(node, "s4", Appended(1, 2))) == [Committed(2, Entry(1, change))]
    assert not node.is_changing()


def test_4_1_a_follower_uses_it_as_well_before_it_is_committed():
    node = follower(ReconfigurableRaft)
    hear(node, "s2", AppendEntries(1, 0, 0, (Entry(1, Configuration(("s1", "s2"))),), 0))
    assert node.configuration == Configuration(("s1", "s2"))
    assert node.commit_index == 0


def test_4_1_a_configuration_that_is_cut_from_the_log_no_longer_counts():
    node = follower(ReconfigurableRaft, disk_of(1, None, Log([Entry(1)])))
    hear(node, "s2", AppendEntries(1, 1, 1, (Entry(1, Configuration(("s1", "s2"))),), 0))
    hear(node, "s3", AppendEntries(2, 1, 1, (Entry(2),), 0))
    assert (node.configuration, node.configuration_index) == (Configuration(THREE), 0)


def test_4_1_a_restart_finds_a_change_that_is_half_done():
    log = Log([Entry(1), Entry(1, Configuration(("s1", "s2")))])
    node = server(ReconfigurableRaft, disk_of(1, None, log))
    assert node.configuration == Configuration(("s1", "s2"))
    assert (node.configuration_index, node.is_changing()) == (2, True)


def test_4_1_a_server_that_is_taken_out_gets_nothing_more():
    node = ready(joint=False)
    assert [to for to, _ in sends(ask(node, RemoveServer("s3")))] == ["s2"]
    assert "s3" not in node.match_index
    assert hear(node, "s3", Appended(1, 2)) == ()


def test_4_1_a_server_that_comes_back_begins_anew():
    node = ready(joint=False)
    ask(node, RemoveServer("s3"))
    hear(node, "s2", Appended(1, 2))
    ask(node, AddServer("s3"))
    assert node.match_index["s3"] == 0


# Joint consensus.


def test_6_between_old_and_new_stands_the_joint_configuration_and_the_new_one_follows_it():
    node = ready(voters=THREE)
    change = ChangeMembers(("s1", "s4", "s5"))
    ask(node, change)
    joint = Configuration(change.voters, (), THREE)
    assert node.configuration == joint
    hear(node, "s2", Appended(1, 2))
    assert node.commit_index == 1  # the old majority alone
    effects = hear(node, "s4", Appended(1, 2))
    new = Configuration(change.voters)
    assert outputs(effects) == [Committed(2, Entry(1, joint))]
    assert stored(Log([Entry(1), Entry(1, joint), Entry(1, new)])) in effects
    assert node.configuration == new
    assert [to for to, _ in sends(effects)] == ["s4", "s5"]
    assert outputs(hear(node, "s5", Appended(1, 3))) == [Committed(3, Entry(1, new))]
    assert not node.is_changing()


def test_6_an_election_in_a_joint_configuration_needs_both_majorities():
    joint = Configuration(("s1", "s4", "s5"), (), THREE)
    node = server(ReconfigurableRaft, disk_of(1, None, Log([Entry(1, joint)])))
    fire(node, "election")
    hear(node, "s4", Vote(2, True))
    assert node.role is Role.CANDIDATE
    hear(node, "s2", Vote(2, True))
    assert node.role is Role.LEADER


def test_6_a_new_leader_ends_a_change_that_the_last_one_began():
    joint = Configuration(("s1", "s2"), (), THREE)
    node = leader(ReconfigurableRaft, disk_of(1, None, Log([Entry(1, joint)])))
    hear(node, "s2", Appended(2, 2))
    assert node.log[3] == Entry(2, Configuration(("s1", "s2")))
    assert node.configuration == Configuration(("s1", "s2"))


def test_6_a_joint_configuration_in_a_snapshot_is_ended_too():
    joint = Configuration(("s1", "s2"), (), THREE)
    disk = disk_of(1, None, Log(before_index=4), snapshot=Snapshot(4, 1, None, joint))
    node = leader(ReconfigurableRaft, disk)
    assert (node.configuration, node.is_changing()) == (joint, True)
    hear(node, "s2", Appended(2, 5))
    assert node.log[6] == Entry(2, Configuration(("s1", "s2")))


def test_6_learners_alone_change_in_one_step():
    node = ready()
    ask(node, ChangeMembers(THREE, ("s4",)))
    assert node.configuration == Configuration(THREE, ("s4",))


def test_7_a_snapshot_that_is_installed_brings_its_configuration():
    node = follower(ReconfigurableRaft)
    hear(node, "s2", InstallSnapshot(1, Snapshot(4, 1, None, Configuration(FOUR))))
    assert (node.configuration, node.configuration_index) == (Configuration(FOUR), 4)


# Learners.


def test_4_2_1_a_learner_gets_the_log_and_its_copy_does_not_count():
    node = ready()
    effects = ask(node, ChangeMembers(THREE, ("s4",)))
    assert "s4" in [to for to, _ in sends(effects)]
    assert outputs(hear(node, "s4", Appended(1, 2))) == []
    assert outputs(hear(node, "s2", Appended(1, 2))) != []


def test_4_2_1_a_learner_starts_no_election():
    node = server(ReconfigurableRaft, name="s4")
    assert fire(node, "election") == (ELECTION,)
    hear(node, "s1", AppendEntries(1, 0, 0, (Entry(1, Configuration(THREE, ("s4",))),), 1))
    assert fire(node, "election") == (ELECTION,)
    assert (node.role, node.current_term) == (Role.FOLLOWER, 1)


def test_4_2_1_a_learner_whose_configuration_is_not_committed_starts_none_either():
    node = server(ReconfigurableRaft, name="s4")
    hear(node, "s1", AppendEntries(1, 0, 0, (Entry(1, Configuration(THREE, ("s4",))),), 0))
    assert fire(node, "election") == (ELECTION,)


def test_4_1_a_learner_that_is_asked_for_its_vote_gives_it():
    """The candidate may know of a change that the learner has not heard of."""
    node = server(ReconfigurableRaft, name="s4")
    assert sends(hear(node, "s1", RequestVote(1, 0, 0))) == [("s1", Vote(1, True))]


def test_4_2_1_a_learner_becomes_a_voter():
    node = ready()
    ask(node, ChangeMembers(THREE, ("s4",)))
    hear(node, "s2", Appended(1, 2))
    ask(node, AddServer("s4"))
    assert node.configuration == Configuration(FOUR, (), THREE)


# A leader that leaves.


def test_4_2_2_a_leader_that_leaves_leads_on_without_counting_itself_and_then_steps_down():
    node = ready(joint=False)
    ask(node, RemoveServer("s1"))
    new = Configuration(("s2", "s3"))
    assert node.role is Role.LEADER
    assert outputs(hear(node, "s2", Appended(1, 2))) == []  # s1 and s2 would be a majority of the old
    effects = hear(node, "s3", Appended(1, 2))
    heartbeat = AppendEntries(1, 2, 1, (), 2)
    assert effects[:4] == (
        Output(Committed(2, Entry(1, new))),
        Note("steps down in term 1: it is no longer a voter"),
        Send("s2", heartbeat),
        Send("s3", heartbeat),
    )
    assert effects[-2:] == (NO_HEARTBEAT, ELECTION)
    assert (node.role, node.leader) == (Role.FOLLOWER, None)


def test_6_a_leader_that_leaves_steps_down_after_the_new_configuration_and_not_before():
    node = ready()
    ask(node, RemoveServer("s1"))
    hear(node, "s2", Appended(1, 2))
    hear(node, "s3", Appended(1, 2))
    assert (node.role, node.configuration) == (Role.LEADER, Configuration(("s2", "s3")))
    hear(node, "s2", Appended(1, 3))
    hear(node, "s3", Appended(1, 3))
    assert node.role is Role.FOLLOWER


def leaving(joint=False):
    """Return s1, alone with the entry that takes it out: nobody else has it, and s1 has stopped to lead."""
    before = (Configuration(("s2",), (), ("s1", "s2")),) if joint else ()
    log = Log([Entry(1), *(Entry(1, c) for c in before), Entry(1, Configuration(("s2",)))])
    return server(RaftServer, disk_of(1, None, log), voters=("s1", "s2"), joint=joint)


@pytest.mark.parametrize("joint", [True, False])
def test_4_2_2_who_leaves_still_starts_elections_until_its_leaving_is_committed(joint):
    """With the longer log it refuses s2 its vote; if it did not stand itself, nobody would ever lead."""
    node = leaving(joint)
    last = node.log.last_index
    assert not node.is_voter()
    assert [to for to, _ in sends(fire(node, "election"))] == ["s2"]
    hear(node, "s2", PreVote(1, 2, True))
    assert (node.role, node.is_quorum(node.votes)) == (Role.CANDIDATE, False)  # its own vote does not count
    hear(node, "s2", Vote(2, True))
    assert node.role is Role.LEADER
    effects = hear(node, "s2", Appended(2, last + 1))
    assert notes(effects) == ["steps down in term 2: it is no longer a voter"]
    assert fire(node, "election") == (ELECTION,)  # and now it stays out


def test_4_2_2_who_is_out_starts_no_election():
    node = follower(RaftServer)
    hear(node, "s2", AppendEntries(1, 0, 0, (Entry(1, Configuration(("s2", "s3"))),), 1))
    assert fire(node, "election") == (ELECTION,)
