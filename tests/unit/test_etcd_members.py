"""A member: proposals and their way to the leader, reads, the disk, leases that run out."""

import pytest

from distsys import simulate
from distsys.core import Deliver, Persist, Send, Start, Timeout
from distsys.core.errors import ArgumentError
from distsys.core.laws import law_with_memory
from distsys.core.node import Inner
from distsys.core.units import MS, S
from distsys.core.values import Map
from distsys.protocols.raft_messages import Appended, AppendEntries, Entry, Vote
from distsys.protocols.raft_reads import Announce
from distsys.protocols.raft_stability import PreVote
from distsys.protocols.replication import Propose, Restored, Snapshot
from distsys.services.etcd import mvcc
from distsys.services.etcd.api import (
    CompactionRequest,
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRangeRequest,
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    LeaseKeepAliveResponse,
    LeaseLeasesRequest,
    LeaseRevokeRequest,
    LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
    PutRequest,
    RangeRequest,
    TxnRequest,
    WatchCreateRequest,
)
from distsys.services.etcd.applier import recovered
from distsys.services.etcd.errors import EMPTY_KEY, NO_LEADER, TIMED_OUT
from distsys.services.etcd.maintenance import HashKVRequest, MemberListRequest, StatusRequest
from distsys.services.etcd.member import failed
from distsys.services.etcd.messages import Answer, Ask, Forward, NotSent, Proposal, ReadIndex
from distsys.services.etcd.streams import EtcdServer
from distsys.services.etcd.truth import acting
from distsys.services.kv import Call
from etcd_nodes import Alone, replies, responses, timers

THREE = ("n1", "n2", "n3")


def disk_of(effects):
    """Return what the effects have left on an empty disk."""
    disk = {}
    for effect in effects:
        if isinstance(effect, Persist):
            disk.update(effect.changes)
    return Map(disk)


def follower(leader=None):
    """Return a member of three that follows, and hears of a leader where one is named."""
    node = EtcdServer("n2", voters=THREE)
    node.handle(Start(7))
    if leader:
        node.handle(Deliver(leader, Inner("raft", AppendEntries(1, 0, 0, (), 0))))
    return node


def sends(effects, kind):
    return [(e.to, e.message) for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]


# Writes.


def test_a_write_is_answered_by_the_member_that_was_asked_when_it_is_applied():
    assert Alone().ask(PutRequest(b"a", b"1")).header_revision == 2


def test_a_follower_sends_a_proposal_on_to_the_leader_which_proposes_it_as_it_is():
    node = follower("n1")
    effects = node.handle(Deliver("c", Call("c", 1, PutRequest(b"a"))))
    ((to, forward),) = sends(effects, Forward)
    assert to == "n1"
    alone = Alone()
    assert replies(alone.handle(Deliver("n2", forward))) == []
    assert mvcc.get(alone.node.state.store, b"a") is not None


def test_a_member_that_knows_no_leader_says_so_and_nothing_was_done():
    node = follower()
    for request in (PutRequest(b"a"), RangeRequest(b"a"), LeaseKeepAliveRequest(5)):
        (answer,) = replies(node.handle(Deliver("c", Call("c", 1, request))))
        assert answer == NO_LEADER
        assert failed(answer)


def test_what_makes_no_sense_is_refused_before_it_enters_the_log():
    alone = Alone()
    entries = alone.node.raft.log.last_index
    assert alone.ask(PutRequest(b"")) == EMPTY_KEY
    assert alone.ask("nonsense").code == "UNIMPLEMENTED"
    assert alone.node.raft.log.last_index == entries


def test_an_entry_that_is_no_proposal_changes_nothing_but_the_applied_index():
    alone = Alone()
    before = alone.node.state
    alone.handle(Deliver("x", Propose("nonsense")))
    alone.handle(Deliver("x", Propose(Proposal("n9", 1, "nonsense"))))
    assert alone.node.state == before
    assert alone.node.applied == alone.node.raft.last_applied == 3


def test_a_request_that_waits_for_more_than_a_period_is_given_up_and_nobody_knows():
    node = follower("n1")
    node.handle(Deliver("c", Call("c", 1, PutRequest(b"a"))))
    assert replies(node.handle(Timeout("period"))) == []
    assert replies(node.handle(Timeout("period"))) == [TIMED_OUT]
    assert not failed(TIMED_OUT)
    assert not node.pending


