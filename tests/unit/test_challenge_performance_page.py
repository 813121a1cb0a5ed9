"""What the page on the challenge of performance measures: queues, tails, hedges, a storm and its mends."""

import math
from itertools import pairwise
from random import Random

import pytest

from distsys.core.dice import Dice
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.core.events import Deliver, Output, Send
from distsys.core.units import MS, S
from distsys.lab import challenge_performance_loop as loop
from distsys.lab import challenge_performance_queues as queues
from distsys.lab import challenge_performance_runs as runs
from distsys.lab import challenge_performance_tails as tails
from distsys.lab.challenge_performance_cast import Answered, Ask, Busy, GaveUp, Server, exponential
from distsys.lab.challenge_performance_hedge import answers, story


@pytest.fixture(scope="module")
def calm():
    return runs.run(seed=1, until_us=60 * S, gaps=((0, 40 * MS), (40 * S, 0)))


def values(trace, kind):
    return [
        effect.value
        for step in trace
        for effect in step.effects
        if isinstance(effect, Output) and isinstance(effect.value, kind)
    ]


def sent(trace, node, kind):
    return [
        effect.message
        for step in trace
        if step.node == node
        for effect in step.effects
        if isinstance(effect, Send) and isinstance(effect.message, kind)
    ]


@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("seed", [1, 2])
def test_little_s_law_holds_to_the_microsecond_in_whatever_order_requests_are_served(order, seed):
    gaps = ((0, 25 * MS), (20 * S, 0))
    trace = runs.run(seed, 40 * S, gaps=gaps, order=order, attempts=1)
    times = runs.times_in_system(trace)
    assert len(times) > 600
    assert sum(times) == runs.area_under_count(trace)


def test_the_nodes_wait_exactly_as_the_fast_queue_says(calm):
    arrived = [step.at for step in calm if step.node == "server" and isinstance(step.event, Deliver)]
    left = [
        step.at
        for step in calm
        if step.node == "server"
        for effect in step.effects
        if isinstance(effect, Send)
    ]
    begun = [max(one, before) for one, before in zip(arrived, [0, *left[:-1]], strict=True)]
    services = [end - start for start, end in zip(begun, left, strict=True)]
    gaps = [arrived[0], *(b - a for a, b in pairwise(arrived))]
    assert queues.waits(gaps, services) == [b - a for a, b in zip(arrived, begun, strict=True)]
    assert sum(services) / len(services) == pytest.approx(20 * MS, rel=0.1)


def test_the_work_and_the_gaps_of_nodes_have_the_mean_that_was_asked_for():
    dice, total = Dice(5), 0
    for _ in range(20_000):
        us, dice = exponential(dice, 10_000)
        total += us
    assert total / 20_000 == pytest.approx(10_000, rel=0.025)


@pytest.mark.parametrize("kind", queues.SERVICES)
@pytest.mark.parametrize("load", [0.3, 0.7])
def test_the_formula_lies_in_the_interval_of_the_simulation(kind, load):
    middle, half = queues.interval(queues.mean_times(load, kind, seeds=range(100, 120), customers=10_000))
    assert abs(middle - queues.computed_time(load, kind)) < half
    assert half < 0.25 * middle


def test_queues_of_their_own_are_worst_and_one_for_all_is_best():
    one, random, two, shortest = (queues.farm(0.9, 10, dispatch, seed=3) for dispatch in queues.DISPATCH)
    assert one < shortest < two < random
    assert random == pytest.approx(10, rel=0.35)
    assert queues.farm(0.8, 1, "one queue", seed=3) == pytest.approx(5, rel=0.15)


@pytest.mark.parametrize("load", [0.5, 0.9])
def test_one_queue_for_ten_servers_waits_as_erlang_computed(load):
    middle, half = queues.interval([queues.farm(load, 10, "one queue", seed=s) for s in range(50, 60)])
    assert abs(middle - queues.one_queue_time(load, 10)) < half
    assert half < 0.15 * middle


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: queues.farm(0.5, 2, "some", seed=1), "dispatch must be one of"),
        (lambda: queues.mean_times(0.5, "some"), "service must be one of"),
        (lambda: tails.group(0.5, cause="fate"), "cause must be one of server, request"),
        (
            lambda: Server("s", service_us=1, spread=False, order="loudest", limit=0, deadlines=False),
            "order must",
        ),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_those_that_are(call, said):
    with pytest.raises(UnknownNameError, match=said):
        call()


