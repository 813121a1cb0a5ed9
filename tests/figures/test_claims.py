"""One test for each figure of the book: what the prose says of it holds in its run, at the step that is cited."""

import contextlib
import json
import re
from collections import Counter
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pytest
from bug_texts import code_of, entries, file_of, place

from distsys import simulate
from distsys.algorithms.broadcast_messages import Delivery
from distsys.algorithms.hashing import Maglev, Ring, loads, max_over_mean
from distsys.algorithms.measures import coefficient_of_variation
from distsys.checkers import History, linearizable
from distsys.checkers.judging import judge_of
from distsys.checkers.matrix import all_mutants, said_of
from distsys.core.divergence import divergence
from distsys.core.events import Note, Timeout
from distsys.core.values import Map
from distsys.drivers import shrink, states
from distsys.drivers.replay import replayed
from distsys.drivers.schedules import length
from distsys.lab import datasets, raft_runs
from distsys.lab import raft_found_runs as found_runs
from distsys.lab import raft_kv_runs as kv_runs
from distsys.lab import raft_member_runs as member_runs
from distsys.lab import raft_snapshot_runs as snapshot_runs
from distsys.lab.drawn_histories import drawn
from distsys.lab.exercises.linearizability import BY_HAND
from distsys.lab.workloads import zipf_requests
from distsys.protocols.raft_messages import Role
from distsys.protocols.raft_reads import Confirmed
from distsys.protocols.raft_world import message_of
from distsys.views import Placed
from distsys.views.calls import calls_of, positioned
from site_pages import soup, written

PAGES = [import_module(path.stem) for path in sorted(Path(__file__).parents[1].glob("claims_*.py"))]
ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^(:{3,})\{spacetime\} .*?\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^:name: (\S+)$", re.MULTILINE)


