"""The command line, as a person uses it: what it prints, how it complains, how it exits."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from distsys import __version__, cli
from distsys.cli import main, progress
from distsys.core import systems
from distsys.core.divergence import divergence
from distsys.core.trace import Trace
from distsys.drivers import Crash, Cut, Heal, Partition, Pause, Resume, fork, simulate

ROOT = Path(__file__).resolve().parents[2]
SHORT = ["--until", "300ms", "--settle", "1s"]
FAULTY = ["simulate", "causal-broadcast", "--mutant", "CB-01", *SHORT]


@pytest.fixture
def run(capsys):
    """Return a function that runs a command and gives (exit code, output, errors)."""

    def run(*arguments):
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def saved(tmp_path):
    """Return the path of a saved run that keeps its laws."""
    return simulate("causal-broadcast", 7, until=100_000, settle=100_000).save(tmp_path / "run.trace")


def process(*arguments, **more):
    """Run the command in a process of its own, which sees the standard library and the package only."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "distsys", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        **more,
    )


# Teaching


def test_without_a_command_it_shows_what_there_is(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    for command in ("list", "simulate", "replay", "fork", "draw", "check", "exit codes", "examples"):
        assert command in out


@pytest.mark.parametrize("command", ["list", "simulate", "replay", "fork", "draw", "check"])
def test_each_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as leaving:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert leaving.value.code == 0
    assert "usage: distsys " + command in out
    if command == "simulate":
        assert "A seed is a whole number" in out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"distsys {__version__}\n"


def test_every_example_of_the_help_can_be_run_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        cli.commands.drivers, "simulate", lambda *a, **o: simulate(*a, **{**o, "until": 300_000})
    )
    from distsys.cli import parser

    examples = "\n".join((parser.EXAMPLES, parser.SIMULATE_EXAMPLES, parser.FORK_EXAMPLES))
    lines = re.findall(r"^  distsys (.+)$", examples, re.MULTILINE)
    assert len(lines) >= 12
    for line in lines:
        words = [
            "3" if before == "--seeds" else word
            for before, word in zip(["", *shlex.split(line)], shlex.split(line), strict=False)
        ]
        assert main(words) in (0, 1), line


# list


def test_list_shows_every_system_and_what_it_says(run):
    code, out, _ = run("list")
    assert code == 0
    for name in systems.names():
        assert re.search(rf"^{re.escape(name)} +\S", out, re.MULTILINE)
        assert systems.find(name).says in out


@pytest.mark.parametrize("name", ["causal-broadcast", "lamport-clock"])
def test_list_of_one_system_shows_options_laws_faults_and_mutants(run, name):
    code, out, _ = run("list", name)
    system = systems.find(name)
    assert code == 0
    for part in (*system.options, *(law.says for law in system.laws), *(m.id for m in systems.mutants(name))):
        assert str(part) in out


def test_list_shows_what_else_can_be_typed_for_quorums(run):
    for name in ("paxos", "multi-paxos", "multipaxos-kv"):
        assert "quorums = majority   (or sizes,2,2 or grid,3)" in run("list", name)[1]


# simulate


@pytest.mark.parametrize("system", ["paxos", "multi-paxos", "multipaxos-locks"])
@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("majority", ("majority",)),
        ("sizes,2,2", ("sizes", 2, 2)),
        ("sizes, 1, 3", ("sizes", 1, 3)),
        ("grid,3", ("grid", 3)),
    ],
)
def test_quorums_can_be_chosen_and_a_kept_run_replays(run, tmp_path, system, typed, choice):
    asked = ["--option", f"quorums={typed}", "--save", str(tmp_path / "run.trace")]
    assert run("simulate", system, "--no-faults", *SHORT, *asked)[0] in (0, 1)  # 1: the time is short
    assert Trace.load(tmp_path / "run.trace").header.options["quorums"] == choice
    assert run("replay", str(tmp_path / "run.trace"))[0] == 0


def test_one_seed_says_what_the_laws_said(run):
    assert run("simulate", "causal-broadcast", "--seed", "7", *SHORT)[:2] == (
        0,
        f"seed 7, {len(simulate('causal-broadcast', 7, until=300_000, settle=1_000_000))} steps: "
        "All 5 laws were kept.\n",
    )


def test_quiet_says_nothing_when_all_is_well(run):
    assert run("simulate", "causal-broadcast", "--quiet", *SHORT) == (0, "", "")


