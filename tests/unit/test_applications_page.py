"""What the page on applications computes: loads from published numbers, and three stories as small runs."""

import json
from pathlib import Path

import pytest

from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.lab import applications as numbers
from distsys.lab import applications_runs as runs
from distsys.lab.applications_cast import Asking, Sharing, Shop, Watch
from distsys.lab.applications_orders import FRESH, REUSED

ROOT = Path(__file__).resolve().parents[2]


def test_each_number_has_a_unit_a_year_a_kind_and_a_source_in_the_bibliography():
    evidence = (ROOT / "book" / "references-evidence.jsonl").read_text(encoding="utf-8").splitlines()
    known = {json.loads(line)["key"] for line in evidence}
    for name, one in numbers.facts().items():
        assert one.value > 0, name
        assert one.unit, name
        assert one.kind in numbers.KINDS, name
        assert one.source in known, name
        assert one.per == "" or one.per in numbers.SECONDS, name
        assert one.year is None or 1969 <= one.year <= 2026, name


def test_each_number_is_used_by_the_page_or_its_chart():
    page = json.loads((ROOT / "chapters" / "1-background" / "applications.ipynb").read_text(encoding="utf-8"))
    text = "".join("".join(cell["source"]) for cell in page["cells"])
    spelled = text.replace("cost-{name.lower()}", "cost-graphlab cost-graphx cost-giraph cost-spark")
    for name, one in numbers.facts().items():
        assert f"`{one.source}`" in text, name
        assert (
            f'"{name}"' in spelled
            or name in numbers.LOADS.values()
            or name in spelled
            or f"{one.value:,}" in text
        ), name


def test_a_rate_is_a_rate_per_second_and_a_count_is_none():
    assert numbers.fact("census").per_second == pytest.approx(277.8, abs=0.1)
    with pytest.raises(ArgumentError, match="911-lost is no rate: it counts calls"):
        _ = numbers.fact("911-lost").per_second
    with pytest.raises(UnknownNameError, match="there is no fact 'amazon'"):
        numbers.fact("amazon")


@pytest.mark.parametrize(("rate", "wanted"), [(0, 1), (1, 1), (10_000, 1), (10_001, 2), (583_000, 59)])
def test_as_few_machines_as_can_do_it(rate, wanted):
    assert numbers.machines(rate) == wanted


def test_the_chart_has_ten_loads_from_a_thousand_million_down_to_eight():
    found = numbers.loads()
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert (next(iter(found)), round(found["Facebook"]), round(found["911"])) == ("Facebook", 10**9, 8)
    assert [rate < 10_000 for rate in found.values()] == [False] * 7 + [True] * 3
    assert 10**8 < found["Facebook"] / found["911"] < 10**9


def test_each_load_says_which_kind_of_number_it_is():
    assert set(numbers.KIND_OF_LOAD) == set(numbers.LOADS)
    means = {who for who, kind in numbers.KIND_OF_LOAD.items() if kind == "mean"}
    assert means == {who for who, name in numbers.LOADS.items() if numbers.fact(name).per == "year"}


def test_a_machine_does_something():
    with pytest.raises(ArgumentError, match="each must be greater than 0"):
        numbers.machines(5, 0)


def test_a_heartbeat_misses_what_a_test_call_finds():
    for limit in (6, 9):
        beat, test = (runs.emergency(asks, limit=limit, calls=12) for asks in runs.LOOKS)
        assert runs.lost(beat) == tuple(range(limit + 1, 13))
        assert 0 < len(runs.lost(test)) <= 3
        assert runs.heard(test)[-1] == 12


def test_a_spare_router_with_the_same_limit_fails_after_as_many_calls():
    trace = runs.emergency(runs.TEST_CALL, limit=3, calls=12)
    assert runs.lost(trace) == (3, 4, 8, 9, 10, 11, 12)
    assert runs.heard(trace) == (1, 2, 5, 6, 7)


def test_a_test_call_uses_keys_so_a_short_run_with_rare_tests_is_worse_than_one_with_a_heartbeat():
    def lost(asks, calls):
        return runs.lost(runs.emergency(asks, limit=20, every_ms=800, calls=calls))

    assert [len(lost(runs.TEST_CALL, calls)) for calls in (28, 32)] == [9, 9]
    assert [len(lost(runs.HEARTBEAT, calls)) for calls in (28, 32)] == [8, 12]
    assert (lost(runs.TEST_CALL, 28)[0], lost(runs.HEARTBEAT, 28)[0]) == (18, 21)


@pytest.mark.parametrize("every_ms", range(90, 900, 70))
def test_no_more_calls_are_lost_than_one_interval_one_patience_and_one_message_bring(every_ms):
    trace = runs.emergency(runs.TEST_CALL, limit=20, every_ms=every_ms, calls=28)
    assert 1 <= len(runs.lost(trace)) <= (every_ms + 80 + 5) // 100 + 1


def test_a_watch_says_which_questions_it_knows():
    with pytest.raises(UnknownNameError, match="asks must be 'heartbeat' or 'test call'"):
        Watch("watch", asks="nothing")


@pytest.mark.parametrize("cut", [False, True])
def test_only_copies_sell_what_is_not_there(cut):
    sold = {
        rule: [runs.market_day(rule, seed, cut=cut).violation is not None for seed in range(40)]
        for rule in runs.RULES
    }
    assert any(sold[runs.COPIES])
    assert not any(sold[runs.OWNER] + sold[runs.SHARES])


def test_every_buyer_is_served_or_refused_and_nobody_twice():
    for rule in runs.RULES:
        for seed in range(20):
            trace = runs.market_day(rule, seed, cut=True)
            ends = [value.buyer for step in trace for value in runs.outputs(step, runs.Sold, runs.Refused)]
            assert sorted(ends) == list(range(1, 25))


def test_the_wait_is_that_of_all_buyers_and_a_cut_makes_it_longer():
    def wait(rule, cut):
        return runs.market_days(rule, cut=cut, seeds=40)["wait"]

    assert wait(runs.COPIES, True) == 0
    for cut in (False, True):
        assert wait(runs.SHARES, cut) < 0.6 * wait(runs.OWNER, cut)
    for rule in (runs.OWNER, runs.SHARES):
        assert wait(rule, True) > wait(rule, False)


def test_the_three_rules_are_three_programs():
    assert len({Shop.on_buy, Asking.on_buy, Sharing.on_buy}) == 3
    with pytest.raises(UnknownNameError, match="rule must be one of copies, owner, shares"):
        runs.last_three("lottery")


@pytest.mark.parametrize(
    ("old", "flag", "shares", "kept"),
    [
        (0, REUSED, 800, True),
        (1, REUSED, 4_100, False),
        (8, REUSED, 32_800, False),
        (1, FRESH, 700, True),
        (8, FRESH, 0, True),
    ],
)
def test_old_servers_buy_without_end_unless_the_word_is_new(old, flag, shares, kept):
    trace = runs.desk(old, flag=flag)
    assert runs.bought(trace) == shares
    assert (trace.violation is None) is kept


def test_the_last_server_gets_its_order_last_and_buys_least():
    shares = [0] * 8
    for step in runs.desk(8):
        for value in runs.outputs(step, runs.orders.Bought):
            shares[value.order - 1] += value.shares
    assert shares == list(range(4_800, 3_399, -200))
