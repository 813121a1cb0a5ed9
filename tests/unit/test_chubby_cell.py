"""What the replicas of a cell hold: files, locks, sessions, handles. Sections are those of Burrows 2006."""

import pytest

from distsys.protocols.multipaxos_leases import Leads
from distsys.protocols.paxos_messages import ZERO
from distsys.services.chubby import calls, locking, tree
from distsys.services.chubby.calls import Acquire, Acquired, BeginSession, Ordered, Refused
from distsys.services.chubby.cell import APPLIER, Cell, Changed, Ended, Lost
from distsys.services.chubby.locking import Lock, Mode


class Log:
    """A cell to which entries are applied."""

    def __init__(self, *clients):
        self.cell, self.index, self.numbers = Cell(), 0, {}
        self.enter(Leads("n1", ZERO))
        for client in clients:
            self.enter(Ordered(1, f"{client}.1", 1, BeginSession(client, 1)))

    def enter(self, command):
        self.index += 1
        self.cell, result, self.events = APPLIER.apply(self.cell, self.index, command)
        return result

    def call(self, client, request, epoch=None, sequence=None):
        session = f"{client}.1"
        self.numbers[session] = sequence or self.numbers.get(session, 0) + 1
        return self.enter(Ordered(epoch or self.cell.epoch, session, self.numbers[session], request))

    def decide(self, request, epoch=None):
        return self.enter(Ordered(epoch or self.cell.epoch, "", 0, request))

    def open(self, client, path, create="file", **having):
        return self.call(client, calls.Open(path, create, **having)).handle

    def lock(self, path):
        return self.cell.tree[path].lock


# Files.


def test_2_3_a_file_is_made_in_a_directory_that_is_there_and_read_whole():
    log = Log("a")
    assert log.call("a", calls.Open("/ls/x", "file")) == Refused("there is no such directory")
    assert log.call("a", calls.Open("/ls", "")) == Refused("there is no such file")
    log.open("a", "/ls", "directory")
    opened = log.call("a", calls.Open("/ls/x", "file", "hello"))
    assert (opened.created, opened.stat.generation, opened.handle) == (True, 1, log.index)
    assert log.call("a", calls.Open("/ls/x", "file", "other")).created is False
    assert log.call("a", calls.GetContentsAndStat(opened.handle)).contents == "hello"
    assert log.call("a", calls.ReadDir(log.open("a", "/ls"))).contents == ("/ls/x",)


def test_2_3_a_write_makes_the_content_generation_grow_and_changes_the_checksum():
    log = Log("a")
    handle = log.open("a", "/x", contents="one")
    before = tree.stat(log.cell.tree["/x"])
    after = log.call("a", calls.SetContents(handle, "two"))
    assert (after.instance, after.generation) == (before.instance, before.generation + 1)
    assert after.checksum != before.checksum
    assert log.events == (Changed("/x", after.instance, after.generation),)


def test_2_3_a_file_that_is_made_anew_has_a_later_instance_and_old_handles_do_not_reach_it():
    log = Log("a", "b")
    old, mine = log.open("a", "/x"), log.open("b", "/x")
    log.call("a", calls.Delete(old))
    new = log.call("a", calls.Open("/x", "file"))
    assert new.stat.instance > log.cell.handles[old].instance
    assert log.call("b", calls.SetContents(mine, "lost")) == Refused("the file is gone")
    assert log.cell.tree["/x"].contents == ""


def test_2_4_a_write_with_a_generation_is_done_only_if_nobody_has_written_since():
    log = Log("a", "b")
    one, two = log.open("a", "/x"), log.open("b", "/x")
    assert log.call("a", calls.SetContents(one, "a", 1)).generation == 2
    assert log.call("b", calls.SetContents(two, "b", 1)) == Refused("the file has changed")
    assert log.cell.tree["/x"].contents == "a"


def test_a_directory_with_something_in_it_stays_and_so_does_the_root():
    log = Log("a")
    directory = log.open("a", "/d", "directory")
    inside = log.open("a", "/d/x")
    assert isinstance(log.call("a", calls.Delete(directory)), Refused)
    assert isinstance(log.call("a", calls.Delete(log.open("a", "/"))), Refused)
    log.call("a", calls.Delete(inside))
    assert log.call("a", calls.Delete(directory)) is None
    assert "/d" not in log.cell.tree


