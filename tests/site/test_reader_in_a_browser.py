"""Questions, ticks, progress and definitions in a headless Chromium: by keyboard, remembered, without a script."""

import json
import re

import pytest

pytestmark = pytest.mark.site

QUESTION = "book/diagrams.html"
EXERCISE = "chapters/3-algorithms/consistent-hashing.html"
TERMS = "book/notation.html"
PROGRESS = "book/progress.html"
PREFIX = "distributed-systems-architecture/"
PHONE = {"width": 320, "height": 640}


@pytest.fixture(params=["from a file", "from a server"])
def origin(request, built_site, address):
    return built_site.as_uri() + "/" if request.param == "from a file" else address


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []


def kept(tab, page):
    """Return what the browser remembers of a page."""
    text = tab.evaluate("key => localStorage.getItem(key)", PREFIX + page.removesuffix(".html"))
    return json.loads(text) if text else None


def options_of(box, right):
    selector = ".ds-option[data-right] input" if right else ".ds-option:not([data-right]) input"
    return box.locator(selector)


def single(tab):
    return tab.locator(".ds-check:not([data-several])").first


def several(tab):
    return tab.locator(".ds-check[data-several]").first


def said(box):
    return " ".join(box.get_by_role("status").inner_text().split())


def reason(tab, field):
    """Return the explanation that stands in the page for the option of an input."""
    return " ".join(
        field.evaluate("e => e.closest('.ds-option').querySelector('details p').textContent").split()
    )


def answer(tab, box, fields):
    for field in fields:
        field.check()
    box.get_by_role("button", name="Check").click()


def test_a_question_is_answered_by_keyboard_and_its_explanation_is_announced(tab, origin):
    tab.goto(origin + QUESTION)
    box = single(tab)
    assert box.get_by_role("radio").count() == box.locator(".ds-option").count()
    assert said(box) == ""
    box.get_by_role("radio").first.focus()
    tab.keyboard.press("ArrowDown")
    chosen = box.locator("input:checked")
    assert chosen.evaluate("e => e === document.activeElement")
    tab.keyboard.press("Tab")
    assert box.get_by_role("button", name="Check").evaluate("e => e === document.activeElement")
    tab.keyboard.press("Enter")
    assert said(box) == reason(tab, chosen)
    assert box.get_by_role("button", name="Try again").evaluate("e => e === document.activeElement")


@pytest.mark.parametrize("right", [True, False])
def test_the_verdict_is_a_word_and_a_sign(tab, built_site, right):
    tab.goto((built_site / QUESTION).as_uri())
    box = single(tab)
    answer(tab, box, [options_of(box, right).first])
    assert said(box).startswith("Right. " if right else "Not right. ")
    sign = box.get_by_role("status").locator("svg path").first
    assert sign.get_attribute("d").count("M") == (1 if right else 2)  # a tick is one stroke, a cross two
    assert box.locator("[data-verdict]").get_attribute("data-verdict") == ("right" if right else "wrong")


def test_after_the_answer_every_other_option_can_be_explained_too(tab, built_site):
    tab.goto((built_site / QUESTION).as_uri())
    box = single(tab)
    assert not box.locator("summary").first.is_visible()
    answer(tab, box, [options_of(box, True).first])
    for number in range(box.locator("summary").count()):
        box.locator("summary").nth(number).click()
        assert box.locator("details p").nth(number).is_visible()


@pytest.mark.parametrize(
    ("rights", "wrongs", "verdict"),
    [(2, 0, "Right, and complete."), (1, 0, "Right so far, but not complete: 1 more."), (2, 1, "Not right.")],
)
def test_where_several_are_right_the_verdict_says_what_is_missing(tab, built_site, rights, wrongs, verdict):
    tab.goto((built_site / QUESTION).as_uri())
    box = several(tab)
    fields = [options_of(box, True).nth(number) for number in range(rights)]
    fields += [options_of(box, False).nth(number) for number in range(wrongs)]
    answer(tab, box, fields)
    assert said(box).startswith(verdict)
    for field in fields:
        assert reason(tab, field) in said(box)


def test_without_a_choice_the_button_asks_for_one(tab, built_site):
    tab.goto((built_site / QUESTION).as_uri())
    box = single(tab)
    box.get_by_role("button").click()
    assert said(box) == "Choose an answer first."
    assert kept(tab, QUESTION) is None or kept(tab, QUESTION)["answers"] == {}


