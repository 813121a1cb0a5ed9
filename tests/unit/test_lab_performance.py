"""The store with group commit, the law that is fitted, the stored measurements: against what can be computed."""

import math
from random import Random

import pytest

from distsys.core.errors import ArgumentError
from distsys.core.units import MS, S
from distsys.drivers.runtime import HELD_MAX
from distsys.lab.group_commit import batch_sizes, closed_loop, measured, run
from distsys.lab.measured_load import throughput
from distsys.lab.raft_batches import LACKING, catch_up, messages_and_ms
from distsys.lab.scalability import Law, bootstrapped, fitted, middle, relative_errors, solved


def test_one_client_waits_for_the_round_trip_and_the_sync():
    got = closed_loop(1, sync_us=7 * MS, round_trip_us=2 * MS, until=900 * MS)
    assert (got.mean_ms, got.batch) == (9, 1)


@pytest.mark.parametrize("clients", [2, 3, 5, 12])
def test_many_clients_wait_for_two_syncs_and_a_batch_holds_half_of_them(clients):
    got = closed_loop(clients, sync_us=5 * MS, record_us=200)
    assert got.mean_ms == pytest.approx(10 + 0.2 * clients)
    assert got.batch == pytest.approx(clients / 2)
    assert got.puts_per_s == pytest.approx(clients / (0.010 + 0.0002 * clients), rel=0.005)


def test_one_sync_a_put_is_the_rate_of_the_disk_however_many_ask():
    assert closed_loop(9, batch_max=1, until=2 * S).puts_per_s == pytest.approx(100, rel=0.01)


def test_a_batch_never_has_more_puts_than_the_limit():
    assert set(batch_sizes(run(20, batch_max=6, until=300 * MS))) == {6}


def test_the_same_run_comes_out_the_same_and_keeps_its_law():
    one, other = (run(3, spread=True, every_us=4 * MS, until=200 * MS, judged=True, seed=5) for _ in range(2))
    assert one.steps == other.steps
    assert one.violation is None


def test_an_answer_before_the_sync_breaks_the_law_at_once():
    trace = run(2, answers_first=True, judged=True, until=50 * MS)
    assert trace.violation.law == "acknowledged is durable"
    assert not any(step.kind == "timeout" and step.node == "disk" for step in trace)


def test_an_open_loop_measures_from_when_a_put_was_due():
    got = measured(run(1, every_us=5 * MS, batch_max=1, until=1 * S))  # twice what the disk can do
    assert got.max_ms > 400


@pytest.mark.parametrize("batch", [1, 3, 5, 9])
def test_a_follower_that_lacks_entries_is_sent_them_in_as_few_messages_as_the_batch_allows(batch):
    messages, ms = messages_and_ms(catch_up(batch))
    assert messages == 1 + math.ceil((LACKING + 1) / batch)
    assert ms == 10 * messages


def test_the_runtime_stops_reading_where_the_page_says():
    assert HELD_MAX == 5_000


# The law.


@pytest.mark.parametrize("law", [Law(90, 0.02, 0.001), Law(5, 0.4, 0), Law(1, 0, 0.01)], ids=str)
def test_a_fit_finds_the_law_that_made_the_points(law):
    points = [(n, law.throughput(n)) for n in (1, 2, 3, 7, 20, 50)]
    found = fitted(points)
    assert (found.rate, found.contention, found.coherency) == pytest.approx(
        (law.rate, law.contention, law.coherency), abs=1e-9
    )
    assert relative_errors(points, found) == pytest.approx([0] * 6, abs=1e-9)


def test_the_peak_is_where_no_neighbour_has_more():
    law = Law(90, 0.05, 0.0007)
    best = max(range(1, 500), key=law.throughput)
    assert abs(best - law.peak) <= 1
    assert Law(1, 0.1, 0).peak == Law(1, 0.1, -0.01).peak == math.inf
    assert Law(1, 1.2, 0.01).peak == 1


def test_a_fit_is_the_least_sum_of_squares():
    dice = Random(3)
    points = [(n, Law(70, 0.1, 0.002).throughput(n) * dice.uniform(0.8, 1.2)) for n in (1, 2, 4, 8, 16, 32)]

    def squares(law):
        return sum((rate / law.throughput(n) - 1) ** 2 for n, rate in points)

    best = fitted(points)
    for field in ("rate", "contention", "coherency"):
        for factor in (0.98, 1.02):
            near = {name: getattr(best, name) for name in ("rate", "contention", "coherency")}
            near[field] *= factor
            assert squares(Law(**near)) > squares(best)


def test_a_fit_without_coherency_has_two_unknowns_and_too_few_points_are_refused():
    law = Law(50, 0.2, 0)
    points = [(1, law.throughput(1)), (4, law.throughput(4))]
    assert fitted(points, coherent=False).contention == pytest.approx(0.2)
    with pytest.raises(ArgumentError, match="at least 3 numbers of clients"):
        fitted(points)


def test_a_system_of_equations_is_solved_also_where_a_pivot_is_zero():
    assert solved([[0, 1, 1], [2, 0, 1], [1, 1, 0]], [5, 5, 3]) == pytest.approx([1, 2, 3])


def test_samples_of_repeats_that_do_not_scatter_give_one_law_and_of_others_an_interval():
    law = Law(60, 0.1, 0.001)
    points = [(n, law.throughput(n)) for n in (1, 4, 9, 16) for _ in range(3)]
    assert {round(found.contention, 9) for found in bootstrapped(points, 20)} == {0.1}
    dice = Random(1)
    noisy = [(n, rate * dice.uniform(0.9, 1.1)) for n, rate in points]
    low, high = middle([found.contention for found in bootstrapped(noisy, 200)])
    assert low < 0.1 < high
    assert bootstrapped(noisy, 5, seed=2) == bootstrapped(noisy, 5, seed=2)


@pytest.mark.parametrize("which", ["throughput", "throughput-again"])
def test_a_stored_measurement_says_when_and_where_it_was_made(which):
    stored = throughput(which)
    assert {"system", "nodes", "date", "machine", "load_average", "seconds"} <= set(stored)
    counts = [point["clients"] for point in stored["points"]]
    assert len(counts) == 60
    assert all(counts.count(n) == 6 for n in set(counts))
    for point in stored["points"]:
        # Little: rate times latency is the number of clients, less what they are idle when the first have stopped and
        # the last have not: one latency at most.
        under_way = point["puts_per_s"] * point["mean_ms"] / 1000 / point["clients"]
        assert 1 - point["p99_ms"] / 1000 / stored["seconds"] <= under_way <= 1.001