def test_many_seeds_stop_at_the_first_that_breaks_a_law_and_its_line_repeats_it(run):
    code, out, err = run(*FAULTY, "--seeds", "100", "--option", "broadcasts=14")
    assert (code, err) == (1, "")
    first, repeat = out.splitlines()
    assert "The law 'causal order' is broken" in first
    words = shlex.split(repeat.removeprefix("Repeat it: python -m distsys "))
    code, again, _ = run(*words)
    assert code == 1
    assert again.splitlines()[0] == first


def test_the_line_that_repeats_names_everything_that_was_chosen(run):
    asked = ["--nodes", "ann,bob,cyd,dan", "--no-faults"]
    _, out, _ = run(*FAULTY, "--seeds", "200", *asked, "--option", "relay=no")
    line = out.splitlines()[-1]
    for part in (*FAULTY[1:], *asked, "--option relay=no"):
        assert part in line


def test_seeds_that_keep_the_laws_are_counted(run):
    code, out, _ = run("simulate", "lamport-clock", "--seed", "5", "--seeds", "4", *SHORT)
    assert code == 0
    assert re.fullmatch(r"4 seeds, 5 to 8: .* kept\.\n", out)


def test_a_saved_run_replays_and_draws(run, tmp_path):
    file, picture = tmp_path / "a.trace", tmp_path / "a.svg"
    assert run(*FAULTY, "--seeds", "100", "--save", str(file), "--draw", str(picture))[0] == 1
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    trace = Trace.load(file)
    assert trace.violation.law == "causal order"
    code, out, _ = run("replay", str(file))
    assert code == 0
    assert "same effects, same bytes" in out
    assert "run again from the seed, gives the same bytes" in out
    code, out, _ = run("draw", str(file))
    assert code == 0
    assert f"Law broken at step {trace.violation.step}" in out


def test_nothing_is_saved_when_no_seed_breaks_a_law(run, tmp_path):
    file = tmp_path / "a.trace"
    code, out, _ = run("simulate", "causal-broadcast", "--seeds", "2", *SHORT, "--save", str(file))
    assert code == 0
    assert "Nothing saved" in out
    assert not file.exists()


def test_names_of_nodes_can_be_given(run):
    _, out, _ = run("simulate", "causal-broadcast", "--nodes", "ann,bob", *SHORT, "--draw")
    assert "ann" in out
    assert "n1" not in out


# fork


def test_a_fork_says_where_it_goes_another_way_and_is_saved_and_drawn(run, saved, tmp_path):
    file, picture = tmp_path / "b.trace", tmp_path / "b.svg"
    trace = Trace.load(saved)
    code, out, err = run(
        "fork", str(saved), "--at", "9", "--crash", "n2", "--save", str(file), "--draw", str(picture)
    )
    other = Trace.load(file)
    assert other == fork(trace, 9, Crash(0, "n2"))
    lines = out.splitlines()
    assert lines[:2] == [
        f"seed 7, forked after step 9: it goes another way at step {divergence(trace, other)}.",
        f"{len(other)} steps: All 5 laws were kept.",
    ]
    assert (code, err) == (0, "")
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    assert run("replay", str(file))[0] == 0
    assert "n2 crashes" in run("fork", str(saved), "--at", "9", "--crash", "n2", "--draw")[1]


def test_faults_of_a_fork_happen_in_the_order_in_which_they_are_typed(run, saved, tmp_path):
    file = tmp_path / "b.trace"
    typed = [
        "--pause",
        "n1",
        "--cut",
        "n1,n2",
        "--partition",
        "n1,n2|n3",
        "--heal",
        "--resume",
        "n1",
        "--quiet",
    ]
    assert run("fork", str(saved), "--at", "6", *typed, "--save", str(file)) == (0, "", "")
    actions = (
        Pause(0, "n1"),
        Cut(0, "n1", "n2"),
        Partition(0, (("n1", "n2"), ("n3",))),
        Heal(0),
        Resume(0, "n1"),
    )
    assert Trace.load(file) == fork(Trace.load(saved), 6, *actions)
    assert run("fork", str(saved), "--at", "6", "--heal")[1].startswith(
        "seed 7, forked after step 6: nothing changes: that was so already."
    )


