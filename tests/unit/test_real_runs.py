"""The stories in real processes: recorded ones replay to the byte, and told anew they come to the same end."""

import subprocess
import sys

import pytest

from distsys import replay
from distsys.checkers import History, linearizable
from distsys.core.errors import UnknownNameError
from distsys.core.trace import Trace
from distsys.lab import real_runs
from distsys.lab.real_runs import STORIES, Load, leader_of, outage_ms, recorded
from distsys.serve import Client, processes
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
        with Load(cluster, 2) as load:
            for fault in real_runs.FAULTS:
                load.more(10)
                leader, ms = outage_ms(cluster, fault)
                assert leader in cluster.addresses
                assert ms > 0
            load.more(10)
        real_runs.catch_up(cluster, *cluster.addresses)
        ended = [line for line in cluster.said if "ended" in line]
    assert linearizable(History(load.history), "key-value").ok
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


def test_what_does_not_exist_is_named():
    with pytest.raises(UnknownNameError, match="no recorded run named"):
        recorded("nothing")
    with pytest.raises(UnknownNameError, match="fault must be one of"):
        real_runs.fail(None, "n1", "flood")


def test_the_mean_time_to_a_candidate_is_that_of_the_simulated_cluster():
    found = [real_runs.simulated_ms(seed, 300, 30) for seed in range(40)]
    assert abs(sum(found) / 40 - real_runs.expected_ms(300, 30)) < 3 * 300 / 18**0.5 / 40**0.5
    assert min(found) > 300 - 30
