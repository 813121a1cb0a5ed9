"""What the page on leases and fencing measures: the bound, clock steps, fences in all orders, times, Redlock."""

import pytest

from distsys.core.errors import UnknownNameError
from distsys.drivers import Crash, Restart
from distsys.lab import leases_measures as measures
from distsys.lab import leases_orders as orders
from distsys.lab import leases_redlock as redlock
from distsys.lab import leases_runs as runs
from distsys.lab.leases_cast import Store
from distsys.lab.leases_tokens import MUTANTS, SERVICES, STORIES, broken_by, tokens

LEASE = 1_000_000


@pytest.mark.parametrize("ppm", [0, 1_000, 100_000, 300_000])
def test_the_bound_is_safe_and_tight(ppm):
    bound = runs.safe_us(LEASE, ppm)
    assert runs.tight(bound, ppm).violation is None
    assert runs.tight(bound + 100, ppm).violation.law == "one holder"


@pytest.mark.parametrize("ppm", [10_000, 200_000])
def test_no_two_hold_it_within_the_bound_whatever_the_delays(ppm):
    assert runs.two_hold(100, runs.safe_us(LEASE, ppm), ppm) == 0
    assert runs.two_hold(100, LEASE, ppm) > 50


def test_no_two_hold_it_where_messages_are_lost_and_the_granter_crashes_unless_it_forgets():
    bound = runs.safe_us(LEASE, 100_000)
    found = [runs.storm(seed, bound, 100_000) for seed in range(100)]
    assert [trace.violation for trace in found] == [None] * 100
    assert min(sum(bool(runs.outputs(step, runs.Holds)) for step in trace) for trace in found) > 4
    assert runs.storm(0, bound, 100_000, granter=runs.FORGETFUL).violation.law == "one holder"


def test_a_lease_counted_from_the_answer_is_held_twice():
    bound = runs.safe_us(LEASE, 100_000)
    assert runs.two_hold(50, bound, 100_000, holder=runs.ANSWER) > 0
    assert runs.answered_late(runs.ANSWER).violation.law == "one holder"
    assert runs.answered_late().violation is None


def test_a_granter_that_restarts_waits_as_long_as_anybody_may_rely_on_a_lease():
    script = (Crash(100_000, "locks"), Restart(110_000, "locks"))
    trace = runs.run(runs.cluster(begins=(0, 200)), 2_500, script, laws=(runs.one_holder,))
    assert trace.violation is None
    assert 1_110 <= measures.takes_over_ms(trace) < 1_200


def test_a_client_whose_lease_is_over_when_it_comes_does_not_hold_it():
    slow = runs.SetLink(0, "locks", "a", runs.link(delay=1_200_000))
    trace = runs.run(runs.cluster(), 1_500, (slow,), laws=(runs.one_holder,))
    assert not any(runs.outputs(step, runs.Holds) for step in trace if step.node == "a")


@pytest.mark.parametrize(
    ("node", "by_ms", "broken"),
    [("locks", 800, True), ("locks", -800, False), ("a", 800, False), ("a", -800, True)],
)
def test_forward_at_the_granter_and_back_at_the_holder_break_it(node, by_ms, broken):
    assert (runs.stepped(node, by_ms).violation is not None) is broken


@pytest.mark.parametrize("checks", ["nothing", "writes", "all"])
def test_a_fence_of_writes_loses_what_was_read_without_a_token(checks):
    late, early = runs.paused(checks), runs.read_then_paused(checks)
    assert (late.violation is None) is (checks != "nothing")
    assert (early.violation is None) is (checks == "all")
    assert runs.balance_of(late) == (110 if checks == "nothing" else 130)
    assert runs.balance_of(early) == (130 if checks == "all" else 120)


def test_a_store_says_which_checks_it_knows():
    with pytest.raises(UnknownNameError, match="checks must be one of nothing, writes, all"):
        Store("store", checks="some")


def test_which_rules_lose_nothing_in_any_order():
    for holders in (2, 3):
        kept = {rule for rule in orders.RULES if orders.tried(rule, holders)["lost"] == 0}
        assert kept == {orders.BOTH, orders.UNIQUE}
        refused = {rule for rule in orders.RULES if orders.tried(rule, holders)["newest refused"]}
        assert refused == {orders.UNIQUE}


@pytest.mark.parametrize("service", SERVICES)
def test_tokens_grow_from_holder_to_holder_through_crashes(service):
    for seed in range(3):
        numbers = [token for _, token in tokens(service, seed=seed)]
        assert len(numbers) >= 3
        assert numbers == sorted(set(numbers))


def test_a_service_that_is_not_known_is_refused():
    with pytest.raises(UnknownNameError, match="service must be one of etcd, ZooKeeper, Chubby"):
        tokens("Consul")


def test_each_story_of_a_mutant_breaks_its_law():
    stories = [mutant for mutant in MUTANTS if mutant.id in STORIES]
    assert [broken_by(mutant).law for mutant in stories] == [mutant.breaks for mutant in stories]


@pytest.mark.parametrize("renew_ms", [70, 100, 200, 300, 450])
def test_what_a_lease_outlives_and_when_another_takes_over(renew_ms):
    most = -(-(1_000 - 10) // renew_ms) - 1
    longest = (most - 1) * renew_ms - 10
    assert measures.always_outlives(renew_ms, 1_000, longest)
    assert not measures.always_outlives(renew_ms, 1_000, longest + 5)
    for phase in (1, renew_ms // 2, renew_ms - 1):
        assert measures.takeover_ms(renew_ms, 1_000, phase) == 1_020 - phase


def test_losses_in_a_row_come_as_seldom_as_the_formula_says():
    times = [measures.tries_until_run(3, 0.2, seed) for seed in range(400)]
    assert sum(times) / 400 == pytest.approx((0.2**-3 - 1) / 0.8, rel=0.15)


def test_redlock_keeps_its_promise_where_clocks_and_stores_do():
    assert [redlock.calm(seed).violation for seed in range(20)] == [None] * 20
    for trace in (redlock.without_jump(), redlock.restarts(1_000), redlock.paused_while_asking()):
        assert trace.violation is None
    for trace in (redlock.clock_jumps(), redlock.restarts()):
        assert trace.violation.law == "one holder"
