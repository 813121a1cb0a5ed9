"""Served clusters: real processes start, stop, share nothing, and leave nothing behind."""

import os
import re
import signal
import subprocess
import sys

import pytest

from distsys import replay
from distsys.checkers.history import History
from distsys.checkers.linearizability import linearizable
from distsys.cli import main
from distsys.core.trace import Trace
from distsys.drivers.frames import Hello
from distsys.serve import Client, Supervisor, processes
from distsys.serve.client import Line
from distsys.serve.process import allow_files
from distsys.serve.processes import ProcessError
from serve_load import wait_until_gone

SYSTEMS = ("raft-kv", "multipaxos-kv", "zab-kv")


def serve(*arguments):
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "distsys", "serve", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def refused(*arguments):
    """Return what the command complains about."""
    with serve(*arguments) as process:
        try:
            _, complaint = process.communicate(timeout=30)
        finally:
            process.kill()  # it may have begun to serve
    assert process.returncode == 2
    return complaint


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_address_is_printed_when_it_can_be_used_and_ctrl_c_stops_all(tmp_path):
    with serve("raft-kv", "--nodes", "3", "--port", "0", "--data-dir", str(tmp_path / "d")) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        assert all(re.fullmatch(r"127\.0\.0\.1:[0-9]+\n", line) for line in lines)
        assert len(set(lines)) == 3
        for line in lines:
            with Client(line.strip()) as client:  # one address is enough: it learns the others
                assert client.put("x", line).ok
                assert client.get("x").value == line
        pids = [int((tmp_path / "d" / name / "lock").read_text()) for name in ("n1", "n2", "n3")]
        assert all(map(is_alive, pids))
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "")
    assert not any(map(is_alive, pids))
    assert "Traceback" not in complaints


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_command_answers_and_the_run_is_a_trace_that_replays(tmp_path, system):
    history = []
    with (
        processes(system, folder=tmp_path, record=True) as cluster,
        cluster.client(history=history) as client,
    ):
        assert client.get("x").value is None
        assert client.put("x", ("a", 1, None)).ok
        assert client.get("x").value == ("a", 1, None)
        assert client.append("y", "a").ok
        assert client.append("x", "a").type == "fail"
        assert client.cas("y", "b", "c").value is False
        assert client.cas("y", "a", "c").value is True
        assert client.delete("y").ok
        assert client.get("y").value is None
    assert linearizable(History(history), "key-value").ok
    trace = cluster.trace()
    assert trace.ended == "complete"
    assert replay(trace) == trace
    assert Trace.loads(trace.text()) == trace


def test_the_data_of_a_cluster_survives_a_stop_and_a_start_on_other_ports(tmp_path):
    cluster = processes("raft-kv", folder=tmp_path)
    with cluster, cluster.client() as client:
        assert client.put("x", "kept").ok
    assert cluster.stop() == 0
    with cluster.start(), cluster.client() as client:
        assert client.get("x").value == "kept"


def test_a_cluster_comes_back_on_the_same_ports_at_once(tmp_path):
    addresses = []
    for _ in range(2):
        port = addresses[0].rpartition(":")[2] if addresses else "0"
        with serve("raft-kv", "--nodes", "1", "--port", port, "--data-dir", str(tmp_path)) as process:
            addresses.append(process.stdout.readline().strip())
            with Client(addresses[-1], timeout_s=30) as client:
                assert client.put("x", 1).ok
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)
    assert addresses[0] == addresses[1]


def test_a_folder_is_for_one_cluster_at_a_time_and_always_the_same(tmp_path):
    folder = str(tmp_path / "d")
    with processes("raft-kv", folder=folder) as cluster:
        complaint = refused("raft-kv", "--data-dir", folder)
        assert "is in use by process" in complaint
        with cluster.client() as client:
            assert client.put("x", 1).ok
    assert 'holds a cluster with system "raft-kv"' in refused("zab-kv", "--data-dir", folder)
    assert "holds a cluster with options" in refused("raft-kv", "--data-dir", folder, "--nodes", "5")
    assert "holds a cluster with record false" in refused("raft-kv", "--data-dir", folder, "--record")


