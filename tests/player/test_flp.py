"""The game against the voters in a browser: buttons deliver, hints tell the valence, the keyboard is enough."""

import pytest

from distsys.lab.impossibility_game import Play, adversary, vote_game
from distsys.views.script import script

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>A game</title></head><body>'
)


@pytest.fixture(scope="module")
def game_file(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTSYS_STATIC", "1")
        figure = vote_game(name="fig-game", alt="A game with four voters.", caption="Play.")
        path = tmp_path_factory.mktemp("flp") / "game.html"
        path.write_text(
            f"{HEAD}{figure._repr_html_()}<p id='after'>After.</p><script>{script('flp')}</script></body></html>",
            encoding="utf-8",
        )
    return path


@pytest.fixture
def game(tab, game_file):
    """The game, awake."""
    tab.goto(game_file.as_uri())
    tab.locator("dist-flp .app").wait_for()
    return tab.locator("dist-flp")


def told(game) -> str:
    return game.locator(".told").inner_text()


def deliver(game, to, sender):
    game.locator(f"button[aria-label^='Deliver to {to} the vote'][aria-label*='of {sender}']").click()


def test_a_letter_is_delivered_told_and_spoken(game):
    deliver(game, "A", "B")
    assert told(game) == "Letter 1: A takes the vote 0 of B. Both 0 and 1 are still possible."
    assert game.locator("[aria-live]").inner_text() == told(game)
    assert game.locator(".letters button:not(.off)").count() == 11


def test_a_hint_tells_what_each_letter_leads_to_and_the_fate_can_be_sealed(game):
    for to, sender in (("A", "B"), ("A", "C"), ("B", "A"), ("B", "C"), ("C", "A")):
        deliver(game, to, sender)
    game.get_by_role("button", name="Hint").click()
    play = Play()
    for to, sender in (("A", "B"), ("A", "C"), ("B", "A"), ("B", "C"), ("C", "A")):
        play.deliver(
            next(
                one
                for one in play.choices()
                if (one.to, one.sender) == ("ABCD".index(to), "ABCD".index(sender))
            )
        )
    words = {"b": "both stay possible", "0": "seals 0", "1": "seals 1"}
    for letter in play.choices():
        button = game.locator(
            f"button[aria-label^='Deliver to {'ABCD'[letter.to]} the vote'][aria-label*='of {'ABCD'[letter.sender]}']"
        )
        assert button.get_attribute("aria-label").endswith(words[play.after(letter)])
    deliver(game, "C", "B")
    assert "The fate is sealed: whatever you deliver from here on, only 0 can be decided." in told(game)


def test_the_adversary_of_the_page_is_that_of_the_package_and_undo_takes_all_of_it_back(game):
    game.get_by_role("button", name="Adversary: 1,000 letters").click()
    play = adversary(1_000)
    score = game.locator(".score").inner_text()
    assert f"Letters delivered: {play.turn:}." in score
    assert f"Longest wait of a letter: {max(play.waits)} turns" in score
    game.get_by_role("button", name="Undo").click()
    assert "Letters delivered: 0." in game.locator(".score").inner_text()


def test_with_the_keyboard_alone_and_the_focus_stays_in_the_game(tab, game):
    game.locator(".letters button").first.focus()
    for _ in range(4):
        tab.keyboard.press("Enter")
        assert game.evaluate("(e) => Boolean(e.shadowRoot.activeElement)")
    assert "Letter " in told(game)


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_nothing_scrolls_sideways_and_nothing_below_moves(browser, game_file, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()
    tab.goto(game_file.as_uri())
    tab.locator("dist-flp .app").wait_for()
    place = "() => document.getElementById('after').getBoundingClientRect().top + scrollY"
    before = tab.evaluate(place)
    game = tab.locator("dist-flp")
    game.get_by_role("button", name="Hint").click()
    game.get_by_role("button", name="Adversary: 1,000 letters").click()
    assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate(place) == before
    context.close()


def test_without_scripts_there_is_a_round_in_words(browser, game_file):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(game_file.as_uri())
    assert tab.get_by_role("table", name="A game with four voters.").is_visible()
    context.close()