def test_an_answer_is_remembered_on_the_next_visit_and_forgotten_on_demand(tab, origin):
    tab.goto(origin + QUESTION)
    answer(tab, single(tab), [options_of(single(tab), False).first])
    value = single(tab).locator("input:checked").get_attribute("value")
    tab.reload()
    box = single(tab)
    assert box.locator("input:checked").get_attribute("value") == value
    assert "You were wrong." in box.inner_text()
    assert said(box) == "", "nothing is announced that the reader did not ask for"
    box.get_by_role("button", name="Try again").click()
    tab.reload()
    assert single(tab).locator("input:checked").count() == 0
    assert single(tab).get_by_role("button").inner_text() == "Check"


PLACES = """() => [...document.querySelectorAll('article :is(h1, h2, p, tr, fieldset, .ds-option, .exercise)')]
    .map(e => [e.tagName, e.id, Math.round(e.getBoundingClientRect().top)])"""


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_moves_when_the_script_runs_and_answers_are_remembered(browser, address, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.route("**/distsys-*.js*", lambda route: route.abort())  # figures take their places by themselves
    tab = context.new_page()
    for page in (QUESTION, EXERCISE):
        tab.goto(address + page)
        for box in tab.locator(".ds-check").all():
            answer(tab, box, [options_of(box, True).first])
        for tick in tab.locator(".ds-done input").all():
            tick.check()
        tab.locator("article").evaluate("e => e.lastElementChild.scrollIntoView()")
        tab.wait_for_function("key => localStorage.getItem(key)?.includes('true,')", arg=PREFIX + page[:-5])
    for page in (QUESTION, EXERCISE, PROGRESS):
        tab.goto(address + page)
        live = tab.evaluate(PLACES)
        context.route("**/reader.js*", lambda route: route.abort())
        tab.goto(address + page)
        still = tab.evaluate(PLACES)
        context.unroute("**/reader.js*")
        assert [(a, b) for a, b in zip(live, still, strict=True) if a != b][:3] == [], page
    context.close()


def test_a_broken_memory_is_as_good_as_none(tab, built_site):
    tab.goto((built_site / QUESTION).as_uri())
    for text in ("{broken", "null", "7", '{"answers": {"which-came-first": 1}, "done": {}, "read": "yes"}'):
        tab.evaluate("([key, text]) => localStorage.setItem(key, text)", [PREFIX + QUESTION[:-5], text])
        tab.reload()
        assert tab.locator(".ds-check input:checked").count() == 0
        assert single(tab).get_by_role("button", name="Check").is_visible()


def test_a_browser_that_keeps_nothing_still_answers_and_says_so(browser, built_site):
    context = browser.new_context()
    context.add_init_script(
        "const set = Storage.prototype.setItem; Storage.prototype.setItem = function (key, text) {"
        f" if (key.startsWith('{PREFIX}')) throw new DOMException('no'); set.call(this, key, text); }};"
    )
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto((built_site / QUESTION).as_uri())
    answer(tab, single(tab), [options_of(single(tab), True).first])
    assert said(single(tab)).startswith("Right.")
    tab.goto((built_site / PROGRESS).as_uri())
    assert "remember nothing beyond this visit" in tab.locator(".ds-sum").inner_text()
    assert errors == []
    context.close()


def test_a_page_counts_as_read_when_its_end_was_seen_and_is_ticked_in_the_contents(tab, origin):
    tab.goto(origin + TERMS)
    link = tab.locator("nav.bd-links a", has_text="Notation")
    assert kept(tab, TERMS) is None
    assert "(read)" not in link.text_content()
    tab.locator("article").evaluate("e => e.lastElementChild.scrollIntoView()")
    tab.wait_for_function("key => localStorage.getItem(key)", arg=PREFIX + TERMS[:-5])
    assert kept(tab, TERMS)["read"] is True
    assert "(read)" in link.text_content()
    tab.goto(origin + PROGRESS)
    assert "(read)" in tab.locator("nav.bd-links a", has_text="Notation").text_content()
    row = tab.get_by_role("row", name="Notation")
    assert row.get_by_role("cell").nth(1).inner_text().strip() == "yes"


def test_an_exercise_is_ticked_by_keyboard_and_counts(tab, origin):
    tab.goto(origin + EXERCISE)
    box = tab.locator("div.exercise[id]").first
    number = box.locator(".caption-number").inner_text().strip()  # counted through the whole book
    tick = box.get_by_role("checkbox", name=f"Done {number}")
    assert box.get_by_role("checkbox").count() == 1
    tick.focus()
    tab.keyboard.press("Space")
    tab.reload()
    assert tick.is_checked()
    tab.goto(origin + PROGRESS)
    row = tab.locator(f"tr[data-page='{EXERCISE[:-5]}']")
    count = len(row.get_attribute("data-exercises").split())
    assert row.locator("[data-count=exercises]").inner_text() == f"1 of {count}"


FILLED = r"1 of \d+ questions answered right, 1 of \d+ exercises done\."


def counted(tab):
    """Return what is counted, but the pages read: a page may come to its end while a test goes on."""
    return tab.locator(".ds-sum").inner_text().split(" pages read, ")[1]


def fill(tab, built_site):
    """Answer one question rightly and one wrongly, tick an exercise, and open the page of progress."""
    tab.goto((built_site / QUESTION).as_uri())
    answer(tab, single(tab), [options_of(single(tab), True).first])
    answer(tab, several(tab), [options_of(several(tab), False).first])
    tab.goto((built_site / EXERCISE).as_uri())
    tab.locator("div.exercise[id] .ds-done input").first.check()
    tab.goto((built_site / PROGRESS).as_uri())
    tab.locator("article").evaluate("e => e.lastElementChild.scrollIntoView()")
    tab.wait_for_function("key => localStorage.getItem(key)", arg=PREFIX + PROGRESS[:-5])


def export(tab):
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export").click()
    return download.value


def test_progress_is_exported_cleared_and_imported_again(tab, built_site, tmp_path):
    fill(tab, built_site)
    assert re.fullmatch(FILLED, counted(tab))
    file = tmp_path / export(tab).suggested_filename
    export(tab).save_as(file)
    content = json.loads(file.read_text(encoding="utf-8"))
    assert len(content["pages"][EXERCISE[:-5]]["done"]) == 1
    assert sorted(one["right"] for one in content["pages"][QUESTION[:-5]]["answers"].values()) == [
        False,
        True,
    ]

    tab.once("dialog", lambda dialog: dialog.dismiss())
    tab.get_by_role("button", name="Clear").click()
    assert re.fullmatch(FILLED, counted(tab))
    tab.once("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Clear").click()
    assert tab.locator(".ds-progress").get_by_role("status").inner_text() == "Everything is forgotten."
    assert re.fullmatch(FILLED.replace("1", "0"), counted(tab))
    assert tab.evaluate("prefix => Object.keys(localStorage).filter(k => k.startsWith(prefix))", PREFIX) == []

    give(tab, file)
    assert re.fullmatch(FILLED, counted(tab))


def give(tab, file):
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Import").click()
    chooser.value.set_files(file)
    tab.wait_for_function(
        "() => document.querySelector('.ds-progress .ds-said').textContent.includes('file')"
    )


HOSTILE = '{"book": "distributed-systems-architecture", "format": 1, "pages": {"book/how-to": '


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        '{"book": "another", "format": 1, "pages": {}}',
        HOSTILE + "1}, ",
        HOSTILE.replace("1,", "9,") + "{}}}",
    ],
)
def test_a_file_that_is_no_progress_changes_nothing_and_says_so(tab, built_site, tmp_path, text):
    fill(tab, built_site)
    before = counted(tab)
    (tmp_path / "bad.json").write_text(text)
    give(tab, tmp_path / "bad.json")
    assert "Nothing was changed" in tab.locator(".ds-progress").get_by_role("status").inner_text()
    assert counted(tab) == before


