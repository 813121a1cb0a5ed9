"""Symmetry: the same verdicts with fewer states, and a refusal where names are told apart."""

import pytest

from distsys.core import Log, Map
from distsys.core.errors import ArgumentError
from distsys.core.systems import Request
from distsys.drivers import Bounds, explore
from distsys.drivers.symmetry import Renaming
from distsys.protocols.raft_messages import Entry, Propose, Role
from toy_systems import Letter, has_a_leader

NAMES = ("n1", "n2", "n3")

ALIKE = [  # system, mutant, bounds, states without symmetry, states with it
    ("heartbeat-detector", None, {"timeouts": 2}, 7_932, 1_361),
    ("heartbeat-detector", "FD-06", {"timeouts": 3}, None, None),
    ("membership", None, {"timeouts": 1}, 944, 170),
    ("membership", "MEM-04", {"timeouts": 3}, None, None),
    ("toy-election", None, {"timeouts": 2}, 700, 120),
    ("toy-election", None, {"timeouts": 2, "crashes": 1}, 7_325, 1_258),
    ("toy-election", "TOY-1", {"timeouts": 2, "crashes": 1}, None, None),
    ("toy-election", "TOY-2", {"timeouts": 2}, None, None),
    ("raft", None, {"timeouts": 1, "crashes": 1, "requests": 0}, 2_489, 433),
]


@pytest.mark.parametrize(("system", "mutant", "bounds", "states", "fewer"), ALIKE)
def test_verdicts_agree_with_and_without_symmetry(system, mutant, bounds, states, fewer):
    plain = explore(system, nodes=3, mutant=mutant, bounds=Bounds(**bounds))
    folded = explore(system, nodes=3, mutant=mutant, bounds=Bounds(**bounds), symmetry=True)
    assert folded.verdict == plain.verdict
    assert folded.depth == plain.depth
    assert folded.states < plain.states
    assert (folded.violation is None) == (plain.violation is None)
    if plain.violation is not None:
        assert folded.violation.law == plain.violation.law
    else:
        assert plain.states <= 6 * folded.states  # a class has at most 3! states
    if states is not None:
        assert plain.states == states
    if fewer is not None:
        assert folded.states == fewer
    assert "taken for alike: n1, n2, n3" in folded.notes[0]


def test_goals_are_reached_with_symmetry_too():
    found = explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), goals=[has_a_leader], symmetry=True)
    assert (found.verdict, found.goals) == ("HOLDS", {"has a leader": True})
    assert len(found.witnesses["has a leader"]) == 6


def test_a_node_that_is_asked_something_is_not_like_the_others():
    requests = [Request(0, "n1", Propose("x"))]
    found = explore("raft", nodes=3, requests=requests, symmetry=True)
    assert "taken for alike: n2, n3;" in found.notes[0]


def test_a_protocol_that_breaks_ties_by_name_is_refused(monkeypatch):
    from toy_systems import Voter

    def bully(self, timer):
        if self.name > max(self.peers):
            self.leads = 1

    monkeypatch.setattr(Voter, "on_timeout", bully)
    with pytest.raises(ArgumentError, match=r"symmetry must be off: n. tells names apart"):
        explore("toy-election", nodes=3, bounds=Bounds(timeouts=1), symmetry=True)


def test_numbers_that_go_out_in_the_order_of_names_are_refused():
    with pytest.raises(ArgumentError, match="symmetry must be off: n2 tells names apart"):
        explore("reliable-broadcast", nodes=4, symmetry=True)


def test_laws_that_look_at_numbers_of_steps_are_refused():
    with pytest.raises(ArgumentError, match="symmetry must be off: numbers of steps"):
        explore("lamport-clock", nodes=3, symmetry=True)


def test_a_name_is_exchanged_wherever_it_stands():
    swap = Renaming(NAMES, (1, 0, 2))
    assert swap.value("n1") == "n2"
    assert swap.value("links/wait:n1") == "links/wait:n2"
    assert swap.value("n11") == "n11"
    assert swap.value(("n1", "n3")) == ("n2", "n3")
    assert swap.value(("n2", "n3")) == ("n1", "n3")
    assert swap.value(("n3", "n1")) == ("n3", "n2")
    assert swap.value((1, ("n1", b"n1", None))) == (1, ("n2", b"n1", None))
    assert swap.value(frozenset({"n1", "n3"})) == frozenset({"n2", "n3"})
    assert swap.value(Map({"n1": 1, "n2": ("n1",)})) == Map({"n2": 1, "n1": ("n2",)})
    assert swap.value(Letter("n1")) == Letter("n2")
    assert swap.value(Role.LEADER) is Role.LEADER
    log = Log([Entry(1, "n1"), Entry(2, "n3")], before_index=4)
    assert swap.value(log) == Log([Entry(1, "n2"), Entry(2, "n3")], before_index=4)


def test_renaming_there_and_back_changes_nothing():
    turn, back = Renaming(NAMES, (1, 2, 0)), Renaming(NAMES, (2, 0, 1))
    value = (Map({"n1": frozenset({"n2"})}), Letter(("n1", "n2", "n3")), "a:n2")
    assert back.value(turn.value(value)) == value
