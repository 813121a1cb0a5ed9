"""Bounded loads: the bound, the definition, and the chains of moves."""

import math
from fractions import Fraction

import pytest

from distsys.algorithms.bounded import BoundedLoads, assign, capacities, load_factor
from distsys.algorithms.hashing_laws import within_bounds
from distsys.algorithms.placement import NoMembersError
from distsys.algorithms.ring import Ring
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError

RING = Ring(["a", "b", "c", "d"], vnodes=3)
BALLS = [f"ball:{number}" for number in range(120)]


def test_the_capacity_is_the_average_times_the_factor_rounded_up():
    for balls in range(60):
        for factor in ("5/4", "11/10", "2"):
            expected = math.ceil(Fraction(factor) * balls / 4)
            assert capacities(RING, balls, Fraction(factor)) == dict.fromkeys("abcd", expected)
    heavy = Ring({"a": 1, "b": 3}, vnodes=3)
    assert capacities(heavy, 100, Fraction(5, 4)) == {"a": 32, "b": 94}


@pytest.mark.parametrize("factor", ["11/10", 1.25, 2, Fraction(101, 100)])
def test_inserts_and_deletes_in_any_order_give_what_the_definition_gives(factor):
    book, present = BoundedLoads(RING, factor), {}
    steps = [*BALLS, *BALLS[10:60:3], *BALLS[10:60:3], *reversed(BALLS)]
    for ball in steps:
        if ball in present:
            book.delete(ball)
            del present[ball]
        else:
            assert book.insert(ball) == book.owner(ball)
            present[ball] = ball
        assert within_bounds(book, present) is None
        assert book.capacity == capacities(RING, len(present), load_factor(factor))
    assert len(book) == 0
    assert book.loads() == dict.fromkeys("abcd", 0)


def test_the_number_of_moves_is_counted_honestly():
    book = BoundedLoads(RING, "11/10")
    for ball in BALLS:
        before = book.owners()
        book.insert(ball)
        assert book.moved_last == sum(book.owner(other) != owner for other, owner in before.items())
    for ball in BALLS[::2]:
        before = book.owners()
        book.delete(ball)
        after = book.owners()
        assert book.moved_last == sum(
            after[other] != owner for other, owner in before.items() if other != ball
        )


def test_the_requests_for_one_hot_key_spill_over_clockwise():
    keys = {f"request:{number}": "hot" for number in range(40)}
    placed = assign(RING, keys, "5/4")
    walk = list(RING.walk_at(RING.hash("hot")))
    counts = [list(placed.values()).count(name) for name in walk]
    assert counts == [13, 13, 13, 1]  # ceil(5/4 * 40 / 4) = 13
    book = BoundedLoads(RING, "5/4")
    for ball, key in reversed(keys.items()):
        book.insert(ball, key=key)
    assert book.owners() == {ball: placed[ball] for ball in reversed(keys)}


def test_nobody_passes_a_node_that_has_room():
    placed = assign(RING, BALLS, "5/4")
    capacity = capacities(RING, len(BALLS), Fraction(5, 4))["a"]
    full = {name for name in RING.members if list(placed.values()).count(name) == capacity}
    for ball, owner in placed.items():
        for name in RING.walk_at(RING.hash(ball)):
            if name == owner:
                break
            assert name in full


def test_a_smaller_factor_forwards_more_balls():
    forwarded = [
        sum(owner != RING.lookup(ball) for ball, owner in assign(RING, BALLS, factor).items())
        for factor in ("101/100", "5/4", "3/2", "4")
    ]
    assert forwarded == sorted(forwarded, reverse=True)
    assert forwarded[0] > forwarded[-1] == 0


def test_bad_arguments_are_named():
    for factor in (1, "1/1", 0.5, "x", "1/0", float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="factor must be a number above 1"):
            BoundedLoads(RING, factor)
    for factor in (None, True):
        with pytest.raises(ArgumentTypeError, match="factor must be a number above 1"):
            BoundedLoads(RING, factor)
    with pytest.raises(NoMembersError):
        BoundedLoads(Ring([]))
    with pytest.raises(NoMembersError):
        assign(Ring([]), ["x"], 2)
    for call in (BoundedLoads, lambda ring: assign(ring, ["x"], 2)):
        with pytest.raises(ArgumentError, match="ring must have a token for each member, but 'c' has none"):
            call(Ring(list("abcd"), vnodes=1, bits=1))
    book = BoundedLoads(RING)
    book.insert("x")
    with pytest.raises(ArgumentError, match="ball must be new, but 'x' is held by"):
        book.insert("x")
    with pytest.raises(UnknownNameError, match="'y' is not here"):
        book.delete("y")
    with pytest.raises(ArgumentTypeError):
        book.insert("z", key=42)
    assert len(book) == 1
    assert book.loads() == {**dict.fromkeys("abcd", 0), book.owner("x"): 1}
    assert assign(RING, [], 2) == {}