def test_2_3_an_ephemeral_file_goes_with_the_last_handle_of_it():
    log = Log("a", "b")
    one, two = log.open("a", "/e", "ephemeral"), log.open("b", "/e")
    log.call("a", calls.Close(one))
    assert "/e" in log.cell.tree
    log.decide(calls.Expire("b.1"))
    assert "/e" not in log.cell.tree
    assert two not in log.cell.handles


def test_a_handle_is_good_for_its_own_session_only():
    log = Log("a", "b")
    handle = log.open("a", "/x")
    assert log.call("b", calls.SetContents(handle, "b")) == Refused("there is no such handle")
    assert log.call("b", calls.GetContentsAndStat(handle)) == Refused("there is no such handle")


@pytest.mark.parametrize("path", ["", "x", "/x/", "//x", "/x//y", 7])
def test_a_path_that_is_none_is_refused_before_it_is_looked_at(path):
    assert not calls.sound(calls.Open(path, "file"))


# Locks.


def test_2_4_a_lock_is_held_by_one_in_exclusive_mode_or_by_any_number_in_shared_mode():
    log = Log("a", "b", "c")
    one, two, three = (log.open(client, "/l") for client in "abc")
    assert isinstance(log.call("a", Acquire(one, Mode.SHARED)), Acquired)
    assert isinstance(log.call("b", Acquire(two, Mode.SHARED)), Acquired)
    assert log.call("c", Acquire(three)) == Refused("the lock is held")
    log.call("a", calls.Release(one))
    log.call("b", calls.Release(two))
    assert isinstance(log.call("c", Acquire(three)), Acquired)
    assert log.call("a", Acquire(one, Mode.SHARED)) == Refused("the lock is held")


def test_2_4_locks_are_advisory_who_holds_none_can_write():
    log = Log("a", "b")
    one, two = log.open("a", "/l"), log.open("b", "/l")
    log.call("a", Acquire(one))
    assert log.call("b", calls.SetContents(two, "b")).generation == 2


def test_2_4_the_lock_generation_grows_when_a_lock_passes_from_free_to_held_and_not_else():
    log = Log("a", "b")
    one, two = log.open("a", "/l"), log.open("b", "/l")
    first = log.call("a", Acquire(one, Mode.SHARED)).sequencer
    assert log.call("b", Acquire(two, Mode.SHARED)).sequencer == first
    log.call("a", calls.Release(one))
    log.call("b", calls.Release(two))
    second = log.call("b", Acquire(two)).sequencer
    assert (first.generation, second.generation) == (1, 2)
    assert second.place > first.place


def test_2_4_a_sequencer_is_valid_as_long_as_the_lock_is_held_so():
    log = Log("a", "b")
    one = log.open("a", "/l")
    sequencer = log.call("a", Acquire(one)).sequencer
    assert log.call("a", calls.GetSequencer(one)) == sequencer
    assert log.call("b", calls.CheckSequencer(sequencer)) is True
    log.call("a", calls.Release(one))
    assert log.call("b", calls.CheckSequencer(sequencer)) is False
    assert log.call("a", Acquire(one)).sequencer != sequencer
    assert log.call("b", calls.CheckSequencer(sequencer)) is False


def test_2_4_a_lock_whose_file_is_made_anew_has_later_sequencers_although_it_counts_from_one():
    log = Log("a")
    one = log.open("a", "/l")
    log.call("a", Acquire(one))
    log.call("a", calls.Release(one))
    early = log.call("a", Acquire(one)).sequencer
    log.call("a", calls.Delete(one))
    late = log.call("a", Acquire(log.open("a", "/l"))).sequencer
    assert (early.generation, late.generation) == (2, 1)
    assert late.place > early.place


def test_2_4_a_lock_whose_holder_is_lost_is_not_free_before_the_master_says_so():
    log = Log("a", "b")
    one, two = log.open("a", "/l"), log.open("b", "/l")
    log.call("a", Acquire(one, delay_ms=60_000))
    log.decide(calls.Expire("a.1"))
    assert log.events == (Ended("a.1"), Lost("/l", log.index, 60_000))
    lost_at = log.index
    assert log.call("b", Acquire(two)) == Refused("the lock-delay runs")
    assert log.call("b", Acquire(two, Mode.SHARED)) == Refused("the lock-delay runs")
    log.decide(calls.FreeLock("/l", lost_at - 1))
    assert log.call("b", Acquire(two)) == Refused("the lock-delay runs")
    log.decide(calls.FreeLock("/l", lost_at))
    assert isinstance(log.call("b", Acquire(two)), Acquired)


