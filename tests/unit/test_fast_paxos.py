"""Fast Paxos as a model: safe exactly where any two fast quorums and any classic one have an acceptor in common."""

from itertools import combinations, product

import pytest

from distsys.drivers import explore_model
from distsys.models import catalogue
from distsys.models.abstract_paxos import NONE
from distsys.models.fast_paxos import fast_paxos, may_be_chosen
from distsys.models.voting import quorums_of


@pytest.mark.parametrize("acceptors", [2, 3])
def test_it_holds_exactly_where_three_quorums_meet(acceptors):
    for classic, fast in product(range(1, acceptors + 1), repeat=2):
        found = explore_model(fast_paxos(acceptors=acceptors, classic=classic, fast=fast))
        assert (found.verdict == "HOLDS") == (classic + 2 * fast > 2 * acceptors), (classic, fast)


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [((3, 3), "HOLDS"), ((2, 4), "HOLDS"), ((2, 3), "VIOLATED"), ((4, 2), "VIOLATED"), ((1, 3), "VIOLATED")],
)
def test_the_same_for_four_acceptors(sizes, verdict):
    classic, fast = sizes
    assert explore_model(fast_paxos(acceptors=4, classic=classic, fast=fast)).verdict == verdict


def test_counts_of_states_are_pinned():
    assert explore_model(fast_paxos()).states == 1_784
    assert explore_model(fast_paxos(acceptors=4)).states == 11_280


def test_the_shortest_violation_needs_one_vote_for_the_other_value():
    found = explore_model(fast_paxos(fast=2))
    assert [action for action, _ in found.path[1:]] == [
        "FastVote(a1, v1)",
        "FastVote(a2, v1)",
        "FastVote(a3, v2)",
        "Phase1b(a1, 1)",
        "Phase1b(a3, 1)",
        "Phase2a(1, v2)",
        "Phase2b(a1, 1)",
        "Phase2b(a2, 1)",
    ]


def test_two_fast_quorums_that_do_not_meet_choose_two_values_at_once():
    found = explore_model(fast_paxos(acceptors=4, fast=2))
    assert len(found.path) == 5
    assert found.violation.evidence == "both v1 and v2 are chosen"


@pytest.mark.parametrize(("n", "classic", "fast"), [(3, 2, 3), (4, 3, 3), (5, 3, 4), (5, 4, 4)])
def test_what_was_chosen_is_the_one_value_that_may_be(n, classic, fast):
    fasts = quorums_of(n, fast)
    for cast in product(("x", "y", NONE), repeat=n):
        chosen = [value for value in "xy" if cast.count(value) >= fast]
        for told in combinations(range(n), classic):
            found = may_be_chosen({a: cast[a] for a in told}, fasts)
            assert len(found) <= 1
            assert set(chosen) <= found


def test_the_command_line_knows_it():
    assert catalogue.build("fast-paxos", acceptors=3).name == "fast-paxos"
