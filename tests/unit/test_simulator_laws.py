"""Laws, violations, bugs in handlers, budgets: how a run ends and what it says."""

from typing import Any

import pytest

from distsys.core import ALWAYS, EMPTY, FINALLY, MS, Law, Map, Node, law, law_with_memory, record, systems
from distsys.core.errors import ArgumentError, DistsysError, MutableValueError, UnknownNameError
from distsys.core.systems import Request, System, alike
from distsys.drivers import Crash, HandlerError, Pause, Restart, Simulator, Wipe, during, replay, resimulate
from distsys.drivers.judge import LawError


@record
class Do:
    what: str


class Doer(Node):
    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        if "poison" in disk:
            raise AssertionError(f"{name} cannot read its disk")  # pytest adds to what an `assert` says here
        self.count = 0
        self.votes: tuple[str, ...] = ()

    def on_message(self, sender: str, message: Do) -> None:
        self.count += 1
        match message.what:
            case "count":
                self.output(self.count)
            case "assert":
                self.output("never seen")
                raise AssertionError(f"{self.name} counts {self.count}, not less than 0")
            case "bare assert":
                raise AssertionError
            case "divide":
                self.count = self.count // 0
            case "mutable":
                self.votes = ["n1"]  # type: ignore[assignment]
            case "stranger":
                self.send("n99", Do("count"))
            case "reply":
                self.send(sender, Do("count"))
            case "poison":
                self.persist(poison=1)
            case "spin":
                self.send(self.name, Do("spin"))


SYSTEM = systems.register(System("unit-doer", "does what it is told", {"process": Doer}, alike(), ()))


def simulator(*asks, laws=(), script=(), until=100 * MS, settle=0, **settings):
    requests = [Request(at * MS, "n1", Do(what)) for at, what in asks]
    cluster = systems.build("unit-doer", nodes=2)
    return Simulator(
        cluster, 7, laws=laws, requests=requests, script=script, until=until, settle=settle, **settings
    )


@law("at most two", "No count passes two.")
def at_most_two(world):
    for name, node in world.nodes.items():
        if node.count > 2:
            return f"{name} counts {node.count} at {world.at}"
    return None


COUNTS = [(n, "count") for n in (5, 10, 15, 20)]


def test_a_broken_law_stops_the_run_at_its_step_and_says_who_when_what():
    trace = simulator(*COUNTS, laws=[at_most_two]).run()
    assert trace.ended == "violation"
    assert [(v.law, v.evidence, v.step) for v in trace.violations] == [
        ("at most two", "n1 counts 3 at 15000", 5)
    ]
    assert trace.violation is trace.violations[0]
    assert trace.steps[-1] == trace.step(5)
    assert repr(trace) == "<Trace unit-doer, seed=7: 5 steps, violates 'at most two' at step 5>"


def test_a_run_that_need_not_stop_goes_on_and_keeps_the_first_violation_of_each_law():
    @law("at most three", "No count passes three.")
    def at_most_three(world):
        return "four" if world.step.effects and world.outputs["n1"][-1] > 3 else None

    trace = simulator(*COUNTS, laws=[at_most_two, at_most_three], stop_on_violation=False).run()
    assert trace.ended == "complete"
    assert [(v.law, v.step) for v in trace.violations] == [("at most two", 5), ("at most three", 6)]


def test_a_law_may_be_written_as_an_assertion():
    @law("asserted", "as the style asks")
    def asserted(world):
        for node in world.nodes.values():
            if node.count >= 2:
                raise AssertionError(f"{node.name} counts {node.count}")

    trace = simulator(*COUNTS, laws=[asserted]).run()
    assert [(v.law, v.evidence, v.step) for v in trace.violations] == [("asserted", "n1 counts 2", 4)]


def test_a_law_with_memory_carries_it_from_step_to_step():
    @law_with_memory("rises", "The sum of all counts never falls.", start=0)
    def rises(last, world):
        total = sum(node.count for node in world.nodes.values())
        return total, f"{total} after {last}" if total < last else None

    trace = simulator(*COUNTS, laws=[rises], script=during(12 * MS, 13 * MS, Crash, "n1")).run()
    assert [(v.evidence, v.step) for v in trace.violations] == [("0 after 2", 5)]
    assert trace.step(5).kind == "crash"


def watcher(seen):
    @law_with_memory("watch", "sees all", start=0)
    def watch(memory, world):
        step = world.step
        seen.append((step.kind, step.node, sorted(world.nodes), step.number) if step else None)
        return memory, None

    return watch


