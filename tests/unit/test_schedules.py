"""Schedules: a run without its clock, taken from a trace or written by hand."""

import pytest

from distsys import MS, S, Trace, replay, simulate, systems
from distsys.algorithms.broadcast_messages import Broadcast
from distsys.algorithms.clock_messages import Talk
from distsys.cli import main
from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.core.events import Send
from distsys.drivers import length, perform, reperform, schedule_of
from distsys.drivers.schedules import (
    Asked,
    Crashed,
    Delivered,
    Flowed,
    crash,
    deliver,
    flow,
    renumbered,
    request,
    restart,
    timeout,
    wipe,
)

PHASES = {"until": 1 * S, "settle": 1500 * MS}


def cluster(system, **options):
    return systems.build(system, **options)


@pytest.mark.parametrize("id", ["CB-02", "RB-02", "BEB-02", "LAM-01", "VEC-03", "FD-05", "MEM-03", "CLK-01"])
def test_the_schedule_of_a_simulated_run_breaks_the_same_law_at_the_same_event(id):
    mutant = next(mutant for mutant in systems.mutants() if mutant.id == id)
    runs = (simulate(mutant.system, seed, mutant=id, **PHASES) for seed in range(30))
    trace = next(run for run in runs if run.violation)
    moves = schedule_of(trace, last=trace.violation.step)
    built = cluster(mutant.system, mutant=id, **dict(trace.header.options.items()))
    again = perform(built, moves, seed=trace.header.seed)
    assert again.violation.law == trace.violation.law
    assert len(again.header.driver["schedule"]) == len(moves), "no move was left out"
    handled = [step.event for step in trace.slice(1, trace.violation.step) if step.event is not None]
    assert [step.event for step in again if step.event is not None] == handled


def test_a_scenario_reads_as_a_story():
    trace = perform(
        cluster("reliable-broadcast"),
        (request("n1", Broadcast("hello")), deliver("n1", "n2"), crash("n1"), deliver("n2", "n3")),
    )
    outputs = trace.outputs()
    assert [d.body for name in ("n1", "n2", "n3") for d in outputs[name]] == ["hello"] * 3
    assert [step.kind for step in trace] == ["start"] * 3 + ["invoke", "deliver", "crash", "deliver"]
    assert length(trace) == 4


def test_deliver_takes_the_oldest_message_of_its_class():
    asks = (request("n1", Talk("n2")), request("n1", Talk("n2")))
    first, second = (deliver("n1", "n2"), deliver("n1", "n2"))
    trace = perform(cluster("lamport-clock"), (*asks, first, second))
    stamps = [step.event.message.stamp for step in trace if step.kind == "deliver"]
    assert stamps == sorted(stamps)
    causes = [step.cause for step in trace if step.kind == "deliver"]
    assert len(set(causes)) == 2


def test_deliver_can_let_a_message_overtake_older_ones():
    asks = (request("n1", Talk("n2")), request("n1", Talk("n2")))
    trace = perform(cluster("lamport-clock"), (*asks, deliver("n1", "n2", over=1), deliver("n1", "n2")))
    stamps = [step.event.message.stamp for step in trace if step.kind == "deliver"]
    assert stamps == sorted(stamps, reverse=True)
    with pytest.raises(ArgumentError, match="is under way"):
        perform(cluster("lamport-clock"), (*asks, deliver("n1", "n2", over=2)))


def test_a_performed_trace_performs_again_replays_loads_and_has_one_form():
    story = (request("n2", Broadcast("x")), deliver("n2", "n1"), timeout("n2", "best_effort/links/retry"))
    trace = perform(cluster("reliable-broadcast"), story, seed=9)
    text = trace.text()
    assert Trace.loads(text).text() == replay(trace).text() == reperform(trace).text() == text
    moves = trace.header.driver["schedule"]
    assert [move.id for move in moves] == [1, 2, 3]
    assert moves == renumbered(moves) == schedule_of(trace)
    assert moves[1] == Delivered("n2", "n1", "Packet", 1, 0, 2)


def test_a_schedule_keeps_its_meaning_when_moves_are_left_out():
    built = cluster("lamport-clock")
    asks = tuple(Asked("n1", Talk(to), id) for id, to in enumerate(("n2", "n3", "n2"), 1))
    moves = (*asks, Delivered("n1", "n2", "", 1, 0, 4), Delivered("n1", "n2", "", 3, 0, 5))
    without_the_first = perform(built, moves[1:], skip=True)
    (delivered,) = [step for step in without_the_first if step.kind == "deliver"]
    assert without_the_first.step(delivered.cause[0]).number == 5, "the letter of move 3, not that of move 1"
    assert len(without_the_first.header.driver["schedule"]) == 3, "what could not happen is not kept"


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (
            (deliver("n1", "n2", Broadcast),),
            "no Broadcast from n1 to n2 is under way; to n2 there is: nothing",
        ),
        ((timeout("n1", "alarm"),), "the timer 'alarm' of n1 is not running; these are: none"),
        ((crash("n1"), request("n1", Talk("n2"))), "move 2 cannot happen: n1 is down"),
        ((restart("n1"),), "n1 is up"),
        ((request("n9", Talk("n2")),), "must name nodes of n1, n2, n3, but it names 'n9'"),
    ],
)
def test_a_move_that_cannot_happen_says_what_could(moves, words):
    with pytest.raises(ArgumentError, match=words.replace("(", "\\(")):
        perform(cluster("lamport-clock"), moves)


