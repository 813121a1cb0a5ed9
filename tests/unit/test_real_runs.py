"""The stories in real processes: recorded ones replay to the byte, and told anew they come to the same end."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from distsys import replay, simulate
from distsys.checkers import History, linearizable
from distsys.core.errors import UnknownNameError
from distsys.core.trace import Trace
from distsys.core.units import MS
from distsys.lab import real_runs
from distsys.lab.real_runs import STORIES, Load, leader_of, outage, recorded
from distsys.serve import Client, processes
from distsys.views import spacetime
from distsys.views.staging import summary
from serve_load import wait_until_gone

PROMISED = {"leader-killed": True, "leader-cut-off": True, "answers-too-early": False}


@pytest.mark.parametrize("name", STORIES)
def test_a_recorded_run_replays_to_the_same_bytes_through_the_node_classes(name):
    trace = recorded(name)
    path = real_runs.FOLDER / f"run-{name}.jsonl"
    assert replay(trace).text() == path.read_text(encoding="utf-8")
    assert (trace.ended, trace.header.driver["kind"]) == ("complete", "runtime")
    assert trace.header.mutant == STORIES[name][1]
    assert len(trace.header.laws) == 9
    assert trace.violation is None
    assert real_runs.made(trace).startswith("recorded on 20")


def test_no_picture_of_a_real_run_names_a_seed_and_one_of_a_simulated_run_does():
    real, simulated = recorded("leader-killed"), simulate("lamport-clock", seed=7, until=50 * MS)
    for trace, words in ((real, "A run of raft-kv, "), (simulated, "A run of lamport-clock, seed 7, ")):
        assert summary(trace, 1, 5).startswith(words)
        assert f">{words}steps 1 to 5</title>" in spacetime.svg(trace, alt="x", last=5)
    assert "seed" not in summary(real, 1, 5)


@pytest.mark.parametrize("name", STORIES)
def test_the_history_of_a_recorded_run_is_linearizable_unless_it_is_that_of_the_mutant(name):
    assert linearizable(History.of(recorded(name)), "key-value").ok == PROMISED[name]


@pytest.mark.parametrize("name", STORIES)
def test_a_story_that_is_told_anew_comes_to_the_same_end(tmp_path, name):
    story, mutant = STORIES[name]
    history = []
    with processes(
        "raft-kv", folder=tmp_path, record=True, mutant=mutant, options=real_runs.QUICK
    ) as cluster:
        story(cluster, history)
    assert linearizable(History(history), "key-value").ok == PROMISED[name]
    trace = cluster.trace(history)
    assert trace.ended == "complete"
    assert trace.violation is None
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace
    assert list(History.of(trace)) == history
    assert {"ann", "bob"} <= {step.node for step in trace if step.kind == "note"}


def test_after_each_fault_of_a_leader_somebody_goes_on_and_nothing_is_lost(tmp_path):
    with processes("raft-kv", folder=tmp_path, options=real_runs.QUICK) as cluster:
        history = []
        with Load(cluster, 2, history=history) as load:
            for fault in real_runs.FAULTS:
                load.more(10)
                found = outage(cluster, fault, history)
                assert found.leader in cluster.addresses
                assert 0 < found.led_ms <= found.wrote_ms
            load.more(10)
        real_runs.catch_up(cluster, *cluster.addresses)
        ended = [line for line in cluster.said if "ended" in line]
    written = {call.key for call in History(history).calls if call.process.startswith("writer")}
    assert written == set(real_runs.FAULTS)
    assert load.history is history
    assert linearizable(History(history), "key-value").ok
    assert sum("killed by SIGKILL" in line for line in ended) == 1
    assert sum("exit code 3" in line for line in ended) == 1
    assert any("the disk failed" in line and "File too large" in line for line in cluster.said)


def test_a_program_that_is_killed_takes_the_cluster_with_it_that_it_started(tmp_path):
    program = (
        "import sys\n"
        "from distsys.serve import processes\n"
        f"cluster = processes('raft-kv', folder={str(tmp_path)!r})\n"
        "print('up', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"up\n"
        process.kill()
    for folder in (tmp_path, *(tmp_path / name for name in ("n1", "n2", "n3"))):
        wait_until_gone(folder)


def test_a_client_that_was_given_an_address_twice_asks_the_others_too(tmp_path):
    with processes("raft-kv", folder=tmp_path, restart=False, options=real_runs.QUICK) as cluster:
        leader = leader_of(cluster)
        dead, *others = (cluster.addresses[name] for name in (leader, *cluster.addresses))
        cluster.kill(leader)
        wait_until_gone(tmp_path / leader)
        with Client([dead, dead, *others], timeout_s=60.0) as client:
            assert client.put("x", 1).ok


def test_a_leader_of_a_term_that_is_not_late_enough_is_not_the_next_leader():
    terms = {"n1": iter(("3", "3", "4")), "n2": iter(("2", "2", "2"))}

    class Shown:
        addresses = ("n1", "n2")

        @staticmethod
        def look(name):
            term = next(terms[name])
            return SimpleNamespace(fields={"role": "LEADER" if term != "2" else "FOLLOWER", "term": term})

    assert leader_of(Shown) == "n1"
    assert leader_of(Shown, after=3) == "n1"
    assert next(terms["n1"], None) is None  # the second look was not enough


def test_what_does_not_exist_is_named():
    with pytest.raises(UnknownNameError, match="no recorded run named"):
        recorded("nothing")
    with pytest.raises(UnknownNameError, match="fault must be one of"):
        real_runs.fail(None, "n1", "flood")


def test_the_mean_time_to_a_candidate_is_that_of_the_simulated_cluster():
    found = [real_runs.simulated_ms(seed, 300, 30) for seed in range(40)]
    assert abs(sum(found) / 40 - real_runs.expected_ms(300, 30)) < 3 * 300 / 18**0.5 / 40**0.5
    assert min(found) > 300 - 30
