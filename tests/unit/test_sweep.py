"""Sweeps: many seeds over any executor, the same result for all, and red where nobody looked."""

import os
import shlex
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from distsys import MS, S, simulate, systems
from distsys.algorithms.broadcast import BEST_EFFORT
from distsys.checkers.judging import judge_of
from distsys.cli import main
from distsys.core.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from distsys.core.laws import Violation, law
from distsys.core.systems import Sight
from distsys.drivers import Serial, Swarm, SweepError, kinds_of, sights_of, sweep

PHASES = {"until": 300 * MS, "settle": 500 * MS}


@pytest.fixture
def registered():
    """Return a function that adds a system for the time of a test."""
    names = []

    def register(**changes):
        system = replace(BEST_EFFORT, **{"name": "for-a-sweep", **changes})
        names.append(system.name)
        return systems.register(system).name

    yield register
    for name in names:
        systems._SYSTEMS.pop(name, None)


class Backwards(Executor):
    """Does what it was given last first, and only when somebody waits for it."""

    def __init__(self):
        self.todo = []

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.todo.append((future, fn, args, kwargs))
        if len(self.todo) == 4:
            self.shutdown()
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        while self.todo:
            future, fn, args, kwargs = self.todo.pop()
            future.set_result(fn(*args, **kwargs))


def dies(trace):
    os._exit(3)


def finds_fault(trace):
    return (Violation("linearizability", "made up", 0),) if trace.header.seed % 2 else ()


def test_the_result_is_the_same_for_one_worker_two_workers_threads_and_any_order():
    def run(**how):
        return sweep("reliable-broadcast", range(100), mutant="RB-02", **how, **PHASES)

    alone = run(workers=1)
    assert alone == run(workers=2)
    assert alone == run(executor=Backwards(), workers=2)
    with ThreadPoolExecutor(3) as pool:
        assert alone == run(executor=pool)
    assert [outcome.seed for outcome in alone.outcomes] == list(range(100))
    assert alone.violations["no duplication"]


def test_it_says_of_each_seed_what_a_simulation_says():
    result = sweep("causal-broadcast", (9, 4, 30), mutant="CB-01", workers=1, **PHASES)
    for outcome in result.outcomes:
        trace = simulate("causal-broadcast", outcome.seed, mutant="CB-01", **PHASES)
        assert (outcome.steps, outcome.ended) == (len(trace), trace.ended)
        assert outcome.violations == trace.violations
    assert result.steps == sum(outcome.steps for outcome in result.outcomes)
    assert (result.runs, [outcome.seed for outcome in result.outcomes]) == (3, [4, 9, 30])


def test_the_line_of_a_violation_repeats_it(capsys):
    result = sweep("causal-broadcast", range(20), mutant="CB-01", workers=1, broadcasts=6, nodes=4, **PHASES)
    (outcomes,) = result.violations.values()
    line = result.line(outcomes[0])
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "distsys"]
    assert main(words[3:]) == 1
    assert outcomes[0].violations[0].evidence in capsys.readouterr().out


def test_a_sight_that_no_run_reaches_makes_a_sweep_red(registered):
    never = Sight("eclipse", "The moon is gone.", lambda step: False)
    name = registered(sights=(*BEST_EFFORT.sights, never))
    result = sweep(name, range(10), workers=1, **PHASES)
    assert not result.violations
    assert result.sights["sent again"] > 0
    assert result.unreached == ("eclipse",)
    assert not result.ok
    assert "never reached: eclipse" in result.text()


def test_a_run_without_an_end_makes_a_sweep_red():
    result = sweep("reliable-broadcast", range(3), workers=1, steps_max=20, **PHASES)
    assert [outcome.ended for outcome in result.unfinished] == ["budget"] * 3
    assert not result.ok
    assert "UNKNOWN: 3 runs" in result.text()


def test_a_judge_finds_fault_with_runs_that_keep_their_laws():
    result = sweep("best-effort-broadcast", range(6), workers=2, judge=finds_fault, **PHASES)
    assert [outcome.seed for outcome in result.violations["linearizability"]] == [1, 3, 5]
    broken = sweep("best-effort-broadcast", range(6), mutant="BEB-03", workers=1, judge=finds_fault, **PHASES)
    assert set(broken.violations) == {"no creation"}, "a broken law comes first"


def test_systems_whose_clients_record_a_history_have_a_judge():
    assert judge_of("raft") is None
    judge = judge_of("raft-kv")
    assert judge(simulate("raft-kv", 3, until=2 * S)) == ()


def test_a_worker_that_dies_is_an_error_that_says_so():
    with pytest.raises(SweepError, match=r"a worker died .* `workers=1`"):
        sweep("best-effort-broadcast", range(60), workers=2, judge=dies, **PHASES)


