"""The laws of Paxos: silent over correct code, and each speaks up for the mutant that names it."""

import pytest

from distsys import simulate, systems
from distsys.core import Map
from distsys.drivers import walk
from distsys.mutants.paxos import MUTANTS, TakesTheFirstVote
from distsys.protocols.paxos_laws import PAXOS_LAWS, is_safe
from distsys.protocols.paxos_ledger import Asked, Cast, Ledger, Promised, Vote
from distsys.protocols.paxos_messages import ZERO, Accept, Promise
from distsys.protocols.quorums import quorums_of
from paxos_nodes import FIVE, b, preparing
from raft_nodes import hear, sends

QUICK = [mutant for mutant in MUTANTS if mutant.id != "PAX-02"]  # walks find it


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Make the mutants known, whether or not they are declared."""
    systems.mutants()
    for mutant in MUTANTS:
        monkeypatch.setitem(systems._MUTANTS, mutant.id, mutant)


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_correct_code_keeps_every_law_under_faults(nodes):
    for seed in range(15):
        assert simulate("paxos", seed, nodes=nodes).violations == ()
        assert walk("paxos", seed, nodes=nodes).violations == ()


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: mutant.id)
def test_a_mutant_is_caught_first_by_the_law_that_it_names(mutant):
    for seed in range(mutant.seeds_max):
        trace = simulate("paxos", seed, mutant=mutant.id)
        if trace.violations:
            break
    assert trace.violation.law == mutant.breaks
    assert simulate("paxos", seed).violation is None


def test_pax_02_takes_the_vote_that_it_finds_first():
    node = preparing("mine", kind=TakesTheFirstVote, acceptors=FIVE, disk=Map({"promised": b(2, "a5")}))
    hear(node, "a2", Promise(b(3), ONE, "older"))
    effects = hear(node, "a3", Promise(b(3), TWO, "newer"))
    assert sends(effects)[0] == ("a2", Accept(b(3), "older"))


def test_every_law_has_a_mutant_and_every_mutant_a_law():
    assert {mutant.breaks for mutant in MUTANTS} == {law.name for law in PAXOS_LAWS}


# P2c, judged from the states of the acceptors.


def ledger(*votes, promised=FIVE, ballot=b(9)):  # noqa: B008
    """Return a ledger in which these (name, ballot, value) were voted, and then `promised` promised a ballot."""
    known = Ledger(quorums=Map({1: quorums_of(("majority",), FIVE)}))
    for name, at, value in votes:
        known = known.add(name, Cast(1, at, value))
    for name in promised:
        known = known.add(name, Promised(ballot))
    return known


ONE, TWO = b(1, "a1"), b(2, "a2")


@pytest.mark.parametrize(
    ("known", "value", "safe"),
    [
        (ledger(), "x", True),  # nobody has voted
        (ledger(promised=("a1", "a2")), "x", False),  # no quorum has promised
        (ledger(("a1", ONE, "x")), "y", True),  # the other four have not voted
        (ledger(("a1", ONE, "x"), promised=("a1", "a2", "a3")), "y", False),
        (ledger(("a1", ONE, "x"), promised=("a1", "a2", "a3")), "x", True),
        (ledger(*((a, ONE, "x") for a in FIVE[:3])), "y", False),  # x is chosen
        (ledger(*((a, ONE, "x") for a in FIVE[:3])), "x", True),
        (ledger(("a1", ONE, "x"), ("a2", TWO, "y"), promised=("a1", "a2", "a3")), "x", False),
        (ledger(("a1", ONE, "x"), ("a2", TWO, "y"), promised=("a1", "a2", "a3")), "y", True),
        (ledger(("a1", ONE, "x"), ("a2", TWO, "y"), promised=("a1", "a3", "a4")), "x", True),
        (ledger(("a1", b(10), "x"), promised=FIVE), "y", True),  # votes above the ballot do not speak
    ],
)
def test_p2c_asks_for_a_quorum_that_does_not_speak_against_the_value(known, value, safe):
    assert is_safe(known, Asked(1, b(9), value)) == safe


def test_a_value_is_chosen_by_a_quorum_in_one_ballot_only():
    assert ledger(("a1", ONE, "x"), ("a2", ONE, "x"), ("a3", TWO, "x")).chosen(1) == []
    assert ledger(("a1", ONE, "x"), ("a2", ONE, "x"), ("a3", ONE, "x")).chosen(1) == [Vote(ONE, "x")]


def test_where_two_proposers_share_a_ballot_both_values_can_be_chosen_in_it():
    votes = [(a, ONE, "x") for a in FIVE[:3]] + [(a, ONE, "y") for a in FIVE[2:]]
    assert ledger(*votes).chosen(1) == [Vote(ONE, "x"), Vote(ONE, "y")]


def test_an_acceptor_that_never_voted_has_no_last_vote():
    assert ledger(("a1", ONE, "x")).last_vote_below(1, TWO, "a2") is None
    assert ledger(("a1", ONE, "x")).last_vote_below(1, ONE, "a1") is None
    assert ledger(("a1", ONE, "x"), ("a1", TWO, "y")).last_vote_below(1, b(3), "a1") == Vote(TWO, "y")
    assert ZERO < ONE
