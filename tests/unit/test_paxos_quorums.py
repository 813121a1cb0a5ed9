"""Quorums: those of the first phase meet those of the second, and a choice for which that is not so is refused."""

from itertools import combinations

import pytest

from distsys import simulate, systems
from distsys.core.errors import ArgumentError, ArgumentTypeError, DistsysError
from distsys.protocols.paxos import Paxos
from distsys.protocols.paxos_messages import Chosen, Promise, Propose
from distsys.protocols.quorums import quorums_of
from paxos_nodes import FIVE, THREE, b, preparing, process
from raft_nodes import ask, hear, outputs

SIX = (*FIVE, "a6")


def subsets(names):
    return [frozenset(some) for count in range(len(names) + 1) for some in combinations(names, count)]


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (("majority",), THREE),
        (("majority",), FIVE),
        (("majority",), SIX),
        (("sizes", 4, 2), FIVE),
        (("sizes", 5, 1), FIVE),
        (("sizes", 1, 5), FIVE),
        (("sizes", 4, 3), SIX),
        (("grid", 3), SIX),
        (("grid", 2), SIX),
        (("grid", 1), THREE),
    ],
)
def test_each_quorum_of_phase_1_meets_each_quorum_of_phase_2(choice, names):
    quorums = quorums_of(choice, names)
    first = [some for some in subsets(names) if quorums.is_phase1_quorum(some)]
    second = [some for some in subsets(names) if quorums.is_phase2_quorum(some)]
    assert first
    assert second
    assert all(one & other for one in first for other in second)


@pytest.mark.parametrize("n", range(1, 7))
def test_sizes_meet_exactly_where_they_add_up_to_more_than_n(n):
    names = SIX[:n]
    for q1 in range(1, n + 1):
        for q2 in range(1, n + 1):
            meet = all(set(a) & set(c) for a in combinations(names, q1) for c in combinations(names, q2))
            assert meet == (q1 + q2 > n)
            if meet:
                assert quorums_of(("sizes", q1, q2), names).names == names
            else:
                with pytest.raises(ArgumentError, match="quorums must meet"):
                    quorums_of(("sizes", q1, q2), names)


def test_names_that_do_not_belong_do_not_count():
    quorums = quorums_of(("majority",), THREE)
    assert not quorums.is_phase1_quorum(["a1", "x", "y"])
    assert not quorums.is_phase2_quorum(["a1", "a1"])
    assert quorums.is_phase2_quorum(["a1", "a3"])


def test_a_grid_decides_by_a_column_and_promises_by_a_row():
    quorums = quorums_of(("grid", 3), SIX)  # a1 a2 a3 / a4 a5 a6
    assert quorums.is_phase1_quorum({"a4", "a5", "a6"})
    assert not quorums.is_phase1_quorum({"a1", "a2", "a4", "a5"})
    assert quorums.is_phase2_quorum({"a2", "a5"})
    assert not quorums.is_phase2_quorum({"a1", "a2"})


@pytest.mark.parametrize(
    ("choice", "error", "says"),
    [
        (("sizes", 2, 2), ArgumentError, "with 5 acceptors 2 \\+ 2 must be more than 5"),
        (("sizes", 0, 5), ArgumentError, "q1 must be at least 1, but it is 0"),
        (("sizes", 5, 6), ArgumentError, "q2 must be at most 5, but it is 6"),
        (("sizes", 3), ArgumentError, "quorums must be .* but it is \\('sizes', 3\\)"),
        (("most",), ArgumentError, "quorums must be .* but it is \\('most',\\)"),
        ((), ArgumentError, "quorums must be .* but it is \\(\\)"),
        ("majority", ArgumentTypeError, "quorums must be .* but it is 'majority'"),
        (("grid", 2), ArgumentError, "columns must divide 5"),
        (("grid", 0), ArgumentError, "columns must be at least 1"),
        (("grid", "2"), ArgumentTypeError, "columns must be a whole number"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(choice, error, says):
    with pytest.raises(error, match=says) as caught:
        Paxos("a1", acceptors=FIVE, quorums=choice)
    assert isinstance(caught.value, DistsysError)
    assert isinstance(caught.value, ValueError) == (error is ArgumentError)


def test_with_small_second_quorums_two_votes_of_five_decide():
    node = preparing("x", acceptors=FIVE, quorums=("sizes", 4, 2))
    for name in ("a2", "a3"):
        assert hear(node, name, Promise(b(1))) == ()
    assert hear(node, "a4", Promise(b(1))) != ()
    other = process(acceptors=FIVE, quorums=("sizes", 1, 5))
    assert ask(other, Propose("y")) != ()
    assert outputs(hear(node, "a5", node.votes["a1"])) == [Chosen("x")]


@pytest.mark.parametrize(
    ("nodes", "choice"), [(5, ("sizes", 4, 2)), (5, ("sizes", 2, 4)), (6, ("grid", 3)), (4, ("sizes", 3, 2))]
)
def test_under_faults_flexible_quorums_keep_the_laws(nodes, choice):
    for seed in range(8):
        trace = simulate("paxos", seed, nodes=nodes, quorums=choice)
        assert trace.violations == ()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quorums": ("sizes", 1, 2)}, "quorums must meet"),
        ({"retry_ms": 0}, "retry_ms must be at least 1, but it is 0"),
        ({"commands": -1}, "commands must be at least 0, but it is -1"),
        ({"nodes": 0}, "nodes must be at least 1, but it is 0"),
    ],
)
def test_an_option_that_cannot_be_is_answered_before_anything_runs(options, says):
    with pytest.raises(ArgumentError, match=says):
        systems.build("paxos", **options)


@pytest.mark.parametrize(
    ("acceptors", "says"),
    [
        ((), "acceptors must name at least one process"),
        (("a1", "a1"), "acceptors must name at least one process, and each once"),
        (["a1"], "acceptors must be a tuple of names"),
    ],
)
def test_a_process_answers_for_its_arguments(acceptors, says):
    with pytest.raises(DistsysError, match=says):
        Paxos("a1", acceptors=acceptors)


def test_none_is_no_value_to_propose():
    with pytest.raises(ArgumentError, match="value must be a value to choose, but it is None"):
        Propose(None)
