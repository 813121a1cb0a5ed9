"""What the page on consistency models counts and measures."""

from random import Random

import pytest

from distsys.checkers import CONSISTENCIES, History, session
from distsys.core.errors import ArgumentError, UnknownNameError
from distsys.lab import consistency_calm as calm
from distsys.lab import consistency_isolation as isolation
from distsys.lab import consistency_latency as latency
from distsys.lab import consistency_runs as runs
from distsys.lab.challenge_consistency_numbers import mean_agrees, share_agrees
from distsys.lab.consistency_family import (
    MODELS,
    Program,
    allowed,
    between,
    family,
    linearizable_timings,
    programs,
)
from distsys.lab.consistency_stretched import STALE, moved_left
from distsys.lab.drawn_histories import drawn

STRONGER = [
    *(("sequential", weaker) for weaker in MODELS[1:]),
    ("causal-convergence", "causal"),
    ("causal-memory", "causal"),
    *(("causal-convergence", weaker) for weaker in MODELS[5:]),
    ("coherent", "read-your-writes"),
    ("coherent", "monotonic-reads"),
    *((guarantee, "monotonic-reads") for guarantee in ("monotonic-writes", "writes-follow-reads")),
]


@pytest.fixture(scope="module")
def small():
    return family(5)


def test_there_are_9377_histories_of_up_to_five_operations(small):
    assert [len(programs(count)) for count in range(1, 6)] == [2, 16, 114, 946, 8299]
    assert len(small) == 9377 == len(set(small))


def test_what_one_model_allows_its_weaker_ones_allow(small):
    for program in small:
        for stronger, weaker in STRONGER:
            assert stronger not in allowed(program) or weaker in allowed(program), program


def test_each_other_pair_of_models_is_told_apart_by_a_history_or_is_named_here(small):
    apart = {(a, b) for program in small for b in allowed(program) for a in set(MODELS) - allowed(program)}
    left = {(a, b) for a in MODELS for b in MODELS if a != b} - apart - {(w, s) for s, w in STRONGER}
    assert left == {  # (forbids, allows): longer histories part these
        ("causal-memory", "causal-convergence"),
        ("coherent", "causal-convergence"),
        ("monotonic-reads", "causal-memory"),
        ("monotonic-writes", "causal-memory"),
        ("writes-follow-reads", "causal-memory"),
    }


def test_six_operations_part_causal_memory_from_monotonic_reads():
    kept = allowed(Program.of("w1 r1 r2 | r2 r1 | w2"))
    assert "causal-memory" in kept
    assert not {"monotonic-reads", "monotonic-writes", "writes-follow-reads"} & kept


def test_the_witness_of_the_paper_with_seven_operations_parts_convergence_from_memory():
    history = drawn("""
        ann  [put z=1]     [put x=1]     [put y=1]
        bob     [put x=2]     [get z -> null]      [get y -> 1]   [get x -> 2]
    """)
    assert CONSISTENCIES["causal-convergence"](history, "key-value").ok
    assert not CONSISTENCIES["causal-memory"](history, "key-value").ok


def test_the_four_sessions_together_are_causal_convergence():
    for program in family(4):
        ok = session(program.history(), "key-value").ok
        assert ok == ("causal-convergence" in allowed(program)), program


def test_a_history_is_sequential_if_and_only_if_some_timing_is_linearizable():
    for program in family(3):
        good, _ = linearizable_timings(program)
        assert (good > 0) == ("sequential" in allowed(program)), program


def test_every_history_of_two_operations_is_there_once():
    texts = {str(program) for program in programs(2)}
    assert {"w1 r1", "w1 r0", "r0 | w1", "r1 | w1", "w1 W2", "r0 | R0"} <= texts
    assert "r1 w1" not in texts  # nobody has written it yet


def test_the_witness_comes_from_the_short_ones_first():
    found = between("sequential", "causal-convergence", 4)
    assert str(found[0]) == "w1 R0 | W2 r0"
    assert [len(program) for program in found] == sorted(len(program) for program in found)


@pytest.mark.parametrize("text", ["", "w1 |", "q1", "w", "wx"])
def test_a_program_that_cannot_be_read_is_refused(text):
    with pytest.raises(ArgumentError, match="a process does"):
        Program.of(text)


def test_too_many_operations_are_refused():
    with pytest.raises(ArgumentError, match="count must be at most 5"):
        programs(6)


def test_which_operation_moves_must_be_there():
    with pytest.raises(ArgumentError, match="which must be 1 to 2"):
        moved_left(STALE, "bob", 3)


# The store.


def test_the_doctors_both_leave_at_once_and_both_stay_with_a_majority():
    seen = {rule: runs.answers(runs.doctors(rule)) for rule in runs.RULES}
    assert seen["at once"][2:4] == ("get bob -> null by ann", "get ann -> null by bob")
    assert seen["majority"][2:4] == ("get bob -> off by ann", "get ann -> off by bob")
    assert runs.judged(runs.doctors("majority"), "linearizable") == {"linearizable": True}


@pytest.mark.parametrize("name", list(runs.SESSIONS))
def test_each_guarantee_is_broken_without_it_and_kept_by_it_alone(name):
    assert not runs.judged(runs.session_run(name), name)[name]
    assert runs.judged(runs.session_run(name, name), name)[name]