def test_a_compare_stays_in_the_proposal_and_is_evaluated_when_the_entry_is_applied():
    unchanged = Compare(CompareResult.EQUAL, CompareTarget.MOD, b"a", 0)
    request = TxnRequest((unchanged,), (PutRequest(b"a", b"2"),))
    ((_, forward),) = sends(follower("n1").handle(Deliver("c", Call("c", 1, request))), Forward)
    assert forward.proposal.request == request
    alone = Alone()
    assert alone.ask(request).succeeded
    assert not alone.ask(request).succeeded


# Reads.


def test_a_read_waits_until_its_member_has_applied_what_was_committed_when_it_began():
    node = follower("n1")
    ((to, ask),) = sends(node.handle(Deliver("c", Call("c", 1, RangeRequest(b"a")))), Ask)
    assert (to, ask.request) == ("n1", ReadIndex())
    assert replies(node.handle(Deliver("n1", Answer(ask.number, 2)))) == []
    entries = (Entry(1), Entry(1, Proposal("n1", 1, PutRequest(b"a", b"1"))))
    effects = node.handle(Deliver("n1", Inner("raft", AppendEntries(1, 0, 0, entries, 2))))
    assert [kv.value for kv in replies(effects)[0].kvs] == [b"1"]


def test_a_serializable_read_is_answered_at_once_from_what_is_there():
    (answer,) = replies(follower().handle(Deliver("c", Call("c", 1, RangeRequest(b"a", serializable=True)))))
    assert answer.count == 0


def test_a_leader_answers_another_member_only_when_it_leads():
    alone = Alone()
    effects = alone.handle(Deliver("n2", Ask(77, ReadIndex())))
    assert sends(effects, Answer) == [("n2", Answer(77, alone.node.raft.commit_index))]
    effects = follower("n1").handle(Deliver("n3", Ask(78, ReadIndex())))
    assert sends(effects, Answer) == [("n3", Answer(78, NO_LEADER))]


def test_an_answer_that_nobody_waits_for_is_passed_over():
    assert replies(follower("n1").handle(Deliver("n1", Answer(5, 1)))) == []


# What a member answers for itself.


def test_status_members_and_hash_are_answered_by_each_member():
    alone = Alone()
    alone.ask(PutRequest(b"a", b"1"))
    status = alone.ask(StatusRequest())
    assert (status.header_revision, status.leader, status.raft_applied_index) == (2, "n1", 2)
    assert [member.name for member in alone.ask(MemberListRequest()).members] == ["n1"]
    found = alone.ask(HashKVRequest())
    assert found.hash == mvcc.hash_kv(alone.node.state.store)
    assert alone.ask(HashKVRequest(9)).code == "OUT_OF_RANGE"


def test_a_member_that_knows_no_leader_says_so_in_its_status():
    node = follower()
    (status,) = replies(node.handle(Deliver("c", Call("c", 1, StatusRequest()))))
    assert (status.leader, status.errors) == (None, (NO_LEADER.message,))
    (status,) = replies(follower("n1").handle(Deliver("c", Call("c", 1, StatusRequest()))))
    assert (status.leader, status.errors) == ("n1", ())


def test_the_index_in_a_status_is_the_last_that_is_committed_as_far_as_this_member_knows():
    node = follower("n1")
    entries = (Entry(1, None), Entry(1, None))
    node.handle(Deliver("n1", Inner("raft", AppendEntries(1, 0, 0, entries, 1))))
    (status,) = replies(node.handle(Deliver("c", Call("c", 1, StatusRequest()))))
    assert (status.raft_term, status.raft_index, status.raft_applied_index) == (1, 1, 1)
    assert node.protocol.log.last_index == 2


@law_with_memory("hashes agree", "Two members that have applied the same entries have one hash.", start=Map())
def hashes_agree(memory, world):
    member = acting(world)
    if member is None:
        return memory, None
    found = mvcc.hash_kv(member.state.store)
    known = memory.get(member.applied, found)
    return memory.set(member.applied, known), None if known == found else f"{member.name} has another hash"


