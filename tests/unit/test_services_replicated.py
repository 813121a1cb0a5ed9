"""A replica of the store: what it does with calls, how it answers, and what a snapshot brings."""

import pytest

from distsys.core import Deliver, Inner, SetTimer, Start, Timeout
from distsys.core.values import EMPTY, Map
from distsys.protocols.raft_membership import AddServer
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, Role, Vote
from distsys.protocols.raft_reads import Confirm, Confirmed
from distsys.protocols.raft_snapshots import InstallSnapshot, Snapshot
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.raft_transfer import TransferLeadership
from distsys.services.kv import Append, Call, Get, Put, Session, Store
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicated import Redirect, Reply
from raft_nodes import THREE, sends

PUT = Call("ann.1", 1, Put("x", "a"))
GET = Call("ann.1", 2, Get("x"))


def replica(disk=EMPTY, **settings):
    node = ReplicatedStore("s1", disk, voters=THREE, **settings)
    node.handle(Start(0))
    return node


def raft(node, sender, message):
    """Return the effects of a message of another replica's Raft server."""
    return node.handle(Deliver(sender, Inner("raft", message), 0))


def leading(**settings):
    """Return a replica that leads and has committed its first entry."""
    node = replica(**settings)
    node.handle(Timeout("raft/election", 0))
    raft(node, "s2", PreVote(0, 1, True))
    raft(node, "s2", Vote(1, True))
    raft(node, "s2", Appended(1, 1))
    assert (node.raft.role, node.raft.commit_index) == (Role.LEADER, 1)
    return node


def call(node, message, client="c1"):
    return node.handle(Deliver(client, message, 0))


def to_client(effects, client="c1"):
    return [message for to, message in sends(effects) if to == client]


def test_a_command_is_answered_once_it_is_committed_and_not_before():
    node = leading()
    assert to_client(call(node, PUT)) == []
    assert node.state == Store()
    assert to_client(raft(node, "s2", Appended(1, 2))) == [Reply("ann.1", 1, None)]
    assert node.state.data == Map({"x": "a"})


@pytest.mark.parametrize("command", ["junk", Append("x", 5)], ids=repr)
def test_nonsense_is_refused_before_it_enters_the_log_and_stops_nobody_who_finds_it_there(command):
    node = leading()
    length = node.raft.log.last_index
    assert to_client(call(node, Call("ann.1", 1, command))) == [Reply("ann.1", 1, False)]
    assert node.raft.log.last_index == length
    raft(follower := replica(), "s2", AppendEntries(1, 0, 0, (Entry(1, Call("ann.1", 1, command)),), 1))
    assert follower.raft.last_applied == 1
    assert follower.state.data == EMPTY


def test_a_call_that_is_asked_twice_is_done_once_and_answered_twice():
    node = leading()
    twice = Call("ann.1", 1, Append("x", "a"))
    call(node, twice)
    call(node, twice)
    assert to_client(raft(node, "s2", Appended(1, 3))) == [Reply("ann.1", 1, None)] * 2
    assert node.state.data["x"] == "a"


def test_who_does_not_lead_says_who_does():
    node = replica()
    assert to_client(call(node, PUT)) == [Redirect("ann.1", 1, None)]
    raft(node, "s2", AppendEntries(1, 0, 0, (), 0))
    assert to_client(call(node, PUT)) == [Redirect("ann.1", 1, "s2")]


def test_a_leader_that_hands_over_names_its_successor():
    node = leading()
    call(node, TransferLeadership("s2"), client="client")
    assert to_client(call(node, PUT)) == [Redirect("ann.1", 1, "s2")]


def test_a_follower_applies_and_answers_nobody():
    node = replica()
    effects = raft(node, "s2", AppendEntries(1, 0, 0, (Entry(1, PUT),), 1))
    assert node.state.data["x"] == "a"
    assert [to for to, _ in sends(effects)] == ["s2"]


def test_a_server_that_took_a_call_and_was_deposed_still_answers_when_it_is_committed():
    node = leading()
    call(node, PUT)
    effects = raft(node, "s2", AppendEntries(2, 2, 1, (Entry(2),), 3))
    assert to_client(effects) == [Reply("ann.1", 1, None)]
    assert node.state.data["x"] == "a"