@pytest.mark.parametrize("load", [0, 1, 1.5, True, "half"])
def test_a_load_at_which_no_queue_comes_to_rest_is_refused(load):
    with pytest.raises(ArgumentError, match="load must be more than 0 and less than 1"):
        queues.computed_time(load)


def test_an_interval_needs_a_number_of_samples_that_it_knows():
    with pytest.raises(ArgumentError, match="samples must be 10 or 20"):
        queues.interval([1.0, 2.0])


def test_hedging_costs_five_percent_and_takes_the_tail_away():
    random = Random(9)
    alone = sorted(tails.latency(random) for _ in range(40_000))
    late = queues.percentile(alone, 0.95)
    got = [tails.hedged(random, late) for _ in range(40_000)]
    assert sum(twice for _, twice in got) / 40_000 == pytest.approx(0.05, abs=0.005)
    assert queues.percentile(sorted(time for time, _ in got), 0.99) < 0.3 * queues.percentile(alone, 0.99)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hedging_without_taking_back_is_a_circle_of_its_own(seed):
    calm, busy = (tails.group(load, hedge_ms=50.0, seed=seed) for load in (0.2, 0.6))
    assert calm.p99_ms < tails.group(0.2, seed=seed).p99_ms
    assert busy.p99_ms > 3 * tails.group(0.6, seed=seed).p99_ms
    assert (calm.twice < 0.2, busy.twice > 0.5) == (True, True)
    assert (
        tails.group(0.6, hedge_ms=50.0, cancels=True, seed=seed).p99_ms < tails.group(0.6, seed=seed).p99_ms
    )


def test_at_a_load_of_70_percent_the_seed_decides_whether_hedging_long_requests_gains():
    gains = [
        tails.group(0.7, cause="request", seed=seed).p99_ms
        > tails.group(0.7, cause="request", seed=seed, hedge_ms=50.0, cancels=True).p99_ms
        for seed in (1, 2, 3)
    ]
    assert gains == [False, True, False]


@pytest.mark.parametrize(("load", "stays"), [(0.80, False), (0.86, False), (0.88, True), (0.90, True)])
def test_with_a_budget_of_a_tenth_failures_can_stay_from_87_percent_on(load, stays):
    share = 1.0
    for _ in range(3_000):
        asked = loop.CAPACITY * load * (1 + min(0.1, share + share**2))
        share = math.exp(-(loop.CAPACITY - asked)) if asked < loop.CAPACITY else 1.0
    assert (share > 0.1) is stays


def test_a_group_is_busy_for_the_share_that_was_asked_for():
    assert tails.group(0.4).busy == pytest.approx(0.4, abs=0.03)
    assert tails.group(0.4).twice == 0