def test_laws_see_each_handled_step_and_each_fault_once_and_the_nodes_as_they_are_then():
    seen: list[Any] = []
    script = [
        *during(2 * MS, 8 * MS, Pause, "n2"),
        Crash(3 * MS, "n1", 0),
        Restart(7 * MS, "n1"),
        Wipe(20 * MS, "n2"),
    ]
    simulator((5, "count"), script=script, laws=[watcher(seen)]).run()
    assert seen == [
        ("start", "n1", ["n1"], 1),
        ("start", "n2", ["n1", "n2"], 2),
        ("pause", "n2", ["n1", "n2"], 3),
        ("invoke", "n1", ["n2"], 4),
        ("crash", "n1", ["n2"], 5),
        ("restart", "n1", ["n1", "n2"], 6),
        ("resume", "n2", ["n1", "n2"], 7),
        ("crash", "n2", ["n1"], 8),
        ("wipe", "n2", ["n1"], 9),
    ]


def test_the_world_of_a_law_lists_nodes_in_the_order_of_their_names_also_after_a_restart():
    seen: list[Any] = []

    @law("order", "by name")
    def order(world):
        seen.append((world.names, list(world.nodes)))

    simulator((50, "count"), laws=[order], script=during(5 * MS, 9 * MS, Crash, "n1")).run()
    assert seen[-1] == (("n1", "n2"), ["n1", "n2"])


def test_asked_and_outputs_keep_what_was_seen_outside_although_the_node_crashed():
    held: list[Any] = []

    @law("hold", "holds")
    def hold(world):
        held.append(
            ({k: list(v) for k, v in world.asked.items()}, {k: list(v) for k, v in world.outputs.items()})
        )

    simulator((5, "count"), (15, "count"), laws=[hold], script=[Crash(10 * MS, "n1")]).run()
    assert held[-1] == ({"n1": [Do("count")], "n2": []}, {"n1": [1], "n2": []})


def test_a_law_that_holds_finally_is_judged_only_at_the_end_of_the_healed_phase():
    @law("two answers", "In the end there are two answers.", when=FINALLY)
    def two_answers(world):
        return None if len(world.outputs["n1"]) == 2 else f"{len(world.outputs['n1'])} answers at {world.at}"

    assert simulator((5, "count"), (50, "count"), laws=[two_answers], settle=10 * MS).run().violations == ()
    trace = simulator((5, "count"), laws=[two_answers], settle=10 * MS).run()
    assert [(v.law, v.evidence, v.step) for v in trace.violations] == [
        ("two answers", "1 answers at 110000", 0)
    ]
    assert trace.ended == "complete"
    assert simulator((5, "count"), laws=[two_answers], settle=0).run().violations == ()


def test_healing_gives_a_law_that_holds_finally_its_chance():
    @law("up", "All are up.", when=FINALLY)
    def up(world):
        return None if len(world.nodes) == 2 else "down"

    assert simulator(laws=[up], script=[Crash(5 * MS, "n1")], settle=10 * MS).run().violations == ()


def test_a_final_law_with_memory_remembers_every_step_and_is_judged_in_one_last_call_without_a_step():
    calls: list[Any] = []

    @law_with_memory("counted", "The last count is one.", start=0, when=FINALLY)
    def counted(steps, world):
        calls.append(world.step.number if world.step else None)
        return steps + 1, f"{steps} steps before the end"

    trace = simulator((5, "count"), laws=[counted], settle=10 * MS).run()
    assert calls == [1, 2, 3, 4, None]
    assert trace.step(4).kind == "heal"
    assert [(v.evidence, v.step) for v in trace.violations] == [("4 steps before the end", 0)]


def test_a_law_that_fails_is_named_with_its_step_and_seed():
    @law("careless", "fails")
    def careless(world):
        return world.nodes["n9"].count

    with pytest.raises(LawError, match=r"the law 'careless' failed at step 1 of seed 7: KeyError: 'n9'"):
        simulator(laws=[careless]).run()


def test_two_laws_of_one_name_and_a_mutable_memory_and_an_unknown_time_are_refused():
    with pytest.raises(
        ArgumentError, match="laws must have different names, but 'at most two' stands there twice"
    ):
        simulator(laws=[at_most_two, at_most_two])
    with pytest.raises(MutableValueError, match="start of the law 'x' must hold an immutable value"):
        Law("x", "y", lambda memory, world: (memory, None), ALWAYS, [])
    with pytest.raises(ArgumentError, match="when must be 'always' or 'finally', but it is 'sometimes'"):
        law("x", "y", when="sometimes")(lambda world: None)


# Handlers that fail.


