"""Contrast: text 4.5:1, lines 3:1, in light and dark, on every ground that they stand on; and the site agrees."""

import itertools
import re
from pathlib import Path

import pytest

from distsys.views import theme

CSS = Path(__file__).resolve().parents[2] / "book" / "_static" / "distsys.css"
TEXT = ("ink", "quiet", *theme.HUES, "good", "bad", "warn")
GROUNDS = ("ground", "panel", "partition", "pause")


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
def test_lines_are_seen_on_the_band_of_a_crash(colours):
    assert all(contrast(colours[name], colours["crash"]) >= 3 for name in TEXT)


def test_the_site_uses_the_same_values():
    css = CSS.read_text(encoding="utf-8")
    light, dark = css.split('html[data-theme="dark"]', 1)
    for colours, part in ((theme.LIGHT, light), (theme.DARK, dark.split("}", 1)[0])):
        for name, value in re.findall(r"--ds-([a-z0-9]+):\s*(#[0-9a-f]{6})", part):
            assert colours.get(name, value) == value, f"--ds-{name}"
        assert f"--ds-ink: {colours['ink']}" in part
