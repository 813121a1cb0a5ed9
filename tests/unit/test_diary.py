"""Diaries: what a process writes of its steps, and the one trace that several make."""

import asyncio
import dataclasses
import itertools

import pytest

from distsys import replay, systems
from distsys.core.errors import ReplayError, TraceError
from distsys.core.events import Deliver, Output, Persist, Send, Start, Timeout
from distsys.core.operations import Operation
from distsys.core.trace import Trace
from distsys.core.values import EMPTY, Map
from distsys.drivers.diary import Diary
from distsys.drivers.frames import Post, framed
from distsys.drivers.merging import Clients, merge
from distsys.views import draw, sentences
from distsys.views.figure import mimebundle
from runtime_nodes import Ask, Cluster, Enter, Tell, Write, caller

ECHOES = systems.build("echo", nodes=2)


class Life:
    """One life of a process by hand: a node, and the diary of its steps."""

    def __init__(self, path, name="n1", disk=EMPTY, kept=0, **settings):
        self.diary = Diary(path, disk=disk, kept=kept, **settings)
        self.node = ECHOES.make(name, disk)
        self.name = name
        self.do("restart" if self.diary.number else "start", Start(1))

    def do(self, kind, event, origin=None, at=0):
        """Let the node handle an event, and write the step down."""
        effects = self.node.handle(event)
        self.diary.step(at, kind, event, effects, origin)
        return effects

    def ask(self, message, at=0):
        """Let a client ask."""
        return self.do("invoke", Deliver("ann", message), at=at)


def shape(trace):
    return [(step.kind, step.node, step.kept, len(step.effects)) for step in trace]


def test_a_diary_is_the_trace_of_its_process(tmp_path):
    life = Life(tmp_path / "d")
    life.ask(Write(1))
    life.ask(Ask())
    life.diary.close()
    trace = merge(ECHOES, {"n1": tmp_path / "d"})
    assert shape(trace) == [("start", "n1", 0, 0), ("invoke", "n1", 2, 2), ("invoke", "n1", 1, 1)]
    assert trace.step(2).effects == (Persist(Map({"value": 1})), Send("ann", ("wrote", 1)))
    assert replay(trace) == trace


def test_after_a_crash_effects_count_up_to_the_first_persist_that_was_not_kept(tmp_path):
    life = Life(tmp_path / "d")
    life.ask(Write(1))  # step 2, the last that the disk kept
    life.ask(Write(2))
    life.ask(Ask())
    life.diary.flush()
    life = Life(tmp_path / "d", disk=Map({"value": 1}), kept=2)
    assert life.diary.number == 5
    assert life.ask(Ask()) == (Send("ann", ("has", 1)),)
    life.diary.close()
    trace = merge(ECHOES, {"n1": tmp_path / "d"})
    assert shape(trace) == [
        ("start", "n1", 0, 0),
        ("invoke", "n1", 2, 2),
        ("invoke", "n1", 0, 2),  # neither the persist nor what came after it
        ("invoke", "n1", 0, 1),  # its answer waited for that commit
        ("crash", "n1", 0, 0),
        ("restart", "n1", 0, 0),
        ("invoke", "n1", 1, 1),
    ]
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace


def test_after_a_crash_what_changed_is_told_against_what_the_disk_kept(tmp_path):
    life = Life(tmp_path / "d")
    for key in ("a", "b", "c"):
        life.ask(Enter(key))
    life.ask(Enter("lost"))  # step 5
    life.diary.flush()
    life = Life(tmp_path / "d", disk=Map({"entries": Map({"a": 1, "b": 1, "c": 1})}), kept=4)
    assert life.ask(Enter("d")) == (Persist(Map({"entries": Map({"a": 1, "b": 1, "c": 1, "d": 1})})),)
    life.diary.close()
    trace = merge(ECHOES, {"n1": tmp_path / "d"})
    assert [step.kept for step in trace] == [0, 1, 1, 1, 0, 0, 0, 1]
    assert replay(trace) == trace


