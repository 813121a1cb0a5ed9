"""The ladder of ballots shows what acceptors did: promises, votes, what is chosen, and what breaks a promise."""

import re
import xml.etree.ElementTree as ET

import pytest

from distsys import simulate
from distsys.core.errors import ArgumentError, ArgumentTypeError
from distsys.core.laws import law_with_memory
from distsys.drivers.walk import walk
from distsys.lab import paxos_runs
from distsys.lab.raft_runs import two_votes
from distsys.protocols.paxos_ledger import SLOT, Ledger, follow
from distsys.views.ballots import ballot_ladder, chosen_on
from distsys.views.rungs import Rung, Voted, is_ballot, rungs_of

ALT = "A ladder of ballots."
RUNS = {
    "decision": paxos_runs.decision,
    "takeover": paxos_runs.takeover,
    "own value": lambda: paxos_runs.takeover("PAX-01"),
    "forgotten": lambda: paxos_runs.forgotten_promise("PAX-03"),
    "duel": paxos_runs.duel,
}


def count(svg, name):
    """Return how many elements of the picture have this class."""
    return sum(name in found.split() for found in re.findall(r'class="([^"]*)"', svg))


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_every_promise_and_every_vote_of_a_run_has_its_mark(make):
    trace = make()
    rungs = rungs_of(trace)
    svg = ballot_ladder(trace, alt=ALT).svg
    ET.fromstring(svg)
    drawn = svg[: svg.index('<g transform="translate(12 ')]  # without the legend
    assert count(drawn, "promise") == sum(len(rung.promises) for rung in rungs)
    assert count(drawn, "vote") == sum(len(cast) for rung in rungs for cast in rung.votes.values())
    assert count(drawn, "rung") == len(rungs)
    assert count(drawn, "chosen") == len(chosen_on(rungs, trace.header.names))


def test_the_lowest_ballot_is_the_topmost_rung():
    rungs = rungs_of(paxos_runs.duel())
    assert [str(rung.ballot) for rung in rungs] == ["1.p1", "1.p3", "2.p1", "3.p3", "4.p1", "5.p3"]
    svg = ballot_ladder(paxos_runs.duel(), alt=ALT).svg
    places = [svg.index(f">{rung.ballot}</text>") for rung in rungs]
    assert places == sorted(places)


def test_a_promise_tells_the_last_vote_also_that_of_the_proposer_itself():
    last = rungs_of(paxos_runs.old_vote())[-1]
    told = {name: (str(promise.told[0]), promise.told[1]) for name, promise in last.promises.items()}
    assert told == {"p1": ("1.p1", "x"), "p2": ("1.p3", "y")}
    svg = ballot_ladder(paxos_runs.old_vote(), alt=ALT).svg
    assert ">1.p1: x</text>" in svg
    assert ">1.p3: y</text>" in svg


def test_one_chosen_value_looks_well_and_two_look_bad():
    well, bad = (ballot_ladder(paxos_runs.takeover(m), alt=ALT) for m in (None, "PAX-01"))
    assert (count(well.svg, "won"), count(well.svg, "clash")) == (4, 0)  # an edge and a word each
    assert (count(bad.svg, "won"), count(bad.svg, "clash")) == (0, 4)
    assert ">chosen: x</text>" in bad.svg
    assert ">chosen: y</text>" in bad.svg


def test_a_promise_that_is_not_on_the_disk_is_dashed_and_a_vote_against_it_is_crossed():
    drawing = ballot_ladder(paxos_runs.forgotten_promise("PAX-03"), alt=ALT)
    assert count(drawing.svg, "late") == 2  # one vote, and the legend
    assert "p2 for x, although it promised 1.p3" in drawing.text
    assert "p2 (no vote, not on disk)" in drawing.text
    assert "vote that breaks a promise" in drawing.svg
    right = ballot_ladder(paxos_runs.forgotten_promise(), alt=ALT)
    assert count(right.svg, "late") == count(right.svg, "said") == 0
    assert "not on disk" not in right.text


