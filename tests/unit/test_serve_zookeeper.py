"""An ensemble of ours, asked by unmodified kazoo: what it is used for every day, and what it bears."""

import logging
import threading

import pytest

pytest.importorskip("kazoo")

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import (
    BadVersionError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)

from distsys.serve import processes

PATIENCE_S = 60


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    with processes("zookeeper", nodes=3, folder=tmp_path_factory.mktemp("zookeeper") / "d") as running:
        yield running


@pytest.fixture
def connect(ensemble):
    """Return a function that gives a client of all servers or of some."""
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # it tells of each connection that is lost
    clients = []

    def connect(*names, **settings):
        hosts = ",".join(ensemble.addresses[name] for name in names or ensemble.addresses)
        client = KazooClient(hosts=hosts, timeout=10.0, **settings)
        clients.append(client)
        client.start(timeout=PATIENCE_S)
        return client

    yield connect
    for client in clients:
        client.stop()
        client.close()


@pytest.fixture
def place(connect, request):
    """Return a path of its own for a test."""
    client = connect()
    return client.create(f"/{request.node.name}")


def test_what_one_writes_at_one_server_another_reads_at_another_after_a_sync(connect, place):
    here, there = connect("n1"), connect("n2")
    stat = here.set(place, b"x")
    there.sync(place)
    assert there.get(place) == (b"x", stat)
    assert there.get_children(place) == []


def test_errors_are_those_of_the_real_one(connect, place):
    client = connect()
    client.create(f"{place}/a/b", makepath=True)
    for error, wrong in (
        (NodeExistsError, lambda: client.create(place)),
        (NoNodeError, lambda: client.get(f"{place}/none")),
        (NotEmptyError, lambda: client.delete(f"{place}/a")),
        (BadVersionError, lambda: client.set(place, b"", version=7)),
    ):
        with pytest.raises(error):
            wrong()


def test_a_transaction_is_done_as_a_whole_or_not_at_all(connect, place):
    client = connect()
    transaction = client.transaction()
    transaction.create(f"{place}/a", b"1")
    transaction.check(place, 0)
    transaction.set_data(place, b"2")
    path, held, stat = transaction.commit()
    assert (path, held, stat.version) == (f"{place}/a", True, 1)
    transaction = client.transaction()
    transaction.delete(f"{place}/a")
    transaction.check(place, 0)
    rolled_back, failed = transaction.commit()
    assert isinstance(rolled_back, RolledBackError)
    assert isinstance(failed, BadVersionError)
    assert client.get(f"{place}/a")[0] == b"1"


def test_a_watch_is_told_once_and_of_the_first_change(connect, place):
    writer, watcher = connect("n1"), connect("n3")
    told, news = [], threading.Semaphore(0)

    def tell(event):
        told.append((event.type, event.path))
        news.release()

    watcher.get(place, watch=tell)
    writer.set(place, b"1")
    writer.set(place, b"2")
    assert news.acquire(timeout=PATIENCE_S)
    watcher.sync(place)
    watcher.get(place)
    assert told == [("CHANGED", place)]


def test_an_ephemeral_goes_with_its_session_and_those_who_watch_are_told(connect, place):
    owner, other = connect(), connect()
    owner.create(f"{place}/e", ephemeral=True)
    other.sync(place)
    gone = threading.Event()
    assert other.exists(f"{place}/e", watch=lambda event: gone.set())
    owner.stop()
    assert gone.wait(PATIENCE_S)
    assert other.get_children(place) == []


def test_a_lock_is_given_to_one_after_the_other(connect, place):
    inside, most, entered = [], [], threading.Barrier(3)

    def work(client, name):
        entered.wait(PATIENCE_S)
        for _ in range(3):
            with client.Lock(place, name):
                inside.append(name)
                most.append(len(inside))
                client.set(place, name.encode())
                inside.remove(name)

    workers = [threading.Thread(target=work, args=(connect(), name)) for name in ("ann", "bob", "eve")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE_S)
    assert most == [1] * 9


def test_a_session_goes_on_at_another_server_when_its_own_is_killed(ensemble, connect, place):
    client = connect()
    client.create(f"{place}/e", ephemeral=True)
    session, states = client.client_id, []
    back = threading.Event()

    def on_state(state):
        states.append(state)
        if KazooState.SUSPENDED in states and state == KazooState.CONNECTED:
            back.set()

    client.add_listener(on_state)
    host, port = client._connection._socket.getpeername()
    victim = next(name for name, at in ensemble.addresses.items() if at == f"{host}:{port}")
    ensemble.kill_and_wait(victim)
    assert back.wait(PATIENCE_S)
    assert client.client_id == session
    assert KazooState.LOST not in states
    assert client.retry(client.exists, f"{place}/e").ephemeralOwner == session[0]


def test_whoever_is_killed_whenever_nothing_that_was_acknowledged_is_lost(ensemble, connect, place):
    written, unknown, stop = [], [], threading.Event()
    writer = connect()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            try:
                writer.create(f"{place}/{number}")
                written.append(str(number))
            except ConnectionLoss:
                unknown.append(str(number))

    worker = threading.Thread(target=write)
    worker.start()
    try:
        for victims in (["n1"], ["n2"], ["n3"], ["n1", "n2", "n3"]):
            before = len(written)
            while len(written) < before + 20:
                assert worker.is_alive()
                stop.wait(0.01)
            ensemble.kill_and_wait(*victims)
    finally:
        stop.set()
        worker.join(PATIENCE_S)
    reader = connect()
    reader.sync(place)
    there = set(reader.get_children(place))
    assert set(written) <= there
    assert there - set(written) <= set(unknown)


def test_the_four_letter_words_answer(connect):
    client = connect("n2")
    assert client.command(b"ruok") == "imok"
    assert client.server_version()[:2] == (3, 8)
    assert "Mode: " in client.command(b"srvr")