def test_a_diary_that_says_that_more_was_kept_than_was_does_not_replay(tmp_path):
    life = Life(tmp_path / "d")
    life.ask(Write(1))
    life.diary.flush()
    life = Life(tmp_path / "d", disk=EMPTY, kept=2)
    life.ask(Ask())
    life.diary.close()
    with pytest.raises(Exception, match="the code is not the code of that run"):
        replay(merge(ECHOES, {"n1": tmp_path / "d"}))


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_a_last_line_that_a_crash_cut_is_no_step(tmp_path, cut):
    life = Life(tmp_path / "d")
    life.ask(Write(1))
    life.diary.close()
    data = (tmp_path / "d").read_bytes()
    (tmp_path / "d").write_bytes(data[:-cut])
    assert len(merge(ECHOES, {"n1": tmp_path / "d"})) == 1
    again = Diary(tmp_path / "d", kept=0)
    assert again.number == 1
    again.close()
    assert (tmp_path / "d").read_bytes() == data.splitlines(keepends=True)[0]


def two_lives(folder, at_send=0, at_delivery=0):
    """Write the diaries of n1, which sends Write(3) to n2, and of n2."""
    first, second = Life(folder / "d1"), Life(folder / "d2", "n2")
    first.ask(Tell("n2", 3), at=at_send)
    first.do("timeout", Timeout("tell"), ("n1#2", 0), at=at_send)
    second.do("deliver", Deliver("n1", Write(3)), ("n1#3", 0), at=at_delivery)
    first.diary.close()
    second.diary.close()
    return {"n1": folder / "d1", "n2": folder / "d2"}


@pytest.mark.parametrize(("at_send", "at_delivery"), [(5, 9), (900, 2)])
def test_a_delivery_comes_after_its_send_whatever_the_clocks_say(tmp_path, at_send, at_delivery):
    trace = merge(ECHOES, two_lives(tmp_path, at_send, at_delivery))
    sent = next(step for step in trace if step.kind == "timeout")
    delivered = next(step for step in trace if step.kind == "deliver")
    assert delivered.cause == (sent.number, 0)
    assert sent.number < delivered.number
    assert all(one.at <= other.at for one, other in itertools.pairwise(trace))
    assert isinstance(sent.effects[1], Output)
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace


def test_a_step_without_its_cause_ends_what_is_told_of_that_node(tmp_path):
    paths = two_lives(tmp_path)
    del paths["n1"]
    trace = merge(ECHOES, paths)
    assert (len(trace), trace.ended) == (1, "1 steps without their cause")


CALLS = {"w3": ("ann.1", 1), "ask": ("ann.1", 2), "lost": ("ann.2", 1)}


def call_of(message):
    """Return the call that a message to a server, or its answer, belongs to."""
    return {
        Write(3): CALLS["w3"],
        ("wrote", 3): CALLS["w3"],
        Ask(): CALLS["ask"],
        ("has", 3): CALLS["ask"],
    }.get(message)


def told_run(folder, shift=0):
    """Return a run of one node, with a client that tells of three calls; the last reached nobody."""
    life = Life(folder / "d")
    life.ask(Write(3), at=100)
    life.ask(Ask(), at=200)
    life.diary.close()
    history = [
        Operation("ann.1", "invoke", "write", "x", 3, 90),
        Operation("ann.1", "ok", "write", "x", 3, 110),
        Operation("ann.1", "invoke", "read", "x", None, 190),
        Operation("ann.1", "ok", "read", "x", 3, 210),
        Operation("ann.2", "invoke", "write", "x", 4, 300),
        Operation("ann.2", "info", "write", "x", 4, 400),
    ]
    clients = Clients(history, call_of, call_of, shift)
    return history, merge(ECHOES, {"n1": folder / "d"}, clients)


def test_clients_that_keep_no_diary_have_lanes_by_what_they_tell(tmp_path):
    history, trace = told_run(tmp_path)
    assert [(step.kind, step.node) for step in trace] == [
        ("start", "n1"),
        ("note", "ann"),
        ("deliver", "n1"),
        ("return", "ann"),
        ("note", "ann"),
        ("deliver", "n1"),
        ("return", "ann"),
        ("note", "ann.2"),  # no server has heard of it, and of its name
        ("note", "ann.2"),
    ]
    assert [step.cause for step in trace] == [None, None, (2, 1), (3, 1), None, (5, 1), (6, 0), None, None]
    assert [step.detail.get("asks") or step.detail.get("hears") for step in trace if step.node != "n1"] == [
        "write x=3", "ok", "read x", "3", "write x=4", "nothing, and gives up",
    ]  # fmt: skip
    assert [value for values in trace_outputs(trace) for value in values] == history
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace
    assert [line.split(":", 1)[1] for line in sentences(trace)[1:4:2]] == [
        " ann asks write x=3.", " ann hears ok.",
    ]  # fmt: skip
    picture = draw(trace, alt="A client asks and hears.").text
    assert "C what a client tells" in picture
    assert "|---->C" in picture