def test_who_is_stuck_in_a_replica_is_answered_by_the_other():
    assert [(first.replica, first.us // MS) for first in answers(story())] == [
        ("r1", 6),
        ("r2", 26),
        ("r2", 26),
    ]
    assert {first.replica for first in answers(story(hedge_ms=None))} == {"r1"}


@pytest.mark.parametrize("mend", runs.MENDS)
def test_which_changes_end_the_storm(mend):
    useless = mend in ("none", "back-off with jitter", "at most 150 wait")
    assert runs.recovers(mend, 5_000, (11, 12)) == (0 if useless else 2)
    assert runs.recovers(mend, 800, (11, 12)) == 2


def test_a_storm_below_a_third_of_the_capacity_ends_by_itself():
    for load, ends in ((0.25, True), (0.45, False)):
        trace = runs.storm(3, hiccup_ms=3_000, until_s=60, gaps=((0, int(20 * MS / load)),))
        assert (runs.share(trace, 50, 56) > 0.9) is ends


def test_a_request_is_asked_at_most_as_often_as_it_may_be_and_ends_once():
    trace = runs.storm(2, until_s=20)
    attempts = [
        effect.message
        for step in trace
        if step.node == "users"
        for effect in step.effects
        if isinstance(effect, Send)
    ]
    assert max(ask.attempt for ask in attempts) == 3
    assert len({(ask.number, ask.attempt) for ask in attempts}) == len(attempts)
    ended = [value.number for value in values(trace, Answered) + values(trace, GaveUp)]
    assert len(set(ended)) == len(ended)


def test_a_budget_lets_a_tenth_of_the_new_requests_be_asked_again_beside_the_ten_that_were_saved():
    trace = runs.storm(2, until_s=20, budget=100)
    first = retries = 0
    for step in trace:
        for effect in step.effects:
            if isinstance(effect, Send) and isinstance(effect.message, Ask):
                first += effect.message.attempt == 1
                retries += effect.message.attempt > 1
                assert retries <= 10 + first / 10
    assert retries > 10


def test_who_waits_before_asking_again_does_not_hear_an_answer_to_the_attempt_that_failed():
    trace = runs.run(
        1,
        300 * MS,
        spread=False,
        service_us=20 * MS,
        timeout_us=15 * MS,
        backoff_us=200 * MS,
        arrivals=(0,),
        gaps=(),
    )
    assert values(trace, Answered) == []
    assert values(trace, GaveUp) in ([], [GaveUp(1)])


@pytest.mark.parametrize(("limit", "late"), [(48, False), (49, True)])
def test_in_a_queue_of_48_all_who_are_admitted_are_answered_in_time_and_in_one_of_49_not(limit, late):
    arrivals = (0, *range(1, 100))  # the first begins, the others come just after it
    trace = runs.run(
        1,
        3 * S,
        spread=False,
        service_us=20 * MS,
        timeout_us=1 * S,
        attempts=1,
        limit=limit,
        arrivals=arrivals,
        gaps=(),
        delay_us=1 * MS,
    )
    answered = values(trace, Answered)
    refused = [
        effect.message
        for step in trace
        for effect in step.effects
        if isinstance(effect, Send) and isinstance(effect.message, Busy)
    ]
    assert len(refused) == 100 - 1 - limit
    assert len(answered) == 1 + 48
    assert (len(answered) + len(refused) < 100) is late


def test_the_newest_first_serves_the_newest():
    trace = runs.run(1, 1 * S, spread=False, arrivals=(0, 1, 2, 3), gaps=(), order="newest", attempts=1)
    assert [value.number for value in values(trace, Answered)] == [1, 4, 3, 2]


def test_where_the_share_of_failures_stays():
    assert [len(loop.fixed_points(load)) for load in (0.2, 0.3, 0.5, 0.7, 0.95)] == [1, 1, 3, 3, 1]
    assert len(loop.fixed_points(0.9, attempts=1)) == 1
    for load in (0.5, 0.7):
        _, ridge, _ = loop.fixed_points(load)
        assert loop.fails_next(ridge, load) == pytest.approx(ridge, abs=1e-6)
        for start, end in ((ridge - 0.01, 0), (ridge + 0.01, 1)):
            share = start
            for _ in range(60):
                share = loop.fails_next(share, load)
            assert share == pytest.approx(end, abs=1e-4)


def test_the_same_run_comes_out_the_same():
    assert runs.storm(4, until_s=9).steps == runs.storm(4, until_s=9).steps
    assert runs.storm(4, until_s=9).steps != runs.storm(5, until_s=9).steps


def test_a_deadline_that_forgets_the_way_back_lets_work_come_too_late_by_that():
    trace = runs.small_storm(deadlines=True)
    deadlines = {(ask.number, ask.attempt): ask.deadline for ask in sent(trace, "users", Ask)}
    heard = [step for step in trace if step.node == "users" and isinstance(step.event, Deliver)]
    late = [step.at - deadlines[step.event.message.number, step.event.message.attempt] for step in heard]
    assert [ms // MS for ms in late if ms > 0] == [
        21,
        1,
        1,
    ]  # the first was at work when the server stood still
    assert runs.totals(trace) == (7, 9, 6)