@pytest.fixture
def refusal(monkeypatch, capsys):
    """Return a function that gives what the command complains about before it serves, in this process."""

    async def began(supervisor, settings):
        raise AssertionError("it has begun to serve")

    monkeypatch.setattr(Supervisor, "_run", began)

    def refusal(*arguments):
        assert main(["serve", *arguments]) == 2
        return capsys.readouterr().err

    return refusal


def test_the_command_refuses_what_it_cannot_do(tmp_path, refusal):
    folder = str(tmp_path / "d")
    assert "loopback" in refusal("raft-kv", "--data-dir", folder, "--host", "0.0.0.0")
    assert "no system named" in refusal("raft-kw", "--data-dir", folder)
    assert "--data-dir" in refusal("raft-kv")
    assert "has no cluster.json" in refusal("raft-kv", "--data-dir", folder, "--save-trace", "x")
    for text in ("{", "[]", '{"system":"raft-kv"}'):
        (tmp_path / "d").mkdir(exist_ok=True)
        (tmp_path / "d" / "cluster.json").write_text(text)
        assert "cluster.json cannot be used: it lacks" in refusal("raft-kv", "--data-dir", folder)


def test_a_port_that_somebody_has_is_refused(tmp_path):
    folder = str(tmp_path / "d")
    with processes("raft-kv", folder=folder, nodes=1) as cluster:
        (address,) = cluster.addresses.values()
        port = address.rpartition(":")[2]
        assert f"port {port} of 127.0.0.1 cannot be used" in refused(
            "raft-kv", "--data-dir", folder + "2", "--nodes", "1", "--port", port
        )


def test_when_the_supervisor_is_killed_no_process_is_left(tmp_path):
    with serve("raft-kv", "--data-dir", str(tmp_path)) as process:
        for _ in range(3):
            process.stdout.readline()
        process.kill()
    for name in ("n1", "n2", "n3"):
        wait_until_gone(tmp_path / name)


def test_a_node_whose_data_is_damaged_stays_away_and_the_others_serve(tmp_path):
    with processes("raft-kv", folder=tmp_path) as cluster, cluster.client() as client:
        assert client.put("x", 1).ok
    data = bytearray((tmp_path / "n2" / "wal").read_bytes())
    data[40] ^= 1
    (tmp_path / "n2" / "wal").write_bytes(data)
    cluster.nodes = 2
    with cluster.start(), cluster.client() as client:
        cluster._hear(lambda: any("exit code 3" in line for line in cluster.said), "say so")
        assert client.get("x").value == 1
    assert any("n2/wal is damaged at byte 16" in line for line in cluster.said)
    assert (tmp_path / "n2" / "wal").read_bytes() == data


def test_a_thousand_clients_are_served_and_one_more_is_told_that_there_are_too_many(tmp_path):
    allow_files(4096)
    with processes("raft-kv", folder=tmp_path) as cluster:
        address = cluster.addresses["n1"]
        lines = []
        try:
            lines.extend(Line(address, Hello("client", f"c{number}"), 60) for number in range(1000))
            with pytest.raises(ConnectionError, match="too many clients"):
                Line(address, Hello("client", "more"), 60)
            lines.pop().close()
            with Client(address, timeout_s=60) as client:
                assert client.put("x", 1).ok
            assert cluster.look("n1").name == "n1"
        finally:
            for line in lines:
                line.close()


def test_a_client_says_what_it_knows(tmp_path):
    history = []
    with processes("raft-kv", folder=tmp_path, restart=False) as cluster:
        with cluster.client("ann", history=history, timeout_s=30) as client:
            assert client.put("x", 1).type == "ok"
            client.timeout_s = 0.3
            session = client.session
            cluster.kill("n1", "n2")  # one server is left: no majority
            assert client.put("x", 2).type == "info"
            assert client.session != session  # the open call may still be done
        cluster.kill("n3")
        wait_until_gone(tmp_path / "n3")
        with cluster.client("bob", history=history, timeout_s=0.1) as client:
            assert client.put("x", 3).type == "fail"  # nobody has heard of it
        with pytest.raises(ProcessError, match=r"it said: .*killed by SIGKILL"):
            cluster._hear(lambda: False, "go on")
    assert [event.type for event in history] == ["invoke", "ok", "invoke", "info", "invoke", "fail"]
    assert linearizable(History(history), "key-value").ok
