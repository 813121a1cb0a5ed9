"""What keeps people out of a page: axe-core finds nothing, in light and dark, on a desk and on a phone."""

from pathlib import Path

import pytest

import axe
from site_pages import name, pages, without_listings

pytestmark = pytest.mark.site

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SETTINGS = [(theme, device) for theme in ("light", "dark") for device in WIDTHS]
LISTINGS_EVERY = 20
UNFOLD = "() => document.querySelectorAll('article details').forEach(e => { e.open = true; })"
THEME = "() => document.documentElement.dataset.theme"


def listings(site: Path) -> list[Path]:
    """Return the listings of source code, made from one template."""
    return [page for page in pages(site) if page not in without_listings(site)]


def found_on(browser, site: Path, some_pages, theme: str, device: str, **options: bool) -> list[str]:
    """Return one line for each violation on these pages, with everything unfolded."""
    tab = browser.new_page(viewport=WIDTHS[device], color_scheme=theme, reduced_motion="reduce")
    found: list[str] = []
    for page in some_pages:
        tab.goto(page.as_uri())
        assert tab.evaluate(THEME) == theme
        tab.evaluate(UNFOLD)
        wrong = axe.violations(tab, **options)
        found += [f"{name(site, page)} ({theme}, {device}): {one}" for one in wrong]
    tab.close()
    return found


@pytest.mark.parametrize(("theme", "device"), SETTINGS)
def test_axe_finds_nothing_on_any_page(browser, built_site, theme, device):
    """Listings share one template and are many: a few are looked at here, all in each setting by a long test."""
    turn = SETTINGS.index((theme, device))
    some = [*without_listings(built_site), *listings(built_site)[turn::LISTINGS_EVERY]]
    assert found_on(browser, built_site, some, theme, device) == []


@pytest.mark.long
@pytest.mark.parametrize(("theme", "device"), SETTINGS)
def test_axe_finds_nothing_on_any_listing_in_any_setting_word_by_word(browser, built_site, theme, device):
    """The other pages, looked at in each setting already, are measured word by word in one setting each."""
    turn = SETTINGS.index((theme, device))
    some = [*listings(built_site), *without_listings(built_site)[turn :: len(SETTINGS)]]
    assert found_on(browser, built_site, some, theme, device, all_words=True) == []


def test_axe_would_notice_what_is_wrong(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><html lang="en" data-theme="light"><title>Bad</title><main><h1>Bad</h1><button></button>'
        '<p style="color: #aaa; background: #fff">faint</p><div id="host"></div></main>'
        '<pre><code><span class="k" style="color: #000">one</span> <span class="k">two</span></code></pre>'
        "<script>document.getElementById('host').attachShadow({mode: 'open'})"
        ".innerHTML = '<img src=\"data:,\">';</script></html>"
    )
    found = found_on(browser, tmp_path, [page], "light", "desk")
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
    found = found_on(browser, tmp_path, [page], "light", "desk")
    assert len(found) == 2
    assert all("color-contrast" in one for one in found)
    assert len(found_on(browser, tmp_path, [page], "light", "desk", all_words=True)) == 31
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.evaluate(axe.AGAIN)
    assert tab.locator("[data-again]").count() == 29 + 29 + 29  # not the word in a box of its own
    tab.close()
