"""Abstract models: the counts of TLC, invariants that are broken by the shortest path, goals and prunes.

TLC (built from its source at tlaplus/tlaplus cc6b616, run on the specifications of tlaplus/Examples 32a32c7) found the
same numbers of distinct states and the same depths, which it counts in states, not in actions. It generates more
transitions for voting and Paxos, because it takes an action once for each quorum that allows it.
"""

import runpy
from pathlib import Path

import pytest

from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from distsys.core.models import Model
from distsys.drivers import LawError, explore_model
from distsys.drivers.exploration import changes, told
from distsys.models import catalogue
from distsys.models.abstract_paxos import abstract_paxos, as_votes
from distsys.models.commit import transaction_commit, two_phase_commit
from distsys.models.die_hard import die_hard
from distsys.models.voting import voting

BENCHMARK = {  # what benchmarks/tlc.py runs, and counts in both: acceptors, values, ballots -> states, depth
    (3, 2, 2): (3_921, 17),
    (3, 3, 2): (6_801, 17),
    (4, 2, 2): (20_609, 21),
    (3, 2, 3): (185_369, 25),  # this one takes long
}
BESIDE = [(abstract_paxos(*scope), *counts) for scope, counts in BENCHMARK.items()]
TLC = [  # model, distinct states, TLC's depth
    (transaction_commit(3), 34, 7),
    (two_phase_commit(3), 288, 11),
    (voting(3, 2, 3), 6_752, 16),
    (abstract_paxos(2, 1, 1), 9, 7),
    (abstract_paxos(2, 1, 2), 81, 13),
    (abstract_paxos(2, 1, 3), 729, 19),
    (abstract_paxos(2, 2, 1), 13, 7),
    (abstract_paxos(2, 2, 2), 145, 13),
    (abstract_paxos(2, 2, 3), 1_501, 19),
    (abstract_paxos(3, 1, 1), 41, 9),
    (abstract_paxos(3, 1, 2), 1_681, 17),
    (abstract_paxos(3, 2, 1), 73, 9),
    *BESIDE[:-1],
]


@pytest.mark.parametrize(("model", "states", "depth"), TLC, ids=lambda value: getattr(value, "name", None))
def test_a_model_has_as_many_states_and_levels_as_tlc_found(model, states, depth):
    found = explore_model(model)
    assert found.verdict == "HOLDS"
    assert (found.states, found.depth + 1) == (states, depth)


LARGER = [
    (two_phase_commit(6), 50_816, 20),
    (abstract_paxos(3, 1, 3), 68_921, 25),
    BESIDE[-1],
]


@pytest.mark.long
@pytest.mark.parametrize(("model", "states", "depth"), LARGER, ids=lambda value: getattr(value, "name", None))
def test_a_larger_model_has_as_many_states_as_tlc_found(model, states, depth):
    found = explore_model(model)
    assert (found.verdict, found.states, found.depth + 1) == ("HOLDS", states, depth)


def test_the_benchmark_beside_tlc_runs_what_is_pinned_above_and_tells_the_version_of_tlc():
    benchmark = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "tlc.py"))
    assert benchmark["SCOPES"] == tuple(BENCHMARK)
    banner = "TLC2 Version 2.19 of 08 August 2024 (rev: 5a47802)"
    assert benchmark["version_of"](f"{banner}\nRunning breadth-first search") == banner


@pytest.mark.parametrize(("model", "generated"), [(transaction_commit(3), 94), (two_phase_commit(3), 1_146)])
def test_where_no_quorum_is_chosen_tlc_generates_as_many_states_too(model, generated):
    assert explore_model(model).transitions + len(model.initial) == generated


def test_four_gallons_take_six_actions_and_tlc_had_seen_as_many_states():
    found = explore_model(die_hard())
    assert (found.verdict, found.actions, found.states) == ("VIOLATED", 6, 14)
    assert [action for action, _ in found.path][1:3] == ["FillBigJug", "BigToSmall"]
    assert found.path[-1][1].big == 4


def test_jugs_of_three_and_six_gallons_never_hold_four():
    assert explore_model(die_hard(3, 6)).verdict == "HOLDS"


@pytest.mark.parametrize("make", [voting, abstract_paxos])
def test_quorums_that_do_not_meet_choose_two_values(make):
    found = explore_model(make(3, 2, 2, quorum=1))
    assert (found.verdict, found.violation.law) == ("VIOLATED", "Agreement")
    assert found.path[0][0] == "initial"
    assert found.violation.step == found.actions == len(found.path) - 1


