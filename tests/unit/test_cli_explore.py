"""`distsys explore`, as a person uses it."""

import pytest

from distsys.cli import main
from distsys.core.trace import Trace


@pytest.fixture
def run(capsys):
    """Return a function that runs `distsys explore` and gives (exit code, output, errors)."""

    def run(*arguments):
        code = main(["explore", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_system_that_holds_says_within_which_bounds_and_exits_with_0(run):
    code, out, err = run("reliable-broadcast", "--nodes", "2", "--duplicates", "1")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "HOLDS within these bounds: reliable-broadcast: no duplication, no creation",
        "bounds: 2 nodes, 1 request, 1 duplicate",
        "35 distinct states, 61 transitions, depth 7, 16 calls of a handler",
        "not checked, for they hold finally: validity, agreement",
    ]


def test_bounds_in_which_nothing_can_begin_are_called_so(run):
    said = "no timer may fire within these bounds, and nodes wait for theirs from the start"
    assert said in run("raft")[1]
    assert said not in run("raft", "--timeouts", "1")[1]
    assert said not in run("reliable-broadcast")[1]


def test_quiet_prints_nothing_that_went_well(run):
    assert run("reliable-broadcast", "--nodes", "2", "--quiet") == (0, "", "")


def test_a_broken_law_exits_with_1_and_its_run_is_saved_replayed_and_drawn(run, tmp_path, capsys):
    path, picture = tmp_path / "found.trace", tmp_path / "found.svg"
    code, out, _ = run(
        *("causal-broadcast", "--mutant", "CB-01", "--requests", "2"),
        *("--save", str(path), "--draw", str(picture)),
    )
    assert code == 1
    assert out.startswith("VIOLATED in 4 actions: causal-broadcast with CB-01: causal order: n3 delivered")
    assert "<svg" in picture.read_text()
    assert Trace.load(path).violation.law == "causal order"
    assert main(["replay", str(path)]) == 0
    assert "same effects, same bytes" in capsys.readouterr().out


def test_a_run_is_drawn_in_the_terminal(run):
    code, out, _ = run("heartbeat-detector", "--nodes", "2", "--mutant", "FD-05", "--timeouts", "3", "--draw")
    assert code == 1
    assert "Law broken at step" in out


def test_more_states_than_allowed_exit_with_1(run):
    code, out, _ = run("heartbeat-detector", "--timeouts", "2", "--states-max", "50")
    assert (code, out.split()[0]) == (1, "UNKNOWN")


def test_a_goal_that_is_not_reached_exits_with_1(run):
    code, out, _ = run("raft", "--requests", "0", "--goal", "leader")
    assert (code, out.split()[0]) == (1, "UNREACHED")
    code, out, _ = run(
        "raft", "--requests", "0", "--timeouts", "1", "--timer", "heartbeat=0", "--goal", "leader"
    )
    assert code == 0
    assert "goals: leader reached" in out


def test_symmetry_and_depth_are_told(run):
    code, out, _ = run("heartbeat-detector", "--timeouts", "2", "--symmetry", "--depth", "4")
    assert code == 0
    assert "taken for alike: n1, n2, n3" in out
    assert "runs of at most 4 actions" in out


def test_an_abstract_model_is_explored_by_its_name(run):
    code, out, _ = run("abstract-paxos", "--acceptors", "3", "--ballots", "2", "--values", "2")
    assert code == 0
    assert "3,921 distinct states, 22,994 transitions, depth 16" in out
    assert run("two-phase-commit", "--rms", "2")[0] == 0


def test_the_path_to_a_broken_invariant_is_printed_action_by_action(run):
    code, out, _ = run("die-hard")
    assert code == 1
    assert out.splitlines()[3:] == [
        "   0  initial                  Jugs(small=0, big=0)",
        "   1  FillBigJug               big = 5",
        "   2  BigToSmall               small = 3; big = 2",
        "   3  EmptySmallJug            small = 0",
        "   4  BigToSmall               small = 2; big = 0",
        "   5  FillBigJug               big = 5",
        "   6  BigToSmall               small = 3; big = 4",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rafft",), "there is no system or model named 'rafft'; did you mean raft?"),
        (("raft", "--rms", "2"), "raft is a system of nodes, which takes no --rms"),
        (("abstract-paxos", "--crashes", "1"), "abstract-paxos is a model, which takes no --crashes"),
        (("abstract-paxos", "--save", "x"), "abstract-paxos is a model: it has no nodes"),
        (("die-hard", "--rms", "2"), "die-hard has no option 'rms'; it has: small, big, wanted"),
        (("raft", "--timer", "heartbeat"), "--timer is NAME=N"),
        (("raft", "--goal", "peace"), "raft has no goal 'peace'; it has: leader"),
        (("raft", "--crashes", "-1"), "crashes must be a whole number of at least 0"),
        (("raft", "--mutant", "CB-01"), "raft has no mutant named 'CB-01'"),
        (("raft", "--requests", "99"), "bounds.requests must be at most 24"),
        (("reliable-broadcast", "--nodes", "4", "--symmetry"), "symmetry must be off: n2 tells names apart"),
        (("raft", "--save", "/no/such/folder/x"), "there is no folder /no/such/folder"),
    ],
)
def test_bad_use_exits_with_2_and_one_line(run, arguments, words):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