def test_operators_are_heard():
    node = leading()
    call(node, AddServer("s4"), client="client")
    assert "s4" in node.raft.configuration.voters


# Reads.


def test_a_read_by_the_log_is_an_entry():
    node = leading(reads="log")
    call(node, GET)
    assert node.raft.log[2] == Entry(1, GET)
    assert to_client(raft(node, "s2", Appended(1, 2))) == [Reply("ann.1", 2, None)]


def test_a_read_by_index_waits_for_a_majority_and_writes_nothing():
    node = leading(reads="index")
    call(node, PUT)
    raft(node, "s2", Appended(1, 2))
    effects = call(node, GET)
    assert [message for _, message in sends(effects)] == [Inner("raft", Confirm(1, 1))] * 2
    assert to_client(raft(node, "s2", Confirmed(1, 1))) == [Reply("ann.1", 2, "a")]
    assert node.raft.log.last_index == 2


def test_a_read_by_index_sees_all_that_was_acknowledged_before_it_began():
    node = leading(reads="index")
    call(node, PUT)
    call(node, GET)
    raft(node, "s2", Appended(1, 2))
    assert to_client(raft(node, "s3", Confirmed(1, 1))) == [Reply("ann.1", 2, "a")]


def test_a_read_by_lease_is_answered_at_once_while_the_lease_lasts():
    node = leading(reads="lease")
    node.handle(Timeout("raft/heartbeat", 50_000))
    raft(node, "s2", Confirmed(1, 1))
    assert to_client(call(node, GET)) == [Reply("ann.1", 2, None)]


def test_a_read_that_waits_when_the_leader_is_deposed_is_sent_elsewhere():
    node = leading(reads="index")
    call(node, GET)
    effects = raft(node, "s2", AppendEntries(2, 0, 0, (), 0))
    assert to_client(effects) == [Redirect("ann.1", 2, None)]


def test_a_write_goes_through_the_log_whatever_reads_do():
    for reads in ("log", "index", "lease"):
        node = leading(reads=reads)
        call(node, PUT)
        assert node.raft.log[2].command == PUT


# Snapshots.


def test_a_snapshot_is_taken_when_enough_has_been_applied():
    node = leading(snapshot_every=2)
    assert node.handle(Timeout("compact", 0)) == ()
    call(node, PUT)
    assert SetTimer("compact", 0, 0) in raft(node, "s2", Appended(1, 2))
    node.handle(Timeout("compact", 0))
    assert node.raft.last_snapshot.last_index == 2
    assert node.raft.last_snapshot.state == Store(Map({"x": "a"}), Map({"ann.1": Session(1, None)}))


def test_without_the_option_no_snapshot_is_taken():
    node = leading()
    call(node, PUT)
    assert SetTimer("compact", 0, 0) not in raft(node, "s2", Appended(1, 2))


def test_sessions_are_in_the_snapshot_so_that_a_restart_knows_what_was_done():
    node = leading(snapshot_every=1)
    call(node, Call("ann.1", 1, Append("x", "a")))
    raft(node, "s2", Appended(1, 2))
    node.handle(Timeout("compact", 0))
    server = node.raft
    disk = Map({"raft/current_term": 1, "raft/snapshot": server.last_snapshot, "raft/log": server.log})
    again = replica(disk)
    assert again.state == node.state
    raft(again, "s2", AppendEntries(2, 2, 1, (Entry(2, Call("ann.1", 1, Append("x", "a"))),), 3))
    assert again.state.data["x"] == "a"


def test_a_snapshot_of_the_leader_replaces_the_state():
    node = replica()
    state = Store(Map({"x": "z"}), EMPTY)
    raft(node, "s2", InstallSnapshot(1, Snapshot(5, 1, state)))
    assert (node.state, node.raft.last_applied) == (state, 5)


@pytest.mark.parametrize("command", [None, "configuration"])
def test_entries_that_are_no_calls_change_no_state(command):
    node = replica()
    raft(node, "s2", AppendEntries(1, 0, 0, (Entry(1, command),), 1))
    assert (node.state, node.raft.last_applied) == (Store(), 1)