def test_a_vote_that_was_only_told_is_a_vote_that_is_not_on_the_disk():
    (first, *_) = rungs_of(paxos_runs.takeover("PAX-04"))
    assert {name: votes[0].durable for name, votes in first.votes.items()} == {"p1": False, "p2": False}


def test_quorums_may_have_any_size_or_be_a_function():
    rungs, names = rungs_of(paxos_runs.takeover()), ("p1", "p2", "p3")
    assert chosen_on(rungs, names, 3) == {}
    assert [str(b) for b in chosen_on(rungs, names, lambda voters: "p1" in voters)] == ["1.p1"]
    assert [str(b) for b in chosen_on(rungs, ("p2",))] == ["1.p1", "1.p3"]
    assert chosen_on([Rung(1, votes={"a": [Voted("x", 1)]})], ("a", "b")) == {}


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("mutant", [None, "PAX-01", "PAX-04", "PAX-05", "PAX-06"])
def test_the_ladder_of_a_run_holds_the_votes_that_the_ledger_of_the_laws_holds(seed, mutant):
    """The ledger is written by other code, for the laws: it is the oracle of the reader of the picture."""
    kept = []

    @law_with_memory("kept", "Keeps the ledger.", start=Ledger())
    def keeper(memory, world):
        kept.append(follow(memory, world)[0])
        return kept[-1], None

    trace = walk("paxos", seed, mutant=mutant, laws=(keeper,))
    ledger = kept[-1]
    want = {
        (ballot, value, name)
        for ballot, cast in (ledger.votes.get(SLOT) or {}).items()
        for value, names in cast.items()
        for name in names
    }
    rungs = rungs_of(trace)
    got = {
        (rung.ballot, vote.value, name)
        for rung in rungs
        for name, votes in rung.votes.items()
        for vote in votes
    }
    assert got == want
    chosen = {(vote.ballot, vote.value) for vote in ledger.chosen(SLOT)}
    assert set(chosen_on(rungs, trace.header.names).items()) <= chosen


def test_the_words_hold_a_line_for_each_ballot():
    drawing = ballot_ladder(paxos_runs.takeover(), alt=ALT, caption="Kept.", name="fig-kept")
    assert drawing.text.splitlines()[2].split()[:2] == ["1.p1", "x"]
    assert len(drawing.text.splitlines()) == 4
    html = drawing._repr_html_()
    assert 'id="fig-kept"' in html
    assert "The ballots in words" in html
    assert "<figcaption>Kept.</figcaption>" in html


def test_the_picture_is_the_same_each_time_and_has_light_and_dark_colours():
    one, two = (ballot_ladder(paxos_runs.takeover(), alt=ALT).svg for _ in range(2))
    assert one == two
    assert "prefers-color-scheme:dark" in one
    assert f">{ALT}</desc>" in one


def test_a_long_value_is_cut_and_stays_in_its_box():
    trace = simulate("paxos", 3)
    ET.fromstring(ballot_ladder(trace, alt=ALT).svg)
    assert "v4@n2" in ballot_ladder(trace, alt=ALT).text


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda t: ballot_ladder(3, alt=ALT), ArgumentTypeError, "trace must be a Trace"),
        (lambda t: ballot_ladder(t, alt=" "), ArgumentError, "alt must be a sentence"),
        (lambda t: ballot_ladder(t, alt=ALT, acceptors=("p9",)), ArgumentError, "acceptors must name nodes"),
        (lambda t: ballot_ladder(t, alt=ALT, acceptors=()), ArgumentError, "acceptors must name nodes"),
        (lambda t: ballot_ladder(t, alt=ALT, quorum=4), ArgumentError, "quorum must be at most 3"),
        (lambda t: ballot_ladder(two_votes(), alt=ALT), ArgumentError, "this run has 0 ballots"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(paxos_runs.takeover())


def test_the_ballot_below_all_is_none():
    assert not is_ballot(paxos_runs.takeover().step(1).number * 0)
    assert not is_ballot(None)
