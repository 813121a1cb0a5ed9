"""The playable ring in a browser: it counts what the package counts, and its controls do what they say."""

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from distsys.lab.ring_player import ring_player
from ring_pages import POOL, entries_of, owners, page, random_walk, text_of

KEYS = tuple(f"key:{number}" for number in range(128))
PLAIN = [(name, 1) for name in POOL[:4]]
JOINED = "ring-v8-abcde-v8-abcd"
ALL_OF = """([element, settings]) => settings.map((setting) => {
  element.setting = setting;
  const { now, was, moved, between } = element.found;
  const inside = element.shadowRoot;
  return [now, was || null, moved.length, between, inside.querySelector(".told").textContent,
          inside.querySelectorAll(".moved").length,
          [...inside.querySelectorAll(".servers tbody tr")].map((row) => row.querySelector(".number").textContent)];
})"""


@pytest.fixture(scope="module")
def ring_file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTSYS_STATIC", "1")
        figure = ring_player(POOL, KEYS, name="fig-ring", alt="A ring of four servers.", members=POOL[:4])
        path = tmp_path_factory.mktemp("ring") / "ring.html"
        path.write_text(page(figure), encoding="utf-8")
    return path


@pytest.fixture
def ring(tab, ring_file):
    """The figure, awake, in its first setting."""
    tab.goto(ring_file.as_uri())
    tab.locator("dist-ring .app").wait_for()
    return tab.locator("dist-ring")


def sentence(ring) -> str:
    return ring.locator(".told").inner_text()


def setting(ring) -> str:
    return ring.evaluate("(element) => element.setting")


def rounded(value: float, step: str = "0.001") -> str:
    """Return a number as browsers write it: a half goes up, where Python's format goes to the even digit."""
    return str(Decimal(value).quantize(Decimal(step), ROUND_HALF_UP))


def moved_keys(method, now, before):
    """Return the keys whose owner differs, by the package."""
    pairs = zip(KEYS, owners(method, before, KEYS), owners(method, now, KEYS), strict=True)
    return [(key, was, is_now) for key, was, is_now in pairs if was != is_now]


def test_1000_random_settings_have_the_owners_and_the_moves_of_the_package(ring):
    walk = random_walk(seed=1, steps=1000)
    settings = [text_of(*step) for step in walk]
    answers = ring.evaluate("(element, settings) => (" + ALL_OF + ")([element, settings])", settings)
    for (method, now, before), text, (is_now, was, count, between, words, drawn, entries) in zip(
        walk, settings, answers, strict=True
    ):
        hint = f"random_walk(seed=1), setting {text}"
        assert [POOL[place] for place in is_now] == owners(method, now, KEYS), hint
        assert dict(zip(POOL, entries, strict=True)) == dict.fromkeys(POOL, "") | entries_of(method, now), (
            hint
        )
        if before is None:
            assert (was, count, drawn) == (None, 0, 0), hint
            continue
        assert [POOL[place] for place in was] == owners(method, before, KEYS), hint
        moved = moved_keys(method, now, before)
        assert (count, drawn) == (len(moved), len(moved)), hint
        assert f"moved {len(moved)} of 128 keys = {rounded(len(moved) / 128)}" in words, hint
        differs = {name for name, _ in {*now[1]} ^ {*before[1]}} if method in ("ring", "rendezvous") else {
            name for name in POOL if (name in dict(now[1])) != (name in dict(before[1]))
        }  # fmt: skip
        if len(differs) == 1 and now[0] == before[0]:
            (who,) = differs
            assert between == sum(who not in (a, b) for _, a, b in moved), hint
    assert {method for method, _, _ in walk} == {"ring", "modulo", "rendezvous", "jump", "maglev"}


def test_the_sentence_of_a_join_counts_against_the_fair_share(ring):
    ring.get_by_role("button", name="Add eve").click()
    moved = moved_keys("ring", (8, [*PLAIN, ("eve", 1)]), (8, PLAIN))
    assert {to for _, _, to in moved} == {"eve"}
    assert sentence(ring) == (
        f"eve joins: moved {len(moved)} of 128 keys = {rounded(len(moved) / 128)}; 1/(n+1) = 1/5 = 0.200. "
        "Of these, 0 between old servers."
    )
    assert ring.locator("[aria-live]").inner_text() == sentence(ring)