@pytest.mark.parametrize("name", list(runs.SESSIONS))
def test_no_other_single_guarantee_but_one_that_asks_for_the_same_mends_it(name):
    others = [other for other in runs.SESSIONS if other != name]
    assert [runs.judged(runs.session_run(name, other), name)[name] for other in others] == [False] * 3


def test_a_client_that_stays_at_its_copy_never_waits():
    plan = {
        "ann": tuple(
            (10 * n, f, "x", n if f == "put" else None, "north") for n, f in enumerate(("put", "get") * 4, 1)
        )
    }
    trace = runs.store_run(plan, guarantees=tuple(runs.SESSIONS))
    assert set(runs.waits_ms(trace).values()) == {4.0}


@pytest.mark.parametrize("seed", range(20))
def test_the_register_that_asks_a_majority_is_linearizable_with_two_writers_and_random_delays(seed):
    dice = Random(seed)
    plan = {}
    for number, name in enumerate(("ann", "bob", "cyd")):
        steps = []
        for place in range(4):
            f = dice.choice(("put", "get"))
            steps.append((dice.randint(0, 600), f, "x", 10 * number + place + 1 if f == "put" else None,
                          dice.choice(("n1", "n2", "n3"))))  # fmt: skip
        plan[name] = tuple(steps)
    trace = runs.store_run(plan, rule="majority", names=("n1", "n2", "n3"), until_ms=3_000, seed=seed)
    assert all(call.known for call in History.of(trace).calls)
    assert runs.judged(trace, "linearizable") == {"linearizable": True}


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="rule must be one of"):
        runs.partitioned("never")
    with pytest.raises(UnknownNameError, match="name must be one of"):
        runs.session_run("monotonic")
    with pytest.raises(UnknownNameError, match="guarantees must be of"):
        runs.session_run("monotonic-reads", "monotonic")


# Latency.


@pytest.mark.parametrize(("copies", "wait_for"), [(1, 1), (3, 2), (5, 5), (7, 4)])
def test_the_mean_wait_agrees_with_the_formula(copies, wait_for):
    times = latency.waited_ms(3_000, copies, wait_for, 5, 8, seed=copies)
    assert mean_agrees(times, latency.mean_wait_ms(copies, wait_for, 5, 8))


@pytest.mark.parametrize("seed", range(2, 5))
def test_the_share_of_old_reads_agrees_with_the_formula(seed):
    assert share_agrees(latency.old_reads(10, 200, seed), 200, latency.share_old(10, runs.FAR_MS))


# Isolation.


def test_how_often_each_anomaly_shows_at_each_level():
    shows = {
        name: [isolation.counted(name, level).shows for level in isolation.LEVELS]
        for name in isolation.ANOMALIES
    }
    assert shows == {
        "dirty read": [3, 0, 0, 0],
        "non-repeatable read": [3, 2, 0, 0],
        "phantom": [3, 2, 0, 0],
        "lost update": [14, 18, 0, 0],
        "write skew": [48, 64, 68, 0],
    }


@pytest.mark.parametrize("level", isolation.LEVELS)
@pytest.mark.parametrize("name", list(isolation.ANOMALIES))
def test_what_has_no_serial_order_is_what_shows_the_anomaly(name, level):
    found = isolation.counted(name, level)
    assert found.shows == found.unserial
    assert level in isolation.LEVELS[2:] or found.aborted == 0


def test_write_skew_is_only_avoided_by_snapshots_where_one_is_over_before_the_other_begins():
    one = isolation.ANOMALIES["write skew"]
    right = [
        schedule
        for schedule in isolation.interleavings(4, 4)
        if not one.shows(isolation.run("snapshot", one.first, one.transactions, schedule))
    ]
    assert right == [(0, 0, 0, 0, 1, 1, 1, 1), (1, 1, 1, 1, 0, 0, 0, 0)]


def test_a_late_snapshot_is_serializable_and_not_strictly():
    pair = ((isolation.write("x", 1),), (isolation.read("x"),))
    late = isolation.run("serializable", {"x": 0}, pair, (0, 0, 1, 1), lag=1)
    assert isolation.serial_orders(late, {"x": 0}, pair) == [(1, 0)]
    assert isolation.serial_orders(late, {"x": 0}, pair, strict=True) == []
    in_time = isolation.run("serializable", {"x": 0}, pair, (0, 0, 1, 1))
    assert isolation.serial_orders(in_time, {"x": 0}, pair, strict=True) == [(0, 1)]


def test_bad_arguments_of_the_store_are_named():
    with pytest.raises(UnknownNameError, match="level must be one of"):
        isolation.run("chaos", {}, [], ())
    with pytest.raises(ArgumentError, match="schedule must hold"):
        isolation.run("snapshot", {}, [], (0,))
    with pytest.raises(UnknownNameError, match="name must be one of"):
        isolation.counted("bad luck", "snapshot")


# CALM.


@pytest.mark.parametrize("name", list(calm.EXAMPLES))
def test_the_order_does_not_matter_exactly_if_the_question_is_monotone(name):
    question, facts = calm.EXAMPLES[name]
    assert calm.monotone(question, facts) == calm.independent_of_order(question, facts)
    assert (len(calm.ever_said(question, facts)) == 1) == calm.monotone(question, facts)


def test_a_sealed_bill_is_said_once_and_is_right():
    question, facts = calm.EXAMPLES["bill when sealed"]
    assert calm.ever_said(question, facts) == {frozenset({("bread", "eggs", "milk")})}
