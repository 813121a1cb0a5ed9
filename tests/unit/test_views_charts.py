"""Charts: deterministic bytes, the page's colours, marks beside colours, numbers beside pictures."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from distsys.core.errors import ArgumentError
from distsys.views import theme
from distsys.views.table import table

charts = pytest.importorskip("distsys.views.charts", reason="needs matplotlib: pip install matplotlib")
SVG = "{http://www.w3.org/2000/svg}"
ALT = "Two lines that cross."


def some_lines(**more):
    series = {"ring": [3, 2, 1], "jump": [1, 2, 3]}
    return charts.lines([1, 10, 100], series, xlabel="n", ylabel="load", alt=ALT, **more)


def some_bars(**more):
    return charts.bars(
        ["a", "b"], {"x": [1, 2], "y": [2, 1]}, ylabel="keys", alt=ALT, reference={"mean": 1.5}, **more
    )


def some_spans(**more):
    lanes = {"one": [(0, 2), (3, 5)], "two": [(0, 5)]}
    return charts.spans(lanes, xlabel="seconds", alt=ALT, bands=[(2, 3, "A")], **more)


def some_spread(**more):
    return charts.spread(
        {"one": [1, 2, 3, 5], "two": [4]}, xlabel="ms", alt=ALT, reference={"one": [2]}, **more
    )


def some_bands(**more):
    return some_lines(bands={"fits": [(2, 4), (1, 3), (0, 2)], "all": [(1, 5), (0, 4), (0, 3)]}, **more)


KINDS = [some_lines, some_bars, some_spans, some_spread, some_bands]


@pytest.mark.parametrize("draw", KINDS)
def test_a_chart_has_no_colour_of_its_own_outside_its_style_sheet(draw):
    body = draw().svg.split("</style>", 1)[1]
    assert re.findall(r"#[0-9a-fA-F]{6}\b", body) == []
    assert "var(--k-1)" in body


@pytest.mark.parametrize("draw", KINDS)
def test_every_variable_of_a_chart_is_declared_for_light_and_dark(draw):
    svg = draw().svg
    sheet, body = svg.split("</style>", 1)
    for name in set(re.findall(r"var\(--k-(\w+)\)", body)):
        assert f"--k-{name}:var(--ds-{name},{theme.LIGHT[name]})" in sheet
        assert f"--k-{name}:var(--ds-{name},{theme.DARK[name]})" in sheet


def test_the_same_chart_has_the_same_bytes_and_another_has_other_ids():
    assert some_lines().svg == some_lines().svg
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (some_lines().svg, some_lines(logx=True).svg)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_references_to_ids_hold():
    for svg in (some_lines(logx=True, logy=True).svg, some_bars().svg):
        ids = set(re.findall(r'\bid="([^"]+)"', svg))
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= ids


def test_type_is_at_least_nine_points_and_the_chart_is_as_wide_as_a_phone():
    root = ET.fromstring(some_lines(title="T").svg)
    sizes = {int(px) for px in re.findall(r"font-size: (\d+)px", ET.tostring(root, encoding="unicode"))}
    assert min(sizes) >= 12  # px of the view box, which is never drawn smaller
    assert root.get("viewBox").split()[2] == "348"
    assert "min-width:348px" in root.get("style")


def test_bars_of_a_group_differ_by_hatching():
    assert "<pattern" in some_bars().svg


def test_the_numbers_stand_under_the_chart():
    drawing = some_lines(caption="A <point>.")
    assert "A &lt;point&gt;." in drawing._repr_html_()
    assert drawing.words.count("<tr>") == 4
    assert "100" in drawing.text


def test_the_settings_of_a_reader_change_nothing():
    import matplotlib as mpl

    before = some_lines().svg
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": False}):
        assert some_lines().svg == before


def test_a_chart_has_the_same_bytes_in_another_process():
    code = "from distsys.views import charts;print(charts.bars(['a','b'],[1,2],ylabel='y',alt='a').svg)"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            },
        ).stdout
        for seed in ("0", "1")
    }
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: charts.lines([1], {"a": [1]}, xlabel="", ylabel="", alt=""), "alt must be"),
        (lambda: charts.lines([1], {"a": [1, 2]}, xlabel="", ylabel="", alt="x"), "series 'a' must have 1"),
        (lambda: charts.bars([], [], ylabel="", alt="x"), "a chart needs"),
        (
            lambda: charts.bars(["a"], {str(i): [1] for i in range(7)}, ylabel="", alt="x"),
            "a chart shows at most 6",
        ),
        (lambda: table([(1, 2)], ("a",)), "row 1 must have 1"),
    ],
)
def test_a_bad_argument_is_named(call, says):
    with pytest.raises(ArgumentError, match=f"^{re.escape(says)}"):
        call()


def test_a_hostile_label_is_escaped():
    drawing = charts.bars(["<script>", "$x$ & \x01"], [1, 2], ylabel="<b>", alt="</desc><script>")
    ET.fromstring(drawing.svg)
    assert "<script" not in drawing._repr_html_()


def test_a_table_is_html_with_scopes_and_text_with_columns():
    found = table([("<ring>", 0.5, True), ("jump", 12, False)], ("method", "value", "ok"), caption="C & D")
    root = ET.fromstring(found.html)
    assert [th.get("scope") for th in root.iter("th")] == ["col"] * 3
    assert root.find(".//caption").text == "C & D"
    assert found.text.splitlines()[3] == "<ring>    0.5  True"


def test_spans_stand_one_above_the_other_with_the_length_of_each_gap():
    drawing = some_spans()
    assert [row.split() for row in drawing.text.splitlines()[-3:]] == [
        ["one", "0", "2"],
        ["one", "3", "5"],
        ["two", "0", "5"],
    ]
    words = re.sub(r"<!--\s*(.*?)\s*-->|<[^>]*>", r" \1 ", drawing.svg.split("</style>", 1)[1])
    assert "1.00" in words
    assert " A " in words


def test_a_spread_says_its_quartiles():
    assert some_spread().text.splitlines()[-2].split() == ["one", "1", "1.75", "2.5", "3.5", "5"]
    assert some_spread().text.splitlines()[-1].split()[1:] == ["4"] * 5


def test_a_series_without_a_value_is_an_error():
    with pytest.raises(ArgumentError, match="series 'one' must have at least one value"):
        charts.spread({"one": []}, xlabel="ms", alt=ALT)


def test_a_band_stands_in_the_legend_and_its_ends_in_the_numbers():
    drawing = some_bands()
    assert ">fits<" in drawing.svg.replace(" ", "")
    assert "2 to 4" in drawing.text
    assert "0 to 2" in drawing.text


def test_a_band_needs_two_ends_at_each_place():
    with pytest.raises(ArgumentError, match="series 'fits' must have 3 values"):
        some_lines(bands={"fits": [(1, 2)]})