def test_the_sentence_of_a_leave_and_of_a_weight(ring):
    ring.get_by_role("button", name="Remove bob").click()
    rest = [pair for pair in PLAIN if pair[0] != "bob"]
    moved = moved_keys("ring", (8, rest), (8, PLAIN))
    assert sentence(ring).startswith(f"bob leaves: moved {len(moved)} of 128 keys")
    assert "1/(n+1) = 1/4 = 0.250. Of these, 0 between the other servers." in sentence(ring)
    ring.get_by_label("Weight of dee").select_option("3")
    heavy = [(name, 3 if name == "dee" else weight) for name, weight in rest]
    moved = moved_keys("ring", (8, heavy), (8, rest))
    assert sentence(ring) == (
        f"dee has weight 3 instead of 1: moved {len(moved)} of 128 keys = {rounded(len(moved) / 128)}; "
        f"its part of all weights changed by {3 / 5 - 1 / 3:.3f}. Of these, 0 between the other servers."
    )


def test_the_table_of_methods_shows_the_same_change_under_each(ring):
    ring.get_by_role("button", name="Add eve").click()
    for row in ring.locator(".methods tbody tr").all():
        method = row.locator("th").inner_text().strip().lower()
        moved = moved_keys(method, (8, [*PLAIN, ("eve", 1)]), (8, PLAIN))
        between = sum(to != "eve" for _, _, to in moved)
        assert [cell.inner_text() for cell in row.locator(".number").all()] == [str(len(moved)), str(between)]


def test_the_table_of_servers_counts_tokens_and_keys(ring):
    ring.get_by_role("button", name="Add eve").click()
    was, is_now = owners("ring", (8, PLAIN), KEYS), owners("ring", (8, [*PLAIN, ("eve", 1)]), KEYS)
    for row in ring.locator(".servers tbody tr").all()[:5]:
        name = row.locator(".name").inner_text()
        assert [cell.inner_text() for cell in row.locator("td.number").all()] == [
            "8", str(was.count(name)), str(is_now.count(name)), rounded(100 * is_now.count(name) / 128, "1") + "%",
        ]  # fmt: skip


def test_the_list_names_every_key_that_moved_and_both_its_servers(ring):
    ring.get_by_role("button", name="Add eve").click()
    moved = moved_keys("ring", (8, [*PLAIN, ("eve", 1)]), (8, PLAIN))
    listed = " ".join(ring.locator("details li").all_inner_texts())
    assert set(re.findall(r"key:\d+", listed)) == {key for key, _, _ in moved}
    assert {f"{was} to {to}" for _, was, to in moved} == set(re.findall(r"\w+ to \w+", listed))


def test_many_steps_of_the_slider_are_one_change_and_undo_takes_it_back(ring):
    slider = ring.get_by_label("Virtual nodes", exact=True)
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    assert setting(ring) == "ring-v11-abcd-v8-abcd"
    assert sentence(ring).startswith("11 virtual nodes instead of 8: moved")
    ring.get_by_role("button", name="Undo").click()
    assert setting(ring) == "ring-v8-abcd"


@pytest.mark.parametrize(("typed", "wanted"), [("256", 256), ("9999", 256), ("0", 1), ("1", 1)])
def test_the_number_of_virtual_nodes_is_held_between_1_and_256(ring, typed, wanted):
    field = ring.get_by_label("Virtual nodes, as a number")
    field.fill(typed)
    field.press("Tab")
    assert setting(ring).startswith(f"ring-v{wanted}-")
    assert field.input_value() == str(wanted)


