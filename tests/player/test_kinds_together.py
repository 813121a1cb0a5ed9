"""Figures of two kinds on one page: each has the colours of the theme."""

import pytest

from distsys.lab.impossibility_game import vote_game
from distsys.lab.impossibility_runs import fixed_delays
from distsys.views import play
from distsys.views.script import script
from player_pages import write_judged

COLOURS = """() => ['dist-flp', 'dist-trace'].map(name => ['--k-ink', '--k-ground', '--k-panel', '--k-bad'].map(
  colour => getComputedStyle(document.querySelector(name)).getPropertyValue(colour)))"""
SHEETS = "() => [...document.head.querySelectorAll('style')].filter(one => one.textContent.includes('--k-ink')).length"


@pytest.fixture
def both(tmp_path, monkeypatch):
    """The address of a page with the game and a run; the scripts come in one order or the other, one of them twice."""

    def write(*kinds):
        monkeypatch.setenv("DISTSYS_STATIC", "1")
        game = vote_game(name="fig-game", alt="A game with four voters.", caption="Play.")
        run = play(fixed_delays(), name="fig-run", alt="Four vote.", caption="A run.")
        return write_judged(tmp_path / "both.html", game, run, scripts=kinds)

    return write


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kinds", [("flp", "trace"), ("trace", "flp", "trace")])
def test_figures_of_two_kinds_have_the_same_colours(tab, both, kinds, theme):
    tab.emulate_media(color_scheme=theme)
    tab.goto(both(*kinds[:2]))
    for kind in kinds[2:]:
        tab.add_script_tag(content=script(kind))  # as a notebook does with each output
    game, run = tab.evaluate(COLOURS)
    assert game == run
    assert all(run)
    assert tab.evaluate(SHEETS) == 2
