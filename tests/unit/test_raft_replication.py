"""Raft, section 5.3 of Ongaro and Ousterhout 2014, sentence by sentence: how logs become equal, and what is applied."""

import pytest

from distsys.core import Log, Note, Output, Send
from distsys.core.values import Map
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Committed,
    Entry,
    NotLeader,
    Propose,
    Refused,
    Role,
    Vote,
)
from raft_nodes import (
    ELECTION,
    FIVE,
    HEARTBEAT,
    ask,
    candidate,
    disk_of,
    fire,
    follower,
    hear,
    leader,
    log_of,
    notes,
    outputs,
    sends,
    server,
    settled_leader,
    stored,
)

X, Y = Entry(1, "x"), Entry(1, "y")


def answers(node, message):
    """Return what a follower says to its leader s2."""
    return [answer for _, answer in sends(hear(node, "s2", message))]


# The leader takes commands.


def test_5_3_a_leader_appends_a_command_and_sends_it_to_all():
    node = leader()
    log = Log([Entry(1), X])
    message = AppendEntries(1, 1, 1, (X,), 0)
    assert ask(node, Propose("x")) == (stored(log), Send("s2", message), Send("s3", message))
    assert (node.log, node.match_index["s1"], node.commit_index) == (log, 2, 0)


@pytest.mark.parametrize(
    ("make", "who"),
    [(server, None), (candidate, None), (follower, "s2")],
    ids=["lonely", "candidate", "follower"],
)
def test_8_who_does_not_lead_takes_no_command_and_names_the_leader(make, who):
    node = make()
    before = node.snapshot()
    effects = ask(node, Propose("x"))
    assert outputs(effects) == [NotLeader("x", who)]
    assert len(effects) == 1
    assert node.snapshot() == before


def test_5_3_entries_are_on_the_leaders_disk_before_they_leave_it():
    effects = ask(leader(), Propose("x"))
    assert effects.index(stored(Log([Entry(1), X]))) == 0


def test_5_3_several_commands_are_under_way_at_once():
    node = leader()
    assert sends(ask(node, Propose("x")))[0][1].prev_index == 1
    assert sends(ask(node, Propose("y")))[0][1] == AppendEntries(1, 2, 1, (Y,), 0)


# The leader commits, and says so.


def test_5_3_an_entry_is_committed_once_a_majority_holds_it():
    node = leader()
    assert hear(node, "s2", Appended(1, 1)) == (Output(Committed(1, Entry(1))),)
    assert (node.commit_index, node.last_applied) == (1, 1)


@pytest.mark.parametrize(
    ("voters", "enough"), [(("s1",), 0), (("s1", "s2"), 1), (FIVE[:3], 1), (FIVE[:4], 2), (FIVE, 2)]
)
def test_5_3_a_majority_is_more_than_half(voters, enough):
    node = leader(voters=voters)
    peers = voters[1:]
    for count, peer in enumerate(peers, 1):
        if node.commit_index == 0:
            assert count <= enough
            hear(node, peer, Appended(1, 1))
    assert node.commit_index == 1


def test_5_3_who_holds_more_than_the_others_commits_nothing_alone():
    node = leader()
    ask(node, Propose("x"))
    hear(node, "s2", Appended(1, 2))
    assert node.commit_index == 2
    ask(node, Propose("y"))
    hear(node, "s3", Appended(1, 2))
    assert node.commit_index == 2


def test_5_3_committing_an_entry_commits_all_before_it_and_applies_in_order():
    node = leader(disk=disk_of(1, None, Log([X, Y])))
    effects = hear(node, "s2", Appended(2, 3))
    assert outputs(effects) == [Committed(1, X), Committed(2, Y), Committed(3, Entry(2))]


def test_5_3_the_leader_tells_what_is_committed_in_the_next_message():
    node = settled_leader(Raft)
    assert sends(fire(node, "heartbeat"))[0][1].commit_index == 1
    assert sends(ask(node, Propose("x")))[0][1].commit_index == 1


def test_5_3_an_acknowledgement_that_comes_twice_or_late_takes_nothing_back():
    node = leader()
    ask(node, Propose("x"))
    hear(node, "s2", Appended(1, 2))
    assert hear(node, "s2", Appended(1, 2)) == hear(node, "s2", Appended(1, 1)) == ()
    assert node.match_index["s2"] == 2


def test_5_3_an_acknowledgement_of_a_stranger_does_not_count():
    node = leader()
    assert hear(node, "s9", Appended(1, 1)) == hear(node, "s9", Refused(1, 1, 0, 1)) == ()
    assert node.commit_index == 0


# The follower stores.