def test_an_assertion_in_a_handler_is_a_violation_and_stops_the_node():
    trace = simulator((5, "count"), (10, "assert"), (15, "count")).run()
    assert trace.ended == "violation"
    (violation,) = trace.violations
    assert (violation.law, violation.step) == ("assertion", 4)
    assert violation.evidence.startswith("n1, Deliver(sender='client', message=Do(what='assert')")
    assert violation.evidence.endswith("n1 counts 2, not less than 0")
    assert [(s.kind, s.effects) for s in trace.steps[3:]] == [("invoke", ()), ("crash", ())]
    assert trace.steps[4].detail == Map({"why": "assertion"})
    assert trace.outputs()["n1"] == (1,)
    assert replay(trace).text() == trace.text() == resimulate(trace).text()


def test_a_run_may_go_on_after_assertions_and_replays_them_all():
    script = [Restart(12 * MS, "n1"), Restart(32 * MS, "n1")]
    asks = [(10, "assert"), (20, "count"), (30, "bare assert"), (40, "count")]
    trace = simulator(*asks, script=script, stop_on_violation=False).run()
    assert [s.kind for s in trace if s.node == "n1"] == [
        "start", "invoke", "crash", "restart", "invoke", "invoke", "crash", "restart", "invoke",
    ]  # fmt: skip
    assert [(v.law, v.step) for v in trace.violations] == [("assertion", 3)]
    assert trace.outputs()["n1"] == (1, 1)
    assert replay(trace).text() == trace.text() == resimulate(trace).text()


def test_an_assertion_without_a_text_says_so():
    (violation,) = simulator((10, "bare assert")).run().violations
    assert violation.evidence.endswith(": an assertion without a text")


def test_an_assertion_while_a_node_reads_its_disk_is_a_violation_of_its_restart():
    trace = simulator((5, "poison"), script=[Crash(10 * MS, "n1"), Restart(20 * MS, "n1")]).run()
    (violation,) = trace.violations
    assert violation.evidence.endswith("n1 cannot read its disk")
    assert trace.step(violation.step).kind == "restart"
    assert replay(trace).text() == trace.text() == resimulate(trace).text()


def test_any_other_exception_is_a_bug_and_names_node_step_seed_and_event():
    with pytest.raises(HandlerError) as caught:
        simulator((5, "count"), (10, "divide")).run()
    assert str(caught.value).startswith(
        "n1 at step 4 of seed 7, handling Deliver(sender='client', message=Do(what='di"
    )
    assert "ZeroDivisionError" in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_mutable_field_names_the_field_and_where_in_the_run():
    with pytest.raises(
        MutableValueError, match=r"^Doer\.votes must hold an immutable value, but it is \['n1'\]"
    ) as caught:
        simulator((10, "mutable")).run()
    (note,) = caught.value.__notes__
    assert note.startswith("n1 at step 3 of seed 7, handling Deliver")


def test_a_message_to_an_unknown_peer_names_sender_message_and_who_there_is():
    with pytest.raises(UnknownNameError) as caught:
        simulator((10, "stranger")).run()
    assert str(caught.value) == (
        "to must be one of n1, n2, but n1 sends Do(what='count') to 'n99' at step 3 of seed 7"
    )


def test_a_reply_to_a_client_is_refused_with_the_way_to_do_it():
    with pytest.raises(UnknownNameError, match=r"answer a client with self.output"):
        simulator((10, "reply")).run()


# Ends.


def test_a_node_that_never_rests_is_stopped_by_the_budget():
    trace = simulator((5, "spin"), steps_max=50).run()
    assert (trace.ended, len(trace)) == ("budget", 50)
    assert resimulate(trace).text() == trace.text()


def test_a_run_that_just_fits_its_budget_is_complete():
    assert simulator((5, "count"), steps_max=3).run().ended == "complete"
    assert simulator((5, "count"), (6, "count"), steps_max=3).run().ended == "budget"


def test_a_run_without_events_ends_at_its_time():
    assert [s.kind for s in simulator(settle=5 * MS).run()] == ["start", "start", "heal"]


def test_a_simulator_runs_once():
    used = simulator()
    used.run()
    with pytest.raises(DistsysError, match="this simulator has run already"):
        used.run()


def test_a_run_leaves_the_garbage_collector_as_it_found_it():
    import gc

    assert gc.isenabled()
    simulator((5, "count")).run()
    with pytest.raises(HandlerError):
        simulator((10, "divide")).run()
    assert gc.isenabled()
    gc.disable()
    try:
        simulator().run()
        assert not gc.isenabled()
    finally:
        gc.enable()
