"""The runs and the measurements of the pages on Zab: what they show, and that they come out the same."""

from math import ceil

import pytest

from distsys import MS
from distsys.core import systems
from distsys.drivers import perform
from distsys.drivers.schedules import request, timeout
from distsys.lab import zab_costs, zab_runs
from distsys.lab.exercises import zab as exercises
from distsys.protocols.multipaxos_laws import MULTIPAXOS_LAWS
from distsys.protocols.replication import Propose

MADE = {
    name: getattr(zab_runs, name)
    for name in ("one_epoch", "zab_with_order", "overtaken", "returns_by_diff", "returns_by_snap", "observed")
}


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_run_is_the_same_on_every_call_and_keeps_all_laws_of_zab(name):
    trace = MADE[name]()
    assert trace.steps == MADE[name]().steps
    assert trace.violation is None
    assert len(trace.header.laws) == len(systems.build("zab").system.laws)


@pytest.mark.parametrize("alpha", range(2, 9))
def test_multi_paxos_breaks_primary_order_with_more_than_one_open_slot(alpha):
    trace = zab_runs.paxos_without_order(alpha)
    assert trace.violation.law == "primary order"
    assert zab_runs.paxos_without_order(alpha, order=False).violation is None


def test_multi_paxos_keeps_primary_order_with_one_open_slot():
    trace = zab_runs.paxos_without_order(alpha=1)
    assert trace.violation is None
    assert trace.header.laws == (*(law.name for law in MULTIPAXOS_LAWS), "primary order")


def test_the_law_of_primary_order_is_silent_where_all_is_decided_in_order():
    story = [timeout("n3", "election"), zab_runs.deliver("n3", "n2"), zab_runs.deliver("n2", "n3")]
    story += [request("n3", Propose(number)) for number in (1, 2)] + [zab_runs.Flowed(("n1", "n2", "n3"))]
    trace = perform(systems.build("multi-paxos", nodes=3), story, laws=(zab_runs.primary_order,))
    assert trace.violation is None
    assert [one.entry.command for one in trace.outputs()["n1"]] == [1, 2]


@pytest.mark.parametrize(
    ("mutant", "make", "law"),
    [
        ("ZAB-03", zab_runs.zab_with_order, "leader completeness"),
        ("ZAB-05", zab_runs.old_proposal, "global primary order"),
        ("ZAB-07", zab_runs.returns_by_trunc, "total order"),
        ("ZAB-09", zab_runs.promised_only, "one leader in an epoch"),
        ("ZAB-11", zab_runs.overtaken, "local primary order"),
    ],
)
def test_a_schedule_breaks_the_mutant_and_not_the_correct_code(mutant, make, law):
    assert make(mutant).violation.law == law
    assert make().violation is None


@pytest.mark.parametrize(("commands", "alpha"), [(5, 1), (5, 2), (5, 5), (9, 4)])
def test_the_last_of_many_commands_waits_for_the_open_slots(commands, alpha):
    delay = 7 * MS
    took = zab_costs.last_commit("multi-paxos", commands, delay, alpha=alpha)
    assert took == ceil(commands / alpha) * 2 * delay
    assert zab_costs.last_commit("zab", commands, delay) == 2 * delay


def test_what_a_follower_is_sent_grows_with_its_lag_only_while_the_leader_has_it():
    sizes = [zab_costs.rejoin(lag, commands=60)["bytes"] for lag in (0, 10, 20)]
    assert sizes == sorted(set(sizes))
    snapshots = {zab_costs.rejoin(lag, commands=60, kept=5)["bytes"] for lag in (6, 20, 60)}
    assert max(snapshots) - min(snapshots) <= 2  # the digits of the zxid that the follower reports


@pytest.mark.parametrize("delay", [2 * MS, 10 * MS])
def test_the_time_without_service_is_the_sum_of_its_phases(delay):
    trace = zab_costs.outage(4, delay)
    crash = next(step.at for step in trace if step.kind == "crash")
    pings = [
        step.at
        for step in trace
        if step.node == "n3" and step.kind == "timeout" and step.event.timer == "ping" and step.at <= crash
    ]
    parts = zab_costs.without_service(trace)
    assert tuple(parts) == zab_costs.PHASES
    derived = 300 + 50 + 7 * delay / MS - (crash - pings[-1]) / MS
    assert sum(parts.values()) == pytest.approx(derived)


@pytest.mark.parametrize(("voters", "observers"), [(1, 0), (3, 0), (3, 1), (5, 2)])
def test_a_transaction_costs_three_messages_a_follower_and_one_an_observer(voters, observers):
    seen = zab_costs.commits_in(voters, observers)
    assert seen == {"messages": 3 * (voters - 1) + observers, "delivered": voters + observers}


def test_what_the_discovery_of_the_exercise_answers_is_what_the_text_says():
    quorum = {"ann": (3, 2, (2, 1)), "bob": (2, 2, (2, 4))}
    assert exercises.discovery("bob", quorum) == ("leads", 4)
    assert exercises.discovery("ann", quorum) == ("gives up", "bob")
