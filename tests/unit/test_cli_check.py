"""`distsys check`, as a person uses it: what it prints, how it complains, how it exits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from distsys.checkers import CONSISTENCIES, SPECS
from distsys.cli import main
from distsys.core.units import MS
from distsys.drivers import simulate
from distsys.lab.histories import MODELS, history_file


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main(("check", *map(str, arguments)))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.parametrize("name", MODELS)
def test_the_exit_code_is_0_for_ok_and_1_for_illegal(run, name):
    code, out, err = run(history_file(name), "--model", MODELS[name])
    right = name in ("etcd-leader-killed", "crashed-write-seen-later")
    assert (code, err) == (0 if right else 1, "")
    assert out.startswith("OK: linearizable" if right else "ILLEGAL: linearizable")


def test_it_prints_the_evidence(run):
    assert run(history_file("stale-read"), "--model", "register", "--draw")[1] == (
        "ann |write 1|\n"
        "bob           |read -> null|\n"
        "\n"
        "ILLEGAL: linearizable, model register, 2 steps.\n"
        "The longest order that works places 1 of 2 answered operations:\n"
        "  1. write 1 by ann\n"
        "The state is then 1. None of these can come next:\n"
        "  read -> null by bob: the answer would be 1; it began after write 1 by ann had ended\n"
    )
    assert run(history_file("stale-read"), "--model", "register", "--quiet")[1].count("\n") == 1


@pytest.mark.parametrize("name", CONSISTENCIES)
def test_every_consistency_can_be_asked_for(run, name):
    code, out, _ = run(history_file("stale-read"), "--model", "register", "--consistency", name)
    assert out.split(",")[0].partition(": ")[0] == ("ILLEGAL" if name == "linearizable" else "OK")
    assert code == (1 if name == "linearizable" else 0)


def test_unknown_is_red(run):
    code, out, _ = run(history_file("etcd-leader-killed"), "--model", "key-value", "--steps-max", "10")
    assert code == 1
    assert out.startswith(
        "UNKNOWN: linearizable, model key-value, 10 steps.\nThe search gave up after 10 steps"
    )


def test_the_models_are_explained(run):
    code, out, _ = run("--models")
    assert code == 0
    for model in SPECS.values():
        assert f"{model.name}: {model.says}\n" in out
        assert all(f in out for f in model.operations)
    assert all(name in out for name in CONSISTENCIES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say which file to judge"),
        (["x.jsonl"], "say what the object is, with --model; there are: register, "),
        (["x.jsonl", "--model", "registr"], "there is no model named 'registr'; did you mean register?"),
        (["x.jsonl", "--model", "register", "--consistency", "casual"], "did you mean causal?"),
        (
            ["x.jsonl", "--model", "register", "--steps-max", "0"],
            "steps-max must be a whole number of at least 1",
        ),
        (["no-such-file.jsonl", "--model", "register"], "no-such-file.jsonl: No such file or directory"),
        ([".", "--model", "register"], "Is a directory"),
    ],
)
def test_bad_use_is_one_line_and_exit_code_2(run, arguments, says):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_malformed_file_is_refused_with_its_name_and_the_line(run, tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_text('{"process": "a", "type": "ok", "f": "read"}\n')
    code, _, err = run(path, "--model", "register")
    assert code == 2
    assert f"{path}, line 1: process 'a' ends 'read' with ok, but it has no open operation" in err
    path.write_text('# a comment\n{"process": "a", "type": "invoke", "f": "enqueue"}\n')
    code, _, err = run(path, "--model", "register")
    assert code == 2
    assert "event 1: the model register has no operation 'enqueue'" in err


def test_a_trace_is_judged_by_the_operations_that_its_nodes_output(run, tmp_path):
    path = simulate("causal-broadcast", 7, until=100 * MS, settle=100 * MS).save(tmp_path / "run.trace")
    code, out, _ = run(path, "--model", "register")
    assert (code, out.splitlines()[0]) == (0, "OK: linearizable, model register, 0 steps.")
    path.write_text(path.read_text()[:-40])
    code, _, err = run(path, "--model", "register")
    assert code == 2
    assert str(path) in err


def test_it_needs_the_standard_library_alone():
    command = ["-S", "-m", "distsys", "check", str(history_file("lost-update")), "--model", "register"]
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, *command], check=False, capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "cas [0,1] -> true by bob: the answer would be false" in done.stdout
