"""axe-core finds nothing in a figure, in both themes, at three widths, at rest, playing, and with each panel open."""

import pytest

from axe import violations
from distsys.lab.scenarios import overtaking_reply
from distsys.views import Guess, Stop, play
from log_runs import log_run
from player_pages import begun, opened, write_page

GUESSES = (Guess("The question", "It is lost."), Guess("The reply", "It overtakes.", right=True))
TOUR = (Stop(5, "Ann asks."), Stop(8, "Bob replies.", ask="What does Cyd hear first?", guesses=GUESSES))
ACTS = {
    "idle": "f => f.seekStep(9)",
    "playing": "f => { f.seekStep(3); f.play(); }",
    "details": "f => { f.seekStep(8); f.open('details'); }",
    "table": "f => { f.seekStep(8); f.open('steps'); }",
}
OTHERS = {
    name: f"f => {{ f.seekStep(8); f.open('{name}'); }}"
    for name in ("tour", "state", "nodes", "laws", "share", "help")
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    lunch, eager = overtaking_reply(), overtaking_reply("CB-01")
    return write_page(
        tmp_path_factory.mktemp("page") / "demo.html",
        play(lunch, name="fig-lunch", alt="A reply overtakes.", caption="A reply overtakes.", tour=TOUR),
        play({"kept": lunch, "broken": eager}, name="fig-two", alt="Two.", caption="Two runs.", beside=True),
        play(log_run(120), name="fig-log", alt="A log.", caption="A log.", panel="state"),
    )


def found(browser, address, theme, width, acts, name="fig-lunch"):
    page = opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=theme)
    figure = begun(page, name)
    result = {}
    for act, script in acts.items():
        figure.evaluate(script)
        if wrong := violations(page):
            result[act] = wrong
        figure.evaluate("f => { f.pause(); f.open(null); }")
    assert page.problems == []
    page.close()
    return result


@pytest.mark.parametrize("width", [1280, 390, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_at_rest_playing_with_details_and_with_the_table(browser, address, theme, width):
    assert found(browser, address, theme, width, ACTS) == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_other_panels(browser, address, theme):
    assert found(browser, address, theme, 390, OTHERS) == {}


@pytest.mark.parametrize("name", ["fig-two", "fig-log"])
def test_axe_finds_nothing_in_two_runs_and_in_a_log(browser, address, name):
    assert found(browser, address, "light", 1280, {"idle": "f => f.seekStep(12)"}, name) == {}


def test_axe_would_find_a_control_without_a_name(browser, address):
    page = opened(browser, address)
    begun(page, "fig-lunch").evaluate("f => f.playButton.removeAttribute('aria-label')")
    page.locator("#fig-lunch dist-trace").evaluate("f => f.playButton.removeAttribute('title')")
    assert violations(page)
    page.close()


def test_where_motion_is_unwelcome_nothing_moves_by_itself(browser, address):
    page = opened(browser, address, reduced_motion="reduce")
    begun(page, "fig-lunch")
    assert page.evaluate("document.getAnimations().length") == 0
    page.close()


def test_with_forced_colours_lines_and_words_keep_a_colour_of_the_system(browser, address):
    page = opened(browser, address, forced_colors="active")
    figure = begun(page, "fig-lunch")
    style = "(f, s) => getComputedStyle(f.shadowRoot.querySelector(s))"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for selector, part in (
        (".field .m", "stroke"),
        (".field .l", "stroke"),
        (".field text", "fill"),
        (".say", "color"),
    ):
        assert figure.evaluate(f"{style}.{part}".replace("(f, s) =>", "(f, s) => "), selector) not in (
            "none",
            ground,
        ), selector
    page.close()
