"""What the page on scalability computes and runs: groups, shards, sums, models of sharing, the crawl, the fit."""

import json
import math
from random import Random

import pytest

from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.lab import challenge_scalability_crawl as crawl
from distsys.lab import challenge_scalability_laws as laws
from distsys.lab import challenge_scalability_measured as measured
from distsys.lab import challenge_scalability_runs as runs
from distsys.lab.exercises.scalability import longest_first
from distsys.lab.scalability import Law, band, fitted, left_out, medians
from distsys.lab.workloads import zipf_weights


@pytest.mark.parametrize("wait_for", ["all", "majority"])
@pytest.mark.parametrize("copies", [1, 2, 3, 6])
def test_a_group_is_as_fast_as_its_leader_can_hear(copies, wait_for):
    assert runs.writes_per_s(copies, wait_for=wait_for) == pytest.approx(1000 / copies, rel=0.02)


def test_waiting_for_a_majority_makes_a_write_sooner_done():
    def first_answer(wait_for):
        cluster = runs.systems.build("scaled-group", nodes=5, copies=5, wait_for=wait_for, clients=1, times=1)
        return next(
            step.at for step in runs.run(cluster, runs.S) if step.node == "c1" and step.kind == "deliver"
        )

    assert first_answer("majority") == first_answer("all") - 2 * runs.SERVICE


def test_raft_is_as_fast_as_its_leader_can_hear():
    assert runs.raft_writes_per_s(3) == pytest.approx(5000 / 3, rel=0.02)


@pytest.mark.parametrize("shards", [1, 3, 6])
@pytest.mark.parametrize("sums", [0, 0.2])
def test_shards_reach_what_their_demand_allows(shards, sums):
    bound = 1000 * laws.amdahl(shards, sums)
    assert 0.96 * bound < runs.shards_per_s(shards, sums=sums) < 1.01 * bound


def test_popular_keys_end_the_growth_at_one_over_the_share_of_the_first():
    share = zipf_weights(runs.KEYS)[0] / sum(zipf_weights(runs.KEYS))
    for shards in (1, 10, 100, 1000):
        assert runs.busiest_share(runs.popular(), shards) >= share
    assert runs.busiest_share(runs.popular(), 100) == share
    assert 1 / share == pytest.approx(5.187, abs=0.001)


@pytest.mark.parametrize("seed", range(20))
def test_a_sum_of_all_shards_misses_nothing_and_a_sum_of_one_does(seed):
    def broken(asks):
        cluster = runs.systems.build(
            "scaled-shards", nodes=3, clients=4, weights=(3, 2, 1), sums_ppm=300_000, times=30, asks=asks
        )
        return runs.run(cluster, runs.S, seed=seed, judged=True).violation

    assert broken("all") is None
    assert broken("one").law == "a sum misses nothing"


def test_a_client_says_whom_it_can_ask():
    with pytest.raises(UnknownNameError, match="asks must be all or one"):
        runs.summed("some")


@pytest.mark.parametrize("seed", range(30))
def test_who_takes_the_next_task_loses_less_than_one_longest_task(seed):
    random = Random(seed)
    tasks = [random.randint(1, 50) for _ in range(random.randint(1, 60))]
    workers = random.randint(1, 20)
    even = sum(tasks) / workers
    assert (
        max(even, max(tasks)) <= laws.makespan(tasks, workers) <= even + (1 - 1 / workers) * max(tasks) + 1e-9
    )


def test_amdahl_and_gustafson_give_one_run_one_number():
    for workers in (1, 2, 7, 100):
        for serial, divided in ((1, 9), (5, 5), (0, 3), (2, 0)):
            speed_up = (serial + divided) / (serial + divided / workers)
            assert laws.amdahl(workers, serial / (serial + divided)) == pytest.approx(speed_up)
            on_all = serial / (serial + divided / workers)
            assert laws.gustafson(workers, on_all) == pytest.approx(speed_up)


@pytest.mark.parametrize("workers", [1, 2, 5, 13, 40])
@pytest.mark.parametrize(("first", "each"), [(5, 0), (5, 1), (0, 0.5), (50, 2)])
def test_a_crawl_lies_between_the_two_lines_and_on_the_lower_one_in_rounds(workers, first, each):
    times = {"fetch": 95, "first": first, "each": each}
    hold = first + each * (workers - 1)
    law = Law(1000 / (95 + first), first / (95 + first), each / (95 + first))
    upper = min(workers / (95 + hold), 1 / hold if hold else math.inf) * 1000
    assert laws.pages_per_s(workers, **times, together=True) == pytest.approx(law.throughput(workers))
    assert law.throughput(workers) * 0.999 < laws.pages_per_s(workers, **times) < upper * 1.001


