"""Scopes: taught ones are exhausted with pinned counts, and mutants are found with the shortest run pinned."""

import pytest

from distsys import replay, systems
from distsys.core import Trace
from distsys.core.errors import UnknownNameError
from distsys.lab.scopes import _FOUND, TAUGHT, scope_of

COUNTS = {  # scope: distinct states, transitions, depth
    "broadcast with a crash": (2_437, 8_436, 14),
    "broadcast with a crash and a timeout": (32_411, 137_049, 17),
    "suspicions": (7_932, 32_460, 12),
    "an election": (247, 471, 9),
    "two elections": (111_205, 414_399, 20),
    "two elections and a crash": (211_000, 826_332, 23),
    "a command and a crash": (53_025, 174_216, 18),
    "a command and a heartbeat": (498_156, 2_141_385, 23),
    "two slots": (32_547, 167_985, 21),
    "a gap in the log": (28_845, 72_561, 10),
    "ABD, a write and two reads": (428_159, 2_028_361, 32),
    "Zab, two commands and a crash": (7_290, 19_744, 24),
    "Zab, a command and another epoch": (42_669, 154_000, 30),
    "ZooKeeper, requests around the end of a session": (31_262, 119_494, 53),
    "ZooKeeper, a read among changes": (17_732, 65_375, 57),
    "money and a snapshot from two sides": (9_171, 32_597, 12),
    "three letters and two crashes": (52_678, 166_482, 18),
    "Chubby, a lease that ends": (40_366, 72_975, 15),
    "Chubby, a file that is cached": (50_632, 103_259, 23),
}
LONG = {"two elections and a crash", "a command and a heartbeat", "ABD, a write and two reads"}

ACTIONS = {  # those of the smaller systems are in tests/unit/test_explorer.py
    "ABD-01": 12,
    "GOSS-04": 6,
    "GOSS-05": 4,
    "PAX-02": 10,
    "PAX-08": 7,
    "PAX-09": 2,
    "PAX-10": 9,
    "RAFT-01": 1,
    "RAFT-02": 1,
    "RAFT-03": 8,
    "RAFT-04": 12,
    "RAFT-06": 12,
    "RAFT-08": 11,
    "RAFT-09": 4,
    "RAFT-10": 7,
    "RAFT-12": 2,
    "RAFT-25": 2,
    "RAFT-26": 5,
    "SNAP-01": 4,
    "SNAP-02": 4,
    "SNAP-03": 5,
    "SNAP-04": 4,
    "SNAP-05": 4,
    "SWIM-02": 6,
    "SWIM-05": 2,
    "SWIM-06": 6,
    "SWIM-07": 4,
    "TT-01": 2,
    "TT-02": 6,
    "TT-03": 6,
    "TT-04": 5,
    "ZAB-01": 9,
    "ZAB-02": 22,
    "ZAB-04": 21,
    "ZAB-05": 29,
    "ZAB-08": 13,
    "ZAB-09": 6,
    "ZAB-10": 12,
    "ZAB-11": 15,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in COUNTS]
)
def test_a_taught_scope_is_exhausted_reaches_its_goals_and_has_these_counts(name):
    found = TAUGHT[name].explore()
    assert found.verdict == "HOLDS", found
    assert (found.states, found.transitions, found.depth) == COUNTS[name]


def test_every_taught_scope_has_its_counts():
    assert set(COUNTS) == set(TAUGHT)


@pytest.mark.parametrize(
    ("mutant", "name", "actions"),
    [
        ("ZK-03", "ZooKeeper, requests around the end of a session", 34),
        ("ZK-13", "ZooKeeper, a read among changes", 41),
    ],
)
def test_a_taught_scope_in_which_a_mutant_breaks_its_law(mutant, name, actions):
    """Most of these actions elect a leader, so random runs are a shorter way to these two bugs."""
    found = TAUGHT[name].explore(mutant)
    bug = next(known for known in systems.mutants() if known.id == mutant)
    assert (found.verdict, found.violation.law, found.actions) == ("VIOLATED", bug.breaks, actions)


@pytest.mark.parametrize("mutant", sorted(ACTIONS))
def test_a_mutant_is_found_by_its_law_in_the_fewest_actions(mutant):
    bug = next(known for known in systems.mutants() if known.id == mutant)
    law = next(law for law in systems.find(bug.system).laws if law.name == bug.breaks)
    found = scope_of(mutant).explore(mutant, laws=[law])
    assert (found.verdict, found.actions) == ("VIOLATED", ACTIONS[mutant])
    assert found.violation.law == bug.breaks
    assert replay(Trace.loads(found.trace.text())).text() == found.trace.text()


@pytest.mark.parametrize("mutant", sorted(set(_FOUND) - set(ACTIONS)))
def test_a_mutant_is_found_in_its_scope(mutant):
    bug = next(known for known in systems.mutants() if known.id == mutant)
    found = scope_of(mutant).explore(mutant)
    assert (found.verdict, found.violation.law) == ("VIOLATED", bug.breaks)


def test_a_mutant_whose_law_holds_finally_has_no_scope():
    assert scope_of("RB-01") is None
    with pytest.raises(UnknownNameError, match="there is no mutant named 'X'"):
        scope_of("X")
