"""Single-decree Paxos, "Paxos Made Simple" section 2, sentence by sentence: proposers, acceptors, learners."""

import pytest

from distsys.core import EMPTY, Note, Output, Send, Start
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_messages import (
    ZERO,
    Accept,
    Accepted,
    Chosen,
    Learned,
    Phase,
    Prepare,
    Promise,
    Propose,
    Reject,
)
from paxos_nodes import (
    FIVE,
    NO_RETRY,
    RETRY,
    THREE,
    accepting,
    b,
    preparing,
    process,
    saved,
    to_others,
    voter,
)
from raft_nodes import ask, fire, flow, hear, outputs, persisted, sends


def test_ballots_are_ordered_by_round_and_then_by_name_and_no_two_proposers_share_one():
    assert ZERO < b(1, "a1") < b(1, "a2") < b(2, "a1")
    assert max(b(3, "a1"), b(2, "a9")) == b(3, "a1")
    assert process(name="a1").next_ballot() != process(name="a2").next_ballot()
    assert (str(ZERO), str(b(4, "a2"))) == ("0", "4.a2")


def test_a_process_starts_without_a_promise_and_without_a_vote():
    node = Paxos("a1", acceptors=THREE)
    assert node.handle(Start(0)) == (RETRY,)
    assert (node.promised, node.voted_ballot, node.voted_value) == (ZERO, ZERO, None)
    assert (node.phase, node.ballot, node.chosen, node.accepted) == (Phase.IDLE, ZERO, None, frozenset())


# Phase 1.


def test_phase_1a_a_proposer_asks_all_for_a_promise_and_its_own_acceptor_promises_first():
    node = process()
    assert ask(node, Propose("x")) == (
        saved(promised=b(1)),
        *to_others(Prepare(b(1))),
        RETRY,
    )
    assert (node.phase, node.promised, set(node.promises)) == (Phase.PREPARE, b(1), {"a1"})


def test_phase_1a_a_ballot_is_never_used_twice_also_after_a_crash():
    node = preparing()
    again = process(disk=persisted_disk(ask(process(), Propose("x"))))
    assert again.promised == node.promised == b(1)
    fire(again, "retry")
    assert again.ballot == b(2)


def persisted_disk(effects):
    """Return the disk after these effects."""
    disk = {}
    for changes in persisted(effects):
        disk.update(changes)
    return saved(**disk).changes


def test_phase_1b_an_acceptor_that_has_not_promised_more_promises_and_tells_its_vote():
    node = process(disk=voter(b(1, "a3"), "old"))
    assert hear(node, "a2", Prepare(b(2, "a2"))) == (
        saved(promised=b(2, "a2")),
        Send("a2", Promise(b(2, "a2"), b(1, "a3"), "old")),
    )
    assert node.promised == b(2, "a2")


def test_phase_1b_an_acceptor_refuses_a_ballot_below_its_promise_and_changes_nothing():
    node = process(disk=saved(promised=b(3, "a3")).changes)
    before = node.snapshot()
    assert hear(node, "a2", Prepare(b(2, "a2"))) == (Send("a2", Reject(b(2, "a2"), b(3, "a3"))),)
    assert node.snapshot() == before


def test_phase_1b_a_prepare_that_was_doubled_gets_its_answer_again():
    node = process()
    hear(node, "a2", Prepare(b(1, "a2")))
    assert sends(hear(node, "a2", Prepare(b(1, "a2")))) == [("a2", Promise(b(1, "a2")))]


# Phase 2.


def test_phase_2a_with_a_quorum_of_promises_and_no_vote_the_proposer_asks_for_its_own_value():
    node = preparing("x")
    assert hear(node, "a2", Promise(b(1))) == (
        Note("asks for votes in ballot 1.a1"),
        *to_others(Accept(b(1), "x")),
        saved(promised=b(1), voted_ballot=b(1), voted_value="x"),
        *to_others(Accepted(b(1), "x")),
    )
    assert (node.phase, node.accepted) == (Phase.ACCEPT, {"a1"})


