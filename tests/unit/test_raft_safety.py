"""Raft, sections 5.4.2 to 5.5 and 8 of Ongaro and Ousterhout 2014: what a leader may take for committed."""

from random import Random

import pytest

from distsys.core import Log, Persist, Send
from distsys.protocols.raft import Raft
from distsys.protocols.raft_messages import (
    Appended,
    AppendEntries,
    Committed,
    Entry,
    Propose,
    RequestVote,
    Role,
    Vote,
)
from raft_nodes import FIVE, ask, candidate, disk_of, fire, hear, leader, log_of, outputs, sends, server


def test_5_4_2_a_leader_does_not_commit_an_entry_of_an_earlier_term_by_counting_its_copies():
    node = leader(disk=disk_of(2, None, log_of(1, 2)), voters=FIVE)
    for peer in FIVE[1:]:
        assert outputs(hear(node, peer, Appended(3, 2))) == []
    assert node.commit_index == 0


def test_5_4_2_an_entry_of_the_own_term_commits_the_earlier_ones_with_it():
    node = leader(disk=disk_of(2, None, log_of(1, 2)), voters=FIVE)
    hear(node, "s2", Appended(3, 3))
    effects = hear(node, "s3", Appended(3, 3))
    assert [committed.index for committed in outputs(effects)] == [1, 2, 3]


def test_5_4_2_a_leader_with_a_long_backlog_tries_only_the_places_where_a_log_ends():
    tried = []

    class Counting(Raft):
        def is_quorum(self, names):
            tried.append(names := frozenset(names))
            return super().is_quorum(names)

    node = leader(Counting, voters=FIVE)
    for number in range(200):
        hear(node, "client", Propose(number))
    assert node.log.last_index > 200
    tried.clear()
    hear(node, "s2", Appended(1, 150))
    assert node.commit_index == 0
    assert tried == [frozenset({"s1"}), frozenset({"s1", "s2"})]
    hear(node, "s3", Appended(1, 900))  # no log is longer than the leader's, whatever its follower says
    assert node.commit_index == 150


def test_5_4_2_a_leader_commits_what_a_search_over_all_indexes_would_commit():
    random = Random(3)
    for _ in range(300):
        node = leader(disk=disk_of(2, None, log_of(1, 2, 2)), voters=FIVE)
        for number in range(random.randint(0, 4)):
            hear(node, "client", Propose(number))
        for peer in FIVE[1:]:
            hear(node, peer, Appended(3, random.randint(0, 9)))
        held = [sum(end >= index for end in node.match_index.values()) for index in range(9)]
        last = node.log.last_index
        want = [i for i in range(1, last + 1) if held[i] >= 3 and node.log[i].term == 3]
        assert node.commit_index == max(want, default=0)


def test_5_4_2_figure_8_the_entry_of_term_2_may_stand_on_a_majority_and_still_be_replaced():
    s1 = candidate(disk=disk_of(3, None, log_of(1, 2)), voters=FIVE)
    for peer in ("s2", "s3"):
        hear(s1, peer, Vote(4, True))
    hear(s1, "s2", Appended(4, 2))
    hear(s1, "s3", Appended(4, 2))  # (c): the entry 2 of term 2 stands on s1, s2 and s3
    assert s1.commit_index == 0
    s5 = candidate(name="s5", disk=disk_of(4, None, log_of(1, 3)), voters=FIVE)
    question = sends(fire(s5, "election"))[0][1]
    s3 = server(name="s3", disk=disk_of(4, "s1", log_of(1, 2)), voters=FIVE)
    assert sends(hear(s3, "s5", question)) == [("s5", Vote(question.term, True))]  # (d): s5 may lead


def test_5_4_2_figure_8_once_an_entry_of_term_4_is_committed_s5_cannot_win():
    s3 = server(name="s3", disk=disk_of(4, "s1", log_of(1, 2, 4)), voters=FIVE)
    assert sends(hear(s3, "s5", RequestVote(5, 2, 3))) == [("s5", Vote(5, False))]


def test_5_4_3_an_entry_is_applied_once_and_in_order_however_often_it_comes():
    node = server()
    entries = tuple(log_of(1, 1, 1))
    applied = []
    for count, commit in [(1, 1), (3, 2), (2, 2), (3, 3), (3, 3)]:
        applied += outputs(hear(node, "s2", AppendEntries(1, 0, 0, entries[:count], commit)))
    assert applied == [Committed(index, entry) for index, entry in enumerate(entries, 1)]


def test_5_5_a_request_that_comes_twice_does_no_harm():
    node = server()
    message = AppendEntries(1, 0, 0, tuple(log_of(1)), 1)
    hear(node, "s2", message)
    before = node.snapshot()
    again = hear(node, "s2", message)
    assert node.snapshot() == before
    assert not any(isinstance(effect, Persist) for effect in again)
    assert sends(again) == [("s2", Appended(1, 1))]


def test_8_a_leader_begins_its_term_with_an_entry_that_does_nothing():
    node = leader(disk=disk_of(1, None, log_of(1)))
    assert node.log[2] == Entry(2, None)


def test_8_a_leader_knows_what_is_committed_once_that_entry_is():
    node = leader(disk=disk_of(1, None, log_of(1)))
    assert not node.has_committed_in_its_term()
    hear(node, "s2", Appended(2, 2))
    assert node.has_committed_in_its_term()


def test_figure_3_a_leader_never_changes_what_stands_in_its_log():
    node = leader(disk=disk_of(1, None, log_of(1, 1)))
    log = node.log
    for event in (Propose("x"), Propose("y")):
        ask(node, event)
        assert node.log.truncate(log.last_index) == log
        log = node.log


def test_figure_3_a_leader_that_is_deposed_may_lose_what_was_not_committed():
    node = leader()
    ask(node, Propose("x"))
    hear(node, "s3", AppendEntries(2, 0, 0, (Entry(2),), 1))
    assert (node.role, node.log, node.commit_index) == (Role.FOLLOWER, Log([Entry(2)]), 1)


@pytest.mark.parametrize("message", [AppendEntries(3, 0, 0, (Entry(3, "x"),), 0), RequestVote(3, 0, 0)])
def test_5_6_the_new_term_and_what_it_brings_are_durable_before_the_answer(message):
    effects = hear(server(), "s2", message)
    last_write = max(i for i, effect in enumerate(effects) if isinstance(effect, Persist))
    answer = next(i for i, effect in enumerate(effects) if isinstance(effect, Send))
    assert last_write < answer
