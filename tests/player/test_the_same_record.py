"""What the page knows of a run is what Python knows: the file form byte for byte, the sentences, the states."""

import json

import pytest

import views_runs
from distsys import S, Trace, simulate
from distsys.core import systems
from distsys.core.canonical import plain, text
from distsys.core.events import Deliver
from distsys.core.trace import Step
from distsys.drivers import replay
from distsys.drivers.replay import states
from distsys.lab import real_runs, shared_memory_runs
from distsys.lab.scenarios import overtaking_reply
from distsys.views.payload import payload
from distsys.views.words import sentence
from log_runs import log_run
from player_pages import opened, write_page
from store_runs import with_faults

HOSTILE = '</script><img src=x onerror=alert(1)> \x1b it\'s "q" \u200b \u2028 &lt;'


BYTES = (b"", b"plain", b"it's", b'"so"', b'it\'s "so"', bytes(range(256)))


def of_bytes():
    """Return a trace with a message for each of the bytes that Python writes in its own way."""
    made = views_runs.by_hand()
    steps = [
        Step(i, i, "deliver", "n1", Deliver("n2", each), (), 1, (1, 0)) for i, each in enumerate(BYTES, 6)
    ]
    return Trace(made.header, (*made, *steps), ())


def many_runs():
    """Return runs of every system and mutant, and all that the simulator can write."""
    runs = [
        overtaking_reply(),
        overtaking_reply("CB-01"),
        views_runs.every_fault(),
        views_runs.broken(),
        log_run(300),
        with_faults(),
    ]
    runs += [real_runs.recorded(name) for name in real_runs.STORIES]
    runs += [shared_memory_runs.peterson(), shared_memory_runs.fenced(), shared_memory_runs.inversion(True)]
    runs += [shared_memory_runs.starved()]
    runs += [views_runs.by_hand(), views_runs.by_hand(HOSTILE), of_bytes()]
    for system in systems.shipped():
        runs += [simulate(system, seed=seed, until=1 * S, settle=1 * S) for seed in range(3)]
        for mutant in systems.mutants(system)[::3]:
            runs.append(simulate(system, seed=3, mutant=mutant.id, until=1 * S, settle=1 * S))
    return runs


@pytest.fixture(scope="module")
def runs():
    return many_runs()


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    page = opened(browser, write_page(tmp_path_factory.mktemp("page") / "empty.html"))
    yield page
    assert page.problems == []
    page.close()


ASK = """data => {
  const figure = document.createElement('dist-trace'), holder = document.createElement('script');
  holder.type = 'application/json';
  holder.textContent = JSON.stringify({runs: [{label: '', first: 1, last: data.steps.length, data}]});
  figure.append(holder);
  document.body.append(figure);
  figure.begin();
  const answer = {trace: figure.trace, sentences: figure.sentences, told: figure.told};
  figure.remove();
  return answer;
}"""


def test_the_page_gives_back_the_file_form_byte_for_byte_and_says_the_same_sentences(page, runs):
    for trace in runs:
        answer = page.evaluate(ASK, json.loads(json.dumps(payload(trace))))
        assert answer["trace"] == trace.text(), trace
        assert answer["sentences"] == [sentence(trace, step) for step in trace], trace
        assert answer["told"].startswith(sentence(trace, trace[-1])), trace


def test_what_a_page_saves_loads_and_replays(page):
    trace = overtaking_reply()
    saved = page.evaluate(ASK, payload(trace))["trace"]
    assert replay(Trace.loads(saved)) == trace


def unfold(changes, fields):
    """Return the forms of the declared fields, from what changed: a second reading of the payload, in Python."""
    for field, form in changes:
        fields[field] = fold(fields.get(field), form)
    return fields


def fold(old, form):
    if not isinstance(form, dict):
        return form
    if "$tail" in form:
        keep, *items = form["$tail"]
        before = old["$log"] if isinstance(old, dict) else old
        now = before[:keep] + items
        return {"$log": now} if isinstance(old, dict) else now
    if "$put" in form:
        put = {text(key): (key, value) for key, value in [*old["$map"], *form["$put"]]}
        return {"$map": [list(put[key]) for key in sorted(put)]}
    if "$more" in form:
        return {"$set": sorted([*old["$set"], *form["$more"]], key=text)}
    return form


def test_the_changes_of_declared_fields_add_up_to_the_states_of_a_replay(runs):
    from distsys.views.projections import field_of, project

    for trace in runs[:5]:
        found, known = project(trace), {}
        shots = states(
            trace,
            of=lambda node: {name: plain(field_of(node, path)) for name, path in type(node).declared.items()},
        )
        for step, shot in zip(trace, shots, strict=True):
            if step.event is None:
                continue
            if step.kind in ("start", "restart"):
                known[step.node] = {}
            unfold(
                [(found.fields[f], form) for f, form in found.changes.get(step.number, ())], known[step.node]
            )
            if step.node in shot:
                assert known[step.node] == shot[step.node], (trace, step.number)


def test_the_handlers_are_those_of_the_code():
    from distsys.views.projections import project

    found = project(overtaking_reply())
    assert found.handlers[found.handler_of[9] - 1] == "PerfectLinks.on_message, PerfectLinks.on_ack"
    assert "CausalBroadcast.on_broadcast" in found.handlers[found.handler_of[5] - 1]


CONE = """([data, steps]) => {
  const figure = document.createElement('dist-trace'), holder = document.createElement('script');
  holder.type = 'application/json';
  holder.textContent = JSON.stringify({runs: [{label: '', first: 1, last: data.steps.length, data}]});
  figure.append(holder);
  document.body.append(figure);
  figure.begin();
  const answer = steps.map((step) => {
    figure.seekStep(step);
    const cone = figure.causes();
    return [cone.before, cone.after];
  });
  figure.remove();
  return answer;
}"""


def test_the_causal_past_and_future_are_those_of_happened_before(page, runs):
    for trace in runs[:5]:
        pasts = trace.happened_before()
        asked = [step.number for step in trace if step.event is not None][::3]
        expected = [[len(pasts[n - 1]), sum(n in past for past in pasts)] for n in asked]
        assert page.evaluate(CONE, [payload(trace), asked]) == expected, trace
