"""The runs of the page on Paxos do what the page says, and its formula is the one that simulated duels follow."""

from math import isclose, pi, tan

import pytest

from distsys import systems
from distsys.core.errors import ArgumentError, DistsysError
from distsys.core.systems import Request
from distsys.drivers import explore, replay
from distsys.lab import paxos_duels, paxos_runs, paxos_schemes
from distsys.protocols.paxos_laws import SAFETY
from distsys.protocols.paxos_messages import Propose
from distsys.views.rungs import rungs_of

MADE = {
    "takeover": (paxos_runs.takeover, "PAX-01"),
    "old vote": (paxos_runs.old_vote, "PAX-02"),
    "forgotten promise": (paxos_runs.forgotten_promise, "PAX-03"),
}


@pytest.mark.parametrize(("make", "mutant"), MADE.values(), ids=MADE)
def test_the_same_moves_break_agreement_with_the_mutant_alone(make, mutant):
    right, wrong = make(), make(mutant)
    assert right.violation is None
    assert (wrong.violation.law, wrong.violation.step) == ("agreement", len(wrong))
    assert right.header.driver["schedule"][: len(wrong) - 3] == wrong.header.driver["schedule"]


@pytest.mark.parametrize("make", [paxos_runs.decision, *(make for make, _ in MADE.values()), paxos_runs.duel])
def test_the_right_runs_keep_every_law_of_safety(make):
    from distsys.drivers import perform

    trace = make()
    again = perform(paxos_runs.cluster(), trace.header.driver["schedule"], laws=SAFETY)
    assert again.violation is None
    assert [step.effects for step in again] == [step.effects for step in trace]


def test_a_run_replays_to_itself():
    assert replay(paxos_runs.duel()) is not None


@pytest.mark.parametrize("servers", [2, 3, 5, 7])
def test_a_ballot_without_faults_takes_so_many_messages(servers):
    trace = paxos_runs.decision(servers)
    assert sum(step.kind == "deliver" for step in trace) == (servers - 1) * (servers + 3)
    assert all(found for *_, found in trace.messages())


@pytest.mark.parametrize("ballots", [1, 2, 5, 9])
def test_a_duel_goes_on_for_as_many_ballots_as_one_likes(ballots):
    trace = paxos_runs.duel(ballots)
    assert len(rungs_of(trace)) == ballots
    assert not any(trace.outputs().values())


@pytest.mark.parametrize(
    ("scheme", "verdict", "states"),
    [("one voter", "HOLDS", 20), ("votes once", "HOLDS", 2_252), ("votes again", "VIOLATED", 1_429)],
)
def test_what_the_explorer_says_of_the_schemes_that_fail(scheme, verdict, states):
    asked = [Request(0, "p1", Propose("x")), Request(0, "p3", Propose("y"))]
    found = explore(f"naive: {scheme}", nodes=paxos_runs.THREE, requests=asked)
    assert (found.verdict, found.states) == (verdict, states)
    assert found.actions == (10 if verdict == "VIOLATED" else None)


def test_a_scheme_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        paxos_schemes.attempt("votes never")


# Duels.


@pytest.mark.parametrize("r", [1, 1.1, 1.25, 1.5, 1.75, 1.99, 2])
def test_the_formula_solves_the_equation_of_the_proof(r):
    """E(x) = 1 + (1/r) times the integral of E from r - x to 1, by the midpoint rule."""
    for x in (r - 1, (r - 1 + 1) / 2, 0.9, 1):
        if not r - 1 <= x <= 1:
            continue
        low, parts = r - x, 2_000
        width = (1 - low) / parts
        integral = width * sum(
            paxos_duels.expected_ballots(r, low + (part + 0.5) * width) for part in range(parts)
        )
        assert isclose(paxos_duels.expected_ballots(r, x), 1 + integral / r, rel_tol=1e-5)


def test_the_worst_gap_has_the_closed_form_of_the_theorem():
    for r in (1, 1.2, 1.5, 1.9):
        assert isclose(paxos_duels.expected_ballots(r, 1), tan(pi / 4 + 1 / r - 1 / 2))
    assert paxos_duels.expected_ballots(2, 1) == 1


@pytest.mark.parametrize("r", [1, 1.25, 1.6])
def test_the_chain_of_the_proof_has_the_mean_of_the_formula(r):
    """A second, naive simulation: only timers and gaps, no processes. Four standard errors."""
    from random import Random
    from statistics import mean, stdev

    random, runs, seen = Random(4), 4_000, []
    for _ in range(runs):
        gap, count = 0.9, 1
        while (timer := random.uniform(r, 2 * r)) <= gap + 1:
            gap, count = timer - gap, count + 1
        seen.append(count)
    assert abs(mean(seen) - paxos_duels.expected_ballots(r, 0.9)) <= 4 * stdev(seen) / runs**0.5


def test_a_timer_of_two_round_trips_ends_every_duel_with_the_next_ballot():
    assert {paxos_duels.duel(seed, delay=5_000, gap=9_500) for seed in range(20)} == {1}


def test_a_duel_by_the_clock_keeps_agreement_and_ends():
    for seed in range(5):
        run = paxos_duels.duel_run(seed, delay=10_000, gap=10_000)
        assert run.violation is None
        assert all(found[0].value in ("x", "y") for found in run.outputs().values() if found)
        assert len({found[0].value for found in run.outputs().values() if found}) == 1


@pytest.mark.parametrize(("r", "x"), [(0.9, 0.5), (2.1, 0.5), (1, -0.1), (1, 1.1)])
def test_the_formula_refuses_what_the_model_does_not_cover(r, x):
    with pytest.raises(ArgumentError, match="r must be from 1 to 2"):
        paxos_duels.expected_ballots(r, x)


def test_the_systems_of_the_page_are_none_of_the_package():
    assert not {"paxos-duel", *(system.name for system in paxos_schemes.SYSTEMS.values())} & set(
        systems.shipped()
    )
    assert issubclass(ArgumentError, DistsysError)
