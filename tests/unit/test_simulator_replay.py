"""Replay and resimulation: the same bytes from the same code, and changed code is found at its step."""

from dataclasses import replace
from typing import Any

import pytest

from determinism import busy
from distsys.core import EMPTY, MS, Map, Node, Output, Persist, Trace, law, systems
from distsys.core.errors import ReplayError
from distsys.core.systems import NodeMutant, Request, System, alike
from distsys.drivers import Crash, Restart, Simulator, Swarm, replay, resimulate, simulate, states


class Counter(Node):
    step = 1

    def __init__(self, name: str, disk: Map[str, Any] = EMPTY, *, peers: tuple[str, ...]) -> None:
        super().__init__(name, disk)
        self.count = disk.get("count", 0)

    def on_message(self, sender: str, message: Any) -> None:
        self.count += self.step
        self.persist(count=self.count)
        self.output(self.count)


class ByTwo(Counter):
    step = 2


class Fails(Counter):
    def on_message(self, sender: str, message: Any) -> None:
        raise KeyError("gone")


class Asserts(Counter):
    def on_message(self, sender: str, message: Any) -> None:
        raise AssertionError("never")


@law("small", "counts stay small")
def small(world):
    return None


def system(kind: type[Node]) -> System:
    return System("unit-counter", "counts", {"process": kind}, alike(), (small,))


def counted(**settings):
    systems.register(system(Counter))
    return Simulator(
        systems.build("unit-counter", nodes=2),
        requests=[Request(n * MS, "n1", n) for n in (5, 10, 30)],
        script=[Crash(12 * MS, "n1"), Restart(20 * MS, "n1")],
        until=50 * MS,
        settle=0,
        **settings,
    ).run()


@pytest.mark.parametrize("seed", range(8))
def test_any_run_replays_and_resimulates_to_the_same_bytes_also_from_its_file(seed):
    trace = simulate("busy", seed, swarm=Swarm(faults_max=2), until=60 * MS, settle=30 * MS)
    text = trace.text()
    loaded = Trace.loads(text)
    assert replay(trace).text() == replay(loaded).text() == text
    assert resimulate(trace).text() == resimulate(loaded).text() == text


def test_changed_code_is_found_at_the_first_step_that_differs():
    trace = counted()
    systems.register(system(ByTwo))
    with pytest.raises(ReplayError) as caught:
        replay(trace)
    said = str(caught.value)
    assert said.startswith(
        "step 3: n1 handled Deliver(sender='client', message=5, now=5000) and wanted (Persist"
    )
    assert "Output(value=2)" in said
    assert "but the trace says" in said
    assert said.endswith("the code is not the code of that run")


@pytest.mark.parametrize(
    ("kind", "problem"), [(Fails, "KeyError: 'gone'"), (Asserts, "AssertionError: never")]
)
def test_code_that_fails_now_is_found_at_its_step(kind, problem):
    trace = counted()
    systems.register(system(kind))
    with pytest.raises(ReplayError, match=f"step 3: n1 handled .* and failed \\({problem}\\)"):
        replay(trace)


def test_an_effect_that_the_trace_adds_is_found():
    trace = counted()
    steps = list(trace.steps)
    steps[2] = replace(steps[2], effects=(*steps[2].effects, Output("more")), kept=3)
    with pytest.raises(ReplayError, match=r"^step 3: "):
        replay(replace(trace, steps=tuple(steps)))


def test_an_event_at_a_node_that_is_down_is_found():
    trace = counted()
    steps = tuple(step for step in trace if step.kind != "restart")
    with pytest.raises(ReplayError, match=r"n1 handles .*, but it is not up"):
        replay(replace(trace, steps=steps))


def test_replay_follows_the_disk_over_crashes():
    trace = counted()
    assert [e for s in trace for e in s.effects if isinstance(e, Persist)][-1].changes == Map({"count": 3})
    assert replay(trace) == trace


def test_states_are_the_fields_of_the_nodes_that_are_up_after_each_step():
    found = [{name: fields["count"] for name, fields in shot.items()} for shot in states(counted())]
    assert found == [
        {"n1": 0}, {"n1": 0, "n2": 0}, {"n1": 1, "n2": 0}, {"n1": 2, "n2": 0}, {"n2": 0},
        {"n1": 2, "n2": 0}, {"n1": 3, "n2": 0},
    ]  # fmt: skip
    assert states(counted(), of=lambda node: node.count)[-1] == {"n1": 3, "n2": 0}


def test_a_trace_of_another_driver_cannot_be_simulated_again_but_replayed():
    trace = counted()
    other = replace(trace, header=replace(trace.header, driver=Map({"kind": "runtime"})))
    with pytest.raises(
        ReplayError, match=r"only a simulated run can be simulated again, .* 'runtime': use replay"
    ):
        resimulate(other)
    assert replay(other) == other


def test_settings_that_the_simulator_does_not_know_are_named():
    trace = counted()
    odd = replace(trace, header=replace(trace.header, driver=trace.header.driver.set("speed", 3)))
    with pytest.raises(ReplayError, match=r"cannot run with the settings in the header: .*speed"):
        resimulate(odd)


def test_a_law_that_the_system_has_no_longer_is_named():
    trace = counted()
    systems.register(replace(system(Counter), laws=()))
    with pytest.raises(ReplayError, match="unit-counter has no law named 'small' now"):
        resimulate(trace)


def test_laws_that_were_left_out_or_ordered_otherwise_stay_so():
    one, other, third = busy.BUSY.laws
    for laws in ((), (other,), (third, one)):
        trace = Simulator(systems.build("busy", nodes=2), 3, laws=laws, until=30 * MS, settle=10 * MS).run()
        assert trace.header.laws == tuple(law.name for law in laws)
        assert resimulate(trace).text() == trace.text()


def test_the_mutant_of_a_run_is_in_its_header_and_is_built_again(monkeypatch):
    mutant = NodeMutant("UR-01", "by two", "unit-counter", {"process": ByTwo}, "small", "here", "it jumps")
    monkeypatch.setitem(systems._MUTANTS, "UR-01", mutant)
    systems.register(system(Counter))
    cluster = systems.build("unit-counter", nodes=1, mutant="UR-01")
    trace = Simulator(cluster, requests=[Request(5, "n1", 1)], until=10, settle=0).run()
    assert trace.outputs() == {"n1": (2,)}
    loaded = Trace.loads(trace.text())
    assert loaded.header.mutant == "UR-01"
    assert replay(loaded).text() == resimulate(loaded).text() == trace.text()


def test_requests_of_one_s_own_are_kept_and_the_system_s_are_found_again():
    own = counted()
    assert len(own.header.driver["requests"]) == 3
    drawn = Simulator(systems.build("busy", nodes=2), 3, until=30 * MS, settle=0).run()
    assert drawn.header.driver["requests"] is None
    assert resimulate(own).text() == own.text()
    assert resimulate(drawn).text() == drawn.text()
