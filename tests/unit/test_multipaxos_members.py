"""Members of Multi-Paxos change by a command: decided in slot i, it counts from slot i + alpha on."""

import pytest

from distsys.core import Map, Note
from distsys.protocols.multipaxos_members import ReconfigurableMultiPaxos
from distsys.protocols.multipaxos_messages import (
    Accept,
    Accepted,
    ChangeRefused,
    Decided,
    InstallSnapshot,
    Lacks,
    Members,
    Prepare,
    Promise,
)
from distsys.protocols.paxos_messages import Vote
from distsys.protocols.replication import Compact, Propose, Role, Snapshot
from multipaxos_nodes import THREE, applied, asked, b, leader, replica
from raft_nodes import ask, fire, hear, notes, outputs, sends

NEW = Members(("r1", "r4", "r5"))


def changed(alpha=2, change=NEW):
    """Return a leader of r1, r2 and r3 that has decided the change in slot 1."""
    node = leader(ReconfigurableMultiPaxos, alpha=alpha)
    ask(node, Propose(change))
    hear(node, "r2", Accepted(b(1), 1, change))
    return node


def test_a_change_decided_in_slot_i_counts_from_slot_i_plus_alpha_on():
    node = changed(alpha=2)
    assert [node.members_at(slot) for slot in (1, 2, 3, 9)] == [THREE, THREE, NEW.names, NEW.names]
    assert node.quorums_at(2).names == THREE
    assert node.quorums_at(3).names == NEW.names


def test_nobody_knows_who_decides_a_slot_that_may_not_be_open_yet():
    node = replica(ReconfigurableMultiPaxos, alpha=2)
    assert node.quorums_at(2).names == THREE
    assert node.quorums_at(3) is None


def test_new_members_hear_of_everything_as_soon_as_the_change_is_decided():
    assert changed().others() == ("r2", "r3", "r4", "r5")


def test_a_leader_fills_the_slots_before_the_change_with_no_ops_and_asks_new_members_for_promises():
    node = changed(alpha=2)
    effects = fire(node, "heartbeat")
    assert asked(effects, Accept) == [Accept(b(1), 2, None)]
    assert asked(ask(node, Propose("x")), Accept) == []  # slot 3 needs a quorum of the new members
    assert node.waiting == ("x",)
    prepares = [(to, m) for to, m in sends(effects) if isinstance(m, Prepare)]
    assert prepares == [(name, Prepare(b(1), 3)) for name in ("r3", "r4", "r5")]


def test_a_slot_of_the_new_members_is_opened_with_their_promises_and_decided_by_their_votes():
    node = changed(alpha=2)
    fire(node, "heartbeat")
    hear(node, "r2", Accepted(b(1), 2, None))
    ask(node, Propose("x"))
    effects = hear(node, "r4", Promise(b(1), 3, Map()))
    assert [m for to, m in sends(effects) if to == "r4"] == [Accept(b(1), 3, "x")]
    assert applied(hear(node, "r2", Accepted(b(1), 3, "x"))) == []  # r2 is no member of slot 3
    assert applied(hear(node, "r5", Accepted(b(1), 3, "x"))) == [(3, "x")]
    assert node.others() == ("r4", "r5")


def test_the_votes_that_a_new_member_tells_of_are_kept():
    """Another leader may have asked in slot 3 already: P2c holds there as in every slot."""
    node = changed(alpha=2)
    fire(node, "heartbeat")
    hear(node, "r2", Accepted(b(1), 2, None))
    told = Promise(b(1), 3, Map({3: Vote(b(0, "r5"), "kept")}))
    effects = hear(node, "r4", told)
    assert [m for to, m in sends(effects) if to == "r4"] == [Accept(b(1), 3, "kept")]


def test_a_leader_that_has_left_steps_down_once_the_change_counts():
    node = changed(alpha=1, change=Members(("r2", "r3")))
    effects = fire(node, "heartbeat")
    assert "steps down in ballot 1.r1: it is no longer a member" in notes(effects)
    assert (node.role, node.leader) == (Role.FOLLOWER, None)


def test_who_is_no_member_does_not_stand_but_asks_the_members():
    node = replica(ReconfigurableMultiPaxos, name="r9", alpha=1)
    effects = fire(node, "election")
    assert sends(effects) == [(name, Lacks(1)) for name in THREE]
    assert node.role is Role.FOLLOWER


def test_who_has_left_and_does_not_know_is_told_in_place_of_a_promise():
    node = changed(alpha=1)
    assert "r2" not in node.electorate()
    assert sends(hear(node, "r2", Prepare(b(9, "r2"), 1))) == [("r2", Decided(1, (NEW,)))]
    assert (node.promised, node.role) == (b(1), Role.LEADER)


def test_who_is_asked_by_one_that_has_come_further_asks_back():
    node = replica(ReconfigurableMultiPaxos)
    assert sends(hear(node, "r3", Lacks(5))) == [("r3", Lacks(1))]
    assert sends(hear(node, "r3", Lacks(1))) == []


def test_a_snapshot_carries_the_members_also_those_that_do_not_count_yet():
    node = changed(alpha=4)
    ask(node, Compact(1, "state"))
    ((_, message),) = sends(hear(node, "r4", Lacks(1)))
    assert message == InstallSnapshot(Snapshot(1, 0, "state", Map({1: THREE, 5: NEW.names})))
    other = replica(ReconfigurableMultiPaxos, name="r4", alpha=4)
    hear(other, "r1", message)
    assert (other.members_at(4), other.members_at(5)) == (THREE, NEW.names)
    again = replica(ReconfigurableMultiPaxos, Map({"snapshot": message.snapshot}), name="r4", alpha=4)
    assert again.configurations == other.configurations


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "names must name at least one process"),
        (("r1", "r1"), "names must name at least one process, and each once"),
        (("r1", "r2", "r3", "r4"), "quorums must meet"),
    ],
)
def test_a_change_that_cannot_be_is_refused(names, says):
    node = leader(ReconfigurableMultiPaxos, quorums=("sizes", 2, 2))
    (refused,) = outputs(ask(node, Propose(Members(names))))
    assert isinstance(refused, ChangeRefused)
    assert says in refused.why
    assert node.next_slot == 1


def test_a_change_is_noted():
    node = replica(ReconfigurableMultiPaxos, alpha=3)
    assert Note("members from slot 4 on: r1, r4, r5") in hear(node, "r2", Decided(1, (NEW,)))


def test_a_leader_that_hears_of_decisions_asks_for_no_votes_where_all_is_applied():
    """Seed 259 of multipaxos-kv: the members of these slots had left, nobody answered, and the slots stayed open."""
    r2, r1 = Members(("r2",)), Members(("r1",))
    told = Map({1: Vote(b(1, "r3"), r2), 2: Vote(b(2, "r2"), "x"), 3: Vote(b(2, "r2"), r1)})
    node = leader(ReconfigurableMultiPaxos, alpha=1, told=told)
    effects = hear(node, "r3", Decided(1, (r2, "x", r1)))
    assert (node.last_applied, node.next_slot) == (3, 4)
    assert asked(effects, Accept) == []
    assert node.acceptances == node.proposals == Map()
