"""What keeps people out of a page: axe-core finds nothing, in light and dark, on a desk and on a phone."""

from pathlib import Path

import pytest

import axe
from site_pages import name, pages, without_listings

pytestmark = pytest.mark.site

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
SETTINGS = [(device, theme) for device in WIDTHS for theme in THEMES]
LISTINGS_EVERY = 20
UNFOLD = "() => document.querySelectorAll('article details').forEach(e => { e.open = true; })"
IS_SHOWN_IN = "theme => document.documentElement.dataset.theme === theme"


def from_templates(site: Path) -> tuple[list[Path], list[Path]]:
    """Return the listings of source code and the pages of the reference: each kind is made from one template."""
    listings = [page for page in pages(site) if page not in without_listings(site)]
    return listings, [page for page in without_listings(site) if page.name.startswith("api-")]


def looked_at(site: Path, device: str) -> dict[Path, tuple[str, ...]]:
    """Return in which themes each page is looked at on a device: those made from a template take turns."""
    listings, reference = from_templates(site)
    chosen = dict.fromkeys(without_listings(site), THEMES)
    for page in reference:
        del chosen[page]
    for turn, (where, theme) in enumerate(SETTINGS):
        if where == device:
            some = [*listings[turn::LISTINGS_EVERY], *reference[turn :: len(SETTINGS)]]
            chosen |= dict.fromkeys(some, (theme,))
    return chosen


def found_on(
    browser, site: Path, some_pages: dict[Path, tuple[str, ...]], device: str, **options: bool
) -> list[str]:
    """Return one line for each violation on these pages in these themes, with everything unfolded."""
    tab = browser.new_page(viewport=WIDTHS[device], reduced_motion="reduce")
    found: list[str] = []
    for page, themes in some_pages.items():
        for turn, theme in enumerate(themes):
            tab.emulate_media(color_scheme=theme)
            if turn == 0:
                tab.goto(page.as_uri())
                tab.evaluate(UNFOLD)
            tab.wait_for_function(IS_SHOWN_IN, arg=theme)
            wrong = axe.violations(tab, **options)
            found += [f"{name(site, page)} ({theme}, {device}): {one}" for one in wrong]
    tab.close()
    return found


@pytest.mark.parametrize("device", WIDTHS)
def test_axe_finds_nothing_on_any_page(browser, built_site, device):
    """In both themes. Listings and the reference, made from templates, take turns here, and a long test sees all."""
    assert found_on(browser, built_site, looked_at(built_site, device), device) == []


@pytest.mark.long
@pytest.mark.parametrize(("device", "theme"), SETTINGS)
def test_axe_finds_nothing_on_any_page_from_a_template_in_any_setting_word_by_word(
    browser, built_site, device, theme
):
    """The other pages, looked at in each setting already, are measured word by word in one setting each."""
    listings, reference = from_templates(built_site)
    turn = SETTINGS.index((device, theme))
    others = [page for page in without_listings(built_site) if page not in reference]
    some = dict.fromkeys([*listings, *reference, *others[turn :: len(SETTINGS)]], (theme,))
    assert found_on(browser, built_site, some, device, all_words=True) == []


def test_each_page_is_looked_at_in_each_setting_or_takes_its_turn(built_site):
    listings, reference = from_templates(built_site)
    seen = [
        (page, device, theme)
        for device in WIDTHS
        for page, themes in looked_at(built_site, device).items()
        for theme in themes
    ]
    for page in without_listings(built_site):
        assert sum(one == page for one, *_ in seen) == (1 if page in reference else len(SETTINGS)), page
    for kind in (listings, reference):
        assert {(device, theme) for page, device, theme in seen if page in kind} == set(SETTINGS)


def test_axe_would_notice_what_is_wrong(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><html lang="en" data-theme="light"><title>Bad</title><main><h1>Bad</h1><button></button>'
        '<p style="color: #aaa; background: #fff">faint</p><div id="host"></div></main>'
        '<pre><code><span class="k" style="color: #000">one</span> <span class="k">two</span></code></pre>'
        "<script>document.getElementById('host').attachShadow({mode: 'open'})"
        ".innerHTML = '<img src=\"data:,\">';</script></html>"
    )
    found = found_on(browser, tmp_path, {page: ("light",)}, "desk")
    for rule in ("button-name", "color-contrast", "image-alt", "region"):
        assert any(f"rule='{rule}'" in line for line in found), f"{rule} is not among {found}"


def test_a_faint_word_is_noticed_although_others_are_not_measured_again(browser, tmp_path):
    page = tmp_path / "code.html"
    page.write_text(
        '<!doctype html><html lang="en" data-theme="light"><title>Code</title><main><article><h1>Code</h1>'
        "<style>.k, i { color: #000 } .f { color: #bbb } b { background: #333 } u { position: relative }</style><pre>"
        + '<span class="k">word</span> ' * 30
        + '<span class="f">faint</span> ' * 30
        + "</pre><p>"
        + "<i>word</i> " * 30
        + "<b><i>on a dark ground</i></b> <u><i>elsewhere</i></u></p></article></main></html>"
    )
    found = found_on(browser, tmp_path, {page: ("light",)}, "desk")
    assert len(found) == 2
    assert all("color-contrast" in one for one in found)
    assert len(found_on(browser, tmp_path, {page: ("light",)}, "desk", all_words=True)) == 31
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.evaluate(axe.AGAIN)
    assert tab.locator("[data-again]").count() == 29 + 29 + 29  # not the word in a box of its own
    tab.close()
