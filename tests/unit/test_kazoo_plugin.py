"""kazoo's own tests see servers that run as those which its harness would have started."""

import contextlib
import os
import socket
import sys
import types

import compare_zookeeper
import pytest
from kazoo_plugin import READING, Running


class Kept:
    """Servers that note what is done to them."""

    def __init__(self, local):
        self.local, self.done = local, []
        self.addresses = ["127.0.0.1:1", "127.0.0.1:2"]

    def kill(self, node):
        self.done.append(("kill", node))

    def start(self, node):
        self.done.append(("start", node))


@pytest.fixture
def made(monkeypatch):
    """Return the servers that are started by the name `kept_servers:start`."""
    made = []

    @contextlib.contextmanager
    def start(*, local_sessions):
        made.append(Kept(local_sessions))
        yield made[-1]
        made[-1].done.append("ended")

    module = types.ModuleType("kept_servers")
    module.start = start
    monkeypatch.setitem(sys.modules, "kept_servers", module)
    monkeypatch.delenv(READING, raising=False)
    return made


def test_servers_are_started_once_and_killed_and_started_as_a_test_wants(made):
    running = Running("kept_servers:start")
    cluster = running()
    assert running() is cluster
    cluster[1].stop()
    cluster[1].stop()
    assert [server.running for server in cluster] == [True, False]
    cluster.start()
    cluster.terminate()
    (servers,) = made
    assert servers.done == [("kill", 1), ("start", 1)]
    assert [server.client_port for server in cluster] == [1, 2]


def test_a_test_that_wants_sessions_of_one_server_gets_other_servers(made, monkeypatch):
    running = Running("kept_servers:start")
    running()
    monkeypatch.setenv(READING, "true")
    running()
    assert [servers.local for servers in made] == [False, True]
    assert made[0].done == ["ended"]


def test_of_servers_that_only_have_an_address_none_is_stopped():
    cluster = Running("127.0.0.1:2181,127.0.0.1:2182")()
    assert [server.address for server in cluster] == ["127.0.0.1:2181", "127.0.0.1:2182"]
    with pytest.raises(pytest.skip.Exception):
        cluster[0].stop()
    with pytest.raises(pytest.skip.Exception):
        cluster.get_ssl_client_configuration()


def test_a_test_that_wants_other_servers_is_skipped_there_and_its_wish_forgotten(monkeypatch):
    running = Running("127.0.0.1:2181")
    monkeypatch.setenv(READING, "true")
    with pytest.raises(pytest.skip.Exception):
        running()
    assert READING not in os.environ
    assert len(running()) == 1


def test_a_command_is_run_until_it_says_where_it_serves_and_killed_after():
    program = (
        "import socket; line = socket.create_server(('127.0.0.1', 0)); print('one moment', flush=True);"
        "print('serving at 127.0.0.1:%d' % line.getsockname()[1], flush=True); line.accept(); line.accept()"
    )
    with compare_zookeeper.started(f'{sys.executable} -c "{program}"') as (address,):
        host, port = address.split(":")
        socket.create_connection((host, int(port))).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_a_command_that_says_no_address_is_an_error():
    with (
        pytest.raises(SystemExit, match="printed no address"),
        compare_zookeeper.started(f"{sys.executable} -c 0"),
    ):
        pass