def test_the_hash_is_equal_on_all_members_and_differs_where_one_lacks_an_entry():
    """Members whose trees have other shapes too: after a restart, a snapshot, a compaction."""
    for seed in range(12):
        assert simulate("raft-etcd", seed, laws=[hashes_agree]).violation is None
    broken = (simulate("raft-etcd", seed, mutant="ETCD-03", laws=[hashes_agree]) for seed in range(200))
    assert any(trace.violation for trace in broken)


# The disk.


def test_what_was_applied_and_its_index_are_one_record_and_a_restart_applies_nothing_twice():
    alone = Alone()
    for value in (b"1", b"2"):
        alone.ask(PutRequest(b"a", value))
    assert timers(alone.effects)["backend"] == 100 * MS
    written = [e for e in alone.handle(Timeout("backend")) if isinstance(e, Persist)]
    assert set(written[0].changes) == {"applied", "backend", "compacted", "granted", "alarms", "parts"}
    again = EtcdServer("n1", disk_of(alone.effects), voters=("n1",))
    assert again.state == alone.node.state
    again.handle(Start(8))
    again.handle(Timeout("raft/election"))
    assert again.state.store == alone.node.state.store
    assert again.applied == alone.node.applied + 1  # the empty entry of its new term


def test_what_is_new_is_written_beside_the_backend_and_all_of_it_after_a_compaction():
    alone = Alone()
    written = []
    for number in range(80):
        alone.ask(PutRequest(b"k%d" % (number % 5), b"%d" % number))
        if number == 50:
            alone.ask(CompactionRequest(40))
        (effect,) = [e for e in alone.handle(Timeout("backend")) if isinstance(e, Persist)]
        written.append("backend" in effect.changes)
        assert recovered(disk_of(alone.effects)) == alone.node.state
    assert [number for number, whole in enumerate(written) if whole] == [0, 33, 50]


def test_what_was_not_written_is_applied_again():
    alone = Alone()
    alone.ask(PutRequest(b"a", b"1"))
    alone.handle(Timeout("backend"))
    alone.ask(DeleteRangeRequest(b"a"))
    again = EtcdServer("n1", disk_of(alone.effects), voters=("n1",))
    assert again.state.store.revision == 2
    again.handle(Start(8))
    again.handle(Timeout("raft/election"))
    assert again.state == alone.node.state


def test_a_compaction_of_an_operator_is_proposed_and_nobody_is_answered():
    alone = Alone()
    for value in (b"1", b"2"):
        alone.ask(PutRequest(b"a", value))
    assert replies(alone.handle(Deliver("operator", CompactionRequest(3)))) == []
    assert alone.node.state.store.compacted == 3


def test_a_snapshot_takes_the_place_of_the_log_only_as_far_as_this_life_has_applied():
    alone = Alone(snapshot_every=2)
    for value in (b"1", b"2", b"3"):
        alone.ask(PutRequest(b"a", value))
    alone.handle(Timeout("backend"))
    assert alone.node.raft.last_snapshot.last_index == alone.node.applied == 4


def test_a_snapshot_that_is_older_than_the_data_is_passed_over_and_watches_go_on_after_a_newer_one():
    alone = Alone(window=9)
    alone.ask(PutRequest(b"a", b"1"))
    alone.say(WatchCreateRequest(b"a", start_revision=2))
    ahead = Alone()
    for value in (b"1", b"2", b"3"):
        ahead.ask(PutRequest(b"a", value))
    alone.node.on_restored(1, ahead.node.state)
    assert alone.node.state.store.revision == 2
    alone.node._turn.effects = effects = []
    alone.node.on_output("raft", Restored(Snapshot(9, 1, ahead.node.state)))
    (response,) = responses(effects)
    assert [event.kv.mod_revision for event in response.events] == [3, 4]


# Leases.


def leased(ttl=5):
    alone = Alone()
    granted = alone.ask(LeaseGrantRequest(ttl))
    alone.ask(PutRequest(b"a", b"", granted.id))
    return alone, granted.id


def test_a_server_chooses_an_id_of_63_bits_and_keeps_one_that_was_chosen():
    alone, id = leased()
    assert 0 < id < 2**63
    assert alone.ask(LeaseGrantRequest(5, 42)).id == 42
    assert alone.ask(LeaseLeasesRequest()).leases == (42, id)


