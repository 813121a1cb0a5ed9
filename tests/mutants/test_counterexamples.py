"""The stored runs, one for each mutant of a node: each still breaks the law that its row names, byte for byte.

`ID-consequence.jsonl` is a second run of a mutant: judged by the one law to which the bug leads (`leads_to`).

`python -m distsys mutants --store tests/golden/counterexamples` writes them anew; read the difference before you
keep it. `make long` computes the whole catalogue and compares.
"""

from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from distsys import Trace, replay, systems
from distsys.checkers.judging import judge_of
from distsys.checkers.matrix import matrix, row_of, stored
from distsys.drivers import length, reperform
from distsys.drivers.hunt import without_mutant
from distsys.drivers.replay import cluster_of

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "counterexamples"
STORED = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
KNOWN = {mutant.id: mutant for mutant in systems.mutants() if mutant.system in systems.shipped()}
LED_TO = "-consequence"
NOT_STORED: set[str] = set()  # a row whose run has not been computed yet


def judged(trace):
    judge = judge_of(trace.header.system)
    return trace.violations or (judge(trace) if judge is not None else ())


def test_every_mutant_of_a_node_has_a_stored_run_and_every_run_a_mutant():
    led_to = {f"{mutant.id}{LED_TO}" for mutant in KNOWN.values() if mutant.leads_to}
    assert set(STORED) == {*KNOWN, *led_to} - NOT_STORED


@pytest.mark.parametrize("id", STORED)
def test_a_stored_run_breaks_its_law_again_to_the_byte(id):
    text = (FOLDER / f"{id}.jsonl").read_bytes().decode()
    trace, mutant = Trace.loads(text), KNOWN[id.removesuffix(LED_TO)]
    assert trace.header.mutant == mutant.id
    if id.endswith(LED_TO):
        assert trace.header.laws == (mutant.leads_to,)
        assert trace.violation.law == mutant.leads_to
    else:
        assert trace.header.laws == tuple(law.name for law in systems.find(mutant.system).laws)
        assert mutant.breaks in [violation.law for violation in trace.violations or judged(trace)]
    assert length(trace) <= mutant.length_max
    again = reperform(trace)
    assert judged(again)[0].law == trace.violation.law
    assert replay(trace).text() == text
    if again.violations:
        assert again.text() == text
    else:
        assert again.steps == trace.steps, "the steps are the same; the judge speaks after the run"


@pytest.mark.parametrize("id", STORED)
def test_the_correct_code_keeps_the_law_under_the_stored_schedule(id):
    trace = Trace.load(FOLDER / f"{id}.jsonl")
    correct = reperform(trace, without_mutant(cluster_of(trace)))
    assert trace.violation.law not in [violation.law for violation in judged(correct)]


def test_half_of_the_stored_runs_have_at_most_20_events():
    assert median(length(Trace.load(FOLDER / f"{id}.jsonl")) for id in STORED) <= 20


@pytest.mark.parametrize("id", ["CB-02", "LAM-01", "FD-02"])
def test_a_stored_run_comes_out_the_same_100_times(id):
    trace = Trace.load(FOLDER / f"{id}.jsonl")
    assert {reperform(trace).digest() for _ in range(100)} == {trace.digest()}


@pytest.mark.long
@pytest.mark.parametrize("id", [id for id, mutant in KNOWN.items() if mutant.klass == "X"])
def test_a_bug_that_only_a_schedule_by_hand_shows_is_not_found_by_chance(id):
    row = row_of(replace(KNOWN[id], klass="L" if is_final(KNOWN[id]) else "Q", scenario=None))
    assert row.seeds is None, f"{row.seeds} seeds find it: it is no bug of class X"


def is_final(mutant):
    """Return whether the law that a mutant breaks is judged at the end."""
    return any(law.when == "finally" for law in systems.find(mutant.system).laws if law.name == mutant.breaks)


PARTS = 8  # of the catalogue, so that both workers have something to do


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_the_whole_catalogue_is_green_and_the_stored_runs_are_what_it_gives(part, record_property, capsys):
    catalogue = [*KNOWN, *(mutant.id for mutant in systems.value_mutants())][part::PARTS]
    rows = matrix(only=catalogue)
    assert len(rows) == len(catalogue)
    lengths = [row.length for row in rows if row.length is not None]
    line = f"{len(rows)} mutants, median {median(lengths)} events, longest {max(lengths)}"
    record_property("matrix", line)
    with capsys.disabled():
        print("\n" + line)
    red = [f"{row.mutant.id}: {'; '.join(row.reds)}" for row in rows if not row.green]
    assert not red, "\n" + "\n".join(red)
    for row in rows:
        for name, trace in stored(row).items():
            assert trace.text() == (FOLDER / name).read_bytes().decode(), name
