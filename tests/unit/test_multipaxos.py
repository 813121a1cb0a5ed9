"""Multi-Paxos, "Paxos Made Simple" section 3, sentence by sentence: slots, a leader, gaps, decisions out of order."""

import pytest

from distsys import simulate, systems
from distsys.core import Map, Note, Output, Persist, Send, Start
from distsys.core.errors import ArgumentError, DistsysError
from distsys.protocols.multipaxos import MultiPaxos
from distsys.protocols.multipaxos_messages import (
    Accept,
    Accepted,
    Decided,
    Heartbeat,
    Lacks,
    Prepare,
    Promise,
    Reject,
)
from distsys.protocols.paxos_messages import ZERO
from distsys.protocols.raft_messages import Entry
from distsys.protocols.replication import Committed, NotLeader, Propose, Role
from multipaxos_nodes import (
    ELECTION,
    FIVE,
    HEARTBEAT,
    NO_ELECTION,
    NO_HEARTBEAT,
    THREE,
    applied,
    asked,
    b,
    candidate,
    leader,
    replica,
    votes,
)
from raft_nodes import ask, fire, flow, hear, outputs, sends


def to_others(message):
    return (Send("r2", message), Send("r3", message))


# Phase 1, once for all slots.


def test_a_replica_starts_as_a_follower_and_waits_for_a_leader():
    node = MultiPaxos("r1", members=THREE)
    assert node.handle(Start(0)) == (ELECTION,)
    assert (node.role, node.leader, node.promised, node.last_applied) == (Role.FOLLOWER, None, ZERO, 0)


def test_phase_1a_one_prepare_speaks_of_all_slots_from_the_first_that_is_not_applied():
    node = replica()
    hear(node, "r2", Decided(1, ("x", "y")))
    effects = fire(node, "election")
    assert effects == (Persist(Map({"promised": b(1)})), ELECTION, *to_others(Prepare(b(1), 3)))
    assert (node.role, node.promised) == (Role.CANDIDATE, b(1))


def test_phase_1b_a_promise_tells_of_all_votes_from_that_slot_on():
    node = replica(disk=Map({"promised": b(1), "votes": votes(s1=(b(1), "x"), s3=(b(1), "z"))}))
    assert hear(node, "r2", Prepare(b(2, "r2"), 2)) == (
        Persist(Map({"promised": b(2, "r2")})),
        ELECTION,
        Send("r2", Promise(b(2, "r2"), 2, votes(s3=(b(1), "z")))),
    )


def test_phase_1b_a_ballot_below_the_promise_is_refused():
    node = replica(disk=Map({"promised": b(3, "r3")}))
    before = node.snapshot()
    assert hear(node, "r2", Prepare(b(2, "r2"), 1)) == (Send("r2", Reject(b(2, "r2"), b(3, "r3"))),)
    assert node.snapshot() == before


@pytest.mark.parametrize(("members", "needed"), [(THREE, 1), (FIVE, 2)])
def test_a_candidate_leads_with_the_promises_of_a_quorum(members, needed):
    node = candidate(members=members)
    for count, name in enumerate(members[1 : needed + 1], 1):
        effects = hear(node, name, Promise(b(1), 1, Map()))
        assert (node.role is Role.LEADER) == (count == needed)
    assert effects[:2] == (Note("leads ballot 1.r1"), NO_ELECTION)
    assert effects[-1] == HEARTBEAT
    assert node.leader == "r1"


def test_a_leader_that_finds_nothing_asks_for_nothing():
    node = candidate()
    assert asked(hear(node, "r2", Promise(b(1), 1, Map())), Accept) == []
    assert node.next_slot == 1


def test_p2c_a_new_leader_asks_in_each_slot_for_the_value_of_the_highest_ballot():
    node = candidate(members=FIVE, disk=Map({"promised": b(3), "votes": votes(s1=(b(1), "old"))}))
    hear(node, "r2", Promise(b(4), 1, votes(s1=(b(3), "new"), s2=(b(2), "two"))))
    effects = hear(node, "r3", Promise(b(4), 1, votes(s2=(b(1), "older"))))
    assert asked(effects, Accept) == [Accept(b(4), 1, "new"), Accept(b(4), 2, "two")]


def test_a_gap_is_filled_with_a_no_op_and_new_commands_come_behind():
    node = leader(told=votes(s3=(b(0, "r3"), "three")))
    assert dict(node.proposals.items()) == {1: None, 2: None, 3: "three"}
    assert asked(ask(node, Propose("new")), Accept) == [Accept(b(1), 4, "new")]


