"""Faults of machines: what exactly each does, alone and in company."""

from typing import Any

import pytest

from distsys.core import EMPTY, MS, Deliver, Map, Node, Persist, Start, Timeout, record, systems
from distsys.core.systems import Request, System, alike
from distsys.drivers import (
    ClockStep,
    Crash,
    DiskFree,
    DiskFull,
    Pause,
    Restart,
    Resume,
    Simulator,
    Skew,
    Stall,
    Wipe,
    during,
    link,
    replay,
    resimulate,
)
from distsys.drivers.host import Host


@record
class Work:
    """Asks a node to output "a", persist, send to n2, and output "b"."""

    number: int


@record
class SetIn:
    timer: str
    low: int


@record
class Cancel:
    timer: str


class Worker(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.done = disk.get("done", ())
        self.volatile = 0

    def on_start(self) -> None:
        self.output(("start", self.now, self.done))

    def on_message(self, sender: str, message: Any) -> None:
        self.volatile += 1
        match message:
            case Work(number):
                self.done = (*self.done, number)
                self.output(("a", self.now, number))
                self.persist(done=self.done)
                self.send("n2", number)
                self.output(("b", self.now, number))
            case SetIn(timer, low):
                self.set_timer(timer, low)
            case Cancel(timer):
                self.cancel_timer(timer)
            case _:
                self.output(("got", self.now, message))

    def on_timeout(self, timer: str) -> None:
        self.output((timer, self.now))


systems.register(System("unit-works", "works", {"process": Worker}, alike(), ()))


def run(
    asks=(), script=(), *, until=1000 * MS, settle=0, service=0, nodes=2, delay=10 * MS, seed=1, **settings
):
    """Run; `asks` are (at, message) to n1 or (at, node, message). The run is replayed and simulated again as well."""
    requests = [Request(ask[0], ask[1] if len(ask) == 3 else "n1", ask[-1]) for ask in asks]
    simulator = Simulator(
        systems.build("unit-works", nodes=nodes),
        seed,
        network=link(delay=delay),
        script=script,
        requests=requests,
        until=until,
        settle=settle,
        service=service,
        **settings,
    )
    trace = simulator.run()
    assert replay(trace).text() == trace.text() == resimulate(trace).text()
    return trace


def steps(trace, node="n1"):
    """Return (kind, at) of all steps at a node after its start."""
    return [(step.kind, step.at // MS) for step in trace if step.node == node and step.kind != "start"]


def outputs(trace, node="n1"):
    """Return what a node output after its first start, times in ms."""
    return [(value[0], value[1] // MS, *value[2:]) for value in trace.outputs()[node]][1:]


# Crash, restart, wipe.


def test_a_crash_loses_what_was_not_persisted_and_a_restart_finds_what_was():
    trace = run([(5 * MS, Work(1)), (6 * MS, Cancel("x"))], during(20 * MS, 30 * MS, Crash, "n1"))
    assert steps(trace) == [("invoke", 5), ("invoke", 6), ("crash", 20), ("restart", 30)]
    assert outputs(trace)[-1] == ("start", 30, (1,))
    assert trace.steps[-1].event.seed != trace.steps[0].event.seed  # each life has a seed of its own


def test_what_arrives_at_a_node_that_is_down_is_dropped_messages_and_requests_alike():
    trace = run(
        [(5 * MS, Work(1)), (40 * MS, "n2", Work(2)), (41 * MS, Work(3))],
        [Crash(10 * MS, "n2"), Restart(50 * MS, "n2")],
    )
    told = [(s.at // MS, s.node, s.detail) for s in trace if s.kind == "drop"]
    assert told == [
        (15, "n2", Map({"from": "n1", "to": "n2", "why": "down"})),
        (40, "n2", Map({"from": "client", "to": "n2", "why": "down"})),
    ]
    assert outputs(trace, "n2") == [("start", 50, ()), ("got", 51, 3)]


def test_timers_do_not_survive_a_crash():
    trace = run([(5 * MS, SetIn("t", 50 * MS))], during(20 * MS, 30 * MS, Crash, "n1"))
    assert [s.kind for s in trace if s.node == "n1"] == ["start", "invoke", "crash", "restart"]


def test_a_crash_of_a_node_that_is_down_and_a_restart_of_one_that_is_up_do_nothing():
    script = [Restart(5 * MS, "n1"), Crash(10 * MS, "n1"), Crash(11 * MS, "n1"), Crash(12 * MS, "n1", 0)]
    trace = run([(30 * MS, Work(1))], [*script, Restart(20 * MS, "n1"), Restart(21 * MS, "n1")])
    assert steps(trace) == [("crash", 10), ("restart", 20), ("invoke", 30)]


def test_a_wipe_stops_a_node_that_is_up_and_its_restart_finds_nothing():
    trace = run([(5 * MS, Work(1))], [Wipe(20 * MS, "n1"), Restart(30 * MS, "n1")])
    assert steps(trace) == [("invoke", 5), ("crash", 20), ("wipe", 20), ("restart", 30)]
    assert outputs(trace)[-1] == ("start", 30, ())


def test_a_wipe_of_a_node_that_is_down_takes_its_disk_only():
    trace = run([(5 * MS, Work(1))], [Crash(10 * MS, "n1"), Wipe(20 * MS, "n1"), Restart(30 * MS, "n1")])
    assert steps(trace) == [("invoke", 5), ("crash", 10), ("wipe", 20), ("restart", 30)]
    assert outputs(trace)[-1] == ("start", 30, ())


EFFECTS = 4  # output a, persist, send, output b


@pytest.mark.parametrize("keep", range(EFFECTS + 3))
def test_a_crash_in_a_step_keeps_exactly_the_first_effects(keep):
    trace = run([(5 * MS, Work(1))], [Crash(2 * MS, "n1", keep), Restart(30 * MS, "n1")])
    (worked,) = [s for s in trace if s.kind == "invoke"]
    assert worked.kept == min(keep, EFFECTS)
    assert steps(trace) == [("invoke", 5), ("crash", 5), ("restart", 30)]
    assert [v[0] for v in outputs(trace)] == [*["a", "b"][: (keep > 0) + (keep > 3)], "start"]
    assert outputs(trace)[-1] == ("start", 30, (1,) if keep > 1 else ())
    assert outputs(trace, "n2") == ([("got", 15, 1)] if keep > 2 else [])


def test_a_crash_in_a_step_waits_for_the_next_step_whatever_it_is():
    trace = run([(5 * MS, SetIn("t", 50 * MS))], [Crash(10 * MS, "n1", 0)])
    assert steps(trace) == [("invoke", 5), ("timeout", 55), ("crash", 55)]
    assert outputs(trace) == []


def test_a_crash_that_waits_for_a_step_is_forgotten_when_the_node_stops_first():
    trace = run([(50 * MS, Work(1))], [Crash(10 * MS, "n1", 0), *during(20 * MS, 30 * MS, Crash, "n1")])
    assert steps(trace) == [("crash", 20), ("restart", 30), ("invoke", 50)]


# The disk.


def test_a_full_disk_stops_a_node_when_it_persists_and_not_before():
    trace = run([(5 * MS, Cancel("x")), (6 * MS, Work(1))], [DiskFull(1 * MS, "n1")])
    assert steps(trace) == [("full", 1), ("invoke", 5), ("invoke", 6), ("crash", 6)]
    (worked,) = [s for s in trace if s.kind == "invoke" and s.at == 6 * MS]
    assert (worked.kept, outputs(trace), outputs(trace, "n2")) == (1, [("a", 6, 1)], [])
    assert trace.steps[-1].detail == Map({"why": "disk full"})


def test_a_disk_stays_full_over_a_restart_until_it_is_freed():
    asks = [(at * MS, Work(at)) for at in (5, 35, 65)]
    script = [DiskFull(1 * MS, "n1"), Restart(20 * MS, "n1"), Restart(50 * MS, "n1"), DiskFree(51 * MS, "n1")]
    trace = run(asks, script)
    assert [s for s in steps(trace) if s[0] == "crash"] == [("crash", 5), ("crash", 35)]
    assert outputs(trace)[-1] == ("b", 65, 65)


def test_a_stall_holds_a_step_at_its_persist_and_all_events_after_it_until_the_disk_answers():
    asks = [(5 * MS, Work(1)), (6 * MS, Work(2))]
    trace = run(asks, during(1 * MS, 50 * MS, Stall, "n1"))
    assert steps(trace) == [("stall", 1), ("invoke", 5), ("unstall", 50), ("invoke", 50)]
    assert outputs(trace) == [("a", 5, 1), ("b", 5, 1), ("a", 50, 2), ("b", 50, 2)]
    assert outputs(trace, "n2") == [("got", 60, 1), ("got", 60, 2)]
    assert [s.kept for s in trace if s.kind == "invoke"] == [EFFECTS, EFFECTS]


def test_a_stall_does_not_hold_steps_that_persist_nothing():
    trace = run([(5 * MS, 7)], during(1 * MS, 50 * MS, Stall, "n1"))
    assert outputs(trace) == [("got", 5, 7)]


def test_a_crash_during_a_stall_keeps_what_came_before_the_persist():
    trace = run(
        [(5 * MS, Work(1)), (6 * MS, Work(2))],
        [*during(1 * MS, 50 * MS, Stall, "n1"), Crash(20 * MS, "n1"), Restart(60 * MS, "n1")],
    )
    (worked,) = [s for s in trace if s.kind == "invoke"]
    assert worked.kept == 1
    assert outputs(trace) == [("a", 5, 1), ("start", 60, ())]
    assert outputs(trace, "n2") == []


def test_a_step_that_still_hangs_when_the_run_ends_kept_only_what_came_before_the_persist():
    trace = run([(5 * MS, Work(1))], [Stall(1 * MS, "n1")], until=20 * MS)
    assert trace.steps[-1].kept == 1
    assert outputs(trace) == [("a", 5, 1)]


def test_a_disk_that_hangs_and_is_full_stops_the_node_when_it_answers():
    trace = run([(5 * MS, Work(1))], [*during(1 * MS, 50 * MS, Stall, "n1"), DiskFull(20 * MS, "n1")])
    assert steps(trace) == [("stall", 1), ("invoke", 5), ("full", 20), ("unstall", 50), ("crash", 50)]
    assert [s.kept for s in trace if s.kind == "invoke"] == [1]


def test_a_crash_in_a_step_that_hangs_keeps_the_smaller_part():
    trace = run([(5 * MS, Work(1))], [Stall(1 * MS, "n1"), Crash(2 * MS, "n1", 3)])
    assert [s.kept for s in trace if s.kind == "invoke"] == [1]
    assert steps(trace) == [("stall", 1), ("invoke", 5), ("crash", 5)]


def test_a_stall_outlasts_a_restart():
    trace = run(
        [(30 * MS, Work(1))], [Stall(1 * MS, "n1"), *during(10 * MS, 20 * MS, Crash, "n1")], until=50 * MS
    )
    assert [s.kept for s in trace if s.kind == "invoke"] == [1]


# Pause, service time.


def test_messages_requests_and_timers_wait_for_a_paused_node_in_their_order():
    asks = [(1 * MS, SetIn("t", 20 * MS)), (15 * MS, 7), (25 * MS, "n2", Work(1)), (26 * MS, 8)]
    trace = run(asks, during(10 * MS, 50 * MS, Pause, "n1"))
    assert steps(trace)[1:] == [
        ("pause", 10),
        ("resume", 50),
        ("invoke", 50),
        ("timeout", 50),
        ("invoke", 50),
    ]
    assert outputs(trace) == [("got", 50, 7), ("t", 50), ("got", 50, 8)]


def test_a_timer_that_is_cancelled_or_set_anew_while_it_waits_does_not_fire():
    asks = [
        (1 * MS, SetIn("t", 30 * MS)),
        (1 * MS, SetIn("u", 30 * MS)),
        (20 * MS, Cancel("t")),
        (20 * MS, SetIn("u", 50 * MS)),
    ]
    trace = run(asks, during(10 * MS, 50 * MS, Pause, "n1"))
    assert outputs(trace) == [("u", 100)]


def test_what_waited_for_a_paused_node_is_lost_when_it_crashes():
    trace = run(
        [(15 * MS, 7)], [*during(10 * MS, 50 * MS, Pause, "n1"), Crash(20 * MS, "n1"), Restart(30 * MS, "n1")]
    )
    assert steps(trace) == [("pause", 10), ("crash", 20), ("restart", 30)]


def test_a_pause_of_a_node_that_is_down_and_a_resume_of_one_that_runs_do_nothing():
    trace = run(
        [(30 * MS, 7)],
        [Resume(1 * MS, "n1"), Crash(5 * MS, "n1"), Pause(6 * MS, "n1"), Restart(10 * MS, "n1")],
    )
    assert steps(trace) == [("crash", 5), ("restart", 10), ("invoke", 30)]


def test_a_message_that_waited_is_delivered_although_the_link_is_cut_by_then():
    from distsys.drivers import Partition

    script = [*during(10 * MS, 50 * MS, Pause, "n2"), Partition(30 * MS, (("n1",),))]
    assert outputs(run([(5 * MS, Work(1))], script), "n2") == [("got", 50, 1)]


def test_a_paused_node_does_not_go_on_with_a_step_when_its_disk_answers():
    script = [*during(1 * MS, 20 * MS, Stall, "n1"), *during(10 * MS, 50 * MS, Pause, "n1")]
    trace = run([(5 * MS, Work(1)), (12 * MS, 7)], script)
    assert outputs(trace) == [("a", 5, 1), ("b", 5, 1), ("got", 50, 7)]
    assert outputs(trace, "n2") == [("got", 60, 1)]


def test_a_node_that_resumes_while_its_disk_hangs_still_waits():
    script = [*during(1 * MS, 60 * MS, Stall, "n1"), *during(10 * MS, 50 * MS, Pause, "n1")]
    assert outputs(run([(5 * MS, Work(1)), (12 * MS, 7)], script))[-1] == ("got", 60, 7)


def test_a_busy_node_takes_events_one_after_the_other():
    asks = [(100 * MS, Cancel("x")), (100 * MS, 7), (105 * MS, 8), (200 * MS, 9)]
    trace = run(asks, service={"n1": 10 * MS})
    assert outputs(trace) == [("got", 110, 7), ("got", 120, 8), ("got", 200, 9)]
    assert outputs(run([(1 * MS, 7), (1 * MS, "n2", 7)], service={"n1": 10 * MS}), "n2") == [("got", 1, 7)]


def test_the_start_of_a_node_takes_its_time_too():
    assert outputs(run([(1 * MS, 7)], service=10 * MS)) == [("got", 10, 7)]


def test_a_crash_during_an_event_loses_what_waits_and_the_next_life_starts_fresh():
    asks = [(100 * MS, 6), (101 * MS, 7), (106 * MS, 8)]
    trace = run(asks, [Crash(103 * MS, "n1"), Restart(105 * MS, "n1")], service=10 * MS)
    assert outputs(trace) == [("got", 100, 6), ("start", 105, ()), ("got", 115, 8)]


def test_a_pause_while_busy_outlasts_the_event():
    trace = run([(100 * MS, 6), (101 * MS, 7)], during(102 * MS, 150 * MS, Pause, "n1"), service=10 * MS)
    assert outputs(trace) == [("got", 100, 6), ("got", 150, 7)]
    trace = run([(100 * MS, 6), (101 * MS, 7)], during(102 * MS, 105 * MS, Pause, "n1"), service=10 * MS)
    assert outputs(trace) == [("got", 100, 6), ("got", 110, 7)]


# Clocks.


def test_timers_fire_after_the_time_that_was_asked_and_a_new_setting_replaces_the_old():
    trace = run([(5 * MS, SetIn("t", 50 * MS)), (20 * MS, SetIn("t", 50 * MS)), (21 * MS, SetIn("u", 0))])
    assert outputs(trace) == [("u", 21), ("t", 70)]
    fired = [s for s in trace if s.kind == "timeout"]
    assert [trace.step(s.cause[0]).event.message for s in fired] == [SetIn("u", 0), SetIn("t", 50 * MS)]


@pytest.mark.parametrize(("ppm", "real"), [(1_000_000, 50), (-500_000, 200), (0, 100)])
def test_a_skewed_clock_runs_at_another_rate_and_so_do_timers_that_are_set_then(ppm, real):
    asks = [(5 * MS, SetIn("before", 400 * MS)), (100 * MS, SetIn("t", 100 * MS)), (110 * MS, 7)]
    trace = run(asks, [Skew(90 * MS, "n1", ppm)])
    at = {s.event.timer: s.at // MS for s in trace if s.kind == "timeout"}
    assert at == {"before": 405, "t": 100 + real}  # a timer that ran already does not notice
    asked = next(s for s in trace if s.kind == "invoke" and s.at == 110 * MS)
    assert asked.event.now == 90 * MS + 20 * MS * (1_000_000 + ppm) // 1_000_000


def test_a_clock_step_moves_what_the_node_reads_and_no_timer():
    asks = [(5 * MS, SetIn("t", 100 * MS)), (60 * MS, 7), (80 * MS, 8)]
    trace = run(asks, [ClockStep(50 * MS, "n1", 1000 * MS), ClockStep(70 * MS, "n1", -5000 * MS)])
    assert outputs(trace) == [("got", 1060, 7), ("got", 10, 8), ("t", 35)]  # a clock never shows less than 0
    assert [s.at // MS for s in trace if s.kind == "timeout"] == [105]


def test_a_clock_is_a_machine_s_and_survives_a_crash():
    trace = run([], [ClockStep(5 * MS, "n1", 100 * MS), *during(20 * MS, 30 * MS, Crash, "n1")])
    assert trace.steps[-1].event.now == 130 * MS


@pytest.mark.parametrize("ppm", [1, -1, 333_333, -333_333, 500, -499_999, 999_999])
def test_by_its_own_clock_a_timer_never_fires_too_early(ppm):
    for offset in (0, 1, 7, 999_999):
        host = Host("n1", 0)
        host.set_clock(3, ppm=ppm)
        for asked in (1, 2, 10, 1_000_000, 123_457):
            due = offset + 3 + host.real(asked)
            assert host.clock(due) - host.clock(offset + 3) >= asked
            assert host.clock(due - 4) - host.clock(offset + 3) < asked


# The two phases.


def test_settling_ends_every_fault_at_until():
    from distsys.drivers import Cut, SetLink

    script = [
        Cut(1 * MS, "n1", "n2"),
        SetLink(1 * MS, "n2", "n1", link(delay=10 * MS, loss=1.0)),
        Stall(2 * MS, "n1"),
        Crash(3 * MS, "n2"),
        DiskFull(4 * MS, "n3"),
        Pause(5 * MS, "n4"),
        Skew(6 * MS, "n5", 500),
        Crash(7 * MS, "n6", 0),
    ]
    asks = [(20 * MS, "n1", Work(1)), (30 * MS, "n4", 7)] + [
        (150 * MS, f"n{n}", Work(n)) for n in range(1, 7)
    ]
    trace = run(asks, script, until=100 * MS, settle=100 * MS, nodes=6)
    healed = [(s.kind, s.node) for s in trace if s.at == 100 * MS]
    assert healed == [
        ("heal", ""), ("unstall", "n1"), ("restart", "n2"), ("free", "n3"), ("resume", "n4"), ("invoke", "n4"),
        ("skew", "n5"),
    ]  # fmt: skip
    got = [v for v in outputs(trace, "n2") if v[0] == "got"]
    assert got == [("got", 110, 1), ("got", 150, 2), *(("got", 160, n) for n in (1, 3, 4, 5, 6))]
    assert outputs(trace, "n6")[-1][0] == "b"
    assert trace.ended == "complete"


def test_without_settling_nothing_is_healed():
    trace = run([(20 * MS, Work(1))], [Pause(5 * MS, "n1")], until=100 * MS)
    assert steps(trace) == [("pause", 5)]


def test_settling_keeps_the_delays_of_the_run_and_ends_loss_copies_and_reordering():
    requests = [Request(at * MS, "n1", Work(at)) for at in range(100, 200)]
    trace = Simulator(
        systems.build("unit-works", nodes=2),
        network=link(delay=7 * MS, loss=0.9, duplicate=0.9, reorder=0.9),
        requests=requests,
        until=99 * MS,
        settle=200 * MS,
    ).run()
    assert [v[1] // MS for v in trace.outputs()["n2"][1:]] == list(range(107, 207))


def test_faults_that_end_after_until_have_ended_by_then():
    script = [*during(5 * MS, 500 * MS, Crash, "n1"), *during(5 * MS, 500 * MS, Pause, "n2")]
    trace = run([], script, until=100 * MS, settle=500 * MS)
    assert [s.kind for s in trace if s.at > 100 * MS] == []


def test_disk_is_what_the_kept_persists_add_up_to():
    script = [
        *during(3 * MS, 40 * MS, Stall, "n1"),
        Crash(45 * MS, "n1", 2),
        Restart(50 * MS, "n1"),
        Crash(60 * MS, "n1", 1),
    ]
    asks = [(at * MS, Work(at)) for at in range(1, 70, 3)]
    trace = run(asks, script, until=80 * MS, settle=10 * MS)
    disk: Map[str, Any] = EMPTY
    for step in trace:
        if step.node == "n1":
            if step.kind == "restart":
                assert step.event == Start(step.event.seed, step.at)
                assert step.effects[0].value[2] == disk.get("done", ())
            for effect in step.effects[: step.kept]:
                if isinstance(effect, Persist):
                    disk = disk.update(effect.changes)
    assert [s.kind for s in trace].count("restart") == 2


def test_events_carry_the_clock_of_the_node_at_which_they_happen():
    trace = run([(5 * MS, Work(1)), (6 * MS, SetIn("t", 10))], [ClockStep(1 * MS, "n1", 3)])
    for step in trace:
        if step.event is not None:
            expected = step.at + (3 if step.node == "n1" and step.at > MS else 0)
            assert step.event.now == expected
            assert type(step.event) in (Start, Deliver, Timeout)