def test_the_leader_revokes_a_lease_that_has_run_out():
    alone, id = leased()
    assert timers(alone.effects)[f"lease {id}"] == 5 * S
    alone.now = 5 * S
    alone.handle(Timeout(f"lease {id}", alone.now))
    assert alone.ask(LeaseLeasesRequest()).leases == ()
    assert mvcc.get(alone.node.state.store, b"a") is None


def test_a_lease_that_was_kept_alive_has_its_full_time_again():
    alone, id = leased()
    alone.now = 4 * S
    assert alone.ask(LeaseTimeToLiveRequest(id, keys=True)) == LeaseTimeToLiveResponse(2, id, 1, 5, (b"a",))
    assert alone.ask(LeaseKeepAliveRequest(id)) == LeaseKeepAliveResponse(2, id, 5)
    alone.now = 5 * S
    alone.handle(Timeout(f"lease {id}", alone.now))  # a timer that fires early is set again
    assert alone.ask(LeaseLeasesRequest()).leases == (id,)
    assert timers(alone.effects)[f"lease {id}"] == 4 * S


def test_a_lease_that_is_not_there_has_no_time():
    alone = Alone()
    assert alone.ask(LeaseKeepAliveRequest(9)) == LeaseKeepAliveResponse(1, 9, 0)
    assert alone.ask(LeaseTimeToLiveRequest(9)) == LeaseTimeToLiveResponse(1, 9, -1)


def test_a_new_leader_gives_every_lease_its_full_time():
    alone, id = leased()
    alone.handle(Timeout("backend"))
    again = EtcdServer("n1", disk_of(alone.effects), voters=("n1",))
    again.handle(Start(8, 100 * S))
    assert not again.is_primary()
    effects = again.handle(Timeout("raft/election", 100 * S))
    assert again.is_primary()
    assert timers(effects)[f"lease {id}"] == 5 * S
    assert again.ends[id] == 105 * S


def test_a_member_that_does_not_lead_revokes_nothing_and_sends_no_revocation_on():
    node = follower("n1")
    assert node.handle(Timeout("lease 5", 9 * S)) == ()
    node.primary_term = 1
    node._turn.effects = effects = []
    node.on_not_leader(Proposal("n2", 5, LeaseRevokeRequest(5, expired=True)), "n1")
    assert effects == []


def test_while_a_revocation_is_under_way_nobody_hears_that_the_lease_lives():
    alone, id = leased()
    alone.node.expiring |= {id}
    assert alone.ask(LeaseKeepAliveRequest(id)) == NO_LEADER


@pytest.mark.parametrize(
    "setting", ["window", "revisions_max", "fragment_bytes", "progress_ms", "request_ms", "quota_bytes"]
)
def test_a_setting_must_be_a_number_that_makes_sense(setting):
    with pytest.raises(ArgumentError, match=setting):
        Alone(**{setting: 0})


@pytest.mark.parametrize("request_", [PutRequest(b"a"), RangeRequest(b"a")])
def test_what_has_not_left_for_the_leader_has_not_happened_and_is_answered_at_once(request_):
    node = EtcdServer("n1", voters=("n1", "n2", "n3"))
    node.handle(Start(0))
    node.handle(Deliver("n2", Inner("raft", AppendEntries(1, 0, 0, (), 0))))
    effects = node.handle(Deliver("c", Call("c", 1, request_)))
    (sent,) = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, (Forward, Ask))]
    assert replies(effects) == []
    assert replies(node.handle(Deliver("desk", NotSent(sent)))) == [NO_LEADER]
    assert replies(node.handle(Deliver("desk", NotSent(sent)))) == []
    assert (len(node.pending), len(node.reads)) == (0, 0)


def test_a_member_that_leads_announces_when_its_driver_says_so():
    node = EtcdServer("n1", voters=("n1", "n2", "n3"))
    node.handle(Start(0))
    node.handle(Timeout("raft/election"))
    node.handle(Deliver("n2", Inner("raft", PreVote(0, 1, True))))
    node.handle(Deliver("n2", Inner("raft", Vote(1, True))))
    node.handle(Deliver("n2", Inner("raft", Appended(1, 1))))
    said = [e.message.message for e in node.handle(Deliver("desk", Announce())) if isinstance(e, Send)]
    assert [(type(message), message.commit_index) for message in said] == [(AppendEntries, 1)] * 2
