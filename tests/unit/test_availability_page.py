"""What the page on availability computes and measures: formulas beside naive ones, simulations, and a real group."""

from itertools import pairwise
from math import exp

import pytest

from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.drivers import states
from distsys.lab import availability_lives as lives
from distsys.lab import availability_measures as group
from distsys.lab import availability_parts as parts
from distsys.lab import availability_repair as repair
from distsys.lab import availability_runs as runs
from distsys.lab.availability_cast import cluster, leads
from distsys.lab.availability_lives import DAY, HOUR

TEN_YEARS = 3_650 * DAY

# Formulas.


def test_the_numbers_of_the_syllabus():
    assert round(parts.majority(3, 0.99), 6) == 0.999702
    assert round(parts.majority(5, 0.99), 8) == 0.99999015


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize("p", [0.0, 0.3, 0.9, 1.0])
def test_k_of_n_is_what_all_cases_add_up_to(n, p):
    for k in range(n + 2):
        every = parts.enumerated(lambda up, k=k: sum(up) >= k, [p] * n)
        assert parts.k_of_n(k, n, p) == pytest.approx(every)
        assert parts.at_least(k, [p] * n) == pytest.approx(every)


def test_series_and_parallel_are_what_all_cases_add_up_to():
    shares = (0.9, 0.5, 0.99)
    assert parts.series(*shares) == pytest.approx(parts.enumerated(all, shares))
    assert parts.parallel(*shares) == pytest.approx(parts.enumerated(any, shares))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.6, 0.9, 0.999])
def test_an_even_number_never_helps(p):
    for m in range(1, 6):
        assert parts.majority(2 * m, p) <= parts.majority(2 * m - 1, p)


@pytest.mark.parametrize("racks", [(3,), (2, 1), (1, 1, 1), (2, 2, 1), (3, 2)])
def test_racks_are_what_all_cases_add_up_to(racks):
    rack_of = [rack for rack, count in enumerate(racks) for _ in range(count)]

    def works(up):
        servers = up[len(racks) :]
        return sum(one and up[rack] for one, rack in zip(servers, rack_of, strict=True)) > len(rack_of) // 2

    every = parts.enumerated(works, [0.8] * len(racks) + [0.9] * len(rack_of))
    assert parts.placed(racks, 0.9, 0.8) == pytest.approx(every)


