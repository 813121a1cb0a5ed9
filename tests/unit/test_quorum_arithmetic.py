"""Counting with quorums, against second ways to count; and every pair of families of three servers, explored."""

from itertools import combinations
from math import comb
from random import Random

import networkx
import pytest

from distsys.core.errors import ArgumentError
from distsys.drivers import explore_model
from distsys.lab import quorum_arithmetic as count
from distsys.lab.epaxos_order import dependencies, execution_order
from distsys.models.abstract_paxos import abstract_paxos, paxos_with
from distsys.models.voting import quorums_of as any_of


def test_there_are_as_many_families_as_dedekind_counts_without_the_two_trivial_ones():
    assert [len(count.families(n)) for n in (1, 2, 3, 4)] == [3 - 2, 6 - 2, 20 - 2, 168 - 2]


def test_no_quorum_of_a_family_contains_another():
    for family in count.families(4):
        assert not any(set(one) < set(other) for one in family for other in family)


def test_the_partner_is_the_largest_family_that_meets():
    for n in (1, 2, 3):
        for family in count.families(n):
            partner = count.partner(family, n)
            assert count.meet(family, partner)
            assert count.partner(partner, n) == family  # a well-known duality
            for other in count.families(n):
                within = all(any(set(small) <= set(one) for small in partner) for one in other)
                assert count.meet(family, other) == within


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_paxos_is_safe_exactly_with_the_pairs_of_families_that_meet(n):
    every = count.families(n)
    shapes = {count.shape(n, one, other) for one in every for other in every}
    assert len(shapes) == {1: 1, 2: 10, 3: 89}[n]
    for promise, vote in sorted(shapes):
        found = explore_model(paxos_with(n, promise, vote))
        assert (found.verdict == "HOLDS") == count.meet(promise, vote), (promise, vote, found)


def test_with_majorities_it_is_the_abstract_paxos_that_is_compared_with_tlc():
    found = explore_model(paxos_with(3, any_of(3, None), any_of(3, None)))
    assert found.states == explore_model(abstract_paxos()).states == 3_921


@pytest.mark.parametrize("n", range(2, 10))
def test_three_quorums_meet_exactly_where_the_sizes_say_so(n):
    for classic in range(1, n + 1):
        for fast in range(1, n + 1):
            assert count.three_meet(n, classic, fast) == (classic + 2 * fast > 2 * n)
    assert count.fast_size(n) == -(-3 * n // 4)


@pytest.mark.parametrize("f", range(1, 6))
def test_a_recovery_of_epaxos_finds_so_many_witnesses_of_a_fast_quorum(f):
    assert count.epaxos_fast_size(f) == 2 * f + 1 - (f + 2) // 2
    assert count.witnesses(f) == (f + 1) // 2


def test_availability_is_the_binomial_sum_for_sizes_and_the_product_for_grids():
    for n in range(1, 7):
        for k in range(1, n + 1):
            assert count.availability(any_of(n, k), n, 0.9) == pytest.approx(count.at_least(k, n, 0.9))
            assert count.tolerated(any_of(n, k), n) == n - k
            assert count.busiest(any_of(n, k), n) == pytest.approx(k / n)
    rows, columns = count.grid_of(6, 3)
    assert count.availability(rows, 6, 0.9) == pytest.approx(1 - (1 - 0.9**3) ** 2)
    assert count.availability(columns, 6, 0.9) == pytest.approx(1 - (1 - 0.9**2) ** 3)


def test_majorities_are_up_as_often_as_the_book_says():
    assert round(count.at_least(2, 3, 0.99), 6) == 0.999702
    assert round(count.at_least(3, 5, 0.99), 8) == 0.99999015


def test_the_mean_of_an_order_statistic_is_that_of_drawn_ones():
    dice = Random(3)
    for m, k in ((4, 1), (4, 3), (6, 6)):
        for theory, draw in (
            (count.kth_exponential(k, m, 8.0), lambda: dice.expovariate(1 / 8)),
            (count.kth_uniform(k, m, 2.0, 10.0), lambda: dice.uniform(2, 10)),
        ):
            seen = [sorted(draw() for _ in range(m))[k - 1] for _ in range(4_000)]
            mean = sum(seen) / len(seen)
            assert abs(mean - theory[0]) < 4 * (theory[1] / len(seen)) ** 0.5
            spread = sum((one - mean) ** 2 for one in seen) / len(seen)
            assert spread == pytest.approx(theory[1], rel=0.25)


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(ArgumentError, match="k must be at most m, 4, but it is 5"):
        count.kth_exponential(5, 4, 1.0)


def test_the_share_of_draws_is_that_of_the_formula():
    p = count.at_least(3, 5, 0.9)
    assert abs(count.drawn(any_of(5, 3), 5, 0.9, 5_000, seed=2) - p) < 4 * (p * (1 - p) / 5_000) ** 0.5


def test_the_table_of_protocols_tolerates_what_is_left_of_the_servers():
    for f in (1, 2, 3):
        for name, promise, vote, down, change in count.compared(f):
            assert (down, change) == (2 * f + 1 - vote, 2 * f + 1 - promise), name
            assert promise + vote > 2 * f + 1, name


# EPaxos.


def test_interfering_commands_know_of_each_other_where_quorums_meet():
    names = ("r1", "r2", "r3")
    for orders in (("xy", "xy", "yx"), ("yx", "xy", "yx")):
        seen = dict(zip(names, orders, strict=True))
        for one in combinations(names, 2):
            for other in combinations(names, 2):
                depends = dependencies(seen, {"x": one, "y": other})
                assert depends["x"] | depends["y"]


def test_a_command_that_reached_no_replica_of_the_quorum_is_no_dependency():
    assert dependencies({"r1": "x", "r2": "yx"}, {"x": ("r1",)}) == {"x": frozenset()}


def test_the_order_of_execution_is_that_of_the_components_as_networkx_finds_them():
    dice = Random(11)
    for _ in range(200):
        names = [f"c{number}" for number in range(dice.randint(1, 8))]
        depends = {
            name: frozenset(other for other in names if other != name and dice.random() < 0.3)
            for name in names
        }
        order = execution_order(depends)
        assert sorted(order) == names
        graph = networkx.DiGraph([(name, other) for name in names for other in depends[name]])
        graph.add_nodes_from(names)
        whole = networkx.condensation(graph)
        place = {name: number for number, name in enumerate(order)}
        for number in whole:
            members = sorted(whole.nodes[number]["members"])
            first = place[members[0]]
            assert order[first : first + len(members)] == members  # one after the other, by name
        for name in names:
            for other in depends[name]:
                if other not in networkx.descendants(graph, name) or name not in networkx.descendants(
                    graph, other
                ):
                    assert place[other] < place[name]


def test_how_often_two_clients_collide():
    assert comb(4, 2) / 2**4 == 3 / 8
