"""A page keeps still while it loads."""

import pytest

from site_pages import InPieces, name, served, without_listings, written

pytestmark = pytest.mark.site

DESK, PHONE = DEVICES = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# The sum of all shifts of the layout, and what moved. Two frames later the last shift has been reported.
SHIFTS = """() => new Promise(done => {
  const found = [];
  new PerformanceObserver(list => list.getEntries().forEach(e => found.push(e)))
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(found.map(e => [e.value,
    e.sources.map(s => s.node && (s.node.nodeName + '.' + (s.node.className || s.node.id)) ).join(' ')])), 0)));
})"""
STILL = 0.001
# Two frames after what is there is drawn: whether the page is complete. Before its body has begun, nothing is drawn.
DRAWN = """() => document.body && new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
  () => setTimeout(() => done(document.readyState === 'complete'), 0))))"""


def shifts(tab, url: str) -> list[tuple[float, str]]:
    """Open a page and return how far its parts moved, and which."""
    tab.goto(url, wait_until="networkidle")
    tab.evaluate("() => document.fonts.ready.then(() => 0)")
    return [(value, what) for value, what in tab.evaluate(SHIFTS)]


def moved(site, some_pages, look) -> list[str]:
    """Return one line for each page that moves as it loads; `look` opens one and says how far its parts moved.

    A page that moved is opened again. On a busy machine the browser may draw a page in the middle of a table, which
    then changes its columns; whoever is to be told of here moves each time.
    """
    found = []
    for page in some_pages:
        for _ in range(2):
            seen = look(name(site, page))
            if sum(value for value, _ in seen) < STILL:
                break
        else:
            found.append(f"{name(site, page)}: {seen[:3]}")
    return found


def shifting(browser, site, address, turn, start) -> list[str]:
    """Return what moves on every second page, from page `start` on, on one device."""
    tab = browser.new_page(viewport=DEVICES[turn])
    found = moved(site, without_listings(site)[start::2], lambda page: shifts(tab, address + page))
    tab.close()
    return found


# Each page on one of the two devices; the long tests look at it on the other.
on_each_device = pytest.mark.parametrize("turn", [0, 1], ids=["desk", "phone"])


@on_each_device
def test_nothing_shifts_as_a_page_loads(browser, built_site, address, turn):
    assert shifting(browser, built_site, address, turn, turn) == []


@pytest.mark.long
@on_each_device
def test_nothing_shifts_as_a_page_loads_on_the_other_device(browser, built_site, address, turn):
    assert shifting(browser, built_site, address, turn, 1 - turn) == []


# Where a page may be cut in two as it arrives: before a button of the row above it.
BUTTONS = ("theme-switch-button", "search-button__button", "secondary-toggle")


@pytest.mark.parametrize("button", BUTTONS)
def test_the_row_of_buttons_keeps_still_when_a_page_arrives_in_two_pieces(browser, built_site, button):
    page = built_site / "book" / "api-algorithms.html"
    text = page.read_bytes()
    row = text.index(b"article-header-buttons")
    InPieces.place = text.rindex(b"<button", row, text.index(button.encode(), row))
    InPieces.go.clear()
    tab = browser.new_page(viewport=PHONE)
    with served(built_site, InPieces) as origin:
        tab.goto(origin + name(built_site, page), wait_until="commit")
        tab.wait_for_selector(".article-header-buttons", state="attached")
        tab.evaluate(DRAWN)
        InPieces.go.set()
        tab.wait_for_load_state("networkidle")
        assert [what for _, what in tab.evaluate(SHIFTS)] == []
    tab.close()


@on_each_device
def test_nothing_shifts_when_scripts_and_pictures_come_last(browser, built_site, address, turn):
    """Scripts and pictures are let through one by one, each after the page has drawn what it has."""
    assert shifting_late(browser, built_site, address, turn, turn) == []


@pytest.mark.long
@on_each_device
def test_nothing_shifts_when_they_come_last_on_the_other_device(browser, built_site, address, turn):
    assert shifting_late(browser, built_site, address, turn, 1 - turn) == []


def shifting_late(browser, site, address, turn, start) -> list[str]:
    """Return what moves on every second page when its scripts and pictures come last."""
    tab = browser.new_page(viewport=DEVICES[turn])
    held = []
    tab.route("**/*.{js,svg,png,woff2}*", lambda route: held.append(route))

    def look(page):
        tab.goto(address + page, wait_until="commit")
        while not tab.evaluate(DRAWN):
            if held:
                held.pop(0).continue_()
        return tab.evaluate(SHIFTS)

    found = moved(site, written(site)[start::2], look)
    tab.close()
    return found


def test_a_page_that_shifts_is_noticed(browser, tmp_path):
    page = tmp_path / "shifts.html"
    page.write_text(
        "<!doctype html><p id=a>above</p><p style='height: 300px'>below</p><script>requestAnimationFrame(() =>"
        " requestAnimationFrame(() => { a.style.height = '400px'; }))</script>"
    )
    tab = browser.new_page(viewport=DESK)
    assert len(moved(tmp_path, [page], lambda page: shifts(tab, f"{tmp_path.as_uri()}/{page}"))) == 1
    tab.close()
