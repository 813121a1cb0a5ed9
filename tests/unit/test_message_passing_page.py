"""What the page on message passing measures and tries, held against other ways to find the same."""

from itertools import combinations, product

import pytest

from distsys.core.errors import ArgumentError
from distsys.lab import messages_bounds as bounds
from distsys.lab import messages_measures as measures
from distsys.lab import messages_runs as runs
from distsys.lab import messages_windows as windows
from distsys.lab.local_views import parted, view


def test_the_kitchen_is_right_without_loss_and_mostly_wrong_with_it():
    assert measures.right_orders(50, 0.0) == 50
    assert measures.right_orders(200, 0.3) == 78


def test_each_link_mends_what_the_one_below_leaves():
    found = measures.side_by_side(20)
    assert found["fair-loss"]["lost"] > 0
    assert found["stubborn"]["lost"] == found["perfect"]["lost"] == found["fifo"]["lost"] == 0
    assert found["stubborn"]["doubled"] == 200
    assert found["perfect"]["doubled"] == found["fifo"]["doubled"] == 0
    assert found["perfect"]["overtaken"] > 0 == found["fifo"]["overtaken"]


def test_an_unknown_kind_of_link_is_refused():
    with pytest.raises(ArgumentError, match="kind must be one of"):
        measures.carried("magic", 1)


def naive_flood(values, crashes, rounds):
    """Flooding as it is told: each holds a set of inputs, and sends all of it."""
    known = [{value} for value in values]
    for number in range(1, rounds + 1):
        heard = [set(mine) for mine in known]
        for sender, other in product(range(len(values)), repeat=2):
            when, reached = crashes.get(sender, (rounds + 1, ()))
            if number < when or (number == when and other in reached):
                heard[other] |= known[sender]
        known = heard
    return {one: min(known[one]) for one in range(len(values)) if one not in crashes}


@pytest.mark.parametrize("rounds", [1, 2])
def test_flooding_decides_as_the_naive_one_does(rounds):
    for crashes in bounds.crash_patterns(3, 2, rounds):
        for values in product((0, 1), repeat=3):
            assert bounds.flood(values, crashes, rounds) == naive_flood(values, crashes, rounds)


def test_the_run_that_plays_and_the_function_decide_alike():
    crashes = {0: (1, frozenset({1})), 1: (2, frozenset({0, 2}))}
    for rounds in (2, 3):
        said = {f"n{one + 1}": value for one, value in bounds.flood((0, 1, 1, 1), crashes, rounds).items()}
        assert runs.decisions(runs.chain(rounds)) == said


@pytest.mark.parametrize(("n", "f"), [(3, 1), (4, 1)])
def test_f_rounds_break_and_one_more_does_not(n, f):
    assert bounds.disagreements(n, f, f)[0] > 0 == bounds.disagreements(n, f, f + 1)[0]


def test_with_one_survivor_any_rounds_do():
    assert bounds.disagreements(3, 2, 1)[0] > 0, "a run with fewer crashes still breaks"
    alone = [c for c in bounds.crash_patterns(3, 2, 1) if len(c) == 2]
    assert all(len(bounds.flood((0, 1, 1), crashes, 1)) == 1 for crashes in alone)


def test_groups_meet_as_the_formula_says():
    for f in (1, 2, 3):
        for n in range(f + 1, 3 * f + 2):
            assert bounds.smallest_overlap(n, f) == max(0, n - 2 * f)


def test_models_of_failure_are_one_in_the_other():
    for one, other in combinations(bounds.MODELS, 2):
        assert bounds.behaviours(one) < bounds.behaviours(other)
    assert [len(bounds.behaviours(model)) for model in bounds.MODELS] == [1, 5, 11, 16, 81, 256]


def test_three_generals_fail_four_do_not_and_signatures_mend_three():
    assert (bounds.lies(3), bounds.lies(4)) == ((4, 21), (0, 81))
    assert bounds.rules_that_survive() == (0, 256)
    assert (bounds.signed_lies(3), bounds.signed_lies(4)) == ((0, 24), (0, 88))
    assert bounds.signed_lies(3, forge=True)[0] > 0


def test_a_rule_that_trusts_the_chief_alone_fails_for_four():
    assert bounds.lies(4, lambda words: words[0] or bounds.RETREAT)[0] > 0


def test_the_three_generals_that_play_do_as_the_rule_says():
    assert runs.decisions(runs.generals("", {})) == {"ann": "attack", "bob": "attack"}
    four = ("ann", "bob", "chief", "cyd")
    for liar in ("ann", "bob", "cyd", "chief"):
        others = [name for name in four if name != liar and name != "chief"]
        for told in product(("attack", "retreat"), repeat=len(others)):
            said = runs.decisions(runs.generals(liar, dict(zip(others, told, strict=True)), four))
            loyal = {said[name] for name in others}
            assert len(loyal) == 1
            assert liar == "chief" or loyal == {"attack"}


@pytest.mark.parametrize("window", [1, 2, 3])
def test_twice_the_window_is_enough_and_less_is_not(window):
    assert windows.smallest(window) == 2 * window
    found = windows.explore(window, 2 * window, room=4)
    assert (found.complete, found.broken) == (True, False)
    assert all(windows.explore(window, numbers).broken for numbers in range(1, 2 * window))


def test_where_packets_overtake_the_number_comes_round():
    for numbers in range(2, 9):
        found = windows.explore(1, numbers, fifo=False)
        assert (found.broken, found.steps) == (True, 3 * numbers + 1)


def test_a_search_that_ends_early_says_so():
    assert windows.explore(3, 6).complete
    found = windows.explore(3, 6, states_max=50)
    assert (found.complete, found.broken) == (False, False)


@pytest.mark.parametrize(
    ("order", "balances"),
    [("mark first", {0, 40}), ("money first", {40, 80}), ("one record", {40})],
)
def test_what_a_crash_does_to_a_payment(order, balances):
    assert {runs.balance(runs.booked(order, keep)) for keep in (None, 0, 1, 2, 3)} == balances


def test_slow_and_dead_look_alike_until_the_late_answer():
    dead, slow = runs.silent("crashed"), runs.silent("slow")
    assert view(dead, "ann") == view(slow, "ann")[:-1]
    assert parted(dead, slow, "ann") == 16
    assert parted(dead, dead, "ann") is None


def test_a_timeout_beyond_the_bound_is_never_wrong():
    assert measures.mistakes(measures.asked(40, measures.BOUNDED, questions=300)) == []
    assert measures.mistakes(measures.asked(20, measures.BOUNDED, questions=300)) != []