def test_what_is_imported_is_added_and_only_what_has_its_form_is_taken(tab, built_site, tmp_path):
    fill(tab, built_site)
    record = {"read": True, "done": [7, "<img src=x onerror=boom()>"], "answers": {"a": 1}, "more": "<b>"}
    (tmp_path / "other.json").write_text(HOSTILE + json.dumps(record) + "}}")
    give(tab, tmp_path / "other.json")
    assert kept(tab, "book/how-to.html") == {
        "read": True,
        "answers": {},
        "done": ["<img src=x onerror=boom()>"],
    }
    assert tab.locator("article img").count() == 0
    assert len(kept(tab, EXERCISE)["done"]) == 1


def definition(tab):
    return tab.get_by_role("dialog")


def term(tab, number=0):
    return tab.locator("article a:has(> .std-term)").nth(number)


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_a_term_opens_its_definition_beside_it_and_escape_gives_the_focus_back(tab, origin, how):
    tab.goto(origin + TERMS)
    address = tab.url
    link = term(tab)
    if how == "click":
        link.click()
    else:
        link.focus()
        tab.keyboard.press("Enter")
    box = definition(tab)
    assert box.is_visible()
    assert box.evaluate("e => e.contains(document.activeElement)")
    assert box.evaluate("e => document.getElementById(e.getAttribute('aria-labelledby')).textContent")
    assert len(box.inner_text().split()) > 10
    assert link.get_attribute("aria-expanded") == "true"
    word, place = link.bounding_box(), box.bounding_box()
    assert place["y"] >= word["y"] + word["height"] or place["y"] + place["height"] <= word["y"]
    tab.keyboard.press("Escape")
    assert not box.is_visible()
    assert link.evaluate("e => e === document.activeElement")
    assert link.get_attribute("aria-expanded") == "false"
    assert tab.url == address