def test_times_of_a_crawl_that_are_negative_are_refused():
    with pytest.raises(ArgumentError, match="times must not be negative"):
        laws.pages_per_s(2, fetch=-1, first=5, each=1)


@pytest.mark.parametrize("kind", crawl.KINDS)
def test_a_real_crawl_counts_each_page_once_in_all_tables(kind, monkeypatch):
    monkeypatch.setattr(crawl, "FETCH_S", 0.001)
    monkeypatch.setattr(crawl, "ROUND_TRIP_S", 0)
    got = crawl.crawled(kind, 3, 0.5)  # enough on a busy machine; it compares the tables and the log itself
    assert (got.kind, got.workers) == (kind, 3)
    assert got.pages >= 1
    assert got.pages_per_s > 0


def test_a_crawl_of_no_known_kind_is_refused():
    with pytest.raises(UnknownNameError, match="kind must be one of free, rounds, one"):
        crawl.crawled("fast", 3, 0.05)


def test_the_stored_measurement_has_every_point_as_often():
    stored = measured.stored()
    found = {}
    for point in stored["points"]:
        found.setdefault((point["kind"], point["workers"]), []).append(point["repeat"])
    assert set(found) == {(kind, workers) for kind in crawl.KINDS for workers in measured.COUNTS}
    assert {tuple(repeats) for repeats in found.values()} == {tuple(range(len(found["one", 1])))}
    assert (stored["fetch_s"], stored["round_trip_s"]) == (crawl.FETCH_S, crawl.ROUND_TRIP_S)


def test_a_measurement_is_written_as_json_that_reads_as_it_was():
    result = {"date": "2026-11-30", "points": [{"kind": "free", "workers": 1, "pages_per_s": 2.5}]}
    assert json.loads(measured.as_text(result)) == result


@pytest.mark.parametrize(("kind", "most"), [("rounds", 0.16), ("free", 0.26)])
def test_how_far_repeats_of_the_crawl_lie_from_their_median(kind, most):
    middles = dict(medians(measured.points(kind)))
    furthest = max(abs(rate / middles[workers] - 1) for workers, rate in measured.points(kind))
    assert most - 0.01 < furthest < most


def test_free_workers_follow_a_line_that_saw_rounds_of_up_to_six_and_pass_it_twice():
    few = fitted([point for point in medians(measured.points("rounds")) if point[0] <= 6])
    first, each = few.contention / few.rate, few.coherency / few.rate
    above = []
    for workers, rate in medians(measured.points("free")):
        hold = first + each * (workers - 1)
        line = min(workers / ((1 - few.contention) / few.rate + hold), 1 / hold)
        assert rate == pytest.approx(line, rel=0.15)
        above += [workers] * (rate > 1.005 * line)
    assert above == [6, 16]
    corner = ((first**2 + 4 * each * (1 - few.contention) / few.rate) ** 0.5 - first) / (2 * each)
    assert 5 < corner + 1 < 6


def test_heaviest_first_six_shards_are_as_good_for_popular_keys_as_any_number():
    weights = runs.popular()
    loads = {}
    for shards in (4, 6):
        busy = [0] * shards
        for weight, place in zip(weights, longest_first(weights, shards), strict=True):
            busy[place] += weight
        loads[shards] = max(busy)
    assert loads[6] == max(weights) < loads[4]


def test_a_law_that_never_saw_a_point_predicts_it_if_the_law_is_true():
    points = [(n, Law(20, 0.1, 0.02).throughput(n)) for n in (1, 2, 4, 8, 16)]
    assert max(map(abs, left_out(points).values())) < 1e-6
    assert max(map(abs, left_out(points, coherent=False).values())) > 0.3
    assert band([fitted(points)] * 3, [8])[0] == pytest.approx((points[3][1], points[3][1]))


@pytest.mark.parametrize("seed", range(10))
def test_longest_first_keeps_the_bound_of_graham(seed):
    random = Random(seed)
    weights = [random.randint(1, 9) for _ in range(8)]
    shards = 2
    loads = [0] * shards
    for weight, place in zip(weights, longest_first(weights, shards), strict=True):
        loads[place] += weight
    best = min(
        max(mine := sum(w for bit, w in enumerate(weights) if code >> bit & 1), sum(weights) - mine)
        for code in range(256)
    )
    assert max(loads) <= (4 / 3 - 1 / (3 * shards)) * best + 1e-9
