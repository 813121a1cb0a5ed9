"""Space-time diagrams: what every picture promises, and golden pictures of small runs."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.core.trace import KINDS
from distsys.core.units import MS
from distsys.drivers import simulate
from distsys.views import draw, play, sentences, spacetime
from distsys.views.layout import LANES_AT, LINE, layout
from distsys.views.measure import width
from distsys.views.scene import AFTER, BEFORE
from distsys.views.staging import scene
from views_runs import agrees_with_golden, broken, by_hand, every_fault

SVG = "{http://www.w3.org/2000/svg}"
ALT = "Three processes count and tell each other."
UNWRITTEN = {"read", "write", "swap", "return", "note"}  # kinds of drivers that come later


def parsed(svg):
    return ET.fromstring(svg)


def texts(svg):
    return ["".join(element.itertext()) for element in parsed(svg).iter(f"{SVG}text")]


def test_the_run_of_the_tests_has_every_kind_of_step_that_the_simulator_writes():
    assert {step.kind for step in every_fault()} == KINDS - UNWRITTEN


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_any_run_under_faults_draws_as_well_formed_xml_and_twice_the_same(seed):
    trace = simulate("test-pinger", seed, until=60 * MS, settle=20 * MS, nodes=1 + seed % 5)
    svg = spacetime.svg(trace, alt=ALT)
    root = parsed(svg)
    assert svg == spacetime.svg(trace, alt=ALT)
    assert root.get("role") == "img"
    assert len(spacetime.text(trace).splitlines()) > len(trace)
    assert len(sentences(trace)) >= len(trace)


@settings(max_examples=40)
@given(first=st.integers(1, 60), length=st.integers(0, 60), scale=st.sampled_from(["order", "time"]))
def test_any_part_of_a_run_draws_and_shows_exactly_its_steps(first, length, scale):
    trace = every_fault()
    last = min(first + length, len(trace))
    svg = spacetime.svg(trace, alt=ALT, first=first, last=last, scale=scale)
    marks = {number for row in scene(trace, first=first, last=last).rows for number in row.numbers}
    assert marks == set(range(first, last + 1))
    parsed(svg)


def test_every_step_number_stands_in_the_picture():
    trace = every_fault()
    shown = set(texts(spacetime.svg(trace, alt=ALT)))
    assert "1-3" in shown
    assert {str(number) for number in range(4, len(trace) + 1)} <= shown


def test_the_picture_has_a_title_a_description_and_no_other_name():
    root = parsed(spacetime.svg(broken(), alt=ALT, title="A title"))
    named = {element.get("id"): element.text for element in root if element.get("id")}
    assert [named[name] for name in root.get("aria-labelledby").split()] == ["A title", ALT]


def test_two_pictures_share_no_id():
    one, other = (
        set(re.findall(r'id="([^"]+)"', spacetime.svg(trace, alt=ALT))) for trace in (broken(), every_fault())
    )
    assert one
    assert not one & other


def test_every_id_that_is_used_is_there_and_every_rule_is_scoped():
    svg = spacetime.svg(every_fault(), alt=ALT)
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= ids
    figure = parsed(svg).get("class")
    css = re.sub(r"@media \([^)]*\)|@media print", "", parsed(svg).find(f"{SVG}style").text)
    selectors = [part for rule in re.findall(r"([^{}]+)\{", css) for part in rule.split(",")]
    assert selectors
    assert all(f".{figure}" in selector for selector in selectors)


def test_every_class_of_an_element_has_a_rule():
    svg = spacetime.svg(every_fault(), alt=ALT) + spacetime.svg(broken(), alt=ALT)
    used = {name for group in re.findall(r'class="([^"]+)"', svg) for name in group.split()}
    without_own = {"delivered"}
    assert {name for name in used if f".{name}{{" not in svg and f".{name}," not in svg} <= without_own


def test_a_lost_message_is_dashed_and_crossed_and_said():
    trace = broken()
    lost = next(step for step in trace if step.kind == "drop")
    svg = spacetime.svg(trace, alt=ALT)
    assert re.search(r'class="m lost"', svg)
    assert any("lost" in words for words in texts(svg))
    assert f"lost at step {lost.number}" in svg


def test_a_broken_law_is_an_octagon_and_a_text_and_the_text_names_the_step():
    trace = broken()
    svg = spacetime.svg(trace, alt=ALT)
    assert 'class="ring"' in svg
    said = " ".join("".join(e.itertext()) for e in parsed(svg).iter(f"{SVG}text") if e.get("class") == "bad")
    assert f"at step {trace.violation.step}" in said
    assert trace.violation.evidence in said
    assert 'class="ring"' not in spacetime.svg(every_fault(), alt=ALT)


def test_a_law_broken_at_the_end_is_said_at_the_end():
    last_row = scene(by_hand()).rows[-1]
    assert last_row.wide[0][1].startswith("Law broken at the end: at the end")
    assert all("at the end" not in words for row in scene(by_hand(), last=4).rows for _, words in row.wide)


def test_a_partition_is_a_band_with_a_wall_and_a_label_and_a_cut_is_not_a_partition():
    found = scene(every_fault())
    walled = [band for band in found.bands if band.lanes is None]
    cuts = [band for band in found.bands if band.lanes is not None]
    assert [band.walls for band in walled] == [(1,)]
    assert [band.lanes for band in cuts] == [(0, 1)]
    assert "The network splits: n3 | n1, n2" in texts(spacetime.svg(every_fault(), alt=ALT))


def test_what_began_before_the_picture_is_drawn_in_it():
    trace = every_fault()
    for kind, spell in (("crash", "down"), ("pause", "pause"), ("stall", "stall"), ("full", "full")):
        after = next(step.number for step in trace if step.kind == kind) + 1
        assert (spell, BEFORE) in {(found.kind, found.start) for found in scene(trace, first=after).spells}
    split = next(step.number for step in trace if step.kind == "partition")
    assert any(band.start == BEFORE for band in scene(trace, first=split + 1).bands)


def test_messages_from_before_and_beyond_the_picture_are_stubs():
    trace = every_fault()
    crossed = next(step for step in trace if step.kind == "deliver" and step.number - step.cause[0] > 3)
    arrows = scene(trace, first=crossed.cause[0] + 1, last=crossed.number).arrows
    assert any(arrow.start == BEFORE for arrow in arrows)
    assert any(arrow.stop == AFTER for arrow in arrows)
    assert not any(arrow.start == BEFORE and arrow.stop in (BEFORE, AFTER) for arrow in arrows)


def test_a_copy_starts_where_the_network_made_it():
    trace = every_fault()
    found = scene(trace)
    copies = [arrow for arrow in found.arrows if arrow.end == "copy"]
    assert copies
    for arrow in copies:
        number = found.rows[arrow.start].numbers[0]
        assert trace.step(number).kind == "duplicate"


def test_no_text_runs_into_the_text_of_another_row():
    for trace in (every_fault(), broken(), simulate("causal-broadcast", 3, until=300 * MS, settle=0)):
        plan = layout(scene(trace, last=60))
        lows = []
        for number, row in enumerate(plan.scene.rows):
            tallest = max(
                [len(plan.wide[number]), *(len(plan.texts[number, i]) for i in range(len(row.marks)))]
            )
            top = plan.row_y(number) - 8
            assert all(low <= top for low in lows[-1:]), f"row {number} of {trace}"
            lows.append(plan.row_y(number) + 8 + (tallest - 1) * LINE)


def test_no_label_leaves_the_picture():
    plan = layout(scene(every_fault()))
    for label in plan.labels.values():
        x = plan.lane_x(label.lane) + label.dx
        for _, words in label.lines:
            left = x if label.anchor == "start" else x - width(words)
            assert left >= LANES_AT - 60, words
            assert left + width(words) <= plan.width + 1, words


def test_three_nodes_fit_a_phone():
    assert layout(scene(every_fault())).width <= 350


def test_a_message_left_out_takes_its_steps_along_and_the_numbers_stay():
    trace = simulate("causal-broadcast", 3, faults=False, until=300 * MS, settle=0)
    with_all, without = scene(trace), scene(trace, without=("Ack",))
    kept = {number for row in without.rows for number in row.numbers}
    assert len(without.rows) < len(with_all.rows)
    assert kept < {number for row in with_all.rows for number in row.numbers}
    assert "Ack" not in spacetime.svg(trace, alt=ALT, without=("Ack",)).split("</style>")[1].replace(
        "sends Ack", ""
    )


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "]]>&\"'",
        "\x00\x01\x1b[31m",
        "a" * 500,
        "图形 مرحبا",
        "",
        "￾￿",
        "{x}{in}",
    ],
)
def test_hostile_texts_are_shown_and_nothing_more(bad):
    trace = by_hand(text=bad, evidence=bad)
    drawing = draw(trace, alt=bad or ALT, title=bad, caption=bad)
    parsed(drawing.svg)
    html = drawing._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\x1b" not in spacetime.text(trace)


def test_a_hostile_node_name_is_escaped():
    name = '"><b onload=x&y'.replace(">", "")
    parsed(spacetime.svg(by_hand(name=name), alt=ALT))
    assert "<b onload" not in draw(by_hand(name=name), alt=ALT)._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"alt": ""}, "alt"),
        ({"alt": None}, "alt"),
        ({"alt": ALT, "first": 0}, "first"),
        ({"alt": ALT, "first": 9, "last": 3}, "first"),
        ({"alt": ALT, "scale": "log"}, "scale"),
        ({"alt": ALT, "last": 2.5}, "last"),
    ],
)
def test_a_bad_argument_is_named(arguments, names):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=rf"^{names} "):
        draw(broken(), **arguments)


def test_alt_text_is_required_and_only_a_trace_is_drawn():
    with pytest.raises(TypeError, match="alt"):
        draw(broken())
    with pytest.raises(ArgumentTypeError, match=r"^trace "):
        draw("no trace", alt=ALT)


def test_a_drawing_shows_itself_and_saves_itself(tmp_path):
    drawing = draw(broken(), alt=ALT, caption="The <point>.")
    html = drawing._repr_html_()
    assert drawing.svg in html
    assert "The &lt;point&gt;." in html
    assert html.count("<tr>") == len(broken()) + 1
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8").strip() == drawing.svg
    assert repr(drawing) == f"<Drawing: {ALT}>"


def test_a_vector_of_counts_stands_in_the_order_of_the_lanes():
    trace = simulate("vector-clock", 2, faults=False, until=100 * MS, settle=0)
    assert "clock [1 0 0]" in texts(spacetime.svg(trace, alt=ALT))


def test_the_same_bytes_in_any_process(tmp_path):
    code = (
        "import hashlib, sys; sys.path[:0] = sys.argv[1:]\n"
        "from views_runs import every_fault\n"
        "from distsys.views import draw\n"
        "d = draw(every_fault(), alt='x')\n"
        "print(hashlib.sha256((d.svg + d.text + d._repr_html_()).encode()).hexdigest())"
    )
    tests = Path(__file__).resolve().parents[1]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(tests), str(tests.parent / "src")],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("form", ["svg", "txt"])
def test_the_golden_pictures(form):
    for name, trace, last in (
        ("every-fault", every_fault(), 60),
        ("broken", broken(), None),
        ("hand", by_hand(), None),
    ):
        drawing = draw(trace, alt=ALT, last=last)
        agrees_with_golden(f"{name}.{form}", (drawing.svg if form == "svg" else drawing.text) + "\n")


def test_a_figure_says_all_its_steps_in_words_and_of_a_very_long_run_which_are_left_out():
    run = simulate("raft", seed=1)
    assert len(run) > 200
    middle = play(run, name="fig-a", alt="A run.", first=3, last=80).words
    assert [int(step) for step in re.findall(r"<tr><td>(\d+)</td>", middle)] == list(range(3, 81))
    assert "left out" not in middle
    long = play(run, name="fig-b", alt="A run.").words
    assert [int(step) for step in re.findall(r"<tr><td>(\d+)</td>", long)] == list(range(1, 101))
    assert f"Steps 101 to {len(run):,} are left out here; the figure plays them." in long


def test_each_run_of_a_figure_may_show_a_window_of_its_own():
    run = every_fault()
    figure = play(
        {"early": run, "late": run},
        name="fig-a",
        alt="Two runs.",
        first={"early": 1, "late": 9},
        last={"early": 8, "late": 20},
    )
    windows = [(one["label"], one["first"], one["last"]) for one in json.loads(figure.data)["runs"]]
    assert windows == [("early", 1, 8), ("late", 9, 20)]
    with pytest.raises(ArgumentError, match="first must be a step, or name one for each of early, late"):
        play({"early": run, "late": run}, name="fig-a", alt="Two runs.", first={"early": 1})
