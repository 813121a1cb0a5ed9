"""Style sheets are cut to what pages can use; nothing that a page or a script can use is lost."""

import doctest
import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
pytest.importorskip("tinycss2", reason="needs the packages of the site: pip install -r requirements.txt")
ds_css = importlib.import_module("ds_css")


@pytest.mark.parametrize("name", ["ds_css", "ds_access"])
def test_the_examples_of_the_extension_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0


def cut(css: str, used=(), **names) -> str:
    """Return a style sheet cut for pages with these names."""
    held = ds_css.Names(**{key: set(value) for key, value in names.items()})
    return ds_css.slimmed({"x": css}, held, set(used))["x"]


@pytest.mark.parametrize(
    "css",
    [
        ".a{top:0}",
        "#i{top:0}",
        "p>.a+p{top:0}",
        "p:not(.gone){top:0}",
        ":is(.gone,.a) p{top:0}",
        '[data-x=y] *::before{content:"}"}',
        ".made-by-script{top:0}",
        ".bs-tooltip-auto{top:0}",
        "@media (min-width:1px){.a{top:0}}",
        "@supports (top:0){@media print{.a{top:0}}}",
        '@import "b.css";',
        '@font-face{font-family:"Own";src:url("own.woff2")}',
        ".a{--x:1;top:var(--x)}",
        ".a{animation:turn 1s}@keyframes turn{to{top:0}}",
        ".a{background:url(\"data:image/svg+xml;utf8,<svg a=';--y:1'>\")}",
    ],
)
def test_a_rule_that_can_match_stays_as_it_is(css):
    assert cut(css, elements=["p"], classes=["a"], ids=["i"], words=["made-by-script", "bs-"]) == css


@pytest.mark.parametrize(
    "css",
    [
        ".gone{top:0}",
        "#gone{top:0}",
        "table{top:0}",
        ".a .gone{top:0}",
        ":is(.gone,#gone) p{top:0}",
        "@media print{.gone{top:0}}",
        "@keyframes nobody{to{top:0}}",
        ".a{--nobody:1}",
        '@font-face{font-family:"Font Awesome 6 Free";src:url("fa.woff2")}',
    ],
)
def test_a_rule_that_can_match_nothing_goes(css):
    assert cut(css, elements=["p"], classes=["a"]) == ""


def test_a_property_that_only_a_script_or_a_page_reads_stays():
    assert cut(".a{--x:1}", classes=["a"], used=["--x"]) == ".a{--x:1}"


def test_a_letter_of_an_icon_font_becomes_a_mask():
    css = cut('.a::after{font:var(--fa-font-solid);content:"\\f062"}', classes=["a"])
    assert "data:image/svg+xml" in css
    assert "mask:" in css
    assert "--fa" not in css


def test_a_licence_stays():
    assert cut("/*! (c) somebody */ /* a note */ .gone{top:0}") == "/*! (c) somebody */\n"