def test_phase_2a_without_a_quorum_nobody_is_asked():
    node = preparing("x", acceptors=FIVE)
    assert hear(node, "a2", Promise(b(1))) == ()
    assert hear(node, "a2", Promise(b(1))) == ()  # the same acceptor does not count twice
    assert sends(hear(node, "a4", Promise(b(1))))[0] == ("a2", Accept(b(1), "x"))


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ([(ZERO, None), (ZERO, None)], "mine"),
        ([(b(1, "a4"), "one"), (ZERO, None)], "one"),
        ([(b(1, "a4"), "one"), (b(2, "a5"), "two")], "two"),
        ([(b(2, "a5"), "two"), (b(1, "a4"), "one")], "two"),
        ([(b(1, "a4"), "four"), (b(1, "a5"), "five")], "five"),
    ],
)
def test_p2c_the_value_is_that_of_the_highest_ballot_that_the_promises_tell_of(told, value):
    node = preparing("mine", acceptors=FIVE, disk=saved(promised=b(2, "a5")).changes)
    assert node.ballot == b(3)
    for name, (voted_ballot, voted_value) in zip(("a2", "a3"), told, strict=True):
        effects = hear(node, name, Promise(b(3), voted_ballot, voted_value))
    assert sends(effects)[0] == ("a2", Accept(b(3), value))


def test_p2c_the_proposers_own_vote_counts_as_well():
    node = process(disk=voter(b(1, "a2"), "old"))
    ask(node, Propose("mine"))
    assert sends(hear(node, "a3", Promise(b(2))))[0] == ("a2", Accept(b(2), "old"))


def test_a_process_that_only_wants_to_know_asks_for_no_votes_where_nobody_has_voted():
    node = process()
    fire(node, "retry")
    assert node.phase is Phase.PREPARE
    assert hear(node, "a2", Promise(b(1))) == ()
    assert node.phase is Phase.IDLE


@pytest.mark.parametrize("stale", [Promise(b(1)), Promise(b(9, "a2"))])
def test_a_promise_for_another_ballot_or_phase_asks_nobody(stale):
    node = accepting()
    fire(node, "retry")
    assert sends(hear(node, "a3", stale)) == []
    assert node.phase is Phase.PREPARE


def test_phase_2b_an_acceptor_votes_and_tells_all_learners_once_the_vote_is_on_its_disk():
    node = process()
    assert hear(node, "a2", Accept(b(1, "a2"), "x")) == (
        saved(promised=b(1, "a2"), voted_ballot=b(1, "a2"), voted_value="x"),
        *to_others(Accepted(b(1, "a2"), "x")),
    )
    assert (node.promised, node.voted_ballot, node.voted_value) == (b(1, "a2"), b(1, "a2"), "x")


def test_phase_2b_an_acceptor_that_has_promised_a_higher_ballot_does_not_vote():
    node = process(disk=saved(promised=b(2, "a3")).changes)
    before = node.snapshot()
    assert hear(node, "a2", Accept(b(1, "a2"), "x")) == (Send("a2", Reject(b(1, "a2"), b(2, "a3"))),)
    assert node.snapshot() == before


def test_2_5_a_promise_and_a_vote_outlive_a_crash():
    node = process(disk=voter(b(1, "a2"), "x", promised=b(4, "a3")))
    assert (node.promised, node.voted_ballot, node.voted_value) == (b(4, "a3"), b(1, "a2"), "x")
    assert (node.phase, node.proposal, node.votes, node.chosen) == (Phase.IDLE, None, EMPTY, None)


# Duels.


def test_a_proposer_that_is_refused_waits_and_then_goes_beyond_who_refused_it():
    node = preparing()
    assert hear(node, "a2", Reject(b(1), b(7, "a3"))) == (Note("gives up ballot 1.a1"), RETRY)
    assert node.phase is Phase.IDLE
    assert sends(fire(node, "retry"))[0] == ("a2", Prepare(b(8)))


def test_a_refusal_of_an_old_ballot_gives_nothing_up():
    node = preparing()
    fire(node, "retry")
    assert hear(node, "a2", Reject(b(1), b(1, "a3"))) == ()
    assert (node.phase, node.ballot) == (Phase.PREPARE, b(2))


