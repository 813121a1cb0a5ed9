"""What the page on consistency measures: the old copy, the doubled purchase, six worlds, generals, lost updates."""

from math import comb, erfc

import pytest

from distsys.checkers import History, Outcome, linearizable
from distsys.core.divergence import divergence
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.core.events import Deliver, Persist, Send
from distsys.drivers import SetLink, link, resimulate
from distsys.lab import Verdict, exercise
from distsys.lab import challenge_consistency_baskets as baskets
from distsys.lab import challenge_consistency_generals as generals
from distsys.lab import challenge_consistency_runs as runs
from distsys.lab import challenge_consistency_seats as seats
from distsys.lab.challenge_consistency_numbers import mean_agrees, share_agrees
from distsys.lab.challenge_consistency_shop import (
    IDS,
    THEN,
    Bought,
    Buy,
    Cancel,
    Cancelled,
    Refused,
    Sale,
    Shop,
)

MS = 1_000
RIGHT = "in one record"


@pytest.mark.parametrize("seed", range(5))
def test_one_lost_message_is_the_first_difference_and_sells_the_seat_twice(seed):
    arrives, lost = seats.last_seat(seed=seed), seats.last_seat(True, seed=seed)
    number = divergence(arrives, lost)
    assert lost.step(number).kind == "drop"
    assert (seats.sold(arrives), seats.sold(lost)) == (("ann",), ("ann", "bob"))


def test_a_seat_is_sold_twice_without_any_loss_before_the_message_can_have_arrived():
    assert [seats.sold_twice(1, age, 0.0) for age in (2, 4, 6, 40)] == [1, 1, 0, 0]


