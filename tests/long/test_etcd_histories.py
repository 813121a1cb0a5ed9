"""Real clients of a served etcd under every fault, in an order drawn from a seed; and that the judge can object."""

import pytest

pytest.importorskip("grpc")
pytest.importorskip("aetcd")

from distsys.core.operations import INVOKE, OK, Operation
from distsys.drivers.wal import MAGIC
from distsys.serve import processes
from distsys.serve.etcd.histories import Ended, Guarded, Told, judged
from nemesis import FAULTS, Clients, Nemesis, broken

pytestmark = pytest.mark.long


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_fault_in_an_order_of_the_seed(tmp_path, seed, record_property):
    with (
        processes("raft-etcd", folder=tmp_path) as cluster,
        Clients("etcd_load.py", cluster, seed) as clients,
    ):
        nemesis = Nemesis(cluster, clients, seed)
        nemesis.strike(*nemesis.shuffled(FAULTS))
        clients.until(lambda: clients.counts[Ended] and clients.counts[Guarded])
    assert broken(judged(clients.said)) == {}
    record_property("records", len(clients.said))


def test_with_snapshots_that_members_need_to_catch_up(tmp_path, record_property):
    options = ("snapshot_every=20",)
    with (
        processes("raft-etcd", folder=tmp_path, options=options) as cluster,
        Clients("etcd_load.py", cluster, 5) as clients,
    ):
        Nemesis(cluster, clients, 5).strike("cut_off_one", "kill_one", "cut_off_the_leader", "kill_all")
    assert broken(judged(clients.said)) == {}
    record_property("records", len(clients.said))


def test_a_watch_that_splits_a_revision_is_seen_by_real_clients(tmp_path):
    """Where a watch has to fall behind first, as in other bugs, the buffers of a real connection hide it."""
    with (
        processes("raft-etcd", folder=tmp_path, mutant="ETCD-10") as cluster,
        Clients("etcd_load.py", cluster, 3) as clients,
    ):
        clients.more(200)
    assert "watch atomic" in broken(judged(clients.said))


def test_an_update_that_is_lost_is_seen_by_real_clients(tmp_path):
    with (
        processes("raft-etcd", folder=tmp_path, mutant="ETCD-07") as cluster,
        Clients("etcd_load.py", cluster, 3) as clients,
    ):
        clients.until(lambda: twice_changed(clients.said))
    assert "linearizability" in broken(judged(clients.said))


def twice_changed(said):
    """Return whether two clients were told that they have changed the same revision of a key.

    Revision 0 does not count: it says that there is no such key, as may be again after a delete.
    """
    asked, done = {}, set()
    for each in said:
        if not isinstance(each, Operation) or each.f != "cas":
            continue
        if each.type == INVOKE:
            asked[each.process] = (each.key, each.value[0])
        elif each.type == OK and each.value[0] and asked[each.process][1]:
            if asked[each.process] in done:
                return True
            done.add(asked[each.process])
    return False


def test_disks_that_forget_are_noticed(tmp_path):
    """A majority loses what it had on its disks, while clients wait: what was acknowledged is gone."""
    cluster = processes("raft-etcd", folder=tmp_path)
    with cluster, Clients("etcd_load.py", cluster, 6) as clients:
        clients.more(60)
    before = [record for record in clients.said if not isinstance(record, Told)]
    for name in ("n1", "n2", "n3"):
        (tmp_path / name / "wal").write_bytes(MAGIC)
    with cluster.start(), Clients("etcd_load.py", cluster, 7) as clients:
        clients.more(10)
    assert "nothing acknowledged is lost" in broken(judged([*before, *clients.said]))