def test_a_node_may_restart_in_a_fork(run, tmp_path):
    file = simulate("lamport-clock", 3, until=200_000, settle=0, faults=False).save(tmp_path / "a.trace")
    other = tmp_path / "b.trace"
    assert (
        run("fork", str(file), "--at", "6", "--crash", "n2", "--restart", "n2", "--save", str(other))[0] == 0
    )
    assert [step.kind for step in Trace.load(other).slice(7, 8)] == ["crash", "restart"]


def test_a_fork_that_breaks_a_law_is_exit_code_1(run, tmp_path):
    _, out, _ = run(*FAULTY, "--seeds", "100", "--save", str(tmp_path / "a.trace"))
    assert "causal order" in out
    code, out, _ = run("fork", str(tmp_path / "a.trace"), "--at", "1", "--heal", "--quiet")
    assert code == 1
    assert "The law 'causal order' is broken" in out


# draw


def test_a_long_run_is_drawn_in_part_and_says_so(run, saved):
    count = len(Trace.load(saved))
    assert count > cli.commands.WINDOW
    _, out, _ = run("draw", str(saved))
    assert out.rstrip().endswith(
        f"Steps 1 to 40 of {count}; --from and --to of `distsys draw` choose others."
    )


@pytest.mark.parametrize(
    ("asked", "window"),
    [
        ([], (1, 40)),
        (["--from", "5"], (5, 44)),
        (["--to", "50"], (11, 50)),
        (["--from", "3", "--to", "9"], (3, 9)),
    ],
)
def test_from_and_to_choose_the_steps(run, saved, asked, window):
    out = run("draw", str(saved), *asked)[1]
    shown = [int(number) for number in re.findall(r"^ {0,4}(\d+) +[\d.]+  ", out, re.MULTILINE)]
    assert shown == list(range(window[0], window[1] + 1))


def test_output_to_a_pipe_has_no_colour_and_no_progress_bar(saved):
    done = process("draw", str(saved))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert process(*FAULTY, "--seeds", "3").stderr == ""


def test_draw_leaves_out_messages(run, saved):
    assert "receives Ack" in run("draw", str(saved))[1]
    assert "receives Ack" not in run("draw", str(saved), "--without", "Ack")[1]


