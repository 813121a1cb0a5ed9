"""Real clients of a served ensemble under every fault, in an order drawn from a seed; and that the judge can object."""

import pytest

from distsys.serve import processes
from distsys.serve.zookeeper.histories import Ended, judged
from distsys.services.zookeeper.witness import Told
from nemesis import FAULTS, Clients, Nemesis, broken

pytestmark = pytest.mark.long
TICK = "tick_ms=200"
TRIES = 20  # faults until a bug is seen; measured: at most 6 in ten runs of each


def ensemble(tmp_path, *options, **settings):
    return processes("zookeeper", folder=tmp_path / "d", options=(TICK, *options), **settings)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_fault_in_an_order_of_the_seed(tmp_path, seed, record_property):
    with ensemble(tmp_path) as cluster, Clients("zookeeper_load.py", cluster, seed) as clients:
        nemesis = Nemesis(cluster, clients, seed)
        nemesis.strike(*nemesis.shuffled((*FAULTS, "cut_off_a_follower", "pause_a_follower")))
        clients.until(lambda: clients.counts[Ended] and clients.counts[Told])
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


# The judge can object: the same clients and a broken server.


@pytest.mark.parametrize(
    ("mutant", "law", "fault", "options", "deeds"),
    [
        ("ZK-01", "sync shows what was committed", "cut_off_a_follower", (), ""),
        ("ZK-03", "ephemerals end with their session", "pause_a_follower", ("nodes_",), "sequential,sequential,sleep"),
        ("ZK-04", "watch before data", None, (), ""),
        ("ZK-06", "sequence numbers grow", None, (), ""),
        ("ZK-09", "changes of a client in its order", "pause_a_follower", ("observers=0",), ""),
        ("ZK-11", "session contract", None, (), ""),
        ("ZK-13", "changes of a client in its order", None, (), ""),
    ],
)  # fmt: skip
def test_a_broken_server_is_seen_by_real_clients(tmp_path, mutant, law, fault, options, deeds):
    """ZK-02 is not among them: what a leader says over TCP comes in order, so no server accepts whom it is behind."""
