"""What the page measures that compares etcd, ZooKeeper and Chubby: one user, the same tasks, three services."""

import pytest

from distsys.core.errors import UnknownNameError
from distsys.lab import coordination_measures as measures
from distsys.lab.coordination_cast import Do
from distsys.lab.coordination_runs import SERVICES, did, homes_of, run, takes


@pytest.mark.parametrize(
    ("service", "home", "write", "read", "near"),
    [
        ("etcd", "leader", (4, 6), (4, 6), (2, 2)),
        ("etcd", "follower", (11, 7), (6, 8), (2, 2)),
        ("ZooKeeper", "leader", (4, 8), (4, 8), (2, 2)),
        ("ZooKeeper", "follower", (6, 9), (6, 10), (2, 2)),
        ("Chubby", "leader", (4, 8), (2, 2), (0, 0)),
    ],
)
def test_what_single_requests_take(service, home, write, read, near):
    tasks = {("write",): write, ("write", "read"): read, ("write", "read", "read near"): near}
    for whats, (delays, messages) in tasks.items():
        found = takes(service, *whats, home=home)
        assert found.delays == pytest.approx(delays, abs=0.1)
        assert found.messages == messages


@pytest.mark.parametrize("watchers", [0, 2, 4])
def test_a_change_costs_two_three_or_four_messages_for_each_watcher(watchers):
    found = {service: measures.watched(service, watchers).messages for service in SERVICES}
    assert found == {"etcd": 6 + 2 * watchers, "ZooKeeper": 8 + 3 * watchers, "Chubby": 8 + 4 * watchers}


def test_who_watches_knows_the_new_value():
    for service in SERVICES:
        told = [(1_500, "u1", Do("write", "a")), (1_600, "u2", Do("watch")), (1_700, "u1", Do("write", "b"))]
        trace = run(service, homes_of(service, "leader", "leader"), 2_000, told)
        assert [value.value for _, _, value in did(trace, "u2", "told")] == ["b"]


@pytest.mark.parametrize(("service", "delays"), [("etcd", 12), ("ZooKeeper", 6), ("Chubby", 6)])
def test_a_lock_is_handed_over_to_the_next_in_line_and_to_nobody_else(service, delays):
    assert measures.handed_over(service).delays == delays
    trace = measures.handing(service, waiters=3)
    assert [who for _, who, _ in did(trace, what="lock")] == ["u1", "u2"]


def test_a_dead_holder_is_replaced_within_the_derived_times():
    for service, low, high in (("etcd", 1_403, 2_070), ("ZooKeeper", 1_313, 2_080), ("Chubby", 2_025, 2_525)):
        for phase in (0, 130, 330, 560):
            assert low <= measures.dies(service, phase) <= high


def test_old_values_are_read_for_ever_for_a_while_or_never():
    assert measures.stale("etcd").age_ms is None
    assert 0 < measures.stale("ZooKeeper").age_ms < 300
    chubby = measures.stale("Chubby")
    assert (chubby.age_ms, chubby.silent) == (0, True)
    assert chubby.write_ms > 2_000
    broken = measures.stale("Chubby", server="LOCK-05")
    assert (broken.write_ms, broken.age_ms > 1_000) == (20, True)


@pytest.mark.parametrize("service", SERVICES)
def test_who_asks_for_a_new_read_while_it_is_cut_off_is_told_nothing_old(service):
    found = measures.stale(service, what="read")
    assert (found.age_ms, found.silent) == (0, True)


def test_a_task_that_is_not_done_is_said_to_be_so():
    trace = run("etcd", ("n1",), 1_600)
    with pytest.raises(AssertionError, match="u1 has not done it: lock"):
        measures.after(trace, 0, "u1", "lock")


def test_a_service_that_is_not_known_is_refused():
    with pytest.raises(UnknownNameError, match="service must be one of etcd, ZooKeeper, Chubby"):
        run("Consul", ("n1",), 100)