def test_5_3_a_follower_stores_new_entries_before_it_says_so():
    node = follower()
    log = Log([X, Y])
    assert hear(node, "s2", AppendEntries(1, 0, 0, (X, Y), 1)) == (
        ELECTION,
        stored(log),
        Output(Committed(1, X)),
        Send("s2", Appended(1, 2)),
    )
    assert (node.log, node.commit_index) == (log, 1)


def test_5_3_a_heartbeat_writes_nothing_to_the_disk():
    node = follower(disk=disk_of(1, None, Log([X])))
    assert hear(node, "s2", AppendEntries(1, 1, 1, (), 0)) == (ELECTION, Send("s2", Appended(1, 1)))


@pytest.mark.parametrize("prev", [(2, 1), (5, 1), (1, 2)], ids=["next", "far", "other term"])
def test_5_3_a_follower_refuses_entries_whose_predecessor_it_does_not_have(prev):
    node = follower(disk=disk_of(2, None, Log([X])))
    [answer] = answers(node, AppendEntries(2, *prev, (Entry(2, "z"),), 9))
    assert isinstance(answer, Refused)
    assert (node.log, node.commit_index) == (Log([X]), 0)


def test_5_3_an_entry_that_conflicts_goes_with_all_that_follow_it():
    node = follower(disk=disk_of(4, None, log_of(1, 1, 2, 2)))
    new = (Entry(4, "new"),)
    log = log_of(1, 1).append(*new)
    effects = hear(node, "s2", AppendEntries(4, 2, 1, new, 0))
    assert notes(effects) == ["cuts its log after 2"]
    assert effects[1:] == (Note("cuts its log after 2"), stored(log), Send("s2", Appended(4, 3)))


def test_5_3_entries_that_are_there_already_are_neither_cut_nor_written_again():
    node = follower(disk=disk_of(1, None, log_of(1, 1, 1)))
    short = AppendEntries(1, 0, 0, tuple(log_of(1)), 0)
    assert hear(node, "s2", short) == (ELECTION, Send("s2", Appended(1, 1)))
    assert node.log == log_of(1, 1, 1)


def test_5_3_only_what_is_missing_is_added():
    node = follower(disk=disk_of(1, None, log_of(1, 1)))
    hear(node, "s2", AppendEntries(1, 0, 0, tuple(log_of(1, 1, 1)), 0))
    assert node.log == log_of(1, 1, 1)


def test_5_3_a_follower_acknowledges_what_equals_the_leaders_log_and_not_its_own_tail():
    node = follower(disk=disk_of(4, None, log_of(1, 1, 2, 2)))
    assert answers(node, AppendEntries(4, 2, 1, (), 0)) == [Appended(4, 2)]