def test_a_common_cause_is_a_floor():
    for common in (1e-5, 1e-4):
        down = [1 - parts.with_common_cause(n // 2 + 1, n, 1e-3 - common, common) for n in (3, 5, 7, 9)]
        assert all(one >= common * 0.999_999 for one in down)
        assert max(down) < common + 4e-6
    alone = [1 - parts.majority(n, 0.999) for n in (1, 3, 5, 7, 9)]
    assert all(270 < one / two < 340 for one, two in pairwise(alone))
    three, seven = (1 - parts.with_common_cause(n // 2 + 1, n, 1e-3 - 1e-5, 1e-5) for n in (3, 7))
    assert seven / three == pytest.approx(0.77, abs=0.02)
    assert (1 - parts.majority(3, 0.999)) / (1 - parts.majority(7, 0.999)) == pytest.approx(85_000, rel=0.02)


def test_what_is_no_share_is_refused_with_its_value():
    with pytest.raises(ArgumentError, match=r"shares from 0 to 1, but one of them is 99\.9"):
        parts.series(0.5, 99.9)
    with pytest.raises(ArgumentError, match="k must lie from 1 to n"):
        repair.mean_first_loss(4, 3, 10, 1)


# Repair.


@pytest.mark.parametrize("repairers", [1, 2, 3, 5])
def test_the_chain_is_in_balance_and_is_binomial_where_nobody_waits(repairers):
    chain = repair.steady(5, 99, 1, repairers)
    assert sum(chain) == pytest.approx(1)
    assert repair.balance_of(chain, 5, 99, 1, repairers) < 1e-12
    binomial = [parts.k_of_n(5 - d, 5, 0.99) - parts.k_of_n(6 - d, 5, 0.99) for d in range(6)]
    assert (chain == pytest.approx(binomial)) is (repairers == 5)


def test_the_first_loss_of_two_of_three_by_hand():
    fails, repaired = 1 / 1_000, 1 / 10
    assert repair.mean_first_loss(2, 3, 1_000, 10) == pytest.approx((5 * fails + repaired) / (6 * fails**2))
    assert repair.mean_first_loss(2, 3, 1_000, 10, 0) == pytest.approx(1_000 / 3 + 1_000 / 2)
    assert repair.mean_first_loss(1, 1, 1_000, 10) == 1_000


def test_simulated_groups_agree_with_the_chain_and_one_repairer_makes_a_difference():
    for n, k, repairers in ((3, 2, 1), (3, 2, 2), (5, 3, 1)):
        found = lives.measured(
            lambda seed, n=n, k=k, c=repairers: lives.share(
                lives.together(k, lives.crew(seed, n, 9 * DAY, DAY, TEN_YEARS, repairers=c)), TEN_YEARS
            ),
            20,
        )
        assert found.agrees(repair.group(k, n, 9, 1, repairers))
        assert found.agrees(repair.group(k, n, 9, 1, n)) is (repairers > 1)


def test_a_group_without_repair_loses_its_majority_before_one_server_would_die():
    found = lives.measured(
        lambda seed: lives.first_loss(seed, 2, 3, 1_000 * HOUR, HOUR, repairers=0) / HOUR, 200
    )
    assert found.agrees(2_500 / 3)
    assert not found.agrees(1_000)


# Lanes.


def naive_share(k, lanes, until):
    return sum(sum(any(a <= t < b for a, b in lane) for lane in lanes) >= k for t in range(until)) / until


@pytest.mark.parametrize("seed", range(5))
def test_what_is_up_together_is_what_counting_each_moment_gives(seed):
    lanes = lives.lives(seed, 4, 20, 7, 300)
    for k in range(1, 5):
        both = lives.together(k, lanes)
        assert lives.share(both, 300) == naive_share(k, lanes, 300)
        assert all(a < b for a, b in both)
        assert all(end < start for (_, end), (start, _) in pairwise(both))


@pytest.mark.parametrize("kind", [lives.exponential, lives.always, lives.mostly_short])
def test_only_the_mean_of_repairs_matters(kind):
    found = lives.measured(
        lambda seed: lives.share(lives.lives(seed, 1, 9 * DAY, DAY, TEN_YEARS, down=kind)[0], TEN_YEARS)
    )
    assert found.agrees(0.9)
    assert found.error < 0.003


def test_each_distribution_has_the_mean_that_it_is_asked_for():
    random = lives.uniform(1, "mean")
    for kind in (lives.exponential, lives.always, lives.mostly_short):
        draws = [kind(1_000)(random) for _ in range(20_000)]
        assert sum(draws) / len(draws) == pytest.approx(1_000, rel=0.06)


def test_the_picture_of_the_opening_has_the_gaps_that_it_tells_of():
    lanes = lives.lives(2, 2, 9 * DAY, DAY, 40 * DAY)
    gaps = [lives.outages(lane) for lane in lanes]
    assert [len(one) for one in gaps] == [1, 4]
    assert round(gaps[0][0] / DAY, 1) == 1.1
    assert 0.5 < 40 - lanes[0][-1][0] / DAY < 6
    assert lanes[0][-1][1] == pytest.approx(39.45 * DAY, rel=0.001)
    assert len(lives.outages(lives.together(2, lanes))) == 5
    assert lives.together(1, lanes) == ((0, 40 * DAY),)


# The group.


def test_a_failover_takes_as_long_as_the_formula_says():
    found = lives.measured(group.failover_ms, 120)
    assert found.agrees(group.failover_formula_ms())
    assert found.error < 8


def test_a_vote_is_split_where_the_second_timeout_ends_within_one_message_and_costs_another_wait():
    assert group.failover_ms(120) > 860  # the timeouts end 2.9 ms apart, the next one after another 358 ms
    assert group.failover_ms(0) < 460  # 9.3 ms apart: the first wins


def test_a_leader_is_missing_for_some_of_the_time_in_which_a_majority_is_up():
    for seed in range(5):
        missing = group.majority_up(seed) - group.led(seed)
        assert 0 < missing < 0.1
        assert missing > group.failovers(seed) * 0.2 / 20  # no failover takes less than 200 ms


def test_who_leads_by_the_notes_of_a_run_is_who_leads_by_its_states():
    begin, end = group.BEGIN_MS * 1_000, group.UNTIL_MS * 1_000
    for seed in range(3):
        trace = group.lived(seed)
        up = lives.together(2, [group.lane(seed, name) for name in ("n1", "n2", "n3")])
        ends = [*(step.at for step in trace.steps[1:]), end]
        leading = tuple(
            (max(step.at, begin), to)
            for step, now, to in zip(trace, states(trace, leads), ends, strict=True)
            if any(now.values()) and to > max(step.at, begin)
        )
        assert group.led(seed) == lives.share(lives.together(2, (up, leading)), end - begin)


def test_two_of_three_without_repair_are_likelier_up_than_one_only_for_the_first_693_hours():
    for hours, better in ((600, True), (692, True), (694, False), (1_000, False)):
        p = exp(-hours / 1_000)
        assert (parts.majority(3, p) > p) is better


def test_little_patience_sees_less_than_a_majority_and_much_patience_sees_more():
    up = [group.majority_up(seed) for seed in range(15)]
    hasty, patient = (
        [runs.probed(group.lived(seed, ms), group.BEGIN_MS) for seed in range(15)] for ms in (200, 1_000)
    )
    assert sum(hasty) < sum(up) < sum(patient)
    failovers = sum(group.failovers(seed) for seed in range(15))
    expected = (10 / 11) ** 3 * 15 * 20 / 10  # all three are up, and the one that leads crashes
    assert abs(failovers - expected) < 4 * expected**0.5


def test_which_faults_the_alarm_misses():
    seen = {kind: group.seen(kind) for kind in group.KINDS}
    assert all(alarm > 0.98 for alarm, _, _ in seen.values())
    assert [kind for kind, (_, client, _) in seen.items() if client == 0] == ["timing", "gray"]
    assert [kind for kind, (_, _, verdict) in seen.items() if verdict != "OK"] == ["Byzantine"]
    assert seen["none"][1] == seen["Byzantine"][1] == 1


def test_an_alarm_does_see_that_all_followers_are_down():
    assert group.watched(runs.loses_two(), 950) < 0.8


def test_a_fault_that_is_not_known_is_refused():
    with pytest.raises(UnknownNameError, match="kind must be one of none, crash"):
        group.fault("fire", "n1", 0)


@pytest.mark.parametrize("seed", [1, 3, 4, 6])
def test_two_halves_that_both_decide_lose_an_answered_write_and_a_majority_does_not(seed):
    half, whole = runs.halves(seed=seed), runs.halves("correct", seed)
    assert runs.judged(half).outcome.name == "ILLEGAL"
    assert half.violation is not None
    assert (runs.judged(whole).outcome.name, whole.violation) == ("OK", None)
    assert [one.at < 1_450_000 for one in runs.answers(whole)[0]] == [False] * 3


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_group_that_loses_one_or_two_never_lies(seed):
    for trace in (runs.loses_one(seed), runs.loses_two(seed), runs.gray(seed)):
        assert runs.judged(trace).outcome.name == "OK"


def test_a_prober_that_is_answered_at_once_misses_nothing():
    trace = runs.run(cluster(every_ms=200), 3_000)
    assert runs.probed(trace, 1_000) == 1