def test_what_is_no_move_is_refused():
    with pytest.raises(ArgumentTypeError, match="move 1 is 'crash n1' of type str"):
        perform(cluster("lamport-clock"), ("crash n1",))
    with pytest.raises(ArgumentTypeError, match="kind must be the class of a message"):
        deliver("n1", "n2", "Letter")
    with pytest.raises(ArgumentError, match="trace must be a performed schedule"):
        reperform(simulate("lamport-clock", 1, until=10 * MS, settle=0))


def test_in_a_crash_stop_system_nobody_comes_back():
    with pytest.raises(ArgumentError, match="nobody comes back"):
        perform(cluster("reliable-broadcast"), (crash("n1"), restart("n1")))


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
def test_a_crash_in_the_middle_of_a_step_keeps_a_prefix_of_its_effects(keep):
    trace = perform(cluster("lamport-clock"), (request("n1", Talk("n2"), keep=keep), restart("n1")))
    step = next(step for step in trace if step.kind == "invoke")
    assert step.kept == keep
    assert [s.kind for s in trace][-2:] == ["crash", "restart"]
    persisted = 2 if keep else 1  # the start ticks once, the request a second time
    assert trace[-1].effects[0].changes["clock"] == persisted + 1
    assert length(trace) == 3, "a crash in the middle is an event of its own"


def test_a_lost_disk_stops_the_node_and_forgets():
    trace = perform(cluster("lamport-clock"), (request("n1", Talk("n2")), wipe("n1"), restart("n1")))
    assert [step.kind for step in trace][-3:] == ["crash", "wipe", "restart"]
    assert trace[-1].effects[0].changes["clock"] == 1
    assert length(trace) == 3


def test_a_flow_becomes_the_deliveries_that_it_led_to():
    trace = perform(cluster("best-effort-broadcast"), (request("n1", Broadcast("x")), flow("n1", "n2")))
    moves = trace.header.driver["schedule"]
    assert [(move.sender, move.to, move.what) for move in moves[1:]] == [
        ("n1", "n2", "Packet"),
        ("n2", "n1", "Ack"),
    ]
    assert not any(isinstance(move, Flowed) for move in moves)
    assert reperform(trace).text() == trace.text()


def test_the_second_delivery_of_a_message_is_a_copy():
    twice = (Delivered("n1", "n2", "", 1, 0, 2), Delivered("n1", "n2", "", 1, 0, 3))
    trace = perform(cluster("lamport-clock"), (Asked("n1", Talk("n2"), 1), *twice))
    assert [step.kind for step in trace][-3:] == ["deliver", "duplicate", "deliver"]


def test_after_the_last_move_everything_is_healed_and_what_holds_finally_is_judged():
    built = cluster("best-effort-broadcast", mutant="BEB-01")
    story = (request("n1", Broadcast("x")),)
    assert perform(built, story).violation is None
    trace = perform(built, story, settle=1 * S)
    assert trace.violation.law == "validity for all"
    lost = [step for step in trace if step.kind == "drop"]
    assert len(lost) == sum(isinstance(e, Send) for step in trace.steps[:4] for e in step.effects)
    assert length(trace) == 1, "the healed phase does not count"
    assert perform(cluster("best-effort-broadcast"), story, settle=1 * S).violation is None


def test_a_node_sees_the_clock_that_its_move_carries():
    moves = (Asked("n1", Talk("n2"), 1, at=5 * MS, now=4 * MS), Crashed("n2", 2, at=9 * MS))
    trace = perform(cluster("lamport-clock"), moves)
    ask, down = trace[-2], trace[-1]
    assert (ask.at, ask.event.now, down.at) == (5 * MS, 4 * MS, 9 * MS)
    assert schedule_of(Trace.loads(trace.text())) == moves


def test_the_command_replays_a_performed_schedule_and_performs_it_again(tmp_path, capsys):
    trace = perform(cluster("lamport-clock"), (request("n1", Talk("n2")), deliver("n1", "n2")))
    path = trace.save(tmp_path / "story.trace")
    assert main(("replay", str(path))) == 0
    assert "The schedule, performed again, gives the same steps." in capsys.readouterr().out
    assert main(("draw", str(path))) == 0
    assert "n2 receives Letter" in capsys.readouterr().out


def test_a_move_after_a_flow_has_an_id_of_its_own():
    x, y, z = (Broadcast(letter) for letter in "xyz")
    story = (request("n1", x), request("n1", y), flow("n1", "n2", most=2), request("n2", z))
    trace = perform(cluster("best-effort-broadcast"), (*story, *[deliver("n2", "n1")] * 3))
    moves = trace.header.driver["schedule"]
    assert [(move.what, move.source, move.place) for move in moves[-3:]] == [
        ("Ack", 3, 0),
        ("Ack", 4, 0),
        ("Packet", 5, 0),
    ]
    assert reperform(trace).text() == trace.text()


def test_a_move_has_an_id_of_its_own_also_beside_moves_that_bring_theirs():
    asked = Asked("n1", Talk("n2"), 3)
    story = (asked, request("n1", Talk("n2")), request("n1", Talk("n3")), Delivered("n1", "n2", "", 3))
    trace = perform(cluster("lamport-clock"), (*story, flow("n1", "n2"), deliver("n1", "n3")))
    deliveries = [move for move in trace.header.driver["schedule"] if isinstance(move, Delivered)]
    assert [(move.source, move.to) for move in deliveries] == [(1, "n2"), (2, "n2"), (3, "n3")]
    assert reperform(trace).text() == trace.text()