def test_the_link_inside_leads_to_the_same_entry_of_the_glossary(tab, built_site):
    tab.goto((built_site / TERMS).as_uri())
    target = term(tab).get_attribute("href")
    term(tab).click()
    definition(tab).get_by_role("link", name="In the glossary").click()
    tab.wait_for_url("**/" + target)
    assert tab.locator(":target").count() == 1


def test_a_second_click_closes_and_another_term_takes_its_place(tab, built_site):
    tab.goto((built_site / TERMS).as_uri())
    term(tab).click()
    first = definition(tab).inner_text()
    term(tab).click()
    assert definition(tab).count() == 0
    term(tab).click()
    definition(tab).get_by_role("button", name="Close").click()
    assert definition(tab).count() == 0
    term(tab).focus()
    tab.keyboard.press("Enter")
    term(tab, 1).focus()
    tab.keyboard.press("Enter")
    assert definition(tab).count() == 1
    assert definition(tab).inner_text() != first
    assert [term(tab, number).get_attribute("aria-expanded") for number in (0, 1)] == ["false", "true"]


def test_a_click_that_asks_for_a_new_tab_gets_one(tab, built_site):
    tab.goto((built_site / TERMS).as_uri())
    with tab.context.expect_page() as opened:
        term(tab).click(modifiers=["Control"])
    opened.value.wait_for_url("**/glossary.html#*")
    assert definition(tab).count() == 0


def test_on_a_phone_every_definition_of_a_page_opens_by_touch_inside_the_screen(browser, built_site):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto((built_site / TERMS).as_uri())
    for number in range(tab.locator("article a:has(> .std-term)").count()):
        term(tab, number).tap()
        place = definition(tab).bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= PHONE["width"]
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
        tab.keyboard.press("Escape")
    context.close()


@pytest.mark.parametrize("page", [QUESTION, EXERCISE, PROGRESS, "book/figures.html"])
def test_nothing_of_ours_scrolls_sideways_on_a_narrow_screen(browser, built_site, page):
    context = browser.new_context(viewport=PHONE)
    tab = context.new_page()
    tab.goto((built_site / page).as_uri())
    for number in range(tab.locator(".ds-check").count()):
        answer(
            tab,
            tab.locator(".ds-check").nth(number),
            [tab.locator(".ds-check").nth(number).locator("input").first],
        )
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


@pytest.fixture
def bare(browser):
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_a_script_every_explanation_opens_and_no_button_is_dead(bare, built_site):
    bare.goto((built_site / QUESTION).as_uri())
    options = bare.locator(".ds-option")
    for number in range(options.count()):
        options.nth(number).locator("summary").click()
        assert options.nth(number).locator("details p").is_visible()
    for page in (QUESTION, EXERCISE, PROGRESS):
        bare.goto((built_site / page).as_uri())
        assert bare.locator(".ds-button, .ds-done").count() == 0


def test_without_a_script_the_progress_says_what_it_needs_and_leads_to_every_page(bare, built_site):
    bare.goto((built_site / PROGRESS).as_uri())
    assert "this browser runs none" in bare.locator("article").inner_text()
    for link in bare.locator("tr[data-page] a").all():
        assert link.is_visible()


def test_without_a_script_a_term_leads_to_the_glossary(bare, built_site):
    bare.goto((built_site / TERMS).as_uri())
    term(bare).click()
    bare.wait_for_url("**/glossary.html#*")


@pytest.mark.parametrize("scripts", [True, False], ids=["with a script", "without"])
def test_on_paper_every_option_is_explained(browser, built_site, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto((built_site / QUESTION).as_uri())
    tab.emulate_media(media="print")
    reasons = tab.locator(".ds-option details p")
    for number in range(reasons.count()):
        assert reasons.nth(number).bounding_box()["height"] > 10
    assert reasons.count() > 5
    assert tab.locator(".ds-check .ds-button:visible").count() == 0
    context.close()