def test_what_a_method_cannot_do_is_not_offered_and_a_sentence_says_why(ring):
    said = ring.locator(".knob p")
    for method, weights, says in (
        ("Modulo", False, "how many servers"), ("Maglev", False, "no weights"), ("Rendezvous", True, "bids"),
        ("Jump", False, "only the last, dee, can leave"), ("Ring", True, ""),
    ):  # fmt: skip
        ring.get_by_role("radio", name=method).check()
        assert ring.get_by_label("Weight of ann").is_visible() == weights
        assert ring.get_by_label("Virtual nodes", exact=True).is_visible() == (method == "Ring")
        assert says in said.inner_text()
        assert ring.get_by_role("button", name="Remove ann").is_visible() == (method != "Jump")
        assert ring.get_by_role("button", name="Remove dee").is_visible()


def test_the_only_server_cannot_leave(ring):
    for name in ("ann", "bob", "cid"):
        ring.get_by_role("button", name=f"Remove {name}").click()
    assert not ring.get_by_role("button", name="Remove dee").is_visible()
    assert "The only server cannot leave" in ring.locator(".knob p").inner_text()
    assert ring.locator(".arc").count() == 9  # eight in the table, one whole circle in the picture


def test_undo_and_reset_are_there_only_when_there_is_something_to_undo(ring):
    undo, reset = (ring.get_by_role("button", name=name) for name in ("Undo", "Reset"))
    assert not undo.is_visible()
    assert not reset.is_visible()
    ring.get_by_role("button", name="Add hal").click()
    ring.get_by_role("button", name="Add eve").click()
    reset.click()
    assert setting(ring) == "ring-v8-abcd"
    undo.click()
    assert setting(ring) == "ring-v8-abcdhe-v8-abcdh"
    undo.click()
    undo.click()
    assert setting(ring) == "ring-v8-abcd"
    assert not undo.is_visible()
    assert ring.locator("a").evaluate("(link) => link === link.getRootNode().activeElement")


def test_with_the_keyboard_alone(tab, ring):
    tab.keyboard.press("Tab")
    visited = []
    for _ in range(60):
        active = "(e) => { const a = e.shadowRoot.activeElement; return a && (a.ariaLabel || a.textContent) }"
        visited.append(ring.evaluate(active))
        if visited[-1] == "Add eve":
            tab.keyboard.press("Enter")
            break
        tab.keyboard.press("Tab")
    assert setting(ring) == JOINED
    assert {"Link to this setting", "Weight of ann", "Remove dee"} <= set(visited)
    assert ring.evaluate("(e) => e.shadowRoot.activeElement.ariaLabel") == "Remove eve"
    ring.get_by_role("radio", name="Ring").focus()
    tab.keyboard.press("ArrowDown")
    assert setting(ring) == JOINED.replace("ring", "modulo")


def test_a_link_leads_to_the_setting_from_a_file_and_while_the_page_is_open(tab, ring_file):
    tab.goto(f"{ring_file.as_uri()}#fig-ring@{JOINED}")
    ring = tab.locator("dist-ring")
    assert setting(ring) == JOINED
    assert sentence(ring).startswith("eve joins")
    assert ring.locator("a").get_attribute("href") == f"#fig-ring@{JOINED}"
    tab.evaluate("() => { location.hash = '#fig-ring@maglev-v8-ab' }")
    tab.wait_for_function("() => document.querySelector('dist-ring').setting === 'maglev-v8-ab'")


NOTHING = (
    "ring-v8-", "ring-v0-ab", "ring-v257-ab", "ring-v8-aa", "ring-v8-ai", "ring-v8-a5", "ring-v8-ab-v8-", "chord-v8-ab",
    "", "%", "<b>",
)  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_a_link_that_says_nothing_shows_the_first_setting(tab, ring_file, text):
    tab.goto(f"{ring_file.as_uri()}#fig-ring@{text}")
    tab.locator("dist-ring .app").wait_for()
    assert setting(tab.locator("dist-ring")) == "ring-v8-abcd"