# Complaints


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["simulate", "causal-brodcast"],
            "no system named 'causal-brodcast'; did you mean causal-broadcast?",
        ),
        (["list", "raaft"], "there is no system named 'raaft'"),
        (
            ["simulate", "causal-broadcast", "--seed", "x"],
            "seed must be a whole number of at least 0, but it is 'x'",
        ),
        (["simulate", "causal-broadcast", "--seed", "-1"], "seed must be a whole number"),
        (["simulate", "causal-broadcast", "--seeds", "0"], "seeds must be a whole number of at least 1"),
        (["simulate", "causal-broadcast", "--nodes", "0"], "nodes must be a whole number of at least 1"),
        (["simulate", "causal-broadcast", "--nodes", "a,a"], "nodes must name each node once"),
        (["simulate", "causal-broadcast", "--nodes", "a,,b"], "name"),
        (["simulate", "causal-broadcast", "--mutant", "ZZ"], "no mutant named 'ZZ'; it has: CB-01"),
        (["simulate", "causal-broadcast", "--until", "2"], "such as 2s, 500ms or 250us, but it is '2'"),
        (["simulate", "causal-broadcast", "--option", "x"], "--option is NAME=VALUE"),
        (["simulate", "causal-broadcast", "--option", "x=1"], "no option 'x'; it has: "),
        (
            ["simulate", "causal-broadcast", "--option", "broadcasts=many"],
            "option broadcasts must be a whole number",
        ),
        (["simulate", "causal-broadcast", "--option", "relay=maybe"], "option relay must be yes or no"),
        (["simulate", "causal-broadcast", "--option", "nodes=3"], "--nodes 5"),
        (["simulate", "paxos", "--option", "quorums=sizes,1,2"], "3 acceptors 1 + 2 must be more than 3"),
        (["simulate", "paxos", "--option", "quorums=sizes,two,2"], "q1 must be a whole number"),
        (["simulate", "paxos", "--option", "quorums=grid,-3"], "columns must be at least 1"),
        (["simulate", "paxos", "--option", "quorums=2,2"], 'quorums must be ("majority",), ("sizes"'),
        (["simulate", "causal-broadcast", "--save", "no/such/folder/x"], "there is no folder no/such/folder"),
        (["simulate", "causal-broadcast", "--draw", "."], "it is a folder"),
        (["simulate"], "the following arguments are required: PROTOCOL (try `distsys simulate --help`)"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["replay", "no-such-file"], "no-such-file: No such file or directory"),
        (["draw", "."], "Is a directory"),
        (["draw", __file__], "line 1: not a trace"),
    ],
)
def test_a_mistake_is_answered_in_one_line_and_exit_code_2(run, arguments, says):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("distsys: error: ")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("cut", [0, 1, 100, 3000, -1, -40])
def test_a_trace_that_was_cut_short_is_refused(run, saved, cut):
    saved.write_bytes(saved.read_bytes()[:cut])
    code, _, err = run("replay", str(saved))
    assert code == 2
    assert "line" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--from", "100000"], "--from must be a step of the run, from 1 to"),
        (["--to", "100000"], "--to must be a step of the run"),
        (["--from", "9", "--to", "3"], "--from must not be after --to"),
        (["--from", "0"], "from must be a whole number of at least 1"),
        (["--svg", "no/such/folder.svg"], "No such file or directory"),
    ],
)
def test_steps_and_files_that_cannot_be_are_refused(run, saved, asked, says):
    code, _, err = run("draw", str(saved), *asked)
    assert code == 2
    assert says in err


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--crash", "n2"], "the following arguments are required: --at (try `distsys fork --help`)"),
        (["--at", "5"], "say what happens after that step, such as --crash n2"),
        (["--at", "0", "--crash", "n2"], "at must be a whole number of at least 1, but it is '0'"),
        (["--at", "100000", "--crash", "n2"], "at_step must be at most"),
        (["--at", "5", "--crash", "n9"], "Crash.node must be one of n1, n2, n3, but it is 'n9'"),
        (["--at", "5", "--cut", "n1"], "cut takes two nodes, from and to, such as n1,n2, but it is 'n1'"),
        (["--at", "5", "--cut", "n1,n1"], "Cut.to must be another node than the sender"),
        (["--at", "5", "--partition", "n1,n9"], "Partition.groups must name nodes of n1, n2, n3"),
        (["--at", "5", "--restart", "n1"], "causal-broadcast is a crash-stop system"),
        (["--at", "5", "--crash", "n2", "--save", "no/such/folder/x"], "there is no folder no/such/folder"),
    ],
)
def test_a_fork_that_cannot_be_is_answered_in_one_line_and_exit_code_2(run, saved, asked, says):
    code, out, err = run("fork", str(saved), *asked)
    assert (code, out) == (2, "")
    assert err.startswith("distsys: error: ")
    assert says in err
    assert err.count("\n") == 1


def test_a_replay_that_differs_is_exit_code_1_and_names_the_step(run, tmp_path, monkeypatch):
    file = simulate("lamport-clock", 3, until=200_000, settle=0).save(tmp_path / "a.trace")
    kind = type(systems.build("lamport-clock").make("n1"))
    real = kind.handle

    def other(node, event):
        effects = real(node, event)
        return effects[:-1] if effects else effects

    monkeypatch.setattr(kind, "handle", other)
    code, _, err = run("replay", str(file))
    assert code == 1
    assert re.match(r"distsys: step \d+: ", err)
    assert err.count("\n") == 1


def test_ctrl_c_stops_with_130_and_one_line(run, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.commands.drivers, "simulate", interrupted)
    assert run("simulate", "causal-broadcast") == (130, "", "distsys: stopped\n")


def test_a_reader_that_goes_away_is_no_error(saved):
    command = [sys.executable, "-S", "-m", "distsys", "draw", str(saved)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
    ) as child:
        child.stdout.close()  # before a byte was read
        assert child.stderr.read() == b""
        assert child.wait() == 141


# Alone


def test_the_command_needs_the_standard_library_alone(tmp_path):
    file = tmp_path / "a.trace"
    assert process("list").returncode == 0
    done = process(*FAULTY, "--seeds", "100", "--save", str(file), "--draw", str(tmp_path / "a.svg"))
    assert (done.returncode, done.stderr) == (1, "")
    assert process("replay", str(file)).returncode == 0
    assert process("draw", str(file)).returncode == 0


def test_the_progress_bar_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    assert list(progress.with_progress(range(3), 3, "seeds")) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.with_progress(range(3), 3, "seeds")) == [0, 1, 2]
    shown = capsys.readouterr().err
    assert "1 of 3 seeds" in shown
    assert shown.endswith("\r\x1b[K")