def blocks():
    """Return {name: code} of all figures that pages in Markdown make."""
    found = {}
    for path in sorted([*(ROOT / "book").glob("*.md"), *(ROOT / "chapters").rglob("*.md")]):
        text = re.sub(
            r"^(`{4,}).*?^\1\s*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        for _, body in BLOCK.findall(text):
            if name := NAME.search(body):
                found[name[1]] = body.split("\n\n", 1)[1]
    return found


def bound(name):
    """Return what the code of a figure binds."""
    names = {"__name__": "book"}
    exec(compile(blocks()[name], name, "exec"), names)
    return names


def trace_of(name):
    return bound(name)["trace"]


def runs_of(name):
    return tuple(bound(name)["runs"].values())


def delivered(trace):
    """Return who has delivered what, in order."""
    return {
        name: [value.body for value in values if isinstance(value, Delivery)]
        for name, values in trace.outputs().items()
    }


def ends(trace, number, to):
    """Return the steps in which what `number` sent to `to` ended."""
    return [
        step
        for step, _, send, found in trace.messages()
        if step.number == number and send.to == to
        for step in found
    ]


def disagree():
    trace = trace_of("fig-disagree")
    assert delivered(trace) == {"ann": ["pay 5"], "bob": ["pay 5"], "cid": []}
    assert (trace.step(5).kind, trace.step(5).node) == ("crash", "ann")
    assert (trace.step(4).kept, len(trace.step(4).effects)) == (3, 4)
    assert (trace.step(7).kind, trace.step(7).detail.get("why")) == ("drop", "down")


def two_generals():
    trace = trace_of("fig-two-generals")
    assert [(step.kind, step.node) for step in trace] == [
        ("start", "A"),
        ("start", "B"),
        ("deliver", "B"),
        ("deliver", "A"),
        ("drop", "A"),
        ("timeout", "A"),
        ("timeout", "B"),
    ]
    assert [step.event.message.number for step in (trace.step(3), trace.step(4))] == [1, 2]
    assert trace.step(5).cause[0] == 4
    assert {name: [said.yes for said in values] for name, values in trace.outputs().items()} == {
        "A": [True],
        "B": [False],
    }


def no_fault():
    trace = trace_of("fig-no-fault")
    assert set(map(tuple, delivered(trace).values())) == {("pay 5",)}
    assert all(step.kind in ("start", "invoke", "deliver") for step in trace)


def beside():
    healthy, cut = runs_of("fig-beside")
    assert healthy.steps[:4] == cut.steps[:4]
    assert healthy.step(5) != cut.step(5)
    assert delivered(healthy) == delivered(cut)
    assert any(isinstance(step.event, Timeout) for step in cut)


def loss():
    trace = trace_of("fig-loss")
    lost = next(step for step in trace if step.kind == "drop")
    timer = next(step for step in trace if isinstance(step.event, Timeout))
    arrived = next(step for step in trace if step.node == "cid" and step.kind == "deliver")
    assert lost.detail.get("to") == "cid"
    assert (timer.node, arrived.cause[0]) == ("ann", timer.number)


def relay():
    trace = trace_of("fig-relay")
    assert delivered(trace) == {"ann": ["pay 5"], "bob": ["pay 5"], "cid": ["pay 5"]}
    first = next(step for step in trace if step.node == "cid" and step.kind == "deliver")
    assert trace.step(first.cause[0]).node == "bob"
    assert any(step.kind == "drop" and step.detail.get("to") == "ann" for step in trace)


def partition():
    trace = trace_of("fig-partition")
    kinds = [step.kind for step in trace]
    lost = next(step for step in trace if step.kind == "drop")
    assert lost.detail.get("why") == "partition"
    assert kinds.index("partition") < kinds.index("drop") < kinds.index("heal") < kinds.index("timeout")
    assert delivered(trace)["cid"] == ["pay 5"]


def lunch():
    trace = trace_of("fig-lunch")
    assert (trace.step(6).kind, trace.step(6).detail.get("to")) == ("drop", "cyd")
    assert trace.step(11).node == "cyd"
    assert not any(isinstance(effect, Delivery) for effect in trace.step(11).effects)
    bodies = [effect.value.body for effect in trace.step(16).effects if hasattr(effect, "value")]
    assert bodies == ["Lunch?", "Yes, at one"]


def lunch_twice():
    kept, broken = runs_of("fig-lunch-twice")
    assert kept.violation is None
    assert (broken.violation.law, broken.violation.step) == ("causal order", 11)
    assert kept.steps[:10] == broken.steps[:10]


def changed():
    """The cells of the page assert what its prose says; they run here once more, in one namespace."""
    notebook = json.loads((ROOT / "book" / "change-a-run.ipynb").read_text(encoding="utf-8"))
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert sum(step.kind == "drop" for step in names["other"]) == 3
    assert names["bad"].violation.step == 0


def ring_of_four():
    ring = Ring(["ann", "bob", "cid", "dee"], vnodes=2)
    assert ring.entries == 8
    assert all(ring.owner_at(arc.end) == arc.owner for arc in ring.arcs())


def spread():
    hundred, keys = [f"s{number:03d}" for number in range(100)], datasets.airport_codes()
    one, ten, hundreds = (
        coefficient_of_variation(loads(Ring(hundred, vnodes=v), keys)) for v in (1, 10, 100)
    )
    assert 2.5 < one / ten < 4  # ten times more tokens, a third of the variation
    assert 2 < ten / hundreds < 4


def hot_key():
    ten, keys = [f"s{number:02d}" for number in range(10)], datasets.airport_codes()
    requests = Counter(zipf_requests(keys, 100_000, seed=1))
    assert max_over_mean(loads(Maglev(ten), keys)) < 1.05
    assert max_over_mean(loads(Maglev(ten), requests)) > 1.5


def ring():
    """The playable ring is compared with the package, setting by setting, in tests/player/test_ring.py."""
    assert (ROOT / "tests" / "player" / "test_ring.py").is_file()


def ran(page, *marks):
    """Return the names after the first code cell of a page, and those cells that hold one of the marks."""
    notebook = json.loads((ROOT / "chapters" / page).read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = {"__name__": "page"}
    for number, source in enumerate(sources):
        if number == 0 or any(mark in source for mark in marks):
            exec(source, names)
    return names


def notes(trace, number):
    return [effect.text for effect in trace.step(number).effects if isinstance(effect, Note)]


def commands(trace, name, number=0):
    """Return the commands in the log of a server, at the end or after a step."""
    return [entry.command for entry in states(trace)[number - 1][name]["log"]]


def raft_copies():
    trace = ran("3-algorithms/raft.ipynb", "class Copy", "fig-raft-copies")["copies"]
    assert [states(trace)[-1][name]["value"] for name in ("s1", "s2")] == [7, 5]
    assert not any(step.kind in ("drop", "crash", "duplicate") for step in trace)


def raft_election():
    trace = raft_runs.election()
    assert notes(trace, 7) == ["leads term 1"]
    assert (trace.step(13).kind, trace.step(13).node) == ("crash", "s1")
    woke = [step for step in trace if isinstance(step.event, Timeout) and step.event.timer == "election"]
    assert [(step.number, step.node) for step in woke] == [(4, "s1"), (14, "s3"), (15, "s2"), (22, "s2")]
    assert woke[2].at - woke[1].at < 8_000
    assert notes(trace, 25) == ["leads term 3"]
    assert not any(text == "leads term 2" for step in trace for text in notes(trace, step.number))
    assert (trace.step(30).node, trace.step(35).node) == ("s2", "s1")
    assert states(trace)[34]["s1"]["leader"] == "s2"
    assert states(trace)[34]["s1"]["commit_index"] == 2


def raft_recovery():
    page = ran("3-algorithms/raft-elections.ipynb", "def elected", "def recovery", "def worst")
    times = [page["recovery"](seed) for seed in range(20)]
    assert max(times) < 2
    assert (
        page["alone"][1600 - 170] < 0.05 < page["alone"][800 - 170]
    )  # the bound, 16 s and 8 s after the faults


def elections_together():
    page = ran("3-algorithms/raft-elections.ipynb", "fig-elections-together")
    woke = [step for step in page["same"] if isinstance(step.event, Timeout)]
    assert [step.at for step in woke] == [at * 300_000 for at in (1, 1, 1, 2, 2, 2, 3, 3, 3)]
    assert not any(notes(page["same"], step.number) for step in page["same"])
    assert page["run"].violation.law == "one leader in the end"
    assert {end["current_term"] for end in states(page["run"])[-1].values()} == {303}


def elections_hasty():
    page = ran("3-algorithms/raft-elections.ipynb", "three =", "def members", "fig-elections-hasty")
    left, right = page["comes_back"](page["right"]), page["comes_back"](page["wrong"])
    back = next(step.at for step in left if step.kind == "heal")
    assert states(left)[20]["s1"]["role"] is states(right)[20]["s1"]["role"] is Role.LEADER
    for run, wakes in ((left, {"s2", "s3"}), (right, {"s3"})):
        asked = {
            s.node
            for s in run
            if s.at > back and isinstance(s.event, Timeout) and s.event.timer == "election"
        }
        assert asked == wakes
        assert not len(states(run)[20]["s3"]["log"])
    led = [(step.node, text) for step in left for text in notes(left, step.number) if "leads" in text]
    assert [name for name, _ in led] == ["s1", "s2"]
    assert [text for step in right for text in notes(right, step.number) if "leads" in text] == [
        "leads term 1"
    ]


def raft_repair():
    trace = raft_runs.log_repair()
    assert commands(trace, "s1", 18) == [None, "x=1", "x=2"]
    assert (trace.step(19).kind, trace.step(32).node) == ("crash", "s2")
    assert [
        type(e.message).__name__ for n in (33, 37) for e in trace.step(n).effects if hasattr(e, "message")
    ] == ["Refused"] * 2
    assert notes(trace, 39) == ["cuts its log after 2"]
    assert commands(trace, "s1") == commands(trace, "s2") == [None, "x=1", None, "x=3"]


def raft_two_votes():
    kept, broken = raft_runs.two_votes(), raft_runs.two_votes("RAFT-01")
    assert kept.violation is None
    assert broken.violation.law == "election safety"
    assert [step.kind for step in broken.steps[7:9]] == ["crash", "restart"]


def raft_lost_ack():
    kept, broken = raft_runs.lost_acknowledgement(), raft_runs.lost_acknowledgement("RAFT-09")
    assert kept.violation is None
    assert broken.violation.law == "leader completeness"
    assert commands(broken, "s2") == []
    assert commands(kept, "s2") == [None, "x=1"]


def raft_8():
    wrong, right = raft_runs.figure_eight("RAFT-05"), raft_runs.figure_eight()
    assert divergence(wrong, right) == 29
    assert (wrong.violation.law, wrong.violation.step, right.violation) == ("leader completeness", 37, None)
    assert (commands(right, "s1", 28), commands(right, "s2", 28)) == ([None, "x=1", None], [None, "x=1"])
    assert states(wrong)[28]["s1"]["commit_index"] == 2
    assert states(right)[28]["s1"]["commit_index"] == 0
    assert [notes(right, number) for number in (17, 25, 37, 40)] == [
        ["leads term 2"],
        ["leads term 3"],
        ["leads term 4"],
        ["cuts its log after 1"],
    ]


def raft_8e():
    trace = raft_runs.figure_eight(one_more=True)
    assert trace.violation is None
    assert states(trace)[30]["s1"]["commit_index"] == 3
    assert not any(text == "leads term 4" for step in trace for text in notes(trace, step.number))


def raft_everybody():
    runs = (simulate("raft", seed, mutant="RAFT-03") for seed in range(1, 60))
    short = shrink(next(run for run in runs if run.violation))
    assert short.violation.law == "leader completeness"
    assert len(short) <= 25


def clients():
    names = bound("fig-clients")
    calls, verdict = calls_of(positioned(names["trace"])), names["verdict"]
    assert verdict == Placed("OK", (1, 0, 2, 3, 4, 5, 6, 7))
    assert [call.label for call in calls[:2]] == ["put x=1", "get x -> none"]
    assert calls[0].start < calls[1].start < calls[0].stop
    assert [call.asked for call in calls if call.process == "p"] == [1, 2, 3, 4]


def stale_read():
    names = bound("fig-stale-read")
    trace, verdict = names["trace"], names["verdict"]
    calls = calls_of(positioned(trace))
    (stuck,) = verdict.stuck
    assert (verdict.outcome, len(verdict.order), calls[stuck].label) == ("ILLEGAL", 7, "get x -> 2")
    put = next(call for call in calls if call.label == "put x=3")
    assert trace.step(31).kind == "partition"
    assert put.stop == 44 < calls[stuck].start
    assert trace.step(calls[stuck].start).effects[1].to == "a"


def quorums():
    trace = trace_of("fig-quorums")
    nodes = next(nodes for step, nodes, _ in replayed(trace) if step.number == 38)
    assert (nodes["b"].role, nodes["b"].term, nodes["b"].votes) == ("leader", 2, frozenset("bc"))
    assert nodes["a"].commit == 2
    assert nodes["a"].match == Map({"a": 2, "b": 2, "c": 2})
    assert nodes["b"].values == nodes["a"].values


def two_majorities():
    switched, kept = member_runs.two_majorities("RAFT-34"), member_runs.two_majorities()
    assert (switched.violation.law, switched.violation.step) == ("election safety", 40)
    assert [step.number for step in switched if "leads term 2" in texts(step)] == [34, 40]
    assert "changes the members to n1, n2, n3, n4, n5" in texts(switched.step(15))
    assert {switched.step(number).node for number in (18, 21)} == {"n4", "n5"}
    assert kept.violation is None
    assert [step.node for step in kept if "leads term 2" in texts(step)] == ["n1"]


def two_changes():
    broken, kept = member_runs.two_changes("RAFT-19"), member_runs.two_changes()
    assert (broken.violation.law, broken.violation.step) == ("leader completeness", 45)
    assert "changes the members to n1, n2, n3, n4, n5" in texts(broken.step(19))
    assert "leads term 2" in texts(broken.step(29))
    assert "changes the members to n2, n3, n4" in texts(broken.step(30))
    assert any(
        getattr(effect, "value", None) and effect.value.index == 3 for effect in broken.step(34).effects
    )
    assert kept.violation is None
    assert any(type(getattr(e, "value", None)).__name__ == "ChangeRefused" for e in kept.step(30).effects)
    assert "leads term 3" in texts(kept.steps[-1])


def joint():
    trace = member_runs.joint_change()
    assert "changes the members to n2, n3, n4" in texts(trace.step(18))
    assert type(trace.step(20).event.message).__name__ == "Refused"
    outputs = {step.number: [e.value.index for e in step.effects if hasattr(e, "value")] for step in trace}
    assert (outputs[23], outputs[24], outputs[28]) == ([], [2], [3])
    assert texts(trace.step(28)) == ["steps down in term 1: it is no longer a voter"]
    assert not any(step.kind == "deliver" and step.node == "n3" and step.number > 17 for step in trace)
    assert (trace.step(37).node, outputs[37], trace.violation) == ("n2", [3, 4], None)


def hand_over():
    trace = member_runs.hand_over()
    assert "hands over to n3" in texts(trace.step(20))
    assert any(type(getattr(e, "value", None)).__name__ == "NotLeader" for e in trace.step(21).effects)
    assert any(type(getattr(e, "message", None)).__name__ == "TimeoutNow" for e in trace.step(23).effects)
    assert texts(trace.step(26)) == ["leads term 2"]
    assert "timeout" not in [step.kind for step in trace.steps[19:]]


def reads_stale():
    stale, right = kv_runs.stale_read("RAFT-13"), kv_runs.stale_read()
    assert stale.step(26).kind == "partition"
    assert texts(stale.step(42)) == ["raft: leads term 2"]
    assert [operations(stale.step(number)) for number in (25, 51, 54)] == [
        [("ann", "ok", "x", 1)],
        [("ann", "ok", "x", 2)],
        [("bob", "ok", "x", 1)],
    ]
    assert "steps down" in texts(stale.step(55))[0]
    assert 46_000 < stale.step(55).at - stale.step(54).at < 47_000
    assert (stale.violation, kv_runs.judged(stale).outcome.name) == (None, "ILLEGAL")
    assert kv_runs.judged(right).outcome.name == "OK"


def early():
    broken, kept = kv_runs.early_read("RAFT-14"), kv_runs.early_read()
    assert operations(broken.step(37)) == [("bob", "ok", "x", None)]
    assert operations(kept.steps[-1]) == [("bob", "ok", "x", 1)]
    assert [kv_runs.judged(trace).outcome.name for trace in (broken, kept)] == ["ILLEGAL", "OK"]
    assert any(type(getattr(e, "message", None)).__name__ == "Inner" for e in kept.step(37).effects)


def late_no():
    broken, kept = found_runs.late_no("RAFT-44"), found_runs.late_no()
    said = [one for step in broken for one in operations(step)]
    assert said[-3:] == [
        ("c1.1", "ok", "k0", "+c1.1:1"),
        ("c2.1", "invoke", "k0", None),
        ("c2.1", "ok", "k0", None),
    ]
    assert [kv_runs.judged(trace).outcome.name for trace in (broken, kept)] == ["ILLEGAL", "OK"]
    (no,) = [
        step for step in broken if type(message_of(step.event)) is Confirmed and step.event.sender == "n3"
    ]
    assert message_of(no.event) == Confirmed(2, 1)


def lease():
    beyond, within = kv_runs.lease_read(200_000, seed=206), kv_runs.lease_read(1_000, seed=206)
    assert [kv_runs.judged(trace).outcome.name for trace in (beyond, within)] == ["ILLEGAL", "OK"]
    (elected,) = [step for step in beyond if "raft: leads term 2" in texts(step)]
    answer = next(step for step in beyond if step.node == "n1" and step.at > elected.at and step.effects)
    assert (elected.at // 1000, answer.at // 1000) == (1000, 1021)
    last = [value for step in within for value in operations(step)][-1]
    assert last == ("bob", "invoke", "x", None)


def twice():
    broken, kept = kv_runs.retry("RAFT-15"), kv_runs.retry()
    assert [operations(trace.steps[-1]) for trace in (broken, kept)] == [
        [("bob", "ok", "x", "aa")],
        [("bob", "ok", "x", "a")],
    ]
    assert broken.step(23).kind == "invoke"
    assert [kv_runs.judged(trace).outcome.name for trace in (broken, kept)] == ["ILLEGAL", "OK"]


def install():
    trace = snapshot_runs.catching_up()
    assert (trace.step(20).kind, trace.step(20).node) == ("crash", "n3")
    assert len([e for e in trace.step(39).effects if "raft/snapshot" in getattr(e, "changes", ())]) == 1
    assert (trace.step(46).kind, trace.step(46).node) == ("restart", "n3")
    assert (trace.step(50).node, trace.step(53).node, trace.step(55).node) == ("n3", "n3", "n1")
    assert texts(trace.step(52)) == ["raft: sends n3 a snapshot"]
    assert texts(trace.step(53)) == ["raft: installs a snapshot up to 3"]


def late_snapshot():
    broken, kept = snapshot_runs.late_snapshot("RAFT-17"), snapshot_runs.late_snapshot()
    assert (broken.violation.law, broken.violation.step) == ("leader completeness", 89)
    assert kept.violation is None
    for trace in (broken, kept):
        assert [
            number for number in range(1, 90) if "raft: sends n3 a snapshot" in texts(trace.step(number))
        ] == [
            53,
            60,
        ]
        assert operations(trace.step(66)) == [("ann", "ok", "x", 3)]
        assert (trace.step(71).node, trace.step(71).cause[0]) == ("n3", 53)
        assert trace.step(74).kind == "crash"
        assert texts(trace.step(89)) == ["raft: leads term 2"]
    changed = [any(hasattr(e, "changes") for e in trace.step(71).effects) for trace in (broken, kept)]
    assert changed == [True, False]


def snapshot_cost():
    """The cells of the page assert that the counted cost is the predicted one."""
    costs = {k: 4 / k + (k - 1) / 100 for k in (5, 10, 20, 40, 80)}
    assert [round(cost, 2) for cost in costs.values()] == [0.84, 0.49, 0.39, 0.49, 0.84]
    run = snapshot_runs.writing(40, keys=4, snapshot_every=20)
    assert snapshot_runs.snapshot_records(run) / 40 + sum(
        snapshot_runs.entries_to_replay(run)
    ) / 40 / 50 == pytest.approx(costs[20])


def operations(step):
    """Return what clients ask and hear in a step, as (process, type, key, value)."""
    values = [effect.value for effect in step.effects if hasattr(effect, "value")]
    return [(value.process, value.type, value.key, value.value) for value in values if hasattr(value, "f")]


def texts(step):
    """Return the texts that a step notes."""
    return [effect.text for effect in step.effects if hasattr(effect, "text")]


@cache
def linearizability():
    """Return what the cells of the page bind; each asserts what its prose says."""
    path = ROOT / "chapters" / "4-code" / "linearizability.ipynb"
    names = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names


def quarrel():
    trace = linearizability()["quarrel"]
    calls = calls_of(positioned(trace))
    assert next(step.number for step in trace if step.kind == "partition") == 59
    (append,) = (call for call in calls if call.process == "c3.1")
    earlier, late = (call for call in calls if call.process == "c2.1")
    beside = next(call for call in calls if call.process == "c1.1" and call.f == "get")
    assert (append.asked, append.stop) == ("+c3.1:1", 138)
    assert (late.start, late.stop, late.answer) == (139, 145, "+c1.1:1")
    for call in (earlier, beside):
        assert call.answer == "+c1.1:1"
        assert call.start < append.stop
        assert append.start < call.stop


def old_leader():
    quarrel()
    trace = linearizability()["quarrel"]
    leaders = {
        step.number: {name for name in ("n1", "n2", "n3") if nodes[name].raft.role.name == "LEADER"}
        for step, nodes, _ in replayed(trace)
        if step.number in (115, 116, 146, 147)
    }
    assert leaders == {115: {"n3"}, 116: {"n1", "n3"}, 146: {"n1", "n3"}, 147: {"n1"}}
    verdict = linearizable(History.of(trace), "key-value")
    assert [(call.text, call.process) for call in verdict.stuck] == [("get k0 -> +c1.1:1", "c2.1")]
    order = [(call.process, call.f) for call in verdict.partial]
    assert order == [("c1.1", "append"), ("c2.1", "get"), ("c1.1", "get"), ("c3.1", "append")]


def silent():
    calls = calls_of(positioned(linearizability()["correct"]))
    assert [(call.process, call.f) for call in calls if not call.stop] == [("c2.1", "get"), ("c1.1", "get")]
    assert [call.f for call in calls if call.process == "c3.1"] == ["append", "append", "get"]


def by_hand():
    right = {name: linearizable(drawn(picture), "register").ok for name, picture in BY_HAND.items()}
    assert right == {"one": True, "two": True, "three": False, "four": True}


def search_steps():
    names = linearizability()
    assert (names["tree"][-1], names["memo"][-1]) == (18_739, 1_358)
    assert names["memo"][0] == names["tree"][0]


@cache
def how_we_know():
    """Return what the cells of the page bind, run in its folder; each asserts what its prose says."""
    path = ROOT / "chapters" / "4-code" / "how-we-know.ipynb"
    names = {}
    with contextlib.chdir(path.parent):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)
    return names


def lost_entry():
    kept, lost = how_we_know()["kept"], how_we_know()["lost"]
    assert kept.violation is None
    assert (lost.violation.law, lost.violation.step) == ("leader completeness", len(lost))
    before = [(step.kind, step.node) for step in kept if step.number < len(lost)]
    assert before == [(step.kind, step.node) for step in lost][:-1]
    (crash,) = (step for step in lost if step.kind == "crash")
    assert crash.node == "n1"
    nodes = next(nodes for step, nodes, _ in replayed(lost) if step.number == crash.number)
    assert nodes["n2"].log.last_index == 2
    assert nodes["n3"].log.last_index == 0


def short_run():
    names = how_we_know()
    shortest, found = names["shortest"], names["each_step"]
    assert shortest.violation.law == found.violation.law == "leader completeness"
    assert (length(shortest), len(names["moves"])) == (9, 91)
    nodes = [nodes for _, nodes, _ in replayed(shortest)][-1]
    assert nodes["n2"].role.name == "LEADER"
    assert (nodes["n2"].log[1].term, nodes["n3"].log[1].term) == (2, 1)


def catch():
    names = how_we_know()
    assert names["predicted"] == sorted(names["predicted"])
    assert names["measured"][0] == names["p"]


def a_bug(mutant, led_to):
    """The claim of each figure of a bug: the left run breaks the law at its end, the right one keeps it."""
    names = {"__name__": "book"}
    exec(compile(code_of(mutant, led_to), mutant.id, "exec"), names)
    broken, correct = names["runs"].values()
    judge = judge_of(mutant.system)
    said = [*correct.violations, *(judge(correct) if judge is not None else ())]
    found = said_of(broken, mutant.leads_to if led_to else mutant.breaks)[0]
    law, step = found.law, found.step
    assert law == (mutant.leads_to if led_to else mutant.breaks)
    assert law not in [violation.law for violation in said]
    assert not step or all(later.kind in ("drop", "crash") for later in broken.steps[step:]), (
        "nothing is done after it"
    )
    if law == "linearizability":
        assert [one.ok for one in names["verdict"].values()] == [False, True]


BUGS = {
    f"fig-{place(id)}{'-leads-to' * led_to}": partial(a_bug, mutant, led_to)
    for id in entries()
    for mutant in all_mutants(only=(id,))
    for led_to in (False, True)
    if (ROOT / file_of(mutant, led_to)).is_file()
}
CLAIMS = BUGS | {
    "fig-install": install,
    "fig-late-snapshot": late_snapshot,
    "fig-snapshot-cost": snapshot_cost,
    "fig-reads-stale": reads_stale,
    "fig-early-read": early,
    "fig-late-no": late_no,
    "fig-lease": lease,
    "fig-twice": twice,
    "fig-two-majorities": two_majorities,
    "fig-two-changes": two_changes,
    "fig-joint": joint,
    "fig-hand-over": hand_over,
    "fig-lost-entry": lost_entry,
    "fig-short-run": short_run,
    "fig-catch": catch,
    "fig-disagree": disagree,
    "fig-two-generals": two_generals,
    "fig-no-fault": no_fault,
    "fig-beside": beside,
    "fig-loss": loss,
    "fig-relay": relay,
    "fig-partition": partition,
    "fig-clients": clients,
    "fig-stale-read": stale_read,
    "fig-quorums": quorums,
    "fig-lunch": lunch,
    "fig-lunch-twice": lunch_twice,
    "fig-ring-of-four": ring_of_four,
    "fig-spread": spread,
    "fig-hot-key": hot_key,
    "fig-explore": changed,
    "fig-fork": changed,
    "fig-no-relay": changed,
    "fig-ring": ring,
    "fig-raft-copies": raft_copies,
    "fig-raft-election": raft_election,
    "fig-raft-recovery": raft_recovery,
    "fig-elections-together": elections_together,
    "fig-elections-hasty": elections_hasty,
    "fig-raft-repair": raft_repair,
    "fig-raft-two-votes": raft_two_votes,
    "fig-raft-lost-ack": raft_lost_ack,
    "fig-raft-8": raft_8,
    "fig-raft-8-twice": raft_8,
    "fig-raft-8e": raft_8e,
    "fig-raft-everybody": raft_everybody,
    "fig-quarrel": quarrel,
    "fig-old-leader": old_leader,
    "fig-silent": silent,
    "fig-hand-one": by_hand,
    "fig-hand-two": by_hand,
    "fig-hand-three": by_hand,
    "fig-hand-four": by_hand,
    "fig-steps": search_steps,
    **{name: claim for page in PAGES for name, claim in page.CLAIMS.items()},
}


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_what_the_prose_says_holds_in_the_run(name):
    CLAIMS[name]()


@pytest.mark.site
def test_every_figure_of_the_site_has_a_claim(built_site):
    found = set()
    for page in written(built_site):
        found |= {figure["id"] for figure in soup(page).select("figure.ds-run[id]")}
    assert found == set(CLAIMS)


def test_the_code_that_authors_are_shown_makes_the_run_of_the_figure():
    text = (ROOT / "book" / "recording.md").read_text(encoding="utf-8")
    code = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1].replace(
        'trace.save("lunch.jsonl")', ""
    )
    names = {}
    exec(code, names)
    assert names["trace"].steps == trace_of("fig-lunch").steps


def test_every_cited_step_is_one_of_its_figure():
    cited = 0
    for path in sorted([*(ROOT / "book").glob("*.md"), *(ROOT / "chapters").rglob("*.md")]):
        for name, step in re.findall(
            r"\{step\}`[^`]*?(fig-[\w-]+)@(\d+)>?`", path.read_text(encoding="utf-8")
        ):
            trace = bound(name).get("trace") or runs_of(name)[0]
            assert 1 <= int(step) <= len(trace), f"{path.name}: {name}@{step}"
            cited += 1
    assert cited
