"""One test for each figure of the book: what the prose says of it holds in its run, at the step that is cited."""

import json
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from bug_texts import RUNS, code_of, entries, place

from distsys.algorithms.broadcast_messages import Delivery
from distsys.algorithms.hashing import Maglev, Ring, loads, max_over_mean
from distsys.algorithms.measures import coefficient_of_variation
from distsys.checkers.judging import judge_of
from distsys.checkers.matrix import all_mutants
from distsys.core.events import Timeout
from distsys.core.values import Map
from distsys.drivers.replay import replayed
from distsys.lab import datasets
from distsys.lab.workloads import zipf_requests
from distsys.views import Placed
from distsys.views.calls import calls_of, positioned
from site_pages import soup, written

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^(:{3,})\{spacetime\} .*?\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^:name: (\S+)$", re.MULTILINE)


def blocks():
    """Return {name: code} of all figures that pages in Markdown make."""
    found = {}
    for path in sorted((ROOT / "book").glob("*.md")):
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


def a_bug(mutant):
    """The claim of each figure of the bug gallery: its code breaks the law that it names, and the correct code does not."""
    names = {"__name__": "book"}
    exec(compile(code_of(mutant), mutant.id, "exec"), names)
    broken, correct = names["runs"].values()
    judge = judge_of(mutant.system)
    said = [*correct.violations, *(judge(correct) if judge is not None else ())]
    assert broken.violation.law in (mutant.breaks, *mutant.stronger)
    assert broken.violation.law not in [violation.law for violation in said]
    assert broken.violation.step in (0, len(broken)), "it is at the last step, or judged after it"
    if broken.violation.law == "linearizability":
        assert [one.ok for one in names["verdict"].values()] == [False, True]


BUGS = {
    f"fig-{place(id)}": partial(a_bug, mutant)
    for id in entries()
    for mutant in all_mutants(only=(id,))
    if (ROOT / RUNS / f"{id}.jsonl").is_file()
}
CLAIMS = BUGS | {
    "fig-disagree": disagree,
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
    for path in sorted((ROOT / "book").glob("*.md")):
        for name, step in re.findall(
            r"\{step\}`[^`]*?(fig-[\w-]+)@(\d+)>?`", path.read_text(encoding="utf-8")
        ):
            trace = bound(name).get("trace") or runs_of(name)[0]
            assert 1 <= int(step) <= len(trace), f"{path.name}: {name}@{step}"
            cited += 1
    assert cited
