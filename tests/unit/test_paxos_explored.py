"""Every order of events of one decision within small bounds: counts are pinned, bugs take the fewest actions."""

import pytest

from distsys import systems
from distsys.core.systems import Request
from distsys.drivers import Bounds, explore
from distsys.mutants.paxos import MUTANTS
from distsys.protocols.paxos_messages import Propose

ONE = (Request(0, "n1", Propose("x")),)
TWO = (*ONE, Request(0, "n2", Propose("y")))


@pytest.mark.parametrize(
    ("bounds", "counts"),
    [
        ({}, (2_177, 6_361, 13)),
        ({"losses": 1}, (6_467, 24_949, 13)),
        ({"crashes": 1}, (22_662, 74_076, 15)),
    ],
    ids=["as it is", "a loss", "a crash"],
)
def test_with_one_proposer_every_law_of_safety_holds_in_every_order(bounds, counts):
    found = explore("paxos", bounds=Bounds(timeouts=0, **bounds), requests=ONE, nodes=3)
    assert found.verdict == "HOLDS"
    assert (found.states, found.transitions, found.depth) == counts


@pytest.mark.parametrize(
    ("id", "requests", "timeouts", "actions"),
    [
        ("PAX-01", TWO, 0, 6),
        ("PAX-03", TWO, 0, 1),
        ("PAX-04", TWO, 0, 3),
        ("PAX-05", TWO, 0, 5),
        ("PAX-06", TWO, 0, 6),
        ("PAX-07", TWO, 0, 7),
        ("PAX-11", TWO, 0, 6),
        ("PAX-12", ONE, 1, 3),
    ],
)
def test_a_mutant_is_found_by_its_law_in_the_fewest_actions(id, requests, timeouts, actions, monkeypatch):
    systems.mutants()
    (mutant,) = [mutant for mutant in MUTANTS if mutant.id == id]
    monkeypatch.setitem(systems._MUTANTS, id, mutant)
    (law,) = [law for law in systems.find("paxos").laws if law.name == mutant.breaks]
    found = explore(
        "paxos", bounds=Bounds(timeouts=timeouts), requests=requests, nodes=3, mutant=id, laws=[law]
    )
    assert (found.verdict, found.violation.law, found.actions) == ("VIOLATED", mutant.breaks, actions)
