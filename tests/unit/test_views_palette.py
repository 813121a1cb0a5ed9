"""Contrast: text 4.5:1, lines 3:1, on every ground that they stand on; hues stay apart; and the site agrees."""

import itertools
import re
from pathlib import Path

import pytest

from colour_vision import SEEN, difference, seen
from distsys.views import theme

CSS = Path(__file__).resolve().parents[2] / "book" / "_static" / "distsys.css"
TEXT = ("ink", "quiet", *theme.HUES, "good", "bad", "warn")
VERDICTS = ("good", "bad", "warn")
GROUNDS = ("ground", "panel", "partition", "pause")
# CIEDE2000, of which 1 is just seen side by side: for readers who see fewer colours, and for the others.
APART = (12.5, 19.0)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_is_readable_on_every_ground(colours):
    bad = {
        (name, ground): round(contrast(colours[name], colours[ground]), 2)
        for name, ground in itertools.product(TEXT, GROUNDS)
        if contrast(colours[name], colours[ground]) < 4.5
    }
    assert bad == {}


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", [*GROUNDS, "crash"])
def test_lines_are_seen_on_every_ground(colours, ground):
    assert {name: contrast(colours[name], colours[ground]) for name in TEXT if
            contrast(colours[name], colours[ground]) < 3} == {}  # fmt: skip


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_what_is_drawn_on_a_band_is_readable_even_where_its_edge_of_ground_is_missing(colours):
    """Text in a band carries an edge in the colour of the ground; the words that state a fault need none."""
    assert all(contrast(colours[name], colours["crash"]) >= 4.5 for name in ("ink", "bad", "warn"))


@pytest.mark.parametrize("vision", SEEN)
@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("names", [theme.HUES, VERDICTS], ids=["hues", "verdicts"])
def test_colours_that_are_told_apart_stay_apart_for_every_reader(colours, names, vision):
    near = {
        pair: round(difference(*(seen(colours[name], vision) for name in pair)), 1)
        for pair in itertools.combinations(names, 2)
    }
    assert {pair: value for pair, value in near.items() if value < APART[vision == "all colours"]} == {}


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", SEEN)
def test_a_hue_is_not_taken_for_ink(colours, vision):
    ink = seen(colours["ink"], vision)
    assert min(difference(ink, seen(colours[name], vision)) for name in (*theme.HUES, *VERDICTS)) >= APART[0]


def test_colour_difference_is_computed_as_published():
    """Pairs 1, 7, 17 and 25 of the table of Sharma, Wu and Dalal 2005, who publish them to check a program."""
    for one, other, expected in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert difference(one, other) == pytest.approx(expected, abs=1e-4)


def test_white_and_grey_stay_what_they_are_for_every_reader():
    for vision in SEEN:
        assert seen("#ffffff", vision) == pytest.approx((100, 0, 0), abs=0.6)


def test_the_site_uses_the_same_values():
    css = CSS.read_text(encoding="utf-8")
    light, dark = css.split('html[data-theme="dark"]', 1)
    for colours, part in ((theme.LIGHT, light), (theme.DARK, dark.split("}", 1)[0])):
        for name, value in re.findall(r"--ds-([a-z0-9]+):\s*(#[0-9a-f]{6})", part):
            assert colours.get(name, value) == value, f"--ds-{name}"
        assert f"--ds-ink: {colours['ink']}" in part


def test_print_uses_the_light_colours():
    css = CSS.read_text(encoding="utf-8").split("@media print", 1)[1]
    printed = dict(re.findall(r"--ds-([a-z0-9]+):\s*(#[0-9a-f]{6})", css))
    assert {name: value for name, value in printed.items() if name not in ("ink", "quiet")} == {
        name: value for name, value in theme.LIGHT.items() if name not in ("ink", "quiet")
    }
