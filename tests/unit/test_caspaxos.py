"""CASPaxos: a register that is linearizable, and three ways in which it is not."""

from itertools import product

import pytest

from distsys.core import systems
from distsys.core.operations import INFO, OK, Operation
from distsys.lab import quorum_runs as runs
from distsys.lab.caspaxos import BROKEN, Do, Register, applied
from distsys.protocols.paxos_messages import Accept, Accepted, Ballot, Prepare, Promise, Reject
from raft_nodes import ask, fire, hear, outputs, sends

THREE = ("n1", "n2", "n3")


def b(round, name="n1"):
    return Ballot(round, name)


WRITE = Do("ann", "write", "a")


def register(*, promised=False, do=WRITE):
    node = Register("n1", acceptors=THREE)
    ask(node, do)
    if promised:
        hear(node, "n2", Promise(b(1)))
    return node


def test_an_operation_begins_a_ballot():
    node = Register("n1", acceptors=THREE)
    effects = ask(node, Do("ann", "read"))
    assert outputs(effects) == [Operation("ann", "invoke", "read")]
    assert [message for _, message in sends(effects)] == [Prepare(b(1))] * 2


def test_a_proposer_asks_for_what_the_operation_makes_of_the_last_state():
    votes = [(0, None), (1, "a"), (1, "c"), (2, "a"), (2, "c")]
    for told in product(votes, repeat=3):
        state = max(told, key=lambda vote: vote[0])[1]
        assert runs.asked_for(list(told), "cas", ("a", "b")) == ("b" if state == "a" else state)


def test_a_read_writes_back_what_it_read():
    node = register(do=Do("ann", "read"))
    effects = hear(node, "n2", Promise(b(1), b(0, "x"), None))
    assert Accept(b(1), (None,)) in [message for _, message in sends(effects)]


def test_an_answer_needs_a_quorum_of_votes_in_this_ballot():
    node = register(promised=True)
    assert outputs(hear(node, "n2", Accepted(b(7, "n2"), ("x",)))) == []
    assert outputs(hear(node, "n3", Accepted(b(1), ("a",)))) == [Operation("ann", OK, "write")]


def test_a_vote_is_told_to_the_proposer_alone():
    node = Register("n2", acceptors=THREE)
    assert sends(hear(node, "n1", Accept(b(1), ("a",)))) == [("n1", Accepted(b(1), ("a",)))]


def test_an_acceptor_that_has_promised_more_refuses():
    node = Register("n2", acceptors=THREE)
    hear(node, "n3", Prepare(b(2, "n3")))
    assert [message for _, message in sends(hear(node, "n1", Accept(b(1), ("a",))))] == [
        Reject(b(1), b(2, "n3"))
    ]


def test_beaten_in_phase_1_it_tries_again():
    node = register()
    assert outputs(hear(node, "n2", Reject(b(1), b(4, "n2")))) == []
    assert [message for _, message in sends(fire(node, "retry"))] == [Prepare(b(5))] * 2


@pytest.mark.parametrize("how", ["refused", "no answer"])
def test_beaten_in_phase_2_nobody_knows(how):
    node = register(promised=True)
    effects = hear(node, "n2", Reject(b(1), b(4, "n2"))) if how == "refused" else fire(node, "retry")
    assert outputs(effects) == [Operation("ann", INFO, "write")]
    assert node.open is None


def test_operations_wait_for_each_other():
    node = register()
    assert outputs(ask(node, Do("bob", "read"))) == []
    hear(node, "n2", Promise(b(1)))
    ends = outputs(hear(node, "n2", Accepted(b(1), ("a",))))
    assert [(one.process, one.type) for one in ends] == [("ann", OK), ("bob", "invoke")]


def test_what_operations_do():
    assert applied(Do("a", "read"), "x") == ("x", "x")
    assert applied(Do("a", "write", "y"), "x") == ("y", None)
    assert applied(Do("a", "cas", ("x", "y")), "x") == ("y", True)
    assert applied(Do("a", "cas", ("z", "y")), "x") == ("x", False)


def test_histories_are_linearizable_in_200_runs_with_faults():
    assert set(runs.verdicts("caspaxos", 200)) == {"OK"}


@pytest.mark.parametrize(
    ("name", "seed"), [("the first state", 9), ("its own memory", 0), ("does it again", 29)]
)
def test_a_broken_version_is_found_within_30_seeds(name, seed):
    assert runs.verdicts(BROKEN[name].name, 1, first=seed) == ["ILLEGAL"]


def test_a_saved_run_finds_its_system():
    assert systems.find("caspaxos").name == runs.beaten_in_phase_2().header.system


def test_it_takes_two_round_trips_and_multi_paxos_one():
    assert (runs.round_trips("caspaxos"), runs.round_trips("multi-paxos")) == (2, 1)