def trace_outputs(trace):
    return [[effect.value for effect in step.effects if isinstance(effect, Output)] for step in trace]


@pytest.mark.parametrize("shift", [-1000, 1000])
def test_causes_decide_where_the_clocks_of_clients_are_wrong(tmp_path, shift):
    history, trace = told_run(tmp_path, shift)
    assert [value for values in trace_outputs(trace) for value in values] == history
    for step in trace:
        assert step.cause is None or step.cause[0] < step.number
    kinds = [(step.kind, step.node) for step in trace if step.kind in ("deliver", "return")]
    assert kinds == [("deliver", "n1"), ("return", "ann")] * 2


def test_what_a_client_tells_is_no_word_of_a_node(tmp_path):
    _, trace = told_run(tmp_path)
    forged = dataclasses.replace(trace.step(2), node="n1")
    with pytest.raises(ReplayError, match="the code is not the code of that run"):
        replay(dataclasses.replace(trace, steps=(trace.step(1), forged)))


def test_a_message_that_was_dropped_is_a_step(tmp_path):
    paths = two_lives(tmp_path)
    diary = Diary(paths["n1"])
    diary.drop(7, 3, 0, "n2", "partition")
    diary.close()
    trace = merge(ECHOES, paths)
    drop = next(step for step in trace if step.kind == "drop")
    assert drop.detail == Map({"from": "n1", "to": "n2", "why": "partition"})
    assert trace.step(drop.cause[0]).effects[0] == Send("n2", Write(3))
    assert Trace.loads(trace.text()) == trace


def test_a_diary_has_a_bound_and_its_run_is_told_up_to_there(tmp_path):
    life = Life(tmp_path / "d", lines_max=3)
    for number in range(10):
        life.ask(Write(number))
    assert (life.diary.is_full, life.diary.number) == (True, 11)
    life.diary.close()
    assert len(merge(ECHOES, {"n1": tmp_path / "d"})) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"i":2}\n', "begins with step 2 of a process that had run before"),
        ('{"i":1,"kept":7}\n', "a process that had run before"),
        ("[]\n", "is not the diary of n1"),
        ("{\n", "is not the diary of n1"),
        ('{"i":1,"kept":0,"at":0,"kind":"start","event":{"$":"events.Nothing"}}\n', "unknown record"),
        (
            '{"i":1,"kept":0,"at":0,"kind":"start","event":{"$":"events.Start","seed":1},"effects":[1]}\n',
            "an effect",
        ),
    ],
)
def test_what_is_no_diary_is_refused(tmp_path, text, says):
    (tmp_path / "d").write_text(text)
    with pytest.raises(TraceError, match=says):
        merge(ECHOES, {"n1": tmp_path / "d"})


def test_a_real_run_is_a_trace_that_replays_saves_and_shows_itself(tmp_path):
    async def run():
        async with Cluster(tmp_path, record=True) as cluster:
            ann, bob = await caller(cluster, "n1"), await caller(cluster, "n2", "bob")
            while await bob.ask(Ask()) != ("has", 9):
                await ann.write(framed(Post("ann", 0, Tell("n2", 9, 1000))))
            assert await ann.ask(Write(4)) == ("wrote", 4)
            assert (
                '"value":4' in (tmp_path / "n1" / "diary.jsonl").read_text()
            )  # it was written before the answer
            await cluster.stop("n1")
            await cluster.start("n1")
            assert await (await caller(cluster)).ask(Ask()) == ("has", 4)

    asyncio.run(asyncio.wait_for(run(), 60))
    trace = merge(ECHOES, {name: tmp_path / name / "diary.jsonl" for name in ("n1", "n2")})
    kinds = [step.kind for step in trace]
    assert (kinds.count("start"), kinds.count("crash"), kinds.count("restart")) == (2, 1, 1)
    assert {"invoke", "timeout", "deliver"} <= set(kinds)
    assert trace.ended == "complete"
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace
    assert "text/html" in mimebundle(trace)
