"""The master of a cell: sessions, fail-over, caches, locks that wait. Sections are those of Burrows 2006."""

from dataclasses import replace

from chubby_nodes import HOLD, LEASE, OneReplica
from distsys import MS
from distsys.core import Send
from distsys.core.node import Inner
from distsys.protocols.multipaxos_leases import Leads
from distsys.protocols.multipaxos_messages import InstallSnapshot
from distsys.protocols.replication import Role, Snapshot
from distsys.services.chubby import calls
from distsys.services.chubby.calls import Acquire, Acquired, SetContents
from distsys.services.chubby.talk import (
    Answer,
    Ask,
    Elsewhere,
    FailOver,
    Invalidate,
    KeepAlive,
    KeptAlive,
    Modified,
    OtherEpoch,
    Over,
)


def master(**settings):
    return OneReplica(**settings).become_master()


def only(messages, kind):
    (message,) = (message for message in messages if isinstance(message, kind))
    return message


def with_a_file(*clients):
    """Return a master with sessions, and a handle of /x for each."""
    cell = master()
    sessions = [cell.begin(client) for client in clients]
    return cell, sessions, [cell.open(session, "/x", contents="old") for session in sessions]


# Who is the master.


def test_2_1_a_replica_that_does_not_lead_says_who_does_and_does_nothing():
    replica = OneReplica()
    replica.deliver("c1", Ask("c1.1", 0, 1, calls.BeginSession("c1", 1)))
    replica.deliver("c1", KeepAlive("c1.1", 0, 1, 0))
    assert replica.sent() == [Elsewhere("c1.1", None)] * 2


def test_2_1_a_master_whose_lease_is_over_says_nothing_until_it_has_a_new_one():
    cell, (session,), (handle,) = with_a_file("c1")
    cell.at(800)  # the lease was asked for at 400 and is 400 long
    assert cell.ask(session, calls.GetContentsAndStat(handle)) == []
    assert cell.keep_alive(session, 1) == []
    cell.tick(810)
    assert cell.result(session, calls.GetContentsAndStat(handle)).contents == "old"


def test_2_9_a_master_begins_an_epoch_and_refuses_calls_of_an_earlier_one():
    cell, (session,), (handle,) = with_a_file("c1")
    assert cell.ask(session, calls.GetContentsAndStat(handle), epoch=0) == [OtherEpoch(session, 1)]
    assert cell.keep_alive(session, 1, epoch=0) == [OtherEpoch(session, 1)]


def test_2_9_an_old_claim_of_its_own_does_not_begin_an_epoch():
    cell = master()
    epoch, ballot = cell.node.serves, cell.node.paxos.ballot
    old = Leads("n1", replace(ballot, round=ballot.round - 1))
    assert not cell.node.is_own(old)
    assert cell.node.is_own(Leads("n1", ballot))
    cell.node.paxos.role = Role.FOLLOWER
    assert not cell.node.is_own(Leads("n1", ballot))
    assert cell.node.serves == epoch


# Sessions.


