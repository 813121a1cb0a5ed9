"""The shrinker: the same law, no move that could be spared, and as short as the explorer says it can be."""

from dataclasses import replace
from functools import cache

import pytest

from distsys import MS, S, simulate, systems
from distsys.algorithms.broadcast_messages import Broadcast
from distsys.algorithms.clock_messages import Talk
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError
from distsys.core.laws import Violation
from distsys.core.systems import Request
from distsys.drivers import length, perform, reperform, shrink, shrink_best
from distsys.drivers.explorer import Bounds, explore
from distsys.drivers.hunt import without_mutant
from distsys.drivers.passes import past, retimed, without
from distsys.drivers.replay import cluster_of
from distsys.drivers.schedules import Asked, Crashed, Delivered, TimedOut

PHASES = {"until": 1 * S, "settle": 1500 * MS}
SAMPLE = ["BEB-01", "CB-01", "CB-02", "CB-06", "FD-02", "FD-05", "LAM-01", "MEM-03", "RB-02", "VEC-02"]


def failing(id, **phases):
    mutant = next(mutant for mutant in systems.mutants() if mutant.id == id)
    runs = (
        simulate(mutant.system, seed, mutant=id, **(phases or PHASES)) for seed in range(mutant.seeds_max)
    )
    return next(run for run in runs if run.violation)


@pytest.mark.parametrize("id", SAMPLE)
def test_it_keeps_the_law_spares_no_move_and_says_the_same_each_time(id):
    trace = failing(id)
    short = shrunk(id)
    assert short.violation.law == trace.violation.law
    assert length(short) <= 12
    assert reperform(short).text() == short.text() == shrink(trace).text()
    head, driver = short.header, short.header.driver
    moves = driver["schedule"]
    for place in range(len(moves)):
        less = perform(
            cluster_of(short), without(moves, (place,)), seed=head.seed, network=driver["network"],
            settle=driver["settle"], skip=True,
        )  # fmt: skip
        broken = [violation.law for violation in less.violations]
        assert short.violation.law not in broken, f"{moves[place]} could be spared"


@cache
def shrunk(id):
    return shrink(failing(id))


@pytest.mark.parametrize("id", SAMPLE)
def test_the_correct_code_keeps_the_law_under_the_same_schedule(id):
    short = shrunk(id)
    correct = reperform(short, without_mutant(cluster_of(short)))
    assert short.violation.law not in [violation.law for violation in correct.violations]


@pytest.mark.parametrize(
    ("id", "nodes", "requests"),
    [
        ("CLK-01", 2, [("n1", Talk("n2")), ("n1", Talk("n2"))]),
        ("VEC-02", 3, [("n1", Talk("n2")), ("n1", Talk("n3"))]),
        ("BEB-03", 2, [("n1", Broadcast("a"))]),
        ("CB-01", 3, [("n1", Broadcast("a")), ("n1", Broadcast("b"))]),
        ("CB-02", 3, [("n1", Broadcast("a")), ("n2", Broadcast("b"))]),
        ("RB-02", 2, [("n1", Broadcast("a")), ("n1", Broadcast("b"))]),
        ("RB-03", 3, [("n1", Broadcast("a"))]),
    ],
)
def test_it_finds_a_run_as_short_as_the_shortest_that_there_is(id, nodes, requests):
    system = next(mutant.system for mutant in systems.mutants() if mutant.id == id)
    asks = [Request(0, name, message) for name, message in requests]
    oracle = explore(system, mutant=id, nodes=nodes, requests=asks, bounds=Bounds(requests=len(asks)))
    assert oracle.verdict == "VIOLATED"
    best = shrink_best(system, id, seeds=range(12), restarts=3, law=oracle.violation.law, **PHASES)
    assert length(best) == oracle.actions


