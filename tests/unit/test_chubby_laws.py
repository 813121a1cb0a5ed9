"""The laws of a cell: each speaks where it should, and keeps quiet where a fault has cut a step short."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from chubby_nodes import OneClient, OneReplica
from distsys import MS
from distsys.core import Output, Send
from distsys.core.events import Timeout
from distsys.core.operations import INVOKE, Operation
from distsys.core.trace import Step
from distsys.core.values import Map
from distsys.mutants.chubby import NoLockDelay
from distsys.protocols.multipaxos_leases import Leads
from distsys.protocols.paxos_messages import ZERO
from distsys.services.chubby import calls, laws, lock_laws
from distsys.services.chubby.calls import Acquire, Ordered
from distsys.services.chubby.cell import APPLIER, Cell
from distsys.services.chubby.clients import FileRead, FileWritten, Guarded, LockClient, Stored
from distsys.services.chubby.library import Standing
from distsys.services.chubby.locking import Mode, Sequencer
from distsys.services.chubby.server import ChubbyServer
from distsys.services.chubby.talk import KeptAlive, Modified


class Run:
    """A law, its memory, and a run that a test makes up step by step."""

    def __init__(self, law, **nodes):
        self.law, self.memory, self.nodes, self.number = law, law.start, nodes, 0

    def step(self, node, *effects, at=0, kept=None, event=None, number=None):
        """Let a node do something, and return the evidence."""
        self.number = number or self.number + 1
        event = event or Timeout("x", at * MS)
        kept = len(effects) if kept is None else kept
        step = Step(self.number, at * MS, "timeout", node, event, effects, kept)
        world = SimpleNamespace(at=at * MS, nodes=self.nodes, names=tuple(self.nodes), step=step)
        self.memory, evidence = self.law.fold(self.memory, world)
        return evidence

    def apply(self, replica, *requests, at=0, kept=None):
        """Let a replica apply entries, made by its master, in one step, and return the evidence."""
        node = self.nodes[replica]
        for request in requests:
            index = node.paxos.last_applied + 1
            entry = request if isinstance(request, (Leads, Ordered)) else decided(node.state, request)
            node.paxos.last_applied = index
            node.paxos.chosen = node.paxos.chosen.set(index, entry)
            node.state = node.service.apply(node.state, index, entry)[0]
        return self.step(replica, at=at, kept=kept)


def decided(cell, request):
    return Ordered(cell.epoch, "", 0, request)


def a_replica(kind=ChubbyServer):
    return OneReplica(kind).node


def called(cell, session, sequence, request):
    return Ordered(cell.epoch, session, sequence, request)


def with_a_lock(law, delay_ms=500, kind=ChubbyServer):
    """Return a run in which session c1.1 holds the lock of /lock, and c2.1 has it open."""
    run = Run(law, n1=a_replica(kind))
    run.apply("n1", Leads("n1", ZERO))
    for number, client in enumerate(("c1", "c2")):
        run.apply("n1", Ordered(1, f"{client}.1", 1, calls.BeginSession(client, 1)))
        run.apply("n1", Ordered(1, f"{client}.1", 2, calls.Open("/lock", "file")))
        assert run.nodes["n1"].paxos.last_applied == 3 + 2 * number
    assert run.apply("n1", Ordered(1, "c1.1", 3, Acquire(3, Mode.EXCLUSIVE, delay_ms))) is None
    return run


def lock_of(run, **having):
    node = run.nodes["n1"]
    file = node.state.tree["/lock"]
    changed = replace(file, lock=replace(file.lock, **having))
    node.state = replace(node.state, tree=node.state.tree.set("/lock", changed))
    node.paxos.last_applied += 1


# Masters and leases.


def kept_alive(epoch):
    return Send("c1", KeptAlive("c1.1", epoch, 1, 0, 1))


def test_a_master_of_an_earlier_epoch_may_not_speak_when_a_later_one_has():
    run = Run(laws.single_master)
    assert run.step("n1", kept_alive(1)) is None
    assert run.step("n2", kept_alive(2)) is None
    assert "epoch 1" in run.step("n1", kept_alive(1))


def test_what_was_decided_before_and_left_a_disk_that_hung_later_is_no_word_of_two_masters():
    run = Run(laws.single_master)
    run.step("n1", kept_alive(1), kept=0, number=1)
    run.step("n2", kept_alive(2), number=2)
    assert run.step("n1", kept_alive(1), number=1) is None


def relying(lease_until):
    client = OneClient().have_a_session().node
    client.lease_until = lease_until * MS
    return client


@pytest.mark.parametrize(("now", "speaks"), [(199, True), (200, False)])
def test_a_client_that_relies_on_a_lease_must_have_a_session(now, speaks):
    run = Run(laws.client_lease_ends_first, n1=a_replica(), c1=relying(200))
    run.apply("n1", Leads("n1", ZERO), Ordered(1, "c1.1", 1, calls.BeginSession("c1", 1)))
    assert run.step("c1", at=now) is None
    run.apply("n1", calls.Expire("c1.1"))
    assert (run.step("c1", at=now) is not None) is speaks


def test_a_session_that_nobody_has_applied_yet_has_not_ended():
    run = Run(laws.client_lease_ends_first, n1=a_replica(), c1=relying(200))
    run.apply("n1", Leads("n1", ZERO))
    assert run.step("c1", at=100) is None


@pytest.mark.parametrize("does", [Output(FileRead("/x", (1, 1), True)), Send("r1", "guarded")])
def test_a_client_in_jeopardy_whose_session_has_ended_must_neither_read_its_copy_nor_work(does):
    if isinstance(does, Send):
        does = Send("r1", Guarded(Sequencer("/lock", Mode.EXCLUSIVE, 3, 1), "x"))
    client = relying(200)
    client.standing = Standing.JEOPARDY
    run = Run(laws.no_operation_on_an_expired_session, n1=a_replica(), c1=client)
    run.apply("n1", Leads("n1", ZERO), Ordered(1, "c1.1", 1, calls.BeginSession("c1", 1)))
    assert run.step("c1", does) is None
    run.apply("n1", calls.Expire("c1.1"))
    assert run.step("c1", Output(FileRead("/x", (1, 1), False))) is None
    assert run.step("c1", does) is not None


@pytest.mark.parametrize(("at", "speaks"), [(1_500, True), (2_000, False)])
def test_a_new_master_that_ends_a_session_before_a_whole_lease_has_passed_breaks_the_law(at, speaks):
    run = Run(laws.session_survives_fail_over, n1=a_replica())
    run.apply("n1", Leads("n1", ZERO), Ordered(1, "c1.1", 1, calls.BeginSession("c1", 1)))
    run.apply("n1", Leads("n1", ZERO), at=1_000)
    assert (run.apply("n1", calls.Expire("c1.1"), at=at) is not None) is speaks


def test_the_end_of_a_session_that_the_old_master_decided_is_not_held_against_the_new_one():
    run = Run(laws.session_survives_fail_over, n1=a_replica())
    run.apply("n1", Leads("n1", ZERO), Ordered(1, "c1.1", 1, calls.BeginSession("c1", 1)))
    assert run.apply("n1", calls.Expire("c1.1"), Leads("n1", ZERO), at=5_000) is None


# Locks.


def test_two_holders_of_an_exclusive_lock_break_the_law():
    run = with_a_lock(lock_laws.lock_exclusivity)
    lock_of(run, holders=Map({3: 0, 5: 0}))
    assert run.step("n1") is not None


def test_who_works_under_a_lock_that_has_passed_on_breaks_the_law_and_not_before_the_truth_has_come_so_far():
    client = OneClient(LockClient).node
    client.session = "c1.1"
    sequencer = Sequencer("/lock", Mode.EXCLUSIVE, 3, 1)
    run = with_a_lock(lock_laws.lock_exclusivity)
    run.nodes["c1"] = client
    works = Send("r1", Guarded(sequencer, "x"))
    client.held = calls.Acquired(sequencer, 6)
    assert run.step("c1", works) is None
    run.apply("n1", Ordered(1, "c1.1", 4, calls.Release(3)))
    assert run.step("c1", works) is not None
    client.held = calls.Acquired(sequencer, 99)
    assert run.step("c1", works) is None


@pytest.mark.parametrize(("at", "speaks"), [(1_499, True), (1_500, False)])
def test_a_lock_that_is_acquired_before_its_delay_has_passed_breaks_the_law(at, speaks):
    run = with_a_lock(lock_laws.lock_delay)
    run.apply("n1", calls.Expire("c1.1"), at=1_000)
    run.apply("n1", calls.FreeLock("/lock", run.nodes["n1"].paxos.last_applied), at=1_400)
    assert (run.apply("n1", Ordered(1, "c2.1", 3, Acquire(5)), at=at) is not None) is speaks


def test_the_law_of_the_lock_delay_finds_a_loss_although_the_lock_does_not_know_of_one():
    run = with_a_lock(lock_laws.lock_delay, kind=NoLockDelay)
    assert run.apply("n1", calls.Expire("c1.1"), at=1_000) is None
    assert run.nodes["n1"].state.tree["/lock"].lock.lost is None
    assert run.apply("n1", Ordered(1, "c2.1", 3, Acquire(5)), at=1_010) is not None


def test_a_lock_that_is_released_and_whose_holder_ends_in_one_step_was_not_lost():
    """Found by the swarm at seed 498: the law compared the states before and after the step."""
    run = with_a_lock(lock_laws.lock_delay)
    release = Ordered(1, "c1.1", 4, calls.Release(3))
    assert run.apply("n1", release, calls.Expire("c1.1"), at=1_000) is None
    assert run.apply("n1", Ordered(1, "c2.1", 3, Acquire(5)), at=1_001) is None


def test_where_a_snapshot_took_the_place_of_entries_the_law_of_the_lock_delay_knows_nothing():
    run = with_a_lock(lock_laws.lock_delay)
    node = run.nodes["n1"]
    node.state, node.paxos.last_applied = APPLIER.ended(node.state, 7, "c1.1", clean=True)[0], 7
    assert run.step("n1", at=1_000) is None
    assert run.apply("n1", Ordered(1, "c2.1", 3, Acquire(5)), at=1_010) is None


def test_a_lock_without_a_delay_may_be_acquired_at_once():
    run = with_a_lock(lock_laws.lock_delay, delay_ms=0)
    run.apply("n1", calls.Expire("c1.1"), at=1_000)
    assert run.apply("n1", Ordered(1, "c2.1", 3, Acquire(5)), at=1_001) is None


@pytest.mark.parametrize(("generation", "speaks"), [(1, True), (2, False)])
def test_a_lock_that_passes_on_without_a_later_generation_breaks_the_law(generation, speaks):
    run = with_a_lock(lock_laws.lock_generation_grows)
    lock_of(run, holders=Map({5: 0}), generation=generation)
    assert (run.step("n1") is not None) is speaks


def test_a_shared_lock_passes_on_in_one_generation():
    run = with_a_lock(lock_laws.lock_generation_grows)
    lock_of(run, mode=Mode.SHARED, holders=Map({3: 0}), generation=2)
    assert run.step("n1") is None
    lock_of(run, holders=Map({5: 0}))
    assert run.step("n1") is None


def test_a_server_that_does_something_for_an_earlier_holder_breaks_the_law_of_fencing():
    run = Run(lock_laws.fencing)
    for place in ((3, 1), (3, 1), (3, 2)):
        assert run.step("r1", Output(Stored("/lock", place, "c1"))) is None
    assert run.step("r1", Output(Stored("/other", (1, 1), "c1"))) is None
    assert run.step("r1", Output(Stored("/lock", (3, 1), "c1"))) is not None


# Files.


def begins():
    return Output(Operation("c1.1", INVOKE, "get", "/x"))


@pytest.mark.parametrize(
    "known", [FileWritten("/x", (4, 2)), Modified("/x", 4, 2), FileRead("/x", (4, 2), False)]
)
def test_a_read_must_see_what_somebody_knew_when_it_began(known):
    from distsys.services.chubby.clients import FileClient

    def run():
        nodes = {name: OneClient(FileClient).node for name in ("c1", "c2")}
        return Run(laws.cache_consistency, **nodes)

    before = run()
    assert before.step("c1", begins()) is None
    assert before.step("c2", Output(known)) is None
    assert before.step("c1", Output(FileRead("/x", (4, 1), False))) is None
    after = run()
    assert after.step("c2", Output(known)) is None
    assert after.step("c1", begins(), Output(FileRead("/x", (4, 1), True))) is not None


def test_truth_is_learned_from_whole_steps_only():
    run = Run(lock_laws.lock_exclusivity, n1=a_replica())
    run.apply("n1", Leads("n1", ZERO))
    before = run.memory
    node = run.nodes["n1"]
    node.state, node.paxos.last_applied = Cell(epoch=9), 9
    run.step("n1", Send("x", "y"), kept=0)
    assert run.memory == before
    run.step("n1", Send("x", "y"))
    assert run.memory.index == 9