def test_2_8_a_keep_alive_waits_until_a_part_of_the_lease_is_over_and_then_begins_a_new_lease():
    cell = master()
    session = cell.begin("c1")
    began = cell.now
    cell.tick(450)
    assert cell.keep_alive(session, 1) == []
    cell.tick(600)
    assert cell.sent(KeptAlive) == []
    cell.tick(began // MS + HOLD)
    answer = only(cell.sent(), KeptAlive)
    assert (answer.number, answer.lease, answer.events) == (1, LEASE * MS, ())
    assert answer.held == cell.now - 450 * MS
    assert cell.node.leases[session] == cell.now + LEASE * MS


def test_2_8_a_session_whose_lease_is_over_is_ended_and_its_client_is_told():
    cell = master()
    session = cell.begin("c1")
    for now in (700, 1_000, 1_300):
        cell.tick(now)
    assert session in cell.node.state.sessions
    cell.tick(1_400)
    assert session not in cell.node.state.sessions
    assert cell.keep_alive(session, 1) == [Over(session)]
    assert cell.ask(session, calls.ReadDir(1)) == [Over(session)]


def test_2_8_each_keep_alive_that_is_answered_lets_the_session_live_on():
    cell = master()
    session = cell.begin("c1")
    for number, now in enumerate(range(500, 6_000, 250), 1):
        cell.tick(now)
        cell.keep_alive(session, number)
    assert session in cell.node.state.sessions
    assert cell.node.leases[session] > 6_000 * MS


def test_a_keep_alive_is_not_answered_once_the_end_of_its_session_is_under_way():
    cell = master()
    session = cell.begin("c1")
    cell.node.ending = frozenset({session})
    cell.at(700)
    cell.tick(700)
    assert cell.keep_alive(session, 1) == []
    cell.taken(Send)
    cell.deliver("c1", Ask(session, 0, 7, calls.BeginSession("c1", 1)))
    assert cell.sent(Answer) == []


def test_an_old_keep_alive_that_comes_late_does_not_take_the_place_of_a_newer_one():
    cell = master()
    session = cell.begin("c1")
    cell.keep_alive(session, 5)
    cell.keep_alive(session, 4)
    cell.tick(700)
    assert only(cell.sent(), KeptAlive).number == 5


# Fail-over.


def after_a_fail_over(cell):
    """Return the same replica after a crash, when it is the master of the next epoch, 2 s later."""
    new = OneReplica(disk=disk_of(cell))
    new.sequences = cell.sequences
    new.become_master(3_000)
    return new


def disk_of(cell):
    """Return what the replica has made durable: a test keeps it by hand."""
    from distsys.core.values import Map

    paxos = cell.node.paxos
    return Map({"paxos/promised": paxos.promised, "paxos/votes": paxos.votes})


def test_2_9_a_new_master_gives_each_session_a_whole_lease():
    cell, (session,), _ = with_a_file("c1")
    new = after_a_fail_over(cell)
    assert new.node.state.epoch == 2
    assert session in new.node.state.sessions
    new.tick(3_300)
    new.tick(3_600)
    new.tick(3_999)
    assert session in new.node.state.sessions
    new.tick(4_000)
    assert session not in new.node.state.sessions


def test_2_9_a_new_master_tells_of_the_fail_over_and_takes_no_calls_until_all_have_seen_it_or_ended():
    cell, (one, two), (handle, _) = with_a_file("c1", "c2")
    new = after_a_fail_over(cell)
    read = calls.GetContentsAndStat(handle)
    assert only(new.keep_alive(one, 1), KeptAlive).events == ((1, FailOver()),)
    assert new.ask(one, read) == []
    assert new.keep_alive(one, 2, seen=1) == []
    assert new.ask(one, read) == []
    new.tick(3_300)
    new.keep_alive(one, 3, seen=1)
    new.tick(3_650)
    new.keep_alive(one, 4, seen=1)
    new.tick(4_001)
    assert two not in new.node.state.sessions
    assert new.result(one, read).contents == "old"


def test_2_9_a_file_that_was_cached_before_a_fail_over_is_written_when_the_cache_is_empty():
    """The new master does not know who has copies, and need not: nobody has one any more."""
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    assert only(cell.ask(one, calls.GetContentsAndStat(mine)), Answer).cachable
    new = after_a_fail_over(cell)
    for session in (one, two):
        new.keep_alive(session, 1)
        new.keep_alive(session, 2, seen=1)
    assert new.result(two, SetContents(other, "new")).generation == 2


def test_an_event_is_told_again_until_it_is_seen():
    cell, (session,), _ = with_a_file("c1")
    new = after_a_fail_over(cell)
    for number in (1, 2, 3):
        assert only(new.keep_alive(session, number), KeptAlive).events == ((1, FailOver()),)
    assert new.keep_alive(session, 4, seen=1) == []


def test_2_9_handles_and_locks_outlive_a_master():
    cell, (session,), (handle,) = with_a_file("c1")
    held = cell.result(session, Acquire(handle))
    new = after_a_fail_over(cell)
    new.keep_alive(session, 1)
    new.keep_alive(session, 2, seen=1)
    assert new.result(session, calls.GetSequencer(handle)) == held.sequencer


# Caches.


def test_2_7_a_write_waits_until_each_client_with_a_copy_has_forgotten_it():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    cell.ask(one, calls.GetContentsAndStat(mine))
    assert cell.ask(two, SetContents(other, "new")) == []
    assert cell.node.state.tree["/x"].contents == "old"
    assert only(cell.keep_alive(one, 1), KeptAlive).events == ((1, Invalidate("/x")),)
    answer = only(cell.keep_alive(one, 2, seen=1), Answer)
    assert (answer.session, answer.result.generation) == (two, 2)


def test_2_7_a_write_waits_no_longer_for_a_session_that_has_ended():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    cell.ask(one, calls.GetContentsAndStat(mine))
    assert cell.ask(two, SetContents(other, "new")) == []
    for number, now in enumerate((600, 850, 1_100, 1_350), 1):
        cell.tick(now)
        cell.keep_alive(two, number)
    cell.taken(Send)
    cell.tick(1_401)
    assert only(cell.sent(), Answer).result.generation == 2


def test_2_7_reads_go_on_while_a_write_waits_and_what_they_bring_may_not_be_kept():
    cell, (one, two, three), (mine, other, third) = with_a_file("c1", "c2", "c3")
    assert only(cell.ask(one, calls.GetContentsAndStat(mine)), Answer).cachable
    cell.ask(two, SetContents(other, "new"))
    answer = only(cell.ask(three, calls.GetContentsAndStat(third)), Answer)
    assert (answer.result.contents, answer.cachable) == ("old", False)
    cell.keep_alive(one, 1)
    cell.keep_alive(one, 2, seen=1)
    answer = only(cell.ask(three, calls.GetContentsAndStat(third)), Answer)
    assert (answer.result.contents, answer.cachable) == ("new", True)


def test_who_writes_has_dropped_its_own_copy_and_is_not_told_to():
    cell, (one,), (mine,) = with_a_file("c1")
    cell.ask(one, calls.GetContentsAndStat(mine))
    assert cell.result(one, SetContents(mine, "new")).generation == 2


def test_a_second_write_waits_with_the_first_and_nobody_is_told_twice():
    cell, (one, two, three), (mine, other, third) = with_a_file("c1", "c2", "c3")
    cell.ask(one, calls.GetContentsAndStat(mine))
    cell.ask(two, SetContents(other, "two"))
    cell.ask(three, SetContents(third, "three"))
    assert only(cell.keep_alive(one, 1), KeptAlive).events == ((1, Invalidate("/x")),)
    answers = [m for m in cell.keep_alive(one, 2, seen=1) if isinstance(m, Answer)]
    assert [(a.session, a.result.generation) for a in answers] == [(two, 2), (three, 3)]


def test_a_call_that_is_asked_again_while_it_waits_is_one_call():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    cell.ask(one, calls.GetContentsAndStat(mine))
    write = SetContents(other, "new")
    cell.ask(two, write)
    cell.deliver("c2", Ask(two, 1, cell.sequences[two], write))
    cell.keep_alive(one, 1)
    assert len([m for m in cell.keep_alive(one, 2, seen=1) if isinstance(m, Answer)]) == 1
    assert cell.node.state.tree["/x"].generation == 2


def test_an_ephemeral_file_may_not_be_kept_for_it_vanishes_without_a_word():
    cell = master()
    session = cell.begin("c1")
    handle = cell.open(session, "/e", create="ephemeral")
    assert not only(cell.ask(session, calls.GetContentsAndStat(handle)), Answer).cachable


def test_2_5_who_wants_to_hear_of_a_write_is_told_after_it_was_done():
    cell, (one, two), (_, other) = with_a_file("c1", "c2")
    cell.open(one, "/x", events=True)
    cell.result(two, SetContents(other, "new"))
    file = cell.node.state.tree["/x"]
    assert only(cell.keep_alive(one, 1), KeptAlive).events == ((1, Modified("/x", file.instance, 2)),)


# Locks.


def test_2_4_an_acquire_that_waits_is_answered_when_the_lock_is_released():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    assert isinstance(cell.result(one, Acquire(mine)), Acquired)
    assert cell.ask(two, Acquire(other, wait=True)) == []
    answers = [m for m in cell.ask(one, calls.Release(mine)) if isinstance(m, Answer)]
    assert [(a.session, type(a.result)) for a in answers] == [(one, type(None)), (two, Acquired)]


def lost(cell, one, two):
    """Let the session `one` run out while `two` is kept alive, and return when that was, in ms."""
    for number, now in enumerate((600, 850, 1_100, 1_350), 1):
        cell.tick(now)
        cell.keep_alive(two, number)
    cell.tick(1_400)
    assert one not in cell.node.state.sessions
    return 1_400


def test_2_4_a_lock_whose_holder_was_lost_is_acquired_after_its_lock_delay():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    cell.result(one, Acquire(mine, delay_ms=300))
    since = lost(cell, one, two)
    assert cell.ask(two, Acquire(other, wait=True)) == []
    cell.tick(since + 299)
    assert cell.sent(Answer) == []
    cell.tick(since + 300)
    assert isinstance(only(cell.sent(), Answer).result, Acquired)


def test_2_4_a_new_master_lets_a_lock_delay_run_from_the_beginning():
    cell, (one, two), (mine, other) = with_a_file("c1", "c2")
    cell.result(one, Acquire(mine, delay_ms=300))
    lost(cell, one, two)
    new = after_a_fail_over(cell)
    new.keep_alive(two, 1)
    new.keep_alive(two, 2, seen=1)
    assert new.ask(two, Acquire(other, wait=True)) == []
    new.tick(3_299)
    assert new.sent(Answer) == []
    new.tick(3_300)
    assert isinstance(only(new.sent(), Answer).result, Acquired)


def test_a_call_that_makes_no_sense_is_refused_and_not_entered():
    cell, (session,), _ = with_a_file("c1")
    before = cell.node.paxos.last_applied
    assert isinstance(only(cell.ask(session, "noise"), Answer).result, calls.Refused)
    assert cell.node.paxos.last_applied == before


def test_a_leader_that_gets_a_snapshot_with_entries_of_its_own_begins_another_epoch():
    """What these entries have caused it has not seen: ends of sessions, answers that clients wait for."""
    cell, (session,), _ = with_a_file("c1")
    index, state = cell.node.paxos.last_applied, cell.node.state
    cell.node.pending = cell.node.pending.set(session, "a call that is in the snapshot")
    cell.node.paxos.last_applied = index - 1
    cell.deliver("n2", Inner("paxos", InstallSnapshot(Snapshot(index, 0, state))))
    assert not cell.node.is_master()
    cell.fire("act")
    assert cell.node.is_master()
    assert (cell.node.serves, cell.node.state.epoch) == (2, 2)
    assert not cell.node.pending
    assert only(cell.keep_alive(session, 1), KeptAlive).events == ((1, FailOver()),)
