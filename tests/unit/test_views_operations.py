"""Histories as pictures: what is joined, where it stands, what is refused."""

import enum
import random
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise

import pytest

from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.core.operations import Operation
from distsys.lab.small_store import every_order, small_store
from distsys.views import Placed, operations, play
from distsys.views.calls import Call, calls_of, faults_of, positioned
from distsys.views.judges import judged_at_the_end
from distsys.views.measure import SIZE, width
from distsys.views.quorums import quorums_of
from distsys.views.timeline import timeline
from distsys.views.verdicts import placed, sentence
from store_runs import store_run, with_faults


def history(*rows):
    return [Operation(*row) for row in rows]


STALE = history(
    ("c1", "invoke", "put", "x", 1), ("c1", "ok", "put", "x"), ("c2", "invoke", "get", "x"), ("c2", "ok", "get", "x"),
)  # fmt: skip


def calls(*rows):
    return calls_of(positioned(history(*rows)))


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ([("c", "invoke", "put", "x", 1), ("c", "ok", "put", "x")], "put x=1"),
        ([("c", "invoke", "put", "x", 1), ("c", "ok", "put", "x", 1)], "put x=1"),
        ([("c", "invoke", "get", "x"), ("c", "ok", "get", "x", 1)], "get x -> 1"),
        ([("c", "invoke", "get", "x"), ("c", "ok", "get", "x")], "get x -> none"),
        ([("c", "invoke", "get", "x"), ("c", "info", "get", "x")], "get x"),
        ([("c", "invoke", "read", None), ("c", "ok", "read", None, 7)], "read -> 7"),
        ([("c", "invoke", "cas", "x", (1, 2)), ("c", "fail", "cas", "x")], "cas x=(1, 2)"),
        ([("c", "invoke", "enqueue", None, "a b"), ("c", "ok", "enqueue")], "enqueue 'a b'"),
        ([("c", "invoke", "add", None, 2), ("c", "ok", "add", None, 5)], "add 2 -> 5"),
    ],
)
def test_a_label_says_what_was_asked_and_what_came_back(rows, label):
    assert [call.label for call in calls(*rows)] == [label]


def test_an_end_without_a_beginning_is_left_out_and_what_never_ended_stays_open():
    found = calls(
        ("c", "ok", "get", "x", 1),
        ("c", "invoke", "put", "x", 1),
        ("c", "invoke", "put", "x", 2),
        ("c", "ok", "put", "x"),
    )
    assert [(call.asked, call.stop, call.ending) for call in found] == [(1, 0, "info"), (2, 4, "ok")]


def test_an_info_ends_nothing_and_says_where_the_client_gave_up():
    (call,) = calls(("c", "invoke", "put", "x", 1), ("c", "info", "put", "x"))
    assert (call.stop, call.gave_up, call.ending) == (0, 2, "info")


def test_the_operations_of_a_trace_stand_at_their_steps():
    trace = small_store()
    for call in calls_of(positioned(trace)):
        outputs = [
            effect.value for effect in trace.step(call.start).effects if type(effect).__name__ == "Output"
        ]
        assert outputs[0].type == "invoke"
        assert outputs[0].process == call.process
        assert trace.step(call.stop).node == call.process


def test_faults_last_until_they_are_healed():
    found = {fault.words: fault for fault in faults_of(with_faults())}
    assert found["n1 down"].kind == "down"
    assert found["n1 down"].stop > found["n1 down"].start
    assert found["n1, n3, c1 | n2, c2"].kind == "split"
    assert faults_of(small_store(cut=True))[0].stop == 0  # never


# Places.


def random_history(dice):
    """Return calls and an order that real time allows: each takes effect at a moment inside its interval."""
    moments = []
    for process in range(dice.randint(1, 4)):
        at = 0.0
        for _ in range(dice.randint(1, 5)):
            start = at + dice.random()
            at = start + dice.random() * 3
            moments.append(
                (f"c{process}", start, at if dice.random() < 0.8 else None, dice.uniform(start, at))
            )
            if moments[-1][2] is None:
                break
    times = sorted(
        {moment for _, start, stop, _ in moments for moment in (start, stop) if moment is not None}
    )
    numbered = sorted(moments, key=lambda moment: moment[1])
    made = tuple(
        Call(
            process,
            "put",
            "x",
            place,
            times.index(start) + 1,
            "ok" if stop else "info",
            None,
            times.index(stop) + 1 if stop else 0,
        )
        for place, (process, start, stop, _) in enumerate(numbered)
    )
    return made, tuple(sorted(range(len(numbered)), key=lambda number: numbered[number][3]))


