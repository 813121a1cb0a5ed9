"""Every exercise of the book: its solution passes its own check, its mistakes do not, its page poses it."""

import json
import re
from pathlib import Path

import pytest

from distsys.checkers import History, linearizable
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.core.operations import INVOKE, OK, Operation
from distsys.lab import Page, Verdict, exercise, page_names, page_of

ROOT = Path(__file__).resolve().parents[2]
OTHERS = {"-code": "4-code", "-challenge": "1-background"}
ALL = [posed for name in page_names() for posed in page_of(name).exercises.values()]


def cells_of(page: str) -> list[tuple[str, str]]:
    """Return (type, text) of each cell of the notebook of a page."""
    found = sorted(ROOT.glob(f"chapters/*/{page}.ipynb"))
    if (
        not found
    ):  # of two pages of one name, the exercises of that in chapter 4, or in chapter 1, are called so
        folder, name = next(
            (folder, page.removesuffix(ending)) for ending, folder in OTHERS.items() if page.endswith(ending)
        )
        found = [ROOT / "chapters" / folder / f"{name}.ipynb"]
    others = {folder for ending, folder in OTHERS.items() if f"{page}{ending}" in page_names()}
    (path,) = (path for path in found if path.parent.name not in others)
    return [
        (cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text("utf8"))["cells"]
    ]


def test_there_are_exercises():
    assert ALL


@pytest.mark.parametrize("posed", ALL, ids=lambda posed: posed.name)
def test_the_worked_solution_is_found_right(posed):
    verdict, sentence = posed.run(posed.solution)
    assert verdict is Verdict.RIGHT, sentence


@pytest.mark.parametrize(
    ("posed", "code"),
    [(posed, code) for posed in ALL for code in posed.mistakes],
    ids=[f"{posed.name}-{number}" for posed in ALL for number, _ in enumerate(posed.mistakes)],
)
def test_a_mistake_is_refused_and_the_refusal_does_not_give_the_answer_away(posed, code):
    verdict, sentence = posed.run(code)
    assert verdict is Verdict.WRONG
    assert len(sentence) > len("Not yet: ")
    assert posed.explanation not in sentence


@pytest.mark.parametrize("posed", ALL, ids=lambda posed: posed.name)
def test_an_open_exercise_gives_its_hint_and_nothing_else(posed, capsys):
    posed(...)
    assert capsys.readouterr().out == f"Not answered yet. Hint: {posed.hint}\n"


@pytest.mark.parametrize("posed", ALL, ids=lambda posed: posed.name)
def test_a_check_survives_any_answer_and_says_something(posed):
    for answer in (None, 0, "", (), {}, object, print, float("nan"), lambda *arguments: 1 / 0):
        verdict, sentence = posed.judge(answer)
        assert verdict is Verdict.WRONG, answer
        assert sentence


@pytest.mark.parametrize("page", page_names())
def test_a_notebook_poses_each_exercise_of_its_page_once_and_in_order(page):
    labels = list(page_of(page).exercises)
    text = cells_of(page)
    code = "\n".join(source for kind, source in text if kind == "code")
    prose = "\n".join(source for kind, source in text if kind == "markdown")
    assert re.findall(rf'exercise\(["\']{page}/([\w-]+)["\']\)', code) == labels
    assert re.findall(r"^:label: ex-([\w-]+)$", prose, re.MULTILINE) == labels
    assert re.findall(rf"\{{solution-of\}} {page}/([\w-]+)", prose) == labels


def test_no_two_pages_give_an_exercise_the_same_label():
    """Labels are of the whole book: of two that are the same the build drops one exercise, with its question."""
    pages: dict[str, list[str]] = {}
    for posed in ALL:
        page, label = posed.name.split("/")
        pages.setdefault(label, []).append(page)
    assert {label: where for label, where in pages.items() if len(where) > 1} == {}


@pytest.mark.parametrize("page", page_names())
def test_the_answers_in_a_committed_notebook_are_left_to_the_reader(page):
    for kind, source in cells_of(page):
        if kind == "code" and "= exercise(" in source:
            assert re.search(r"^answer = \(?\.\.\.", source, re.MULTILINE), source


def test_a_name_that_nobody_posed_is_refused_with_what_there_is():
    with pytest.raises(UnknownNameError, match="there is no page 'nowhere'"):
        exercise("nowhere/at-all")
    with pytest.raises(UnknownNameError, match=r"has no exercise 'at-all'; it has "):
        exercise(f"{page_names()[0]}/at-all")
    with pytest.raises(ArgumentError, match="written 'page/label'"):
        exercise("consistent-hashing")


def test_an_exercise_without_a_mistake_is_refused():
    page = Page("trial")
    with pytest.raises(ArgumentError, match="at least one wrong answer"):
        page.exercise("a", hint="h", solution="answer = 1", mistakes=(), explanation="e")


def test_an_error_in_the_learners_code_becomes_a_sentence():
    page = Page("trial")

    @page.exercise("a", hint="h", solution="answer = abs", mistakes=("answer = len",), explanation="e")
    def check(answer):
        return None if answer(-1) == 1 else "it should give 1"

    assert check.run("answer = abs") == (Verdict.RIGHT, "Right. e")
    assert check.judge(len)[1] == (
        "Not yet: the check could not use the answer: TypeError: object of type 'int' has no len()"
    )
    assert check.judge([..., 1])[0] is Verdict.OPEN


READS = {"A": (12, 15, 0), "B": (22, 28, 1), "C": (33, 38, 2), "D": (35, 40, 2), "E": (42, 60, 1)}


@pytest.mark.parametrize("left_out", [None, *READS])
def test_the_history_of_the_stale_read_fits_without_e_and_without_no_other_read(left_out):
    (text,) = (text for _, text in cells_of("raft-reads") if ":label: ex-find-the-stale-read" in text)
    for name, (begin, end, value) in READS.items():
        assert f"**{name}** from {begin} to {end} returns {value}" in text
    calls = [("ann", "write", -2, -1, 0), ("ann", "write", 10, 20, 1), ("ann", "write", 30, 50, 2)]
    calls += [(name, "read", *read) for name, read in READS.items() if name != left_out]
    events = []
    for process, f, begin, end, value in calls:
        events += [
            (begin, Operation(process, INVOKE, f, value=None if f == "read" else value)),
            (end, Operation(process, OK, f, value=value)),
        ]
    history = History(event for _, event in sorted(events, key=lambda timed: timed[0]))
    assert linearizable(history, "register").ok == (left_out == "E")
