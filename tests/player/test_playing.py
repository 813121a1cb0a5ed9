"""What a reader can do with a figure: play, step, follow, ask, share; by mouse, by keys, and without either's help."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

import views_runs
from distsys import Trace
from distsys.drivers import replay
from distsys.lab.scenarios import overtaking_reply
from distsys.views import Guess, Stop, play
from distsys.views.words import sentence
from log_runs import log_run
from player_pages import begun, opened, write_page

TOUR = (
    Stop(5, "Ann asks."),
    Stop(8, "Bob replies.", ask="What does Cyd hear first?", guesses=(
        Guess("The question", "Her packet is lost."), Guess("The reply", "It overtakes.", right=True))),
    Stop(11, "Cyd holds the reply back."),
)  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    lunch, eager = overtaking_reply(), overtaking_reply("CB-01")
    return write_page(
        tmp_path_factory.mktemp("page") / "figures.html",
        play(lunch, name="fig-lunch", alt="Lunch.", caption="A reply overtakes its question.", tour=TOUR),
        play(eager, name="fig-eager", alt="Eager.", caption="A law is broken."),
        play({"kept": lunch, "broken": eager}, name="fig-two", alt="Two.", caption="Two runs.", beside=True),
        play({"one": lunch, "other": eager}, name="fig-choice", alt="Choice.", caption="One of two."),
        play(log_run(200), name="fig-log", alt="Log.", caption="A log.", panel="state"),
        play(views_runs.every_fault(), name="fig-faults", alt="Faults.", caption="Faults.", first=5, last=60),
    )


@pytest.fixture
def page(browser, address):
    page = opened(browser, address)
    yield page
    assert page.problems == []
    page.close()


@pytest.fixture
def lunch(page):
    return begun(page, "fig-lunch")


def step_of(figure):
    return figure.evaluate("figure => figure.step()")


def told(figure):
    return figure.locator(".say").inner_text()


def press(figure, *keys):
    for key in keys:
        figure.locator(".stage").first.press(key)


def test_a_figure_opens_at_its_last_step_and_says_it_as_a_sentence(lunch):
    trace = overtaking_reply()
    assert step_of(lunch) == len(trace)
    assert told(lunch).startswith(sentence(trace, trace[-1]))


def test_keys_step_forth_and_back_and_to_both_ends(lunch):
    press(lunch, "Home")
    assert step_of(lunch) == 1
    press(lunch, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert step_of(lunch) == 3
    press(lunch, "End")
    assert step_of(lunch) == 17


def test_n_and_p_go_to_the_faults(lunch):
    press(lunch, "Home", "n")
    assert step_of(lunch) == 4  # the way is cut
    press(lunch, "n")
    assert step_of(lunch) == 6  # a message is blocked
    press(lunch, "n", "p")
    assert step_of(lunch) == 6


def test_n_goes_to_changes_of_role_and_to_the_broken_law(page):
    log, trace = begun(page, "fig-log"), log_run(200)
    press(log, "Home", "n")
    first = next(step for step in trace if step.kind == "timeout")
    assert step_of(log) == first.number  # a follower becomes a candidate
    eager = begun(page, "fig-eager")
    press(eager, "Home", "n", "n", "n")
    assert step_of(eager) == overtaking_reply("CB-01").violation.step


def test_m_follows_a_message_and_marks_it(lunch):
    lunch.evaluate("figure => figure.seekStep(8)")
    press(lunch, "m")
    assert step_of(lunch) == 10  # Bob's reply reaches Ann
    assert lunch.evaluate("figure => figure.picked") == [8, 2]


def test_play_goes_step_by_step_and_stops_at_the_end(page):
    page.clock.install()
    page.reload()
    figure = begun(page, "fig-lunch")
    press(figure, " ")
    assert step_of(figure) == 1  # from the end it begins anew
    page.clock.run_for(3400)
    assert step_of(figure) == 4
    press(figure, " ")
    page.clock.run_for(5000)
    assert step_of(figure) == 4
    press(figure, " ")
    page.clock.run_for(60_000)
    assert step_of(figure) == 17
    assert figure.evaluate("figure => figure.playing") is None


def test_speed_changes_how_fast_it_plays(page):
    page.clock.install()
    page.reload()
    figure = begun(page, "fig-lunch")
    figure.locator("select[aria-label=Speed]").select_option("4")
    press(figure, " ")
    page.clock.run_for(1200)
    assert step_of(figure) == 5


def test_a_figure_that_is_out_of_sight_stops_playing(page):
    figure = begun(page, "fig-lunch")
    figure.evaluate("figure => figure.play()")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("!document.querySelector('#fig-lunch dist-trace').playing")


def test_the_scrubber_is_a_slider_that_says_its_step(lunch):
    slider = lunch.locator("input[type=range]")
    slider.focus()
    slider.press("Home")
    assert step_of(lunch) == 1
    assert slider.get_attribute("aria-valuetext") == "step 1 of 17"


def test_a_click_on_a_message_shows_its_content_and_links_both_ends(lunch):
    lunch.locator("[data-send='8:2'] .hit").dispatch_event("click")
    panel = lunch.locator(".panel").inner_text()
    assert "A message from bob to ann." in panel
    assert "Packet(" in panel
    lunch.locator(".panel").get_by_role("button", name="arrives at step 10").click()
    assert step_of(lunch) == 10
    lunch.locator("[data-send='8:2'] .hit").dispatch_event("click")
    lunch.locator(".panel").get_by_role("button", name="step 8", exact=True).click()
    assert step_of(lunch) == 8


def test_a_click_on_a_mark_goes_to_its_step_and_on_a_name_shows_states(lunch):
    lunch.locator("[data-step='11'] [data-step='11'], g[data-step='11'] > g").first.dispatch_event("click")
    assert step_of(lunch) == 11
    lunch.locator(".head").first.click()
    assert "delivered" in lunch.locator(".panel").inner_text()


def test_the_state_panel_shows_the_declared_fields_and_marks_what_changed(lunch):
    press(lunch, "s")
    lunch.evaluate("figure => figure.seekStep(16)")
    rows = [row.inner_text() for row in lunch.locator(".panel tbody tr").all()]
    assert rows[2].split() == ["cyd", "{ann:", "1,", "bob:", "1}", "(changed)", "()", "(changed)"]
    assert lunch.locator("td.new").count() == 2
    lunch.evaluate("figure => figure.seekStep(11)")
    assert "Waiting(bob" in lunch.locator(".panel tbody tr").nth(2).inner_text()


def test_a_log_shows_committed_and_open_entries_apart(page):
    figure = begun(page, "fig-log")
    figure.evaluate("figure => figure.seek(figure.moments.length - 1)")
    row = figure.locator(".panel tbody tr").first
    assert row.locator(".cell.committed").count() > 0
    words = row.inner_text()
    assert re.search(r"committed up to \d+", words)
    committed = int(re.search(r"committed up to (\d+)", words)[1])
    shown = [int(cell.locator("i").inner_text()) for cell in row.locator(".cell.committed").all()]
    assert max(shown) == committed


def test_role_and_term_stand_at_the_head_of_a_lane(page):
    figure = begun(page, "fig-log")
    heads = figure.locator(".head .role")
    terms = {head.text_content() for head in heads.all()}
    assert any(term.isdigit() for term in terms)  # a node that is down has none
    assert all(term.isdigit() for term in terms if term)


def test_causes_draws_two_bands_and_counts(lunch):
    lunch.evaluate("figure => figure.seekStep(11)")
    press(lunch, "c")
    assert lunch.locator(".before").get_attribute("d")
    assert lunch.locator(".after").get_attribute("d")
    pasts = overtaking_reply().happened_before()
    future = sum(11 in past for past in pasts)
    assert f"Causal past: {len(pasts[10])} events. Causal future: {future}." in told(lunch)


def test_hiding_a_node_leaves_its_lane_out_and_the_last_one_stays(lunch):
    lunch.locator("[data-panel=nodes]").click()
    lunch.get_by_role("checkbox", name="bob").uncheck()
    assert [head.inner_text() for head in lunch.locator(".head").all()] == ["ann", "cyd"]
    lunch.get_by_role("button", name="only ann").click()
    assert [head.inner_text() for head in lunch.locator(".head").all()] == ["ann"]
    assert lunch.get_by_role("checkbox", name="ann").is_disabled()
    lunch.get_by_role("button", name="Show all").click()
    assert lunch.locator(".head").count() == 3


def test_the_table_of_steps_follows_the_cursor(lunch):
    press(lunch, "t", "Home", "ArrowRight")
    current = lunch.locator("tr[aria-current=step]")
    assert current.get_attribute("data-step") == "2"
    lunch.locator(".panel").get_by_role("button", name="11", exact=True).click()
    assert step_of(lunch) == 11


def test_a_tour_hides_what_is_to_come_until_somebody_has_guessed(lunch):
    lunch.locator("[data-panel=tour]").click()
    assert step_of(lunch) == 5
    lunch.get_by_role("button", name="Next", exact=True).click()
    assert step_of(lunch) == 8
    assert "all" in lunch.locator(".veil").get_attribute("class")
    lunch.get_by_role("button", name="The question").click()
    assert lunch.get_by_role("status").inner_text() == "Not so. Her packet is lost."
    assert "all" not in lunch.locator(".veil").get_attribute("class")
    lunch.get_by_role("button", name="The reply").click()
    assert lunch.get_by_role("status").inner_text() == "Right. It overtakes."
    lunch.get_by_role("button", name="Next", exact=True).click()
    lunch.get_by_role("button", name="End of the tour").click()
    assert not lunch.locator(".panel").is_visible()


def test_the_light_turns_red_at_the_step_that_breaks_the_law(page):
    eager, broken = begun(page, "fig-eager"), overtaking_reply("CB-01").violation
    eager.evaluate("(figure, step) => figure.seekStep(step - 1)", broken.step)
    assert eager.locator(".lights").inner_text() == "Laws kept: 5"
    press(eager, "ArrowRight")
    assert eager.locator(".lights").inner_text() == f"Broken: {broken.law}"
    eager.locator(".lights").click()
    eager.evaluate("figure => figure.seek(0)")
    assert eager.locator(".panel .broken").count() == 0
    eager.locator(".panel").get_by_role("button", name=f"step {broken.step}").click()
    assert step_of(eager) == broken.step
    assert broken.evidence in eager.locator(".panel .broken").inner_text()


def test_two_runs_go_together_up_to_their_first_difference(page):
    figure = begun(page, "fig-two")
    kept, eager = overtaking_reply(), overtaking_reply("CB-01")
    first = next(i for i, (a, b) in enumerate(zip(kept, eager, strict=False), 1) if a != b)
    assert figure.evaluate("figure => figure.panes.map(pane => pane.differs)") == [first, first]
    moments = figure.evaluate("figure => figure.moments")
    assert moments[: first - 1] == [[step, step] for step in range(1, first)]
    assert moments[-1] == [len(kept), len(eager)]
    assert all(b[0] >= a[0] and b[1] >= a[1] for a, b in pairwise(moments))
    assert figure.locator("text=first difference").count() == 2


def test_one_of_several_runs_is_chosen(page):
    figure = begun(page, "fig-choice")
    figure.locator(".runs select").select_option("1")
    assert figure.evaluate("figure => figure.trace") == overtaking_reply("CB-01").text()


def test_a_link_leads_to_the_figure_and_the_step_in_a_page_from_a_file(page, address):
    page.goto("about:blank")
    page.goto(f"{address}#fig-eager@9")
    page.wait_for_function("document.querySelector('#fig-eager dist-trace').panes")
    assert step_of(page.locator("#fig-eager dist-trace")) == 9
    page.wait_for_function(
        "(y => y > -5 && y < 60)(document.querySelector('#fig-eager dist-trace').getBoundingClientRect().y)"
    )
    page.evaluate("location.hash = '#fig-eager@3'")
    page.wait_for_function("document.querySelector('#fig-eager dist-trace').step() === 3")


def test_l_puts_the_link_into_the_address(lunch, page, address):
    lunch.evaluate("figure => figure.seekStep(7)")
    press(lunch, "l")
    assert page.url == f"{address}#fig-lunch@7"


def saved(page, figure, name):
    figure.locator("[data-panel=share]").click()
    with page.expect_download() as waiting:
        figure.get_by_role("button", name=name).click()
    return waiting.value


def test_the_trace_that_is_saved_loads_and_replays(lunch, page):
    download = saved(page, lunch, "Save trace")
    assert download.suggested_filename == "fig-lunch.jsonl"
    assert replay(Trace.load(download.path())) == overtaking_reply()


def test_the_picture_that_is_saved_is_an_svg_of_its_own(lunch, page):
    svg = saved(page, lunch, "Save picture").path().read_text(encoding="utf-8")
    root = ET.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "var(" not in svg
    assert {"ann", "bob", "cyd"} <= {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}


def test_the_window_bounds_the_cursor(page):
    figure = begun(page, "fig-faults")
    press(figure, "Home")
    assert step_of(figure) == 5
    press(figure, "End")
    assert step_of(figure) == 60


def test_all_of_a_figure_can_be_reached_by_tab_alone(lunch, page):
    page.locator("h1").click()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = lunch.evaluate(
            "f => (e => e && (e.getAttribute('aria-label') || e.textContent))(f.shadowRoot.activeElement)"
        )
        if name:
            reached.append(name)
    for wanted in (
        "Back",
        "Play",
        "Step",
        "Speed",
        "Tour",
        "State",
        "Details",
        "Causes",
        "Steps",
        "Nodes",
        "Share",
        "Keys",
    ):
        assert wanted in reached or wanted == "Step", wanted
    assert any(name.startswith("Diagram of") for name in reached)
    assert any(name.startswith("State of") for name in reached)


def test_a_press_of_a_key_with_ctrl_is_left_to_the_browser(lunch):
    before = step_of(lunch)
    press(lunch, "Control+Home")
    assert step_of(lunch) == before


def test_print_shows_the_still_picture_and_no_control(page):
    begun(page, "fig-lunch")
    page.emulate_media(media="print")
    assert page.locator("#fig-lunch img").is_visible()
    assert page.locator("#fig-lunch img").evaluate("image => image.naturalWidth") > 0
    assert not page.locator("#fig-lunch .app").is_visible()


def test_without_scripts_the_still_picture_and_the_sentences_stay(browser, address):
    page = opened(browser, address, java_script_enabled=False)
    assert page.locator("#fig-lunch img").is_visible()
    assert page.locator("#fig-lunch details").is_visible()
    page.close()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_scrolls_sideways_and_no_panel_hides_a_control(browser, address, width):
    page = opened(browser, address, viewport={"width": width, "height": 800})
    figure = begun(page, "fig-lunch")
    for panel in ("tour", "state", "details", "steps", "nodes", "laws", "share", "help"):
        figure.locator(f"[data-panel={panel}]").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, panel
        box, app = figure.locator(".panel").bounding_box(), figure.locator(".app").bounding_box()
        assert box["width"] > 100, panel
        assert box["height"] > 80, panel
        assert box["y"] + box["height"] <= app["y"] + app["height"] + 1, panel
    page.close()


# What a review found.


def test_a_click_in_the_right_run_is_about_the_right_run(page):
    figure = begun(page, "fig-two")
    right = figure.locator(".pane").nth(1)
    right.locator("[data-send='8:3'] .hit").dispatch_event("click")
    assert "A message from bob to cyd." in figure.locator(".panel").inner_text()
    assert figure.evaluate("figure => figure.active") == 1
    figure.locator(".lights").click()
    figure.locator(".panel").get_by_role("button", name="step 11").click()
    assert figure.evaluate("figure => figure.step(1)") == 11
    assert figure.evaluate("figure => figure.link()").endswith("@11.2")


def test_a_link_remembers_which_run_was_chosen(page):
    figure = begun(page, "fig-choice")
    figure.locator(".runs select").select_option("1")
    figure.evaluate("figure => figure.seekStep(9)")
    link = figure.evaluate("figure => figure.link()")
    assert link.endswith("#fig-choice@9.2")
    figure.locator(".runs select").select_option("0")
    page.evaluate("link => location.hash = link.split('#')[1]", link)
    page.wait_for_function("document.querySelector('#fig-choice dist-trace').chosen === 1")
    assert step_of(figure) == 9


def test_the_same_link_leads_there_a_second_time(page):
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<a href=#fig-lunch@7>seven</a>')"
    )
    link, figure = page.get_by_role("link", name="seven"), begun(page, "fig-lunch")
    link.click()
    page.wait_for_function("document.querySelector('#fig-lunch dist-trace').step() === 7")
    figure.evaluate("figure => figure.seekStep(12)")
    link.click()
    assert step_of(figure) == 7


def test_a_figure_that_was_moved_still_follows_links(page):
    begun(page, "fig-lunch")
    page.evaluate("document.querySelector('main').append(document.querySelector('#fig-lunch'))")
    page.evaluate("location.hash = '#fig-lunch@3'")
    page.wait_for_function("document.querySelector('#fig-lunch dist-trace').step() === 3")


def test_nothing_leads_past_an_open_question(lunch):
    lunch.locator("[data-panel=tour]").click()
    lunch.get_by_role("button", name="Next", exact=True).click()
    press(lunch, "End", "ArrowRight", "n", "c")
    assert step_of(lunch) == 8
    assert not lunch.locator(".after").get_attribute("d")
    lunch.get_by_role("button", name="The reply").click()
    press(lunch, "End")
    assert step_of(lunch) == 17


def test_focus_stays_in_the_figure_at_both_ends_and_when_a_panel_is_drawn_anew(lunch):
    inside = "figure => !!figure.shadowRoot.activeElement"
    back = lunch.get_by_role("button", name="Back", exact=True)
    back.focus()
    lunch.evaluate("figure => figure.seek(1)")
    back.press("Enter")
    assert step_of(lunch) == 1
    back.press("ArrowRight")
    assert step_of(lunch) == 2
    press(lunch, "d", "ArrowRight", "ArrowRight", "ArrowRight")
    lunch.locator(".panel").get_by_role("button").nth(1).press("Enter")
    assert lunch.evaluate(inside)
    press(lunch, "Escape")
    assert lunch.evaluate(inside)


def test_space_on_the_scrubber_plays(page):
    page.clock.install()
    page.reload()
    figure = begun(page, "fig-lunch")
    figure.locator("input[type=range]").press(" ")
    assert figure.evaluate("figure => figure.playing !== null")


def test_the_link_in_the_share_panel_is_that_of_the_step(lunch):
    lunch.evaluate("figure => figure.seekStep(5)")
    lunch.locator("[data-panel=share]").click()
    press(lunch, "ArrowRight")
    assert lunch.get_by_label("Link to this event").first.input_value().endswith("#fig-lunch@6")


def test_names_that_are_words_of_the_record_are_names(browser, tmp_path):
    from distsys import MS, Simulator
    from distsys.algorithms.broadcast_messages import Broadcast
    from distsys.core import systems
    from distsys.core.systems import Request
    from distsys.drivers import Cut

    cluster = systems.build("best-effort-broadcast", nodes=["to", "why", "from"])
    asked = [Request(10 * MS, "to", Broadcast("x"))]
    trace = Simulator(cluster, 1, requests=asked, script=[Cut(5 * MS, "to", "why")], until=40 * MS).run()
    page = opened(browser, write_page(tmp_path / "names.html", play(trace, name="fig-names", alt="Names.")))
    assert begun(page, "fig-names").evaluate("f => f.sentences") == [sentence(trace, step) for step in trace]
    page.close()


def test_the_causal_future_begins_at_an_event_of_the_future_although_steps_are_left_out(browser, tmp_path):
    trace = overtaking_reply()
    figure = play(trace, name="fig-few", alt="Few.", without=("Ack",))
    page = opened(browser, write_page(tmp_path / "few.html", figure))
    element, pasts = begun(page, "fig-few"), trace.happened_before()
    for step in (5, 8):
        element.evaluate("(figure, step) => { figure.cone = true; figure.seekStep(step); }", step)
        drawn = element.evaluate(
            "figure => figure.pane.scene.names.map(name => { const pane = figure.pane;"
            " const from = figure.causes().future[pane.run.names.indexOf(name)];"
            " const row = pane.rowOf(from, 1); return row < 0 ? null : [name, pane.scene.rows[row].steps[0]]; })"
        )
        for name, first in filter(None, drawn):
            assert first == step or step in pasts[first - 1], (step, name, first)
    page.close()


def test_beside_each_other_two_runs_keep_to_their_window(browser, tmp_path):
    runs = {"a": overtaking_reply(), "b": overtaking_reply("CB-01")}
    figure = play(runs, name="fig-part", alt="Part.", beside=True, first=13)
    page = opened(browser, write_page(tmp_path / "part.html", figure))
    moments = begun(page, "fig-part").evaluate("figure => figure.moments")
    assert moments[0] == [13, 13]
    page.close()


def test_many_messages_in_flight_do_not_hold_the_page_up(browser, tmp_path):
    from distsys import MS, Simulator
    from distsys.core import systems
    from distsys.drivers import link

    cluster = systems.build("membership", nodes=8)
    trace = Simulator(cluster, 1, network=link(delay=800 * MS), until=4000 * MS, settle=0).run()
    page = opened(
        browser, write_page(tmp_path / "flight.html", play(trace, name="fig-flight", alt="Flight."))
    )
    crowd = begun(page, "fig-flight").evaluate(
        "figure => figure.pane.scene.arrows.filter(arrow => arrow.stop - arrow.start > 40).length"
    )
    assert crowd > 500  # each of them lies over more rows than are ever looked at
    page.close()


def test_a_figure_that_is_made_with_its_cone_opens_with_it(browser, tmp_path):
    figure = play(overtaking_reply(), name="fig-cone", alt="Cone.", at=8, cone=True)
    page = opened(browser, write_page(tmp_path / "cone.html", figure))
    shown = begun(page, "fig-cone")
    asked = "figure => [figure.cone, figure.coneButton.getAttribute('aria-pressed')]"
    assert shown.evaluate(asked) == [True, "true"]
    page.close()
