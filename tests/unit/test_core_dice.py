"""The generator as a value: published numbers, no bias, no dependence on the process."""

import pickle
from collections import Counter
from math import sqrt

import pytest

from distsys.core import Dice, derive
from distsys.core.dice import MASK, mix
from distsys.core.errors import ArgumentError, ArgumentTypeError

# Rosetta Code, "Pseudo-random numbers/Splitmix64", for 1234567; the outputs of Vigna's splitmix64.c for 0.
PUBLISHED = {
    1234567: (
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ),
    0: (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B),
}


@pytest.mark.parametrize("seed", PUBLISHED)
def test_the_numbers_are_those_that_are_published_for_splitmix64(seed):
    dice, drawn = Dice(seed), []
    for _ in range(5):
        number, dice = dice.next()
        drawn.append(number)
    assert tuple(drawn) == PUBLISHED[seed]


def test_a_draw_leaves_the_dice_as_it_was():
    dice = Dice(5)
    assert dice.next() == dice.next()
    assert dice.below(10) == dice.below(10)
    assert dice == Dice(5)
    assert dice.next()[1] != dice


def test_a_dice_cannot_be_changed():
    with pytest.raises(AttributeError, match="Dice is immutable"):
        Dice(1).state = 2


def test_equal_states_are_equal_dice_and_survive_pickle():
    assert Dice(7) == Dice(7 + 2**64) != Dice(8)
    assert hash(Dice(7)) == hash(Dice(7 + 2**64))
    assert pickle.loads(pickle.dumps(Dice(7))) == Dice(7)
    assert Dice(-1) == Dice(MASK)


def naive_below(dice: Dice, bound: int) -> tuple[int, Dice]:
    limit = 2**64 // bound * bound
    while True:
        number, dice = dice.next()
        if number < limit:
            return number % bound, dice


@pytest.mark.parametrize("bound", [1, 2, 6, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 3 * 2**62, 2**64 - 1, 2**64])
def test_below_rejects_what_would_favour_small_numbers(bound):
    dice = Dice(bound)
    for _ in range(60):
        expected = naive_below(dice, bound)
        assert dice.below(bound) == expected
        dice = expected[1]


def test_below_draws_again_for_about_half_of_all_draws_when_the_bound_is_just_over_half():
    dice, turns = Dice(1), 0
    for _ in range(500):
        before = dice.state
        _, dice = dice.below(2**63 + 1)
        turns += ((dice.state - before) * pow(0x9E3779B97F4A7C15, -1, 2**64)) & MASK
    assert 2 - 4 * sqrt(2 / 500) < turns / 500 < 2 + 4 * sqrt(2 / 500)  # geometric: mean 2, variance 2


def test_below_is_uniform():
    dice, counts, draws = Dice(3), Counter(), 12_000
    for _ in range(draws):
        number, dice = dice.below(6)
        counts[number] += 1
    assert sorted(counts) == [0, 1, 2, 3, 4, 5]
    chi_squared = sum((count - draws / 6) ** 2 / (draws / 6) for count in counts.values())
    assert chi_squared < 20.5  # 5 degrees of freedom, p = 0.001


def test_shuffle_gives_every_order_equally_often():
    dice, counts = Dice(9), Counter()
    for _ in range(6_000):
        order, dice = dice.shuffle("abc")
        counts[order] += 1
    assert len(counts) == 6
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 20.5


def test_choose_gives_an_item_and_the_next_dice():
    item, after = Dice(0).choose(("a", "b", "c"))
    index, expected = Dice(0).below(3)
    assert (item, after) == (("a", "b", "c")[index], expected)


@pytest.mark.parametrize("items", [{"a", "b"}, frozenset({"a", "b"})], ids=["set", "frozenset"])
@pytest.mark.parametrize("draw", ["choose", "shuffle"])
def test_a_set_has_no_order_to_draw_from(draw, items):
    with pytest.raises(ArgumentTypeError, match="items must have an order: pass a sorted tuple"):
        getattr(Dice(1), draw)(items)


def test_nothing_can_be_chosen_from_nothing():
    with pytest.raises(ArgumentError, match="items must hold at least one item"):
        Dice(1).choose(())


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_a_bound_out_of_range_is_refused(bound):
    with pytest.raises(ArgumentError, match="bound must be at"):
        Dice(1).below(bound)


@pytest.mark.parametrize("seed", [True, 1.0, "1", None])
def test_a_seed_that_is_no_int_is_refused(seed):
    with pytest.raises(ArgumentTypeError, match="seed must be a whole number"):
        Dice(seed)
    with pytest.raises(ArgumentTypeError, match="bound must be a whole number"):
        Dice(1).below(seed)


def naive_derive(seed: int, *labels: str | int) -> int:
    state = mix((seed + 0x9E3779B97F4A7C15) % 2**64)
    for label in labels:
        data = label.encode() if isinstance(label, str) else (label % 2**64).to_bytes(8, "little")
        for byte in [*data, 0]:
            state = mix((state + 0x9E3779B97F4A7C15 + byte) % 2**64)
    return state


def test_derive_folds_in_labels_byte_by_byte_as_its_docstring_says():
    for labels in [("network",), ("start", "n1", 3), ("ä", -1), ("",)]:
        assert derive(7, *labels) == naive_derive(7, *labels)


def test_derive_gives_other_numbers_for_other_seeds_and_labels():
    cases = [
        (seed, *labels)
        for seed in range(50)
        for labels in (("a",), ("b",), ("a", 1), ("a", 2), ("a1",), ("1", "a"))
    ]
    assert len({derive(*case) for case in cases}) == len(cases)