def test_several_failing_seeds_are_better_than_one_and_the_choice_is_the_same_each_time():
    one = shrink_best("causal-broadcast", "CB-02", restarts=1, **PHASES)
    several = shrink_best("causal-broadcast", "CB-02", restarts=4, **PHASES)
    assert length(several) <= length(one)
    assert several.text() == shrink_best("causal-broadcast", "CB-02", restarts=4, **PHASES).text()
    assert shrink_best("causal-broadcast", seeds=range(3), **PHASES) is None


def test_a_run_that_only_a_judge_finds_fault_with_is_shrunk_by_that_judge():
    def two_deliveries_at_n2(trace):
        count = len(trace.outputs().get("n2", ()))
        return (Violation("linearizability", f"n2 delivered {count}", 0),) if count >= 2 else ()

    trace = simulate("best-effort-broadcast", 1, **PHASES)
    assert not trace.violations
    short = shrink(trace, judge=two_deliveries_at_n2)
    assert short.violation.law == "linearizability"
    assert length(short) <= 4, "two messages; no move after the second delivery is looked at"


def test_a_small_budget_gives_a_longer_run_that_still_breaks_the_law():
    trace = failing("CB-02")
    hurried = shrink(trace, budget=1)
    assert hurried.violation.law == trace.violation.law
    assert length(hurried) > length(shrink(trace))


def test_what_cannot_be_shrunk_is_refused():
    with pytest.raises(ArgumentError, match="trace must have broken a law"):
        shrink(simulate("causal-broadcast", 7, until=50 * MS, settle=0))
    with pytest.raises(ArgumentTypeError, match="trace must be a Trace"):
        shrink("CB-01")
    with pytest.raises(ArgumentError, match="budget must be at least 1"):
        shrink(failing("CB-01"), budget=0)
    with pytest.raises(ArgumentTypeError, match="judge must be a function, but it is 5"):
        shrink(failing("CB-01"), judge=5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"law": "nope"}, "causal-broadcast has no law named 'nope'; it has: causal order, "),
        ({"law": 5}, "law must be a str, but it is 5"),
        ({"budget": "x"}, "budget must be a whole number"),
        ({"judge": 5}, "judge must be a function, but it is 5"),
        ({"seeds": 5}, "seeds must hold whole numbers, such as range"),
        ({"mutant": "CB-99"}, "no mutant named 'CB-99'"),
    ],
    ids=repr,
)
def test_what_shrink_best_cannot_use_is_refused_also_where_no_seed_fails(settings, words):
    with pytest.raises(DistsysError, match=words):
        shrink_best("causal-broadcast", **{"seeds": (), **settings})


def test_shrink_best_takes_only_runs_of_the_law_that_it_is_asked_for():
    looked = {"seeds": range(12), "restarts": 1, **PHASES}
    law = failing("CB-01").violation.law
    assert shrink_best("causal-broadcast", "CB-01", law=law, **looked).violation.law == law
    assert shrink_best("causal-broadcast", "CB-01", law="assertion", **looked) is None


def test_a_run_whose_violation_is_a_matter_of_time_says_so():
    trace = failing("CB-01")
    other = replace(trace, violations=(Violation("agreement", "made up", trace.violation.step),))
    with pytest.raises(ArgumentError, match="but its schedule without the clock does not"):
        shrink(other)


def test_the_causal_past_holds_what_a_move_depends_on_and_no_more():
    moves = (
        Asked("n1", 1, 1), Asked("n3", 2, 2), Delivered("n1", "n2", "", 1, 0, 3), Crashed("n1", 4),
        TimedOut("n2", "t", 5),
    )  # fmt: skip
    assert past(moves, [4]) == {0, 2, 4}
    assert past(moves, [3]) == {0, 3}
    assert without(moves, (0, 4)) == moves[1:4]


def test_times_never_go_back_when_moves_change_places():
    moves = (Asked("n1", 1, 1, at=5, now=50), Asked("n1", 1, 2, at=3, now=30), Crashed("n2", 3, at=4))
    assert [(move.at, getattr(move, "now", None)) for move in retimed(moves)] == [(5, 50), (5, 50), (5, None)]
