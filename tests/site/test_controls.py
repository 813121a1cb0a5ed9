"""What a reader can press works: search, tabs, solutions, theme, copying, menus."""

import pytest

from site_pages import name, soup, written

pytestmark = pytest.mark.site


def page_with(site, selector: str, count: int = 1):
    """Return the first page that holds at least `count` elements that match `selector`."""
    for page in written(site):
        if len(soup(page).select(selector)) >= count:
            return page
    pytest.fail(f"no page of the book has {count} of {selector}")


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("offline", [True, False], ids=["from a file", "from a server"])
def test_search_finds_a_known_word(tab, built_site, address, offline):
    origin = built_site.as_uri() + "/" if offline else address
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    tab.goto(origin + "book/how-to.html")
    tab.locator(".search-button-field:visible").first.click()
    tab.locator("#pst-search-dialog input").fill("errata")
    tab.locator("#pst-search-dialog input").press("Enter")
    tab.wait_for_url("**/search.html?q=errata")
    hit = tab.locator("#search-results a[href*='errata.html']").first
    hit.wait_for()
    hit.click()
    tab.wait_for_url("**/book/errata.html*")
    assert tab.locator("article h1").inner_text().startswith("Errata")
    assert wrong == []


def test_tabs_move_together_and_the_choice_stays_on_the_next_visit(tab, built_site):
    page = page_with(built_site, ".sd-tab-label[data-sync-id=java]")
    tab.goto(page.as_uri())
    labels = tab.locator(".sd-tab-label[data-sync-id=java]")
    other = tab.context.new_page()  # it hears when the choice is stored; before that a reload may miss it
    other.goto(page.as_uri())
    other.evaluate("() => { window.heard = new Promise(done => addEventListener('storage', done)) }")
    labels.first.click()
    chosen = "els => els.every(e => document.getElementById(e.getAttribute('for')).checked)"
    assert labels.evaluate_all(chosen)
    other.evaluate("() => window.heard.then(() => 0)")
    tab.reload()
    assert tab.locator(".sd-tab-label[data-sync-id=java]").evaluate_all(chosen)
    assert tab.locator(".sd-tab-label[data-sync-id=java] + .sd-tab-content").first.is_visible()


def test_a_solution_is_closed_and_opens_on_demand(tab, built_site):
    tab.goto(page_with(built_site, "div.solution.dropdown").as_uri())
    box = tab.locator("div.solution.dropdown").first
    inside = box.locator(".highlight").first
    assert not inside.is_visible()
    box.locator("button.toggle-button").click()
    inside.wait_for(state="visible")


def test_the_code_of_a_picture_is_folded_and_opens(tab, built_site):
    tab.goto(page_with(built_site, "details.ds-code").as_uri())
    box = tab.locator("details.ds-code").first
    assert not box.locator(".highlight").is_visible()
    box.locator("summary").click()
    assert box.locator(".highlight").is_visible()


def test_the_theme_switch_goes_to_light_and_dark_and_figures_follow(tab, built_site):
    tab.goto((built_site / "book" / "intro.html").as_uri())
    ink = "() => getComputedStyle(document.querySelector('dist-trace')).color"
    seen = {}
    for _ in range(3):
        tab.locator(".theme-switch-button:visible").first.click()
        mode = tab.evaluate("() => document.documentElement.dataset.mode")
        seen[mode] = (tab.evaluate("() => document.documentElement.dataset.theme"), tab.evaluate(ink))
    assert set(seen) == {"light", "dark", "auto"}
    assert (seen["light"][0], seen["dark"][0]) == ("light", "dark")
    assert seen["light"][1] != seen["dark"][1]


def test_code_can_be_copied(browser, built_site, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    page = page_with(built_site, ".cell_input .highlight")
    tab.goto(address + name(built_site, page))
    cell = tab.locator(".cell_input .highlight").first
    cell.hover()
    cell.locator("button.copybtn").click()
    tab.wait_for_function("() => document.querySelector('button.copybtn.success')")
    assert (
        tab.evaluate("() => navigator.clipboard.readText()").strip()
        == cell.locator("pre").inner_text().strip()
    )
    context.close()


def test_the_menu_opens_on_a_phone(browser, built_site):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    tab.goto((built_site / "book" / "intro.html").as_uri())
    link = tab.locator("nav.bd-links a", has_text="Errata").first
    assert not link.is_visible()
    tab.locator("button.primary-toggle:visible").first.click()
    link.click()
    tab.wait_for_url("**/book/errata.html")
    context.close()


def test_the_notebook_of_a_page_can_be_downloaded(tab, built_site, address):
    page = page_with(built_site, "a.btn-download-source-button[href$='.ipynb']")
    tab.goto(address + name(built_site, page))
    tab.locator("button[aria-label='Download this page']").click()
    link = tab.locator("a.btn-download-source-button")
    assert link.is_visible()
    answer = tab.request.get(link.evaluate("e => e.href"))
    assert answer.ok
    assert answer.json()["nbformat"] == 4