@pytest.mark.parametrize("end", [calls.EndSession(), calls.Release(0), calls.Close(0)])
def test_2_4_a_lock_that_is_given_back_is_free_at_once(end):
    log = Log("a", "b")
    one, two = log.open("a", "/l"), log.open("b", "/l")
    log.call("a", Acquire(one, delay_ms=60_000))
    log.call("a", end if isinstance(end, calls.EndSession) else type(end)(one))
    assert isinstance(log.call("b", Acquire(two)), Acquired)


def test_a_lock_that_was_lost_in_shared_mode_can_be_shared_and_not_be_held_alone():
    lock = locking.lost(locking.acquired(Lock(), 7, Mode.SHARED, 500), 7, 9)
    assert locking.obstacle(lock, Mode.SHARED) == ""
    assert locking.obstacle(lock, Mode.EXCLUSIVE) == locking.DELAYED
    assert locking.obstacle(locking.freed(lock), Mode.EXCLUSIVE) == ""


def test_the_longest_delay_counts_where_two_holders_are_lost():
    lock = locking.acquired(locking.acquired(Lock(), 1, Mode.SHARED, 900), 2, Mode.SHARED, 100)
    lock = locking.lost(locking.lost(lock, 1, 10), 2, 11)
    assert (lock.delay_ms, lock.lost_at) == (900, 11)


# Sessions, and what is done once.


def test_a_session_that_has_ended_does_not_come_back_by_a_call_that_was_late():
    log = Log("a")
    log.decide(calls.Expire("a.1"))
    assert isinstance(log.enter(Ordered(1, "a.1", 1, BeginSession("a", 1))), Refused)
    assert isinstance(log.enter(Ordered(1, "a.2", 1, BeginSession("a", 2))), calls.Begun)
    assert tuple(log.cell.sessions) == ("a.2",)


def test_a_session_takes_all_its_handles_and_locks_with_it():
    log = Log("a")
    handle = log.open("a", "/l")
    log.call("a", Acquire(handle))
    log.decide(calls.Expire("a.1"))
    assert not log.cell.handles
    assert not log.lock("/l").holders


def test_a_call_that_is_entered_twice_is_done_once_and_answered_alike():
    log = Log("a")
    handle = log.open("a", "/x")
    first = log.call("a", calls.SetContents(handle, "one"))
    again = log.call("a", calls.SetContents(handle, "one"), sequence=log.numbers["a.1"])
    assert first == again
    assert log.cell.tree["/x"].generation == 2
    assert log.call("a", calls.SetContents(handle, "old"), sequence=1) is None
    assert log.cell.tree["/x"].contents == "one"


def test_an_acquire_that_waits_is_no_call_that_was_done_so_it_can_be_entered_again():
    log = Log("a", "b")
    one, two = log.open("a", "/l"), log.open("b", "/l")
    log.call("a", Acquire(one))
    waits = Acquire(two, wait=True)
    assert log.call("b", waits) == Refused("the lock is held")
    log.call("a", calls.Release(one))
    assert isinstance(log.call("b", waits, sequence=log.numbers["b.1"]), Acquired)


def test_2_9_what_was_entered_in_an_earlier_epoch_changes_nothing():
    log = Log("a")
    handle = log.open("a", "/x")
    log.enter(Leads("n2", ZERO))
    before = log.cell
    assert log.call("a", calls.SetContents(handle, "late"), epoch=1) is None
    log.decide(calls.Expire("a.1"), epoch=1)
    assert log.cell == before


@pytest.mark.parametrize("command", [None, "noise", Ordered(1, "a.1", "x", calls.EndSession())])
def test_whatever_stands_in_the_log_is_applied_without_an_error(command):
    log = Log("a")
    before = log.cell
    assert log.enter(command) is None
    assert log.cell == before


def test_a_call_that_makes_no_sense_is_refused_in_the_log_as_well():
    assert isinstance(Log("a").call("a", "noise"), Refused)