@pytest.mark.parametrize(("leader_commit", "commit"), [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_5_3_a_follower_commits_up_to_the_last_entry_that_it_knows_to_be_the_leaders(leader_commit, commit):
    node = follower(disk=disk_of(4, None, log_of(1, 1, 2, 2)))
    effects = hear(node, "s2", AppendEntries(4, 2, 1, (), leader_commit))
    assert (node.commit_index, node.last_applied) == (commit, commit)
    assert [c.index for c in outputs(effects)] == list(range(1, commit + 1))


def test_5_3_a_commit_index_never_goes_back():
    node = follower(disk=disk_of(1, None, log_of(1, 1)))
    hear(node, "s2", AppendEntries(1, 2, 1, (), 2))
    assert outputs(hear(node, "s2", AppendEntries(1, 2, 1, (), 1))) == []
    assert node.commit_index == 2


def test_5_3_a_follower_learns_who_leads():
    node = server()
    hear(node, "s3", AppendEntries(1, 0, 0, (), 0))
    assert (node.leader, node.current_term, node.voted_for) == ("s3", 1, None)


# The leader steps back.


@pytest.mark.parametrize(
    ("mine", "prev", "says"),
    [
        ((1,), (4, 4), (0, 2)),  # too short: the first index that it lacks
        ((), (4, 4), (0, 1)),
        ((1, 2, 2, 2), (4, 4), (2, 2)),  # the term that stands there, and where it begins
        ((2, 2), (2, 4), (2, 1)),
        ((1, 1, 3), (3, 2), (3, 3)),
    ],
)
def test_5_3_a_refusal_names_the_conflicting_term_and_its_first_index(mine, prev, says):
    node = follower(disk=disk_of(4, None, log_of(*mine)))
    assert answers(node, AppendEntries(4, *prev, (), 0)) == [Refused(4, prev[0], *says)]


@pytest.mark.parametrize(
    ("refused", "retry"),
    [
        (Refused(7, 5, 0, 2), 2),  # its log ends before 2
        (Refused(7, 5, 4, 4), 4),  # term 4 is in the leader's log up to 3: begin after it
        (Refused(7, 5, 3, 2), 2),  # term 3 is not: begin where it begins
        (Refused(7, 5, 0, 9), 6),  # never ahead of where it was
    ],
)
def test_5_3_the_leader_steps_back_over_a_whole_term_at_a_time(refused, retry):
    node = candidate(disk=disk_of(6, None, log_of(1, 4, 4, 5, 6)))
    hear(node, "s2", Vote(7, True))
    node.next_index = node.next_index.set("s3", 6)
    [(to, message)] = sends(hear(node, "s3", refused))
    assert (to, message.prev_index) == ("s3", retry - 1)
    assert message.entries == node.log.slice(message.prev_index + 1, 6)


def test_5_3_after_a_refusal_the_leader_sends_all_that_is_missing():
    node = leader(disk=disk_of(1, None, log_of(1, 1)))
    [(_, message)] = sends(hear(node, "s2", Refused(2, 2, 0, 1)))
    assert message == AppendEntries(2, 0, 0, (*log_of(1, 1), Entry(2)), 0)
    assert node.next_index["s2"] == 4


@pytest.mark.parametrize("prev_index", [0, 1, 3])
def test_5_3_a_refusal_older_than_an_acknowledgement_is_ignored(prev_index):
    node = leader(disk=disk_of(1, None, log_of(1, 1)))
    hear(node, "s2", Appended(2, 3))
    before = node.snapshot()
    assert hear(node, "s2", Refused(2, prev_index, 0, 1)) == ()
    assert node.snapshot() == before


def test_5_3_a_refusal_never_takes_back_what_was_acknowledged():
    node = leader(disk=disk_of(1, None, log_of(1, 1)))
    hear(node, "s2", Appended(2, 2))
    [(_, message)] = sends(hear(node, "s2", Refused(2, 3, 0, 1)))
    assert message.prev_index == 2


def test_5_3_logs_that_differ_in_every_way_become_the_leaders():
    """The followers of figure 7 of the paper, each brought into line by nothing but messages."""
    figure_7 = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
    for mine in (
        figure_7[:9],
        figure_7[:4],
        (*figure_7, 6),
        (*figure_7, 7, 7),
        (1, 1, 1, 4, 4, 4, 4),
        (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
    ):
        lead = leader(disk=disk_of(7, None, log_of(*figure_7)))
        other = follower(name="s2", of="s1", disk=disk_of(7, None, log_of(*mine)))
        under_way = [("s2", message) for to, message in sends(fire(lead, "heartbeat")) if to == "s2"]
        for _ in range(20):
            if not under_way:
                break
            to, message = under_way.pop(0)
            node, sender = (other, "s1") if to == "s2" else (lead, "s2")
            under_way += [sent for sent in sends(hear(node, sender, message)) if sent[0] in ("s1", "s2")]
        assert other.log == lead.log == log_of(*figure_7).append(Entry(8)), mine
        assert lead.match_index["s2"] == 11


def test_a_batch_bounds_a_message_and_the_rest_follows_each_acknowledgement():
    node = leader(disk=disk_of(1, None, log_of(1, 1, 1)), batch=2)
    [(_, first)] = sends(hear(node, "s2", Refused(2, 3, 0, 1)))
    assert (first.prev_index, len(first.entries)) == (0, 2)
    [(_, second)] = sends(hear(node, "s2", Appended(2, 2)))
    assert (second.prev_index, len(second.entries)) == (2, 2)
    assert sends(hear(node, "s2", Appended(2, 4))) == []


def test_5_3_a_heartbeat_finds_out_what_was_lost():
    node = leader()
    ask(node, Propose("x"))  # lost on its way to s2
    heartbeat = sends(fire(node, "heartbeat"))[0][1]
    assert heartbeat == AppendEntries(1, 2, 1, (), 0)
    other = follower(name="s2", of="s1")
    [(_, refused)] = sends(hear(other, "s1", heartbeat))
    [(_, again)] = sends(hear(node, "s2", refused))
    assert again.entries == (Entry(1), X)


def test_one_server_alone_leads_and_commits_at_once():
    node = server(voters=("s1",))
    effects = fire(node, "election")
    assert node.role is Role.LEADER
    assert outputs(effects) == [Committed(1, Entry(1))]
    assert effects[-1] == HEARTBEAT
    assert ask(node, Propose("x")) == (
        stored(Log([Entry(1), X])),
        Output(Committed(2, X)),
    )
    assert sends(fire(node, "heartbeat")) == []
    assert node.match_index == Map({"s1": 2})
