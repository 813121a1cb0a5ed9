"""The matrix of mutants: green rows, each kind of red row, and the command that prints them."""

import json
from dataclasses import replace

import pytest

from distsys import Trace, systems
from distsys.algorithms.broadcast_messages import Broadcast
from distsys.checkers import matrix as matrix_module
from distsys.checkers.matrix import Row, all_mutants, matrix, row_of, store
from distsys.cli import main
from distsys.cli.sweep import table as lines_of
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.drivers import length, reperform
from distsys.drivers.schedules import crash, deliver, request

BY_ID = {mutant.id: mutant for mutant in all_mutants()}
STORY = (request("n1", Broadcast("a")), request("n1", Broadcast("b")), deliver("n1", "n2", over=1))
HARMLESS = (request("n1", Broadcast("a")), crash("n2"))


@pytest.fixture
def altered():
    """Return a function that changes a mutant for the time of a test."""
    before = dict(systems._MUTANTS)

    def alter(id, **changes):
        systems._MUTANTS[id] = replace(BY_ID[id], **changes)
        return systems._MUTANTS[id]

    load = systems._load_mutants
    systems._load_mutants = lambda: None
    yield alter
    systems._load_mutants = load
    systems._MUTANTS.update(before)


def test_a_green_row_says_how_the_mutant_was_caught():
    row = row_of(BY_ID["CB-01"])
    assert (row.green, row.seeds, row.law, row.length) == (True, 1, "causal order", 3)
    assert dict(row.caught) == {"explorer": "caught", "swarm": "caught"}
    assert row.explored == (4, 47, "3 nodes, 2 requests")
    assert length(row.trace) == row.length
    assert row.trace.violation.law == "causal order"
    assert row_of(BY_ID["CB-04"]).caught == {"liveness": "caught"}


def test_a_mutant_of_a_value_is_caught_by_its_unit_law():
    row = row_of(BY_ID["HASH-06"])
    assert (row.green, row.law, row.trace, row.length) == (True, "distinct_replicas", None, None)
    assert row.caught == {"unit": "caught"}
    wrong = row_of(replace(BY_ID["HASH-06"], breaks="totality"))
    assert wrong.reds == ("'totality' holds; broken: distinct_replicas",)


def test_a_row_is_red_when_another_law_catches_the_mutant():
    row = row_of(replace(BY_ID["CB-01"], breaks="no creation", scope={"requests": 1}))
    assert "swarm found 'causal order' in place of 'no creation'" in row.reds
    law, seeds, _, own = row.before
    assert (law, seeds, own) == ("causal order", 1, None), (
        "asked by itself, the law of the row does not speak"
    )
    assert (row.green, row.seeds, row.law) == (False, None, None)


def test_where_another_law_speaks_first_that_of_the_row_is_asked_by_itself_in_the_same_runs():
    row = row_of(
        replace(BY_ID["RAFT-09"], breaks="leader completeness", leads_to=None, scope={"timeouts": 0})
    )
    law, seeds, step, own = row.before
    assert (law, seeds, own) == ("durable before revealed", 1, None)
    assert step > 0
    assert row.caught["swarm"] == "caught"
    assert row.seeds > seeds, "a run in which it does not speak does not count"
    assert row.law == "durable before revealed", (
        "no run breaks the other law first: the stored one is judged by all"
    )
    assert row.reds == ("the explorer says HOLDS",), "it is asked about the law of the row alone"


def test_a_row_is_red_when_the_budget_is_used_up():
    row = row_of(BY_ID["FD-03"], seeds=2)
    assert row.reds == ("no violation in 2 seeds", "not caught by 2 seeds")
    assert row.caught == {"liveness": "missed"}


def test_a_row_is_red_when_a_law_of_safety_complains_of_a_mutant_of_liveness():
    found = row_of(replace(BY_ID["BEB-02"], klass="L", breaks="validity for all"))
    assert found.reds[0] == "seed 0 breaks 'no duplication', which is a law of safety"


def test_a_run_that_only_does_not_recover_counts_neither_for_nor_against_a_row_of_safety():
    row = row_of(replace(BY_ID["CB-03"], breaks="causal order"))
    assert row.reds == ("no violation in 200 seeds", "not caught by 200 seeds")


def test_a_row_is_red_when_its_run_is_too_long(monkeypatch):
    monkeypatch.setattr("distsys.core.systems.NodeMutant.length_max", property(lambda self: 2))
    assert row_of(BY_ID["CB-01"]).reds == ("3 events, more than 2",)


def test_a_directed_schedule_is_the_unit_of_a_mutant_of_a_node(altered):
    mutant = altered("CB-01", klass="X", scenario="unit_test_matrix_scenarios:STORY")
    import sys
    import types

    module = types.ModuleType("unit_test_matrix_scenarios")
    module.STORY, module.HARMLESS = STORY, HARMLESS
    sys.modules[module.__name__] = module
    try:
        row = row_of(mutant)
        assert (row.green, row.seeds, row.length) == (True, None, 3)
        assert row.caught == {"unit": "caught", "explorer": "caught"}
        harmless = row_of(replace(mutant, scenario="unit_test_matrix_scenarios:HARMLESS"))
        assert harmless.reds[0] == "unit found nothing in place of 'causal order'"
    finally:
        del sys.modules[module.__name__]


def test_the_explorer_is_asked_within_the_scope_of_the_mutant():
    row = row_of(replace(BY_ID["CB-01"], klass="X", scope={"requests": 2, "options": {"broadcasts": 2}}))
    assert (row.green, row.seeds) == (True, None)
    assert row.caught == {"explorer": "caught"}
    assert (row.length, row.explored[0]) == (length(row.trace), 4)
    assert reperform(row.trace).text() == row.trace.text()
    tight = row_of(replace(BY_ID["CB-01"], klass="X", scope={"requests": 1}))
    assert tight.reds[0] == "the explorer says HOLDS"


