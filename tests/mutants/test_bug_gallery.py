"""The bug gallery of the book: every mutant has one entry, and what it says is what is stored and declared."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from bug_texts import (
    BUGS,
    CARRIED,
    MATRIX,
    entries,
    entry,
    law_of,
    law_table,
    place,
    rows,
    run_of,
    source_of,
    table,
    window,
)

from distsys.checkers.matrix import CAUGHT, WAYS, all_mutants, said_of
from distsys.core import systems
from distsys.core.systems import NodeMutant
from distsys.drivers import length, reperform
from distsys.drivers.hunt import without_mutant
from distsys.drivers.replay import cluster_of

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = {mutant.id: mutant for mutant in all_mutants()}
PAGES = sorted((ROOT / "book").glob("bugs-*.md"))
STORED = [
    id for id, mutant in MUTANTS.items() if isinstance(mutant, NodeMutant) and run_of(mutant) is not None
]


def test_every_mutant_has_exactly_one_entry():
    found = Counter(id for page in PAGES for id in BUGS.findall(page.read_text(encoding="utf-8")))
    assert found == Counter(dict.fromkeys(MUTANTS, 1))


def test_the_table_of_every_page_stands_in_the_gallery():
    text = (ROOT / "book" / "bug-gallery.md").read_text(encoding="utf-8")
    assert re.findall(r"\{bug-matrix\} (\S+)", text) == list(
        dict.fromkeys(re.findall(r"\((bugs-\S+)\.md\)", text))
    )
    assert set(re.findall(r"\{bug-matrix\} (\S+)", text)) == {page.stem for page in PAGES}


@pytest.mark.parametrize("id", MUTANTS)
def test_a_story_is_told_in_two_to_four_sentences_without_names_of_runs(id):
    story = MUTANTS[id].story
    assert 2 <= len(re.findall(r"[.!?](?:\s|$)", story)) <= 4
    assert not re.search(r"\bn\d\b|\bseed \d", story), "the shortest run may change, the story does not"


@pytest.mark.parametrize("id", MUTANTS)
def test_an_entry_shows_the_code_the_law_and_the_figure_of_the_stored_run(id):
    mutant = MUTANTS[id]
    text = entry(mutant)
    assert f"({place(id)})=" in text
    assert source_of(mutant) in text
    assert law_of(mutant).endswith(".")
    if isinstance(mutant, NodeMutant):
        broken = run_of(mutant)
        assert (f"fig-{place(id)}" in text) == (broken is not None)
        assert broken is None or f"{length(broken) or 'no'} event" in text


def test_the_code_of_an_entry_is_all_that_is_wrong():
    text = source_of(MUTANTS["BEB-01"])
    assert text.index("class LinksThatSendOnce") < text.index("class SendsOnce")


@pytest.mark.parametrize("id", STORED)
def test_a_figure_shows_the_step_that_breaks_the_law_or_where_the_two_runs_part(id):
    broken = run_of(MUTANTS[id])
    correct = reperform(broken, without_mutant(cluster_of(broken)))
    last = window(broken, correct)
    assert broken.violation.step <= last
    differ = broken.steps[:last] != correct.steps[:last]
    assert differ or ':panel: "state"' in entry(MUTANTS[id]), "the reader sees a difference"


@pytest.mark.parametrize("id", ["RAFT-22", "RAFT-24", "RAFT-27"])
def test_the_page_carries_of_a_long_run_little_more_than_it_shows_and_says_so(id):
    (options,) = re.findall(rf"\{{bug\}} {id}\n((?:\S+ \d+\n)*)", "".join(p.read_text() for p in PAGES))
    first, last = (int((re.search(rf":{key}: (\d+)", options) or [0, 0])[1]) for key in ("first", "last"))
    text, count = entry(MUTANTS[id], first or 1, last or None), len(run_of(MUTANTS[id]))
    (shown,) = re.findall(r":last: (\d+)", text)
    (carried,) = re.findall(r"run\.steps\[:(\d+)\]", text)
    assert count > 2_000
    assert int(carried) == int(shown) + CARRIED
    assert f"of {count:,} steps" in text


def test_the_stored_matrix_names_declared_mutants_and_says_what_is_stored_of_them():
    assert set(rows()) <= set(MUTANTS)
    for id, row in rows().items():
        mutant, run = MUTANTS[id], run_of(MUTANTS[id])
        assert set(row["caught"]) == set(WAYS)
        assert (CAUGHT in row["caught"].values()) == (row["law"] is not None)
        if not row["reds"]:
            assert row["law"] == mutant.breaks
        if run is not None and not row["reds"]:
            assert (row["length"], row["law"]) == (length(run), said_of(run, mutant.breaks)[0].law), id
            assert row["digest"] == run.digest(), f"{id}: store its run and its row together"


@pytest.mark.parametrize("id", MUTANTS)
def test_an_entry_calls_a_run_shortest_only_where_the_explorer_has_tried_all_shorter_ones(id):
    explored, text = rows()[id]["explored"], entry(MUTANTS[id])
    assert (rows()[id]["caught"]["explorer"] == CAUGHT) == (explored is not None)
    assert ("The explorer tried every order" in text) == (explored is not None)
    if explored is not None:
        actions, states, bounds = explored
        assert bounds.split(",")[0] in text, "a verdict without its bounds says nothing"
        assert f"fewer than {actions} action" in text or not actions
        assert f"({states:,} state" in text


def test_the_gallery_lists_the_bugs_of_safety_that_the_explorer_was_not_asked_for_and_how_long_their_runs_are():
    text = (ROOT / "book" / "bug-gallery.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"has more than a dozen events: ([A-Z0-9, -]+)\.", text)
    found = {
        id
        for id, mutant in MUTANTS.items()
        if isinstance(mutant, NodeMutant)
        and mutant.breaks != "linearizability"
        and mutant.breaks
        not in {law.name for law in systems.find(mutant.system).laws if law.when == "finally"}
        and rows()[id]["caught"]["explorer"] != CAUGHT
    }
    unscoped = {id for id in found if id.startswith(("ABD-", "ETCD-", "LOCK-", "ZK-"))}
    assert "For the bugs of etcd, of Chubby and of ZooKeeper no scope has been written yet;" in text
    assert "for those of ABD only that of ABD-01." in text
    assert "ABD-01" not in unscoped
    found -= unscoped
    assert "Its clocks move on together, and CLK-05b needs clocks that differ." in text
    found -= {"CLK-05b"}
    assert listed.split(", ") == sorted(found)
    assert all(rows()[id]["length"] > 12 for id in found)


def test_the_gallery_says_how_the_depths_of_zab_were_chosen_and_how_long_the_runs_are_now():
    text = " ".join((ROOT / "book" / "bug-gallery.md").read_text(encoding="utf-8").split())
    by_hand = ("ZAB-03", "ZAB-06", "ZAB-07", "ZAB-15")
    assert [rows()[id]["length"] for id in by_hand] == [37, 24, 38, 20]
    assert (
        "37, 24, 38 and 20 events, by hand, for ZAB-03, ZAB-06, ZAB-07 and ZAB-15, and 29, by the explorer"
        in text
    )
    assert rows()["ZAB-05"]["length"] == rows()["ZAB-05"]["explored"][0] == 29
    limits = [MUTANTS[id].length_max for id in (*by_hand, "ZAB-05")]
    assert (min(limits), max(limits)) == (36, 56)
    assert all(MUTANTS[id].scenario for id in by_hand)


@pytest.mark.parametrize("id", [id for id, row in rows().items() if row["before"]])
def test_an_entry_says_which_other_law_spoke_first_and_whether_its_own_speaks_in_the_same_run(id):
    mutant, row = MUTANTS[id], rows()[id]
    law, seeds, step, own = row["before"]
    assert law != mutant.breaks
    assert seeds == row["seeds"] or own is None, "what its own law says in a run counts as soon as it speaks"
    text = entry(mutant)
    after = f"{seeds} seed{'s' * (seeds != 1)}"
    assert f"*{law}*, after {after} at step {step:,}. There *{mutant.breaks}*, asked by itself" in text
    assert ("keeps silent" in text) == (own is None)
    assert f"- {id}: Another law spoke first, *{law}*" in table(entries()[id])


def test_every_bug_stands_in_the_table_of_laws_at_each_law_that_its_row_or_its_code_names():
    lines = [line.split(" | ") for line in law_table().splitlines()[2:]]
    assert len({law for law, _, _ in lines}) == len(lines)
    found = {(law.strip("| *"), id) for law, _, bugs in lines for id in re.findall(r"`(\S+) <", bugs)}
    wanted = {
        (law.replace("_", " "), id)
        for id, mutant in MUTANTS.items()
        for law in (mutant.breaks, rows()[id]["law"], getattr(mutant, "leads_to", None))
        if law is not None
    }
    assert found == wanted
    assert all(says.endswith(".") for _, says, _ in lines)


def test_the_stored_matrix_is_written_as_its_tool_writes_it():
    text = MATRIX.read_text(encoding="utf-8")
    every = json.loads(text)
    assert [row["id"] for row in every] == sorted(row["id"] for row in every)
    assert json.dumps(every, indent=1, ensure_ascii=False, sort_keys=True) + "\n" == text


@pytest.mark.parametrize("page", [page.stem for page in PAGES])
def test_a_table_has_a_row_for_each_bug_of_its_page_and_says_which_are_not_measured(page):
    text, ids = table(page), [id for id, where in entries().items() if where == page]
    assert re.findall(r"\{ref\}`(\S+) <", text) == ids
    for id in ids:
        (line,) = [line for line in text.splitlines() if f"`{id} <" in line]
        assert (f"- {id} is not measured yet." in text) == (id not in rows())
        assert line.count(" caught |") == list(rows().get(id, {"caught": {}})["caught"].values()).count(
            CAUGHT
        )
