"""Forks: from step N, now something else happens. What exactly, what its header says, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from distsys.core import EMPTY, MS, Map, Node, Trace, law, systems
from distsys.core.divergence import divergence
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError, ReplayError, UnknownNameError
from distsys.core.systems import Request, System, alike
from distsys.drivers import (
    After,
    Crash,
    Cut,
    Heal,
    Partition,
    Pause,
    Restart,
    Resume,
    SetLink,
    Simulator,
    Stall,
    Unstall,
    during,
    fork,
    link,
    replay,
    resimulate,
    simulate,
)


class Teller(Node):
    """Writes each request down, tells all peers, and outputs it."""

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.peers = peers
        self.told = disk.get("told", ())

    def on_message(self, sender: str, message: Any) -> None:
        if sender == "client":
            self.told = (*self.told, message)
            self.persist(told=self.told)
            self.broadcast(self.peers, message)
        self.output(message)


@law("no nine", "Nobody outputs 9.")
def no_nine(world):
    return "9 is out" if any(9 in values for values in world.outputs.values()) else None


systems.register(System("unit-teller", "tells", {"process": Teller}, alike(), (no_nine,)))
systems.register(System("unit-mortal-teller", "tells", {"process": Teller}, alike(), (), restarts=False))


def run(asks=((10, "n1", 1), (30, "n2", 2)), script=(), *, system="unit-teller", settle=20 * MS, **settings):
    trace = Simulator(
        systems.build(system, nodes=3),
        1,
        network=settings.pop("network", link(delay=5 * MS)),
        script=script,
        requests=[Request(at * MS, node, message) for at, node, message in asks],
        until=100 * MS,
        settle=settle,
        **settings,
    ).run()
    assert replay(trace).text() == trace.text() == resimulate(trace).text()
    return trace


def told(trace, first=1, last=None):
    """Return (kind, node, ms) of the steps from `first` to `last`."""
    return [(s.kind, s.node, s.at // MS) for s in trace.slice(first, last or len(trace))]


STARTS = [("start", "n1", 0), ("start", "n2", 0), ("start", "n3", 0)]


def test_the_run_that_the_other_tests_fork():
    assert told(run()) == [
        *STARTS,
        ("invoke", "n1", 10), ("deliver", "n2", 15), ("deliver", "n3", 15),
        ("invoke", "n2", 30), ("deliver", "n1", 35), ("deliver", "n3", 35),
        ("heal", "", 100),
    ]  # fmt: skip


def test_a_crash_after_a_step_comes_before_all_else_that_is_due_at_that_moment():
    other = fork(run(), 5, Crash(0, "n3"))  # n3 would receive at the same moment
    assert told(other, 4, 7) == [
        ("invoke", "n1", 10), ("deliver", "n2", 15), ("crash", "n3", 15), ("drop", "n3", 15),
    ]  # fmt: skip


def test_faults_of_a_fork_happen_in_the_order_given_and_later_ones_count_from_its_step():
    other = fork(run(), 4, Pause(0, "n2"), Cut(0, "n1", "n3"), Resume(10 * MS, "n2"), Crash(22 * MS, "n1"))
    assert told(other, 5) == [
        ("pause", "n2", 10), ("cut", "n1", 10),
        ("drop", "n3", 15), ("resume", "n2", 20), ("deliver", "n2", 20),
        ("invoke", "n2", 30), ("crash", "n1", 32),
        ("drop", "n1", 35), ("deliver", "n3", 35),
        ("heal", "", 100), ("restart", "n1", 100),
    ]  # fmt: skip


def test_the_very_first_and_the_very_last_step_before_the_healing_can_be_forked():
    trace = run()
    assert told(fork(trace, 1, Crash(0, "n1")), 1, 3) == [STARTS[0], ("crash", "n1", 0), STARTS[1]]
    assert told(fork(trace, 9, Crash(0, "n1")), 10) == [
        ("crash", "n1", 35), ("heal", "", 100), ("restart", "n1", 100),
    ]  # fmt: skip
    still = run(settle=0)  # nothing is due after its last step
    assert told(fork(still, 9, *during(0, 50 * MS, Crash, "n1")), 10) == [
        ("crash", "n1", 35),
        ("restart", "n1", 85),
    ]


def test_between_events_that_waited_for_a_pause_a_fork_takes_its_turn():
    trace = run([(10, "n1", 1), (12, "n1", 2), (14, "n1", 3)], during(5 * MS, 50 * MS, Pause, "n1"))
    assert [s.kind for s in trace.slice(4, 8)] == ["pause", "resume", "invoke", "invoke", "invoke"]
    assert told(fork(trace, 5, Crash(0, "n1")), 5, 6) == [("resume", "n1", 50), ("crash", "n1", 50)]
    assert told(fork(trace, 6, Crash(0, "n1")), 6, 7) == [("invoke", "n1", 50), ("crash", "n1", 50)]
    assert told(fork(trace, 7, Crash(0, "n1")), 7, 8) == [("invoke", "n1", 50), ("crash", "n1", 50)]


def test_between_events_that_waited_for_a_busy_node_a_fork_takes_its_turn():
    trace = run([(10, "n1", 1), (11, "n1", 2), (12, "n1", 3)], service={"n1": 4 * MS})
    number = next(s.number for s in trace if s.kind == "invoke" and s.event.message == 2)
    assert told(fork(trace, number, Pause(0, "n1")), number, number + 1) == [
        ("invoke", "n1", 14),
        ("pause", "n1", 14),
    ]


def test_a_step_that_hung_at_its_disk_stays_cut_off_when_the_fork_crashes_its_node():
    trace = run([(10, "n1", 1)], [Stall(5 * MS, "n1"), Unstall(50 * MS, "n1")])
    asked = next(s.number for s in trace if s.kind == "invoke")
    answers = next(s.number for s in trace if s.kind == "unstall")
    assert trace.step(asked).kept == 4
    for number in (asked, answers):
        other = fork(trace, number, Crash(0, "n1"))
        assert (other.step(asked).kept, other.step(number + 1).kind) == (0, "crash")
        assert divergence(trace, other) == asked  # what became of the step is known only later


def test_what_a_step_loses_at_once_belongs_to_it():
    trace = run(script=[Cut(5 * MS, "n1", "n2")], network=link(delay=5 * MS, loss=1.0))
    assert [s.kind for s in trace.slice(5, 7)] == ["invoke", "drop", "drop"]
    for number in (5, 6, 7):
        other = fork(trace, number, Crash(0, "n1"))
        assert [s.kind for s in other.slice(5, 8)] == ["invoke", "drop", "drop", "crash"]


def test_after_a_step_that_hung_is_completed_a_fork_comes_before_what_waited_behind_it():
    script = [Stall(5 * MS, "n1"), Cut(6 * MS, "n1", "n2"), Unstall(50 * MS, "n1")]
    trace = run([(10, "n1", 1), (20, "n1", 2)], script, network=link(delay=5 * MS, loss=1.0))
    number = next(s.number for s in trace if s.kind == "drop")
    assert [s.kind for s in trace.slice(number - 1, number + 2)] == ["unstall", "drop", "drop", "invoke"]
    for place in (number, number + 1):
        other = fork(trace, place, Crash(0, "n1"))
        assert [s.kind for s in other.slice(number, number + 3)] == ["drop", "drop", "crash", "heal"]


def test_laws_see_the_step_that_is_forked_as_it_was_before_the_fork():
    seen = []

    @law("watch", "Watches.")
    def watch(world):
        seen.append((world.step.kind, world.step.node, "n1" in world.nodes))

    script = [*during(5 * MS, 50 * MS, Pause, "n1"), After(3, Crash(0, "n1"))]
    run_once = Simulator(
        systems.build("unit-teller", nodes=1),
        script=script,
        laws=[watch],
        requests=(),
        until=90 * MS,
        settle=0,
    )
    assert run_once.run().ended == "complete"
    assert seen[1:] == [("pause", "n1", True), ("resume", "n1", True), ("crash", "n1", False)]


def test_a_request_reaches_its_node_directly_after_the_step_also_in_the_healed_phase():
    other = fork(run(), 4, Request(0, "n3", 7), Request(80 * MS, "n3", 8))
    assert told(other, 5, 5) == [("invoke", "n3", 10)]
    assert [s.at // MS for s in other if s.kind == "invoke" and s.node == "n3"] == [10, 90]
    trace = run()
    assert told(fork(trace, len(trace), Request(0, "n3", 7)), 11)[0] == ("invoke", "n3", 100)


def test_in_the_midst_of_healing_a_request_comes_before_the_next_node_is_healed():
    trace = run(script=[Crash(5 * MS, "n1"), Crash(5 * MS, "n2")])
    assert told(trace, len(trace) - 2) == [("heal", "", 100), ("restart", "n1", 100), ("restart", "n2", 100)]
    other = fork(trace, len(trace) - 1, Request(0, "n1", 7))
    assert [s.kind for s in other.slice(len(trace) - 1, len(trace) + 1)] == ["restart", "invoke", "restart"]


def test_the_header_of_a_fork_binds_its_faults_to_their_step():
    trace = run(script=[Cut(5 * MS, "n1", "n2")])
    other = fork(trace, 6, Crash(0, "n2"), Restart(20 * MS, "n2"))
    assert other.header.driver["script"] == (
        After(6, Crash(0, "n2")), After(6, Restart(20 * MS, "n2")), Cut(5 * MS, "n1", "n2"),
    )  # fmt: skip
    assert replace(other.header, driver=trace.header.driver) == trace.header
    assert Trace.loads(other.text()) == other
    assert resimulate(other).text() == replay(other).text() == other.text()


def test_a_fork_of_a_fork_goes_another_way_from_either_side_of_the_first_fork():
    first = fork(run(), 5, Crash(0, "n3"))
    later = fork(first, 8, Crash(0, "n2"))
    assert later.steps[:8] == first.steps[:8]
    assert told(later, 9, 9) == [("crash", "n2", 30)]
    at_once = fork(first, 5, Cut(0, "n2", "n1"))
    assert told(at_once, 5, 7) == [("deliver", "n2", 15), ("cut", "n2", 15), ("crash", "n3", 15)]
    earlier = fork(
        first, 4, Cut(0, "n1", "n2")
    )  # n3 still crashes, at its time: there is no such step 5 any more
    assert told(earlier, 4, 6) == [("invoke", "n1", 10), ("cut", "n1", 10), ("drop", "n2", 15)]
    assert ("crash", "n3", 15) in told(earlier)
    assert earlier.header.driver["script"] == (After(4, Cut(0, "n1", "n2")), After(4, Crash(5 * MS, "n3")))
    for made in (later, at_once, earlier):
        assert resimulate(made).text() == replay(made).text() == made.text()


def test_a_fork_keeps_the_laws_of_its_run_and_is_judged_by_them():
    trace = run([(10, "n1", 9)], laws=())
    assert fork(trace, 1, Crash(0, "n2")).header.laws == ()
    broken = fork(run(), 4, Request(0, "n3", 9))
    assert (broken.violation.law, broken.violation.step, broken.ended) == ("no nine", 5, "violation")


def test_a_run_that_was_stopped_forks_before_its_end_only():
    broken = run([(10, "n1", 9)])
    assert (broken.ended, broken.violation.step) == ("violation", 4)
    assert fork(broken, 3, Crash(0, "n1")).violation is None
    with pytest.raises(
        ArgumentError, match=r"at_step must be before the run was stopped by a broken law at step 4"
    ):
        fork(broken, 4, Crash(0, "n2"))
    cut_short = run(steps_max=6)
    assert told(fork(cut_short, 5, Crash(0, "n3")), 6) == [("crash", "n3", 15)]
    with pytest.raises(ArgumentError, match=r"stopped by its budget of steps at step 6, but it is 6"):
        fork(cut_short, 6, Crash(0, "n2"))
    asks = [(10, "n1", 1), (12, "n1", 2)]
    waited = run(asks, during(5 * MS, 50 * MS, Pause, "n1"), steps_max=6)  # both are handled at one go
    with pytest.raises(ArgumentError, match="its budget of steps"):
        fork(waited, 6, Crash(0, "n2"))


def test_entries_bound_to_steps_need_no_fork_and_one_that_no_step_reaches_never_happens():
    trace = run(script=[After(5, Crash(0, "n3")), After(900, Crash(0, "n1"))])
    assert trace.steps == fork(run(), 5, Crash(0, "n3")).steps
    assert fork(trace, 2, Heal(0)).header.driver["script"] == (
        After(2, Heal(0)),
        After(2, Crash(15 * MS, "n3")),
    )


def test_a_fault_that_is_bound_to_a_step_of_the_healed_phase_is_refused_as_the_run_gets_there():
    with pytest.raises(
        ArgumentError, match=r"Crash must begin before until \(100000\), when everything is healed"
    ):
        run(script=[After(10, Crash(0, "n1"))])
    with pytest.raises(ArgumentError, match=r"Crash must begin before until"):
        run(script=[After(9, Crash(65 * MS, "n1"))])


@pytest.mark.parametrize(
    ("number", "actions", "says"),
    [
        (0, (Crash(0, "n1"),), "at_step must be at least 1, but it is 0"),
        (11, (Crash(0, "n1"),), "at_step must be at most 10, but it is 11"),
        (2.0, (Crash(0, "n1"),), "at_step must be a whole number"),
        (5, (), r"actions must hold at least one action such as Crash\(0, node\)"),
        (5, (Crash(0, "n9"),), "Crash.node must be one of n1, n2, n3, but it is 'n9'"),
        (5, (Crash(0, "n1", -1),), "Crash.keep must be at least 0"),
        (5, (Crash(0, "n1", "x"),), "Crash.keep must be a whole number"),
        (5, (Partition(0, (("n9",),)),), "Partition.groups must name nodes of n1, n2, n3"),
        (5, (SetLink(0, "n1", "n2", 5),), "SetLink.link must be a Link"),
        (5, ("crash",), "script must hold actions such as Crash"),
        (5, (After(5, Crash(0, "n1")),), "actions must be bare actions"),
        (5, (Crash(-1, "n1"),), "Crash.at must be at least 0"),
        (5, (Crash(85 * MS, "n1"),), "Crash must happen before 100 ms, when everything is healed, "
                                      "but 85 ms after step 5 it is 100 ms"),
        (10, (Crash(0, "n1"),), "Crash must happen before 100 ms"),
        (5, (Request(106 * MS, "n1", 1),), "Request.at must be at most 105000, when the run ends, but it is 106000"),
    ],
)  # fmt: skip
def test_what_cannot_happen_is_refused(number, actions, says):
    with pytest.raises(DistsysError, match=says):
        fork(run(), number, *actions)


def test_endings_may_come_late_in_a_fork_too():
    trace = run()
    assert fork(trace, 5, Heal(900 * MS), Restart(900 * MS, "n1")).steps == trace.steps
    assert fork(trace, len(trace), Heal(0)).steps == trace.steps


def test_unknown_nodes_and_wrong_kinds_have_errors_of_their_kind():
    with pytest.raises(UnknownNameError):
        fork(run(), 5, Crash(0, "n9"))
    with pytest.raises(ArgumentTypeError, match="trace must be a Trace, but it is 5 of type int"):
        fork(5, 5, Crash(0, "n1"))


def test_a_crash_stop_system_has_no_restart_in_a_fork():
    trace = run(system="unit-mortal-teller")
    with pytest.raises(ArgumentError, match="script must not hold a Restart: unit-mortal-teller is a crash"):
        fork(trace, 5, *during(0, 5, Crash, "n1"))
    assert told(fork(trace, 5, Crash(0, "n1")), 6, 6) == [("crash", "n1", 15)]


def test_a_run_that_was_not_simulated_cannot_be_forked():
    trace = run()
    real = replace(trace, header=replace(trace.header, driver=Map({"kind": "runtime"})))
    with pytest.raises(
        ArgumentError, match=r"trace must come from the simulator, .* but it comes from 'runtime'"
    ):
        fork(real, 5, Crash(0, "n1"))


def test_a_recorded_run_of_other_code_is_refused():
    trace = run()
    steps = tuple(replace(s, event=replace(s.event, message=5)) if s.number == 4 else s for s in trace)
    assert fork(replace(trace, steps=steps), 3, Crash(0, "n1")) is not None  # up to there it is the same run
    with pytest.raises(ReplayError, match="it cannot be forked: the code, or the system's workload"):
        fork(replace(trace, steps=steps), 4, Crash(0, "n1"))


# Divergence.


def test_equal_runs_do_not_diverge_whatever_their_headers_say():
    trace = run()
    assert divergence(trace, trace) is None
    assert divergence(trace, replace(trace, header=replace(trace.header, seed=9), ended="budget")) is None
    assert divergence(replace(trace, steps=()), replace(trace, steps=())) is None


@pytest.mark.parametrize("count", [0, 1, 9])
def test_where_one_run_is_the_beginning_of_the_other_they_part_at_the_first_step_beyond_it(count):
    trace = run()
    short = replace(trace, steps=trace.steps[:count])
    assert divergence(trace, short) == divergence(short, trace) == count + 1


@pytest.mark.parametrize(
    "change", [{"at": 99}, {"node": "n3"}, {"kept": 0}, {"cause": None}, {"effects": ()}]
)
def test_any_difference_in_a_step_counts(change):
    trace = run()
    other = replace(trace, steps=tuple(replace(s, **change) if s.number == 7 else s for s in trace))
    expected = None if change == {"cause": None} else 7  # a request has no cause
    assert divergence(trace, other) == expected


def test_divergence_is_between_traces():
    with pytest.raises(ArgumentTypeError, match="b must be a Trace, but it is 3 of type int"):
        divergence(run(), 3)


def test_a_run_of_the_package_forks_as_the_docstring_says():
    trace = simulate("causal-broadcast", seed=7, nodes=3)
    assert divergence(trace, fork(trace, 12, Crash(0, "n2"))) == 13