def test_a_decision_behind_a_gap_is_applied_once_the_gap_is_filled():
    """The old leader r3 asked in slots 1 and 2; the first Accept was lost, the second reached r2. Then r3 stops."""
    nodes = {name: replica(name=name) for name in THREE}
    flow(nodes, [("r3", to, message) for to, message in sends(fire(nodes["r3"], "election"))])
    sent = [*sends(ask(nodes["r3"], Propose("one"))), *sends(ask(nodes["r3"], Propose("two")))]
    flow({"r2": nodes["r2"]}, [("r3", to, m) for to, m in sent if to == "r2" and m.slot == 2])
    assert dict(nodes["r2"].votes.items()) == dict(votes(s2=(b(1, "r3"), "two")).items())
    left = {name: nodes[name] for name in ("r1", "r2")}
    flow(left, [("r1", to, message) for to, message in sends(fire(nodes["r1"], "election"))])
    flow(left, [("r1", to, message) for to, message in sends(fire(nodes["r1"], "heartbeat"))])
    for node in left.values():
        assert (node.last_applied, node.chosen) == (2, Map({1: None, 2: "two"}))


# Phase 2, once for each command.


def test_a_command_costs_one_phase_2():
    node = leader()
    accept = Accept(b(1), 1, "x")
    assert ask(node, Propose("x")) == (
        *to_others(accept),
        Persist(Map({"promised": b(1), "votes": votes(s1=(b(1), "x"))})),
    )
    assert hear(node, "r3", Accepted(b(1), 1, "x")) == (
        *to_others(Decided(1, ("x",))),
        Output(Committed(1, Entry(0, "x"))),
    )
    assert (node.last_applied, node.acceptances, node.proposals) == (1, Map(), Map())


def test_a_replica_that_does_not_lead_says_who_does():
    node = replica()
    assert ask(node, Propose("x")) == (Output(NotLeader("x", None)),)
    hear(node, "r2", Heartbeat(b(1, "r2"), 0))
    assert ask(node, Propose("x")) == (Output(NotLeader("x", "r2")),)


def test_slots_are_decided_in_any_order_and_applied_in_theirs():
    node = leader()
    ask(node, Propose("x"))
    ask(node, Propose("y"))
    assert applied(hear(node, "r2", Accepted(b(1), 2, "y"))) == []
    assert applied(hear(node, "r2", Accepted(b(1), 1, "x"))) == [(1, "x"), (2, "y")]


def test_at_most_alpha_slots_are_open_and_further_commands_wait():
    node = leader(alpha=2)
    effects = [effect for command in "xyz" for effect in ask(node, Propose(command))]
    assert [accept.slot for accept in asked(effects, Accept)] == [1, 2]
    assert node.waiting == ("z",)
    assert asked(hear(node, "r2", Accepted(b(1), 2, "y")), Accept) == []  # slot 1 is still open
    assert asked(hear(node, "r2", Accepted(b(1), 1, "x")), Accept) == [
        Accept(b(1), 3, "z"),
    ]


def test_commands_that_still_wait_go_back_to_the_host_when_the_leader_is_deposed():
    node = leader(alpha=1)
    ask(node, Propose("x"))
    ask(node, Propose("y"))
    effects = hear(node, "r2", Prepare(b(2, "r2"), 1))
    assert outputs(effects) == [NotLeader("y", None)]  # what became of x nobody knows yet
    assert NO_HEARTBEAT in effects


def test_phase_2b_an_acceptor_votes_after_its_disk_has_the_vote_and_follows_who_asks():
    node = replica()
    assert hear(node, "r2", Accept(b(1, "r2"), 4, "x")) == (
        ELECTION,
        Persist(Map({"promised": b(1, "r2"), "votes": votes(s4=(b(1, "r2"), "x"))})),
        Send("r2", Accepted(b(1, "r2"), 4, "x")),
    )
    assert (node.leader, node.last_applied) == ("r2", 0)


def test_phase_2b_an_acceptor_that_has_promised_a_higher_ballot_does_not_vote():
    node = replica(disk=Map({"promised": b(2, "r3")}))
    assert hear(node, "r2", Accept(b(1, "r2"), 1, "x")) == (Send("r2", Reject(b(1, "r2"), b(2, "r3"))),)
    assert node.votes == Map()


@pytest.mark.parametrize(
    "stale", [Accepted(b(0), 1, "x"), Accepted(b(1), 9, "x"), Accepted(b(1, "r2"), 1, "x")]
)
def test_a_vote_of_another_ballot_or_slot_does_not_count(stale):
    node = leader()
    ask(node, Propose("x"))
    before = node.snapshot()
    assert hear(node, "r3", stale) == ()
    assert node.snapshot() == before


def test_a_slot_of_which_others_tell_that_it_is_decided_is_asked_for_no_more():
    node = leader(told=votes(s1=(b(0, "r3"), "x")))
    assert dict(node.proposals.items()) == {1: "x"}
    assert applied(hear(node, "r3", Decided(1, ("x",)))) == [(1, "x")]
    assert (node.proposals, node.acceptances) == (Map(), Map())
    assert asked(fire(node, "heartbeat"), Accept) == []


