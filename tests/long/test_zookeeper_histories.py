"""Real clients of a served ensemble under every fault, in an order drawn from a seed; and that the judge can object."""

from types import SimpleNamespace

import pytest
import zookeeper_real

from distsys.drivers.wal import MAGIC
from distsys.serve import processes
from distsys.serve.zookeeper.exchanges import Refused, Stands
from distsys.serve.zookeeper.histories import judged
from distsys.services.zookeeper.witness import Told
from nemesis import FAULTS, Clients, Nemesis, broken

pytestmark = pytest.mark.long
TICK = "tick_ms=200"
TRIES = 100  # how often is looked whether a bug was seen


def ensemble(tmp_path, *options, **settings):
    return processes("zookeeper", folder=tmp_path / "d", options=(TICK, *options), **settings)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_fault_in_an_order_of_the_seed(tmp_path, seed, record_property):
    with ensemble(tmp_path) as cluster, Clients("zookeeper_load.py", cluster, seed) as clients:
        nemesis = Nemesis(cluster, clients, seed)
        nemesis.strike(*nemesis.shuffled((*FAULTS, "cut_off_a_follower", "pause_a_follower")))
        clients.until(lambda: clients.counts[Refused] and clients.counts[Told])
    assert broken(judged(clients.said)) == {}
    record_property("records", len(clients.said))


def test_with_snapshots_that_servers_need_to_catch_up(tmp_path, record_property):
    with (
        ensemble(tmp_path, "snapshot_every=20") as cluster,
        Clients("zookeeper_load.py", cluster, 5) as clients,
    ):
        Nemesis(cluster, clients, 5).strike("cut_off_one", "kill_one", "cut_off_the_leader", "kill_all")
    assert broken(judged(clients.said)) == {}
    record_property("records", len(clients.said))


def test_with_an_observer(tmp_path, record_property):
    with (
        ensemble(tmp_path, "observers=1", nodes=4) as cluster,
        Clients("zookeeper_load.py", cluster, 6) as clients,
    ):
        Nemesis(cluster, clients, 6).strike("kill_the_leader", "cut_off_one", "pause_the_leader")
    assert broken(judged(clients.said)) == {}
    record_property("records", len(clients.said))


@pytest.mark.skipif(zookeeper_real.installed() is None, reason="the real ZooKeeper is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_real_ensemble_keeps_every_law_too(seed, record_property):
    """So the laws ask for nothing that ZooKeeper does not promise, and the judge reads its answers rightly."""
    settings = {"tickTime": 200, "initLimit": 50, "syncLimit": 20}
    with zookeeper_real.RealZooKeeper(3, settings=settings) as real:
        addresses = {f"n{number}": address for number, address in enumerate(real.addresses, 1)}
        with Clients("zookeeper_load.py", SimpleNamespace(addresses=addresses), seed) as clients:
            for _ in range(3):  # leaders, for the next one gives each session its full time
                clients.more(40)
                real.restart(real.leader())
            clients.more(40)
    assert broken(judged(clients.said, lag_ms=500)) == {}
    record_property("records", len(clients.said))


# The judge can object: the same clients, and servers or clients that are broken.


def until_seen(clients, law):
    """Return what was found when a law was first broken."""
    for _ in range(TRIES):
        clients.more(20)
        found = broken(judged(tuple(clients.said)))
        if law in found:
            return found
    return found


@pytest.mark.parametrize(
    ("mutant", "law"),
    [
        ("ZK-04", "watch before data"),
        ("ZK-06", "sequence numbers grow"),
        ("ZK-11", "session contract"),
        ("ZK-13", "changes of a client in its order"),
    ],
)
def test_a_broken_server_is_seen_by_real_clients(tmp_path, mutant, law):
    """ZK-02 is not among them: what a leader says over TCP comes in order, so no server takes whom it is behind.

    Nor is ZK-01, a `sync` that goes nowhere: with a follower that was paused it was seen on a quiet machine, and not
    on a busy one in a hundred pauses.
    """
    settings = {"options": (TICK, "clients=0"), "mutant": mutant}
    with (
        processes("zab-zookeeper", folder=tmp_path / "d", **settings) as cluster,
        Clients("zookeeper_load.py", cluster, 1) as clients,
    ):
        found = until_seen(clients, law)
    assert law in found


def test_clients_that_forget_their_watches_are_noticed(tmp_path):
    with (
        ensemble(tmp_path) as cluster,
        Clients("zookeeper_load.py", cluster, 1, mutant="ZK-05") as clients,
    ):
        found = until_seen(clients, "watch before data")
    assert "watch before data" in found


def test_disks_that_forget_are_noticed(tmp_path):
    """A majority loses what it had on its disks, while clients wait: what was acknowledged is gone."""
    cluster = processes("zookeeper", folder=tmp_path / "d", options=(TICK,))
    with cluster, Clients("zookeeper_load.py", cluster, 6) as clients:
        clients.more(40)
    before = [record for record in clients.said if not isinstance(record, Stands)]
    for name in ("n1", "n2", "n3"):
        (tmp_path / "d" / name / "wal").write_bytes(MAGIC)
    with cluster.start(), Clients("zookeeper_load.py", cluster, 7) as clients:
        clients.more(10)
    found = broken(judged([*before, *clients.said]))
    assert {"nothing acknowledged is lost", "changes in the order of real time"} <= found.keys()