def test_a_law_that_fails_by_a_bug_is_a_red_run_and_not_the_end_of_the_sweep(registered):
    @law("fails now and then", "It divides by zero.")
    def fails(world):
        return None if world.at < 20 * MS else str(1 // 0)

    name = registered(laws=(fails,))
    result = sweep(name, range(5), workers=1, **PHASES)
    assert list(result.violations) == ["no LawError"]
    assert "ZeroDivisionError" in result.violations["no LawError"][0].violations[0].evidence


def test_progress_counts_the_seeds():
    told = []
    sweep(
        "lamport-clock",
        range(60),
        workers=1,
        progress=lambda done, total: told.append((done, total)),
        **PHASES,
    )
    assert told == [(25, 60), (50, 60), (60, 60)]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("nothing-like-this", range(3)), UnknownNameError, "there is no system named"),
        ((3, range(3)), ArgumentTypeError, "system must be the name of a system"),
        (("lamport-clock", ()), ArgumentError, "seeds must hold at least one seed"),
        (("lamport-clock", (1, 1)), ArgumentError, "seeds must be different"),
        (("lamport-clock", "12"), ArgumentTypeError, "seeds must hold whole numbers"),
        (("lamport-clock", (-1,)), ArgumentError, "a seed must be at least 0"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(arguments, kind, words):
    with pytest.raises(kind, match=words):
        sweep(*arguments)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"executor": "two"}, "executor must be one of concurrent.futures"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"mutant": "CB-99"}, "no mutant named 'CB-99'"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"steps_max": 0}, "steps_max must be at least 1"),
        ({"walks": True}, "system must be one whose laws do not lean on time"),
        ({"walks": "yes"}, "walks must be True or False, but it is 'yes'"),
        ({"progress": 5}, "progress must be a function, but it is 5"),
        ({"swarm": 5}, "swarm must be a Swarm, but it is 5"),
        ({"judge": 5}, "judge must be a function, but it is 5"),
    ],
)
def test_bad_settings_are_refused_before_any_work(settings, words):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=words):
        sweep("causal-broadcast", range(3), **settings)


@pytest.mark.parametrize(
    "setting", [{"until": 1 * S}, {"settle": 0}, {"steps_max": 9}, {"swarm": Swarm()}], ids=repr
)
def test_what_only_a_simulation_takes_is_refused_with_walks_and_not_dropped(setting):
    with pytest.raises(ArgumentError, match=rf"{next(iter(setting))} must not be given for walks"):
        sweep("raft", range(3), walks=True, **setting)


def test_sights_and_kinds_count_steps():
    trace = simulate("causal-broadcast", 7, **PHASES)
    assert isinstance(sights_of(trace), Mapping)
    sent_again = sum(step.kind == "timeout" and len(step.effects) > 1 for step in trace)
    assert sights_of(trace)["sent again"] == sent_again > 0
    kinds = kinds_of(trace)
    assert kinds["steps"] == len(trace)
    assert kinds["deliver"] == sum(step.kind == "deliver" for step in trace)


def test_the_serial_executor_hands_on_what_fails():
    future = Serial().submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        future.result()


# The command line


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_command_prints_the_summary(run):
    code, out, err = run("sweep", "lamport-clock", "--seeds", "30", "--workers", "1", "--until", "300ms")
    assert (code, err) == (0, "")
    assert out.startswith("lamport-clock: 30 runs, ")
    assert "no violation in 30 seeds" in out
    assert "reached: receipt" in out


def test_the_command_is_red_for_a_broken_law_and_for_an_unreached_sight(run):
    words = (
        "sweep",
        "causal-broadcast",
        "--seeds",
        "5",
        "--workers",
        "1",
        "--until",
        "300ms",
        "--settle",
        "1s",
    )
    code, out, _ = run(*words, "--from", "40", "--mutant", "CB-04")
    assert code == 1
    assert "python -m distsys simulate causal-broadcast --mutant CB-04 --seed 40" in out
    code, out, _ = run(*words[:3], "1", *words[4:], "--option", "broadcasts=0")
    assert code == 1
    assert "never reached: sent again, held back, set free" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("sweep", "causl-broadcast"), "did you mean causal-broadcast?"),
        (("sweep", "causal-broadcast", "--seeds", "0"), "seeds must be a whole number of at least 1"),
        (("sweep", "causal-broadcast", "--workers", "none"), "workers must be a whole number"),
        (("sweep", "causal-broadcast", "--mutant", "X"), "no mutant named 'X'"),
        (("sweep", "causal-broadcast", "--walk"), "do not lean on time"),
        (("mutants", "membrship"), "did you mean membership?"),
        (("mutants", "membership", "--only", "CB-01"), "there is no mutant 'CB-01' here"),
        (("mutants", "membership", "--store", "/no/such/folder"), "there is no folder"),
        (("mutants", "membership", "--json", "/no/such/folder/rows"), "cannot be written"),
    ],
)
def test_the_commands_complain_in_one_line(run, words, complaint):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