def test_the_same_acceptor_does_not_count_twice():
    node = leader(members=FIVE)
    ask(node, Propose("x"))
    assert hear(node, "r2", Accepted(b(1), 1, "x")) == hear(node, "r2", Accepted(b(1), 1, "x")) == ()
    assert applied(hear(node, "r4", Accepted(b(1), 1, "x"))) == [(1, "x")]


# Who leads, and catching up.


def test_a_leader_whose_ballot_is_refused_gives_up_and_goes_beyond_it_the_next_time():
    node = leader()
    assert hear(node, "r2", Reject(b(1), b(5, "r3")))[0] == Note("gives up ballot 1.r1")
    assert (node.role, node.leader) == (Role.FOLLOWER, None)
    assert sends(fire(node, "election"))[0] == ("r2", Prepare(b(6), 1))


def test_a_heartbeat_asks_again_for_what_was_not_answered():
    node = leader(members=FIVE)
    ask(node, Propose("x"))
    hear(node, "r3", Accepted(b(1), 1, "x"))
    again = [(to, m) for to, m in sends(fire(node, "heartbeat")) if isinstance(m, Accept)]
    assert again == [(name, Accept(b(1), 1, "x")) for name in ("r2", "r4", "r5")]


def test_a_replica_that_lacks_decisions_asks_for_them_and_gets_all_that_follow():
    node = replica()
    hear(node, "r2", Decided(2, ("two",)))
    assert node.last_applied == 0
    assert sends(hear(node, "r2", Heartbeat(b(1, "r2"), 3))) == [("r2", Lacks(1))]
    other = leader()
    for command in ("one", "two", "three"):
        ask(other, Propose(command))
        hear(other, "r2", Accepted(b(1), other.next_slot - 1, command))
    ((_, answer),) = sends(hear(other, "r3", Lacks(1)))
    assert answer == Decided(1, ("one", "two", "three"))
    assert applied(hear(node, "r2", answer)) == [(1, "one"), (2, "two"), (3, "three")]
    assert applied(hear(node, "r2", answer)) == []


def test_who_has_nothing_to_tell_does_not_answer():
    assert hear(replica(), "r2", Lacks(1)) == ()


def test_an_old_leader_is_told_that_it_is_outdated():
    node = replica(disk=Map({"promised": b(4, "r3")}))
    assert hear(node, "r2", Heartbeat(b(1, "r2"), 9)) == (Send("r2", Reject(b(1, "r2"), b(4, "r3"))),)


def test_one_replica_alone_decides_at_once():
    node = candidate(members=("r1",))
    assert node.role is Role.LEADER
    assert applied(ask(node, Propose("x"))) == [(1, "x")]


def test_a_restart_finds_promise_and_votes_and_learns_the_rest_again():
    disk = Map({"promised": b(7), "votes": votes(s1=(b(7), "x"))})
    node = leader(disk=disk, told=votes(s1=(b(7), "x")))
    assert (node.ballot, node.last_applied, node.proposals) == (b(8), 0, Map({1: "x"}))


# Wrong arguments, and the system.


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"members": ()}, "members must name at least one process"),
        ({"alpha": 0}, "alpha must be at least 1, but it is 0"),
        ({"election_ms": 1}, "election_ms must be at least 2, but it is 1"),
        ({"heartbeat_ms": 300}, "heartbeat_ms must be less than election_ms"),
        ({"quorums": ("sizes", 1, 1)}, "quorums must meet"),
    ],
)
def test_a_replica_answers_for_its_arguments(settings, says):
    with pytest.raises(DistsysError, match=says):
        MultiPaxos("r1", **{"members": THREE, **settings})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"commands": -1}, "commands must be at least 0"),
        ({"changes": -1}, "changes must be at least 0"),
        ({"compactions": -1}, "compactions must be at least 0"),
        ({"alpha": 0}, "alpha must be at least 1"),
    ],
)
def test_an_option_that_cannot_be_is_answered_before_anything_runs(options, says):
    with pytest.raises(ArgumentError, match=says):
        systems.build("multi-paxos", **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nodes": 1},
        {"nodes": 5, "quorums": ("sizes", 4, 2)},
        {"nodes": 6, "quorums": ("grid", 3)},
        {"changes": 3, "compactions": 6, "alpha": 2},
        {"nodes": 5, "changes": 4, "compactions": 8, "alpha": 1},
        {"commands": 16},
    ],
    ids=str,
)
def test_correct_code_keeps_every_law_under_faults(options):
    for seed in range(6):
        assert simulate("multi-paxos", seed, **options).violations == ()


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (
            3,
            {"nodes": 5, "changes": 4, "compactions": 8, "alpha": 2},
        ),  # who left knew alone who the new ones are
        (36, {"commands": 16}),  # who asked for votes crashed in that step, and nobody was up
    ],
)
def test_seeds_that_once_failed_keep_every_law(seed, options):
    assert simulate("multi-paxos", seed, **options).violations == ()