@pytest.mark.parametrize(("loss", "repeat"), [(0.1, 30), (0.3, 20), (0.5, 10)])
def test_how_long_a_copy_is_old_agrees_with_the_formula(loss, repeat):
    times = seats.old_for_ms(300, loss, repeat)
    assert mean_agrees(times, 5 + repeat * loss / (1 - loss))
    for age in (7, 27, 48):
        assert share_agrees(sum(t > age for t in times), 300, loss ** ((age - 5) // repeat + 1))


def test_desks_that_do_not_repeat_stay_old_for_ever():
    count = seats.sold_twice(200, 500, 0.25)
    assert share_agrees(count, 200, 0.25)
    assert count > 20


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_without_an_id_the_number_of_purchases_is_geometric(loss):
    found = runs.purchases(300, loss, then="ask again", ids="none")
    for pairs in (1, 2, 3):
        count = sum(n for (k, _), n in found.items() if k == pairs)
        assert share_agrees(count, 300, loss ** (pairs - 1) * (1 - loss))


def test_who_asks_once_may_have_bought_without_knowing_it():
    found = runs.purchases(400, 0.2, then="give up")
    expected = {(0, None): 0.2, (1, None): 0.16, (1, True): 0.64}
    assert set(found) == set(expected)
    for case, share in expected.items():
        assert share_agrees(found[case], 400, share)


def test_the_right_shop_keeps_all_laws_in_storms():
    found = [runs.storm(seed, RIGHT) for seed in range(300)]
    assert [trace.violation for trace in found] == [None] * 300
    crashes = {sum(step.kind == "crash" for step in trace) for trace in found}
    assert crashes == {2, 3, 4}
    assert all(len(runs.ledger(trace)) == 6 for trace in found)


@pytest.mark.parametrize(
    ("keeps", "law"),
    [
        ("in memory only", runs.at_most_once.name),
        ("before the sale", runs.answered_was_bought.name),
        ("after the sale", runs.at_most_once.name),
        ("for 100 ms", runs.at_most_once.name),
    ],
)
@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_each_broken_shop_breaks_its_law_and_no_other(keeps, law, loss):
    assert set(runs.broken(40, keeps, loss=loss)) == {law}


def failing(keeps, ids="one for each wish", loss=0.2):
    """Return the seeds, of the 100 of the page, in which something goes wrong."""
    return [seed for seed in range(100) if runs.storm(seed, keeps, ids, loss).violations]


def test_two_records_fail_in_the_same_storms_in_either_order_and_more_often_without_losses():
    found = {loss: failing("before the sale", loss=loss) for loss in (0.0, 0.2)}
    assert found == {loss: failing("after the sale", loss=loss) for loss in (0.0, 0.2)}
    assert {loss: len(seeds) for loss, seeds in found.items()} == {0.0: 53, 0.2: 49}
    between = [
        seed
        for seed in range(100)
        if any(
            step.node == "shop" and len(step.effects) == 3 and step.kept == 1
            for step in runs.storm(seed, "after the sale")
        )
    ]
    assert between == found[0.2]


def spent_on_repeats(loss):
    """Return how many crashes fall on a step of the shop that writes nothing, in the storms of the page."""
    return sum(
        step.node == "shop"
        and step.kind == "deliver"
        and step.kept < len(step.effects)
        and not any(isinstance(effect, Persist) for effect in step.effects)
        for seed in range(100)
        for step in runs.storm(seed, "before the sale", loss=loss)
    )


def test_without_losses_hardly_a_crash_is_spent_on_a_repeated_request():
    assert (spent_on_repeats(0.2), spent_on_repeats(0.0)) == (22, 1)


def test_a_new_id_for_each_try_is_no_id():
    assert runs.broken(40, RIGHT, "one for each try") == runs.broken(40, RIGHT, "none")
    assert runs.broken(40, RIGHT, "none")[runs.at_most_once.name] > 20


def test_a_wish_that_is_never_answered_breaks_the_law_of_the_end():
    forever = (SetLink(0, "shop", "ann", link(loss=1.0)),)
    trace = runs.shop_run(forever, then="give up", until_ms=300, settle_ms=100, laws=runs.LAWS)
    assert trace.violation.law == runs.answered.name
    assert "ann has not heard of shoes" in trace.violation.evidence


def test_the_six_worlds_are_one_view_until_the_silence_ends_and_then_differ():
    for then in THEN:
        found = [runs.world(name, then) for name in runs.WORLDS]
        assert len({runs.observed(trace, "ann", runs.SILENCE_MS) for trace in found}) == 1
    again = [runs.world(name, "ask again") for name in runs.WORLDS]
    assert len({runs.observed(trace, "ann", 600) for trace in again}) > 1


def test_in_three_of_the_worlds_the_shoes_are_sold_when_the_silence_ends():
    sold = ["shoes" in runs.sold_until(runs.world(name), runs.SILENCE_MS) for name in runs.WORLDS]
    assert sold == [False, False, False, True, True, True]


@pytest.mark.parametrize("then", ["ask again", "cancel the id"])
def test_what_names_the_first_request_ends_well_whatever_is_slow_or_lost(then):
    """Beyond the six worlds: every message may be lost, or up to ten times as slow as Ann is patient."""
    for seed in range(150):
        trace = runs.shop_run(
            seed=seed,
            network=link(delay=(1 * MS, 600 * MS), loss=0.2),
            until_ms=10_000,
            laws=(),
            then=then,
        )
        assert runs.believes(trace) is (len(runs.ledger(trace)) == 1), seed
        assert len(runs.ledger(trace)) <= 1


def test_an_unknown_world_is_refused_with_the_names_of_all():
    with pytest.raises(UnknownNameError, match="name must be one of request lost, request slow"):
        runs.world("nothing")


def heard(shop, message):
    """Return what a shop answers Ann."""
    effects = shop.handle(Deliver("ann", message))
    return [effect.message for effect in effects if isinstance(effect, Send)]


def test_a_cancelled_id_refuses_the_request_that_comes_later():
    shop = Shop("shop")
    assert heard(shop, Cancel("ann-1")) == [Cancelled()]
    assert heard(shop, Buy("shoes", "ann-1")) == [Refused("shoes")]
    assert shop.ledger == ()
    assert heard(shop, Buy("shoes", "ann-2")) == [Bought("shoes")]
    assert shop.ledger == (Sale("ann", "shoes", "ann-2"),)


def test_to_cancel_without_an_id_takes_the_last_purchase_and_no_other():
    shop = Shop("shop")
    for _ in range(2):
        heard(shop, Buy("shoes", ""))
    assert heard(shop, Cancel("")) == [Cancelled()]
    assert shop.ledger == (Sale("ann", "shoes", ""),)


@pytest.mark.parametrize("option", [{"ids": "some"}, {"then": "shout"}])
def test_a_customer_refuses_a_choice_that_it_does_not_know(option):
    (argument,) = option
    with pytest.raises(
        UnknownNameError, match=f"{argument} must be one of {(IDS if argument == 'ids' else THEN)[0]}"
    ):
        runs.shop_run(**option)


@pytest.mark.parametrize("letters", [1, 2, 3, 5])
@pytest.mark.parametrize("loss", [0.1, 0.4])
def test_generals_attack_alone_with_the_probability_of_the_formula(letters, loss):
    found = generals.outcomes(250, letters, loss)
    assert share_agrees(found["both"], 250, (1 - loss) ** letters)
    assert share_agrees(found["one"], 250, loss * (1 - loss) ** (letters - 1))


@pytest.mark.parametrize("letters", [1, 2, 3, 4])
def test_generals_who_lose_nothing_attack_together_and_who_lose_all_do_so_never_alone_after_two_letters(
    letters,
):
    assert generals.outcome(letters, 0.0, 1) == "both"
    assert generals.outcome(letters, 1.0, 1) == ("one" if letters == 1 else "nobody")


@pytest.mark.parametrize("window", [60, 200])
def test_last_writer_wins_loses_updates_as_the_formula_says(window):
    count = baskets.lost_updates(300, "last writer wins", window)
    assert share_agrees(count, 300, 1 - (1 - 20 / window) ** 2)
    assert count > 20


@pytest.mark.parametrize("rule", ["union", "ask the leader"])
def test_the_other_rules_lose_nothing(rule):
    assert baskets.lost_updates(150, rule, 60) == 0
    assert baskets.both_add(rule).violation is None


def test_what_each_rule_costs():
    cost = {
        rule: (baskets.saved(baskets.both_add(rule)), baskets.messages(baskets.both_add(rule)))
        for rule in baskets.RULES
    }
    assert cost == {
        "last writer wins": ({"ann": 10, "bob": 10}, 2),
        "union": ({"ann": 10, "bob": 10}, 2),
        "ask the leader": ({"ann": 10, "bob": 50}, 3),
    }
    assert [sorted(baskets.saved(baskets.cut_off(rule))) for rule in baskets.RULES] == [
        ["ann", "bob"],
        ["ann", "bob"],
        ["ann"],
    ]


def test_a_clock_that_is_behind_loses_a_change_that_was_made_long_after():
    trace = baskets.slow_clock(behind_ms=90)
    assert baskets.missing(trace) == ("bread",)
    arrived = next(
        step.at for step in trace if isinstance(getattr(step.event, "message", None), baskets.Copy)
    )
    asked = next(step.at for step in trace if getattr(step.event, "message", None) == baskets.Add("bread"))
    assert (arrived, asked) == (85 * MS, 115 * MS)
    assert [baskets.missing(baskets.slow_clock(behind)) for behind in (0, 49, 51)] == [(), (), ("bread",)]


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownNameError, match="rule must be one of last writer wins, union"):
        baskets.both_add("first come")


def test_two_who_read_and_write_back_lose_an_update_on_a_register_that_is_like_one_copy():
    history = History.loads(
        """
        {"process": "ann", "type": "invoke", "f": "read"}
        {"process": "ann", "type": "ok", "f": "read", "value": null}
        {"process": "bob", "type": "invoke", "f": "read"}
        {"process": "bob", "type": "ok", "f": "read", "value": null}
        {"process": "ann", "type": "invoke", "f": "write", "value": "milk"}
        {"process": "ann", "type": "ok", "f": "write"}
        {"process": "bob", "type": "invoke", "f": "write", "value": "bread"}
        {"process": "bob", "type": "ok", "f": "write"}
        {"process": "ann", "type": "invoke", "f": "read"}
        {"process": "ann", "type": "ok", "f": "read", "value": "bread"}
        """
    )
    assert linearizable(history, "register").outcome is Outcome.OK


def test_how_often_a_right_formula_fails_a_check_by_chance():
    assert 15_500 < 1 / erfc(4 / 2**0.5) < 16_500
    p, n = 0.2**3, 400  # the thinnest row of the page: 3.2 are expected
    fails = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1) if not share_agrees(k, n, p))
    assert 2_100 < 1 / fails < 2_250
    assert not share_agrees(1, n, 0.0)
    assert not share_agrees(n - 1, n, 1.0)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("con-old", "answer = 0.1 ** 3"),
        (
            "con-mend",
            "def answer(disk, id):\n"
            "    return [] if id in disk['ledger'] else [{'ledger': disk['ledger'] + [id]}]",
        ),
        (
            "con-build",
            "def answer(state, client, number):\n"
            "    newest = state.get(client, 0)\n"
            "    state[client] = max(newest, number)\n"
            "    return state, 'sell' if number > newest else 'again' if number == newest else 'old'",
        ),
    ],
)
def test_other_right_answers_than_the_worked_solution_are_accepted(name, code):
    verdict, sentence = exercise(f"consistency/{name}").run(code)
    assert verdict is Verdict.RIGHT, sentence


@pytest.mark.parametrize(
    "trace",
    [
        seats.last_seat(True),
        runs.storm(3, "in memory only"),
        generals.generals(4, 0.3, 2),
        baskets.slow_clock(90),
    ],
    ids=["seat", "shop", "generals", "basket"],
)
def test_a_run_of_each_story_replays_to_the_same_bytes(trace):
    assert resimulate(trace).digest() == trace.digest()


def test_agreement_needs_numbers_that_make_sense():
    with pytest.raises(ArgumentError, match="runs must be"):
        share_agrees(0, 0, 0.5)
    with pytest.raises(ArgumentError, match="the number of values must be"):
        mean_agrees([1.0], 1.0)
