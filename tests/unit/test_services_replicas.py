"""A replica of a service, on each of the protocols: the host knows none of them, and behaves the same on all."""

import pytest

from distsys import simulate, systems
from distsys.core import Deliver, Persist, SetTimer, Start, Timeout
from distsys.core.errors import DistsysError
from distsys.core.trace import apply_to_disk
from distsys.core.values import EMPTY, Map
from distsys.protocols.replication import Role
from distsys.services import kv, locks
from distsys.services.kv import Append, Call, Get, Put
from distsys.services.locks import Acquire
from distsys.services.raft_store import ReplicatedStore
from distsys.services.replicas import PaxosLocks, PaxosStore, RaftLocks, ZabLocks, ZabStore
from distsys.services.replicated import Redirect, Reply
from raft_nodes import sends

STORES = (PaxosStore, ReplicatedStore, ZabStore)
LOCKS = (PaxosLocks, RaftLocks, ZabLocks)
PUT = Call("ann.1", 1, Put("x", "a"))


class Alone:
    """A replica that is alone in its group, its disk, and what it has sent to clients."""

    def __init__(self, kind, disk=EMPTY, **settings):
        group = "members" if kind.inside == "paxos" else "voters"
        self.node = kind("s1", disk, **{group: ("s1",)}, **settings)
        self.disk = disk
        self.effects = ()
        self.handle(Start(0))

    def handle(self, event):
        """Let the node handle an event, and return what leaves for others."""
        self.effects = self.node.handle(event)
        for effect in self.effects:
            if isinstance(effect, Persist):
                self.disk = apply_to_disk(self.disk, effect.changes)
        return [message for to, message in sends(self.effects) if to != "s1"]

    def leads(self):
        """Let it win its election, whatever the timers of the protocol are called."""
        for timer in ("election", "decide"):
            if self.node.protocol.role is not Role.LEADER:
                self.handle(Timeout(f"{self.node.inside}/{timer}", 0))
        assert self.node.protocol.role is Role.LEADER
        return self

    def call(self, call):
        return self.handle(Deliver("c1", call, 0))


@pytest.mark.parametrize("kind", [*STORES, *LOCKS])
def test_who_does_not_lead_takes_no_call(kind):
    assert Alone(kind).call(PUT) == [Redirect("ann.1", 1, None)]


@pytest.mark.parametrize("kind", STORES)
def test_a_leader_answers_when_the_call_is_committed(kind):
    replica = Alone(kind).leads()
    assert replica.call(PUT) == [Reply("ann.1", 1, None)]
    assert replica.call(Call("ann.1", 2, Get("x"))) == [Reply("ann.1", 2, "a")]
    assert replica.node.state.data == Map({"x": "a"})


@pytest.mark.parametrize("kind", STORES)
def test_a_call_that_is_asked_twice_is_done_once_and_answered_twice(kind):
    replica = Alone(kind).leads()
    twice = Call("ann.1", 1, Append("x", "a"))
    assert replica.call(twice) == replica.call(twice) == [Reply("ann.1", 1, None)]
    assert replica.node.state.data["x"] == "a"


@pytest.mark.parametrize("kind", STORES)
def test_nonsense_is_refused_before_it_is_proposed(kind):
    replica = Alone(kind).leads()
    applied = replica.node.protocol.last_applied
    assert replica.call(Call("ann.1", 1, Append("x", 5))) == [Reply("ann.1", 1, False)]
    assert replica.node.protocol.last_applied == applied


@pytest.mark.parametrize("kind", [*STORES, *LOCKS])
def test_a_restart_from_a_snapshot_begins_with_the_state(kind):
    replica = Alone(kind, snapshot_every=1).leads()
    replica.call(PUT if kind in STORES else Call("ann.1", 1, Acquire("x", "ann")))
    assert SetTimer("compact", 0, 0) in replica.effects
    replica.handle(Timeout("compact", 0))
    again = Alone(kind, replica.disk, snapshot_every=1)
    assert again.node.state == replica.node.state != kind.service.start
    assert again.node.protocol.last_applied == replica.node.protocol.last_applied


@pytest.mark.parametrize("kind", STORES)
def test_no_snapshot_is_taken_before_enough_is_applied_nor_without_the_option(kind):
    replica = Alone(kind, snapshot_every=9).leads()
    replica.call(PUT)
    replica.handle(Timeout("compact", 0))
    assert replica.node.protocol.last_snapshot.last_index == 0
    replica = Alone(kind).leads()
    replica.call(PUT)
    assert SetTimer("compact", 0, 0) not in replica.effects


@pytest.mark.parametrize("kind", LOCKS)
def test_another_service_needs_one_line(kind):
    replica = Alone(kind).leads()
    ((_, token),) = [(m.sequence, m.result) for m in replica.call(Call("ann.1", 1, Acquire("x", "ann")))]
    assert token == replica.node.protocol.last_applied
    assert replica.call(Call("bob.1", 1, Acquire("x", "bob"))) == [Reply("bob.1", 1, False)]
    assert kind.service is locks.SERVICE


def test_stores_on_all_protocols_hold_the_same_service():
    assert {kind.service for kind in STORES} == {kv.SERVICE}
    assert {kind.inside for kind in STORES} == {"paxos", "raft", "zab"}


@pytest.mark.parametrize("kind", [*STORES, *LOCKS])
def test_what_its_picture_shows_is_there(kind):
    fields = set(Alone(kind).node.declared.values())
    for field in sorted(fields):
        value = Alone(kind).node
        for part in field.split("."):
            value = getattr(value, part)


# The systems.

PAXOS = ("multipaxos-kv", "multipaxos-locks")
ZAB = ("zab-kv", "zab-locks")


@pytest.mark.parametrize(
    ("names", "option", "value"),
    [
        *(((*PAXOS, *ZAB, "raft-locks"), option, -1) for option in ("operations", "snapshot_every")),
        *(((*PAXOS, *ZAB, "raft-locks"), option, 0) for option in ("clients", "keys")),
        (PAXOS, "changes", -1),
        (PAXOS, "alpha", 0),
        (ZAB, "observers", -1),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_runs(names, option, value):
    for name in names:
        with pytest.raises(DistsysError, match=f"{option} must be at least {value + 1}, but it is {value}"):
            systems.build(name, **{option: value})


def test_a_seed_that_once_failed_members_left_and_slots_that_all_had_applied_stayed_open():
    options = {"alpha": 1, "changes": 2, "snapshot_every": 0}
    assert simulate("multipaxos-kv", 259, **options).violations == ()


def test_a_seed_that_once_failed_a_snapshot_brought_a_leader_beyond_the_slots_that_it_had_asked_for():
    assert simulate("multipaxos-kv", 71, alpha=2, changes=0, snapshot_every=10).violations == ()
