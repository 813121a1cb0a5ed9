"""What the page on impossibility rests on: counts, valences, the game in both languages, runs."""

import json
import shutil
import subprocess

import pytest

from distsys.core.dice import Dice
from distsys.core.errors import ArgumentError
from distsys.lab import impossibility_game as game
from distsys.lab import impossibility_runs as runs
from distsys.lab.impossibility_model import NAMES, explore_model, first, runs_of
from distsys.lab.impossibility_tries import (
    BenOr,
    CoinAtOnce,
    FirstTwo,
    Impatient,
    Leader,
    Voting,
    WaitForAll,
)
from distsys.lab.impossibility_valence import choices, diamonds, graph, stuck
from distsys.views.script import FOLDER
from distsys.views.vote_player import VotePlayer

EIGHT = [f"{number:03b}" for number in range(8)]


@pytest.mark.parametrize(
    ("algorithm", "count", "stops", "law"),
    [
        (WaitForAll(), 2432, 384, None),
        (FirstTwo(), 2864, 0, "agreement"),
        (Leader(), 136, 8, None),
        (Impatient(), 536, 0, "agreement"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_obvious_protocol_gets_stuck_or_disagrees(algorithm, count, stops, law):
    found = explore_model(runs_of(algorithm, EIGHT, crashes=1))
    whole = graph(algorithm, EIGHT, crashes=1)
    assert (len(whole.after), len(stuck(whole))) == (count, stops)
    assert (found.violation.law if found.violation else None) == law


def test_wait_for_two_of_three_never_decides_more_than_two_values_and_never_something_else():
    whole = graph(FirstTwo(), EIGHT, crashes=1)
    assert {value for now in whole.after for value in now.decided(FirstTwo())} == {None, 0, 1}


def test_the_voters_agree_and_are_never_stuck_in_all_orders_in_step():
    found = explore_model(runs_of(Voting(), "0011", in_step=True, fold=True))
    assert (found.verdict, found.states) == ("HOLDS", 8672)
    assert not stuck(game.all_rounds())


def test_the_voters_agree_where_two_rounds_overlap():
    done = {"two rounds": lambda now: max(state.round for state in now.states) >= 2}
    found = explore_model(runs_of(Voting(), "0011"), prunes=done)
    assert (found.verdict, found.states) == ("HOLDS", 20480)


def test_validity_is_asked_of_equal_inputs():
    for value in "01":
        assert explore_model(runs_of(Voting(), value * 4, in_step=True, fold=True)).verdict == "HOLDS"


def test_a_coin_in_the_wrong_place_breaks_agreement_and_ben_or_keeps_it():
    wrong = explore_model(runs_of(CoinAtOnce(), "0011", in_step=True, fold=True))
    assert wrong.violation.law == "agreement"
    for coins, count in ((True, 530), (False, 488)):
        found = explore_model(runs_of(BenOr(coins), EIGHT, in_step=True, fold=True))
        assert (found.verdict, found.states) == ("HOLDS", count)
    done = {"two rounds": lambda now: max(state.round for state in now.states) >= 2}
    assert explore_model(runs_of(BenOr(), "001"), prunes=done).verdict == "HOLDS"


def test_what_the_protocols_leave_open_at_the_beginning():
    said = {}
    for algorithm in (WaitForAll(), FirstTwo(), Leader(), Impatient()):
        whole = graph(algorithm, EIGHT, crashes=1)
        said[algorithm.name] = [whole.said(first(algorithm, one)) == "bivalent" for one in EIGHT]
    assert not any(said["wait for all"])
    assert not any(said["A decides"])
    assert any(said["wait for two of three"])
    assert any(said["A decides, or a timeout"])


def test_steps_of_different_processes_commute_in_the_game():
    tried, differ = diamonds(game.all_rounds())
    assert tried > 10_000
    assert differ == 0


def test_no_letter_seals_while_three_voters_are_free_and_each_can_be_last():
    found = list(choices(game.all_rounds()))
    sealing = [now for now, _, said in found if said != "bivalent"]
    assert (len(found), len(sealing), max(map(game.free, sealing))) == (7368, 576, 2)
    assert game.each_letter_can_be_last()


def test_the_adversary_keeps_it_open_for_5000_letters_and_none_waits_for_a_round_too_long():
    play = game.adversary(5_000)
    assert play.standing() == "b"
    assert not play.decided
    assert len(play.waits) == play.turn >= 5_000
    assert max(play.waits) <= 16
    assert all(play.turn - sent < 24 for sent in play.sent.values())


def test_the_table_is_the_number_of_ones_that_the_next_round_may_have():
    """A second way to the same signs: whoever is free can have either vote, all others have theirs."""
    votes, begin = (0, 0, 1, 1), first(Voting(), "0011")
    seen, waiting = {begin}, [begin]
    while waiting:
        now = waiting.pop()
        least = most = 0
        for state in now.states:
            mine = [value for _, value in state.votes]
            sure = state.round or (len(mine) == 2 and len(set(mine)) == 1)
            value = state.vote if state.round else mine[0]
            least, most = least + (value if sure else 0), most + (value if sure else 1)
        wanted = "0" if most < 2 else "1" if least > 2 else "b"
        assert game.table()[game.code(votes, 0, now)] == wanted
        if any(state.round == 0 for state in now.states):
            for _, then in game.steps(Voting(), now, in_step=True):
                if then not in seen:
                    seen.add(then)
                    waiting.append(then)
    assert len(seen) == 1296


ASK = """
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
let play = flpBegin();
while (play.turn < 1200) play = flpDeliver(asked.table, play, flpAdversary(asked.table, play));
const adversary = [play.turn, play.round, play.votes, play.wait, play.open];
const walks = asked.walks.map((walk) => {
  let now = flpBegin();
  return walk.map((letter) => {
    const choices = flpChoices(now);
    const standings = choices.map((one) => flpStanding(asked.table, flpDeliver(asked.table, now, one)));
    now = flpDeliver(asked.table, now, letter);
    return [choices, standings, now.turn, now.round, now.votes, now.decided, now.wait, flpStanding(asked.table, now)];
  });
});
console.log(JSON.stringify({ adversary, walks }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="the rules of the page run in Node.js here")
def test_the_rules_of_the_page_are_those_of_the_package():
    walks, wanted = [], []
    for seed in range(30):
        dice, play, walk, said = Dice(seed), game.Play(), [], []
        for _ in range(50):
            found = play.choices()
            standings = [play.after(one) for one in found]
            letter, dice = dice.choose(found)
            play.deliver(letter)
            walk.append([letter.sender, letter.to])
            said.append(
                [
                    [[one.sender, one.to] for one in found], standings, play.turn, play.number + 1,
                    list(play.votes), list(play.now.decided(Voting())), max(play.waits), play.standing(),
                ]
            )  # fmt: skip
        walks.append(walk)
        wanted.append(said)
    source = (FOLDER / "flp.js").read_text(encoding="utf-8") + ASK
    asked = json.dumps({"table": game.table(), "walks": walks})
    answer = subprocess.run(["node", "-e", source], input=asked, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    assert found["walks"] == wanted
    play = game.adversary(1_200)
    assert found["adversary"] == [play.turn, play.number + 1, list(play.votes), max(play.waits), play.turn]


def test_without_scripts_the_game_is_a_table_of_one_round():
    figure = game.vote_game(name="fig-imp-game", alt="A <game>.", caption="Two & two.")
    page = figure._repr_html_()
    assert page.count("<tr>") == 13
    assert "A &lt;game&gt;." in page
    assert "Two &amp; two." in page
    assert json.loads(figure.payload())["table"] == game.table()
    assert str(figure).count("\n") == 11
    with pytest.raises(ArgumentError, match=r"^table must be 1,296 signs"):
        VotePlayer("fig-x", "A.", "B.", "b", [])


def test_inputs_are_checked():
    with pytest.raises(ArgumentError, match=r"^inputs must be 4 digits 0 or 1"):
        first(Voting(), "001")


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("name", ["voting", "ben-or"])
def test_with_drawn_delays_all_agree_and_decide(name, crash):
    for seed in range(60):
        trace = runs.drawn(name, seed, crash=crash)
        assert trace.violation is None, f"drawn({name!r}, {seed}, crash={crash})"
        assert runs.all_decided(trace), f"drawn({name!r}, {seed}, crash={crash})"


def test_what_is_run_as_nodes_is_what_is_explored():
    """The votes of each round of a run are those that the same letters, in the same order, give in the model."""
    from distsys.lab.impossibility_model import Letter, taken

    trace, now = runs.fixed_delays(200), first(Voting(), "0011")
    for step in trace:
        if step.kind == "deliver":
            event = step.event
            letter = Letter(
                NAMES.index(event.sender), NAMES.index(step.node), (event.message.round, event.message.value)
            )
            if letter in now.letters:
                now = taken(Voting(), now, letter)
    assert [state.vote for state in now.states] == [0, 0, 1, 1]
    assert {state.round for state in now.states} == {19}