def test_hostile_names_are_shown_as_text(tab, tmp_path):
    names = ("</script><b>bold</b>", "<img src=x onerror=alert(1)>", "&amp;")
    figure = ring_player(
        names, [f"{name}/{i}" for name in names for i in range(9)], name="hostile", alt="Names."
    )
    path = tmp_path / "hostile.html"
    path.write_text(page(figure), encoding="utf-8")
    tab.on("dialog", lambda dialog: pytest.fail("a name ran as a script"))
    tab.goto(path.as_uri())
    ring = tab.locator("dist-ring")
    ring.evaluate(
        "(element) => { element.setting = 'ring-v2-abc-v2-ab'; element.setting = 'ring-v1-ac-v1-abc'; }"
    )
    assert ring.locator(".name").all_inner_texts() == sorted(names)
    assert ring.locator("b, .app img, script:not([type='application/json'])").count() == 0
    assert sorted(names)[1] in sentence(ring)


@pytest.mark.parametrize("width", [1280, 768, 660, 390, 320, 288])
def test_nothing_shifts_when_the_controls_appear_and_nothing_scrolls_sideways(browser, ring_file, width):
    context = browser.new_context(viewport={"width": width, "height": 700})
    tab = context.new_page()
    tab.add_init_script("""
        window.shifts = [];
        new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
            .observe({ type: "layout-shift", buffered: true });""")
    tab.goto(ring_file.as_uri())
    tab.locator("dist-ring .app").wait_for()
    assert (
        tab.evaluate("""() => new Promise((ready) => requestAnimationFrame(() => requestAnimationFrame(
        () => setTimeout(() => ready(shifts)))))""")
        == []
    )
    after = "() => document.getElementById('after').getBoundingClientRect().top"
    before, ring = tab.evaluate(after), tab.locator("dist-ring")
    for text in (
        JOINED,
        "jump-v8-acd-v8-abcd",
        "ring-v256-a4b4c4d4e4f4g4h4-v1-abcd",
        "modulo-v8-abcdefgh-v8-abcdefg",
    ):
        ring.evaluate("(element, text) => { element.setting = text }", text)
        assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert tab.evaluate(after) == before
        assert ring.evaluate("""(element) => [...element.shadowRoot.querySelectorAll('table, .bar, svg')]
            .every((part) => part.getBoundingClientRect().right <= element.getBoundingClientRect().right + 1)""")
    context.close()


def test_before_the_script_and_in_print_there_is_the_still_picture(browser, ring_file):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(ring_file.as_uri())
    assert tab.get_by_role("img", name="A ring of four servers.").bounding_box()["height"] > 300
    context.close()
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(ring_file.as_uri())
    image = tab.locator("dist-ring img")
    tab.locator("dist-ring .app").wait_for()
    assert not image.is_visible()
    tab.emulate_media(media="print")
    assert image.is_visible()
    assert not tab.locator("dist-ring .app").is_visible()
    context.close()


@pytest.mark.parametrize("change", ["version", "tokens"])
def test_numbers_that_cannot_be_read_leave_the_still_picture(tab, ring_file, tmp_path, change):
    broken = ring_file.read_text(encoding="utf-8").replace(f'"{change}":', '"other":')
    (tmp_path / "broken.html").write_text(broken, encoding="utf-8")
    tab.goto((tmp_path / "broken.html").as_uri())
    assert tab.locator("dist-ring img").is_visible()
    assert tab.locator("dist-ring .app").count() == 0


def test_without_motion_nothing_moves_and_with_forced_colours_lines_stay_visible(browser, ring_file):
    context = browser.new_context(reduced_motion="reduce", forced_colors="active")
    tab = context.new_page()
    tab.goto(ring_file.as_uri())
    ring = tab.locator("dist-ring")
    ring.evaluate("(element, text) => { element.setting = text }", JOINED)
    styles = "(element, [what, of]) => getComputedStyle(element.shadowRoot.querySelector(what))[of]"
    assert ring.evaluate(styles, [".moved", "animationName"]) == "none"
    text, arc, ground = (
        ring.evaluate(styles, pair)
        for pair in (["svg text", "fill"], [".picture .arc", "stroke"], [".o", "fill"])
    )
    assert text == arc != ground
    context.close()
