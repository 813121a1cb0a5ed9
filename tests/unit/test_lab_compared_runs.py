"""The three protocols under the same faults: what is equal is equal, and what is measured is what happened."""

import pytest

from distsys import MS, S, systems
from distsys.core.errors import UnknownNameError
from distsys.drivers import Simulator, link
from distsys.lab import compared_stories as stories
from distsys.lab.compared_measures import Measured, measure
from distsys.lab.compared_runs import (
    ACTS,
    BEGIN,
    DELAY,
    HEARTBEAT,
    SCRIPT,
    SYSTEMS,
    acted,
    cluster_of,
    cost,
    explored,
    leader_at,
    moment,
    offered,
    scripted,
    whole_script,
)


def measured(answered, ends=100):
    empty = dict.fromkeys(answered, 0)
    return Measured(empty, answered, {}, frozenset(), (), (), (7, 30), (), ends)


def test_the_same_commands_are_offered_to_all_servers_at_the_same_moments():
    requests = offered(("n1", "n2", "n3"), 0, 40 * MS, 20 * MS)
    assert [(one.at // MS, one.node) for one in requests if one.message.command == "c2"] == [
        (20, "n1"),
        (20, "n2"),
        (20, "n3"),
    ]
    seen = [measure(acted(name, "all crash", 5)).offered for name in SYSTEMS]
    assert len({tuple(sorted(one)) for one in seen}) == 1


def test_timeouts_heartbeats_and_links_are_equal():
    for name in SYSTEMS:
        options = cluster_of(name).options
        assert (options["election_ms"], options["heartbeat_ms"]) == (300, 50)
    assert acted("Zab", "all crash", 1).header.driver["network"] == link(delay=DELAY)


def test_an_unknown_protocol_is_an_error_that_names_those_there_are():
    with pytest.raises(UnknownNameError, match="Raft, Multi-Paxos, Zab, Raft with pre-vote, but it is 'VR'"):
        cluster_of("VR")


def test_a_gap_is_the_longest_time_without_an_answer_its_two_ends_included():
    run = measured({"a": 10, "b": 20, "c": 70, "d": 80})
    assert run.gap(15) == (20, 70)
    assert run.without_service(15) == 50
    assert run.gap(75) == (80, 100)
    assert run.gap(0, 12) == (0, 10)
    assert run.first_wake(8) == 30
    assert run.first_wake(31) == 100


def test_service_is_cut_where_answers_are_further_apart():
    run = measured({"a": 10, "b": 20, "c": 70, "d": 80})
    assert run.service(0, 10) == ((10, 20), (70, 80))
    assert run.service(15, 60) == ((20, 80),)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("servers", [3, 5, 7])
def test_what_a_command_costs_is_what_the_formulas_say(name, servers):
    others, wait = servers - 1, HEARTBEAT / DELAY
    one = cost(name, servers)
    per_other = {"Raft": 2, "Multi-Paxos": 3 + 4 / wait, "Zab": 3}[name]
    assert one.total == pytest.approx(per_other * others, abs=0.02)
    assert one.writes == pytest.approx(
        servers + (others * 2 / wait if name == "Multi-Paxos" else 0), abs=0.02
    )
    assert one.leader == pytest.approx(2, abs=0.001)
    assert one.followers == pytest.approx(3 + (wait / 2 if name == "Raft" else 0), abs=0.02)
    assert one.idle == pytest.approx(others * (1 if name == "Multi-Paxos" else 2), abs=0.02)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_fault_hits_the_leader_of_the_moment(name):
    trace = acted(name, "the leader crashes", 7)
    crashed = next(step for step in trace if step.kind == "crash")
    assert (crashed.at, crashed.node) == (moment(7), leader_at(trace, moment(7)))
    cut = acted(name, "a follower is cut off", 7)
    groups = next(step for step in cut if step.kind == "partition").detail["groups"]
    assert leader_at(cut, moment(7)) in groups[1]


def test_what_comes_before_a_fault_is_the_same_run():
    calm = scripted(cluster_of("Raft"), {}, 3, until=BEGIN, requests=())
    hit = scripted(cluster_of("Raft"), {BEGIN: "all crash"}, 3, until=2 * S, requests=())
    before = [step for step in hit if step.at < BEGIN]
    assert list(calm)[: len(before)] == before


@pytest.mark.parametrize("seed", range(6))
def test_zab_answers_eight_delays_and_two_waits_after_its_followers_gave_up(seed):
    run, begin = measure(acted("Zab", "the leader crashes", seed)), moment(seed)
    assert run.gap(begin)[1] - run.first_wake(begin) == 140 * MS


def test_a_new_leader_of_multi_paxos_mostly_has_two_old_slots_accepted_again():
    asked = []
    for seed in range(20):
        run = measure(acted("Multi-Paxos", "the leader crashes", seed))
        led = min(at for at in run.led if at > moment(seed))
        asked.append(run.messages(led, led + 1)["Accept"])
    assert set(asked) == {4, 6}  # two servers for each slot
    assert asked.count(4) >= 16


@pytest.mark.parametrize("name", ["Raft", "Multi-Paxos"])
def test_who_wakes_alone_answers_four_delays_later_and_at_most_one_offer(name):
    for seed in range(12):
        run, begin = measure(acted(name, "the leader crashes", seed)), moment(seed)
        end = run.gap(begin)[1]
        alone = sum(begin <= at < end for at in run.woke) == 1
        assert not alone or 40 * MS <= end - run.first_wake(begin) <= 50 * MS


def test_in_the_next_hundred_seeds_the_shares_of_raft_lie_within_two_deviations():
    gaps = [
        measure(acted("Raft", "the leader crashes", seed)).without_service(moment(seed)) / MS
        for seed in range(100, 200)
    ]
    for q in (0.25, 0.5, 0.75):
        y = 1 - (1 - q) ** 0.5
        p = 2 * y * (1 - 1 / 30) - y**2
        share = sum(gap < 300 + 300 * y + 50 for gap in gaps) / 100
        assert abs(share - p) < 2 * (p * (1 - p) / 100) ** 0.5


@pytest.mark.parametrize("before", [40, 80, 160])
def test_multi_paxos_decides_all_slots_again_a_window_at_a_time(before):
    run = measure(acted("Multi-Paxos", "all crash", 3, before=before, after=1 * S))
    up = moment(3, before) + 200 * MS
    wait = min(at for at in run.answered.values() if at > up) - run.first_wake(up)
    assert 0 <= wait - 2 * DELAY * (2 + before // 8) <= 10 * MS


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_law_is_broken_in_the_run_of_the_script(name):
    made = whole_script(name, 1)
    driver = made.header.driver
    again = Simulator(
        cluster_of(name),
        1,
        network=driver["network"],
        script=driver["script"],
        requests=driver["requests"],
        until=driver["until"],
        settle=0,
    ).run()
    assert again.violation is None
    assert again.steps == made.steps
    assert len(again.header.laws) > 5
    assert len(SCRIPT) == 5


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("act", ACTS)
def test_after_each_act_the_group_is_back(name, act):
    run = measure(acted(name, act, 2))
    assert run.ends - max(run.answered.values()) < 200 * MS


def test_an_answer_is_what_the_server_that_took_the_command_says():
    trace = acted("Raft", "the leader crashes", 1)
    run = measure(trace)
    crash = next(step.at for step in trace if step.kind == "crash")
    open_then = {
        command
        for command, at in run.offered.items()
        if at < crash and run.answered.get(command, crash) >= crash
    }
    assert open_then
    assert open_then <= run.lost


@pytest.mark.parametrize(
    ("name", "two", "three"), [("Raft", 289, 5_376), ("Multi-Paxos", 179, 1_010), ("Zab", 1_876, None)]
)
def test_the_states_of_the_small_scopes(name, two, three):
    assert explored(name, 2, crashes=1).states == two
    assert explored(name, 2, crashes=1, judged=True).verdict == "HOLDS"
    if three is not None:
        assert explored(name, 3).states == three
        assert explored(name, 3, judged=True).verdict == "HOLDS"


@pytest.mark.parametrize(
    ("story", "mutant", "same"),
    [(stories.raft, "RAFT-04", 30), (stories.paxos, "PAX-02", 19), (stories.zab, "ZAB-03", 38)],
)
def test_a_story_is_the_same_until_the_mistake_and_breaks_the_mutant_alone(story, mutant, same):
    right, wrong = story(), story(mutant)
    assert right.violation is None
    assert wrong.violation is not None
    assert wrong.violation.step == len(wrong)
    events = [[(step.kind, step.node, step.event) for step in run][:same] for run in (right, wrong)]
    assert events[0] == events[1]
    assert mutant in {known.id for known in systems.mutants()}