def test_a_proposer_that_nobody_answers_tries_again_with_a_higher_ballot():
    assert sends(fire(preparing(), "retry")) == [("a2", Prepare(b(2))), ("a3", Prepare(b(2)))]


def test_2_4_two_proposers_can_outbid_each_other_for_ever():
    """Without timers nobody waits: each begins again as soon as it is refused. Ten rounds, and nothing is chosen."""
    nodes = {name: process(name=name) for name in THREE}
    late = flow(nodes, sent("a1", ask(nodes["a1"], Propose("x"))), held=(Accept,))
    for turn in range(10):
        name = ("a2", "a1")[turn % 2]
        effects = ask(nodes[name], Propose(name)) if turn == 0 else fire(nodes[name], "retry")
        outbid, late = late, flow(nodes, sent(name, effects), held=(Accept,))
        assert late, "phase 1 is won"
        flow(nodes, [way for way in outbid if way[1] == "a3"])
        assert nodes["a3"].voted_ballot == ZERO
    assert [node.chosen for node in nodes.values()] == [None] * 3


def sent(name, effects):
    """Return what is under way after these effects of `name`."""
    return [(name, to, message) for to, message in sends(effects)]


# Learners.


def test_2_3_a_value_is_learned_when_a_quorum_has_voted_for_it_in_one_ballot():
    node = process(acceptors=FIVE)
    assert hear(node, "a2", Accepted(b(1, "a2"), "x")) == ()
    assert hear(node, "a2", Accepted(b(1, "a2"), "x")) == ()  # the same vote twice is one vote
    assert hear(node, "a3", Accepted(b(2, "a3"), "y")) == ()  # another ballot
    assert hear(node, "a4", Accepted(b(2, "a3"), "y")) == ()
    assert hear(node, "a2", Accepted(b(2, "a3"), "y")) == (NO_RETRY, Output(Chosen("y")))


def test_a_late_vote_of_an_old_ballot_does_not_undo_the_last_one():
    node = process(acceptors=FIVE)
    hear(node, "a2", Accepted(b(2, "a3"), "y"))
    hear(node, "a2", Accepted(b(1, "a2"), "x"))
    assert node.votes["a2"] == Accepted(b(2, "a3"), "y")


def test_a_value_is_told_to_the_host_once():
    node = accepting("x")
    assert outputs(hear(node, "a2", Accepted(b(1), "x"))) == [Chosen("x")]
    assert hear(node, "a3", Accepted(b(1), "x")) == ()
    assert hear(node, "a3", Learned("x")) == ()
    assert fire(node, "retry") == ()


def test_who_knows_the_outcome_tells_who_asks():
    node = process()
    hear(node, "a2", Learned("x"))
    assert hear(node, "a3", Prepare(b(9, "a3"))) == (Send("a3", Learned("x")),)
    assert ask(node, Propose("late")) == ()


def test_a_learner_that_has_lost_all_asks_and_finds_out():
    nodes = {name: process(name=name) for name in THREE}
    flow(nodes, sent("a1", ask(nodes["a1"], Propose("x"))))
    assert {node.chosen for node in nodes.values()} == {Chosen("x")}
    disk = voter(nodes["a3"].voted_ballot, "x")
    nodes["a3"] = process(name="a3", disk=disk)
    flow(nodes, sent("a3", fire(nodes["a3"], "retry")))
    assert nodes["a3"].chosen == Chosen("x")


def test_one_process_alone_decides_at_once():
    node = process(acceptors=("a1",))
    assert outputs(ask(node, Propose("x"))) == [Chosen("x")]


def test_a_host_proposes_one_value_and_a_second_one_is_left_alone():
    node = preparing("x")
    assert ask(node, Propose("y")) == ()
    assert node.proposal == "x"


def test_the_host_may_propose_while_a_ballot_without_a_value_is_under_way():
    node = process()
    fire(node, "retry")
    assert ask(node, Propose("x")) == ()
    assert sends(hear(node, "a2", Promise(b(1))))[0] == ("a2", Accept(b(1), "x"))


def test_a_message_of_another_kind_is_ignored():
    assert hear(process(), "a2", "hello") == ()
