"""Every page in headless Chromium, light and dark: no other origin, no error, no sideways scroll.

A page that is open is also looked at as it is in a narrow window, in print, and where the system chooses the colours.
"""

import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from site_pages import name, pages, without_listings, written

pytestmark = pytest.mark.site

THEMES = ("light", "dark")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 640}  # also what is left of a window of 640 px when a reader zooms to 200 %
TOO_WIDE = """() => {
  if (document.documentElement.scrollWidth <= window.innerWidth) return [];
  const wide = [...document.querySelectorAll('main, main *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3);
  return wide.length ? wide.map(e => `${e.tagName}.${e.className}`) : ['something outside of main'];
}"""
THEME = "() => document.documentElement.dataset.theme"
# Text of the article whose contrast with what lies under it is too small (WCAG AA: 4.5, large text 3).
FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const once = (known, key, find) => { if (!known.has(key)) known.set(key, find()); return known.get(key); };
  const colours = new Map(), grounds = new Map();
  const rgba = colour => once(colours, colour, () => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; });
  const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const under = e => !e ? [255, 255, 255] : once(grounds, e, () => {
    const c = rgba(getComputedStyle(e).backgroundColor);
    return c[3] === 255 ? c.slice(0, 3) : under(e.parentElement).map((b, i) => (c[i] * c[3] + b * (255 - c[3])) / 255);
  });
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const bad = new Set(), seen = new Set();
  while (walker.nextNode()) { const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest('svg, script, style') || !e.checkVisibility()) continue;
    const s = getComputedStyle(e), base = under(e), key = s.color + base + s.fontSize + s.fontWeight;
    if (seen.has(key)) continue; seen.add(key);
    const c = rgba(s.color), mixed = c.slice(0, 3).map((v, i) => (v * c[3] + base[i] * (255 - c[3])) / 255);
    const a = light(mixed), b = light(base), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(s.fontSize) >= 24 || (parseFloat(s.fontSize) >= 18.66 && s.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5))
      bad.add(`${ratio.toFixed(2)} ${e.tagName}.${e.className} "${e.textContent.slice(0, 20)}"`);
  }
  return [...bad].slice(0, 5);
}"""

# The summary of a part that is open is its heading; of a folded part it would be a control.
CONTROLS = """() => [...document.querySelectorAll(
    'button, input, select, textarea, details:not([open]) > summary, [role=button], [role=slider]')]
  .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.getClientRects().length)
  .map(e => `${e.tagName}.${e.className} "${e.textContent.trim().slice(0, 20)}"`)"""
# Lines and letters of a figure that cannot be told from the ground under them, when the system chooses the colours.
UNSEEN = """() => {
  const shown = c => c !== 'none' && !/, 0\\)$/.test(c) && c !== 'transparent';
  const ground = getComputedStyle(document.body).backgroundColor;
  const bad = [];
  for (const e of document.querySelectorAll('.ds-figure svg :is(path, line, rect, circle, polyline, polygon, text)')) {
    const s = getComputedStyle(e);
    if (e.closest('defs, clipPath, marker') || !e.checkVisibility()) continue;
    const colours = e.tagName === 'text' ? [s.fill] : [s.stroke, s.fill].filter(shown);
    const painted = colours.filter(shown);
    if (e.tagName === 'text' ? painted[0] === ground : s.stroke !== 'none' && s.stroke === ground && s.fill === ground)
      bad.push(`${e.tagName}.${e.getAttribute('class')} ${colours}`);
  }
  return bad.slice(0, 5);
}"""


def in_a_narrow_window(tab) -> list[str]:
    """Return what is too wide for 320 px."""
    before = tab.viewport_size
    tab.set_viewport_size(NARROW)
    found = [f"scrolls sideways when narrow: {culprit}" for culprit in tab.evaluate(TOO_WIDE)]
    tab.set_viewport_size(before)
    return found


def in_print(tab) -> list[str]:
    """Return the controls that would be printed."""
    tab.emulate_media(media="print")
    found = [f"prints {control}" for control in tab.evaluate(CONTROLS)[:4]]
    tab.emulate_media(media="screen")
    return found


def without_colours(tab) -> list[str]:
    """Return what a figure loses when the system chooses the colours."""
    tab.emulate_media(forced_colors="active")
    found = [f"hides {line}" for line in tab.evaluate(UNSEEN)]
    pictures = [figure.screenshot() for figure in tab.locator(".ds-figure > svg:visible").all()]
    found += ["shows a figure without lines" for picture in pictures if lines_seen(picture) < 0.005]
    tab.emulate_media(forced_colors="none")
    return found


def lines_seen(picture: bytes) -> float:
    """Return the share of a picture that differs clearly from its most frequent colour."""
    pixels = Counter(Image.open(io.BytesIO(picture)).convert("L").tobytes())
    ground = pixels.most_common(1)[0][0]
    return sum(count for value, count in pixels.items() if abs(value - ground) > 90) / sum(pixels.values())


def complaints(browser, site: Path, origin: str, some_pages, viewport: dict, theme: str, *looks) -> list[str]:
    """Open each page and return one line for everything that is wrong with it, also for `looks`."""
    context = browser.new_context(viewport=viewport, color_scheme=theme)
    tab = context.new_page()
    found: list[str] = []
    here = ""
    tab.on(
        "request", lambda r: r.url.startswith((origin, "data:")) or found.append(f"{here} asks for {r.url}")
    )
    # An icon that is still on its way when the next page is opened is "aborted": that is the test's doing.
    tab.on(
        "requestfailed",
        lambda r: r.failure == "net::ERR_ABORTED" or found.append(f"{here} does not get {r.url}"),
    )
    tab.on("response", lambda r: r.status < 400 or found.append(f"{here} gets {r.status} for {r.url}"))
    tab.on("pageerror", lambda error: found.append(f"{here} throws {error}"))
    tab.on("console", lambda m: m.type in ("error", "warning") and found.append(f"{here} reports {m.text}"))
    for page in some_pages:
        here = f"{name(site, page)} ({theme}, {viewport['width']} px)"
        tab.goto(origin + name(site, page), wait_until="load")
        found += [f"{here} scrolls sideways: {culprit}" for culprit in tab.evaluate(TOO_WIDE)]
        if tab.evaluate(THEME) != theme:
            found.append(f"{here} is shown in {tab.evaluate(THEME)}")
        if page in written(site):
            found += [f"{here} has faint text: {text}" for text in tab.evaluate(FAINT)]
        found += [f"{here} {culprit}" for look in looks for culprit in look(tab)]
    context.close()
    return found


def half(some_pages, theme: str, *, swapped: bool = False):
    """Return every second page: those that are looked at in this theme, or with `swapped` the others."""
    return some_pages[(theme == "dark") ^ swapped :: 2]


def on_a_phone(browser, site: Path, theme: str, *, swapped: bool) -> list[str]:
    """Look at one half of the pages, and of the listings, which are made from one template, at every tenth of it."""
    listings = [page for page in pages(site) if page not in without_listings(site)]
    some = [
        *half(without_listings(site), theme, swapped=swapped),
        *half(listings, theme, swapped=swapped)[::10],
    ]
    return complaints(browser, site, site.as_uri() + "/", some, PHONE, theme, in_a_narrow_window)


def on_a_desk(browser, site: Path, address: str, theme: str, *, swapped: bool) -> list[str]:
    some, looks = half(without_listings(site), theme, swapped=swapped), (in_print, without_colours)
    return complaints(browser, site, address, some, DESK, theme, *looks)


# Each page in one theme on the phone and in the other on the desk; the long tests look at it the other way round.


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_from_a_file_on_a_phone_and_in_a_window_of_320_px(browser, built_site, theme):
    assert on_a_phone(browser, built_site, theme, swapped=False) == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_from_a_server_on_a_desk_in_print_and_without_colours(browser, built_site, address, theme):
    assert on_a_desk(browser, built_site, address, theme, swapped=True) == []


@pytest.mark.long
@pytest.mark.parametrize("theme", THEMES)
def test_every_page_on_a_phone_in_the_other_theme(browser, built_site, theme):
    assert on_a_phone(browser, built_site, theme, swapped=True) == []


@pytest.mark.long
def test_every_listing_on_a_phone(browser, built_site):
    listings = [page for page in pages(built_site) if page not in without_listings(built_site)]
    assert complaints(browser, built_site, built_site.as_uri() + "/", listings, PHONE, "light") == []


@pytest.mark.long
@pytest.mark.parametrize("theme", THEMES)
def test_every_page_on_a_desk_in_the_other_theme(browser, built_site, address, theme):
    assert on_a_desk(browser, built_site, address, theme, swapped=False) == []


def test_each_page_is_looked_at_on_both_devices_and_once_in_each_theme(built_site):
    every = pages(built_site)
    for swapped in (False, True):
        seen = [page for theme in THEMES for page in half(every, theme, swapped=swapped)]
        assert sorted(seen) == sorted(every)
    assert not set(half(every, "dark")) & set(half(every, "dark", swapped=True))


def test_the_browser_of_these_tests_would_notice_what_is_wrong(browser, tmp_path):
    page = tmp_path / "book" / "bad.html"
    page.parent.mkdir()
    page.write_text(
        '<!doctype html><html data-theme="light"><body><main style="width: 900px; color: #eee">pale'
        '<img alt="" src="https://example.org/a.png"></main><button>press</button><figure class="ds-figure">'
        '<svg width="200" height="100" style="forced-color-adjust: none"><path d="M0 0H9" stroke="#fff"/></svg>'
        "<script>undefined_name()</script></body></html>"
    )
    looks = (in_a_narrow_window, in_print, without_colours)
    found = "\n".join(complaints(browser, tmp_path, tmp_path.as_uri() + "/", [page], PHONE, "light", *looks))
    for fault in (
        "asks for https://example.org/a.png",
        "does not get",
        "throws",
        "scrolls sideways: ",
        "scrolls sideways when narrow",
        "faint text",
        "prints BUTTON",
        "shows a figure without lines",
    ):
        assert fault in found
