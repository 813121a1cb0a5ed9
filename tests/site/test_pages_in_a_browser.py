"""Every page in headless Chromium, light and dark: no other origin, no error, no sideways scroll."""

from pathlib import Path

import pytest

from site_pages import name, pages, without_listings, written

pytestmark = pytest.mark.site

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
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
  const under = element => { const layers = [];
    for (let e = element; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3]) layers.push(c); if (c[3] === 255) break; }
    let base = [255, 255, 255];
    for (const c of layers.reverse()) base = base.map((b, i) => (c[i] * c[3] + b * (255 - c[3])) / 255);
    return base; };
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


def complaints(
    browser, site: Path, origin: str, some_pages, viewport: dict, theme: str, *, narrow: bool = False
) -> list[str]:
    """Open each page and return one line for everything that is wrong with it, also in a window that is `narrow`."""
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
        if narrow:
            tab.set_viewport_size(NARROW)
            found += [f"{here} scrolls sideways when narrow: {culprit}" for culprit in tab.evaluate(TOO_WIDE)]
            tab.set_viewport_size(viewport)
    context.close()
    return found


def test_every_page_from_a_file_on_a_phone_in_light_also_in_a_window_of_320_px(browser, built_site):
    origin = built_site.as_uri() + "/"
    assert complaints(browser, built_site, origin, pages(built_site), PHONE, "light", narrow=True) == []


def test_every_page_from_a_file_on_a_phone_in_dark(browser, built_site):
    origin = built_site.as_uri() + "/"
    assert complaints(browser, built_site, origin, written(built_site), PHONE, "dark") == []


def test_every_page_from_a_server_on_a_desk_in_light(browser, built_site, address):
    assert complaints(browser, built_site, address, without_listings(built_site), DESK, "light") == []


def test_every_page_from_a_server_on_a_desk_in_dark(browser, built_site, address):
    assert complaints(browser, built_site, address, written(built_site), DESK, "dark") == []


def test_the_browser_of_these_tests_would_notice_a_request_to_another_origin(browser, tmp_path):
    page = tmp_path / "book" / "bad.html"
    page.parent.mkdir()
    page.write_text(
        '<!doctype html><html data-theme="light"><body><main style="width: 900px; color: #eee">pale'
        '<img alt="" src="https://example.org/a.png"></main><script>undefined_name()</script></body></html>'
    )
    found = "\n".join(
        complaints(browser, tmp_path, tmp_path.as_uri() + "/", [page], PHONE, "light", narrow=True)
    )
    for fault in (
        "asks for https://example.org/a.png",
        "does not get",
        "throws",
        "scrolls sideways: ",
        "scrolls sideways when narrow",
        "faint text",
    ):
        assert fault in found
