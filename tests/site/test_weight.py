"""What a reader's browser has to fetch for a page, compressed as a public host would send it."""

import gzip

import pytest

from site_pages import name, soup, without_listings

pytestmark = pytest.mark.site

LIGHT = 200_000  # bytes, for a page of text with at most one figure
ALWAYS_LIGHT = ("book/intro.html", "book/diagrams.html", "chapters/3-algorithms/index.html")
# A page with many figures has a bound of its own. (The font of formulas grew by 2,000 bytes with chapters 1 and 2.)
OWN = {
    "chapters/3-algorithms/consistent-hashing.html": 230_000,
    "chapters/4-code/linearizability.html": 232_000,
    "search.html": 228_000,  # it holds the index of all words
}
GALLERY = 222_000  # bytes, for a page of the bug gallery
FONTS_READY = "() => document.fonts.ready.then(() => document.fonts.size)"


def parcels(tab, url: str) -> dict[str, int]:
    """Return the compressed size of everything that the page asks for, by address."""
    answers = []
    tab.on("requestfinished", lambda request: answers.append(request.response()))
    tab.goto(url, wait_until="networkidle")
    tab.evaluate(FONTS_READY)
    return {answer.url: compressed(answer.url, answer.body()) for answer in list(answers)}


def compressed(url: str, body: bytes) -> int:
    """Return the size of a body on its way: fonts and bitmaps are compressed already."""
    done = url.split("?")[0].endswith((".woff2", ".woff", ".png", ".jpg", ".webp"))
    return len(body) if done else len(gzip.compress(body, 9, mtime=0))


def figure_count(page) -> int:
    """Return how many figures a page shows."""
    shown = "dist-trace, dist-ring, dist-stretch, dist-flp"
    return len(soup(page).select(f".ds-figure, article img, article figure, {shown}"))


@pytest.fixture(scope="module")
def weighed(browser, built_site, address):
    """Return what each page asks for, fetched by a browser that has fetched nothing before."""
    result = {}
    for page in without_listings(built_site):
        context = browser.new_context()
        result[name(built_site, page)] = parcels(context.new_page(), address + name(built_site, page))
        context.close()
    return result


def heaviest(found: dict[str, int]) -> str:
    """Return the five heaviest parts, for the message of a failure."""
    parts = sorted(((size, url.rsplit("/", 1)[-1]) for url, size in found.items()), reverse=True)
    return ", ".join(f"{url} {size:,}" for size, url in parts[:5])


def test_a_page_of_text_and_one_figure_is_light(weighed, built_site, record_property):
    limits = dict.fromkeys(ALWAYS_LIGHT, LIGHT)
    for page in without_listings(built_site):
        if figure_count(page) <= 1 and name(built_site, page) not in OWN:
            limits[name(built_site, page)] = LIGHT
    too_heavy = {
        page: f"{sum(weighed[page].values()):,} bytes: {heaviest(weighed[page])}"
        for page, limit in limits.items()
        if sum(weighed[page].values()) > limit
    }
    record_property("bytes", {page: sum(weighed[page].values()) for page in sorted(limits)})
    assert too_heavy == {}


def test_a_page_of_many_figures_keeps_its_own_bound(weighed):
    gallery = {page: GALLERY for page in weighed if page.startswith("book/bugs-")}
    assert len(gallery) > 5
    too_heavy = {
        page: f"{sum(weighed[page].values()):,} bytes: {heaviest(weighed[page])}"
        for page, limit in (OWN | gallery).items()
        if sum(weighed[page].values()) > limit
    }
    assert too_heavy == {}


def test_no_page_fetches_an_icon_font_or_a_part_that_it_does_not_show(weighed, built_site):
    parts = {"design": "[class*='sd-']", "toggle": ".toggle, .dropdown", "exercise": ".exercise, .solution"}
    for page in without_listings(built_site):
        asked = [url.rsplit("/", 1)[-1] for url in weighed[name(built_site, page)]]
        assert not [url for url in asked if "fa-" in url or "fontawesome" in url], name(built_site, page)
        for part, shown in parts.items():
            if soup(page).select_one(f"article :is({shown})") is None:
                assert not [url for url in asked if part in url], f"{name(built_site, page)} fetches {part}"


def test_the_scale_weighs_everything_that_a_page_asks_for(browser, tmp_path):
    (tmp_path / "a.css").write_text("@import 'b.css'; p { color: red }" + " " * 9000)
    (tmp_path / "b.css").write_text("b { color: blue }")
    (tmp_path / "page.html").write_text('<!doctype html><link rel="stylesheet" href="a.css"><p>x')
    context = browser.new_context()
    found = parcels(context.new_page(), (tmp_path / "page.html").as_uri())
    context.close()
    assert {url.rsplit("/", 1)[-1] for url in found} >= {"page.html", "a.css", "b.css"}
    assert found[(tmp_path / "a.css").as_uri()] < 200