def test_a_run_of_the_explorer_is_kept_where_the_shrunk_ones_are_longer():
    row = row_of(BY_ID["BEB-02"])
    assert (row.green, row.length, row.explored[0]) == (True, 3, 4), "a copy is an action, and no event"
    assert reperform(row.trace).text() == row.trace.text()
    assert row_of(replace(BY_ID["BEB-02"], klass="L", breaks="validity for all")).explored is None


def test_the_rows_do_not_depend_on_the_workers():
    alone = matrix("vector-clock", workers=1)
    assert [row.mutant.id for row in alone] == ["CLK-03", "CLK-03b", "CLK-04", "VEC-01", "VEC-02", "VEC-03"]
    for one, other in zip(alone, matrix("vector-clock", workers=2), strict=True):
        assert one.plain() == other.plain()


def test_classes_and_names_are_checked():
    with pytest.raises(ArgumentError, match="klass must be one of Q, D, X, L, U"):
        replace(BY_ID["CB-01"], klass="Z")
    with pytest.raises(
        UnknownNameError, match="has no mutants; these have: abd, abd-multi, bakery, best-effort-broadcast"
    ):
        all_mutants("nothing")
    assert BY_ID["CB-01"].length_max == 12
    assert replace(BY_ID["CB-01"], depth=11).length_max == 22


def test_every_row_of_the_catalogue_that_has_code_is_there():
    assert {"HASH-01", "HASH-06", "CLK-01", "CLK-04", "RAFT-01", "BEB-01", "FD-07", "MEM-05"} <= set(BY_ID)
    assert len(BY_ID) >= 44
    for mutant in systems.mutants():
        finals = {law.name for law in systems.find(mutant.system).laws if law.when == "finally"}
        if mutant.klass != "X" and not mutant.system.startswith("raft"):
            # ZK-05 breaks a law of safety in the same runs, sooner or later, so it is no bug of liveness alone.
            expected = mutant.breaks in finals and mutant.id != "ZK-05"
            assert (mutant.klass == "L") == expected, mutant.id


# The command line


def test_the_command_prints_the_matrix_and_keeps_rows_and_runs(tmp_path, capsys):
    rows = tmp_path / "rows.json"
    words = ("mutants", "causal-broadcast", "--only", "CB-01", "--only", "CB-05", "--workers", "1")
    assert main((*words, "--json", str(rows), "--store", str(tmp_path))) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == [
        "mutant", "class", "unit", "swarm", "explorer", "linearizability", "liveness", "seeds", "events", "law",
    ]  # fmt: skip
    assert "2 mutants, 0 red" in out
    kept = {row["id"]: row for row in json.loads(rows.read_text())}
    assert kept["CB-01"]["caught"]["swarm"] == "caught"
    assert kept["CB-01"]["length"] == 3
    trace = Trace.load(tmp_path / "CB-01.jsonl")
    assert trace.digest() == kept["CB-01"]["digest"]
    assert {path.name for path in tmp_path.glob("*.jsonl")} == {"CB-01.jsonl", "CB-05.jsonl"}


def test_the_command_is_red_when_a_row_is(capsys):
    assert main(("mutants", "--only", "CB-02", "--seeds", "1", "--workers", "1")) == 1
    out = capsys.readouterr().out
    assert "red: CB-02 (First in, first out is not enough): no violation in 1 seeds" in out
    assert "1 mutants, 1 red" in out


def test_the_command_says_which_law_spoke_first():
    before = ("total order", 9, 501, 502)
    lines = lines_of(
        [Row(BY_ID["ZAB-11"], {}, before=before), Row(BY_ID["PAX-16"], {}, before=("P2c", 1, 2, None))]
    )
    assert lines[-3:-1] == [
        "first: ZAB-11: 'total order' spoke after 9 seeds at step 501; "
        "'local primary order', asked by itself there, speaks at step 502",
        "first: PAX-16: 'P2c' spoke after 1 seed at step 2; 'P2c', asked by itself there, keeps silent",
    ]


def test_red_rows_are_not_stored(tmp_path):
    red = row_of(replace(BY_ID["CB-01"], breaks="no creation", scope={"requests": 1}))
    assert store([red], tmp_path) == ()


def test_a_row_shows_what_a_bug_leads_to_where_the_stronger_law_is_not_asked(tmp_path):
    row = row_of(BY_ID["RAFT-09"])
    assert row.green, row.reds
    assert row.law == "durable before revealed"
    assert row.consequence.header.laws == ("leader completeness",)
    assert row.consequence.violation.law == "leader completeness"
    assert length(row.consequence) > row.length
    assert row.plain()["consequence"]["law"] == "leader completeness"
    paths = store([row], tmp_path)
    assert [path.name for path in paths] == ["RAFT-09.jsonl", "RAFT-09-consequence.jsonl"]
    kept = Trace.load(paths[1])
    assert reperform(kept).text() == kept.text()


def test_a_consequence_that_no_walk_shows_makes_a_row_red(monkeypatch):
    monkeypatch.setitem(matrix_module.SEEDS, "D", 5)
    row = row_of(replace(BY_ID["RAFT-09"], leads_to="leader append-only"))
    assert row.reds == ("no run breaks 'leader append-only' in 5 seeds",)
    assert row.consequence is None


def test_a_law_that_only_the_history_breaks_has_no_other_before_it():
    row = row_of(BY_ID["RAFT-21"])
    assert (row.green, row.law, row.seeds, row.before) == (True, "linearizability", 3, None)
