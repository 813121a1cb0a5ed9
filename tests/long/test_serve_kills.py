"""kill -9 of any process at any time loses nothing that was acknowledged; and the history stays linearizable."""

import os

import pytest

from distsys import replay
from distsys.checkers.history import History
from distsys.drivers.wal import MAGIC
from distsys.serve import processes
from serve_load import Load, keys, lost, verdict

SYSTEMS = ("raft-kv", "multipaxos-kv", "zab-kv")
pytestmark = pytest.mark.long


def check(load, cluster):
    """Nothing acknowledged is lost, and the history is linearizable, with what is found at the end."""
    with cluster.client("end", history=load.history, timeout_s=60) as client:
        for key in keys(load):
            assert client.get(key).ok
    assert verdict(load).ok, verdict(load)
    with cluster.client("reader", timeout_s=60) as client:
        assert lost(load, client) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_process_in_turn_is_killed_under_load(tmp_path, system, record_property):
    with processes(system, folder=tmp_path) as cluster:
        with Load(cluster) as load:
            for name in cluster.addresses:
                load.more(30)
                cluster.kill_and_wait(name)
            load.more(30)
        check(load, cluster)
    record_property("acknowledged", load.acknowledged)


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_processes_are_killed_at_once_under_load(tmp_path, system, record_property):
    with processes(system, folder=tmp_path) as cluster:
        with Load(cluster) as load:
            for _ in range(3):
                load.more(30)
                cluster.kill_and_wait(*cluster.addresses)
            load.more(30)
        check(load, cluster)
    record_property("acknowledged", load.acknowledged)


def test_with_snapshots_and_files_that_are_written_anew(tmp_path, record_property):
    with processes("raft-kv", folder=tmp_path, options=("snapshot_every=10",)) as cluster:
        with Load(cluster) as load:
            for name in (*cluster.addresses, *cluster.addresses):
                load.more(40)
                cluster.kill_and_wait(name)
            load.more(40)
        check(load, cluster)
    record_property("acknowledged", load.acknowledged)


def test_a_leader_that_is_cut_off_gives_way_and_follows_when_the_cut_ends(tmp_path, record_property):
    with processes("raft-kv", folder=tmp_path, record=True) as cluster:
        with Load(cluster, try_s=0.5) as load:
            for _ in range(2):
                load.more(30)
                alone = cluster.leaders()[0]
                others = [name for name in cluster.addresses if name != alone]
                cluster.block([[alone], others])
                load.more(60)
                cluster.heal()
            load.more(30)
        check(load, cluster)
    trace = cluster.trace()
    assert replay(trace) == trace
    record_property("steps", len(trace))


def test_a_leader_that_is_paused_gives_way_and_answers_nothing_old_when_it_goes_on(tmp_path):
    with processes("raft-kv", folder=tmp_path) as cluster:
        with Load(cluster, try_s=0.5) as load:
            for _ in range(2):
                load.more(30)
                leader = cluster.leaders()[0]
                cluster.pause(leader)
                load.more(60)
                cluster.resume(leader)
            load.more(30)
        check(load, cluster)


def test_a_process_that_is_paused_does_not_keep_the_others_from_stopping(tmp_path):
    with processes("raft-kv", folder=tmp_path) as cluster:
        cluster.pause("n2")
        pid = cluster.pid("n2")
        assert cluster.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_recorded_run_with_kills_replays_breaks_no_law_and_has_its_clients(
    tmp_path, system, record_property
):
    with processes(system, folder=tmp_path, record=True) as cluster, Load(cluster) as load:
        for name in cluster.addresses:
            load.more(20)
            cluster.kill_and_wait(name)
        load.more(20)
    trace = cluster.trace(load.history)
    assert sum(step.kind == "crash" for step in trace) == 3
    assert trace.ended == "complete"
    assert trace.header.laws
    assert trace.violation is None
    assert replay(trace) == trace
    assert list(History.of(trace)) == load.history
    record_property("steps", len(trace))


def test_disks_that_forget_are_noticed(tmp_path):
    """The checks above can fail: here a majority loses what it had on its disks, and that is found."""
    cluster = processes("raft-kv", folder=tmp_path)
    with cluster, Load(cluster) as load:
        load.more(60)
    for name in ("n1", "n2", "n3"):
        (tmp_path / name / "wal").write_bytes(MAGIC)
    with cluster.start():
        with cluster.client("end", history=load.history) as client:
            for key in keys(load):
                assert client.get(key).ok
        assert not verdict(load).ok
        with cluster.client("reader") as client:
            assert lost(load, client)
