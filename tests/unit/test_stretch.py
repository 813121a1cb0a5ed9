"""The history that a reader stretches: its judge agrees with the package, and what its figure carries and refuses."""

import json
import re

import pytest

from distsys.core.errors import ArgumentError
from distsys.lab.consistency_family import family, timings
from distsys.lab.consistency_stretched import STALE, moved_left
from distsys.lab.drawn_histories import drawn
from distsys.views.stretch import stretch
from stretch_pages import answers, by_the_package, by_the_page, case_of, orders

ALT = "Two writes by ann, a read by cyd, two reads by bob."


@pytest.fixture(scope="module")
def node(require_tool):
    return require_tool("node", install="sudo apt-get install nodejs")


def figure(history=STALE, **changed):
    return stretch(history, **{"name": "fig-stretch", "alt": ALT, **changed})


def test_the_page_and_the_package_agree_on_every_order_of_the_ends_of_the_figure(node):
    cases = list(orders(case_of(STALE)))
    assert len(cases) == 3150
    page = by_the_page(node, cases)
    assert page == [by_the_package(case) for case in cases]
    assert {tuple(one[:2]) for one in page} == {(True, True), (False, True)}


def test_they_agree_on_every_answer_that_the_figure_offers(node):
    cases = [one for order in list(orders(case_of(STALE)))[::101] for one in answers(order)]
    page = by_the_page(node, cases)
    assert page == [by_the_package(case) for case in cases]
    assert {one for verdicts in page for one in verdicts} == {True, False}


def test_they_agree_on_all_histories_of_up_to_four_operations_and_two_keys(node):
    cases = [case_of(program.history()) for program in family(4)]
    cases += [case_of(program.history(timing)) for program in family(3) for timing in timings(program)]
    page = by_the_page(node, cases)
    for case, says in zip(cases, page, strict=True):
        assert says == by_the_package(case), case
    for column in range(5):
        assert {one[column] for one in page} == {True, False}


def test_an_end_moves_past_ends_of_others_and_never_past_one_of_its_own_process():
    moves = [path for path, _ in moved_left(STALE, "bob", 1)]
    assert len(moves) == 7
    assert moves[-1].operations[0].process == "bob"
    assert len(moved_left(STALE, "ann", 2)) == 1


def test_the_figure_carries_the_order_of_the_ends_and_the_operations():
    content = figure().content()
    assert content["order"] == ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b"]
    assert [call["what"] for call in content["operations"]] == ["write 1", "write 2", "read", "read", "read"]
    assert [call["value"] for call in content["operations"]] == ["1", "2", "2", "1", "2"]


def test_where_scripts_are_taken_away_a_picture_and_a_table_stay(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    html = figure(caption="Stretch it.")._repr_html_()
    (image,) = re.findall(r"<img [^>]*>", html)
    assert f'alt="{ALT}"' in image
    assert "<figcaption>Stretch it.</figcaption>" in html
    assert "<td" in html[html.index("<details>") :]
    assert "customElements" not in html
    monkeypatch.delenv("DISTSYS_STATIC")
    assert "customElements" in figure()._repr_html_()


def test_hostile_names_stay_text():
    evil = "</script><b>"
    html = figure(drawn(f'ann [put x="{evil}"]\nbob          [get x -> {evil}]'))._repr_html_()
    data = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    assert evil in json.loads(data)["operations"][0]["what"]
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        ("ann [write 1]\nbob          [write 1]", "each value may be written once"),
        ("ann [write null]", "each value may be written once"),
        ("ann [write 1 ?", "answered reads and writes only"),
        ("ann [cas 1,2]", "answered reads and writes only"),
        ("ann " + " ".join(f"[write {n}]" for n in range(7)), "history must hold 1 to 6 operations"),
    ],
)
def test_what_the_page_cannot_judge_is_refused(picture, says):
    with pytest.raises(ArgumentError, match=re.escape(says)):
        figure(drawn(picture))
