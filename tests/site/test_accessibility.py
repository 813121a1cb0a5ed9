"""What keeps people out of a page: axe-core finds nothing, in light and dark, on a desk and on a phone."""

from pathlib import Path

import pytest

import axe
from site_pages import name, pages, without_listings

pytestmark = pytest.mark.site

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SETTINGS = [("desk", "light"), ("phone", "dark"), ("desk", "dark"), ("phone", "light")]
LISTINGS_EVERY = 100
# A page of the reference has hundreds of entries, all made from one template: every run of the tests takes one in ten.
FEWER_ENTRIES = """() => [...document.querySelectorAll('article section > dl.py')]
  .forEach((e, i) => { if (i % 10) e.remove(); })"""
UNFOLD = "() => document.querySelectorAll('article details').forEach(e => { e.open = true; })"
THEME = "() => document.documentElement.dataset.theme"


def kinds(site: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the listings of source code, the pages of the reference (each made from one template), and the others."""
    with_all, without = pages(site), without_listings(site)
    reference = [page for page in without if page.name.startswith("api-")]
    return (
        [page for page in with_all if page not in without],
        reference,
        [page for page in without if page not in reference],
    )


def looked_at(site: Path, turn: int) -> list[Path]:
    """Return the pages of one setting, of which there are four: each page in one of them, and some listings.

    The long tests look at each page in the opposite setting: in the other theme and on the other device.
    """
    listings, reference, others = kinds(site)
    return [
        *others[turn :: len(SETTINGS)],
        *reference[turn :: len(SETTINGS)],
        *listings[turn::LISTINGS_EVERY],
    ]


def found_on(
    browser, site: Path, some_pages, device: str, theme: str, *, whole: bool = True, **options: bool
) -> list[str]:
    """Return one line for each violation on these pages, with everything unfolded."""
    tab = browser.new_page(viewport=WIDTHS[device], color_scheme=theme, reduced_motion="reduce")
    found: list[str] = []
    for page in some_pages:
        tab.goto(page.as_uri())
        assert tab.evaluate(THEME) == theme
        tab.evaluate(UNFOLD)
        if not whole:
            tab.evaluate(FEWER_ENTRIES)
        wrong = axe.violations(tab, **options)
        found += [f"{name(site, page)} ({theme}, {device}): {one}" for one in wrong]
    tab.close()
    return found


@pytest.mark.parametrize("turn", range(4), ids=["-".join(setting) for setting in SETTINGS])
def test_axe_finds_nothing_on_any_page(browser, built_site, turn):
    assert found_on(browser, built_site, looked_at(built_site, turn), *SETTINGS[turn], whole=False) == []


@pytest.mark.long
@pytest.mark.parametrize("turn", range(4), ids=["-".join(setting) for setting in SETTINGS])
def test_axe_finds_nothing_in_the_opposite_setting(browser, built_site, turn):
    """The pages of another turn, whole, and other listings, one in ten in all; on the desk word by word.

    On a phone words have the colours that they have on the desk.
    """
    listings, reference, others = kinds(built_site)
    done = looked_at(built_site, turn ^ 1)
    some = [*listings[turn + 4 :: 40], *(page for page in [*reference, *others] if page in done)]
    device, theme = SETTINGS[turn]
    assert found_on(browser, built_site, some, device, theme, all_words=device == "desk") == []


def test_each_page_is_looked_at_and_each_kind_in_each_setting(built_site):
    listings, reference, others = kinds(built_site)
    seen = [(page, *SETTINGS[turn]) for turn in range(4) for page in looked_at(built_site, turn)]
    for kind in (others, reference):
        assert sorted(page for page, *_ in seen if page in kind) == sorted(kind)
    opposite = [(SETTINGS[turn], SETTINGS[turn ^ 1]) for turn in range(4)]
    assert all(one[0] != other[0] and one[1] != other[1] for one, other in opposite)
    for kind in (listings, reference, others):
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
    found = found_on(browser, tmp_path, [page], "desk", "light")
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
    found = found_on(browser, tmp_path, [page], "desk", "light")
    assert len(found) == 2
    assert all("color-contrast" in one for one in found)
    assert len(found_on(browser, tmp_path, [page], "desk", "light", all_words=True)) == 31
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.evaluate(axe.AGAIN)
    assert tab.locator("[data-again]").count() == 29  # not the word in a box of its own
    assert tab.locator("pre span").count() == 2  # the other words of these colours stand in the block itself
    assert tab.locator("pre").inner_text().split() == ["word"] * 30 + ["faint"] * 30
    tab.close()
