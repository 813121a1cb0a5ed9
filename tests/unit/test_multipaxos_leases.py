"""A lease for the leader of Multi-Paxos: for a while nobody else can lead, whatever clocks do within the bound."""

import pytest

from distsys import MS
from distsys.core import Deliver, Note, Send, Start, Timeout
from distsys.core.values import Map
from distsys.protocols.multipaxos_leases import AskLease, GrantLease, Leads, LeasedMultiPaxos, local
from distsys.protocols.multipaxos_messages import Accept, Prepare, Promise, Reject
from distsys.protocols.paxos_messages import Ballot, Vote
from distsys.protocols.replication import Role

ELECTION = 300
NAMES = ("n1", "n2", "n3")


def replica(name="n1", now=0, **settings):
    node = LeasedMultiPaxos(name, members=NAMES, election_ms=ELECTION, **{"drift_ppm": 0, **settings})
    node.handle(Start(1, now * MS))
    return node


def deliver(node, sender, message, now):
    return node.handle(Deliver(sender, message, now * MS))


def fire(node, timer, now):
    return node.handle(Timeout(timer, now * MS))


def sent(effects, kind):
    return [(e.to, e.message) for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]


def leader(now=400, **settings):
    """Return a replica that has just got its second promise, and has asked for its first lease."""
    node = replica(**settings)
    fire(node, "election", now)
    deliver(node, "n2", Promise(Ballot(1, "n1"), 1, Map()), now)
    assert node.role is Role.LEADER
    return node


def test_the_first_command_of_a_leader_says_that_it_leads_and_comes_after_what_must_be_kept():
    node = replica()
    fire(node, "election", 400)
    kept = Map({1: Vote(Ballot(0, "n3"), "kept")})
    effects = deliver(node, "n2", Promise(Ballot(1, "n1"), 1, kept), 400)
    asked = [accept for to, accept in sent(effects, Accept) if to == "n2"]
    assert [(accept.slot, accept.value) for accept in asked] == [
        (1, "kept"),
        (2, Leads("n1", Ballot(1, "n1"))),
    ]


def test_a_leader_has_no_lease_before_a_quorum_has_granted_one():
    node = leader()
    assert not node.holds_lease(400 * MS)
    deliver(node, "n2", GrantLease(node.ballot, 1), 450)
    assert node.holds_lease(450 * MS)


def test_the_lease_runs_from_the_question_and_not_from_the_answer():
    node = leader()
    deliver(node, "n2", GrantLease(node.ballot, 1), 600)
    assert node.holds_lease((400 + ELECTION) * MS - 1)
    assert not node.holds_lease((400 + ELECTION) * MS)


@pytest.mark.parametrize("drift_ppm", [0, 1_000, 200_000])
def test_a_lease_is_over_before_the_promise_that_it_rests_on_whatever_the_clocks_do(drift_ppm):
    """The leader's clock may be slow and the other one fast."""
    length = ELECTION * MS
    slow, fast = 1_000_000 - drift_ppm, 1_000_000 + drift_ppm
    assert local(length, drift_ppm) * fast <= length * slow
    assert (local(length, drift_ppm) + 1) * fast > length * slow


def test_a_grant_of_an_earlier_ballot_or_round_extends_nothing():
    node = leader()
    deliver(node, "n2", GrantLease(Ballot(0, "n1"), 1), 450)
    assert not node.holds_lease(450 * MS)
    fire(node, "heartbeat", 450)
    deliver(node, "n2", GrantLease(node.ballot, 1), 460)
    assert not node.holds_lease((400 + ELECTION) * MS)
    deliver(node, "n3", GrantLease(node.ballot, 2), 470)
    assert node.holds_lease((400 + ELECTION) * MS)


def test_who_grants_a_lease_promises_nobody_else_for_an_election_timeout():
    node = replica("n2")
    effects = deliver(node, "n1", AskLease(Ballot(1, "n1"), 7), 400)
    assert sent(effects, GrantLease) == [("n1", GrantLease(Ballot(1, "n1"), 7))]
    effects = deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 400 + ELECTION - 1)
    assert sent(effects, Promise) == []
    assert any(isinstance(e, Note) for e in effects)
    assert len(sent(deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 400 + ELECTION), Promise)) == 1


def test_who_grants_a_lease_still_promises_the_one_who_has_it():
    node = replica("n2")
    deliver(node, "n1", AskLease(Ballot(1, "n1"), 7), 400)
    assert len(sent(deliver(node, "n1", Prepare(Ballot(2, "n1"), 1), 410), Promise)) == 1


def test_who_has_promised_to_a_later_ballot_grants_no_lease_to_an_earlier_one():
    node = replica("n2")
    deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 400)
    effects = deliver(node, "n1", AskLease(Ballot(1, "n1"), 7), 410)
    assert sent(effects, GrantLease) == []
    assert len(sent(effects, Reject)) == 1
    assert node.promised_to is None


def test_the_leader_keeps_its_own_promise_too():
    node = leader()
    assert sent(deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 450), Promise) == []
    assert node.role is Role.LEADER


def test_who_grants_a_lease_does_not_stand_for_election_itself():
    node = replica("n2")
    deliver(node, "n1", AskLease(Ballot(1, "n1"), 7), 400)
    assert sent(fire(node, "election", 400 + ELECTION - 1), Prepare) == []
    assert node.role is Role.FOLLOWER


def test_who_has_restarted_promises_nobody_for_an_election_timeout():
    """It may have granted a lease just before it stopped, and has forgotten to whom."""
    node = replica("n2", now=1_000)
    assert sent(deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 1_000 + ELECTION - 1), Promise) == []
    assert len(sent(deliver(node, "n3", Prepare(Ballot(2, "n3"), 1), 1_000 + ELECTION), Promise)) == 1


def test_a_leader_that_gives_up_has_no_lease_any_more():
    node = leader()
    deliver(node, "n2", GrantLease(node.ballot, 1), 450)
    deliver(node, "n3", Reject(node.ballot, Ballot(5, "n3")), 460)
    assert not node.holds_lease(460 * MS)


def test_a_leader_alone_grants_its_lease_to_itself():
    node = LeasedMultiPaxos("n1", members=("n1",), election_ms=ELECTION)
    node.handle(Start(1, 0))
    fire(node, "election", 400)
    assert node.holds_lease(500 * MS)