@pytest.mark.parametrize("seed", range(200))
def test_every_point_of_a_witness_lies_inside_its_interval_and_after_the_one_before(seed):
    made, order = random_history(random.Random(seed))
    found = placed(Placed("OK", order), made)
    plan = timeline(made, (), found, width)
    xs = [x for x, _ in plan.points]
    assert [number for _, number in plan.points] == list(order)
    assert all(b - a >= 7 for a, b in pairwise(xs)), xs
    for x, number in plan.points:
        assert plan.x(made[number].start) < x < plan.stop(made[number])


@pytest.mark.parametrize("seed", range(50))
def test_no_label_of_a_process_covers_the_next(seed):
    made, _ = random_history(random.Random(seed))
    plan = timeline(made, (), None, width)
    for process in plan.processes:
        own = [call for call in made if call.process == process]
        for call, after in pairwise(own):
            assert plan.x(call.start) + width(call.label) < plan.x(after.start)


def test_a_step_between_two_columns_stands_between_them():
    made = calls(("c", "invoke", "put", "x", 1), ("c", "ok", "put", "x"))
    plan = timeline((made[0].__class__(**{**vars_of(made[0]), "start": 10, "stop": 20}),), (), None, width)
    assert plan.x(10) < plan.x(13) < plan.x(17) < plan.x(20)


def vars_of(call):
    return {name: getattr(call, name) for name in call.__dataclass_fields__}


# The picture.


def test_the_picture_is_an_svg_of_its_own_with_readable_type():
    drawing = operations(STALE, Placed("ILLEGAL", (0,), (1,)), alt="A stale read.")
    root = ET.fromstring(drawing.svg)
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in root.iter(f"{space}text")]
    assert {"put x=1", "get x -> none", "no place", "1", "c1", "c2", "time"} <= set(texts)
    assert {int(size) for size in re.findall(r"font:(\d+)px", drawing.svg)} == {SIZE}
    assert "font-size" not in drawing.svg
    assert int(root.get("width")) < 348  # a small history fits a phone


def test_what_has_no_place_is_told_by_shape_and_words_and_not_by_colour_alone():
    plain, bad = operations(STALE, alt="A."), operations(STALE, Placed("ILLEGAL", (0,), (1,)), alt="A.")
    assert 'class="cross"' in bad.svg
    assert "no place" in bad.svg
    assert 'class="cross"' not in plain.svg
    assert "no place" in bad.text
    assert "none of these can come next: get x -&gt; none by c2" in bad.words


def test_an_open_operation_is_dashed_and_a_failed_one_struck_through():
    rows = history(
        ("a", "invoke", "put", "x", 1), ("b", "invoke", "put", "x", 2),
        ("a", "info", "put", "x"), ("b", "fail", "put", "x"),
    )  # fmt: skip
    svg = operations(rows, alt="A.").svg
    assert svg.count('class="bar open"') == 1
    assert svg.count('class="strike"') == 1
    assert "no answer" in svg
    assert "failed" in svg


def test_the_same_history_gives_the_same_bytes_and_another_title_another_class():
    one, same, other = (operations(STALE, alt=alt).svg for alt in ("A.", "A.", "B."))
    assert one == same
    assert re.search(r'class="(k\w+)"', one)[1] != re.search(r'class="(k\w+)"', other)[1]


def test_texts_stay_texts():
    evil = "<img src=x>"
    rows = history((evil, "invoke", evil, evil, evil), (evil, "ok", evil, evil, evil))
    drawing = operations(rows, alt=evil, caption=evil)
    assert "<img" not in drawing._repr_html_()


# Verdicts.


class Outcome(enum.Enum):
    OK = 1
    ILLEGAL = 2


@dataclass
class Checked:
    """A verdict as `distsys.checkers` gives it: its calls know at which event of the history they began."""

    outcome: Outcome
    witness: tuple = ()
    partial: tuple = ()
    stuck: tuple = ()


@dataclass
class CheckedCall:
    start: int