def test_every_step_of_paxos_is_a_step_of_voting_or_none():
    """Refinement (THEOREM Spec => V!Spec), checked on every transition of the model."""
    paxos, votes = abstract_paxos(3, 2, 2), voting(3, 2, 2)
    assert as_votes(paxos.initial[0]) == votes.initial[0]
    level, known, steps = list(paxos.initial), set(paxos.initial), 0
    while level:
        following = []
        for state in level:
            before = as_votes(state)
            allowed = {before, *(after for _, after in votes.next_states(before))}
            for action, after in paxos.next_states(state):
                assert as_votes(after) in allowed, action
                steps += 1
                if after not in known:
                    known.add(after)
                    following.append(after)
        level = following
    assert steps > 20_000


def test_two_phase_commit_implements_transaction_commit():
    how, what = two_phase_commit(3), transaction_commit(3)
    level, known = list(how.initial), set(how.initial)
    while level:
        following = []
        for state in level:
            allowed = {state.rms, *(after for _, after in what.next_states(state.rms))}
            for action, after in how.next_states(state):
                assert after.rms in allowed, action
                if after not in known:
                    known.add(after)
                    following.append(after)
        level = following
    assert len(known) == 288


def test_goals_and_prunes_of_a_model():
    goals = {"committed": lambda s: s.tm == "committed", "never": lambda s: len(s.rms) == 9}
    found = explore_model(two_phase_commit(2), goals=goals)
    assert (found.verdict, found.goals) == ("UNREACHED", {"committed": True, "never": False})
    assert [action for action, _ in found.witnesses["committed"]][-1] == "TMCommit"
    cut = explore_model(two_phase_commit(2), prunes={"aborted": lambda s: s.tm == "aborted"})
    assert 0 < cut.pruned < cut.states < found.states
    assert "pruned" in str(cut)


def test_bounds_of_a_model():
    assert explore_model(two_phase_commit(3), states_max=50).verdict == "UNKNOWN"
    shallow = explore_model(two_phase_commit(3), depth=2)
    assert (shallow.verdict, shallow.depth) == ("HOLDS", 2)
    assert shallow.beyond > 0


def test_an_invariant_may_say_false_or_a_sentence():
    def count(state):
        return [("up", state + 1)] if state < 5 else []

    for check, evidence in (
        (lambda s: s < 3, "it is false in 3"),
        (lambda s: "three" if s == 3 else None, "three"),
    ):
        found = explore_model(Model("count", "Counts.", (0,), count, {"small": check}))
        assert (found.violation.law, found.violation.evidence, found.actions) == ("small", evidence, 3)


def test_states_are_told_in_the_same_words_in_every_process():
    assert told((frozenset({"b", "a"}), 1)) == "({'a', 'b'}, 1)"
    state = two_phase_commit(2).initial[0]
    assert changes(state, state._replace(tm="aborted", messages=frozenset({"Abort"}))) == (
        "tm = 'aborted'; messages + 'Abort'"
    )
    assert changes(state, state) == "nothing changes"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: explore_model(3), ArgumentTypeError, "model must be a Model"),
        (lambda: explore_model(die_hard(), states_max=0), ArgumentError, "states_max must be at least 1"),
        (lambda: explore_model(die_hard(), depth=-1), ArgumentError, "depth must be at least 0"),
        (lambda: explore_model(die_hard(), goals=[1]), ArgumentTypeError, "goals must be functions"),
        (
            lambda: explore_model(die_hard(), prunes=1),
            ArgumentTypeError,
            "prunes must be a list of functions",
        ),
        (lambda: explore_model(die_hard(), progress=1), ArgumentTypeError, "progress must be a function"),
        (lambda: explore_model(die_hard(), goals={"g": abs}), LawError, "the goal 'g' failed: TypeError"),
        (lambda: explore_model(die_hard(), prunes={"p": abs}), LawError, "the prune 'p' failed: TypeError"),
        (lambda: die_hard(0), ArgumentError, "small must be at least 1"),
        (lambda: two_phase_commit(0), ArgumentError, "rms must be at least 1"),
        (lambda: abstract_paxos(3, 0), ArgumentError, "values must be at least 1"),
        (lambda: abstract_paxos(3, ballots=0), ArgumentError, "ballots must be at least 1"),
        (lambda: voting(3, quorum=4), ArgumentError, "quorum must be at most 3"),
        (lambda: Model("m", "", [], print), ArgumentTypeError, "initial must be a tuple"),
        (lambda: Model("m", "", (), print), ArgumentError, "initial must hold at least one state"),
        (lambda: Model("m", "", (1,), 3), ArgumentTypeError, "next_states must be a function"),
        (lambda: Model("m", "", (1,), print, {"x": 1}), ArgumentTypeError, "'x' is 1"),
        (lambda: catalogue.build("x"), UnknownNameError, "there is no model named 'x'"),
        (lambda: catalogue.build("voting", rms=2), UnknownNameError, "voting has no option 'rms'"),
    ],
)
def test_models_refuse(call, error, words):
    with pytest.raises(error, match=words):
        call()