def test_a_verdict_of_the_checkers_is_read_by_the_events_at_which_its_calls_began():
    made = calls_of(positioned(STALE))
    bad = Checked(Outcome.ILLEGAL, partial=(CheckedCall(1),), stuck=(CheckedCall(3),))
    assert placed(bad, made) == Placed("ILLEGAL", (0,), (1,))
    trace = small_store()
    found = calls_of(positioned(trace))
    good = Checked(Outcome.OK, witness=tuple(CheckedCall(call.place) for call in found))
    assert placed(good, found).order == tuple(range(len(found)))
    with pytest.raises(ArgumentError, match=r"verdict must be of this history, .* event 99"):
        placed(Checked(Outcome.OK, witness=(CheckedCall(99),)), made)


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Placed("GOOD"), "outcome, one of OK, ILLEGAL, UNKNOWN"),
        ("OK", "outcome, one of OK, ILLEGAL, UNKNOWN"),
        (Placed("OK", (0, 7)), "an operation of verdict must be at most 1"),
        (Placed("OK", (0, 0)), "must name each operation once"),
        (Placed("OK", (1, 0)), "contradicts real time: 'put x=1' of c1 ended at 2, .* began at 3"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused(verdict, says):
    with pytest.raises(ArgumentError, match=says):
        operations(STALE, verdict, alt="A.")


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda: operations(STALE, alt=" "), ArgumentError, "alt must be a sentence"),
        (lambda: operations([], alt="A."), ArgumentError, "at least one operation"),
        (
            lambda: operations([1], alt="A."),
            ArgumentTypeError,
            "history must be a Trace or hold Operations, but it holds 1",
        ),
        (lambda: operations("abc", alt="A."), ArgumentTypeError, "history must be a Trace"),
        (lambda: operations(None, alt="A."), ArgumentTypeError, "history must be a Trace"),
        (lambda: operations(STALE, alt="A.", name="x"), ArgumentError, "name must begin with 'fig-'"),
    ],
)
def test_bad_arguments_are_named(make, kind, says):
    with pytest.raises(kind, match=says):
        make()


def test_the_sentence_says_what_is_known():
    made = calls_of(positioned(STALE))
    assert sentence(None, made) == "No checker has judged this history."
    assert sentence(Placed("UNKNOWN"), made).startswith("Not known")
    assert sentence(Placed("OK", (0, 1)), made).startswith("Linearizable")


# Figures that play.


def plays(**options):
    return play(small_store(), name="fig-x", alt="A.", **options)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: plays(verdict={"other": Placed("OK")}), "verdict must be of a run of the figure"),
        (
            lambda: play(
                {"a": small_store(), "b": small_store()}, name="fig-x", alt="A.", verdict=Placed("OK")
            ),
            "verdict must be {label: verdict}",
        ),
        (lambda: plays(panel="judges"), "panel must be one of"),
        (
            lambda: play(lunch(), name="fig-x", alt="A.", panel="operations"),
            "no node of the runs outputs an Operation",
        ),
        (
            lambda: play(lunch(), name="fig-x", alt="A.", panel="quorums"),
            "no node of the runs declares a quorum",
        ),
        (lambda: play(lunch(), name="fig-x", alt="A.", verdict=Placed("OK")), "verdict needs operations"),
    ],
)
def test_what_a_figure_does_not_have_is_refused(make, says):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=says):
        make()


def lunch():
    from distsys.lab.scenarios import overtaking_reply

    return overtaking_reply()


def test_a_figure_asks_for_the_script_of_the_judges_only_where_it_has_something_to_show():
    assert "data-judges" in plays().element
    assert "data-judges" not in play(lunch(), name="fig-x", alt="A.").element
    assert "data-judges" in play(lunch(), name="fig-x", alt="A.", lights=True).element


def test_a_live_notebook_gets_both_scripts_and_a_page_none(monkeypatch):
    monkeypatch.setenv("DISTSYS_STATIC", "0")
    live = plays()._repr_html_()
    assert live.count("<script>") == 2
    assert play(lunch(), name="fig-x", alt="A.")._repr_html_().count("<script>") == 1
    monkeypatch.setenv("DISTSYS_STATIC", "1")
    assert plays()._repr_html_().count("<script>") == 0


def test_a_law_that_holds_finally_is_judged_only_in_a_run_that_came_to_its_end():
    assert judged_at_the_end(store_run()) == {"a leader at last": True}
    assert judged_at_the_end(store_run(settle=0)) == {"a leader at last": False}
    assert judged_at_the_end(store_run(steps_max=50)) == {"a leader at last": False}
    assert judged_at_the_end(small_store()) == {}


def test_quorums_are_those_that_the_nodes_declare():
    found = quorums_of([small_store()])
    assert [(one["field"], one["level"], one["number"]) for one in found["list"]] == [
        ("votes", "", "term"),
        ("match", "commit", "term"),
    ]
    assert found["shows"] == ["vote", "commit"]
    assert quorums_of([lunch()]) is None


# The small store of the pages.


def test_the_small_store_answers_in_one_order_until_its_leader_is_cut_off():
    assert every_order(small_store()).outcome == "OK"
    assert every_order(small_store(cut=True)).outcome == "ILLEGAL"
    outcomes = {every_order(small_store(cut=True, seed=seed)).outcome for seed in range(8)}
    assert outcomes == {"OK", "ILLEGAL"}  # whether somebody reads in time depends on the seed
